//! Somebody's folder of objectives and a Prometheus that holds two days: imported, checked, served, and
//! their budgets stand with history, as a new user would do it.

use crate::common::{Process, Server, folder, http, wait_for};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

/// Minutes of the past, which Prometheus scraped once a minute.
const MINUTES: i64 = 2 * 1_440;

const SLOTH: &str = r#"
version: prometheus/v1
service: shop
labels: { team: us }
slos:
  - name: buying
    objective: 99
    description: Can people buy?
    sli:
      events:
        error_query: sum(rate(buys_total{ok="no"}[{{.window}}]))
        total_query: sum(rate(buys_total[{{.window}}]))
    alerting: { name: BuyingFails }
  - name: fast
    objective: 99
    description: Is it fast?
    sli:
      events:
        error_query: sum(rate(took_seconds_count[{{.window}}])) - sum(rate(took_seconds_bucket{le="0.3"}[{{.window}}]))
        total_query: sum(rate(took_seconds_count[{{.window}}]))
    alerting: { name: Slow }
  - name: asked
    objective: 99
    description: Does anybody know exactly?
    sli:
      events:
        error_query: max(rate(buys_total{ok="no"}[{{.window}}]))
        total_query: max(rate(buys_total{ok="no"}[{{.window}}])) + max(rate(buys_total{ok="yes"}[{{.window}}]))
    alerting: { name: Asked }
"#;

const OPENSLO: &str = r"
apiVersion: openslo/v1
kind: SLO
metadata: { name: queue, labels: { team: us } }
spec:
  service: queue
  description: Is the queue short?
  indicator:
    metadata: { name: queue }
    spec: { thresholdMetric: { metricSource: { type: Prometheus, spec: { query: queue_length } } } }
  budgetingMethod: Occurrences
  timeWindow: [{ duration: 28d, isRolling: true }]
  objectives: [{ op: lte, value: 100, target: 0.99 }]
  alertPolicies:
    - kind: AlertPolicy
      metadata: { name: fast }
      spec:
        alertWhenBreaching: true
        conditions:
          - kind: AlertCondition
            metadata: { name: fast }
            spec: { severity: page, condition: { kind: burnrate, op: gt, threshold: 14, lookbackWindow: 1h, alertAfter: 5m } }
        notificationTargets: [{ kind: AlertNotificationTarget, metadata: { name: mail }, spec: { target: email } }]
";

/// An hour without a single success began a day ago; the queue was long in it.
fn is_out(ago: i64) -> bool {
    (1_440..1_500).contains(&ago)
}

/// What a counter gains in the minute so many minutes ago.
type Value = fn(i64) -> i64;

fn readings() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let now = i64::try_from(since.as_secs()).expect("not that late") / 60;
    let series: [(&str, &str, &str, Value); 5] = [
        ("buys", "buys_total", "ok=\"no\",", |ago| if is_out(ago) { 60 } else { 0 }),
        ("buys", "buys_total", "ok=\"yes\",", |ago| if is_out(ago) { 0 } else { 60 }),
        ("took_seconds", "took_seconds_bucket", "le=\"0.3\",", |ago| i64::from(!is_out(ago)) * 30),
        ("took_seconds", "took_seconds_bucket", "le=\"+Inf\",", |_| 30),
        ("took_seconds", "took_seconds_count", "", |_| 30),
    ];
    let mut text = String::new();
    let mut kind = "";
    for (family, name, labels, of_minute) in series {
        if family != kind {
            let sort = if family == "buys" { "counter" } else { "histogram" };
            let _ = writeln!(text, "# TYPE {family} {sort}");
            kind = family;
        }
        let mut sum = 0;
        for ago in (0..MINUTES).rev() {
            sum += of_minute(ago);
            let at = (now - ago) * 60;
            let _ = writeln!(text, "{name}{{{labels}job=\"shop\",instance=\"a\"}} {sum} {at}");
        }
    }
    text.push_str("# TYPE queue_length gauge\n");
    for ago in (0..MINUTES).rev() {
        let (length, at) = (if is_out(ago) { 500 } else { 3 }, (now - ago) * 60);
        let _ = writeln!(text, "queue_length{{job=\"shop\",instance=\"a\"}} {length} {at}");
    }
    text + "# EOF\n"
}

/// A Prometheus that holds [`readings`], and its address.
fn prometheus(home: &Path) -> (Process, String) {
    let program = std::env::var("LAMPLIGHTER_TEST_PROMETHEUS")
        .unwrap_or_else(|_| "/usr/bin/prometheus".to_owned());
    let (file, data) = (home.join("past.txt"), home.join("tsdb"));
    std::fs::write(&file, readings()).expect("written");
    let made = Command::new(Path::new(&program).with_file_name("promtool"))
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([&file, &data])
        .output()
        .expect("`promtool` starts: apt-get install prometheus");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::write(home.join("prometheus.yml"), "").expect("written");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let child = Command::new(program)
        .arg(format!("--config.file={}", home.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", data.display()))
        .arg(format!("--web.listen-address={address}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let process = Process { child };
    wait_for(Duration::from_mins(1), "Prometheus is ready", || {
        http("GET", &address, "/-/ready", &[], "").is_ok_and(|it| it.status == 200)
    });
    (process, address)
}

fn typed(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lamplighter"));
    command.current_dir(home).args(arguments).output().expect("it starts")
}

/// Goal: a folder of objectives and a Prometheus become budgets with history by three commands. Method: the
/// commands of the book's page about formats, then what the server and the command line say of every feature.
#[test]
fn a_folder_of_objectives_becomes_budgets_with_history() {
    let home = folder("imported");
    let (_prometheus, address) = prometheus(&home);
    std::fs::create_dir(home.join("slos")).expect("made");
    std::fs::write(home.join("slos/shop.yml"), SLOTH).expect("written");
    std::fs::write(home.join("slos/queue.yaml"), OPENSLO).expect("written");
    let url = format!("http://{address}");
    let written = typed(&home, &["import", "slos", "--org", "home", "--prometheus", &url]);
    let said = String::from_utf8_lossy(&written.stderr).into_owned();
    assert!(written.status.success(), "{said}");
    assert!(said.contains("noted: an estimate: from a query of shop-asked"), "{said}");
    std::fs::write(home.join("lamplighter.yaml"), &written.stdout).expect("written");
    let checked = typed(&home, &["check"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let server = Server::start(&home.join("lamplighter.yaml"), &home.join("data"));
    let cookie = server.first_session("somebody");
    let features = ["shop-buying", "shop-fast", "shop-asked", "queue-queue"];
    let state = |feature: &str| -> serde_json::Value {
        let headers = [("cookie", cookie.as_str())];
        let path = format!("/api/v1/features/{feature}");
        let answer = http("GET", &server.address, &path, &headers, "").expect("answered");
        serde_json::from_str(&answer.body).unwrap_or_default()
    };
    wait_for(Duration::from_mins(3), "all of the past is read", || {
        features.iter().all(|it| state(it)["history"][0]["minutes_left"] == 0)
    });
    let budget = |feature: &str| {
        let found = state(feature);
        let budget = &found["assessment"]["budget"];
        (budget["bad"].as_i64(), budget["total"].as_i64(), found["approximate"] == true)
    };
    let near = |feature: &str, bad: i64, per_minute: i64, approximate: bool| {
        let (found_bad, found_total, found_approximate) = budget(feature);
        let total = found_total.expect("measured");
        assert_eq!((found_bad, found_approximate), (Some(bad), approximate), "{feature}");
        // The first reading is only a starting point, and the last minutes are not closed.
        let minutes = total / per_minute;
        assert!((MINUTES - 20..=MINUTES).contains(&minutes), "{feature}: {minutes} minutes");
    };
    near("shop-buying", 3_600, 60, false);
    near("shop-fast", 1_800, 30, false);
    near("shop-asked", 3_600, 60, true);
    // A minute with a reading of before is as bad as that, for it stands for two intervals.
    let (bad, _, _) = budget("queue-queue");
    assert!((60..=62).contains(&bad.expect("measured")), "{bad:?}");
    let token = server.token_of(&cookie, "api", "cli");
    let url = format!("http://{}", server.address);
    let told = typed(&home, &["feature", "shop-asked", "--url", &url, "--token", &token]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("Estimate: from a query"), "{told}");
    assert!(told.contains("Does anybody know exactly? (shop-asked)"), "{told}");
    server.kill();
    let _ = std::fs::remove_dir_all(&home);
}
