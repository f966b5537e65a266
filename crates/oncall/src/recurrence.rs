//! Recurrence rules of RFC 5545, the part that names days.
//!
//! Intuition: a rule goes from period to period (day, week, month, year, or every so-many-th of them)
//! and picks days in each. Times of day are not its business: a shift starts at one time of day, and an
//! all-day entry of a calendar has none.
//!
//! Ours and not a crate: the one for RRULE counts in `chrono` with a second time-zone database, and two
//! sets of zone rules in one pager would one night disagree about an hour.
//!
//! Complications: a first day that does not match its own rule is not an occurrence (as in
//! python-dateutil; RFC 5545 calls it undefined). What we do not read is refused by name, never passed
//! over: a shift on a wrong day is worse than an error.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// A rule that names days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    every: Every,
    interval: i64,
    days: Vec<(i64, Weekday)>,
    month_days: Vec<i8>,
    months: Vec<i8>,
    positions: Vec<i64>,
    count: Option<usize>,
    until: Option<Date>,
    week_start: Weekday,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Every {
    Day,
    Week,
    Month,
    Year,
}

/// Periods without a match after which a rule is taken to have none left, such as 30 February: a century
/// and more, since a 29 February that is a Monday keeps people waiting for forty years.
const BARREN_MAX: u32 = 5_300;
/// The same where a period is a day.
const BARREN_DAYS_MAX: u32 = 36_600;
/// The last year in which anything recurs.
const YEAR_MAX: i16 = 9_900;

impl Recurrence {
    /// Reads the value of an RRULE, such as `FREQ=WEEKLY;BYDAY=MO,WE`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut every = None;
        let mut rule = Self {
            every: Every::Day,
            interval: 1,
            days: vec![],
            month_days: vec![],
            months: vec![],
            positions: vec![],
            count: None,
            until: None,
            week_start: Weekday::Monday,
        };
        for part in text.trim().trim_start_matches("RRULE:").split(';').filter(|it| !it.is_empty())
        {
            let (name, value) =
                part.split_once('=').ok_or_else(|| format!("`{part}` is not NAME=VALUE"))?;
            if name.eq_ignore_ascii_case("FREQ") {
                every = Some(frequency(value)?);
            } else {
                rule.part(&name.to_ascii_uppercase(), value)?;
            }
        }
        rule.every = every.ok_or("it says no FREQ")?;
        rule.fits()?;
        Ok(rule)
    }

    fn part(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "INTERVAL" => self.interval = number(value, 1, 10_000)?,
            "COUNT" => {
                self.count = usize::try_from(number(value, 1, 1_000_000)?).ok();
            }
            "UNTIL" => self.until = Some(day(value)?),
            "WKST" => self.week_start = weekday(value)?,
            "BYDAY" => self.days = list(value, nth_weekday)?,
            "BYMONTHDAY" => self.month_days = list(value, |it| small(it, 31, true))?,
            "BYMONTH" => self.months = list(value, |it| small(it, 12, false))?,
            "BYSETPOS" => {
                self.positions = list(value, |it| Ok(i64::from(small(it, 100, true)?)))?;
            }
            other => return Err(format!("`{other}` is not read")),
        }
        Ok(())
    }

    fn fits(&self) -> Result<(), String> {
        let numbered = self.days.iter().any(|it| it.0 != 0);
        match self.every {
            Every::Day | Every::Week if numbered => {
                Err("a numbered day such as `1MO` needs FREQ=MONTHLY or YEARLY".into())
            }
            Every::Week if !self.month_days.is_empty() => {
                Err("BYMONTHDAY does not go with FREQ=WEEKLY".into())
            }
            Every::Day | Every::Week if !self.positions.is_empty() => {
                Err("BYSETPOS goes with FREQ=MONTHLY and YEARLY only".into())
            }
            _ if self.count.is_some() && self.until.is_some() => {
                Err("COUNT and UNTIL do not go together".into())
            }
            _ => Ok(()),
        }
    }

    /// Lets `last` be the last day it may name.
    pub(crate) fn ends_on(&mut self, last: Date) {
        self.until = Some(last);
    }

    /// The days it names from `first` on, in order.
    pub fn dates(&self, first: Date) -> impl Iterator<Item = Date> + '_ {
        let mut period = 0_i64;
        let mut barren = 0_u32;
        let mut ready: std::collections::VecDeque<Date> = std::collections::VecDeque::new();
        let mut given = 0_usize;
        let barren_max = if self.every == Every::Day { BARREN_DAYS_MAX } else { BARREN_MAX };
        std::iter::from_fn(move || {
            if self.count.is_some_and(|it| given >= it) {
                return None;
            }
            while ready.is_empty() {
                if barren > barren_max {
                    return None;
                }
                let found = self.in_period(first, period)?;
                period += 1;
                barren += 1;
                ready.extend(found.into_iter().filter(|it| *it >= first));
            }
            barren = 0;
            let next = ready.pop_front()?;
            if next.year() > YEAR_MAX || self.until.is_some_and(|it| next > it) {
                return None;
            }
            given += 1;
            Some(next)
        })
    }

    /// The days of period number `period` from the one with `first`, in order; `None` past the calendar.
    fn in_period(&self, first: Date, period: i64) -> Option<Vec<Date>> {
        let step = period.checked_mul(self.interval)?;
        let mut days = match self.every {
            Every::Day => vec![first.checked_add(step.days()).ok()?],
            Every::Week => {
                let back = since(self.week_start, first.weekday());
                let monday = first.checked_sub(back.days()).ok()?;
                let monday = monday.checked_add((step.checked_mul(7)?).days()).ok()?;
                (0..7).map_while(|it| monday.checked_add(it.days()).ok()).collect()
            }
            Every::Month => month_days(first.first_of_month().checked_add(step.months()).ok()?),
            Every::Year => {
                let start = first.first_of_year().checked_add(step.years()).ok()?;
                (0..12)
                    .map_while(|it| start.checked_add(it.months()).ok())
                    .flat_map(month_days)
                    .collect()
            }
        };
        days.retain(|it| self.takes(first, *it));
        if !self.positions.is_empty() {
            days = self.positioned(&days);
        }
        Some(days)
    }

    fn positioned(&self, days: &[Date]) -> Vec<Date> {
        let length = i64::try_from(days.len()).unwrap_or(i64::MAX);
        let place = |it: &i64| if *it > 0 { *it - 1 } else { length + *it };
        let places = self.positions.iter().map(place).filter_map(|it| usize::try_from(it).ok());
        let mut taken: Vec<Date> = places.filter_map(|it| days.get(it).copied()).collect();
        taken.sort_unstable();
        taken.dedup();
        taken
    }

    fn takes(&self, first: Date, day: Date) -> bool {
        let in_month = self.months.is_empty() || self.months.contains(&day.month());
        let unsaid = self.days.is_empty() && self.month_days.is_empty();
        let usual = match self.every {
            Every::Day => true,
            Every::Week => !unsaid || day.weekday() == first.weekday(),
            Every::Month => !unsaid || day.day() == first.day(),
            Every::Year => {
                let month = !self.months.is_empty() || day.month() == first.month();
                !unsaid || (day.day() == first.day() && month)
            }
        };
        let of_month = self.month_days.is_empty()
            || self.month_days.contains(&day.day())
            || self.month_days.contains(&(day.day() - day.days_in_month() - 1));
        let of_week = self.days.is_empty()
            || self.days.iter().any(|(nth, name)| *name == day.weekday() && self.is_nth(*nth, day));
        in_month && usual && of_month && of_week
    }

    /// Whether `day` is the `nth` of its name in its month, or in its year where a rule of years names no
    /// months; counted from the end where `nth` is negative.
    fn is_nth(&self, nth: i64, day: Date) -> bool {
        let (number, length) = if self.every == Every::Year && self.months.is_empty() {
            (day.day_of_year(), day.days_in_year())
        } else {
            (i16::from(day.day()), i16::from(day.days_in_month()))
        };
        match nth {
            0 => true,
            1.. => i64::from((number - 1) / 7) + 1 == nth,
            _ => i64::from((length - number) / 7) + 1 == -nth,
        }
    }
}

fn month_days(start: Date) -> Vec<Date> {
    (0..i64::from(start.days_in_month()))
        .map_while(|it| start.checked_add(it.days()).ok())
        .collect()
}

/// Days from the last `start` to `day`.
fn since(start: Weekday, day: Weekday) -> i64 {
    i64::from(day.to_monday_zero_offset() - start.to_monday_zero_offset()).rem_euclid(7)
}

fn frequency(value: &str) -> Result<Every, String> {
    match value.to_ascii_uppercase().as_str() {
        "DAILY" => Ok(Every::Day),
        "WEEKLY" => Ok(Every::Week),
        "MONTHLY" => Ok(Every::Month),
        "YEARLY" => Ok(Every::Year),
        other => Err(format!("FREQ={other} is not read: use DAILY, WEEKLY, MONTHLY or YEARLY")),
    }
}

fn list<T>(value: &str, item: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    value.split(',').map(|it| item(it.trim())).collect()
}

fn number(value: &str, least: i64, most: i64) -> Result<i64, String> {
    let found: Option<i64> = value.trim().parse().ok();
    found
        .filter(|it| (least..=most).contains(it))
        .ok_or_else(|| format!("`{value}` is not a whole number from {least} to {most}"))
}

fn small(value: &str, most: i8, signed: bool) -> Result<i8, String> {
    let found: Option<i8> = value.trim_start_matches('+').parse().ok();
    let ok = |it: &i8| *it != 0 && it.unsigned_abs() <= most.unsigned_abs() && (signed || *it > 0);
    found.filter(ok).ok_or_else(|| format!("`{value}` is not a number up to {most}"))
}

fn nth_weekday(value: &str) -> Result<(i64, Weekday), String> {
    let at = value.len().checked_sub(2).filter(|it| value.is_char_boundary(*it));
    let (nth, name) = value.split_at(at.ok_or_else(|| format!("`{value}` is not a day"))?);
    let nth = if nth.is_empty() { 0 } else { i64::from(small(nth, 53, true)?) };
    Ok((nth, weekday(name)?))
}

fn weekday(value: &str) -> Result<Weekday, String> {
    match value.trim().to_ascii_uppercase().as_str() {
        "MO" => Ok(Weekday::Monday),
        "TU" => Ok(Weekday::Tuesday),
        "WE" => Ok(Weekday::Wednesday),
        "TH" => Ok(Weekday::Thursday),
        "FR" => Ok(Weekday::Friday),
        "SA" => Ok(Weekday::Saturday),
        "SU" => Ok(Weekday::Sunday),
        other => Err(format!("`{other}` is not a day: use MO, TU, WE, TH, FR, SA, SU")),
    }
}

/// The day of `20261231`, `2026-12-31` or `20261231T235959Z`.
fn day(value: &str) -> Result<Date, String> {
    let digits: String = value.split('T').next().unwrap_or_default().replace('-', "");
    let part = |range| digits.get(range).and_then(|it: &str| it.parse::<i16>().ok());
    let narrow = |it: Option<i16>| it.and_then(|it| i8::try_from(it).ok());
    let made = (digits.len() == 8)
        .then(|| Date::new(part(0..4)?, narrow(part(4..6))?, narrow(part(6..8))?).ok())
        .flatten();
    made.ok_or_else(|| format!("`{value}` is not a day such as 20261231"))
}
