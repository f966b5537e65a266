//! Texts as they arrive when something went wrong on the way. Nothing may panic, and whatever is
//! written must be readable again.

use crate::openslo::{References, check, decode, encode_yaml, export, inline, write};
use crate::{
    ImportOptions, RuleOptions, import, is_foreign, read, read_windows, rules, rules_yaml, to_json,
    to_yaml, yaml,
};
use model::Millis;
use std::fmt::Write as _;

const VERSIONS: u64 = 1_000;

const SLOTH: &str = r#"
version: "prometheus/v1"
service: shop
labels: { team: us, tier: "2" }
slos:
  - name: buying
    objective: 99.9
    description: |
      People
      can buy.
    sli:
      events:
        error_query: sum(rate(buys_total{ok="no"}[{{.window}}])) or vector(0)
        total_query: sum(rate(buys_total[{{.window}}]))
    alerting: { name: B, page_alert: { labels: { a: b } }, ticket_alert: { disable: true } }
"#;

const CRD: &str = r#"
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: { name: shop }
spec:
  service: shop
  slos:
    - name: buying
      objective: 99
      sli: { raw: { errorRatioQuery: "a[{{.window}}]" } }
      alerting: { name: B, pageAlert: { disable: true }, annotations: { x: "y" } }
"#;

const ALPHA: &str = r#"
apiVersion: openslo/v1alpha
kind: SLO
metadata: { name: buying }
spec:
  service: shop
  budgetingMethod: Occurrences
  objectives:
    - ratioMetrics:
        good: { source: prometheus, queryType: promql, query: "sum(rate(a{b='c'}[{{.window}}]))" }
        total: { source: prometheus, queryType: promql, query: "sum(rate(a[{{.window}}]))" }
      target: 0.999
  timeWindows: [{ count: 30, unit: Day }]
"#;

const V1: &str = r"
- apiVersion: openslo/v1
  kind: SLO
  metadata: { name: buying, labels: { team: us } }
  spec:
    service: shop
    indicatorRef: bought
    budgetingMethod: Occurrences
    timeWindow: [{ duration: 4w, isRolling: true }]
    objectives: [{ target: 0.995, op: lt, value: 3 }]
    alertPolicies: [{ alertPolicyRef: fast }]
- apiVersion: openslo/v1
  kind: SLI
  metadata: { name: bought }
  spec: { thresholdMetric: { metricSource: { type: Prometheus, spec: { query: max(a) } } } }
- apiVersion: openslo/v1
  kind: AlertPolicy
  metadata: { name: fast }
  spec:
    conditions: [{ kind: AlertCondition, metadata: { name: c }, spec: { severity: page } }]
    notificationTargets: [{ kind: AlertNotificationTarget, metadata: { name: t }, spec: { target: x } }]
";

const PYRRA: &str = r#"
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: { name: buying, namespace: shop, labels: { pyrra.dev/team: us } }
spec:
  target: "99.5"
  window: 4w
  indicator: { latency: { success: { metric: 'd_bucket{le="1"}' }, total: { metric: d_count } } }
  alerting: { burnrates: true, absent: false }
"#;

const WINDOWS: &str = r"
apiVersion: sloth.slok.dev/v1
kind: AlertWindows
spec:
  sloPeriod: 7d
  page: { quick: &q { errorBudgetPercent: 8, shortWindow: 5m, longWindow: 1h }, slow: *q }
  ticket: { quick: *q, slow: { <<: *q, longWindow: 3d } }
";

const WORDS: [&str; 24] = [
    "null",
    "~",
    "[]",
    "{}",
    "- ",
    ": ",
    "&a ",
    "*a",
    "<<: ",
    "|\n",
    ">-\n",
    "'",
    "\"",
    "\n---\n",
    "\t",
    "{{.window}}",
    "{{",
    "}}",
    "1e999",
    "-0",
    ".nan",
    "99999999999999999999",
    "\u{feff}",
    "ü",
];

/// Every way through the crate for one text.
fn everything(text: &str) {
    let _ = is_foreign(text);
    let found = read(&[("a.yml", text)]);
    let (documents, _) = rules(&found.specs, &RuleOptions::default());
    let written = yaml::parse(&rules_yaml(&documents)).expect("rules are YAML");
    assert_eq!(written.len(), documents.len());
    let options = ImportOptions {
        org: "imported".to_owned(),
        prometheus: "http://127.0.0.1:9090".to_owned(),
        interval: Millis::from_mins(1),
        period: Millis::from_days(30),
    };
    if let (Some(text), _) = import(&found.specs, &options) {
        yaml::parse(&text).expect("our configuration is YAML");
    }
    let (objects, _) = write(&found.specs, Millis::from_days(30));
    for it in &objects {
        assert_eq!(check(it), [], "{}", encode_yaml(&objects));
    }
    let (objects, _) = decode("a.yml", text);
    for it in &objects {
        let _ = check(it);
    }
    for which in [References::ALL, References::NONE] {
        let _ = inline(&objects, which, false);
        let _ = export(&objects, which);
    }
    let _ = read_windows("a.yml", text);
    for node in yaml::parse(text).unwrap_or_default() {
        let again = yaml::parse(&to_yaml(&node));
        let again = again.unwrap_or_else(|error| panic!("{error:?} in\n{}", to_yaml(&node)));
        let expected: &[_] =
            if node.data == yaml::Data::Null { &[] } else { std::slice::from_ref(&node) };
        assert_eq!(again, expected, "written as\n{}", to_yaml(&node));
        serde_json::from_str::<serde_json::Value>(&to_json(&node)).expect("JSON");
    }
}

#[track_caller]
fn check_damage(sample: &str) {
    everything(sample);
    for (seed, bytes) in testkit::spoilt(sample.as_bytes(), &WORDS, VERSIONS) {
        let text = String::from_utf8_lossy(&bytes);
        let ended = std::panic::catch_unwind(|| everything(&text));
        assert!(ended.is_ok(), "seed {seed}:\n{text}");
    }
}

#[test]
fn damaged_sloth_files() {
    assert_eq!(read(&[("a.yml", SLOTH)]).specs.len(), 1);
    check_damage(SLOTH);
}

#[test]
fn damaged_sloth_objects() {
    assert_eq!(read(&[("a.yml", CRD)]).specs.len(), 1);
    check_damage(CRD);
}

#[test]
fn damaged_openslo_alpha() {
    assert_eq!(read(&[("a.yml", ALPHA)]).specs.len(), 1);
    check_damage(ALPHA);
}

#[test]
fn damaged_openslo() {
    assert_eq!(decode("a.yml", V1).0.len(), 3);
    check_damage(V1);
}

#[test]
fn damaged_pyrra_objects() {
    assert_eq!(read(&[("a.yml", PYRRA)]).specs.len(), 1);
    check_damage(PYRRA);
}

#[test]
fn damaged_windows() {
    assert_eq!(read_windows("a.yml", WINDOWS).0.len(), 1);
    check_damage(WINDOWS);
}

/// Nine levels of nine aliases each stand for 387 million values.
#[test]
fn a_few_lines_cannot_stand_for_more_than_can_be_read() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in ["b", "c", "d", "e", "f", "g", "h", "i"]
        .iter()
        .zip(["a", "b", "c", "d", "e", "f", "g", "h"])
    {
        let aliases = [format!("*{of}").as_str(); 9].join(", ");
        writeln!(text, "{name}: &{name} [{aliases}]").unwrap();
    }
    let error = yaml::parse(&text).unwrap_err();
    assert_eq!(error.message, "more values than can be read, counting those behind aliases");
    // The same on one line.
    let error = yaml::parse(&format!("{{{}}}", text.trim_end().replace('\n', ", "))).unwrap_err();
    assert_eq!(error.message, "more values than can be read, counting those behind aliases");
    // Five levels are few enough, and naming the last one twenty times more is too much.
    let five = &text[..text.find("f: ").unwrap()];
    assert_eq!(yaml::parse(five).map(|it| it.len()), Ok(1));
    let error = yaml::parse(&format!("{five}z: [{}]\n", ["*e"; 20].join(", "))).unwrap_err();
    assert_eq!(error.message, "more values than can be read, counting those behind aliases");
    let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
    assert_eq!(yaml::parse(&deep).unwrap_err().message, "nested deeper than 64 levels");
}

/// Text that YAML 1.1 or 1.2 might take for something else comes back as text.
#[test]
fn every_text_survives() {
    for text in [
        "",
        " ",
        "a ",
        " a",
        "yes",
        "No",
        "y",
        "null",
        "~",
        "1",
        "1.5",
        "1e3",
        "0x1f",
        "12:30",
        "30d",
        "2026-01-01",
        "a: b",
        "a #b",
        "#",
        "- a",
        "a\n",
        "a\nb",
        "a\n\nb\n",
        "a\n ",
        " a\nb",
        "\na",
        "a\n\n",
        "a\t",
        "\ta\nb",
        "a\r\nb",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "'",
        "\"",
        "\\",
        "{a}",
        "[a]",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "%",
        "@",
        "`",
        "a\nb: c\n# d\n",
        "...",
        "---",
        "ä",
        "a\u{0}b",
        "🦀",
        ".5",
        ".inf",
    ] {
        let node = yaml::Node::from_entries([
            ("k", yaml::Node::from_text(text)),
            (text, yaml::Node::new(yaml::Data::List(vec![yaml::Node::from_text(text)]))),
        ]);
        let written = to_yaml(&node);
        assert_eq!(yaml::parse(&written), Ok(vec![node]), "{written}");
    }
}

/// Programs with the rules of YAML 1.1 read `yes` as a switch and `12:30` as a number.
#[test]
fn what_old_readers_would_misread_stands_in_quotes() {
    for (text, expected) in [
        ("yes", "'yes'"),
        ("Off", "'Off'"),
        ("n", "'n'"),
        ("12:30", "'12:30'"),
        ("1e3", "'1e3'"),
        ("30d", "30d"),
        ("4w", "4w"),
        ("plain words", "plain words"),
        ("it's", "it's"),
        ("'tis", "'''tis'"),
        ("a\u{7}", "\"a\\u0007\""),
    ] {
        assert_eq!(to_yaml(&yaml::Node::from_text(text)), format!("{expected}\n"));
    }
}

/// Objects of OpenSLO are lifted last, and stand where they were read all the same.
#[test]
fn objectives_come_in_the_order_of_the_files() {
    let v1 = r"
apiVersion: openslo/v1
kind: SLO
metadata: { name: buying }
spec:
  service: shop
  indicator:
    metadata: { name: bought }
    spec: { thresholdMetric: { metricSource: { type: Prometheus, spec: { query: max(a) } } } }
  budgetingMethod: Occurrences
  timeWindow: [{ duration: 4w, isRolling: true }]
  objectives: [{ target: 0.995, op: lt, value: 3 }]
";
    let files = [("b", format!("{v1}---{SLOTH}")), ("a", PYRRA.to_owned())];
    let found = read(&files.each_ref().map(|(name, text)| (*name, text.as_str())));
    let names: Vec<_> =
        found.specs.iter().map(|it| format!("{} {:?}", it.place.file, it.dialect)).collect();
    assert_eq!(names, ["b OpenSlo", "b Sloth", "a Pyrra"]);
}
