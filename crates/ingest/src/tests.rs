//! Payloads and what is read from them; and that nothing makes the parsers panic.

use crate::{alertmanager_v2, route, webhook_v4};
use model::{Labels, Timestamp};

const NOW: Timestamp = Timestamp(1_795_428_000_000);

#[test]
fn valid_alerts_are_taken_beside_invalid_ones() {
    let body = br#"[
        {"labels":{"alertname":"A"},"generatorURL":"http://p/graph"},
        {"labels":{}},
        {"labels":{"alertname":"B"},"startsAt":"yesterday"}
    ]"#;
    let parsed = alertmanager_v2::parse(body, NOW).expect("a list");
    assert_eq!(parsed.alerts.iter().map(|it| &it.labels["alertname"]).collect::<Vec<_>>(), ["A"]);
    assert_eq!(
        parsed.errors,
        ["at least one label pair required", "`yesterday` is not a time as in RFC 3339"]
    );
}

#[test]
fn a_webhook_is_read_alert_by_alert() {
    let body = br#"{
        "version":"4","groupKey":"{}:{alertname=\"A\"}","truncatedAlerts":3,"status":"firing",
        "receiver":"lamplighter","groupLabels":{},"commonLabels":{},"commonAnnotations":{},
        "externalURL":"http://am","alerts":[
            {"status":"firing","labels":{"alertname":"A"},"annotations":{"summary":"slow"},
             "startsAt":"2026-11-23T09:00:00Z","endsAt":"0001-01-01T00:00:00Z","fingerprint":"0"},
            {"status":"resolved","labels":{"alertname":"B"},"annotations":{},
             "startsAt":"2026-11-23T09:00:00Z","endsAt":"2026-11-23T09:30:00Z","fingerprint":"0"}
        ]}"#;
    let parsed = webhook_v4::parse(body, NOW).expect("a payload");
    let shown: Vec<String> = parsed
        .alerts
        .iter()
        .map(|it| format!("{} {:?} since {}", it.labels["alertname"], it.status, it.starts_at))
        .collect();
    assert_eq!(
        shown,
        ["A Firing since 2026-11-23T09:00:00Z", "B Resolved since 2026-11-23T09:00:00Z"]
    );
    assert_eq!((parsed.truncated, parsed.errors.len()), (3, 0));
}

#[test]
fn another_version_of_the_webhook_is_refused_by_name() {
    let refused = webhook_v4::parse(br#"{"version":"1","alerts":[]}"#, NOW).expect_err("refused");
    assert_eq!(
        refused.to_string(),
        "the body is not what this door takes: version \"1\" instead of \"4\""
    );
}

#[test]
fn in_doubt_it_pages_and_says_so() {
    check("severity=warning", "Ticket: severity warning can wait");
    check("severity=critical", "Page: severity critical pages");
    check("severity=purple", "Page: severity purple is not known here, so it pages");
    check("service=x", "Page: service x is not configured; no severity, so it pages");
}

/// Goal: bytes from outside never make a parser panic. Method: every prefix of a good body, and
/// bodies with one byte changed.
#[test]
fn damaged_bodies_are_refused_or_read_but_never_panic() {
    let good = br#"[{"labels":{"a":"b"},"annotations":{"c":"d"},"startsAt":"2026-11-23T09:00:00Z","endsAt":"9999-12-31T23:59:59Z"}]"#;
    for end in 0..good.len() {
        let _ = alertmanager_v2::parse(&good[..end], NOW);
        let _ = webhook_v4::parse(&good[..end], NOW);
        for byte in [0, b'"', b'}', b'9', 0xff] {
            let mut altered = good.to_vec();
            altered[end] = byte;
            let _ = alertmanager_v2::parse(&altered, NOW);
        }
    }
}

#[track_caller]
fn check(labels: &str, expected: &str) {
    let labels: Labels = labels
        .split(',')
        .filter_map(|it| it.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let route = route(&labels, None);
    assert_eq!(format!("{:?}: {}", route.severity, route.routed_by), expected);
}
