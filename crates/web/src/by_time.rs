//! Which part of a budget went while something happened: a plain sum of minutes beside who spent it.
//!
//! Intuition: who spent it is arithmetic over members and sums to the whole; when it was spent is only a
//! calendar. What burned during an incident may have burned because of it or not, and two things may happen at
//! the same time: then both lines name the other, and the sum of all counts each minute once.
//!
//! Invariant: every figure is a sum of minutes that count; how coarse they are kept is said beside it.

use crate::Context;
use crate::show::{self, Clockface};
use engine::State;
use maud::{Markup, html};
use model::{FeatureId, Millis, PersonId, Timestamp};
use serde_json::{Value, json};
use slo::Board;

/// How long after a change what fails is shown with it.
const AFTER_CHANGE: i64 = 30;
/// Incidents and changes that are shown, each; the rest is counted.
const SHOWN_MAX: usize = 12;

/// Something that happened within the window of a budget.
pub(crate) struct Happened {
    what: What,
    title: String,
    /// Its first minute.
    pub(crate) from: i64,
    /// Its last minute.
    to: i64,
    failed: u64,
    /// Of everything that failed in the window.
    share: Option<f64>,
    /// Numbers of the others, from 1, with which it shares minutes.
    overlaps: Vec<usize>,
}

enum What {
    Incident { id: String, open: bool },
    Change { id: String, link: Option<String> },
}

impl Happened {
    pub(crate) fn class(&self) -> &'static str {
        match self.what {
            What::Incident { .. } => "i",
            What::Change { .. } => "c",
        }
    }

    /// How finely minutes of that age are kept.
    fn grain(&self, end_minute: i64) -> &'static str {
        match end_minute - self.from {
            ..=300 => "by the minute",
            301..=4_260 => "by 5 minutes",
            _ => "by whole hours",
        }
    }
}

/// Everything that happened, oldest first, and how much failed in all of it together.
pub(crate) struct Calendar {
    pub(crate) happened: Vec<Happened>,
    left_out: usize,
    together: u64,
    failed: u64,
    end_minute: i64,
}

/// What happened to `feature` in its window.
pub(crate) fn calendar(
    board: &Board,
    state: &State,
    feature: &FeatureId,
    end_minute: i64,
) -> Calendar {
    let passed = board.span(feature, end_minute).map_or(Millis::ZERO, |it| it.passed);
    let start = end_minute + 1 - passed.whole_mins();
    let sum = |from: i64, to: i64| {
        let (from, to) = (from.max(start), to.min(end_minute));
        if from > to {
            return 0;
        }
        board.counted_window(feature, to, Millis::from_mins(to - from + 1)).bad
    };
    let failed = sum(start, end_minute);
    let incidents =
        state.incidents.values().rev().filter(|it| it.feature.as_ref() == Some(feature));
    let incidents = incidents.filter_map(|it| {
        let from = it.opened_at.minute();
        let to = it.resolved.as_ref().map_or(end_minute, |(at, _)| at.minute());
        let what = What::Incident { id: it.id.to_string(), open: it.is_open() };
        (to >= start).then(|| (what, it.title.clone(), from, to))
    });
    let changes = state.watching.changes.iter().rev().filter(|(_, it)| {
        it.feature.as_ref() == Some(feature)
            || it.feature.is_none() && concerns(state, feature, it.service.as_ref())
    });
    let changes = changes.filter_map(|(id, it)| {
        let from = it.at.minute();
        let what = What::Change { id: id.to_string(), link: it.link.clone() };
        (from >= start).then(|| (what, it.summary.clone(), from, from + AFTER_CHANGE - 1))
    });
    let (incidents, changes): (Vec<_>, Vec<_>) = (incidents.collect(), changes.collect());
    let left_out =
        incidents.len().saturating_sub(SHOWN_MAX) + changes.len().saturating_sub(SHOWN_MAX);
    let all = incidents.into_iter().take(SHOWN_MAX).chain(changes.into_iter().take(SHOWN_MAX));
    let mut happened: Vec<Happened> = all
        .map(|(what, title, from, to)| {
            let spent = sum(from, to);
            let share = show_share(spent, failed);
            Happened { what, title, from, to, failed: spent, share, overlaps: vec![] }
        })
        .collect();
    happened.sort_by_key(|it| (it.from, it.to));
    let ranges: Vec<(i64, i64)> = happened.iter().map(|it| (it.from, it.to)).collect();
    for (place, it) in happened.iter_mut().enumerate() {
        let meets = |(other, range): (usize, &(i64, i64))| {
            (other != place && range.0 <= it.to && it.from <= range.1).then_some(other + 1)
        };
        it.overlaps = ranges.iter().enumerate().filter_map(meets).collect();
    }
    let together = merged(&ranges).into_iter().map(|(from, to)| sum(from, to)).sum();
    Calendar { happened, left_out, together, failed, end_minute }
}

/// Whether a change of `service`, or of nothing that is named, may concern the feature.
fn concerns(state: &State, feature: &FeatureId, service: Option<&model::ServiceId>) -> bool {
    let Some(service) = service else { return false };
    let found = state.catalogue().and_then(|it| it.features.get(feature));
    found.is_some_and(|it| it.needs.slos().iter().any(|slo| slo.service == *service))
}

#[expect(clippy::cast_precision_loss, reason = "a share in percent")]
fn show_share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Stretches that touch, as one.
fn merged(ranges: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut found: Vec<(i64, i64)> = vec![];
    for (from, to) in ranges {
        match found.last_mut() {
            Some(last) if *from <= last.1 + 1 => last.1 = last.1.max(*to),
            _ => found.push((*from, *to)),
        }
    }
    found
}

/// For programs.
pub(crate) fn json(it: &Calendar) -> Value {
    let one = |(place, one): (usize, &Happened)| {
        let (kind, id, after) = match &one.what {
            What::Incident { id, .. } => ("incident", id, None),
            What::Change { id, .. } => ("change", id, Some(AFTER_CHANGE)),
        };
        json!({
            "number": place + 1, "kind": kind, "id": id, "title": one.title,
            "from": Timestamp::from_minute(one.from).to_string(),
            "to": Timestamp::from_minute(one.to + 1).to_string(), "minutes_after": after,
            "failed": one.failed, "share": one.share, "overlaps": one.overlaps,
            "grain": one.grain(it.end_minute),
        })
    };
    json!({
        "failed": it.failed, "together": it.together,
        "together_share": show_share(it.together, it.failed), "left_out": it.left_out,
        "happened": it.happened.iter().enumerate().map(one).collect::<Vec<_>>(),
    })
}

/// The numbers of the picture as a list.
pub(crate) fn list(context: &Context, reader: &PersonId, happened: &[Happened]) -> Markup {
    if happened.is_empty() {
        return html! {};
    }
    let face = Clockface::of(context, Some(reader));
    html! {
        ol.numbers { @for it in happened {
            li {
                @match &it.what {
                    What::Incident { id, open } => {
                        a href={ "/incidents/" (id) } { (it.title) } " (" (id)
                        @if *open { ", " strong.bad { "open" } } ")"
                    }
                    What::Change { id, link } => {
                        "Change "
                        @match link {
                            Some(link) => { a href=(link) rel="noreferrer" { (it.title) } }
                            None => { (it.title) }
                        }
                        " (" (id) ")"
                    }
                }
                ", " (face.time(Timestamp::from_minute(it.from)))
            }
        } }
    }
}

/// What was spent when, in the section about who spent it.
pub(crate) fn section(it: &Calendar) -> Markup {
    if it.happened.is_empty() || it.failed == 0 {
        return html! {};
    }
    let percent = |share: Option<f64>| share.map_or("?".to_owned(), show::percent);
    html! {
        h3 { "When it was spent" }
        div.scroll tabindex="0" { table {
            thead { tr { th { "While" } th { "Failed" } th { "Of the spend" } } }
            tbody { @for (place, one) in it.happened.iter().enumerate() {
                tr {
                    td { (place + 1) ". "
                        @match &one.what {
                            What::Incident { id, .. } => { "within " (id) }
                            What::Change { id, .. } => { "within 30 minutes after " (id) }
                        }
                        @if !one.overlaps.is_empty() {
                            span.soft { ", overlaps "
                                @for (place, other) in one.overlaps.iter().enumerate() {
                                    @if place > 0 { ", " } (other)
                                }
                            }
                        }
                    }
                    td { (one.failed) }
                    td { (percent(one.share)) " " span.soft { (one.grain(it.end_minute)) } }
                }
            } }
        } }
        p.soft { "Together, each minute once: " (it.together) " of " (it.failed) " failures, "
            (percent(show_share(it.together, it.failed))) ". What failed at that time need not have failed because of it."
            @if it.left_out > 0 { " " (it.left_out) " older ones are left out." } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_minute_counts_once() {
        assert_eq!(merged(&[(1, 5), (3, 4), (6, 9), (20, 22)]), [(1, 9), (20, 22)]);
        assert_eq!(merged(&[]), []);
    }
}
