//! OpenSLO: decode, encode, inline, export, check, read, write.

use super::{conformance, difference, one, text_of};
use crate::openslo::{
    Object, References, check, decode, encode_json, encode_yaml, export, inline, write,
};
use crate::yaml::{Data, Node};
use crate::{RuleOptions, any_refused, read, report, rules, rules_yaml};
use model::Millis;
use std::path::Path;

#[track_caller]
fn decoded(text: &str) -> Vec<Object> {
    let (objects, losses) = decode("a.yaml", text);
    assert_eq!(losses, []);
    objects
}

#[track_caller]
fn decoded_file(path: &Path) -> Vec<Object> {
    decoded(&text_of(path))
}

/// The objects that `text` shows, as trees.
#[track_caller]
fn shown(text: &str) -> Vec<Node> {
    one(text).items().to_vec()
}

#[track_caller]
fn same(objects: &[Object], expected: &str, name: &str) {
    let actual: Vec<_> = objects.iter().map(|it| it.node.clone()).collect();
    super::same(&actual, &shown(expected), name);
    // Written and read again it is still the same.
    for text in [encode_yaml(objects), encode_json(objects)] {
        super::same(&shown(&text), &shown(expected), name);
    }
}

fn titles(objects: &[Object]) -> Vec<String> {
    objects.iter().map(Object::title).collect()
}

#[test]
fn decode_as_given() {
    let Some(folder) = conformance("openslo/decode") else { return };
    for (name, expected) in [
        ("single_object.yaml", &["Service users-auth"][..]),
        ("single_object.json", &["Service users-auth"]),
        ("sequence_of_objects.yaml", &["Service users-auth", "Service users-login"]),
        ("sequence_of_objects.json", &["Service users-auth", "Service users-login"]),
        ("two_documents.yaml", &["Service users-auth", "Service users-login"]),
        ("v1_slos.yaml", &["SLO foo-slo"]),
    ] {
        assert_eq!(titles(&decoded_file(&folder.join(name))), expected, "{name}");
    }
    let nodes = |name: &str| -> Vec<Node> {
        decoded_file(&folder.join(name)).into_iter().map(|it| it.node).collect()
    };
    assert_eq!(nodes("sequence_of_objects.yaml"), nodes("sequence_of_objects.json"));
    assert_eq!(nodes("sequence_of_objects.yaml"), nodes("two_documents.yaml"));
    assert_eq!(nodes("single_object.yaml"), nodes("single_object.json"));
    for name in ["v2alpha_slos.yaml", "v2alpha_data_source.yaml"] {
        let (objects, losses) = decode(name, &text_of(&folder.join(name)));
        assert_eq!(objects, []);
        assert!(losses.iter().all(|it| it.why
            == "`apiVersion` is `openslo.com/v2alpha`, and only `openslo/v1` can be read"));
        assert!(any_refused(&losses));
    }
}

#[test]
fn encode_as_given() {
    let Some(folder) = conformance("openslo") else { return };
    let objects = decoded_file(&folder.join("decode/v1_slos.yaml"));
    let yaml = text_of(&folder.join("encode/v1_slo.yaml"));
    // Ours is the same to the byte.
    assert_eq!(encode_yaml(&objects), yaml);
    let json = text_of(&folder.join("encode/v1_slo.json"));
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(parsed(&encode_json(&objects)), parsed(&json));
    assert_eq!(parsed(&encode_json(&decoded(&json))), parsed(&json));
}

#[test]
fn inline_as_given() {
    let Some(folder) = conformance("openslo/inline") else { return };
    for (name, which, keep) in [
        ("custom_config", References::NONE, true),
        ("v1_alert_policies_keep_refs", References::ALL, true),
        ("v1_alert_policies_remove_refs", References::ALL, false),
        ("v1_slo", References::ALL, false),
    ] {
        let objects = decoded_file(&folder.join(format!("inputs/{name}.yaml")));
        let inlined = inline(&objects, which, keep).unwrap();
        same(&inlined, &text_of(&folder.join(format!("outputs/{name}.yaml"))), name);
    }
    for (name, expected) in [
        (
            "v1_alert_policies_invalid_condition",
            "AlertPolicy invalid-condition refers to AlertCondition cpu-usage-breach, and there is \
             no such object",
        ),
        (
            "v1_alert_policies_invalid_target",
            "AlertPolicy invalid-target refers to AlertNotificationTarget devs-email-notification, \
             and there is no such object",
        ),
        (
            "v1_slo_invalid_policy",
            "SLO my-slo refers to AlertPolicy no-policy, and there is no such object",
        ),
        ("v1_slo_invalid_sli", "SLO my-slo refers to SLI no-sli, and there is no such object"),
        (
            "v1_slo_invalid_target",
            "AlertPolicy my-policy refers to AlertNotificationTarget devs-email-notification, and \
             there is no such object",
        ),
    ] {
        let objects = decoded_file(&folder.join(format!("inputs/{name}.yaml")));
        let error = inline(&objects, References::ALL, true).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn export_as_given() {
    let Some(folder) = conformance("openslo/export") else { return };
    for (name, which) in [
        ("custom_config", References::NONE),
        ("v1_alert_policies", References::ALL),
        ("v1_slo", References::ALL),
    ] {
        let objects = decoded_file(&folder.join(format!("inputs/{name}.yaml")));
        let exported = export(&objects, which).unwrap();
        same(&exported, &text_of(&folder.join(format!("outputs/{name}.yaml"))), name);
    }
}

#[test]
fn of_the_formats_own_examples_one_is_accepted() {
    let Some(folder) = conformance("openslo") else { return };
    let op = "`spec.objectives[0].op` must not stand beside a ratio metric";
    for (name, expected) in [
        ("spec-budgeting-method-occurences-slo.yaml", &[][..]),
        ("spec-budgeting-method-ratio-timeslices.yaml", &[op]),
        ("spec-budgeting-method-timeslices-slo.yaml", &[op]),
        ("spec-treat-low-traffic-as-equally-important-timeslices-slo.yaml", &[op]),
    ] {
        let objects = decoded_file(&folder.join(name));
        assert_eq!(objects.len(), 1);
        let problems: Vec<_> = check(&objects[0]).iter().map(ToString::to_string).collect();
        assert_eq!(problems, expected, "{name}");
    }
}

const SMALL: &str = r#"
- apiVersion: openslo/v1
  kind: SLO
  metadata: { name: buying, labels: { team: us, tiers: [one, two] } }
  spec:
    service: shop
    description: People can buy.
    indicatorRef: bought
    budgetingMethod: Occurrences
    timeWindow: [{ duration: 4w, isRolling: true }]
    objectives: [{ target: 0.995 }]
    alertPolicies:
      - kind: AlertPolicy
        metadata: { name: fast }
        spec:
          conditions:
            - kind: AlertCondition
              metadata: { name: burning }
              spec:
                severity: page
                condition: { kind: burnrate, op: gt, threshold: 14, lookbackWindow: 1h }
          notificationTargets: [{ targetRef: mail }]
- apiVersion: openslo/v1
  kind: SLI
  metadata: { name: bought }
  spec:
    ratioMetric:
      counter: true
      good: { metricSource: { type: prometheus, spec: { query: 'buys_total{ok="yes"}' } } }
      total: { metricSource: { type: prometheus, spec: { query: buys_total } } }
- { apiVersion: openslo/v1, kind: AlertNotificationTarget, metadata: { name: mail }, spec: { target: email } }
"#;

#[test]
fn exporting_and_inlining_give_the_object_back() {
    let objects = decoded(SMALL);
    for it in &objects {
        assert_eq!(check(it), [], "{}", it.title());
    }
    let inlined = inline(&objects, References::ALL, false).unwrap();
    assert_eq!(titles(&inlined), ["SLO buying"]);
    let exported = export(&inlined, References::ALL).unwrap();
    let expected = [
        "SLO buying",
        "AlertPolicy fast",
        "AlertNotificationTarget mail",
        "AlertCondition burning",
        "SLI bought",
    ];
    assert_eq!(titles(&exported), expected);
    let again = inline(&exported, References::ALL, false).unwrap();
    assert_eq!(again.len(), 1);
    assert_eq!(difference(&again[0].node, &inlined[0].node, ""), None);
}

#[test]
fn two_objects_of_one_name_are_never_merged() {
    let mut objects = decoded(SMALL);
    let other = encode_yaml(&objects[1..2]).replace("buys_total", "sales_total");
    objects.extend(decoded(&other));
    let error = inline(&objects, References::ALL, false).unwrap_err();
    assert_eq!(error.to_string(), "there are two different objects called SLI bought");
}

#[test]
fn a_small_sample_gives_rules_and_says_what_is_lost() {
    let found = read(&[("a.yaml", SMALL)]);
    let lost = report(&found.losses);
    assert_eq!(
        lost,
        "a.yaml:4: lost: `metadata.labels.tiers` of SLO buying: a label of Prometheus has one value\n\
         a.yaml:31: lost: the object of AlertNotificationTarget mail: who is called is said by \
         escalations here, and burn-rate conditions are taken over where an objective names them\n\
         0 refused, 2 lost, 0 noted\n"
    );
    let (documents, losses) = rules(&found.specs, &RuleOptions::default());
    assert_eq!(
        report(&losses),
        "a.yaml:11: lost: `alertPolicies` of shop-buying: rules are written with the windows of their \
         set; `lamplighter import` takes the conditions over\n0 refused, 1 lost, 0 noted\n"
    );
    let text = rules_yaml(&documents);
    assert!(text.contains("slo:sli_error:ratio_rate4w"), "{text}");
    assert!(text.contains("sum(rate(buys_total{ok=\"yes\"}[5m]))"), "{text}");
    assert!(text.contains("vector(0.995)"), "{text}");
    assert!(!text.contains("alert:"), "{text}");
}

#[track_caller]
fn refused(from: &str, to: &str, expected: &str) {
    assert!(SMALL.contains(from), "{from}");
    let found = read(&[("a.yaml", &SMALL.replacen(from, to, 1))]);
    let refused: Vec<_> = found
        .losses
        .iter()
        .filter(|it| it.weight == crate::Weight::Refused)
        .map(|it| it.why.as_str())
        .collect();
    assert_eq!((found.specs.len(), refused), (0, vec![expected]));
}

/// What rules cannot say, and our own configuration can.
#[track_caller]
fn not_in_rules(from: &str, to: &str, expected: &str) {
    assert!(SMALL.contains(from), "{from}");
    let found = read(&[("a.yaml", &SMALL.replacen(from, to, 1))]);
    let (documents, losses) = rules(&found.specs, &RuleOptions::default());
    let said: Vec<_> = losses.iter().map(|it| it.why.as_str()).collect();
    assert_eq!((documents.len(), said), (0, vec![expected]));
}

#[test]
fn what_cannot_be_counted_is_refused_with_a_reason() {
    refused(
        "indicatorRef: bought",
        "indicatorRef: sold",
        "SLO buying refers to SLI sold, and there is no such object",
    );
    refused(
        "budgetingMethod: Occurrences",
        "budgetingMethod: Often",
        "`spec.budgetingMethod` must be one of Occurrences, Timeslices, RatioTimeslices",
    );
    not_in_rules(
        "Occurrences\n    timeWindow: [{ duration: 4w, isRolling: true }]\n    objectives: [{ target: 0.995 }]",
        "RatioTimeslices\n    timeWindow: [{ duration: 4w, isRolling: true }]\n    objectives: [{ target: 0.995, timeSliceWindow: 1m }]",
        "its `budgetingMethod` judges slices of time, and rules count only occurrences; `lamplighter \
         import` takes it over",
    );
    refused(
        "type: prometheus, spec: { query: buys_total }",
        "type: datadog, spec: { query: buys_total }",
        "only sources of type `Prometheus` and its kin are read: `datadog`",
    );
    not_in_rules(
        "query: buys_total }",
        "query: 'sum(rate(buys_total[5m]))' }",
        "a query is neither a selector nor has it `{{.window}}` where the window goes, so nobody \
         knows over which window it counts; `lamplighter import` asks it as it is",
    );
    refused(
        "target: 0.995",
        "target: 99.5",
        "`spec.objectives[0].target` must be at least 0 and below 1",
    );
    refused(
        "duration: 4w",
        "duration: 4",
        "`spec.timeWindow[0].duration` must be a number and one of m, h, d, w, M, Q and Y, such as `4w` (`m` is minutes, `M` is months)",
    );
    refused(
        "name: buying",
        "name: Buying",
        "`metadata.name` must be 1 to 63 lower-case letters, digits and `-`, beginning and ending with a letter or digit",
    );
}

#[test]
fn a_threshold_is_judged_at_every_moment() {
    let text = r"
apiVersion: openslo/v1
kind: SLO
metadata: { name: lag }
spec:
  service: queue
  indicator:
    metadata: { name: lag }
    spec: { thresholdMetric: { metricSource: { type: Prometheus, spec: { query: max(queue_lag) } } } }
  budgetingMethod: Occurrences
  timeWindow:
    - { duration: 1M, isRolling: false, calendar: { startTime: 2026-01-01 00:00:00, timeZone: UTC } }
  objectives: [{ op: lte, value: 5, targetPercent: 99.5 }]
";
    let found = read(&[("a.yaml", text)]);
    let query = "1 - avg(avg_over_time(((max(queue_lag)) <= bool 5)[{{.window}}:]))";
    assert_eq!(found.specs[0].sli, crate::Sli::ErrorRatio(query.to_owned()));
    assert_eq!(found.specs[0].objective.to_string(), "99.5");
    assert_eq!(found.specs[0].period, Some(Millis::from_days(30)));
    assert_eq!(found.losses, []);
    let calendar = found.specs[0].meaning.calendar.clone().map(|it| (it.period, it.timezone));
    assert_eq!(calendar, Some((model::Period::Month, "UTC".to_owned())));
    assert_eq!(
        report(&rules(&found.specs, &RuleOptions::default()).1),
        "a.yaml:13: lost: `calendar` of queue-lag: the budget is kept over a rolling window of the \
         same length, which does not begin anew with the calendar\n0 refused, 1 lost, 0 noted\n"
    );
}

/// Everything that can be read from Sloth's cases is written as OpenSLO that passes the checks,
/// and read again it says the same.
#[test]
fn what_is_written_is_accepted_and_read_again() {
    let mut files = vec![("small.yaml".to_owned(), SMALL.to_owned())];
    if let Some(folder) = conformance("sloth") {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.ends_with(".in.yml") {
                files.push((name, text_of(&path)));
            }
        }
    }
    for (name, text) in &files {
        let specs = read(&[(name, text)]).specs;
        assert!(!specs.is_empty());
        let (objects, losses) = write(&specs, Millis::from_days(30));
        assert!(!any_refused(&losses), "{}", report(&losses));
        for it in &objects {
            assert_eq!(check(it), [], "{name}");
        }
        let again = read(&[("again.yaml", &encode_yaml(&objects))]);
        assert_eq!(report(&again.losses), "", "{name}");
        let said = |it: &[crate::SloSpec]| -> Vec<_> {
            it.iter()
                .map(|it| {
                    let sli = format!("{:?}", it.sli).replace("\\n", "").replace(' ', "");
                    (it.objective.to_string(), it.description.clone(), it.labels.clone(), sli)
                })
                .collect()
        };
        assert_eq!(said(&again.specs), said(&specs), "{name}");
    }
}

#[test]
fn a_list_is_no_object() {
    let (objects, losses) = decode("a.yaml", "- 1\n- { apiVersion: openslo/v1, kind: Wish }\n");
    assert_eq!(objects, []);
    assert_eq!(
        report(&losses),
        "a.yaml:1: refused: the object: an object is a map, not a number\n\
         a.yaml:2: refused: the object: there is no `kind: Wish` in openslo/v1\n\
         2 refused, 0 lost, 0 noted\n"
    );
    assert!(matches!(one("[]").data, Data::List(_)));
}
