//! Migrations: forward only, the same names on both databases, remembered with their checksum.

use crate::StoreError;
use ring::digest::{SHA256, digest};
use std::fmt::Write as _;

/// One step, in both dialects.
pub(crate) struct Migration {
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// Every step of the journal's database, oldest first. Never edit one that was released: add one.
pub(crate) const JOURNAL: &[Migration] = &[
    Migration {
        name: "0001_journal",
        sqlite: include_str!("../migrations/sqlite/0001_journal.sql"),
        postgres: include_str!("../migrations/postgres/0001_journal.sql"),
    },
    Migration {
        name: "0002_snapshots_beside",
        sqlite: include_str!("../migrations/sqlite/0002_snapshots_beside.sql"),
        postgres: include_str!("../migrations/postgres/0002_snapshots_beside.sql"),
    },
];

/// Every step of the samples' database.
pub(crate) const SAMPLES: &[Migration] = &[Migration {
    name: "0001_samples",
    sqlite: include_str!("../migrations/sqlite/0001_samples.sql"),
    postgres: include_str!("../migrations/postgres/0001_samples.sql"),
}];

/// The steps still to take, given the names and checksums of those taken.
pub(crate) fn pending<'a>(
    all: &'a [Migration],
    text_of: impl Fn(&Migration) -> &'static str,
    taken: &[(String, String)],
) -> Result<Vec<(&'a Migration, String)>, StoreError> {
    for (name, sum) in taken {
        let Some(known) = all.iter().find(|it| it.name == name) else {
            return Err(StoreError::NewerSchema { migration: name.clone() });
        };
        if checksum(text_of(known)) != *sum {
            return Err(StoreError::AlteredMigration { migration: name.clone() });
        }
    }
    let open = all.iter().filter(|it| !taken.iter().any(|(name, _)| name == it.name));
    Ok(open.map(|it| (it, checksum(text_of(it)))).collect())
}

fn checksum(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_has_a_file_in_both_dialects_and_no_file_is_left_over() {
        let names = |dialect: &str| {
            let folder = format!("{}/migrations/{dialect}", env!("CARGO_MANIFEST_DIR"));
            let mut names: Vec<String> = std::fs::read_dir(folder)
                .expect("the folder is there")
                .map(|it| it.expect("readable").file_name().into_string().expect("UTF-8"))
                .map(|it| it.trim_end_matches(".sql").to_owned())
                .collect();
            names.sort();
            names
        };
        let mut known: Vec<&str> = JOURNAL.iter().chain(SAMPLES).map(|it| it.name).collect();
        known.sort_unstable();
        assert_eq!(names("sqlite"), known);
        assert_eq!(names("postgres"), known);
    }

    #[test]
    fn a_newer_and_an_altered_schema_are_refused() {
        let newer = pending(JOURNAL, |it| it.sqlite, &[("9999_later".into(), "00".into())]);
        assert_eq!(newer.err(), Some(StoreError::NewerSchema { migration: "9999_later".into() }));
        let altered = pending(JOURNAL, |it| it.sqlite, &[("0001_journal".into(), "00".into())]);
        let migration = "0001_journal".into();
        assert_eq!(altered.err(), Some(StoreError::AlteredMigration { migration }));
    }
}
