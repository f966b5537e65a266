//! SQLite: one data folder, one process, full sync.
//!
//! The journal and the samples are separate files: a backfill of samples must never keep an append
//! waiting, and a lost minute of samples is read again while a lost event is not.
//!
//! `locking_mode = EXCLUSIVE`: one process owns the folder (a lock file says which), so SQLite needs
//! no shared memory, and there is nobody to wait for.

use crate::chain::record_hash;
use crate::migrations::{self, Migration, pending};
use crate::samples::{Hour, MINUTES, MinuteCounts, by_hour};
use crate::snapshots::FileSnapshots;
use crate::{
    AppendError, Epoch, Head, Journal, KeyState, NewRecord, Record, Samples, Snapshot, Snapshots,
    StoreError, slots,
};
use model::{Millis, Timestamp};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension as _, Row, TransactionBehavior, params,
};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The journal in `journal.sqlite` of a data folder.
#[derive(Debug)]
pub struct SqliteJournal {
    org: String,
    connection: Connection,
    /// Where it is; `None` where a test brings its own file system.
    folder: Option<PathBuf>,
    /// A write or a sync failed: nothing of this connection is believed any more.
    doubted: Option<String>,
    /// Held for as long as the journal is open; `None` where a test brings its own file system.
    _lock: Option<File>,
}

impl SqliteJournal {
    /// Opens or makes the journal of `org` in `folder`, which no other process may use meanwhile.
    pub fn open(folder: &Path, org: &str) -> Result<Self, StoreError> {
        make_private(folder)?;
        let lock = lock(folder)?;
        let connection = open_private(folder, "journal.sqlite")?;
        let journal = Self::over(connection, org, Some(lock), "FULL")?;
        Ok(Self { folder: Some(folder.to_owned()), ..journal })
    }

    /// The same over a named SQLite file system and at a named level of care: for tests that cut
    /// the power.
    #[doc(hidden)]
    pub fn open_with_vfs(
        file: &str,
        vfs: &str,
        org: &str,
        synchronous: &str,
    ) -> Result<Self, StoreError> {
        let flags = OpenFlags::default();
        let connection = Connection::open_with_flags_and_vfs(file, flags, vfs).map_err(error)?;
        Self::over(connection, org, None, synchronous)
    }

    fn over(
        mut connection: Connection,
        org: &str,
        lock: Option<File>,
        synchronous: &str,
    ) -> Result<Self, StoreError> {
        prepare(&mut connection, synchronous, migrations::JOURNAL)?;
        connection
            .execute(
                "INSERT INTO orgs (org, hash) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                params![org, [0_u8; 32]],
            )
            .map_err(error)?;
        Ok(Self { org: org.to_owned(), connection, folder: None, doubted: None, _lock: lock })
    }

    /// Runs SQL behind everybody's back; for tests of `verify`.
    #[doc(hidden)]
    pub fn tamper(&mut self, sql: &str) -> Result<usize, StoreError> {
        self.connection.execute(sql, []).map_err(error)
    }
}

impl Journal for SqliteJournal {
    fn acquire(&mut self, owner: &str, now: Timestamp, ttl: Millis) -> Result<Epoch, StoreError> {
        self.careful(|it| {
            let transaction = it
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(error)?;
            let (epoch, holder, until): (i64, Option<String>, i64) = transaction
                .query_row(
                    "SELECT epoch, lease_owner, lease_until FROM orgs WHERE org = ?1",
                    params![it.org],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )
                .map_err(error)?;
            if let Some(holder) = holder
                && holder != owner
                && until > now.0
            {
                return Err(StoreError::LeaseHeld { owner: holder, until: Timestamp(until) });
            }
            transaction
                .execute(
                    "UPDATE orgs SET epoch = ?2, lease_owner = ?3, lease_until = ?4 WHERE org = ?1",
                    params![it.org, epoch + 1, owner, now.plus(ttl).0],
                )
                .map_err(error)?;
            transaction.commit().map_err(error)?;
            Ok(Epoch(unsigned(epoch + 1)))
        })
    }

    fn renew(&mut self, epoch: Epoch, now: Timestamp, ttl: Millis) -> Result<(), StoreError> {
        self.careful(|it| {
            let changed = it
                .connection
                .execute(
                    "UPDATE orgs SET lease_until = ?3 WHERE org = ?1 AND epoch = ?2",
                    params![it.org, signed(epoch.0), now.plus(ttl).0],
                )
                .map_err(error)?;
            if changed == 1 { Ok(()) } else { Err(StoreError::Fenced { current: it.epoch()? }) }
        })
    }

    fn release(&mut self, epoch: Epoch) -> Result<(), StoreError> {
        self.careful(|it| {
            it.connection
            .execute(
                "UPDATE orgs SET lease_owner = NULL, lease_until = 0 WHERE org = ?1 AND epoch = ?2",
                params![it.org, signed(epoch.0)],
            )
            .map(drop)
            .map_err(error)
        })
    }

    fn head(&mut self) -> Result<Head, StoreError> {
        self.connection
            .query_row("SELECT seq, hash FROM orgs WHERE org = ?1", params![self.org], |row| {
                Ok(Head { seq: unsigned(row.get(0)?), hash: hash(row, 1)? })
            })
            .map_err(error)
    }

    fn append(
        &mut self,
        epoch: Epoch,
        expected_seq: u64,
        records: &[NewRecord],
    ) -> Result<Head, AppendError> {
        if let Some(doubt) = &self.doubted {
            return Err(AppendError::Fatal(doubt.clone()));
        }
        let appended = self.append_at(epoch, expected_seq, records);
        if let Err(AppendError::Fatal(doubt)) = &appended {
            self.doubted = Some(doubt.clone());
        }
        appended
    }

    fn read(&mut self, after: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached(
                "SELECT seq, epoch, hash, at, kind, body, slots FROM journal \
                 WHERE org = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
            )
            .map_err(error)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select
            .query_map(params![self.org, signed(after), limit], |row| {
                let slots: Vec<u8> = row.get(6)?;
                Ok(Record {
                    seq: unsigned(row.get(0)?),
                    epoch: Epoch(unsigned(row.get(1)?)),
                    hash: hash(row, 2)?,
                    new: NewRecord {
                        at: Timestamp(row.get(3)?),
                        kind: row.get(4)?,
                        body: row.get(5)?,
                        slots: slots::decode(&slots),
                    },
                })
            })
            .map_err(error)?;
        rows.collect::<Result<_, _>>().map_err(error)
    }

    fn save_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.careful(|it| {
            let transaction = it
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(error)?;
            transaction
                .execute(
                    "INSERT OR REPLACE INTO snapshots (org, seq, hash, format, digest, body) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![
                        it.org,
                        signed(snapshot.seq),
                        snapshot.hash,
                        snapshot.format,
                        snapshot.digest,
                        snapshot.body
                    ],
                )
                .map_err(error)?;
            transaction
                .execute(
                    "DELETE FROM snapshots WHERE org = ?1 AND seq NOT IN \
                 (SELECT seq FROM snapshots WHERE org = ?1 ORDER BY seq DESC LIMIT 2)",
                    params![it.org],
                )
                .map_err(error)?;
            transaction.commit().map_err(error)
        })
    }

    fn latest_snapshot(&mut self) -> Result<Option<Snapshot>, StoreError> {
        self.connection
            .query_row(
                "SELECT seq, hash, format, digest, body FROM snapshots WHERE org = ?1 \
                 ORDER BY seq DESC LIMIT 1",
                params![self.org],
                |row| {
                    Ok(Snapshot {
                        seq: unsigned(row.get(0)?),
                        hash: hash(row, 1)?,
                        format: row.get(2)?,
                        digest: hash(row, 3)?,
                        body: row.get(4)?,
                    })
                },
            )
            .optional()
            .map_err(error)
    }

    fn snapshots(&mut self) -> Result<Option<Box<dyn Snapshots>>, StoreError> {
        let folder = self.folder.as_ref();
        Ok(folder.map(|it| Box::new(FileSnapshots::new(it, &self.org)) as Box<dyn Snapshots>))
    }

    fn key(&mut self, subject: &str) -> Result<KeyState, StoreError> {
        let row: Option<Option<Vec<u8>>> = self
            .connection
            .query_row(
                "SELECT secret FROM keys WHERE org = ?1 AND subject = ?2",
                params![self.org, subject],
                |row| row.get(0),
            )
            .optional()
            .map_err(error)?;
        Ok(match row {
            None => KeyState::Missing,
            Some(None) => KeyState::Destroyed,
            Some(Some(secret)) => KeyState::Present(secret),
        })
    }

    fn put_key(&mut self, subject: &str, key: &[u8]) -> Result<(), StoreError> {
        self.careful(|it| {
            if it.key(subject)? == KeyState::Destroyed {
                return Err(StoreError::KeyDestroyed { subject: subject.to_owned() });
            }
            it.connection
                .execute(
                    "INSERT OR REPLACE INTO keys (org, subject, secret) VALUES (?1, ?2, ?3)",
                    params![it.org, subject, key],
                )
                .map(drop)
                .map_err(error)
        })
    }

    fn destroy_key(&mut self, subject: &str) -> Result<(), StoreError> {
        self.careful(|it| {
            let overwrite = |connection: &Connection| {
                let text =
                    "INSERT OR REPLACE INTO keys (org, subject, secret) VALUES (?1, ?2, NULL)";
                connection.execute(text, params![it.org, subject]).map(drop).map_err(error)
            };
            overwrite(&it.connection)?;
            // What was overwritten still stands in the write-ahead log until it is emptied; emptying it
            // is not synced, so after a power cut it might stand there again. The next entry is synced.
            empty_log(&it.connection)?;
            overwrite(&it.connection)
        })
    }

    fn get_setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        self.connection
            .query_row(
                "SELECT value FROM settings WHERE org = ?1 AND name = ?2",
                params![self.org, name],
                |row| row.get(0),
            )
            .optional()
            .map_err(error)
    }

    fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.careful(|it| {
            it.connection
                .execute(
                    "INSERT OR REPLACE INTO settings (org, name, value) VALUES (?1, ?2, ?3)",
                    params![it.org, name, value],
                )
                .map(drop)
                .map_err(error)
        })
    }
}

impl SqliteJournal {
    /// Does `work`, unless the disk has failed before; notes it when it does now. A sync that failed is
    /// never tried again: the kernel forgets what it could not write, and the next sync succeeds
    /// although the bytes are nowhere.
    fn careful<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(doubt) = &self.doubted {
            return Err(StoreError::Broken(doubt.clone()));
        }
        let done = work(self);
        if let Err(StoreError::Broken(doubt)) = &done {
            self.doubted = Some(doubt.clone());
        }
        done
    }

    fn append_at(
        &mut self,
        epoch: Epoch,
        expected_seq: u64,
        records: &[NewRecord],
    ) -> Result<Head, AppendError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(append_error)?;
        let (current, mut head) = transaction
            .query_row(
                "SELECT epoch, seq, hash FROM orgs WHERE org = ?1",
                params![self.org],
                |row| {
                    let head = Head { seq: unsigned(row.get(1)?), hash: hash(row, 2)? };
                    Ok((unsigned(row.get(0)?), head))
                },
            )
            .map_err(append_error)?;
        if current != epoch.0 {
            return Err(AppendError::Fenced { current });
        }
        if head.seq != expected_seq {
            return Err(AppendError::Conflict { actual: head.seq });
        }
        {
            let mut insert = transaction
                .prepare_cached(
                    "INSERT INTO journal (org, seq, epoch, at, kind, body, slots, hash) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )
                .map_err(append_error)?;
            for new in records {
                let seq = head.seq + 1;
                head = Head { seq, hash: record_hash(&self.org, &head.hash, seq, epoch.0, new) };
                insert
                    .execute(params![
                        self.org,
                        signed(seq),
                        signed(epoch.0),
                        new.at.0,
                        new.kind,
                        new.body,
                        slots::encode(&new.slots),
                        head.hash
                    ])
                    .map_err(append_error)?;
            }
        }
        transaction
            .execute(
                "UPDATE orgs SET seq = ?2, hash = ?3 WHERE org = ?1",
                params![self.org, signed(head.seq), head.hash],
            )
            .map_err(append_error)?;
        transaction.commit().map_err(append_error)?;
        Ok(head)
    }

    fn epoch(&self) -> Result<u64, StoreError> {
        self.connection
            .query_row("SELECT epoch FROM orgs WHERE org = ?1", params![self.org], |row| row.get(0))
            .map(unsigned)
            .map_err(error)
    }
}

/// Samples in `samples.sqlite` of a data folder.
#[derive(Debug)]
pub struct SqliteSamples {
    org: String,
    connection: Connection,
}

impl SqliteSamples {
    /// Opens or makes the samples of `org` in `folder`.
    pub fn open(folder: &Path, org: &str) -> Result<Self, StoreError> {
        make_private(folder)?;
        let mut connection = open_private(folder, "samples.sqlite")?;
        prepare(&mut connection, "NORMAL", migrations::SAMPLES)?;
        Ok(Self { org: org.to_owned(), connection })
    }
}

impl Samples for SqliteSamples {
    fn put(&mut self, sli: &str, minutes: &[(i64, MinuteCounts)]) -> Result<(), StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(error)?;
        for (number, minutes) in by_hour(minutes) {
            let stored: Option<Vec<u8>> = transaction
                .prepare_cached(
                    "SELECT counts FROM samples WHERE org = ?1 AND sli = ?2 AND hour = ?3",
                )
                .and_then(|mut it| {
                    it.query_row(params![self.org, sli, number], |row| row.get(0)).optional()
                })
                .map_err(error)?;
            let mut hour = stored.as_deref().and_then(Hour::decode).unwrap_or_else(Hour::empty);
            for (minute, counts) in minutes {
                hour.set(minute, counts);
            }
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO samples (org, sli, hour, counts) VALUES (?1, ?2, ?3, ?4)",
                )
                .and_then(|mut it| it.execute(params![self.org, sli, number, hour.encode()]))
                .map_err(error)?;
        }
        transaction.commit().map_err(error)
    }

    fn range(
        &mut self,
        sli: &str,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, MinuteCounts)>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached(
                "SELECT hour, counts FROM samples \
                 WHERE org = ?1 AND sli = ?2 AND hour >= ?3 AND hour < ?4 ORDER BY hour",
            )
            .map_err(error)?;
        let (first, end) = (from.div_euclid(MINUTES), (to + MINUTES - 1).div_euclid(MINUTES));
        let hours = select
            .query_map(params![self.org, sli, first, end], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(error)?;
        let mut found = vec![];
        for (number, bytes) in hours {
            let hour = Hour::decode(&bytes).unwrap_or_else(Hour::empty);
            found.extend(hour.minutes(number * MINUTES).filter(|(it, _)| (from..to).contains(it)));
        }
        Ok(found)
    }

    fn forget_before(&mut self, minute: i64) -> Result<(), StoreError> {
        self.connection
            .execute(
                "DELETE FROM samples WHERE org = ?1 AND hour < ?2",
                params![self.org, minute.div_euclid(MINUTES)],
            )
            .map(drop)
            .map_err(error)
    }
}

/// Moves everything out of the write-ahead log and cuts it off.
fn empty_log(connection: &Connection) -> Result<(), StoreError> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(error)
}

fn prepare(
    connection: &mut Connection,
    synchronous: &str,
    all: &[Migration],
) -> Result<(), StoreError> {
    connection
        .execute_batch(&format!(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; \
             PRAGMA synchronous = {synchronous}; PRAGMA secure_delete = ON; \
             PRAGMA foreign_keys = ON; \
             CREATE TABLE IF NOT EXISTS schema_migrations \
             (name TEXT PRIMARY KEY, checksum TEXT NOT NULL) STRICT;"
        ))
        .map_err(error)?;
    // Nothing that was destroyed just before a power cut may stand in the log.
    empty_log(connection)?;
    let taken = connection
        .prepare("SELECT name, checksum FROM schema_migrations")
        .and_then(|mut it| {
            it.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<Vec<(String, String)>, _>>()
        })
        .map_err(error)?;
    for (migration, sum) in pending(all, |it| it.sqlite, &taken)? {
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(error)?;
        transaction.execute_batch(migration.sqlite).map_err(error)?;
        transaction
            .execute(
                "INSERT INTO schema_migrations (name, checksum) VALUES (?1, ?2)",
                params![migration.name, sum],
            )
            .map_err(error)?;
        transaction.commit().map_err(error)?;
    }
    Ok(())
}

/// Makes the folder unless it is there. The journal holds the keys of people's texts: nobody else on
/// the machine may look into it.
fn make_private(folder: &Path) -> Result<(), StoreError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|it| cannot_open(folder, &it))
}

/// Opens or makes a database that only its owner can read; SQLite gives its other files the same mode.
fn open_private(folder: &Path, name: &str) -> Result<Connection, StoreError> {
    let path = folder.join(name);
    let made = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
    made.map_err(|it| cannot_open(folder, &it))?;
    Connection::open(path).map_err(error)
}

/// One process per data folder. The lock goes with the process, however it ends.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("lamplighter.lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|it| cannot_open(folder, &it))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = match holder.trim() {
                "" => "another process".to_owned(),
                pid => format!("process {pid}"),
            };
            return Err(StoreError::InUse { folder: folder.display().to_string(), holder });
        }
        Err(TryLockError::Error(it)) => return Err(cannot_open(folder, &it)),
    }
    let written = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| write!(file, "{}", std::process::id()));
    written.map_err(|it| cannot_open(folder, &it))?;
    Ok(file)
}

fn cannot_open(folder: &Path, problem: &std::io::Error) -> StoreError {
    if problem.kind() == std::io::ErrorKind::StorageFull {
        return StoreError::Full;
    }
    StoreError::Unavailable(format!("the data folder {}: {problem}", folder.display()))
}

fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; 32]> {
    // A damaged hash reads as zeros and so breaks the chain where it stands.
    let bytes: Vec<u8> = row.get(column)?;
    Ok(bytes.try_into().unwrap_or([0; 32]))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("places and epochs are far below 2^63")
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function in map_err")]
fn error(problem: rusqlite::Error) -> StoreError {
    match problem.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(code) if is_broken(code) => StoreError::Broken(problem.to_string()),
        _ => StoreError::Unavailable(problem.to_string()),
    }
}

fn is_broken(code: ErrorCode) -> bool {
    use ErrorCode::{DatabaseCorrupt, NotADatabase, SystemIoFailure};
    matches!(code, SystemIoFailure | DatabaseCorrupt | NotADatabase)
}

/// After a failed sync nobody knows what is on the disk, and trying again may falsely succeed.
#[expect(clippy::needless_pass_by_value, reason = "used as a function in map_err")]
fn append_error(problem: rusqlite::Error) -> AppendError {
    match problem.sqlite_error_code() {
        Some(code) if is_broken(code) => AppendError::Fatal(problem.to_string()),
        Some(ErrorCode::DiskFull) => AppendError::Unavailable(StoreError::Full.to_string()),
        _ => AppendError::Unavailable(problem.to_string()),
    }
}
