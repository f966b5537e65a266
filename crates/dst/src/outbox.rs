//! The worker that sends what is due, the provider behind it, and the phones at the end.
//!
//! The worker takes no input: it reads the published state, does what is missing, and reports.

use crate::bug::Bug;
use crate::outside::{Asker, Move};
use crate::shadow::Check;
use crate::world::{Ask, Happening, Reply, Server, World};
use engine::{Command, DeliveryOutcome, Submission};
use model::{Millis, NoticeId};
use std::sync::PoisonError;

/// What is tried at the same time.
const IN_HAND_MAX: usize = 50;

impl World {
    /// The worker looks at the outbox.
    pub(crate) fn work(&mut self) -> Check {
        let Server::Up(core) = &self.server else { return Ok(()) };
        let pace = core.pace();
        let pace = *pace.lock().unwrap_or_else(PoisonError::into_inner);
        let (due, later) = self.outbox();
        if let Some(later) = later {
            let at = pace.after(self.clock()).clock_at(later).minus(self.offset);
            self.look_at(at);
        }
        for notice in due {
            if self.in_hand.contains(&notice) || self.in_hand.len() >= IN_HAND_MAX {
                continue;
            }
            if self.bug == Some(Bug::SentAfterEnd) && self.dice.chance(200) {
                self.in_hand.insert(notice);
                let wait = self.dice.mins(1, 10);
                self.later(wait, Happening::LateSend { notice });
                continue;
            }
            self.start_send(notice)?;
        }
        Ok(())
    }

    pub(crate) fn start_send(&mut self, notice: NoticeId) -> Check {
        let Server::Up(core) = &self.server else { return Ok(()) };
        // A writer that has not heard yet that it has written cannot know what follows from it.
        if !core.is_in_doubt() {
            self.shadow.may_send(notice)?;
        }
        self.report.sends += 1;
        self.in_hand.insert(notice);
        let wait = if self.dice.chance(20) { self.dice.secs(5, 60) } else { self.dice.secs(0, 4) };
        self.later(wait, Happening::Sent { notice, life: self.life });
        Ok(())
    }

    /// The provider answers, or the process that would have heard it is gone.
    pub(crate) fn send_ends(&mut self, notice: NoticeId, life: u64) -> Check {
        let outcome = match self.dice.below(100) {
            0..=11 if !self.healing => {
                DeliveryOutcome::Transient { detail: "busy".to_owned(), after: None }
            }
            12..=15 if !self.healing => {
                DeliveryOutcome::Permanent { detail: "no such number".to_owned() }
            }
            // It took the message, and we did not hear that it did.
            16..=18 if !self.healing => {
                *self.delivered.entry(notice).or_default() += 1;
                self.ring(notice);
                DeliveryOutcome::Transient { detail: "no answer in time".to_owned(), after: None }
            }
            _ => DeliveryOutcome::Sent { provider_id: format!("p-{notice}") },
        };
        if self.bug != Some(Bug::SentWithoutSending)
            && matches!(outcome, DeliveryOutcome::Sent { .. })
        {
            *self.delivered.entry(notice).or_default() += 1;
            self.ring(notice);
            self.hear_from_provider(notice);
        }
        if life != self.life || !matches!(self.server, Server::Up(_)) {
            return Ok(());
        }
        if self.bug == Some(Bug::DroppedOutcome) && self.dice.chance(50) {
            return Ok(());
        }
        if self.bug == Some(Bug::SentTwice) && self.dice.chance(50) {
            self.later(Millis::from_secs(30), Happening::LateSend { notice });
        }
        self.report_outcome(notice, outcome, 5)
    }

    pub(crate) fn report_outcome(
        &mut self,
        notice: NoticeId,
        outcome: DeliveryOutcome,
        tries: u32,
    ) -> Check {
        let submission =
            Submission::system(Command::Delivered { notice, outcome: outcome.clone() });
        self.turn(vec![Ask { submission, asker: Asker::Outcome { notice, outcome, tries } }])
    }

    /// The worker hears what became of its report. What cannot be reported is sent again later: at
    /// least once.
    pub(crate) fn outcome_heard(
        &mut self,
        notice: NoticeId,
        outcome: DeliveryOutcome,
        tries: u32,
        reply: &Reply,
    ) {
        match reply {
            Reply::Lost if tries > 0 && self.in_hand.contains(&notice) => {
                let (life, wait) = (self.life, Millis::from_secs(2));
                let again = Move::ReportAgain { notice, outcome, tries: tries - 1, life };
                self.later(wait, Happening::Outside(again));
            }
            _ => {
                self.in_hand.remove(&notice);
            }
        }
    }
}
