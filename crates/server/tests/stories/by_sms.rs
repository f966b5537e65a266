//! A person with a simple telephone and nothing else.

use crate::world::World;
use axum::http::StatusCode;
use model::{IncidentId, Medium, Millis, PersonId};
use testkit::MONDAY;

impl World {
    /// Somebody writes a text message, which the gateway delivers; what is due then is sent.
    async fn text_from(&mut self, person: &str, id: &str, text: &str) {
        let contacts = &self.catalogue.people[&PersonId::from(person)].contacts;
        let number = contacts.iter().find(|it| it.medium == Medium::Sms);
        let number = number.and_then(|it| it.address.text()).expect("a telephone").to_owned();
        self.text_from_number(&number, id, text).await;
    }

    async fn text_from_number(&mut self, number: &str, id: &str, text: &str) {
        let body = serde_json::json!({ "from": number, "text": text, "id": id }).to_string();
        let (status, said) = self.http("POST", "/hooks/sms/text", Some("back"), &body).await;
        assert_eq!((status, said.as_str()), (StatusCode::NO_CONTENT, ""), "{text}");
        self.settle().await;
    }

    async fn stuck(&mut self) {
        let key = self.door_key().await;
        let labels = r#""alertname":"Till","feature":"light-on""#;
        self.prometheus_alert(&key, labels, Millis::from_hours(3)).await;
        self.settle().await;
        self.expect_sms("ana", "pg_1: the till is stuck");
        self.expect_mail("ana", "the till is stuck");
        self.no_more_messages();
    }
}

#[tokio::test]
async fn by_text_message_alone_one_takes_ends_escalates_asks_takes_over_and_notes() {
    let mut world = World::at(MONDAY).await;
    world.stuck().await;

    world.text_from("ana", "1", "OK, I'm on it").await;
    world.expect_sms("ana", "pg_1 is yours: the till is stuck.");
    world.fast_forward(Millis::from_mins(20)).await;
    world.no_more_messages();

    world.text_from("ana", "2", "Note: the till's disk is full").await;
    world.expect_sms("ana", "Noted on in_1");

    world.text_from("ana", "3", "who field?").await;
    let answer = world.expect_sms("ana", "field: ");
    assert!(answer.0.contains(" until "), "{}", answer.0);

    // She cannot mend it: the rest of the policy is called, as a page of its own.
    world.text_from("ana", "4", "esc").await;
    for person in ["ana", "chen", "bo"] {
        world.expect_sms(person, if person == "ana" { "pg_2" } else { "pg_2: the till is stuck" });
        world.expect_mail(person, "the till is stuck");
    }
    world.expect_sms("ana", "The next step of pg_1 is called now: Ana Reyes, Chen Wu, Bo Otieno.");
    world.no_more_messages();

    world.text_from("bo", "5", "take 2").await;
    world.expect_sms("bo", "pg_2 is yours, taken over from Ana Reyes: the till is stuck");
    world.fast_forward(Millis::from_mins(20)).await;
    world.no_more_messages();

    world.text_from("bo", "6", "resolve").await;
    world.expect_sms("bo", "in_1 is over: the till is stuck. Thank you.");
    // Delivered once more by a gateway that missed our answer: nothing happens, nothing is said.
    world.text_from("bo", "6", "resolve").await;
    world.text_from_number("+19995550000", "7", "who").await;
    world.no_more_messages();

    let state = world.node().shared().handle.state();
    let it = state.incidents[&IncidentId(1)].clone();
    // She was the first to take it, and he has it now.
    assert_eq!(it.acknowledged.map(|(by, _)| by), Some("ana".into()));
    assert_eq!(state.holder(it.id), Some(&"bo".into()));
    assert_eq!(it.resolved.and_then(|(_, by)| by), Some("bo".into()));
    assert_eq!(it.notes[0].text.text(), Some("the till's disk is full"));
    let why = world.why("in_1").await;
    for told in [
        "Ana Reyes took page pg_1 (sms).",
        "Ana Reyes noted on in_1 (sms): the till's disk is full",
        "Ana Reyes asked for the next step of page pg_1 (sms).",
        "Bo Otieno took page pg_1 over from Ana Reyes (sms).",
        "Bo Otieno took page pg_2 (sms).",
        "Bo Otieno said that incident in_1 is over.",
    ] {
        assert!(why.contains(told), "{told}\n\n{why}");
    }
}

#[tokio::test]
async fn what_is_not_understood_is_not_carried_out_and_the_calls_go_on() {
    let mut world = World::at(MONDAY).await;
    world.stuck().await;
    world.text_from("ana", "1", "ok but not me tonight").await;
    world.expect_sms("ana", "Not understood, nothing was done.");
    world.text_from("bo", "2", "ack 1").await;
    world.expect_sms("bo", "pg_1 did not go to you this way. TAKE 1 takes it over.");
    let (status, _) = world.http("POST", "/hooks/sms/text", Some("wrong"), "{}").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    world.fast_forward(Millis::from_mins(5)).await;
    for person in ["ana", "chen", "bo"] {
        world.expect_sms(person, "pg_1");
        world.expect_mail(person, "step 2 of 2");
    }
    world.no_more_messages();
}
