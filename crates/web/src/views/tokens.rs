//! Ways in: who may log in, and the keys of programs and doors.

use crate::Context;
use crate::access::Principal;
use crate::show::Clockface;
use crate::views::layout;
use axum::Extension;
use axum::extract::State;
use engine::{Role, TokenKind};
use maud::{Markup, html};
use model::{PersonId, TokenId};

pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Markup {
    let Some(reader) = who.person().cloned() else { return html! {} };
    let main = html! { h1 { "Access" } (tokens(&context, &reader)) (people(&context)) };
    layout::full(&context, &reader, "/tokens", "Access", &main)
}

/// The one time a secret is shown.
pub(crate) fn made(context: &Context, reader: &PersonId, id: TokenId, secret: &str) -> Markup {
    let main = html! {
        h1 { "Token " (id) }
        section.card.lamp {
            p { "Copy it now: it is shown this once and kept only as a hash." }
            p.big { code id="secret" { (secret) } }
        }
        p { a href="/tokens" { "Back" } }
    };
    layout::full(context, reader, "/tokens", "Token", &main)
}

fn tokens(context: &Context, reader: &PersonId) -> Markup {
    let face = Clockface::of(context, Some(reader));
    let state = context.handle.state();
    let kind = |it| match it {
        TokenKind::Setup => "set-up link",
        TokenKind::Session => "session",
        TokenKind::Api => "API",
        TokenKind::Door => "door",
        TokenKind::Calendar => "calendar",
    };
    html! {
        h2 { "Keys" }
        div.scroll tabindex="0" { table {
            thead { tr { th { "Key" } th { "What" } th { "Whose" } th { "Since" } th { "End it" } } }
            tbody { @for (id, it) in &state.access.tokens {
                tr {
                    td { (id) " " (it.label) }
                    td { (kind(it.kind)) }
                    td { @if let Some(person) = &it.person { (person) } }
                    td { (face.time(it.issued_at)) }
                    td { form method="post" action={ "/tokens/" (id) "/revoke" } { button.quiet { "Revoke" } } }
                }
            } }
        } }
        form.stack.card method="post" action="/tokens" {
            label for="label" { "A new key, for what?" }
            input id="label" name="label" required maxlength="100";
            label for="kind" { "It opens" }
            select id="kind" name="kind" {
                option value="door" { "the doors: deliver alerts, nothing else" }
                option value="api" { "the API and the command line, as yourself" }
            }
            p { button { "Make it" } }
        }
    }
}

fn people(context: &Context) -> Markup {
    let state = context.handle.state();
    let Some(catalogue) = state.catalogue() else { return html! {} };
    html! {
        h2 { "People" }
        ul { @for id in catalogue.people.keys() {
            li {
                (catalogue.name_of(id)) " (" (id) "): "
                @match state.access.role_of(id) {
                    Some(Role::Admin) => { "administrator" }
                    Some(Role::Member) => { "member" }
                    None => { "cannot log in" }
                }
                details {
                    summary { "New password" }
                    form.stack method="post" action={ "/people/" (id) "/password" } {
                        label for={ "password-" (id) } { "At least 10 characters; ends their sessions" }
                        input id={ "password-" (id) } name="password" type="password" autocomplete="new-password" minlength="10" required;
                        label for={ "role-" (id) } { "Role" }
                        select id={ "role-" (id) } name="role" {
                            option value="member" { "member" } option value="admin" { "administrator" }
                        }
                        p { button { "Set" } }
                    }
                }
            }
        } }
    }
}
