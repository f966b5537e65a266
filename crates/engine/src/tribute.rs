//! Interruptions: what a team was asked besides its work, whom it hit, and how much of it went past the
//! duty that is there to take it.
//!
//! Intuition: one of us sits by the door so that the others can think. A tally at the door alone would say
//! that all is well; so whoever was disturbed inside makes a mark as well, in one gesture.
//!
//! Invariants:
//! - whether somebody had the duty is decided when it is noted and stays as it was;
//! - nobody is ranked: what is told of others is a share of the team, and of fewer than
//!   [`TRIBUTE_PEOPLE_MIN`] people nothing;
//! - a week without interruptions has no share: nothing is unknown, not zero.

use crate::command::{Context, Rejected};
use crate::decide::{person, text_within, unknown};
use crate::event::{Event, EventRecord, NewNotice};
use crate::state::{Limits, Purpose, State};
use crate::{notify, reach};
use model::{Catalogue, Millis, PersonId, Personal, TeamId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Of fewer people nothing is said: a share among four is about somebody.
pub const TRIBUTE_PEOPLE_MIN: usize = 5;
/// How long interruptions are kept in memory; the journal keeps all.
const KEPT: Millis = Millis::from_days(400);
/// How many are kept.
const KEPT_MAX: usize = 20_000;
/// The longest interruption that is one.
const MINUTES_MAX: u32 = 24 * 60;
const WEEK: Millis = Millis::from_days(7);
/// The first Monday after the epoch began is its fifth day (1970-01-05).
const MONDAY: Millis = Millis::from_days(4);

/// What kind of interruption it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterruptionKind {
    /// Somebody asked something.
    Question,
    /// A ticket came.
    Ticket,
    /// Something had to be done for somebody.
    Request,
    /// Something had to be looked at at once.
    Trouble,
    /// Anything else.
    Other,
}

impl InterruptionKind {
    /// Every kind, the most usual first.
    pub const ALL: [Self; 5] =
        [Self::Question, Self::Ticket, Self::Request, Self::Trouble, Self::Other];

    /// As people write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Ticket => "ticket",
            Self::Request => "request",
            Self::Trouble => "trouble",
            Self::Other => "other",
        }
    }

    /// Reads what people write.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word.trim())
    }
}

/// Somebody was interrupted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interruption {
    /// Of which team.
    pub team: TeamId,
    /// When.
    pub at: Timestamp,
    /// Who was interrupted.
    pub who: PersonId,
    /// By what kind of thing.
    pub kind: InterruptionKind,
    /// How long, in minutes.
    pub minutes: u32,
    /// What about.
    pub text: Option<Personal>,
    /// Who had the duty then.
    pub duty: Vec<PersonId>,
    /// Whether it is for whoever has the duty from here on.
    pub handed: bool,
    /// Who noted it.
    pub by: PersonId,
    /// How.
    pub via: String,
}

impl Interruption {
    /// Whether it hit somebody who had not the duty.
    #[must_use]
    pub fn leaked(&self) -> bool {
        !self.duty.contains(&self.who)
    }
}

/// Somebody was interrupted, as events say it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InterruptionNoted {
    /// Its number, from 1.
    pub number: u64,
    /// What.
    pub what: Interruption,
    /// What goes to whoever has the duty, where it is for them.
    pub notices: Vec<NewNotice>,
}

/// Somebody was interrupted, as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct NoteInterruption {
    /// Who notes it.
    pub by: PersonId,
    /// Of which team; `None`: the first with a tribute that whoever was interrupted is a member of.
    pub team: Option<TeamId>,
    /// Who was interrupted.
    pub who: PersonId,
    /// By what.
    pub kind: InterruptionKind,
    /// How long, in minutes.
    pub minutes: u32,
    /// What about.
    pub text: String,
    /// Whether it is for whoever has the duty from here on.
    pub hand: bool,
    /// How: `view`, `cli`, `api`.
    pub via: String,
}

/// Every interruption that is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tribute {
    /// By number.
    pub noted: model::Map<u64, Interruption>,
    /// The last number.
    pub last: u64,
}

/// What went past the duty of a team in one week, or over several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leak {
    /// Monday, 00:00 UTC.
    pub starts: Timestamp,
    /// Interruptions.
    pub all: u64,
    /// Those that hit somebody who had not the duty.
    pub past: u64,
    /// Minutes of all of them.
    pub minutes: u64,
}

impl Leak {
    /// The share that went past; `None` without interruptions.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "counts of people's interruptions")]
        (self.all > 0).then(|| self.past as f64 / self.all as f64)
    }

    /// Between which shares the true one lies in 95 of 100 cases (Wilson 1927, JASA 22:209).
    #[must_use]
    pub fn interval(&self) -> Option<(f64, f64)> {
        const Z: f64 = 1.959_963_984_540_054;
        let share = self.share()?;
        #[expect(clippy::cast_precision_loss, reason = "counts of people's interruptions")]
        let all = self.all as f64;
        let scale = 1.0 + Z * Z / all;
        let middle = (share + Z * Z / (2.0 * all)) / scale;
        let half = Z / scale * (share * (1.0 - share) / all + Z * Z / (4.0 * all * all)).sqrt();
        Some(((middle - half).max(0.0), (middle + half).min(1.0)))
    }
}

/// The beginning of the week of UTC that holds `at`.
#[must_use]
pub fn week_of(at: Timestamp) -> Timestamp {
    let weeks = (at.0 - MONDAY.0).div_euclid(WEEK.0);
    Timestamp(weeks * WEEK.0 + MONDAY.0)
}

impl State {
    /// What went past the duty of `team`, a line per week with interruptions, oldest first; `None` where
    /// the team is too small to speak of.
    #[must_use]
    pub fn leaks(&self, team: &TeamId) -> Option<Vec<Leak>> {
        let people = self.catalogue()?.teams.get(team)?.members.len();
        if people < TRIBUTE_PEOPLE_MIN {
            return None;
        }
        let mut weeks: BTreeMap<Timestamp, Leak> = BTreeMap::new();
        for (_, it) in self.tribute.noted.iter().filter(|(_, it)| it.team == *team) {
            let starts = week_of(it.at);
            let empty = Leak { starts, all: 0, past: 0, minutes: 0 };
            let week = weeks.entry(starts).or_insert(empty);
            week.all += 1;
            week.past += u64::from(it.leaked());
            week.minutes += u64::from(it.minutes);
        }
        Some(weeks.into_values().collect())
    }
}

pub(crate) fn decide(
    state: &State,
    context: &Context<'_>,
    asked: &NoteInterruption,
) -> Result<Vec<Event>, Rejected> {
    person(state, &asked.by)?;
    person(state, &asked.who)?;
    text_within("text", &asked.text, Limits::TEXT_LENGTH_MAX)?;
    if asked.minutes == 0 || asked.minutes > MINUTES_MAX {
        let told = "say how long it took, in minutes: at least 1, at most a day";
        return Err(Rejected::Invalid(told.to_owned()));
    }
    let catalogue = state.catalogue().expect("a known person comes from a catalogue");
    let team = team_of(catalogue, asked)?;
    let Some(rota) = catalogue.teams.get(&team).and_then(|it| it.tribute.as_ref()) else {
        let told = format!("team {team} has no tribute; give it one: `tribute: ROTA`");
        return Err(Rejected::Invalid(told));
    };
    let duty = state.on_duty(rota, context.now, context.zones).map_or(vec![], |it| it.people);
    let hand = asked.hand && !duty.is_empty();
    let told: Vec<&PersonId> = duty.iter().filter(|it| hand && **it != asked.by).collect();
    let notices = notify::gently(state, context, told.into_iter());
    let text = asked.text.trim();
    let what = Interruption {
        team,
        at: context.now,
        who: asked.who.clone(),
        kind: asked.kind,
        minutes: asked.minutes,
        text: (!text.is_empty()).then(|| Personal::new(asked.by.clone(), text)),
        duty,
        handed: hand,
        by: asked.by.clone(),
        via: asked.via.clone(),
    };
    let number = state.tribute.last + 1;
    Ok(vec![Event::InterruptionNoted(Box::new(InterruptionNoted { number, what, notices }))])
}

fn team_of(catalogue: &Catalogue, asked: &NoteInterruption) -> Result<TeamId, Rejected> {
    if let Some(team) = &asked.team {
        let known = catalogue.teams.contains_key(team);
        return if known { Ok(team.clone()) } else { Err(unknown("team", team)) };
    }
    let theirs = |it: &&model::Team| it.tribute.is_some() && it.members.contains(&asked.who);
    let found = catalogue.teams.iter().find(|(_, it)| theirs(it));
    found.map(|(id, _)| id.clone()).ok_or_else(|| {
        let told = format!("{} is in no team with a tribute; name the team", asked.who);
        Rejected::Invalid(told)
    })
}

pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    let Event::InterruptionNoted(noted) = &record.event else {
        unreachable!("not an interruption: {:?}", record.event)
    };
    let tribute = &mut state.tribute;
    tribute.last = tribute.last.max(noted.number);
    tribute.noted.insert(noted.number, noted.what.clone());
    while let Some((first, old)) = tribute.noted.first_key_value() {
        if record.at.since(old.at) <= KEPT && tribute.noted.len() <= KEPT_MAX {
            break;
        }
        let first = *first;
        tribute.noted.remove(&first);
    }
    let purpose = Purpose::Interruption { number: noted.number };
    reach::add(state, &noted.notices, purpose, record.at);
}

/// In a sentence.
pub(crate) fn tell(it: &InterruptionNoted, person: &dyn Fn(&PersonId) -> String) -> String {
    let what = &it.what;
    let past = if what.leaked() { "past the duty" } else { "on duty" };
    let handed = if what.handed { "; it goes to whoever has the duty" } else { "" };
    format!(
        "{} was interrupted ({}, {} min) in team {}, {past}{handed}.",
        person(&what.who),
        what.kind.word(),
        what.minutes,
        what.team
    )
}
