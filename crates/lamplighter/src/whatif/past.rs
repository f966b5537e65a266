//! Whether the past was foretold, in words and for programs.
//!
//! Invariant: a refusal says what was off, in which weeks, and what could be done about it.

use super::eras;
use super::recorded::Evidence;
use super::show::number;
use ::whatif::calibrate::{Block, CONFIDENCE, Row, SPAN_MAX, Verdict};
use ::whatif::records::Records;
use ::whatif::signs::Sign;
use model::Timestamp;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Why nothing is compared.
pub(super) fn refused(it: &Evidence) -> String {
    let mut text = "not compared: the recorded past was not foretold\n\n".to_owned();
    show(&mut text, it);
    match &it.verdict {
        Err(reason) => {
            let _ = writeln!(text, "{reason}.");
        }
        Ok(verdict) if verdict.passed => text.push_str(
            "The last weeks were foretold, but not what the last change of structure did; that is what a \
             comparison would have to know. Look first at: when the change really took place and with how \
             many people; what else changed on that day; values under `assumptions` that the ranges above \
             leave.\n",
        ),
        Ok(verdict) => advice(&mut text, verdict, &it.now),
    }
    text
}

/// What was read, what was predicted and what came.
pub(super) fn show(text: &mut String, it: &Evidence) {
    read(text, if it.journal.is_some() { "events" } else { "rows" }, &it.records);
    if let Some(why) = &it.journal {
        journal(text, &it.now, why);
    }
    let Ok(verdict) = &it.verdict else { return };
    let kept = match (verdict.kept.started, verdict.kept.finished) {
        (true, true) => "when it began and when it was over",
        (true, false) => "when it began, not when it was over",
        _ => "when it was over, not when it began",
    };
    let _ = writeln!(
        text,
        "{} pieces of work in {} whole weeks; recorded is {kept}; {} % of lengths are imputed",
        verdict.items,
        verdict.weeks,
        number(100.0 * verdict.imputed)
    );
    let _ = writeln!(
        text,
        "foretold {} times, each from what was known on the day it begins, as {}; one band for everything, \
         made so that a true model leaves it anywhere in one case of ten:",
        verdict.blocks.len(),
        it.now
    );
    for block in &verdict.blocks {
        let day = |at_ms: i64| Timestamp(at_ms).to_string().chars().take(10).collect::<String>();
        let _ = writeln!(text, "  {} to {}", day(block.span.from_ms), day(block.span.to_ms));
        for row in &block.rows {
            line(text, row);
        }
    }
    let (model, persistence) = verdict.scores;
    let _ = writeln!(
        text,
        "score {} beside {} of repeating the weeks before (CRPS of ln(1+x); smaller is better)",
        number(model),
        number(persistence)
    );
    let (share, (low, high)) = (verdict.rank.share, verdict.rank.between);
    let _ = writeln!(
        text,
        "what came lies further off than {} % of lives of this model do ({} to {} %, because lives are drawn by \
         chance); above {} % nothing is compared{}\n",
        number(100.0 * share),
        number(100.0 * low),
        number(100.0 * high),
        number(100.0 * CONFIDENCE),
        if verdict.rank.is_at_edge(CONFIDENCE) {
            ". That is at the edge: another seed may say otherwise, so lean on neither answer"
        } else {
            ""
        }
    );
    eras::show(text, &it.eras, it.transfer.as_ref());
}

pub(super) fn line(text: &mut String, row: &Row) {
    let [low, middle, high] = row.band.map(number);
    let mark = if row.holds() { "" } else { "  <- off" };
    let came = number(row.observed);
    let title = row.sign.title();
    let _ = writeln!(
        text,
        "    {title:20} came {came:>7}, foretold {middle:>7} ({low} to {high}){mark}"
    );
}

fn read(text: &mut String, what: &str, records: &Records) {
    let used: Vec<String> =
        records.used.iter().map(|(what, name)| format!("{what} from `{name}`")).collect();
    let _ = writeln!(text, "{} {what} read: {}", records.rows, used.join(", "));
    for (why, (rows, line)) in &records.lost {
        let first = if *line > 0 { format!(", first in line {line}") } else { String::new() };
        let _ = writeln!(text, "  {rows} left out: {why}{first}");
    }
}

/// What a journal does not hold, and by what a structure was taken to be in force.
fn journal(text: &mut String, now: &str, why: &str) {
    if !why.is_empty() {
        let _ = writeln!(
            text,
            "taken as in force: {now}, because {why}; if that is wrong, write `now` under `records`"
        );
    }
    for (what, then) in worklog::NOT_HELD {
        let _ = writeln!(text, "  not in the journal: {what}; {then}");
    }
}

fn advice(text: &mut String, verdict: &Verdict, now: &str) {
    let off = verdict.off();
    if off.is_empty() && verdict.span > SPAN_MAX {
        let _ = writeln!(
            text,
            "Nothing was outside, but the band reaches from one to {} times: with so few and such \
             different pieces of work hardly anything could have been off. That is no evidence. More \
             weeks, or records of when work began and how long it took, would make it one.",
            number(verdict.span)
        );
        return;
    }
    if off.is_empty() {
        text.push_str(
            "Everything was inside the band, but repeating the weeks before would have been the better \
             forecast: the simulation knows less than the last month does.\n",
        );
    } else {
        let mut names: Vec<&str> = off.iter().map(|it| it.1.sign.title()).collect();
        names.sort_unstable();
        names.dedup();
        let _ = writeln!(text, "Off: {}.", names.join("; "));
        let page = |it: &(usize, Row)| matches!(it.1.sign, Sign::PageWaitP90 | Sign::PageDoneP90);
        if off.iter().any(page) {
            text.push_str(
                "Pages are off, so ask first whether somebody gets up at night for them (`answer_at_night`; in \
                 ad-hoc nobody does).\n",
            );
        }
    }
    let _ = writeln!(
        text,
        "A comparison would rest on a model that does not know your past. Look first at: whether `{now}` \
         was in force all the time and with how many people; working hours and zones; items nobody \
         closes; work that is not in the records; the lengths under `work`, where none are recorded."
    );
}

/// For programs.
pub(super) fn json(it: &Evidence) -> Value {
    let lost: Vec<Value> = it
        .records
        .lost
        .iter()
        .map(|(why, (rows, line))| json!({ "reason": why, "rows": rows, "first_line": line }))
        .collect();
    let verdict = match &it.verdict {
        Err(reason) => json!({ "passed": false, "reason": reason }),
        Ok(verdict) => json!({
            "passed": verdict.passed,
            "band_span": verdict.span,
            "items": verdict.items,
            "weeks": verdict.weeks,
            "imputed_share": verdict.imputed,
            "rank": verdict.rank.share,
            "rank_between": [verdict.rank.between.0, verdict.rank.between.1],
            "score": verdict.scores.0,
            "persistence_score": verdict.scores.1,
            "blocks": verdict.blocks.iter().map(block).collect::<Value>(),
        }),
    };
    json!({
        "now": it.now,
        "journal": it.journal.as_ref().map(|why| json!({
            "guessed_because": Some(why).filter(|it| !it.is_empty()),
            "not_held": crate::records::not_held(),
        })),
        "rows": it.records.rows,
        "lost": lost,
        "verdict": verdict,
        "eras": eras::json(&it.eras, it.transfer.as_ref()),
    })
}

pub(super) fn block(block: &Block) -> Value {
    json!({
        "from": Timestamp(block.span.from_ms).to_string(),
        "to": Timestamp(block.span.to_ms).to_string(),
        "length_factor": block.factor,
        "signs": block.rows.iter().map(|row| json!({
            "sign": row.sign.key(),
            "observed": row.observed,
            "low": row.band[0],
            "foretold": row.band[1],
            "high": row.band[2],
            "inside": row.holds(),
            "score": row.score,
            "persistence_score": row.persistence,
        })).collect::<Value>(),
    })
}
