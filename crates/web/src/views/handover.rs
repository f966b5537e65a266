//! Handovers as people read and write them; everything works without script and on a telephone.

use crate::Context;
use crate::access::Principal;
use crate::handovers::{IF_ROWS, facts, stage, todos};
use crate::show::Clockface;
use crate::views::layout;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use engine::{Fact, Handover, HandoverStage, Todo, Written};
use maud::{Markup, html};
use model::{Catalogue, HandoverId, PersonId, RotaId, Timestamp, TodoId};

/// Handovers listed per rota.
const LISTED: usize = 8;

/// `/handovers`
pub(crate) async fn list(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Markup {
    let Some(reader) = who.person().cloned() else { return html! {} };
    let main = all(&context, &reader);
    layout::full(&context, &reader, "/oncall", "Handovers", &main)
}

/// `/handovers/{id}`
pub(crate) async fn one(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let Some(reader) = who.person().cloned() else { return crate::forms::nothing_here() };
    let Some(main) = HandoverId::parse(&id).and_then(|it| body(&context, &reader, it)) else {
        return crate::forms::nothing_here();
    };
    layout::full(&context, &reader, "/oncall", &format!("Handover {id}"), &main).into_response()
}

/// A line on every view while a handover waits for its reader.
pub(crate) fn waiting_line(context: &Context, reader: &PersonId) -> Markup {
    let state = context.handle.state();
    let waits = |it: &Handover| match it.stage {
        HandoverStage::Unread { .. } => it.unread().contains(reader),
        _ => false,
    };
    let mut all = state.handovers.list.iter().rev();
    let found = all.find(|(_, it)| waits(it));
    html! {
        @if let Some((id, it)) = found {
            p.shadow role="status" {
                "The handover of " (it.shifting.rota) " waits for you. "
                a href={ "/handovers/" (id) } { "Read it" }
            }
        }
    }
}

fn names(catalogue: &Catalogue, people: &[PersonId]) -> String {
    let names: Vec<&str> = people.iter().map(|it| catalogue.name_of(it)).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

fn all(context: &Context, reader: &PersonId) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let Some(catalogue) = state.catalogue() else { return html! { h1 { "Handovers" } } };
    let told =
        |id: &&RotaId| catalogue.hands_over(id) || state.handovers.open_todos(id).next().is_some();
    let gone = state.handovers.todos.values().filter(|it| it.done.is_none());
    let mut rotas: Vec<&RotaId> = catalogue.rotas.keys().filter(told).collect();
    for it in gone {
        if !rotas.contains(&&it.rota) {
            rotas.push(&it.rota);
        }
    }
    html! {
        h1 { "Handovers" }
        @if rotas.is_empty() {
            p { "No rota is handed over: none is called by an escalation policy, and none says "
                code { "handover: { written: true }" } "." }
        }
        @for rota in rotas {
            section.card aria-label={ "Rota " (rota) } {
                h2 style="margin-top:0" { (rota) }
                ul { @for (id, it) in state.handovers.list.iter().rev().filter(|(_, it)| it.shifting.rota == *rota).take(LISTED) {
                    li {
                        a href={ "/handovers/" (id) } { (id) } " "
                        (names(catalogue, &it.shifting.givers())) " → " (names(catalogue, &it.shifting.receivers()))
                        ", " (face.time(it.shifting.gives_at)) ": " strong { (stage(it)) }
                    }
                } }
                h3 { "To do" }
                (todo_list(catalogue, &face, state.handovers.open_todos(rota).map(|(id, it)| (id, Some(it))).collect()))
                @if catalogue.rotas.contains_key(rota) { (todo_form(catalogue, rota, "/handovers")) }
            }
        }
    }
}

fn body(context: &Context, reader: &PersonId, id: HandoverId) -> Option<Markup> {
    // The face looks at the state as well: before this does.
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let it = state.handovers.list.get(&id)?;
    let catalogue = state.catalogue()?;
    let shifting = &it.shifting;
    let passed = matches!(it.stage, HandoverStage::Passed { .. });
    let writes = (shifting.from.contains(reader) || shifting.from.is_empty()) && !passed;
    let on_duty = state.on_duty(&shifting.rota, face.now, &context.zones);
    let has = shifting.to.contains(reader) || on_duty.is_some_and(|it| it.people.contains(reader));
    let reads = has && !it.reads.contains_key(reader) && it.published.is_some() && !passed;
    Some(html! {
        h1 { "Handover " (id) ": " (shifting.rota) }
        p {
            (names(catalogue, &shifting.givers())) " → " (names(catalogue, &shifting.receivers()))
            ", " (face.time(shifting.gives_at))
            @if shifting.takes_at > shifting.gives_at {
                "; nobody is on duty until " (face.time(shifting.takes_at))
            }
            ". " strong { (stage(it)) } "."
        }
        (published_line(&face, catalogue, it))
        (written(&face, catalogue, it.written.as_ref()))
        section.card aria-label="To do" {
            h2 style="margin-top:0" { "To do" }
            (todo_list(catalogue, &face, todos(&state, it)))
            (todo_form(catalogue, &shifting.rota, &format!("/handovers/{id}")))
        }
        (fact_list(&facts(context, &state, it), &face, catalogue))
        @for (person, read) in &it.reads {
            section.card aria-label="Read back" {
                h2 style="margin-top:0" { "Read back by " (catalogue.name_of(person)) }
                p { (read.words.text().unwrap_or("(erased)")) }
                p.soft { (face.time(read.at)) ", by " (read.via) }
            }
        }
        @if reads { (read_form(id)) }
        @if writes { (write_form(id, it)) }
        p.noprint { a href="/handovers" { "All handovers" } }
    })
}

fn published_line(face: &Clockface, catalogue: &Catalogue, it: &Handover) -> Markup {
    html! {
        @match &it.published {
            None => p.soft { "What stands below is what is known now; it is sent when the shift changes, or before, when somebody says so." },
            Some((at, Some(by))) => p.soft { "Published by " (catalogue.name_of(by)) ", " (face.time(*at)) "." },
            Some((at, None)) if it.written.is_some() => p.soft { "Published when the shift changed, " (face.time(*at)) "." },
            Some((at, None)) => p.bad { "Unedited: nobody wrote anything before the shift changed, " (face.time(*at)) ". What stands here is what the product knows." },
        }
    }
}

fn written(face: &Clockface, catalogue: &Catalogue, it: Option<&Written>) -> Markup {
    let Some(it) = it else { return html! {} };
    let text = |it: &model::Personal| it.text().unwrap_or("(erased)").to_owned();
    html! {
        section.card aria-label="What was written" {
            h2 style="margin-top:0" { "Status" }
            p { (text(&it.status)) }
            @if !text(&it.happened).is_empty() {
                h2 { "What happened" }
                p style="white-space:pre-line" { (text(&it.happened)) }
            }
            @if !it.ifs.is_empty() {
                h2 { "If this, then that" }
                dl { @for it in &it.ifs { dt { "If " (text(&it.happens)) } dd { (text(&it.then)) } } }
            }
            p.soft { (catalogue.name_of(&it.by)) ", " (face.time(it.at)) }
        }
    }
}

fn todo_list(
    catalogue: &Catalogue,
    face: &Clockface,
    todos: Vec<(TodoId, Option<&Todo>)>,
) -> Markup {
    html! {
        @if todos.is_empty() { p.soft { "Nothing is to do." } }
        ul { @for (id, it) in todos { li {
            @match it {
                None => { del { (id) } " done" },
                Some(it) => {
                    @if let Some((by, at)) = &it.done {
                        del { (it.text.text().unwrap_or("(erased)")) } " done by " (catalogue.name_of(by)) ", " (face.time(*at))
                    } @else {
                        (it.text.text().unwrap_or("(erased)")) " · "
                        (it.owner.as_ref().map_or("whoever is on duty", |it| catalogue.name_of(it)))
                        " · since " (face.time(it.noted.1)) " "
                        form method="post" action={ "/todos/" (id) "/done" } style="display:inline" { button.quiet { "Done" } }
                    }
                },
            }
        } } }
    }
}

fn todo_form(catalogue: &Catalogue, rota: &RotaId, back: &str) -> Markup {
    html! {
        details {
            summary { "Add something to do" }
            form method="post" action="/todos" {
                input type="hidden" name="rota" value=(rota);
                input type="hidden" name="back" value=(back);
                label { "What" input name="text" required maxlength="1000"; }
                label { "Who" select name="owner" {
                    option value="" { "whoever is on duty" }
                    @for id in catalogue.people.keys() { option value=(id) { (catalogue.name_of(id)) } }
                } }
                button { "Add" }
            }
        }
    }
}

fn fact_list(facts: &[Fact], face: &Clockface, catalogue: &Catalogue) -> Markup {
    let name = |who: &PersonId| catalogue.name_of(who).to_owned();
    let time = |at: Timestamp| face.words(at);
    let mut groups: Vec<(&str, Vec<&Fact>)> = vec![];
    for fact in facts {
        match groups.last_mut() {
            Some((heading, of))
                if *heading == fact.heading() || matches!(fact, Fact::More { .. }) =>
            {
                of.push(fact);
            }
            _ => groups.push((fact.heading(), vec![fact])),
        }
    }
    html! {
        section.card aria-label="What the product knows" {
            h2 style="margin-top:0" { "What the product knows" }
            @if groups.is_empty() { p { "No incident is open, nothing ends, nothing was changed, and nobody was called." } }
            @for (heading, facts) in groups {
                h3 { (heading) }
                ul { @for fact in facts { li {
                    (fact.line(&name, &time))
                    @if let Some(path) = link(fact) { " " a.noprint href=(path) { "look" } }
                } } }
            }
        }
    }
}

fn link(fact: &Fact) -> Option<String> {
    match fact {
        Fact::Incident { incident, .. }
        | Fact::Waiting { incident, .. }
        | Fact::Paged { incident, .. } => Some(format!("/incidents/{incident}")),
        Fact::Budget { feature, .. } => Some(format!("/features/{feature}")),
        Fact::SilenceEnds { .. } => Some("/silences".to_owned()),
        Fact::Override { .. } | Fact::Swap { .. } => Some("/oncall".to_owned()),
        Fact::Work { .. } | Fact::Change { .. } => Some("/watch".to_owned()),
        Fact::More { .. } => None,
    }
}

fn read_form(id: HandoverId) -> Markup {
    html! {
        section.card.noprint aria-label="Read it back" {
            h2 style="margin-top:0" { "Read it back" }
            p { "Say in your own words what you take over. Whoever wrote it sees what arrived." }
            form method="post" action={ "/handovers/" (id) "/accept" } {
                label { "In your own words" textarea name="words" rows="3" required maxlength="4000" {} }
                button { "I take over" }
            }
        }
    }
}

fn write_form(id: HandoverId, it: &Handover) -> Markup {
    let empty = |text: Option<&model::Personal>| {
        text.and_then(|it| it.text()).unwrap_or_default().to_owned()
    };
    let written = it.written.as_ref();
    let ifs = written.map_or(&[][..], |it| &it.ifs);
    let rows = (ifs.len() + 2).min(IF_ROWS);
    html! {
        section.card.noprint aria-label="Write" {
            h2 style="margin-top:0" { @if it.published.is_none() { "Write it" } @else { "Add to it" } }
            form.wide method="post" action={ "/handovers/" (id) "/write" } {
                label { "How do things stand?" input name="status" maxlength="1000" value=(empty(written.map(|it| &it.status))); }
                label { "What happened?" textarea name="happened" rows="4" { (empty(written.map(|it| &it.happened))) } }
                @for row in 0..rows {
                    fieldset {
                        legend { "If this, then that" }
                        label { "If" input name={ "if" (row) } maxlength="1000" value=(empty(ifs.get(row).map(|it| &it.happens))); }
                        label { "Then" input name={ "then" (row) } maxlength="1000" value=(empty(ifs.get(row).map(|it| &it.then))); }
                    }
                }
                button.quiet { "Save" }
                @if it.published.is_none() { " " button name="publish" value="yes" { "Save and hand over" } }
            }
            @if it.published.is_none() {
                form method="post" action={ "/handovers/" (id) "/publish" } { button.quiet { "Hand over as it is" } }
            }
        }
    }
}
