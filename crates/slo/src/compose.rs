//! A feature's minute from the minutes of the objectives it needs. An estimate.
//!
//! Intuition: a chain is as good as its worst link, a fallback as good as its best. The truth lies
//! between that and the sum of all failures, depending on whether the same users were hit; counts
//! per service cannot tell. So the result is called an estimate wherever it is shown.
//!
//! The ratio is the worst (or best) member's, the number of events that of the busiest member:
//! a user does the feature once while it may call a service many times, and nothing closer to the
//! number of users is known.
//!
//! Invariants:
//! - `all` with one unknown member is unknown: it might be the broken one;
//! - `any` is unknown only when no member is known;
//! - an empty minute (0 of 0) is evidence of neither failure nor success. In `all` it never makes
//!   things worse; in `any` a member with traffic speaks before an idle one, or else an idle
//!   fallback would hide that every user of the other way fails.

use crate::{Counts, Slice};
use model::{Need, SloId};
use std::cmp::Ordering;

/// The minute of `need`, from the minutes of its objectives.
pub fn compose(need: &Need, slice_of: &mut dyn FnMut(&SloId) -> Slice) -> Slice {
    match need {
        Need::Slo(id) => slice_of(id),
        Need::All(parts) => {
            let members: Vec<Slice> = parts.iter().map(|it| compose(it, slice_of)).collect();
            match members.into_iter().map(Slice::counts).collect::<Option<Vec<_>>>() {
                Some(known) => estimate(&known, known.iter().max_by(|a, b| by_ratio(a, b))),
                None => Slice::Unknown,
            }
        }
        Need::Any(parts) => {
            let members: Vec<Slice> = parts.iter().map(|it| compose(it, slice_of)).collect();
            let known: Vec<Counts> = members.into_iter().filter_map(Slice::counts).collect();
            let busy = known.iter().filter(|it| it.total > 0);
            estimate(&known, busy.min_by(|a, b| by_ratio(a, b)).or(known.first()))
        }
        Need::Quorum { works_min, of } => {
            let members: Vec<Slice> = of.iter().map(|it| compose(it, slice_of)).collect();
            let known: Option<Vec<_>> = members.into_iter().map(Slice::counts).collect();
            known.map_or(Slice::Unknown, |known| {
                let mut busy: Vec<&Counts> = known.iter().filter(|it| it.total > 0).collect();
                busy.sort_by(|a, b| by_ratio(a, b));
                // As many of the best as must work, and the worst of these decides.
                let deciding = usize::from(*works_min).min(busy.len()).saturating_sub(1);
                estimate(&known, busy.get(deciding).copied().or(known.first()))
            })
        }
        Need::Routes(routes) => {
            let members: Option<Vec<(u64, Counts)>> = routes
                .iter()
                .map(|it| Some((u64::from(it.parts), compose(&it.need, slice_of).counts()?)))
                .collect();
            members.map_or(Slice::Unknown, |it| by_traffic(&it))
        }
    }
}

/// The mean of ratios by shares of traffic, among as many events as the busiest way has.
fn by_traffic(ways: &[(u64, Counts)]) -> Slice {
    let parts: u64 = ways.iter().map(|it| it.0).sum();
    let wide = |part: u64, count: u64| u128::from(part) * u128::from(count);
    let total = ways.iter().map(|it| it.1.total).max().unwrap_or(0);
    let bad: u128 = ways
        .iter()
        .filter(|it| it.1.total > 0)
        .map(|(part, it)| {
            let of = u128::from(it.total);
            (wide(*part, it.bad.min(it.total)) * u128::from(total) + of / 2) / of
        })
        .sum();
    let bad = (bad + u128::from(parts) / 2).checked_div(u128::from(parts)).unwrap_or(0);
    Slice::known(u64::try_from(bad).expect("at most the total"), total)
}

/// The ratio of `chosen` among as many events as the busiest of `members` has.
fn estimate(members: &[Counts], chosen: Option<&Counts>) -> Slice {
    let Some(chosen) = chosen else { return Slice::Unknown };
    let total = members.iter().map(|it| it.total).max().unwrap_or(0);
    if chosen.total == 0 {
        return Slice::known(0, total);
    }
    let (of, half) = (u128::from(chosen.total), u128::from(chosen.total) / 2);
    let bad = (u128::from(chosen.bad.min(chosen.total)) * u128::from(total) + half) / of;
    Slice::known(u64::try_from(bad).expect("at most the total"), total)
}

/// Compares ratios exactly; an empty one is 0.
fn by_ratio(left: &Counts, right: &Counts) -> Ordering {
    let product = |bad: u64, total: u64| u128::from(bad) * u128::from(total);
    match (left.total, right.total) {
        (0, 0) => Ordering::Equal,
        (0, _) => 0.cmp(&right.bad),
        (_, 0) => left.bad.cmp(&0),
        _ => product(left.bad, right.total).cmp(&product(right.bad, left.total)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a`, `b` and `c` as `bad/total` or `?`, joined as `need` says: `all(…)`, `any(…)`.
    #[track_caller]
    fn check(need: &str, members: &str, expected: &str) {
        let slo = |name: &str| Need::Slo(SloId::from(format!("{name}.up").as_str()));
        let need = match need {
            "all" => Need::All(vec![slo("a"), slo("b"), slo("c")]),
            "any" => Need::Any(vec![slo("a"), slo("b"), slo("c")]),
            "two" => Need::Quorum { works_min: 2, of: vec![slo("a"), slo("b"), slo("c")] },
            "ways" => {
                let ways = [(7, "a"), (2, "b"), (1, "c")];
                let route = |(parts, name): (u16, &str)| model::Route { parts, need: slo(name) };
                Need::Routes(ways.map(route).into())
            }
            "all with any" => Need::All(vec![slo("a"), Need::Any(vec![slo("b"), slo("c")])]),
            other => panic!("no such need: {other}"),
        };
        let members: Vec<Slice> = members.split_whitespace().map(read).collect();
        let found = compose(&need, &mut |id| match id.service.as_str() {
            "a" => members[0],
            "b" => members[1],
            _ => members[2],
        });
        assert_eq!(found, read(expected));
    }

    fn read(text: &str) -> Slice {
        text.split_once('/').map_or(Slice::Unknown, |(bad, total)| {
            Slice::known(bad.parse().unwrap(), total.parse().unwrap())
        })
    }

    #[test]
    fn all_is_as_bad_as_the_worst() {
        check("all", "0/10 1/100 30/300", "30/300");
        check("all", "1/2 1/100 30/300", "150/300");
        check("all", "1/3 0/10 0/0", "3/10");
        check("all", "0/10 ? 0/10", "?");
        check("all", "10/10 ? 0/10", "?");
        check("all", "0/0 0/0 0/0", "0/0");
        check("all", "5/4 0/8 0/8", "8/8");
    }

    #[test]
    fn any_is_as_good_as_the_best() {
        check("any", "10/10 1/100 30/300", "3/300");
        check("any", "10/10 ? ?", "10/10");
        check("any", "? ? ?", "?");
        check("any", "0/0 0/0 ?", "0/0");
        check("any", "10/10 0/0 0/0", "10/10");
    }

    #[test]
    fn quorums_and_ways_lie_between() {
        check("two", "10/10 1/100 30/300", "30/300");
        check("two", "10/10 10/10 0/300", "300/300");
        check("two", "0/0 0/10 10/10", "10/10");
        check("two", "0/0 0/0 0/0", "0/0");
        check("two", "0/10 ? 0/10", "?");
        check("ways", "10/100 20/100 100/100", "21/100");
        check("ways", "10/100 0/0 0/0", "7/100");
        check("ways", "10/100 ? 0/0", "?");
    }

    #[test]
    fn needs_nest() {
        check("all with any", "0/100 50/50 0/50", "0/100");
        check("all with any", "0/100 50/50 25/50", "50/100");
        check("all with any", "0/100 ? 25/50", "50/100");
        check("all with any", "? 0/50 0/50", "?");
    }
}
