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
use engine::{Command, Event, Purpose, Recipient, Submission};
use maud::{Markup, html};
use model::{NoticeId, PageId, PersonId, RotaId, SwapId};
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

/// The shift that a link is about, when it is about one: its rota and whose it is.
fn duty_of(context: &Context, notice: &str, given: &str) -> Option<(RotaId, PersonId)> {
    let id = NoticeId::parse(notice)?;
    if crate::hash_token(&code(&context.link_key, id)) != crate::hash_token(given) {
        return None;
    }
    let state = context.handle.state();
    let notice = state.notices.get(&id)?;
    let (Purpose::Duty { call }, Recipient::Person(person)) = (notice.purpose, &notice.to) else {
        return None;
    };
    let mut duties = state.reach.duty_calls();
    let (rota, _) = duties.find(|(_, it)| it.call == call && it.person == *person)?;
    Some((rota.clone(), person.clone()))
}

/// The swap that a link is about, when it is about one that waits, and who is asked.
fn swap_of(
    context: &Context,
    notice: &str,
    given: &str,
) -> Option<(SwapId, engine::Swap, PersonId)> {
    let id = NoticeId::parse(notice)?;
    if crate::hash_token(&code(&context.link_key, id)) != crate::hash_token(given) {
        return None;
    }
    let state = context.handle.state();
    let notice = state.notices.get(&id)?;
    let (Purpose::Swap { swap }, Recipient::Person(person)) = (notice.purpose, &notice.to) else {
        return None;
    };
    let it = state.swaps.get(&swap)?;
    Some((swap, it.clone(), person.clone()))
}

/// A shift that somebody is asked to take.
fn swap_view(context: &Context, id: SwapId, it: &engine::Swap, person: &PersonId) -> Response {
    let face = show::Clockface::of(context, Some(person));
    let answered = match it.answer {
        Some(engine::SwapAnswer::Accepted) => Some("It was taken."),
        Some(engine::SwapAnswer::Declined) => Some("It was declined; nothing changes."),
        None if it.with != *person => Some("It is for somebody else to answer."),
        None => None,
    };
    layout::bare(
        "Take a shift",
        &html! {
            h1 { (it.from) " asks " (it.with) " to take " (it.rota) }
            p.big { (face.time(it.gives.0)) " to " (face.time(it.gives.1)) }
            @if let Some(takes) = it.takes {
                p { "In exchange for " (face.time(takes.0)) " to " (face.time(takes.1)) "." }
            }
            @if let Some(answered) = answered {
                p { (answered) }
            } @else {
                p { "You are asked as " strong { (person) } ". Nothing changes until you take it. (" (id) ")" }
                form method="post" { button.big id="take" name="answer" value="accept" { "I take it" } " "
                    button.quiet name="answer" value="decline" { "No" } }
            }
        },
    )
    .into_response()
}

/// What a link leads to.
struct Linked {
    person: Option<PersonId>,
    title: String,
    it: Page,
    incident: String,
    /// Every page that the button takes: more than one where the message listed several.
    all: Vec<(PageId, String)>,
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
    let person = match &notice.to {
        Recipient::Person(id) => Some(id.clone()),
        Recipient::Channel(_) => None,
    };
    let all = match notice.purpose {
        Purpose::Bundle => listed(&state, id, person.as_ref()),
        purpose => vec![purpose.page()?],
    };
    let page = *all.first()?;
    let it = state.pages.get(&page)?;
    Some(Linked {
        person,
        title: state.incidents.get(&it.incident)?.title.clone(),
        it: it.clone(),
        incident: it.incident.to_string(),
        all: all
            .into_iter()
            .filter_map(|page| {
                let incident = state.incidents.get(&state.pages.get(&page)?.incident)?;
                Some((page, incident.title.clone()))
            })
            .collect(),
    })
}

/// The pages in a message that lists several, each once: those that `person` can still take or keep, or
/// if there is none, all.
fn listed(state: &engine::State, list: NoticeId, person: Option<&PersonId>) -> Vec<PageId> {
    let parts = state.load.bundles.get(&list).into_iter().flatten();
    let pages = parts.filter_map(|it| state.notices.get(it)?.purpose.page());
    let pages: std::collections::BTreeSet<PageId> = pages.collect();
    let open = |it: &&PageId| state.pages.get(it).is_some_and(|it| told(it, person).is_none());
    let waiting: Vec<PageId> = pages.iter().filter(open).copied().collect();
    if waiting.is_empty() { pages.into_iter().collect() } else { waiting }
}

/// GET: shows, and changes nothing.
pub(crate) async fn look(
    State(context): State<Context>,
    Path((notice, mac)): Path<(String, String)>,
) -> Response {
    if let Some((rota, person)) = duty_of(&context, &notice, &mac) {
        return layout::bare(
            "Confirm your shift",
            &html! {
                h1 { "You are on duty in " (rota) }
                p { "You are asked as " strong { (person) } ". Say that you know, and nobody else is told." }
                form method="post" { button.big id="confirm" { "I know" } }
            },
        )
        .into_response();
    }
    if let Some((id, it, person)) = swap_of(&context, &notice, &mac) {
        return swap_view(&context, id, &it, &person);
    }
    let Some(it) = linked(&context, &notice, &mac) else { return unknown() };
    let told = told(&it.it, it.person.as_ref());
    layout::bare(
        "Take this page",
        &html! {
            h1 { (it.title) }
            @if let Some(told) = told {
                p.big { (told) }
            } @else if let Some(person) = &it.person {
                @if it.all.len() > 1 {
                    p { "You are being called as " strong { (person) } " for " (it.all.len()) " things at once:" }
                    ul { @for (page, title) in &it.all { li { (page) ": " (title) } } }
                    form method="post" { button.big id="take" { "I take all " (it.all.len()) } }
                } @else {
                    (asked(&it.it, person))
                }
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
    body: String,
) -> Response {
    if let Some((swap, _, by)) = swap_of(&context, &notice, &mac) {
        // The form has two buttons, and only one word takes the shift.
        let takes = body.split('&').any(|it| it == "answer=accept");
        let answer =
            if takes { engine::SwapAnswer::Accepted } else { engine::SwapAnswer::Declined };
        let command = Command::AnswerSwap { swap, by: by.clone(), answer };
        return match context.handle.submit(Submission::person(by.clone(), command)).await {
            Ok(_) if takes => {
                views::message("Taken", &format!("Thank you, {by}. The shift is yours."))
                    .into_response()
            }
            Ok(_) => views::message("Declined", "Nothing changes.").into_response(),
            Err(error) => failure(&error),
        };
    }
    if let Some((rota, by)) = duty_of(&context, &notice, &mac) {
        let via = "link".to_owned();
        let command = Command::ConfirmDuty { by: by.clone(), rota: Some(rota.clone()), via };
        return match context.handle.submit(Submission::person(by.clone(), command)).await {
            Ok(_) => {
                let told = format!("Thank you, {by}. You are on duty in {rota}.");
                views::message("Confirmed", &told).into_response()
            }
            Err(error) => failure(&error),
        };
    }
    let Some(it) = linked(&context, &notice, &mac) else { return unknown() };
    let Some(person) = it.person else { return unknown() };
    let via = "link".to_owned();
    let pages = it.all.iter().map(|(page, _)| *page);
    let command = |page| Command::AcknowledgePage { page, by: person.clone(), via: via.clone() };
    let answers =
        pages.map(|page| context.handle.submit(Submission::person(person.clone(), command(page))));
    let answers = futures_util::future::join_all(answers).await;
    // Somebody may have been faster with one of several: what could be taken is.
    let taken = answers.iter().position(Result::is_ok).unwrap_or(0);
    match answers.into_iter().nth(taken).expect("there is at least one page") {
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
