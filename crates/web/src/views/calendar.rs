//! The calendar of duty: day by day, in two zones side by side, for a telephone and for the wall.
//!
//! Intuition: the sheet on the kitchen door. Every day has a line per shift, the same moment stands beside it
//! as it is in the other town, and where nobody is on duty the sheet is red. Rejected: a grid of coloured bars,
//! which needs a wide screen, says nothing on paper, and hides who it is about from whoever sees no colours.
//!
//! Invariants:
//! - a day is a day in the first zone, of 23 or 25 hours where it is one;
//! - red is said in words, too.

use crate::Context;
use crate::access::Principal;
use crate::views::layout;
use axum::Extension;
use axum::extract::{Query, State};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Zoned};
use maud::{Markup, html};
use model::{Catalogue, PersonId, RotaId, Timestamp};
use oncall::{Duties, Shift};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Weeks shown where nothing is said, and at most.
const WEEKS: i64 = 2;
const WEEKS_MAX: i64 = 12;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Asked {
    rota: String,
    zone: String,
    who: String,
    from: String,
    weeks: String,
}

/// `/oncall/calendar`
pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Query(asked): Query<Asked>,
) -> Markup {
    let Some(reader) = who.person().cloned() else { return html! {} };
    let main = body(&context, &reader, &asked);
    layout::full(&context, &reader, "/oncall", "Calendar", &main)
}

/// Two clocks.
struct Clocks {
    own: (String, TimeZone),
    other: (String, TimeZone),
}

impl Clocks {
    fn of(context: &Context, catalogue: &Catalogue, reader: &PersonId, asked: &Asked) -> Self {
        let zone = |name: &str| (name.to_owned(), context.zones.get(name).unwrap_or(TimeZone::UTC));
        let own = catalogue.people.get(reader).map_or("UTC", |it| it.timezone.as_str());
        // The other one is where somebody else is; UTC where everybody is in one place.
        let elsewhere = catalogue.people.values().map(|it| it.timezone.as_str());
        let elsewhere = elsewhere.filter(|it| *it != own).min().unwrap_or("UTC");
        let known = context.zones.get(&asked.zone).is_some();
        Self { own: zone(own), other: zone(if known { &asked.zone } else { elsewhere }) }
    }

    fn day(&self, at: Timestamp) -> Date {
        at.to_jiff().to_zoned(self.own.1.clone()).date()
    }

    fn midnight(&self, day: Date) -> Option<Timestamp> {
        let start = day.to_zoned(self.own.1.clone()).ok()?.start_of_day().ok()?;
        Some(Timestamp::from_jiff(start.timestamp()))
    }
}

/// From when until when, by one clock; what is on another day than `day` says so.
fn span(zone: &TimeZone, day: Date, from: Timestamp, to: Timestamp) -> String {
    let local = |at: Timestamp| at.to_jiff().to_zoned(zone.clone());
    let told = |it: &Zoned, ends: bool| {
        let midnight = ends && it.hour() == 0 && it.minute() == 0;
        let date = if midnight { it.date().yesterday().unwrap_or(it.date()) } else { it.date() };
        let clock = if midnight { "24:00".to_owned() } else { it.strftime("%H:%M").to_string() };
        if date == day { clock } else { format!("{} {clock}", date.strftime("%a")) }
    };
    format!("{}–{}", told(&local(from), false), told(&local(to), true))
}

fn body(context: &Context, reader: &PersonId, asked: &Asked) -> Markup {
    let state = context.handle.state();
    let (Some(catalogue), Some(duties)) = (state.catalogue(), state.duties(&context.zones)) else {
        return html! { h1 { "Calendar" } };
    };
    let clocks = Clocks::of(context, catalogue, reader, asked);
    let today = clocks.day(context.clock.now());
    let first = asked.from.parse::<Date>().unwrap_or(today);
    let monday = i64::from(first.weekday().to_monday_zero_offset());
    let first = first.checked_sub(monday.days()).unwrap_or(first);
    let weeks = asked.weeks.parse::<i64>().unwrap_or(WEEKS).clamp(1, WEEKS_MAX);
    let mine = asked.who == "me";
    let rotas: Vec<&RotaId> = catalogue
        .rotas
        .keys()
        .filter(|it| asked.rota.is_empty() || it.as_str() == asked.rota)
        .collect();
    html! {
        h1 { "Calendar" }
        (choices(catalogue, asked, &clocks, first, weeks))
        @for rota in rotas {
            section.card.sheet aria-label={ "Calendar of " (rota) } {
                h2 style="margin-top:0" { (rota) }
                @for week in 0..weeks {
                    @if let Ok(start) = first.checked_add((week * 7).days()) {
                        (week_table(&Sheet { catalogue, duties: &duties, rota, clocks: &clocks, today, only: mine.then_some(reader) }, start))
                    }
                }
            }
        }
    }
}

fn choices(
    catalogue: &Catalogue,
    asked: &Asked,
    clocks: &Clocks,
    first: Date,
    weeks: i64,
) -> Markup {
    let zones: BTreeSet<&str> = catalogue
        .people
        .values()
        .map(|it| it.timezone.as_str())
        .chain(catalogue.rotas.values().map(|it| it.timezone.as_str()))
        .chain(["UTC"])
        .collect();
    let other = |weeks_on: i64| first.checked_add((weeks_on * 7).days()).unwrap_or(first);
    let link = |from: Date| {
        format!(
            "/oncall/calendar?rota={}&zone={}&who={}&weeks={weeks}&from={from}",
            asked.rota, clocks.other.0, asked.who
        )
    };
    html! {
        p.noprint {
            a href=(link(other(-weeks))) { "Earlier" } " · "
            a href=(link(other(weeks))) { "Later" } " · "
            a href="/oncall" { "On-call" }
        }
        details.noprint {
            summary { "Choose" }
            form method="get" action="/oncall/calendar" {
                label { "Rota" select name="rota" {
                    option value="" { "all" }
                    @for id in catalogue.rotas.keys() { option value=(id) selected[id.as_str() == asked.rota] { (id) } }
                } }
                label { "Beside it" select name="zone" {
                    @for zone in zones { option value=(zone) selected[zone == clocks.other.0] { (zone) } }
                } }
                label { "Whose" select name="who" {
                    option value="" { "everybody's" }
                    option value="me" selected[asked.who == "me"] { "mine" }
                } }
                label { "From" input type="date" name="from" value=(first); }
                label { "Weeks" input type="number" name="weeks" min="1" max=(WEEKS_MAX) value=(weeks); }
                button { "Show" }
            }
        }
    }
}

struct Sheet<'a> {
    catalogue: &'a Catalogue,
    duties: &'a Duties<'a>,
    rota: &'a RotaId,
    clocks: &'a Clocks,
    today: Date,
    /// Whose shifts alone are shown; gaps are shown to everybody.
    only: Option<&'a PersonId>,
}

fn week_table(sheet: &Sheet<'_>, monday: Date) -> Markup {
    let days = (0..7).filter_map(|it| monday.checked_add(i64::from(it).days()).ok());
    let rows: Vec<(Date, Vec<Line>)> = days.map(|day| (day, lines(sheet, day))).collect();
    html! {
        @if rows.iter().any(|(_, lines)| !lines.is_empty()) {
            div.scroll tabindex="0" { table.calendar {
                thead { tr { th { "Day" } th { (place(&sheet.clocks.own.0)) } th { (place(&sheet.clocks.other.0)) } th { "Who" } } }
                @for (day, lines) in rows { @if !lines.is_empty() {
                    tbody.today[day == sheet.today] {
                        @for (number, line) in lines.iter().enumerate() {
                            tr.gap[line.gap] {
                                @if number == 0 { th scope="rowgroup" rowspan=(lines.len()) { (day.strftime("%a %-d %b")) } }
                                td { (line.own) }
                                td { (line.other) }
                                td { @if line.gap { strong.bad { "nobody" } } @else { (line.who) } }
                            }
                        }
                    }
                } }
            } }
        }
    }
}

/// `Los Angeles` of `America/Los_Angeles`.
fn place(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}

struct Line {
    own: String,
    other: String,
    who: String,
    gap: bool,
}

/// What stands on one day, oldest first.
fn lines(sheet: &Sheet<'_>, day: Date) -> Vec<Line> {
    let tomorrow = day.tomorrow().ok().and_then(|it| sheet.clocks.midnight(it));
    let (Some(from), Some(to)) = (sheet.clocks.midnight(day), tomorrow) else { return vec![] };
    let names = |it: &Shift| {
        let names: Vec<&str> = it.people.iter().map(|it| sheet.catalogue.name_of(it)).collect();
        names.join(", ")
    };
    let mut found: Vec<(Timestamp, Timestamp, String, bool)> = vec![];
    for it in sheet.duties.shifts(sheet.rota, from, to) {
        let wanted = sheet.only.is_none_or(|who| it.people.contains(who));
        if it.is_gap() || !wanted {
            continue;
        }
        let (starts, ends, who) = (it.starts.max(from), it.ends.min(to), names(&it));
        match found.last_mut() {
            // A turn that ends in the same hands is no change.
            Some(last) if last.1 == starts && last.2 == who => last.1 = ends,
            _ => found.push((starts, ends, who, false)),
        }
    }
    for gap in sheet.duties.gaps(sheet.rota, from, to) {
        let (starts, ends) = (gap.starts.max(from), gap.ends.min(to));
        if starts < ends {
            found.push((starts, ends, String::new(), true));
        }
    }
    found.sort();
    let line = |(starts, ends, who, gap): (Timestamp, Timestamp, String, bool)| {
        let span = |zone: &TimeZone| span(zone, day, starts, ends);
        Line { own: span(&sheet.clocks.own.1), other: span(&sheet.clocks.other.1), who, gap }
    };
    found.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(zone: &str, day: &str, from: &str, to: &str, expected: &str) {
        let zone = oncall::Zones::bundled().get(zone).unwrap();
        let at = |it: &str| Timestamp::parse_rfc3339(it).unwrap();
        assert_eq!(span(&zone, day.parse().unwrap(), at(from), at(to)), expected);
    }

    #[test]
    fn a_span_is_told_by_a_clock_on_the_wall() {
        let (from, to) = ("2026-11-23T08:00:00Z", "2026-11-24T08:00:00Z");
        check("America/Los_Angeles", "2026-11-23", from, to, "00:00–24:00");
        check("Africa/Nairobi", "2026-11-23", from, to, "11:00–Tue 11:00");
        check("Europe/Paris", "2026-11-24", from, to, "Mon 09:00–09:00");
        // The night of the change, in Paris: from midnight to midnight it is 23 hours.
        check(
            "Europe/Paris",
            "2026-03-29",
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z",
            "00:00–24:00",
        );
    }
}
