//! How times, budgets and charts are shown.

use crate::Context;
use jiff::tz::TimeZone;
use maud::{Markup, PreEscaped, html};
use model::{PersonId, Timestamp};
use slo::{Assessment, ConditionState, Slice};
use std::fmt::Write as _;

/// Times as one reader sees them.
pub(crate) struct Clockface {
    zone: TimeZone,
    /// The zone's name, shown once at the foot of every view.
    pub(crate) name: String,
    pub(crate) now: Timestamp,
}

impl Clockface {
    /// The reader's own zone, or UTC.
    pub(crate) fn of(context: &Context, person: Option<&PersonId>) -> Self {
        let state = context.handle.state();
        let person = person.and_then(|it| state.catalogue()?.people.get(it));
        Self::of_zone(context, person.map_or("UTC", |it| &it.timezone))
    }

    /// A zone by its name, or UTC.
    pub(crate) fn of_zone(context: &Context, name: &str) -> Self {
        let name = name.to_owned();
        let zone = context.zones.get(&name).unwrap_or(TimeZone::UTC);
        Self { zone, name, now: context.clock.now() }
    }

    /// `Mon 23 Nov 10:02`, with the exact time for machines.
    pub(crate) fn time(&self, at: Timestamp) -> Markup {
        let local = at.to_jiff().to_zoned(self.zone.clone());
        html! { time datetime=(at) { (local.strftime("%a %-d %b %H:%M")) } }
    }

    /// The same in plain words.
    pub(crate) fn words(&self, at: Timestamp) -> String {
        at.to_jiff().to_zoned(self.zone.clone()).strftime("%a %-d %b %H:%M").to_string()
    }

    /// `4m 10s ago`, for what is recent.
    pub(crate) fn ago(&self, at: Timestamp) -> Markup {
        html! { time datetime=(at) { (self.now.since(at)) " ago" } }
    }
}

/// A time where no reader is known.
pub(crate) fn utc(at: Timestamp) -> String {
    at.to_jiff().strftime("%a %-d %b %H:%M UTC").to_string()
}

/// The budget in words.
pub(crate) fn budget_words(assessment: Option<&Assessment>) -> String {
    let Some(spent) = assessment.and_then(|it| it.budget.spent_ratio) else {
        return "Not measured yet, so nothing is known.".to_owned();
    };
    if spent >= 2.0 {
        return format!("The budget is used {spent:.0} times over.");
    }
    if spent > 1.0 {
        return format!("The budget is overspent: {} of it is used.", percent(spent));
    }
    format!("{} of the budget is left.", percent(1.0 - spent))
}

/// A share as a person reads it: coarse where it is large, finer where it matters.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent.abs() >= 10.0 || percent == 0.0 {
        format!("{percent:.0}%")
    } else if percent.abs() >= 1.0 {
        format!("{percent:.1}%")
    } else {
        format!("{percent:.2}%")
    }
}

/// The budget as a bar, with the words beside it for those who do not see it.
pub(crate) fn budget_bar(assessment: Option<&Assessment>) -> Markup {
    let spent = assessment.and_then(|it| it.budget.spent_ratio);
    let left = spent.map_or(0.0, |it| (1.0 - it).clamp(0.0, 1.0) * 100.0);
    let empty = spent.is_some_and(|it| it >= 1.0);
    html! {
        span.bar aria-hidden="true" {
            @if empty { i.out style="width:100%" {} }
            @else { i style={ "width:" (format!("{left:.1}")) "%" } {} }
        }
    }
}

/// What the conditions say, in a word and a shape.
pub(crate) fn standing(assessment: Option<&Assessment>) -> Markup {
    let state = |severity| assessment.map(|it| it.state(severity));
    match (state(model::Severity::Page), state(model::Severity::Ticket)) {
        (Some(ConditionState::Firing), _) => html! { span.tag.bad { "▲ burning fast" } },
        (_, Some(ConditionState::Firing)) if assessment.is_some_and(Assessment::is_uncertain) => {
            html! { span.tag.bad { "△ burning, not certain" } }
        }
        (_, Some(ConditionState::Firing)) => html! { span.tag.bad { "△ burning slowly" } },
        (Some(ConditionState::Unmeasured) | None, _) => html! { span.tag.soft { "? unmeasured" } },
        _ if assessment.is_some_and(|it| it.conditions.is_empty()) => {
            let unmeasured = assessment.is_some_and(|it| it.standing.unmeasured.is_some());
            html! { span.tag.soft { @if unmeasured { "? unmeasured" } @else { "alerts nobody" } } }
        }
        _ => html! { span.tag.ok { "● quiet" } },
    }
}

/// One bar of a chart.
pub(crate) enum Bar {
    /// Nothing is known.
    Unknown,
    /// This share failed.
    Failed(f64),
}

/// Bars of failed shares; one of twice the budget rate or more is full height. Unknown is dashed,
/// never a missing bar.
pub(crate) fn chart(label: &str, bars: &[Bar], budget_ratio: f64) -> Markup {
    const HEIGHT: f64 = 40.0;
    let (mut good, mut bad, mut unknown) = (String::new(), String::new(), String::new());
    for (place, bar) in bars.iter().enumerate() {
        let x = place * 4 + 2;
        match bar {
            Bar::Unknown => {
                let _ = write!(unknown, "M{x} 40v-8");
            }
            Bar::Failed(share) => {
                // Below what the promise allows a bar is quiet, above it is red.
                let height = (share / budget_ratio / 2.0 * HEIGHT).clamp(2.0, HEIGHT);
                let line = if *share > budget_ratio { &mut bad } else { &mut good };
                let _ = write!(line, "M{x} 40v-{height:.0}");
            }
        }
    }
    let view = format!("0 0 {} 40", bars.len().max(1) * 4);
    let path = |class: &str, data: &str| {
        if data.is_empty() {
            return PreEscaped(String::new());
        }
        html! { path class=(class) d=(data) stroke-width="3" fill="none" {} }
    };
    html! {
        svg viewBox=(view) role="img" aria-label=(label) preserveAspectRatio="none" {
            (path("u", &unknown)) (path("g", &good)) (path("b", &bad))
        }
    }
}

/// Minutes as bars of `width` minutes each.
#[expect(clippy::cast_precision_loss, reason = "a chart needs no exact counts")]
pub(crate) fn minute_bars(minutes: &[(i64, Slice)], width: usize) -> Vec<Bar> {
    let bar = |part: &[(i64, Slice)]| {
        let known = part.iter().filter_map(|(_, it)| match it {
            Slice::Known(counts) => Some(counts),
            Slice::Unknown => None,
        });
        let (mut bad, mut total, mut any) = (0, 0, false);
        for it in known {
            bad += it.bad;
            total += it.total;
            any = true;
        }
        match (any, total) {
            (false, _) => Bar::Unknown,
            (true, 0) => Bar::Failed(0.0),
            (true, total) => Bar::Failed(bad as f64 / total as f64),
        }
    };
    minutes.chunks(width).map(bar).collect()
}
