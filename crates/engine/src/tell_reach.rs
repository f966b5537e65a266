//! Events about reaching people as sentences.

use crate::event::{AlsoCause, Event, NewNotice};
use crate::notify::name;
use crate::reach::CODE_LASTS;
use crate::state::Recipient;
use model::PersonId;
use std::fmt::Write as _;

/// One sentence; empty for what is told elsewhere.
pub(crate) fn tell(event: &Event, person: &dyn Fn(&PersonId) -> String) -> String {
    match event {
        Event::NoticeDelivered { notice, evidence, detail } => {
            format!("Notice {notice} arrived: {}{}.", evidence.words(), in_brackets(detail))
        }
        Event::NoticeUndelivered { notice, evidence, detail } => {
            let detail = in_brackets(detail);
            format!("Notice {notice} reached nobody: {}{detail}.", evidence.words())
        }
        Event::NoticeCovered { notice, by } => {
            format!(
                "Notice {notice} was told of in the message of {by}, sent late to the same address."
            )
        }
        Event::PageNotifiedAlso { .. } => also(event, person),
        Event::VerificationAsked { person: who, notice, .. } => format!(
            "A code goes to {} by {} ({}); it is good for {CODE_LASTS}.",
            person(who),
            name(notice.medium),
            notice.notice
        ),
        Event::VerificationFailed { person: who, medium, tries_left } => format!(
            "{} gave a wrong code for the {} address; {tries_left} more tries.",
            person(who),
            name(*medium)
        ),
        Event::ContactVerified { person: who, medium, .. } => {
            format!("The {} address of {} is verified.", name(*medium), person(who))
        }
        Event::ContactsTested { person: who, notices, .. } => {
            format!("A test goes to {}: {}.", person(who), told(notices, person))
        }
        Event::ShiftExpected { rota, starts } => {
            format!("Whoever comes on duty in rota {rota} at {starts} will be asked to confirm.")
        }
        Event::DutyAsked { rota, person: who, starts, ends, deadline, .. } => format!(
            "{} is on duty in rota {rota} from {starts} to {ends} and is asked to confirm by {deadline}.",
            person(who)
        ),
        Event::DutyReminded { call, deadline, .. } => {
            format!(
                "Call {call} to whoever came on duty was not confirmed; asked again, until {deadline}."
            )
        }
        Event::DutyConfirmed { call, by, via } => {
            format!("{} confirmed the shift of call {call} ({via}).", person(by))
        }
        Event::DutyUnconfirmed { call, notices } => {
            let told = told(notices, person);
            format!("Nobody confirmed the shift of call {call}; told: {told}.")
        }
        _ => String::new(),
    }
}

fn also(event: &Event, person: &dyn Fn(&PersonId) -> String) -> String {
    let Event::PageNotifiedAlso { page, attempt, cause, duty, notices, again, skipped, .. } = event
    else {
        return String::new();
    };
    let why = match cause {
        AlsoCause::NotReached { notice } => format!("{notice} reached nobody"),
        AlsoCause::ShiftChanged => "the rota changed hands before anybody was reached".to_owned(),
        AlsoCause::NobodyReached => "nobody has had a message yet".to_owned(),
    };
    let mut parts = vec![];
    if !notices.is_empty() {
        parts.push(format!("also {}", told(notices, person)));
    }
    if !again.is_empty() {
        let ids: Vec<String> = again.iter().map(ToString::to_string).collect();
        parts.push(format!("{} now", ids.join(", ")));
    }
    if parts.is_empty() {
        parts.push("nobody else can be told".to_owned());
    }
    let mut text = format!("Page {page}, step {}: {why}, so {}", attempt + 1, parts.join("; "));
    if let Some((rota, until)) = duty {
        let _ = write!(text, "; on duty in rota {rota} until {until}");
    }
    for it in skipped {
        let _ = write!(text, "; {} {}", recipient(&it.to, person), it.reason);
    }
    text + "."
}

fn told(notices: &[NewNotice], person: &dyn Fn(&PersonId) -> String) -> String {
    let one = |it: &NewNotice| {
        format!("{} by {} ({})", recipient(&it.to, person), name(it.medium), it.notice)
    };
    let all: Vec<String> = notices.iter().map(one).collect();
    if all.is_empty() { "nobody".to_owned() } else { all.join(", ") }
}

fn recipient(to: &Recipient, person: &dyn Fn(&PersonId) -> String) -> String {
    match to {
        Recipient::Person(id) => person(id),
        Recipient::Channel(id) => format!("channel {id}"),
    }
}

fn in_brackets(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" ({detail})") }
}
