//! Links in messages that let their reader take the page.
//!
//! The link names the notice and proves by a code that we made it; nothing is stored. Opening it
//! shows what it is about and one button, because mail scanners open links. Pressing the button takes
//! the page in the name of the notice's person, once.

use crate::forms::failure;
use crate::views::{self, layout};
use crate::{Context, show};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::{Command, Event, Recipient, Submission};
use maud::{Markup, html};
use model::{NoticeId, PageId, PersonId};
use paging::{Page, PageStatus};
use ring::hmac;

/// Bytes of the code in a link: enough against guessing, short enough for a text message.
const CODE_LENGTH: usize = 12;

/// The link for `notice`.
#[must_use]
pub fn ack_link(key: &[u8; 32], public_url: &str, notice: NoticeId) -> String {
    format!("{}/a/{notice}/{}", public_url.trim_end_matches('/'), code(key, notice))
}

fn code(key: &[u8; 32], notice: NoticeId) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, format!("acknowledge {notice}").as_bytes());
    URL_SAFE_NO_PAD.encode(&tag.as_ref()[..CODE_LENGTH])
}

/// What a link leads to.
struct Linked {
    page: PageId,
    person: Option<PersonId>,
    title: String,
    it: Page,
    incident: String,
}

fn linked(context: &Context, notice: &str, given: &str) -> Option<Linked> {
    let id = NoticeId::parse(notice)?;
    // Both sides are hashed once more, so that the time of the comparison tells nothing.
    let same = crate::hash_token(&code(&context.link_key, id)) == crate::hash_token(given);
    if !same {
        return None;
    }
    let state = context.handle.state();
    let notice = state.notices.get(&id)?;
    let page = notice.purpose.page()?;
    let it = state.pages.get(&page)?;
    let person = match &notice.to {
        Recipient::Person(id) => Some(id.clone()),
        Recipient::Channel(_) => None,
    };
    Some(Linked {
        page,
        person,
        title: state.incidents.get(&it.incident)?.title.clone(),
        it: it.clone(),
        incident: it.incident.to_string(),
    })
}

/// GET: shows, and changes nothing.
pub(crate) async fn look(
    State(context): State<Context>,
    Path((notice, mac)): Path<(String, String)>,
) -> Response {
    let Some(it) = linked(&context, &notice, &mac) else { return unknown() };
    let told = told(&it.it, it.person.as_ref());
    layout::bare(
        "Take this page",
        &html! {
            h1 { (it.title) }
            @if let Some(told) = told {
                p.big { (told) }
            } @else if let Some(person) = &it.person {
                (asked(&it.it, person))
            }
            p { a href={ "/incidents/" (it.incident) } { "The whole incident" } " (needs a log-in)" }
        },
    )
    .into_response()
}

/// POST: takes the page.
pub(crate) async fn take(
    State(context): State<Context>,
    Path((notice, mac)): Path<(String, String)>,
) -> Response {
    let Some(it) = linked(&context, &notice, &mac) else { return unknown() };
    let Some(person) = it.person else { return unknown() };
    let via = "link".to_owned();
    let command = Command::AcknowledgePage { page: it.page, by: person.clone(), via };
    match context.handle.submit(Submission::person(person.clone(), command)).await {
        Ok(accepted) => layout::bare(
            "Taken",
            &html! {
                h1 { (it.title) }
                p.big id="taken" { "Thank you, " (person) ". " (outcome(&accepted.events)) }
                p { a href={ "/incidents/" (it.incident) } { "The whole incident" } " (needs a log-in)" }
            },
        )
        .into_response(),
        Err(error) => failure(&error),
    }
}

/// What taking it came to.
fn outcome(events: &[engine::EventRecord]) -> String {
    let partly = events.iter().find_map(|it| match it.event {
        Event::PagePartlyAcknowledged { have, want, .. } => Some((have, want)),
        _ => None,
    });
    match partly {
        Some((have, want)) => format!("You are {have} of {want}; the others are still called."),
        None => "It is yours; nobody else is called.".to_owned(),
    }
}

/// What the button does, and the button.
fn asked(page: &Page, person: &PersonId) -> Markup {
    if page.holder() == Some(person) {
        return html! {
            p { "You have it, " strong { (person) } ". Say that you are still at it, or others are called again." }
            form method="post" { button.big id="take" { "I am still at it" } }
        };
    }
    let want = page.current_step().acks_wanted();
    html! {
        p { "You are being called as " strong { (person) } ". "
            @match page.holder() {
                Some(holder) => { (holder) " keeps it until you take it." }
                None if want > 1 => { (page.takes.len()) " of " (want) " people have taken it." }
                None => { "Taking it stops the calls." }
            }
        }
        form method="post" { button.big id="take" { "I take it" } }
    }
}

/// Why there is nothing to press, if so.
fn told(page: &Page, person: Option<&PersonId>) -> Option<String> {
    match &page.status {
        PageStatus::Acknowledged { by, at, .. } => {
            let handed = page.handing.as_ref().is_some_and(|it| Some(&it.to) == person);
            let renews = page.watch.is_some() && Some(by) == person;
            (!handed && !renews).then(|| format!("{by} took it at {}.", show::utc(*at)))
        }
        PageStatus::Ended { at, reason } => {
            Some(format!("It is over since {}: {reason}.", show::utc(*at)))
        }
        _ => page
            .takes
            .iter()
            .find(|it| Some(&it.by) == person)
            .map(|it| format!("You took it at {}; others are still called.", show::utc(it.at))),
    }
}

fn unknown() -> Response {
    let told = "This link is not one of ours, or what it is about was closed long ago.";
    (StatusCode::NOT_FOUND, views::message("Nothing here", told)).into_response()
}
