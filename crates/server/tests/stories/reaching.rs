//! Being reached, told as stories: after outages, by verified addresses, at the beginning of a shift.

use crate::world::World;
use axum::http::StatusCode;
use engine::{Command, ReceiptEvidence, Submission};
use model::{Millis, NoticeId, Timestamp};
use testkit::MONDAY;

fn minutes(count: i64) -> Millis {
    Millis::from_mins(count)
}

#[tokio::test]
async fn after_two_hours_without_providers_everybody_gets_one_message_of_what_is_still_true() {
    let mut world = World::at(MONDAY).await;
    let key = world.door_key().await;
    world.cut_providers_off();
    for (name, feature, lasts) in
        [("Till", "light-on", 600), ("Mast", "see-reports", 600), ("Short", "make-sale", 30)]
    {
        let labels = format!(r#""alertname":"{name}","feature":"{feature}""#);
        world.prometheus_alert(&key, &labels, minutes(lasts)).await;
        world.fast_forward(minutes(1)).await;
    }
    world.fast_forward(minutes(118)).await;
    world.connect_providers();
    world.fast_forward(minutes(6)).await;
    // The newest first; what ended meanwhile is not told of any more.
    for person in ["ana", "chen", "bo"] {
        let sms = world.expect_sms(person, "2 pages (late by 2h");
        assert!(sms.0.contains("pg_2") && sms.0.contains("pg_1"), "{}", sms.0);
        assert!(sms.0.find("pg_2") < sms.0.find("pg_1"), "the newest first: {}", sms.0);
        let mail = world.expect_mail(person, "2 pages wait for you");
        assert!(!mail.0.contains("pg_3"), "{}", mail.0);
    }
    world.no_more_messages();
    let why = world.why("pg_1").await;
    assert!(why.contains("nobody has had a message yet"), "{why}");
    assert!(why.contains("was told of in the message of"), "{why}");

    // It is still there to be taken, by the link of that message as well.
    world.fast_forward(minutes(60)).await;
    world.no_more_messages();
}

#[tokio::test]
async fn after_a_long_crash_one_message_says_how_late_it_is() {
    let mut world = World::at(MONDAY).await;
    let key = world.door_key().await;
    world.prometheus_alert(&key, r#""alertname":"Till","feature":"light-on""#, minutes(600)).await;
    world.settle_without_sending().await;
    world.clock.advance(minutes(120));
    world.start().await;
    // Once by the first step and once by the second: one message each way.
    let sms = world.expect_sms("ana", "late by 2h");
    world.expect_mail("ana", "late by 2h");
    for person in ["chen", "bo"] {
        world.expect_sms(person, "pg_1");
        world.expect_mail(person, "step 2 of 2");
    }
    world.no_more_messages();
    assert_eq!(world.http("POST", &sms.link(), None, "").await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_undelivered_message_calls_the_next_person_at_once() {
    let mut world = World::at(MONDAY).await;
    let key = world.door_key().await;
    world.prometheus_alert(&key, r#""alertname":"Till","feature":"light-on""#, minutes(600)).await;
    world.settle().await;
    world.expect_sms("ana", "pg_1");
    world.expect_mail("ana", "pg_1");
    let sms = NoticeId(2);
    let receipt = |evidence| Command::Receipt {
        notice: sms,
        evidence,
        detail: "30005 unknown +15550100".to_owned(),
    };
    world.submit(Submission::system(receipt(ReceiptEvidence::Accepted))).await;
    world.settle().await;
    world.no_more_messages();
    world.submit(Submission::system(receipt(ReceiptEvidence::Undelivered))).await;
    world.settle().await;
    for person in ["ana", "chen", "bo"] {
        world.expect_sms(person, "pg_1");
        world.expect_mail(person, "step 2 of 2");
    }
    let why = world.why("pg_1").await;
    assert!(why.contains("no_2 reached nobody: not delivered (30005 unknown (address))"), "{why}");
    assert!(why.contains("because nothing says that anybody was reached"), "{why}");
}

#[tokio::test]
async fn an_address_is_verified_by_the_code_that_came_there() {
    let mut world = World::at(MONDAY).await;
    let key = world.api_token("ana").await;
    let path = "/api/v1/me/contacts/sms/verify";
    let (status, answer) = world.http("POST", path, Some(&key), "{}").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    world.settle().await;
    let sms = world.expect_sms("ana", "is your Lamplighter code");
    world.no_more_messages();
    let code = &sms.0[..web::CODE_DIGITS];
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let (status, answer) =
        world.http("POST", path, Some(&key), &format!(r#"{{"code":"{wrong}"}}"#)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    assert!(answer.contains("4 more tries"), "{answer}");
    let other = world.api_token("chen").await;
    let typed = format!(r#"{{"code":"{} {}"}}"#, &code[..3], &code[3..]);
    let (status, _) = world.http("POST", path, Some(&other), &typed).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "a code is about one person");
    let (status, answer) = world.http("POST", path, Some(&key), &typed).await;
    assert_eq!((status, answer.as_str()), (StatusCode::OK, r#"{"verified":true}"#));
    let (_, me) = world.http("GET", "/api/v1/me", Some(&key), "").await;
    let me: serde_json::Value = serde_json::from_str(&me).expect("JSON");
    assert_eq!(me["contacts"][1]["verified"], true, "{me}");
    assert_eq!(me["contacts"][0]["verified"], false, "{me}");
    assert_eq!(me["last_reached_by"], "SMS", "{me}");
    let (_, view) = world.http("GET", "/me", Some(&key), "").await;
    assert!(view.contains("not verified") && view.contains("Send me a code"), "{view}");

    let (status, _) = world.http("POST", "/api/v1/people/ana/test", Some(&key), "").await;
    assert_eq!(status, StatusCode::OK);
    world.settle().await;
    world.expect_sms("ana", "Test: Lamplighter reaches you here");
    world.expect_mail("ana", "Nothing is wrong");
    world.no_more_messages();
}

#[tokio::test]
async fn whoever_comes_on_duty_confirms_by_a_link() {
    // A quarter of an hour before the hand-over in San Francisco.
    let mut world = World::at(Timestamp(MONDAY.0 + minutes(405).0)).await;
    let rota = world.catalogue.rotas.get_mut(&"payments".into()).expect("of the example");
    rota.confirm = Some(minutes(15));
    world.start().await;
    world.fast_forward(minutes(14)).await;
    world.no_more_messages();
    world.fast_forward(minutes(1)).await;
    let person = world.catalogue.rotas[&"payments".into()].clone();
    let person = oncall::duty(&person, world.now(), &oncall::Zones::bundled()).people[0].clone();
    let sms = world.expect_sms(person.as_str(), "You are on duty in payments");
    world.expect_mail(person.as_str(), "reply 1");
    world.no_more_messages();
    world.fast_forward(minutes(15)).await;
    world.expect_sms(person.as_str(), "Once more: you are on duty in payments");
    world.expect_mail(person.as_str(), "Once more");
    let (_, view) = world.http("GET", &sms.link(), None, "").await;
    assert!(view.contains("I know"), "{view}");
    let (status, told) = world.http("POST", &sms.link(), None, "").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    world.fast_forward(minutes(30)).await;
    world.no_more_messages();
}
