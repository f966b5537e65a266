//! Shifts that change hands, calendars on phones, and leave that is found in time.

use crate::world::World;
use axum::http::StatusCode;
use engine::{Command, Submission};
use model::{Away, AwayKind, Millis, PersonId};
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
