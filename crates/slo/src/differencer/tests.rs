//! Readings in, events per minute out.

use super::*;
use crate::testing::Prng;

const INTERVAL: Millis = Millis::from_secs(15);

fn labels(job: &str, code: &str) -> Labels {
    [("job", job), ("code", code)].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
}

/// Readings as `seconds=value`; the result as `events` (or `events~` when less than half of the
/// minute is covered) for minutes 0, 1, 2 …
#[track_caller]
fn check(readings: &str, expected: &str) {
    let mut differencer = Differencer::new(INTERVAL);
    let mut targets = Targets::default();
    let now = Timestamp(1_000_000);
    for batch in readings.split('|') {
        let read = |it: &str| {
            let (at, value) = it.split_once('=').unwrap();
            (Timestamp(at.parse::<i64>().unwrap() * 1_000), value.parse().unwrap())
        };
        let samples = batch.split_whitespace().map(read).collect();
        let series = [Series { labels: labels("a", "200"), samples }];
        targets.note(&series);
        differencer.ingest(&series, &targets, now);
    }
    let minutes = i64::try_from(expected.split_whitespace().count()).unwrap();
    let shown: Vec<String> = (0..minutes)
        .map(|minute| {
            let sum = differencer.sum(minute);
            let unsure = if sum.covered < Millis::from_secs(30) { "~" } else { "" };
            format!("{}{unsure}", sum.count)
        })
        .collect();
    assert_eq!(shown.join(" "), expected);
}

#[test]
fn events_are_split_across_minutes_by_time() {
    check("0=100 15=110 30=120 45=130 60=140", "40 0~");
    check("45=0 75=30", "15~ 15~");
    check("30=0 50=1 70=2 90=3", "1 2");
    check("0=7", "0~");
}

#[test]
fn a_counter_that_falls_counts_from_zero() {
    check("0=100 15=110 30=4 45=9 60=10", "20");
    check("0=100 30=0 60=0", "0");
}

#[test]
fn a_gap_is_not_covered_but_its_events_count_when_it_ends() {
    check("0=0 15=10 30=20 45=30 60=40 315=100 330=101 345=102 360=103", "40 0~ 0~ 0~ 0~ 63");
    check("0=0 45=30 60=40", "40");
}

#[test]
fn late_and_repeated_readings_find_their_place() {
    check("0=0 60=60 | 0=0 30=0 60=60", "60");
    check("45=0 75=30 | 60=30", "30~ 0~");
    check("0=100 60=120 | 30=5", "120");
    check("15=10 30=20 | 0=5", "10~");
    check("0=0 30=60 | 30=90", "90");
}

#[test]
fn what_is_no_reading_is_ignored() {
    check("0=0 15=NaN 30=inf 45=-1 60=6", "6~");
    check("0=0 20=2 40=4 60=6 2000=900", "6");
}

#[test]
fn a_first_reading_counts_only_if_its_target_was_seen_before() {
    let mut targets = Targets::default();
    let seen = |code: &str, at: i64, value: f64| {
        [Series { labels: labels("a", code), samples: vec![(Timestamp(at), value)] }]
    };
    targets.note(&seen("200", 15_000, 5.0));
    targets.note(&seen("200", 30_000, 6.0));
    let mut differencer = Differencer::new(INTERVAL);
    let now = Timestamp(60_000);
    differencer.ingest(&seen("500", 30_000, 50.0), &targets, now);
    assert_eq!(differencer.sum(0).count, 50, "the target was there without it");

    let mut differencer = Differencer::new(INTERVAL);
    differencer.ingest(&seen("500", 15_000, 50.0), &targets, now);
    assert_eq!(differencer.sum(0).count, 0, "nobody knows how long it was there");
}

#[test]
fn too_many_series_are_refused_and_absent_ones_make_room() {
    let many = |from: usize, count: usize, at: i64| -> Vec<Series> {
        let one = |it: usize| Series {
            labels: labels("a", &it.to_string()),
            samples: vec![(Timestamp(at), 1.0)],
        };
        (from..from + count).map(one).collect()
    };
    let mut differencer = Differencer::new(INTERVAL);
    let (targets, now) = (Targets::default(), Timestamp(0));
    let full = many(0, SERIES_PER_SELECTOR_MAX, 0);
    assert_eq!(differencer.check_room(&full, now), Ok(()));
    differencer.ingest(&full, &targets, now);
    assert_eq!(differencer.check_room(&full, now), Ok(()), "those already followed fit");
    let refused = differencer.check_room(&many(SERIES_PER_SELECTOR_MAX, 1, 0), now).unwrap_err();
    assert_eq!(refused.found, SERIES_PER_SELECTOR_MAX + 1);

    let later = Timestamp(3_600_000);
    let new = many(SERIES_PER_SELECTOR_MAX, 3, later.0);
    assert_eq!(differencer.check_room(&new, later), Ok(()));
    differencer.ingest(&new, &targets, later);
    assert_eq!(differencer.series_count(), SERIES_PER_SELECTOR_MAX);
}

/// Goal: a reading whose events would fall into settled minutes waits for the next one.
#[test]
fn settled_minutes_stay_as_they_are_and_lose_nothing() {
    let mut differencer = Differencer::new(INTERVAL);
    let targets = Targets::default();
    let mut read = |now: i64, at: i64, value: f64| {
        let samples = vec![(Timestamp::from_minute(at), value)];
        let series = [Series { labels: labels("a", "200"), samples }];
        differencer.ingest(&series, &targets, Timestamp::from_minute(now));
        (0..=now).map(|minute| differencer.sum(minute).count).sum::<u64>()
    };
    assert_eq!(read(0, 0, 0.0), 0);
    assert_eq!(read(30, 12, 100.0), 0, "18 minutes 45 seconds are kept: minute 11 is settled");
    assert_eq!(read(30, 30, 150.0), 150);
}

/// Goal: no event is lost or invented: the sum over minutes is the sum of increases, and a part
/// never exceeds the whole. Method: random counters with resets and gaps, read in overlapping,
/// late and repeated batches by two selectors, of which one chooses a part of the other's series.
#[test]
fn events_are_conserved() {
    for seed in 0..150 {
        let mut prng = Prng::new(seed);
        let counters: Vec<Series> =
            (0..=prng.below(4)).map(|it| random_counter(&mut prng, it)).collect();
        let part = 1 + usize::try_from(prng.below(2)).unwrap();
        let chosen_counts = [counters.len(), part.min(counters.len())];
        let mut targets = Targets::default();
        let mut selectors = [Differencer::new(INTERVAL), Differencer::new(INTERVAL)];
        let mut found = [BTreeMap::new(), BTreeMap::new()];
        let end = counters.iter().map(|it| it.samples.last().unwrap().0.0).max().unwrap();
        for now in (0..end + 300_000).step_by(45_000) {
            let batch: Vec<Series> =
                counters.iter().map(|it| offered(it, now, &mut prng)).collect();
            let now = Timestamp(now);
            targets.note(&batch);
            for index in 0..2 {
                selectors[index].ingest(&batch[..chosen_counts[index]], &targets, now);
                for minute in now.minute() - LATE_MINUTES_MAX..=now.minute() {
                    found[index].insert(minute, selectors[index].sum(minute).count);
                }
            }
        }
        for index in 0..2 {
            let expected: u64 = counters[..chosen_counts[index]].iter().map(increase).sum();
            assert_eq!(found[index].values().sum::<u64>(), expected, "seed {seed}");
        }
        for (minute, portion) in &found[1] {
            assert!(found[0][minute] >= *portion, "seed {seed}, minute {minute}");
        }
    }
}

/// A counter of an own target, so that its first reading is only a starting point.
fn random_counter(prng: &mut Prng, number: u64) -> Series {
    let (mut at, mut value) = (prng.below_i64(200_000), prng.below(1_000_000));
    let mut samples = Vec::new();
    for _ in 0..3 + prng.below(250) {
        #[expect(clippy::cast_precision_loss, reason = "small")]
        samples.push((Timestamp(at), value as f64));
        at += match prng.below(40) {
            0 => 60_000 + prng.below_i64(3_000_000),
            _ => 14_000 + prng.below_i64(2_000),
        };
        value = if prng.below(30) == 0 { prng.below(50) } else { value + prng.below(100) };
    }
    Series { labels: labels(&number.to_string(), "200"), samples }
}

/// Readings of the last four minutes; of those below three minutes of age a third is late.
fn offered(counter: &Series, now: i64, prng: &mut Prng) -> Series {
    let first = counter.samples[0].0;
    let mut samples = counter.samples.clone();
    samples.retain(|(at, _)| {
        let age = now - at.0;
        (0..=240_000).contains(&age) && (age > 180_000 || *at == first || prng.below(3) > 0)
    });
    Series { labels: counter.labels.clone(), samples }
}

fn increase(counter: &Series) -> u64 {
    let step = |pair: &[(Timestamp, f64)]| {
        if pair[1].1 < pair[0].1 { pair[1].1 } else { pair[1].1 - pair[0].1 }
    };
    whole(counter.samples.windows(2).map(step).sum())
}

/// Goal: readings that come so seldom that each is a gap are told, at the pace at which they come; gaps among
/// quick readings are not, and two readings show no pace.
#[test]
fn readings_that_are_all_gaps_are_told() {
    let check = |at_secs: &[i64], expected: Option<i64>| {
        let mut differencer = Differencer::new(INTERVAL);
        let samples = at_secs.iter().map(|it| (Timestamp(it * 1_000), 1.0)).collect();
        let series = [Series { labels: labels("a", "200"), samples }];
        differencer.ingest(&series, &Targets::default(), Timestamp(1_000_000));
        assert_eq!(differencer.slower_than_gaps(), expected.map(Millis::from_secs), "{at_secs:?}");
    };
    check(&[0, 60, 120, 180], Some(60));
    check(&[0, 300, 600], Some(300));
    check(&[0, 60], None);
    check(&[0, 45, 90, 135], None);
    check(&[0, 600, 615, 900], None);
}
