//! What a feature is made of, and what is certain about one minute of it.
//!
//! Intuition: three witnesses. Whoever measures the feature from end to end is believed. Otherwise the
//! members speak together, and their story is an estimate: it assumes that failures overlap. But some of it
//! holds however they overlap, even while a member is silent: if one of all is down, nobody got through.
//! That part is kept in rings of its own, because it is what people are woken for.
//!
//! Invariants:
//! - a measured minute counts as measured, whatever the members say;
//! - attempts that are configured and unknown leave the minute unknown: another unit would distort sums;
//! - what is certain is never more than what any joint behaviour of the known members allows, up to the
//!   rounding to whole attempts; a minute of which nothing is known has nothing certain.

use crate::composition::{Reading, Share, Tree};
use crate::{Counts, Mask, Rings, Slice, compose, judged};
use model::{Feature, FeatureId, Method, Millis, Need, SloId};
use std::collections::BTreeSet;

/// What a feature is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) needs: Need,
    /// How often it is tried, where that is counted.
    pub(crate) attempts: Option<SloId>,
    /// Whether it works from end to end, where that is measured.
    pub(crate) measured: Option<SloId>,
    members: BTreeSet<SloId>,
    tree: Option<Tree>,
}

/// The minutes of a feature as far as they are certain.
#[derive(Debug, Clone)]
pub(crate) struct Certain {
    rings: Rings,
    judged: Option<Rings>,
}

impl Made {
    pub(crate) fn of(id: &FeatureId, feature: &Feature) -> Self {
        Self {
            needs: feature.needs.clone(),
            attempts: feature.own.attempts.is_some().then(|| SloId::attempts(id)),
            measured: feature.own.measured.is_some().then(|| SloId::measured(id)),
            members: feature.measured_by(id),
            tree: Tree::new(&feature.needs).ok(),
        }
    }

    /// Everything whose minutes it is made of.
    pub(crate) const fn members(&self) -> &BTreeSet<SloId> {
        &self.members
    }

    /// Whether what is certain can differ from what is counted.
    pub(crate) fn is_estimated(&self) -> bool {
        self.members.len() > 1
    }

    /// What is counted of a minute.
    pub(crate) fn slice(&self, slice_of: &mut dyn FnMut(&SloId) -> Slice) -> Slice {
        if let Some(measured) = &self.measured {
            return slice_of(measured);
        }
        let composed = compose(&self.needs, slice_of);
        let Some(attempts) = &self.attempts else { return composed };
        match (composed, slice_of(attempts)) {
            (Slice::Known(composed), Slice::Known(attempts)) => weighed(composed, attempts.total),
            _ => Slice::Unknown,
        }
    }

    /// What is certain about a minute.
    pub(crate) fn certain(&self, slice_of: &mut dyn FnMut(&SloId) -> Slice) -> Slice {
        if let Some(known @ Slice::Known(_)) = self.measured.as_ref().map(&mut *slice_of) {
            return known;
        }
        let Some(tree) = &self.tree else { return self.slice(slice_of) };
        let slices: Vec<Slice> = tree.members().iter().map(&mut *slice_of).collect();
        let busiest = slices.iter().filter_map(|it| it.counts()).map(|it| it.total).max();
        let Some(busiest) = busiest else { return Slice::Unknown };
        // While the counter of attempts is silent the traffic of the busiest stands in: the share is certain
        // all the same, and a failure that silences the counter as well must not silence the call.
        let counted = self.attempts.as_ref().and_then(|it| slice_of(it).counts());
        let attempts = counted.map_or(busiest, |it| it.total);
        let readings: Vec<Reading> = slices.into_iter().map(Reading::of).collect();
        let lower = tree.band(&readings).map_or(Share::ZERO, |it| it.lower);
        let whole = u128::from(Share::WHOLE.trillionths());
        let bad = (u128::from(attempts) * u128::from(lower.trillionths()) + whole / 2) / whole;
        Slice::known(u64::try_from(bad).expect("at most the attempts"), attempts)
    }
}

impl Certain {
    pub(crate) fn new(method: Method, window: Millis) -> Self {
        let fresh = || Rings::new(window);
        Self { rings: fresh(), judged: (method != Method::Occurrences).then(fresh) }
    }

    pub(crate) fn resize(&mut self, window: Millis) {
        self.rings.resize(window);
        if let Some(judged) = &mut self.judged {
            judged.resize(window);
        }
    }

    /// Sets what is certain about a minute, as far as `mask` lets it count.
    pub(crate) fn record(
        &mut self,
        minute: i64,
        slice: Slice,
        mask: Option<&Mask>,
        method: Method,
    ) {
        let counted = mask.map_or(slice, |it| it.counted(minute, slice));
        self.rings.record(minute, counted);
        if let Some(judged) = &mut self.judged {
            for (at, verdict) in judged::verdicts(method, &self.rings, minute) {
                judged.record(at, verdict);
            }
        }
    }

    /// The minutes, or the verdicts on slices of them.
    pub(crate) fn counted(&self) -> &Rings {
        self.judged.as_ref().unwrap_or(&self.rings)
    }
}

/// The failure share of `composed` among so many attempts.
fn weighed(composed: Counts, attempts: u64) -> Slice {
    let (bad, of) = (u128::from(composed.bad.min(composed.total)), u128::from(composed.total));
    let bad = (bad * u128::from(attempts) + of / 2).checked_div(of).unwrap_or(0);
    Slice::known(u64::try_from(bad).expect("at most the attempts"), attempts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Own, Slo};

    /// What is counted and what is certain of a minute of a feature of `need`, from members as `bad/total`
    /// or `?`; of own signals `tried` and `seen` likewise, where they are measured.
    #[track_caller]
    fn check(need: &str, members: &str, tried: &str, seen: &str, expected: &str) {
        let catalogue = crate::testing::catalogue();
        let id = FeatureId::from("light-on");
        let mut feature = catalogue.features[&id].clone();
        let slo: Slo = catalogue.slos().next().unwrap().1.clone();
        feature.own = Own {
            attempts: (!tried.is_empty()).then(|| slo.clone()),
            measured: (!seen.is_empty()).then_some(slo),
            ..Own::default()
        };
        let slices: Vec<Slice> = members.split_whitespace().map(read).collect();
        let names = ["a.up", "b.up", "c.up"];
        let parts = names[..slices.len()].iter().map(|it| Need::Slo(SloId::from(*it))).collect();
        feature.needs = match need {
            "all" => Need::All(parts),
            "any" => Need::Any(parts),
            other => panic!("no such need: {other}"),
        };
        let made = Made::of(&id, &feature);
        let mut slice_of = |it: &SloId| match it.name.as_str() {
            "@attempts" => read(tried),
            "@measured" => read(seen),
            _ => slices[names.iter().position(|name| *it == SloId::from(*name)).unwrap()],
        };
        let shown =
            |it: Slice| it.counts().map_or("?".into(), |it| format!("{}/{}", it.bad, it.total));
        let found = [made.slice(&mut slice_of), made.certain(&mut slice_of)].map(shown);
        assert_eq!(found.join(" "), expected);
    }

    fn read(text: &str) -> Slice {
        text.split_once('/').map_or(Slice::Unknown, |(bad, total)| {
            Slice::known(bad.parse().unwrap(), total.parse().unwrap())
        })
    }

    #[test]
    fn of_all_the_worst_is_certain() {
        check("all", "1/10 0/10", "", "", "1/10 1/10");
        check("all", "1/3 0/7", "", "", "2/7 2/7");
        check("all", "0/10 0/10", "", "", "0/10 0/10");
    }

    #[test]
    fn while_a_member_is_silent_the_others_still_prove_something() {
        check("all", "10/10 ?", "", "", "? 10/10");
        check("all", "0/10 ?", "", "", "? 0/10");
        check("all", "? ?", "", "", "? ?");
        check("any", "10/10 ?", "", "", "10/10 0/10");
    }

    #[test]
    fn of_any_only_what_must_overlap_is_certain() {
        check("any", "5/10 5/10", "", "", "5/10 0/10");
        check("any", "9/10 8/10", "", "", "8/10 7/10");
        check("any", "10/10 8/10", "", "", "8/10 8/10");
    }

    #[test]
    fn attempts_weigh() {
        check("all", "10/1000 0/10", "0/50", "", "1/50 1/50");
        check("all", "10/1000 0/10", "0/0", "", "0/0 0/0");
        check("all", "10/1000 0/10", "?", "", "? 10/1000");
        check("all", "10/10 ?", "?", "", "? 10/10");
        check("all", "100/100 ?", "0/50", "", "? 50/50");
        check("all", "? ?", "0/50", "", "? ?");
    }

    #[test]
    fn what_is_measured_wins() {
        check("all", "10/10 10/10", "", "0/60", "0/60 0/60");
        check("all", "0/10 0/10", "0/5", "30/60", "30/60 30/60");
        check("all", "10/10 0/10", "", "?", "? 10/10");
    }
}
