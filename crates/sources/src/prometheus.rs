//! Reading raw samples from a Prometheus-compatible HTTP API.
//!
//! Intuition: the instant query `selector[4m]` returns the stored readings themselves, unrounded
//! and with their times, at the cost of a few readings per series. `increase()` would extrapolate
//! and could not be put right when readings come late.
//!
//! The range is a few scrapes wide, and reaches back to the last successful read when that was
//! longer ago, so that a server that was away for a few minutes costs nothing.
//!
//! A selector that chooses a part of another one (`x{job="a",code=~"5.."}` of `x{job="a"}`) is not
//! asked for: its series are picked out of the other's answer. That saves half of the queries, and
//! bad and total come from the same moment.

use crate::ReadError;
use crate::matching::Matching;
use crate::native::{self, Histogram, Native, Wanted, Written};
use model::{Labels, Millis, Timestamp};
use serde::Deserialize;
use slo::Series;
use slo::selector::{Matcher, Selector};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How far back the first read reaches.
pub const FIRST_RANGE: Millis = Millis::from_mins(15);

/// How far back a read reaches at most, unless a few scrapes take longer: what is older could not
/// be counted any more.
pub const RANGE_MAX: Millis = Millis::from_mins(18);

/// Longest wait for an answer.
pub const QUERY_TIMEOUT: Duration = Duration::from_secs(10);

/// Largest answer accepted, in bytes.
pub const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A range is at least so many scrapes wide.
const SCRAPES_IN_RANGE: i64 = 4;

/// One query, and the selectors it answers.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// The selector that it answers.
    pub(crate) selector: String,
    /// What is asked for: the same, but for native histograms.
    pub(crate) query: String,
    /// Other selectors, whose series are among the answer.
    pub(crate) parts: Vec<(String, Matching)>,
    /// Of native histograms, the selectors whose counters are in the answer.
    pub(crate) natives: Vec<(String, Wanted)>,
}

/// The series of one answer.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    pub(crate) series: Vec<Series>,
    pub(crate) natives: Vec<Native>,
}

/// The fewest questions that answer all `selectors`, and those that cannot be asked.
pub(crate) fn plan(selectors: &BTreeSet<String>) -> (Vec<Question>, Vec<ReadError>) {
    let mut problems = Vec::new();
    let mut parsed = Vec::new();
    for text in selectors {
        match Selector::parse(text) {
            Ok(it) => parsed.push((text, it)),
            Err(error) => problems.push(ReadError::BadSelector { selector: text.clone(), error }),
        }
    }
    // Wider ones first, so that each selector meets the widest one that contains it.
    parsed.sort_by_key(|(_, it)| it.matchers.len());
    let mut questions: Vec<Question> = Vec::new();
    let mut asked = Asked::default();
    let mut of_natives: Vec<(Selector, Question)> = Vec::new();
    for (text, selector) in parsed {
        if let Some((asked, wanted)) = native::wanted(&selector) {
            let same = of_natives.iter_mut().find(|it| it.0 == asked);
            if let Some((_, question)) = same {
                question.natives.push((text.clone(), wanted));
            } else {
                let mut question = Question::new(text, asked.to_string());
                question.natives.push((text.clone(), wanted));
                of_natives.push((asked, question));
            }
            continue;
        }
        if let Some(place) = asked.wider(&selector)
            && let Ok(matching) = Matching::new(&selector)
        {
            questions[place].parts.push((text.clone(), matching));
            continue;
        }
        // What our regex engine cannot read, Prometheus may.
        asked.insert(selector, questions.len());
        questions.push(Question::new(text, text.clone()));
    }
    questions.extend(of_natives.into_iter().map(|(_, it)| it));
    (questions, problems)
}

/// What is asked already, by name and least matcher: a wider selector has no matcher that a narrower one has
/// not, so whatever is wider stands under one of its matchers, or under none.
#[derive(Default)]
struct Asked(BTreeMap<Place, Vec<(Selector, usize)>>);

type Place = (Option<String>, Option<Key>);

type Key = (String, String, String);

impl Asked {
    fn key(it: &Matcher) -> Key {
        (it.label.clone(), it.op.to_string(), it.value.clone())
    }

    fn insert(&mut self, selector: Selector, place: usize) {
        let least = selector.matchers.iter().map(Self::key).min();
        self.0.entry((selector.name.clone(), least)).or_default().push((selector, place));
    }

    /// The place of the first selector that chooses all that `narrow` does.
    fn wider(&self, narrow: &Selector) -> Option<usize> {
        let keys = narrow.matchers.iter().map(|it| Some(Self::key(it))).chain([None]);
        let found = keys.filter_map(|it| self.0.get(&(narrow.name.clone(), it))).flatten();
        found.filter(|(it, _)| chooses_part_of(narrow, it)).map(|it| it.1).min()
    }
}

impl Question {
    fn new(selector: &str, query: String) -> Self {
        Self { selector: selector.to_owned(), query, parts: vec![], natives: vec![] }
    }
}

fn chooses_part_of(narrow: &Selector, wide: &Selector) -> bool {
    narrow.name == wide.name && wide.matchers.iter().all(|it| narrow.matchers.contains(it))
}

/// How far back to read at `now`.
pub(crate) fn range(now: Timestamp, last_read: Option<Timestamp>, interval: Millis) -> Millis {
    let scrapes = Millis(interval.0.saturating_mul(SCRAPES_IN_RANGE));
    let since = last_read.map_or(FIRST_RANGE, |it| now.since(it));
    let wanted = Millis(since.0.saturating_add(interval.0.saturating_mul(2)));
    wanted.min(RANGE_MAX).max(scrapes)
}

/// The address of the query for `selector` over `range` up to `now`.
pub(crate) fn address(
    base: &str,
    selector: &str,
    range: Millis,
    now: Timestamp,
) -> Result<String, ReadError> {
    let seconds = (range.0 + 999).div_euclid(1_000).max(1);
    let query = format!("{selector}[{seconds}s]");
    let time = format!("{}.{:03}", now.0.div_euclid(1_000), now.0.rem_euclid(1_000));
    let base = format!("{}/api/v1/query", base.trim_end_matches('/'));
    reqwest::Url::parse_with_params(&base, [("query", query), ("time", time)])
        .map(String::from)
        .map_err(|error| ReadError::Unreachable { url: base, detail: error.to_string() })
}

#[derive(Deserialize)]
struct Answer<'a> {
    status: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Option<Data<'a>>,
    #[serde(rename = "errorType", default)]
    error_type: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(rename = "resultType")]
    result_type: Cow<'a, str>,
    #[serde(borrow, default)]
    result: Vec<Found<'a>>,
}

#[derive(Deserialize)]
struct Found<'a> {
    #[serde(default)]
    metric: Labels,
    /// Missing for native histograms, which have no single reading.
    #[serde(borrow, default)]
    values: Vec<(f64, Cow<'a, str>)>,
    #[serde(borrow, default)]
    histograms: Vec<(f64, Written<'a>)>,
}

/// What came back for one question.
pub(crate) struct Reply<'a> {
    /// Address without the query, for people.
    pub(crate) url: &'a str,
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// The series in the answer `body` of a Prometheus, native histograms as the counters of all their events;
/// for whoever holds an answer without having asked.
pub fn read_answer(status: u16, body: &[u8]) -> Result<Vec<Series>, ReadError> {
    let answered = parse(&Reply { url: "the answer", status, body }, "the question")?;
    let natives = native::counters(&answered.natives, Wanted::Under(f64::INFINITY));
    let bounds = native::counters(&answered.natives, Wanted::Bounds);
    Ok(answered.series.into_iter().chain(natives).chain(bounds).collect())
}

/// Reads the answer for `selector`.
pub(crate) fn parse(reply: &Reply<'_>, selector: &str) -> Result<Answered, ReadError> {
    let url = reply.url.to_owned();
    if matches!(reply.status, 401 | 403) {
        return Err(ReadError::Unauthorised { url, status: reply.status });
    }
    let succeeded = (200..300).contains(&reply.status);
    let answer: Answer<'_> = match serde_json::from_slice(reply.body) {
        Ok(it) => it,
        Err(_) if !succeeded => return Err(ReadError::Status { url, status: reply.status }),
        Err(error) => {
            return Err(ReadError::NotPrometheus { url, detail: error.to_string() });
        }
    };
    if answer.status != "success" {
        return Err(ReadError::Refused {
            url,
            selector: selector.to_owned(),
            kind: answer.error_type.unwrap_or_else(|| "unknown".to_owned()),
            message: answer.error.unwrap_or_default(),
        });
    }
    let matrix = answer.data.filter(|it| it.result_type == "matrix");
    let Some(Data { result, .. }) = matrix else {
        let detail = "the answer holds no matrix of readings".to_owned();
        return Err(ReadError::NotPrometheus { url, detail });
    };
    if result.len() > slo::SERIES_PER_SELECTOR_MAX {
        return Err(ReadError::TooManySeries {
            selector: selector.to_owned(),
            found: result.len(),
            max: slo::SERIES_PER_SELECTOR_MAX,
        });
    }
    let mut answered = Answered::default();
    for it in result {
        answered.take(it).ok_or_else(|| {
            let detail = "a reading is no number".to_owned();
            ReadError::NotPrometheus { url: url.clone(), detail }
        })?;
    }
    Ok(answered)
}

impl Answered {
    /// `None` when a reading is no number.
    fn take(&mut self, it: Found<'_>) -> Option<()> {
        if !it.histograms.is_empty() {
            let reading =
                |(at, found): &(f64, Written<'_>)| Some((millis(*at), Histogram::read(found)?));
            let readings = it.histograms.iter().map(reading).collect::<Option<Vec<_>>>()?;
            self.natives.push(Native { labels: it.metric.clone(), readings });
            if it.values.is_empty() {
                return Some(());
            }
        }
        let reading = |(at, value): &(f64, Cow<'_, str>)| Some((millis(*at), value.parse().ok()?));
        let samples = it.values.iter().map(reading).collect::<Option<Vec<_>>>()?;
        self.series.push(Series { labels: it.metric, samples });
        Some(())
    }
}

/// Shares the answer out among the question's selectors.
pub(crate) fn share_out(question: &Question, answered: Answered) -> BTreeMap<String, Vec<Series>> {
    let Answered { series, natives } = answered;
    let mut shared = BTreeMap::new();
    if !question.natives.is_empty() {
        for (selector, wanted) in &question.natives {
            shared.insert(selector.clone(), native::counters(&natives, *wanted));
        }
        return shared;
    }
    for (selector, matching) in &question.parts {
        let part = series.iter().filter(|it| matching.matches(&it.labels)).cloned().collect();
        shared.insert(selector.clone(), part);
    }
    shared.insert(question.selector.clone(), series);
    shared
}

#[expect(clippy::cast_possible_truncation, reason = "saturates; such times are ignored later")]
fn millis(seconds: f64) -> Timestamp {
    Timestamp((seconds * 1_000.0).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(selectors: &[&str]) -> Vec<String> {
        let (questions, problems) = plan(&selectors.iter().map(|&it| it.to_owned()).collect());
        let asked = questions.iter().map(|it| {
            let parts: Vec<&str> = it.parts.iter().map(|(text, _)| text.as_str()).collect();
            format!("{} ⊇ {}", it.selector, parts.join(" "))
        });
        asked.chain(problems.iter().map(ToString::to_string)).collect()
    }

    #[test]
    fn a_part_is_not_asked_for() {
        let selectors =
            ["x{job=\"a\",code=~\"5..\"}", "x{job=\"a\"}", "x{ job = \"a\" }", "y", "x{job=\"b\"}"];
        assert_eq!(
            planned(&selectors),
            [
                "y ⊇ ",
                "x{ job = \"a\" } ⊇ x{job=\"a\"} x{job=\"a\",code=~\"5..\"}",
                "x{job=\"b\"} ⊇ ",
            ],
        );
        assert_eq!(planned(&["x", "x{a=\"b\"}", "{a=\"b\"}"]), ["x ⊇ x{a=\"b\"}", "{a=\"b\"} ⊇ "]);
    }

    #[test]
    fn native_histograms_are_asked_for_once() {
        let selectors = ["x{__under__=\"0.25\"}", "x{__under__=\"+Inf\"}", "x", "x{a=\"b\"}"];
        let (questions, problems) = plan(&selectors.iter().map(|&it| it.to_owned()).collect());
        assert_eq!(problems, []);
        let shown: Vec<String> = questions
            .iter()
            .map(|it| format!("{} for {} and {}", it.query, it.selector, it.natives.len()))
            .collect();
        let first = "x{__under__=\"+Inf\"}";
        assert_eq!(shown, ["x for x and 0".to_owned(), format!("x for {first} and 2")]);
        let body = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"a"},"histograms":[[1.5,{"count":"3","sum":"1","buckets":[[0,"0.125","0.25","2"],[0,"1","2","1"]]}]]}]}}"#;
        let found =
            |body: &str| parse(&Reply { url: "http://p", status: 200, body: body.as_bytes() }, "x");
        let shared = share_out(&questions[1], found(body).unwrap());
        let value = |it: &str| shared[it][0].samples[0];
        assert_eq!(value("x{__under__=\"0.25\"}"), (Timestamp(1_500), 2.0));
        assert_eq!(value(first), (Timestamp(1_500), 3.0));
        assert!(found(&body.replace("\"3\"", "\"many\"")).is_err());
    }

    /// Goal: no answer makes the parser panic, and what is read has no reading that is no number.
    /// Method: a good answer with seeded damage.
    #[test]
    fn damaged_answers_are_refused_or_read() {
        let good = br#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"x","job":"a"},"values":[[1795428000.123,"1"],[1795428015.123,"NaN"]]},{"metric":{},"values":[[1795428000,"+Inf"]]}]}}"#;
        let words =
            ["null", "\"", "{", "]", "-1", "1e999", "NaN", "\\u0000", "9999999999999999999"];
        let mut read = 0;
        for (_, body) in testkit::spoilt(good, &words, 20_000) {
            let reply = Reply { url: "http://p", status: 200, body: &body };
            read += usize::from(parse(&reply, "x").is_ok());
        }
        assert!((500..19_500).contains(&read), "{read} read");
    }

    #[test]
    fn what_cannot_be_asked_is_told() {
        assert_eq!(planned(&["x{a=~\"(\"}", "x"]), ["x ⊇ ", "x{a=~\"(\"} ⊇ "]);
        assert_eq!(
            planned(&["a[5m]"]),
            [
                "`a[5m]` is no selector: a range such as `[5m]` does not belong here at byte 1; leave it out"
            ],
        );
    }

    #[test]
    fn the_range_reaches_back_to_the_last_read() {
        let (now, interval) = (Timestamp(10_000_000), Millis::from_secs(15));
        let at = |since: i64| range(now, Some(Timestamp(now.0 - since * 1_000)), interval);
        assert_eq!(range(now, None, interval), Millis::from_secs(15 * 60 + 30));
        assert_eq!(at(15), Millis::from_secs(60));
        assert_eq!(at(300), Millis::from_secs(330));
        assert_eq!(at(86_400), RANGE_MAX);
        assert_eq!(range(now, None, Millis::from_mins(10)), Millis::from_mins(40));
    }

    #[track_caller]
    fn check(status: u16, body: &str, expected: &str) {
        let reply = Reply { url: "http://p", status, body: body.as_bytes() };
        let shown = match parse(&reply, "x") {
            Ok(found) => format!("{:?} {}", found.series, found.natives.len()),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn reads_answers_and_names_what_is_none() {
        check(
            200,
            r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"x","a":"\u00e9"},"values":[[1.5,"3"],[16.501,"+Inf"]]},{"metric":{},"histograms":[]}]}}"#,
            "[Series { labels: {\"__name__\": \"x\", \"a\": \"é\"}, samples: [(Timestamp(1500), 3.0), (Timestamp(16501), inf)] }, Series { labels: {}, samples: [] }] 0",
        );
        check(200, r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#, "[] 0");
        check(
            400,
            r#"{"status":"error","errorType":"bad_data","error":"1:3: parse error"}"#,
            "http://p could not answer for `x`: bad_data: 1:3: parse error",
        );
        check(401, "", "http://p refused us with status 401; check the source's `token`");
        check(404, "not found", "http://p answered with status 404; check the address");
        check(
            200,
            "<html>",
            "http://p does not answer like a Prometheus server: expected value at line 1 column 1; give its base address, without `/api/v1`",
        );
        check(
            200,
            r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
            "http://p does not answer like a Prometheus server: the answer holds no matrix of readings; give its base address, without `/api/v1`",
        );
        check(
            200,
            r#"{"status":"success","data":{"resultType":"matrix","result":[{"values":[[1,"x"]]}]}}"#,
            "http://p does not answer like a Prometheus server: a reading is no number; give its base address, without `/api/v1`",
        );
    }

    #[test]
    fn too_many_series_are_told() {
        let one = r#"{"metric":{},"values":[]}"#;
        let many = vec![one; slo::SERIES_PER_SELECTOR_MAX + 1].join(",");
        check(
            200,
            &format!(
                r#"{{"status":"success","data":{{"resultType":"matrix","result":[{many}]}}}}"#
            ),
            "`x` chooses 10001 series, more than the 10000 that can be followed; choose fewer with more matchers, or a recording rule",
        );
    }

    #[test]
    fn addresses_are_encoded() {
        let found = address("http://p/prom/", "x{a=~\"b+&c\"}", Millis(61_500), Timestamp(1_500));
        let expected =
            "http://p/prom/api/v1/query?query=x%7Ba%3D%7E%22b%2B%26c%22%7D%5B62s%5D&time=1.500";
        assert_eq!(found.unwrap(), expected);
        assert!(address("not a url", "x", Millis(1), Timestamp(0)).is_err());
    }
}
