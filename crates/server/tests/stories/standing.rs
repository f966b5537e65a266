//! What nobody measures is not silent, and an objective alerts without a feature.

use super::*;
use model::{Alerts, BudgetAlerts, BudgetLeft, NoData, Severity};

/// The organisation as `change` makes it, after its first minute.
async fn changed(change: impl FnOnce(&mut model::Catalogue)) -> World {
    let mut world = World::at(MONDAY).await;
    change(&mut world.catalogue);
    world.start().await;
    world.settle().await;
    world
}

fn firing(world: &World) -> Vec<String> {
    let state = world.node().shared().handle.state();
    state.firing.keys().filter(|it| !it.starts_with("watch/")).cloned().collect()
}

/// Goal: a metric that is gone while its source answers makes a ticket after half an hour without a word of
/// configuration, and the ticket ends when the metric is back. Method: the counters get another name.
#[tokio::test]
async fn a_metric_that_disappears_is_not_silent() {
    let mut world = World::at(MONDAY).await;
    world.fast_forward(minutes(10)).await;
    let good = world.catalogue.clone();
    for service in world.catalogue.services.values_mut() {
        for slo in service.slos.values_mut() {
            slo.total = slo.total.replace("_total", "_renamed_total");
        }
    }
    world.start().await;
    world.fast_forward(minutes(28)).await;
    assert_eq!(firing(&world), Vec::<String>::new());
    world.fast_forward(minutes(5)).await;
    let fired = firing(&world);
    assert!(fired.contains(&"no-data/light-on".to_owned()), "{fired:?}");
    assert!(!fired.iter().any(|it| it.starts_with("burn/")), "{fired:?}");
    let state = world.node().shared().handle.state();
    let alert = state.firing["no-data/light-on"];
    drop(state);
    let why = world.why(&alert.to_string()).await;
    assert!(why.contains("Nobody knows whether `light-on` works: not measured yet for"), "{why}");
    assert!(why.contains("it never was, so look at its selectors"), "{why}");
    assert!(why.contains("it may wait for working hours"), "{why}");
    world.no_more_messages();
    world.catalogue = good;
    world.start().await;
    world.fast_forward(minutes(5)).await;
    assert_eq!(firing(&world), Vec::<String>::new());
}

/// Where it is said to be urgent, somebody is called, once, and told why.
#[tokio::test]
async fn no_data_calls_where_it_is_told_to() {
    let mut world = changed(|catalogue| {
        let feature = catalogue.features.get_mut(&model::FeatureId::from("light-on")).unwrap();
        let no_data = NoData { after: minutes(10), severity: Severity::Page };
        feature.budget_alerts = BudgetAlerts { no_data: Some(no_data), ..BudgetAlerts::default() };
        for service in catalogue.services.values_mut() {
            for slo in service.slos.values_mut() {
                slo.total = slo.total.replace("_total", "_renamed_total");
            }
        }
    })
    .await;
    world.fast_forward(minutes(8)).await;
    world.no_more_messages();
    world.fast_forward(minutes(4)).await;
    // A backtick is not in the alphabet of short messages.
    world.expect_sms("ana", "Nobody knows whether 'light-on' works");
    world.expect_mail("ana", "Nobody knows whether `light-on` works");
    world.no_more_messages();
}

/// Goal: an objective with `alerts` calls the team of its service though no feature needs it; its budget
/// has an alert of its own; everything ends by itself. Method: an organisation without features.
#[tokio::test]
async fn an_objective_calls_the_team_of_its_service() {
    let mut broken = String::new();
    let mut world = changed(|catalogue| {
        catalogue.features.clear();
        let own = |it: &&mut model::Service| matches!(it.kind, model::ServiceKind::Own { .. });
        let (id, service) =
            catalogue.services.iter_mut().find(|(_, it)| own(it)).expect("a service of ours");
        broken = id.to_string();
        let left = BudgetLeft { below_ppm: 999_990, severity: Severity::Ticket };
        let budget = BudgetAlerts { left: Some(left), ..BudgetAlerts::default() };
        for slo in service.slos.values_mut() {
            slo.alerts = Some(Alerts { conditions: vec![], budget });
        }
    })
    .await;
    world.fast_forward(minutes(10)).await;
    world.no_more_messages();
    world.town.break_service(&broken, world.now());
    world.fast_forward(minutes(6)).await;
    let fired = firing(&world);
    let has = |start: &str| fired.iter().any(|it| it.starts_with(start));
    assert!(has(&format!("burn/slo/{broken}.")), "{fired:?}");
    assert!(has(&format!("budget-left/slo/{broken}.")), "{fired:?}");
    let it = incident(&world);
    assert_eq!((it.feature.as_ref(), it.group), (None, format!("service:{broken}")));
    let state = world.node().shared().handle.state();
    let page = state.pages[&it.pages[0]].escalation.to_string();
    let team = state.alerts[&it.alerts[0]].team.clone();
    assert_eq!(Some(page), team.map(|it| it.to_string()));
    drop(state);
    world.town.mend_service(&broken, world.now());
    world.fast_forward(minutes(60)).await;
    assert!(incident(&world).resolved.is_some());
}
