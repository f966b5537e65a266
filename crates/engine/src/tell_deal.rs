//! What people and clocks did to a page, as sentences.

use crate::event::{Event, LeftOut, WakeCause};
use crate::state::Recipient;
use model::PersonId;
use std::fmt::Write as _;

/// One sentence about an event of dealing with a page.
pub(crate) fn told(event: &Event, person: &dyn Fn(&PersonId) -> String) -> String {
    match event {
        Event::PageHeld { page, until, reason, .. } => {
            format!("Page {page} calls nobody until {until}: {reason}.")
        }
        Event::PageWoken { page, cause } => match cause {
            WakeCause::Time => format!("The time of page {page} has come."),
            WakeCause::Person { by } => {
                format!("{} said that page {page} is to call people now.", person(by))
            }
            WakeCause::Alert { alert } => {
                format!("Page {page} calls people now, because alert {alert} does not wait.")
            }
        },
        Event::PagePartlyAcknowledged { page, by, via, have, want } => {
            format!(
                "{} took page {page} ({via}): {have} of {want}. The others are still called.",
                person(by)
            )
        }
        Event::PageReminded { page, until, notices, skipped } => {
            let mut text = format!("Page {page} goes back to everybody at {until}");
            for it in notices {
                let _ = write!(text, "; {} is reminded ({})", recipient(&it.to, person), it.notice);
            }
            for it in skipped {
                let _ = write!(text, "; {} {}", recipient(&it.to, person), it.reason);
            }
            text + "."
        }
        Event::PageRenewed { page, by } => {
            format!("{} said that page {page} is still being worked on.", person(by))
        }
        Event::PageReturned { page, from } => format!(
            "{} took page {page} and did not renew that in time: people are called again.",
            person(from)
        ),
        Event::PageGivenBack(crate::GivenBack { page, from, by, via, goes_on }) => {
            let whose = if by == from { String::new() } else { format!(" of {}", person(from)) };
            let next = if *goes_on { "calls go on" } else { "calls begin from the first step" };
            format!("{} gave back page {page}{whose} ({via}): {next}.", person(by))
        }
        Event::PageHanded { page, from, to, notices, skipped } => {
            let mut text = format!(
                "Page {page} is handed from {} to {}, and stays with {0} until {1} takes it",
                person(from),
                person(to)
            );
            for it in notices {
                let _ = write!(text, "; {} is told ({})", recipient(&it.to, person), it.notice);
            }
            for it in skipped {
                let _ = write!(text, "; {} {}", recipient(&it.to, person), it.reason);
            }
            text + "."
        }
        Event::PageSnoozed { page, by, until } => {
            format!("{} asked that page {page} comes back at {until}.", person(by))
        }
        Event::IncidentMerged { incident, into, by } => {
            format!("{} said that incident {incident} is the same as {into}.", person(by))
        }
        other => unreachable!("not about dealing with a page: {other:?}"),
    }
}

/// What conditions left out of a step, to be added to its sentence.
pub(crate) fn told_left_out(
    left_out: &[LeftOut],
    unconditional: bool,
    person: &dyn Fn(&PersonId) -> String,
) -> String {
    let mut text = String::new();
    for it in left_out {
        let _ = match &it.who {
            Some(who) => write!(text, "; {} {}", recipient(who, person), it.reason),
            None => write!(text, "; step {} {}", it.attempt + 1, it.reason),
        };
    }
    if unconditional {
        text += "; this would leave nobody to call, so conditions do not count";
    }
    text
}

fn recipient(it: &Recipient, person: &dyn Fn(&PersonId) -> String) -> String {
    match it {
        Recipient::Person(id) => person(id),
        Recipient::Channel(id) => format!("channel {id}"),
    }
}
