//! What we promise, told as stories.

mod asking;
mod beats;
mod by_sms;
mod closing;
#[cfg(feature = "servers")]
mod dovecot;
mod duty;
mod handover;
#[cfg(feature = "servers")]
mod kannel;
mod limits;
#[cfg(feature = "servers")]
mod past;
mod promises;
mod reaching;
mod segments;
mod standing;
mod statement;
mod tribute;
mod truth;
mod world;

use axum::http::StatusCode;
use engine::Submission;
use incident::Review;
use model::{IncidentId, Millis};
use testkit::MONDAY;
use world::World;

const MINUTE: Millis = Millis::from_mins(1);

fn minutes(count: i64) -> Millis {
    Millis(MINUTE.0 * count)
}

/// Breaks carrier A after ten good minutes, and waits until the page goes out.
async fn burning() -> World {
    burning_in(World::at(MONDAY).await).await
}

async fn burning_in(mut world: World) -> World {
    world.fast_forward(minutes(10)).await;
    world.no_more_messages();
    world.town.break_service("carrier-a", world.now());
    world.fast_forward(minutes(5)).await;
    world
}

#[tokio::test]
async fn a_broken_promise_calls_somebody_who_takes_it_mends_it_and_learns() {
    let mut world = burning().await;
    let sms = world.expect_sms("ana", "Do we activate clients' lights promptly upon payment?");
    world.expect_mail("ana", "Promise: Do we activate clients' lights promptly upon payment?");
    world.no_more_messages();

    // A mail scanner opens every link. That takes nothing.
    let (status, view) = world.http("GET", &sms.link(), None, "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(view.contains("<form method=\"post\">"), "{view}");
    assert_eq!(incident(&world).acknowledged, None);

    let (status, _) = world.http("POST", &sms.link(), None, "").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(incident(&world).acknowledged, Some(("ana".into(), world.now())));
    world.fast_forward(minutes(20)).await;
    world.no_more_messages();

    world.town.mend_service("carrier-a", world.now());
    // The condition over six hours looks back half an hour.
    world.fast_forward(minutes(40)).await;
    let over = incident(&world);
    assert!(over.resolved.is_some(), "{over:?}");
    assert!(matches!(over.review, Review::Asked { .. }), "{over:?}");
    assert!(over.time_to_resolve().unwrap() > minutes(20));

    let key = world.api_token("bo").await;
    let body = r#"{"text":"The carrier's certificate had ended."}"#;
    let path = "/api/v1/incidents/in_1/review";
    let (status, answer) = world.http("POST", path, Some(&key), body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(incident(&world).time_to_reflect().is_some());
    world.no_more_messages();
}

#[tokio::test]
async fn nobody_answers_and_every_step_is_taken() {
    let mut world = burning().await;
    world.expect_sms("ana", "pg_1");
    world.expect_mail("ana", "step 1 of 2");
    world.fast_forward(minutes(5)).await;
    for person in ["ana", "chen", "bo"] {
        world.expect_sms(person, "pg_1");
        world.expect_mail(person, "step 2 of 2");
    }
    world.no_more_messages();
    world.fast_forward(minutes(60)).await;
    world.no_more_messages();
    let why = world.why("pg_1").await;
    assert!(why.contains("Nobody answered page pg_1: every step and repeat has passed."), "{why}");

    // Loud, but still there to be taken.
    let key = world.api_token("chen").await;
    let path = "/api/v1/pages/pg_1/acknowledge";
    assert_eq!(world.http("POST", path, Some(&key), "{}").await.0, StatusCode::OK);
    assert_eq!(incident(&world).acknowledged.unwrap().0, "chen".into());
}

#[tokio::test]
async fn a_busy_gateway_is_tried_again_and_a_dead_one_moves_the_page_on() {
    let mut world = World::at(MONDAY).await;
    let key = world.door_key().await;
    world.gateway.answer_next(503, "busy with +15550100");
    world.prometheus_alert(&key, r#""alertname":"Till","feature":"light-on""#, minutes(60)).await;
    world.settle().await;
    world.expect_mail("ana", "the till is stuck");
    // The gateway saw it, and did not take it.
    world.expect_sms("ana", "the till is stuck");
    world.no_more_messages();
    world.fast_forward(minutes(1)).await;
    world.expect_sms("ana", "the till is stuck");
    world.no_more_messages();
    let why = world.why("pg_1").await;
    assert!(why.contains("was not taken: the provider answered 503 busy with (address)"), "{why}");

    // Both ways to whoever is on duty are dead: the next step does not wait.
    world.gateway.answer_next(400, "+15550100 or 15550100 is no number");
    world.mail.refuse_next("550 no such mailbox");
    let labels = r#""alertname":"Other","feature":"see-reports""#;
    world.prometheus_alert(&key, labels, minutes(60)).await;
    world.settle().await;
    world.expect_sms("ana", "pg_2");
    for person in ["ana", "chen", "bo"] {
        world.expect_sms(person, "pg_2");
        world.expect_mail(person, "step 2 of 2");
    }
    world.no_more_messages();
    let why = world.why("pg_2").await;
    assert!(why.contains("step 2 because nobody could be reached"), "{why}");
    // What a provider said is kept, but no address.
    assert!(why.contains("answered 400 (address) or (address) is no number"), "{why}");
}

#[tokio::test]
async fn alerts_of_prometheus_page_and_end_when_they_are_not_repeated() {
    let mut world = World::at(MONDAY).await;
    let key = world.door_key().await;
    let labels = r#""alertname":"Till","job":"payments-api","severity":"critical""#;
    for _ in 0..10 {
        world.prometheus_alert(&key, labels, minutes(4)).await;
        world.fast_forward(MINUTE).await;
    }
    world.expect_sms("ana", "the till is stuck");
    world.expect_mail("ana", "Labels: alertname=Till");
    // Two features need this service, so it is about the service; its team is called.
    assert_eq!(incident(&world).group, "service:payments-api");
    let seq = world.node().shared().handle.state().seq;
    world.prometheus_alert(&key, labels, minutes(4)).await;
    let after = world.node().shared().handle.state().seq;
    assert_eq!(seq, after, "hearing of an alert again is no event");
    world.fast_forward(minutes(5)).await;
    assert!(incident(&world).resolved.is_some());
}

#[tokio::test]
async fn alertmanager_fires_and_resolves_through_its_webhook() {
    let mut world = World::at(MONDAY).await;
    let key = world.door_key().await;
    let refused = world.http("POST", "/api/v1/alertmanager", None, "{}").await;
    assert_eq!(refused.0, StatusCode::UNAUTHORIZED);
    world.alertmanager_webhook(&key, "firing").await;
    world.settle().await;
    let person = world.duty("field");
    world.expect_sms(&person, "the queue is long");
    world.expect_mail(&person, "the queue is long");
    world.no_more_messages();
    world.fast_forward(MINUTE).await;
    world.alertmanager_webhook(&key, "resolved").await;
    world.settle().await;
    assert!(incident(&world).resolved.is_some());
    world.fast_forward(minutes(30)).await;
    world.no_more_messages();
}

#[tokio::test]
async fn while_sources_are_away_paging_goes_on_and_that_itself_is_an_alert() {
    let mut world = World::at(MONDAY).await;
    world.fast_forward(minutes(10)).await;
    world.cut_services_off();
    world.fast_forward(minutes(4)).await;
    world.no_more_messages();
    let key = world.door_key().await;
    let labels = r#""alertname":"Till","feature":"make-sale""#;
    world.prometheus_alert(&key, labels, minutes(30)).await;
    world.settle().await;
    let field = world.duty("field");
    world.expect_sms(&field, "the till is stuck");
    world.expect_mail(&field, "the till is stuck");
    world.fast_forward(minutes(2)).await;
    world.expect_sms("ana", "source services does not answer");
    world.expect_mail("ana", "502");
    world.connect_services();
    world.fast_forward(MINUTE).await;
    let state = world.node().shared().handle.state();
    assert!(state.sources_failing.is_empty());
    assert!(state.incidents[&IncidentId(2)].resolved.is_some());
}

#[tokio::test]
async fn what_was_not_measured_is_neither_good_nor_bad() {
    let mut world = burning().await;
    world.expect_sms("ana", "pg_1");
    world.expect_mail("ana", "pg_1");
    world.cut_services_off();
    world.fast_forward(minutes(4)).await;
    assert!(incident(&world).is_open(), "not seeing is no end");
}

#[tokio::test]
async fn a_crash_between_deciding_and_sending_loses_nothing() {
    let mut world = World::at(MONDAY).await;
    let key = world.door_key().await;
    world.prometheus_alert(&key, r#""alertname":"Till","feature":"light-on""#, minutes(90)).await;
    world.settle_without_sending().await;
    world.no_more_messages();
    world.clock.advance(minutes(3));
    world.start().await;
    let sms = world.expect_sms("ana", "pg_1 (reply 1 1) (late by 3m): the till is stuck");
    world.expect_mail("ana", "This message is late by 3m");
    world.no_more_messages();

    // Deadlines and links outlive another one.
    world.start().await;
    world.no_more_messages();
    world.fast_forward(minutes(2)).await;
    for person in ["ana", "chen", "bo"] {
        world.expect_sms(person, "pg_1");
        world.expect_mail(person, "step 2 of 2");
    }
    assert_eq!(world.http("POST", &sms.link(), None, "").await.0, StatusCode::OK);
    world.fast_forward(minutes(30)).await;
    world.no_more_messages();
}

#[tokio::test]
async fn nobody_is_sent_what_has_ended_before_it_was_sent() {
    let mut world = World::at(MONDAY).await;
    let key = world.door_key().await;
    world.alertmanager_webhook(&key, "firing").await;
    world.alertmanager_webhook(&key, "resolved").await;
    world.settle().await;
    world.no_more_messages();
    let notices = world.node().shared().handle.state().notices.clone();
    assert!(notices.values().all(|it| it.status == engine::NoticeStatus::Cancelled), "{notices:?}");
}

#[tokio::test]
async fn the_daily_mail_names_the_end_of_the_journal() {
    let mut world = World::at(testkit::at("2026-11-23T06:57:00Z")).await;
    world.fast_forward(minutes(2)).await;
    world.no_more_messages();
    let head = world.node().shared().handle.head().await.unwrap();
    world.fast_forward(MINUTE).await;
    let after = world.node().shared().handle.head().await.unwrap();
    assert!(after.seq > head.seq, "the mail itself is an event");
    for person in ["bo", "chen", "dolores", "juma"] {
        let mail = world.expect_mail(person, "The journal ends at");
        assert!(mail.0.contains("light-on"), "{}", mail.0);
        let hashes = world.hashes();
        assert!(hashes.iter().any(|it| mail.0.contains(it)), "{}", mail.0);
    }
    world.no_more_messages();
}

#[tokio::test]
async fn history_is_there_after_a_restart() {
    let mut world = burning().await;
    let spent = |world: &World| {
        let board = world.node().shared().board.read().unwrap();
        let end = board.newest_minute().unwrap();
        let it = board.assess_feature(&"light-on".into(), end).unwrap().budget;
        (it.bad, it.total)
    };
    let before = spent(&world);
    assert!(before.0 > 0);
    world.start().await;
    assert_eq!(spent(&world), before);
}

/// Goal: what is pushed is measured like what is read, once, also when it is sent again, is late, or a
/// restart comes between. Method: an objective of the example is pushed; budgets before and after.
#[tokio::test]
async fn what_is_pushed_is_measured_once() {
    let mut world = World::at(MONDAY).await;
    let service = world.catalogue.services.get_mut(&"activation".into()).unwrap();
    let name = service.slos.keys().next().unwrap().clone();
    let slo = service.slos.get_mut(&name).unwrap();
    slo.sli = model::Sli::Pushed { every: minutes(30), check: None, secret: None };
    world.start().await;
    let id = model::SloId::from(format!("activation.{name}").as_str());
    let path = format!("/api/v1/sli/{id}");
    let key = world.api_token("juma").await;
    let line = |key: &str, ago: i64, bad: u64, total: u64, now: model::Timestamp| {
        let at = now.minus(minutes(ago));
        format!(r#"{{"key":"{key}","at":"{at}","bad":{bad},"total":{total}}}"#)
    };
    let spent = |world: &World| {
        let board = world.node().shared().board.read().unwrap();
        let end = board.newest_minute().unwrap();
        let it = board.assess_slo(&id, end).unwrap().budget;
        (it.bad, it.total)
    };
    let now = world.now();
    let batch = [line("a", 2, 1, 10, now), line("b", 1, 0, 20, now), line("b", 1, 9, 9, now)];
    let batch = format!(r#"{{"counts":[{}]}}"#, batch.join(","));
    let (status, answer) = world.http("POST", &path, Some(&key), &batch).await;
    assert_eq!((status, answer.as_str()), (StatusCode::OK, r#"{"repeated":1,"taken":2}"#));
    world.fast_forward(minutes(4)).await;
    assert_eq!(spent(&world), (1, 30));
    let (_, answer) = world.http("POST", &path, Some(&key), &batch).await;
    assert_eq!(answer, r#"{"repeated":3,"taken":0}"#);
    // Later than rings can be rewritten: the samples are, and the board is built from them.
    let late = line("c", 300, 2, 100, world.now());
    let (status, answer) = world.http("POST", &path, Some(&key), &late).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    world.fast_forward(minutes(2)).await;
    assert_eq!(spent(&world), (3, 130));
    world.start().await;
    world.fast_forward(minutes(2)).await;
    assert_eq!(spent(&world), (3, 130));
    let (status, answer) = world.http("POST", "/api/v1/sli/carrier-a.up", Some(&key), &late).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
}

#[tokio::test]
async fn a_call_by_hand_pages_the_team() {
    let mut world = World::at(MONDAY).await;
    let key = world.api_token("juma").await;
    let body = r#"{"title":"no lights in Kisumu","feature":"light-on"}"#;
    let (status, answer) = world.http("POST", "/api/v1/incidents", Some(&key), body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    world.settle().await;
    world.expect_sms("ana", "no lights in Kisumu");
    world.expect_mail("ana", "Called by juma.");
    let resolve = engine::Command::ResolveIncident { incident: IncidentId(1), by: "ana".into() };
    world.submit(Submission::person("ana".into(), resolve)).await;
    world.fast_forward(minutes(30)).await;
    world.no_more_messages();
}

fn incident(world: &World) -> incident::Incident {
    let state = world.node().shared().handle.state();
    state.incidents.get(&IncidentId(1)).cloned().expect("an incident was opened")
}

impl World {
    /// Who is on duty in `rota`.
    fn duty(&self, rota: &str) -> String {
        let rota = &self.catalogue.rotas[&rota.into()];
        let duty = oncall::duty(rota, self.now(), &oncall::Zones::bundled());
        duty.people[0].to_string()
    }
}
