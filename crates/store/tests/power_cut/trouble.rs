//! The disk is full, or a sync fails, while the power is on; then the power goes.
//!
//! Intuition: the worst time to be told a lie is just after one was told the truth. A sync says that it
//! failed; what it should have written is forgotten by the kernel but still seen by the program; the
//! next sync succeeds. Whoever then goes on loses everything behind the hole at the next power cut.
//!
//! Invariants, besides those of a cut:
//! - an append that was refused for want of space has left nothing;
//! - after a failed write or sync the journal answers nothing but that it must be opened anew;
//! - with space again, or opened anew over a disk that works, it takes entries, and all that was
//!   answered Ok before and after is there after a cut.

use crate::book::{Book, Fate, Mood, ORG, Step};
use crate::disk::{Dice, Honesty, Lasts, Trouble};
use crate::vfs::Vfs;
use crate::{DATABASE, seed};
use std::collections::BTreeMap;
use store::{AppendError, Journal as _, SqliteJournal};

const DATABASES: u64 = 60;
const LIVES: usize = 15;
const STEPS_MAX: usize = 40;
const OPENINGS_MAX: usize = 50;

#[test]
fn nothing_answered_is_lost_when_the_disk_is_full_or_a_sync_fails() {
    let seed = seed();
    println!("LAMPLIGHTER_TEST_SEED={seed}");
    let mut seen = BTreeMap::new();
    for database in 0..DATABASES {
        let mut world = World::new(seed + database);
        for life in 1..=LIVES {
            world.live(&mut seen).unwrap_or_else(|problem| {
                panic!("LAMPLIGHTER_TEST_SEED={seed}: database {database}, life {life}: {problem}")
            });
        }
    }
    println!("{seen:#?}");
    for trouble in [Trouble::Full, Trouble::WriteFails, Trouble::SyncFails] {
        for lasts in [Lasts::Once, Lasts::UntilHealed] {
            let met = seen.get(&(trouble, lasts, "append")).copied().unwrap_or(0);
            assert!(met > 5, "{trouble:?} {lasts:?} met an append {met} times only");
        }
    }
}

type Seen = BTreeMap<(Trouble, Lasts, &'static str), usize>;

/// What a refusal asks for.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// Space.
    Room,
    /// A new process.
    NewStart,
}

struct World {
    vfs: Vfs,
    dice: Dice,
    book: Book,
}

impl World {
    fn new(seed: u64) -> Self {
        let vfs = Vfs::register("trouble", Honesty::Honest);
        Self { vfs, dice: Dice::new(seed), book: Book::default() }
    }

    /// Something goes wrong, is mended, and the power goes.
    fn live(&mut self, seen: &mut Seen) -> Result<(), String> {
        let mut journal = self.open()?;
        self.book.check(&mut journal)?;
        self.book.ask(&mut journal, &Step::Acquire)?;
        let trouble = [Trouble::Full, Trouble::WriteFails, Trouble::SyncFails][self.dice.below(3)];
        let lasts = [Lasts::Once, Lasts::UntilHealed][self.dice.below(2)];
        let calls = 1 + self.dice.below(if trouble == Trouble::SyncFails { 12 } else { 60 });
        self.vfs.disk().take_troubled_count();
        self.vfs.disk().trouble_in(trouble, calls, lasts);
        let mut steps = 1 + self.dice.below(STEPS_MAX);
        while steps > 0 {
            steps -= 1;
            let step = self.book.draw(Mood::Mixed, &mut self.dice);
            if matches!(step, Step::Close) {
                drop(journal);
                journal = self.reopen()?;
                continue;
            }
            let Err(problem) = self.book.ask(&mut journal, &step) else { continue };
            if self.vfs.disk().take_troubled_count() > 0 {
                *seen.entry((trouble, lasts, step.name())).or_default() += 1;
            }
            journal = self.recover(journal, &step, &problem)?;
        }
        drop(journal);
        self.vfs.disk().heal();
        self.vfs.disk().power_on(&mut self.dice);
        Ok(())
    }

    /// After a refusal: what it says is checked, and the journal to go on with given.
    fn recover(
        &mut self,
        mut journal: SqliteJournal,
        step: &Step,
        problem: &str,
    ) -> Result<SqliteJournal, String> {
        match refusal(problem)? {
            Refusal::Room => {
                // While there is none, another try fails alike; then somebody makes some.
                if self.dice.chance(1, 2) {
                    self.vfs.disk().heal();
                }
                let fate = self.book.check(&mut journal)?;
                let is_append = matches!(step, Step::Append(_));
                if is_append && fate == Fate::Kept {
                    return Err(format!("an append was refused ({problem}) and is there"));
                }
                Ok(journal)
            }
            Refusal::NewStart => {
                let append = journal.append(store::Epoch(0), 0, &[]);
                if !matches!(append, Err(AppendError::Fatal(_))) {
                    return Err(format!("after `{problem}` an append says {append:?}"));
                }
                drop(journal);
                // The machine may lose power before the process is back.
                if self.dice.chance(1, 4) {
                    self.vfs.disk().heal();
                    self.vfs.disk().power_on(&mut self.dice);
                }
                self.reopen()
            }
        }
    }

    /// Starts until it works, as whatever supervises a process does; somebody mends the disk meanwhile.
    fn reopen(&mut self) -> Result<SqliteJournal, String> {
        for _ in 0..OPENINGS_MAX {
            if self.dice.chance(1, 3) {
                self.vfs.disk().heal();
            }
            let opened = self.open().and_then(|mut journal| {
                self.book.check(&mut journal)?;
                self.book.ask(&mut journal, &Step::Acquire)?;
                Ok(journal)
            });
            match opened {
                Ok(journal) => return Ok(journal),
                // Only what the disk says may keep it from opening; a broken promise must not pass.
                Err(problem) if is_of_the_disk(&problem) => {}
                Err(problem) => return Err(problem),
            }
        }
        Err("it does not open any more".to_owned())
    }

    fn open(&self) -> Result<SqliteJournal, String> {
        SqliteJournal::open_with_vfs(DATABASE, self.vfs.name(), ORG, "FULL")
            .map_err(|it| format!("the store does not open: {it}"))
    }
}

fn refusal(problem: &str) -> Result<Refusal, String> {
    if problem.contains("the disk is full") {
        Ok(Refusal::Room)
    } else if problem.contains("cannot be trusted any more")
        || problem.contains("the disk has failed")
    {
        Ok(Refusal::NewStart)
    } else {
        Err(problem.to_owned())
    }
}

fn is_of_the_disk(problem: &str) -> bool {
    refusal(problem).is_ok()
}
