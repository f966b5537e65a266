//! Times and identities as lines.

use crate::{Incoming, LABEL_VALUE_LENGTH_MAX, Status, fingerprint, normalise};
use model::{Labels, Millis, Timestamp};

#[test]
fn no_times_means_from_now_for_the_timeout() {
    check("a=1", None, None, "firing 100..400");
}

#[test]
fn an_end_in_the_past_means_resolved() {
    check("a=1", Some(10), Some(90), "resolved 10..90");
    check("a=1", None, Some(90), "resolved 90..90");
}

#[test]
fn an_end_in_the_future_is_kept() {
    check("a=1", Some(10), Some(900), "firing 10..900");
}

#[test]
fn bad_alerts_are_refused_with_the_words_senders_know() {
    check("", None, None, "at least one label pair required");
    check("a=", None, None, "at least one label pair required");
    check("=1", None, None, "invalid label name \"\"");
    check("a=1", Some(95), Some(90), "start time must be before end time");
    let long = format!("a={}", "x".repeat(LABEL_VALUE_LENGTH_MAX + 1));
    check(&long, None, None, "a label is over the limit of 16384");
}

/// The value was computed with Prometheus' own definition in Python:
/// FNV-1a over `alertname\xffA\xffservice\xffs0\xff`.
#[test]
fn fingerprints_are_those_of_prometheus() {
    assert_eq!(fingerprint(&labels("service=s0,alertname=A")), "0275c07770813be9");
    assert_ne!(fingerprint(&labels("a=bc")), fingerprint(&labels("ab=c")));
}

#[track_caller]
fn check(text: &str, starts_at: Option<i64>, ends_at: Option<i64>, expected: &str) {
    let incoming = Incoming {
        labels: labels(text),
        annotations: Labels::new(),
        starts_at: starts_at.map(Timestamp),
        ends_at: ends_at.map(Timestamp),
    };
    let shown = match normalise(incoming, Timestamp(100), Millis(300)) {
        Err(invalid) => invalid.to_string(),
        Ok(it) => {
            let status = if it.status == Status::Firing { "firing" } else { "resolved" };
            format!("{status} {}..{}", it.starts_at.0, it.ends_at.0)
        }
    };
    assert_eq!(shown, expected);
}

fn labels(text: &str) -> Labels {
    text.split(',')
        .filter_map(|it| it.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
