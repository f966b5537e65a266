//! Letters about handovers: the draft to whoever goes, the handover to whoever comes, and what follows
//! when nobody reads it. A text message is a digest of one segment that can be answered.
//!
//! Invariant: what is cut off in the digest is the least pressing; the number to answer with is never.

use crate::letters::{Desk, address, local, zone_of};
use crate::reach_letters::{Said, message, person};
use channels::{Message, Priority, one_line};
use engine::{Fact, Handover, HandoverAsk, HandoverStage, Notice};
use model::{HandoverId, NoticeId, PersonId, Timestamp};
use std::fmt::Write as _;

/// The letter of a notice about a handover.
pub(crate) fn letter(
    desk: &Desk<'_>,
    id: NoticeId,
    notice: &Notice,
    handover: HandoverId,
    ask: HandoverAsk,
) -> Result<Message, String> {
    let to = address(desk, notice)?;
    let reader = person(notice)?;
    let it = desk.state.handovers.list.get(&handover).ok_or("the handover is archived")?;
    let zone = zone_of(desk.state.catalogue(), notice);
    let time = |at: Timestamp| local(desk.zones, zone, at);
    let names = |people: &[PersonId]| {
        let name = |who: &PersonId| match desk.state.catalogue() {
            Some(all) => all.name_of(who).to_owned(),
            None => who.to_string(),
        };
        people.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    let (rota, url) = (&it.shifting.rota, format!("{}/handovers/{handover}", desk.public_url));
    let givers = names(&it.shifting.givers());
    let receivers = names(&it.shifting.receivers());
    let read = matches!(ask, HandoverAsk::Read | HandoverAsk::Nag | HandoverAsk::Call);
    let has_read =
        it.reads.contains_key(reader) || matches!(it.stage, HandoverStage::Passed { .. });
    if read && has_read {
        return Err("it has been read since".to_owned());
    }
    let (kind, subject) = match ask {
        HandoverAsk::Write => (
            "handover_draft",
            format!(
                "{handover} {rota}: your shift ends {}; the draft for {receivers} is there",
                time(it.shifting.gives_at)
            ),
        ),
        HandoverAsk::Read => ("handover", digest(desk, handover, it, "")),
        HandoverAsk::Nag => ("handover_unread", digest(desk, handover, it, "unread: ")),
        HandoverAsk::Call => ("handover_unread", digest(desk, handover, it, "STILL UNREAD: ")),
        HandoverAsk::CallOthers => (
            "handover_unread_by_all",
            format!("{handover} {rota}: {receivers} did not read the handover; see to it"),
        ),
    };
    let mut text = format!("{}.\n\n", subject.trim_end_matches('.'));
    let _ = writeln!(text, "Rota {rota}: {givers} -> {receivers}, {}.", time(it.shifting.gives_at));
    text += &whole(desk, it, &|at| time(at));
    let _ = match ask {
        HandoverAsk::Write => writeln!(
            text,
            "\nWrite how things stand, what happened and what to do if something turns: {url}\nAt the \
             change it goes out as it is."
        ),
        HandoverAsk::CallOthers => writeln!(text, "\nLook at it, and call them: {url}"),
        _ => writeln!(
            text,
            "\nSay in your own words what you take over: {url}\nor by SMS: READ {} and your words.",
            handover.0
        ),
    };
    let calls = matches!(ask, HandoverAsk::Call | HandoverAsk::CallOthers);
    let mut message = message(desk, id, notice, Said { to, subject, text, kind });
    message.url = Some(url);
    if calls {
        message.priority = Priority::High;
    }
    Ok(message)
}

/// An interruption is for whoever has the tribute.
pub(crate) fn interruption(
    desk: &Desk<'_>,
    id: NoticeId,
    notice: &Notice,
    number: u64,
) -> Result<Message, String> {
    let to = address(desk, notice)?;
    let it = desk.state.tribute.noted.get(&number).ok_or("it is archived")?;
    let name = |who: &PersonId| match desk.state.catalogue() {
        Some(all) => all.name_of(who).to_owned(),
        None => who.to_string(),
    };
    let about = it.text.as_ref().and_then(|it| it.text()).unwrap_or("no words were given");
    let (by, kind) = (name(&it.by), it.kind.word());
    let subject = format!("{by} hands you a {kind} of team {}: {}", it.team, one_line(about));
    let text = format!(
        "{subject}\n\nYou have the tribute of {}: it is yours to answer or to put off.\n{}/tribute",
        it.team, desk.public_url
    );
    Ok(message(desk, id, notice, Said { to, subject, text, kind: "interruption" }))
}

/// What fits one text message: how to answer, what is open, how things stand.
fn digest(desk: &Desk<'_>, id: HandoverId, it: &Handover, mark: &str) -> String {
    let number = id.0;
    let count = |wanted: fn(&Fact) -> bool| it.facts.iter().filter(|it| wanted(it)).count();
    let open = count(|it| matches!(it, Fact::Incident { .. }));
    let nights = count(|it| matches!(it, Fact::Paged { night: true, .. }));
    let due = desk.state.handovers.open_todos(&it.shifting.rota).count();
    let mut parts = vec![];
    if open > 0 {
        parts.push(format!("{open} open"));
    }
    if due > 0 {
        parts.push(format!("{due} to do"));
    }
    if nights > 0 {
        parts.push(format!("{nights} paged at night"));
    }
    let parts = if parts.is_empty() { "nothing open".to_owned() } else { parts.join(", ") };
    let status = it.written.as_ref().and_then(|it| it.status.text()).filter(|it| !it.is_empty());
    let status = match status {
        Some(it) => one_line(it),
        None if it.written.is_none() => "unedited draft".to_owned(),
        None => "see the view".to_owned(),
    };
    format!(
        "{mark}{id} {} (reply READ {number} + your own words): {parts}. {status}",
        it.shifting.rota
    )
}

/// All of it, for a mail.
fn whole(desk: &Desk<'_>, it: &Handover, time: &dyn Fn(Timestamp) -> String) -> String {
    let name = |who: &PersonId| match desk.state.catalogue() {
        Some(all) => all.name_of(who).to_owned(),
        None => who.to_string(),
    };
    let mut text = String::new();
    match &it.written {
        Some(written) => {
            let said = |it: &model::Personal| it.text().unwrap_or("(erased)").to_owned();
            let _ = writeln!(text, "\nStatus: {}", said(&written.status));
            if !said(&written.happened).is_empty() {
                let _ = writeln!(text, "\nWhat happened:\n{}", said(&written.happened));
            }
            for it in &written.ifs {
                let _ = writeln!(text, "\nIf {}:\n  {}", said(&it.happens), said(&it.then));
            }
        }
        None if it.published.is_some() => {
            text.push_str("\nUnedited: nobody wrote anything before the shift changed.\n");
        }
        None => {}
    }
    let mut todos = desk.state.handovers.open_todos(&it.shifting.rota).peekable();
    if todos.peek().is_some() {
        text.push_str("\nTo do:\n");
    }
    for (id, todo) in todos {
        let owner = todo.owner.as_ref().map_or("whoever is on duty".to_owned(), &name);
        let _ = writeln!(text, "- {id} {} ({owner})", todo.text.text().unwrap_or("(erased)"));
    }
    let now = engine::Context { now: desk.now, zones: desk.zones };
    let live;
    let facts = if it.published.is_some() {
        &it.facts
    } else {
        live = engine::draft_facts(desk.state, &now, &it.shifting);
        &live
    };
    let mut heading = "";
    for fact in facts {
        if fact.heading() != heading && !matches!(fact, Fact::More { .. }) {
            heading = fact.heading();
            let _ = writeln!(text, "\n{heading}:");
        }
        let _ = writeln!(text, "- {}", fact.line(&name, time));
    }
    text
}
