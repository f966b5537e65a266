//! When somebody works: hours on a wall clock, compiled to spans of instants.
//!
//! Intuition: "nine to five in Nairobi, not on 25 December" is a rule; the simulation wants to know
//! when the next door opens. The rule is walked once, day by day, over the time that is simulated.
//!
//! Complications: a day on which clocks change is an hour shorter or longer for whoever works at
//! night; a local time that does not exist moves forward by the gap, one that exists twice means the
//! first. A shift that ends at or before it begins ends on the next day.
//!
//! Invariants:
//! - spans are sorted, do not touch each other and are not empty.

use jiff::ToSpan;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use model::Weekday;

/// Working hours by the wall clock of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// On which days a shift begins.
    pub days: Vec<Weekday>,
    /// Minute of the day at which it begins.
    pub from_minute: u16,
    /// Minute of the day at which it ends; at or before `from_minute`: on the next day.
    pub to_minute: u16,
    /// Days on which no shift begins, as years, months and days: holidays, leave.
    pub absent: Vec<(i16, i8, i8)>,
}

/// A stretch of time: the first instant, and the first one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first instant, in milliseconds since 1970.
    pub from_ms: i64,
    /// The first instant after it.
    pub to_ms: i64,
}

impl Span {
    /// How long it is.
    #[must_use]
    pub fn length_ms(self) -> i64 {
        self.to_ms - self.from_ms
    }

    /// What both have in common.
    #[must_use]
    pub fn cut(self, other: Self) -> Option<Self> {
        let from_ms = self.from_ms.max(other.from_ms);
        let to_ms = self.to_ms.min(other.to_ms);
        (from_ms < to_ms).then_some(Self { from_ms, to_ms })
    }
}

/// When somebody works, over the time that is simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    spans: Vec<Span>,
}

impl Calendar {
    /// Without a break.
    #[must_use]
    pub fn always(within: Span) -> Self {
        Self { spans: vec![within] }
    }

    /// From spans in any order; those that touch become one.
    #[must_use]
    pub fn of(mut spans: Vec<Span>) -> Self {
        spans.retain(|it| it.length_ms() > 0);
        spans.sort();
        let mut merged: Vec<Span> = vec![];
        for span in spans {
            match merged.last_mut() {
                Some(last) if span.from_ms <= last.to_ms => last.to_ms = last.to_ms.max(span.to_ms),
                _ => merged.push(span),
            }
        }
        Self { spans: merged }
    }

    /// `hours` by the rules of `zone`, where they fall into `within`.
    #[must_use]
    pub fn compile(hours: &Hours, zone: &TimeZone, within: Span) -> Self {
        let start = local_date(within.from_ms, zone).saturating_sub(2.days());
        let end = local_date(within.to_ms, zone).saturating_add(1.day());
        let mut spans = vec![];
        let mut day = start;
        while day <= end && day < Date::MAX {
            let next = day.saturating_add(1.day());
            if begins(hours, day) {
                let last = if hours.to_minute > hours.from_minute { day } else { next };
                let span = Span {
                    from_ms: instant(day, hours.from_minute, zone),
                    to_ms: instant(last, hours.to_minute, zone),
                };
                spans.extend(span.cut(within));
            }
            day = next;
        }
        Self::of(spans)
    }

    /// The spans, in order.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Whether somebody works at `at_ms`.
    #[must_use]
    pub fn is_open(&self, at_ms: i64) -> bool {
        let after = self.spans.partition_point(|it| it.to_ms <= at_ms);
        self.spans.get(after).is_some_and(|it| it.from_ms <= at_ms)
    }

    /// The open spans inside `within`.
    pub fn inside(&self, within: Span) -> impl Iterator<Item = Span> + '_ {
        let first = self.spans.partition_point(|it| it.to_ms <= within.from_ms);
        self.spans[first..]
            .iter()
            .take_while(move |it| it.from_ms < within.to_ms)
            .filter_map(move |it| it.cut(within))
    }

    /// How much of `within` is open.
    #[must_use]
    pub fn open_ms(&self, within: Span) -> i64 {
        self.inside(within).map(Span::length_ms).sum()
    }

    /// What this and `other` have in common.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self::of(self.spans.iter().flat_map(|it| other.inside(*it)).collect())
    }

    /// This without `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut left = vec![];
        for span in &self.spans {
            let mut from_ms = span.from_ms;
            for hole in other.inside(*span) {
                left.push(Span { from_ms, to_ms: hole.from_ms });
                from_ms = hole.to_ms;
            }
            left.push(Span { from_ms, to_ms: span.to_ms });
        }
        Self::of(left)
    }
}

fn begins(hours: &Hours, day: Date) -> bool {
    let weekday = match day.weekday() {
        jiff::civil::Weekday::Monday => Weekday::Mon,
        jiff::civil::Weekday::Tuesday => Weekday::Tue,
        jiff::civil::Weekday::Wednesday => Weekday::Wed,
        jiff::civil::Weekday::Thursday => Weekday::Thu,
        jiff::civil::Weekday::Friday => Weekday::Fri,
        jiff::civil::Weekday::Saturday => Weekday::Sat,
        jiff::civil::Weekday::Sunday => Weekday::Sun,
    };
    hours.days.contains(&weekday) && !hours.absent.contains(&(day.year(), day.month(), day.day()))
}

fn local_date(at_ms: i64, zone: &TimeZone) -> Date {
    zone.to_datetime(model::Timestamp(at_ms).to_jiff()).date()
}

/// The instant of a wall-clock minute; minute 1440 is the midnight after the day.
fn instant(day: Date, minute: u16, zone: &TimeZone) -> i64 {
    let day = if minute >= 1_440 { day.saturating_add(1.day()) } else { day };
    let hour = i8::try_from(minute % 1_440 / 60).expect("below 24");
    let minute = i8::try_from(minute % 60).expect("below 60");
    let local = day.to_datetime(Time::constant(hour, minute, 0, 0));
    let ambiguous = zone.to_ambiguous_timestamp(local);
    ambiguous.compatible().map_or(i64::MAX, |it| model::Timestamp::from_jiff(it).0)
}
