//! Reading Pyrra's `ServiceLevelObjective`, `pyrra.dev/v1alpha1`.
//!
//! Intuition: Pyrra names metrics where others write queries, so most of it says exactly what our
//! own files say. What it does with them differs: other windows, one alert per window, an alert
//! for missing series. That is reported once for each objective.

use crate::duration::parse_prometheus;
use crate::loss::Report;
use crate::meaning::{Exact, Meaning};
use crate::promql::sum_of_rate;
use crate::spec::{
    AlertSpec, Alerting, Dialect, HOLE, Place, Sli, SloSpec, is_label_name, only_known,
};
use crate::yaml::Node;
use model::{Comparison, Is, Labels, Millis};
use slo::selector::Selector;

/// Labels and annotations that begin with this belong to the alerts.
const PREFIX: &str = "pyrra.dev/";

/// The objective of one document, if it can be read.
pub(crate) fn read(node: &Node, place: &Place, report: &mut Report<'_>) -> Option<SloSpec> {
    let name = node.at(&["metadata", "name"]).and_then(Node::text).unwrap_or_default().to_owned();
    let mut report = report.about(&name);
    let report = &mut report;
    if node.get("kind").and_then(Node::text) != Some("ServiceLevelObjective") {
        report.refused(node.line, "the document", "only `kind: ServiceLevelObjective` is read");
        return None;
    }
    only_known(node, &["apiVersion", "kind", "metadata", "spec", "status"], report);
    let read = || -> Result<(&Node, f64, Millis, Said), (usize, String)> {
        if name.is_empty() {
            return Err((node.line, "`metadata.name` is missing".to_owned()));
        }
        let spec = node.get("spec").ok_or((node.line, "`spec` is missing".to_owned()))?;
        Ok((spec, target(spec)?, window(spec)?, indicator(spec)?))
    };
    let (spec, objective, period, (sli, exact)) = match read() {
        Ok(found) => found,
        Err((line, why)) => {
            report.refused(line, "the objective", &why);
            return None;
        }
    };
    let known = [
        "target",
        "window",
        "description",
        "indicator",
        "alerting",
        "performanceOverAccuracy",
        "ruleOutput",
        "partial_response_strategy",
    ];
    only_known(spec, &known, report);
    report_habits(spec, report);
    let namespace = node.at(&["metadata", "namespace"]).and_then(Node::text);
    Some(SloSpec {
        meaning: Meaning { exact, ..Meaning::default() },
        place: Place { line: node.line, ..place.clone() },
        dialect: Dialect::Pyrra,
        service: namespace.unwrap_or("pyrra").to_owned(),
        description: spec.get("description").and_then(Node::text).unwrap_or_default().to_owned(),
        labels: labels(node, "labels", report),
        objective,
        period: Some(period),
        sli,
        alerting: alerting(node, spec, report),
        name,
    })
}

fn target(spec: &Node) -> Result<f64, (usize, String)> {
    let value = spec.get("target").ok_or((spec.line, "`target` is missing".to_owned()))?;
    let percent = value.scalar().and_then(|it| it.trim().parse::<f64>().ok()).unwrap_or(f64::NAN);
    if percent > 0.0 && percent < 100.0 {
        return Ok(percent);
    }
    Err((value.line, "`target` must be a percentage above 0 and below 100".to_owned()))
}

fn window(spec: &Node) -> Result<Millis, (usize, String)> {
    let value = spec.get("window").ok_or((spec.line, "`window` is missing".to_owned()))?;
    let length = value.scalar().and_then(|it| parse_prometheus(&it));
    length.ok_or((value.line, "`window` must be a length of time such as `4w`".to_owned()))
}

/// A query, and what it means where that can be said without one.
type Said = (Sli, Option<Exact>);

fn indicator(spec: &Node) -> Result<Said, (usize, String)> {
    let node = spec.get("indicator").ok_or((spec.line, "`indicator` is missing".to_owned()))?;
    let metric = |kind: &str, key: &str| -> Result<Selector, (usize, String)> {
        let value = node.at(&[kind, key, "metric"]);
        let value =
            value.ok_or((node.line, format!("`indicator.{kind}.{key}.metric` is missing")))?;
        Selector::parse(value.text().unwrap_or_default()).map_err(|error| {
            (value.line, format!("`indicator.{kind}.{key}.metric` is no selector: {error}"))
        })
    };
    if node.get("ratio").is_some() {
        let bad = sum_of_rate(&metric("ratio", "errors")?.to_string());
        let total = sum_of_rate(&metric("ratio", "total")?.to_string());
        return Ok((Sli::Bad { bad, total }, None));
    }
    if node.get("latency").is_some() {
        let good = sum_of_rate(&metric("latency", "success")?.to_string());
        let total = sum_of_rate(&metric("latency", "total")?.to_string());
        return Ok((Sli::Good { good, total }, None));
    }
    if let Some(native) = node.get("latencyNative") {
        let total = metric("latencyNative", "total")?;
        let text = native.get("latency").and_then(Node::scalar).unwrap_or_default();
        let limit = parse_prometheus(&text).ok_or((
            native.line,
            "`indicator.latencyNative.latency` must be a length of time such as `1s`".to_owned(),
        ))?;
        let query =
            format!("1 - histogram_fraction(0, {}, sum(rate({total}[{HOLE}])))", seconds(limit));
        let (histogram, under) = (total.to_string(), seconds(limit).to_string());
        return Ok((Sli::ErrorRatio(query), Some(Exact::Native { histogram, under })));
    }
    if let Some(gauge) = node.get("bool_gauge") {
        // Its `metric` stands directly under it.
        let value = gauge.get("metric").and_then(Node::text).unwrap_or_default();
        let metric = Selector::parse(value).map_err(|error| {
            (gauge.line, format!("`indicator.bool_gauge.metric` is no selector: {error}"))
        })?;
        let sli = Sli::Good {
            good: format!("sum(sum_over_time({metric}[{HOLE}]))"),
            total: format!("sum(count_over_time({metric}[{HOLE}]))"),
        };
        let is = Comparison { is: Is::Equal, value: "1".to_owned() };
        return Ok((sli, Some(Exact::Gauge { metric: metric.to_string(), is })));
    }
    let why = "`indicator` must hold one of `ratio`, `latency`, `latencyNative` and `bool_gauge`";
    Err((node.line, why.to_owned()))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of centuries fit into 53 bits")]
fn seconds(length: Millis) -> f64 {
    length.0 as f64 / 1_000.0
}

/// What Pyrra does with an objective, and rules of Sloth's shape and we do not.
fn report_habits(spec: &Node, report: &mut Report<'_>) {
    for kind in spec.get("indicator").map_or(&[][..], Node::entries) {
        if let Some(grouping) = kind.1.get("grouping").filter(|it| !it.items().is_empty()) {
            let why = "one objective is read, over all groups together, not one for each group";
            report.lost(grouping.line, "`grouping`", why);
        }
    }
    for (key, why) in [
        ("performanceOverAccuracy", "it chooses between rules that are not written here"),
        ("ruleOutput", "it names a file of Pyrra's own rules"),
        ("partial_response_strategy", "rules here have no such setting; it is Thanos' own"),
    ] {
        if let Some(it) = spec.get(key) {
            report.lost(it.line, &format!("`{key}`"), why);
        }
    }
}

fn alerting(node: &Node, spec: &Node, report: &mut Report<'_>) -> Alerting {
    let nothing = Node::from_entries::<&str>([]);
    let it = spec.get("alerting").unwrap_or(&nothing);
    let known = ["name", "burnrates", "absent", "absentName", "disabled", "severities"];
    only_known(it, &known, report);
    let switch = |key: &str| it.get(key).and_then(Node::switch);
    let on = switch("burnrates") != Some(false) && switch("disabled") != Some(true);
    if let Some(severities) = it.get("severities") {
        let why = "two alerts are written, `page` and `ticket`, and Pyrra's five have other names";
        report.lost(severities.line, "`severities`", why);
    }
    if on {
        let why = "Pyrra alerts on 14, 7, 2 and 1 times the budget with waiting times; here it is \
                   two alerts, page and ticket, over the windows of the SRE Workbook, without waits";
        report.noted(spec.line, "burn-rate alerts", why);
    }
    if switch("absent") != Some(false) && switch("disabled") != Some(true) {
        let why = "an alert for missing series is not written";
        report.lost(spec.line, "the alert on absent series", why);
    }
    let annotations = labels(node, "annotations", report);
    // As Pyrra does: many objectives share one name of alert.
    let slo = node.at(&["metadata", "name"]).and_then(Node::text).unwrap_or_default();
    let labels = Labels::from([("slo".to_owned(), slo.to_owned())]);
    let alert = on.then_some(AlertSpec { labels, annotations });
    let name = it.get("name").and_then(Node::text).unwrap_or("ErrorBudgetBurn").to_owned();
    Alerting { name, page: alert.clone(), ticket: alert }
}

/// `pyrra.dev/team: x` is the label `team`; what has no prefix stays in Kubernetes.
fn labels(node: &Node, key: &str, report: &mut Report<'_>) -> Labels {
    let mut found = Labels::new();
    for (name, value) in node.at(&["metadata", key]).map_or(&[][..], Node::entries) {
        let what = format!("`metadata.{key}.{name}`");
        match (name.strip_prefix(PREFIX), value.scalar()) {
            (Some(name), Some(text)) if is_label_name(name) => {
                found.insert(name.to_owned(), text);
            }
            (Some(_), _) => report.lost(value.line, &what, "it cannot be a label of Prometheus"),
            // How Prometheus operators find objects; nothing about the objective.
            (None, _) => {
                report.noted(
                    value.line,
                    &what,
                    "only names that begin with `pyrra.dev/` reach rules",
                );
            }
        }
    }
    found
}
