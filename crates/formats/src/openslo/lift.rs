//! Objectives that can be measured by PromQL, lifted out of OpenSLO v1 objects.
//!
//! Intuition: OpenSLO says what to measure in the words of any vendor. We take what is certain:
//! ratios of counters, ratios somebody else computed, and thresholds on a query, all by
//! whatever is judged over one window; slices of time, calendars and burn-rate conditions go along as the
//! meaning of the objective. A query that is a selector is completed; one with a hole
//! `{{.window}}`, as Sloth writes it, is taken as it is; any other is refused, because nobody says
//! over which window it counts.

use super::{Object, check, conditions, refs};
use crate::duration::parse_openslo;
use crate::loss::{Loss, Report};
use crate::meaning::{Exact, Meaning, comparison, period_of};
use crate::promql::sum_of_rate;
use crate::sloth::with_hole;
use crate::spec::{Alerting, Dialect, HOLE, Place, Sli, SloSpec, is_label_name, only_known};
use crate::yaml::Node;
use model::{Calendar, Comparison, Is, Labels, Method, Millis};
use slo::Condition;
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
            let why = "who is called is said by escalations here, and burn-rate conditions are taken over \
                       where an objective names them";
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
        let known = [
            "displayName",
            "op",
            "value",
            "target",
            "targetPercent",
            "timeSliceTarget",
            "timeSliceWindow",
        ];
        only_known(objective, &known, report);
        let name = match objectives {
            [_] => object.name.clone(),
            _ => format!("{}-{index}", object.name),
        };
        let judged = measured(objective, &shared).and_then(|(percent, sli, exact)| {
            Ok((percent, sli, exact, method(objective, &shared)?))
        });
        match judged {
            Ok((percent, sli, exact, method)) => found.push(SloSpec {
                meaning: Meaning {
                    exact,
                    method,
                    calendar: shared.calendar.clone(),
                    conditions: shared.conditions.clone(),
                    is_fixed: is_fixed(&sli),
                },
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
}

/// What the objectives of one SLO share.
struct Shared<'a> {
    service: String,
    description: String,
    period: Millis,
    method: String,
    calendar: Option<Calendar>,
    conditions: Vec<Condition>,
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
    let Some(indicator) = spec.at(&["indicator", "spec"]) else {
        let why = "objectives with indicators of their own are a composite, whose meaning OpenSLO \
                   leaves open; write a feature with `needs` instead";
        return Err((spec.line, why.to_owned()));
    };
    let window = spec.get("timeWindow").and_then(|it| it.items().first());
    let window = window.ok_or((spec.line, "`timeWindow` is missing".to_owned()))?;
    let period = window.get("duration").and_then(Node::text).and_then(parse_openslo);
    let period = period.ok_or((window.line, "`duration` is no length of time".to_owned()))?;
    let calendar = window.get("calendar").and_then(|it| calendar(window, it, report));
    let conditions = conditions::of_policies(spec, period, report);
    Ok(Shared {
        method,
        calendar,
        conditions,
        service: text("service"),
        description: text("description"),
        period,
        indicator,
        objects,
    })
}

/// The calendar of a window that begins anew with it.
fn calendar(window: &Node, node: &Node, report: &mut Report<'_>) -> Option<Calendar> {
    let text = |key: &str| node.get(key).and_then(Node::text);
    let period = window.get("duration").and_then(Node::text).and_then(period_of);
    let Some((period, zone)) = period.zip(text("timeZone")) else {
        let why = "the budget is kept over a rolling window of the same length: only a week, a month, a \
                   quarter or a year begins anew here";
        report.lost(node.line, "`calendar`", why);
        return None;
    };
    let start = text("startTime").unwrap_or_default();
    if !start.ends_with(" 00:00:00")
        || period != model::Period::Week && start.get(8..10) != Some("01")
    {
        let why = format!("here every {} begins at midnight of its first day", period.word());
        report.noted(node.line, &format!("`startTime: {start}`"), &why);
    }
    Some(Calendar { period, timezone: zone.to_owned() })
}

/// How an objective is judged.
fn method(objective: &Node, shared: &Shared<'_>) -> Result<Method, Wrong> {
    if shared.method == "Occurrences" {
        return Ok(Method::Occurrences);
    }
    let length = objective.get("timeSliceWindow").and_then(Node::scalar);
    let length = length.as_deref().and_then(parse_openslo);
    let minutes = length.and_then(|it| {
        let minutes = u8::try_from(it.whole_mins()).ok()?;
        (Millis::from_mins(i64::from(minutes)) == it).then_some(minutes)
    });
    let why =
        "`timeSliceWindow` is not whole minutes, and slices here are at most a quarter of an hour";
    let minutes = minutes.ok_or((objective.line, why.to_owned()))?;
    if shared.method == "RatioTimeslices" {
        return Ok(Method::RatioTimeSlices { minutes });
    }
    let target = objective.get("timeSliceTarget").and_then(Node::number).unwrap_or(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between nothing and a million, and saturates"
    )]
    let bad_ppm = ((1.0 - target) * 1e6).round() as u32;
    Ok(Method::TimeSlices { minutes, bad_ppm })
}

/// The gauge that `text` compares.
fn gauge(text: &str, op: &str, value: f64) -> Option<Exact> {
    if Selector::parse(text).is_ok() {
        return Some(Exact::Gauge { metric: text.to_owned(), is: comparison(op, value)? });
    }
    // Equality has no word in OpenSLO: we write it as a query that is 1 or 0.
    let (metric, number) = text.rsplit_once("== bool")?;
    let (metric, number) = (metric.trim(), number.trim());
    let is_switch = op == "gte" && value.to_bits() == 1_f64.to_bits();
    let is_number = number.parse::<f64>().is_ok_and(f64::is_finite);
    (is_switch && is_number && Selector::parse(metric).is_ok()).then(|| Exact::Gauge {
        metric: metric.to_owned(),
        is: Comparison { is: Is::Equal, value: number.to_owned() },
    })
}

fn measured(objective: &Node, shared: &Shared<'_>) -> Result<(f64, Sli, Option<Exact>), Wrong> {
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
        let op = objective.get("op").and_then(Node::text).unwrap_or("gt");
        return Ok((percent, Sli::ErrorRatio(query), gauge(&text, op, value)));
    }
    let ratio = shared.indicator.get("ratioMetric");
    let ratio = ratio.ok_or((shared.indicator.line, "it has no metric".to_owned()))?;
    let over_window = |key: &str, how: Completion| -> Result<String, Wrong> {
        let metric = ratio.get(key).ok_or((ratio.line, format!("`{key}` is missing")))?;
        let text = query(metric, shared.objects)?;
        completed(&text, how).map_err(|why| (metric.line, why))
    };
    if ratio.get("raw").is_some() {
        let raw = over_window("raw", Completion::Mean)?;
        let is_success = ratio.get("rawType").and_then(Node::text) == Some("success");
        let query = if is_success { format!("1 - ({raw})") } else { raw };
        let metric = ratio.get("raw").and_then(|it| self::query(it, shared.objects).ok());
        let exact = metric
            .filter(|it| Selector::parse(it).is_ok())
            .map(|metric| Exact::Raw { metric, good: is_success });
        return Ok((percent, Sli::ErrorRatio(query), exact));
    }
    let is_counter = ratio.get("counter").and_then(Node::switch) == Some(true);
    let how = if is_counter { Completion::Increase } else { Completion::Sum };
    let total = over_window("total", how)?;
    if ratio.get("good").is_some() {
        return Ok((percent, Sli::Good { good: over_window("good", how)?, total }, None));
    }
    Ok((percent, Sli::Bad { bad: over_window("bad", how)?, total }, None))
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
        // It has a window of its own: it can be asked, and nothing else.
        return Ok(query.to_owned());
    }
    Ok(match how {
        Completion::Increase => sum_of_rate(query),
        Completion::Sum => format!("sum(sum_over_time({query}[{HOLE}]))"),
        Completion::Mean => format!("avg(avg_over_time({query}[{HOLE}]))"),
    })
}

/// Whether a query of `sli` has no hole.
fn is_fixed(sli: &Sli) -> bool {
    let has = |it: &String| it.contains(HOLE);
    !match sli {
        Sli::Bad { bad: some, total } | Sli::Good { good: some, total } => has(some) && has(total),
        Sli::ErrorRatio(query) => has(query),
    }
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
