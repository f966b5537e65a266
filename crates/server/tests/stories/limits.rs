//! Two pagers beside each other; a night with too many pages; a storm.

use crate::minutes;
use crate::world::World;
use axum::http::StatusCode;
use engine::{Command, Submission};
use model::{LoadLimit, LoadPer, LoadThen, Medium, Mode};
use serde_json::{Value, json};
use testkit::MONDAY;

#[tokio::test]
async fn beside_another_pager_nobody_is_called_until_the_switch() {
    let mut world = World::at(MONDAY).await;
    world.catalogue.pager.mode = Mode::Shadow;
    world.start().await;
    let (door, reader) = (world.door_key().await, world.api_token("bo").await);
    let labels = r#""alertname":"Till","feature":"light-on""#;
    world.prometheus_alert(&door, labels, minutes(300)).await;
    world.settle().await;

    // The pager that still calls says what it did: the same person, and later somebody else.
    let event = |kind: &str, at: &str, who: &str| {
        let data = json!({ "id": "Q1", "title": "the till is stuck", "incident_key": "k",
                           "assignees": [{ "id": "P1", "summary": who }] });
        json!({ "event": { "event_type": kind, "occurred_at": at, "data": data,
                           "agent": { "summary": who } } })
        .to_string()
    };
    let path = "/api/v1/shadow/pagerduty";
    for (kind, minute, who) in
        [("incident.triggered", 1, "Ana"), ("incident.escalated", 2, "Somebody Else")]
    {
        let at = MONDAY.plus(minutes(minute)).to_string();
        world.clock.set(MONDAY.plus(minutes(minute)));
        let body = event(kind, &at, who);
        // Sent twice, as webhooks are.
        for _ in 0..2 {
            assert_eq!(world.http("POST", path, Some(&door), &body).await.0, StatusCode::OK);
        }
    }
    world.fast_forward(minutes(30)).await;
    world.no_more_messages();
    let (_, view) = world.http("GET", "/", Some(&reader), "").await;
    assert!(view.contains("Shadow mode: nobody is woken by Lamplighter."), "{view}");

    let (_, report) = world.http("GET", "/api/v1/shadow/report", Some(&reader), "").await;
    let report: Value = serde_json::from_str(&report).unwrap();
    let told: Vec<&str> = report["differences"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["told"].as_str())
        .collect();
    assert_eq!(
        told,
        [
            "Only the other pager called Somebody Else (not known here).",
            "Only Lamplighter would have called Ana Reyes.",
            "Only Lamplighter would have called Bo Otieno.",
            "Only Lamplighter would have called Chen Wu.",
        ]
    );
    assert_eq!(
        (&report["agreed"], &report["unknown_people"]),
        (&json!(1), &json!({"Somebody Else": 1}))
    );
    let (_, shown) = world.http("GET", "/shadow", Some(&reader), "").await;
    assert!(shown.contains("1</strong> of 5 calls agree"), "{shown}");
    let (status, _) = world.http("POST", "/api/v1/shadow/end", Some(&reader), "{}").await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a member does not make the switch");

    let switch = Command::EndShadow { team: None, by: "ana".into() };
    world.submit(Submission::person("ana".into(), switch)).await;
    world.settle().await;
    world.expect_sms("ana", "pg_2 (reply 1 2): the till is stuck");
    world.expect_mail("ana", "step 1 of 2");
    world.no_more_messages();
    let why = world.why("pg_1").await;
    assert!(why.contains("shadow mode ended"), "{why}");
}

#[tokio::test]
async fn after_enough_pages_the_next_in_the_rota_has_the_duty() {
    let mut world = World::at(MONDAY).await;
    let limit = LoadLimit { pages: 1, per: LoadPer::Shift, then: LoadThen::Relieve };
    world.catalogue.rotas.get_mut(&"payments".into()).unwrap().load = Some(limit);
    world.start().await;
    let (door, reader) = (world.door_key().await, world.api_token("ana").await);
    let labels = r#""alertname":"Till","feature":"light-on""#;
    world.prometheus_alert(&door, labels, minutes(300)).await;
    world.settle().await;
    world.expect_sms("ana", "pg_1");
    world.expect_all("ana", Medium::Email, &["step 1 of 2", "had 1 pages since"]);
    world.expect_mail("chen", "has the duty in rota payments until");
    world.no_more_messages();

    let other = r#""alertname":"Other","feature":"see-reports""#;
    world.prometheus_alert(&door, other, minutes(300)).await;
    world.settle().await;
    world.expect_sms("chen", "pg_2");
    world.expect_all("chen", Medium::Email, &["step 1 of 2", "Chen Wu had 1 pages since"]);
    world.expect_mail("bo", "Bo Otieno has the duty in rota payments until");
    let why = world.why("pg_2").await;
    assert!(why.contains("is relieved by"), "{why}");
    let (_, view) = world.http("GET", "/oncall", Some(&reader), "").await;
    assert!(view.contains("has the duty for"), "{view}");
    let (_, load) = world.http("GET", "/api/v1/load", Some(&reader), "").await;
    assert!(load.contains(r#""outcome":"relieved""#), "{load}");
    world.no_more_messages();
}

#[tokio::test]
async fn in_a_storm_the_fourth_call_is_a_list_and_one_answer_takes_it() {
    let mut world = World::at(MONDAY).await;
    let door = world.door_key().await;
    for number in 1..=8 {
        let labels = format!(r#""alertname":"Storm","team":"payments","n":"{number}""#);
        world.prometheus_alert(&door, &labels, minutes(300)).await;
    }
    world.settle().await;
    // Alerts of one team are one incident: one page, whatever joins.
    world.expect_sms("ana", "pg_1");
    world.expect_mail("ana", "pg_1");
    world.no_more_messages();
    for number in 1..=6 {
        let body = json!({ "title": format!("trouble {number}"), "team": "payments" }).to_string();
        let key = world.api_token("bo").await;
        assert_eq!(
            world.http("POST", "/api/v1/incidents", Some(&key), &body).await.0,
            StatusCode::OK
        );
    }
    world.settle().await;
    for medium in [Medium::Sms, Medium::Email] {
        world.expect_all("ana", medium, &["trouble 1", "trouble 2"]);
    }
    world.no_more_messages();
    world.fast_forward(minutes(1)).await;
    let list = world
        .expect_sms("ana", "4 pages (reply 1 4 for the first): trouble 3; pg_4 pg_5 pg_6 pg_7");
    let mail = world.expect_mail("ana", "one answer to this message takes them all");
    assert!(mail.0.contains("trouble 6"), "{}", mail.0);
    world.no_more_messages();
    let (_, view) = world.http("GET", &list.link(), None, "").await;
    assert!(view.contains("I take all 4"), "{view}");
    assert_eq!(world.http("POST", &list.link(), None, "").await.0, StatusCode::OK);
    let state = world.node().shared().handle.state();
    let open = state.pages.values().filter(|it| it.can_be_acknowledged()).count();
    assert_eq!(open, 3, "the list is taken, what was called for one by one is not");
    drop(state);
    assert!(world.node().metrics_text()().contains("lamplighter_pages_per_person_per_10min_max 4"));
}

#[tokio::test]
async fn to_one_person_one_letter_at_a_time_is_on_its_way() {
    let mut world = World::at(MONDAY).await;
    let key = world.api_token("bo").await;
    let mut reported = 0;
    for number in 1..=3 {
        let body = json!({ "title": format!("trouble {number}"), "team": "payments" }).to_string();
        let (status, _) = world.http("POST", "/api/v1/incidents", Some(&key), &body).await;
        reported += u32::from(status == StatusCode::OK);
    }
    assert_eq!(reported, 3);
    // So slow that two letters which may go side by side do.
    world.gateway.answer_slowly(std::time::Duration::from_millis(50));
    world.settle().await;
    world.expect_all("ana", Medium::Sms, &["trouble 1", "trouble 2", "trouble 3"]);
    assert_eq!(world.gateway.most_at_once(), 1, "a crash repeats at most the one on its way");
}
