//! Our own configuration out as OpenSLO and in again; examples of others in, with a count of what is
//! carried over.

use super::{conformance, text_of};
use crate::{ImportOptions, any_refused, from_catalogue, import, openslo, read, report};
use model::{Catalogue, Millis, SloId};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn options() -> ImportOptions {
    ImportOptions {
        org: "imported".to_owned(),
        prometheus: "http://127.0.0.1:9090".to_owned(),
        interval: Millis::from_mins(1),
        period: Millis::from_days(30),
    }
}

#[track_caller]
fn loaded(text: &str) -> Catalogue {
    let loaded = catalog::load_str(&[("a.yaml", text)]);
    let problems = catalog::render(&loaded, false);
    loaded.catalogue.unwrap_or_else(|| panic!("{text}\n{problems}"))
}

const OURS: &str = r#"
org: imported
people: { me: { timezone: UTC } }
teams: { us: { members: [me] } }
services:
  shop:
    team: us
    slos:
      bad: { objective: 99.9%, ratio: { bad: 'a_total{code=~"5.."}', total: a_total } }
      good: { objective: 99.95%, window: 7d, ratio: { good: 'b_total{ok="yes"}', total: c_total } }
      fast: { objective: 99%, latency: { histogram: 'd{job="shop"}', under: 300ms } }
      slow: { objective: 99%, latency: { histogram: d, under: 1s } }
      fresh: { objective: 99%, gauge: { metric: 'age{job="shop"}', is: "<= 300.5" } }
      probe: { objective: 99%, gauge: { metric: probe_success, is: "== 1" } }
      edge: { objective: 99%, raw: { metric: share, of: good } }
      rest: { objective: 99%, raw: { metric: share, of: bad } }
      asked: { objective: 99%, query: { bad: 'max(rate(a[{{.window}}]))', total: 'max(rate(b[{{.window}}]))' } }
      said: { objective: 99%, query: { error_ratio: 'avg_over_time(x:y[{{.window}}])' } }
      sliced: { objective: 99%, ratio: { bad: e, total: f }, slices: { of: 5m, good: 95% }, calendar: { every: month, timezone: Europe/Berlin } }
      spread: { objective: 99%, ratio: { bad: e, total: f }, slices: { of: 1m }, calendar: { every: quarter, timezone: UTC } }
sources: { prometheus: { prometheus: { url: http://127.0.0.1:9090 } } }
"#;

/// Objective by objective, all that is promised and read.
fn promised(catalogue: &Catalogue) -> BTreeMap<SloId, String> {
    catalogue.slos().map(|(id, it)| (id, format!("{it:?}"))).collect()
}

/// Goal: OpenSLO says of every sort of objective what we mean. Method: one of each, out, checked, and in
/// again: the same objectives to the letter.
#[test]
fn what_is_written_as_openslo_means_the_same() {
    let catalogue = loaded(OURS);
    let (specs, losses) = from_catalogue(&catalogue);
    assert!(!any_refused(&losses), "{}", report(&losses));
    let (objects, losses) = openslo::write(&specs, Millis::from_days(30));
    assert!(!any_refused(&losses), "{}", report(&losses));
    for it in &objects {
        assert_eq!(openslo::check(it), [], "{}", it.title());
    }
    let text = openslo::encode_yaml(&objects);
    let found = read(&[("ours.yaml", &text)]);
    let (written, losses) = import(&found.specs, &options());
    assert!(!any_refused(&losses), "{}", report(&losses));
    let again = loaded(&written.expect("objectives are carried over"));
    // In OpenSLO a name holds the service, too.
    let ours: BTreeMap<SloId, String> = promised(&catalogue)
        .into_iter()
        .map(|(id, it)| (SloId::from(format!("shop.shop-{}", id.name).as_str()), it))
        .collect();
    assert_eq!(promised(&again), ours);
    assert_eq!(ours.len(), 12);
}

/// What cannot go out is said.
#[test]
fn what_openslo_cannot_say_is_lost_with_a_reason() {
    let text = r"
org: home
people: { me: { timezone: UTC } }
teams: { us: { members: [me] } }
services:
  shop:
    team: us
    slos:
      told: { objective: 99%, pushed: { every: 1h } }
      native: { objective: 99%, latency: { native: d, under: 1s } }
      own: { objective: 99%, query: { error_ratio: 'x[5m]' } }
      beats: { objective: 99%, heartbeat: nightly }
heartbeats: { nightly: { every: 1d, service: shop } }
features: { buy: { question: Buy?, team: us, objective: 99%, needs: shop.told, alerts: pyrra } }
sources: { prometheus: { prometheus: { url: http://127.0.0.1:9090 } } }
";
    let (specs, losses) = from_catalogue(&loaded(text));
    assert_eq!(specs, []);
    let said: Vec<String> =
        losses.iter().map(|it| format!("{}: {}", it.subject, it.what)).collect();
    assert_eq!(
        said,
        [
            "objective shop.beats: what is counted",
            "objective shop.native: what is counted",
            "objective shop.own: what is counted",
            "objective shop.told: what is counted",
            "feature buy: alert conditions",
        ]
    );
}

const POLICY: &str = r#"
- apiVersion: openslo/v1
  kind: SLO
  metadata: { name: buying, labels: { team: us } }
  spec:
    service: shop
    description: Can people buy?
    indicator:
      metadata: { name: bought }
      spec:
        ratioMetric:
          counter: true
          good: { metricSource: { type: Prometheus, spec: { query: 'buys_total{ok="yes"}' } } }
          total: { metricSource: { type: Prometheus, spec: { query: buys_total } } }
    timeWindow: [{ duration: 30d, isRolling: true }]
    budgetingMethod: Occurrences
    objectives: [{ target: 0.999 }]
    alertPolicies: [{ alertPolicyRef: fast }, { alertPolicyRef: slow }, { alertPolicyRef: low }]
- { apiVersion: openslo/v1, kind: AlertNotificationTarget, metadata: { name: mail }, spec: { target: email } }
- { apiVersion: openslo/v1, kind: AlertPolicy, metadata: { name: fast }, spec: { alertWhenBreaching: true, conditions: [{ conditionRef: fast }], notificationTargets: [{ targetRef: mail }] } }
- { apiVersion: openslo/v1, kind: AlertPolicy, metadata: { name: slow }, spec: { alertWhenBreaching: true, conditions: [{ conditionRef: slow }], notificationTargets: [{ targetRef: mail }] } }
- { apiVersion: openslo/v1, kind: AlertPolicy, metadata: { name: low }, spec: { alertWhenBreaching: true, conditions: [{ conditionRef: low }], notificationTargets: [{ targetRef: mail }] } }
- { apiVersion: openslo/v1, kind: AlertCondition, metadata: { name: fast }, spec: { severity: page, condition: { kind: burnrate, op: gte, threshold: 14.4, lookbackWindow: 1h, alertAfter: 5m } } }
- { apiVersion: openslo/v1, kind: AlertCondition, metadata: { name: slow }, spec: { severity: minor, condition: { kind: burnrate, op: gt, threshold: 1, lookbackWindow: 3d } } }
- { apiVersion: openslo/v1, kind: AlertCondition, metadata: { name: low }, spec: { severity: page, condition: { kind: burnrate, op: lt, threshold: 1, lookbackWindow: 1h } } }
"#;

/// Goal: burn-rate conditions of OpenSLO become conditions of a feature. Method: two that can be said and
/// one that cannot.
#[test]
fn burn_rates_become_conditions() {
    let found = read(&[("a.yaml", POLICY)]);
    let said: Vec<&str> = found.losses.iter().map(|it| it.why.as_str()).collect();
    assert!(said.contains(&"it fires while little burns, which here is no alert"), "{said:?}");
    let (written, _) = import(&found.specs, &options());
    let catalogue = loaded(&written.expect("carried over"));
    let feature = catalogue.features.values().next().expect("it alerts");
    let shown: Vec<String> =
        slo::conditions_of(feature).iter().map(|it| format!("{} {it}", it.severity)).collect();
    assert_eq!(shown, ["page 2%/1h/5m", "ticket 10%/3d/6h"]);
    assert_eq!(feature.question, "Can people buy?");
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Goal: every file of others becomes configuration that passes `check`, or is refused with a reason;
/// how many objectives are carried over is printed and held. Method: all examples of Sloth and OpenSLO.
#[test]
fn the_examples_of_others() {
    for (name, suffix, expected) in
        [("sloth", ".in.yml", "10 of 10"), ("openslo", ".yaml", "4 of 22")]
    {
        let Some(folder) = conformance(name) else { return };
        let mut paths = vec![];
        files(&folder, &mut paths);
        let (mut carried, mut all) = (0, 0);
        for path in paths.iter().filter(|it| it.to_string_lossy().ends_with(suffix)) {
            let text = text_of(path);
            let file = path.display().to_string();
            let found = read(&[(&file, &text)]);
            let (written, losses) = import(&found.specs, &options());
            let slos = written.map_or(0, |it| loaded(&it).slos().count());
            let of_reading = found.losses.iter().filter(|it| it.weight == crate::Weight::Refused);
            let refused = losses.iter().filter(|it| it.weight == crate::Weight::Refused);
            let refused = of_reading.chain(refused);
            assert!(refused.clone().all(|it| !it.why.is_empty()), "{file}");
            let refused = refused.count();
            println!("{file}: {slos} carried over, {refused} refused");
            carried += slos;
            all += slos + refused;
        }
        assert_eq!(format!("{carried} of {all}"), expected, "{name}");
    }
}
