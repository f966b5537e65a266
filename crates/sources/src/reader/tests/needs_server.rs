//! A reader against a real Prometheus that scrapes a counter every second. Without a `prometheus`
//! on the PATH these tests fail.

mod natives;

use super::*;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// How long a state may take to come.
const WAIT_MAX: Duration = Duration::from_mins(1);

struct Prometheus {
    child: Child,
    folder: PathBuf,
    url: String,
}

impl Prometheus {
    /// Starts one that scrapes `target` as job `shop`.
    async fn started(target: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let folder = std::env::temp_dir().join(format!("sources-{}", address.port()));
        fs::create_dir_all(&folder).unwrap();
        let config = format!(
            "global: {{ scrape_interval: 1s }}\nscrape_configs:\n  - job_name: shop\n    static_configs: [{{ targets: ['{target}'] }}]\n"
        );
        fs::write(folder.join("prometheus.yml"), config).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--enable-feature=native-histograms")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`prometheus` is on the PATH: apt-get install prometheus");
        Self { child, folder, url: format!("http://{address}") }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Serves a counter that grows by one with every scrape, two of three scrapes with an error.
async fn shop() -> String {
    let scrapes = Arc::new(AtomicU64::new(0));
    let page = move || {
        let count = scrapes.fetch_add(1, Ordering::SeqCst) + 1;
        async move {
            format!("r_total{{code=\"200\"}} {count}\nr_total{{code=\"503\"}} {}\n", count * 2)
        }
    };
    let router = Router::new().route("/metrics", get(page));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address.to_string()
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_millis()).unwrap())
}

#[tokio::test]
async fn raw_samples_come_with_their_times_and_refusals_with_their_words() {
    let prometheus = Prometheus::started(&shop().await).await;
    let kind = SourceKind::Prometheus { url: prometheus.url.clone(), token: None };
    let source = Source { kind, interval: Millis::from_secs(1) };
    let mut reader = Reader::new("main".into(), &source, None, client());
    let (total, bad) = ("r_total{job=\"shop\"}", "r_total{job=\"shop\",code=~\"5..\"}");
    let selectors = set(&[total, bad, "absent_total", "r_total{code=~\"(\"}"]);
    let deadline = Instant::now() + WAIT_MAX;
    let readings = loop {
        assert!(Instant::now() < deadline, "no samples: {:?}", reader.problems());
        match reader.read(&selectors, now()).await {
            Ok(it) if it.get(bad).is_some_and(|it| it.iter().any(|it| it.samples.len() >= 3)) => {
                break it;
            }
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    };
    assert_eq!(readings["absent_total"], []);
    assert_eq!((readings[total].len(), readings[bad].len()), (2, 1));
    let (code, series) = ("503".to_owned(), &readings[bad][0]);
    assert_eq!(series.labels.get("code"), Some(&code));
    assert_eq!(series.labels.get("__name__"), Some(&"r_total".to_owned()));
    for pair in series.samples.windows(2) {
        let (apart, more) = (pair[1].0.since(pair[0].0), pair[1].1 - pair[0].1);
        assert!(apart.0 > 0 && more.to_bits() == 2_f64.to_bits(), "{:?}", series.samples);
    }
    let [ReadError::Refused { kind, message, .. }] = reader.problems() else {
        panic!("{:?}", reader.problems());
    };
    assert_eq!(kind, "bad_data");
    assert!(message.contains("missing closing )"), "{message}");
}
