//! Letters about shifts: somebody is asked to take one, or the week to come is thin.
//!
//! Nobody is woken by them; they go by the rules of whoever they are for.

use crate::letters::{Desk, address, local, zone_of};
use crate::reach_letters::{Said, message, person};
use channels::Message;
use engine::{Notice, SwapAnswer, Thin};
use model::{NoticeId, PersonId, RosterId, SwapId};
use std::fmt::Write as _;

/// Findings named in one letter.
const NAMED_MAX: usize = 12;

/// Somebody is asked to take a shift, or hears how that was answered.
pub(crate) fn swap(
    desk: &Desk<'_>,
    id: NoticeId,
    notice: &Notice,
    swap: SwapId,
) -> Result<Message, String> {
    let to = address(desk, notice)?;
    let reader = person(notice)?;
    let it = desk.state.swaps.get(&swap).ok_or("the request was closed long ago")?;
    let name = |who: &PersonId| {
        desk.state.catalogue().map_or_else(|| who.to_string(), |all| all.name_of(who).to_owned())
    };
    let zone = zone_of(desk.state.catalogue(), notice);
    let time = |at| local(desk.zones, zone, at);
    let shift = format!("{} from {} until {}", it.rota, time(it.gives.0), time(it.gives.1));
    let exchange = it.takes.map_or_else(String::new, |takes| {
        format!(" in exchange for {} until {}", time(takes.0), time(takes.1))
    });
    let (kind, subject, advice) = match it.answer {
        None if it.with == *reader => (
            "swap_asked",
            format!(
                "{} asks you to take {shift}{exchange}; reply SWAP {number} or NOSWAP {number}",
                name(&it.from),
                number = swap.0
            ),
            "Nothing changes until you take it.",
        ),
        None => (
            "swap_asked",
            format!("{} was asked to take {shift}{exchange}", name(&it.with)),
            "Nothing changes until they take it.",
        ),
        Some(SwapAnswer::Accepted) => (
            "swap_accepted",
            format!("{} takes {shift} for {}{exchange}", name(&it.with), name(&it.from)),
            "The rota says so already.",
        ),
        Some(SwapAnswer::Declined) => (
            "swap_declined",
            format!("{shift} stays with {}: the request was declined", name(&it.from)),
            "Nothing changes. Ask somebody else, or a lead.",
        ),
    };
    let text = format!("{subject}.\n\n{advice}\n{}/oncall", desk.public_url);
    let mut message = message(desk, id, notice, Said { to, subject, text, kind });
    if it.answer.is_none() && it.with == *reader {
        message.ack_url = Some(web::ack_link(desk.links_key, desk.public_url, id));
    }
    Ok(message)
}

/// An owner is asked to look at a promise again.
pub(crate) fn review(
    desk: &Desk<'_>,
    id: NoticeId,
    notice: &Notice,
    ask: u64,
) -> Result<Message, String> {
    let to = address(desk, notice)?;
    let asks = desk.state.promises.asks.values().filter(|it| it.letter == ask);
    let catalogue = desk.state.catalogue().ok_or("nothing is configured")?;
    let due: Vec<_> =
        asks.filter_map(|it| Some((it, catalogue.features.get(&it.feature)?))).collect();
    let (first, feature) = due.first().ok_or("it has been looked at since")?;
    let again = if first.count > 1 { " still" } else { "" };
    let others = match due.len() - 1 {
        0 => String::new(),
        1 => ", and another one".to_owned(),
        more => format!(", and {more} others"),
    };
    let subject = format!(
        "promise {} ({}){others} was{again} to be looked at again by {}",
        first.feature, feature.objective, first.day
    );
    let mut text = format!("{subject}.\n");
    for (it, feature) in due.iter().take(NAMED_MAX) {
        let _ = write!(
            text,
            "\n- {} ({}, by {})\n  {}/features/{}",
            feature.question, feature.objective, it.day, desk.public_url, it.feature
        );
    }
    if due.len() > NAMED_MAX {
        let _ = write!(text, "\n- and {} more", due.len() - NAMED_MAX);
    }
    let _ = write!(
        text,
        "\n\nIs it still what users need and what can be kept? Sign it anew, or say that you looked and when \
         you look next; until then you and the other owner are asked every week.\n\
         lamplighter revise {} --reason \"...\" --next DAY",
        first.feature
    );
    Ok(message(desk, id, notice, Said { to, subject, text, kind: "review_due" }))
}

/// The week to come is thin in a rota.
pub(crate) fn thin(
    desk: &Desk<'_>,
    id: NoticeId,
    notice: &Notice,
    look: u64,
) -> Result<Message, String> {
    let to = address(desk, notice)?;
    let mut ahead = desk.state.ahead.iter();
    let (rota, it) = ahead.find(|(_, it)| it.look == look).ok_or("it has changed since")?;
    let zone = zone_of(desk.state.catalogue(), notice);
    let name = |who: &PersonId| {
        desk.state.catalogue().map_or_else(|| who.to_string(), |all| all.name_of(who).to_owned())
    };
    let line = |it: &Thin| {
        let (from, to) = (local(desk.zones, zone, it.starts), local(desk.zones, zone, it.ends));
        format!("{}, {from} until {to}", it.words(name))
    };
    let first = it.found.first().ok_or("nothing is thin any more")?;
    let more = if it.found.len() > 1 {
        format!(" (and {} more)", it.found.len() - 1)
    } else {
        String::new()
    };
    let subject = format!("Rota {rota}: {}{more}", line(first));
    let mut text = format!("In the week to come rota {rota} is thin:\n\n");
    for it in it.found.iter().take(NAMED_MAX) {
        let _ = writeln!(text, "- {}", line(it));
    }
    if it.found.len() > NAMED_MAX {
        let _ = writeln!(text, "- and {} more", it.found.len() - NAMED_MAX);
    }
    let _ = write!(
        text,
        "\nIn a gap a page goes to the next step of its policy, later than it should. Change who is on \
         duty, or swap: {}/oncall",
        desk.public_url
    );
    Ok(message(desk, id, notice, Said { to, subject, text, kind: "duty_thin" }))
}

/// A roster was published that changes shifts of whoever reads this, or was put aside.
pub(crate) fn roster(
    desk: &Desk<'_>,
    id: NoticeId,
    notice: &Notice,
    roster: RosterId,
) -> Result<Message, String> {
    let to = address(desk, notice)?;
    let reader = person(notice)?;
    let it = desk.state.rosters.get(&roster).ok_or("the roster was closed long ago")?;
    let zone = zone_of(desk.state.catalogue(), notice);
    if it.published != Some(true) {
        let subject = format!("Roster {roster} of {} was put aside", it.rota);
        let text = format!("{subject}. Nothing changes.\n{}/oncall", desk.public_url);
        return Ok(message(desk, id, notice, Said { to, subject, text, kind: "roster" }));
    }
    let mine = |it: &&engine::RosterChange| it.from.contains(reader) != it.to.contains(reader);
    let line = |it: &engine::RosterChange| {
        let sign = if it.to.contains(reader) { "yours now" } else { "not yours any more" };
        let (from, to) = (local(desk.zones, zone, it.starts), local(desk.zones, zone, it.ends));
        format!("{from} until {to}: {sign}")
    };
    let mine: Vec<String> = it.changes.iter().filter(mine).map(line).collect();
    let count =
        if mine.len() == 1 { "1 shift".to_owned() } else { format!("{} shifts", mine.len()) };
    let first = mine.first().map_or_else(String::new, |it| format!("; first {it}"));
    let subject = format!("The roster of {} changed {count} of yours{first}", it.rota);
    let mut text = format!("{subject}.\n\n");
    for it in mine.iter().take(NAMED_MAX) {
        let _ = writeln!(text, "- {it}");
    }
    if mine.len() > NAMED_MAX {
        let _ = writeln!(text, "- and {} more", mine.len() - NAMED_MAX);
    }
    let _ = write!(text, "\nYour calendar has them, and so has {}/oncall", desk.public_url);
    Ok(message(desk, id, notice, Said { to, subject, text, kind: "roster" }))
}
