//! A source read every 15 s, as a script, and the minutes delivered.

use super::*;
use crate::testing::catalogue;

/// What the source answers at one time; counters are given by the time in seconds.
enum Answer {
    /// Readings of the total and, where there is such a series, of the bad counter.
    Both(f64, Option<f64>),
    /// No series at all.
    Nothing,
    /// Not reachable.
    Failure,
    /// Only the total can be read.
    OnlyTotal(f64),
}

/// Reads every 15 s up to `seconds` and compares what is delivered for `api.up`, as
/// `second: minute=bad/total`.
#[track_caller]
fn check(seconds: i64, answer: impl Fn(i64) -> Answer, expected: &str) {
    let mut meter = Meter::new(&catalogue());
    let source = SourceId::from("prometheus");
    let mut shown = Vec::new();
    for second in (0..=seconds).step_by(15) {
        let now = Timestamp(second * 1_000);
        let mut ingest = |selector: &str, reading: Option<f64>| {
            let labels = [("__name__", selector), ("job", "api")];
            let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
            let series = reading.map(|it| Series { labels, samples: vec![(now, it)] });
            meter.ingest(&source, selector, series.into_iter().collect(), now).unwrap();
        };
        match answer(second) {
            Answer::Both(total, bad) => {
                ingest("api_bad", bad);
                ingest("api_total", Some(total));
            }
            Answer::Nothing => {
                ingest("api_bad", None);
                ingest("api_total", None);
            }
            Answer::OnlyTotal(total) => ingest("api_total", Some(total)),
            Answer::Failure => meter.source_failed(&source, now),
        }
        let delivered =
            meter.drain(now).into_iter().filter(|(slo, ..)| slo.service.as_str() == "api");
        for (_, minute, slice) in delivered {
            let slice =
                slice.counts().map_or("?".to_owned(), |it| format!("{}/{}", it.bad, it.total));
            shown.push(format!("{second}: {minute}={slice}"));
        }
    }
    assert_eq!(shown.join(", "), expected);
}

#[expect(clippy::cast_precision_loss, reason = "small")]
fn count(seconds: i64) -> f64 {
    seconds.max(0) as f64
}

#[test]
fn minutes_close_an_interval_and_a_grace_after_their_end() {
    let healthy = |second| Answer::Both(count(second), None);
    check(210, healthy, "90: 0=0/60, 150: 1=0/60, 210: 2=0/60");
    let idle = |_| Answer::Both(7.0, Some(3.0));
    check(150, idle, "90: 0=0/0, 150: 1=0/0");
}

#[test]
fn the_first_error_ever_counts() {
    let breaks = |second| Answer::Both(count(second), (second >= 105).then_some(50.0));
    check(150, breaks, "90: 0=0/60, 150: 1=50/60");
}

#[test]
fn no_total_is_unknown_and_not_zero() {
    check(150, |_| Answer::Nothing, "90: 0=?, 150: 1=?");
    let only_total = |second| Answer::OnlyTotal(count(second));
    check(150, only_total, "90: 0=?, 150: 1=?");
}

#[test]
fn while_a_source_cannot_be_read_minutes_are_unknown_and_events_count_afterwards() {
    let gap = |second| match second {
        75..=240 => Answer::Failure,
        _ => Answer::Both(count(second), Some(count(second - 60))),
    };
    check(330, gap, "90: 0=0/60, 150: 1=?, 210: 2=?, 270: 3=?, 330: 4=240/240");
}

#[test]
fn late_readings_deliver_a_minute_again() {
    let mut meter = Meter::new(&catalogue());
    let source = SourceId::from("prometheus");
    let api = SloId::from("api.up");
    let mut read = |now: i64, times: &[i64]| {
        let now = Timestamp(now * 1_000);
        let samples = times.iter().map(|it| (Timestamp(it * 1_000), count(*it))).collect();
        let labels = [("job".to_owned(), "api".to_owned())].into();
        meter.ingest(&source, "api_total", vec![Series { labels, samples }], now).unwrap();
        meter.ingest(&source, "api_bad", Vec::new(), now).unwrap();
        meter
            .drain(now)
            .into_iter()
            .filter(|(slo, ..)| *slo == api)
            .map(|it| (it.1, it.2))
            .collect::<Vec<_>>()
    };
    let nothing: Vec<(i64, Slice)> = Vec::new();
    assert_eq!(read(600, &[540, 555, 570, 585, 600]), nothing);
    let (ninth, unknown) = ((9, Slice::known(0, 60)), (10, Slice::Unknown));
    assert_eq!(read(690, &[690]), [ninth, unknown]);
    assert_eq!(read(700, &[615, 630, 645, 660, 675, 690]), [(10, Slice::known(0, 60))]);
    assert_eq!(read(710, &[660, 675, 690]), nothing);
}

/// Goal: a new meter brings back recent minutes only where it knows all of them.
#[test]
fn a_restart_never_delivers_less_than_was_known() {
    let mut meter = Meter::new(&catalogue());
    let source = SourceId::from("prometheus");
    let now = Timestamp(600_000);
    let samples = (470..=600).step_by(10).map(|it| (Timestamp(it * 1_000), count(it))).collect();
    let labels = [("job".to_owned(), "api".to_owned())].into();
    meter.ingest(&source, "api_total", vec![Series { labels, samples }], now).unwrap();
    meter.ingest(&source, "api_bad", Vec::new(), now).unwrap();
    assert_eq!(meter.drain(now), [(SloId::from("api.up"), 8, Slice::known(0, 60))]);
}

#[test]
fn a_faster_clock_expects_longer_intervals() {
    let mut meter = Meter::new(&catalogue());
    meter.pace(Millis::from_mins(1));
    let source = SourceId::from("prometheus");
    let mut delivered = Vec::new();
    for minute in 0..5 {
        let now = Timestamp(minute * 60_000 + 30_000);
        let labels = [("job".to_owned(), "api".to_owned())].into();
        let samples = vec![(now, count(now.0 / 1_000))];
        meter.ingest(&source, "api_total", vec![Series { labels, samples }], now).unwrap();
        meter.ingest(&source, "api_bad", Vec::new(), now).unwrap();
        assert_eq!(meter.closed_minute(now), minute - 2);
        delivered.extend(meter.drain(now).into_iter().filter(|it| it.0.service.as_str() == "api"));
    }
    let shown: Vec<_> =
        delivered.into_iter().map(|(_, at, it)| (at, it.counts().unwrap())).collect();
    let counts = |total| crate::Counts::new(0, total);
    assert_eq!(shown, [(0, counts(30)), (1, counts(60)), (2, counts(60))]);
}

#[test]
fn shared_selectors_are_read_once_and_readings_survive_a_new_catalogue() {
    let mut catalogue = catalogue();
    let source = SourceId::from("prometheus");
    let api = catalogue.services[&"api".into()].slos["up"].clone();
    let stricter = model::Slo { objective: model::Objective::parse("99.99%").unwrap(), ..api };
    let slos = &mut catalogue.services.get_mut(&model::ServiceId::from("api")).unwrap().slos;
    slos.insert("strict".into(), stricter);
    let mut meter = Meter::new(&catalogue);
    let expected = ["api_bad", "api_total", "carrier_bad", "carrier_total"];
    assert_eq!(meter.selectors(&source), expected.map(str::to_owned).into());

    let read = |meter: &mut Meter, second: i64| {
        let now = Timestamp(second * 1_000);
        let labels = [("job".to_owned(), "api".to_owned())].into();
        let series = vec![Series { labels, samples: vec![(now, count(second))] }];
        meter.ingest(&source, "api_total", series, now).unwrap();
        meter.ingest(&source, "api_bad", Vec::new(), now).unwrap();
        meter.drain(now)
    };
    for second in [0, 20, 40] {
        assert_eq!(read(&mut meter, second), []);
    }
    catalogue.services.remove(&model::ServiceId::from("carrier"));
    meter.adopt(&catalogue);
    read(&mut meter, 60);
    let both = ["api.strict", "api.up"].map(|it| (SloId::from(it), 0, Slice::known(0, 60)));
    assert_eq!(read(&mut meter, 80), both);
}
