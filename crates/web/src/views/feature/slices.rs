//! The slices behind any number: what each member had, and what was made of it.
//!
//! Invariant: a cell that is unknown says so; nothing is interpolated.

use crate::Context;
use crate::access::Principal;
use crate::api::{missing, problem};
use crate::show::Clockface;
use crate::views::{layout, message};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use maud::{Markup, html};
use model::{FeatureId, Millis, SloId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use slo::composition::ValueFunction;
use slo::{Board, WindowCounts};
use std::fmt::Write as _;

/// Rows of one answer.
const ROWS_MAX: i64 = 31 * 24;
/// Minutes are kept in memory for six hours.
const MINUTES_KEPT: i64 = 360;

#[derive(Deserialize, Default)]
pub(crate) struct Wanted {
    from: Option<String>,
    to: Option<String>,
    #[serde(default)]
    by: Option<String>,
}

/// A table of counts.
struct Table {
    members: Vec<SloId>,
    rows: Vec<Row>,
    step: i64,
    from: i64,
    end: i64,
}

struct Row {
    minute: i64,
    members: Vec<WindowCounts>,
    shown: WindowCounts,
    /// Certain, and possible at most, of the composed failures; `None` where nothing is composed.
    edges: Option<(f64, f64)>,
}

fn table(context: &Context, id: &FeatureId, wanted: &Wanted) -> Result<Table, String> {
    let time = |text: &Option<String>| match text.as_deref().filter(|it| !it.is_empty()) {
        None => Ok(None),
        Some(it) => match Timestamp::parse_rfc3339(it) {
            Some(at) => Ok(Some(at.minute())),
            None => Err(format!("`{it}` is not a time; write it as 2026-11-21T03:00:00Z")),
        },
    };
    let board = context.board();
    let newest = context.measured_minute(&board);
    let by_minute = wanted.by.as_deref() == Some("minute");
    let step = if by_minute { 1 } else { 60 };
    let usual = if by_minute { 60 } else { 24 * 60 };
    let end = time(&wanted.to)?.map_or(newest + 1, |it| it.min(newest + 1));
    let from = time(&wanted.from)?.unwrap_or(end - usual).div_euclid(step) * step;
    if from >= end {
        return Err("the stretch ends before it begins, or lies in the future".to_owned());
    }
    if by_minute && newest - from > MINUTES_KEPT {
        return Err("minutes are at hand for six hours; ask for hours, or look at older minutes \
                    with `lamplighter backtest`"
            .to_owned());
    }
    if (end - from) / step > ROWS_MAX {
        return Err(format!("at most {ROWS_MAX} rows; ask for a shorter stretch"));
    }
    Ok(filled(&board, id, (from, end), step))
}

fn filled(board: &Board, id: &FeatureId, (from, end): (i64, i64), step: i64) -> Table {
    let mut members: Vec<SloId> =
        board.needs(id).map(|it| it.slos().into_iter().cloned().collect()).unwrap_or_default();
    members.extend(board.attempts_of(id).cloned());
    let several = members.len() > 1;
    let starts = (0..).map(|it| from + it * step).take_while(|it| *it < end);
    let rows = starts.map(|start| {
        let last = (start + step).min(end) - 1;
        let length = Millis::from_mins(last - start + 1);
        let of = |it: &SloId| {
            board.rings(it).map(|rings| rings.window(last, length)).unwrap_or_default()
        };
        let composite = || board.composite(id, length, last, ValueFunction::Overlapping);
        let edges = if several { composite().map(|it| (it.at_least, it.at_most)) } else { None };
        let shown = board.counted_window(id, last, length);
        Row { minute: start, members: members.iter().map(of).collect(), shown, edges }
    });
    Table { rows: rows.collect(), members, step, from, end }
}

fn known(id: &str, context: &Context) -> Option<FeatureId> {
    let id = FeatureId::new(id).ok()?;
    let state = context.handle.state();
    state.catalogue()?.features.contains_key(&id).then_some(id)
}

/// `GET /features/{id}/slices`
pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let (Some(id), Some(reader)) = (known(&id, &context), who.person().cloned()) else {
        return crate::forms::nothing_here();
    };
    let found = match table(&context, &id, &wanted) {
        Ok(found) => found,
        Err(told) => {
            return (StatusCode::BAD_REQUEST, message("Not possible", &told)).into_response();
        }
    };
    let face = Clockface::of(&context, Some(&reader));
    let main = shown(&id, &found, &face);
    layout::full(&context, &reader, "", &format!("Counts of {id}"), &main).into_response()
}

/// `GET /api/v1/features/{id}/slices`
pub(crate) async fn api(
    State(context): State<Context>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let Some(id) = known(&id, &context) else { return missing("feature", &id) };
    match table(&context, &id, &wanted) {
        Ok(found) => Json(as_json(&id, &found)).into_response(),
        Err(told) => problem(StatusCode::BAD_REQUEST, "invalid", &told, ""),
    }
}

/// `GET /api/v1/features/{id}/slices.csv`
pub(crate) async fn csv(
    State(context): State<Context>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let Some(id) = known(&id, &context) else { return missing("feature", &id) };
    match table(&context, &id, &wanted) {
        Ok(found) => {
            ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], as_csv(&found)).into_response()
        }
        Err(told) => problem(StatusCode::BAD_REQUEST, "invalid", &told, ""),
    }
}

fn as_json(id: &FeatureId, it: &Table) -> Value {
    let counts = |it: &WindowCounts| json!({ "bad": it.bad, "total": it.total, "unknown_minutes": it.minutes.saturating_sub(it.known_minutes) });
    let row = |row: &Row| {
        let members = it.members.iter().zip(&row.members);
        let members = members.map(|(id, it)| (id.to_string(), counts(it)));
        json!({
            "at": Timestamp::from_minute(row.minute).to_string(),
            "members": members.collect::<serde_json::Map<_, _>>(),
            "shown": counts(&row.shown),
            "at_least": row.edges.map(|it| it.0), "at_most": row.edges.map(|it| it.1),
        })
    };
    json!({ "feature": id, "minutes_each": it.step, "rows": it.rows.iter().map(row).collect::<Vec<_>>() })
}

fn as_csv(it: &Table) -> String {
    let mut text = "at".to_owned();
    for id in &it.members {
        let _ = write!(text, ",{id} bad,{id} total,{id} unknown minutes");
    }
    text += ",shown bad,shown total,shown unknown minutes,at least,at most\n";
    for row in &it.rows {
        text += &Timestamp::from_minute(row.minute).to_string();
        for it in row.members.iter().chain([&row.shown]) {
            let unknown = it.minutes.saturating_sub(it.known_minutes);
            let _ = write!(text, ",{},{},{unknown}", it.bad, it.total);
        }
        let edge = |it: Option<f64>| it.map_or_else(String::new, |it| it.to_string());
        let (low, high) = (row.edges.map(|it| it.0), row.edges.map(|it| it.1));
        let _ = writeln!(text, ",{},{}", edge(low), edge(high));
    }
    text
}

fn shown(id: &FeatureId, it: &Table, face: &Clockface) -> Markup {
    let by = if it.step == 1 { "&by=minute" } else { "" };
    let query = |from: i64, to: i64| {
        format!("from={}&to={}", Timestamp::from_minute(from), Timestamp::from_minute(to))
    };
    let length = it.end - it.from;
    let now = query(it.from, it.end);
    html! {
        p { a href={ "/features/" (id) } { "← " (id) } }
        h1 { "Counts, " (if it.step == 1 { "minute by minute" } else { "hour by hour" }) }
        p { a href={ "?" (query(it.from - length, it.from)) (by) } { "earlier" } " · "
            a href={ "?" (query(it.end, it.end + length)) (by) } { "later" } " · "
            a href={ "/api/v1/features/" (id) "/slices.csv?" (now) (by) } { "CSV" } " · "
            a href={ "/api/v1/features/" (id) "/slices?" (now) (by) } { "JSON" } }
        div.scroll tabindex="0" { table.slices {
            thead { tr { th { "From" } th { "Shown" } th { "Certain to possible" }
                @for member in &it.members { th { code { (member) } } } } }
            tbody { @for row in it.rows.iter().rev() { tr {
                th scope="row" {
                    @if it.step == 60 {
                        a href={ "?" (query(row.minute, row.minute + 60)) "&by=minute" } {
                            (face.time(Timestamp::from_minute(row.minute)))
                        }
                    } @else { (face.time(Timestamp::from_minute(row.minute))) }
                }
                td { (cell(&row.shown)) }
                td { @match row.edges {
                    Some((least, most)) => { (format!("{least:.0} to {most:.0}")) }
                    None => { "–" }
                } }
                @for member in &row.members { td { (cell(member)) } }
            } } }
        } }
        p.soft { "Bad of all. " strong { "?" } " is unknown; “3 min ?” is unknown for three minutes. Minutes are at hand for six hours." }
    }
}

fn cell(it: &WindowCounts) -> Markup {
    let unknown = it.minutes.saturating_sub(it.known_minutes);
    html! {
        @if it.known_minutes == 0 { span.soft { "?" } }
        @else {
            @if it.bad > 0 { strong.bad { (it.bad) } } @else { "0" } " of " (it.total)
            @if unknown > 0 { " " span.soft { (unknown) " min ?" } }
        }
    }
}
