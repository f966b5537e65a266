//! One dark country of ten, in which a hundredth of the users live.

use crate::world::World;
use crate::{MINUTE, minutes};
use axum::http::StatusCode;
use model::{FeatureId, Segment, Segments, Severity, SloId, SourceKind, Timestamp};
use std::fmt::Write as _;

/// When the world begins: the daily mail comes half an hour later.
const BEGINS: &str = "2026-11-23T06:30:00Z";

/// Nine countries with 110 attempts a minute each, and `TZ` with ten, where nothing works from the tenth minute
/// to the fortieth.
pub(crate) fn countries(now: Timestamp) -> String {
    let minutes = now.since(testkit::at(BEGINS)).0.max(0) / 1_000;
    let passed = |per_minute: i64, from: i64, to: i64| {
        per_minute * (minutes.min(to * 60) - from * 60).max(0) / 60
    };
    let mut text = "# TYPE tried_total counter\n".to_owned();
    for country in ["AO", "BJ", "CM", "GH", "KE", "MZ", "NG", "TG", "UG", "TZ"] {
        let rate = if country == "TZ" { 10 } else { 110 };
        let dark = if country == "TZ" { passed(rate, 10, 40) } else { 0 };
        let good = passed(rate, 0, i64::MAX / 600) - dark;
        for (outcome, count) in [("failed", dark), ("ok", good)] {
            writeln!(text, "tried_total{{country=\"{country}\",outcome=\"{outcome}\"}} {count}")
                .expect("a string takes what is written to it");
        }
    }
    text
}

async fn world(page: bool) -> World {
    let mut world = World::at(testkit::at(BEGINS)).await;
    let id = FeatureId::from("see-reports");
    let source = world.catalogue.sources.get_mut(&"services".into()).expect("a source");
    let SourceKind::Scrape { targets } = &mut source.kind else { panic!("it scrapes") };
    let url = targets.values().next().expect("a service").clone();
    let base = url.rsplitn(3, '/').last().expect("an address").to_owned();
    targets.insert("countries".to_owned(), format!("{base}/countries/metrics"));
    let service = world.catalogue.services.get_mut(&"reports-api".into()).expect("a service");
    let slo = service.slos.get_mut("availability").expect("an objective");
    "tried_total{outcome=\"failed\"}".clone_into(&mut slo.bad);
    "tried_total".clone_into(&mut slo.total);
    let feature = world.catalogue.features.get_mut(&id).expect("a feature");
    feature.objective = model::Objective::parse("97%").expect("an objective");
    let part = |value: &str| {
        let mut slo = slo.clone();
        slo.bad = format!("tried_total{{outcome=\"failed\",country=\"{value}\"}}");
        slo.total = format!("tried_total{{country=\"{value}\"}}");
        slo.objective = feature.objective;
        Segment { id: SloId::segment(&id, value), value: value.to_owned(), slo }
    };
    let parts = ["KE", "TZ", "UG"].map(part).to_vec();
    let of = SloId::from("reports-api.availability");
    feature.segments = Some(Box::new(Segments { label: "country".to_owned(), of, parts, page }));
    world.start().await;
    world
}

/// Goal: a country that is dark is told though the average is healthy: nobody is woken, and the view, the
/// status and the daily mail say so until it is over. Method: counters of ten countries, scraped.
#[tokio::test]
async fn one_dark_country_does_not_vanish_in_the_average() {
    let mut world = world(false).await;
    world.fast_forward(minutes(28)).await;
    world.no_more_messages();
    let state = world.node().shared().handle.state();
    let alert = &state.alerts[&state.firing["segment/see-reports/TZ"]];
    let told = "country TZ is dark although the average is fine: Can distributors access the platform reports?";
    assert_eq!((alert.summary.as_str(), alert.severity), (told, Severity::Ticket));
    assert_eq!(state.firing.len(), 1, "{:?}", state.firing);
    drop(state);
    let key = world.api_token("chen").await;
    let (status, view) = world.http("GET", "/features/see-reports", Some(&key), "").await;
    assert_eq!(status, StatusCode::OK);
    let place = |part: &str| view.find(part).unwrap_or_else(|| panic!("no {part} in {view}"));
    assert!(place("country TZ") < place("country KE"), "the worst stands first");
    assert!(view.contains("● quiet") && view.contains("dark although the average is fine"));
    let (_, status) = world.http("GET", "/api/v1/features/see-reports", Some(&key), "").await;
    let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
    assert_eq!(status["segments"][0]["value"], "TZ");
    assert_eq!(status["segments"][0]["alone"], true);
    world.fast_forward(minutes(3)).await;
    world.expect_mail("chen", told);
    // The half hour of the slower condition must be good again.
    world.fast_forward(minutes(40)).await;
    let state = world.node().shared().handle.state();
    assert!(state.firing.is_empty(), "it is over: {:?}", state.firing);
}

#[tokio::test]
async fn a_dark_country_calls_people_where_that_is_wanted() {
    let mut world = world(true).await;
    world.fast_forward(minutes(27)).await;
    let duty = world.duty("payments");
    world.expect_sms(&duty, "country TZ is dark");
    world.fast_forward(MINUTE).await;
}
