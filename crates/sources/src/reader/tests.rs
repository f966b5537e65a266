//! A reader against fakes of Prometheus' HTTP API and of `/metrics`, over loopback HTTP.

#[cfg(feature = "servers")]
mod needs_server;

use super::*;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use std::sync::Mutex;

/// What a fake was asked, and what it answers.
#[derive(Clone, Default)]
struct Fake {
    asked: Arc<Mutex<Vec<String>>>,
    pages: Arc<Mutex<BTreeMap<String, (u16, String)>>>,
}

impl Fake {
    fn answers(&self, question: &str, status: u16, body: &str) {
        self.pages.lock().unwrap().insert(question.to_owned(), (status, body.to_owned()));
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn reply(&self, question: &str, noted: String) -> (StatusCode, String) {
        self.asked.lock().unwrap().push(noted);
        let pages = self.pages.lock().unwrap();
        let (status, body) = pages.get(question).cloned().unwrap_or((404, "what?".to_owned()));
        (StatusCode::from_u16(status).unwrap(), body)
    }

    /// Serves at a free port and returns the address.
    async fn served(&self) -> String {
        async fn query(
            State(fake): State<Fake>,
            Query(asked): Query<BTreeMap<String, String>>,
            headers: HeaderMap,
        ) -> (StatusCode, String) {
            let token = headers.get("authorization").map(|it| it.to_str().unwrap());
            let noted = format!("{} at {} {}", asked["query"], asked["time"], token.unwrap_or("-"));
            fake.reply(asked["query"].split_once('[').unwrap().0, noted)
        }
        async fn range(
            State(fake): State<Fake>,
            Query(asked): Query<BTreeMap<String, String>>,
        ) -> (StatusCode, String) {
            let [query, start, end, step] = ["query", "start", "end", "step"].map(|it| &asked[it]);
            fake.reply(query, format!("{query} from {start} to {end} by {step}"))
        }
        async fn metrics(State(fake): State<Fake>, headers: HeaderMap) -> (StatusCode, String) {
            let accept = headers["accept"].to_str().unwrap().to_owned();
            fake.reply("metrics", accept)
        }
        let router = Router::new()
            .route("/api/v1/query", get(query))
            .route("/api/v1/query_range", get(range))
            .route("/metrics", get(metrics))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }
}

fn client() -> Arc<egress::Client> {
    Arc::new(egress::Client::new(egress::Policy::Operator))
}

fn prometheus(url: &str, token: Option<&str>) -> Reader {
    let kind = SourceKind::Prometheus { url: url.to_owned(), token: None };
    let source = Source { kind, interval: Millis::from_secs(15) };
    Reader::new("main".into(), &source, token.map(str::to_owned), client())
}

fn scraping(targets: &[(&str, &str)]) -> Reader {
    let targets = targets.iter().map(|(job, url)| ((*job).to_owned(), (*url).to_owned())).collect();
    let source = Source { kind: SourceKind::Scrape { targets }, interval: Millis::from_secs(15) };
    Reader::new("own".into(), &source, None, client())
}

fn set(selectors: &[&str]) -> BTreeSet<String> {
    selectors.iter().map(|&it| it.to_owned()).collect()
}

/// An address at which nobody listens.
async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Every selector with its series as `labels without name: readings`.
fn shown(readings: &BTreeMap<String, Vec<Series>>) -> Vec<String> {
    let series = |it: &Series| {
        let labels = it.labels.iter().filter(|(key, _)| *key != "__name__" && *key != "instance");
        let labels: Vec<String> = labels.map(|(key, value)| format!("{key}={value}")).collect();
        let readings: Vec<String> =
            it.samples.iter().map(|(at, value)| format!("{}:{value}", at.0)).collect();
        format!("[{} {}]", labels.join(","), readings.join(" "))
    };
    readings
        .iter()
        .map(|(selector, found)| {
            let found: Vec<String> = found.iter().map(series).collect();
            format!("{selector} → {}", found.join(""))
        })
        .collect()
}

const MATRIX: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[
    {"metric":{"__name__":"x","code":"200"},"values":[[585,"10"],[600,"20"]]},
    {"metric":{"__name__":"x","code":"503"},"values":[[600,"1"]]}]}}"#;
const EMPTY: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;

#[tokio::test]
async fn one_query_answers_bad_and_total_of_every_objective() {
    let fake = Fake::default();
    fake.answers("x", 200, MATRIX);
    fake.answers("y", 200, EMPTY);
    let mut reader = prometheus(&fake.served().await, Some("secret"));
    let selectors = set(&["x", "x{code=~\"5..\"}", "y"]);
    let readings = reader.read(&selectors, Timestamp(600_250)).await.unwrap();
    assert_eq!(
        shown(&readings),
        [
            "x → [code=200 585000:10 600000:20][code=503 600000:1]",
            "x{code=~\"5..\"} → [code=503 600000:1]",
            "y → ",
        ],
    );
    let mut asked = fake.asked();
    asked.sort();
    let first = ["x[930s] at 600.250 Bearer secret", "y[930s] at 600.250 Bearer secret"];
    assert_eq!(asked, first);
    reader.read(&set(&["y"]), Timestamp(615_250)).await.unwrap();
    assert_eq!(fake.asked(), ["y[60s] at 615.250 Bearer secret"]);
}

#[tokio::test]
async fn one_selector_that_fails_does_not_hide_the_others() {
    let fake = Fake::default();
    let refusal = r#"{"status":"error","errorType":"execution","error":"too many samples"}"#;
    fake.answers("x", 422, refusal);
    fake.answers("y", 200, EMPTY);
    let url = fake.served().await;
    let mut reader = prometheus(&url, None);
    let selectors = set(&["rate(x[5m])", "x", "y"]);
    let readings = reader.read(&selectors, Timestamp(600_000)).await.unwrap();
    assert_eq!(shown(&readings), ["y → "]);
    let problems: Vec<String> = reader.problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("`rate(x[5m])` is no selector: `rate` is a function"));
    let expected = format!("{url} could not answer for `x`: execution: too many samples");
    assert_eq!(problems[1], expected);
    let error = reader.read(&set(&["x"]), Timestamp(600_000)).await.unwrap_err();
    assert_eq!(error.to_string(), expected);
}

/// Goal: what is too much at once is asked in halves, from then on; whoever is too large alone is named, and
/// the others are read, also of the past.
#[tokio::test]
async fn what_is_too_much_at_once_is_halved() {
    let fake = Fake::default();
    let refusal = r#"{"status":"error","errorType":"execution","error":"too many samples"}"#;
    let one = |a: &str| {
        let labels = format!(r#"{{"__name__":"x","a":"{a}"}}"#);
        format!(r#"{{"metric":{labels},"values":[[600,"1"]]}}"#)
    };
    let answer = |all: &[&str]| {
        let all: Vec<String> = all.iter().map(|it| one(it)).collect();
        let all = all.join(",");
        format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{all}]}}}}"#)
    };
    fake.answers("x{a=~\"1|2|3|4\"}", 422, refusal);
    fake.answers("x{a=~\"1|2\"}", 200, &answer(&["1", "2"]));
    fake.answers("x{a=~\"3|4\"}", 413, "");
    fake.answers("x{a=\"3\"}", 200, &answer(&["3"]));
    fake.answers("x{a=\"4\"}", 422, refusal);
    let url = fake.served().await;
    let mut reader = prometheus(&url, None);
    let selectors = set(&["x{a=\"1\"}", "x{a=\"2\"}", "x{a=\"3\"}", "x{a=\"4\"}"]);
    let expected = ["1", "2", "3"].map(|it| format!("x{{a=\"{it}\"}} → [a={it} 600000:1]"));
    let readings = reader.read(&selectors, Timestamp(600_000)).await.unwrap();
    assert_eq!(shown(&readings), expected);
    assert_eq!(fake.asked().len(), 5);
    let told = format!("{url} could not answer for `x{{a=\"4\"}}`: execution: too many samples");
    assert_eq!(reader.problems()[0].to_string(), told);
    let readings = reader.read(&selectors, Timestamp(615_000)).await.unwrap();
    assert_eq!(shown(&readings), expected);
    let mut asked = fake.asked();
    asked.sort();
    let (again, first) = ("[60s] at 615.000 -", "[930s] at 615.000 -");
    let all = [("x{a=\"3\"}", again), ("x{a=\"4\"}", first), ("x{a=~\"1|2\"}", again)];
    assert_eq!(asked, all.map(|(query, range)| format!("{query}{range}")));

    let past = |to: i64| reader.history(&selectors, Timestamp(0), Timestamp(to));
    assert_eq!(past(600_000).await.unwrap_err().to_string(), told);
    fake.answers("x{a=\"4\"}", 200, &answer(&["4"]));
    assert_eq!(past(600_000).await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_server_that_is_away_or_no_prometheus_is_named() {
    let url = nobody().await;
    let error = prometheus(&url, None).read(&set(&["x"]), Timestamp(0)).await.unwrap_err();
    let ReadError::Unreachable { url: named, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*named, url);

    let fake = Fake::default();
    let url = fake.served().await;
    let error = prometheus(&url, None).read(&set(&["x"]), Timestamp(0)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("{url} answered with status 404; check the address"));
    fake.answers("x", 403, "no");
    let error = prometheus(&url, None).read(&set(&["x"]), Timestamp(0)).await.unwrap_err();
    let expected = format!("{url} refused us with status 403; check the source's `token`");
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn targets_are_scraped_and_chosen_from() {
    let (one, two) = (Fake::default(), Fake::default());
    one.answers("metrics", 200, "x{code=\"200\"} 5\nx{code=\"500\"} 1\n");
    two.answers("metrics", 200, "x{code=\"200\"} 7\ny 9\n");
    let (first, second) = (one.served().await, two.served().await);
    let (first, second) = (format!("{first}/metrics"), format!("{second}/metrics"));
    let mut reader = scraping(&[("a", &first), ("b", &second)]);
    let selectors = set(&["x", "x{job=\"a\",code=~\"5..\"}", "z"]);
    let readings = reader.read(&selectors, Timestamp(42)).await.unwrap();
    assert_eq!(
        shown(&readings),
        [
            "x → [code=200,job=a 42:5][code=500,job=a 42:1][code=200,job=b 42:7]",
            "x{job=\"a\",code=~\"5..\"} → [code=500,job=a 42:1]",
            "z → ",
        ],
    );
    assert_eq!(reader.problems(), []);
    assert_eq!(one.asked(), [scrape::ACCEPT]);
    assert!(readings["x"][0].labels["instance"].starts_with("127.0.0.1:"));

    two.answers("metrics", 500, "");
    let readings = reader.read(&set(&["x"]), Timestamp(43)).await.unwrap();
    assert_eq!(shown(&readings), ["x → [code=200,job=a 43:5][code=500,job=a 43:1]"]);
    assert_eq!(reader.problems(), [ReadError::Status { url: second, status: 500 }]);

    one.answers("metrics", 200, "<html>");
    let error = reader.read(&set(&["x"]), Timestamp(44)).await.unwrap_err();
    let hint = "it must answer in Prometheus' text format";
    let detail = "line 1: expected a metric name";
    assert_eq!(error.to_string(), format!("{first} does not serve metrics: {detail}; {hint}"));
}

#[tokio::test]
async fn a_source_without_targets_says_so() {
    let error = scraping(&[]).read(&set(&["x"]), Timestamp(0)).await.unwrap_err();
    let expected = "the source `own` has no targets; add one under `targets`";
    assert_eq!(error.to_string(), expected);
}

/// Goal: from a page of metrics to slices, on a clock that is only an argument.
#[tokio::test]
async fn scraped_counters_become_slices() {
    let fake = Fake::default();
    let url = format!("{}/metrics", fake.served().await);
    let mut reader = scraping(&[("a", &url)]);
    let catalogue = catalogue("x{code=~\"5..\"}", "x");
    let mut meter = slo::Meter::new(&catalogue);
    let mut measured = Vec::new();
    for second in (0..=210).step_by(15) {
        let now = Timestamp(second * 1_000);
        let bad = if second >= 75 {
            format!("x{{code=\"503\"}} {}\n", second - 60)
        } else {
            String::new()
        };
        fake.answers("metrics", 200, &format!("x{{code=\"200\"}} {}\n{bad}", second * 2));
        let readings = reader.read(&meter.selectors(reader.id()), now).await.unwrap();
        for (selector, series) in readings {
            meter.ingest(reader.id(), &selector, series, now).unwrap();
        }
        measured.extend(meter.drain(now).into_iter().map(|(_, minute, slice)| (minute, slice)));
    }
    let expected = [(0, (0, 120)), (1, (60, 180)), (2, (60, 180))];
    let expected = expected.map(|(minute, (bad, total))| (minute, slo::Slice::known(bad, total)));
    assert_eq!(measured, expected);
}

fn catalogue(bad: &str, total: &str) -> model::Catalogue {
    let slo = model::Slo {
        objective: model::Objective::parse("99%").unwrap(),
        window: Millis::from_days(28),
        bad: bad.to_owned(),
        total: total.to_owned(),
        source: "own".into(),
        sli: model::Sli::Bad,
        method: model::Method::Occurrences,
        calendar: None,
        loses: None,
        alerts: None,
    };
    let slos = [("up".to_owned(), slo)].into();
    let service = model::Service { kind: model::ServiceKind::Supplier, slos, urgency: None };
    let kind = SourceKind::Scrape { targets: BTreeMap::new() };
    let source = Source { kind, interval: Millis::from_secs(15) };
    model::Catalogue {
        org: "solar".into(),
        public_url: None,
        people: BTreeMap::new(),
        teams: BTreeMap::new(),
        services: [("api".into(), service)].into(),
        features: BTreeMap::new(),
        rotas: BTreeMap::new(),
        escalations: BTreeMap::new(),
        channels: BTreeMap::new(),
        channel_priorities: BTreeMap::new(),
        channel_receipts: BTreeMap::new(),
        back: model::Back::default(),
        sources: [("own".into(), source)].into(),
        watched: model::Watched::default(),
        pager: model::Pager::default(),
        pay: None,
    }
}

/// Goal: what is any PromQL is asked by `query_range` at whole minutes, once a minute, beside selectors
/// that are read as ever; the past is asked the same way. Method: a fake that notes what it is asked.
#[tokio::test]
async fn questions_are_asked_once_a_minute() {
    let fake = Fake::default();
    fake.answers("x", 200, EMPTY);
    let answer = r#"{"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{},"values":[[540,"0.5"],[600,"NaN"]]}]}}"#;
    fake.answers("sum(rate(x[1m]))", 200, answer);
    let mut reader = prometheus(&fake.served().await, None);
    let key = slo::query::marked("sum(rate(x[{{.window}}]))", Millis::from_secs(15));
    let selectors = set(&["x", &key]);
    let mut asked = vec![];
    for second in [618, 633, 678] {
        let readings = reader.read(&selectors, Timestamp(second * 1_000)).await.unwrap();
        assert_eq!(readings.contains_key(&key), second != 633);
        if second == 618 {
            let shown = shown(&readings);
            assert_eq!(shown[0], "= sum(rate(x[1m])) → [ 540000:0.5 600000:NaN]");
        }
        asked.extend(fake.asked().into_iter().filter(|it| it.starts_with("sum")));
    }
    let past = reader.history(&selectors, Timestamp(61_000), Timestamp(600_000)).await.unwrap();
    assert_eq!(past[&key].len(), 1);
    asked.extend(fake.asked().into_iter().filter(|it| it.starts_with("sum")));
    assert_eq!(
        asked,
        [
            "sum(rate(x[1m])) from -300 to 600 by 60",
            "sum(rate(x[1m])) from 300 to 660 by 60",
            "sum(rate(x[1m])) from 120 to 600 by 60",
        ],
    );
    let refusal = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
    fake.answers("sum(rate(x[1m]))", 400, refusal);
    let readings = reader.read(&selectors, Timestamp(738_000)).await.unwrap();
    assert_eq!(readings.keys().collect::<Vec<_>>(), ["x"]);
    assert!(reader.problems()[0].to_string().contains("bad_data: parse error"));
}
