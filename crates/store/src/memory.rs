//! The reference: in memory, shared between handles as a database is between processes.

use crate::chain::record_hash;
use crate::samples::MinuteCounts;
use crate::{
    AppendError, Epoch, Head, Journal, KeyState, NewRecord, Record, Samples, Snapshot, StoreError,
};
use model::{Millis, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A journal in memory. Clones share it.
#[derive(Debug, Clone)]
pub struct MemoryJournal {
    org: String,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    records: Vec<Record>,
    epoch: u64,
    lease: Option<(String, Timestamp)>,
    snapshots: Vec<Snapshot>,
    keys: BTreeMap<String, KeyState>,
    settings: BTreeMap<String, String>,
}

impl MemoryJournal {
    /// An empty journal of `org`.
    #[must_use]
    pub fn new(org: &str) -> Self {
        Self { org: org.to_owned(), shared: Arc::default() }
    }

    /// Alters a stored entry behind everybody's back; for tests of `verify`.
    pub fn tamper(&mut self, seq: u64, alter: impl FnOnce(&mut Record)) {
        let place = usize::try_from(seq - 1).expect("a small journal");
        alter(&mut self.lock().records[place]);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn head(&self) -> Head {
        self.records.last().map_or_else(Head::default, |it| Head { seq: it.seq, hash: it.hash })
    }
}

impl Journal for MemoryJournal {
    fn acquire(&mut self, owner: &str, now: Timestamp, ttl: Millis) -> Result<Epoch, StoreError> {
        let mut shared = self.lock();
        if let Some((holder, until)) = &shared.lease
            && *until > now
            && holder != owner
        {
            return Err(StoreError::LeaseHeld { owner: holder.clone(), until: *until });
        }
        shared.epoch += 1;
        shared.lease = Some((owner.to_owned(), now.plus(ttl)));
        Ok(Epoch(shared.epoch))
    }

    fn renew(&mut self, epoch: Epoch, now: Timestamp, ttl: Millis) -> Result<(), StoreError> {
        let mut shared = self.lock();
        if shared.epoch != epoch.0 {
            return Err(StoreError::Fenced { current: shared.epoch });
        }
        if let Some(lease) = &mut shared.lease {
            lease.1 = now.plus(ttl);
        }
        Ok(())
    }

    fn release(&mut self, epoch: Epoch) -> Result<(), StoreError> {
        let mut shared = self.lock();
        if shared.epoch == epoch.0 {
            shared.lease = None;
        }
        Ok(())
    }

    fn head(&mut self) -> Result<Head, StoreError> {
        Ok(self.lock().head())
    }

    fn append(
        &mut self,
        epoch: Epoch,
        expected_seq: u64,
        records: &[NewRecord],
    ) -> Result<Head, AppendError> {
        let mut shared = self.lock();
        if shared.epoch != epoch.0 {
            return Err(AppendError::Fenced { current: shared.epoch });
        }
        let mut head = shared.head();
        if head.seq != expected_seq {
            return Err(AppendError::Conflict { actual: head.seq });
        }
        for new in records {
            let seq = head.seq + 1;
            let hash = record_hash(&self.org, &head.hash, seq, epoch.0, new);
            shared.records.push(Record { seq, epoch, hash, new: new.clone() });
            head = Head { seq, hash };
        }
        Ok(head)
    }

    fn read(&mut self, after: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        let skip = usize::try_from(after).unwrap_or(usize::MAX);
        Ok(self.lock().records.iter().skip(skip).take(limit).cloned().collect())
    }

    fn save_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let mut shared = self.lock();
        shared.snapshots.push(snapshot.clone());
        let surplus = shared.snapshots.len().saturating_sub(2);
        shared.snapshots.drain(..surplus);
        Ok(())
    }

    fn latest_snapshot(&mut self) -> Result<Option<Snapshot>, StoreError> {
        Ok(self.lock().snapshots.last().cloned())
    }

    fn key(&mut self, subject: &str) -> Result<KeyState, StoreError> {
        Ok(self.lock().keys.get(subject).cloned().unwrap_or(KeyState::Missing))
    }

    fn put_key(&mut self, subject: &str, key: &[u8]) -> Result<(), StoreError> {
        let mut shared = self.lock();
        if shared.keys.get(subject) == Some(&KeyState::Destroyed) {
            return Err(StoreError::KeyDestroyed { subject: subject.to_owned() });
        }
        shared.keys.insert(subject.to_owned(), KeyState::Present(key.to_vec()));
        Ok(())
    }

    fn destroy_key(&mut self, subject: &str) -> Result<(), StoreError> {
        self.lock().keys.insert(subject.to_owned(), KeyState::Destroyed);
        Ok(())
    }

    fn get_setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.lock().settings.get(name).cloned())
    }

    fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.lock().settings.insert(name.to_owned(), value.to_owned());
        Ok(())
    }
}

/// Samples in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemorySamples {
    shared: Arc<Mutex<BTreeMap<(String, i64), MinuteCounts>>>,
}

impl Samples for MemorySamples {
    fn put(&mut self, sli: &str, minutes: &[(i64, MinuteCounts)]) -> Result<(), StoreError> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.extend(minutes.iter().map(|(minute, counts)| ((sli.to_owned(), *minute), *counts)));
        Ok(())
    }

    fn range(
        &mut self,
        sli: &str,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, MinuteCounts)>, StoreError> {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let bounds = (sli.to_owned(), from)..(sli.to_owned(), to.max(from));
        Ok(shared.range(bounds).map(|((_, minute), counts)| (*minute, *counts)).collect())
    }

    fn forget_before(&mut self, minute: i64) -> Result<(), StoreError> {
        let first_kept = minute.div_euclid(60) * 60;
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.retain(|(_, it), _| *it >= first_kept);
        Ok(())
    }
}
