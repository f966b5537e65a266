//! Pyrra's objects in.

use crate::{RuleOptions, Sli, read, report, rules, rules_yaml};

const SMALL: &str = r#"
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata:
  name: buying
  namespace: shop
  labels: { prometheus: k8s, pyrra.dev/team: us }
spec:
  target: '99.5'
  window: 4w
  description: People can buy.
  indicator:
    ratio:
      errors: { metric: 'buys_total{ok="no"}' }
      total: { metric: buys_total }
"#;

fn with(indicator: &str) -> String {
    let (head, _) = SMALL.split_once("    ratio:").unwrap();
    format!("{head}    {indicator}\n")
}

#[test]
fn a_small_sample_says_what_differs() {
    let found = read(&[("a.yaml", SMALL)]);
    assert_eq!(
        report(&found.losses),
        "a.yaml:7: noted: `metadata.labels.prometheus` of buying: only names that begin with \
         `pyrra.dev/` reach rules\n\
         a.yaml:9: noted: burn-rate alerts of buying: Pyrra alerts on 14, 7, 2 and 1 times the \
         budget with waiting times; here it is two alerts, page and ticket, over the windows of the \
         SRE Workbook, without waits\n\
         a.yaml:9: lost: the alert on absent series of buying: an alert for missing series is not \
         written\n0 refused, 1 lost, 2 noted\n"
    );
    let (documents, losses) = rules(&found.specs, &RuleOptions::default());
    assert_eq!(losses, []);
    let text = rules_yaml(&documents);
    for part in [
        "alert: ErrorBudgetBurn",
        "(13.44 * 0.005)",
        "team: us",
        "sloth_spec: pyrra.dev/v1alpha1",
        "(sum(rate(buys_total{ok=\"no\"}[5m])))",
        "sloth_id: shop-buying",
    ] {
        assert!(text.contains(part), "{part} is in\n{text}");
    }
}

#[test]
fn every_indicator_becomes_a_query() {
    let hole = "[{{.window}}]";
    for (indicator, expected) in [
        (
            "latency: { success: { metric: 'd_bucket{le=\"1\"}' }, total: { metric: d_count } }",
            Sli::Good {
                good: format!("sum(rate(d_bucket{{le=\"1\"}}{hole}))"),
                total: format!("sum(rate(d_count{hole}))"),
            },
        ),
        (
            "latencyNative: { latency: 1500ms, total: { metric: 'd{job=\"a\"}' } }",
            Sli::ErrorRatio(format!(
                "1 - histogram_fraction(0, 1.5, sum(rate(d{{job=\"a\"}}{hole})))"
            )),
        ),
        (
            "bool_gauge: { metric: 'up{job=\"a\"}' }",
            Sli::Good {
                good: format!("sum(sum_over_time(up{{job=\"a\"}}{hole}))"),
                total: format!("sum(count_over_time(up{{job=\"a\"}}{hole}))"),
            },
        ),
    ] {
        let found = read(&[("a.yaml", &with(indicator))]);
        assert_eq!(found.specs.len(), 1, "{}", report(&found.losses));
        assert_eq!(found.specs[0].sli, expected);
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let found = read(&[("a.yaml", text)]);
    let shown = report(&found.losses);
    assert!(shown.contains(expected), "{expected}\nis in\n{shown}");
}

#[test]
fn what_is_wrong_is_said() {
    let line = "a.yaml:9: refused: the objective of buying: ";
    check(&SMALL.replace("'99.5'", "100"), &format!("{line}`target` must be"));
    check(&SMALL.replace("'99.5'", "most"), &format!("{line}`target` must be"));
    check(&SMALL.replace("4w", "a while"), "a.yaml:10: refused: the objective of buying: `window`");
    check(&with("guess: {}"), "`indicator` must hold one of");
    check(&with("ratio: { errors: { metric: 'sum(a)' }, total: { metric: b } }"), "is no selector");
    check(
        &with("ratio: { grouping: [route], errors: { metric: a }, total: { metric: b } }"),
        "a.yaml:13: lost: `grouping` of buying",
    );
    check(&SMALL.replace("ServiceLevelObjective", "Wish"), "only `kind: ServiceLevelObjective`");
}
