//! Providers that tell nothing by themselves are asked.

use super::{MINUTE, World, burning_in, minutes};
use channels::fakes::HttpProvider;
use engine::{Purpose, ReceiptEvidence};
use model::{Channel, Contact, Medium, Millis, Personal, SecretRef};

const NOTHING_YET: &str = r#"{"status":1,"acknowledged":0,"last_delivered_at":0,"expired":0}"#;
const ON_THE_DEVICE: &str =
    r#"{"status":1,"acknowledged":0,"last_delivered_at":1795428060,"expired":0}"#;
const CONFIRMED: &str = r#"{"status":1,"acknowledged":1,"acknowledged_at":1795428090,
    "last_delivered_at":1795428060,"expired":0}"#;

/// A world in which Ana is called by Pushover too; the page went out and was taken by the provider.
async fn rung(pushover: &HttpProvider) -> World {
    let mut world = World::at(testkit::MONDAY).await;
    let channel = Channel::Pushover {
        url: pushover.url.clone(),
        token: SecretRef::Plain("app".into()),
        retry: MINUTE,
        expire: Millis::from_hours(1),
        room: None,
    };
    world.catalogue.channels.insert("bell".into(), channel);
    let address = Personal::new("ana".into(), "user-key");
    let ana = world.catalogue.people.get_mut(&"ana".into()).expect("of the example");
    ana.contacts.push(Contact { medium: Medium::Pushover, address });
    world.start().await;
    pushover.answer_next(200, r#"{"status":1,"receipt":"r1"}"#);
    burning_in(world).await
}

fn questions(pushover: &HttpProvider) -> usize {
    let asked = |line: &str| line.starts_with("GET /1/receipts/r1.json?token=app");
    pushover.received().iter().filter(|it| asked(&it.line)).count()
}

/// What is known of the letter by Pushover.
fn known(world: &World) -> Option<ReceiptEvidence> {
    let state = world.node().shared().handle.state();
    let bell = |it: &&engine::Notice| {
        it.medium == Medium::Pushover && matches!(it.purpose, Purpose::Page { .. })
    };
    state.notices.values().find(bell)?.receipt.map(|it| it.evidence)
}

#[tokio::test]
async fn a_receipt_is_asked_for_until_it_says_that_somebody_confirmed() {
    let pushover = HttpProvider::start(200, NOTHING_YET).await;
    let mut world = rung(&pushover).await;
    let before = questions(&pushover);
    assert_eq!(known(&world), None);
    // It is asked again, more and more seldom, and trouble is no answer.
    pushover.answer_next(500, "");
    world.fast_forward(minutes(10)).await;
    assert!(questions(&pushover) > before, "it is asked");
    assert_eq!(known(&world), None);

    pushover.answer_next(200, ON_THE_DEVICE);
    world.fast_forward(minutes(20)).await;
    assert_eq!(known(&world), Some(ReceiptEvidence::Delivered));
    assert_eq!(super::incident(&world).acknowledged, None, "a ringing telephone takes nothing");

    // After a restart it goes on.
    pushover.answer_next(200, CONFIRMED);
    world.start().await;
    assert_eq!(known(&world), Some(ReceiptEvidence::Read));
    let acknowledged = super::incident(&world).acknowledged.expect("she confirmed");
    assert_eq!(acknowledged.0, "ana".into());
    let after = questions(&pushover);
    world.fast_forward(minutes(30)).await;
    assert_eq!(questions(&pushover), after, "nothing is left to learn");
    let why = world.why("pg_1").await;
    assert!(why.contains("Ana Reyes took page pg_1 (pushover)."), "{why}");
}

#[tokio::test]
async fn questions_come_to_an_end() {
    let pushover = HttpProvider::start(200, NOTHING_YET).await;
    let mut world = rung(&pushover).await;
    world.fast_forward(minutes(4 * 60)).await;
    let count = questions(&pushover);
    assert!(count <= server::ASKS_MAX as usize, "{count}");
    assert!(count >= 8, "{count}");
    world.fast_forward(minutes(60)).await;
    assert_eq!(questions(&pushover), count, "it is given up");
}

#[tokio::test]
async fn twilio_is_asked_where_it_does_not_know_our_address() {
    let twilio = HttpProvider::start(200, r#"{"sid":"SM1","status":"sent"}"#).await;
    let mut world = World::at(testkit::MONDAY).await;
    world.catalogue.public_url = None;
    let channel = Channel::Twilio {
        url: twilio.url.clone(),
        account: "AC1".into(),
        token: SecretRef::Plain("secret".into()),
        from: "+15550100".into(),
    };
    world.catalogue.channels.insert("text".into(), channel);
    world.start().await;
    twilio.answer_next(201, r#"{"sid":"SM1","status":"queued"}"#);
    let key = world.door_key().await;
    world.prometheus_alert(&key, r#""alertname":"Till","feature":"light-on""#, minutes(60)).await;
    world.settle().await;
    twilio.answer_next(200, r#"{"sid":"SM1","status":"undelivered","error_code":30005}"#);
    world.fast_forward(MINUTE).await;
    let why = world.why("pg_1").await;
    assert!(why.contains("Twilio says undelivered (error 30005)"), "{why}");
}
