//! Shifts that change hands, calendars on phones, leave that is found in time, the night on which clocks
//! change, and a telephone that is out of range.

use crate::world::World;
use axum::http::StatusCode;
use engine::{Command, ReceiptEvidence, Submission};
use model::{Away, AwayKind, Millis, NoticeId, PersonId, Timestamp, Turn};
use testkit::MONDAY;

impl World {
    /// Who is on duty in payments, as chats read it.
    async fn on_now(&self, key: &str) -> String {
        let (status, text) =
            self.http("GET", "/api/v1/oncall/now.txt?rota=payments", Some(key), "").await;
        assert_eq!(status, StatusCode::OK, "{text}");
        text.split(" until").next().unwrap_or_default().to_owned()
    }

    async fn asks(&mut self, key: &str, with: &str) {
        let body = format!(r#"{{"rota":"payments","at":"{}","with":"{with}"}}"#, self.now());
        let (status, said) = self.http("POST", "/api/v1/swaps", Some(key), &body).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        self.settle().await;
    }
}

#[tokio::test]
async fn a_shift_is_taken_by_text_message() {
    let mut world = World::at(MONDAY).await;
    let key = world.api_token("ana").await;
    assert_eq!(world.on_now(&key).await, "payments: Ana Reyes");
    world.asks(&key, "chen").await;
    world.expect_sms("chen", "Ana Reyes asks you to take payments from");
    world.expect_mail("chen", "SWAP 1");
    world.no_more_messages();
    // Nobody else can take it, and what is not whole does nothing.
    world.text_from("bo", "1", "swap 1").await;
    world.expect_sms("bo", "Nothing was done");
    world.text_from("chen", "2", "swap 1 perhaps").await;
    world.expect_sms("chen", "Not understood, nothing was done");
    assert_eq!(world.on_now(&key).await, "payments: Ana Reyes");
    world.text_from("chen", "3", "Swap 1, OK").await;
    world.expect_sms("chen", "You have payments from");
    world.expect_sms("ana", "Chen Wu takes payments from");
    world.expect_mail("ana", "The rota says so already");
    world.no_more_messages();
    assert_eq!(world.on_now(&key).await, "payments: Chen Wu");
    // And the next page goes to whoever took it.
    let door = world.door_key().await;
    let labels = r#""alertname":"Till","feature":"light-on""#;
    world.prometheus_alert(&door, labels, Millis::from_hours(3)).await;
    world.settle().await;
    world.expect_sms("chen", "pg_1");
    world.expect_mail("chen", "pg_1");
    world.no_more_messages();
}

#[tokio::test]
async fn a_shift_is_declined_by_link_and_by_nothing_less() {
    let mut world = World::at(MONDAY).await;
    let key = world.api_token("ana").await;
    world.asks(&key, "chen").await;
    let link = world.expect_sms("chen", "asks you to take").link();
    world.expect_mail("chen", "SWAP 1");
    let (status, view) = world.http("GET", &link, None, "").await;
    assert!(status == StatusCode::OK && view.contains("I take it"), "{view}");
    assert_eq!(world.on_now(&key).await, "payments: Ana Reyes", "a scanner takes nothing");
    let (status, _) = world.http("POST", &link, None, "answer=decline").await;
    assert_eq!(status, StatusCode::OK);
    world.settle().await;
    world.expect_sms("ana", "stays with Ana Reyes: the request was declined");
    world.expect_mail("ana", "Nothing changes");
    world.no_more_messages();
    let (status, _) = world.http("POST", &link, None, "answer=accept").await;
    assert_eq!(status, StatusCode::CONFLICT, "an answer stands");
    assert_eq!(world.on_now(&key).await, "payments: Ana Reyes");
}

/// Leave that becomes known after the rota was published: its owner hears of it days before.
#[tokio::test]
async fn leave_discovered_after_publication_is_told_ahead() {
    let mut world = World::at(MONDAY).await;
    let mut catalogue = world.catalogue.clone();
    let (starts, ends) =
        (world.now().plus(Millis::from_hours(1)), world.now().plus(Millis::from_hours(3)));
    let ana = catalogue.people.get_mut(&PersonId::from("ana")).expect("ana");
    ana.duty.away = vec![Away { starts, ends, kind: AwayKind::Leave }];
    let adopt =
        Command::AdoptCatalogue { hash: catalog::hash(&catalogue), catalogue: Box::new(catalogue) };
    world.submit(Submission::system(adopt)).await;
    world.settle().await;
    for person in ["ana", "chen", "bo"] {
        world.expect_sms(person, "Rota payments: Ana Reyes is on duty and on leave");
        world.expect_mail(person, "In the week to come rota payments is thin");
    }
    world.no_more_messages();
    let key = world.api_token("ana").await;
    let (_, view) = world.http("GET", "/oncall", Some(&key), "").await;
    assert!(view.contains("rota payments: ana is on duty while on leave"), "{view}");
    let (_, metrics) = world.http("GET", "/metrics", Some(&key), "").await;
    let line = r#"lamplighter_duty_thin_seconds{rota="payments",kind="on_leave"} 7200.0"#;
    assert!(metrics.contains(line), "{metrics}");
    world.asks(&key, "chen").await;
    world.expect_sms("chen", "asks you to take");
    world.expect_mail("chen", "SWAP 1");
    world.text_from("chen", "1", "swap 1").await;
    world.expect_sms("chen", "You have payments");
    world.expect_sms("ana", "Chen Wu takes payments");
    world.expect_mail("ana", "Chen Wu takes payments");
    world.no_more_messages();
    let (_, metrics) = world.http("GET", "/metrics", Some(&key), "").await;
    assert!(metrics.contains(r#"{rota="payments",kind="on_leave"} 0.0"#), "{metrics}");
}

/// 1 November 2026, 07:50 UTC: ten to one in San Francisco. At nine UTC its clocks go from two back to one.
const BEFORE_THE_CHANGE: Timestamp = Timestamp(1_793_519_400_000);

/// Hands change at half past one, which comes twice that night: once they do, and at every moment somebody is
/// called, and one person only.
#[tokio::test]
async fn in_the_night_the_clocks_change_hands_change_once() {
    let mut world = World::at(BEFORE_THE_CHANGE).await;
    let mut catalogue = world.catalogue.clone();
    let rota = catalogue.rotas.get_mut(&"payments".into()).expect("of the example");
    (rota.layers[0].turn, rota.layers[0].handover_minute) = (Turn::Days(1), 90);
    let adopt =
        Command::AdoptCatalogue { hash: catalog::hash(&catalogue), catalogue: Box::new(catalogue) };
    world.submit(Submission::system(adopt)).await;
    world.settle().await;
    let key = world.api_token("ana").await;
    let door = world.door_key().await;
    let mut called = vec![];
    // 01:20, 01:40, and an hour later the same again, on the clock on the wall.
    for (number, wait) in [30, 20, 40, 20].into_iter().enumerate() {
        world.fast_forward(Millis::from_mins(wait)).await;
        let labels = format!(r#""alertname":"Till{number}","feature":"light-on""#);
        world.prometheus_alert(&door, &labels, Millis::from_hours(3)).await;
        world.settle().await;
        let on = world.on_now(&key).await;
        let person = ["ana", "chen", "bo"]
            .into_iter()
            .find(|id| on.ends_with(world.catalogue.name_of(&PersonId::from(*id))));
        let person = person.expect("somebody is on duty");
        let state = world.node().shared().handle.state();
        let page = state.pages.keys().next_back().expect("it pages").to_string();
        drop(state);
        world.expect_sms(person, &page);
        for other in ["ana", "chen", "bo"].into_iter().filter(|it| *it != person) {
            assert!(world.texts_of(other).iter().all(|it| !it.contains(&page)), "{other} at {on}");
        }
        world.text_from(person, &format!("t{number}"), "resolve").await;
        world.expect_sms(person, "is over");
        called.push(person);
    }
    assert_eq!(called[1..], [called[1]; 3], "hands change once, at the first half past one");
    assert_ne!(called[0], called[1]);
    let from = BEFORE_THE_CHANGE;
    let to = from.plus(Millis::from_hours(30));
    let path = format!("/api/v1/oncall/shifts?from={from}&to={to}");
    let (_, listed) = world.http("GET", &path, Some(&key), "").await;
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let shifts = listed["shifts"].as_array().expect("shifts");
    let shift =
        shifts.iter().filter(|it| it["rota"] == "payments").nth(1).expect("two of payments");
    assert_eq!(
        (&shift["start"], &shift["end"], &shift["clock_jump_mins"]),
        (&"2026-11-01T08:30:00Z".into(), &"2026-11-02T09:30:00Z".into(), &(-60).into()),
        "a shift of 25 hours"
    );
}

/// Ana's telephone is where nothing reaches it. The page does not wait for her, and what she says when she is
/// back changes nothing by mistake.
#[tokio::test]
async fn whoever_is_on_duty_and_out_of_range_is_not_waited_for() {
    let mut world = World::at(MONDAY).await;
    let door = world.door_key().await;
    let labels = r#""alertname":"Till","feature":"light-on""#;
    world.prometheus_alert(&door, labels, Millis::from_hours(10)).await;
    world.settle().await;
    // The gateway took it; of the telephone nothing is heard.
    world.expect_sms("ana", "pg_1");
    world.expect_mail("ana", "pg_1");
    world.fast_forward(Millis::from_mins(5)).await;
    for person in ["ana", "chen", "bo"] {
        world.expect_sms(person, "pg_1");
        world.expect_mail(person, "step 2 of 2");
    }
    world.text_from("chen", "1", "ack 1").await;
    world.expect_sms("chen", "pg_1 is yours");
    // An hour later the operator gives up on her first message: somebody has the page, nobody is called.
    world.fast_forward(Millis::from_hours(1)).await;
    let receipt = Command::Receipt {
        notice: NoticeId(2),
        evidence: ReceiptEvidence::Undelivered,
        detail: "30003 unreachable".to_owned(),
    };
    world.submit(Submission::system(receipt)).await;
    world.settle().await;
    world.no_more_messages();
    // Back on the road she answers what she finds on her telephone.
    world.text_from("ana", "2", "1").await;
    world.expect_sms("ana", "No page that went to you this way waits for an answer.");
    world.text_from("ana", "3", "ack 1").await;
    world.expect_sms("ana", "pg_1: Chen Wu has it since");
    world.no_more_messages();
    assert_eq!(
        world.node().shared().handle.state().holder(model::IncidentId(1)),
        Some(&"chen".into())
    );
    let key = world.api_token("bo").await;
    let (_, view) = world.http("GET", "/oncall", Some(&key), "").await;
    assert!(view.contains("Ana Reyes"), "{view}");
    let why = world.why("pg_1").await;
    assert!(why.contains("no_2 reached nobody: not delivered (30003 unreachable)"), "{why}");
}

#[tokio::test]
async fn a_calendar_opens_with_its_secret_until_it_is_revoked() {
    let world = World::at(MONDAY).await;
    let key = world.api_token("ana").await;
    let (status, made) = world.http("POST", "/api/v1/me/calendars", Some(&key), "").await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let made: serde_json::Value = serde_json::from_str(&made).expect("JSON");
    let path = |at: usize| {
        let url = made["calendars"][at]["url"].as_str().expect("an address");
        url[url.find("/calendar/").expect("a path")..].to_owned()
    };
    let (status, mine) = world.http("GET", &path(0), None, "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(mine.starts_with("BEGIN:VCALENDAR\r\n") && mine.contains("TRIGGER:-PT1440M"), "{mine}");
    assert!(mine.contains("SUMMARY:On call: payments") && !mine.contains("Chen"), "{mine}");
    // Three people take turns of a week: hers are every third week over half a year and a month.
    let hers = mine.matches("BEGIN:VEVENT").count();
    assert!((9..=12).contains(&hers), "{hers}");
    let (_, rota) = world.http("GET", &path(2), None, "").await;
    assert!(rota.contains("SUMMARY:payments: Chen Wu") && !rota.contains("VALARM"), "{rota}");
    // The secret opens calendars and nothing else; an API token opens no calendar.
    let secret = path(0).split('/').nth(2).expect("a secret").to_owned();
    assert_eq!(
        world.http("GET", "/api/v1/me", Some(&secret), "").await.0,
        StatusCode::UNAUTHORIZED
    );
    let other = format!("/calendar/{key}/me.ics");
    assert_eq!(world.http("GET", &other, None, "").await.0, StatusCode::NOT_FOUND);
    let id = made["id"].as_str().expect("an id");
    let theirs = world.api_token("chen").await;
    let revoke = format!("/api/v1/me/calendars/{id}");
    let (status, _) = world.http("DELETE", &revoke, Some(&theirs), "").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "only whoever made it");
    let (status, _) = world.http("DELETE", &revoke, Some(&key), "").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(world.http("GET", &path(0), None, "").await.0, StatusCode::NOT_FOUND);
}
