//! Letters about load: one list for many pages, a word about alerts that joined, a word to whoever had
//! enough and to whoever takes over.
//!
//! Invariants:
//! - a list names every page in it that is still open, however many there are;
//! - only a list can be answered; the others are for reading and make no noise.

use crate::letters::{Desk, address, callbacks, is_heard, late, local, zone_of};
use channels::{Message, Priority, SHORT_LENGTH_MAX, one_line, short};
use engine::{LoadOutcome, Notice, Purpose, Recipient};
use model::{IncidentId, NoticeId, PageId, PersonId};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Several pages in one letter.
pub(crate) fn list(desk: &Desk<'_>, id: NoticeId, notice: &Notice) -> Result<Message, String> {
    let state = desk.state;
    let to = address(desk, notice)?;
    let parts = state.load.bundles.get(&id).into_iter().flatten();
    let pages = parts.filter_map(|it| match state.notices.get(it)?.purpose {
        Purpose::Page { page, .. } => Some(page),
        _ => None,
    });
    let pages: BTreeSet<PageId> = pages.collect();
    let open: Vec<(PageId, IncidentId, String)> = pages
        .into_iter()
        .filter_map(|id| Some((id, state.pages.get(&id).filter(|it| it.can_be_acknowledged())?)))
        .filter_map(|(id, page)| {
            let incident = state.incidents.get(&page.incident)?;
            Some((id, page.incident, one_line(&incident.title)))
        })
        .collect();
    let Some((first, _, title)) = open.first() else {
        return Err("nothing in this list is open any more".to_owned());
    };
    let count = open.len();
    let subject = if count == 1 {
        format!("[{first}] {title}")
    } else {
        format!("[{count} pages] {title}, and {} more", count - 1)
    };
    let mut text = format!(
        "You are called for {count} things at once. Each stays open and goes on through its policy \
         until somebody takes it; one answer to this message takes them all.\n\n"
    );
    for (page, incident, title) in &open {
        let _ = writeln!(text, "{page}: {title}\n  {}/incidents/{incident}", desk.public_url);
    }
    if let Some(late) = late(desk, notice) {
        let _ = writeln!(text, "\n{late}");
    }
    // A bare `1` would not say which; the link in the message takes them all.
    let answer = match (is_heard(desk, notice), count) {
        (false, _) => String::new(),
        (true, 1) => format!(" (reply 1 {})", first.0),
        (true, _) => format!(" (reply 1 {} for the first)", first.0),
    };
    let ids: Vec<String> = open.iter().map(|(page, ..)| page.to_string()).collect();
    Ok(Message {
        key: id.to_string(),
        to,
        short: short(
            &format!("{count} pages{answer}: {title}; {}", ids.join(" ")),
            SHORT_LENGTH_MAX,
        ),
        subject,
        text,
        ack_url: Some(web::ack_link(desk.links_key, desk.public_url, id)),
        url: Some(format!("{}/incidents", desk.public_url)),
        actions: vec![],
        callbacks: callbacks(desk, id, notice),
        priority: Priority::High,
        data: serde_json::json!({ "type": "pages", "pages": ids }),
    })
}

/// More alerts joined.
pub(crate) fn update(
    desk: &Desk<'_>,
    id: NoticeId,
    notice: &Notice,
    incident: IncidentId,
) -> Result<Message, String> {
    let to = address(desk, notice)?;
    let it = desk.state.incidents.get(&incident).ok_or("the incident is no longer known")?;
    let firing = it.alerts.iter().filter(|id| {
        let alert = desk.state.alerts.get(id);
        alert.is_some_and(|alert| desk.state.firing.get(&alert.key) == Some(id))
    });
    let (all, firing) = (it.alerts.len(), firing.count());
    let title = one_line(&it.title);
    let url = format!("{}/incidents/{incident}", desk.public_url);
    let text = format!(
        "{all} alerts belong to {incident} by now, {firing} of them fire.\n\n{title}\n{url}\n\n\
         Nobody is called anew by this message.\n"
    );
    let subject = format!("[{incident}] {all} alerts by now: {title}");
    Ok(Message { url: Some(url), ..calm(desk, id, notice, to, subject, text, "update") })
}

/// It is over.
pub(crate) fn over(
    desk: &Desk<'_>,
    id: NoticeId,
    notice: &Notice,
    incident: IncidentId,
) -> Result<Message, String> {
    let to = address(desk, notice)?;
    let it = desk.state.incidents.get(&incident).ok_or("the incident is no longer known")?;
    let title = one_line(&it.title);
    let url = format!("{}/incidents/{incident}", desk.public_url);
    let zone = zone_of(desk.state.catalogue(), notice);
    let (at, who) = match &it.resolved {
        Some((at, by)) => (*at, by.as_ref()),
        None => return Err("the incident fires again".to_owned()),
    };
    let name = |id: &PersonId| {
        let catalogue = desk.state.catalogue();
        catalogue.map_or_else(|| id.to_string(), |it| it.name_of(id).to_owned())
    };
    let why = who
        .map_or("everything that fired has ended".to_owned(), |by| format!("{} said so", name(by)));
    let text = format!(
        "{incident} is over since {}: {why}.\n\n{title}\n{url}\n\nYou were told of it before.\n",
        local(desk.zones, zone, at)
    );
    let subject = format!("[{incident}] It is over: {title}");
    let mut message = calm(desk, id, notice, to, subject, text, "resolved");
    let told = serde_json::json!({
        "incident": incident,
        "title": title,
        "feature": it.feature,
        "team": it.team,
        "opened_at": it.opened_at.to_string(),
        "resolved_at": at.to_string(),
        "incident_url": url,
    });
    if let (Some(data), serde_json::Value::Object(told)) = (message.data.as_object_mut(), told) {
        data.extend(told);
    }
    Ok(Message { url: Some(url), ..message })
}

/// Somebody had enough.
pub(crate) fn enough(
    desk: &Desk<'_>,
    id: NoticeId,
    notice: &Notice,
    load: u64,
) -> Result<Message, String> {
    let to = address(desk, notice)?;
    let it = desk.state.load.log.get(&load).ok_or("it is long over")?;
    let name = |id: &PersonId| {
        let catalogue = desk.state.catalogue();
        catalogue.map_or_else(|| id.to_string(), |it| it.name_of(id).to_owned())
    };
    let zone = zone_of(desk.state.catalogue(), notice);
    let who = name(&it.person);
    let had = format!("{who} had {} pages since {}", it.pages, local(desk.zones, zone, it.since));
    let duty = it.rota.as_ref().map_or(String::new(), |it| format!(" in rota {it}"));
    let (subject, then) = match &it.outcome {
        LoadOutcome::Relieved { to: next, until } => {
            let until = local(desk.zones, zone, *until);
            let told = matches!(&notice.to, Recipient::Person(reader) if reader == next);
            let subject = if told {
                format!("You are on duty now{duty}, until {until}")
            } else {
                format!("{} has the duty for you{duty}", name(next))
            };
            (
                subject,
                format!(
                    "{} has the duty{duty} until {until}. What is labelled critical still calls both.",
                    name(next)
                ),
            )
        }
        LoadOutcome::Credited => (
            format!("A day is noted for {who}"),
            "A day is noted. Nothing is held back: whoever is on duty is called on.".to_owned(),
        ),
        LoadOutcome::Held { until } => (
            "What is calm waits".to_owned(),
            format!(
                "Updates and the like wait until {}. Pages still come.",
                local(desk.zones, zone, *until)
            ),
        ),
        LoadOutcome::NobodyLeft => (
            format!("{who} had enough, and nobody is left to take over"),
            format!(
                "Everybody{duty} has had as many. Whoever is on duty is called on: ask for help."
            ),
        ),
    };
    let text =
        format!("{had} (at most {}).\n{then}\n\n{}/oncall\n", it.limit.pages, desk.public_url);
    Ok(calm(desk, id, notice, to, subject, text, "load"))
}

fn calm(
    desk: &Desk<'_>,
    id: NoticeId,
    notice: &Notice,
    to: String,
    subject: String,
    text: String,
    kind: &str,
) -> Message {
    Message {
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
        data: serde_json::json!({ "type": kind }),
    }
}
