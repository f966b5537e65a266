//! One trial at a time, seen by whoever asked, and never an end of the server.

use super::{TRIALS_MAX, Trial, Trials};
use crate::tests::{House, text};
use axum::http::{StatusCode, header};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use worklog::Worklog;

/// What tries in tests of the router: it ends when the process does, so that whoever comes second has
/// to wait; but a file that says `quick` is done at once.
pub(crate) fn tried(
    file: &str,
    own: Option<&Worklog>,
    most: Duration,
    told: &(dyn Fn(usize) + Sync),
) -> Result<String, String> {
    told(7);
    match file {
        _ if own.is_some() => {
            Ok(format!("<h1>{} events</h1>", own.map_or(0, |it| it.records.rows)))
        }
        "quick" => Ok("<!DOCTYPE html><h1>two pages</h1>".to_owned()),
        "wrong" => Err("teams: nobody works".to_owned()),
        "panics" => panic!("as wanted"),
        _ => {
            let (sender, never): (Sender<()>, Receiver<()>) = channel();
            let _ = never.recv_timeout(most);
            drop(sender);
            Err("over".to_owned())
        }
    }
}

/// Waits until the trial has ended, with a bound.
async fn ended(house: &House, path: &str, key: &str) -> serde_json::Value {
    for _ in 0..10_000 {
        let answer = house.send(house.request("GET", path, Some(key), "")).await;
        let value: serde_json::Value = serde_json::from_str(&text(answer).await).expect("JSON");
        if value["running"] == false {
            return value;
        }
        tokio::task::yield_now().await;
        std::thread::yield_now();
    }
    panic!("{path} never ends")
}

async fn begin(house: &House, file: &str, key: &str) -> (StatusCode, String) {
    let body = format!(r#"{{"file":"{file}"}}"#);
    let mut request = house.request("POST", "/api/v1/whatif", Some(key), &body);
    request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().expect("a type"));
    let answer = house.send(request).await;
    (answer.status(), text(answer).await)
}

#[tokio::test]
async fn a_trial_runs_and_its_report_is_for_whoever_asked() {
    let house = House::serve().await;
    let begun = begin(&house, "quick", "member-key").await;
    assert_eq!(begun, (StatusCode::ACCEPTED, r#"{"trial":1}"#.to_owned()));
    let ended_well = ended(&house, "/api/v1/whatif/1", "member-key").await;
    let expect = serde_json::json!({
        "trial": 1, "running": false, "worlds": 7, "report": "/whatif/1/report", "error": null,
    });
    assert_eq!(ended_well, expect);
    let get = async |path: &str, key: &str| {
        let answer = house.send(house.request("GET", path, Some(key), "")).await;
        (answer.status().as_u16(), text(answer).await)
    };
    let (status, report) = get("/whatif/1/report", "member-key").await;
    assert_eq!((status, report.as_str()), (200, "<!DOCTYPE html><h1>two pages</h1>"));
    // An administrator is somebody else as well.
    for path in ["/whatif/1", "/whatif/1/report", "/api/v1/whatif/1"] {
        assert_eq!(get(path, "admin-key").await.0, 404, "{path}");
    }
    assert!(get("/whatif", "member-key").await.1.contains("Trial 1</a>: done"));
    assert!(!get("/whatif", "admin-key").await.1.contains("Trial 1"));

    assert_eq!(begin(&house, "wrong", "member-key").await.0, StatusCode::ACCEPTED);
    let wrong = ended(&house, "/api/v1/whatif/2", "member-key").await;
    assert_eq!(wrong["error"], "teams: nobody works");
    assert!(get("/whatif/2", "member-key").await.1.contains("teams: nobody works"));
    assert_eq!(begin(&house, "panics", "member-key").await.0, StatusCode::ACCEPTED);
    let failed = ended(&house, "/api/v1/whatif/3", "member-key").await;
    assert_eq!(failed["error"], "it failed; the log of the server says where");
}

/// Whoever asks for it tries what the journal here holds, as far as it reaches.
#[tokio::test]
async fn a_trial_may_begin_with_this_organisations_own_history() {
    let house = House::serve().await;
    let form = "structure=tribute&team-0=a&people-0=3&owns-0=x&per-week-page=2&own=yes&now=tribute";
    let begun = house.send(house.request("POST", "/whatif", Some("member-key"), form)).await;
    assert_eq!(begun.status(), StatusCode::SEE_OTHER);
    ended(&house, "/api/v1/whatif/1", "member-key").await;
    let report = house.send(house.request("GET", "/whatif/1/report", Some("member-key"), "")).await;
    let report = text(report).await;
    let events = report.trim_start_matches("<h1>").split(' ').next().and_then(|it| it.parse().ok());
    assert!(events.is_some_and(|it: usize| it > 0), "{report}");
    let asked = house.send(house.request("GET", "/whatif", Some("member-key"), "")).await;
    let asked = text(asked).await;
    assert!(asked.contains("name=\"own\"") && asked.contains("The journal holds no tickets"));
}

#[tokio::test]
async fn while_one_runs_no_other_begins_and_the_view_says_how_far_it_is() {
    let house = House::serve().await;
    let form = "structure=tribute&team-0=a&people-0=3&owns-0=x&per-week-page=2";
    let begun = house.send(house.request("POST", "/whatif", Some("member-key"), form)).await;
    assert_eq!(begun.status(), StatusCode::SEE_OTHER);
    assert_eq!(begun.headers()[header::LOCATION], "/whatif/1");
    let looked = house.send(house.request("GET", "/whatif/1", Some("member-key"), "")).await;
    assert_eq!(looked.headers()[header::REFRESH], "2");
    assert!(text(looked).await.contains("worlds lived through"));
    let second = house.send(house.request("POST", "/whatif", Some("admin-key"), form)).await;
    assert_eq!(second.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(begin(&house, "quick", "admin-key").await.0, StatusCode::TOO_MANY_REQUESTS);
    let report = house.send(house.request("GET", "/whatif/1/report", Some("member-key"), "")).await;
    assert_eq!(report.status(), StatusCode::NOT_FOUND, "there is none before it is done");
}

/// The form is filled with the organisation's own teams as numbers; no name of a person stands in it.
#[tokio::test]
async fn the_form_knows_teams_and_names_nobody() {
    let house = House::serve().await;
    let answer = house.send(house.request("GET", "/whatif", Some("member-key"), "")).await;
    let view = text(answer).await;
    let main = view.split("<main").nth(1).and_then(|it| it.split("</main").next()).expect("a main");
    let catalogue = crate::tests::catalogue();
    for team in catalogue.teams.keys() {
        assert!(main.contains(&format!("value=\"{team}\"")), "{team}");
    }
    for (id, person) in &catalogue.people {
        let words = |text: &str| format!(">{text}<");
        for named in [
            id.to_string(),
            person.name.as_ref().and_then(|it| it.text()).unwrap_or("nobody").to_owned(),
        ] {
            assert!(
                !main.contains(&words(&named)) && !main.contains(&format!("\"{named}\"")),
                "{named}"
            );
        }
    }
}

#[test]
fn only_the_last_are_remembered() {
    let (sender, gate) = channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let trials = Trials::new(Trial::new(move |_, _, _, _| {
        let _ = gate.lock().expect("one runs").recv();
        Ok(String::new())
    }));
    let by = model::PersonId::from("ana");
    for number in 1..=TRIALS_MAX as u64 + 2 {
        let it = trials.begin(by.clone(), String::new(), None).expect("nothing runs");
        assert_eq!(it.number, number);
        assert!(trials.begin(by.clone(), String::new(), None).is_err(), "one runs");
        sender.send(()).expect("it waits");
        while it.is_running() {
            std::thread::yield_now();
        }
    }
    let kept: Vec<u64> = trials.of(&by).iter().map(|it| it.number).collect();
    assert_eq!(kept, [10, 9, 8, 7, 6, 5, 4, 3]);
    assert!(trials.of(&"juma".into()).is_empty());
}
