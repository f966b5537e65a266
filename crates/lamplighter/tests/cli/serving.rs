//! A real server: started, reloaded, stopped, and looked into from beside.

use crate::served::{Served, folder};
use crate::{run, typed};
use insta::assert_snapshot;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const CONFIG: &str = r#"
org: solar
people:
  ana: { name: Ana Reyes, timezone: Africa/Nairobi, sms: "+254700000001" }
teams:
  payments: { members: [ana] }
services:
  payments-api:
    team: payments
    slos: { availability: { objective: 99.9%, ratio: { bad: errors_total, total: requests_total } } }
features:
  light-on:
    question: Do we activate lights?
    team: payments
    objective: 99.5%
    needs: { all: [payments-api.availability] }
rotas:
  payments: { timezone: Africa/Nairobi, layers: [{ people: [ana], turn: 1w, handover: mon 09:00 }] }
escalations:
  payments: [{ page: rota payments, wait: 1h }]
channels:
  text: { sms-http: { url: "http://127.0.0.1:9/send", method: POST, body: "{key}" } }
sources:
  own: { scrape: { targets: { payments-api: "http://127.0.0.1:9/metrics" }, interval: 15s } }
"#;

fn home(name: &str) -> (PathBuf, PathBuf, PathBuf) {
    let home = folder(name);
    let (config, data) = (home.join("lamplighter.yaml"), home.join("data"));
    std::fs::write(&config, CONFIG).expect("written");
    (home, config, data)
}

#[test]
fn a_bad_file_changes_nothing_and_says_why() {
    let (home, config, data) = home("reload");
    let server = Served::start(&config, &data);
    let key = server.api_token("ana");
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    let reload = || {
        let answer = server.ask("POST", "/-/reload", &headers, "");
        (answer.status, answer.body)
    };
    let objective = || {
        let path = "/api/v1/features/light-on";
        let answer = server.ask("GET", path, &headers, "");
        // The last one: the measured state, which comes first, follows a moment later.
        answer.body.rsplit_once("\"objective\":\"").expect("there").1[..5].to_owned()
    };
    assert_eq!(reload().0, 200);
    std::fs::write(&config, CONFIG.replace("page: rota payments", "page: rota paiments"))
        .expect("written");
    let (status, told) = reload();
    assert_eq!(status, 422);
    assert!(told.contains("paiments") && told.contains("nothing has changed"), "{told}");
    assert_eq!(objective(), "99.5%");
    std::fs::write(&config, CONFIG.replace("99.5%", "99.4%")).expect("written");
    let (status, told) = reload();
    assert!(status == 200 && told.contains("configuration 2 "), "{told}");
    assert_eq!(objective(), "99.4%");
    // The same by signal.
    std::fs::write(&config, CONFIG.replace("99.5%", "99.3%")).expect("written");
    server.signal("HUP");
    let begun = Instant::now();
    while objective() != "99.3%" {
        assert!(begun.elapsed() < Duration::from_secs(20), "the signal reloads");
    }
    drop(server);
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn a_stop_loses_nothing_and_the_journal_proves_it() {
    let (home, config, data) = home("stop");
    let server = Served::start(&config, &data);
    let key = server.api_token("ana");
    let bearer = format!("Bearer {key}");
    let url = format!("http://{}", server.address);
    let ask = |arguments: &str| typed(&home, &format!("{arguments} --url {url} --token {key}"));
    assert_snapshot!(ask("page dark --feature light-on"), @r"
    exit code 0
    --- output
    in_1 is open, and people are being called.
    --- errors
    ");
    assert_snapshot!(ask("ack in_1"), @r"
    exit code 0
    --- output
    in_1 is yours.
    --- errors
    ");
    assert_snapshot!(masked(&ask("ack in_1")), @r"
    exit code 1
    --- output
    --- errors
    error: the server said no
      already acknowledged by ana at TIME
    ");
    assert_snapshot!(ask("sign light-on --role product"), @r"
    exit code 1
    --- output
    --- errors
    error: this is not yours to do
      ana cannot sign `light-on` for product: its owner there is nobody yet
    ");
    assert_snapshot!(ask("gate light-on"), @r"
    exit code 1
    --- output
    no: nothing is known of light-on; --allow-unknown takes that for a yes
    --- errors
    ");
    let made = ask("token issue --kind door --label prometheus");
    assert!(made.starts_with("exit code 0\n--- output\nlt_door_"), "{made}");
    let metrics = server.ask("GET", "/metrics", &[("authorization", &bearer)], "");
    assert!(metrics.body.contains("lamplighter_journal_head_info{seq="));
    let second = typed(&home, "serve --config lamplighter.yaml --data data --listen 127.0.0.1:0");
    assert!(second.contains("exit code 3") && second.contains("is in use by process"), "{second}");
    server.stop();

    assert_snapshot!(masked(&typed(&home, "journal verify --data data")), @r"
    exit code 0
    --- output
    sound: COUNT records, the last one is HASH
    --- errors
    ");
    assert_snapshot!(masked(&typed(&home, "journal replay --data data")), @r"
    exit code 0
    --- output
    equal: COUNT records fold to the state with digest HASH
    --- errors
    ");
    a_published_head_proves_it(&home);
    what_is_erased_is_gone(&home);
    std::fs::remove_dir_all(home).expect("ours");
}

/// The head as published is found, a forged one is not.
fn a_published_head_proves_it(home: &Path) {
    let head = head_of(&typed(home, "journal verify --data data"));
    let verified = typed(home, &format!("journal verify --data data --head {head}"));
    assert!(verified.starts_with("exit code 0"), "{verified}");
    let forged = head.replace(|it: char| it.is_ascii_hexdigit() && it != '1', "1");
    let (seq, _) = head.split_once(':').expect("SEQ:HASH");
    let forged = format!("{seq}:{}", forged.rsplit(':').next().expect("a hash"));
    let refuted = typed(home, &format!("journal verify --data data --head {forged}"));
    assert!(refuted.starts_with("exit code 1"), "{refuted}");
}

/// Texts of people are exported on request only, and not at all once erased.
fn what_is_erased_is_gone(home: &Path) {
    let sealed = String::from_utf8(run(home, "journal export --data data").stdout).expect("text");
    assert!(!sealed.contains("+254700000001") && !sealed.contains("Ana Reyes"), "{sealed}");
    let open = run(home, "journal export --data data --personal").stdout;
    assert!(String::from_utf8(open).expect("text").contains("+254700000001"));
    assert_snapshot!(typed(home, "erase ana --data data --yes"), @r"
    exit code 0
    --- output
    Every text of ana is unreadable from now on.
    Take the person out of the configuration too: no address under this id can be kept again.
    --- errors
    ");
    let gone = run(home, "journal export --data data --personal").stdout;
    assert!(!String::from_utf8(gone).expect("text").contains("+254700000001"));
    assert!(typed(home, "journal verify --data data").starts_with("exit code 0"));
    assert!(typed(home, "journal replay --data data").starts_with("exit code 0"));
    assert_snapshot!(typed(home, "migrate --data data"), @r"
    exit code 0
    --- output
    data has the form this release uses.
    --- errors
    ");
}

#[test]
fn a_token_made_beside_the_store_opens_a_door() {
    let (home, config, data) = home("beside");
    Served::start(&config, &data).stop();
    let made = run(&home, "token issue --kind door --label p --data data");
    let key = String::from_utf8(made.stdout).expect("text").trim().to_owned();
    let server = Served::start(&config, &data);
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let alert = r#"[{"labels":{"alertname":"Dark"},"endsAt":"2100-01-01T00:00:00Z"}]"#;
    let answer = server.ask("POST", "/api/v2/alerts", &headers, alert);
    assert_eq!(answer.status, 200);
    let answer = server.ask("GET", "/api/v1/status", &headers, "");
    assert_ne!(answer.status, 200, "a door key reads nothing");
    drop(server);
    std::fs::remove_dir_all(home).expect("ours");
}

fn head_of(verified: &str) -> String {
    let (_, rest) = verified.split_once("the last one is ").expect("sound");
    rest.split_whitespace().next().expect("a head").to_owned()
}

/// Times, hashes and counts differ from run to run.
fn masked(text: &str) -> String {
    let words = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let word = |(at, it): (usize, &&str)| match *it {
            it if it.rsplit(':').next().is_some_and(|it| it.len() == 64) => "HASH".to_owned(),
            it if it.starts_with("20") && it.ends_with('Z') => "TIME".to_owned(),
            _ if words.get(at + 1).is_some_and(|it| it.starts_with("records")) => {
                "COUNT".to_owned()
            }
            it => it.to_owned(),
        };
        words.iter().enumerate().map(word).collect::<Vec<_>>().join(" ")
    };
    text.lines().map(words).collect::<Vec<_>>().join("\n")
}
