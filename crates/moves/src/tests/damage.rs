//! Answers that are broken in one place: refused or said, never a panic, and never half written.
//!
//! Intuition: every value of every sample is exchanged for one that does not belong there. Whatever comes of
//! it, the reader ends, and what it writes passes `check`.

use super::{goalert, moved, oncall_grafana, opsgenie, pagerduty, splunk};
use crate::{System, detect};
use serde_json::{Value, json};

/// Every so many-th value is exchanged: all of them would take minutes.
const EVERY: usize = 9;

/// What is put in the place of a value, in turn.
fn others(turn: usize) -> Value {
    [
        json!(null),
        json!("x"),
        json!(-1),
        json!([]),
        json!({}),
        json!(i64::MAX),
        json!("2026-10-25T01:30:00Z"),
    ][turn % 7]
        .clone()
}

/// The paths of all values, as JSON pointers.
fn paths(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            for (index, it) in items.iter().enumerate() {
                paths(it, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(entries) => {
            for (key, it) in entries {
                paths(it, &format!("{at}/{key}"), found);
            }
        }
        _ => {}
    }
}

#[track_caller]
fn check(system: System, files: &[(&str, &str)], now: &str) {
    let mut turn = 0;
    for (place, (_, text)) in files.iter().enumerate() {
        let sample: Value = serde_json::from_str(text).unwrap();
        let mut all = vec![];
        paths(&sample, "", &mut all);
        for path in all.iter().filter(|it| !it.contains("final_schedule")).step_by(EVERY) {
            let mut broken = sample.clone();
            *broken.pointer_mut(path).unwrap() = others(turn);
            turn += 1;
            let broken = broken.to_string();
            let mut changed = files.to_vec();
            changed[place].1 = &broken;
            let came = moved(system, &changed, now);
            assert_eq!(came.text.is_none(), formats::any_refused(&came.losses), "{path}: {broken}");
            if let Some(text) = &came.text {
                let loaded = catalog::load_str(&[("a.yaml", text)]);
                let shown = catalog::render(&loaded, false);
                assert!(loaded.catalogue.is_some(), "{path}: {broken}\n{text}\n{shown}");
            }
        }
        for cut in (1..text.len()).step_by(397).filter(|it| text.is_char_boundary(*it)) {
            let mut changed = files.to_vec();
            changed[place].1 = &text[..cut];
            assert_eq!(moved(system, &changed, now).text, None, "cut at {cut}");
        }
    }
    assert!(turn > 10, "{turn}");
}

#[test]
fn pagerduty_broken() {
    let schedule = pagerduty::schedule();
    check(System::PagerDuty, &pagerduty::all(&schedule), "2026-10-01T00:00:00Z");
}

#[test]
fn opsgenie_broken() {
    check(System::Opsgenie, &opsgenie::all(), "2027-03-01T00:00:00Z");
}

#[test]
fn oncall_broken() {
    check(System::GrafanaOnCall, &oncall_grafana::all(), "2026-10-01T00:00:00Z");
}

#[test]
fn goalert_broken() {
    check(System::GoAlert, &goalert::all(), "2026-10-20T12:00:00Z");
}

#[test]
fn splunk_broken() {
    check(System::Splunk, &splunk::all(), "2026-10-20T12:00:00Z");
}

/// Of each export at least one file tells where it is from, and none tells another pager.
#[test]
fn answers_tell_where_they_are_from() {
    let schedule = pagerduty::schedule();
    for (system, files) in [
        (System::PagerDuty, pagerduty::all(&schedule)),
        (System::Opsgenie, opsgenie::all()),
        (System::GrafanaOnCall, oncall_grafana::all()),
        (System::GoAlert, goalert::all()),
        (System::Splunk, splunk::all()),
    ] {
        let told: Vec<_> = files.iter().filter_map(|it| detect(it.1)).collect();
        assert!(!told.is_empty() && told.iter().all(|it| *it == system), "{system:?}: {told:?}");
    }
}
