//! The small organisation of the tests, the script language, and how events are shown.

use crate::{
    Change, Command, Context, DeliveryOutcome, DoorAlert, DoorLife, Engine, Event, EventRecord,
    Recipient, Role, SignRole, State, Submission, TokenKind,
};
use model::{
    Catalogue, Channel, ChannelId, Contact, Escalation, EscalationStep, Feature, Heartbeat,
    IncidentId, Layer, Maintenance, Medium, Millis, Need, NoticeId, Objective, Owners, PageId,
    PageTarget, Person, PersonId, PersonRules, Personal, Recurrence, Rota, SecretRef, Service,
    ServiceKind, Severity, SilenceId, Slo, Source, SourceKind, Team, Timestamp, TokenId, Turn,
    Weekday,
};
use slo::ConditionState::{self, Firing, Quiet, Unmeasured};
use std::collections::BTreeMap;

/// Monday 23 November 2026, 10:00 UTC; two in the morning in San Francisco.
pub(crate) const START: Timestamp = Timestamp(1_795_428_000_000);

/// Runs `script` and compares the whole journal after the first configuration.
#[track_caller]
pub(crate) fn check(script: &str, expected: &str) {
    let mut world = World::new();
    script.split(" / ").for_each(|line| world.step(line));
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    assert_eq!(world.shown.join("\n"), expected.join("\n"));
    assert_eq!(&world.replayed(), world.engine.state(), "replay gives the same state");
}

/// Runs `script` and compares what `shown` makes of the state after it.
#[track_caller]
pub(crate) fn check_shown(
    script: &str,
    shown: impl Fn(&State, &[EventRecord]) -> String,
    expected: &str,
) {
    let mut world = World::new();
    script.split(" / ").for_each(|line| world.step(line));
    assert_eq!(shown(world.engine.state(), &world.records), expected);
}

/// The same in an organisation that is `changed` first, without the lines that say how an alert becomes a
/// page; hands out the state it ends in.
#[track_caller]
pub(crate) fn check_with(changed: impl Fn(&mut Catalogue), script: &str, expected: &str) -> State {
    let mut world = World::new();
    let mut catalogue = catalogue();
    changed(&mut catalogue);
    let adopt = Command::AdoptCatalogue { catalogue: Box::new(catalogue), hash: "changed".into() };
    world.submit("0m", START, &Submission::system(adopt));
    world.shown.remove(0);
    script.split(" / ").for_each(|line| world.step(line));
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    // How an alert becomes a page is not what these tests are about.
    let usual = [" AlertFired ", " IncidentOpened ", " PageOpened ", " ReviewAsked "];
    world.shown.retain(|line| !usual.iter().any(|it| line.contains(it)));
    assert_eq!(world.shown.join("\n"), expected.join("\n"));
    let replayed = world.replayed();
    assert_eq!(&replayed, world.engine.state(), "replay gives the same state");
    replayed
}

/// Runs `script` and compares the times of its first incident.
#[track_caller]
pub(crate) fn check_state(script: &str, expected: &str) {
    let mut world = World::new();
    script.split(" / ").for_each(|line| world.step(line));
    let it = &world.engine.state().incidents[&IncidentId(1)];
    let shown = |it: Option<Millis>| it.map_or("never".to_owned(), |it| it.to_string());
    assert_eq!(
        format!(
            "in_1: acknowledged after {}, resolved after {}, reflected after {}",
            shown(it.time_to_acknowledge()),
            shown(it.time_to_resolve()),
            shown(it.time_to_reflect()),
        ),
        expected
    );
}

/// What is known of a notice after the provider said all this of it.
pub(crate) fn known_after(said: &[crate::ReceiptEvidence]) -> Option<crate::ReceiptEvidence> {
    let mut world = World::new();
    world.step("0m burn light-on");
    world.step("0m sent no_2");
    for evidence in said {
        let (notice, detail) = (NoticeId(2), String::new());
        let receipt = Command::Receipt { notice, evidence: *evidence, detail };
        world.submit("0m", START, &Submission::system(receipt));
    }
    world.engine.state().notices[&NoticeId(2)].receipt.map(|it| it.evidence)
}

struct World {
    engine: Engine,
    zones: oncall::Zones,
    records: Vec<EventRecord>,
    shown: Vec<String>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            engine: Engine::new(),
            zones: oncall::Zones::bundled(),
            records: vec![],
            shown: vec![],
        };
        let adopt =
            Command::AdoptCatalogue { catalogue: Box::new(catalogue()), hash: "first".into() };
        world.submit("0m", START, &Submission::system(adopt));
        world.shown.clear();
        world
    }

    fn step(&mut self, line: &str) {
        let (at, line) = line.trim().split_once(' ').expect("`<time> <command>`");
        let minutes: i64 = at.trim_end_matches('m').parse().expect("minutes");
        let now = START.plus(Millis::from_mins(minutes));
        let words: Vec<&str> = line.split(' ').collect();
        if words == ["restart"] {
            self.engine = Engine::from_state(self.replayed(), now);
            return;
        }
        let mut submission = Submission::system(command(&words, now));
        if words[0] == "raise-once" {
            submission.key = Some("key-1".into());
        }
        self.submit(at, now, &submission);
    }

    fn submit(&mut self, at: &str, now: Timestamp, submission: &Submission) {
        let context = Context { now, zones: &self.zones };
        match self.engine.execute(&context, submission) {
            Err(rejected) => self.shown.push(format!("{at} refused: {rejected}")),
            Ok(done) => {
                self.shown.extend(done.repeats.map(|seq| format!("{at} repeats {seq}")));
                for record in done.records {
                    self.shown.push(format!("{at} {}", show(&record)));
                    self.records.push(record);
                }
            }
        }
    }

    fn replayed(&self) -> State {
        let mut state = State::default();
        self.records.iter().for_each(|it| state.apply(it));
        state
    }
}

fn command(words: &[&str], now: Timestamp) -> Command {
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
        ["resolve", id, by] => Command::ResolveIncident { incident: incident(id), by: by.into() },
        ["note", id, by, ref text @ ..] => {
            Command::AddNote { incident: incident(id), by: by.into(), text: text.join(" "), via }
        }
        ["escalate", id, by] => Command::Escalate { page: page(id), by: by.into(), via },
        ["take", id, by] => Command::TakeOver { incident: incident(id), by: by.into(), via },
        ["stop-sms", person] => {
            Command::StopContact { person: person.into(), medium: Medium::Sms, via }
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
        ["review", id, by] => {
            let text = "the carrier's certificate ended".to_owned();
            Command::PublishReview { incident: incident(id), by: by.into(), text }
        }
        ["sent", id] => {
            let outcome = DeliveryOutcome::Sent { provider_id: "x1".into() };
            Command::Delivered { notice: notice(id), outcome }
        }
        ["busy", id] => {
            let outcome = DeliveryOutcome::Transient { detail: "busy".into() };
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
        _ => super::reaching::command(words)
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

fn observe(feature: &str, page: ConditionState, ticket: ConditionState) -> Command {
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

fn show(record: &EventRecord) -> String {
    let recipient = |it: &Recipient| match it {
        Recipient::Person(id) => id.to_string(),
        Recipient::Channel(id) => format!("channel {id}"),
    };
    let since = |it: &Timestamp| format!("{}m", it.since(START).whole_mins());
    match &record.event {
        Event::CatalogueAdopted { version, .. } => format!("CatalogueAdopted {version}"),
        Event::AlertFired { alert, severity, feature, .. } => {
            let about = feature.as_ref().map_or(String::new(), |it| format!(" feature:{it}"));
            format!("AlertFired {alert} {severity}{about}")
        }
        Event::AlertStale { alert, .. } => format!("AlertStale {alert}"),
        Event::AlertHeardAgain { alert } => format!("AlertHeardAgain {alert}"),
        Event::AlertResolved { alert, .. } => format!("AlertResolved {alert}"),
        Event::NotPaged { alert, reason } => format!("NotPaged {alert} {reason:?}"),
        Event::SilenceSet { silence, starts_at, ends_at, .. } => {
            format!("SilenceSet {silence} {} to {}", since(starts_at), since(ends_at))
        }
        Event::SilenceStarted { silence } => format!("SilenceStarted {silence}"),
        Event::SilenceEnded { silence, by } => {
            let by = by.as_ref().map_or(String::new(), |it| format!(" by {it}"));
            format!("SilenceEnded {silence}{by}")
        }
        Event::SilenceReminded { silence, reason, notices } => {
            format!("SilenceReminded {silence} {reason:?} to {}", notices.len())
        }
        Event::MaintenancePlanned { window, .. } => format!("MaintenancePlanned {window}"),
        Event::MaintenanceCancelled { window, .. } => format!("MaintenanceCancelled {window}"),
        Event::HeartbeatHeard { heartbeat } => format!("HeartbeatHeard {heartbeat}"),
        Event::ChangeHappened { change, what } => {
            format!("ChangeHappened {change} {}", what.summary)
        }
        Event::AlertUpdated { alert, summary, .. } => format!("AlertUpdated {alert} {summary}"),
        Event::CountsPushed { slo, pushes } => format!("CountsPushed {slo} {}", pushes.len()),
        Event::BudgetWaived { feature, .. } => format!("BudgetWaived {feature}"),
        Event::WaiverEnded { feature, .. } => format!("WaiverEnded {feature}"),
        Event::JournalProbed => "JournalProbed".to_owned(),
        Event::SyntheticSeen { took } => format!("SyntheticSeen {took}"),
        Event::AlertUnsilenced { alert, silence } => format!("AlertUnsilenced {alert} {silence}"),
        Event::IncidentOpened { incident, .. } => format!("IncidentOpened {incident}"),
        Event::AlertJoined { incident, alert } => format!("AlertJoined {incident} {alert}"),
        Event::PageOpened { page, escalation, .. } => format!("PageOpened {page} {escalation}"),
        Event::PageNotified { page, attempt, cause, notices, skipped, deadline, .. } => {
            let told: Vec<String> = notices
                .iter()
                .map(|it| {
                    let at = it.due_at.map_or(String::new(), |at| format!(" at {}", since(&at)));
                    format!("{} {}{at}", recipient(&it.to), medium(it.medium))
                })
                .collect();
            let skipped = skipped
                .iter()
                .fold(String::new(), |text, it| text + " skipped " + &recipient(&it.to));
            let (told, until) = (told.join(", "), since(deadline));
            format!("PageNotified {page} step {attempt} ({cause:?}) {told}{skipped} until {until}")
        }
        Event::NoticeSent { notice, .. } => format!("NoticeSent {notice}"),
        Event::NoticeFailed { notice, retry_at: Some(at), .. } => {
            format!("NoticeFailed {notice} again in {}", at.since(record.at))
        }
        Event::NoticeFailed { notice, .. } => format!("NoticeFailed {notice} given up"),
        Event::NoticeDelivered { .. }
        | Event::NoticeUndelivered { .. }
        | Event::NoticeCovered { .. }
        | Event::PageNotifiedAlso { .. }
        | Event::VerificationAsked { .. }
        | Event::VerificationFailed { .. }
        | Event::ContactVerified { .. }
        | Event::ContactsTested { .. }
        | Event::ShiftExpected { .. }
        | Event::DutyAsked { .. }
        | Event::DutyReminded { .. }
        | Event::DutyConfirmed { .. }
        | Event::DutyUnconfirmed { .. } => super::reaching::show(&record.event, &since),
        Event::PageAcknowledged { page, by, .. } => format!("PageAcknowledged {page} {by}"),
        Event::PageExhausted { page } => format!("PageExhausted {page}"),
        Event::PageEnded { page, reason } => format!("PageEnded {page} {reason}"),
        Event::IncidentResolved { incident, .. } => format!("IncidentResolved {incident}"),
        Event::ReviewAsked { incident, .. } => format!("ReviewAsked {incident}"),
        Event::ReviewPublished { incident, by, .. } => format!("ReviewPublished {incident} {by}"),
        Event::NoteAdded { incident, by, text, .. } => {
            format!("NoteAdded {incident} {by} {}", text.text().unwrap_or("erased"))
        }
        Event::EscalationAsked { page, by, .. } => format!("EscalationAsked {page} {by}"),
        Event::TakenOver { page, from, by, .. } => format!("TakenOver {page} {from} -> {by}"),
        Event::ContactStopped { person, .. } => format!("ContactStopped {person}"),
        Event::ContactStarted { person, .. } => format!("ContactStarted {person}"),
        Event::AnswerDue { notice, .. } => {
            format!("AnswerDue {} {}", notice.notice, recipient(&notice.to))
        }
        Event::Signed { feature, by, objective, .. } => {
            format!("Signed {feature} {by} {objective}")
        }
        Event::SourceFailing { source, .. } => format!("SourceFailing {source}"),
        Event::SourceRecovered { source } => format!("SourceRecovered {source}"),
        Event::TokenIssued { token, .. } => format!("TokenIssued {token}"),
        Event::TokenRevoked { token } => format!("TokenRevoked {token}"),
        Event::PasswordSet { person, .. } => format!("PasswordSet {person}"),
        Event::DigestDue { notices, .. } => format!("DigestDue to {}", notices.len()),
        other => show_limits(other),
    }
}

fn name_of(it: &Recipient) -> String {
    match it {
        Recipient::Person(id) => id.to_string(),
        Recipient::Channel(id) => format!("channel {id}"),
    }
}

fn told(notices: &[crate::NewNotice]) -> String {
    let told: Vec<String> =
        notices.iter().map(|it| format!("{} {}", name_of(&it.to), medium(it.medium))).collect();
    told.join(", ")
}

/// Load limits, storms and shadow mode.
fn show_limits(event: &Event) -> String {
    let since = |it: &Timestamp| format!("{}m", it.since(START).whole_mins());
    match event {
        Event::CallsBundled { page, person, calls_count, at, carriers, notices, .. } => {
            let parts: Vec<String> =
                notices.iter().map(|(it, into)| format!("{it} in {into}")).collect();
            let (new, at) = (carriers.len(), at.since(START));
            format!(
                "CallsBundled {page} {person} call {calls_count}, {new} new at {at}: {}",
                parts.join(", ")
            )
        }
        Event::LoadReached { load, person, pages, outcome, notices, .. } => {
            let outcome = match outcome {
                crate::LoadOutcome::Relieved { to, until } => {
                    format!("relieved by {to} until {}", since(until))
                }
                crate::LoadOutcome::Held { until } => format!("held until {}", since(until)),
                other => format!("{other:?}"),
            };
            let told = told(notices);
            format!("LoadReached {load} {person} {pages} pages, {outcome}, told {told}")
        }
        Event::ReliefEnded { rota, by } => format!("ReliefEnded {rota} by {by}"),
        Event::PagedAnyway { alert, by } => format!("PagedAnyway {alert} by {by}"),
        Event::IncidentUpdated { incident, joined_count, alerts_count, notices, held } => {
            let told = told(notices);
            let held: Vec<String> = held
                .iter()
                .map(|(it, until)| format!(", {it} held until {}", since(until)))
                .collect();
            format!(
                "IncidentUpdated {incident} {joined_count} joined of {alerts_count}, told {told}{}",
                held.concat()
            )
        }
        Event::ShadowBegan { team } => format!("ShadowBegan {team:?}"),
        Event::ShadowEnded { team, by } => {
            format!("ShadowEnded {team:?} by {}", by.as_ref().map_or("nobody", |it| it.as_str()))
        }
        Event::TheirCall { incident, act, person, unknown, .. } => {
            let unknown = unknown.as_ref().and_then(|it| it.text());
            let who = person.as_ref().map_or("nobody known", |it| it.as_str());
            format!(
                "TheirCall {act:?} {incident} {who}{}",
                unknown.map_or(String::new(), |it| format!(" ({it})"))
            )
        }
        other => panic!("unknown event: {other:?}"),
    }
}

fn watched() -> model::Watched {
    let beat = |id: &str, every, grace, service: Option<&str>| {
        let it = Heartbeat {
            every,
            grace,
            severity: Severity::Page,
            feature: None,
            service: service.map(Into::into),
            team: None,
        };
        (id.into(), it)
    };
    model::Watched {
        heartbeats: BTreeMap::from([
            beat("quick", Millis::from_mins(10), Millis::from_mins(5), Some("payments-api")),
            beat("daily", Millis::from_hours(24), Millis::from_hours(1), None),
        ]),
        synthetic: Some(model::Synthetic {
            every: Millis::from_hours(1),
            deadline: Millis::from_mins(2),
            channel: None,
        }),
        ..model::Watched::default()
    }
}

pub(crate) fn medium(it: Medium) -> &'static str {
    match it {
        Medium::Email => "email",
        Medium::Sms => "sms",
        Medium::Ntfy => "push",
        other => other.word(),
    }
}

fn person(id: &str, zone: &str, contacts: &[(Medium, &str)]) -> (PersonId, Person) {
    let contact = |(medium, address): &(Medium, &str)| Contact {
        medium: *medium,
        address: Personal::new(id.into(), *address),
    };
    let contacts = contacts.iter().map(contact).collect();
    let (timezone, rules) = (zone.into(), PersonRules::default());
    (id.into(), Person { name: None, timezone, contacts, aka: vec![], rules })
}

pub(crate) fn catalogue() -> Catalogue {
    let feature = |question: &str, escalation: &str| Feature {
        question: question.into(),
        team: "payments".into(),
        objective: Objective::parse("99.5%").expect("an objective"),
        window: Millis::from_days(28),
        needs: Need::All(vec![Need::Slo("payments-api.availability".into())]),
        owners: Some(Owners { product: "ana".into(), engineering: "bo".into(), review: None }),
        escalation: Some(escalation.into()),
        method: model::Method::Occurrences,
        calendar: None,
    };
    let step = |page, minutes| EscalationStep { page, wait: Millis::from_mins(minutes) };
    let slo = Slo {
        objective: Objective::parse("99.9%").expect("an objective"),
        window: Millis::from_days(28),
        bad: "errors_total".into(),
        total: "requests_total".into(),
        source: "prometheus".into(),
        sli: model::Sli::Bad,
        method: model::Method::Occurrences,
        calendar: None,
        loses: None,
    };
    let layer = Layer {
        people: vec!["ana".into(), "bo".into()],
        turn: Turn::Weeks(1),
        handover_day: Weekday::Mon,
        handover_minute: 9 * 60,
        starts: "2026-11-16".into(),
    };
    let team = Team { members: vec!["ana".into(), "bo".into()], mode: None, load: None };
    let prometheus = SourceKind::Prometheus { url: "http://prometheus:9090".into(), token: None };
    Catalogue {
        org: "solar".into(),
        public_url: None,
        people: BTreeMap::from([
            person(
                "ana",
                "America/Los_Angeles",
                &[(Medium::Email, "ana@solar.example"), (Medium::Sms, "+15550100")],
            ),
            person("bo", "Africa/Nairobi", &[(Medium::Sms, "+254700000001")]),
            person("cy", "Africa/Nairobi", &[]),
        ]),
        teams: BTreeMap::from([("payments".into(), team)]),
        services: BTreeMap::from([(
            "payments-api".into(),
            Service {
                kind: ServiceKind::Own { team: "payments".into() },
                slos: BTreeMap::from([("availability".to_owned(), slo)]),
            },
        )]),
        features: BTreeMap::from([
            ("light-on".into(), feature("Do we activate clients' lights promptly?", "payments")),
            ("make-sale".into(), feature("Can agents make a sale?", "sales")),
        ]),
        rotas: BTreeMap::from([(
            "payments".into(),
            Rota {
                timezone: "America/Los_Angeles".into(),
                layers: vec![layer],
                load: None,
                confirm: None,
            },
        )]),
        escalations: BTreeMap::from([
            (
                "payments".into(),
                Escalation {
                    steps: vec![
                        step(PageTarget::Rota("payments".into()), 5),
                        step(PageTarget::Team("payments".into()), 10),
                    ],
                    repeat_max: 0,
                },
            ),
            (
                "sales".into(),
                Escalation { steps: vec![step(PageTarget::Person("cy".into()), 5)], repeat_max: 0 },
            ),
        ]),
        channels: channels(),
        channel_priorities: BTreeMap::new(),
        channel_receipts: BTreeMap::new(),
        back: model::Back::default(),
        sources: [(
            "prometheus".into(),
            Source { kind: prometheus, interval: Millis::from_secs(15) },
        )]
        .into(),
        watched: watched(),
        pager: model::Pager::default(),
    }
}

fn channels() -> BTreeMap<ChannelId, Channel> {
    let smtp = Channel::Smtp {
        host: "mail".into(),
        port: 25,
        from: "lamplighter@solar.example".into(),
        encryption: "none".into(),
        username: None,
        password: None,
        inbox: None,
        authority: None,
    };
    let twilio = Channel::Twilio {
        url: "https://sms.example".into(),
        account: "AC1".into(),
        token: SecretRef::Env("TWILIO_TOKEN".into()),
        from: "+15550199".into(),
    };
    BTreeMap::from([("mail".into(), smtp), ("text".into(), twilio)])
}
