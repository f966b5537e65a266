//! Burn-rate conditions of OpenSLO's alert policies as conditions of ours.
//!
//! Intuition: OpenSLO says "burns twice as fast as allowed over an hour, for five minutes". Here a condition
//! says which share of the budget is gone within the long window, while the short one shows that it still
//! goes on. A burn rate over a window is a share of the budget; for how long it must last is as good a
//! short window as any, and the report says so.

use crate::duration::parse_openslo;
use crate::loss::Report;
use crate::yaml::Node;
use model::{Millis, Severity};
use slo::Condition;

/// The conditions of every policy of an objective over `period`.
pub(super) fn of_policies(spec: &Node, period: Millis, report: &mut Report<'_>) -> Vec<Condition> {
    let policies = spec.get("alertPolicies").map_or(&[][..], Node::items);
    let mut found = Vec::new();
    for policy in policies {
        let Some(body) = policy.get("spec") else {
            let why = "the policy it names is not among the files";
            report.lost(policy.line, "an alert policy", why);
            continue;
        };
        let conditions = body.get("conditions").map_or(&[][..], Node::items);
        for condition in conditions {
            match of(condition, period) {
                Ok(condition) => found.push(condition),
                Err(why) => report.lost(policy.line, "the condition of an alert policy", why),
            }
        }
    }
    found
}

fn of(node: &Node, period: Millis) -> Result<Condition, &'static str> {
    let spec = node.get("spec").ok_or("the condition it names is not among the files")?;
    let condition = spec.get("condition").ok_or("it says no condition")?;
    let text = |key: &str| condition.get(key).and_then(Node::scalar).unwrap_or_default();
    let length = |key: &str| parse_openslo(&text(key)).filter(|it| it.0 % 60_000 == 0);
    if !matches!(text("op").as_str(), "gt" | "gte") {
        return Err("it fires while little burns, which here is no alert");
    }
    let rate = condition.get("threshold").and_then(Node::number).filter(|it| *it > 0.0);
    let rate = rate.ok_or("its threshold is no burn rate above nothing")?;
    let long = length("lookbackWindow").ok_or("it does not look back whole minutes")?;
    let usual = Millis::from_mins((long.whole_mins() / 12).max(1));
    let short = length("alertAfter").filter(|it| it.0 > 0 && *it < long).unwrap_or(usual);
    if short >= long {
        return Err("a short window does not fit into it");
    }
    let share = rate * number(long) / number(period.max(Millis(1)));
    if !(0.000_001..=1.0).contains(&share) {
        return Err("it wants more than the whole budget");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between nothing and a million"
    )]
    let budget_share_ppm = (share * 1e6).round() as u32;
    let word = spec.get("severity").and_then(Node::scalar).unwrap_or_default();
    let severity = match word.to_ascii_lowercase().as_str() {
        "page" | "critical" | "high" => Severity::Page,
        _ => Severity::Ticket,
    };
    Ok(Condition { severity, long, short, budget_share_ppm })
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of centuries fit into 53 bits")]
fn number(length: Millis) -> f64 {
    length.0 as f64
}
