//! What people say of promises, and what promises were.

use crate::ask::{plain, show};
use crate::cli::Revise;
use crate::remote::{Server, segment};
use crate::{Answer, YES};
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(crate) fn revise(it: &Revise) -> Answer {
    let path = format!("/api/v1/features/{}", segment(&it.feature));
    let server = Server::new(&it.remote)?;
    let (done, told) = if let Some(next) = &it.next {
        let body = json!({ "reason": it.reason, "next": next });
        let told = format!("You looked at {} again; the next look is on {next}.\n", it.feature);
        (server.post(&format!("{path}/reviewed"), &body)?, told)
    } else {
        let body = json!({ "reason": it.reason, "evidence": it.evidence });
        let told =
            format!("It stands beside the newest revision of {}, in your name.\n", it.feature);
        (server.post(&format!("{path}/revise"), &body)?, told)
    };
    show(&it.remote, &done, |_| told);
    Ok(YES)
}

/// Words at the end of a line while a review is overdue.
pub(crate) fn review_told(review: &Value) -> String {
    if review["standing"] != "overdue" {
        return String::new();
    }
    format!("; REVIEW OVERDUE since {}", plain(&review["day"]))
}

/// The review and the revisions of a feature.
pub(crate) fn told(feature: &Value) -> String {
    let mut text = String::new();
    let review = &feature["review"];
    let _ = match review["standing"].as_str() {
        Some("overdue") => writeln!(text, "Review overdue since {}.", plain(&review["day"])),
        Some("coming") => writeln!(text, "To be looked at again by {}.", plain(&review["day"])),
        Some(_) => writeln!(text, "Signed since the review of {}.", plain(&review["day"])),
        None => Ok(()),
    };
    for it in feature["revisions"].as_array().into_iter().flatten() {
        revision_told(it, &mut text);
    }
    text
}

/// By whom and when the budget was spent, and how its parts stand.
pub(crate) fn spent_told(feature: &Value) -> String {
    let mut text = String::new();
    let percent =
        |it: &Value| it.as_f64().map_or("?".to_owned(), |it| format!("{:.1}%", it * 100.0));
    let owners = feature["spent_by_owner"].as_array().map_or(&[][..], Vec::as_slice);
    for it in owners.iter().filter(|_| owners.len() > 1) {
        let (share, owner) = (plain(&it["share_shown"]), plain(&it["owner"]));
        let _ = writeln!(
            text,
            "  {share:>8} {owner} ({:.0} failed)",
            it["failed"].as_f64().unwrap_or(0.0)
        );
    }
    let time = &feature["spent_by_time"];
    let happened = time["happened"].as_array().map_or(&[][..], Vec::as_slice);
    for it in happened {
        let after = if it["kind"] == "change" { "within 30 minutes after" } else { "within" };
        let overlaps = it["overlaps"].as_array().map_or(&[][..], Vec::as_slice);
        let overlaps = overlaps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let overlaps =
            if overlaps.is_empty() { overlaps } else { format!(", overlaps {overlaps}") };
        let _ = writeln!(
            text,
            "  {:>8} {}. {after} {}: {} failed {}{overlaps} ({})",
            percent(&it["share"]),
            it["number"],
            plain(&it["id"]),
            it["failed"],
            plain(&it["grain"]),
            plain(&it["title"]),
        );
    }
    if !happened.is_empty() {
        let (together, failed) = (&time["together"], &time["failed"]);
        let _ = writeln!(text, "  Together, each minute once: {together} of {failed}.");
    }
    for it in feature["segments"].as_array().into_iter().flatten() {
        let alone = if it["alone"] == true { " DARK although the average is fine." } else { "" };
        let _ = writeln!(text, "{}: {}{alone}", plain(&it["value"]), plain(&it["budget"]));
    }
    text
}

fn revision_told(it: &Value, text: &mut String) {
    let _ = writeln!(text, "Revision {} of {}:", it["number"], plain(&it["at"]));
    for change in it["changes"].as_array().into_iter().flatten() {
        let [field, from, to] = ["field", "from", "to"].map(|key| plain(&change[key]));
        let _ = writeln!(text, "  {field}: {from} -> {to}");
    }
    let file = &it["file_says"];
    if !file.is_null() {
        let old = if file["of_earlier_revision"] == true { ", of an earlier revision" } else { "" };
        let (by, reason) = (plain(&file["by"]), plain(&file["reason"]));
        let _ = writeln!(text, "  {by} (as the file says{old}): {reason}{}", evidence(file));
    }
    for said in it["said"].as_array().into_iter().flatten() {
        let (by, reason) = (plain(&said["by"]), plain(&said["reason"]));
        let _ = writeln!(text, "  {by}: {reason}{}", evidence(said));
    }
    for signed in it["signed"].as_array().into_iter().flatten() {
        let (role, by) = (plain(&signed["role"]), plain(&signed["by"]));
        let _ = writeln!(text, "  signed for {role} by {by}");
    }
}

fn evidence(of: &Value) -> String {
    of["evidence"].as_str().map_or_else(String::new, |it| format!(" [{it}]"))
}
