//! What a signature stands under, as a text that two people can read aloud to each other.
//!
//! Intuition: one signs words, not a pointer to a file that may change. The words say all that would
//! make somebody sign again: the question, the share, over what, counted how, and made of what.
//!
//! Invariant: the same promise gives the same words in every release, so nothing here is `Debug`.

use model::{Asks, Feature, Is, Method, Need, Own, Per, Sli, Slo};
use std::fmt::Write as _;

/// The terms of a feature's promise.
#[must_use]
pub fn terms(feature: &Feature) -> String {
    let (over, of) = (over(feature), of(feature));
    let mut text = format!("{} {} {of} over {over}; needs ", feature.question, feature.objective);
    need(&feature.needs, &mut text);
    own(&feature.own, &mut text);
    text
}

/// The same field by field, and when its budget alerts, which nobody signs and everybody is called by.
pub(crate) fn fields(feature: &Feature) -> Vec<(&'static str, String)> {
    let (mut needs, mut counts) = (String::new(), String::new());
    need(&feature.needs, &mut needs);
    own(&feature.own, &mut counts);
    let alerts = if feature.alerts_nobody {
        "nobody".to_owned()
    } else {
        feature
            .alerts
            .iter()
            .map(alert)
            .chain(budget_alerts(feature))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let or_usual = |it: String| if it.is_empty() { "as usual".to_owned() } else { it };
    vec![
        ("question", feature.question.clone()),
        ("objective", format!("{} {}", feature.objective, of(feature))),
        ("window", over(feature)),
        ("needs", needs),
        ("counts", or_usual(counts.trim_start_matches("; ").to_owned())),
        ("alerts", or_usual(alerts)),
    ]
}

/// Those on how the budget stands, where they are not as usual.
fn budget_alerts(feature: &Feature) -> impl Iterator<Item = String> {
    let it = &feature.budget_alerts;
    let left =
        it.left.map(|it| format!("{} below {} % left", it.severity, f64::from(it.below_ppm) / 1e4));
    let exhausted = it.exhausted.map(|it| format!("{} gone within {}", it.severity, it.within));
    let no_data = it.no_data.map(|it| format!("{} without data for {}", it.severity, it.after));
    [left, exhausted, no_data].into_iter().flatten()
}

fn alert(it: &model::AlertCondition) -> String {
    let condition = slo::Condition::from(*it);
    format!("{} {condition}", condition.severity)
}

fn over(feature: &Feature) -> String {
    match &feature.calendar {
        Some(it) => format!("each {} of {}", it.period.word(), it.timezone),
        None => format!("any {}", feature.window),
    }
}

fn of(feature: &Feature) -> String {
    match feature.method {
        Method::Occurrences => "of attempts".to_owned(),
        Method::TimeSlices { minutes, bad_ppm } => {
            format!("of {minutes} min slices with at most {bad_ppm} ppm bad")
        }
        Method::RatioTimeSlices { minutes } => format!("of {minutes} min slices by their share"),
    }
}

/// What is counted differently is another promise.
fn own(own: &Own, text: &mut String) {
    for (id, it) in &own.edges {
        let _ = write!(text, "; {id} is {}", counted(it));
    }
    if let Some(it) = &own.attempts {
        let _ = write!(text, "; attempts are {}", it.total);
    }
    if let Some(it) = &own.measured {
        let _ = write!(text, "; measured end to end by {}", counted(it));
    }
}

fn counted(slo: &Slo) -> String {
    let (some, all) = (&slo.bad, &slo.total);
    match &slo.sli {
        Sli::Bad => format!("bad {some} of {all}"),
        Sli::Good | Sli::Latency { .. } => format!("good {some} of {all}"),
        Sli::Gauge(it) => {
            let sign = match it.is {
                Is::Below => "<",
                Is::AtMost => "<=",
                Is::Above => ">",
                Is::AtLeast => ">=",
                Is::Equal => "==",
            };
            format!("{some} {sign} {}", it.value)
        }
        Sli::Ratio { good } => format!("the {} share {some}", if *good { "good" } else { "bad" }),
        Sli::Pushed { .. } => "counts that are pushed".to_owned(),
        Sli::Query { asks: Asks::Bad, per } => {
            format!("bad {some} of {all}, asked {}", per_words(*per))
        }
        Sli::Query { asks: Asks::Good, per } => {
            format!("good {some} of {all}, asked {}", per_words(*per))
        }
        Sli::Query { asks: Asks::ErrorRatio, .. } => format!("the asked bad share {some}"),
        Sli::Heartbeat { heartbeat } => format!("the heartbeat {heartbeat}"),
    }
}

const fn per_words(per: Per) -> &'static str {
    match per {
        Per::Second => "per second",
        Per::Minute => "per minute",
        Per::Window => "per window",
    }
}

fn need(it: &Need, text: &mut String) {
    let (name, parts): (String, Vec<(String, &Need)>) = match it {
        Need::Slo(id) => {
            // A string takes what is written to it.
            let _ = write!(text, "{id}");
            return;
        }
        Need::All(parts) => ("all".to_owned(), plain(parts)),
        Need::Any(parts) => ("any".to_owned(), plain(parts)),
        Need::Quorum { works_min, of } => (format!("{works_min} of "), plain(of)),
        Need::Routes(routes) => {
            let part = |it: &'_ model::Route| format!("{} ", it.parts);
            ("routes".to_owned(), routes.iter().map(|it| (part(it), &it.need)).collect())
        }
    };
    text.push_str(&name);
    text.push('(');
    for (index, (share, part)) in parts.into_iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        text.push_str(&share);
        need(part, text);
    }
    text.push(')');
}

fn plain(parts: &[Need]) -> Vec<(String, &Need)> {
    parts.iter().map(|it| (String::new(), it)).collect()
}
