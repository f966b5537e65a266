//! A heartbeat as what is promised: its missed minutes are the bad ones.

use super::*;

/// Goal: a heartbeat that is awaited is unknown, one that came is good, its missed minutes are bad until
/// it comes again, and a restart neither forgets nor invents minutes. Method: one of a minute with a
/// minute's grace; heard, silent for ten minutes, heard again, a crash, and time away.
#[tokio::test]
async fn missed_minutes_of_a_heartbeat_are_bad() {
    let mut world = World::at(MONDAY).await;
    let beat = model::Heartbeat {
        every: minutes(1),
        grace: minutes(1),
        severity: model::Severity::Ticket,
        feature: None,
        service: Some("activation".into()),
        team: None,
    };
    world.catalogue.watched.heartbeats.insert("nightly".into(), beat);
    let service = world.catalogue.services.get_mut(&"activation".into()).expect("of the story");
    let name = service.slos.keys().next().expect("of the story").clone();
    let slo = service.slos.get_mut(&name).expect("of the story");
    slo.sli = model::Sli::Heartbeat { heartbeat: "nightly".into() };
    world.start().await;
    let id = model::SloId::from(format!("activation.{name}").as_str());
    let counted = |world: &World| {
        let board = world.node().shared().board.read().expect("nobody panicked with it");
        let it = board.rings(&id).expect("of the story");
        let it = it.window(board.newest_minute().expect("closed"), minutes(60));
        (it.bad, it.total, it.known_minutes)
    };
    let key = world.api_token("juma").await;
    world.fast_forward(minutes(5)).await;
    assert_eq!(counted(&world), (0, 0, 0), "awaited");
    let ping = "/api/v1/heartbeats/nightly/ping";
    for _ in 0..5 {
        let (status, answer) = world.http("POST", ping, Some(&key), "").await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        world.fast_forward(minutes(1)).await;
    }
    let heard = counted(&world);
    assert_eq!((heard.0, heard.1), (0, u64::from(heard.2)), "every minute is one attempt");
    assert!((4..=5).contains(&heard.2), "{heard:?}");
    // Missed after two minutes without a sign of life, of which one has passed.
    world.fast_forward(minutes(10)).await;
    let (status, _) = world.http("POST", ping, Some(&key), "").await;
    assert_eq!(status, StatusCode::OK);
    world.fast_forward(minutes(1)).await;
    let missed = counted(&world);
    assert_eq!(missed.2 - heard.2, 11, "all of them are known: {missed:?}");
    assert!((8..=10).contains(&missed.0), "{missed:?}");
    world.start().await;
    assert_eq!(counted(&world), missed, "a crash forgets nothing");
}
