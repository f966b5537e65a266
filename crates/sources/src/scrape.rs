//! Reading `/metrics` endpoints ourselves, for those without Prometheus.
//!
//! Intuition: what Prometheus does, on a small scale: fetch the page, give every series the labels
//! of its target, choose with selectors. A label of the page that collides with a target's label
//! is kept as `exported_…`, as Prometheus does.

use crate::exposition::{self, Sample};
use crate::{Matching, ReadError};
use model::{Labels, Timestamp};
use slo::Series;
use slo::selector::Selector;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Longest wait for a page.
pub const SCRAPE_TIMEOUT: Duration = Duration::from_secs(5);

/// Largest page accepted, in bytes.
pub const SCRAPE_BYTES_MAX: usize = 32 << 20;

/// Asked for in the `Accept` header.
pub(crate) const ACCEPT: &str = "text/plain;version=0.0.4;q=1,*/*;q=0.1";

/// Labels that the target gives to its series.
const TARGET_LABELS: [&str; 2] = ["job", "instance"];

/// One target's page, as series read at `now`.
pub(crate) fn parse(
    job: &str,
    url: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<Vec<Series>, ReadError> {
    let failed = |detail| ReadError::NotMetrics { url: url.to_owned(), detail };
    let page = std::str::from_utf8(body).map_err(|it| failed(it.to_string()))?;
    let samples = exposition::parse(page).map_err(|it| failed(it.to_string()))?;
    let instance = instance_of(url);
    // A map: of two lines with the same labels the first one counts.
    let mut series: BTreeMap<Labels, f64> = BTreeMap::new();
    for Sample { labels, value, .. } in samples {
        series.entry(of_target(labels, job, &instance)).or_insert(value);
    }
    Ok(series
        .into_iter()
        .map(|(labels, value)| Series { labels, samples: vec![(now, value)] })
        .collect())
}

/// Host and port of a target.
fn instance_of(url: &str) -> String {
    let parsed = reqwest::Url::parse(url).ok();
    let host_and_port = parsed.and_then(|it| {
        let port = it.port_or_known_default()?;
        Some(format!("{}:{port}", it.host_str()?))
    });
    host_and_port.unwrap_or_else(|| url.to_owned())
}

fn of_target(mut labels: Labels, job: &str, instance: &str) -> Labels {
    for (name, value) in TARGET_LABELS.into_iter().zip([job, instance]) {
        if let Some(own) = labels.insert(name.to_owned(), value.to_owned()) {
            labels.insert(format!("exported_{name}"), own);
        }
    }
    labels
}

/// Chooses from everything that was read; also the selectors that cannot be matched.
pub(crate) fn choose(
    selectors: &BTreeSet<String>,
    series: &[Series],
) -> (BTreeMap<String, Vec<Series>>, Vec<ReadError>) {
    let (mut chosen, mut problems) = (BTreeMap::new(), Vec::new());
    for text in selectors {
        match matching(text) {
            Ok(it) => {
                let found: Vec<Series> =
                    series.iter().filter(|series| it.matches(&series.labels)).cloned().collect();
                chosen.insert(text.clone(), found);
            }
            Err(error) => problems.push(error),
        }
    }
    (chosen, problems)
}

fn matching(selector: &str) -> Result<Matching, ReadError> {
    let named = || selector.to_owned();
    let parsed = Selector::parse(selector)
        .map_err(|error| ReadError::BadSelector { selector: named(), error })?;
    Matching::new(&parsed)
        .map_err(|it| ReadError::BadRegex { selector: named(), detail: it.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_carry_the_labels_of_their_target() {
        let page = b"a{job=\"own\"} 1\na{job=\"own\"} 2\nb 3\n";
        let found = parse("api", "http://127.0.0.1:81/metrics", page, Timestamp(7)).unwrap();
        let shown: Vec<String> =
            found.iter().map(|it| format!("{:?} {:?}", it.labels, it.samples)).collect();
        assert_eq!(
            shown,
            [
                r#"{"__name__": "a", "exported_job": "own", "instance": "127.0.0.1:81", "job": "api"} [(Timestamp(7), 1.0)]"#,
                r#"{"__name__": "b", "instance": "127.0.0.1:81", "job": "api"} [(Timestamp(7), 3.0)]"#,
            ],
        );
        assert_eq!(instance_of("https://shop.example/metrics"), "shop.example:443");
    }

    #[test]
    fn a_page_that_is_none_is_named() {
        let error =
            |body: &[u8]| parse("a", "http://a", body, Timestamp(0)).unwrap_err().to_string();
        let hint = "it must answer in Prometheus' text format";
        let expected = "http://a does not serve metrics: line 1: expected a metric name";
        assert_eq!(error(b"<html>"), format!("{expected}; {hint}"));
        assert!(error(b"a \xff").contains("utf-8"));
    }
}
