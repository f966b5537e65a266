//! What is done to an alert over Opsgenie's API, besides closing it.
//!
//! Intuition: each action becomes the command that a person would have given here, in the name of the
//! person who is named; what became of it is told by the status of the request, in plain words.
//!
//! Invariants:
//! - only a person takes, hands on, snoozes, escalates and notes: the key of a door names one in `user`;
//! - nobody is made the owner of what they did not take: assigning asks them, while whoever has it keeps it.

use super::{find, named, person_called};
use crate::Context;
use crate::access::Principal;
use alerting::LABEL_VALUE_LENGTH_MAX;
use driver::SubmitError;
use engine::{
    Actor, Alert, Command, DoorAlert, DoorLife, Event, Origin, State, Subject, Submission,
};
use ingest::SIGNAL_STALE_AFTER;
use ingest::opsgenie::{Act, ActBody};
use model::{IncidentId, PageId, PersonId, Timestamp};
use paging::PageStatus;

const VIA: &str = "opsgenie";

const NO_USER: &str = "`user` names nobody of this organisation by id or e-mail address, and only people \
                       take, hand on, snooze, escalate and note";

/// Whether it was done, and in words; `Err`: trouble of ours, and the sender shall come again.
pub(super) type Done = Result<(bool, String), String>;

/// What is to be done, and what it is called once it was.
type Planned = Result<(Command, &'static str), String>;

/// Carries out `act`.
pub(super) async fn carry_out(
    context: &Context,
    who: &Principal,
    alias: &str,
    act: Act,
    body: &ActBody,
) -> Done {
    let planned = {
        let state = context.handle.state();
        let Some((_, alert)) = find(&state, who, alias) else {
            return Ok((false, "Alert does not exist".to_owned()));
        };
        plan(&state, who, alert, &act, body)
    };
    let (command, told) = match planned {
        Ok(planned) => planned,
        Err(told) => return Ok((false, told)),
    };
    let notes = matches!(act, Act::Note);
    let describes = matches!(act, Act::Describe(_));
    let done = match submit(context, who, body.note.clone().filter(|_| !notes), command).await? {
        Ok(events) if describes && events.is_empty() => {
            return Ok((false, "nothing is new, or it changed too often lately".to_owned()));
        }
        Ok(_) => (true, told.to_owned()),
        Err(refused) => (false, refused),
    };
    if done.0 && !notes {
        noted(context, who, alias, body).await;
    }
    Ok(done)
}

/// Keeps the words of `note` beside the incident, where somebody said them. That they cannot be kept
/// does not undo what was done.
pub(super) async fn noted(context: &Context, who: &Principal, alias: &str, body: &ActBody) {
    let command = {
        let state = context.handle.state();
        let Some((_, alert)) = find(&state, who, alias) else { return };
        match (note(body), alert.incident, named(&state, who, body.user.as_deref())) {
            (Some(text), Some(incident), Some(by)) => {
                Command::AddNote { incident, by, text, via: VIA.to_owned() }
            }
            _ => return,
        }
    };
    match submit(context, who, None, command).await {
        Ok(Ok(_)) => {}
        Ok(Err(told)) | Err(told) => {
            tracing::warn!(door = "opsgenie", "the note beside an action was not kept: {told}");
        }
    }
}

fn note(body: &ActBody) -> Option<String> {
    body.note.as_deref().map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned)
}

fn plan(state: &State, who: &Principal, alert: &Alert, act: &Act, body: &ActBody) -> Planned {
    if let Act::Describe(name) = act {
        return described(alert, name, body);
    }
    let by = named(state, who, body.user.as_deref()).ok_or(NO_USER)?;
    let incident = alert.incident.ok_or("nobody was called for this alert")?;
    let (what, via) = (Subject::Incident(incident), VIA.to_owned());
    Ok(match act {
        Act::Acknowledge => {
            (Command::AcknowledgeIncident { incident, by, via }, "Acknowledged alert")
        }
        Act::Unacknowledge => {
            if holder(state, incident).is_none() {
                return Err("nobody has taken this alert".to_owned());
            }
            (Command::GiveBack { what, by, via }, "Unacknowledged alert")
        }
        Act::Snooze => {
            let until = body.end_time.as_deref().and_then(Timestamp::parse_rfc3339);
            let until =
                until.ok_or("`endTime` is no date and time, such as 2026-11-23T10:00:00Z")?;
            (Command::Snooze { what, by, until }, "Snoozed alert")
        }
        Act::Escalate => {
            let page = open_page(state, incident).ok_or("no page of this alert is open")?;
            (Command::Escalate { page, by, via }, "Escalated alert to the next step of its policy")
        }
        Act::Assign => {
            let owner = body.owner.as_ref().and_then(|it| it.named());
            let to = owner.and_then(|it| person_called(state, it));
            let to = to.ok_or("`owner` names nobody of this organisation")?;
            assigned(state, incident, by, to)?
        }
        Act::Note => {
            let text = note(body).ok_or("`note` is empty")?;
            (Command::AddNote { incident, by, text, via }, "Added note")
        }
        Act::Close | Act::Describe(_) | Act::Nothing(_) => {
            unreachable!("answered before: {act:?}")
        }
    })
}

/// Assigning to oneself is taking; whoever has it may ask somebody else, who says yes or no; and what
/// nobody has cannot be put on somebody who may be asleep.
fn assigned(state: &State, incident: IncidentId, by: PersonId, to: PersonId) -> Planned {
    let via = VIA.to_owned();
    match holder(state, incident) {
        Some(holder) if *holder == to => Err(format!("{to} has it already")),
        Some(_) if by == to => Ok((Command::TakeOver { incident, by, via }, "Assigned alert")),
        Some(_) => {
            let what = Subject::Incident(incident);
            let told = "Asked the owner to take it; until they do, whoever has it keeps it";
            Ok((Command::Hand { what, by, to }, told))
        }
        None if by == to => {
            Ok((Command::AcknowledgeIncident { incident, by, via }, "Assigned alert"))
        }
        None => Err(format!(
            "nobody has taken it, and only {to} can say that they do: calls go on until somebody does"
        )),
    }
}

fn holder(state: &State, incident: IncidentId) -> Option<&PersonId> {
    let pages = &state.incidents.get(&incident)?.pages;
    pages.iter().rev().find_map(|it| state.pages.get(it)?.holder())
}

/// The page of an incident that still goes on, the youngest first.
fn open_page(state: &State, incident: IncidentId) -> Option<PageId> {
    let pages = &state.incidents.get(&incident)?.pages;
    let open = |it: &&PageId| {
        state.pages.get(it).is_some_and(|it| !matches!(it.status, PageStatus::Ended { .. }))
    };
    pages.iter().rev().find(open).copied()
}

/// The alert once more, with other words.
fn described(alert: &Alert, name: &'static str, body: &ActBody) -> Planned {
    let Origin::Door { door, labels, annotations, routed_by } = &alert.origin else {
        return Err("this alert did not come by a door".to_owned());
    };
    let text = if name == "summary" { &body.message } else { &body.description };
    let text = text.as_deref().map(str::trim).filter(|it| !it.is_empty());
    let text = text.ok_or("the new text is missing")?;
    if text.len() > LABEL_VALUE_LENGTH_MAX {
        return Err(format!("the new text is longer than {LABEL_VALUE_LENGTH_MAX} bytes"));
    }
    let fingerprint = alert.key.strip_prefix("door/").unwrap_or(&alert.key).to_owned();
    let mut annotations = annotations.clone();
    annotations.insert(name.to_owned(), text.to_owned());
    let alert = DoorAlert {
        door: door.clone(),
        fingerprint,
        labels: labels.clone(),
        annotations,
        starts_at: alert.starts_at,
        life: DoorLife::FiringStaleAfter(SIGNAL_STALE_AFTER),
        severity: alert.severity,
        feature: alert.feature.clone(),
        service: alert.service.clone(),
        team: alert.team.clone(),
        routed_by: routed_by.clone(),
    };
    Ok((Command::Receive(Box::new(alert)), "Described alert anew"))
}

/// What happened, or why it was refused; `Err`: trouble of ours.
async fn submit(
    context: &Context,
    who: &Principal,
    reason: Option<String>,
    command: Command,
) -> Result<Result<Vec<Event>, String>, String> {
    let actor = match who {
        Principal::Door(token) => Actor::Door(*token),
        Principal::Person { id, .. } => Actor::Person(id.clone()),
    };
    let submission = Submission { actor, reason, key: None, command };
    match context.handle.submit(submission).await {
        Ok(done) => Ok(Ok(done.events.into_iter().map(|it| it.event).collect())),
        Err(SubmitError::Rejected(refused)) => Ok(Err(refused.to_string())),
        Err(error) => Err(error.to_string()),
    }
}
