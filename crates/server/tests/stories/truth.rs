//! What budgets leave out.

use super::*;

/// Goal: a proposal hides nothing; once somebody else approved it the budget is the one without those
/// minutes, with what they hid beside it; taken back, every figure is as it was; and all of that from our
/// own minutes, also over a restart. Method: an hour around an outage, over HTTP.
#[tokio::test]
async fn what_is_excluded_stands_beside_the_figure_and_comes_back() {
    let mut world = burning().await;
    world.fast_forward(minutes(2)).await;
    let (ana, bo) = (world.api_token("ana").await, world.api_token("bo").await);
    let figures = |world: &World| {
        let board = world.node().shared().board.read().unwrap();
        let end = board.newest_minute().unwrap();
        let it = board.assess_feature(&"light-on".into(), end).unwrap();
        let hidden = it.hidden.unwrap_or_default();
        ((it.budget.bad, it.budget.total), (hidden.bad, hidden.total, hidden.spent_without))
    };
    let (before, nothing) = figures(&world);
    assert!(before.0 > 0, "{before:?}");
    assert_eq!(nothing, (0, 0, None));
    let body = r#"{"id":"storm","about":"light-on","counts":"dropped","when":"2026-11-23 00:00",
        "timezone":"UTC","minutes":1440,"reason":"the storm"}"#;
    let (status, told) = world.http("POST", "/api/v1/exclusions", Some(&ana), body).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    world.settle().await;
    assert_eq!(figures(&world), (before, nothing), "a proposal hides nothing");
    let approve = "/api/v1/exclusions/storm/approve";
    let (status, told) = world.http("POST", approve, Some(&ana), "{}").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
    let (status, told) = world.http("POST", approve, Some(&bo), "{}").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    world.settle().await;
    let (counted, hidden) = figures(&world);
    assert_eq!((counted, (hidden.0, hidden.1)), ((0, 0), before));
    let (_, told) = world.http("GET", "/api/v1/features/light-on", Some(&ana), "").await;
    assert!(told.contains("failed attempts that exclusions hide"), "{told}");
    // A replay beside the server lays the same over its minutes, whatever the configuration it tries says.
    let replayed = |world: &World| {
        let node = world.node();
        let (state, now) = (node.shared().handle.state(), node.shared().clock.now());
        let catalogue = state.catalogue().unwrap().clone();
        server::masks_in_force(&catalogue, &state, now, &node.shared().zones)
    };
    assert!(replayed(&world).features.contains_key(&"light-on".into()));
    world.start().await;
    world.settle().await;
    assert_eq!(figures(&world).1.0, before.0, "after a restart too");
    let path = "/api/v1/exclusions/storm/revoke";
    let (status, told) = world.http("POST", path, Some(&ana), r#"{"reason":"no storm"}"#).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    world.settle().await;
    assert_eq!(figures(&world), (before, nothing), "every figure is as it was");
    assert_eq!(replayed(&world), slo::Masks::default());
}

/// Goal: improvements stand in the order of the budget that they would have brought back, and what costs much
/// without anything listed is named. Method: after an outage of one service, over HTTP; once for the service that
/// failed and once for one that did not.
#[tokio::test]
async fn what_to_mend_is_ordered_by_the_budget_it_brings_back() {
    let mut world = burning().await;
    world.fast_forward(minutes(2)).await;
    let ana = world.api_token("ana").await;
    let listed = async |world: &World| -> serde_json::Value {
        let (status, told) = world.http("GET", "/api/v1/backlog", Some(&ana), "").await;
        assert_eq!(status, StatusCode::OK, "{told}");
        serde_json::from_str(&told).unwrap()
    };
    let before = listed(&world).await;
    assert_eq!(before["improvements"], serde_json::json!([]));
    let worst = before["unlisted"][0].clone();
    let slo = worst["slo"].as_str().unwrap().to_owned();
    let all = worst["brings"][0]["failures"].as_f64().unwrap();
    assert!(all > 0.0, "{before}");
    let failed = {
        let board = world.node().shared().board.read().unwrap();
        let end = board.newest_minute().unwrap();
        board.assess_feature(&"light-on".into(), end).unwrap().budget.bad
    };
    assert!((all - f64::from(u32::try_from(failed).unwrap())).abs() < 0.5, "{all} of {failed}");
    let quiet = {
        let state = world.node().shared().handle.state();
        let catalogue = state.catalogue().unwrap();
        let needs = catalogue.features[&model::FeatureId::from("light-on")].needs.slos();
        needs.into_iter().map(ToString::to_string).find(|it| *it != slo)
    };
    let add = |id: &str, slo: &str, percent: u8| {
        format!(r#"{{"id":"{id}","title":"mend it","mends":"{slo}","percent":{percent}}}"#)
    };
    let mut bodies = vec![add("half", &slo, 50)];
    bodies.extend(quiet.map(|it| add("quiet", &it, 100)));
    for body in &bodies {
        let (status, told) = world.http("POST", "/api/v1/backlog", Some(&ana), body).await;
        assert_eq!(status, StatusCode::OK, "{told}");
    }
    let wrong = add("none", "nobody.up", 50);
    let (status, told) = world.http("POST", "/api/v1/backlog", Some(&ana), &wrong).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{told}");
    world.settle().await;
    let after = listed(&world).await;
    let first = &after["improvements"][0];
    assert_eq!(first["id"], "half");
    let half = first["brings"][0]["failures"].as_f64().unwrap();
    assert!((half * 2.0 - all).abs() < 1e-6 * all, "{half} of {all}");
    assert!(after["unlisted"].as_array().unwrap().iter().all(|it| it["slo"] != slo.as_str()));
    if bodies.len() > 1 {
        assert_eq!(after["improvements"][1]["brings"], serde_json::json!([]), "{after}");
    }
    let (status, view) = world.http("GET", "/backlog", Some(&ana), "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(view.contains("improvement-half"), "{view}");
    let (status, told) = world.http("POST", "/api/v1/backlog/half/done", Some(&ana), "{}").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    world.settle().await;
    assert!(!listed(&world).await["improvements"].to_string().contains("half"));
}
