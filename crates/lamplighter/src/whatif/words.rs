//! The answer in sentences, for the terminal and for the report.
//!
//! Invariants:
//! - a sentence that prefers something says for whom, in what, and at what load;
//! - where no single way of working is ahead, the sentence begins with "Cannot tell".

use super::Findings;
use super::show::number;
use ::whatif::compare::{Answer, Comparison, Difference, Reason, Row, Standing};
use ::whatif::measure::{Better, METRICS, Metric};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Above this share of items that are still open, percentiles are lower bounds.
const OPEN_PERCENT_MAX: f64 = 10.0;

/// Of what the numbers of the tables are.
pub(super) const UNITS: &str = "Waits are hours of the calendar: nights and weekends count. Building, blocks, \
     interruptions and nights are of one engineer and week. Whoever sits at a desk builds nothing meanwhile, where \
     `builds_beside` does not say otherwise.";

/// So many are spoken of one by one.
const TOLD_MAX: usize = 3;

/// More ways of working than these are many: the report has two pages, whatever stands in it.
pub(super) const MANY: usize = 7;

/// Whether so much is open that the true number is larger.
pub(super) fn is_bound(row: &Row, metric: Metric) -> bool {
    let open = row.estimates[Metric::OpenPercent as usize].map_or(0.0, |it| it.mean);
    let cut = metric.audience() == "customers" && metric != Metric::OpenPercent;
    cut && open > OPEN_PERCENT_MAX
}

/// A number with its interval, marked where it is a lower bound.
pub(super) fn cell(row: &Row, metric: Metric) -> String {
    let Some(it) = row.estimates[metric as usize] else { return "-".to_owned() };
    let bound = if is_bound(row, metric) { "≥ " } else { "" };
    format!("{bound}{} ± {}", number(it.mean), number(it.half_width))
}

/// The number alone.
pub(super) fn mean(row: &Row, metric: Metric) -> String {
    row.estimates[metric as usize].map_or("-".to_owned(), |it| number(it.mean))
}

/// The answer in a sentence or two.
pub(super) fn headline(it: &Findings, standing: &Standing) -> String {
    let rows = &it.swept.base.rows;
    let metric = it.question.plan.primary;
    let what = format!("in {}, for {}, at this load", metric.title(), metric.audience());
    let name = |number: &usize| rows[*number].name.as_str();
    let names = |all: &[usize]| listed(&all.iter().map(name).collect::<Vec<_>>());
    let mut text = match (standing.winner(), &standing.behind[..]) {
        (Some(only), []) => return format!("There is only {}: nothing to compare.", name(&only)),
        (Some(winner), behind) => {
            let (name, unsure) = (name(&winner), terms_that_differ(it, name(&winner)));
            let (usual, but) = if unsure.is_empty() {
                ("", String::new())
            } else {
                let but = format!("; but at {} it is not", unsure.join(" and at "));
                (", with as many at desks as each usually has", but)
            };
            format!(
                "{} is ahead {what}{usual}: clearly of {}, and so it stays at both ends of every range{but}.",
                capital(name),
                names(behind)
            )
        }
        (None, behind) => {
            let mut text = format!("Cannot tell between {} {what}.", names(&standing.ahead));
            if behind.len() > TOLD_MAX {
                let _ = write!(text, " {} are behind.", capital(&names(behind)));
            }
            for row in behind.iter().filter(|_| behind.len() <= TOLD_MAX) {
                let _ = write!(
                    text,
                    " {} is behind {}.",
                    capital(name(row)),
                    names(&beaten_by(it, *row))
                );
            }
            text
        }
    };
    let pages = standing.ahead.iter().filter_map(|row| {
        worse_in(&it.swept.base, *row, Metric::PageStartP90).map(|it| (name(row), it))
    });
    let pages: Vec<_> = pages.collect();
    if let Some((_, (_, best, theirs))) = pages.first() {
        let with: Vec<String> =
            pages.iter().map(|(name, (own, ..))| format!("{own} with {name}")).collect();
        let with: Vec<&str> = with.iter().map(String::as_str).collect();
        let title = Metric::PageStartP90.title();
        let _ = write!(
            text,
            " But pages wait: {title}, is {}, and {theirs} with {best}.",
            listed(&with)
        );
    }
    text
}

/// Who is clearly better than one that is behind.
fn beaten_by(it: &Findings, row: usize) -> Vec<usize> {
    let about = it.swept.answers.iter().filter(|it| it.first == row || it.second == row);
    about.filter_map(|it| it.better.as_ref().ok().copied()).filter(|it| *it != row).collect()
}

/// What those ahead cost the others, and whether equal terms change who is ahead.
pub(super) fn beside(it: &Findings, standing: &Standing) -> Vec<String> {
    let rows = &it.swept.base.rows;
    let metric = it.question.plan.primary;
    let mut lines = vec![];
    // Of many ways of working there is room for two, and what they are behind in stands in the table.
    let many = rows.len() > MANY;
    for ahead in standing.ahead.iter().take(if many { 2 } else { TOLD_MAX }) {
        let row = &rows[*ahead];
        lines.push(format!(
            "{}: {} {}; an engineer builds {} h, is interrupted {} times and called at night {} times a week; {} % \
             of time is spent at desks.",
            capital(&row.name),
            metric.title(),
            cell(row, metric),
            mean(row, Metric::RoadmapHours),
            mean(row, Metric::Interruptions),
            mean(row, Metric::NightPages),
            number(100.0 * row.desk_share)
        ));
        if !many {
            lines.extend(behind_in(&it.swept.base, *ahead, metric));
        }
    }
    for (terms, comparison) in on_equal_terms(it) {
        lines.push(match &ahead_in(comparison, metric)[..] {
            [one] => format!("At {terms}, as assumed: {one} is ahead."),
            all => format!("At {terms}, as assumed: cannot tell between {}.", listed(all)),
        });
    }
    let without: Vec<&str> =
        rows.iter().filter(|it| it.desk_share == 0.0).map(|it| it.name.as_str()).collect();
    if !without.is_empty() && on_equal_terms(it).next().is_some() {
        lines.push(format!(
            "{} has no desks: on equal terms it stands as it is, and is equal in neither.",
            capital(&listed(&without))
        ));
    }
    lines
}

/// What it is clearly worse in than somebody else: who is ahead in one number may leave people in the dark in
/// another.
fn behind_in(it: &Comparison, row: usize, primary: Metric) -> Option<String> {
    let others = METRICS.into_iter().filter(|it| *it != primary);
    let parts: Vec<String> = others
        .filter_map(|metric| {
            let (own, best, theirs) = worse_in(it, row, metric)?;
            Some(format!("{} ({own}; {best} {theirs})", metric.title()))
        })
        .collect();
    let name = capital(&it.rows[row].name);
    (!parts.is_empty()).then(|| format!("{name} is behind in {}.", parts.join("; ")))
}

/// Where somebody is clearly better: its own number, the best of those, and theirs.
fn worse_in(it: &Comparison, row: usize, metric: Metric) -> Option<(String, &str, String)> {
    let about = it.differences.iter().filter(|it| it.metric == metric);
    let about = about.filter(|it| it.first == row || it.second == row);
    let better = about.filter_map(Difference::winner).filter(|it| *it != row);
    let value = |row: &usize| it.rows[*row].estimates[metric as usize].map_or(0.0, |it| it.mean);
    let best = better.min_by(|one, other| match metric.better() {
        Better::Higher => value(other).total_cmp(&value(one)),
        _ => value(one).total_cmp(&value(other)),
    })?;
    let best = &it.rows[best];
    Some((mean(&it.rows[row], metric), &best.name, mean(best, metric)))
}

/// The comparisons beside the one that was asked for.
fn on_equal_terms(it: &Findings) -> impl Iterator<Item = (&'static str, &Comparison)> {
    let equal = it.equal.as_ref().map(|it| ("equal staffing", &it.1));
    equal.into_iter().chain(it.same_cost.as_ref().map(|it| ("equal cost", &it.1)))
}

/// On which equal terms it is not the only one ahead.
fn terms_that_differ(it: &Findings, winner: &str) -> Vec<&'static str> {
    let metric = it.question.plan.primary;
    let differs = |it: &(&str, &Comparison)| ahead_in(it.1, metric) != [winner];
    on_equal_terms(it).filter(differs).map(|it| it.0).collect()
}

/// Who is ahead, by luck alone: the sweep is not repeated on equal terms, and the sentences say so.
fn ahead_in(comparison: &Comparison, metric: Metric) -> Vec<&str> {
    let beaten = |row: usize| {
        let about = comparison.differences.iter().filter(|it| it.metric == metric);
        let mut about = about.filter(|it| it.first == row || it.second == row);
        about.any(|it| it.winner().is_some_and(|winner| winner != row))
    };
    let rows = &comparison.rows;
    (0..rows.len()).filter(|it| !beaten(*it)).map(|it| rows[it].name.as_str()).collect()
}

/// Answers about those ahead before all others: what is cut off a list is what matters least.
pub(super) fn closest_first<'a>(it: &'a Findings, standing: &Standing) -> Vec<&'a Answer> {
    let place = |row: usize| {
        let order = standing.ahead.iter().chain(&standing.behind);
        order.clone().position(|it| *it == row)
    };
    let mut answers: Vec<&Answer> = it.swept.answers.iter().collect();
    answers.sort_by_key(|it| {
        let (one, other) = (place(it.first), place(it.second));
        (one.max(other), one.min(other))
    });
    answers
}

/// Why nobody can tell, pair by pair; and what to measure, each once.
pub(super) fn reasons(it: &Findings, standing: &Standing) -> (Vec<String>, Vec<&'static str>) {
    let rows = &it.swept.base.rows;
    let (mut lines, mut settled) = (vec![], BTreeSet::new());
    for Answer { first, second, better } in closest_first(it, standing) {
        let Err(reasons) = better else { continue };
        let pair = format!("{} or {}", rows[*first].name, rows[*second].name);
        for reason in reasons {
            lines.push(match reason {
                Reason::Luck => format!(
                    "{pair}: the difference is not larger than luck; more replications may settle it"
                ),
                Reason::TurnsOn { parameter, value, flips_near } => {
                    settled.insert(parameter.settled_by());
                    let how = flips_near
                        .map_or("lost in luck".to_owned(), |it| format!("flips near {}", number(it)));
                    format!(
                        "{pair}: {how} when {} goes to {}",
                        parameter.title(),
                        number(*value)
                    )
                }
            });
        }
    }
    (lines, settled.into_iter().collect())
}

/// `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// With its first letter large.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |it| it.to_uppercase().chain(letters).collect())
}
