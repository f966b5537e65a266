//! Two processes that watch each other, and a page that each sends through itself.

mod common;

use common::{Server, folder, http, wait_for};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_mins(1);

/// `mini`: one person, one way out, and what is to be watched.
fn config(home: &Path, name: &str, watched: &str) -> PathBuf {
    let file = home.join(format!("{name}.yaml"));
    let text = format!(
        "org: {name}\npeople: {{ ana: {{ timezone: UTC, email: ana@solar.example }} }}\n\
         teams: {{ ops: {{ members: [ana] }} }}\n\
         escalations: {{ ops: [{{ page: person ana, wait: 1m }}] }}\n\
         channels: {{ mail: {{ smtp: {{ host: 127.0.0.1, port: 9, from: l@solar.example, encryption: none }} }} }}\n\
         {watched}\n"
    );
    std::fs::write(&file, text).expect("written");
    file
}

/// A running server and a token of its first administrator.
struct Instance {
    server: Server,
    token: String,
}

impl Instance {
    fn start(config: &Path, data: &Path) -> (Self, String) {
        let server = Server::start(config, data);
        let cookie = server.first_session("ana");
        let token = server.token_of(&cookie, "api", "test");
        (Self { server, token }, cookie)
    }

    fn read(&self, path: &str) -> Value {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("accept", "application/json")];
        let answer = http("GET", &self.server.address, path, &headers, "").expect("answered");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap_or(Value::String(answer.body))
    }

    fn stands(&self, heartbeat: &str) -> String {
        let all = self.read("/api/v1/heartbeats");
        let found =
            all["heartbeats"].as_array().expect("a list").iter().find(|it| it["id"] == heartbeat);
        found.expect("configured")["status"].as_str().expect("text").to_owned()
    }
}

/// A tells B that it lives; A is killed as the kernel kills; B calls ana.
#[test]
fn a_second_instance_is_the_dead_man_of_the_first() {
    let home = folder("watch-two");
    let beat = "heartbeats: { lamplighter-a: { every: 2s, grace: 1s, team: ops } }";
    let (b, cookie) = Instance::start(&config(&home, "b", beat), &home.join("b"));
    let key_file = home.join("key");
    std::fs::write(&key_file, b.server.door_key_of(&cookie, "instance-a")).expect("written");
    let ping = format!(
        "watch: {{ ping: {{ url: \"http://{}/api/v1/heartbeats/lamplighter-a/ping\", every: 1s, \
         token: \"file:{}\" }} }}",
        b.server.address,
        key_file.display()
    );
    assert_eq!(b.stands("lamplighter-a"), "awaited");
    let a = Server::start(&config(&home, "a", &ping), &home.join("a"));
    wait_for(PATIENCE, "B hears A", || b.stands("lamplighter-a") == "heard");
    assert_eq!(b.read("/api/v1/incidents")["incidents"], serde_json::json!([]));
    a.kill();
    wait_for(PATIENCE, "B misses A", || b.stands("lamplighter-a") == "missed");
    let incidents = b.read("/api/v1/incidents");
    assert_eq!(incidents["incidents"].as_array().map(Vec::len), Some(1), "{incidents:#}");
    let incident = &incidents["incidents"][0];
    assert!(incident["title"].as_str().is_some_and(|it| it.contains("lamplighter-a stopped")));
    assert_eq!(incident["pages"].as_array().map(Vec::len), Some(1), "ana is called: {incident:#}");
    let metrics = b.read("/metrics").to_string();
    assert!(
        metrics.contains("lamplighter_heartbeat_missed{heartbeat=\\\"lamplighter-a\\\"} 1"),
        "{metrics}"
    );
    // A comes back, and that is enough.
    let a = Server::start(&home.join("a.yaml"), &home.join("a"));
    wait_for(PATIENCE, "B hears A again", || b.stands("lamplighter-a") == "heard");
    wait_for(PATIENCE, "the incident is over", || {
        b.read("/api/v1/incidents")["incidents"][0]["resolved_at"].is_string()
    });
    a.kill();
    b.server.kill();
    let _ = std::fs::remove_dir_all(&home);
}

/// A page goes through the whole of a running server and comes out; nobody is called and no incident
/// stays.
#[test]
fn a_synthetic_page_goes_through_and_leaves_nothing() {
    let home = folder("watch-synthetic");
    let watched = "watch: { synthetic: { every: 1s, deadline: 30s } }";
    let (it, _) = Instance::start(&config(&home, "solo", watched), &home.join("data"));
    wait_for(PATIENCE, "a synthetic page comes out", || {
        it.read("/api/v1/heartbeats")["synthetic"]["took_ms"].is_i64()
    });
    wait_for(PATIENCE, "another one comes out", || {
        let metrics = it.read("/metrics").to_string();
        let seen = metrics.split("lamplighter_synthetic_pages_total{outcome=\\\"seen\\\"} ").nth(1);
        let count = seen.and_then(|it| it.split("\\n").next()?.parse::<u32>().ok());
        count.is_some_and(|it| it >= 3)
    });
    let incidents = it.read("/api/v1/incidents");
    let listed = incidents["incidents"].as_array().expect("a list");
    assert!(listed.len() <= 1, "none but the last is remembered: {incidents:#}");
    assert!(listed.iter().all(|it| it["review"] == "not_asked"), "{incidents:#}");
    let metrics = it.read("/metrics").to_string();
    assert!(metrics.contains("lamplighter_synthetic_page_seconds"), "{metrics}");
    assert!(!metrics.contains("outcome=\\\"lost\\\""), "{metrics}");
    it.server.kill();
    let _ = std::fs::remove_dir_all(&home);
}

/// A deadline that cannot be met: people are called, because for all that is known no page gets out.
/// The real channel it must go through as well refuses every connection.
#[test]
fn a_synthetic_page_that_does_not_come_out_calls_people() {
    let home = folder("watch-lost");
    let watched = "watch: { synthetic: { every: 1m, deadline: 2s, channel: room } }";
    let file = config(&home, "lost", watched);
    let key = home.join("key");
    std::fs::write(&key, format!("whsec_{}", "A".repeat(32))).expect("written");
    let room = format!(
        "channels: {{ room: {{ webhook: {{ url: \"http://127.0.0.1:9/\", secret: \"file:{}\" }} }}, ",
        key.display()
    );
    let text = std::fs::read_to_string(&file).expect("read").replace("channels: { ", &room);
    std::fs::write(&file, text).expect("written");
    let (it, _) = Instance::start(&file, &home.join("data"));
    // By the policy of people, and not by the way of synthetic pages, which is first in the alphabet.
    let told = |id: &str| {
        let why = it.read(&format!("/api/v1/why/{id}")).to_string();
        why.contains("follows the escalation policy `ops`") && why.contains("ana by e-mail")
    };
    let called = |incidents: &Value| {
        incidents["incidents"].as_array().is_some_and(|all| {
            all.iter().any(|it| {
                it["title"]
                    .as_str()
                    .is_some_and(|it| it.contains("Lamplighter itself may not page"))
                    && it["pages"].as_array().is_some_and(|it| !it.is_empty())
                    && told(it["id"].as_str().unwrap_or_default())
            })
        })
    };
    wait_for(PATIENCE, "people are called", || called(&it.read("/api/v1/incidents")));
    it.server.kill();
    let _ = std::fs::remove_dir_all(&home);
}
