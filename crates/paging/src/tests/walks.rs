//! Random policies with random conditions and random people, from fixed seeds.
//!
//! What must hold, whatever they do: a page calls nobody once it is taken or over; while it is neither
//! taken nor waiting for a time, a call is out or all were; every pass calls somebody; and left alone, it
//! comes to rest.

use super::{page, policy};
use crate::{Counted, Due, Next, Page, PageStatus, attempt_limit};
use model::{Escalation, EscalationStep, Millis, PersonId, Timestamp};
use std::collections::BTreeSet;

/// A linear congruential generator (Knuth, MMIX); its upper bits are good enough to be surprising.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn person(&mut self) -> PersonId {
        ["ana", "bo", "cy"][usize::try_from(self.below(3)).expect("small")].into()
    }
}

fn random_policy(dice: &mut Dice) -> Escalation {
    let count = 1 + dice.below(4);
    let steps: Vec<String> = (0..count)
        .map(|_| {
            let (person, acks) = (dice.person(), 1 + dice.below(3));
            let by_day = if dice.below(2) == 0 { "!d" } else { "" };
            format!("{person}*{acks}{by_day}")
        })
        .collect();
    let mut policy = policy(&steps.join(","), u32::try_from(dice.below(3)).expect("small"));
    policy.ack_timeout =
        (dice.below(2) == 0).then(|| Millis(i64::try_from(20 + dice.below(50)).expect("small")));
    policy
}

struct Walk {
    page: Page,
    now: Timestamp,
    /// Conditions that hold now: one bit per step of the policy.
    holds: u64,
    /// Passes of the present round that called somebody.
    passes: BTreeSet<u32>,
    calls: u32,
}

impl Walk {
    /// What is due happens, as the engine would do it.
    fn tick(&mut self) {
        while let Some(due) = self.page.due(self.now) {
            match due {
                Due::Step => self.step(),
                Due::Wake | Due::Return => {
                    self.page.begins_again();
                    (self.calls, self.passes) = (0, BTreeSet::new());
                }
                Due::Remind => self.page.reminded(&[]),
            }
        }
    }

    fn step(&mut self) {
        let holds = self.holds;
        let count = u32::try_from(self.page.policy.steps.len()).expect("small");
        let start = self.page.round_start;
        let may = |number: u32, step: &EscalationStep| {
            let bit = (number - start) % count;
            if step.when.is_always() || holds >> bit & 1 == 1 { Ok(()) } else { Err(()) }
        };
        let planned = self.page.next(may);
        let (unconditional, wait) = (planned.unconditional, Millis(5));
        match planned.next {
            Next::Step { attempt, .. } => {
                self.page.notified(attempt, self.now.plus(wait), &[]);
                if unconditional {
                    self.page.went_unconditional(attempt);
                }
                self.calls += 1;
                self.passes.insert((attempt - start) / count);
                assert!(self.calls <= attempt_limit(&self.page.policy), "a round is bounded");
            }
            Next::Exhausted => {
                let passes = self.page.policy.repeat_max + 1;
                assert_eq!(self.passes, (0..passes).collect(), "every pass calls somebody");
                self.page.exhausted(self.now);
            }
            Next::Rest => unreachable!("a due step is no rest"),
        }
    }

    fn act(&mut self, dice: &mut Dice) {
        let (person, now) = (dice.person(), self.now);
        let open = self.page.can_be_acknowledged();
        let held = self.page.holder().cloned();
        match dice.below(7) {
            0 | 1 if open => match self.page.count(&person) {
                Counted::Enough => self.page.acknowledged(person, now, "view".into()),
                Counted::Partly { .. } => self.page.partly_acknowledged(person, now),
                Counted::Again { .. } => {}
            },
            2 if held.is_some() => self.page.renewed(now),
            3 if held.as_ref().is_some_and(|it| *it != person) => {
                self.page.handed(person, now, &[]);
            }
            4 => {
                if let Some(to) = self.page.handing.as_ref().map(|it| it.to.clone()) {
                    self.page.acknowledged(to, now, "link".into());
                }
            }
            5 if !matches!(self.page.status, PageStatus::Ended { .. }) => {
                let until = now.plus(Millis(i64::try_from(1 + dice.below(60)).expect("small")));
                self.page.snoozed(person, now, until);
            }
            6 if dice.below(6) == 0 && !matches!(self.page.status, PageStatus::Ended { .. }) => {
                self.page.ended(now, "over".into());
            }
            _ => {}
        }
    }

    /// Somebody answers for it: a person, a call that is out, a time, or everybody was called.
    fn somebody_is_called(&self) {
        let waits = self.page.next_timeout();
        match &self.page.status {
            PageStatus::New => unreachable!("a tick starts the first step"),
            PageStatus::Waiting { .. } | PageStatus::Held { .. } | PageStatus::Snoozed { .. } => {
                assert!(waits.is_some_and(|it| it > self.now), "a call is out, or a time is set");
            }
            PageStatus::Acknowledged { .. } => {
                assert_eq!(
                    waits.is_some(),
                    self.page.policy.ack_timeout.is_some(),
                    "it is watched"
                );
            }
            PageStatus::Exhausted { .. } | PageStatus::Ended { .. } => assert_eq!(waits, None),
        }
    }
}

fn walk(seed: u64) {
    let mut dice = Dice(seed);
    let policy = random_policy(&mut dice);
    let mut walk = Walk {
        page: page(policy),
        now: Timestamp(0),
        holds: dice.below(16),
        passes: BTreeSet::new(),
        calls: 0,
    };
    for _ in 0..dice.below(60) {
        walk.tick();
        walk.somebody_is_called();
        let calls = walk.calls;
        walk.act(&mut dice);
        assert_eq!(walk.calls, calls, "acts of people call nobody by themselves");
        walk.holds = dice.below(16);
        walk.now = walk.now.plus(Millis(i64::try_from(dice.below(8)).expect("small")));
    }
    // Left alone: only clocks go on.
    for _ in 0..200 {
        walk.tick();
        let Some(next) = walk.page.next_timeout() else {
            assert!(!walk.page.is_calling(), "nothing calls without a time");
            return;
        };
        assert!(next > walk.now, "time goes on");
        walk.now = next;
    }
    panic!("it never comes to rest: {:?}", walk.page);
}

#[test]
fn every_walk_keeps_calling_until_it_is_taken_and_comes_to_rest() {
    for seed in 0..20_000 {
        let result = std::panic::catch_unwind(|| walk(seed));
        assert!(result.is_ok(), "seed {seed}");
    }
}
