//! What must hold of any bytes at all: the bodies of the fuzz targets, and of the seeded test that runs
//! them over damaged samples on every push (`crates/testkit/tests/fuzzed.rs`).
//!
//! Intuition: whoever stands outside may send anything. No byte from outside panics, and what is read
//! obeys a law that needs no second implementation: it is counted whole, it reads the same when it is
//! written and read again, it stays within its medium.
//!
//! The first line of an input chooses nothing; where a door wants a content type or a query, it is the
//! text up to the first line break.

use model::{Labels, Timestamp};

/// A moment for parsers that want one.
const NOW: Timestamp = Timestamp(1_795_428_000_000);

/// Panics when something does not hold.
type Target = fn(&[u8]);

/// Every target by name.
pub(crate) const ALL: [(&str, Target); 11] = [
    ("doors", doors),
    ("letters", letters),
    ("matchers", matchers),
    ("mapping", mapping),
    ("texts", texts),
    ("media", media),
    ("replies", replies),
    ("records", records),
    ("objectives", objectives),
    ("measurements", measurements),
    ("configuration", configuration),
];

/// Every door reads or refuses; a refusal says something.
pub(crate) fn doors(data: &[u8]) {
    let whole: Result<Vec<serde::de::IgnoredAny>, _> = serde_json::from_slice(data);
    if let Ok(read) = ingest::alertmanager_v2::parse(data, NOW) {
        let sent = whole.expect("a list was read").len();
        assert_eq!(read.alerts.len() + read.errors.len(), sent, "an alert was dropped in silence");
        for alert in &read.alerts {
            let again = alerting::fingerprint(&alert.labels);
            assert_eq!(alert.fingerprint, again, "the same labels, another alert");
        }
    }
    let _ = ingest::webhook_v4::parse(data, NOW);
    let _ = ingest::grafana::parse(data, NOW);
    let _ = ingest::opsgenie::create(data);
    let _ = ingest::opsgenie::act_body(data);
    if let Ok(read) = ingest::silence::parse(data) {
        let written: Vec<String> = read.matchers.iter().map(ToString::to_string).collect();
        let written = format!("{{{}}}", written.join(","));
        let again = alerting::Matcher::parse_list(&written).map(|it| it.len());
        assert_eq!(again, Ok(read.matchers.len()), "{written} hides something else");
    }
    let (head, body) = parted(data);
    let said = [
        ingest::pagerduty::parse_v2(data).err(),
        ingest::pagerduty::parse_v1(data).err(),
        ingest::pagerduty::parse_change(data).err(),
        ingest::victorops::parse(body, &head).err(),
        ingest::kuma::parse(&head, body).err(),
        ingest::oncall::parse(&head, body).err(),
        ingest::goalert::parse(&head, "application/json", body).err(),
        ingest::goalert::parse(&head, "application/x-www-form-urlencoded", body).err(),
    ];
    assert!(said.iter().flatten().all(|it| !it.is_empty()), "a refusal without a word");
    beside(data, &head);
}

/// What another pager reports of its own calls reads or is refused with a word.
fn beside(data: &[u8], head: &str) {
    let who = [head.to_owned()];
    let said = [
        ingest::beside::pagerduty(data).err(),
        ingest::beside::opsgenie(data, &who).err(),
        ingest::beside::goalert(data, &who).err(),
        ingest::beside::oncall(data).err(),
        ingest::beside::plain(data).err(),
        ingest::beside::csv(&text(data), "other").err(),
    ];
    assert!(said.iter().flatten().all(|it| !it.is_empty()), "a refusal without a word");
}

/// A posted letter is read or refused with a word, whoever posts it: the content type before the first line
/// break. What is read names nobody in two lines.
pub(crate) fn letters(data: &[u8]) {
    let (kind, body) = parted(data);
    for name in ["raw", "mailgun", "postmark", "sendgrid"] {
        let provider = ingest::inbound::Provider::named(name).expect("it is known");
        match provider.read(&kind, body) {
            Ok(letter) => {
                let lists = letter.to.iter().chain(&letter.answers);
                let said = lists.chain([&letter.from]);
                assert!(said.clone().all(|it| !it.contains('\n')), "{name}: {letter:?}");
                let _ = replies::parse(&letter.text);
            }
            Err(told) => assert!(!told.is_empty(), "{name}: a refusal without a word"),
        }
    }
}

/// A list of matchers reads the same when it is written and read again.
pub(crate) fn matchers(data: &[u8]) {
    let (head, rest) = parted(data);
    let Ok(read) = alerting::Matcher::parse_list(&head) else { return };
    let labels: Labels =
        [("alertname", text(rest)), ("job", head)].map(|(name, it)| (name.to_owned(), it)).into();
    let written: Vec<String> = read.iter().map(ToString::to_string).collect();
    let written = format!("{{{}}}", written.join(","));
    let again = alerting::Matcher::parse_list(&written);
    let again = again.unwrap_or_else(|it| panic!("{written} is not read again: {it}"));
    let parts = |it: &alerting::Matcher| (it.name().to_owned(), it.op(), it.value().to_owned());
    assert!(read.iter().map(parts).eq(again.iter().map(parts)), "{written} reads otherwise");
    let all = read.iter().all(|it| it.matches(&labels));
    assert_eq!(alerting::matches_all(&again, &labels), all, "{written} matches otherwise");
}

/// The mapping language: the query before the first line break, the body after it.
pub(crate) fn mapping(data: &[u8]) {
    let (query, body) = parted(data);
    match ingest::mapped::parse(&query, body) {
        Ok(_) => assert!(serde_json::from_slice::<serde_json::Value>(body).is_ok()),
        Err(told) => assert!(!told.is_empty(), "a refusal without a word"),
    }
}

/// Texts stay on one line and within their length, whatever they hold.
pub(crate) fn texts(data: &[u8]) {
    let text = text(data);
    let line = channels::one_line(&text);
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert_eq!(channels::one_line(&line), line, "a clean line is not clean");
    for length_max in [3, 20, 160] {
        let short = channels::short(&text, length_max);
        assert!(short.chars().count() <= length_max, "{short:?} is longer than {length_max}");
        assert!(!short.chars().any(char::is_control), "{short:?}");
    }
}

/// What stands for a text in each medium holds nothing that the medium takes for its own.
pub(crate) fn media(data: &[u8]) {
    use channels::{escape, gsm};
    let text = text(data);
    let printable = escape::printable(&text);
    assert_eq!(escape::printable(&printable), printable, "what can be printed is not");
    for (name, safe, marks) in [
        ("html", escape::html(&text), "<>\"'"),
        ("xml", escape::xml(&text), "<>\"'"),
        ("slack", escape::slack(&text), "<>"),
    ] {
        assert!(!safe.contains(|it| marks.contains(it)), "{name}: {safe:?}");
        let bare =
            safe.split('&').skip(1).any(|it| !it.split(' ').next().unwrap_or("").contains(';'));
        assert!(!bare, "{name}: {safe:?}");
    }
    let markdown = escape::markdown(&text);
    assert!(!markdown.contains("@everyone"), "{markdown:?}");
    assert!(!escape::spoken(&text).contains("://"), "a link is read aloud");
    for chars_max in [10, 100] {
        let within = escape::safe_within(&text, chars_max, escape::html);
        assert!(within.chars().count() <= chars_max, "{within:?} is longer than {chars_max}");
    }
    let plain = gsm::plain(&text);
    assert!(gsm::cost(&plain).segments <= gsm::cost(&text).segments, "plainer and dearer");
    let tail = " https://lamp.example/a/12";
    let fitted = gsm::fitted(&plain, tail, 2);
    assert!(fitted.ends_with(tail), "the link was cut: {fitted:?}");
    assert!(gsm::cost(&fitted).segments <= 2, "{fitted:?}");
}

/// Whatever somebody answers is understood or unclear, and what we answer is one text message.
pub(crate) fn replies(data: &[u8]) {
    let text = text(data);
    let said = replies::parse(&text);
    assert_eq!(replies::parse(&text), said, "the same words, another meaning");
    let answer = replies::one_segment(&text);
    let length = replies::septets(&answer);
    assert!(length.is_some_and(|it| it <= 160), "{answer:?} takes {length:?} septets");
    assert_eq!(replies::one_segment(&answer), answer.trim(), "one message is not one");
}

/// A stored record is read or named; what is read is written and read alike.
pub(crate) fn records(data: &[u8]) {
    let (kind, body) = parted(data);
    let (keys, random) = (&mut Keys, &mut Zeros);
    let Ok(record) = wire::decode_parts(7, NOW, &kind, &text(body), &[], keys) else { return };
    let stored = wire::encode(&record, keys, random).expect("the key is at hand");
    let again = wire::decode(7, &stored, keys).expect("what was written is read");
    assert_eq!(again, record);
}

/// Up to the first line break, and what follows.
fn parted(data: &[u8]) -> (String, &[u8]) {
    let at = data.iter().position(|it| *it == b'\n');
    let (head, rest) = at.map_or((data, &data[data.len()..]), |at| (&data[..at], &data[at + 1..]));
    (text(head), rest)
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

struct Keys;

impl wire::Keyring for Keys {
    fn key_for(&mut self, _: &str) -> Result<Option<Vec<u8>>, wire::SealError> {
        Ok(Some(vec![7; wire::KEY_LENGTH]))
    }
}

struct Zeros;

impl wire::Random for Zeros {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// Objectives of other systems: whatever can be read is written as configuration that `check` accepts, as
/// rules that are YAML, and as OpenSLO that is read again.
pub(crate) fn objectives(data: &[u8]) {
    let text = text(data);
    let _ = formats::read_windows("a.yml", &text);
    let found = formats::read(&[("a.yml", &text)]);
    assert!(found.losses.iter().all(|it| !it.why.is_empty()), "a loss without a reason");
    let options = formats::ImportOptions {
        org: "imported".to_owned(),
        prometheus: "http://127.0.0.1:9090".to_owned(),
        interval: model::Millis::from_mins(1),
        period: model::Millis::from_days(30),
    };
    if let (Some(written), _) = formats::import(&found.specs, &options) {
        let documents = formats::yaml::parse(&written).map(|it| it.len());
        assert!(documents.is_ok_and(|it| it == 1), "{written} is no YAML");
    }
    let (documents, _) = formats::rules(&found.specs, &formats::RuleOptions::default());
    let written = formats::rules_yaml(&documents);
    assert!(formats::yaml::parse(&written).is_ok(), "{written} is no YAML");
    let (objects, _) = formats::openslo::write(&found.specs, options.period);
    let written = formats::openslo::encode_yaml(&objects);
    let (again, losses) = formats::openslo::decode("b.yml", &written);
    assert_eq!((again.len(), losses.len()), (objects.len(), 0), "{written}");
}

/// What sources answer: pages of metrics, answers of Prometheus with and without native histograms, and the
/// selectors and queries they are asked with.
pub(crate) fn measurements(data: &[u8]) {
    let text = text(data);
    if let Ok(samples) = sources::exposition::parse(&text) {
        assert!(
            samples.iter().all(|it| it.labels.contains_key("__name__")),
            "a reading of nothing"
        );
    }
    let _ = sources::read_answer(200, data);
    if let Ok(selector) = slo::selector::Selector::parse(&text) {
        let written = selector.to_string();
        let again = slo::selector::Selector::parse(&written);
        assert_eq!(again.as_ref(), Ok(&selector), "{written} chooses something else");
        let _ = sources::Matching::new(&selector);
    }
    if slo::query::problem(&text).is_none() {
        let marked = slo::query::marked(&text, model::Millis::from_mins(1));
        assert!(slo::query::question(&marked).is_some(), "{marked} is no question");
    }
}

/// Our own configuration, recurrences of exclusions and rotas in it included: it is accepted, or every
/// problem says what to do, and it can be shown.
pub(crate) fn configuration(data: &[u8]) {
    let loaded = catalog::load_str(&[("a.yaml", &text(data))]);
    let shown = catalog::render(&loaded, false);
    let has_errors = loaded.diagnostics.iter().any(|it| it.severity == catalog::Severity::Error);
    assert_eq!(loaded.catalogue.is_none(), has_errors, "{shown}");
    let _ = catalog::to_json(&loaded);
}
