//! Commands that ask a running server.

use crate::cli::{
    Gate, OneFeature, OneId, Page, PushCounts, Remote, Review, Sign, SignRole, Waive,
};
use crate::remote::{Server, segment};
use crate::{Answer, YES, no, say, say_json};
use serde_json::{Value, json};
use server::Problem;
use std::fmt::Write as _;
use std::io::Read as _;

/// Prints `value` for programs, or what `told` makes of it.
pub(crate) fn show(remote: &Remote, value: &Value, told: impl FnOnce(&Value) -> String) {
    if remote.form.json { say_json(value) } else { say(&told(value)) }
}

pub(crate) fn status(remote: &Remote) -> Answer {
    let status = Server::new(remote)?.get("/api/v1/status")?;
    show(remote, &status, status_told);
    Ok(YES)
}

fn status_told(status: &Value) -> String {
    let mut text = String::new();
    for source in status["sources_failing"].as_array().into_iter().flatten() {
        let _ = writeln!(text, "Source {} does not answer.", plain(source));
    }
    let incidents = status["incidents"].as_array().map_or(&[][..], Vec::as_slice);
    for incident in incidents {
        let _ = writeln!(text, "{}", incident_told(incident));
    }
    if incidents.is_empty() {
        text.push_str("No incident is open.\n");
    }
    for feature in status["features"].as_array().into_iter().flatten() {
        let _ = writeln!(
            text,
            "{}: {} ({}; {}){}",
            plain(&feature["id"]),
            plain(&feature["budget"]),
            plain(&feature["objective"]),
            plain(&feature["question"]),
            crate::promise::review_told(&feature["review"]),
        );
    }
    text
}

fn incident_told(incident: &Value) -> String {
    let taken = match incident["acknowledged_by"].as_str() {
        Some(by) => format!("taken by {by}"),
        None => "taken by nobody".to_owned(),
    };
    format!(
        "{} open since {}, {taken}: {}",
        plain(&incident["id"]),
        plain(&incident["opened_at"]),
        plain(&incident["title"]),
    )
}

pub(crate) fn feature(it: &OneFeature) -> Answer {
    let path = format!("/api/v1/features/{}", segment(&it.feature));
    let feature = Server::new(&it.remote)?.get(&path)?;
    show(&it.remote, &feature, feature_told);
    Ok(YES)
}

fn feature_told(feature: &Value) -> String {
    let mut text = format!(
        "{} ({})\n{} of attempts, promised by team {}: {}\n",
        plain(&feature["question"]),
        plain(&feature["id"]),
        plain(&feature["objective"]),
        plain(&feature["team"]),
        plain(&feature["budget"]),
    );
    if feature["approximate"] == true {
        let _ = writeln!(
            text,
            "Estimate: from a query; rates were asked for, events were not counted."
        );
    }
    for it in feature["history"].as_array().into_iter().flatten() {
        let left = it["minutes_left"].as_i64().filter(|left| *left > 0);
        if let Some(left) = left {
            let left = model::Millis::from_mins(left);
            let _ =
                writeln!(text, "The past of {} is being read: {left} are left.", plain(&it["slo"]));
        }
    }
    let hidden = crate::exclude::hidden_told(&feature["assessment"]);
    if !hidden.is_empty() {
        let _ = writeln!(text, "{hidden}");
    }
    if let Some(thin) = feature["not_measurable"].as_str() {
        let _ = writeln!(text, "{thin}");
    }
    for role in ["product", "engineering"] {
        let by = feature["signed"][role].as_str().unwrap_or("nobody");
        let _ = writeln!(text, "Signed for {role} by {by}.");
    }
    if feature["assessment"]["conditions"].as_array().is_some_and(Vec::is_empty) {
        text += "Nobody is alerted: `alerts: none`.\n";
    }
    for it in feature["assessment"]["conditions"].as_array().into_iter().flatten() {
        let counts = |window: &Value| format!("{} of {}", window["bad"], window["total"]);
        let length = |name: &str| {
            model::Millis(it["condition"][name].as_i64().unwrap_or_default()).to_string()
        };
        let _ = writeln!(
            text,
            "{} above {:.1} times over {} and {}: {} ({} and {} failed)",
            plain(&it["condition"]["severity"]),
            it["factor"].as_f64().unwrap_or_default(),
            length("long"),
            length("short"),
            plain(&it["state"]),
            counts(&it["long"]),
            counts(&it["short"]),
        );
    }
    text += &crate::promise::told(feature);
    text + &composition_told(&feature["composition"]) + &crate::promise::spent_told(feature)
}

/// What the members say together and who spent the budget; nothing of a feature with one member.
fn composition_told(composition: &Value) -> String {
    let spent_by = composition["spent_by"].as_array().map_or(&[][..], Vec::as_slice);
    if spent_by.len() < 2 {
        return String::new();
    }
    let percent =
        |it: &Value| it.as_f64().map_or("?".to_owned(), |it| format!("{:.1}%", it * 100.0));
    let spent = &composition["spent"];
    let measured = &composition["measured"];
    let mut text = String::new();
    if !measured.is_null() {
        let _ = writeln!(
            text,
            "Measured end to end: {} of {} attempts failed, {} of the budget; {:.0} of them no need can \
             explain.",
            measured["failed"],
            measured["attempts"],
            percent(&measured["spent"]),
            measured["unexplained"].as_f64().unwrap_or_default(),
        );
    }
    let assumption = match &composition["assumption"] {
        Value::Null => String::new(),
        it => format!(", which {}", plain(it)),
    };
    let _ = writeln!(
        text,
        "Composed from {} objectives{assumption}: {} to {} of the budget is spent, {} if they fail \
         without regard to each other; {} of the time is measured.",
        spent_by.len(),
        percent(&spent["at_least"]),
        percent(&spent["at_most"]),
        percent(&spent["independent"]),
        percent(&composition["coverage"]),
    );
    if composition["wide"] == true {
        text += "That is too wide to act upon: measure this feature end to end.\n";
    }
    let _ = writeln!(text, "Who spent the budget, of {}:", plain(&composition["value_function"]));
    for it in spent_by {
        let _ = writeln!(
            text,
            "  {:>8} {} ({:.0} failed; {:.0} fewer without it)",
            plain(&it["share_shown"]),
            plain(&it["slo"]),
            it["failed"].as_f64().unwrap_or_default(),
            it["recovered"].as_f64().unwrap_or_default(),
        );
    }
    text + &plain(&composition["targets"]["told"]) + "\n"
}

pub(crate) fn gate(it: &Gate) -> Answer {
    let path = format!("/api/v1/features/{}", segment(&it.feature));
    let feature = Server::new(&it.remote)?.get(&path)?;
    let (mut open, mut told) = gate_told(&feature, it.allow_unknown);
    if let Some(by) = feature["waiver"]["by"].as_str().filter(|_| !open) {
        let until = plain(&feature["waiver"]["until"]);
        let reason = plain(&feature["waiver"]["reason"]);
        told = format!("yes: {by} answers for it until {until} ({reason}); otherwise {told}");
        open = true;
    }
    let answer = json!({
        "feature": feature["id"], "open": open, "reason": told,
        "budget_state": feature["budget_state"], "waiver": feature["waiver"],
        "hidden": feature["assessment"]["hidden"], "wide": feature["composition"]["wide"],
        "spent": feature["composition"]["spent"],
    });
    let hidden = crate::exclude::hidden_told(&feature["assessment"]);
    let wide = wide_told(&feature["composition"]);
    show(&it.remote, &answer, |_| {
        format!("{told}\n{wide}{hidden}{}", if hidden.is_empty() { "" } else { "\n" })
    });
    Ok(if open { YES } else { no() })
}

/// A line while the bounds of what is spent are far apart.
fn wide_told(composition: &Value) -> String {
    if composition["wide"] != true {
        return String::new();
    }
    let percent = |key: &str| {
        composition["spent"][key]
            .as_f64()
            .map_or("?".to_owned(), |it| format!("{:.0} %", it * 100.0))
    };
    format!(
        "It is not certain: between {} and {} of the budget is spent. Measure this feature end to end.\n",
        percent("at_least"),
        percent("at_most"),
    )
}

/// Whether a deploy is allowed, and why.
fn gate_told(feature: &Value, allow_unknown: bool) -> (bool, String) {
    let id = plain(&feature["id"]);
    let assessment = &feature["assessment"];
    let firing = assessment["conditions"].as_array().into_iter().flatten().any(|it| {
        it["state"] == "firing" && it["condition"]["severity"] == "page" && it["uncertain"] != true
    });
    if firing {
        return (false, format!("no: {id} burns its budget too fast right now"));
    }
    match assessment["budget"]["spent_ratio"].as_f64() {
        Some(spent) if spent >= 1.0 => (false, format!("no: the budget of {id} is spent")),
        Some(spent) => {
            (true, format!("yes: {:.0} % of the budget of {id} is left", (1.0 - spent) * 100.0))
        }
        None if allow_unknown => (true, format!("yes: nothing is known of {id}, which is allowed")),
        None => {
            (false, format!("no: nothing is known of {id}; --allow-unknown takes that for a yes"))
        }
    }
}

pub(crate) fn waive(it: &Waive) -> Answer {
    let path = format!("/api/v1/features/{}/waiver", segment(&it.feature));
    let server = Server::new(&it.remote)?;
    let (done, told) = if it.end {
        (server.post(&format!("{path}/end"), &json!({}))?, "The waiver is taken back.\n".to_owned())
    } else {
        let reason = it.reason.as_deref().unwrap_or_default();
        let body = json!({ "reason": reason, "hours": it.hours });
        let told = format!("You answer for {} for {} hours.\n", it.feature, it.hours);
        (server.post(&path, &body)?, told)
    };
    show(&it.remote, &done, |_| told);
    Ok(YES)
}

pub(crate) fn push(it: &PushCounts) -> Answer {
    let path = format!("/api/v1/sli/{}", segment(&it.objective));
    let body = json!({
        "key": it.key, "at": it.at, "bad": it.bad, "total": it.total, "people": it.people,
    });
    let done = Server::new(&it.remote)?.post(&path, &body)?;
    show(&it.remote, &done, |done| {
        let taken = if done["taken"] == 1 { "It counts." } else { "It was known already." };
        format!("{taken}\n")
    });
    Ok(YES)
}

pub(crate) fn ack(it: &OneId) -> Answer {
    let path = match it.id.split_once('_') {
        Some(("pg", _)) => format!("/api/v1/pages/{}/acknowledge", segment(&it.id)),
        Some(("in", _)) => format!("/api/v1/incidents/{}/acknowledge", segment(&it.id)),
        _ => return Err(not_an_id(&it.id, "in_1 or pg_1")),
    };
    let done = Server::new(&it.remote)?.post(&path, &json!({}))?;
    show(&it.remote, &done, |_| format!("{} is yours.\n", it.id));
    Ok(YES)
}

pub(crate) fn resolve(it: &OneId) -> Answer {
    let path = format!("/api/v1/incidents/{}/resolve", segment(&it.id));
    let done = Server::new(&it.remote)?.post(&path, &json!({}))?;
    show(&it.remote, &done, |_| format!("{} is over.\n", it.id));
    Ok(YES)
}

pub(crate) fn page(it: &Page) -> Answer {
    let body = json!({ "title": it.title, "feature": it.feature, "team": it.team });
    let done = Server::new(&it.remote)?.post("/api/v1/incidents", &body)?;
    show(&it.remote, &done, |done| {
        let events = done["events"].as_array().map_or(&[][..], Vec::as_slice);
        let incident = events.iter().find_map(|it| it["incident"].as_str());
        match incident {
            Some(incident) => format!("{incident} is open, and people are being called.\n"),
            None => "It was taken.\n".to_owned(),
        }
    });
    Ok(YES)
}

pub(crate) fn review(it: &Review) -> Answer {
    let mut text = it.text.clone();
    if text == "-" {
        text.clear();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|it| Problem::unreachable("could not read standard input").detail(it))?;
    }
    let path = format!("/api/v1/incidents/{}/review", segment(&it.id));
    let done = Server::new(&it.remote)?.post(&path, &json!({ "text": text }))?;
    show(&it.remote, &done, |_| format!("The review of {} is published.\n", it.id));
    Ok(YES)
}

pub(crate) fn sign(it: &Sign) -> Answer {
    let server = Server::new(&it.remote)?;
    let path = format!("/api/v1/features/{}", segment(&it.feature));
    let objective = match &it.objective {
        Some(objective) => objective.clone(),
        None => plain(&server.get(&path)?["objective"]),
    };
    let role = match it.role {
        SignRole::Product => "product",
        SignRole::Engineering => "engineering",
    };
    let body = json!({ "role": role, "objective": objective });
    let done = server.post(&format!("{path}/sign"), &body)?;
    show(&it.remote, &done, |_| format!("{objective} of {} is signed for {role}.\n", it.feature));
    Ok(YES)
}

pub(crate) fn why(it: &OneId) -> Answer {
    let path = format!("/api/v1/why/{}", segment(&it.id));
    let chain = Server::new(&it.remote)?.get(&path)?;
    show(&it.remote, &chain, |chain| {
        let lines = chain["lines"].as_array().into_iter().flatten();
        lines.fold(String::new(), |mut text, it| {
            let (seq, at) = (it["seq"].as_u64().unwrap_or_default(), plain(&it["at"]));
            let _ = writeln!(text, "{seq:>6}  {at}  {}", plain(&it["text"]));
            text
        })
    });
    Ok(YES)
}

pub(crate) fn not_an_id(id: &str, examples: &str) -> Problem {
    Problem::negative(format!("`{id}` is not an id")).hint(format!("ids look like {examples}"))
}

/// Text of an answer, which comes from elsewhere: nothing in it may command a terminal.
pub(crate) fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(spent: Option<f64>, page: &str, allow_unknown: bool, expected: &str) {
        let feature = json!({
            "id": "light-on",
            "assessment": {
                "budget": { "spent_ratio": spent },
                "conditions": [
                    { "state": "firing", "condition": { "severity": "ticket" } },
                    { "state": page, "condition": { "severity": "page" } },
                ],
            },
        });
        let (open, told) = gate_told(&feature, allow_unknown);
        assert_eq!(told, expected);
        assert_eq!(open, told.starts_with("yes"));
    }

    #[test]
    fn the_gate_opens_while_budget_is_left() {
        check(Some(0.4), "quiet", false, "yes: 60 % of the budget of light-on is left");
        check(Some(1.0), "quiet", false, "no: the budget of light-on is spent");
        check(Some(0.1), "firing", false, "no: light-on burns its budget too fast right now");
        check(
            None,
            "unmeasured",
            false,
            "no: nothing is known of light-on; --allow-unknown takes that for a yes",
        );
        check(None, "quiet", true, "yes: nothing is known of light-on, which is allowed");
    }

    #[test]
    fn a_wide_band_is_told_at_the_gate() {
        let spent = json!({ "at_least": 0.1, "at_most": 1.02 });
        let told = wide_told(&json!({ "wide": true, "spent": spent }));
        let expected = "It is not certain: between 10 % and 102 % of the budget is spent. Measure this \
                        feature end to end.\n";
        assert_eq!(told, expected);
        assert_eq!(wide_told(&json!({ "wide": false, "spent": spent })), "");
        assert_eq!(wide_told(&Value::Null), "");
    }

    #[test]
    fn who_spent_the_budget_is_told_with_its_assumption() {
        let member = |slo: &str, shown: &str, failed: f64| {
            let recovered = failed / 2.0;
            json!({ "slo": slo, "share_shown": shown, "failed": failed, "recovered": recovered })
        };
        let mut composition = json!({
            "assumption": "assumes it",
            "value_function": "the failures",
            "coverage": 0.5,
            "spent": { "at_least": 0.4, "at_most": 0.9, "independent": null },
            "wide": true,
            "spent_by": [member("a.up", "99.99%", 400.0), member("b.up", "0.008%", 0.0)],
            "targets": { "told": "It is certain." },
        });
        assert_eq!(
            composition_told(&composition),
            "Composed from 2 objectives, which assumes it: 40.0% to 90.0% of the budget is spent, \
             ? if they fail without regard to each other; 50.0% of the time is measured.\n\
             That is too wide to act upon: measure this feature end to end.\n\
             Who spent the budget, of the failures:\n    \
             99.99% a.up (400 failed; 200 fewer without it)\n    \
             0.008% b.up (0 failed; 0 fewer without it)\nIt is certain.\n"
        );
        composition["assumption"] = Value::Null;
        composition["measured"] =
            json!({ "failed": 7, "attempts": 100, "spent": 0.07, "unexplained": 2.0 });
        let measured = "Measured end to end: 7 of 100 attempts failed, 7.0% of the budget; 2 of them no \
                        need can explain.\nComposed from 2 objectives: 40.0% to";
        let told = composition_told(&composition);
        assert!(told.starts_with(measured), "{told}");
        composition["spent_by"].as_array_mut().unwrap().pop();
        assert_eq!(composition_told(&composition), "", "one member needs no division");
        assert_eq!(composition_told(&Value::Null), "");
    }

    #[test]
    fn nothing_commands_the_terminal() {
        assert_eq!(plain(&json!("a\u{1b}[2Jb")), "a\u{fffd}[2Jb");
    }
}
