//! What the words of a script stand for.

use super::world::{START, catalogue};
use crate::{
    Change, Command, DeliveryOutcome, DoorAlert, DoorLife, Role, SignRole, Subject, TokenKind,
};
use model::{
    IncidentId, Maintenance, Medium, Millis, NoticeId, Objective, PageId, PersonId, Recurrence,
    Severity, SilenceId, Timestamp, TokenId,
};
use slo::ConditionState::{self, Firing, Quiet, Unmeasured};
use std::collections::BTreeMap;

#[expect(clippy::too_many_lines, reason = "a table of commands")]
pub(super) fn command(words: &[&str], now: Timestamp) -> Command {
    let page = |it: &str| PageId::parse(it).expect("a page id");
    let incident = |it: &str| IncidentId::parse(it).expect("an incident id");
    let notice = |it: &str| NoticeId::parse(it).expect("a notice id");
    let via = "view".to_owned();
    match *words {
        ["tick"] => Command::Tick,
        ["burn", feature] => observe(feature, Firing, Firing),
        ["simmer", feature] => observe(feature, Quiet, Firing),
        ["calm", feature] => observe(feature, Quiet, Quiet),
        ["blind", feature] => observe(feature, Unmeasured, Unmeasured),
        ["door", fingerprint, feature] => {
            let until = now.plus(Millis::from_mins(5));
            door(fingerprint, Some(feature), DoorLife::FiringUntil(until), now)
        }
        ["webhook", fingerprint, feature] => {
            let life = DoorLife::FiringStaleAfter(Millis::from_hours(5));
            door(fingerprint, Some(feature), life, now)
        }
        ["door-over", fingerprint] => door(fingerprint, None, DoorLife::Resolved, now),
        ["ack", id, by] => Command::AcknowledgePage { page: page(id), by: by.into(), via },
        ["ack-incident", id, by] => {
            Command::AcknowledgeIncident { incident: incident(id), by: by.into(), via }
        }
        ["fine", feature] => fine(feature, now),
        ["alert", fingerprint, feature, label] => {
            let life = DoorLife::FiringStaleAfter(Millis::from_hours(50));
            labelled(door(fingerprint, Some(feature), life, now), label)
        }
        ["resolve", id, by] => Command::ResolveIncident { incident: incident(id), by: by.into() },
        ["note", id, by, ref text @ ..] => {
            Command::AddNote { incident: incident(id), by: by.into(), text: text.join(" "), via }
        }
        ["escalate", id, by] => Command::Escalate { page: page(id), by: by.into(), via },
        ["take", id, by] => Command::TakeOver { incident: incident(id), by: by.into(), via },
        ["stop-sms", person] => {
            Command::StopContact { person: person.into(), medium: Medium::Sms, via }
        }
        ["stop-email", person] => {
            Command::StopContact { person: person.into(), medium: Medium::Email, via }
        }
        ["start-sms", person] => {
            Command::StartContact { person: person.into(), medium: Medium::Sms, via }
        }
        ["answer", to] => Command::Answer {
            to: to.into(),
            medium: Medium::Sms,
            channel: "text".into(),
            text: "pg_1 is yours.".to_owned(),
        },
        ["silence", matchers, from, to] => silence(matchers, from, to, None),
        ["silence", matchers, from, to, "for", old] => silence(matchers, from, to, Some(old)),
        ["end-silence", id, by] => {
            let silence = SilenceId::parse(id).expect("a silence id");
            Command::EndSilence { silence, by: by.into() }
        }
        [
            "override" | "end-override" | "swap" | "accept" | "decline" | "propose" | "put-aside",
            ..,
        ]
        | ["publish", _, _] => super::duty_words::command(words, &super::duty_words::minute),
        ["admin", person] => Command::SetPassword {
            person: person.into(),
            hash: "hash".into(),
            role: Role::Admin,
            spends: None,
        },
        ["review", id, by] => {
            let text = "the carrier's certificate ended".to_owned();
            Command::PublishReview { incident: incident(id), by: by.into(), text }
        }
        ["sent", id] => {
            let outcome = DeliveryOutcome::Sent { provider_id: "x1".into() };
            Command::Delivered { notice: notice(id), outcome }
        }
        ["resting", id, secs] => {
            let after = Some(Millis::from_secs(secs.parse().expect("seconds")));
            let outcome = DeliveryOutcome::Transient { detail: "slow down".into(), after };
            Command::Delivered { notice: NoticeId::parse(id).expect("a notice id"), outcome }
        }
        ["busy", id] => {
            let outcome = DeliveryOutcome::Transient { detail: "busy".into(), after: None };
            Command::Delivered { notice: notice(id), outcome }
        }
        ["lost", id] => {
            let outcome = DeliveryOutcome::Permanent { detail: "no such number".into() };
            Command::Delivered { notice: notice(id), outcome }
        }
        ["deaf"] => Command::SourceFailed { source: "prometheus".into(), detail: "refused".into() },
        ["hears"] => Command::SourceRead { source: "prometheus".into() },
        ["raise" | "raise-once", by] => {
            let title = "no lights in Kisumu".to_owned();
            Command::Raise { by: by.into(), title, feature: None, team: Some("payments".into()) }
        }
        ["sign", feature, role, by] => {
            let role = if role == "product" { SignRole::Product } else { SignRole::Engineering };
            let objective = Objective::parse("99.5%").expect("an objective");
            Command::Sign { feature: feature.into(), role, by: by.into(), objective }
        }
        ["setup-link"] => token(TokenKind::Setup, None),
        ["session", person] => token(TokenKind::Session, Some(person.into())),
        ["password", person, token] => Command::SetPassword {
            person: person.into(),
            hash: "$argon2id$…".into(),
            role: Role::Admin,
            spends: TokenId::parse(token),
        },
        ["configure-without", feature] => {
            let mut catalogue = catalogue();
            catalogue.features.remove(&feature.into());
            Command::AdoptCatalogue { catalogue: Box::new(catalogue), hash: "second".into() }
        }
        ["configure-shadow"] => {
            let mut catalogue = catalogue();
            catalogue.pager.mode = model::Mode::Shadow;
            Command::AdoptCatalogue { catalogue: Box::new(catalogue), hash: "second".into() }
        }
        _ => deal_command(words, now),
    }
}

/// With another label, written as `name=value`.
fn labelled(mut command: Command, label: &str) -> Command {
    if let (Command::Receive(it), Some((name, value))) = (&mut command, label.split_once('=')) {
        it.labels.insert(name.to_owned(), value.to_owned());
    }
    command
}

/// Commands about what people do with a page they have.
fn deal_command(words: &[&str], now: Timestamp) -> Command {
    let incident = |it: &str| IncidentId::parse(it).expect("an incident id");
    match *words {
        ["renew", id, by] => Command::Renew { what: subject(id), by: by.into() },
        ["hand", id, by, to] => Command::Hand { what: subject(id), by: by.into(), to: to.into() },
        ["snooze", id, by, length] => {
            let minutes = length.trim_end_matches('m').parse().expect("minutes");
            let until = now.plus(Millis::from_mins(minutes));
            Command::Snooze { what: subject(id), by: by.into(), until }
        }
        ["give-back", id, by] => {
            Command::GiveBack { what: subject(id), by: by.into(), via: "view".to_owned() }
        }
        ["wake", id, by] => Command::Wake { what: subject(id), by: by.into() },
        ["merge", id, into, by] => {
            Command::MergeIncidents { incident: incident(id), into: incident(into), by: by.into() }
        }
        _ => limits_command(words, now),
    }
}

/// Commands about load limits, storms and shadow mode.
fn limits_command(words: &[&str], now: Timestamp) -> Command {
    match *words {
        ["ring", service] => ring(service, "warning", now),
        ["ring-critical", service] => ring(service, "critical", now),
        ["join", fingerprint, service] => {
            let Command::Receive(mut door) = ring(service, "warning", now) else { unreachable!() };
            door.fingerprint = fingerprint.into();
            Command::Receive(door)
        }
        ["anyway", id, by] => Command::PageAnyway {
            alert: model::AlertId::parse(id).expect("an alert id"),
            by: by.into(),
        },
        ["end-relief", rota, by] => Command::EndRelief { rota: rota.into(), by: by.into() },
        ["end-shadow", by] => Command::EndShadow { team: None, by: by.into() },
        ["they", act, incident, key, who] => Command::RecordTheirCall(Box::new(crate::Heard {
            system: "pagerduty".into(),
            incident: incident.into(),
            keys: vec![key.into()],
            title: String::new(),
            act: match act {
                "call" => crate::TheirAct::Called,
                "ack" => crate::TheirAct::Acknowledged,
                _ => crate::TheirAct::Resolved,
            },
            people: vec![vec![who.into()]],
            at: now,
        })),
        _ => watched_command(words, now),
    }
}

fn subject(id: &str) -> Subject {
    let incident = IncidentId::parse(id).map(Subject::Incident);
    incident.or_else(|| PageId::parse(id).map(Subject::Page)).expect("an incident or a page")
}

/// A quarter of the budget is spent, and nothing burns.
fn fine(feature: &str, now: Timestamp) -> Command {
    let mut command = observe(feature, Quiet, Quiet);
    if let Command::Observe { assessment, .. } = &mut command {
        assessment.end_minute = now.minute() - 1;
        assessment.budget.spent_ratio = Some(0.25);
        assessment.burn_rate = Some(0.5);
    }
    command
}

/// Commands about heartbeats, changes, planned work, and the product itself.
fn watched_command(words: &[&str], now: Timestamp) -> Command {
    match *words {
        ["ping", heartbeat] => Command::Ping { heartbeat: heartbeat.into() },
        ["plan", window, day, clock, hours, matchers] => {
            let what = Maintenance {
                matchers: matchers.into(),
                when: Recurrence::parse(&format!("{day} {clock}")).expect("a time"),
                timezone: "Africa/Nairobi".into(),
                lasts: Millis::from_hours(hours.parse().expect("hours")),
                owner: "ana".into(),
                reason: "the mast is being painted".into(),
            };
            let what = Box::new(what);
            Command::PlanMaintenance { window: window.into(), what, by: "bo".into() }
        }
        ["cancel-plan", window] => {
            Command::CancelMaintenance { window: window.into(), by: "bo".into() }
        }
        ["change", summary, service] => Command::Change(Box::new(Change {
            summary: summary.into(),
            source: "ci".into(),
            feature: None,
            service: (service != "-").then(|| service.into()),
            team: None,
            link: None,
            at: now,
            details: model::Labels::new(),
        })),
        ["described", fingerprint, text] => {
            let life = DoorLife::FiringStaleAfter(Millis::from_hours(5));
            let Command::Receive(mut alert) = door(fingerprint, None, life, now) else {
                unreachable!("a door receives")
            };
            alert.annotations.insert("summary".into(), text.replace('_', " "));
            Command::Receive(alert)
        }
        ["synthetic", life] => {
            let until = DoorLife::FiringUntil(now.plus(Millis::from_mins(5)));
            let life = if life == "over" { DoorLife::Resolved } else { until };
            let Command::Receive(mut alert) = door("syn", None, life, now) else {
                unreachable!("a door receives")
            };
            alert.labels.insert("alertname".into(), crate::SYNTHETIC_ALERT.into());
            Command::Receive(alert)
        }
        ["seen"] => Command::SyntheticSeen { took: Millis(250) },
        ["watch-failed", check] => {
            let detail = "it did not come out".to_owned();
            Command::WatchFailed { check: check.into(), detail }
        }
        ["probe"] => Command::Probe,
        _ => super::handover::command(words)
            .or_else(|| super::tribute::command(words))
            .or_else(|| super::reaching::command(words))
            .unwrap_or_else(|| panic!("unknown command in script: {words:?}")),
    }
}

/// Somebody's service is in trouble: an incident of its own.
pub(crate) fn ring(service: &str, severity: &str, now: Timestamp) -> Command {
    let life = DoorLife::FiringStaleAfter(Millis::from_days(5));
    let Command::Receive(mut door) = door(service, None, life, now) else { unreachable!() };
    door.labels.insert("severity".into(), severity.into());
    door.labels.insert("key".into(), format!("key-{service}"));
    (door.service, door.team) = (Some(service.into()), Some("payments".into()));
    Command::Receive(door)
}

fn silence(matchers: &str, from: &str, to: &str, replaces: Option<&str>) -> Command {
    let at = |text: &str| {
        let minutes: i64 = text.trim_end_matches('m').parse().expect("minutes");
        START.plus(Millis::from_mins(minutes))
    };
    Command::Silence {
        by: "bo".into(),
        matchers: alerting::Matcher::parse_list(matchers).expect("matchers"),
        starts_at: at(from),
        ends_at: at(to),
        comment: "the mast is being painted".to_owned(),
        replaces: replaces.and_then(SilenceId::parse),
    }
}

fn token(kind: TokenKind, person: Option<PersonId>) -> Command {
    let (label, sha256) = ("test".to_owned(), "00".repeat(32));
    Command::IssueToken { kind, person, label, sha256, expires_at: None }
}

fn door(fingerprint: &str, feature: Option<&str>, life: DoorLife, now: Timestamp) -> Command {
    Command::Receive(Box::new(DoorAlert {
        door: "alertmanager-v2".into(),
        fingerprint: fingerprint.into(),
        labels: BTreeMap::from([("alertname".into(), "TooSlow".into())]),
        annotations: BTreeMap::new(),
        starts_at: now,
        life,
        severity: Severity::Page,
        feature: feature.map(Into::into),
        service: None,
        team: None,
        routed_by: "label `feature`".into(),
    }))
}

pub(super) fn observe(feature: &str, page: ConditionState, ticket: ConditionState) -> Command {
    let mut rings = slo::Rings::new(Millis::from_days(28));
    rings.record(START.minute(), slo::Slice::Known(slo::Counts { bad: 5, total: 10 }));
    let mut assessment = slo::evaluate(
        Objective::parse("99.5%").expect("an objective"),
        Millis::from_days(28),
        &slo::default_conditions(),
        &rings,
        START.minute() + 1,
    );
    for it in &mut assessment.conditions {
        it.state = if it.condition.severity == Severity::Page { page } else { ticket };
        // One condition of each severity is enough to decide; the other is left quiet.
        if it.condition.long > Millis::from_hours(24) && it.state == Firing {
            it.state = Quiet;
        }
    }
    // A burn pages; its ticket would only repeat it in these tests.
    if page == Firing {
        for it in &mut assessment.conditions {
            if it.condition.severity == Severity::Ticket {
                it.state = Quiet;
            }
        }
    }
    Command::Observe { feature: feature.into(), assessment: Box::new(assessment) }
}
