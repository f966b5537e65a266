//! What people do about duty: they stick notes on the rota, ask each other for shifts, answer or forget to,
//! give back what they took, and write and read what is handed over, or let it lie.

use crate::outside::{Move, TRIES_MAX};
use crate::shadow::Check;
use crate::world::{Happening, World};
use driver::Accepted;
use engine::{
    Command, Event, EventRecord, HandoverCommand, HandoverEvent, OverrideSet, Submission,
    SwapAnswer, SwapAnswered, SwapAsked,
};
use model::{HandoverId, Millis, RotaId, SwapId};
use oncall::Change;

impl World {
    /// Somebody changes who is on duty, or asks somebody to.
    pub(crate) fn change_duty(&mut self) -> Check {
        let rotas: Vec<RotaId> = match self.shadow.state.catalogue() {
            Some(it) => it.rotas.keys().cloned().collect(),
            None => return Ok(()),
        };
        let (Some(by), Some(other)) = (self.somebody(), self.somebody()) else { return Ok(()) };
        if self.healing {
            return Ok(());
        }
        let rota = self.dice.pick(&rotas).clone();
        let now = self.shadow.state.at;
        let soon = if self.dice.chance(500) { Millis::ZERO } else { self.dice.mins(-60, 4_000) };
        let at = now.plus(soon);
        let person = self.shadow.who(&rota, at.max(now)).pop().unwrap_or_else(|| by.clone());
        let (asker, command) = match self.dice.below(8) {
            0 | 1 => {
                let exchange =
                    self.dice.chance(400).then(|| at.plus(self.dice.mins(1_000, 20_000)));
                let with = other;
                (person.clone(), Command::AskSwap { by: person, rota, at, with, exchange })
            }
            2 => {
                let open: Vec<_> = self.shadow.state.overrides.iter().collect();
                let Some((overriding, _)) = open.into_iter().rfind(|(_, it)| it.ends > now) else {
                    return Ok(());
                };
                (by.clone(), Command::EndOverride { overriding: *overriding, by })
            }
            kind => {
                let change = match kind {
                    3 => Change::Add(other),
                    4 => Change::Remove(person),
                    _ => Change::Replace { person, by: other },
                };
                let ends = at.max(now).plus(self.dice.mins(5, 2_880));
                (by.clone(), Command::Override { by, rota, starts: at, ends, change })
            }
        };
        self.person_asks(Submission::person(asker, command), TRIES_MAX)
    }

    /// Whoever was asked for a swap answers, or somebody else does, who may not.
    pub(crate) fn answer_swap(&mut self, swap: SwapId) -> Check {
        let Some(asked) = self.shadow.state.swaps.get(&swap) else { return Ok(()) };
        let with = asked.with.clone();
        let stranger = self.somebody().filter(|_| self.dice.chance(150));
        let by = stranger.unwrap_or(with);
        let answer =
            if self.dice.chance(650) { SwapAnswer::Accepted } else { SwapAnswer::Declined };
        let command = Command::AnswerSwap { swap, by: by.clone(), answer };
        self.person_asks(Submission::person(by, command), TRIES_MAX)
    }

    /// Somebody writes what they hand over, or notes what is to do.
    pub(crate) fn write_handover(&mut self, handover: HandoverId) -> Check {
        let Some(it) = self.shadow.state.handovers.list.get(&handover) else { return Ok(()) };
        let rota = it.shifting.rota.clone();
        let Some(by) = it.shifting.from.first().cloned().or_else(|| self.somebody()) else {
            return Ok(());
        };
        let command = match self.dice.below(4) {
            0 => {
                let (owner, text) = (None, "look at the mast".to_owned());
                HandoverCommand::NoteTodo { rota, by: by.clone(), owner, text }
            }
            1 => HandoverCommand::Publish { handover, by: by.clone() },
            2 => {
                let open = self.shadow.state.handovers.open_todos(&rota).next().map(|it| it.0);
                let Some(todo) = open else { return Ok(()) };
                HandoverCommand::FinishTodo { todo, by: by.clone() }
            }
            _ => HandoverCommand::Write {
                handover,
                by: by.clone(),
                status: "calm since noon".to_owned(),
                happened: String::new(),
                ifs: vec![("it rains".to_owned(), "clean the panels".to_owned())],
            },
        };
        self.person_asks(Submission::person(by, Command::Handover(command)), TRIES_MAX)
    }

    /// Whoever comes reads what was handed over and says it back.
    pub(crate) fn read_handover(&mut self, handover: HandoverId) -> Check {
        let Some(it) = self.shadow.state.handovers.list.get(&handover) else { return Ok(()) };
        let readers = if it.unread().is_empty() { it.shifting.to.clone() } else { it.unread() };
        let Some(by) = readers.first().cloned() else { return Ok(()) };
        let more = readers.len() > 1;
        let words = "all is calm, clean when it rains".to_owned();
        let via = "sms".to_owned();
        let command = HandoverCommand::Accept { handover, by: by.clone(), words, via };
        if more {
            let wait = self.dice.mins(1, 60);
            self.later(wait, Happening::Outside(Move::ReadHandover { handover }));
        }
        self.person_asks(Submission::person(by, Command::Handover(command)), TRIES_MAX)
    }

    /// What people do about duty because of what they see.
    pub(crate) fn follow_duty(&mut self, record: &EventRecord) {
        if self.healing {
            return;
        }
        let (chance, wait, follows) = match &record.event {
            Event::SwapAsked(SwapAsked { swap, .. }) => {
                (850, self.dice.mins(1, 900), Move::AnswerSwap { swap: *swap })
            }
            Event::Handover(HandoverEvent::Drafted { handover, .. }) => {
                let handover = *handover;
                (600, self.dice.mins(1, 55), Move::WriteHandover { handover })
            }
            Event::Handover(HandoverEvent::Published { handover, .. }) => {
                let handover = *handover;
                (550, self.dice.mins(1, 250), Move::ReadHandover { handover })
            }
            _ => return,
        };
        if self.dice.chance(chance) {
            self.later(wait, Happening::Outside(follows));
        }
    }

    /// What somebody who did something about duty must find in the answer; `None`: it is about something else.
    pub(crate) fn duty_dealt(command: &Command, accepted: &Accepted) -> Option<bool> {
        let any = |is: &dyn Fn(&Event) -> bool| accepted.events.iter().any(|it| is(&it.event));
        Some(match command {
            Command::Override { rota, ends, change, .. } => any(&|it| {
                matches!(it, Event::OverrideSet(OverrideSet { rota: of, ends: until, change: made, swap: None, .. })
                    if of == rota && until == ends && made == change)
            }),
            Command::EndOverride { overriding, .. } => any(
                &|it| matches!(it, Event::OverrideEnded { overriding: ended, .. } if ended == overriding),
            ),
            Command::AskSwap { with, .. } => any(
                &|it| matches!(it, Event::SwapAsked(SwapAsked { with: asked, .. }) if asked == with),
            ),
            Command::AnswerSwap { swap, answer, .. } => any(&|it| {
                matches!(it, Event::SwapAnswered(SwapAnswered { swap: of, answer: said, .. })
                    if of == swap && said == answer)
            }),
            Command::GiveBack { .. } => {
                any(&|it| matches!(it, Event::PageGivenBack(_) | Event::PageEnded { .. }))
            }
            Command::Handover(HandoverCommand::Accept { handover, by, .. }) => any(&|it| {
                matches!(it, Event::Handover(HandoverEvent::Accepted { handover: of, by: reader, .. })
                    if of == handover && reader == by)
            }),
            _ => return None,
        })
    }
}
