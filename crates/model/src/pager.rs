//! How pages leave an organisation: for real or in shadow, and how many one person may get.
//!
//! Intuition: everything here protects people, and nothing here may lose a page. A limit moves a page to
//! somebody else, writes down that a day off is owed, or lets something calm wait; it never ends one.

use crate::SecretRef;
use serde::{Deserialize, Serialize};

/// Whether people are called, or only what would have happened is written down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Pages go out.
    #[default]
    Live,
    /// Pages run through their whole life and nobody hears of them: another pager still calls.
    Shadow,
}

/// How pages leave an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pager {
    /// For real or in shadow; a team may say otherwise for itself.
    #[serde(default)]
    pub mode: Mode,
    /// Most calls that one person gets within ten minutes; further ones share one message.
    pub calls_per_10min_max: u16,
    /// Most alerts that fire at the same time; beyond, doors answer 503 and senders try again.
    #[serde(default = "alerts_open", skip_serializing_if = "is_alerts_open")]
    pub alerts_open_max: u32,
    /// What PagerDuty signs its webhooks with, where they are to be checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pagerduty_secret: Option<SecretRef>,
}

impl Pager {
    /// Calls within ten minutes where nothing else is said.
    pub const CALLS_PER_10MIN: u16 = 5;

    /// Alerts that fire at the same time where nothing else is said: some 600 MB of memory.
    pub const ALERTS_OPEN: u32 = 200_000;

    /// Whether nothing was said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn alerts_open() -> u32 {
    Pager::ALERTS_OPEN
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_alerts_open(it: &u32) -> bool {
    *it == Pager::ALERTS_OPEN
}

impl Default for Pager {
    fn default() -> Self {
        Self {
            mode: Mode::Live,
            calls_per_10min_max: Self::CALLS_PER_10MIN,
            alerts_open_max: Self::ALERTS_OPEN,
            pagerduty_secret: None,
        }
    }
}

/// How many pages one person may get, and what happens at the limit. Never for the highest severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadLimit {
    /// So many, at least 1. One incident counts once, however often it calls.
    pub pages: u16,
    /// Within what.
    pub per: LoadPer,
    /// And then.
    pub then: LoadThen,
}

/// Over what pages are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadPer {
    /// The shift that the person has now; a day where no rota was asked.
    Shift,
    /// The person's own night, 22:00 to 07:00 where they are. By day nothing is counted.
    Night,
    /// The last 24 hours.
    Day,
}

/// What happens at the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadThen {
    /// The next in the rota takes over for the rest of the shift.
    Relieve,
    /// A day is noted for the person.
    Credit,
    /// What is calm waits for them until the shift or the night is over.
    Hold,
}
