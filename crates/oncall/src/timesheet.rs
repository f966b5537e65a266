//! Hours on duty as a table, and what they are paid.
//!
//! Intuition: a payslip that anybody can check with a clock: minutes as they really passed, so a night in
//! which clocks go back is an hour longer and is paid so.
//!
//! Conventions: nights (22:00 to 07:00) and weekends are those of the person's own zone, and public
//! holidays are those of their site. What they add comes on top of each other: a night of a holiday has
//! both. Amounts are whole cents, rounded once per line, half up.
//!
//! Invariants: the minutes of all lines are the minutes of all shifts in the range; two lines of the same
//! person and rota do not exist.

use crate::schedule::Duties;
use crate::weigh::weigh;
use model::{AwayKind, Catalogue, Pay, PersonId, RotaId, Timestamp};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The hours of one person in one rota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hours {
    /// Shifts that touch the range.
    pub shifts: u32,
    /// All minutes.
    pub minutes: i64,
    /// Of the night.
    pub night_minutes: i64,
    /// Of weekends.
    pub weekend_minutes: i64,
    /// Of public holidays.
    pub holiday_minutes: i64,
}

impl Hours {
    /// What they are paid, in cents.
    #[must_use]
    pub fn cents(&self, pay: &Pay) -> i64 {
        let of = |minutes: i64, rate: u32| i128::from(minutes) * i128::from(rate);
        let sixtieths = of(self.minutes, pay.hour_cents)
            + of(self.night_minutes, pay.night_cents)
            + of(self.weekend_minutes, pay.weekend_cents)
            + of(self.holiday_minutes, pay.holiday_cents);
        i64::try_from((sixtieths + 30).div_euclid(60)).unwrap_or(i64::MAX)
    }
}

/// The table of `from..to`.
#[must_use]
pub fn table(
    catalogue: &Catalogue,
    duties: &Duties<'_>,
    from: Timestamp,
    to: Timestamp,
) -> BTreeMap<(PersonId, RotaId), Hours> {
    let mut table: BTreeMap<(PersonId, RotaId), Hours> = BTreeMap::new();
    for rota in duties.rotas.keys() {
        for shift in duties.shifts(rota, from, to) {
            let (starts, ends) = (shift.starts.max(from), shift.ends.min(to));
            for id in &shift.people {
                let person = catalogue.people.get(id);
                let zone = person.map_or("UTC", |it| it.timezone.as_str());
                let weighed = weigh(zone, starts, ends, duties.zones);
                let away = person.map_or(&[][..], |it| &it.duty.away);
                let holidays = away.iter().filter(|it| it.kind == AwayKind::Holiday);
                let times = holidays.map(|it| (it.starts.max(starts), it.ends.min(ends)));
                let times = crate::wall::merged(times.filter(|it| it.0 < it.1).collect());
                let line = table.entry((id.clone(), rota.clone())).or_default();
                line.shifts += 1;
                line.minutes += weighed.minutes;
                line.night_minutes += weighed.night_minutes;
                line.weekend_minutes += weighed.weekend_minutes;
                let holiday = |it: &(Timestamp, Timestamp)| it.1.since(it.0).whole_mins();
                line.holiday_minutes += times.iter().map(holiday).sum::<i64>();
            }
        }
    }
    table
}

/// Cents as people write them.
#[must_use]
pub fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

/// The table as CSV (RFC 4180), a header first.
#[must_use]
pub fn csv(table: &BTreeMap<(PersonId, RotaId), Hours>, pay: Option<&Pay>) -> String {
    let mut text = "person,rota,shifts,minutes,night_minutes,weekend_minutes,holiday_minutes,amount,currency\r\n".to_owned();
    for ((person, rota), it) in table {
        let (amount, currency) =
            pay.map_or((String::new(), ""), |pay| (money(it.cents(pay)), pay.currency.as_str()));
        // Ids and currencies hold nothing that would need quotes.
        let _ = write!(
            text,
            "{person},{rota},{},{},{},{},{},{amount},{currency}\r\n",
            it.shifts, it.minutes, it.night_minutes, it.weekend_minutes, it.holiday_minutes
        );
    }
    text
}
