//! The past of an objective, read from a real Prometheus and a real `VictoriaMetrics` that hold three days
//! of it. Without the programs these tests fail.

use super::*;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Program, Stdio};
use std::time::{Duration, Instant};

mod asked;

const WAIT_MAX: Duration = Duration::from_mins(1);

/// Three days of readings before [`MONDAY`], one a minute, as `OpenMetrics`.
const DAYS: i64 = 3;

/// Failures of one minute, of 60 events: a total outage two days ago, and a slow burn.
fn failures(ago: i64) -> i64 {
    match ago {
        2_880..2_940 => 60,
        600..900 => 1,
        _ => 0,
    }
}

fn readings() -> String {
    let end = MONDAY.minute();
    let mut text = String::new();
    for (name, is_bad) in [("all", false), ("bad", true)] {
        let _ = writeln!(text, "# TYPE {name} counter");
        let mut sum = 0;
        for minute in end - DAYS * 1_440..end {
            // An hour in which nobody looked.
            let is_gap = (2_000..2_060).contains(&(end - minute));
            sum += if is_bad { failures(end - minute) } else { 60 };
            if !is_gap {
                let at = (minute + 1) * 60;
                let _ = writeln!(text, "{name}_total{{job=\"past\",instance=\"a\"}} {sum} {at}");
            }
        }
    }
    text + "# EOF\n"
}

struct Server {
    child: Child,
    folder: PathBuf,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there are free ports");
    listener.local_addr().expect("it is bound").to_string()
}

fn spawned(program: &str, arguments: &[String]) -> Child {
    let mut command = Program::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap_or_else(|it| panic!("`{program}` is on the PATH: {it}"))
}

fn folder_of(address: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("past-{}", address.replace(':', "-")));
    std::fs::create_dir_all(&folder).expect("there is room for a folder");
    folder
}

fn prometheus() -> Server {
    let address = address();
    let folder = folder_of(&address);
    let (file, data) = (folder.join("past.txt"), folder.join("data"));
    std::fs::write(&file, readings()).expect("there is room for a file");
    std::fs::write(folder.join("prometheus.yml"), "").expect("there is room for a file");
    let path = |it: &Path| it.display().to_string();
    let made = Program::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics", &path(&file), &path(&data)])
        .output()
        .expect("`promtool` is on the PATH: apt-get install prometheus");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let arguments = [
        format!("--config.file={}", path(&folder.join("prometheus.yml"))),
        format!("--storage.tsdb.path={}", path(&data)),
        "--storage.tsdb.retention.time=1000d".to_owned(),
        format!("--web.listen-address={address}"),
    ];
    let child = spawned("prometheus", &arguments);
    Server { child, folder, url: format!("http://{address}") }
}

fn victoria_metrics() -> Server {
    let address = address();
    let folder = folder_of(&address);
    let arguments = [
        format!("-storageDataPath={}", folder.join("data").display()),
        format!("-httpListenAddr={address}"),
        "-retentionPeriod=100y".to_owned(),
        // It would hide the newest readings otherwise, which here are those of a clock of ours.
        "-search.latencyOffset=1ms".to_owned(),
    ];
    let child = spawned("victoria-metrics", &arguments);
    Server { child, folder, url: format!("http://{address}") }
}

async fn answers(server: &Server, path: &str) {
    let client = egress::Client::new(egress::Policy::Operator);
    let (url, begun) = (format!("{}{path}", server.url), Instant::now());
    loop {
        let answer = client.get(&url, &[], 1 << 20, Duration::from_secs(2)).await;
        if answer.is_ok_and(|it| it.status == 200 && it.body.len() > 2) {
            return;
        }
        assert!(begun.elapsed() < WAIT_MAX, "{url} does not answer");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Goal: on first sight of an objective the whole past is there, newest first, over a crash in the
/// middle, equal to the minute, honest about the hour nobody measured, and nobody is called for the
/// outage of two days ago. Method: a world whose one objective is read from `server`; crash after 4 chunks.
async fn the_past_is_read(server: &Server) {
    let mut world = World::at(MONDAY).await;
    let source = model::Source {
        kind: model::SourceKind::Prometheus { url: server.url.clone(), token: None },
        interval: MINUTE,
    };
    world.catalogue.sources.insert("past".into(), source);
    let id = model::SloId::from("activation.past");
    let service =
        world.catalogue.services.get_mut(&"activation".into()).expect("of the story's world");
    let mut slo = service.slos.values().next().expect("of the story's world").clone();
    slo.source = "past".into();
    "bad_total{job=\"past\"}".clone_into(&mut slo.bad);
    "all_total{job=\"past\"}".clone_into(&mut slo.total);
    service.slos.insert("past".to_owned(), slo);
    world.catalogue.features.get_mut(&"light-on".into()).expect("of the story's world").needs =
        model::Need::Slo(id.clone());
    world.start().await;
    let left = |world: &World| {
        let board = world.node().shared().board.read().expect("nobody panicked with it");
        let history = board.histories()[&id].clone();
        assert_eq!(history.problem, None);
        history.minutes_left
    };
    for _ in 0..3 {
        world.settle().await;
    }
    let before = left(&world);
    assert_eq!(before, 28 * 1_440 - 4 * 360, "newest first, chunk by chunk");
    let counts = {
        let board = world.node().shared().board.read().expect("nobody panicked with it");
        let end = MONDAY.minute() - 660 - 1;
        board.rings(&id).expect("of the story's world").window(end, model::Millis::from_mins(120))
    };
    let shown = (counts.bad, counts.total, counts.known_minutes);
    assert_eq!(shown, (120, 7_200, 120), "known before all is read");
    // A crash: nothing but the journal and the samples is left.
    world.start().await;
    assert_eq!(left(&world), before - 360, "it goes on where it was");
    while left(&world) > 0 {
        world.settle().await;
    }
    let hours = {
        let board = world.node().shared().board.read().expect("nobody panicked with it");
        board.recent_hours(&id, MONDAY.minute() - 1, 28 * 24)
    };
    let mut failed = 0;
    for (first, found) in hours {
        let ago = |minute: i64| MONDAY.minute() - minute;
        let of_hour = || (first..first + i64::from(found.minutes)).map(ago);
        // The first reading is only a starting point; at the edges of a gap a part of a minute is enough.
        let measured = |it: &i64| *it <= DAYS * 1_440 && !(2_000..2_060).contains(it);
        let known =
            i64::try_from(of_hour().filter(measured).count()).expect("of the story's world");
        let off = (known - i64::from(found.known_minutes)).abs();
        assert!(off <= 1, "{known} of {found:?}, {} minutes ago", ago(first));
        let bad: i64 = of_hour().map(failures).sum();
        assert_eq!(
            found.bad,
            u64::try_from(bad).expect("of the story's world"),
            "{} minutes ago",
            ago(first)
        );
        failed += bad;
        if of_hour().all(|it| (60..1_900).contains(&it)) {
            assert_eq!(
                (found.total, found.known_minutes),
                (3_600, 60),
                "{} minutes ago",
                ago(first)
            );
        }
    }
    assert_eq!(failed, 60 * 60 + 300);
    world.fast_forward(minutes(30)).await;
    let fired = world.node().shared().handle.state().alerts.clone();
    let burns = |it: &engine::Alert| matches!(it.origin, engine::Origin::Burn(_));
    assert!(!fired.values().any(burns), "nobody is called for the past: {fired:?}");
    let key = world.api_token("juma").await;
    let (_, told) = world.http("GET", "/api/v1/features/light-on", Some(&key), "").await;
    assert!(told.contains("\"minutes_left\":0"), "{told}");
}

#[tokio::test]
async fn the_past_is_read_from_prometheus() {
    let server = prometheus();
    answers(&server, "/-/ready").await;
    the_past_is_read(&server).await;
}

#[tokio::test]
async fn the_past_is_read_from_victoria_metrics() {
    let server = victoria_metrics();
    answers(&server, "/metrics").await;
    // Readings are sent in milliseconds here.
    let lines: String = readings()
        .lines()
        .filter(|it| !it.starts_with('#'))
        .fold(String::new(), |all, it| all + it + "000\n");
    let file = server.folder.join("past.txt");
    std::fs::write(&file, lines).expect("there is room for a file");
    let sent = Program::new("curl")
        .args(["-sf", "--data-binary"])
        .arg(format!("@{}", file.display()))
        .arg(format!("{}/api/v1/import/prometheus", server.url))
        .status()
        .expect("`curl` is on the PATH");
    assert!(sent.success());
    let flush = format!("{}/internal/force_flush", server.url);
    assert!(
        Program::new("curl")
            .args(["-sf", &flush])
            .status()
            .expect("of the story's world")
            .success()
    );
    the_past_is_read(&server).await;
}
