//! The answer for programs.
//!
//! Invariant: what cannot be told is `null` with its reasons beside it, and infinite numbers are `null`.

use super::{Findings, past};
use ::whatif::Comparison;
use ::whatif::compare::{Answer, Reason};
use ::whatif::measure::METRICS;
use ::whatif::saturation::DeskLoad;
use ::whatif::statistics::Estimate;
use serde_json::{Map, Value, json};

pub(super) fn json(it: &Findings) -> Value {
    let experiment = &it.question.experiment;
    let points: Vec<Value> = it
        .swept
        .points
        .iter()
        .map(|point| {
            json!({
                "parameter": point.parameter.key(),
                "value": point.value,
                "comparison": comparison(&point.comparison),
            })
        })
        .collect();
    let loads: Map<String, Value> = it
        .loads
        .iter()
        .zip(&it.swept.base.rows)
        .map(|(loads, row)| (row.name.clone(), loads.iter().map(load).collect()))
        .collect();
    json!({
        "calibrated": it.question.evidence.is_some(),
        "calibration": it.question.evidence.as_ref().map(past::json),
        "label": it.label(),
        "not_claimed": it.not_claimed(),
        "seed": experiment.seed,
        "people": experiment.organisation.people.len(),
        "items_per_week": it.items_per_week,
        "offered_erlangs": it.offered,
        "primary": it.question.plan.primary.key(),
        "comparison": comparison(&it.swept.base),
        "equal_staffing": it.equal.as_ref().map(|(staff, it)| {
            json!({ "staff": staff, "comparison": comparison(it) })
        }),
        "answers": it.swept.answers.iter().map(|one| answer(one, &it.swept.base)).collect::<Value>(),
        "sweep": points,
        "desks": loads,
    })
}

fn comparison(it: &Comparison) -> Value {
    let rows: Vec<Value> = it
        .rows
        .iter()
        .map(|row| {
            let estimates = METRICS.iter().zip(&row.estimates);
            let metrics: Map<String, Value> = estimates
                .map(|(metric, it)| {
                    (metric.key().to_owned(), it.as_ref().map_or(Value::Null, estimate))
                })
                .collect();
            json!({
                "structure": row.name,
                "desk_share": row.desk_share,
                "metrics": metrics,
                "dominated_by": row.dominated_by.map(|other| it.rows[other].name.clone()),
            })
        })
        .collect();
    let differences: Vec<Value> = it
        .differences
        .iter()
        .map(|one| {
            json!({
                "metric": one.metric.key(),
                "audience": one.metric.audience(),
                "first": it.rows[one.first].name,
                "second": it.rows[one.second].name,
                "first_minus_second": estimate(&one.estimate),
                "better": one.winner().map(|winner| it.rows[winner].name.clone()),
            })
        })
        .collect();
    json!({
        "replications": it.replications,
        "precise": it.precise,
        "structures": rows,
        "differences": differences,
    })
}

fn answer(it: &Answer, base: &Comparison) -> Value {
    let (better, reasons) = match &it.better {
        Ok(winner) => (Some(base.rows[*winner].name.clone()), vec![]),
        Err(reasons) => (None, reasons.iter().map(reason).collect()),
    };
    json!({
        "first": base.rows[it.first].name,
        "second": base.rows[it.second].name,
        "better": better,
        "cannot_tell_because": reasons,
    })
}

fn reason(it: &Reason) -> Value {
    match it {
        Reason::Luck => json!({ "reason": "luck" }),
        Reason::TurnsOn { parameter, value, flips_near } => json!({
            "reason": "turns_on",
            "parameter": parameter.key(),
            "value": value,
            "flips_near": flips_near,
            "settled_by": parameter.settled_by(),
        }),
    }
}

fn load(it: &DeskLoad) -> Value {
    json!({
        "desk": it.desk,
        "servers": it.servers,
        "offered_erlangs": it.offered,
        "wait_p90_hours": it.wait_p90_hours,
        "target_weeks": it.target_weeks,
        "breaks_weeks": it.breaks_weeks,
    })
}

fn estimate(it: &Estimate) -> Value {
    json!({ "mean": it.mean, "half_width": it.half_width })
}
