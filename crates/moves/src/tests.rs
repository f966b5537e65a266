//! Samples of the documented shapes, and what becomes of them.
//!
//! Intuition: each system has a walk of its own here, written from its documentation and not from the
//! reader: it answers who is on duty at one minute. What was written is asked the same at every minute that
//! is sampled, over both changes of the clocks.

mod damage;
mod goalert;
mod oncall_grafana;
mod opsgenie;
mod pagerduty;
mod splunk;

use crate::{Moved, Options, System, import};
use formats::report;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::{RotaId, Timestamp};
use oncall::{Duties, Zones};
use std::collections::{BTreeMap, BTreeSet};

/// Minutes between two questions; a prime, so that every minute of an hour is asked sooner or later.
const STEP_MINS: i64 = 7;

fn time(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn moved(system: System, files: &[(&str, &str)], now: &str) -> Moved {
    let zones = Zones::bundled();
    let files: Vec<_> = files.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let options = Options { org: "solar", now: time(now), zones: &zones, against: None };
    import(system, &files, &options)
}

/// The whole report of an import that must not write anything.
#[track_caller]
fn refused(system: System, files: &[(&str, &str)], now: &str) -> String {
    let moved = moved(system, files, now);
    assert_eq!(moved.text, None, "something was written");
    report(&moved.losses)
}

/// What is said of `files` when one of them is another one; nothing may be written then.
#[track_caller]
fn check_damaged(
    (system, now): (System, &str),
    files: &[(&str, &str)],
    name: &str,
    change: impl Fn(&str) -> String,
    expected: &str,
) {
    let other = |file: &str, text: &str| {
        if file == name { change(text) } else { text.to_owned() }
    };
    let files: Vec<(&str, String)> = files.iter().map(|(a, b)| (*a, other(a, b))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (*a, b.as_str())).collect();
    let told = refused(system, &files, now);
    assert!(told.contains(expected), "{told}\nlacks\n{expected}");
}

/// The catalogue of what was written, which must pass `check` without an error.
#[track_caller]
fn written(moved: &Moved) -> model::Catalogue {
    let text = moved.text.as_deref().unwrap_or_else(|| panic!("{}", report(&moved.losses)));
    let loaded = catalog::load_str(&[("imported.yaml", text)]);
    let shown = catalog::render(&loaded, false);
    loaded.catalogue.unwrap_or_else(|| panic!("{text}\n{shown}"))
}

/// A clock on the wall.
struct Wall(TimeZone);

impl Wall {
    fn of(zone: &str) -> Self {
        Self(Zones::bundled().get(zone).unwrap())
    }

    fn shown(&self, at: Timestamp) -> DateTime {
        at.to_jiff().to_zoned(self.0.clone()).datetime()
    }

    /// Whole days and minutes of the day from `first` to `at`, by the calendar on the wall.
    fn minutes_since(&self, first: DateTime, at: Timestamp) -> i64 {
        let shown = self.shown(at);
        let days = i64::from(first.date().until(shown.date()).unwrap().get_days());
        let minute = |it: DateTime| i64::from(it.hour()) * 60 + i64::from(it.minute());
        days * 1_440 + minute(shown) - minute(first)
    }
}

/// Compares what was written with `walk` at every sampled minute; how many were compared.
#[track_caller]
fn same_people(
    moved: &Moved,
    rotas: &[&str],
    (from, to): (&str, &str),
    walk: impl Fn(Timestamp) -> Vec<&'static str>,
) -> i64 {
    let (catalogue, zones, none) = (written(moved), Zones::bundled(), BTreeMap::new());
    let duties = Duties { rotas: &catalogue.rotas, overrides: &none, zones: &zones };
    let (from, to) = (time(from), time(to));
    let mut shifts = vec![];
    for rota in rotas {
        let id = RotaId::new(rota).unwrap();
        assert!(catalogue.rotas.contains_key(&id), "no rota {rota}: {:?}", catalogue.rotas.keys());
        shifts.extend(duties.shifts(&id, from, to));
    }
    let (mut minute, mut asked) = (from.minute(), 0);
    while minute < to.minute() {
        let at = Timestamp::from_minute(minute);
        let here = shifts.iter().filter(|it| it.starts <= at && at < it.ends);
        let ours: BTreeSet<&str> =
            here.flat_map(|it| it.people.iter().map(model::PersonId::as_str)).collect();
        let theirs: BTreeSet<&str> = walk(at).into_iter().collect();
        assert_eq!(
            ours,
            theirs,
            "{rotas:?} at {at}\n{}",
            moved.text.as_deref().unwrap_or_default()
        );
        minute += STEP_MINS;
        asked += 1;
    }
    asked
}
