//! The power goes, in the middle of anything, and everything that was answered is still there.
//!
//! Intuition: a notary's book must survive the candle falling over. A disk in memory counts the calls
//! that change it and goes dark in the n-th; what was not synced survives or not, in any order, torn
//! at sectors. Then the store is opened over what is left.
//!
//! Invariants, after each cut:
//! - what was answered Ok is there and the same; what was never asked is not;
//! - the one step in flight is there wholly or not at all;
//! - the chain verifies, a destroyed key stays destroyed, an old epoch stays fenced;
//! - the journal opens and accepts entries again.
//!
//! The same loop over a careless store or a lying disk must find a loss: else it proves nothing.
//! Chance comes from one seed, printed; `LAMPLIGHTER_TEST_SEED` sets another. Only the salts that
//! SQLite draws for its log are its own, and nothing here depends on them.

mod book;
mod disk;
mod trouble;
mod vfs;

use book::{Book, Fate, Mood, ORG, Step};
use disk::{Call, Dice, Honesty};
use std::collections::BTreeMap;
use store::SqliteJournal;
use vfs::Vfs;

const DATABASE: &str = "journal.sqlite";
const LOG: &str = "journal.sqlite-wal";
const FIRST_JOURNAL: &str = "journal.sqlite-journal";
const SEED: u64 = 20_260_101;
const DATABASES: u64 = 50;
const CUTS_PER_DATABASE: usize = 20;
/// A careless store must be found out within as many cuts.
const CUTS_TO_DETECT_MAX: usize = 300;

#[test]
fn nothing_answered_is_lost_in_a_thousand_cuts() {
    let seed = seed();
    println!("LAMPLIGHTER_TEST_SEED={seed}");
    let mut seen = Seen::default();
    for database in 0..DATABASES {
        let mut world = World::new("honest", Honesty::Honest, "FULL", seed + database);
        for cut in 1..=CUTS_PER_DATABASE {
            world.live_until_cut(&mut seen).unwrap_or_else(|problem| {
                panic!("LAMPLIGHTER_TEST_SEED={seed}: database {database}, cut {cut}: {problem}")
            });
        }
        world.live_in_light(&mut seen).unwrap_or_else(|problem| {
            panic!("LAMPLIGHTER_TEST_SEED={seed}: database {database}, at the end: {problem}")
        });
    }
    println!("{seen}");
    assert_eq!(seen.cuts, 1_000);
    seen.assert_cuts_were_everywhere();
}

#[test]
fn a_store_that_does_not_sync_each_append_is_found_out() {
    for synchronous in ["OFF", "NORMAL"] {
        detect(synchronous, Honesty::Honest, synchronous);
    }
}

#[test]
fn a_disk_that_lies_about_syncs_is_found_out() {
    detect("lying", Honesty::LyingSync, "FULL");
}

#[test]
fn a_disk_that_forgets_names_is_found_out() {
    detect("forgetful", Honesty::ForgetsNames, "FULL");
}

/// SQLite empties its log without a sync of the emptied file; what stood in it can be there again
/// after a cut, unless an entry follows that is synced.
#[test]
fn bytes_of_a_destroyed_key_do_not_return() {
    let returned = |entry_follows: bool| {
        let returns = |seed: &u64| {
            let mut world = World::new("returning", Honesty::Honest, "FULL", *seed);
            world.returns_after_destruction(entry_follows).expect("nothing fails")
        };
        (0..100).filter(returns).count()
    };
    let (at_once, later) = (returned(false), returned(true));
    println!("of 100 destroyed keys, {at_once} returned at once and {later} after another entry");
    assert_eq!((at_once, later), (0, 0));
}

fn detect(name: &str, honesty: Honesty, synchronous: &str) {
    let seed = seed();
    let mut seen = Seen::default();
    let mut world = World::new(name, honesty, synchronous, seed);
    for cut in 1..=CUTS_TO_DETECT_MAX {
        if let Err(problem) = world.live_until_cut(&mut seen) {
            println!("{name}: found out after {} cuts: {problem}", cut - 1);
            return;
        }
    }
    panic!("LAMPLIGHTER_TEST_SEED={seed}: {name} was not found out in {CUTS_TO_DETECT_MAX} cuts");
}

fn seed() -> u64 {
    std::env::var("LAMPLIGHTER_TEST_SEED").ok().and_then(|it| it.parse().ok()).unwrap_or(SEED)
}

/// Steps after which the power goes at the next call, whichever it is. A life takes a few hundred.
const STEPS_MAX: u32 = 5_000;

/// One database on one disk.
struct World {
    vfs: Vfs,
    dice: Dice,
    book: Book,
    synchronous: String,
    is_new: bool,
}

impl World {
    fn new(name: &str, honesty: Honesty, synchronous: &str, seed: u64) -> Self {
        Self {
            vfs: Vfs::register(&format!("power-cut-{name}"), honesty),
            dice: Dice::new(seed),
            book: Book::default(),
            synchronous: synchronous.to_owned(),
            is_new: true,
        }
    }

    /// Opens, checks, and asks for this and that until the power goes; then it comes back.
    fn live_until_cut(&mut self, seen: &mut Seen) -> Result<(), String> {
        let (mood, calls_max) = match self.dice.below(32) {
            // The first life has a rollback journal for a few calls, and then there never is one.
            _ if self.is_new => (Mood::Mixed, 30),
            0..16 => (Mood::Mixed, 40),
            16..31 => (Mood::Mixed, 300),
            _ => (Mood::LogGrows, 5_000),
        };
        self.is_new = false;
        let calls = 1 + self.dice.below(calls_max);
        match (mood, self.dice.below(24)) {
            (_, 0..3) => self.vfs.disk().cut_in_next(LOG, Call::Sync, calls),
            (Mood::Mixed, 3) => self.vfs.disk().cut_in_next(LOG, Call::Truncate, calls),
            (Mood::Mixed, 4) => self.vfs.disk().cut_in_next(LOG, Call::Remove, calls),
            (Mood::Mixed, 5) => self.vfs.disk().cut_in_next(DATABASE, Call::Sync, calls),
            _ => self.vfs.disk().cut_in(calls),
        }
        let mut steps_left = STEPS_MAX;
        while !self.vfs.disk().is_dark() {
            if let Err(problem) = self.live_once(mood, seen, &mut steps_left)
                && !self.vfs.disk().is_dark()
            {
                return Err(problem);
            }
        }
        seen.note_cut(&self.vfs, &self.book);
        self.vfs.disk().power_on(&mut self.dice);
        Ok(())
    }

    /// From an opening to an orderly closing, or to the first failure.
    fn live_once(
        &mut self,
        mood: Mood,
        seen: &mut Seen,
        steps_left: &mut u32,
    ) -> Result<(), String> {
        let mut journal = self.open()?;
        seen.note_fate(self.book.in_flight(), self.book.check(&mut journal)?);
        self.book.ask(&mut journal, &Step::Acquire)?;
        loop {
            *steps_left = steps_left.saturating_sub(1);
            if *steps_left == 0 {
                // The call that was waited for does not come: a store that never syncs, say.
                self.vfs.disk().cut_in(1);
            }
            let step = self.book.draw(mood, &mut self.dice);
            if matches!(step, Step::Close) {
                return Ok(());
            }
            self.book.ask(&mut journal, &step)?;
            for key in self.book.take_erased() {
                seen.erasures += 1;
                if self.vfs.disk().contains(&key) {
                    return Err("a destroyed key still stands in the files".to_owned());
                }
            }
        }
    }

    /// The last life of a database: nothing goes wrong, and everything works.
    fn live_in_light(&mut self, seen: &mut Seen) -> Result<(), String> {
        for _ in 0..2 {
            let mut journal = self.open()?;
            seen.note_fate(self.book.in_flight(), self.book.check(&mut journal)?);
            self.book.ask(&mut journal, &Step::Acquire)?;
            let append = self.book.draw_append(Mood::Mixed, &mut self.dice);
            self.book.ask(&mut journal, &append)?;
            self.book.check(&mut journal)?;
        }
        Ok(())
    }

    /// Whether the bytes of a destroyed key are in the files after a cut.
    fn returns_after_destruction(&mut self, entry_follows: bool) -> Result<bool, String> {
        let key = self.dice.bytes(32);
        let mut journal = self.open()?;
        self.book.ask(&mut journal, &Step::Acquire)?;
        self.book.ask(&mut journal, &Step::PutKey("subject-0".to_owned(), key.clone()))?;
        self.book.ask(&mut journal, &Step::DestroyKey("subject-0".to_owned()))?;
        if entry_follows {
            let append = self.book.draw_append(Mood::Mixed, &mut self.dice);
            self.book.ask(&mut journal, &append)?;
        }
        self.vfs.disk().cut_in(1);
        drop(journal);
        self.vfs.disk().power_on(&mut self.dice);
        let returned = self.vfs.disk().contains(&key);
        self.book.check(&mut self.open()?)?;
        Ok(returned)
    }

    fn open(&self) -> Result<SqliteJournal, String> {
        SqliteJournal::open_with_vfs(DATABASE, self.vfs.name(), ORG, &self.synchronous)
            .map_err(|it| format!("the store does not open: {it}"))
    }
}

/// Where the cuts were and what became of the steps in flight: a thousand cuts in one place would
/// say little.
#[derive(Debug, Default)]
struct Seen {
    cuts: usize,
    cuts_at: BTreeMap<(String, Call), usize>,
    /// SQLite empties a long log by itself, behind an append.
    cuts_in_own_checkpoints: usize,
    cuts_during: BTreeMap<&'static str, usize>,
    kept: BTreeMap<&'static str, usize>,
    vanished: BTreeMap<&'static str, usize>,
    erasures: usize,
}

impl Seen {
    fn note_cut(&mut self, vfs: &Vfs, book: &Book) {
        self.cuts += 1;
        *self.cuts_during.entry(book.in_flight()).or_default() += 1;
        if let Some((name, call)) = vfs.disk().cut_at() {
            *self.cuts_at.entry((name.to_owned(), call)).or_default() += 1;
            if name == DATABASE && book.in_flight() == "append" {
                self.cuts_in_own_checkpoints += 1;
            }
        }
    }

    fn note_fate(&mut self, step: &'static str, fate: Fate) {
        match fate {
            Fate::NothingWasInFlight => {}
            Fate::Kept => *self.kept.entry(step).or_default() += 1,
            Fate::Vanished => *self.vanished.entry(step).or_default() += 1,
        }
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} cuts, at {:?}", self.cuts, self.cuts_at)?;
        writeln!(f, "during {:?}", self.cuts_during)?;
        writeln!(f, "in checkpoints of SQLite's own: {}", self.cuts_in_own_checkpoints)?;
        writeln!(f, "in flight and kept {:?}, vanished {:?}", self.kept, self.vanished)?;
        write!(f, "{} keys in files erased", self.erasures)
    }
}

impl Seen {
    fn assert_cuts_were_everywhere(&self) {
        let at = |name: &str, call| self.cuts_at.contains_key(&(name.to_owned(), call));
        for call in [Call::Write, Call::Sync] {
            assert!(at(DATABASE, call), "no cut at {call:?} of the database");
            assert!(at(LOG, call), "no cut at {call:?} of the log");
        }
        for call in [Call::Truncate, Call::Remove] {
            assert!(at(LOG, call), "no cut at {call:?} of the log");
        }
        let first = self.cuts_at.keys().any(|(name, _)| name == FIRST_JOURNAL);
        assert!(first, "no cut while the database is made");
        assert!(self.cuts_in_own_checkpoints > 0, "no cut in a checkpoint of SQLite's own");
        for step in ["append", "put_key", "destroy_key", "save_snapshot", "put_setting"] {
            assert!(self.kept.contains_key(step), "no {step} in flight was kept");
            assert!(self.vanished.contains_key(step), "no {step} in flight vanished");
        }
    }
}
