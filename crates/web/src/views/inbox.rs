//! The demo's inboxes: what would have arrived on telephones and in mailboxes.

use crate::access::Principal;
use crate::show::Clockface;
use crate::views::{layout, missing};
use crate::{Context, Mode};
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use maud::html;

pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Response {
    let (Mode::Demo(controls), Some(reader)) = (&context.mode, who.person().cloned()) else {
        return missing().await;
    };
    let face = Clockface::of(&context, Some(&reader));
    let messages = controls.inbox();
    let main = html! {
        h1 { "Inbox" }
        p.soft { "Everything that left the house, on all telephones and in all mailboxes." }
        @if messages.is_empty() { p.card { "Nothing yet. Break something on the " a href="/" { "first view" } "." } }
        @for it in messages.iter().take(50) {
            article.card {
                p.soft { (it.medium) " to " strong { (it.to) } " · " (face.time(it.at)) }
                h2 { (it.subject) }
                pre { (it.text) }
                @if let Some(url) = &it.ack_url { p { a.take href=(url) { (url) } } }
            }
        }
    };
    layout::full(&context, &reader, "/inbox", "Inbox", &main).into_response()
}
