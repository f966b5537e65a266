//! Hours on duty and what they are paid: one's own lines, and for administrators everybody's.
//!
//! Whoever is no administrator sees how much the others have without their names: enough to see whether a
//! load is fair, and nothing about anybody.

use crate::Context;
use crate::access::Principal;
use crate::api::problem;
use crate::show::Clockface;
use crate::views::layout;
use axum::Extension;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use engine::Role;
use maud::{Markup, html};
use model::{Millis, Pay, PersonId, RotaId, Timestamp};
use oncall::timesheet::{Hours, csv, money, table};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// Overrides are kept for a hundred days; before, shifts cannot be known as they were.
const BACK_MAX: Millis = Millis::from_days(95);
/// The longest table.
const LENGTH_MAX: Millis = Millis::from_days(400);

#[derive(Deserialize)]
pub(crate) struct Range {
    from: Option<String>,
    to: Option<String>,
    rota: Option<String>,
}

/// The lines that somebody may see, and what the others have, without names.
struct Seen {
    from: Timestamp,
    to: Timestamp,
    lines: BTreeMap<(PersonId, RotaId), Hours>,
    /// Minutes of every person, sorted.
    minutes: Vec<i64>,
    pay: Option<Pay>,
}

fn seen(context: &Context, who: &Principal, range: &Range) -> Result<Seen, &'static str> {
    let now = context.clock.now();
    let time = |it: &Option<String>| match it.as_deref().filter(|it| !it.trim().is_empty()) {
        None => Ok(None),
        Some(it) => Timestamp::parse_rfc3339(it).map(Some).ok_or("this is not a time"),
    };
    let to = time(&range.to)?.unwrap_or(now);
    let from = time(&range.from)?.unwrap_or_else(|| to.minus(Millis::from_days(28)));
    if to <= from || to.since(from) > LENGTH_MAX {
        return Err("ask for a time between a moment and 400 days");
    }
    if from < now.minus(BACK_MAX) {
        return Err(
            "changes by hand are kept for a hundred days; ask for a later time, or keep the tables",
        );
    }
    let state = context.handle.state();
    let (Some(catalogue), Some(duties)) = (state.catalogue(), state.duties(&context.zones)) else {
        return Err("nothing is configured");
    };
    let wanted =
        |id: &RotaId| range.rota.as_ref().is_none_or(|it| it.is_empty() || id.as_str() == it);
    let mut lines = table(catalogue, &duties, from, to);
    lines.retain(|(_, rota), _| wanted(rota));
    let mut each: BTreeMap<&PersonId, i64> = BTreeMap::new();
    for ((person, _), it) in &lines {
        *each.entry(person).or_default() += it.minutes;
    }
    let mut minutes: Vec<i64> = each.into_values().collect();
    minutes.sort_unstable();
    let lead = matches!(who, Principal::Person { role: Role::Admin, .. });
    lines.retain(|(person, _), _| lead || Some(person) == who.person());
    Ok(Seen { from, to, lines, minutes, pay: catalogue.pay.clone() })
}

fn refused(told: &str) -> Response {
    let hint = "write times as 2026-11-21T03:00:00Z";
    problem(StatusCode::BAD_REQUEST, "invalid", told, hint)
}

/// `GET /api/v1/hours?from=…&to=…&rota=…`
pub(crate) async fn hours(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Query(range): Query<Range>,
) -> Response {
    let seen = match seen(&context, &who, &range) {
        Ok(seen) => seen,
        Err(told) => return refused(told),
    };
    let line = |((person, rota), it): (&(PersonId, RotaId), &Hours)| {
        json!({ "person": person, "rota": rota, "shifts": it.shifts, "minutes": it.minutes,
            "night_minutes": it.night_minutes, "weekend_minutes": it.weekend_minutes,
            "holiday_minutes": it.holiday_minutes,
            "amount": seen.pay.as_ref().map(|pay| money(it.cents(pay))) })
    };
    Json(json!({ "from": seen.from.to_string(), "to": seen.to.to_string(),
        "currency": seen.pay.as_ref().map(|it| &it.currency),
        "lines": seen.lines.iter().map(line).collect::<Vec<_>>(),
        "minutes_of_each": seen.minutes }))
    .into_response()
}

/// `GET /api/v1/hours.csv?from=…&to=…&rota=…`
pub(crate) async fn hours_csv(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Query(range): Query<Range>,
) -> Response {
    match seen(&context, &who, &range) {
        Ok(seen) => {
            let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
            (headers, csv(&seen.lines, seen.pay.as_ref())).into_response()
        }
        Err(told) => refused(told),
    }
}

/// `GET /hours`
pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Query(range): Query<Range>,
) -> Markup {
    let Some(reader) = who.person().cloned() else { return html! {} };
    let main = body(&context, &who, &reader, &range);
    layout::full(&context, &reader, "/hours", "Hours", &main)
}

fn body(context: &Context, who: &Principal, reader: &PersonId, range: &Range) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let seen = match seen(context, who, range) {
        Ok(seen) => seen,
        Err(told) => return html! { h1 { "Hours" } p.card.fire { (told) } (asking(range)) },
    };
    let state = context.handle.state();
    let name = |id: &PersonId| {
        state.catalogue().map_or_else(|| id.to_string(), |it| it.name_of(id).to_owned())
    };
    let (from, to) = (seen.from.to_string(), seen.to.to_string());
    html! {
        h1 { "Hours on duty" }
        p.soft { (face.time(seen.from)) " to " (face.time(seen.to)) ", by the rotas as they are now and all changes by hand. Nights are 22:00 to 07:00 where the person is." }
        div.scroll tabindex="0" { table {
            thead { tr { th { "Who" } th { "Rota" } th { "All" } th { "Nights" } th { "Weekends" } th { "Holidays" }
                @if let Some(pay) = &seen.pay { th { (pay.currency) } } } }
            tbody { @for ((person, rota), it) in &seen.lines { tr {
                td { (name(person)) }
                td { (rota) }
                td { (clock(it.minutes)) }
                td { (clock(it.night_minutes)) }
                td { (clock(it.weekend_minutes)) }
                td { (clock(it.holiday_minutes)) }
                @if let Some(pay) = &seen.pay { td { (money(it.cents(pay))) } }
            } } }
        } }
        @if seen.minutes.len() > 1 {
            p { "Everybody, without names, least first: "
                @for (at, it) in seen.minutes.iter().enumerate() { @if at > 0 { ", " } (clock(*it)) } }
        }
        p { a href={ "/api/v1/hours.csv?from=" (from) "&to=" (to) } { "As a table for the payroll (CSV)" } }
        (asking(range))
    }
}

fn asking(range: &Range) -> Markup {
    let value = |it: &Option<String>| it.clone().unwrap_or_default();
    html! {
        form.stack.card method="get" action="/hours" {
            label for="hours-from" { "From when?" }
            input id="hours-from" name="from" maxlength="40" value=(value(&range.from)) placeholder="2026-11-01T00:00:00Z";
            label for="hours-to" { "Until when?" }
            input id="hours-to" name="to" maxlength="40" value=(value(&range.to)) placeholder="2026-12-01T00:00:00Z";
            p { button { "Show" } }
        }
    }
}

/// Hours and minutes.
fn clock(minutes: i64) -> String {
    format!("{}:{:02}", minutes / 60, minutes % 60)
}
