//! Native histograms from a real Prometheus, whose target writes protobuf by hand: no text format has them.

use super::*;
use axum::http::header::CONTENT_TYPE;

const PROTOBUF: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

fn varint(mut value: u64, into: &mut Vec<u8>) {
    while value >= 0x80 {
        into.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    into.push(u8::try_from(value).unwrap());
}

/// `sint`: small numbers of both signs are short.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn number(field: u64, value: u64, into: &mut Vec<u8>) {
    varint(field << 3, into);
    varint(value, into);
}

fn bytes(field: u64, value: &[u8], into: &mut Vec<u8>) {
    varint(field << 3 | 2, into);
    varint(value.len() as u64, into);
    into.extend(value);
}

fn double(field: u64, value: f64, into: &mut Vec<u8>) {
    varint(field << 3 | 1, into);
    into.extend(value.to_le_bytes());
}

/// The `count`-th exposition of `d`: three events a scrape up to 0.125, two between 0.5 and 1, in buckets that end
/// at the powers of two (schema 0). Field numbers as in Prometheus' `io.prometheus.client`.
fn exposition(count: u64) -> Vec<u8> {
    let signed = i64::try_from(count).unwrap();
    let mut histogram = vec![];
    number(1, 5 * count, &mut histogram);
    double(2, 1.5, &mut histogram);
    number(5, zigzag(0), &mut histogram);
    double(6, 0.001, &mut histogram);
    // The bucket that ends at 2⁻³, then two empty ones, then the one that ends at 1.
    for offset in [-3, 2] {
        let mut span = vec![];
        number(1, zigzag(offset), &mut span);
        number(2, 1, &mut span);
        bytes(12, &span, &mut histogram);
    }
    for delta in [3 * signed, -signed] {
        number(13, zigzag(delta), &mut histogram);
    }
    let (mut metric, mut label, mut family) = (vec![], vec![], vec![]);
    bytes(1, b"route", &mut label);
    bytes(2, b"pay", &mut label);
    bytes(1, &label, &mut metric);
    bytes(7, &histogram, &mut metric);
    bytes(1, b"d", &mut family);
    number(3, 4, &mut family);
    bytes(4, &metric, &mut family);
    let mut written = vec![];
    varint(family.len() as u64, &mut written);
    written.extend(family);
    written
}

async fn shop() -> String {
    let scrapes = Arc::new(AtomicU64::new(0));
    let page = move || {
        let count = scrapes.fetch_add(1, Ordering::SeqCst) + 1;
        async move { ([(CONTENT_TYPE, PROTOBUF)], exposition(count)) }
    };
    let router = Router::new().route("/metrics", get(page));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address.to_string()
}

/// Goal: events under a bound are counted exactly, a bound inside a bucket is nobody's count but names its
/// neighbours. Method: a real Prometheus, asked for both at once, now and as history.
#[tokio::test]
async fn events_under_a_bound_of_a_native_histogram() {
    let prometheus = Prometheus::started(&shop().await).await;
    let kind = SourceKind::Prometheus { url: prometheus.url.clone(), token: None };
    let source = Source { kind, interval: Millis::from_secs(1) };
    let mut reader = Reader::new("main".into(), &source, None, client());
    let of = |under: &str| format!("d{{job=\"shop\",__under__=\"{under}\"}}");
    let (fast, inside, all, bounds) = (of("0.125"), of("0.75"), of("+Inf"), of("bounds"));
    let selectors = set(&[&fast, &inside, &all, &bounds]);
    let deadline = Instant::now() + WAIT_MAX;
    let readings = loop {
        assert!(Instant::now() < deadline, "no samples: {:?}", reader.problems());
        match reader.read(&selectors, now()).await {
            Ok(it) if it.get(&all).is_some_and(|it| it.iter().any(|it| it.samples.len() >= 3)) => {
                break it;
            }
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    };
    assert_eq!(reader.problems(), []);
    let history =
        reader.history(&selectors, now().minus(Millis::from_mins(1)), now()).await.unwrap();
    for found in [&readings, &history] {
        assert_eq!(found[&inside], []);
        let ends: Vec<&str> = found[&bounds].iter().map(|it| it.labels["le"].as_str()).collect();
        assert_eq!(ends, ["0.0625", "0.125", "0.5", "1"]);
        let (fast, all) = (&found[&fast][0], &found[&all][0]);
        assert_eq!(all.labels.get("route").map(String::as_str), Some("pay"));
        assert_eq!(fast.samples.len(), all.samples.len());
        for (some, every) in fast.samples.iter().zip(&all.samples) {
            assert_eq!((some.0, (some.1 * 5.0).to_bits()), (every.0, (every.1 * 3.0).to_bits()));
        }
    }
}
