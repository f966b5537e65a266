//! A journal whose process dies, whose disk is full, or which lies.
//!
//! What [`MemoryJournal`] holds stands for what is on the disk. A crash is an append that never
//! returns: [`FaultyJournal`] says [`AppendError::Fatal`] and remembers that the process is dead.

use crate::bug::Bug;
use model::{Millis, Timestamp};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{
    AppendError, Epoch, Head, Journal, KeyState, MemoryJournal, NewRecord, Record, Snapshot,
    StoreError,
};

/// The organisation of every simulation.
pub(crate) const ORG: &str = "solar";

/// What happens at the next append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The process dies; nothing was stored.
    CrashBefore,
    /// The process dies; everything was stored.
    CrashAfter,
    /// The disk is full.
    Unavailable,
    /// Nothing was stored, and nobody hears that.
    LostBefore,
    /// Everything was stored, and nobody hears that.
    LostAfter,
}

/// A journal in memory with faults. Clones share everything.
#[derive(Debug, Clone)]
pub(crate) struct FaultyJournal {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    disk: MemoryJournal,
    fault: Option<Fault>,
    crashed: bool,
    /// With [`Bug::MissingSync`]: what is really on the disk.
    synced: u64,
    bug: Option<Bug>,
}

impl FaultyJournal {
    pub(crate) fn new(bug: Option<Bug>) -> Self {
        let disk = MemoryJournal::new(ORG);
        let shared = Shared { disk, fault: None, crashed: false, synced: 0, bug };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// What is on the disk.
    pub(crate) fn disk(&self) -> MemoryJournal {
        self.lock().disk.clone()
    }

    /// Plans what happens at the next append, or that nothing does.
    pub(crate) fn plan(&self, fault: Option<Fault>) {
        self.lock().fault = fault;
    }

    /// Whether the process died in an append since this was asked last.
    pub(crate) fn take_crash(&self) -> bool {
        std::mem::take(&mut self.lock().crashed)
    }

    /// The machine loses power: what was not synced is gone.
    pub(crate) fn lose_power(&self) {
        let mut shared = self.lock();
        if shared.bug == Some(Bug::MissingSync) {
            let synced = shared.synced;
            shared.disk = cut(&mut shared.disk, synced);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy of `disk` that ends at `end`.
fn cut(disk: &mut MemoryJournal, end: u64) -> MemoryJournal {
    let mut copy = MemoryJournal::new(ORG);
    let never_fails = "memory does not fail";
    let records = disk.read(0, usize::MAX).expect(never_fails);
    let mut epoch = Epoch(0);
    for record in records.iter().filter(|it| it.seq <= end) {
        while epoch != record.epoch {
            epoch = copy.acquire("copy", Timestamp(0), Millis(0)).expect(never_fails);
            copy.release(epoch).expect(never_fails);
        }
        copy.append(epoch, record.seq - 1, std::slice::from_ref(&record.new)).expect(never_fails);
    }
    for subject in records.iter().flat_map(|it| &it.new.slots).map(|it| &it.subject) {
        match disk.key(subject).expect(never_fails) {
            KeyState::Present(key) => copy.put_key(subject, &key).expect(never_fails),
            KeyState::Destroyed => copy.destroy_key(subject).expect(never_fails),
            KeyState::Missing => {}
        }
    }
    copy
}

impl Journal for FaultyJournal {
    fn acquire(&mut self, owner: &str, now: Timestamp, ttl: Millis) -> Result<Epoch, StoreError> {
        self.lock().disk.acquire(owner, now, ttl)
    }
    fn renew(&mut self, epoch: Epoch, now: Timestamp, ttl: Millis) -> Result<(), StoreError> {
        let mut shared = self.lock();
        match shared.disk.renew(epoch, now, ttl) {
            Err(StoreError::Fenced { .. }) if shared.bug == Some(Bug::StaleLease) => Ok(()),
            renewed => renewed,
        }
    }
    fn release(&mut self, epoch: Epoch) -> Result<(), StoreError> {
        self.lock().disk.release(epoch)
    }
    fn head(&mut self) -> Result<Head, StoreError> {
        self.lock().disk.head()
    }
    fn append(
        &mut self,
        epoch: Epoch,
        expected_seq: u64,
        records: &[NewRecord],
    ) -> Result<Head, AppendError> {
        let mut shared = self.lock();
        let fault = shared.fault.take();
        if fault == Some(Fault::Unavailable) {
            return Err(AppendError::Unavailable("the disk is full".to_owned()));
        }
        let lost = AppendError::Unknown("the connection broke".to_owned());
        if fault == Some(Fault::LostBefore) {
            return Err(lost);
        }
        let died = AppendError::Fatal("the process died".to_owned());
        if fault == Some(Fault::CrashBefore) {
            shared.crashed = true;
            return Err(died);
        }
        let head = match shared.disk.append(epoch, expected_seq, records) {
            Err(AppendError::Fenced { current }) if shared.bug == Some(Bug::StaleLease) => {
                let end = shared.disk.head().map_or(0, |it| it.seq);
                shared.disk.append(Epoch(current), end, records)
            }
            appended => appended,
        }?;
        // Whatever lies between two syncs is lost with the power.
        if shared.bug != Some(Bug::MissingSync) || head.seq % 3 == 0 {
            shared.synced = head.seq;
        }
        if fault == Some(Fault::CrashAfter) {
            shared.crashed = true;
            return Err(died);
        }
        if fault == Some(Fault::LostAfter) {
            return Err(lost);
        }
        Ok(head)
    }
    fn read(&mut self, after: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.lock().disk.read(after, limit)
    }
    fn save_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.lock().disk.save_snapshot(snapshot)
    }
    fn latest_snapshot(&mut self) -> Result<Option<Snapshot>, StoreError> {
        self.lock().disk.latest_snapshot()
    }
    fn key(&mut self, subject: &str) -> Result<KeyState, StoreError> {
        self.lock().disk.key(subject)
    }
    fn put_key(&mut self, subject: &str, key: &[u8]) -> Result<(), StoreError> {
        self.lock().disk.put_key(subject, key)
    }
    fn destroy_key(&mut self, subject: &str) -> Result<(), StoreError> {
        self.lock().disk.destroy_key(subject)
    }
    fn get_setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        self.lock().disk.get_setting(name)
    }
    fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.lock().disk.put_setting(name, value)
    }
}
