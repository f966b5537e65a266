//! What whoever ends a shift tells whoever begins one, and what becomes of it.
//!
//! Intuition: nurses at the bed at seven in the morning. What the chart says is there already; whoever
//! goes adds what they think, what is still to do and what to do if it turns; whoever comes says it back in
//! their own words, because nodding is not reading. And a chart without a note is handed over all the same.
//!
//! Invariants:
//! - every change of hands has exactly one handover, also one that came after a pause, by an override, or
//!   because the configuration changed;
//! - nobody writing is no reason for nothing to arrive: at the change the draft is published as it is,
//!   marked as unedited;
//! - what is still to do is in every handover of its rota until somebody says that it is done;
//! - only whoever has the shift reads it back, in words that are not the giver's;
//! - what nobody reads nags first and calls then; a handover with nothing in it calls nobody;
//! - facts are taken from the state when it is published, and stay as they were.

mod due;
mod facts;
mod shifts;
mod words;

pub(crate) use due::{due, next_wake};
pub(crate) use facts::at_risk;
pub use facts::{Fact, draft_facts};
pub(crate) use shifts::Changes;
pub(crate) use words::tell;

use crate::Role;
use crate::command::{Context, Rejected};
use crate::decide::{person, text_within, unknown};
use crate::event::{Event, EventRecord, NewNotice};
use crate::state::{Limits, Purpose, Recipient, State};
use crate::{notify, reach};
use model::{HandoverId, Millis, PersonId, Personal, RotaId, Timestamp, TodoId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How long handovers and what was done are kept in memory.
const KEPT: Millis = Millis::from_days(30);
/// Handovers in memory.
const HANDOVERS_MAX: usize = 2_000;
/// Things to do that are open at the same time.
pub const TODOS_OPEN_MAX: usize = 2_000;
/// "If this, then that" of one handover.
const IFS_MAX: usize = 20;
/// Words by which somebody says what they understood: fewer are a nod.
const READ_BACK_WORDS_MIN: usize = 3;

/// Everything about handovers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Handovers {
    /// Those of the last weeks.
    pub list: BTreeMap<HandoverId, Handover>,
    /// What is to do, and what was done in the last weeks.
    pub todos: BTreeMap<TodoId, Todo>,
    /// Who had each rota last, as far as it was handed over.
    pub held: BTreeMap<RotaId, Held>,
    /// Handovers made so far.
    pub handover_last: u64,
    /// Things to do noted so far.
    pub todo_last: u64,
    /// When the catalogue in force was adopted: what it says of times before is not looked at.
    pub adopted_at: Timestamp,
}

/// Who had a rota, up to where it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Up to when.
    pub at: Timestamp,
    /// Who had it then; nobody before the first shift.
    pub people: Vec<PersonId>,
}

/// A change of hands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shifting {
    /// In which rota.
    pub rota: RotaId,
    /// Who goes.
    pub from: Vec<PersonId>,
    /// Who comes.
    pub to: Vec<PersonId>,
    /// When the shift of those who go ends.
    pub gives_at: Timestamp,
    /// When the shift of those who come begins; later where nobody is on duty between.
    pub takes_at: Timestamp,
    /// When it ends.
    pub until: Timestamp,
}

impl Shifting {
    /// Who writes: whoever goes, or everybody who was on duty where nobody does.
    #[must_use]
    pub fn givers(&self) -> Vec<PersonId> {
        let gone: Vec<_> = self.from.iter().filter(|it| !self.to.contains(it)).cloned().collect();
        if gone.is_empty() { self.from.clone() } else { gone }
    }

    /// Who reads: whoever comes, or everybody who is on duty then where nobody does.
    #[must_use]
    pub fn receivers(&self) -> Vec<PersonId> {
        let new: Vec<_> = self.to.iter().filter(|it| !self.from.contains(it)).cloned().collect();
        if new.is_empty() { self.to.clone() } else { new }
    }
}

/// A handover.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Handover {
    /// Between whom and when.
    pub shifting: Shifting,
    /// When the draft was made.
    pub drafted_at: Timestamp,
    /// What a person wrote.
    pub written: Option<Written>,
    /// Where it stands.
    pub stage: HandoverStage,
    /// When it was published, and by whom; nobody: by itself.
    pub published: Option<(Timestamp, Option<PersonId>)>,
    /// What the state said then.
    pub facts: Vec<Fact>,
    /// What was to do then.
    pub todos: Vec<TodoId>,
    /// Whether those who come have the shift: until then the change may still move.
    #[serde(default)]
    pub taken: bool,
    /// Who read it back, when and how.
    pub reads: BTreeMap<PersonId, ReadBack>,
}

impl Handover {
    /// Whether it tells anything at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.todos.is_empty() && self.written.is_none()
    }

    /// Those who have it to read and have not.
    #[must_use]
    pub fn unread(&self) -> Vec<PersonId> {
        let mut receivers = self.shifting.receivers();
        receivers.retain(|it| !self.reads.contains_key(it));
        receivers
    }
}

/// Where a handover stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoverStage {
    /// It is written.
    Draft,
    /// It is there, and whoever has the shift has not said what it says.
    Unread {
        /// How often they were reminded or called.
        asked: u8,
        /// When that happens next; `None`: not any more.
        next_at: Option<Timestamp>,
    },
    /// Everybody who has the shift has read it back.
    Accepted {
        /// Since when.
        at: Timestamp,
    },
    /// The shift is over: the next handover stands in its place.
    Passed {
        /// Since when.
        at: Timestamp,
    },
}

/// What a person wrote into a handover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Who.
    pub by: PersonId,
    /// When last.
    pub at: Timestamp,
    /// How things stand, in a few words.
    pub status: Personal,
    /// What happened.
    pub happened: Personal,
    /// What to do if something turns.
    pub ifs: Vec<IfThen>,
}

/// If this, then that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IfThen {
    /// What may happen.
    pub happens: Personal,
    /// What to do then.
    pub then: Personal,
}

/// What somebody said that a handover says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadBack {
    /// When.
    pub at: Timestamp,
    /// In their own words.
    pub words: Personal,
    /// How.
    pub via: String,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Todo {
    /// In which rota.
    pub rota: RotaId,
    /// What.
    pub text: Personal,
    /// Who does it; `None`: whoever is on duty.
    pub owner: Option<PersonId>,
    /// Who noted it, and when.
    pub noted: (PersonId, Timestamp),
    /// Who did it, and when.
    pub done: Option<(PersonId, Timestamp)>,
}

/// What is sent about a handover, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoverAsk {
    /// Whoever goes is to look at the draft.
    Write,
    /// Whoever comes is to read it.
    Read,
    /// They did not, and are reminded.
    Nag,
    /// They did not, and are called.
    Call,
    /// Nobody did, and the others are called.
    CallOthers,
}

/// What events say of handovers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum HandoverEvent {
    /// From here on changes of hands of a rota are looked for.
    Watched {
        /// Which.
        rota: RotaId,
        /// Who has it.
        people: Vec<PersonId>,
    },
    /// A change of hands comes near: there is a draft.
    Drafted {
        /// Its id.
        handover: HandoverId,
        /// Between whom and when.
        shifting: Shifting,
        /// Release of the time-zone rules used.
        tzdb: String,
        /// What goes to whoever goes.
        notices: Vec<NewNotice>,
    },
    /// Who goes or comes, or when, is not what it was when the draft was made.
    Moved {
        /// Which.
        handover: HandoverId,
        /// Between whom and when, now.
        shifting: Shifting,
        /// When whoever has not read it is reminded, where it is published already.
        next_at: Option<Timestamp>,
        /// What goes to whoever was not asked before.
        notices: Vec<NewNotice>,
    },
    /// Somebody wrote into it; it stands in the place of what was written before.
    Written {
        /// Which.
        handover: HandoverId,
        /// Who.
        by: PersonId,
        /// How things stand.
        status: Personal,
        /// What happened.
        happened: Personal,
        /// What to do if something turns.
        ifs: Vec<IfThen>,
    },
    /// It goes to whoever comes.
    Published {
        /// Which.
        handover: HandoverId,
        /// Who said so; nobody: the shift changed.
        by: Option<PersonId>,
        /// What the state says.
        facts: Vec<Fact>,
        /// What is to do.
        todos: Vec<TodoId>,
        /// When whoever has not read it is reminded.
        next_at: Option<Timestamp>,
        /// What goes to whoever comes.
        notices: Vec<NewNotice>,
    },
    /// Those who come have the shift; what was told before has passed.
    Taken {
        /// Which.
        handover: HandoverId,
    },
    /// Nobody has read it back: somebody is asked once more, or called.
    Asked {
        /// Which.
        handover: HandoverId,
        /// How.
        ask: HandoverAsk,
        /// Who has the shift now.
        to: Vec<PersonId>,
        /// When something happens next.
        next_at: Option<Timestamp>,
        /// What is to be sent.
        notices: Vec<NewNotice>,
    },
    /// Somebody who has the shift said what it says.
    Accepted {
        /// Which.
        handover: HandoverId,
        /// Who.
        by: PersonId,
        /// In their own words.
        words: Personal,
        /// How.
        via: String,
    },
    /// Something is to do.
    TodoNoted {
        /// Its id.
        todo: TodoId,
        /// In which rota.
        rota: RotaId,
        /// What.
        text: Personal,
        /// Who does it; `None`: whoever is on duty.
        owner: Option<PersonId>,
        /// Who noted it.
        by: PersonId,
    },
    /// It is done, or need not be done.
    TodoDone {
        /// Which.
        todo: TodoId,
        /// Who says so.
        by: PersonId,
    },
}

impl HandoverEvent {
    /// What is to be sent because of it.
    #[must_use]
    pub fn notices(&self) -> &[NewNotice] {
        match self {
            Self::Drafted { notices, .. }
            | Self::Moved { notices, .. }
            | Self::Published { notices, .. }
            | Self::Asked { notices, .. } => notices,
            Self::Watched { .. }
            | Self::Written { .. }
            | Self::Taken { .. }
            | Self::Accepted { .. }
            | Self::TodoNoted { .. }
            | Self::TodoDone { .. } => &[],
        }
    }
}

/// What may be asked of handovers.
#[derive(Debug, Clone, PartialEq)]
pub enum HandoverCommand {
    /// Something is to stand in a handover.
    Write {
        /// Which.
        handover: HandoverId,
        /// Who.
        by: PersonId,
        /// How things stand.
        status: String,
        /// What happened.
        happened: String,
        /// What to do if something turns: first this, then that.
        ifs: Vec<(String, String)>,
    },
    /// It is to go to whoever comes before the shift changes.
    Publish {
        /// Which.
        handover: HandoverId,
        /// Who.
        by: PersonId,
    },
    /// Somebody has read it and says what it says.
    Accept {
        /// Which.
        handover: HandoverId,
        /// Who.
        by: PersonId,
        /// In their own words.
        words: String,
        /// How.
        via: String,
    },
    /// Something is to do.
    NoteTodo {
        /// In which rota.
        rota: RotaId,
        /// Who says so.
        by: PersonId,
        /// Who does it; `None`: whoever is on duty.
        owner: Option<PersonId>,
        /// What.
        text: String,
    },
    /// It is done.
    FinishTodo {
        /// Which.
        todo: TodoId,
        /// Who says so.
        by: PersonId,
    },
}

impl Handovers {
    /// The handover of `rota` for the change of hands to come, written or published already.
    #[must_use]
    pub fn coming(&self, rota: &RotaId) -> Option<(HandoverId, &Handover)> {
        let mut of = self.list.iter().rev().filter(|(_, it)| it.shifting.rota == *rota);
        of.find(|(_, it)| !it.taken).map(|(id, it)| (*id, it))
    }

    /// What is to do in `rota`, oldest first.
    pub fn open_todos<'a>(&'a self, rota: &'a RotaId) -> impl Iterator<Item = (TodoId, &'a Todo)> {
        let open = self.todos.iter().filter(move |(_, it)| it.rota == *rota && it.done.is_none());
        open.map(|(id, it)| (*id, it))
    }
}

pub(crate) fn decide(
    state: &State,
    context: &Context<'_>,
    command: &HandoverCommand,
) -> Result<Vec<Event>, Rejected> {
    let event = match command {
        HandoverCommand::Write { handover, by, status, happened, ifs } => {
            write(state, *handover, by, (status, happened), ifs)?
        }
        HandoverCommand::Publish { handover, by } => {
            let it = may_write(state, *handover, by)?;
            if it.published.is_some() {
                return Err(Rejected::Over { what: "draft of handover", id: handover.to_string() });
            }
            due::published(state, context, *handover, it, Some(by))
        }
        HandoverCommand::Accept { handover, by, words, via } => {
            accept(state, context, *handover, by, (words, via))?
        }
        HandoverCommand::NoteTodo { rota, by, owner, text } => {
            note_todo(state, rota, by, owner.as_ref(), text)?
        }
        HandoverCommand::FinishTodo { todo, by } => {
            person(state, by)?;
            let it = state.handovers.todos.get(todo).ok_or_else(|| unknown("thing to do", todo))?;
            if it.done.is_some() {
                // Said twice: the first stands.
                return Ok(vec![]);
            }
            HandoverEvent::TodoDone { todo: *todo, by: by.clone() }
        }
    };
    Ok(vec![Event::Handover(event)])
}

fn find(state: &State, id: HandoverId) -> Result<&Handover, Rejected> {
    state.handovers.list.get(&id).ok_or_else(|| unknown("handover", id))
}

/// Whoever goes writes, or a lead for them.
fn may_write<'a>(
    state: &'a State,
    id: HandoverId,
    by: &PersonId,
) -> Result<&'a Handover, Rejected> {
    person(state, by)?;
    let it = find(state, id)?;
    if matches!(it.stage, HandoverStage::Passed { .. }) {
        return Err(Rejected::Over { what: "handover", id: id.to_string() });
    }
    // Where nobody had the shift before, whoever comes may write down what they found.
    let theirs = it.shifting.from.contains(by) || it.shifting.from.is_empty();
    if theirs || state.access.role_of(by) == Some(Role::Admin) {
        return Ok(it);
    }
    let from: Vec<&str> = it.shifting.from.iter().map(PersonId::as_str).collect();
    Err(Rejected::NotAllowed(format!("handover {id} is for {} to write", from.join(", "))))
}

fn write(
    state: &State,
    id: HandoverId,
    by: &PersonId,
    (status, happened): (&str, &str),
    ifs: &[(String, String)],
) -> Result<HandoverEvent, Rejected> {
    may_write(state, id, by)?;
    text_within("status", status, Limits::TEXT_LENGTH_MAX)?;
    text_within("account of what happened", happened, Limits::REVIEW_LENGTH_MAX)?;
    let ifs: Vec<(&str, &str)> = ifs.iter().map(|(it, then)| (it.trim(), then.trim())).collect();
    for (it, then) in &ifs {
        text_within("`if`", it, Limits::TEXT_LENGTH_MAX)?;
        text_within("`then`", then, Limits::TEXT_LENGTH_MAX)?;
        if it.is_empty() != then.is_empty() {
            let told = "an `if` needs a `then`, and a `then` an `if`";
            return Err(Rejected::Invalid(told.to_owned()));
        }
    }
    let ifs: Vec<_> = ifs.into_iter().filter(|(it, _)| !it.is_empty()).collect();
    if ifs.len() > IFS_MAX {
        return Err(Rejected::LimitReached { limit: "ifs_max", max: IFS_MAX });
    }
    let (status, happened) = (status.trim(), happened.trim());
    if status.is_empty() && happened.is_empty() && ifs.is_empty() {
        let told = "write how things stand, what happened, or what to do if something turns";
        return Err(Rejected::Invalid(told.to_owned()));
    }
    let personal = |text: &str| Personal::new(by.clone(), text);
    let ifs = ifs.into_iter();
    let ifs = ifs.map(|(it, then)| IfThen { happens: personal(it), then: personal(then) });
    Ok(HandoverEvent::Written {
        handover: id,
        by: by.clone(),
        status: personal(status),
        happened: personal(happened),
        ifs: ifs.collect(),
    })
}

fn accept(
    state: &State,
    context: &Context<'_>,
    id: HandoverId,
    by: &PersonId,
    (words, via): (&str, &str),
) -> Result<HandoverEvent, Rejected> {
    person(state, by)?;
    let it = find(state, id)?;
    let now = || state.on_duty(&it.shifting.rota, context.now, context.zones);
    let has = it.shifting.to.contains(by) || now().is_some_and(|it| it.people.contains(by));
    match it.stage {
        HandoverStage::Draft => {
            return Err(Rejected::Invalid(format!("handover {id} is still being written")));
        }
        HandoverStage::Passed { .. } => {
            return Err(Rejected::Over { what: "handover", id: id.to_string() });
        }
        _ if !has => {
            let to: Vec<&str> = it.shifting.to.iter().map(PersonId::as_str).collect();
            let told = format!("handover {id} is for {} to read", to.join(", "));
            return Err(Rejected::NotAllowed(told));
        }
        HandoverStage::Unread { .. } | HandoverStage::Accepted { .. } => {}
    }
    let words = words.trim();
    text_within("read-back", words, Limits::NOTE_LENGTH_MAX)?;
    if words.split_whitespace().count() < READ_BACK_WORDS_MIN {
        let told = "say in your own words what you take over: three words at least";
        return Err(Rejected::Invalid(told.to_owned()));
    }
    let plain = |text: &str| {
        let words = text.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty());
        words.map(str::to_lowercase).collect::<Vec<_>>()
    };
    let copied = it.written.as_ref().is_some_and(|it| {
        let texts = [it.status.text(), it.happened.text()].into_iter().flatten();
        texts.filter(|it| !it.is_empty()).any(|it| plain(it) == plain(words))
    });
    if copied {
        let told = "these are the words of whoever wrote it; say it in your own";
        return Err(Rejected::Invalid(told.to_owned()));
    }
    let (words, via) = (Personal::new(by.clone(), words), via.to_owned());
    Ok(HandoverEvent::Accepted { handover: id, by: by.clone(), words, via })
}

fn note_todo(
    state: &State,
    rota: &RotaId,
    by: &PersonId,
    owner: Option<&PersonId>,
    text: &str,
) -> Result<HandoverEvent, Rejected> {
    person(state, by)?;
    if let Some(owner) = owner {
        person(state, owner)?;
    }
    if state.catalogue().is_none_or(|it| !it.rotas.contains_key(rota)) {
        return Err(unknown("rota", rota));
    }
    text_within("thing to do", text, Limits::TEXT_LENGTH_MAX)?;
    if text.trim().is_empty() {
        return Err(Rejected::Invalid("say in a few words what is to do".to_owned()));
    }
    let open = state.handovers.todos.values().filter(|it| it.done.is_none()).count();
    if open >= TODOS_OPEN_MAX {
        return Err(Rejected::LimitReached { limit: "todos_open_max", max: TODOS_OPEN_MAX });
    }
    Ok(HandoverEvent::TodoNoted {
        todo: TodoId(state.handovers.todo_last + 1),
        rota: rota.clone(),
        text: Personal::new(by.clone(), text.trim()),
        owner: owner.cloned(),
        by: by.clone(),
    })
}

/// A configuration is in force: what it says counts from now on.
pub(crate) fn adopted(state: &mut State, now: Timestamp) {
    state.handovers.adopted_at = now;
    let Some(catalogue) = state.catalogue.clone() else { return };
    state.handovers.held.retain(|rota, _| catalogue.hands_over(rota));
    let dropped = |it: &Handover| !it.taken && !catalogue.hands_over(&it.shifting.rota);
    state.handovers.list.retain(|_, it| !dropped(it));
}

pub(crate) fn apply(state: &mut State, record: &EventRecord) {
    let Event::Handover(event) = &record.event else {
        unreachable!("not about a handover: {:?}", record.event)
    };
    let at = record.at;
    match event {
        HandoverEvent::Watched { rota, people } => {
            let held = Held { at, people: people.clone() };
            state.handovers.held.insert(rota.clone(), held);
        }
        HandoverEvent::Drafted { handover, shifting, notices, .. } => {
            drafted(state, *handover, shifting, at);
            note(state, notices, *handover, HandoverAsk::Write, at);
        }
        HandoverEvent::Moved { handover, shifting, next_at, notices } => {
            let Some(it) = state.handovers.list.get_mut(handover) else { return };
            it.shifting = shifting.clone();
            let ask = if it.published.is_some() { HandoverAsk::Read } else { HandoverAsk::Write };
            if it.published.is_some() && !it.unread().is_empty() {
                it.stage = HandoverStage::Unread { asked: 0, next_at: *next_at };
            }
            note(state, notices, *handover, ask, at);
        }
        HandoverEvent::Taken { handover } => taken(state, *handover, at),
        HandoverEvent::Written { handover, by, status, happened, ifs } => {
            if let Some(it) = state.handovers.list.get_mut(handover) {
                it.written = Some(Written {
                    by: by.clone(),
                    at,
                    status: status.clone(),
                    happened: happened.clone(),
                    ifs: ifs.clone(),
                });
            }
        }
        HandoverEvent::Published { .. } => published(state, event, at),
        HandoverEvent::Asked { handover, ask, to, next_at, notices } => {
            if let Some(it) = state.handovers.list.get_mut(handover) {
                if !to.is_empty() {
                    it.shifting.to.clone_from(to);
                }
                if let HandoverStage::Unread { asked, next_at: next } = &mut it.stage {
                    (*asked, *next) = (asked.saturating_add(1), *next_at);
                }
            }
            note(state, notices, *handover, *ask, at);
        }
        HandoverEvent::Accepted { handover, by, words, via } => {
            let Some(it) = state.handovers.list.get_mut(handover) else { return };
            let read = ReadBack { at, words: words.clone(), via: via.clone() };
            it.reads.insert(by.clone(), read);
            // Whoever has the shift now may not be whom it was made for.
            let done = it.unread().is_empty() || !it.shifting.to.contains(by);
            if done && matches!(it.stage, HandoverStage::Unread { .. }) {
                it.stage = HandoverStage::Accepted { at };
            }
            let to = Recipient::Person(by.clone());
            state.cancel_where(|it| {
                let about =
                    matches!(it.purpose, Purpose::Handover { handover: id, .. } if id == *handover);
                about && (done || it.to == to)
            });
            state.reach.answered(by, via, at);
        }
        HandoverEvent::TodoNoted { todo, rota, text, owner, by } => {
            let it = Todo {
                rota: rota.clone(),
                text: text.clone(),
                owner: owner.clone(),
                noted: (by.clone(), at),
                done: None,
            };
            let handovers = &mut state.handovers;
            handovers.todo_last = handovers.todo_last.max(todo.0);
            handovers.todos.insert(*todo, it);
            let old = |it: &Todo| it.done.as_ref().is_some_and(|(_, done)| at.since(*done) > KEPT);
            handovers.todos.retain(|_, it| !old(it));
        }
        HandoverEvent::TodoDone { todo, by } => {
            if let Some(it) = state.handovers.todos.get_mut(todo) {
                it.done = Some((by.clone(), at));
            }
        }
    }
}

fn note(
    state: &mut State,
    notices: &[NewNotice],
    handover: HandoverId,
    ask: HandoverAsk,
    at: Timestamp,
) {
    reach::add(state, notices, Purpose::Handover { handover, ask }, at);
}

fn drafted(state: &mut State, id: HandoverId, shifting: &Shifting, at: Timestamp) {
    let handovers = &mut state.handovers;
    handovers.handover_last = handovers.handover_last.max(id.0);
    let it = Handover {
        shifting: shifting.clone(),
        drafted_at: at,
        written: None,
        stage: HandoverStage::Draft,
        published: None,
        facts: vec![],
        todos: vec![],
        taken: false,
        reads: BTreeMap::new(),
    };
    handovers.list.insert(id, it);
    let newest: BTreeSet<HandoverId> =
        handovers.list.keys().rev().take(HANDOVERS_MAX).copied().collect();
    handovers.list.retain(|id, it| {
        let open = matches!(it.stage, HandoverStage::Draft | HandoverStage::Unread { .. });
        open || !it.taken || newest.contains(id) && at.since(it.drafted_at) <= KEPT
    });
}

fn published(state: &mut State, event: &HandoverEvent, at: Timestamp) {
    let HandoverEvent::Published { handover, by, facts, todos, next_at, notices } = event else {
        return;
    };
    let Some(it) = state.handovers.list.get_mut(handover) else { return };
    it.stage = HandoverStage::Unread { asked: 0, next_at: *next_at };
    it.published = Some((at, by.clone()));
    it.facts.clone_from(facts);
    it.todos.clone_from(todos);
    cancel(state, |id, ask| id == *handover && ask == HandoverAsk::Write);
    note(state, notices, *handover, HandoverAsk::Read, at);
}

fn taken(state: &mut State, handover: HandoverId, at: Timestamp) {
    let Some(it) = state.handovers.list.get_mut(&handover) else { return };
    it.taken = true;
    let shifting = it.shifting.clone();
    let mut passed = BTreeSet::new();
    for (id, it) in &mut state.handovers.list {
        let older = *id < handover && it.shifting.rota == shifting.rota;
        if older && matches!(it.stage, HandoverStage::Unread { .. }) {
            it.stage = HandoverStage::Passed { at };
            passed.insert(*id);
        }
    }
    cancel(state, |id, _| passed.contains(&id));
    let held = Held { at: shifting.takes_at, people: shifting.to };
    state.handovers.held.insert(shifting.rota, held);
}

fn cancel(state: &mut State, unwanted: impl Fn(HandoverId, HandoverAsk) -> bool) {
    state.cancel_where(|it| match it.purpose {
        Purpose::Handover { handover, ask } => unwanted(handover, ask),
        _ => false,
    });
}

/// Messages that can wait, to `people`.
fn gently(state: &State, context: &Context<'_>, people: &[PersonId]) -> Vec<NewNotice> {
    notify::gently(state, context, people.iter())
}
