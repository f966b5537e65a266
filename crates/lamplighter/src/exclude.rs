//! `exclude`, and what exclusions hide beside a figure.

use crate::ask::plain;
use crate::cli::{Counts, ExcludeCommand, ExcludePropose, Remote};
use crate::remote::{Server, segment};
use crate::{Answer, YES, say, say_json};
use model::Millis;
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(crate) fn exclude(it: &ExcludeCommand) -> Answer {
    match it {
        ExcludeCommand::Propose(it) => propose(it),
        ExcludeCommand::Approve(it) => {
            let path = format!("/api/v1/exclusions/{}/approve", segment(&it.id));
            let done = Server::new(&it.remote)?.post(&path, &json!({}))?;
            show(&it.remote, &done, &format!("{} is in force.\n", it.id));
            Ok(YES)
        }
        ExcludeCommand::Revoke(it) => {
            let path = format!("/api/v1/exclusions/{}/revoke", segment(&it.id));
            let done = Server::new(&it.remote)?.post(&path, &json!({ "reason": it.reason }))?;
            show(
                &it.remote,
                &done,
                &format!("{} is taken back; every figure is as it was.\n", it.id),
            );
            Ok(YES)
        }
        ExcludeCommand::List(it) => {
            let answer = Server::new(&it.remote)?.get("/api/v1/exclusions")?;
            show(&it.remote, &answer, &told(&answer));
            Ok(YES)
        }
    }
}

fn propose(it: &ExcludePropose) -> Answer {
    let counts = match it.counts {
        Counts::Dropped => "dropped",
        Counts::Good => "good",
    };
    let body = json!({
        "id": it.name, "about": it.about.join(","), "counts": counts, "when": it.when,
        "during": it.during, "timezone": it.timezone, "minutes": it.minutes, "reason": it.reason,
    });
    let done = Server::new(&it.remote)?.post("/api/v1/exclusions", &body)?;
    let told = format!(
        "{} is proposed. Nothing is excluded until somebody else says `lamplighter exclude approve {}`.\n",
        it.name, it.name
    );
    show(&it.remote, &done, &told);
    Ok(YES)
}

fn show(remote: &Remote, value: &Value, told: &str) {
    if remote.form.json { say_json(value) } else { say(told) }
}

fn told(answer: &Value) -> String {
    let all = answer["exclusions"].as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        return "Nothing is excluded.\n".to_owned();
    }
    all.iter().fold(String::new(), |mut text, it| {
        let names = ["features", "slos"].map(|key| it[key].as_array().cloned().unwrap_or_default());
        let names: Vec<String> = names.iter().flatten().map(plain).collect();
        let _ = writeln!(
            text,
            "{} {}: {} counts as {}, {} ({}) for {} ({}: {})",
            plain(&it["id"]),
            plain(&it["phase"]),
            names.join(", "),
            plain(&it["counts"]),
            plain(&it["when"]),
            plain(&it["timezone"]),
            Millis(it["lasts_ms"].as_i64().unwrap_or_default()),
            plain(&it["owner"]),
            plain(&it["reason"]),
        );
        text
    })
}

/// What exclusions hide from the figures of an assessment, as a sentence; empty when nothing.
pub(crate) fn hidden_told(assessment: &Value) -> String {
    let hidden = &assessment["hidden"];
    if hidden.is_null() {
        return String::new();
    }
    let without = hidden["spent_without"].as_f64().map_or_else(String::new, |it| {
        format!("; with them {:.0} % of the budget is spent", it * 100.0)
    });
    format!(
        "Not counted: {} minutes and {} failed attempts that exclusions hide{without}.",
        plain(&hidden["minutes"]),
        plain(&hidden["bad"]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_said() {
        let assessment =
            json!({ "hidden": { "minutes": 20, "bad": 300, "total": 400, "spent_without": 1.25 } });
        let expected = "Not counted: 20 minutes and 300 failed attempts that exclusions hide; with them \
                        125 % of the budget is spent.";
        assert_eq!(hidden_told(&assessment), expected);
        assert_eq!(hidden_told(&json!({})), "");
    }

    #[test]
    fn exclusions_are_lines() {
        let answer = json!({ "exclusions": [{ "id": "storm", "phase": "approved", "features": ["light-on"],
            "slos": ["api.up"], "counts": "dropped", "when": "2026-11-02 22:00", "timezone": "UTC",
            "lasts_ms": 10_800_000, "owner": "ana", "reason": "the storm" }] });
        assert_eq!(
            told(&answer),
            "storm approved: light-on, api.up counts as dropped, 2026-11-02 22:00 (UTC) for 3h (ana: the storm)\n"
        );
    }
}
