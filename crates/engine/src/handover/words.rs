//! What handovers say, in sentences: one per event for the journal, one per fact for people.

use super::{Fact, HandoverAsk, HandoverEvent, Shifting};
use crate::event::NewNotice;
use model::{PersonId, Timestamp};
use oncall::Change;

type Names<'a> = &'a dyn Fn(&PersonId) -> String;

fn all(people: &[PersonId], person: Names<'_>) -> String {
    let names: Vec<String> = people.iter().map(person).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

/// In a sentence.
pub(crate) fn tell(event: &HandoverEvent, person: Names<'_>) -> String {
    let told = |notices: &[NewNotice]| {
        if notices.is_empty() { " Nobody can be told." } else { "" }
    };
    let between = |it: &Shifting| {
        let (from, to) = (all(&it.givers(), person), all(&it.receivers(), person));
        format!("rota {} from {from} to {to} at {}", it.rota, it.gives_at)
    };
    match event {
        HandoverEvent::Watched { rota, people } => {
            format!("Rota {rota} is handed over from here on; {} has it.", all(people, person))
        }
        HandoverEvent::Drafted { handover, shifting, notices, .. } => {
            let (between, told) = (between(shifting), told(notices));
            format!("Handover {handover} of {between} is drafted.{told}")
        }
        HandoverEvent::Moved { handover, shifting, .. } => {
            format!("Handover {handover} is now of {}.", between(shifting))
        }
        HandoverEvent::Written { handover, by, .. } => {
            format!("{} wrote into handover {handover}.", person(by))
        }
        HandoverEvent::Published { handover, by, facts, todos, notices, .. } => {
            let who = match by {
                Some(by) => format!("{} published handover {handover}", person(by)),
                None => format!("The shift changed and handover {handover} was published as it is"),
            };
            let told = told(notices);
            format!("{who}: {} facts, {} to do.{told}", facts.len(), todos.len())
        }
        HandoverEvent::Taken { handover } => {
            format!("The rota has changed hands; handover {handover} is theirs who came.")
        }
        HandoverEvent::Asked { handover, ask, to, notices, .. } => {
            let (to, told) = (all(to, person), told(notices));
            let how = match ask {
                HandoverAsk::Nag => format!("{to} is reminded"),
                HandoverAsk::CallOthers => "the others of the rota are called".to_owned(),
                _ => format!("{to} is called"),
            };
            format!("Nobody has read handover {handover} back; {how}.{told}")
        }
        HandoverEvent::Accepted { handover, by, via, .. } => {
            format!("{} read handover {handover} back, by {via}.", person(by))
        }
        HandoverEvent::TodoNoted { todo, rota, owner, by, .. } => {
            let owner = owner.as_ref().map_or("whoever is on duty".to_owned(), person);
            format!("{} noted {todo} to do in rota {rota}, for {owner}.", person(by))
        }
        HandoverEvent::TodoDone { todo, by } => format!("{} says that {todo} is done.", person(by)),
    }
}

impl Fact {
    /// The heading it stands under.
    #[must_use]
    pub fn heading(&self) -> &'static str {
        match self {
            Self::Incident { .. } => "Open incidents",
            Self::Waiting { .. } => "Pages that come back",
            Self::SilenceEnds { .. } => "Silences that end",
            Self::Work { .. } => "Planned work",
            Self::Override { .. } => "Changes of duty ahead",
            Self::Swap { .. } => "Swaps that wait",
            Self::Change { .. } => "Changes of the last day",
            Self::Budget { .. } => "Budgets at risk",
            Self::Paged { .. } => "Pages of this shift",
            Self::More { .. } => "More",
        }
    }

    /// In a line, with names and times as its reader knows them.
    #[must_use]
    pub fn line(&self, person: Names<'_>, time: &dyn Fn(Timestamp) -> String) -> String {
        match self {
            Self::Incident { incident, title, opened_at, holder, notes } => {
                let who = match holder {
                    Some(it) => format!("{} has it", person(it)),
                    None => "nobody has it".to_owned(),
                };
                let notes = match notes {
                    0 => String::new(),
                    1 => ", 1 note".to_owned(),
                    more => format!(", {more} notes"),
                };
                format!("{incident} {title}, since {}; {who}{notes}", time(*opened_at))
            }
            Self::Waiting { page, incident, until, handed_to } => {
                let what = match (until, handed_to) {
                    (Some(at), _) => format!("comes back {}", time(*at)),
                    (None, Some(to)) => {
                        format!("is handed to {}, who has not taken it", person(to))
                    }
                    (None, None) => "comes back".to_owned(),
                };
                format!("{page} of {incident} {what}")
            }
            Self::SilenceEnds { silence, ends_at, matchers, hid } => {
                format!("{silence} for {matchers} ends {}; it hid {hid}", time(*ends_at))
            }
            Self::Work { window, starts, ends } => {
                format!("{window} from {} until {}", time(*starts), time(*ends))
            }
            Self::Override { overriding, starts, ends, change } => {
                let what = match change {
                    Change::Add(it) => format!("{} too", person(it)),
                    Change::Remove(it) => format!("without {}", person(it)),
                    Change::Replace { person: it, by } => {
                        format!("{} for {}", person(by), person(it))
                    }
                };
                format!("{overriding} {what}, {} until {}", time(*starts), time(*ends))
            }
            Self::Swap { swap, from, with } => {
                format!("{swap}: {} asked {}", person(from), person(with))
            }
            Self::Change { change, at, summary } => {
                format!("{change} {}: {summary}", time(*at))
            }
            Self::Budget { feature, spent_percent } => {
                format!("{feature}: {spent_percent} % of its budget is spent")
            }
            Self::Paged { page, incident, title, at, night, over } => {
                let night = if *night { ", at night" } else { "" };
                let over = if *over { "over" } else { "goes on" };
                format!("{page} {}{night}: {title} ({incident}, {over})", time(*at))
            }
            Self::More { of, count } => format!("and {count} more {of}"),
        }
    }
}
