//! Opening the store: a data folder or a database, and what is said when that fails.
//!
//! A data folder belongs to one organisation; a small file in it says which, so that commands beside
//! it need not be told.

use crate::Problem;
use model::OrgId;
use std::path::{Path, PathBuf};
use store::{
    Journal, PostgresJournal, PostgresSamples, Samples, SqliteJournal, SqliteSamples, StoreError,
};

/// The file in a data folder that names its organisation.
const ORG_FILE: &str = "organisation";

/// Where journal and samples are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder of this machine, with SQLite inside.
    Folder(PathBuf),
    /// A PostgreSQL database, by its URL.
    Database(String),
}

/// Journal and samples of one organisation.
pub struct Storage {
    /// The journal.
    pub journal: Box<dyn Journal>,
    /// Counts per minute.
    pub samples: Box<dyn Samples>,
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Storage")
    }
}

impl Place {
    /// Opens or makes the store of `org`. To be called outside any runtime.
    pub fn open(&self, org: &OrgId) -> Result<Storage, Problem> {
        match self {
            Self::Folder(folder) => {
                let journal =
                    SqliteJournal::open(folder, org.as_str()).map_err(|it| self.problem(&it))?;
                claim(folder, org)?;
                let samples =
                    SqliteSamples::open(folder, org.as_str()).map_err(|it| self.problem(&it))?;
                Ok(Storage { journal: Box::new(journal), samples: Box::new(samples) })
            }
            Self::Database(url) => {
                let journal =
                    PostgresJournal::open(url, org.as_str()).map_err(|it| self.problem(&it))?;
                let samples =
                    PostgresSamples::open(url, org.as_str()).map_err(|it| self.problem(&it))?;
                Ok(Storage { journal: Box::new(journal), samples: Box::new(samples) })
            }
        }
    }

    /// Opens the minutes of `org` alone, which may be read while a server goes on.
    pub fn samples(&self, org: &OrgId) -> Result<Box<dyn Samples>, Problem> {
        match self {
            Self::Folder(folder) => SqliteSamples::open(folder, org.as_str())
                .map(|it| Box::new(it) as Box<dyn Samples>)
                .map_err(|it| self.problem(&it)),
            Self::Database(url) => PostgresSamples::open(url, org.as_str())
                .map(|it| Box::new(it) as Box<dyn Samples>)
                .map_err(|it| self.problem(&it)),
        }
    }

    /// Whether a journal has been kept here before. A database is asked by opening it.
    #[must_use]
    pub fn exists(&self) -> bool {
        match self {
            Self::Folder(folder) => folder.join("journal.sqlite").is_file(),
            Self::Database(_) => true,
        }
    }

    /// The organisation a data folder belongs to, if it says so.
    #[must_use]
    pub fn org(&self) -> Option<OrgId> {
        let Self::Folder(folder) = self else { return None };
        let text = std::fs::read_to_string(folder.join(ORG_FILE)).ok()?;
        OrgId::new(text.trim()).ok()
    }

    /// How it is called in messages; never with a password.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Folder(folder) => folder.display().to_string(),
            Self::Database(url) => format!("the database at {}", host_of(url)),
        }
    }

    /// A failure of the store, in words.
    #[must_use]
    pub fn problem(&self, error: &StoreError) -> Problem {
        let primary = format!("could not open {}", self.shown());
        let problem = Problem::unreachable(primary).detail(error);
        match (error, self) {
            (StoreError::Unavailable(_), Self::Database(_)) => {
                problem.hint("check the URL given with --database, and that PostgreSQL runs")
            }
            (StoreError::Unavailable(_), Self::Folder(_)) => {
                problem.hint("check that the folder exists and that this user may write to it")
            }
            _ => problem,
        }
    }
}

/// Host and database of a URL, without user and password.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, it)| it);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, it)| it);
    let host = rest.split_once('?').map_or(rest, |(it, _)| it);
    // The form `key=value key=value` may hold a password anywhere.
    if url.contains("://") { host } else { "the given parameters" }
}

fn claim(folder: &Path, org: &OrgId) -> Result<(), Problem> {
    let file = folder.join(ORG_FILE);
    match std::fs::read_to_string(&file) {
        Ok(text) if text.trim() == org.as_str() => Ok(()),
        Ok(text) => {
            let primary = format!("the data folder {} belongs to somebody else", folder.display());
            let detail = format!("It is the one of `{}`, not of `{org}`.", text.trim());
            let hint = "name another folder with --data, or the other organisation in the file";
            Err(Problem::negative(primary).detail(detail).hint(hint))
        }
        Err(_) => std::fs::write(&file, format!("{org}\n")).map_err(|it| {
            Problem::unreachable(format!("could not write {}", file.display())).detail(it)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let shown = |url: &str| Place::Database(url.to_owned()).shown();
        assert_eq!(
            shown("postgres://lamp:secret@db.example:5432/lamp?sslmode=require"),
            "the database at db.example:5432/lamp"
        );
        assert_eq!(shown("host=db password=secret"), "the database at the given parameters");
    }
}
