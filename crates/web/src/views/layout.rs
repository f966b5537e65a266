//! The frame of every view.

use crate::headers::style;
use crate::show::Clockface;
use crate::{Context, Mode};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use model::PersonId;

/// A view within the product.
pub(crate) fn full(
    context: &Context,
    reader: &PersonId,
    place: &str,
    title: &str,
    main: &Markup,
) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let mut places = vec![
        ("/", "Now"),
        ("/incidents", "Incidents"),
        ("/oncall", "On-call"),
        ("/silences", "Silences"),
        ("/exclusions", "Exclusions"),
        ("/backlog", "Backlog"),
        ("/me", "Me"),
        ("/watch", "Watch"),
        ("/whatif", "What if"),
    ];
    if !context.handle.state().shadow.configured.is_empty() {
        places.push(("/shadow", "Shadow"));
    }
    match &context.mode {
        Mode::Demo(_) => places.push(("/inbox", "Inbox")),
        Mode::Serve => places.push(("/tokens", "Access")),
    }
    let frame = html! {
        a.skip href="#main" { "To the content" }
        header {
            b { i aria-hidden="true" { "◉ " } "Lamplighter" }
            nav aria-label="Views" {
                @for (path, name) in places {
                    a href=(path) aria-current=[(path == place).then_some("page")] { (name) }
                }
            }
        }
        (shadow_line(context))
        (crate::views::handover::waiting_line(context, reader))
        main id="main" { (main) }
        footer {
            (reader_line(context, reader)) " · times in " (face.name) ", now "
            (face.time(face.now))
            @if let Mode::Demo(controls) = &context.mode {
                @if controls.speed() != 1 { " · one minute here takes " (60 / controls.speed().max(1)) " s" }
            }
        }
    };
    document(title, &frame, &Script::Live)
}

/// Loud while nobody is called: whoever looks at a view must not think otherwise.
fn shadow_line(context: &Context) -> Markup {
    let state = context.handle.state();
    let on = &state.shadow;
    html! {
        @if on.is_on() {
            p.shadow role="status" {
                @if on.org.is_some() { strong { "Shadow mode: nobody is woken by Lamplighter." } }
                @else {
                    strong { "Shadow mode: nobody is woken by Lamplighter for " }
                    @for (place, team) in on.teams.keys().enumerate() { @if place > 0 { ", " } (team) }
                    "."
                }
                " " a href="/shadow" { "Compare" }
            }
        }
    }
}

fn reader_line(context: &Context, reader: &PersonId) -> Markup {
    let state = context.handle.state();
    let Some(catalogue) = state.catalogue() else { return html! {} };
    match &context.mode {
        Mode::Serve => html! {
            (catalogue.name_of(reader)) " "
            form method="post" action="/logout" { button.quiet { "Sign out" } }
        },
        Mode::Demo(_) => html! {
            form method="post" action="/demo/as" {
                label for="as" style="display:inline" { "You are " }
                select id="as" name="person" {
                    @for id in catalogue.people.keys() {
                        option value=(id) selected[id == reader] { (catalogue.name_of(id)) }
                    }
                }
                " " button.quiet { "Change" }
            }
        },
    }
}

/// A view without the frame: for somebody who is not, or need not be, logged in.
pub(crate) fn bare(title: &str, main: &Markup) -> Markup {
    let frame = html! {
        header { b { i aria-hidden="true" { "◉ " } "Lamplighter" } }
        main id="main" { div.card { (main) } }
    };
    document(title, &frame, &Script::None)
}

enum Script {
    Live,
    None,
}

fn document(title: &str, body: &Markup, script: &Script) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { (title) " · Lamplighter" }
                link rel="icon" href="data:,";
                style { (PreEscaped(style())) }
                @if matches!(script, Script::Live) { script src="/static/live.js" defer {} }
            }
            body { (body) }
        }
    }
}
