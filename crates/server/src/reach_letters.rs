//! Letters that are about reaching people: codes, tests, the beginning of a shift; and the bundle that
//! tells of several pages at once after an outage.
//!
//! Invariants:
//! - a bundle names every page it tells of, the newest and most severe first, and says how late it is;
//! - a code stands in its letter and nowhere else.

use crate::letters::{Desk, address, callbacks, local, zone_of};
use channels::{Message, Priority, SHORT_LENGTH_MAX, one_line, short};
use engine::{DutyStage, Notice, Purpose, Recipient, State};
use model::{NoticeId, PageId, PersonId, Timestamp};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Pages named in the text of a bundle; what is beyond is counted.
const NAMED_MAX: usize = 50;

/// How many people who are on duty have shown no sign of being reached for long. By zones of this
/// build, as the letters are.
pub(crate) fn without_evidence_on_duty(state: &State, now: Timestamp) -> usize {
    let Some(catalogue) = state.catalogue() else { return 0 };
    let zones = oncall::Zones::bundled();
    let shifts = catalogue.rotas.keys().filter_map(|it| state.on_duty(it, now, &zones));
    let people: BTreeSet<PersonId> = shifts.flat_map(|it| it.people).collect();
    people.iter().filter(|it| state.without_evidence(it, now)).count()
}

/// A code that shows whose address it is.
pub(crate) fn verify(desk: &Desk<'_>, id: NoticeId, notice: &Notice) -> Result<Message, String> {
    let to = address(desk, notice)?;
    let person = person(notice)?;
    let asked = desk.state.reach.people.get(person).and_then(|it| it.asked.get(&notice.medium));
    let asked = asked.filter(|it| desk.now < it.expires_at);
    let asked = asked.ok_or("the code is not good any more")?;
    if asked.address.text() != Some(to.as_str()) {
        return Err("the address has changed since the code was asked for".to_owned());
    }
    let code = web::contact_code(desk.links_key, person, notice.medium, &asked.nonce);
    let subject = format!("{code} is your Lamplighter code");
    let left = asked.expires_at.since(desk.now);
    let text = format!(
        "{code}\n\nType this code in at {}/me to show that this address is yours. It is good for \
         {left}.\nIf you did not ask for it, somebody else gave this address; tell them.",
        desk.public_url
    );
    Ok(message(desk, id, notice, Said { to, subject, text, kind: "verify" }))
}

/// A message to see what arrives.
pub(crate) fn test(desk: &Desk<'_>, id: NoticeId, notice: &Notice) -> Result<Message, String> {
    let to = address(desk, notice)?;
    let subject = "Test: Lamplighter reaches you here".to_owned();
    let text = format!(
        "{subject}.\n\nNothing is wrong. Pages would come this way.\nHow you are reached: {}/me",
        desk.public_url
    );
    Ok(message(desk, id, notice, Said { to, subject, text, kind: "test" }))
}

/// A shift begins.
pub(crate) fn duty(
    desk: &Desk<'_>,
    id: NoticeId,
    notice: &Notice,
    call: u64,
) -> Result<Message, String> {
    let to = address(desk, notice)?;
    let reader = person(notice)?;
    let mut duties = desk.state.reach.duty_calls();
    let (rota, it) =
        duties.find(|(_, it)| it.call == call).ok_or("the shift has changed hands since")?;
    let zone = zone_of(desk.state.catalogue(), notice);
    let from = local(desk.zones, zone, it.starts);
    let until = local(desk.zones, zone, it.ends);
    if it.person != *reader {
        let who = desk.state.catalogue().map_or(it.person.as_str(), |all| all.name_of(&it.person));
        let subject = format!("{who} has not confirmed the shift in {rota}");
        let text = format!(
            "{subject}: on duty from {from} until {until}, asked twice, no answer.\n\nPages still go \
             to them first, and on by the policy when nobody answers. Call them, or take over.\n{}/oncall",
            desk.public_url
        );
        return Ok(message(desk, id, notice, Said { to, subject, text, kind: "duty_unconfirmed" }));
    }
    let again = matches!(it.stage, DutyStage::Reminded { .. } | DutyStage::Unconfirmed { .. });
    let again = if again { "Once more: you" } else { "You" };
    let subject = format!("{again} are on duty in {rota} from {from}; reply 1");
    let text = format!(
        "{again} are on duty in rota {rota} from {from} until {until}.\n\nSay that you know: reply 1, \
         open the link, or press the button at {}/me. Otherwise the others of the rota are told.",
        desk.public_url
    );
    let mut message = message(desk, id, notice, Said { to, subject, text, kind: "duty" });
    message.ack_url = Some(web::ack_link(desk.links_key, desk.public_url, id));
    Ok(message)
}

pub(crate) struct Said {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) kind: &'static str,
}

pub(crate) fn message(desk: &Desk<'_>, id: NoticeId, notice: &Notice, said: Said) -> Message {
    Message {
        key: id.to_string(),
        to: said.to,
        short: short(&said.subject, SHORT_LENGTH_MAX),
        subject: said.subject,
        text: said.text,
        ack_url: None,
        url: None,
        actions: vec![],
        callbacks: callbacks(desk, id, notice),
        priority: Priority::Normal,
        data: serde_json::json!({ "type": said.kind }),
    }
}

pub(crate) fn person(notice: &Notice) -> Result<&PersonId, String> {
    match &notice.to {
        Recipient::Person(person) => Ok(person),
        Recipient::Channel(_) => Err("a channel has no address of its own".to_owned()),
    }
}

/// `first` with all that `others` would have said: one message instead of many. The first keeps its
/// key and its link.
pub(crate) fn bundled(
    desk: &Desk<'_>,
    lead: NoticeId,
    others: &[NoticeId],
    first: Message,
) -> Message {
    let ids = || std::iter::once(lead).chain(others.iter().copied());
    let oldest = ids().filter_map(|id| desk.state.notices.get(&id)).map(|it| it.decided_at).min();
    let late_by = oldest.map_or(model::Millis::ZERO, |it| desk.now.since(it));
    let mut pages = vec![];
    let mut seen = BTreeSet::new();
    for id in ids() {
        pages.extend(page_of(desk.state, id).filter(|it| seen.insert(*it)));
    }
    if pages.len() < 2 {
        return one_page(desk, first, oldest);
    }
    let titles: Vec<String> = pages.iter().map(|it| title(desk.state, *it)).collect();
    let subject = format!("[{} pages, late by {late_by}] {}", pages.len(), titles[0]);
    let mut text = format!(
        "{} pages wait for you; messages could not go out for a while. Late by {late_by}. What is \
         over is left out; the newest comes first.\n\n",
        pages.len()
    );
    for (page, title) in pages.iter().zip(&titles).take(NAMED_MAX) {
        let incident = desk.state.pages.get(page).map(|it| it.incident);
        let at =
            incident.map_or(String::new(), |it| format!(" {}/incidents/{it}", desk.public_url));
        let _ = writeln!(text, "- {title}{at}");
    }
    if pages.len() > NAMED_MAX {
        let more = pages.len() - NAMED_MAX;
        let _ = writeln!(text, "- and {more} more: {}/incidents", desk.public_url);
    }
    let _ = writeln!(text, "\nThe first of them in full:\n\n{}", first.text);
    let told = format!("{} pages (late by {late_by}): {}", pages.len(), titles.join("; "));
    let mut data = first.data;
    data["pages"] = serde_json::json!(pages);
    data["late_by_ms"] = serde_json::json!(late_by.0);
    Message { subject, short: short(&told, SHORT_LENGTH_MAX), text, data, ..first }
}

/// Several notices of one page are one message, as late as the oldest.
fn one_page(desk: &Desk<'_>, mut first: Message, oldest: Option<Timestamp>) -> Message {
    let Some(oldest) = oldest else { return first };
    let late_by = desk.now.since(oldest);
    if late_by >= engine::LATE_FROM && !first.text.contains("late by") {
        let _ =
            writeln!(first.text, "\nThis is late by {late_by}: messages could not go out before.");
        first.short = short(&format!("(late by {late_by}) {}", first.short), SHORT_LENGTH_MAX);
    }
    first
}

fn page_of(state: &State, id: NoticeId) -> Option<PageId> {
    match state.notices.get(&id)?.purpose {
        Purpose::Page { page, .. } => Some(page),
        _ => None,
    }
}

fn title(state: &State, page: PageId) -> String {
    let incident = state.pages.get(&page).and_then(|it| state.incidents.get(&it.incident));
    let title = incident.map_or(String::new(), |it| one_line(&it.title));
    format!("{page} {title}")
}
