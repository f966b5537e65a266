//! Now: what burns, who deals with it, who is on duty, and how the promises stand.

use crate::access::Principal;
use crate::show::{self, Clockface};
use crate::views::{deal, layout};
use crate::{Context, DemoService, Mode};
use axum::Extension;
use axum::extract::{Query, State};
use maud::{Markup, html};
use model::{Catalogue, Feature, FeatureId, PersonId, TeamId};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What of the promises is shown.
#[derive(Deserialize, Default)]
pub(crate) struct Shown {
    team: Option<String>,
    /// `name:value`.
    label: Option<String>,
}

pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Query(shown): Query<Shown>,
) -> Markup {
    let Some(reader) = who.person().cloned() else { return html! {} };
    let main = html! {
        (demo_card(&context))
        (deal::held(&context, &Clockface::of(&context, Some(&reader))))
        (crate::reach::unreached(&context, &reader))
        (burning(&context, &reader))
        (promises(&context, &shown))
        (duty(&context))
        (reviews(&context, &reader))
        (raise(&context))
    };
    layout::full(&context, &reader, "/", "Now", &main)
}

/// What to try, in words, with the buttons right there.
fn demo_card(context: &Context) -> Markup {
    let Mode::Demo(controls) = &context.mode else { return html! {} };
    let services = controls.services();
    html! {
        section.card.lamp aria-labelledby="try" {
            h2 id="try" style="margin-top:0" { "Try it" }
            p { "This is a small company that sells light by the day. Its services run on this machine and are really measured." }
            ol {
                li { "Break carrier A: the messages that switch lights on stop arriving." }
                li { "Watch the budget of “light on after payment” burn. Within a few minutes somebody is called." }
                li { "Look into the " a href="/inbox" { "inbox" } ", open the link, and take the page." }
                li { "Mend carrier A. The incident ends by itself and asks for a review: write one." }
            }
            @for it in services.iter().filter(|it| it.broken || it.name == TRY_FIRST) {
                (demo_button(it)) " "
            }
            details {
                summary { "Break something else" }
                @for it in services.iter().filter(|it| !it.broken && it.name != TRY_FIRST) {
                    (demo_button(it)) " "
                }
            }
        }
    }
}

/// The service whose failure makes the best first story.
const TRY_FIRST: &str = "carrier-a";

fn demo_button(it: &DemoService) -> Markup {
    let verb = if it.broken { "mend" } else { "break" };
    let (name, about) = it.title.split_once(": ").unwrap_or((&it.title, ""));
    html! {
        form method="post" action={ "/demo/" (verb) "/" (it.name) } {
            button.quiet[!it.broken && it.name != TRY_FIRST] id={ (verb) "-" (it.name) } title=(about) {
                (if it.broken { "Mend " } else { "Break " }) (name)
            }
        }
    }
}

fn burning(context: &Context, reader: &PersonId) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let open: Vec<_> = state.incidents_open().collect();
    let alone: Vec<_> =
        state.alerts_firing().filter(|(_, it)| it.incident.is_none()).take(20).collect();
    let loose = state.alerts_firing().filter(|(_, it)| it.incident.is_none()).count();
    html! {
        section aria-labelledby="burning" {
            h1 id="burning" {
                @match open.len() {
                    0 => { "Nothing needs anybody now." }
                    1 => { "One incident" }
                    count => { (count) " incidents" }
                }
            }
            @for (source, it) in &state.sources_failing {
                p.card.fire {
                    strong { "Source " (source) " does not answer" } " since " (face.time(it.failing_since))
                    ". What depends on it is unmeasured, neither good nor bad. " span.soft { (it.detail) }
                }
            }
            @for (id, it) in open.iter().take(20) {
                article.card.fire {
                    h2 { a href={ "/incidents/" (id) } { (it.title) } }
                    p { (id) " · opened " (face.ago(it.opened_at)) " · " (deal::called(&state, &face, it)) }
                    @if deal::can_be_taken(&state, it) {
                        form method="post" action={ "/incidents/" (id) "/acknowledge" } {
                            button id={ "take-" (id) } { "I take it" }
                        }
                    }
                }
            }
            @if !alone.is_empty() {
                details.card {
                    summary { (loose) @if loose == 1 { " alert" } @else { " alerts" } " that can wait" }
                    ul { @for (id, it) in alone { li { a href={ "/why/" (id) } { (it.summary) } " since " (face.time(it.fired_at)) } } }
                }
            }
        }
    }
}

fn promises(context: &Context, shown: &Shown) -> Markup {
    let state = context.handle.state();
    let Some(catalogue) = state.catalogue() else {
        return html! { p.card { "No configuration is in force yet." } };
    };
    let is_shown = |it: &Feature| {
        let team = shown.team.as_ref().is_none_or(|team| it.team.as_str() == team);
        let label = shown.label.as_ref().filter(|it| !it.is_empty()).is_none_or(|wanted| {
            wanted
                .split_once(':')
                .is_some_and(|(name, value)| it.labels.get(name).is_some_and(|it| it == value))
        });
        team && label
    };
    let mut teams: BTreeMap<&TeamId, Vec<&FeatureId>> = BTreeMap::new();
    for (id, it) in catalogue.features.iter().filter(|(_, it)| is_shown(it)) {
        teams.entry(&it.team).or_default().push(id);
    }
    let all: BTreeSet<String> = catalogue
        .features
        .values()
        .flat_map(|it| it.labels.iter().map(|(name, value)| format!("{name}:{value}")))
        .collect();
    let filtered = shown.team.is_some() || shown.label.is_some();
    html! {
        section aria-labelledby="promises" {
            h2 id="promises" { "Promises" }
            @if filtered || !all.is_empty() { (filters(&all, shown)) }
            @if teams.is_empty() { p { "None is so." } }
            @for (team, features) in &teams {
                h3.team { "Team " (team) }
                div.grid { @for id in features { (promise(context, catalogue, id)) } }
            }
            p.soft { a href="/adoption" { "Who lives with their promises" } }
        }
    }
}

/// Links that leave some promises out.
fn filters(all: &BTreeSet<String>, shown: &Shown) -> Markup {
    const LINKS_MAX: usize = 24;
    html! {
        p.filters {
            a href="/#promises" aria-current=[(shown.label.is_none() && shown.team.is_none()).then_some("true")] { "all" }
            @if let Some(team) = &shown.team { strong { "team " (team) } }
            @for it in all.iter().take(LINKS_MAX) {
                a href={ "/?label=" (encoded(it)) "#promises" } aria-current=[(shown.label.as_ref() == Some(it)).then_some("true")] { (it) }
            }
        }
    }
}

/// A text as it stands in a query.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, it| {
        if it.is_ascii_alphanumeric() || b"-_.:".contains(&it) {
            out.push(char::from(it));
        } else {
            let _ = write!(out, "%{it:02X}");
        }
        out
    })
}

fn promise(context: &Context, catalogue: &Catalogue, id: &FeatureId) -> Markup {
    let feature = &catalogue.features[id];
    let (assessment, hours) = {
        let board = context.board();
        let end = context.measured_minute(&board);
        (board.assess_feature(id, end), board.recent_hours(id, end, 28 * 24))
    };
    let days: Vec<show::Bar> = hours.chunks(24).map(day_bar).collect();
    let label = format!("Failures of the last {} days, one bar a day", days.len());
    html! {
        article.card id={ "feature-" (id) } {
            h3 { a href={ "/features/" (id) } { (feature.question) } }
            (show::budget_bar(assessment.as_ref()))
            p { (show::budget_words(assessment.as_ref())) " " (show::standing(assessment.as_ref())) }
            (show::chart(&label, &days, feature.objective.budget_ratio()))
            small { (feature.objective) " over " (feature.window) " · " (feature.team) }
        }
    }
}

/// A day from its hours.
#[expect(clippy::cast_precision_loss, reason = "a chart needs no exact counts")]
pub(crate) fn day_bar(hours: &[(i64, slo::WindowCounts)]) -> show::Bar {
    let sum = |of: fn(&slo::WindowCounts) -> u64| hours.iter().map(|(_, it)| of(it)).sum::<u64>();
    let (bad, total) = (sum(|it| it.bad), sum(|it| it.total));
    if hours.iter().all(|(_, it)| it.known_minutes == 0) {
        show::Bar::Unknown
    } else if total == 0 {
        show::Bar::Failed(0.0)
    } else {
        show::Bar::Failed(bad as f64 / total as f64)
    }
}

fn duty(context: &Context) -> Markup {
    let state = context.handle.state();
    let Some(catalogue) = state.catalogue() else { return html! {} };
    let now = context.clock.now();
    html! {
        section aria-labelledby="duty" {
            h2 id="duty" { "On duty now" }
            ul {
                @for (id, duty) in catalogue.rotas.keys().filter_map(|id| Some((id, state.on_duty(id, now, &context.zones)?))) {
                    @if duty.is_gap() { li { strong.bad { "nobody" } " for " (id) } }
                    @for person in &duty.people {
                        @let zone = catalogue.people.get(person).map_or("UTC", |it| &it.timezone);
                        @let face = Clockface::of_zone(context, zone);
                        li { strong { (catalogue.name_of(person)) } " for " (id) ", where it is "
                            (face.time(now)) }
                    }
                }
            }
        }
    }
}

fn reviews(context: &Context, reader: &PersonId) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let waiting: Vec<_> = state
        .incidents
        .values()
        .rev()
        .filter_map(|it| match it.review {
            incident::Review::Asked { due_at, .. } => Some((it, due_at)),
            _ => None,
        })
        .take(10)
        .collect();
    if waiting.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="reviews" {
            h2 id="reviews" { "Waiting for a review" }
            ul {
                @for (it, due_at) in waiting {
                    li { a href={ "/incidents/" (it.id) } { (it.title) } " by " (face.time(due_at))
                        @if due_at < face.now { " " span.bad { "late" } } }
                }
            }
        }
    }
}

fn raise(context: &Context) -> Markup {
    let state = context.handle.state();
    let Some(catalogue) = state.catalogue() else { return html! {} };
    html! {
        details.card {
            summary { "Call for help" }
            form.stack method="post" action="/raise" {
                label for="title" { "What is wrong?" }
                input id="title" name="title" required maxlength="200" style="width:100%";
                label for="team" { "Which team?" }
                select id="team" name="team" { @for id in catalogue.teams.keys() { option { (id) } } }
                p { button { "Call them" } }
            }
        }
    }
}
