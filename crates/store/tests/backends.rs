//! One suite, every backend, every time.

use std::path::PathBuf;
use store::{Journal as _, MemoryJournal, MemorySamples, SqliteJournal, SqliteSamples};

store::conformance!(memory, MemoryJournal::new);
store::conformance!(sqlite, |org: &str| {
    SqliteJournal::open(&folder(org), org).expect("an empty folder opens")
});
store::samples_conformance!(memory_samples, |_: &str| MemorySamples::default());
store::samples_conformance!(sqlite_samples, |org: &str| {
    SqliteSamples::open(&folder(org), org).expect("an empty folder opens")
});

#[cfg(feature = "servers")]
mod needs_server {
    use super::postgres_url;
    use store::{PostgresJournal, PostgresSamples};

    store::conformance!(postgres, |org: &str| {
        PostgresJournal::open(&postgres_url(), org).expect("the database answers")
    });
    store::samples_conformance!(postgres_samples, |org: &str| {
        PostgresSamples::open(&postgres_url(), org).expect("the database answers")
    });
}

/// A database of its own for each test, so that nothing is left from another run.
#[cfg(feature = "servers")]
fn postgres_url() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let url = std::env::var("LAMPLIGHTER_TEST_POSTGRES")
        .expect("LAMPLIGHTER_TEST_POSTGRES names a server; `cargo xtask test` starts one");
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{}_{number}", std::process::id());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let (client, connection) =
            tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("the server answers");
        let task = tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a new database");
        drop(client);
        task.await.expect("no panic").expect("closed in order");
    });
    let (base, _) = url.rsplit_once('/').expect("the URL names a database");
    format!("{base}/{name}")
}

#[test]
fn nobody_else_may_read_what_is_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let data = folder("private").join("data");
    let mut journal = SqliteJournal::open(&data, "private").expect("opens");
    journal.put_setting("a", "b").expect("written");
    let _samples = SqliteSamples::open(&data, "private").expect("opens");
    let mode =
        |path: &std::path::Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let files = std::fs::read_dir(&data).expect("readable");
    for file in files.map(|it| it.expect("readable").path()) {
        let secret = file.file_name().is_some_and(|it| it != "lamplighter.lock");
        assert!(!secret || mode(&file) == 0o600, "{}", file.display());
    }
}

#[test]
fn an_altered_record_is_found_on_sqlite_wherever_it_stands() {
    use model::{Millis, Timestamp};
    use store::{Verdict, conformance::sample, verify};
    for (column, value) in [
        ("body", "'{}'"),
        ("kind", "'other.v1'"),
        ("at", "77"),
        ("epoch", "9"),
        ("slots", "x'0000'"),
        ("hash", "zeroblob(32)"),
    ] {
        let org = format!("tampered-{column}");
        let mut journal = SqliteJournal::open(&folder(&org), &org).expect("opens");
        let epoch = journal.acquire("me", Timestamp(0), Millis(1)).expect("free");
        journal.append(epoch, 0, &[sample(1), sample(2), sample(3)]).expect("appended");
        let altered =
            journal.tamper(&format!("UPDATE journal SET {column} = {value} WHERE seq = 2"));
        assert_eq!(altered, Ok(1));
        let verdict = verify(&mut journal, &org, None, &mut |_| {}).expect("read");
        assert!(matches!(verdict, Verdict::Broken { seq: 2, .. }), "{column}: {verdict:?}");
    }
    let mut journal = SqliteJournal::open(&folder("torn"), "torn").expect("opens");
    let epoch = journal.acquire("me", Timestamp(0), Millis(1)).expect("free");
    journal.append(epoch, 0, &[sample(1), sample(2), sample(3)]).expect("appended");
    assert_eq!(journal.tamper("DELETE FROM journal WHERE seq = 3"), Ok(1));
    let verdict = verify(&mut journal, "torn", None, &mut |_| {}).expect("read");
    assert!(matches!(verdict, Verdict::Broken { seq: 3, .. }), "{verdict:?}");
}

#[test]
fn a_folder_in_use_says_by_whom() {
    let folder = folder("in-use");
    let _first = SqliteJournal::open(&folder, "org").expect("opens");
    let second = SqliteJournal::open(&folder, "org").expect_err("in use");
    let holder = format!("process {}", std::process::id());
    assert_eq!(second, store::StoreError::InUse { folder: folder.display().to_string(), holder });
}

#[test]
fn what_was_appended_is_there_after_opening_again() {
    use model::{Millis, Timestamp};
    use store::{Journal as _, conformance::sample};
    let folder = folder("reopen");
    let head = {
        let mut journal = SqliteJournal::open(&folder, "org").expect("opens");
        let epoch = journal.acquire("me", Timestamp(0), Millis(1)).expect("free");
        journal.append(epoch, 0, &[sample(1)]).expect("appended")
    };
    let mut journal = SqliteJournal::open(&folder, "org").expect("opens again");
    assert_eq!(journal.head(), Ok(head));
}

fn folder(name: &str) -> PathBuf {
    let folder =
        std::env::temp_dir().join(format!("lamplighter-store-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}
