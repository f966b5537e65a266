//! Silences set and ended by text message and by the keys of a telephone.

use super::*;
use engine::{Silence, TokenKind};
use model::{Millis, SilenceId};

/// A house in which two alerts of one incident call Ana.
async fn ringing() -> House {
    let house = house().await;
    house.token(TokenKind::Door, None, "door-key").await;
    for instance in ["till-1", "till-2"] {
        let alert = format!(
            r#"[{{"labels":{{"alertname":"TillStuck","severity":"page","feature":"light-on","instance":"{instance}"}}}}]"#
        );
        let sent = house.request("POST", "/api/v2/alerts", Some("door-key"), &alert);
        assert_eq!(house.send(sent).await.status(), StatusCode::OK);
    }
    assert_eq!(house.handle.state().incidents.len(), 1);
    house
}

impl House {
    fn silence(&self, id: u64) -> Silence {
        self.handle.state().silences[&SilenceId(id)].clone()
    }
}

fn shown(it: &Silence) -> Vec<String> {
    it.matchers.iter().map(|it| format!("{}={}", it.name(), it.value())).collect()
}

#[tokio::test]
async fn what_an_incident_is_about_is_hidden_for_a_while_and_heard_again() {
    let house = ringing().await;
    let told = house.says("a", ANA, "MUTE 1 30 min").await;
    let set = house.silence(1);
    assert_eq!(shown(&set), ["alertname=TillStuck", "feature=light-on", "severity=page"]);
    assert_eq!(set.ends_at.since(set.starts_at), Millis::from_mins(30));
    assert_eq!((set.by.as_str(), set.is_active(), set.hid_count), ("ana", true, 2));
    assert!(
        told.starts_with("si_1: until ") && told.ends_with("it hides 2 now. UNMUTE 1 ends it.")
    );
    assert!(matches!(house.page(1), PageStatus::Ended { .. }), "{:?}", house.page(1));
    // Delivered once more it is answered alike, and nothing is hidden twice.
    let seq = house.handle.state().seq;
    assert_eq!(house.says("a", ANA, "MUTE 1 30 min").await, told);
    assert_eq!(house.handle.state().seq, seq);
    assert_eq!(
        house.says("b", BO, "unmute 7").await,
        "Nothing was done: there is no silence 'si_7' here; it may be closed and archived"
    );
    assert_eq!(
        house.says("c", ANA, "UNMUTE 1").await,
        "si_1 is over: what still fires calls again."
    );
    assert!(house.silence(1).is_over());
    assert!(matches!(house.page(2), PageStatus::Waiting { .. }), "{:?}", house.page(2));
}

#[tokio::test]
async fn what_was_called_by_hand_or_went_elsewhere_is_not_hidden() {
    let house = burning().await;
    assert_eq!(
        house.says("a", ANA, "mute 1").await,
        "pg_1 was called by hand, nothing may hide that. RESOLVE 1 ends it."
    );
    let house = ringing().await;
    assert_eq!(
        house.says("b", BO, "mute 1 2h").await,
        "pg_1 did not go to you this way. TAKE 1 takes it over."
    );
    assert!(house.handle.state().silences.is_empty());
    // An hour, unless somebody says.
    house.says("c", ANA, "mute").await;
    let set = house.silence(1);
    assert_eq!(set.ends_at.since(set.starts_at), Millis::from_hours(1));
}

#[tokio::test]
async fn a_call_silences_when_it_is_asked_twice() {
    let house = ringing().await;
    let notice = house.notice("ana", Medium::Sms);
    let code = crate::callback_code(&LINK_KEY, &"voice".into(), notice);
    let path = format!("/callbacks/voice/twilio-keys/{notice}/{code}");
    let keys = |digits: &'static str| [("CallSid", "CA1"), ("Digits", digits), ("To", ANA)];
    let silences = || house.handle.state().silences.len();
    // Once asks, and going back forgets it.
    let (_, body) = house.twilio(&path, &keys("4")).await;
    let sure = format!("{path}?silence=sure");
    assert!(body.contains(&format!("action=\"{URL}{sure}\"")), "{body}");
    assert!(
        body.contains("For one hour nobody would be called for what page 1 is about."),
        "{body}"
    );
    let (_, body) = house.twilio(&sure, &keys("3")).await;
    assert!(body.contains("Press 1 to take it.") && !body.contains("sure"), "{body}");
    assert_eq!(silences(), 0);
    // The second time does it, once.
    for _ in 0..2 {
        let (status, body) = house.twilio(&sure, &keys("4")).await;
        assert_eq!(status, StatusCode::OK);
        assert!(body.contains("silence 1: until ") && body.contains("it hides 2 now"), "{body}");
        assert!(body.contains("<Hangup/>"), "{body}");
    }
    assert_eq!(silences(), 1);
    let set = house.silence(1);
    assert_eq!((set.by.as_str(), set.ends_at.since(set.starts_at)), ("ana", Millis::from_hours(1)));
}
