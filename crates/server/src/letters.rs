//! What a notice says, written from the state at the moment it is sent.
//!
//! Intuition: the letter is not kept, only the decision to write it. So a letter that waited for an
//! hour still says what is true when it goes out, and that it is late.
//!
//! Invariants:
//! - a notice that is not due any more has no letter;
//! - the subject and the short text are one line each;
//! - the link to take a page stands in no text: every channel puts it where its readers find it.

mod reminder;

use crate::{daily, duty_letters, limit_letters, reach_letters};
use channels::{Action, Callbacks, Message, Priority, SHORT_LENGTH_MAX, one_line, short};
use engine::{Alert, Notice, NoticeStatus, Origin, Purpose, Recipient, State};
use incident::Incident;
use model::{Catalogue, Medium, Millis, NoticeId, PageId, Severity, Timestamp};
use oncall::Zones;
use slo::{Board, ConditionState};
use std::fmt::Write as _;

pub use engine::LATE_FROM;

/// Changes that are told in a letter.
const CHANGES_TOLD: usize = 5;

/// What letters are written from besides the state.
pub(crate) struct Desk<'a> {
    pub(crate) state: &'a State,
    pub(crate) board: &'a Board,
    pub(crate) zones: &'a Zones,
    pub(crate) now: Timestamp,
    /// Where people reach this server.
    pub(crate) public_url: &'a str,
    pub(crate) links_key: &'a [u8; 32],
    pub(crate) head: store::Head,
}

/// The letter of a notice that is due, or why there cannot be one; `None` when it is not due.
pub(crate) fn letter(desk: &Desk<'_>, id: NoticeId) -> Option<Result<Message, String>> {
    let notice = desk.state.notices.get(&id)?;
    if !matches!(notice.status, NoticeStatus::Due { at } if at <= desk.now) {
        return None;
    }
    Some(match notice.purpose {
        Purpose::Page { page, attempt } => {
            page_letter(desk, id, notice, page, Ask::Step { attempt })
        }
        Purpose::Renewal { page } => page_letter(desk, id, notice, page, Ask::Renewal),
        Purpose::Hand { page } => page_letter(desk, id, notice, page, Ask::Hand),
        Purpose::Digest { .. } => digest_letter(desk, id, notice),
        Purpose::Verify => reach_letters::verify(desk, id, notice),
        Purpose::Test => reach_letters::test(desk, id, notice),
        Purpose::Duty { call } => reach_letters::duty(desk, id, notice, call),
        Purpose::Reminder { silence, reason } => {
            reminder::letter(desk, id, notice, silence, reason)
        }
        Purpose::Bundle => limit_letters::list(desk, id, notice),
        Purpose::Update { incident } => limit_letters::update(desk, id, notice, incident),
        Purpose::End { incident } => limit_letters::over(desk, id, notice, incident),
        Purpose::Load { load } => limit_letters::enough(desk, id, notice, load),
        Purpose::Answer => answer_letter(desk, id, notice),
        Purpose::Swap { swap } => duty_letters::swap(desk, id, notice, swap),
        Purpose::Roster { roster } => duty_letters::roster(desk, id, notice, roster),
        Purpose::Interruption { number } => {
            crate::handover_letters::interruption(desk, id, notice, number)
        }
        Purpose::Handover { handover, ask } => {
            crate::handover_letters::letter(desk, id, notice, handover, ask)
        }
        Purpose::Review { ask } => duty_letters::review(desk, id, notice, ask),
        Purpose::Thin { look } => duty_letters::thin(desk, id, notice, look),
    })
}

/// What a letter about a page wants of its reader.
#[derive(Debug, Clone, Copy)]
enum Ask {
    /// To take it: a step calls.
    Step { attempt: u32 },
    /// To say that they are still at it.
    Renewal,
    /// To take it over.
    Hand,
}

/// The letter of `lead`, which also tells of the `others` that are still due, and which those are.
pub(crate) fn letter_with(
    desk: &Desk<'_>,
    lead: NoticeId,
    others: &[NoticeId],
) -> Option<(NoticeId, Vec<NoticeId>, Result<Message, String>)> {
    let due = |id: &NoticeId| {
        let status = desk.state.notices.get(id).map(|it| &it.status);
        matches!(status, Some(NoticeStatus::Due { at }) if *at <= desk.now)
    };
    let mut rest: Vec<NoticeId> = std::iter::once(lead).chain(others.iter().copied()).collect();
    rest.retain(due);
    while !rest.is_empty() {
        let first = rest.remove(0);
        match letter(desk, first) {
            Some(Ok(it)) if !rest.is_empty() => {
                let it = reach_letters::bundled(desk, first, &rest, it);
                return Some((first, rest, Ok(it)));
            }
            // What cannot be written is reported alone; the others are looked at again.
            Some(it) => return Some((first, vec![], it)),
            None => {}
        }
    }
    None
}

/// The letter of a page that was sent, as it is closed; `None` when it is about nothing that is known.
pub(crate) fn closing_letter(desk: &Desk<'_>, id: NoticeId) -> Option<Message> {
    let notice = desk.state.notices.get(&id)?;
    let Purpose::Page { page, attempt } = notice.purpose else { return None };
    page_letter(desk, id, notice, page, Ask::Step { attempt }).ok()
}

impl Ask {
    /// What a message of a few words says of it.
    fn word(self) -> &'static str {
        match self {
            Self::Step { .. } => "",
            Self::Renewal => " still yours?",
            Self::Hand => " handed to you",
        }
    }
}

fn page_letter(
    desk: &Desk<'_>,
    id: NoticeId,
    notice: &Notice,
    page_id: PageId,
    ask: Ask,
) -> Result<Message, String> {
    let Some(page) = desk.state.pages.get(&page_id) else {
        return Err(format!("{page_id} is no longer known"));
    };
    let Some(incident) = desk.state.incidents.get(&page.incident) else {
        return Err(format!("{} is no longer known", page.incident));
    };
    let alert = desk.state.alerts.get(&page.alert);
    let to = address(desk, notice)?;
    let ack_url = match &notice.to {
        Recipient::Person(_) => Some(web::ack_link(desk.links_key, desk.public_url, id)),
        Recipient::Channel(_) => None,
    };
    let late = late(desk, notice);
    let title = one_line(&incident.title);
    let mut text = format!("{title}\n\n");
    text += &about(desk, incident, alert, notice);
    let _ = writeln!(text, "\n{}", asked(desk, notice, page_id, ask, page));
    if let Some(late) = &late {
        let _ = writeln!(text, "{late}");
    }
    let incident_url = format!("{}/incidents/{}", desk.public_url, incident.id);
    let _ = writeln!(text, "\nEverything about it: {incident_url}");
    let mark = late
        .as_ref()
        .map_or(String::new(), |_| format!(" (late by {})", desk.now.since(notice.decided_at)));
    let how = how_to_answer(desk, notice, page_id);
    Ok(Message {
        key: id.to_string(),
        to,
        subject: format!("[{page_id}] {title}"),
        text,
        short: short(&format!("{page_id}{how}{mark}{}: {title}", ask.word()), SHORT_LENGTH_MAX),
        ack_url,
        url: Some(incident_url.clone()),
        actions: Action::ALL.to_vec(),
        callbacks: callbacks(desk, id, notice),
        priority: Priority::High,
        data: serde_json::json!({
            "type": "page",
            "page": page_id,
            "incident": incident.id,
            "title": title,
            "feature": incident.feature,
            "team": incident.team,
            "step": match ask {
                Ask::Step { attempt } => Some(page.in_round(attempt) + 1),
                Ask::Renewal | Ask::Hand => None,
            },
            "opened_at": page.opened_at.to_string(),
            "late_by_ms": desk.now.since(notice.decided_at).0,
            "incident_url": incident_url,
        }),
    })
}

/// How a text message is answered, where answers come back to us. It stands in front, where nothing is
/// cut off, names the page, so that it is right however many are open, and costs a dozen of characters. Nothing is promised of a way that is not configured: an answer
/// that goes nowhere looks like a page that was taken.
fn how_to_answer(desk: &Desk<'_>, notice: &Notice, page: PageId) -> String {
    if is_heard(desk, notice) { format!(" (reply 1 {})", page.0) } else { String::new() }
}

/// Whether a text message can be answered, and the answer reaches us.
pub(crate) fn is_heard(desk: &Desk<'_>, notice: &Notice) -> bool {
    let replies = desk.state.catalogue().map(|it| &it.back.replies);
    let heard = replies.is_some_and(|it| it.contains_key(&notice.channel));
    let person = matches!(notice.to, Recipient::Person(_));
    notice.medium == Medium::Sms && person && heard
}

/// What it is about: the promise, the measurement or the sender's words.
fn about(desk: &Desk<'_>, incident: &Incident, alert: Option<&Alert>, notice: &Notice) -> String {
    let mut text = String::new();
    let catalogue = desk.state.catalogue();
    let feature = incident.feature.as_ref();
    if let Some((id, it)) = feature.and_then(|id| Some((id, catalogue?.features.get(id)?))) {
        let _ =
            writeln!(text, "Promise: {} ({id}, {} over {})", it.question, it.objective, it.window);
    }
    let zone = zone_of(catalogue, notice);
    let _ = writeln!(text, "Since: {}", local(desk.zones, zone, incident.opened_at));
    if let Some(alert) = alert {
        let _ = writeln!(text, "{}", evidence(&alert.origin, alert.severity));
        if let Some(budget) = &alert.budget {
            let _ = writeln!(text, "When it came: {}.", budget.told());
        }
    }
    let changes: Vec<_> = desk.state.changes_before(incident).collect();
    for (_, it) in changes.iter().take(CHANGES_TOLD) {
        let at = local(desk.zones, zone, it.at);
        let _ = writeln!(text, "Changed before: {at}: {} ({})", one_line(&it.summary), it.source);
    }
    if changes.len() > CHANGES_TOLD {
        let _ = writeln!(text, "and {} more changes", changes.len() - CHANGES_TOLD);
    }
    text
}

fn evidence(origin: &Origin, severity: Severity) -> String {
    match origin {
        Origin::Burn(evidence) => {
            let conditions = &evidence.assessment.conditions;
            let says = |it: &&slo::Assessed| it.says(severity) == Some(ConditionState::Firing);
            let firing = conditions.iter().find(says);
            let budget = evidence.objective.budget_ratio();
            let mut text = String::new();
            if let Some(it) = firing {
                let _ = write!(
                    text,
                    "Measured: {} of {} failed in {}{}, {:.0} times what the promise allows.",
                    it.long.bad,
                    it.long.total,
                    it.condition.long,
                    it.worth_told(),
                    it.long.error_ratio().unwrap_or(0.0) / budget,
                );
                if it.uncertain {
                    text.push_str(" Not certain: needs failed, perhaps not for the same attempts. Measure this feature end to end.");
                }
            }
            if let Some(spent) = evidence.assessment.budget.spent_ratio {
                let _ = write!(text, " Budget spent: {:.0} %.", spent * 100.0);
            }
            text
        }
        Origin::Budget { evidence, .. } => {
            let budget = &evidence.assessment.budget;
            let counts = format!("{} of {} failed", budget.bad, budget.total);
            format!("Measured: {counts} in {}.", evidence.assessment.window)
        }
        Origin::Door { door, labels, annotations, .. } => {
            let mut text = format!("Received at {door}");
            if let Some(description) = annotations.get("description") {
                let _ = write!(text, ": {}", short(description, 500));
            }
            let labels: Vec<String> =
                labels.iter().take(20).map(|(name, value)| format!("{name}={value}")).collect();
            let _ = write!(text, "\nLabels: {}", short(&labels.join(", "), 500));
            if let Some(url) = annotations.get(ingest::GENERATOR_URL) {
                let _ = write!(text, "\nSeen at: {}", one_line(url));
            }
            text
        }
        Origin::Source { failing_since, detail, .. } => {
            format!("Since {failing_since}: {}", short(detail, 500))
        }
        Origin::Heartbeat { heartbeat, heard_at } => {
            format!("Heartbeat {heartbeat} was last heard at {heard_at}.")
        }
        Origin::Watch { check, detail } => {
            format!("The check `{check}` of Lamplighter itself failed: {}", short(detail, 500))
        }
        Origin::Person { by } => format!("Called by {by}."),
    }
}

/// Why this person, and what happens next.
fn asked(
    desk: &Desk<'_>,
    notice: &Notice,
    page_id: PageId,
    ask: Ask,
    page: &paging::Page,
) -> String {
    let limit = paging::attempt_limit(&page.policy);
    let name = match (&notice.to, desk.state.catalogue()) {
        (Recipient::Person(person), Some(catalogue)) => catalogue.name_of(person).to_owned(),
        (Recipient::Person(person), None) => person.to_string(),
        (Recipient::Channel(channel), _) => channel.to_string(),
    };
    let attempt = match ask {
        Ask::Step { attempt } => page.in_round(attempt),
        Ask::Renewal => return reminded(&name, page_id, page, desk.now),
        Ask::Hand => {
            let from = page.holder().map_or("somebody".to_owned(), ToString::to_string);
            return format!(
                "{name}, {from} hands page {page_id} to you, and keeps it until you take it."
            );
        }
    };
    let mut text = format!(
        "{name}, you are asked by page {page_id}, step {} of {limit} of the policy `{}`.",
        attempt + 1,
        page.escalation,
    );
    let wanted = page.current_step().acks_wanted();
    if wanted > 1 {
        let took: Vec<&str> = page.takers().map(model::PersonId::as_str).collect();
        let _ = write!(text, " {wanted} people must take it; {} have so far", took.len());
        let names = if took.is_empty() { String::new() } else { format!(": {}", took.join(", ")) };
        let _ = write!(text, "{names}.");
    }
    if let paging::PageStatus::Waiting { deadline, .. } = page.status {
        let left = deadline.since(desk.now).max(Millis::ZERO);
        let _ = if attempt + 1 < limit {
            write!(text, " Unless somebody takes it, the next step follows in {left}.")
        } else {
            write!(text, " This is the last step: after it nobody else is asked.")
        };
    }
    text
}

/// What is asked of whoever has a page.
fn reminded(name: &str, page_id: PageId, page: &paging::Page, now: Timestamp) -> String {
    let left = page.watch.map_or(Millis::ZERO, |it| it.until.since(now)).max(Millis::ZERO);
    format!(
        "{name}, you took page {page_id}. Take it again if you are still at it: in {left} it goes back \
         to everybody, from the first step of the policy `{}` on.",
        page.escalation,
    )
}

fn digest_letter(desk: &Desk<'_>, id: NoticeId, notice: &Notice) -> Result<Message, String> {
    let to = address(desk, notice)?;
    let zone = zone_of(desk.state.catalogue(), notice);
    let daily::Daily { subject, mut text } = daily::write(desk, zone);
    if desk.state.shadow.is_on() {
        text = format!(
            "SHADOW MODE: nobody is woken by Lamplighter. {}/shadow\n\n{text}",
            desk.public_url
        );
    }
    if let Some(late) = late(desk, notice) {
        let _ = writeln!(text, "\n{late}");
    }
    Ok(Message {
        key: id.to_string(),
        to,
        short: short(&subject, SHORT_LENGTH_MAX),
        subject,
        text,
        ack_url: None,
        url: None,
        actions: vec![],
        callbacks: callbacks(desk, id, notice),
        priority: Priority::Normal,
        data: serde_json::json!({ "type": "daily" }),
    })
}

fn answer_letter(desk: &Desk<'_>, id: NoticeId, notice: &Notice) -> Result<Message, String> {
    let text = notice.text.as_ref().and_then(|it| it.text()).ok_or("the answer was erased")?;
    Ok(Message {
        key: id.to_string(),
        to: address(desk, notice)?,
        subject: short(text, SHORT_LENGTH_MAX),
        text: text.to_owned(),
        short: short(text, SHORT_LENGTH_MAX),
        ack_url: None,
        url: None,
        actions: vec![],
        callbacks: callbacks(desk, id, notice),
        priority: Priority::Normal,
        data: serde_json::json!({ "type": "answer" }),
    })
}

pub(crate) fn address(desk: &Desk<'_>, notice: &Notice) -> Result<String, String> {
    let person = match &notice.to {
        Recipient::Channel(_) => return Ok(String::new()),
        Recipient::Person(person) => person,
    };
    let catalogue = desk.state.catalogue().ok_or("nothing is configured any more")?;
    let contacts =
        &catalogue.people.get(person).ok_or("the person is no longer configured")?.contacts;
    let contact = contacts
        .iter()
        .find(|it| it.medium == notice.medium)
        .ok_or_else(|| format!("the person has no address for {} any more", name(notice.medium)))?;
    let text = contact.address.text().ok_or("the address has been erased")?;
    Ok(text.to_owned())
}

/// Where the provider reaches us about a notice: only when the configuration says under which address.
pub(crate) fn callbacks(desk: &Desk<'_>, id: NoticeId, notice: &Notice) -> Option<Callbacks> {
    let base = desk.state.catalogue()?.public_url.clone()?;
    let code = web::callback_code(desk.links_key, &notice.channel, id);
    Some(Callbacks { base, channel: notice.channel.clone(), notice: id.to_string(), code })
}

fn name(medium: Medium) -> &'static str {
    medium.word()
}

pub(crate) fn late(desk: &Desk<'_>, notice: &Notice) -> Option<String> {
    let by = desk.now.since(notice.decided_at);
    let zone = zone_of(desk.state.catalogue(), notice);
    let due = local(desk.zones, zone, notice.decided_at);
    (by >= LATE_FROM)
        .then(|| format!("This message is late by {by}: it should have gone out on {due}."))
}

pub(crate) fn zone_of<'a>(catalogue: Option<&'a Catalogue>, notice: &Notice) -> Option<&'a str> {
    let Recipient::Person(person) = &notice.to else { return None };
    Some(catalogue?.people.get(person)?.timezone.as_str())
}

/// An instant as the reader's wall clock shows it.
pub(crate) fn local(zones: &Zones, zone: Option<&str>, at: Timestamp) -> String {
    match zone.and_then(|it| zones.get(it)) {
        Some(zone) => at.to_jiff().to_zoned(zone).strftime("%a %-d %b %H:%M (%Z)").to_string(),
        None => at.to_jiff().strftime("%a %-d %b %H:%M (UTC)").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::{Command, Context, DoorLife, Engine, Submission};
    use testkit::{MONDAY, adopt, door_alert};

    const KEY: [u8; 32] = [7; 32];

    struct Told {
        engine: Engine,
        zones: Zones,
        board: Board,
    }

    impl Told {
        /// The solar organisation with an alert about lights that somebody is called for.
        fn new() -> Self {
            let board = Board::new(&testkit::solar());
            let mut told = Self { engine: Engine::new(), zones: Zones::bundled(), board };
            told.does(MONDAY, &adopt(testkit::solar(), "first"));
            told.receive(MONDAY, DoorLife::FiringStaleAfter(Millis::from_hours(5)));
            told
        }

        fn receive(&mut self, now: Timestamp, life: DoorLife) {
            let labels = [("feature", "light-on")];
            let alert = door_alert("Dark\nhouses", &labels, life, now);
            let command = Command::Receive(Box::new(alert));
            self.does(now, &Submission::system(command));
        }

        fn does(&mut self, now: Timestamp, submission: &Submission) {
            let context = Context { now, zones: &self.zones };
            self.engine.execute(&context, submission).expect("accepted");
        }

        fn letter(&self, id: u64, now: Timestamp) -> Option<Result<Message, String>> {
            let desk = Desk {
                state: self.engine.state(),
                board: &self.board,
                zones: &self.zones,
                now,
                public_url: "http://lamp.example",
                links_key: &KEY,
                head: store::Head::default(),
            };
            letter(&desk, NoticeId(id))
        }
    }

    #[test]
    fn a_page_says_what_why_and_until_when() {
        let told = Told::new();
        let mail = told.letter(1, MONDAY).unwrap().unwrap();
        insta::assert_snapshot!(format!("{}\n{}\n\n{}", mail.to, mail.subject, mail.text), @r"
        ana@solar.example
        [pg_1] Dark houses

        Dark houses

        Promise: Do we activate clients' lights promptly upon payment? (light-on, 99.5% over 28d)
        Since: Mon 23 Nov 02:00 (PST)
        Received at alertmanager-v2
        Labels: alertname=Dark houses, feature=light-on
        When it came: the budget of light-on is unknown.

        Ana, you are asked by page pg_1, step 1 of 2 of the policy `payments`. Unless somebody takes it, the next step follows in 5m.

        Everything about it: http://lamp.example/incidents/in_1
        ");
        let late = told.letter(2, MONDAY.plus(Millis::from_mins(4))).unwrap().unwrap();
        insta::assert_snapshot!(format!("{}\n{}\n\n{}", late.to, late.short, late.text), @r"
        +15550000304
        pg_1 (late by 4m): Dark houses

        Dark houses

        Promise: Do we activate clients' lights promptly upon payment? (light-on, 99.5% over 28d)
        Since: Mon 23 Nov 02:00 (PST)
        Received at alertmanager-v2
        Labels: alertname=Dark houses, feature=light-on
        When it came: the budget of light-on is unknown.

        Ana, you are asked by page pg_1, step 1 of 2 of the policy `payments`. Unless somebody takes it, the next step follows in 1m.
        This message is late by 4m: it should have gone out on Mon 23 Nov 02:00 (PST).

        Everything about it: http://lamp.example/incidents/in_1
        ");
        assert_eq!(late.ack_url, Some(web::ack_link(&KEY, "http://lamp.example", NoticeId(2))));
    }

    #[test]
    fn what_is_not_due_any_more_has_no_letter() {
        let mut told = Told::new();
        assert!(told.letter(1, MONDAY).is_some());
        let busy = engine::DeliveryOutcome::Transient { detail: "busy".to_owned(), after: None };
        let busy = Command::Delivered { notice: NoticeId(1), outcome: busy };
        told.does(MONDAY, &Submission::system(busy));
        assert!(told.letter(1, MONDAY).is_none(), "it waits before it is tried again");
        assert!(told.letter(1, MONDAY.plus(Millis::from_secs(10))).is_some());
        told.receive(MONDAY, DoorLife::Resolved);
        assert!(told.letter(2, MONDAY).is_none(), "what it is about has ended");
        assert!(told.letter(99, MONDAY).is_none(), "there is no such notice");
    }

    #[test]
    fn the_daily_mail_says_how_things_stand() {
        let mut told = Told::new();
        let morning = testkit::at("2026-11-24T07:00:00Z");
        told.does(morning, &Submission::system(Command::Tick));
        let state = told.engine.state();
        let digest = |it: &Notice| matches!(it.purpose, Purpose::Digest { .. });
        let id = state.notices.iter().find(|(_, it)| digest(it)).map(|(id, _)| id.0);
        let mail = told.letter(id.unwrap(), morning).unwrap().unwrap();
        insta::assert_snapshot!(format!("{}\n{}\n\n{}", mail.to, mail.subject, mail.text), @r"
        bo@solar.example
        solar: 1 incident open, no reviews due

        Promises
          light-on: nothing is known (99.5% over 28d; 0 % of the time is known)
          make-sale: nothing is known (99% over 28d; 0 % of the time is known)
          see-reports: nothing is known (99% over 28d; 0 % of the time is known)

        Open incidents
          in_1 since Mon 23 Nov 13:00 (EAT), taken by nobody: Dark houses

        The journal ends at 0 with 0000000000000000000000000000000000000000000000000000000000000000.
        Keep this mail: it is what proves the journal later.
        http://lamp.example
        ");
    }
}
