//! Load limits, storms and shadow mode as sentences: the part of [`crate::tell`] that is about them.

use crate::event::{Event, NewNotice};
use crate::load::LoadOutcome;
use crate::notify::name;
use crate::shadow::TheirAct;
use crate::state::Recipient;
use model::PersonId;
use std::fmt::Write as _;

/// What became of calls because of how many there were.
pub(crate) fn told_limits(event: &Event, person: &dyn Fn(&PersonId) -> String) -> String {
    match event {
        Event::CallsBundled { page, person: who, calls_count, calls_max, at, .. } => format!(
            "{} was called {calls_count} times within 10 minutes (at most {calls_max}): page {page} \
             stands in one message with others, due at {at}.",
            person(who)
        ),
        Event::LoadReached { person: who, rota, page, pages, since, limit, outcome, .. } => {
            let mut text = format!(
                "{} had {pages} pages since {since} (at most {}), the last one {page}",
                person(who),
                limit.pages
            );
            let duty = rota.as_ref().map_or(String::new(), |it| format!(" in rota {it}"));
            let _ = match outcome {
                LoadOutcome::Relieved { to, until } => {
                    write!(text, ": {} has the duty{duty} until {until}.", person(to))
                }
                LoadOutcome::Credited => write!(text, ": a day is noted."),
                LoadOutcome::Held { until } => {
                    write!(text, ": what is calm waits for them until {until}.")
                }
                LoadOutcome::NobodyLeft => {
                    write!(text, ", and nobody{duty} is left to relieve them: they are called on.")
                }
            };
            text
        }
        Event::ReliefEnded { rota, by } => {
            format!("{} said that the rota {rota} goes by its turns again.", person(by))
        }
        Event::PagedAnyway { alert, by } => {
            format!("{} wanted people called for alert {alert} anyway.", person(by))
        }
        Event::IncidentUpdated { incident, joined_count, alerts_count, notices, held } => {
            let mut text = format!(
                "{joined_count} more alerts joined incident {incident}, {alerts_count} in all; {} \
                 people are told",
                notices.len()
            );
            for (notice, until) in held {
                let _ = write!(text, ", {notice} not before {until}");
            }
            text + "."
        }
        Event::EndTold { incident, notices } => {
            let one = |it: &NewNotice| match &it.to {
                Recipient::Person(id) => format!("{} by {}", person(id), name(it.medium)),
                Recipient::Channel(id) => format!("channel {id}"),
            };
            let told: Vec<String> = notices.iter().map(one).collect();
            format!("Told that incident {incident} is over: {}.", told.join(", "))
        }
        _ => told_shadow(event, person),
    }
}

/// What happened beside another pager.
fn told_shadow(event: &Event, person: &dyn Fn(&PersonId) -> String) -> String {
    let whose = |team: &Option<model::TeamId>| {
        team.as_ref().map_or(String::new(), |it| format!(" of team {it}"))
    };
    match event {
        Event::ShadowBegan { team } => {
            format!("Shadow mode{} begins: nobody is called by Lamplighter.", whose(team))
        }
        Event::ShadowEnded { team, by } => {
            let by = by.as_ref().map_or("the configuration".to_owned(), person);
            format!("Shadow mode{} was ended by {by}: pages go out.", whose(team))
        }
        Event::TheirCall {
            system, incident, title, act, person: who, unknown, said_at, ..
        } => {
            let unknown = || unknown.as_ref().and_then(|it| it.text()).unwrap_or("somebody");
            let who = who.as_ref().map_or_else(|| unknown().to_owned(), person);
            let what = match act {
                TheirAct::Called => format!("called {who} for"),
                TheirAct::Acknowledged => format!("says that {who} took"),
                TheirAct::Resolved => "says it is over with".to_owned(),
            };
            format!("{system} {what} {incident} ({title}) at {said_at}.")
        }
        _ => String::new(),
    }
}
