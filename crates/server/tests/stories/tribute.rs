//! Interruptions: noted in one gesture, handed to whoever has the tribute, and counted for the team.

use crate::world::World;
use axum::http::StatusCode;
use engine::{Command, Submission};
use model::Millis;
use testkit::MONDAY;

#[tokio::test]
async fn an_interruption_is_noted_handed_on_and_counted() {
    let mut world = World::at(MONDAY).await;
    let mut catalogue = world.catalogue.clone();
    let everybody = catalogue.people.keys().cloned().collect::<Vec<_>>();
    assert!(everybody.len() >= engine::TRIBUTE_PEOPLE_MIN);
    let team = catalogue.teams.get_mut(&"payments".into()).expect("a team");
    (team.members, team.tribute) = (everybody, Some("payments".into()));
    let adopt =
        Command::AdoptCatalogue { hash: catalog::hash(&catalogue), catalogue: Box::new(catalogue) };
    world.submit(Submission::system(adopt)).await;
    world.settle().await;
    let key = world.api_token("bo").await;
    let note = |body: &'static str| world.http("POST", "/api/v1/interruptions", Some(&key), body);
    let (status, said) = note(r#"{"minutes":15}"#).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let handed = r#"{"minutes":5,"kind":"ticket","text":"where is the invoice?","hand":true}"#;
    assert_eq!(note(handed).await.0, StatusCode::OK);
    assert_eq!(note(r#"{"minutes":30,"who":"ana"}"#).await.0, StatusCode::OK);
    assert_eq!(note(r#"{"minutes":30,"kind":"noise"}"#).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    world.settle().await;
    world.expect_sms("ana", "hands you a ticket of team payments: where is the invoice?");
    world.expect_mail("ana", "You have the tribute of payments");
    world.no_more_messages();
    let (_, table) = world.http("GET", "/api/v1/tribute.csv", Some(&key), "").await;
    let line = table.lines().nth(1).unwrap_or_default();
    assert!(line.starts_with("payments,") && line.contains(",3,2,50,0.6667,"), "{table}");
    let (_, view) = world.http("GET", "/tribute", Some(&key), "").await;
    for part in ["has the tribute now", "67%", "where is the invoice?"] {
        assert!(view.contains(part), "{part}: {view}");
    }
    let theirs = world.api_token("chen").await;
    let (_, view) = world.http("GET", "/tribute", Some(&theirs), "").await;
    assert!(!view.contains("where is the invoice?"), "one's own are one's own");
    // The week is over: its counts are metrics.
    world.clock.advance(Millis::from_days(7));
    world.settle().await;
    let (_, metrics) = world.http("GET", "/metrics", Some(&key), "").await;
    for line in [
        r#"lamplighter_tribute_interruptions{team="payments"} 3.0"#,
        r#"lamplighter_tribute_past_the_duty{team="payments"} 2.0"#,
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}
