//! Snapshots kept beside the journal, by whoever makes them, while the journal goes on.
//!
//! Intuition: a photograph of the ledger, taken by somebody else than the notary and laid into a drawer
//! of its own. If it is blurred or lost, the ledger is read from its first line.
//!
//! In a data folder they are two files, the latest and the one before, each written under another name
//! first and renamed when it is on the disk: there is never half of one. A table of the journal's own
//! database would be simpler, and every append would wait for the megabytes of a snapshot.

use crate::{Snapshot, StoreError};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Where snapshots are kept; used by another thread than the journal is.
pub trait Snapshots: Send + std::fmt::Debug {
    /// Keeps a snapshot; the two latest are kept.
    fn save(&mut self, snapshot: &Snapshot) -> Result<(), StoreError>;
    /// Those that are kept, the latest first.
    fn all(&mut self) -> Result<Vec<Snapshot>, StoreError>;
}

const LATEST: &str = "snapshot";
const BEFORE: &str = "snapshot.before";
const UNFINISHED: &str = "snapshot.unfinished";

/// Snapshots in files of a data folder.
#[derive(Debug)]
pub(crate) struct FileSnapshots {
    folder: PathBuf,
    org: String,
}

/// The first line of a file; the body follows.
#[derive(Serialize, Deserialize)]
struct Head {
    org: String,
    seq: u64,
    hash: [u8; 32],
    format: u32,
    digest: [u8; 32],
    length: usize,
}

impl FileSnapshots {
    pub(crate) fn new(folder: &Path, org: &str) -> Self {
        Self { folder: folder.to_owned(), org: org.to_owned() }
    }

    fn write(&self, snapshot: &Snapshot) -> io::Result<()> {
        let Snapshot { seq, hash, format, digest, body } = snapshot;
        let head = Head {
            org: self.org.clone(),
            seq: *seq,
            hash: *hash,
            format: *format,
            digest: *digest,
            length: body.len(),
        };
        let head = serde_json::to_string(&head).map_err(io::Error::other)?;
        let [latest, before, unfinished] =
            [LATEST, BEFORE, UNFINISHED].map(|it| self.folder.join(it));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        writeln!(file, "{head}")?;
        file.write_all(body)?;
        file.sync_all()?;
        match std::fs::rename(&latest, &before) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::fs::rename(&unfinished, &latest)?;
        File::open(&self.folder)?.sync_all()
    }

    /// `None` when there is none, or none that is whole.
    fn read(&self, name: &str) -> Option<Snapshot> {
        let mut bytes = std::fs::read(self.folder.join(name)).ok()?;
        let end = bytes.iter().position(|it| *it == b'\n')?;
        let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
        bytes.drain(..=end);
        let ours = head.org == self.org && head.length == bytes.len();
        let Head { seq, hash, format, digest, .. } = head;
        ours.then_some(Snapshot { seq, hash, format, digest, body: bytes })
    }
}

impl Snapshots for FileSnapshots {
    fn save(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.write(snapshot).map_err(|error| {
            // Half a snapshot is of no use, and the space may be needed.
            let _ = std::fs::remove_file(self.folder.join(UNFINISHED));
            match error.kind() {
                ErrorKind::StorageFull => StoreError::Full,
                _ => StoreError::Unavailable(format!("the snapshot: {error}")),
            }
        })
    }

    fn all(&mut self) -> Result<Vec<Snapshot>, StoreError> {
        Ok([LATEST, BEFORE].iter().filter_map(|it| self.read(it)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(seq: u64) -> Snapshot {
        let body = vec![b'x', b'\n', u8::try_from(seq).expect("small")];
        Snapshot { seq, hash: [1; 32], format: 2, digest: [2; 32], body }
    }

    #[test]
    fn the_two_latest_are_kept_and_half_a_one_is_left_aside() {
        let folder = std::env::temp_dir().join(format!("lamplighter-snap-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        let mut ours = FileSnapshots::new(&folder, "solar");
        assert_eq!(ours.all(), Ok(vec![]));
        for seq in 1..=3 {
            ours.save(&snapshot(seq)).expect("the disk has room");
        }
        assert_eq!(ours.all(), Ok(vec![snapshot(3), snapshot(2)]));
        assert_eq!(FileSnapshots::new(&folder, "other").all(), Ok(vec![]));
        let whole = std::fs::read(folder.join(LATEST)).expect("there");
        for length in 0..whole.len() {
            std::fs::write(folder.join(LATEST), &whole[..length]).expect("written");
            assert_eq!(ours.all(), Ok(vec![snapshot(2)]), "cut at {length}");
        }
        let _ = std::fs::remove_dir_all(&folder);
    }
}
