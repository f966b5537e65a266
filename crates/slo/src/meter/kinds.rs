//! Tests of what else can be counted: good events, buckets, gauges, pushes.

use super::*;
use crate::Counts;
use crate::testing::{Prng, catalogue};
use model::{Comparison, Labels};

const START: i64 = 29_000_000;

/// A meter whose `api.up` is measured as `sli`, by `bad` and `total`.
fn meter(sli: Sli) -> Meter {
    let mut catalogue = catalogue();
    let service = catalogue.services.get_mut(&"api".into()).unwrap();
    service.slos.get_mut("up").unwrap().sli = sli;
    catalogue.services.remove(&"carrier".into());
    Meter::new(&catalogue)
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_minute(START).plus(Millis::from_secs(secs))
}

fn series(name: &str, le: &str, at: Timestamp, value: f64) -> Series {
    let mut labels = Labels::from([
        ("__name__".to_owned(), name.to_owned()),
        ("job".to_owned(), "api".to_owned()),
        ("instance".to_owned(), "1".to_owned()),
    ]);
    if !le.is_empty() {
        labels.insert("le".to_owned(), le.to_owned());
    }
    Series { labels, samples: vec![(at, value)] }
}

fn shown(measured: &BTreeMap<i64, Slice>) -> String {
    let one = |(minute, slice): (&i64, &Slice)| match slice {
        Slice::Unknown => format!("{}:?", minute - START),
        Slice::Known(it) => format!("{}:{}/{}", minute - START, it.bad, it.total),
    };
    measured.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Goal: what is not good is bad, and no event is lost or invented over the whole. Method: seeded
/// events, of which every one is kept; readings of both counters every 15 s.
#[test]
fn bad_is_what_is_left_of_the_total() {
    for seed in 0..30 {
        let mut prng = Prng::new(seed);
        let mut meter = meter(Sli::Good);
        let (mut good, mut total, mut measured) = (0_u32, 0_u32, BTreeMap::new());
        for step in 0..160 {
            let now = at(step * 15);
            if step > 0 && step <= 120 {
                let more = u32::try_from(prng.below(50)).unwrap();
                total += more;
                // Mostly all good, so that both counters round alike and sometimes do not.
                let failed = if prng.below(6) == 0 { prng.below(5).min(more.into()) } else { 0 };
                good += more - u32::try_from(failed).unwrap();
            }
            for (name, value) in [("api_bad", good), ("api_total", total)] {
                let series = vec![series(name, "", now, f64::from(value))];
                meter.ingest(&"prometheus".into(), name, series, now).unwrap();
            }
            measured.extend(meter.drain(now).into_iter().map(|(_, minute, it)| (minute, it)));
        }
        let known: Vec<Counts> = measured.values().filter_map(|it| it.counts()).collect();
        let sum = |of: fn(&Counts) -> u64| known.iter().map(of).sum::<u64>();
        assert_eq!(sum(|it| it.total), u64::from(total), "seed {seed}");
        assert_eq!(sum(|it| it.bad), u64::from(total - good), "seed {seed}");
    }
}

/// Goal: a bound that no bucket has is unknown and named, never "everything was too slow"; once the
/// bound is there it is counted. Method: the same meter without and with the bucket.
#[test]
fn a_missing_bound_is_unknown_and_named() {
    let buckets = "api_bucket".to_owned();
    let mut meter = meter(Sli::Latency { under: "0.3".to_owned(), buckets: buckets.clone() });
    let source = SourceId::from("prometheus");
    let mut measured = BTreeMap::new();
    for step in 0..40 {
        let (now, has_bucket) = (at(step * 15), step >= 20);
        let selectors = meter.selectors(&source);
        assert_eq!(selectors.contains(&buckets), (1..=20).contains(&step), "{step}");
        let value = f64::from(u8::try_from(step).unwrap()) * 30.0;
        let fast =
            if has_bucket { vec![series("api_bucket", "0.3", now, value / 3.0)] } else { vec![] };
        let all = vec![series("api_total", "", now, value)];
        if selectors.contains(&buckets) {
            let bounds =
                ["0.1", "0.25", "0.5", "+Inf"].map(|it| series("api_bucket", it, now, 1.0));
            meter.ingest(&source, &buckets, bounds.to_vec(), now).unwrap();
        }
        meter.ingest(&source, "api_bad", fast, now).unwrap();
        meter.ingest(&source, "api_total", all, now).unwrap();
        measured.extend(meter.drain(now).into_iter().map(|(_, minute, it)| (minute, it)));
        let said = meter.missing_bounds(&source);
        if (2..20).contains(&step) {
            let nearest = "api.up: no bucket ends at 0.3; the nearest bounds are 0.25 and 0.5: write \
                           one of them";
            assert_eq!(said, [nearest], "{step}");
        } else if has_bucket {
            assert!(said.is_empty(), "{said:?}");
        }
    }
    let last = measured.split_off(&(START + 6));
    assert_eq!(shown(&last), "6:80/120 7:80/120 8:80/120");
}

#[test]
fn a_gauge_is_judged_by_the_minute() {
    let mut meter = meter(Sli::Gauge(Comparison::parse("<= 300").unwrap()));
    let mut measured = BTreeMap::new();
    for step in 0..24 {
        let now = at(step * 15);
        let value = if (6..8).contains(&step) { 301.0 } else { 300.0 };
        for name in ["api_bad", "api_total"] {
            let read = vec![series("age", "", now, value)];
            meter.ingest(&"prometheus".into(), name, read, now).unwrap();
        }
        measured.extend(meter.drain(now).into_iter().map(|(_, minute, it)| (minute, it)));
    }
    assert_eq!(shown(&measured), "0:0/1 1:1/1 2:0/1 3:0/1 4:0/1");
}

#[test]
fn a_push_stands_until_the_next_is_due() {
    let mut meter = meter(Sli::Pushed { every: Millis::from_mins(2), check: None, secret: None });
    assert!(meter.selectors(&"prometheus".into()).is_empty());
    let mut pushes = Pushes::default();
    pushes.set(START + 1, Counts::new(1, 7));
    pushes.set(START + 6, Counts::new(0, 3));
    meter.push(&"api.up".into(), pushes);
    let mut measured = BTreeMap::new();
    for step in 0..10 {
        let drained = meter.drain(at(step * 60));
        measured.extend(drained.into_iter().map(|(_, minute, it)| (minute, it)));
    }
    let recent = measured.split_off(&START);
    assert_eq!(shown(&recent), "0:? 1:1/7 2:0/0 3:0/0 4:? 5:? 6:0/3 7:0/0");
}

/// Goal: answers to questions become minutes, late corrections are delivered again, a minute without an
/// answer for all events is unknown, and readings of questions teach nothing about scrapes. Method: an
/// answer per minute from the reader's own rhythm, one of them corrected by the next.
#[test]
fn what_is_asked_becomes_minutes() {
    use model::{Asks, Per};
    let mut meter = meter(Sli::Query { asks: Asks::Bad, per: Per::Second });
    let source = SourceId::from("prometheus");
    let asked = meter.selectors(&source).into_iter().collect::<Vec<_>>();
    assert_eq!(asked, ["= api_bad", "= api_total"]);
    let mut measured = BTreeMap::new();
    for minute in 1..6 {
        let now = at(minute * 60 + 15);
        // All events of the third minute are not known; the bad ones of the second come late.
        let bad =
            [(1, 1.0), (2, if minute >= 3 { 1.0 } else { 0.5 }), (3, 1.0), (4, 0.0), (5, 0.25)];
        let total = [(1, 2.0), (2, 2.0), (4, 2.0), (5, 2.0)];
        for (selector, answers) in asked.iter().zip([&bad[..], &total[..]]) {
            let until = answers.iter().filter(|it| it.0 <= minute);
            let samples = until.map(|(minute, it)| (at(minute * 60), *it)).collect();
            let series = vec![Series { labels: Labels::new(), samples }];
            meter.ingest(&source, selector, series, now).unwrap();
        }
        let drained = meter.drain(at(minute * 60 + 21)).into_iter().map(|(_, at, it)| (at, it));
        let drained: BTreeMap<i64, Slice> = drained.collect();
        if minute == 3 {
            assert_eq!(shown(&drained), "1:60/120 2:?");
        }
        measured.extend(drained);
    }
    assert_eq!(shown(&measured), "0:60/120 1:60/120 2:? 3:0/120 4:15/120");
}

/// Goal: what was noted of a heartbeat stands, and a minute nobody noted is unknown without wiping out
/// what is stored. Method: two minutes noted, a meter that begins after the first of them.
#[test]
fn a_heartbeat_is_what_was_noted() {
    let mut meter = meter(Sli::Heartbeat { heartbeat: "nightly".into() });
    assert!(meter.selectors(&"prometheus".into()).is_empty());
    let mut noted = Pushes::default();
    noted.set(START + 1, Counts::new(1, 1));
    noted.set(START + 3, Counts::new(0, 1));
    meter.push(&"api.up".into(), noted);
    let mut measured = BTreeMap::new();
    for minute in 2..6 {
        let drained = meter.drain(at(minute * 60 + 6));
        measured.extend(drained.into_iter().map(|(_, minute, it)| (minute, it)));
    }
    assert_eq!(shown(&measured), "1:1/1 2:? 3:0/1 4:?");
}
