//! What is answered where a button was pressed in Slack.

use super::*;
use channels::fakes::HttpProvider;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn house_of(slack: &HttpProvider) -> (House, String) {
    let mut it = connected();
    if let Some(Channel::Slack { url, .. }) = it.channels.get_mut(&"slack".into()) {
        *url = format!("{}/api", slack.url);
    }
    let house = House::of(Mode::Serve, it).await;
    house.raise("no lights in Kisumu").await;
    let notice = house.notice("ana", Medium::Sms).to_string();
    (house, notice)
}

/// Presses as Slack tells of it, with the message that holds the button.
async fn press(house: &House, user: &str, act: &str, value: &str, response_url: &str) {
    let payload = json!({
        "type": "block_actions", "user": { "id": user }, "response_url": response_url,
        "message": { "text": "no lights", "blocks": [
            { "type": "header", "text": { "type": "plain_text", "text": "no lights" } },
            { "type": "actions", "elements": [
                { "type": "button", "action_id": "acknowledge", "value": value },
                { "type": "button", "action_id": "resolve", "value": value },
            ] },
        ] },
        "actions": [{ "action_id": act, "value": value, "action_ts": format!("{user}{act}") }],
    });
    let (status, _) = house
        .slack("/hooks/slack/slack", &[("payload", &payload.to_string())], "slack-secret")
        .await;
    assert_eq!(status, StatusCode::OK);
}

async fn until(what: &str, mut there: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !there() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited for {what}, in vain");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn received(slack: &HttpProvider, count: usize) -> Vec<Value> {
    until(&format!("{count} answers"), || slack.received().len() >= count).await;
    let all = slack.received();
    all.iter().map(|it| serde_json::from_str(&it.body).expect("JSON")).collect()
}

#[tokio::test]
async fn a_press_is_answered_where_it_was_made_and_the_message_says_who_has_it() {
    let slack = HttpProvider::start(200, "ok").await;
    let (house, notice) = house_of(&slack).await;
    let there = format!("{}/actions/T1/2/x", slack.url);
    press(&house, "U1", "acknowledge", &notice, &there).await;
    assert_eq!(house.taken_by(1), Some(("ana".into(), "slack".into())));
    let all = received(&slack, 2).await;
    assert!(slack.received().iter().all(|it| it.line == "POST /actions/T1/2/x"));
    assert_eq!(all[0]["replace_original"], true);
    let blocks = all[0]["blocks"].as_array().expect("blocks");
    assert_eq!(blocks[1]["elements"].as_array().map(Vec::len), Some(1), "it can still be ended");
    assert_eq!(blocks[2]["elements"][0]["text"], "Ana Reyes has it.");
    let mine = "pg_1 is yours: no lights in Kisumu. RESOLVE 1 ends it, ESC 1 calls more people.";
    assert_eq!(
        all[1],
        json!({ "response_type": "ephemeral", "replace_original": false, "text": mine })
    );
    assert!(house.answers_due().is_empty(), "told once");
}

#[tokio::test]
async fn what_could_not_be_done_is_said_to_whoever_pressed_and_to_nobody_else() {
    let slack = HttpProvider::start(200, "ok").await;
    let (house, notice) = house_of(&slack).await;
    let there = format!("{}/actions/T1/2/x", slack.url);
    house
        .does(
            "bo",
            Command::TakeOver { incident: IncidentId(1), by: "bo".into(), via: "view".into() },
        )
        .await;
    for (count, (user, act, value, part)) in [
        ("U1", "acknowledge", notice.as_str(), "Bo Otieno has it since"),
        ("U1", "acknowledge", "no_999", "about nothing that is open"),
        ("U9", "acknowledge", notice.as_str(), "You are nobody here yet"),
    ]
    .into_iter()
    .enumerate()
    {
        press(&house, user, act, value, &there).await;
        let all = received(&slack, count + 1).await;
        let last = all.last().expect("one");
        assert_eq!(last["response_type"], "ephemeral", "{user} {value}");
        assert_eq!(last["replace_original"], false, "{user} {value}");
        let text = last["text"].as_str().expect("a text");
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn where_the_address_does_not_work_or_is_not_slack_s_a_message_says_it() {
    let slack = HttpProvider::start(404, "used_url").await;
    let elsewhere = HttpProvider::start(200, "ok").await;
    for there in [format!("{}/x", slack.url), format!("{}/x", elsewhere.url), "nonsense".to_owned()]
    {
        let (house, notice) = house_of(&slack).await;
        press(&house, "U1", "acknowledge", &notice, &there).await;
        until("the message", || !house.answers_due().is_empty()).await;
        let told = house.answers_due();
        assert!(told[0].starts_with("Slack slack: pg_1 is yours"), "{told:?}");
    }
    assert!(elsewhere.received().is_empty(), "an address that is none of Slack's was called");
}
