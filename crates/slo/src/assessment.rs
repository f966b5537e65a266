//! What the counts mean for a promise: which conditions fire, and how much budget is left.
//!
//! Intuition: burn rate 1 spends exactly the budget over the whole window. A condition looks at the
//! burn over a long window (is it worth a call?) and a short one (is it still going on?); it fires
//! when both are above its factor and the failures are too many to be an accident.
//!
//! Invariants:
//! - a condition whose short window is less than half known is [`ConditionState::Unmeasured`]:
//!   it neither starts nor ends an alert;
//! - an assessment contains every count it was decided upon.
//!
//! A *long* window may be barely known: after a fresh start a total outage must page within
//! minutes, not after half an hour. What protects against rash calls there is the test of
//! significance. And a window that is known but empty is quiet: nobody came, nobody was failed.

use crate::mask::Masked;
use crate::number::{float, float_signed, settled};
use crate::standing::{self, Exhaustion};
use crate::{
    Clustering, Condition, Hidden, Rings, Standing, Thin, Threshold, WindowCounts, Worth,
    is_significantly_above,
};
use model::{Millis, Objective, Severity};
use serde::{Deserialize, Serialize};

/// The share of the short window that must be known for a condition to speak.
pub const SHORT_COVERAGE_MIN: f64 = 0.5;

/// The window whose burn is projected to tell when the budget will be gone.
const CURRENT_BURN_WINDOW: Millis = Millis::from_hours(1);

/// One promise measured at one minute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// The last minute looked at.
    pub end_minute: i64,
    /// The promise.
    pub objective: Objective,
    /// The window over which it is promised.
    pub window: Millis,
    /// Every condition, in the order given.
    pub conditions: Vec<Assessed>,
    /// The budget of the whole window.
    pub budget: Budget,
    /// Burn rate over the last hour; `None` when nothing is known or nobody came.
    pub burn_rate: Option<f64>,
    /// What exclusions keep out of all this; `None` when nothing is excluded in the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Hidden>,
    /// What the window allows, where that is too little to measure the promise by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thin: Option<Thin>,
    /// What is left of the budget, whether it will soon be gone, and since when nothing is known.
    #[serde(default, skip_serializing_if = "Standing::is_plain")]
    pub standing: Standing,
}

/// One condition measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessed {
    /// The condition.
    pub condition: Condition,
    /// What came out.
    pub state: ConditionState,
    /// The burn rate above which it fires.
    pub factor: f64,
    /// Whether the factor was lowered because nothing could have reached it.
    pub clamped: bool,
    /// Whether the failures in the long window are too many to be an accident.
    pub significant: bool,
    /// What those failures are worth as evidence, where it is less than their number because they come in
    /// clusters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worth: Option<Worth>,
    /// Counts of the long window.
    pub long: WindowCounts,
    /// Counts of the short window.
    pub short: WindowCounts,
    /// Whether it fires only if failures overlap as is assumed: then nobody is woken, a ticket asks for a
    /// measurement from end to end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncertain: bool,
}

/// What a condition says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionState {
    /// Burning too fast.
    Firing,
    /// Not burning too fast.
    Quiet,
    /// Too little is known to say; alerts stay as they are.
    Unmeasured,
}

/// The error budget of one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Share of the budget that is spent: 1 is all of it, more is overspent. `None` when nothing
    /// is known or nobody came.
    pub spent_ratio: Option<f64>,
    /// Bad events allowed among `total`.
    pub allowed_bad: f64,
    /// Bad events.
    pub bad: u64,
    /// All events.
    pub total: u64,
    /// Share of the window's minutes that are known.
    pub coverage: f64,
    /// How long until the budget is gone if the last hour goes on. Zero when it is gone already,
    /// `None` when it will not be or nothing is known.
    pub exhausts_at_current_burn: Option<Millis>,
}

/// Over what a promise is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The whole window, from which factors follow.
    pub window: Millis,
    /// How much of it has passed: all of a rolling window, a part of one that follows the calendar.
    pub passed: Millis,
}

impl Span {
    /// A rolling window.
    #[must_use]
    pub const fn rolling(window: Millis) -> Self {
        Self { window, passed: window }
    }
}

/// A promise with the conditions that watch over it, ready to be measured often: what follows from the promise
/// alone is worked out once.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    objective: Objective,
    window: Millis,
    rules: Vec<Rule>,
}

/// A condition and what it means for one promise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rule {
    condition: Condition,
    threshold: Threshold,
}

impl Rule {
    pub(crate) fn new(condition: Condition, objective: Objective, window: Millis) -> Self {
        Self { condition, threshold: condition.threshold(objective, window) }
    }
}

impl Terms {
    /// `objective` over `window`, watched by `conditions`.
    #[must_use]
    pub fn new(objective: Objective, window: Millis, conditions: &[Condition]) -> Self {
        let rules = conditions.iter().map(|it| Rule::new(*it, objective, window)).collect();
        Self { objective, window, rules }
    }

    /// Measures the promise over a rolling window of `rings`, up to and including `end_minute`.
    #[must_use]
    pub fn evaluate(&self, rings: &Rings, end_minute: i64) -> Assessment {
        let counted = Counted { rings, masked: None, clustering: Some(Clustering::UNKNOWN) };
        self.assess(self.window, counted, end_minute)
    }

    /// The window over which it is promised.
    pub(crate) const fn window(&self) -> Millis {
        self.window
    }

    /// The same of what is `counted`, where something may be excluded and only `passed` of the window has passed.
    /// Conditions look back over the beginning of a calendar window: what burned a minute before midnight still
    /// burns.
    pub(crate) fn assess(
        &self,
        passed: Millis,
        counted: Counted<'_>,
        end_minute: i64,
    ) -> Assessment {
        let (objective, window) = (self.objective, self.window);
        let span = Span { window, passed };
        let view = View { counted, end_minute };
        let burn_rate = counted
            .rings
            .window(end_minute, CURRENT_BURN_WINDOW)
            .error_ratio()
            .map(|it| settled(it / objective.budget_ratio()));
        let conditions = self.rules.iter().map(|it| assess(*it, &view)).collect();
        let counts = view.window(passed);
        let mut budget = Budget::of(counts, objective, window, burn_rate);
        if passed < window {
            budget.exhausts_at_current_burn = budget.exhausts_within(span, burn_rate);
        }
        let hidden = view.hidden(objective, passed, counts);
        // Slices of time come whether anybody does or not.
        let thin = counted.clustering.and_then(|_| Thin::of(counts, span, objective));
        let left = standing::left(counts, span, objective);
        let standing = Standing { left, ..Standing::default() };
        Assessment {
            end_minute,
            objective,
            window,
            conditions,
            budget,
            burn_rate,
            hidden,
            thin,
            standing,
        }
    }
}

/// Measures a promise over a rolling window of `rings`, up to and including `end_minute`. Whoever asks often makes
/// [`Terms`] once.
#[must_use]
pub fn evaluate(
    objective: Objective,
    window: Millis,
    conditions: &[Condition],
    rings: &Rings,
    end_minute: i64,
) -> Assessment {
    Terms::new(objective, window, conditions).evaluate(rings, end_minute)
}

/// What a promise is measured by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted<'a> {
    /// What is counted.
    pub(crate) rings: &'a Rings,
    /// What is not, where something is excluded.
    pub(crate) masked: Option<&'a Masked>,
    /// How failures cluster. `None`: what is counted are slices of time, where a minute in which one
    /// person failed five times is one bad minute already.
    pub(crate) clustering: Option<Clustering>,
}

/// Counts up to one minute, with what is excluded taken out of every window.
struct View<'a> {
    counted: Counted<'a>,
    end_minute: i64,
}

impl View<'_> {
    /// What is counted of a window. Minutes that are dropped are no part of it, so that they are
    /// neither known nor missing.
    fn window(&self, length: Millis) -> WindowCounts {
        let mut counts = self.counted.rings.window(self.end_minute, length);
        if let Some(masked) = self.counted.masked {
            let dropped = masked.dropped_minutes(self.end_minute, length);
            counts.minutes = counts.minutes.saturating_sub(dropped);
        }
        counts
    }

    /// Whether the failures of `length` are too many to be an accident, and what they are worth.
    fn judge(&self, length: Millis, counts: &WindowCounts, chance: f64) -> (bool, Option<Worth>) {
        let Some(clustering) = self.counted.clustering else {
            return (is_significantly_above(counts.bad, counts.total, chance), None);
        };
        let rings = self.counted.rings;
        // As the rings cut the window, dropped minutes and all: those fail in nobody's eyes.
        let failing =
            || rings.failing_minutes(self.end_minute, &rings.window(self.end_minute, length));
        clustering.judge((counts.bad, counts.total), failing, chance)
    }

    fn hidden(
        &self,
        objective: Objective,
        length: Millis,
        counted: WindowCounts,
    ) -> Option<Hidden> {
        let hidden = self.counted.masked?.hidden(self.end_minute, length);
        if hidden.known_minutes == 0 {
            return None;
        }
        let total = counted.total + hidden.total;
        let allowed = float(total) * objective.budget_ratio();
        let bad = float(counted.bad + hidden.bad);
        Some(Hidden {
            minutes: hidden.known_minutes,
            bad: hidden.bad,
            total: hidden.total,
            spent_without: (total > 0).then(|| settled(bad / allowed)),
        })
    }
}

fn assess(rule: Rule, view: &View<'_>) -> Assessed {
    let Rule { condition, threshold } = rule;
    let long = view.window(condition.long);
    let short = view.window(condition.short);
    let (significant, worth) = view.judge(condition.long, &long, threshold.error_ratio);
    let above = |it: &WindowCounts| it.error_ratio().is_some_and(|it| it > threshold.error_ratio);
    let state = if short.known_minutes == 0 || short.coverage() < SHORT_COVERAGE_MIN {
        ConditionState::Unmeasured
    } else if above(&long) && above(&short) && significant {
        ConditionState::Firing
    } else {
        ConditionState::Quiet
    };
    let (factor, clamped) = (threshold.factor, threshold.clamped);
    let uncertain = false;
    Assessed { condition, state, factor, clamped, significant, worth, long, short, uncertain }
}

impl Assessment {
    /// What the conditions of `severity` say together: firing when one fires; otherwise unmeasured
    /// when one is, so that an alert ends only when all of them are quiet.
    #[must_use]
    pub fn state(&self, severity: Severity) -> ConditionState {
        let mut states = self.conditions.iter().filter_map(|it| it.says(severity));
        // An alert that no condition can start is quiet.
        let mut together = ConditionState::Quiet;
        if states.clone().any(|it| it == ConditionState::Firing) {
            together = ConditionState::Firing;
        } else if states.any(|it| it == ConditionState::Unmeasured) {
            together = ConditionState::Unmeasured;
        }
        together
    }

    /// Lets the conditions that page look at what is certain: `certain` holds at least as many known minutes
    /// as what is counted, and nothing that could be otherwise.
    pub(crate) fn call_for_what_is_certain(&mut self, certain: Counted<'_>) {
        let view = View { counted: certain, end_minute: self.end_minute };
        let (objective, window) = (self.objective, self.window);
        for it in self.conditions.iter_mut().filter(|it| it.condition.severity == Severity::Page) {
            let known = assess(Rule::new(it.condition, objective, window), &view);
            if known.state == ConditionState::Firing {
                *it = known;
            } else {
                it.uncertain = it.state == ConditionState::Firing;
            }
        }
    }

    /// Asks whether the budget is gone within `within`.
    pub(crate) fn project(&mut self, counted: Counted<'_>, within: Millis) {
        let view = View { counted, end_minute: self.end_minute };
        let promise = (self.objective, self.window);
        let asked = |it| assess(Rule::new(it, self.objective, self.window), &view);
        let found = Exhaustion::of(within, self.standing.left, promise, asked);
        self.standing.exhaustion = Some(found);
    }

    /// Whether some condition fires only if failures overlap as is assumed.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        self.conditions.iter().any(|it| it.uncertain)
    }
}

impl Assessed {
    /// What it says about alerts of `severity`; `None`: nothing. What is not certain calls nobody and
    /// makes a ticket.
    #[must_use]
    pub fn says(&self, severity: Severity) -> Option<ConditionState> {
        match (self.condition.severity == severity, self.uncertain) {
            (true, true) => Some(ConditionState::Quiet),
            (true, false) => Some(self.state),
            (false, true) => (severity == Severity::Ticket).then_some(ConditionState::Firing),
            (false, false) => None,
        }
    }

    /// What its failures are worth, in words that follow their number; empty where they are worth their number.
    #[must_use]
    pub fn worth_told(&self) -> String {
        let Some(Worth { failures, cluster }) = self.worth else { return String::new() };
        format!(", worth {failures} because failures come in clusters of about {cluster:.0}")
    }

    /// Burn rate over the long window; `None` when nothing is known or nobody came.
    #[must_use]
    pub fn long_burn(&self, objective: Objective) -> Option<f64> {
        self.long.error_ratio().map(|it| it / objective.budget_ratio())
    }

    /// Burn rate over the short window; `None` when nothing is known or nobody came.
    #[must_use]
    pub fn short_burn(&self, objective: Objective) -> Option<f64> {
        self.short.error_ratio().map(|it| it / objective.budget_ratio())
    }
}

impl Budget {
    /// The budget of `counts`, projected with `burn_rate`.
    #[must_use]
    pub fn of(
        counts: WindowCounts,
        objective: Objective,
        window: Millis,
        burn_rate: Option<f64>,
    ) -> Self {
        let allowed_bad = float(counts.total) * objective.budget_ratio();
        let spent_ratio = (counts.total > 0).then(|| float(counts.bad) / allowed_bad);
        let left = spent_ratio.map(|it| 1.0 - it);
        let exhausts_at_current_burn = match (left, burn_rate) {
            (Some(left), _) if left <= 0.0 => Some(Millis::ZERO),
            // At burn rate 1 or below as much budget comes back as is spent.
            (Some(left), Some(burn)) if burn > 1.0 => {
                Some(rounded(left * float_signed(window.0) / burn))
            }
            _ => None,
        };
        Self {
            spent_ratio: spent_ratio.map(settled),
            allowed_bad: settled(allowed_bad),
            bad: counts.bad,
            total: counts.total,
            coverage: settled(counts.coverage()),
            exhausts_at_current_burn,
        }
    }
}

impl Budget {
    /// How long until the budget of a calendar window is gone, if traffic goes on as so far in it
    /// and failures as in the last hour; `None` when the window ends before. Both the spent and the
    /// allowed grow: after `t` more, `bad + b·o·r·t` stands against `o·(total + r·t)`, with burn `b`,
    /// budget `o` and `r = total / passed`, which are equal at `t = passed · left / (b - 1)`.
    fn exhausts_within(&self, span: Span, burn_rate: Option<f64>) -> Option<Millis> {
        let left = 1.0 - self.spent_ratio?;
        if left <= 0.0 {
            return Some(Millis::ZERO);
        }
        let burn = burn_rate.filter(|it| *it > 1.0)?;
        let after = float_signed(span.passed.0) * left / (burn - 1.0);
        (after < float_signed(span.window.0 - span.passed.0)).then(|| rounded(after))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most the length of a window")]
fn rounded(millis: f64) -> Millis {
    Millis(millis.round() as i64)
}

#[cfg(test)]
mod tests;
