//! Our own catalogue as objectives that rules can be written for.
//!
//! Intuition: Prometheus evaluates service objectives as well as we do; it cannot compose a
//! feature minute by minute, and it does not know which part of a feature may fail unnoticed. So
//! the rules hold every service objective, and alerts only where the failing of that one objective
//! is the failing of a feature.

use crate::loss::Loss;
use crate::meaning::{Exact, Meaning, sign};
use crate::promql::sum_of_rate;
use crate::spec::{AlertSpec, Alerting, Dialect, HOLE, Place, Sli, SloSpec};
use model::{Asks, Catalogue, Labels, Need, ServiceKind, SloId};
use slo::selector::NATIVE_LABEL;
use std::collections::BTreeSet;

/// Every service objective of `catalogue`.
#[must_use]
pub fn from_catalogue(catalogue: &Catalogue) -> (Vec<SloSpec>, Vec<Loss>) {
    let mut losses = Vec::new();
    let mut decisive = BTreeSet::new();
    for feature in catalogue.features.values() {
        if !feature.alerts_nobody {
            decide(&feature.needs, &mut decisive);
        }
    }
    let mut specs = Vec::new();
    for (id, slo) in catalogue.slos() {
        let Some(sli) = sli_of(slo) else {
            let why = "Prometheus cannot read what is pushed or a heartbeat, a query with a window of its \
                       own says nothing about another one, and a native histogram has no counters";
            losses.push(not_carried(&id, "what is counted", why));
            continue;
        };
        let percent = slo.objective.to_string();
        let percent = percent.trim_end_matches('%').parse().expect("an objective prints a number");
        let mut labels = Labels::from([("org".to_owned(), catalogue.org.to_string())]);
        if let ServiceKind::Own { team } = &catalogue.services[&id.service].kind {
            labels.insert("team".to_owned(), team.to_string());
        }
        // Without labels of their own, the alerts of two objectives could not be told apart in the
        // file, which promtool refuses.
        let alert = decisive.contains(&id).then(|| AlertSpec {
            labels: Labels::from([
                ("service".to_owned(), id.service.to_string()),
                ("slo".to_owned(), id.name.clone()),
            ]),
            annotations: Labels::new(),
        });
        let spec = SloSpec {
            place: Place { file: String::new(), document: 0, line: 0 },
            dialect: Dialect::Own,
            service: id.service.to_string(),
            name: id.name.clone(),
            description: String::new(),
            labels,
            objective: percent,
            period: Some(slo.window),
            sli,
            meaning: Meaning {
                exact: exact_of(slo),
                method: slo.method,
                calendar: slo.calendar.clone(),
                conditions: vec![],
                is_fixed: false,
            },
            alerting: Alerting {
                name: "ErrorBudgetBurn".to_owned(),
                page: alert.clone(),
                ticket: alert,
            },
        };
        if !decisive.contains(&id) {
            let why =
                "no feature that alerts fails by it alone, so it is recorded and raises no alert";
            spec.report(&mut losses).noted(0, "alerts", why);
        }
        specs.push(spec);
    }
    for (id, feature) in &catalogue.features {
        let mut lost = |what: &str, why: &str| {
            losses.push(Loss {
                file: String::new(),
                line: 0,
                weight: crate::Weight::Lost,
                subject: format!("feature {id}"),
                what: what.to_owned(),
                why: why.to_owned(),
            });
        };
        if feature.needs.slos().len() > 1 {
            lost(
                "the promise",
                "it is composed minute by minute, which rules cannot do; its service \
                 objectives are written one by one",
            );
        }
        if !feature.own.is_empty() {
            let why = "rules are written for whole objectives: what this feature measures of its own is not \
                       in them";
            lost("what it measures", why);
        }
        if !feature.alerts.is_empty() {
            lost("alert conditions", "rules are written with the usual ones");
        }
    }
    (specs, losses)
}

fn not_carried(id: &SloId, what: &str, why: &str) -> Loss {
    Loss {
        file: String::new(),
        line: 0,
        weight: crate::Weight::Lost,
        subject: format!("objective {id}"),
        what: what.to_owned(),
        why: why.to_owned(),
    }
}

/// What rules can count of an objective; nothing of what is no pair of counters.
fn sli_of(slo: &model::Slo) -> Option<Sli> {
    let total = sum_of_rate(&slo.total);
    match &slo.sli {
        model::Sli::Latency { buckets, .. } if buckets.contains(NATIVE_LABEL) => None,
        model::Sli::Bad => Some(Sli::Bad { bad: or_zero(&slo.bad), total }),
        model::Sli::Good | model::Sli::Latency { .. } => {
            Some(Sli::Bad { bad: format!("{total} - ({})", or_zero(&slo.bad)), total })
        }
        model::Sli::Gauge(it) => {
            let (sign, metric) = (sign(it.is), &slo.total);
            let query = format!("(({metric}) {sign} bool {})[{HOLE}:]", it.value);
            Some(Sli::ErrorRatio(format!("1 - avg(avg_over_time({query}))")))
        }
        model::Sli::Ratio { good } => {
            let mean = format!("avg(avg_over_time({}[{HOLE}]))", slo.total);
            Some(Sli::ErrorRatio(if *good { format!("1 - ({mean})") } else { mean }))
        }
        model::Sli::Query { asks, .. } => {
            let open = |it: &str| crate::sloth::with_hole(it).ok();
            Some(match asks {
                Asks::Bad => Sli::Bad { bad: open(&slo.bad)?, total: open(&slo.total)? },
                Asks::Good => Sli::Good { good: open(&slo.bad)?, total: open(&slo.total)? },
                Asks::ErrorRatio => Sli::ErrorRatio(open(&slo.bad)?),
            })
        }
        model::Sli::Pushed { .. } | model::Sli::Heartbeat { .. } => None,
    }
}

/// What is read, where it can be said without a query.
fn exact_of(slo: &model::Slo) -> Option<Exact> {
    let (metric, total) = (slo.total.clone(), slo.total.clone());
    match &slo.sli {
        model::Sli::Gauge(is) => Some(Exact::Gauge { metric, is: is.clone() }),
        model::Sli::Ratio { good } => Some(Exact::Raw { metric, good: *good }),
        model::Sli::Good | model::Sli::Latency { .. } => {
            Some(Exact::Good { good: slo.bad.clone(), total })
        }
        _ => None,
    }
}

/// A counter of bad events may have no series before the first of them; nothing bad happened then.
fn or_zero(selector: &str) -> String {
    format!("{} or vector(0)", sum_of_rate(selector))
}

/// The objectives whose failing alone makes the need fail.
fn decide(need: &Need, found: &mut BTreeSet<SloId>) {
    match need {
        Need::Slo(id) => {
            // Rules know no feature's own traffic: the whole objective stands for a narrowed one.
            found.insert(id.promised());
        }
        Need::All(parts) => parts.iter().for_each(|it| decide(it, found)),
        Need::Any(parts) => {
            if let [one] = parts.as_slice() {
                decide(one, found);
            }
        }
        Need::Quorum { works_min, of } => {
            if usize::from(*works_min) == of.len() {
                for it in of {
                    decide(it, found);
                }
            }
        }
        // One way of several takes only its share of the attempts with it.
        Need::Routes(ways) => {
            if let [one] = ways.as_slice() {
                decide(&one.need, found);
            }
        }
    }
}
