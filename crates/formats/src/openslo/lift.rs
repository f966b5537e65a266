//! Objectives that can be measured by PromQL, lifted out of OpenSLO v1 objects.
//!
//! Intuition: OpenSLO says what to measure in the words of any vendor. We take what is certain:
//! ratios of counters, ratios somebody else computed, and thresholds on a query, all by
//! occurrences over one window. A query that is a selector is completed; one with a hole
//! `{{.window}}`, as Sloth writes it, is taken as it is; any other is refused, because nobody says
//! over which window it counts.

use super::{Object, check, refs};
use crate::duration::parse_openslo;
use crate::loss::{Loss, Report};
use crate::promql::sum_of_rate;
use crate::sloth::with_hole;
use crate::spec::{Alerting, Dialect, HOLE, Place, Sli, SloSpec, is_label_name, only_known};
use crate::yaml::Node;
use model::{Labels, Millis};
use slo::selector::Selector;

/// A line, and what is wrong there.
type Wrong = (usize, String);

/// Lifts every SLO of `objects`; the others are looked up where an SLO names them.
pub(crate) fn lift(
    objects: Vec<(Place, Object)>,
    specs: &mut Vec<SloSpec>,
    losses: &mut Vec<Loss>,
) {
    let (places, objects): (Vec<_>, Vec<_>) = objects.into_iter().unzip();
    for (place, object) in places.iter().zip(&objects) {
        let mut report = Report { file: &place.file, subject: object.title(), losses };
        match object.kind.as_str() {
            "SLO" => specs.extend(slo(object, &objects, place, &mut report)),
            kind => report_other(kind, object, &mut report),
        }
    }
}

fn report_other(kind: &str, object: &Object, report: &mut Report<'_>) {
    match kind {
        "SLI" => {
            for problem in check(object) {
                let why = format!("{problem}; SLOs that name it are refused");
                report.noted(problem.line, "the indicator", &why);
            }
        }
        "DataSource" => {
            let why = "how to reach it is not carried over: name your Prometheus where rules are \
                       loaded, or under `sources`";
            report.lost(object.line, "the data source", why);
        }
        "Service" => {
            let why = "services are known by their names here; what else it says is left behind";
            report.lost(object.line, "the description", why);
        }
        _ => {
            let why = "alerts here look at two windows each, which a condition of OpenSLO cannot \
                       say, and who is called is said elsewhere";
            report.lost(object.line, "the object", why);
        }
    }
}

fn slo(
    object: &Object,
    objects: &[Object],
    place: &Place,
    report: &mut Report<'_>,
) -> Vec<SloSpec> {
    let object = match refs::inline_one(objects, object) {
        Ok(object) => object,
        Err(error) => {
            report.refused(object.line, "the object", &error.to_string());
            return vec![];
        }
    };
    let problems = check(&object);
    for it in &problems {
        report.refused(it.line, "the object", &it.to_string());
    }
    let Some(spec) = object.node.get("spec").filter(|_| problems.is_empty()) else {
        return vec![];
    };
    report_unknown(&object, spec, report);
    let shared = match shared(spec, objects, report) {
        Ok(shared) => shared,
        Err((line, why)) => {
            report.refused(line, "the object", &why);
            return vec![];
        }
    };
    let objectives = spec.get("objectives").map_or(&[][..], Node::items);
    let mut found = Vec::new();
    for (index, objective) in objectives.iter().enumerate() {
        let known = ["displayName", "op", "value", "target", "targetPercent"];
        only_known(objective, &known, report);
        let name = match objectives {
            [_] => object.name.clone(),
            _ => format!("{}-{index}", object.name),
        };
        match measured(objective, &shared) {
            Ok((percent, sli)) => found.push(SloSpec {
                place: Place { line: objective.line, ..place.clone() },
                dialect: Dialect::OpenSlo,
                service: shared.service.clone(),
                name,
                description: shared.description.clone(),
                labels: labels(&object.node, report),
                objective: percent,
                period: Some(shared.period),
                sli,
                alerting: Alerting::default(),
            }),
            Err((line, why)) => report.refused(line, "the objective", &why),
        }
    }
    found
}

fn report_unknown(object: &Object, spec: &Node, report: &mut Report<'_>) {
    only_known(&object.node, &["apiVersion", "kind", "metadata", "spec"], report);
    let known = [
        "service",
        "description",
        "indicator",
        "budgetingMethod",
        "timeWindow",
        "objectives",
        "alertPolicies",
    ];
    only_known(spec, &known, report);
    if let Some(metadata) = object.node.get("metadata") {
        only_known(metadata, &["name", "displayName", "labels"], report);
    }
    if let Some(policies) = spec.get("alertPolicies").filter(|it| !it.items().is_empty()) {
        let why = "a condition of OpenSLO looks at one window and says for how long; alerts here \
                   look at two windows each, so none are made of these";
        report.lost(policies.line, "`alertPolicies`", why);
    }
}

/// What the objectives of one SLO share.
struct Shared<'a> {
    service: String,
    description: String,
    period: Millis,
    indicator: &'a Node,
    objects: &'a [Object],
}

fn shared<'a>(
    spec: &'a Node,
    objects: &'a [Object],
    report: &mut Report<'_>,
) -> Result<Shared<'a>, Wrong> {
    let text = |key: &str| spec.get(key).and_then(Node::text).unwrap_or_default().to_owned();
    let method = text("budgetingMethod");
    if method != "Occurrences" {
        let why = format!(
            "`budgetingMethod: {method}` judges slices of time, and only occurrences are counted"
        );
        return Err((spec.line, why));
    }
    let Some(indicator) = spec.at(&["indicator", "spec"]) else {
        let why = "objectives with indicators of their own are a composite, whose meaning OpenSLO \
                   leaves open; write a feature with `needs` instead";
        return Err((spec.line, why.to_owned()));
    };
    let window = spec.get("timeWindow").and_then(|it| it.items().first());
    let window = window.ok_or((spec.line, "`timeWindow` is missing".to_owned()))?;
    let period = window.get("duration").and_then(Node::text).and_then(parse_openslo);
    let period = period.ok_or((window.line, "`duration` is no length of time".to_owned()))?;
    if let Some(calendar) = window.get("calendar") {
        let why = "the budget is kept over a rolling window of the same length, which does not \
                   begin anew with the calendar";
        report.lost(calendar.line, "`calendar`", why);
    }
    Ok(Shared {
        service: text("service"),
        description: text("description"),
        period,
        indicator,
        objects,
    })
}

fn measured(objective: &Node, shared: &Shared<'_>) -> Result<(f64, Sli), Wrong> {
    let number = |key: &str| objective.get(key).and_then(Node::number);
    let percent = number("targetPercent").or(number("target").map(|it| it * 100.0));
    let percent = percent.filter(|it| *it > 0.0);
    let percent = percent.ok_or((objective.line, "a target of 0 promises nothing".to_owned()))?;
    if let Some(metric) = shared.indicator.get("thresholdMetric") {
        let text = query(metric, shared.objects)?;
        if text.contains("{{") {
            let why = "a threshold is compared at every moment, so its query has no window";
            return Err((metric.line, why.to_owned()));
        }
        let op = match objective.get("op").and_then(Node::text) {
            Some("lte") => "<=",
            Some("gte") => ">=",
            Some("lt") => "<",
            _ => ">",
        };
        let value = number("value").unwrap_or_default();
        let query = format!("1 - avg(avg_over_time((({text}) {op} bool {value})[{HOLE}:]))");
        return Ok((percent, Sli::ErrorRatio(query)));
    }
    let ratio = shared.indicator.get("ratioMetric");
    let ratio = ratio.ok_or((shared.indicator.line, "it has no metric".to_owned()))?;
    let over_window = |key: &str, how: Completion| -> Result<String, Wrong> {
        let metric = ratio.get(key).ok_or((ratio.line, format!("`{key}` is missing")))?;
        completed(&query(metric, shared.objects)?, how).map_err(|why| (metric.line, why))
    };
    if ratio.get("raw").is_some() {
        let raw = over_window("raw", Completion::Mean)?;
        let is_success = ratio.get("rawType").and_then(Node::text) == Some("success");
        let query = if is_success { format!("1 - ({raw})") } else { raw };
        return Ok((percent, Sli::ErrorRatio(query)));
    }
    let is_counter = ratio.get("counter").and_then(Node::switch) == Some(true);
    let how = if is_counter { Completion::Increase } else { Completion::Sum };
    let total = over_window("total", how)?;
    if ratio.get("good").is_some() {
        return Ok((percent, Sli::Good { good: over_window("good", how)?, total }));
    }
    Ok((percent, Sli::Bad { bad: over_window("bad", how)?, total }))
}

/// The query of a metric, if it is PromQL.
fn query(metric: &Node, objects: &[Object]) -> Result<String, Wrong> {
    const PROMQL: [&str; 5] = ["prometheus", "thanos", "mimir", "cortex", "victoriametrics"];
    let source = metric.get("metricSource").unwrap_or(metric);
    let by_name = source.get("metricSourceRef").and_then(Node::text).and_then(|name| {
        let named = objects.iter().find(|it| it.kind == "DataSource" && it.name == name)?;
        named.node.at(&["spec", "type"])?.text()
    });
    let kind = source.get("type").and_then(Node::text).or(by_name).unwrap_or_default();
    if !PROMQL.contains(&kind.to_ascii_lowercase().as_str()) {
        let shown = if kind.is_empty() { "none is named".to_owned() } else { format!("`{kind}`") };
        let why = format!("only sources of type `Prometheus` and its kin are read: {shown}");
        return Err((source.line, why));
    }
    let text = source.at(&["spec", "query"]).and_then(Node::text).map(str::trim);
    let text = text.filter(|it| !it.is_empty());
    text.map(str::to_owned).ok_or((source.line, "`metricSource.spec.query` is missing".to_owned()))
}

/// How a bare selector becomes a number over a window.
#[derive(Debug, Clone, Copy)]
enum Completion {
    Increase,
    Sum,
    Mean,
}

fn completed(query: &str, how: Completion) -> Result<String, String> {
    if query.contains("{{") {
        return with_hole(query).map_err(|why| format!("the query {why}"));
    }
    if Selector::parse(query).is_err() {
        return Err(format!(
            "the query is neither a selector nor has it `{HOLE}` where the window goes, so nobody \
             knows over which window it counts"
        ));
    }
    Ok(match how {
        Completion::Increase => sum_of_rate(query),
        Completion::Sum => format!("sum(sum_over_time({query}[{HOLE}]))"),
        Completion::Mean => format!("avg(avg_over_time({query}[{HOLE}]))"),
    })
}

fn labels(node: &Node, report: &mut Report<'_>) -> Labels {
    let mut labels = Labels::new();
    for (name, value) in node.at(&["metadata", "labels"]).map_or(&[][..], Node::entries) {
        let what = format!("`metadata.labels.{name}`");
        let text = match value.items() {
            [] => value.scalar(),
            [one] => one.scalar(),
            _ => None,
        };
        match text {
            Some(text) if is_label_name(name) => {
                labels.insert(name.clone(), text);
            }
            Some(_) => report.lost(value.line, &what, "Prometheus takes no label of this name"),
            None => report.lost(value.line, &what, "a label of Prometheus has one value"),
        }
    }
    labels
}
