//! The past of an objective that is any PromQL, asked of a real Prometheus.

use super::*;
use model::{Asks, Per, Sli};

/// Goal: what can only be asked has a past, too: newest first, true to the event but for the smearing of
/// its window, unknown where nobody measured, and said to be an estimate. Method: the three days of the
/// other story, by `rate` over the window of a source that is read every minute: four minutes.
#[tokio::test]
async fn the_past_of_a_query_is_read_from_prometheus() {
    let server = prometheus();
    answers(&server, "/-/ready").await;
    let mut world = World::at(MONDAY).await;
    let source = model::Source {
        kind: model::SourceKind::Prometheus { url: server.url.clone(), token: None },
        interval: MINUTE,
    };
    world.catalogue.sources.insert("past".into(), source);
    let id = model::SloId::from("activation.past");
    let service = world.catalogue.services.get_mut(&"activation".into()).expect("of the story");
    let mut slo = service.slos.values().next().expect("of the story").clone();
    slo.source = "past".into();
    slo.window = model::Millis::from_days(3);
    slo.sli = Sli::Query { asks: Asks::Bad, per: Per::Second };
    "sum(rate(bad_total{job=\"past\"}[{{.window}}]))".clone_into(&mut slo.bad);
    "sum(rate(all_total{job=\"past\"}[{{.window}}]))".clone_into(&mut slo.total);
    service.slos.insert("past".to_owned(), slo);
    let feature = world.catalogue.features.get_mut(&"light-on".into()).expect("of the story");
    feature.needs = model::Need::Slo(id.clone());
    world.start().await;
    loop {
        let history = {
            let board = world.node().shared().board.read().expect("nobody panicked with it");
            board.histories()[&id].clone()
        };
        assert_eq!(history.problem, None);
        if history.minutes_left == 0 {
            break;
        }
        world.settle().await;
    }
    let window = |ago: i64, length: i64| {
        let board = world.node().shared().board.read().expect("nobody panicked with it");
        let hours = board.recent_hours(&id, MONDAY.minute() - 1, 28 * 24);
        let within = hours.into_iter().filter(|(first, _)| {
            (MONDAY.minute() - ago..MONDAY.minute() - ago + length).contains(first)
        });
        within.fold((0, 0, 0), |sum, (_, it)| {
            (sum.0 + it.bad, sum.1 + it.total, sum.2 + it.known_minutes)
        })
    };
    // The outage, with the hours around it into which the window smears it: 60 minutes of 60 failures.
    let outage = window(3_000, 240);
    assert_eq!(outage.0, 3_600, "{outage:?}");
    assert_eq!((outage.1, outage.2), (14_400, 240));
    // One failure in each of 300 minutes: a sixtieth of an event per second is not lost.
    let burn = window(960, 420);
    assert_eq!((burn.0, burn.1), (300, 420 * 60), "{burn:?}");
    // An hour without readings is unknown, but for what the window still sees of its edges.
    let gap = window(2_100, 180);
    assert!((120..=124).contains(&gap.2), "{gap:?}");
    let key = world.api_token("juma").await;
    let (_, told) = world.http("GET", "/api/v1/features/light-on", Some(&key), "").await;
    assert!(told.contains("\"approximate\":true"), "{told}");
}
