//! The words of the script language that are about shifts, and how their events are shown.

use super::shown::told;
use super::world::START;
use crate::event::NewNotice;
use crate::{Command, Event};
use model::{Millis, Timestamp};

/// The instant of `30m`, or of `2d`.
pub(crate) fn minute(text: &str) -> Timestamp {
    let (count, unit) = text.split_at(text.len() - 1);
    let count: i64 = count.parse().expect("a number");
    START.plus(if unit == "d" { Millis::from_days(count) } else { Millis::from_mins(count) })
}

pub(crate) fn command(words: &[&str], minute: &dyn Fn(&str) -> Timestamp) -> Command {
    match *words {
        ["override", by, rota, from, to, ref change @ ..] => Command::Override {
            by: by.into(),
            rota: rota.into(),
            starts: minute(from),
            ends: minute(to),
            change: match *change {
                ["add", who] => oncall::Change::Add(who.into()),
                ["remove", who] => oncall::Change::Remove(who.into()),
                [by, "for", who] => oncall::Change::Replace { person: who.into(), by: by.into() },
                ref other => panic!("no change: {other:?}"),
            },
        },
        ["end-override", id, by] => {
            let overriding = model::OverrideId::parse(id).expect("an id of an override");
            Command::EndOverride { overriding, by: by.into() }
        }
        ["swap", by, rota, at, with, ref exchange @ ..] => Command::AskSwap {
            by: by.into(),
            rota: rota.into(),
            at: minute(at),
            with: with.into(),
            exchange: exchange.first().map(|it| minute(it)),
        },
        [answer @ ("accept" | "decline"), id, by] => Command::AnswerSwap {
            swap: model::SwapId::parse(id).expect("an id of a swap"),
            by: by.into(),
            answer: match answer {
                "accept" => crate::SwapAnswer::Accepted,
                _ => crate::SwapAnswer::Declined,
            },
        },
        ["propose", by, rota, ref shifts @ ..] => Command::ProposeRoster {
            by: by.into(),
            rota: rota.into(),
            shifts: shifts
                .chunks_exact(3)
                .map(|it| crate::RosterShift {
                    starts: minute(it[0]),
                    ends: minute(it[1]),
                    people: it[2].split('+').map(Into::into).collect(),
                })
                .collect(),
        },
        [word @ ("publish" | "put-aside"), id, by] => Command::AnswerRoster {
            roster: model::RosterId::parse(id).expect("an id of a roster"),
            by: by.into(),
            publish: word == "publish",
        },
        ref other => unreachable!("not about shifts: {other:?}"),
    }
}

fn and_told(notices: &[NewNotice]) -> String {
    if notices.is_empty() { String::new() } else { format!(" telling {}", told(notices)) }
}

pub(crate) fn show(event: &Event, since: &dyn Fn(&Timestamp) -> String) -> String {
    match event {
        Event::OverrideSet(crate::OverrideSet {
            overriding, starts, ends, change, swap, ..
        }) => {
            let swap = swap.map_or_else(String::new, |it| format!(" by {it}"));
            let change = match change {
                oncall::Change::Add(it) => format!("add {it}"),
                oncall::Change::Remove(it) => format!("remove {it}"),
                oncall::Change::Replace { person, by } => format!("{by} for {person}"),
            };
            format!("OverrideSet {overriding}{swap} {change} {} to {}", since(starts), since(ends))
        }
        Event::OverrideEnded { overriding, by } => format!("OverrideEnded {overriding} by {by}"),
        Event::SwapAsked(crate::SwapAsked { swap, from, with, gives, takes, notices, .. }) => {
            let takes = takes.map_or_else(String::new, |it| {
                format!(" in exchange for {} to {}", since(&it.0), since(&it.1))
            });
            format!(
                "SwapAsked {swap} {from} asks {with} {} to {}{takes}{}",
                since(&gives.0),
                since(&gives.1),
                and_told(notices)
            )
        }
        Event::SwapAnswered(crate::SwapAnswered { swap, answer, by, notices }) => {
            format!("SwapAnswered {swap} {answer:?} by {by}{}", and_told(notices))
        }
        Event::DutyThin(crate::DutyThin { look, rota, found, notices }) => {
            let one = |it: &crate::Thin| {
                let words = it.words(ToString::to_string);
                format!("{words} {} to {}", since(&it.starts), since(&it.ends))
            };
            let found: Vec<String> = found.iter().map(one).collect();
            format!("DutyThin {look} {rota}: [{}]{}", found.join("; "), and_told(notices))
        }
        Event::RosterProposed(crate::RosterProposed { roster, rota, changes, by }) => {
            let names = |it: &[model::PersonId]| {
                it.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
            };
            let one = |it: &crate::RosterChange| {
                let (starts, ends) = (since(&it.starts), since(&it.ends));
                format!("{starts} to {ends} {} for {}", names(&it.to), names(&it.from))
            };
            let changes: Vec<String> = changes.iter().map(one).collect();
            format!("RosterProposed {roster} {rota} by {by}: [{}]", changes.join("; "))
        }
        Event::RosterAnswered(crate::RosterAnswered { roster, published, by, notices }) => {
            let word = if *published { "published" } else { "put aside" };
            format!("RosterAnswered {roster} {word} by {by}{}", and_told(notices))
        }
        other => unreachable!("not about shifts: {other:?}"),
    }
}
