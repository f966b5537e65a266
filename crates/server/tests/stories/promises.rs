//! Promises are explained, and their owners asked to look again.

use crate::minutes;
use crate::world::World;
use axum::http::StatusCode;

/// Goal: the day of a review comes, both owners are written to in their own morning, and what one of them
/// records is what everybody reads. Method: bo (Nairobi, engineering) and dolores (San Francisco, product).
#[tokio::test]
async fn owners_are_asked_in_their_own_morning_until_one_has_looked() {
    let mut world = World::at(testkit::at("2026-11-23T05:50:00Z")).await;
    let feature = world.catalogue.features.get_mut(&"light-on".into()).expect("a feature");
    feature.owners.as_mut().expect("owners").review = Some("2026-11-23".to_owned());
    world.start().await;
    world.fast_forward(minutes(9)).await;
    world.no_more_messages();
    world.fast_forward(minutes(1)).await;
    let sms =
        world.expect_sms("bo", "promise light-on (99.5%) was to be looked at again by 2026-11-23");
    assert!(!sms.0.contains("/a/no_"), "there is nothing to take: {}", sms.0);
    world.expect_mail("bo", "Is it still what users need");
    world.no_more_messages();
    let bo = world.api_token("bo").await;
    let (_, status) = world.http("GET", "/api/v1/status", Some(&bo), "").await;
    assert!(status.contains(r#""standing":"overdue""#), "{status}");
    let body = r#"{"reason":"agents still wait less than a minute","next":"2027-05-01"}"#;
    let path = "/api/v1/features/light-on/reviewed";
    let (status, answer) = world.http("POST", path, Some(&bo), body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let body = r#"{"reason":"99.9% cost two nights a month","evidence":"https://desk.example/12"}"#;
    let path = "/api/v1/features/light-on/revise";
    assert_eq!(world.http("POST", path, Some(&bo), body).await.0, StatusCode::OK);
    let (_, view) = world.http("GET", "/features/light-on", Some(&bo), "").await;
    for part in [
        "To be looked at again by 2027-05-01",
        "agents still wait less than a minute",
        "Why this level: <a href=\"https://desk.example/12\"",
        "99.9% cost two nights a month",
    ] {
        assert!(view.contains(part), "no {part} in {view}");
    }
    // Dolores' morning is seven hours away: she is not asked any more. The daily mail goes out as ever.
    world.fast_forward(minutes(70)).await;
    world.expect_mail("dolores", "The journal ends at");
    let state = world.node().shared().handle.state();
    let due =
        state.notices.values().filter(|it| matches!(it.purpose, engine::Purpose::Review { .. }));
    let open = due.filter(|it| matches!(it.status, engine::NoticeStatus::Due { .. })).count();
    assert_eq!(open, 0);
}
