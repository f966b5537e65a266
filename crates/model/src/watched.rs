//! What is watched besides alerts that arrive: heartbeats of others, times of planned work, and the
//! product itself.
//!
//! Intuition: most alarms ring when something happens. These ring when something does *not*: a job
//! that should have reported, a page that should have come out at the other end.
//!
//! Invariant: plain data; when a window begins in UTC is computed in `oncall`.

use crate::{
    ChannelId, Exclusion, ExclusionId, FeatureId, HeartbeatId, Millis, PersonId, SecretRef,
    ServiceId, Severity, TeamId, Weekday, WindowId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Everything an organisation wants watched in this way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Watched {
    /// Signs of life that others owe.
    pub heartbeats: BTreeMap<HeartbeatId, Heartbeat>,
    /// Times of planned work.
    pub maintenance: BTreeMap<WindowId, Maintenance>,
    /// Times that budgets do not count.
    pub exclusions: BTreeMap<ExclusionId, Exclusion>,
    /// A page through the whole product, to nobody.
    pub synthetic: Option<Synthetic>,
    /// A sign of life to somebody else.
    pub ping: Option<OutboundPing>,
}

/// A sign of life that somebody owes us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// How often it comes.
    pub every: Millis,
    /// How much later it may come before anybody is called.
    pub grace: Millis,
    /// How urgent its absence is.
    pub severity: Severity,
    /// What its absence is about.
    pub feature: Option<FeatureId>,
    /// What its absence is about.
    pub service: Option<ServiceId>,
    /// Who answers for it.
    pub team: Option<TeamId>,
}

/// Planned work: while it lasts, alerts that match call nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    /// Which alerts, as people write matchers: `service="payments-db"`.
    pub matchers: String,
    /// When.
    pub when: Recurrence,
    /// IANA zone in which that is meant.
    pub timezone: String,
    /// For how long, in time that passes: a change of clocks neither shortens nor lengthens it.
    pub lasts: Millis,
    /// Who answers for it.
    pub owner: PersonId,
    /// Why.
    pub reason: String,
}

/// When planned work begins, by a wall clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Recurrence {
    /// On which days.
    pub days: Days,
    /// Minute of the local day, 0 to 1439.
    pub minute: u16,
}

/// Days on which something recurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Days {
    /// Once, on the day `YYYY-MM-DD`.
    Once(String),
    /// Every day.
    Daily,
    /// On these days of each week, in order, without repetition. Never empty.
    Weekly(Vec<Weekday>),
    /// On this day of each month, 1 to 31; months without it are left out.
    MonthDay(u8),
    /// On the n-th such day of each month, 1 to 4, or the last one (0).
    MonthWeekday(u8, Weekday),
    /// By a rule of RFC 5545, counted from the day `YYYY-MM-DD`. The rule is read in `oncall`.
    Rule(String, String),
}

/// A text that says no times.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` does not say when; write `2026-12-24 22:00`, `daily 02:00`, `tue,thu 02:00`, \
     `monthly 15 02:00`, `monthly 2nd tue 02:00`, `monthly last sun 02:00` or \
     `from 2026-01-06 FREQ=WEEKLY;INTERVAL=2 02:00`"
)]
pub struct NotWhen(pub String);

/// A page through the whole product that wakes nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synthetic {
    /// How often.
    pub every: Millis,
    /// Within which time it must have come out at the other end.
    pub deadline: Millis,
    /// A channel it goes out by besides our own receiver.
    pub channel: Option<ChannelId>,
}

/// A sign of life of ours to somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboundPing {
    /// Where to send it.
    pub url: String,
    /// How often.
    pub every: Millis,
    /// Sent as `Authorization: Bearer …`, where wanted.
    pub token: Option<SecretRef>,
}

/// The name of the channel that brings synthetic pages back to us; no configuration may use it.
pub const SYNTHETIC: &str = "lamplighter-synthetic";

impl Watched {
    /// Whether nothing is watched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Recurrence {
    /// Reads `2026-12-24 22:00`, `daily 02:00`, `tue,thu 02:00`, `monthly 15 02:00`,
    /// `monthly 2nd tue 02:00`, `monthly last sun 02:00` or
    /// `from 2026-01-06 FREQ=WEEKLY;INTERVAL=2 02:00`. Whether such a rule makes sense is not judged here.
    pub fn parse(text: &str) -> Result<Self, NotWhen> {
        let not_when = || NotWhen(text.to_owned());
        let words: Vec<&str> = text.split_whitespace().collect();
        let (clock, days) = words.split_last().ok_or_else(not_when)?;
        let minute = clock_minute(clock).ok_or_else(not_when)?;
        let days = match *days {
            ["daily"] => Some(Days::Daily),
            ["monthly", day] => month_day(day),
            ["monthly", nth, day] => {
                nth_of(nth).zip(weekday(day)).map(|(nth, day)| Days::MonthWeekday(nth, day))
            }
            ["from", first, rule] if rule.starts_with("FREQ=") && is_day(first) => {
                Some(Days::Rule(first.to_owned(), rule.to_owned()))
            }
            [day] if day.starts_with(|it: char| it.is_ascii_digit()) => {
                is_day(day).then(|| Days::Once(day.to_owned()))
            }
            [list] => weekdays(list),
            _ => None,
        };
        Ok(Self { days: days.ok_or_else(not_when)?, minute })
    }
}

fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

fn clock_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |it: &str| it.len() == 2 && it.bytes().all(|it| it.is_ascii_digit());
    let both = (two(hour) && two(minute)).then(|| hour.parse().ok().zip(minute.parse().ok()))?;
    let (hour, minute): (u16, u16) = both?;
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

fn month_day(text: &str) -> Option<Days> {
    let day: u8 = text.parse().ok()?;
    (1..=31).contains(&day).then_some(Days::MonthDay(day))
}

const NTH: [&str; 5] = ["last", "1st", "2nd", "3rd", "4th"];

fn nth_of(text: &str) -> Option<u8> {
    NTH.iter().position(|it| *it == text).and_then(|it| u8::try_from(it).ok())
}

const WEEK: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

fn weekday(text: &str) -> Option<Weekday> {
    WEEK.iter().find(|(name, _)| *name == text).map(|(_, day)| *day)
}

fn name_of(day: Weekday) -> &'static str {
    WEEK.iter().find(|(_, it)| *it == day).map_or("mon", |(name, _)| *name)
}

fn weekdays(list: &str) -> Option<Days> {
    let days: Option<std::collections::BTreeSet<Weekday>> = list.split(',').map(weekday).collect();
    Some(Days::Weekly(days?.into_iter().collect()))
}

/// As it is read.
impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.days {
            Days::Once(day) => f.write_str(day)?,
            Days::Daily => f.write_str("daily")?,
            Days::Rule(first, rule) => write!(f, "from {first} {rule}")?,
            Days::Weekly(days) => {
                let names: Vec<&str> = days.iter().map(|it| name_of(*it)).collect();
                f.write_str(&names.join(","))?;
            }
            Days::MonthDay(day) => write!(f, "monthly {day}")?,
            Days::MonthWeekday(nth, day) => {
                let nth = NTH.get(usize::from(*nth)).copied().unwrap_or("last");
                write!(f, "monthly {nth} {}", name_of(*day))?;
            }
        }
        write!(f, " {:02}:{:02}", self.minute / 60, self.minute % 60)
    }
}

impl TryFrom<String> for Recurrence {
    type Error = NotWhen;
    fn try_from(text: String) -> Result<Self, NotWhen> {
        Self::parse(&text)
    }
}

impl From<Recurrence> for String {
    fn from(it: Recurrence) -> Self {
        it.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read is printed as it was written; `expected` is empty where it cannot be read.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let shown = Recurrence::parse(text).map_or_else(|_| String::new(), |it| it.to_string());
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn times_are_read_and_printed_alike() {
        for text in [
            "2026-12-24 22:00",
            "daily 02:30",
            "tue,thu 02:00",
            "sun 00:00",
            "monthly 15 23:59",
            "monthly 31 02:00",
            "monthly 2nd tue 02:00",
            "monthly last sun 02:00",
            "from 2026-01-06 FREQ=WEEKLY;INTERVAL=2;BYDAY=TU 02:00",
        ] {
            check(text, text);
        }
        check("thu,tue,thu  02:00", "tue,thu 02:00");
    }

    #[test]
    fn what_says_no_time_is_refused() {
        for text in [
            "",
            "02:00",
            "daily",
            "daily 24:00",
            "daily 2:00",
            "monthly 32 02:00",
            "monthly 0 02:00",
            "monthly 5th tue 02:00",
            "2026-02-30 02:00",
            "2026-12-24T22:00 02:00",
            "tues 02:00",
            "tue,,thu 02:00",
            "weekly tue 02:00",
            "from 2026-02-30 FREQ=DAILY 02:00",
            "from 2026-02-03 daily 02:00",
        ] {
            check(text, "");
        }
        assert!(Recurrence::parse("tues 02:00").unwrap_err().to_string().contains("tue,thu"));
    }
}
