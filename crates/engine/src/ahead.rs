//! What is thin in the week to come, told to whoever owns the rota before it happens.
//!
//! Intuition: a gap found on Tuesday at ten is a message; the same gap found on Sunday at three is an
//! outage. So the engine looks ahead whenever a shift, the configuration or the day changes, and writes to
//! the owner about what is new.
//!
//! Complications: the end of what is looked at moves on every day, so what it cuts grows. What was told
//! and only grew is not told again. What is mended is remembered as mended, so that it is told when it
//! comes back.
//!
//! Invariants: nobody is woken by this; the same finding is told once; what is told is what pages would
//! meet, from the same shifts.

use crate::command::Context;
use crate::event::{Event, EventRecord};
use crate::notify;
use crate::state::{Purpose, State};
use model::{Millis, NoticeId, PersonId, Rota, RotaId, Timestamp};
use oncall::Coverage;
use serde::{Deserialize, Serialize};

/// How far ahead is looked: a week, and a day in which to read the message.
pub const AHEAD: Millis = Millis::from_days(8);
/// Findings of one rota that are kept and told; more are of the same kind.
pub const FINDINGS_MAX: usize = 50;

/// What the last look at a rota found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ahead {
    /// Which look, by number.
    pub look: u64,
    /// When.
    pub at: Timestamp,
    /// What is thin, oldest first.
    pub found: Vec<Thin>,
}

/// One thing that is thin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Thin {
    /// From when.
    pub starts: Timestamp,
    /// Until when, as far as was looked.
    pub ends: Timestamp,
    /// What.
    pub kind: ThinKind,
}

/// In which way something is thin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThinKind {
    /// Nobody is on duty.
    Nobody,
    /// Somebody who is on duty has leave.
    OnLeave(PersonId),
    /// Nobody on duty can do what must be done.
    Unskilled(String),
    /// Somebody is on duty in two rotas that keep apart.
    Twice(PersonId),
}

impl ThinKind {
    /// In a word, for metrics.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::OnLeave(_) => "on_leave",
            Self::Unskilled(_) => "unskilled",
            Self::Twice(_) => "twice",
        }
    }
}

impl Thin {
    /// In words, without its times.
    #[must_use]
    pub fn words(&self, name: impl Fn(&PersonId) -> String) -> String {
        match &self.kind {
            ThinKind::Nobody => "nobody is on duty".to_owned(),
            ThinKind::OnLeave(who) => format!("{} is on duty and on leave", name(who)),
            ThinKind::Unskilled(skill) => format!("nobody on duty can do {skill}"),
            ThinKind::Twice(who) => {
                format!("{} is on duty here and in a rota that keeps apart", name(who))
            }
        }
    }

    /// Whether `other` is the same thing, seen at another time.
    fn is_still(&self, other: &Self) -> bool {
        self.kind == other.kind && self.starts < other.ends && other.starts < self.ends
    }
}

/// Looks ahead in one rota, or in all of them: what is new goes to their owners.
pub(crate) fn look(state: &State, context: &Context<'_>, only: Option<&RotaId>) -> Vec<Event> {
    let (Some(catalogue), Some(duties)) = (state.catalogue(), state.duties(context.zones)) else {
        return vec![];
    };
    let mut events = vec![];
    let mut free = state.next.notice + 1;
    for (id, rota) in &catalogue.rotas {
        if only.is_some_and(|it| it != id && !rota.rules.apart_from.contains(it)) {
            continue;
        }
        let (from, to) = (context.now, context.now.plus(AHEAD));
        let mut coverage = Coverage::default();
        coverage.look(catalogue, id, &duties, from, to);
        let found = thin(&coverage);
        let told = state.ahead.get(id).map_or(&[][..], |it| &it.found);
        let known = |it: &Thin| told.iter().any(|old| old.is_still(it));
        let mended = found.is_empty() && told.iter().any(|it| it.ends > context.now);
        if found.iter().all(known) && !mended {
            continue;
        }
        let mut notices = vec![];
        if !found.iter().all(known) {
            notices = notify::gently(state, context, owners(catalogue, rota).iter());
        }
        for it in &mut notices {
            it.notice = NoticeId(free);
            free += 1;
        }
        let look = state.next.look + 1 + events.len() as u64;
        events.push(Event::DutyThin(crate::DutyThin { look, rota: id.clone(), found, notices }));
    }
    events
}

fn thin(coverage: &Coverage) -> Vec<Thin> {
    let gaps = coverage.gaps.values().flatten();
    let mut found: Vec<Thin> = gaps
        .map(|(starts, ends)| Thin { starts: *starts, ends: *ends, kind: ThinKind::Nobody })
        .collect();
    found.extend(coverage.away.iter().map(|it| Thin {
        starts: it.starts,
        ends: it.ends,
        kind: ThinKind::OnLeave(it.person.clone()),
    }));
    found.extend(coverage.unskilled.iter().map(|it| Thin {
        starts: it.starts,
        ends: it.ends,
        kind: ThinKind::Unskilled(it.skill.clone()),
    }));
    found.extend(coverage.coinciding.iter().map(|it| Thin {
        starts: it.starts,
        ends: it.ends,
        kind: ThinKind::Twice(it.person.clone()),
    }));
    found.sort();
    found.truncate(FINDINGS_MAX);
    found
}

/// The team that owns a rota; where none does, whoever takes turns in it.
fn owners(catalogue: &model::Catalogue, rota: &Rota) -> Vec<PersonId> {
    let team = rota.rules.owner.as_ref().and_then(|it| catalogue.teams.get(it));
    if let Some(team) = team {
        return team.members.clone();
    }
    let mut people: Vec<PersonId> = rota.layers.iter().flat_map(|it| it.people.clone()).collect();
    people.sort();
    people.dedup();
    people
}

/// Folds in what a look found.
pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    let Event::DutyThin(crate::DutyThin { look, rota, found, notices }) = &record.event else {
        unreachable!("not about the week to come: {:?}", record.event)
    };
    state.next.look = state.next.look.max(*look);
    let it = Ahead { look: *look, at: record.at, found: found.clone() };
    if let Some(old) = state.ahead.insert(rota.clone(), it) {
        // What an older look said is said again by this one.
        state.cancel_where(|it| it.purpose == Purpose::Thin { look: old.look });
    }
    crate::reach::add(state, notices, Purpose::Thin { look: *look }, record.at);
    let rotas = state.catalogue.as_ref().map(|it| it.rotas.clone()).unwrap_or_default();
    state.ahead.retain(|id, _| rotas.contains_key(id));
}

/// In a sentence.
pub(crate) fn tell(event: &Event, person: &dyn Fn(&PersonId) -> String) -> String {
    let Event::DutyThin(crate::DutyThin { rota, found, notices, .. }) = event else {
        return String::new();
    };
    let Some(first) = found.first() else {
        return format!("The week to come has nothing thin in rota {rota} any more.");
    };
    let more = match found.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let told = if notices.is_empty() { "nobody can be told" } else { "its owners are told" };
    format!(
        "In rota {rota} {}, {} to {}{more}; {told}.",
        first.words(person),
        first.starts,
        first.ends
    )
}
