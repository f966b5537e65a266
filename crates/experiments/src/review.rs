//! Beside the effect: what else changed, what was so before, and what nobody can conclude.
//!
//! Intuition: an effect with an interval is still read as a cause. The list of reasons why it may not
//! be one is computed from the series and printed with it, every time.

use crate::interrupted::{Change, beside, fitted};
use crate::matrix::form;
use crate::series::{Better, Plan, Series};
use std::collections::BTreeMap;
use whatif::number::count;
use whatif::statistics::student;

/// A part of the work, before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Shift {
    /// Which part.
    pub what: String,
    /// Its share before, from 0 to 1.
    pub before: f64,
    /// Its share after.
    pub after: f64,
}

/// Shares of both sides, and the share that would have to be moved to make them alike (total variation).
#[must_use]
pub fn before_and_after(
    before: &BTreeMap<String, usize>,
    after: &BTreeMap<String, usize>,
) -> (Vec<Shift>, f64) {
    let sum = |it: &BTreeMap<String, usize>| count(it.values().sum::<usize>().max(1));
    let (all_before, all_after) = (sum(before), sum(after));
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let share = |of: &BTreeMap<String, usize>, name: &String, all: f64| {
        count(of.get(name).copied().unwrap_or(0)) / all
    };
    let shifts: Vec<Shift> = names
        .into_iter()
        .map(|name| Shift {
            what: name.clone(),
            before: share(before, name, all_before),
            after: share(after, name, all_after),
        })
        .collect();
    let moved = shifts.iter().map(|it| (it.after - it.before).abs()).sum::<f64>() / 2.0;
    (shifts, moved)
}

/// The drift a week before the change: of the series, or of both teams against each other, where it
/// ought to be none. Of counts in logarithms.
#[must_use]
pub fn pre_trend(treated: &Series, control: Option<&Series>, plan: &Plan) -> Option<Change> {
    let treated = treated.until(plan.start);
    let control = control.map(|it| it.until(plan.start));
    let mut weeks = beside(&treated, control.as_ref(), plan);
    for (row, place) in weeks.rows.iter_mut().zip(&weeks.places) {
        *row = vec![1.0, count(*place) - count(plan.start)];
    }
    if weeks.freedom() < 2.0 {
        return None;
    }
    let fit = fitted(&weeks, &treated, control.as_ref())?;
    let reach = student(f64::midpoint(1.0, plan.confidence), fit.freedom) * fit.widening;
    let off = reach * form(&fit.covariance, &[0.0, 1.0]).max(0.0).sqrt();
    let estimate = fit.coefficients[1];
    Some(Change { estimate, low: estimate - off, high: estimate + off })
}

/// Whether the change began after bad weeks: the last four before it against those before them. Bad
/// weeks are followed by better ones whatever anybody does.
#[must_use]
pub fn had_been_bad(series: &Series, plan: &Plan, better: Better) -> bool {
    const LAST: usize = 4;
    let rates = series.values.iter().zip(&series.exposure).take(plan.start);
    let rates: Vec<f64> = rates.filter_map(|(it, people)| Some((*it)? / people)).collect();
    if rates.len() < 3 * LAST {
        return false;
    }
    let (earlier, last) = rates.split_at(rates.len() - LAST);
    let mean = |it: &[f64]| it.iter().sum::<f64>() / count(it.len());
    let usual = mean(earlier);
    let squares: f64 = earlier.iter().map(|it| (it - usual).powi(2)).sum();
    let error = (squares / (count(earlier.len()) - 1.0) / count(LAST)).sqrt();
    let worse = if better == Better::Lower { mean(last) - usual } else { usual - mean(last) };
    // One-sided, one in twenty.
    worse > 1.645 * error && error > 0.0
}

/// Why something cannot be concluded.
#[derive(Debug, Clone, PartialEq)]
pub enum Doubt {
    /// Nobody did not change.
    NoControl,
    /// The other team drifted away from this one already before.
    PreTrend,
    /// It began after bad weeks.
    HadBeenBad,
    /// Less than a year before: seasons cannot be told from effects.
    Season,
    /// Fewer than twelve weeks after.
    Short,
    /// How many people there were changed: before and after.
    People(f64, f64),
    /// The work itself changed: this share of it.
    Composition(f64),
    /// The interval holds no change at all.
    Luck,
    /// A guard metric may have become worse.
    Guard(String),
    /// A guard metric could not be looked at.
    Unguarded(String),
    /// Looked at before the review date.
    Early,
    /// The plan was not written down before.
    Unregistered,
    /// The plan is not the one that was written down.
    Altered,
}

impl Doubt {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::NoControl => {
                "that the change caused it: no other team went through the same weeks without it".to_owned()
            }
            Self::PreTrend => "that the other team shows what would have happened: both already drifted \
                               apart before the change"
                .to_owned(),
            Self::HadBeenBad => "that it became better by the change: the weeks just before it were worse \
                                 than usual, and bad weeks are followed by better ones anyway"
                .to_owned(),
            Self::Season => "that it is not the season: less than a year before the change was seen".to_owned(),
            Self::Short => {
                "that it lasts: fewer than twelve weeks after the change were seen, and intervals from \
                 so few are too narrow"
                    .to_owned()
            }
            Self::People(before, after) => format!(
                "that it was the structure and not the people: there were {before:.1} a week before and \
                 {after:.1} after"
            ),
            Self::Composition(moved) => format!(
                "that it was the structure and not the work: {:.0} % of the work is of another kind than \
                 before",
                100.0 * moved
            ),
            Self::Luck => {
                "that it did nothing: no change is within the interval, and so is everything else in it"
                    .to_owned()
            }
            Self::Guard(name) => format!("that nothing was paid for it: {name} may have become worse"),
            Self::Unguarded(name) => format!("that nothing was paid for it: {name} could not be seen"),
            Self::Early => "anything at the promised confidence: this was looked at before its review date, \
                            and who looks often finds something"
                .to_owned(),
            Self::Unregistered => "that this was the question before the answer was known: the file names no \
                                   `registered` fingerprint"
                .to_owned(),
            Self::Altered => "that this was the question before the answer was known: the plan is not the one \
                              whose fingerprint was registered"
                .to_owned(),
        }
    }
}

/// What follows from the series by itself.
#[must_use]
pub fn doubts(
    treated: &Series,
    control: Option<&Series>,
    plan: &Plan,
    better: Better,
) -> Vec<Doubt> {
    let weeks = beside(treated, control, plan);
    let (before, after) = weeks.sides(plan);
    let mut found = vec![];
    if control.is_none() {
        found.push(Doubt::NoControl);
    } else if pre_trend(treated, control, plan).is_some_and(|it| it.sign() != 0) {
        found.push(Doubt::PreTrend);
    }
    if had_been_bad(treated, plan, better) {
        found.push(Doubt::HadBeenBad);
    }
    if before < 52 && control.is_none() {
        found.push(Doubt::Season);
    }
    if after < 12 {
        found.push(Doubt::Short);
    }
    found
}
