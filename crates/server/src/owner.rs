//! The name of a writer, and whether the one that holds the lease is still alive.
//!
//! Intuition: a desk that is reserved under a name. Usually one waits until the reservation ends; when
//! the name is of somebody who is known to be dead, one need not.
//!
//! A process that was killed gives no lease back, and half a minute without anybody who takes alerts
//! is long. Whether it is dead only its own kernel can say: the name holds which start of which kernel
//! it was and which space of process ids, and unless both are ours the lease is waited for.
//!
//! Invariant: nobody who lives is pushed aside; a mistake would cost a restart, and no event, because
//! the journal takes entries of the latest writer only.

use crate::Place;
use driver::OpenError;
use model::{Millis, OrgId, Timestamp};
use std::path::Path;
use store::StoreError;

/// The name of this writer. A folder is locked by the operating system, so whoever holds it may go on
/// at once; a database must be able to tell processes apart.
#[must_use]
pub fn owner(place: &Place) -> String {
    match place {
        Place::Folder(_) => "the owner of the folder".to_owned(),
        Place::Database(_) => {
            let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
            let host = if host.trim().is_empty() { "a machine" } else { host.trim() };
            let pid = std::process::id();
            here().map_or_else(|| format!("{host}/{pid}"), |here| format!("{host}/{pid}/{here}"))
        }
    }
}

/// Gives back the lease of a holder that is certainly dead; whether it did.
pub(crate) fn bury_dead_holder(
    place: &Place,
    org: &OrgId,
    error: &OpenError,
    now: Timestamp,
) -> bool {
    let OpenError::Store(StoreError::LeaseHeld { owner: holder, .. }) = error else { return false };
    if !matches!(place, Place::Database(_)) || !is_dead(holder) {
        return false;
    }
    // In the name of the dead, so that it fails when somebody else was quicker.
    let given_back = place.open(org).ok().and_then(|mut storage| {
        let epoch = storage.journal.acquire(holder, now, Millis::ZERO).ok()?;
        storage.journal.release(epoch).ok()
    });
    if given_back.is_some() {
        tracing::info!("the writer {holder} has died; its lease is not waited for");
    }
    given_back.is_some()
}

/// Whether the process of that name ran under this kernel, among these process ids, and is gone.
fn is_dead(owner: &str) -> bool {
    let mut parts = owner.rsplitn(3, '/');
    let (Some(place), Some(pid)) = (parts.next(), parts.next()) else { return false };
    let Ok(pid) = pid.parse::<u32>() else { return false };
    here().is_some_and(|it| it == place) && !Path::new(&format!("/proc/{pid}")).exists()
}

/// The start of the kernel and the space of process ids.
fn here() -> Option<String> {
    let start = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let digits = |it: &char| it.is_ascii_hexdigit();
    let start: String = start.chars().filter(digits).collect();
    let space: String = space.to_str()?.chars().filter(char::is_ascii_digit).collect();
    Some(format!("{start}-{space}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_kernel_of_a_process_says_that_it_is_dead() {
        let mut child = std::process::Command::new("true").spawn().expect("a process starts");
        let gone = child.id();
        child.wait().expect("it ends");
        let (here, we) = (here().expect("Linux says where we are"), std::process::id());
        for (name, dead) in [
            (format!("host/{gone}/{here}"), true),
            (format!("a/host/{gone}/{here}"), true),
            (format!("host/{we}/{here}"), false),
            (format!("host/{gone}/0000-1"), false),
            (format!("host/{gone}"), false),
            ("the owner of the folder".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(is_dead(&name), dead, "{name}");
        }
        let ours = owner(&Place::Database("postgres://localhost".to_owned()));
        assert!(ours.ends_with(&format!("/{we}/{here}")), "{ours}");
    }
}
