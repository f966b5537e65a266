//! `openslo/v1alpha`, in the part that Sloth reads: ratio metrics with PromQL.

use super::super::sloth::with_hole;
use crate::loss::Report;
use crate::spec::{Alerting, Dialect, Place, Sli, SloSpec, only_known, text_of};
use crate::yaml::Node;
use model::{Labels, Millis};

/// The objectives of one document, each named after its SLO and its position.
pub(crate) fn read(node: &Node, place: &Place, report: &mut Report<'_>) -> Vec<SloSpec> {
    let name = node.at(&["metadata", "name"]).and_then(Node::text).unwrap_or_default();
    let mut report = report.about(name);
    let report = &mut report;
    if node.get("kind").and_then(Node::text) != Some("SLO") {
        report.refused(node.line, "the document", "only `kind: SLO` of openslo/v1alpha is read");
        return vec![];
    }
    only_known(node, &["apiVersion", "kind", "metadata", "spec"], report);
    let Some(spec) = node.get("spec") else {
        report.refused(node.line, "the document", "`spec` is missing");
        return vec![];
    };
    let known = ["service", "description", "budgetingMethod", "objectives", "timeWindows"];
    only_known(spec, &known, report);
    let service = text_of(spec, "service", report).unwrap_or_default();
    if name.is_empty() || service.is_empty() {
        report.refused(node.line, "the document", "it needs `metadata.name` and `spec.service`");
        return vec![];
    }
    if spec.get("budgetingMethod").and_then(Node::text) != Some("Occurrences") {
        let why = "only `budgetingMethod: Occurrences` can be counted by rules";
        report.refused(spec.line, "the document", why);
        return vec![];
    }
    let period = match period(spec) {
        Ok(period) => period,
        Err(why) => {
            report.refused(spec.line, "the document", &why);
            return vec![];
        }
    };
    let mut specs = Vec::new();
    let objectives = spec.get("objectives").map_or(&[][..], Node::items);
    for (index, objective) in objectives.iter().enumerate() {
        only_known(objective, &["displayName", "ratioMetrics", "target"], report);
        match measured(objective) {
            Ok((percent, sli)) => specs.push(SloSpec {
                meaning: crate::Meaning::default(),
                place: Place { line: objective.line, ..place.clone() },
                dialect: Dialect::OpenSloAlpha,
                service: service.clone(),
                name: format!("{name}-{index}"),
                description: text_of(spec, "description", report).unwrap_or_default(),
                labels: Labels::new(),
                objective: percent,
                period: Some(period),
                sli,
                alerting: Alerting::default(),
            }),
            Err((line, why)) => report.refused(line, "the objective", &why),
        }
    }
    specs
}

fn period(spec: &Node) -> Result<Millis, String> {
    let windows = spec.get("timeWindows").map_or(&[][..], Node::items);
    let [window] = windows else {
        return Err("`timeWindows` must hold exactly one window".to_owned());
    };
    if window.get("calendar").is_some() {
        return Err("rules know rolling windows only, and this one follows the calendar".to_owned());
    }
    let unit = match window.get("unit").and_then(Node::text) {
        Some("Day") => Millis::from_days(1),
        Some("Week") => Millis::from_days(7),
        Some("Hour") => Millis::from_hours(1),
        _ => return Err("`unit` must be Hour, Day or Week".to_owned()),
    };
    let count = window.get("count").and_then(Node::number).unwrap_or_default();
    if !(1.0..=10_000.0).contains(&count) || count.fract() != 0.0 {
        return Err("`count` must be a whole number from 1 to 10000".to_owned());
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and at most 10000")]
    Ok(Millis(unit.0 * count as i64))
}

fn measured(objective: &Node) -> Result<(f64, Sli), (usize, String)> {
    let target = objective.get("target").and_then(Node::number).unwrap_or(f64::NAN);
    if !(target > 0.0 && target < 1.0) {
        return Err((objective.line, "`target` must be above 0 and below 1".to_owned()));
    }
    let query = |key: &str| {
        let node = objective
            .at(&["ratioMetrics", key])
            .ok_or_else(|| (objective.line, format!("`ratioMetrics.{key}` is missing")))?;
        let word = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default();
        if word("source") != "prometheus" || word("queryType") != "promql" {
            let why = format!("`{key}` must have `source: prometheus` and `queryType: promql`");
            return Err((node.line, why));
        }
        with_hole(word("query")).map_err(|why| (node.line, format!("the query of `{key}` {why}")))
    };
    Ok((target * 100.0, Sli::Good { good: query("good")?, total: query("total")? }))
}
