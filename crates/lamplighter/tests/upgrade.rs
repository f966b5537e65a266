//! What released versions left on disk is opened, brought up to date, verified, read and continued.
//!
//! Each folder in `dumps/` belongs to a release and is never changed: a demo in which a carrier was
//! broken and mended, nobody answered, and a review was written. How to make the next one is told in
//! `docs/contributing/release.md`.

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

/// Every release with a dump, and how its journal ends.
const RELEASES: [(&str, u64, &str); 1] =
    [("v0.1", 30, "dae630517321f943bce21c1a4fd6ac94b793681353d72f34f03c6a6caf6f8249")];

const CONFIG: &str = "
org: solar
people: { ana: { name: Ana Reyes, timezone: Africa/Nairobi, email: ana@example.org } }
teams: { payments: { members: [ana] } }
";

#[test]
fn every_release_with_a_dump_is_tested() {
    let entries = std::fs::read_dir(dumps()).expect("the dumps are there");
    let mut found: Vec<String> =
        entries.map(|it| it.expect("readable").file_name().into_string().expect("UTF-8")).collect();
    found.sort();
    assert_eq!(found, RELEASES.map(|it| it.0));
}

#[test]
fn a_data_folder_of_every_release_is_brought_up_to_date() {
    for (release, seq, hash) in RELEASES {
        let home = common::folder(&format!("upgrade-{release}"));
        let data = home.join("data");
        std::fs::create_dir(&data).expect("writable");
        for name in ["journal", "samples"] {
            let dump = dumps().join(release).join(format!("{name}.sqlite.sql"));
            let dump = std::fs::read_to_string(dump).expect("the dump is there");
            let file = data.join(format!("{name}.sqlite"));
            let database = rusqlite::Connection::open(file).expect("writable");
            database.execute_batch(&dump).expect("the dump loads");
        }
        std::fs::write(data.join("organisation"), "solar\n").expect("writable");
        let place = ["--data", data.to_str().expect("UTF-8")];
        check(&place, seq, hash);
        go_on(&home, &data);
        let told = lamplighter(&["journal", "verify"], &place);
        assert!(told.starts_with("sound: ") && !told.contains(hash), "{told}");
        std::fs::remove_dir_all(home).expect("ours");
    }
}

/// Migrated, verified, folded, and everything in it can still be read.
#[track_caller]
fn check(place: &[&str], seq: u64, hash: &str) {
    lamplighter(&["migrate"], place);
    let told = lamplighter(&["journal", "verify"], place);
    assert_eq!(told, format!("sound: {seq} records, the last one is {seq}:{hash}\n"));
    let told = lamplighter(&["journal", "replay"], place);
    assert!(told.starts_with(&format!("equal: {seq} records")), "{told}");
    let told = lamplighter(&["journal", "export", "--personal"], place);
    assert_eq!(told.lines().count() as u64, seq);
    for word in ["incident_opened", "page_exhausted", "The certificate had ended."] {
        assert!(told.contains(word), "{word}: {told}");
    }
}

/// A server of today starts on it, and what was written is still shown.
fn go_on(home: &Path, data: &Path) {
    let config = home.join("lamplighter.yaml");
    std::fs::write(&config, CONFIG).expect("writable");
    let server = common::Server::start(&config, data);
    let answer = common::http("GET", &server.address, "/readyz", &[], "").expect("answered");
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn lamplighter(words: &[&str], place: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_lamplighter"))
        .args(words)
        .args(place)
        .output()
        .expect("the binary starts");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {told}{complaint}");
    told
}

fn dumps() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dumps")
}

#[cfg(feature = "servers")]
mod needs_server {
    use super::{RELEASES, check, dumps};

    #[test]
    fn a_database_of_every_release_is_brought_up_to_date() {
        for (release, seq, hash) in RELEASES {
            let dump = std::fs::read_to_string(dumps().join(release).join("postgres.sql"));
            let name =
                format!("upgrade_{}_{}", release.replace(['v', '.'], "_"), std::process::id());
            let url = load(&name, &dump.expect("the dump is there"));
            check(&["--org", "solar", "--database", &url], seq, hash);
        }
    }

    /// A database of that name made of `dump`; gives its URL.
    fn load(name: &str, dump: &str) -> String {
        let url = std::env::var("LAMPLIGHTER_TEST_POSTGRES")
            .expect("LAMPLIGHTER_TEST_POSTGRES names a server; `cargo xtask test` starts one");
        let (base, _) = url.rsplit_once('/').expect("the URL names a database");
        let fresh = format!("{base}/{name}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            for (url, sql) in [(&url, &*format!("CREATE DATABASE {name}")), (&fresh, dump)] {
                let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
                    .await
                    .expect("the server answers");
                let connection = tokio::spawn(connection);
                client.batch_execute(sql).await.expect("the dump loads");
                drop(client);
                connection.await.expect("no panic").expect("closed in order");
            }
        });
        fresh
    }
}
