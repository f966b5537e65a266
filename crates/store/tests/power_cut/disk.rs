//! A disk in memory whose power can be cut.
//!
//! Intuition: a program writes on a blackboard, and somebody copies the blackboard into a book only
//! when told to *sync*. When the light goes out the blackboard is wiped, and of what was not yet
//! copied some strokes happen to be in the book and some do not.
//!
//! Invariants:
//! - what was synced survives every cut; of the rest any subset may, in any order, torn at sectors;
//! - a name is as fragile as bytes: made or removed, it is certain only after a sync of the folder;
//! - bytes beside a write are never harmed (SQLite relies on this, and disks promise it);
//! - without power nothing changes, and the power comes back only when every handle is closed;
//! - a sync that fails forgets what it should have written: the program goes on seeing it, the next
//!   sync succeeds, and it is nowhere (Linux since 4.13, see <https://lwn.net/Articles/752063/>).

use std::collections::BTreeMap;

const SECTOR_BYTES: usize = 512;

/// The only source of chance here: splitmix64.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).expect("64 bits");
        usize::try_from(self.next() % limit).expect("below a usize")
    }

    /// True `part` times in `whole`.
    pub(crate) fn chance(&mut self, part: usize, whole: usize) -> bool {
        self.below(whole) < part
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_be_bytes()[0]).collect()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// How honest the disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Honesty {
    /// A sync is a sync.
    Honest,
    /// Every sync answers Ok and does nothing.
    LyingSync,
    /// Bytes are synced, names never are.
    ForgetsNames,
}

/// The calls that change something, and in which therefore the power can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    Create,
    Write,
    Truncate,
    Sync,
    Remove,
}

/// Why a call was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The power is off.
    Dark,
    /// There is no space.
    Full,
    /// The device says that it could not.
    Broken,
}

/// What goes wrong while the power is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// Writes find no space.
    Full,
    /// Writes fail.
    WriteFails,
    /// Syncs fail, and forget what they should have written.
    SyncFails,
}

/// How long it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lasts {
    Once,
    UntilHealed,
}

/// What a handle points at; outlives its name, as on Unix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId(u64);

#[derive(Debug, Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { size: usize },
}

#[derive(Debug, Default)]
struct File {
    /// What survives for certain.
    durable: Vec<u8>,
    /// What the program sees: `durable` with `unsynced` applied.
    view: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug)]
pub(crate) struct Disk {
    files: BTreeMap<FileId, File>,
    /// Every state of a name since the folder was last synced: the first is certain, the last is
    /// what the program sees.
    names: BTreeMap<String, Vec<Option<FileId>>>,
    honesty: Honesty,
    next_id: u64,
    handle_count: usize,
    calls_until_cut: Option<usize>,
    /// Only in such a call on such a file; in any when `None`.
    cut_in_call: Option<(&'static str, Call)>,
    dark: bool,
    last_call: Option<(String, Call)>,
    /// What goes wrong, in how many calls of its kind, and for how long.
    trouble: Option<(Trouble, usize, Lasts)>,
    /// Calls that went wrong.
    troubled_count: usize,
    /// Whether a write that fails, and a sync that forgets, do half of it.
    whim: Dice,
}

impl Disk {
    pub(crate) fn new(honesty: Honesty) -> Self {
        Self {
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            honesty,
            next_id: 0,
            handle_count: 0,
            calls_until_cut: None,
            cut_in_call: None,
            dark: false,
            last_call: None,
            trouble: None,
            troubled_count: 0,
            whim: Dice::new(1),
        }
    }

    /// Lets the power go in the `calls`-th changing call from now.
    pub(crate) fn cut_in(&mut self, calls: usize) {
        assert!(calls > 0, "the next call is the first");
        self.calls_until_cut = Some(calls);
        self.cut_in_call = None;
    }

    /// The same, but in the first `call` on the file `name` from then on: there are few syncs and
    /// truncations among many writes, and in them everything was written and nothing promised.
    pub(crate) fn cut_in_next(&mut self, name: &'static str, call: Call, calls: usize) {
        self.cut_in(calls);
        self.cut_in_call = Some((name, call));
    }

    /// Lets the `calls`-th write or sync from now go wrong.
    pub(crate) fn trouble_in(&mut self, trouble: Trouble, calls: usize, lasts: Lasts) {
        assert!(calls > 0, "the next call is the first");
        self.trouble = Some((trouble, calls, lasts));
    }

    /// Space is made, or the device is exchanged.
    pub(crate) fn heal(&mut self) {
        self.trouble = None;
    }

    /// Calls that went wrong since this was asked last.
    pub(crate) fn take_troubled_count(&mut self) -> usize {
        std::mem::take(&mut self.troubled_count)
    }

    /// Whether this call goes wrong.
    fn goes_wrong(&mut self, kinds: &[Trouble]) -> Option<Trouble> {
        let (trouble, left, lasts) = self.trouble.as_mut()?;
        if !kinds.contains(trouble) {
            return None;
        }
        *left = left.saturating_sub(1);
        if *left > 0 {
            return None;
        }
        let trouble = *trouble;
        if *lasts == Lasts::Once {
            self.trouble = None;
        }
        self.troubled_count += 1;
        Some(trouble)
    }

    pub(crate) fn is_dark(&self) -> bool {
        self.dark
    }

    /// The call in which the power went, and the name of the file.
    pub(crate) fn cut_at(&self) -> Option<(&str, Call)> {
        let (name, call) = self.last_call.as_ref()?;
        self.dark.then_some((name.as_str(), *call))
    }

    /// Decides what survived and forgets the rest. A disk that still had power loses it first.
    pub(crate) fn power_on(&mut self, dice: &mut Dice) {
        assert_eq!(self.handle_count, 0, "every handle is closed before the power comes back");
        for history in self.names.values_mut() {
            let survivor = history[dice.below(history.len())];
            *history = vec![survivor];
        }
        self.names.retain(|_, history| history[0].is_some());
        let linked: Vec<FileId> = self.names.values().filter_map(|it| it[0]).collect();
        self.files.retain(|id, _| linked.contains(id));
        for file in self.files.values_mut() {
            file.survive(dice);
        }
        self.dark = false;
        self.calls_until_cut = None;
    }

    /// Whether the bytes stand in a file that has a name, as the program sees it.
    pub(crate) fn contains(&self, needle: &[u8]) -> bool {
        let named = self.names.keys().filter_map(|it| self.find(it));
        named
            .map(|id| &self.files[&id].view)
            .any(|view| view.windows(needle.len()).any(|it| it[0] == needle[0] && it == needle))
    }

    pub(crate) fn find(&self, name: &str) -> Option<FileId> {
        self.names.get(name).and_then(|history| *history.last().expect("never empty"))
    }

    /// The file of that name, made when it is not there; without a name, one that nobody finds.
    pub(crate) fn create(&mut self, name: Option<&str>) -> Result<FileId, Refused> {
        let found = name.and_then(|it| self.find(it));
        self.light()?;
        if let Some(id) = found {
            return Ok(id);
        }
        let id = FileId(self.next_id);
        self.next_id += 1;
        self.files.insert(id, File::default());
        if let Some(name) = name {
            self.names.entry(name.to_owned()).or_insert_with(|| vec![None]).push(Some(id));
            self.count(name, Call::Create)?;
        }
        Ok(id)
    }

    pub(crate) fn remove(&mut self, name: &str, with_folder_sync: bool) -> Result<(), Refused> {
        self.light()?;
        if let Some(history) = self.names.get_mut(name) {
            history.push(None);
        }
        self.count(name, Call::Remove)?;
        if with_folder_sync {
            self.sync_folder();
        }
        Ok(())
    }

    pub(crate) fn handle_opened(&mut self) {
        self.handle_count += 1;
    }

    pub(crate) fn handle_closed(&mut self) {
        self.handle_count -= 1;
    }

    pub(crate) fn size(&self, id: FileId) -> Result<usize, Refused> {
        self.light()?;
        Ok(self.files[&id].view.len())
    }

    /// Fills what it can of `target` and says how much.
    pub(crate) fn read(
        &self,
        id: FileId,
        offset: usize,
        target: &mut [u8],
    ) -> Result<usize, Refused> {
        self.light()?;
        let from = self.files[&id].view.get(offset..).unwrap_or_default();
        let count = from.len().min(target.len());
        target[..count].copy_from_slice(&from[..count]);
        Ok(count)
    }

    pub(crate) fn write(&mut self, id: FileId, offset: usize, bytes: &[u8]) -> Result<(), Refused> {
        self.change(id, Change::Write { offset, bytes: bytes.to_vec() }, Call::Write)
    }

    pub(crate) fn truncate(&mut self, id: FileId, size: usize) -> Result<(), Refused> {
        self.change(id, Change::Truncate { size }, Call::Truncate)
    }

    pub(crate) fn sync(&mut self, id: FileId, with_folder_sync: bool) -> Result<(), Refused> {
        self.light()?;
        if self.goes_wrong(&[Trouble::SyncFails]).is_some() {
            let file = self.files.get_mut(&id).expect("open files are kept");
            for change in file.unsynced.drain(..) {
                if self.whim.chance(1, 3) {
                    change.apply_to(&mut file.durable);
                }
            }
            return Err(Refused::Broken);
        }
        let name = self.name_of(id);
        // Counted first: a sync that never answered has promised nothing.
        self.count(&name, Call::Sync)?;
        if self.honesty == Honesty::LyingSync {
            return Ok(());
        }
        let file = self.files.get_mut(&id).expect("open files are kept");
        for change in file.unsynced.drain(..) {
            change.apply_to(&mut file.durable);
        }
        if with_folder_sync {
            self.sync_folder();
        }
        Ok(())
    }

    fn change(&mut self, id: FileId, change: Change, call: Call) -> Result<(), Refused> {
        self.light()?;
        let wrong = match change {
            Change::Write { .. } => self.goes_wrong(&[Trouble::Full, Trouble::WriteFails]),
            Change::Truncate { .. } => None,
        };
        let file = self.files.get_mut(&id).expect("open files are kept");
        if let (Some(trouble), Change::Write { offset, mut bytes }) = (wrong, change.clone()) {
            // Some of it may have been written before there was trouble.
            bytes.truncate(self.whim.below(bytes.len() + 1));
            let part = Change::Write { offset, bytes };
            part.apply_to(&mut file.view);
            file.unsynced.push(part);
            let full = trouble == Trouble::Full;
            return Err(if full { Refused::Full } else { Refused::Broken });
        }
        change.apply_to(&mut file.view);
        file.unsynced.push(change);
        // Counted last: a write in which the power goes may or may not have reached the disk.
        let name = self.name_of(id);
        self.count(&name, call)
    }

    fn sync_folder(&mut self) {
        if self.honesty != Honesty::Honest {
            return;
        }
        for history in self.names.values_mut() {
            history.drain(..history.len() - 1);
        }
    }

    fn name_of(&self, id: FileId) -> String {
        let named = self.names.iter().find(|(_, history)| history.last() == Some(&Some(id)));
        named.map(|(name, _)| name.clone()).unwrap_or_default()
    }

    fn light(&self) -> Result<(), Refused> {
        if self.dark { Err(Refused::Dark) } else { Ok(()) }
    }

    fn count(&mut self, name: &str, call: Call) -> Result<(), Refused> {
        if let Some(left) = &mut self.calls_until_cut {
            *left = left.saturating_sub(1);
            if *left == 0 && self.cut_in_call.is_none_or(|it| it == (name, call)) {
                self.dark = true;
                self.last_call = Some((name.to_owned(), call));
            }
        }
        self.light()
    }
}

impl File {
    /// Each file has a mood in each cut, from "nothing was written back" to "everything was": with the same odds
    /// in every cut, a long log would never survive nearly whole, and that is where bugs are.
    fn survive(&mut self, dice: &mut Dice) {
        let mut changes = std::mem::take(&mut self.unsynced);
        if dice.chance(1, 2) {
            dice.shuffle(&mut changes);
        }
        let kept_of_8 = dice.below(11).min(8);
        for change in changes {
            if dice.chance(kept_of_8, 8) {
                change.apply_to(&mut self.durable);
            } else if dice.chance(1, 3) {
                change.apply_torn(&mut self.durable, dice);
            } else if dice.chance(1, 4) {
                change.apply_size_only(&mut self.durable);
            }
        }
        self.view.clone_from(&self.durable);
    }
}

impl Change {
    fn apply_to(&self, target: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => put(target, *offset, bytes),
            Self::Truncate { size } => target.truncate(*size),
        }
    }

    /// Some sectors of a write. A truncation is a change of one number and cannot be torn.
    fn apply_torn(&self, target: &mut Vec<u8>, dice: &mut Dice) {
        let Self::Write { offset, bytes } = self else { return };
        let mut start = 0;
        while start < bytes.len() {
            let to_boundary = SECTOR_BYTES - (offset + start) % SECTOR_BYTES;
            let end = bytes.len().min(start + to_boundary);
            if dice.chance(1, 2) {
                put(target, offset + start, &bytes[start..end]);
            }
            start = end;
        }
    }

    /// The new length reached the disk and the bytes did not: file systems then show zeros.
    fn apply_size_only(&self, target: &mut Vec<u8>) {
        if let Self::Write { offset, bytes } = self
            && offset + bytes.len() > target.len()
        {
            target.resize(offset + bytes.len(), 0);
        }
    }
}

fn put(target: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if target.len() < end {
        target.resize(end, 0);
    }
    target[offset..end].copy_from_slice(bytes);
}
