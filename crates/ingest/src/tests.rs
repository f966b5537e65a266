//! Payloads and what is read from them; and that nothing makes the parsers panic.

mod beside;
mod receivers;

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
    assert_eq!(parsed.alerts[0].annotations[crate::GENERATOR_URL], "http://p/graph");
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

/// Goal: bytes from outside never make a parser panic, and an alert is taken or named, never lost.
/// Method: good bodies with seeded damage.
#[test]
fn damaged_bodies_are_refused_or_read_but_never_panic() {
    let alert = r#"{"status":"firing","labels":{"a":"b"},"annotations":{"c":"d"},"startsAt":"2026-11-23T09:00:00Z","endsAt":"9999-12-31T23:59:59Z","generatorURL":"http://p/g"}"#;
    let list = format!("[{alert},{alert}]");
    let webhook = format!(
        r#"{{"version":"4","groupKey":"k","truncatedAlerts":0,"status":"firing","receiver":"r","groupLabels":{{}},"commonLabels":{{}},"commonAnnotations":{{}},"externalURL":"http://am","alerts":[{alert},{alert}]}}"#
    );
    let words = [
        "null",
        "\"",
        "{",
        "}",
        "[",
        "]",
        "-1",
        "1e999",
        "\\u0000",
        "\\ud800",
        "0001-01-01T00:00:00Z",
        "resolved",
    ];
    let mut outcomes = [0_u64; 2];
    for (seed, body) in testkit::spoilt(list.as_bytes(), &words, 20_000) {
        let whole: Result<Vec<serde::de::IgnoredAny>, _> = serde_json::from_slice(&body);
        match alertmanager_v2::parse(&body, NOW) {
            Ok(parsed) => {
                let sent = whole.expect("a list was read").len();
                assert_eq!(parsed.alerts.len() + parsed.errors.len(), sent, "seed {seed}");
                outcomes[0] += 1;
            }
            Err(_) => outcomes[1] += 1,
        }
    }
    assert!(outcomes.iter().all(|&it| it > 500), "both happen: {outcomes:?}");
    for (_, body) in testkit::spoilt(webhook.as_bytes(), &words, 20_000) {
        let _ = webhook_v4::parse(&body, NOW);
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
