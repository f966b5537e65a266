//! What Opsgenie's API does to an alert: each action, what its request is said to have become, and what
//! stands in the state afterwards.

use super::Knock;
use super::watching::get;
use serde_json::Value;

/// Does `action` to the alert `k`; what became of it.
async fn act(knock: &mut Knock, action: &str, body: &str) -> String {
    knock.route = format!("POST /v2/alerts/k/{action} authorization=GenieKey_door-key").leak();
    let (status, told) = knock.send(body).await;
    assert_eq!(status.as_u16(), 202, "{action}: {told}");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let id = told["requestId"].as_str().expect("an id");
    let data = get(knock, &format!("/v2/alerts/requests/{id}"), "door-key").await["data"].clone();
    let (name, told) = (data["action"].as_str(), data["status"].as_str());
    format!("{} {} {}", name.unwrap_or(""), data["isSuccess"], told.unwrap_or(""))
}

async fn fired() -> Knock {
    let knock = Knock::at("POST /v2/alerts authorization=GenieKey_door-key").await;
    let create = r#"{"message":"no lights","alias":"k","priority":"P1",
        "responders":[{"name":"field","type":"team"}]}"#;
    assert_eq!(knock.send(create).await.0.as_u16(), 202);
    knock
}

/// The notes beside the incident, who has it, and how its pages stand.
fn standing(knock: &Knock) -> String {
    let state = knock.house.handle.state();
    let (_, incident) = state.incidents.first_key_value().expect("one");
    let notes: Vec<String> = incident
        .notes
        .iter()
        .map(|it| format!("{}: {}", it.by, it.text.text().unwrap_or("")))
        .collect();
    let holder = incident.pages.iter().rev().find_map(|it| state.pages[it].holder());
    let asked = incident.pages.iter().find_map(|it| state.pages[it].handing.as_ref());
    format!(
        "held by {}, asked {}, notes [{}]",
        holder.map_or("nobody", |it| it.as_str()),
        asked.map_or("nobody", |it| it.to.as_str()),
        notes.join("; ")
    )
}

#[tokio::test]
async fn what_people_do_over_opsgenies_api_is_done_in_their_name() {
    let mut knock = fired().await;
    let nobody = "`user` names nobody of this organisation by id or e-mail address, and only people \
                  take, hand on, snooze, escalate and note";
    for (action, body, expected) in [
        ("notes", r#"{"note":"x"}"#, format!("AddNote false {nobody}")),
        ("notes", r#"{"user":"juma","note":" "}"#, "AddNote false `note` is empty".to_owned()),
        ("notes", r#"{"user":"juma","note":"fuse"}"#, "AddNote true Added note".to_owned()),
        (
            "escalate",
            r#"{"user":"juma","escalation":{"name":"x"}}"#,
            "EscalateToNext true Escalated alert to the next step of its policy".to_owned(),
        ),
        (
            "assign",
            r#"{"user":"juma","owner":{"username":"wanjiru@solar.example"}}"#,
            "Assign false nobody has taken it, and only wanjiru can say that they do: calls go on \
             until somebody does"
                .to_owned(),
        ),
        (
            "unacknowledge",
            r#"{"user":"juma"}"#,
            "UnAcknowledge false nobody has taken this alert".to_owned(),
        ),
        (
            "acknowledge",
            r#"{"user":"juma","note":"on it"}"#,
            "Acknowledge true Acknowledged alert".to_owned(),
        ),
        (
            "assign",
            r#"{"user":"juma","owner":{"id":"wanjiru"}}"#,
            "Assign true Asked the owner to take it; until they do, whoever has it keeps it"
                .to_owned(),
        ),
        (
            "assign",
            r#"{"user":"juma","owner":{"id":"stranger"}}"#,
            "Assign false `owner` names nobody of this organisation".to_owned(),
        ),
    ] {
        assert_eq!(act(&mut knock, action, body).await, expected, "{action} {body}");
    }
    assert_eq!(standing(&knock), "held by juma, asked wanjiru, notes [juma: fuse; juma: on it]");
    // Whoever is asked says yes in the same way.
    let taken = act(&mut knock, "acknowledge", r#"{"user":"wanjiru"}"#).await;
    assert_eq!(taken, "Acknowledge true Acknowledged alert");
    assert!(standing(&knock).starts_with("held by wanjiru"), "{}", standing(&knock));
    let closed = act(&mut knock, "close", r#"{"user":"juma","note":"replaced"}"#).await;
    assert_eq!(closed, "Close true Closed alert");
    assert!(standing(&knock).ends_with("; juma: replaced]"), "{}", standing(&knock));
    knock.firing(&[]);
}

#[tokio::test]
async fn a_snooze_ends_when_it_says_and_giving_back_calls_again() {
    let mut knock = fired().await;
    let now = knock.house.handle.now();
    let until = now.plus(model::Millis::from_hours(2));
    for (body, expected) in [
        (
            r#"{"user":"juma","endTime":"soon"}"#.to_owned(),
            "Snooze false `endTime` is no date and time, such as 2026-11-23T10:00:00Z",
        ),
        (format!(r#"{{"user":"juma","endTime":"{until}"}}"#), "Snooze true Snoozed alert"),
    ] {
        assert_eq!(act(&mut knock, "snooze", &body).await, expected);
    }
    let wakes = |knock: &Knock| {
        let state = knock.house.handle.state();
        let (_, page) = state.pages.last_key_value().expect("one");
        page.next_timeout()
    };
    assert_eq!(wakes(&knock), Some(until), "it comes back then");

    let mut knock = fired().await;
    act(&mut knock, "acknowledge", r#"{"user":"juma"}"#).await;
    let given = act(&mut knock, "unacknowledge", r#"{"user":"juma"}"#).await;
    assert_eq!(given, "UnAcknowledge true Unacknowledged alert");
    let state = knock.house.handle.state();
    let (_, page) = state.pages.last_key_value().expect("one");
    assert!(page.is_calling() && page.next_attempt == 2, "the next step is called: {page:?}");
    drop(state);
}

#[tokio::test]
async fn new_words_are_kept_and_call_nobody_anew() {
    let mut knock = fired().await;
    let missing = act(&mut knock, "message", "{}").await;
    assert_eq!(missing, "Update false the new text is missing");
    let done = act(&mut knock, "message", r#"{"message":"no lights in Kisumu"}"#).await;
    assert_eq!(done, "Update true Described alert anew");
    knock.firing(&["opsgenie page field: no lights in Kisumu"]);
    assert_eq!(knock.house.handle.state().pages.len(), 1);
}
