//! What people see. Each view reads the published state and the board, and writes HTML.

pub(crate) mod calendar;
pub(crate) mod deal;
pub(crate) mod feature;
pub(crate) mod handover;
pub(crate) mod inbox;
pub(crate) mod incident;
pub(crate) mod layout;
pub(crate) mod now;
pub(crate) mod oncall;
pub(crate) mod shadow;
pub(crate) mod silences;
pub(crate) mod tokens;
pub(crate) mod watch;
pub(crate) mod whatif;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

/// A few words where a view would be.
pub(crate) fn message(title: &str, told: &str) -> Markup {
    let body = html! { h1 { (title) } p { (told) } p { a href="/" { "To the first view" } } };
    layout::bare(title, &body)
}

/// Anything that is not a route.
pub(crate) async fn missing() -> Response {
    let told = "There is nothing at this address.";
    (StatusCode::NOT_FOUND, message("Nothing here", told)).into_response()
}
