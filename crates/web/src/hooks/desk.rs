//! What somebody's message asks for, carried out, and the answer in one text message.
//!
//! Intuition: the operator of `replies` has understood a sentence; here she looks at the board. A message
//! without a number is carried out only when one thing can be meant; otherwise the answer lists what there
//! is, and nothing happened.
//!
//! Invariants:
//! - from a telephone or a mailbox only pages that went there can be taken, ended, escalated and noted on;
//!   taking over is for everybody, and from then on the rest is too;
//! - what was refused, was unclear or could not be stored changed nothing, and the answer says so;
//! - the same message delivered again changes nothing and is answered alike.

use super::answers;
use crate::Context;
use alerting::{Matcher, MatcherOp};
use driver::{Accepted, SubmitError};
use engine::{
    AlertStatus, Command, Event, InterruptionKind, NoteInterruption, Rejected, State, Subject,
    Submission,
};
use incident::Incident;
use model::{IncidentId, Labels, Medium, Millis, PageId, PersonId};
use paging::PageStatus;
use replies::{About, Act, Interruption, Said};

/// How long a silence lasts when nobody says.
const SILENCE_UNSAID: Millis = Millis::from_hours(1);

/// How long an interruption took when nobody says.
const MINUTES_UNSAID: u32 = 15;

/// A message, after it was found out who sent it.
pub(crate) struct Heard<'a> {
    /// Who.
    pub(crate) person: &'a PersonId,
    /// By which media pages must have gone to them to be meant; empty where whoever writes has proved
    /// to be somebody, as in a chat.
    pub(crate) media: &'a [Medium],
    /// How it is called in the journal.
    pub(crate) via: &'a str,
    /// What the provider calls it: hearing it again changes nothing.
    pub(crate) key: Option<String>,
    /// What it says.
    pub(crate) said: Said,
}

/// What a message can be about.
enum Meant {
    /// This page, and its incident.
    One(PageId, IncidentId),
    /// Nothing fits.
    Nothing,
    /// Several.
    Several(Vec<PageId>),
    /// There is no such thing (any more).
    Unknown(String),
    /// It went elsewhere.
    Elsewhere(PageId),
}

/// What became of a message.
pub(crate) struct Told {
    /// For whoever wrote.
    pub(crate) text: String,
    /// Whether it could not be stored, so that it may be delivered once more.
    pub(crate) again: bool,
    /// Whether what was asked for about a page was done.
    pub(crate) done: bool,
}

impl Told {
    fn of(text: String) -> Self {
        Self { text, again: false, done: false }
    }
}

/// Carries it out, and says what became of it.
pub(crate) async fn carry_out(context: &Context, heard: Heard<'_>) -> Told {
    let Heard { person, media, via, key, said } = heard;
    let via = via.to_owned();
    match &said.act {
        Act::Help => return Told::of(answers::HELP.to_owned()),
        Act::Who(name) => return Told::of(answers::who(context, person, name.as_deref())),
        Act::Stop | Act::Start => {
            return stop_or_start(context, person, media, via, key, &said).await;
        }
        Act::Swap { swap, takes } => {
            let (swap, takes) = (*swap, *takes);
            return answer_swap(context, person, key, swap, takes).await;
        }
        Act::EndSilence(silence) => {
            let command = Command::EndSilence { silence: *silence, by: person.clone() };
            let done = submit(context, person, key, command).await;
            let text = match &done {
                Ok(_) => format!("{silence} is over: what still fires calls again."),
                Err(error) => answers::failed(error),
            };
            return Told { text, again: is_trouble(&done), done: false };
        }
        Act::Read { handover, words } => {
            let (handover, words, by) = (*handover, words.clone(), person.clone());
            let accept = engine::HandoverCommand::Accept { handover, by, words, via };
            let done = submit(context, person, key, Command::Handover(accept)).await;
            let text = match &done {
                Ok(_) => format!("{handover} is yours now. Thank you."),
                Err(error) => answers::failed(error),
            };
            return Told { text, again: is_trouble(&done), done: false };
        }
        Act::Interrupted(it) => return interrupted(context, person, via, key, it).await,
        Act::Unclear => {
            return Told::of(answers::unclear(&context.handle.state(), said.about));
        }
        _ => {}
    }
    if let Some(key) = &key
        && let Some(text) = told_before(context, person, key, &said.act).await
    {
        return Told::of(text);
    }
    let (meant, said) = {
        let state = context.handle.state();
        meant_or_note(&state, person, media, said)
    };
    Told::of(match meant {
        Meant::One(page, incident) if let Act::Silence { length } = said.act => {
            return silence(context, person, via, key, (page, incident), length).await;
        }
        Meant::One(page, incident) => {
            let command = command(person, via, &said, page, incident);
            let done = submit(context, person, key, command).await;
            let state = context.handle.state();
            let text = answers::done(&state, person, &said.act, page, incident, done.as_ref());
            return Told { text, again: is_trouble(&done), done: done.is_ok() };
        }
        Meant::Nothing if is_confirmation(&context.handle.state(), person, &said) => {
            let by = person.clone();
            let done = submit(context, person, key, Command::ConfirmDuty { by, rota: None, via });
            let done = done.await;
            let text = match &done {
                Ok(_) => answers::on_duty(&context.handle.state(), person),
                Err(error) => answers::failed(error),
            };
            return Told { text, again: is_trouble(&done), done: false };
        }
        Meant::Nothing => answers::nothing(&said.act),
        Meant::Several(pages) => answers::several(&context.handle.state(), &said.act, &pages),
        Meant::Unknown(id) => format!("There is no open {id} here. Nothing was done."),
        Meant::Elsewhere(page) => {
            format!("{page} did not go to you this way. TAKE {} takes it over.", page.0)
        }
    })
}

/// Notes that somebody disturbed whoever writes.
async fn interrupted(
    context: &Context,
    person: &PersonId,
    via: String,
    key: Option<String>,
    it: &Interruption,
) -> Told {
    let kind = it.kind.as_deref().and_then(InterruptionKind::parse);
    let note = NoteInterruption {
        by: person.clone(),
        team: None,
        who: person.clone(),
        kind: kind.unwrap_or(InterruptionKind::Other),
        minutes: it.minutes.unwrap_or(MINUTES_UNSAID),
        text: it.text.clone(),
        hand: it.hand,
        via,
    };
    let done = submit(context, person, key, Command::NoteInterruption(Box::new(note))).await;
    let text = match &done {
        Ok(accepted) => answers::interrupted(context, accepted),
        Err(error) => answers::failed(error),
    };
    Told { text, again: is_trouble(&done), done: false }
}

/// Hides the alert of a page from everybody for a while.
async fn silence(
    context: &Context,
    person: &PersonId,
    via: String,
    key: Option<String>,
    (page, incident): (PageId, IncidentId),
    length: Option<Millis>,
) -> Told {
    let Some(matchers) = hiding(&context.handle.state(), page, incident) else {
        return Told::of(format!(
            "{page} was called by hand, nothing may hide that. RESOLVE {} ends it.",
            page.0
        ));
    };
    let now = context.handle.now();
    let command = Command::Silence {
        by: person.clone(),
        matchers,
        starts_at: now,
        ends_at: now.plus(length.unwrap_or(SILENCE_UNSAID)),
        comment: format!("said by {via} about {incident}"),
        replaces: None,
    };
    let done = submit(context, person, key, command).await;
    let text = match &done {
        Ok(accepted) => answers::silenced(context, person, accepted),
        Err(error) => answers::failed(error),
    };
    Told { text, again: is_trouble(&done), done: done.is_ok() }
}

/// What hides the alerts of an incident that fire: what all of them share, where that still says which alert
/// it is; else the alert of the page alone.
fn hiding(state: &State, page: PageId, incident: IncidentId) -> Option<Vec<Matcher>> {
    let alerts = &state.incidents.get(&incident)?.alerts;
    let firing = alerts
        .iter()
        .filter_map(|id| state.alerts.get(id))
        .filter(|it| it.status == AlertStatus::Firing);
    let all: Vec<Labels> = firing.map(engine::Alert::labels).collect::<Option<_>>()?;
    let mut shared = all.first().cloned().unwrap_or_default();
    shared.retain(|name, value| all.iter().all(|it| it.get(name) == Some(value)));
    if !shared.contains_key("alertname") {
        shared = state.alerts.get(&state.pages.get(&page)?.alert)?.labels()?;
    }
    let equal = |(name, value): (&String, &String)| Matcher::new(name, MatcherOp::Equal, value);
    shared.iter().map(equal).collect::<Result<_, _>>().ok()
}

/// Takes a shift, or declines it, for whoever was asked.
async fn answer_swap(
    context: &Context,
    person: &PersonId,
    key: Option<String>,
    swap: model::SwapId,
    takes: bool,
) -> Told {
    let answer = if takes { engine::SwapAnswer::Accepted } else { engine::SwapAnswer::Declined };
    let command = Command::AnswerSwap { swap, by: person.clone(), answer };
    let done = submit(context, person, key, command).await;
    let text = match &done {
        Ok(_) => answers::swapped(context, person, swap, takes),
        Err(error) => answers::failed(error),
    };
    Told { text, again: is_trouble(&done), done: false }
}

/// Whether a bare `1` without a page to take says: I know that I am on duty.
fn is_confirmation(state: &State, person: &PersonId, said: &Said) -> bool {
    said.act == Act::Acknowledge
        && said.about == About::Unsaid
        && state.reach.duty_calls().any(|(_, it)| it.person == *person && it.is_open())
}

/// What was answered to a message that was carried out before: what a bare word meant then it need not
/// mean any more.
async fn told_before(context: &Context, person: &PersonId, key: &str, act: &Act) -> Option<String> {
    if !context.handle.state().keys.contains_key(key) {
        return None;
    }
    // A key that is known is answered with what it did; the command itself is not looked at.
    let done = submit(context, person, Some(key.to_owned()), Command::Tick).await.ok()?;
    if done.events.iter().any(|it| matches!(it.event, Event::SilenceSet { .. })) {
        return Some(answers::silenced(context, person, &done));
    }
    let state = context.handle.state();
    let (page, incident) = done.events.iter().find_map(|it| match &it.event {
        Event::PageAcknowledged { page, .. }
        | Event::EscalationAsked { page, .. }
        | Event::PageGivenBack(engine::GivenBack { page, .. })
        | Event::TakenOver { page, .. } => Some((*page, state.pages.get(page)?.incident)),
        Event::IncidentResolved { incident, .. } | Event::NoteAdded { incident, .. } => {
            Some((*state.incidents.get(incident)?.pages.last()?, *incident))
        }
        _ => None,
    })?;
    Some(answers::done(&state, person, act, page, incident, Ok(&done)))
}

async fn stop_or_start(
    context: &Context,
    person: &PersonId,
    media: &[Medium],
    via: String,
    key: Option<String>,
    said: &Said,
) -> Told {
    // In a chat it is the chat that is left.
    let Some(medium) = media.first().copied() else { return Told::of(answers::HELP.to_owned()) };
    let by = person.clone();
    let stops = said.act == Act::Stop;
    let command = if stops {
        Command::StopContact { person: by, medium, via }
    } else {
        Command::StartContact { person: by, medium, via }
    };
    let done = submit(context, person, key, command).await;
    let text = match &done {
        Ok(_) if stops => answers::stopped(medium),
        Ok(_) => answers::started(medium),
        Err(error) => answers::failed(error),
    };
    Told { text, again: is_trouble(&done), done: false }
}

/// Whether it may work when it is asked once more.
fn is_trouble(done: &Result<Accepted, SubmitError>) -> bool {
    matches!(done, Err(error) if !matches!(error, SubmitError::Rejected(_)))
}

/// What is meant; a note whose number is of no page here begins with that number.
fn meant_or_note(state: &State, person: &PersonId, media: &[Medium], said: Said) -> (Meant, Said) {
    let found = meant(state, person, media, &said);
    if let (Meant::Unknown(_) | Meant::Elsewhere(_), Act::Note { whole, .. }) = (&found, &said.act)
        && whole.starts_with(|it: char| it.is_ascii_digit())
    {
        let act = Act::Note { text: whole.clone(), whole: whole.clone() };
        let said = Said { act, about: About::Unsaid };
        return (meant(state, person, media, &said), said);
    }
    (found, said)
}

fn meant(state: &State, person: &PersonId, media: &[Medium], said: &Said) -> Meant {
    match said.about {
        About::Page(id) => match state.pages.get(&id) {
            Some(page) if is_open(state, page.incident) => {
                bound(state, person, media, said, id, page.incident)
            }
            _ => Meant::Unknown(id.to_string()),
        },
        About::Incident(id) => match state.incidents.get(&id).filter(|it| it.is_open()) {
            Some(it) => match youngest(state, it, &said.act, person) {
                Some(page) => bound(state, person, media, said, page, id),
                None => Meant::Unknown(format!("page of {id}")),
            },
            None => Meant::Unknown(id.to_string()),
        },
        About::Unsaid => unsaid(state, person, media, &said.act),
    }
}

fn bound(
    state: &State,
    person: &PersonId,
    media: &[Medium],
    said: &Said,
    page: PageId,
    incident: IncidentId,
) -> Meant {
    let free = media.is_empty() || said.act == Act::TakeOver || holds(state, person, page);
    let told =
        || state.pages_told(person, media).any(|(id, it)| id == page || it.incident == incident);
    if free || told() { Meant::One(page, incident) } else { Meant::Elsewhere(page) }
}

/// The only thing that can be meant, if there is only one.
fn unsaid(state: &State, person: &PersonId, media: &[Medium], act: &Act) -> Meant {
    let told: Vec<PageId> = if media.is_empty() {
        state.pages_of_open_incidents().map(|(id, _)| id).collect()
    } else {
        state.pages_told(person, media).map(|(id, _)| id).collect()
    };
    let mut pages: Vec<PageId> =
        told.into_iter().filter(|id| can(&state.pages[id].status, act, person)).collect();
    // But for taking a page, what counts is the incident: its youngest page stands for it.
    if *act != Act::Acknowledge {
        let mut seen = vec![];
        pages.retain(|id| {
            let incident = state.pages[id].incident;
            let new = !seen.contains(&incident);
            seen.push(incident);
            new
        });
    }
    match pages[..] {
        [] => Meant::Nothing,
        [one] => Meant::One(one, state.pages[&one].incident),
        _ => Meant::Several(pages),
    }
}

/// Whether an act makes sense for a page that stands so.
fn can(status: &PageStatus, act: &Act, person: &PersonId) -> bool {
    match (act, status) {
        (Act::Acknowledge, PageStatus::Acknowledged { .. } | PageStatus::Ended { .. })
        | (Act::Escalate | Act::TakeOver, PageStatus::Ended { .. }) => false,
        (Act::TakeOver, PageStatus::Acknowledged { by, .. }) => by != person,
        (Act::GiveBack, status) => {
            matches!(status, PageStatus::Acknowledged { by, .. } if by == person)
        }
        _ => true,
    }
}

fn youngest(state: &State, it: &Incident, act: &Act, person: &PersonId) -> Option<PageId> {
    let fits = |id: &&PageId| state.pages.get(id).is_some_and(|it| can(&it.status, act, person));
    it.pages.iter().rev().find(fits).or(it.pages.last()).copied()
}

fn holds(state: &State, person: &PersonId, page: PageId) -> bool {
    let status = state.pages.get(&page).map(|it| &it.status);
    matches!(status, Some(PageStatus::Acknowledged { by, .. }) if by == person)
}

fn is_open(state: &State, incident: IncidentId) -> bool {
    state.incidents.get(&incident).is_some_and(Incident::is_open)
}

fn command(
    person: &PersonId,
    via: String,
    said: &Said,
    page: PageId,
    incident: IncidentId,
) -> Command {
    let by = person.clone();
    match &said.act {
        Act::Acknowledge if matches!(said.about, About::Incident(_)) => {
            Command::AcknowledgeIncident { incident, by, via }
        }
        Act::Acknowledge => Command::AcknowledgePage { page, by, via },
        Act::Resolve => Command::ResolveIncident { incident, by },
        Act::Escalate => Command::Escalate { page, by, via },
        Act::GiveBack => {
            let named = matches!(said.about, About::Page(_));
            let what = if named { Subject::Page(page) } else { Subject::Incident(incident) };
            Command::GiveBack { what, by, via }
        }
        Act::TakeOver => Command::TakeOver { incident, by, via },
        Act::Note { text, .. } => Command::AddNote { incident, by, text: text.clone(), via },
        other => unreachable!("answered before: {other:?}"),
    }
}

pub(crate) async fn submit(
    context: &Context,
    person: &PersonId,
    key: Option<String>,
    command: Command,
) -> Result<Accepted, SubmitError> {
    let submission = Submission { key, ..Submission::person(person.clone(), command) };
    let done = context.handle.submit(submission).await;
    if let Err(error) = &done
        && is_trouble(&done)
    {
        tracing::error!("what a message asked for could not be carried out: {error}");
    }
    done
}

/// Whether an error only says that it was done before, by the same person.
pub(crate) fn is_mine_already(error: &SubmitError, person: &PersonId) -> bool {
    matches!(error, SubmitError::Rejected(Rejected::AlreadyAcknowledged { by, .. }) if by == person)
}
