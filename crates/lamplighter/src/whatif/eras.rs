//! The eras of a recorded history: which structure was in force from when on, and what a change of
//! structure in the past says about the next one.
//!
//! Invariant: where there is only one era, or the second is too short, it is said that parameters which
//! act only under another structure stay ranges.

use super::past::line;
use super::show::number;
use ::whatif::calendar::Span;
use ::whatif::calibrate::{Joint, Left, Transfer};
use model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// One entry under `records: eras:`.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Era {
    start: String,
    structure: String,
}

/// A structure, and when it was in force: whole weeks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InForce {
    pub(super) structure: String,
    pub(super) span: Span,
}

/// Which structures were in force in `whole`; an era begins with the first whole week after its start.
pub(super) fn in_force(
    eras: &[Era],
    now: Option<&str>,
    whole: Span,
    next_week: &dyn Fn(i64) -> i64,
) -> Result<Vec<InForce>, String> {
    if eras.is_empty() {
        let now = now.ok_or(
            "records: write under `now` the structure that was in force, or `eras` if there were several",
        )?;
        return Ok(vec![InForce { structure: now.to_owned(), span: whole }]);
    }
    let mut found: Vec<InForce> = vec![];
    for era in eras {
        let start = Timestamp::parse_rfc3339(&format!("{}T00:00:00Z", era.start));
        let start = start.ok_or(format!("records: eras: `{}` is no day", era.start))?.0;
        let from_ms = next_week(start).max(whole.from_ms).min(whole.to_ms);
        if let Some(last) = found.last_mut() {
            if from_ms < last.span.from_ms {
                return Err(format!("records: eras: {} comes after a later one", era.start));
            }
            last.span.to_ms = from_ms;
        }
        let span = Span { from_ms, to_ms: whole.to_ms };
        found.push(InForce { structure: era.structure.clone(), span });
    }
    // What ended before the records begin, or began after their last week, was not seen.
    found.retain(|it| it.span.length_ms() > 0);
    let last = found.last().ok_or("records: eras: none of them has a whole week in the records")?;
    match now {
        Some(now) if now != last.structure => Err(format!(
            "records: now: `{now}` is not the structure of the last era, `{}`; leave `now` out",
            last.structure
        )),
        _ => Ok(found),
    }
}

/// What a change of structure in the past says, in words.
pub(super) fn show(text: &mut String, names: &[String], found: Option<&Result<Transfer, String>>) {
    let Some(found) = found else {
        let _ = writeln!(
            text,
            "One era is recorded: what acts only under another structure was not seen, and its \
             parameters stay ranges.\n"
        );
        return;
    };
    let [first, second] = names else { return };
    match found {
        Err(reason) => {
            let _ = writeln!(
                text,
                "From {first} to {second}: not held against each other, because {reason}. What acts only \
                 under another structure stays a range.\n"
            );
        }
        Ok(it) => carried(text, first, second, it),
    }
}

fn carried(text: &mut String, first: &str, second: &str, it: &Transfer) {
    let _ = writeln!(
        text,
        "two eras: learnt from {first} ({} to {}), foretold as {second} with the arrivals that came:",
        day(it.first.from_ms),
        day(it.first.to_ms)
    );
    for block in &it.blocks {
        let _ = writeln!(text, "  {} to {}", day(block.span.from_ms), day(block.span.to_ms));
        for row in &block.rows {
            line(text, row);
        }
    }
    let _ = writeln!(
        text,
        "score {} beside {} of expecting no change",
        number(it.scores.0),
        number(it.scores.1)
    );
    for left in &it.left {
        let _ = writeln!(text, "  {}", words(left));
    }
    jointly(text, &it.joint);
    text.push_str(if it.passed {
        "The second era was foretold from the first. Whether arrivals follow the structure was not tested.\n\n"
    } else {
        "The second era was not foretold from the first: the model does not know what that change did.\n\n"
    });
}

/// What is left of the ranges together, and which of them cannot be told apart.
fn jointly(text: &mut String, it: &Joint) {
    if it.visible.len() < 2 {
        return;
    }
    let names: Vec<&str> = it.visible.iter().map(|it| it.title()).collect();
    let _ = writeln!(
        text,
        "  tried together: {} of {} combinations of {} foretell it",
        it.kept,
        it.tried,
        names.join(", ")
    );
    for (first, second, by) in it.confounded() {
        let (first, second) = (first.title(), second.title());
        let how = if *by < 0.0 { "less" } else { "more" };
        let _ = writeln!(
            text,
            "  not told apart: more of `{first}` with {how} of `{second}` foretells it as well \
             (correlation {}); only measuring one of them would settle the other",
            number(*by)
        );
    }
    if it.kept > 0 && it.kept < it.tried && it.confounded().next().is_none() {
        text.push_str("  no two of them can be traded for each other over what is left\n");
    }
}

fn words(left: &Left) -> String {
    let title = left.parameter.title();
    match left.range {
        None => format!("{title}: no value of its range foretells the second era"),
        Some(_) if !left.narrowed() => {
            format!("{title}: the second era says nothing about it; it stays a range")
        }
        Some((low, high)) => {
            format!("{title}: {} to {} is left of its range", number(low), number(high))
        }
    }
}

fn day(at_ms: i64) -> String {
    Timestamp(at_ms).to_string().chars().take(10).collect()
}

/// For programs.
pub(super) fn json(names: &[String], found: Option<&Result<Transfer, String>>) -> Value {
    let it = match found {
        None => return Value::Null,
        Some(Err(reason)) => {
            return json!({ "structures": names, "passed": null, "reason": reason });
        }
        Some(Ok(it)) => it,
    };
    json!({
        "structures": names,
        "passed": it.passed,
        "switch": Timestamp(it.second.from_ms).to_string(),
        "score": it.scores.0,
        "no_change_score": it.scores.1,
        "band_span": it.span,
        "blocks": it.blocks.iter().map(super::past::block).collect::<Value>(),
        "joint": {
            "visible": it.joint.visible.iter().map(|it| it.key()).collect::<Value>(),
            "tried": it.joint.tried,
            "kept": it.joint.kept,
            "pairs": it.joint.pairs.iter().map(|it| json!({
                "first": it.0.key(),
                "second": it.1.key(),
                "correlation": it.2,
            })).collect::<Value>(),
            "not_told_apart": it.joint.confounded().count() > 0,
        },
        "left": it.left.iter().map(|it| json!({
            "parameter": it.parameter.key(),
            "range": it.range.map(|it| [it.0, it.1]),
            "narrowed": it.narrowed(),
            "tried": it.tried.iter().map(|it| json!({ "value": it.0, "inside": it.1 })).collect::<Value>(),
        })).collect::<Value>(),
    })
}
