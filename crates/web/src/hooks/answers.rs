//! The answers to messages. Each fits one text message: the last step of every answer is
//! `replies::one_segment`.

use super::desk::is_mine_already;
use crate::{Context, show};
use driver::{Accepted, SubmitError};
use engine::{Event, Recipient, Rejected, State};
use model::{Catalogue, IncidentId, Medium, PageId, PersonId, RotaId, Timestamp};
use replies::{About, Act};
use std::fmt::Write as _;

/// What can be said.
pub(crate) const HELP: &str = "1 ACK takes a page, UNACK gives back, 2 ESC next step, 3 WHO is on, 4 RESOLVE, \
                               TAKE 12 takes over, NOTE 12 text, MUTE 12 2h, INTERRUPTED 15, STOP. 12: after pg_";

/// What is said to what nobody understands.
const UNCLEAR: &str = "Not understood, nothing was done. Say ACK, ESC, RESOLVE, TAKE or NOTE, then the number \
                       of the page: ACK 12. Or WHO, HELP.";

/// Pages named in a list.
const LISTED_MAX: usize = 4;

/// Characters of a title in an answer.
const TITLE_CHARS_MAX: usize = 60;

/// What became of something that was asked for about one page.
pub(crate) fn done(
    state: &State,
    person: &PersonId,
    act: &Act,
    page: PageId,
    incident: IncidentId,
    outcome: Result<&Accepted, &SubmitError>,
) -> String {
    let number = page.0;
    let accepted = match outcome {
        Ok(accepted) => accepted,
        Err(error) if is_mine_already(error, person) => return format!("{page} is yours already."),
        Err(SubmitError::Rejected(Rejected::AlreadyAcknowledged { by, at })) => {
            let (by, at) = (name(state, by), show::utc(*at));
            return format!("{page}: {by} has it since {at}. TAKE {number} takes it over.");
        }
        Err(SubmitError::Rejected(Rejected::Over { .. })) => return format!("{page} is over."),
        Err(error) => return failed(error),
    };
    let title = title(state, incident);
    match act {
        Act::Acknowledge => {
            format!(
                "{page} is yours: {title}. RESOLVE {number} ends it, ESC {number} calls more people."
            )
        }
        Act::Resolve => format!("{incident} is over: {title}. Thank you."),
        Act::Escalate => {
            let told = called_now(state, accepted);
            format!("The next step of {page} is called now: {told}.")
        }
        Act::GiveBack => {
            format!("{page} is nobody's now. Called: {}.", called_now(state, accepted))
        }
        Act::TakeOver => {
            let from = accepted.events.iter().find_map(|it| match &it.event {
                Event::TakenOver { from, .. } => {
                    Some(format!(", taken over from {}", name(state, from)))
                }
                _ => None,
            });
            format!("{page} is yours{}: {title}", from.unwrap_or_default())
        }
        Act::Note { .. } => format!("Noted on {incident}: {title}"),
        _ => "Done.".to_owned(),
    }
}

/// What calls nobody any more, and until when. `about` is named where the answer has room for it.
pub(crate) fn silenced(context: &Context, person: &PersonId, accepted: &Accepted) -> String {
    let set = accepted.events.iter().find_map(|it| match &it.event {
        Event::SilenceSet { silence, ends_at, .. } => Some((*silence, *ends_at)),
        _ => None,
    });
    let Some((silence, ends_at)) = set else { return "Done.".to_owned() };
    let until = local(context, person, ends_at);
    let hid = context.handle.state().silences.get(&silence).map_or(0, |it| it.hid_count);
    format!(
        "{silence}: until {until} nobody is called for this; it hides {hid} now. UNMUTE {} ends it.",
        silence.0
    )
}

/// A moment where somebody is.
fn local(context: &Context, person: &PersonId, at: Timestamp) -> String {
    let state = context.handle.state();
    let zone = state.catalogue().and_then(|all| all.people.get(person)).map(|it| &it.timezone);
    let zone = zone.and_then(|it| context.zones.get(it)).unwrap_or(jiff::tz::TimeZone::UTC);
    at.to_jiff().to_zoned(zone).strftime("%a %-d %b %H:%M").to_string()
}

/// Who is called by what was just done.
fn called_now(state: &State, accepted: &Accepted) -> String {
    let mut told: Vec<String> = vec![];
    for record in &accepted.events {
        let Event::PageNotified { notices, .. } = &record.event else { continue };
        for it in notices {
            let who = match &it.to {
                Recipient::Person(id) => name(state, id),
                Recipient::Channel(id) => id.to_string(),
            };
            if !told.contains(&who) {
                told.push(who);
            }
        }
    }
    if told.is_empty() { "nobody can be told".to_owned() } else { told.join(", ") }
}

/// Nothing that could be meant.
pub(crate) fn nothing(act: &Act) -> String {
    let told = match act {
        Act::Acknowledge => "No page that went to you this way waits for an answer.",
        Act::GiveBack => "You have nothing that could be given back.",
        Act::TakeOver => "Nothing that went to you this way can be taken over.",
        _ => "No incident is open that went to you this way.",
    };
    format!("{told} Nothing was done. Name a page to be sure: ACK 12. HELP tells more.")
}

/// Several could be meant.
pub(crate) fn several(state: &State, act: &Act, pages: &[PageId]) -> String {
    let word = match act {
        Act::Resolve => "RESOLVE",
        Act::Escalate => "ESC",
        Act::TakeOver => "TAKE",
        Act::GiveBack => "UNACK",
        Act::Silence { .. } => "MUTE",
        Act::Note { .. } => "NOTE",
        _ => "ACK",
    };
    let first = pages.first().map_or(12, |it| it.0);
    let room = if pages.len() > 2 { 20 } else { 40 };
    let mut text = format!("Which? {word} {first}, for instance. Nothing was done.");
    for id in pages.iter().take(LISTED_MAX) {
        let title = state.pages.get(id).map(|it| title(state, it.incident)).unwrap_or_default();
        let _ = write!(text, " {id} {};", cut(&title, room));
    }
    if pages.len() > LISTED_MAX {
        let _ = write!(text, " {} more", pages.len() - LISTED_MAX);
    }
    text
}

/// Nobody knows what was meant.
pub(crate) fn unclear(state: &State, about: About) -> String {
    let page = match about {
        About::Page(id) => state.pages.get(&id).map(|it| (id, it.incident)),
        _ => None,
    };
    let Some((page, incident)) = page else {
        return UNCLEAR.to_owned();
    };
    let (n, title) = (page.0, title(state, incident));
    format!("Not understood, nothing was done. {page}: {title}. ACK {n}, ESC {n}, RESOLVE {n}?")
}

pub(crate) fn stopped(medium: Medium) -> String {
    let medium = medium.word();
    format!(
        "No more pages by {medium} to you. You may still be on duty: tell your team. START undoes this."
    )
}

pub(crate) fn started(medium: Medium) -> String {
    format!("You are paged by {} again. HELP tells what can be said.", medium.word())
}

/// They said that they know that they are on duty.
pub(crate) fn on_duty(state: &State, person: &PersonId) -> String {
    let calls = state.reach.duty_calls().filter(|(_, it)| it.person == *person && !it.is_open());
    let rotas: Vec<&str> = calls.map(|(rota, _)| rota.as_str()).collect();
    format!("Noted: you know that you are on duty ({}).", rotas.join(", "))
}

/// What was noted of an interruption, and who has the duty that was there to take it.
pub(crate) fn interrupted(context: &Context, accepted: &Accepted) -> String {
    let noted = accepted.events.iter().find_map(|it| match &it.event {
        Event::InterruptionNoted(noted) => Some(&noted.what),
        _ => None,
    });
    let Some(it) = noted else { return "Noted.".to_owned() };
    let state = context.handle.state();
    let duty = it.duty.iter().map(|it| name(&state, it)).collect::<Vec<_>>().join(", ");
    let duty = match (duty.as_str(), it.leaked()) {
        ("", _) => "Nobody has the tribute now.".to_owned(),
        (_, false) => "You have the tribute.".to_owned(),
        (_, true) if it.handed => format!("It went past the tribute, and goes to {duty}."),
        (_, true) => format!("It went past the tribute: {duty} has it."),
    };
    format!("Noted for {}: {} min, {}. {duty}", it.team, it.minutes, it.kind.word())
}

/// They took a shift, or did not.
pub(crate) fn swapped(
    context: &Context,
    person: &PersonId,
    swap: model::SwapId,
    takes: bool,
) -> String {
    if !takes {
        return format!("Declined: {swap} changes nothing. Whoever asked is told.");
    }
    let known = context.handle.state().swaps.get(&swap).cloned();
    let Some(it) = known else { return format!("{swap} is done.") };
    let (from, to) = (local(context, person, it.gives.0), local(context, person, it.gives.1));
    format!("You have {} from {from} to {to}. Whoever asked is told. Thank you.", it.rota)
}

/// It was refused, or could not be stored.
pub(crate) fn failed(error: &SubmitError) -> String {
    match error {
        SubmitError::Rejected(refused) => format!("Nothing was done: {refused}"),
        _ => "This could not be stored, nothing was done. Please send it again.".to_owned(),
    }
}

/// Who is on duty, in the times of whoever asks.
pub(crate) fn who(context: &Context, person: &PersonId, named: Option<&str>) -> String {
    let state = context.handle.state();
    let Some(catalogue) = state.catalogue() else { return "Nothing is configured.".to_owned() };
    let rotas: Vec<&RotaId> = match named {
        Some(name) if let Some(team) = tribute_of(catalogue, name) => {
            let found = tributes(catalogue, team);
            if found.is_empty() {
                return "No such team has a tribute. Nobody takes its interruptions.".to_owned();
            }
            found
        }
        None => catalogue.rotas.keys().collect(),
        Some(name) => rotas_of(catalogue, name),
    };
    if rotas.is_empty() {
        let Some(name) = named else { return "There is no rota.".to_owned() };
        let team = catalogue.teams.iter().find(|(id, _)| id.as_str() == name);
        if let Some((id, team)) = team {
            let people: Vec<&str> = team.members.iter().map(|it| catalogue.name_of(it)).collect();
            return format!("{id} has no rota: {}", people.join(", "));
        }
        let all: Vec<&str> = catalogue.rotas.keys().map(RotaId::as_str).collect();
        return format!("No rota is called so. There are: {}", all.join(", "));
    }
    let zone = catalogue.people.get(person).map_or("UTC", |it| it.timezone.as_str());
    let zone = context.zones.get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let told = rotas.into_iter().filter_map(|id| {
        let shift = state.on_duty(id, context.clock.now(), &context.zones)?;
        let people: Vec<&str> = shift.people.iter().map(|it| catalogue.name_of(it)).collect();
        let people = if people.is_empty() { "nobody".to_owned() } else { people.join(", ") };
        let until = shift.ends.to_jiff().to_zoned(zone.clone());
        Some(format!("{id}: {people} until {}", until.strftime("%a %-d %b %H:%M")))
    });
    told.collect::<Vec<_>>().join("; ")
}

/// Whether the duty beside on-call is asked for, of one team or (empty) of all; a rota that is called so
/// comes first.
fn tribute_of<'a>(catalogue: &Catalogue, name: &'a str) -> Option<&'a str> {
    if catalogue.rotas.keys().any(|it| it.as_str() == name) {
        return None;
    }
    let team = name.strip_prefix("tribute").or_else(|| name.strip_suffix("tribute"))?;
    Some(team.trim_matches('-'))
}

fn tributes<'a>(catalogue: &'a Catalogue, team: &str) -> Vec<&'a RotaId> {
    let asked = catalogue.teams.iter().filter(|(id, _)| team.is_empty() || id.as_str() == team);
    let ids = asked.filter_map(|(_, it)| catalogue.rotas.get_key_value(it.tribute.as_ref()?));
    ids.map(|(id, _)| id).collect()
}

/// The rota of that name; else those that the policy of a team or feature of that name asks.
fn rotas_of<'a>(catalogue: &'a Catalogue, name: &str) -> Vec<&'a RotaId> {
    if let Some((id, _)) = catalogue.rotas.iter().find(|(id, _)| id.as_str() == name) {
        return vec![id];
    }
    let of_feature = catalogue.features.iter().find(|(id, _)| id.as_str() == name);
    let policy =
        of_feature.and_then(|(_, it)| it.escalation.as_ref()).map_or(name, |it| it.as_str());
    let steps = catalogue.escalations.iter().find(|(id, _)| id.as_str() == policy);
    let pages = steps.into_iter().flat_map(|(_, it)| &it.steps).flat_map(|it| &it.page);
    let ids = pages.filter_map(|it| match it {
        model::PageTarget::Rota(id) => catalogue.rotas.get_key_value(id).map(|(id, _)| id),
        _ => None,
    });
    ids.collect()
}

fn name(state: &State, person: &PersonId) -> String {
    state.catalogue().map_or_else(|| person.to_string(), |it| it.name_of(person).to_owned())
}

fn title(state: &State, incident: IncidentId) -> String {
    let title = state.incidents.get(&incident).map(|it| it.title.as_str()).unwrap_or_default();
    cut(&title.split_whitespace().collect::<Vec<_>>().join(" "), TITLE_CHARS_MAX)
}

fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars_max.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}
