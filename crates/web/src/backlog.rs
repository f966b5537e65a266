//! The backlog: what people list to be mended, in order of the budget it can be expected to bring back.
//!
//! Intuition: the loudest wish is not the one that helps users most. Of each improvement the list says how much of
//! which feature's budget would be there had it been done before, from the same minutes as the budget itself;
//! beneath stand objectives that cost much and that nobody has listed anything for.
//!
//! Invariant: nothing is stored of what it is worth; every reading computes it anew.

use crate::Context;
use crate::access::Principal;
use crate::api::{missing, problem, refused};
use crate::show::{self, Clockface};
use crate::views::{layout, message};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Form, Json, Router};
use engine::{BacklogAct, BacklogStep, Command, Improvement, Listed, Submission};
use maud::{Markup, html};
use model::{Catalogue, FeatureId, ImprovementId, PersonId, Personal, SloId};
use serde::Deserialize;
use serde_json::{Value, json};
use slo::Board;
use slo::composition::Removed;
use std::collections::{BTreeMap, BTreeSet};

/// Objectives that are named although nothing is listed for them.
const UNLISTED_MAX: usize = 10;

/// Share of a budget below which an objective is not worth naming.
const WORTH_MIN: f64 = 0.01;

/// What may be read.
pub(crate) fn readers() -> Router<Context> {
    Router::new().route("/backlog", get(view)).route("/api/v1/backlog", get(list))
}

/// What changes something.
pub(crate) fn writers() -> Router<Context> {
    Router::new()
        .route("/backlog", post(list_form))
        .route("/backlog/{id}/{how}", post(strike_form))
        .route("/api/v1/backlog", post(enter))
        .route("/api/v1/backlog/{id}/{how}", post(strike))
}

/// What taking failures away brings back: to which feature, how many attempts, and how much of its budget.
struct Brings {
    feature: FeatureId,
    failures: f64,
    spent: f64,
}

struct Entry<T> {
    of: T,
    brings: Vec<Brings>,
}

impl<T> Entry<T> {
    /// Budgets of all features together; features are not weighed against each other.
    fn worth(&self) -> f64 {
        self.brings.iter().map(|it| it.spent).sum()
    }
}

/// What each of `works` brings to each feature over the feature's own window; features that it brings nothing are
/// left out. Every feature's window is read once.
fn bring(
    board: &Board,
    catalogue: &Catalogue,
    works: Vec<(Work, Removed)>,
    end: i64,
) -> Vec<(Work, Vec<Brings>)> {
    let (works, removed): (Vec<Work>, Vec<Removed>) = works.into_iter().unzip();
    let mut found: Vec<Vec<Brings>> = works.iter().map(|_| vec![]).collect();
    let mut mending: BTreeMap<&SloId, Vec<usize>> = BTreeMap::new();
    for (place, slos) in removed.iter().enumerate() {
        for slo in slos.keys() {
            mending.entry(slo).or_default().push(place);
        }
    }
    for (feature, it) in &catalogue.features {
        let needed = it.needs.slos().into_iter().map(SloId::promised);
        let places = needed.filter_map(|slo| mending.get(&slo)).flatten().copied();
        let places: BTreeSet<usize> = places.collect();
        let concerning: Vec<&Removed> = places.iter().map(|it| &removed[*it]).collect();
        if places.is_empty() {
            continue;
        }
        let recoveries = || {
            let objective = board.promise(feature)?.0;
            let window = board.span(feature, end)?.passed;
            Some((objective, board.recoveries(feature, window, end, &concerning)?))
        };
        let Some((objective, recoveries)) = recoveries() else { continue };
        for (place, it) in places.into_iter().zip(recoveries) {
            if let Some(spent) = it.spent(objective).filter(|it| *it > 0.0) {
                let feature = feature.clone();
                found[place].push(Brings { feature, failures: it.failures, spent });
            }
        }
    }
    for it in &mut found {
        it.sort_by(|one, other| other.spent.total_cmp(&one.spent));
    }
    works.into_iter().zip(found).collect()
}

/// What somebody could work on.
enum Work {
    Listed(ImprovementId, Listed),
    Unlisted(SloId),
}

fn sorted<T>(mut entries: Vec<Entry<T>>) -> Vec<Entry<T>> {
    entries.sort_by(|one, other| other.worth().total_cmp(&one.worth()));
    entries
}

/// In order of what they bring back.
#[derive(Default)]
struct Ranked {
    improvements: Vec<Entry<(ImprovementId, Listed)>>,
    /// Objectives that nothing is listed for.
    unlisted: Vec<Entry<SloId>>,
}

fn ranked(context: &Context) -> Ranked {
    let (listed, catalogue) = {
        let state = context.handle.state();
        (state.backlog.clone(), state.catalogue.clone())
    };
    let Some(catalogue) = catalogue else { return Ranked::default() };
    let needed = catalogue.features.values().flat_map(|it| it.needs.slos());
    let needed: BTreeSet<SloId> = needed.into_iter().map(SloId::promised).collect();
    let covered: BTreeSet<SloId> =
        listed.values().flat_map(|it| it.what.mends.iter().cloned()).collect();
    let mut works = vec![];
    for (id, it) in listed {
        let removed = it.what.mends.iter().map(|slo| (slo.clone(), it.what.percent)).collect();
        works.push((Work::Listed(id, it), removed));
    }
    for slo in needed.difference(&covered) {
        works.push((Work::Unlisted(slo.clone()), Removed::from([(slo.clone(), 100)])));
    }
    let found = {
        let board = context.board();
        let end = context.measured_minute(&board);
        bring(&board, &catalogue, works, end)
    };
    let (mut improvements, mut unlisted) = (vec![], vec![]);
    for (work, brings) in found {
        match work {
            Work::Listed(id, it) => improvements.push(Entry { of: (id, it), brings }),
            Work::Unlisted(of) => unlisted.push(Entry { of, brings }),
        }
    }
    unlisted.retain(|it| it.worth() >= WORTH_MIN);
    let mut unlisted = sorted(unlisted);
    unlisted.truncate(UNLISTED_MAX);
    Ranked { improvements: sorted(improvements), unlisted }
}

fn brings_json(brings: &[Brings]) -> Value {
    let one =
        |it: &Brings| json!({ "feature": it.feature, "failures": it.failures, "budget": it.spent });
    brings.iter().map(one).collect()
}

/// `GET /api/v1/backlog`
async fn list(State(context): State<Context>) -> Response {
    let Ranked { improvements, unlisted } = ranked(&context);
    let improvements: Vec<Value> = improvements
        .iter()
        .map(|entry| {
            let (id, it) = &entry.of;
            json!({
                "id": id, "title": it.what.title.text(), "mends": it.what.mends,
                "percent": it.what.percent, "link": it.what.link, "by": it.by,
                "at": it.at.to_string(), "worth": entry.worth(), "brings": brings_json(&entry.brings),
            })
        })
        .collect();
    let unlisted: Vec<Value> = unlisted
        .iter()
        .map(|it| json!({ "slo": it.of, "worth": it.worth(), "brings": brings_json(&it.brings) }))
        .collect();
    Json(json!({ "improvements": improvements, "unlisted": unlisted })).into_response()
}

/// An improvement as it is sent, by a form or as JSON.
#[derive(Deserialize)]
struct EntryBody {
    id: String,
    title: String,
    /// Objectives (`service.slo`), separated by commas or spaces.
    mends: String,
    #[serde(default = "everything")]
    percent: u8,
    #[serde(default)]
    link: Option<String>,
}

const fn everything() -> u8 {
    100
}

fn listed(by: &PersonId, body: &EntryBody) -> Result<BacklogAct, String> {
    let names = body.mends.split([',', ' ']).filter(|it| !it.is_empty());
    let mends: Result<BTreeSet<SloId>, _> = names.map(SloId::parse).collect();
    let what = Improvement {
        title: Personal::new(by.clone(), body.title.trim()),
        mends: mends.map_err(|it| it.to_string())?,
        percent: body.percent,
        link: body.link.as_deref().map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned),
    };
    let improvement = ImprovementId::new(body.id.trim()).map_err(|it| it.to_string())?;
    Ok(BacklogAct { improvement, by: by.clone(), step: BacklogStep::Listed(Box::new(what)) })
}

fn struck(by: &PersonId, id: &str, how: &str) -> Option<BacklogAct> {
    let done = match how {
        "done" => true,
        "drop" => false,
        _ => return None,
    };
    let improvement = ImprovementId::new(id).ok()?;
    Some(BacklogAct { improvement, by: by.clone(), step: BacklogStep::Struck { done } })
}

/// `POST /api/v1/backlog`
async fn enter(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Json(body): Json<EntryBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    match listed(&by, &body) {
        Ok(act) => done(&context, by, act).await,
        Err(told) => problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", &told, ""),
    }
}

/// `POST /api/v1/backlog/{id}/done` and `…/drop`
async fn strike(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path((id, how)): Path<(String, String)>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    match struck(&by, &id, &how) {
        Some(act) => done(&context, by, act).await,
        None => missing("improvement", &id),
    }
}

async fn done(context: &Context, by: PersonId, act: BacklogAct) -> Response {
    match context.handle.submit(Submission::person(by, Command::Backlog(Box::new(act)))).await {
        Ok(accepted) => Json(json!({ "seq": accepted.seq })).into_response(),
        Err(error) => refused(&error),
    }
}

/// `POST /backlog`, from the view.
async fn list_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Form(body): Form<EntryBody>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    match listed(&by, &body) {
        Ok(act) => back(&context, by, act).await,
        Err(told) => {
            let told = message("That did not work", &told);
            (StatusCode::UNPROCESSABLE_ENTITY, told).into_response()
        }
    }
}

/// `POST /backlog/{id}/{how}`, from the view.
async fn strike_form(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path((id, how)): Path<(String, String)>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing("person", "") };
    match struck(&by, &id, &how) {
        Some(act) => back(&context, by, act).await,
        None => missing("improvement", &id),
    }
}

async fn back(context: &Context, by: PersonId, act: BacklogAct) -> Response {
    match context.handle.submit(Submission::person(by, Command::Backlog(Box::new(act)))).await {
        Ok(_) => Redirect::to("/backlog").into_response(),
        Err(error) => crate::forms::failure(&error),
    }
}

async fn view(State(context): State<Context>, Extension(who): Extension<Principal>) -> Response {
    let Some(reader) = who.person().cloned() else { return missing("person", "") };
    let face = Clockface::of(&context, Some(&reader));
    let Ranked { improvements, unlisted } = ranked(&context);
    let main = html! {
        h1 { "Backlog" }
        p { "What to mend, in order of the budget that would be there had it been done before each promise's "
            "window began. It foretells nothing: the next month may fail in other places." }
        @if improvements.is_empty() { p { "Nothing is listed." } }
        @for entry in &improvements { (card(&face, entry)) }
        @if !unlisted.is_empty() {
            h2 { "Nothing is listed for" }
            p.soft { "What each would bring back, were it mended wholly." }
            ul { @for it in &unlisted { li { code { (it.of) } ": " (brings_words(&it.brings)) } } }
        }
        (form(&unlisted))
    };
    layout::full(&context, &reader, "/backlog", "Backlog", &main).into_response()
}

fn brings_words(brings: &[Brings]) -> Markup {
    html! {
        @if brings.is_empty() { "brings nothing back: what it mends did not fail anybody by itself" }
        @for (place, it) in brings.iter().enumerate() {
            @if place > 0 { ", " }
            strong { (show::percent(it.spent)) } " of the budget of " a href={ "/features/" (it.feature) } { (it.feature) }
            " (" (format!("{:.0}", it.failures)) " attempts)"
        }
    }
}

fn card(face: &Clockface, entry: &Entry<(ImprovementId, Listed)>) -> Markup {
    let (id, it) = &entry.of;
    let title = it.what.title.text().unwrap_or("(erased)");
    let mends: Vec<String> = it.what.mends.iter().map(ToString::to_string).collect();
    html! {
        article.card id={ "improvement-" (id) } {
            h2 { @if let Some(link) = &it.what.link { a href=(link) rel="noreferrer" { (title) } } @else { (title) } }
            p { "Brings back: " (brings_words(&entry.brings)) "." }
            p.soft { "Takes " (it.what.percent) " % of the failures of " (mends.join(", ")) " away, says " (it.by) ", "
                (face.time(it.at)) "." }
            form method="post" action={ "/backlog/" (id) "/done" } { button.quiet { "Done" } }
            form method="post" action={ "/backlog/" (id) "/drop" } { button.quiet { "Drop it" } }
        }
    }
}

fn form(unlisted: &[Entry<SloId>]) -> Markup {
    let first = unlisted.first().map_or_else(String::new, |it| it.of.to_string());
    html! {
        details.card {
            summary { "List an improvement" }
            form.stack method="post" action="/backlog" {
                label for="improvement-title" { "What is to be done?" }
                input id="improvement-title" name="title" required maxlength="500";
                label for="improvement-id" { "What is it called for short?" }
                input id="improvement-id" name="id" required maxlength="64" pattern="[a-z0-9][a-z0-9_\\-]*" placeholder="second-uplink";
                label for="improvement-mends" { "Whose failures does it take away? Objectives as service.slo" }
                input id="improvement-mends" name="mends" required maxlength="2000" value=(first);
                label for="improvement-percent" { "Which part of them, in percent? A guess: say the least you believe" }
                input id="improvement-percent" name="percent" type="number" min="1" max="100" value="50" required;
                label for="improvement-link" { "Where is it worked on? (may be left empty)" }
                input id="improvement-link" name="link" type="url" maxlength="500";
                p { button id="list-improvement" { "List it" } }
            }
        }
    }
}
