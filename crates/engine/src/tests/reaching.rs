//! The words of the script language that are about reaching people, and how their events are shown.
//!
//! `with` changes the organisation: `second-provider` adds another gateway for SMS behind the first,
//! `receipts` makes both wait ninety seconds for receipts, `rules` lets ana be reached by mail, then by
//! SMS after two minutes, with quiet hours, `dead-rules` by push, which she has not, `long` gives the
//! first step two hours, `confirm` asks whoever comes on duty.

use super::world::{catalogue, medium};
use crate::event::{AlsoCause, NewNotice};
use crate::{Command, Event, ReceiptEvidence, Recipient};
use model::{
    Catalogue, Contact, ContactRule, Medium, Millis, NoticeId, Personal, Quiet, Timestamp,
};

pub(crate) fn command(words: &[&str]) -> Option<Command> {
    let notice = |it: &str| NoticeId::parse(it).expect("a notice id");
    let kind = |it: &str| if it == "sms" { Medium::Sms } else { Medium::Email };
    Some(match *words {
        ["receipt", id, word] => {
            let detail = format!("status {word} of +15550100");
            Command::Receipt { notice: notice(id), evidence: evidence(word), detail }
        }
        ["covered", id, "by", by] => Command::Covered { notice: notice(id), by: notice(by) },
        ["verify", person, by, code] => Command::VerifyContact {
            person: person.into(),
            medium: kind(by),
            nonce: "n".into(),
            code_hash: code.into(),
        },
        ["code", person, by, code] => Command::ConfirmContact {
            person: person.into(),
            medium: kind(by),
            code_hash: code.into(),
        },
        ["test", person] => Command::TestContacts { person: person.into() },
        ["on-duty", person] => {
            Command::ConfirmDuty { by: person.into(), rota: None, via: "sms".into() }
        }
        ["with", ref parts @ ..] => {
            let mut it = catalogue();
            for part in parts {
                change(&mut it, part);
            }
            Command::AdoptCatalogue { catalogue: Box::new(it), hash: parts.join(" ") }
        }
        _ => return None,
    })
}

pub(crate) fn evidence(word: &str) -> ReceiptEvidence {
    match word {
        "accepted" => ReceiptEvidence::Accepted,
        "missing" => ReceiptEvidence::Missing,
        "undelivered" => ReceiptEvidence::Undelivered,
        "unanswered" => ReceiptEvidence::Unanswered,
        "bounced" => ReceiptEvidence::Bounced,
        "delivered" => ReceiptEvidence::Delivered,
        "read" => ReceiptEvidence::Read,
        _ => panic!("unknown evidence {word}"),
    }
}

fn change(it: &mut Catalogue, part: &str) {
    let ana = it.people.get_mut(&"ana".into()).expect("of the tests");
    match part {
        "second-provider" => {
            // In order of id it would come first.
            let second = it.channels[&"text".into()].clone();
            it.channels.insert("another".into(), second);
            it.channel_priorities.insert("another".into(), 200);
        }
        "receipts" => {
            for id in ["another", "text"] {
                it.channel_receipts.insert(id.into(), Millis::from_secs(90));
            }
        }
        "rules" => {
            let rule = |by, minutes| ContactRule { by, after: Millis::from_mins(minutes) };
            ana.rules.page = vec![rule(Medium::Email, 0), rule(Medium::Sms, 2)];
            ana.rules.ticket = vec![rule(Medium::Email, 0)];
            ana.rules.quiet = Some(Quiet { from_minute: 22 * 60, to_minute: 7 * 60 });
        }
        "dead-rules" => {
            ana.rules.page = vec![ContactRule { by: Medium::Ntfy, after: Millis::ZERO }];
        }
        "new-number" => {
            ana.contacts.retain(|it| it.medium != Medium::Sms);
            let address = Personal::new("ana".into(), "+15550777");
            ana.contacts.push(Contact { medium: Medium::Sms, address });
        }
        "long" => {
            let policy = it.escalations.get_mut(&"payments".into()).expect("of the tests");
            policy.steps[0].wait = Millis::from_hours(200);
        }
        "confirm" => {
            let rota = it.rotas.get_mut(&"payments".into()).expect("of the tests");
            rota.confirm = Some(Millis::from_mins(15));
        }
        "leave" => {
            let at = |minutes| super::world::START.plus(Millis::from_mins(minutes));
            let kind = model::AwayKind::Leave;
            ana.duty.away = vec![model::Away { starts: at(60), ends: at(120), kind }];
        }
        "daily" => {
            let rota = it.rotas.get_mut(&"payments".into()).expect("of the tests");
            rota.layers[0].turn = model::Turn::Days(1);
        }
        _ => panic!("unknown change {part}"),
    }
}

pub(crate) fn show(event: &Event, since: &dyn Fn(&Timestamp) -> String) -> String {
    match event {
        Event::NoticeDelivered { notice, evidence, detail } => {
            format!("NoticeDelivered {notice} {evidence:?} ({detail})")
        }
        Event::NoticeUndelivered { notice, evidence, detail } => {
            format!("NoticeUndelivered {notice} {evidence:?} ({detail})")
        }
        Event::NoticeCovered { notice, by } => format!("NoticeCovered {notice} by {by}"),
        Event::PageNotifiedAlso { page, attempt, cause, notices, again, skipped, .. } => {
            let cause = match cause {
                AlsoCause::NotReached { notice } => format!("{notice} not reached"),
                other => format!("{other:?}"),
            };
            let again = again.iter().map(|it| format!(" again {it}"));
            let skipped = skipped.iter().map(|it| format!(" skipped: {}", it.reason));
            let more: Vec<String> = again.chain(skipped).collect();
            format!(
                "PageNotifiedAlso {page} step {attempt} ({cause}){}{}",
                told(notices, since),
                more.concat()
            )
        }
        Event::VerificationAsked { notice, .. } => {
            format!("VerificationAsked{}", told(std::slice::from_ref(notice), since))
        }
        Event::VerificationFailed { person, tries_left, .. } => {
            format!("VerificationFailed {person} {tries_left} left")
        }
        Event::ContactVerified { person, medium: it, .. } => {
            format!("ContactVerified {person} {}", medium(*it))
        }
        Event::ContactsTested { notices, .. } => format!("ContactsTested{}", told(notices, since)),
        Event::ShiftExpected { rota, starts } => format!("ShiftExpected {rota} {}", since(starts)),
        Event::DutyAsked { call, rota, starts, ends, deadline, notices, .. } => format!(
            "DutyAsked {call} {rota} {} to {} by {}:{}",
            since(starts),
            since(ends),
            since(deadline),
            told(notices, since)
        ),
        Event::DutyReminded { call, deadline, notices } => {
            format!("DutyReminded {call} by {}:{}", since(deadline), told(notices, since))
        }
        Event::DutyConfirmed { call, by, .. } => format!("DutyConfirmed {call} {by}"),
        Event::DutyUnconfirmed { call, notices } => {
            format!("DutyUnconfirmed {call}:{}", told(notices, since))
        }
        other => format!("{other:?}"),
    }
}

fn told(notices: &[NewNotice], since: &dyn Fn(&Timestamp) -> String) -> String {
    notices.iter().fold(String::new(), |text, it| {
        let to = match &it.to {
            Recipient::Person(id) => id.to_string(),
            Recipient::Channel(id) => format!("channel {id}"),
        };
        let at = it.due_at.map_or(String::new(), |at| format!(" at {}", since(&at)));
        format!("{text} {to} {} through {}{at}", medium(it.medium), it.channel)
    })
}
