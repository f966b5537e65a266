//! The emulated services of the solar organisation, and what depends on what.
//!
//! Intuition: a model railway. Six services count their events; breaking one makes it fail, and fails
//! what needs it, as in real life: when carrier A is down the lights of its region are not switched on
//! in time.

use super::traffic::{Counters, Shape, Spell, Stream, minutes_since};
use model::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Length of the generated history.
pub const HISTORY: Millis = Millis::from_days(28);

/// An emulated service.
#[derive(Debug, Clone, Copy)]
pub struct Emulated {
    /// As in the configuration.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    metric: &'static str,
    good: (&'static str, &'static str),
    bad: (&'static str, &'static str),
    shape: Shape,
}

const fn http(
    name: &'static str,
    title: &'static str,
    per_minute: f64,
    busiest: f64,
    bad_share: f64,
) -> Emulated {
    let shape = Shape { per_minute, busiest, bad_share };
    let (good, bad) = (("code", "200"), ("code", "500"));
    Emulated { name, title, metric: "http_requests_total", good, bad, shape }
}

const fn carrier(name: &'static str, title: &'static str, per_minute: f64) -> Emulated {
    let shape = Shape { per_minute, busiest: 960.0, bad_share: 0.002 };
    let (good, bad) = (("outcome", "delivered"), ("outcome", "failed"));
    Emulated { name, title, metric: "carrier_messages_total", good, bad, shape }
}

/// All of them. In the order of the ports of `example-services`.
pub const SERVICES: [Emulated; 6] = [
    http("reports-api", "Reports: what distributors read", 25.0, 780.0, 0.0015),
    http("payments-api", "Payments: clients pay with their telephones", 120.0, 960.0, 0.0002),
    Emulated {
        name: "activation",
        title: "Activation: switches a light on after payment",
        metric: "activation_total",
        good: ("outcome", "in_time"),
        bad: ("outcome", "late"),
        shape: Shape { per_minute: 60.0, busiest: 960.0, bad_share: 0.0008 },
    },
    http("sales-api", "Sales: agents sell a panel", 45.0, 660.0, 0.002),
    carrier("carrier-a", "Carrier A: carries most messages to the lights", 40.0),
    carrier("carrier-b", "Carrier B: the other regions, and in need all", 25.0),
];

/// Share of a broken service's events that are bad besides the usual ones.
const BROKEN: f64 = 0.9;
/// Share of the lights that are late while carrier A is broken: its region.
const LATE_WITHOUT_A: f64 = 0.6;
/// The same for carrier B.
const LATE_WITHOUT_B: f64 = 0.35;

/// What can be kept and brought back: when history begins, and what was broken when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// The seed of the traffic.
    pub seed: u64,
    /// When history begins.
    pub epoch: Timestamp,
    broken: BTreeMap<String, bool>,
    /// Per service: bad events besides the usual ones up to `since`, and the share from then on.
    extra: BTreeMap<String, Extra>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Extra {
    until: f64,
    since_minute: f64,
    share: f64,
}

/// The emulated services.
#[derive(Debug)]
pub struct Town {
    streams: BTreeMap<&'static str, Stream>,
    memory: Mutex<Memory>,
}

impl Town {
    /// Services with [`HISTORY`] before `now`.
    #[must_use]
    pub fn new(seed: u64, now: Timestamp) -> Self {
        // A whole UTC day, so that the waves of the day are where they belong.
        let day = Millis::from_days(1).0;
        let epoch = Timestamp(now.minus(HISTORY).0.div_euclid(day) * day - day);
        let (broken, extra) = (BTreeMap::new(), BTreeMap::new());
        Self::remembered(Memory { seed, epoch, broken, extra })
    }

    /// Services as they were.
    #[must_use]
    pub fn remembered(memory: Memory) -> Self {
        let streams = SERVICES
            .iter()
            .zip(1..)
            .map(|(it, salt)| {
                let seed = memory.seed.wrapping_mul(1_000_003).wrapping_add(salt);
                (it.name, Stream::new(it.shape, seed, past(it.name)))
            })
            .collect();
        Self { streams, memory: Mutex::new(memory) }
    }

    /// What must be kept to go on later.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.lock().clone()
    }

    /// Whether `name` is broken; `None` when there is none of that name.
    #[must_use]
    pub fn is_broken(&self, name: &str) -> Option<bool> {
        self.streams.get(name)?;
        Some(self.lock().broken.get(name).copied().unwrap_or(false))
    }

    /// Breaks a service from `now` on; false when there is none of that name.
    pub fn break_service(&self, name: &str, now: Timestamp) -> bool {
        self.set(name, true, now)
    }

    /// Mends a service from `now` on; false when there is none of that name.
    pub fn mend_service(&self, name: &str, now: Timestamp) -> bool {
        self.set(name, false, now)
    }

    fn set(&self, name: &str, broken: bool, now: Timestamp) -> bool {
        if !self.streams.contains_key(name) {
            return false;
        }
        let mut memory = self.lock();
        memory.broken.insert(name.to_owned(), broken);
        let minute = minutes_since(memory.epoch, now);
        for (name, stream) in &self.streams {
            let share = share(name, &memory.broken);
            let until = extra_until(&memory, name, stream, minute);
            memory.extra.insert((*name).to_owned(), Extra { until, since_minute: minute, share });
        }
        true
    }

    pub(crate) fn counters(&self, name: &str, now: Timestamp) -> Option<Counters> {
        let stream = self.streams.get(name)?;
        let memory = self.lock();
        let minute = minutes_since(memory.epoch, now);
        Some(stream.counters(minute, extra_until(&memory, name, stream, minute)))
    }

    /// What `name` serves at `/metrics`.
    #[must_use]
    pub fn metrics(&self, name: &str, now: Timestamp) -> Option<String> {
        let it = SERVICES.iter().find(|it| it.name == name)?;
        let counters = self.counters(name, now)?;
        let mut text = format!("# HELP {0} Events by outcome.\n# TYPE {0} counter\n", it.metric);
        for ((label, value), count) in [(it.good, counters.good), (it.bad, counters.bad)] {
            writeln!(text, "{}{{{label}=\"{value}\"}} {count}", it.metric)
                .expect("a string takes what is written to it");
        }
        Some(text)
    }

    /// Bad and all events of `name` in each minute of history before `now`, oldest first.
    #[must_use]
    pub fn history(&self, name: &str, now: Timestamp) -> Vec<(i64, (u64, u64))> {
        let minutes = now.minus(HISTORY).minute()..now.minute();
        let at = |minute| self.counters(name, Timestamp::from_minute(minute)).unwrap_or_default();
        let mut before = at(minutes.start);
        minutes
            .map(|minute| {
                let after = at(minute + 1);
                let bad = after.bad - before.bad;
                let all = bad + after.good - before.good;
                before = after;
                (minute, (bad, all))
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn extra_until(memory: &Memory, name: &str, stream: &Stream, minute: f64) -> f64 {
    memory.extra.get(name).map_or(0.0, |it| {
        // Time that goes back a little, as it may around a restart, takes nothing back.
        let from = it.since_minute;
        it.until + it.share * (stream.total(minute.max(from)) - stream.total(from))
    })
}

/// Which share of the events of `name` fails besides the usual ones.
fn share(name: &str, broken: &BTreeMap<String, bool>) -> f64 {
    let is = |name: &str| broken.get(name).copied().unwrap_or(false);
    match name {
        "activation" => match (is("activation"), is("carrier-a"), is("carrier-b")) {
            (true, ..) | (_, true, true) => BROKEN,
            (_, true, false) => LATE_WITHOUT_A,
            (_, false, true) => LATE_WITHOUT_B,
            _ => 0.0,
        },
        name if is(name) => BROKEN,
        _ => 0.0,
    }
}

/// What went wrong in the past 28 days, in minutes of history.
fn past(name: &str) -> Vec<Spell> {
    let spell = |day: f64, hour: f64, length: f64, share| {
        let from = (day * 24.0 + hour) * 60.0;
        Spell { from, to: from + length, share }
    };
    match name {
        "activation" => vec![spell(9.0, 15.2, 55.0, 0.45), spell(20.0, 6.5, 35.0, 0.20)],
        "payments-api" => vec![spell(14.0, 17.7, 18.0, 0.12)],
        "sales-api" => vec![spell(6.0, 8.0, 300.0, 0.14), spell(17.0, 9.5, 150.0, 0.18)],
        "reports-api" => vec![spell(11.0, 2.0, 45.0, 0.30)],
        "carrier-b" => vec![spell(20.0, 6.5, 35.0, 0.55)],
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = testkit::MONDAY;

    /// Bad of all events of `name` in the `minutes` from `from`.
    fn ratio(town: &Town, name: &str, from: Timestamp, minutes: i64) -> f64 {
        let at = |at| town.counters(name, at).unwrap();
        let (a, b) = (at(from), at(from.plus(Millis::from_mins(minutes))));
        let (bad, good) = (b.bad - a.bad, b.good - a.good);
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let ratio = bad as f64 / (bad + good) as f64;
        ratio
    }

    #[test]
    fn breaking_carrier_a_makes_lights_late() {
        let town = Town::new(1, NOW);
        assert!(ratio(&town, "activation", NOW, 10) < 0.02);
        assert!(town.break_service("carrier-a", NOW));
        assert!(ratio(&town, "activation", NOW, 10) > 0.5);
        assert!(ratio(&town, "carrier-a", NOW, 10) > 0.8);
        assert!(ratio(&town, "carrier-b", NOW, 10) < 0.1);
        let later = NOW.plus(Millis::from_mins(10));
        let before = town.counters("activation", later);
        town.mend_service("carrier-a", later);
        assert_eq!(town.counters("activation", later), before, "mending takes nothing back");
        assert!(ratio(&town, "activation", later, 10) < 0.02);
        assert!(!town.break_service("carrier-z", NOW));
    }

    #[test]
    fn a_remembered_town_counts_on() {
        let town = Town::new(1, NOW);
        town.break_service("payments-api", NOW);
        let memory = serde_json::to_string(&town.memory()).unwrap();
        let again = Town::remembered(serde_json::from_str(&memory).unwrap());
        let later = NOW.plus(Millis::from_hours(1));
        for it in SERVICES {
            assert_eq!(town.metrics(it.name, later), again.metrics(it.name, later));
            assert_eq!(town.is_broken(it.name), again.is_broken(it.name));
        }
    }

    /// Goal: history has no gap, fits the live counters, and is not empty.
    #[test]
    fn history_leads_up_to_now() {
        let town = Town::new(1, NOW);
        for it in SERVICES {
            let history = town.history(it.name, NOW);
            assert_eq!(history.len(), 28 * 1_440);
            let sum: u64 = history.iter().map(|(_, (_, all))| all).sum();
            let at = |at| town.counters(it.name, at).map(|it| it.good + it.bad).unwrap();
            assert_eq!(sum, at(NOW) - at(NOW.minus(HISTORY)), "{}", it.name);
            assert!(history.iter().all(|(_, (bad, all))| bad <= all));
        }
    }

    #[test]
    fn metrics_are_what_a_scraper_reads() {
        let town = Town::new(1, NOW);
        let text = town.metrics("activation", NOW).unwrap();
        let names: Vec<&str> = text.lines().map(|it| it.rsplit_once(' ').unwrap().0).collect();
        assert_eq!(
            names[2..],
            ["activation_total{outcome=\"in_time\"}", "activation_total{outcome=\"late\"}"]
        );
        assert_eq!(sources::exposition::parse(&text).unwrap().len(), 2);
    }
}
