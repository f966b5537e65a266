//! From a person to messages: by their own rules, or by everything at once.
//!
//! Intuition: people know best what wakes them, and forget to keep it up to date. So their rules are
//! followed as far as they reach somebody, and no further.
//!
//! Invariants:
//! - whoever has an address and a channel for it gets at least one message;
//! - an address whose owner asked to get nothing there any more is not used;
//! - quiet hours hold back only what can wait;
//! - verified addresses come before others, and the others are used too.

use crate::command::Context;
use crate::notify::name;
use crate::state::State;
use model::{Catalogue, ChannelId, Contact, Medium, Millis, Person, PersonId, Severity, Timestamp};

/// One message to somebody.
pub(crate) struct Way {
    pub(crate) medium: Medium,
    pub(crate) channel: ChannelId,
    /// From when on, if not at once.
    pub(crate) due_at: Option<Timestamp>,
}

/// The messages to `id`, and what could not even be tried.
pub(crate) fn ways(
    state: &State,
    context: &Context<'_>,
    id: &PersonId,
    urgency: Severity,
) -> (Vec<Way>, Vec<String>) {
    let Some(catalogue) = state.catalogue() else { return (vec![], vec![]) };
    let Some(person) = catalogue.people.get(id).filter(|it| !it.contacts.is_empty()) else {
        return (vec![], vec!["has no address to send to".to_owned()]);
    };
    let start = context.now.plus(quiet_left(person, context, urgency));
    let rules = if urgency == Severity::Page { &person.rules.page } else { &person.rules.ticket };
    let mut problems = vec![];
    let mut found = vec![];
    for rule in rules {
        match person.contacts.iter().find(|it| it.medium == rule.by) {
            Some(contact) => {
                let at = start.plus(rule.after);
                let stopped = state.is_stopped(id, contact.medium);
                found.extend(way(catalogue, contact, stopped, at, context.now, &mut problems));
            }
            None => problems
                .push(format!("wants to be reached by {} and has no such address", name(rule.by))),
        }
    }
    if found.is_empty() {
        if !rules.is_empty() {
            let told = "has rules that reach nobody; every address is used instead";
            problems.push(told.to_owned());
        }
        let mut contacts: Vec<&Contact> = person.contacts.iter().collect();
        contacts.sort_by_key(|it| !state.is_verified(id, it));
        for contact in contacts {
            let stopped = state.is_stopped(id, contact.medium);
            found.extend(way(catalogue, contact, stopped, start, context.now, &mut problems));
        }
    }
    problems.dedup();
    (found, problems)
}

fn way(
    catalogue: &Catalogue,
    contact: &Contact,
    stopped: bool,
    at: Timestamp,
    now: Timestamp,
    problems: &mut Vec<String>,
) -> Option<Way> {
    let medium = contact.medium;
    if contact.address.text().is_none() {
        problems.push(format!("the {} address has been erased", name(medium)));
        return None;
    }
    if stopped {
        problems.push(format!("asked to get no {} any more", name(medium)));
        return None;
    }
    let Some(channel) = catalogue.channel_for(medium) else {
        problems.push(format!("no channel for {} is configured", name(medium)));
        return None;
    };
    Some(Way { medium, channel: channel.clone(), due_at: (at > now).then_some(at) })
}

/// How long a person's quiet hours still last for something of this urgency.
fn quiet_left(person: &Person, context: &Context<'_>, urgency: Severity) -> Millis {
    if urgency == Severity::Page {
        return Millis::ZERO;
    }
    let Some(quiet) = person.rules.quiet else { return Millis::ZERO };
    let Some(zone) = context.zones.get(&person.timezone) else { return Millis::ZERO };
    let local = context.now.to_jiff().to_zoned(zone);
    let minute =
        u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
    quiet.minutes_left(minute).map_or(Millis::ZERO, |it| Millis::from_mins(i64::from(it)))
}
