//! Prometheus' text format, version 0.0.4, as `/metrics` endpoints speak it.
//!
//! Intuition: one line, one reading: `name{label="value"} number`. Lines that begin with `#` are
//! for people. Histograms and summaries are nothing special here: their `_bucket`, `_sum` and
//! `_count` lines are counters like any other.
//!
//! Invariants:
//! - a page is taken whole or refused with the line that is wrong, as Prometheus does;
//! - time stamps in the page are read but not believed: the time of a reading is when we read it,
//!   or else a demo's clock and the target's would disagree. What `OpenMetrics` adds at the end of a
//!   line (exemplars after ` # `) is left out.

use model::Labels;
use std::fmt;

/// Readings on one page.
pub const SAMPLES_MAX: usize = 200_000;

/// Labels of one reading.
pub const LABELS_MAX: usize = 64;

/// One reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Labels, with the metric name as `__name__`.
    pub labels: Labels,
    /// The number; may be infinite or not a number.
    pub value: f64,
    /// Milliseconds since the epoch, where the line has a time stamp.
    pub timestamp_ms: Option<i64>,
}

/// Why a page cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ExpositionError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: &'static str,
}

impl fmt::Display for ExpositionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Reads a page.
pub fn parse(page: &str) -> Result<Vec<Sample>, ExpositionError> {
    let mut samples = Vec::new();
    for (index, line) in page.split('\n').enumerate() {
        let failed = |message| ExpositionError { line: index + 1, message };
        let line = line.trim_matches([' ', '\t', '\r']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if samples.len() == SAMPLES_MAX {
            return Err(failed("the page has more than 200000 readings"));
        }
        samples.push(read_line(line).map_err(failed)?);
    }
    Ok(samples)
}

fn read_line(line: &str) -> Result<Sample, &'static str> {
    let name_end = line.find(|c: char| !is_name_char(c)).unwrap_or(line.len());
    let (name, rest) = line.split_at(name_end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("expected a metric name");
    }
    let mut labels = Labels::new();
    labels.insert("__name__".to_owned(), name.to_owned());
    let mut rest = rest.trim_start();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = read_labels(inner, &mut labels)?;
    } else if rest.len() == line.len() - name_end {
        return Err("expected `{` or a space after the metric name");
    }
    let rest = rest.split_once(" # ").map_or(rest, |(before, _)| before);
    let mut words = rest.split_ascii_whitespace();
    let value = words.next().and_then(read_number).ok_or("expected a number")?;
    let timestamp_ms = match words.next() {
        None => None,
        Some(word) => Some(read_timestamp(word).ok_or("expected a time stamp")?),
    };
    if words.next().is_some() {
        return Err("unexpected text after the time stamp");
    }
    Ok(Sample { labels, value, timestamp_ms })
}

/// Reads `a="b",c="d"}` and returns what follows.
fn read_labels<'a>(text: &'a str, labels: &mut Labels) -> Result<&'a str, &'static str> {
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Ok(after);
        }
        let end = rest.find(|c: char| !is_label_char(c)).unwrap_or(rest.len());
        let (label, after) = rest.split_at(end);
        if label.is_empty() || label.starts_with(|c: char| c.is_ascii_digit()) {
            return Err("expected a label name or `}`");
        }
        let after = after.trim_start().strip_prefix('=').ok_or("expected `=` after the label")?;
        let after = after.trim_start().strip_prefix('"').ok_or("expected a value in quotes")?;
        let (value, after) = read_value(after)?;
        if labels.len() > LABELS_MAX {
            return Err("the reading has more than 64 labels");
        }
        if labels.insert(label.to_owned(), value).is_some() {
            return Err("a label stands twice");
        }
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None if rest.starts_with('}') => {}
            None => return Err("expected `,` or `}` after the value"),
        }
    }
}

/// Reads a value up to its closing quote and returns what follows.
fn read_value(text: &str) -> Result<(String, &str), &'static str> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let special = rest.find(['"', '\\']).ok_or("the value in quotes does not end")?;
        value.push_str(&rest[..special]);
        let after = &rest[special + 1..];
        if rest.as_bytes()[special] == b'"' {
            return Ok((value, after));
        }
        let escaped = after.chars().next().ok_or("the value in quotes does not end")?;
        match escaped {
            'n' => value.push('\n'),
            '"' | '\\' => value.push(escaped),
            // Prometheus keeps what it does not know.
            other => value.extend(['\\', other]),
        }
        rest = &after[escaped.len_utf8()..];
    }
}

fn read_number(word: &str) -> Option<f64> {
    // Rust reads these words, too, but also others such as `infinity`, which are harmless.
    word.parse().ok()
}

/// Milliseconds, or seconds with a fraction as in `OpenMetrics`.
fn read_timestamp(word: &str) -> Option<i64> {
    if let Some((seconds, fraction)) = word.split_once('.') {
        let seconds: i64 = seconds.parse().ok()?;
        let digits = fraction.bytes().all(|it| it.is_ascii_digit());
        let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        return digits.then(|| seconds.saturating_mul(1_000).saturating_add(millis));
    }
    word.parse().ok()
}

fn is_name_char(c: char) -> bool {
    is_label_char(c) || c == ':'
}

fn is_label_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(page: &str, expected: &[&str]) {
        let shown: Vec<String> = match parse(page) {
            Ok(samples) => samples.iter().map(show).collect(),
            Err(error) => vec![error.to_string()],
        };
        assert_eq!(shown, expected);
    }

    fn show(sample: &Sample) -> String {
        let labels: Vec<String> =
            sample.labels.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
        let at = sample.timestamp_ms.map(|it| format!(" @{it}")).unwrap_or_default();
        format!("{} {}{at}", labels.join(","), sample.value)
    }

    #[test]
    fn reads_a_page_of_every_type() {
        let page = r#"# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400",}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_count	144320
rpc_duration_seconds {quantile = "0.5" , a="é\d"} NaN
with_exemplar_total{a="b"} 17.0 1520879607.789 # {trace_id="x"} 0.67
# EOF
"#;
        check(
            page,
            &[
                r#"__name__="http_requests_total",code="200",method="post" 1027 @1395066363000"#,
                r#"__name__="http_requests_total",code="400",method="post" 3 @1395066363000"#,
                r#"__name__="msdos_file_access_time_seconds",error="Cannot find file:\n\"FILE.TXT\"",path="C:\\DIR\\FILE.TXT" 1458255915"#,
                r#"__name__="metric_without_timestamp_and_labels" 12.47"#,
                r#"__name__="something_weird",problem="division by zero" inf @-3982045"#,
                r#"__name__="http_request_duration_seconds_bucket",le="+Inf" 144320"#,
                r#"__name__="http_request_duration_seconds_count" 144320"#,
                r#"__name__="rpc_duration_seconds",a="é\\d",quantile="0.5" NaN"#,
                r#"__name__="with_exemplar_total",a="b" 17 @1520879607789"#,
            ],
        );
        check("", &[]);
        check("a 1\r\nb 2\r\n", &["__name__=\"a\" 1", "__name__=\"b\" 2"]);
    }

    #[test]
    fn names_the_line_that_is_wrong() {
        check("a 1\n<!doctype html>", &["line 2: expected a metric name"]);
        check("a", &["line 1: expected `{` or a space after the metric name"]);
        check("a ", &["line 1: expected `{` or a space after the metric name"]);
        check("a-b 1", &["line 1: expected `{` or a space after the metric name"]);
        check("a one", &["line 1: expected a number"]);
        check("a 1 soon", &["line 1: expected a time stamp"]);
        check("a 1 2 3", &["line 1: unexpected text after the time stamp"]);
        check("a{b=\"c} 1", &["line 1: the value in quotes does not end"]);
        check("a{b=\"c\\", &["line 1: the value in quotes does not end"]);
        check("a{b=c} 1", &["line 1: expected a value in quotes"]);
        check("a{b} 1", &["line 1: expected `=` after the label"]);
        check("a{,} 1", &["line 1: expected a label name or `}`"]);
        check("a{b=\"c\" d=\"e\"} 1", &["line 1: expected `,` or `}` after the value"]);
        check("a{b=\"c\",b=\"d\"} 1", &["line 1: a label stands twice"]);
        let many: Vec<String> = (0..65).map(|it| format!("l{it}=\"\"")).collect();
        let page = format!("a{{{}}} 1", many.join(","));
        check(&page, &["line 1: the reading has more than 64 labels"]);
        let page = "a 1\n".repeat(SAMPLES_MAX + 1);
        check(&page, &["line 200001: the page has more than 200000 readings"]);
    }

    struct Prng(u64);

    impl Prng {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap() % limit
        }
    }

    /// Goal: what a client library prints is read back. Method: random labels and values, printed
    /// with the format's escapes.
    #[test]
    fn what_is_printed_is_read_back() {
        for seed in 0..2_000 {
            let mut prng = Prng(seed);
            let mut labels: Labels = [("__name__".to_owned(), "a:b_c".to_owned())].into();
            let pieces = ["\"", "\\", "\n", " ", "é", "{", "}", ",", "=", "n", "#", " # ", "5"];
            for index in 0..prng.below(4) {
                let count = prng.below(6);
                let value = (0..count).map(|_| pieces[prng.below(pieces.len())]).collect();
                labels.insert(format!("l{index}"), value);
            }
            let printed: Vec<String> = labels
                .iter()
                .filter(|(label, _)| *label != "__name__")
                .map(|(label, value)| {
                    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                    format!("{label}=\"{}\"", value.replace('\n', "\\n"))
                })
                .collect();
            let line = format!("a:b_c{{{}}} 4.5e3", printed.join(","));
            let expected = vec![Sample { labels, value: 4500.0, timestamp_ms: None }];
            assert_eq!(parse(&line), Ok(expected), "seed {seed}: {line}");
        }
    }

    /// Goal: no page makes the parser panic. Method: pieces of pages in random order.
    #[test]
    fn any_page_is_answered() {
        let pieces =
            ["a", "{", "}", "\"", "\\", "=", ",", " ", "\n", "1", ".", "é", "# ", "NaN", "-", "\t"];
        for seed in 0..20_000 {
            let mut prng = Prng(seed);
            let count = prng.below(14);
            let page: String = (0..count).map(|_| pieces[prng.below(pieces.len())]).collect();
            if let Err(error) = parse(&page) {
                assert!(error.line <= page.split('\n').count(), "seed {seed}: {page}");
            }
        }
    }
}
