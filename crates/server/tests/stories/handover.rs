//! A shift changes hands: drafted by the product, written by whoever goes, read back by text message.

use crate::world::World;
use axum::http::StatusCode;
use engine::{Command, Submission};
use model::Millis;
use serde_json::Value;
use testkit::MONDAY;

impl World {
    /// Jumps ahead, with whatever is due then.
    async fn later(&mut self, minutes: i64) {
        self.clock.advance(Millis::from_mins(minutes));
        self.settle().await;
    }

    async fn posted(&self, key: &str, path: &str, body: &str) -> (StatusCode, String) {
        self.http("POST", path, Some(key), body).await
    }
}

/// Ana has payments; chen takes it in two hours, until so many hours from now.
async fn handing_over(until: i64) -> (World, String, String) {
    let mut world = World::at(MONDAY).await;
    let mut catalogue = world.catalogue.clone();
    catalogue.rotas.get_mut(&"payments".into()).expect("a rota").rules.handover.on = Some(true);
    let adopt =
        Command::AdoptCatalogue { hash: catalog::hash(&catalogue), catalogue: Box::new(catalogue) };
    world.submit(Submission::system(adopt)).await;
    world.settle().await;
    let (ana, chen) = (world.api_token("ana").await, world.api_token("chen").await);
    let (from, to) =
        (world.now().plus(Millis::from_hours(2)), world.now().plus(Millis::from_hours(until)));
    let body =
        format!(r#"{{"rota":"payments","replace":"ana","by":"chen","from":"{from}","to":"{to}"}}"#);
    let (status, said) = world.posted(&ana, "/api/v1/overrides", &body).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    (world, ana, chen)
}

#[tokio::test]
async fn a_shift_is_handed_over_in_writing_and_read_back_by_text_message() {
    let (mut world, ana, chen) = handing_over(6).await;
    world.later(61).await;
    world.expect_sms("ana", "ho_1 payments: your shift ends");
    world.expect_mail("ana", "/handovers/ho_1");
    world.no_more_messages();
    let todo = r#"{"rota":"payments","text":"call the carrier","owner":"bo"}"#;
    assert_eq!(world.posted(&ana, "/api/v1/todos", todo).await.0, StatusCode::OK);
    let words = r#"{"status":"Mast 4 is slow","happened":"It rained.",
                    "ifs":[{"if":"the queue passes 500","then":"restart the worker"}]}"#;
    let (status, said) = world.posted(&chen, "/api/v1/handovers/ho_1/write", words).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{said}");
    let (status, said) = world.posted(&ana, "/api/v1/handovers/ho_1/write", words).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    // At the change it goes out by itself, with everything in it.
    world.later(60).await;
    let digest = world.expect_sms("chen", "ho_1 payments (reply READ 1 + your own words)");
    assert!(digest.0.contains("1 to do") && digest.0.contains("Mast 4 is slow"), "{digest:?}");
    assert!(digest.0.chars().count() <= 160, "one segment: {digest:?}");
    let mail = world.expect_mail("chen", "If the queue passes 500:");
    assert!(mail.0.contains("call the carrier (Bo"), "{mail:?}");
    world.no_more_messages();
    let (_, view) = world.http("GET", "/handovers/ho_1", Some(&chen), "").await;
    for part in ["Mast 4 is slow", "restart the worker", "call the carrier", "I take over"] {
        assert!(view.contains(part), "{part}: {view}");
    }
    let (_, first) = world.http("GET", "/", Some(&chen), "").await;
    assert!(first.contains("The handover of payments waits for you"), "{first}");
    // A nod is not a read-back, and somebody else's words are nobody's.
    world.text_from("chen", "1", "read 1 ok").await;
    world.expect_sms("chen", "in your own words");
    world.text_from("chen", "2", "READ 1 mast 4, restart at 500").await;
    world.expect_sms("chen", "ho_1 is yours now");
    world.no_more_messages();
    let (_, said) = world.http("GET", "/api/v1/handovers/ho_1", Some(&ana), "").await;
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["stage"], "accepted");
    assert_eq!(said["reads"][0]["words"], "mast 4, restart at 500");
    assert_eq!(said["published_by"], Value::Null);
    // Hours later nobody is reminded of it, and what is not done is in the next one.
    world.later(100).await;
    world.no_more_messages();
    world.later(80).await;
    world.expect_sms("chen", "ho_2 payments: your shift ends");
    world.later(60).await;
    let (_, said) = world.http("GET", "/api/v1/handovers/ho_2", Some(&ana), "").await;
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["todos"][0]["text"], "call the carrier", "{said}");
}

#[tokio::test]
async fn what_nobody_writes_arrives_and_what_nobody_reads_calls() {
    let (mut world, ana, _) = handing_over(8).await;
    let note = r#"{"rota":"payments","text":"look at the disk"}"#;
    assert_eq!(world.posted(&ana, "/api/v1/todos", note).await.0, StatusCode::OK);
    world.later(61).await;
    world.expect_sms("ana", "your shift ends");
    world.expect_mail("ana", "your shift ends");
    world.later(60).await;
    world.expect_sms("chen", "unedited draft");
    world.expect_mail("chen", "Unedited: nobody wrote anything");
    world.later(30).await;
    world.expect_sms("chen", "unread: ho_1");
    world.expect_mail("chen", "unread: ho_1");
    world.later(90).await;
    world.expect_sms("chen", "STILL UNREAD: ho_1");
    world.expect_mail("chen", "STILL UNREAD");
    world.later(121).await;
    world.expect_sms("ana", "Chen Wu did not read the handover");
    world.expect_mail("ana", "did not read the handover");
    let (_, view) = world.http("GET", "/handovers", Some(&ana), "").await;
    assert!(view.contains("unread") && view.contains("look at the disk"), "{view}");
}
