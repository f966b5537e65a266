//! A design and a review in words and for programs.
//!
//! Invariant: an effect never stands without its interval, and a review never without what it cannot say.

use super::input::{Aim, Study};
use super::{Designed, Reviewed};
use ::experiments::{Better, Change, Detectable, Found, Impact, Kind, Method};
use model::Timestamp;
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(super) fn day(at_ms: i64) -> String {
    Timestamp(at_ms).to_string().chars().take(10).collect()
}

fn number(value: f64) -> String {
    let digits = if value.abs() >= 100.0 { 0 } else { usize::from(value.abs() < 10.0) + 1 };
    format!("{value:.digits$}")
}

/// What comes first in both answers.
fn head(text: &mut String, study: &Study) {
    let _ = writeln!(text, "hypothesis: {}", study.hypothesis.trim());
    let who = study.team.as_deref().unwrap_or("everybody");
    let beside = if study.controls.is_empty() {
        "no team beside it".to_owned()
    } else {
        format!("beside {}, who do not change", study.controls.join(", "))
    };
    let _ = writeln!(
        text,
        "{who}, {beside}; from {} on, reviewed on {}",
        day(study.start_ms),
        day(study.review_ms)
    );
    let expected = match study.plan.impact {
        Impact::Level => "the level moves at once",
        Impact::LevelAndSlope => "the level moves at once and the direction afterwards",
    };
    let drift = if study.plan.trend { "a drift is taken out" } else { "no drift is taken out" };
    let left_out = match study.plan.transition {
        0 => String::new(),
        weeks => format!("; weeks left out while everybody learns: {weeks}"),
    };
    let _ = writeln!(text, "expected: {expected}; {drift}{left_out}\n");
}

pub(super) fn design(study: &Study, it: &Designed) -> String {
    let mut text = String::new();
    head(&mut text, study);
    if study.end_ms > study.start_ms {
        let _ = writeln!(
            text,
            "the records go on after the start, to {}: what was decided before it has to have been \
             registered before it, or this is no design\n",
            day(study.end_ms)
        );
    }
    seen(&mut text, &study.primary, &it.primary);
    let _ = writeln!(
        text,
        "the smallest effect that a review finds in {:.0} of 100 cases, with intervals of {:.0} %:",
        100.0 * study.plan.power,
        100.0 * study.plan.confidence
    );
    for look in &it.primary.looks {
        let mark = if look.weeks == study.weeks_to_review() { "   <- the review" } else { "" };
        let found = effect(study.primary.treated.kind, look.smallest);
        let _ = writeln!(text, "  after {:>2} weeks  {found}{mark}", look.weeks);
    }
    text.push_str("a smaller effect will look like none, and \"none was found\" will not mean that there is none\n\n");
    for (aim, guard) in study.guards.iter().zip(&it.guards) {
        let tolerated = format!("{:.0} % worse is tolerated", 100.0 * aim.tolerated);
        match guard {
            Err(why) => {
                let _ = writeln!(text, "guard {}: cannot be watched, {why}", aim.name);
            }
            Ok(guard) => {
                seen(&mut text, aim, guard);
                let look = guard.looks.iter().find(|it| it.weeks == study.weeks_to_review());
                let worst = effect(aim.treated.kind, look.and_then(|it| it.smallest));
                let _ =
                    writeln!(text, "  as a guard: {tolerated}; what will be noticed is {worst}");
            }
        }
    }
    let _ = writeln!(
        text,
        "\nput this into the file before the change starts, so that the review can say that the question \
         came first:\nregistered: {}",
        study.fingerprint()
    );
    text
}

fn seen(text: &mut String, aim: &Aim, it: &Detectable) {
    let wanted = if aim.better == Better::Lower { "lower" } else { "higher" };
    let _ = writeln!(
        text,
        "{} ({wanted} is better): {} in the mean of {} weeks before; {}",
        aim.name,
        number(it.before),
        it.weeks,
        spread(aim.treated.kind, it.method, it.dispersion, it.correlation)
    );
}

fn spread(kind: Kind, method: Method, dispersion: f64, correlation: f64) -> String {
    let alone = match (kind, method) {
        (Kind::Mean, _) => format!("weeks differ by {}", number(dispersion)),
        (_, Method::Share) => format!("shares spread {} times binomial", number(dispersion)),
        (_, Method::NegativeBinomial) => format!("bursts, α {}", number(dispersion)),
        _ => "no more spread than Poisson's".to_owned(),
    };
    format!("{alone}, neighbouring weeks correlate {}", number(correlation))
}

/// An effect that has no interval, since it has not happened.
fn effect(kind: Kind, size: Option<f64>) -> String {
    match (kind, size) {
        (_, None) => "nothing: not even if it disappeared".to_owned(),
        (Kind::Count, Some(size)) => percent(size),
        (Kind::Mean, Some(size)) => {
            format!("{}{}", if size > 0.0 { "+" } else { "" }, number(size))
        }
    }
}

fn percent(logarithm: f64) -> String {
    format!("{:+.0} %", 100.0 * logarithm.exp_m1())
}

fn change(kind: Kind, it: &Change) -> String {
    let one = |value: f64| match kind {
        Kind::Count => percent(value),
        Kind::Mean => format!("{}{}", if value > 0.0 { "+" } else { "" }, number(value)),
    };
    format!("{} ({} to {})", one(it.estimate), one(it.low), one(it.high))
}

pub(super) fn review(study: &Study, it: &Reviewed) -> String {
    let mut text = String::new();
    head(&mut text, study);
    found(&mut text, &study.primary, &it.primary);
    if let Some(before) = &it.before {
        let _ = writeln!(
            text,
            "  drift a week before the change: {}{}",
            change(it.primary.kind, before),
            if study.controls.is_empty() { "" } else { ", against the other team" }
        );
    }
    text.push_str("\nmust not suffer\n");
    for (aim, guard) in study.guards.iter().zip(&it.guards) {
        match guard {
            Ok(guard) => found(&mut text, aim, guard),
            Err(why) => {
                let _ = writeln!(text, "{}: {why}", aim.name);
            }
        }
    }
    text.push_str("\nwhat else changed\n");
    match study.people {
        Some((before, after)) => {
            let _ = writeln!(
                text,
                "  people a week: {} before, {} after",
                number(before),
                number(after)
            );
        }
        None => text.push_str("  how many people there were is not recorded\n"),
    }
    for shift in it.shifts.iter().filter(|it| (it.after - it.before).abs() >= 0.01) {
        let _ = writeln!(
            text,
            "  {}: {:.0} % of the work before, {:.0} % after",
            shift.what,
            100.0 * shift.before,
            100.0 * shift.after
        );
    }
    text.push_str("\nwhat cannot be concluded\n");
    for doubt in &it.doubts {
        let _ = writeln!(text, "  {}", doubt.words());
    }
    for never in NEVER {
        let _ = writeln!(text, "  {never}");
    }
    text
}

/// What no review says.
const NEVER: [&str; 3] = [
    "anything about a person",
    "that it would do the same in another team, or with another load",
    "that arrivals stayed what they were: a shield can suppress reports, somebody at hand can attract them",
];

fn found(text: &mut String, aim: &Aim, it: &Found) {
    let word = match (aim.better, it.level.sign()) {
        (_, 0) => "cannot tell from luck",
        (Better::Lower, -1) | (Better::Higher, 1) => "better",
        _ => "worse",
    };
    let per = if aim.treated.exposure.iter().any(|it| (it - 1.0).abs() > 1e-9) {
        " a person"
    } else {
        ""
    };
    let _ = writeln!(
        text,
        "{}: {} ({word})\n  {}{per} in {} weeks before, {}{per} in {} weeks after; {}, {}",
        aim.name,
        change(it.kind, &it.level),
        number(it.before),
        it.weeks.0,
        number(it.after),
        it.weeks.1,
        it.method.words(),
        spread(it.kind, it.method, it.dispersion, it.correlation)
    );
    if let (Some(slope), Some(at_end)) = (&it.slope, &it.at_end) {
        let _ = writeln!(
            text,
            "  a week afterwards: {}; in the last week {}",
            change(it.kind, slope),
            change(it.kind, at_end)
        );
    }
}

fn plan_json(study: &Study) -> Value {
    json!({
        "hypothesis": study.hypothesis,
        "team": study.team,
        "control": study.controls,
        "metric": study.primary.name,
        "guards": study.guards.iter().map(|it| &it.name).collect::<Vec<_>>(),
        "start": day(study.start_ms),
        "review": day(study.review_ms),
        "weeks_to_review": study.weeks_to_review(),
        "transition_weeks": study.plan.transition,
        "trend": study.plan.trend,
        "impact": match study.plan.impact {
            Impact::Level => "level",
            Impact::LevelAndSlope => "level-and-slope",
        },
        "confidence": study.plan.confidence,
        "power": study.plan.power,
        "fingerprint": study.fingerprint(),
        "registered": study.registered,
    })
}

pub(super) fn design_json(study: &Study, it: &Designed) -> Value {
    let one = |aim: &Aim, it: &Detectable| {
        let counted = aim.treated.kind == Kind::Count;
        json!({
            "of": aim.name,
            "kind": if counted { "count" } else { "mean" },
            "before": it.before,
            "weeks_before": it.weeks,
            "dispersion": it.dispersion,
            "correlation": it.correlation,
            "looks": it.looks.iter().map(|look| json!({
                "weeks": look.weeks,
                "smallest_ratio": look.smallest.filter(|_| counted).map(f64::exp),
                "smallest_difference": look.smallest.filter(|_| !counted),
            })).collect::<Value>(),
        })
    };
    let guards = study.guards.iter().zip(&it.guards).map(|(aim, it)| match it {
        Ok(it) => one(aim, it),
        Err(why) => json!({ "of": aim.name, "problem": why }),
    });
    json!({
        "plan": plan_json(study),
        "metric": one(&study.primary, &it.primary),
        "guards": guards.collect::<Value>(),
    })
}

pub(super) fn review_json(study: &Study, it: &Reviewed) -> Value {
    let interval = |kind: Kind, it: &Change| {
        let it = if kind == Kind::Count { it.times() } else { *it };
        json!({ "estimate": it.estimate, "low": it.low, "high": it.high })
    };
    let one = |aim: &Aim, it: &Found| {
        json!({
            "of": aim.name,
            "scale": if it.kind == Kind::Count { "ratio" } else { "difference" },
            "method": it.method.words(),
            "weeks": [it.weeks.0, it.weeks.1],
            "before": it.before,
            "after": it.after,
            "level": interval(it.kind, &it.level),
            "slope": it.slope.map(|slope| interval(it.kind, &slope)),
            "at_end": it.at_end.map(|end| interval(it.kind, &end)),
            "dispersion": it.dispersion,
            "correlation": it.correlation,
        })
    };
    let guards = study.guards.iter().zip(&it.guards).map(|(aim, it)| match it {
        Ok(it) => one(aim, it),
        Err(why) => json!({ "of": aim.name, "problem": why }),
    });
    json!({
        "plan": plan_json(study),
        "metric": one(&study.primary, &it.primary),
        "drift_before": it.before.map(|before| interval(it.primary.kind, &before)),
        "guards": guards.collect::<Value>(),
        "people": study.people.map(|it| [it.0, it.1]),
        "work": it.shifts.iter().map(|it| json!({
            "kind": it.what, "share_before": it.before, "share_after": it.after,
        })).collect::<Value>(),
        "not_concluded": it.doubts.iter().map(::experiments::Doubt::words)
            .chain(NEVER.map(str::to_owned)).collect::<Vec<_>>(),
    })
}
