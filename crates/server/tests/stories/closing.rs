//! What rings stops when somebody takes the page.

use super::{MINUTE, World, burning_in, minutes};
use channels::fakes::HttpProvider;
use model::{Channel, Contact, Medium, Millis, Personal, SecretRef};

#[tokio::test]
async fn a_bell_that_rings_on_is_stopped_when_somebody_else_takes_the_page() {
    let pushover = HttpProvider::start(200, r#"{"status":1,"receipt":"r1"}"#).await;
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
    let mut world = burning_in(world).await;
    let lines = |it: &HttpProvider| -> Vec<String> {
        it.received().into_iter().map(|it| it.line).collect()
    };
    let sms = world.expect_sms("ana", "Do we activate");
    assert_eq!(lines(&pushover), ["POST /1/messages.json"], "it rings, and nothing stops it yet");
    world.fast_forward(minutes(1)).await;
    assert_eq!(lines(&pushover).len(), 1);

    // The provider is busy once; the bell is stopped all the same, and only once.
    pushover.answer_next(500, "");
    world.http("POST", &sms.link(), None, "").await;
    world.fast_forward(minutes(3)).await;
    let stop = "POST /1/receipts/r1/cancel.json";
    assert_eq!(lines(&pushover), ["POST /1/messages.json", stop, stop]);
}
