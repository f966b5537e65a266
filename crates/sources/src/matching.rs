//! Does a series match a selector? As Prometheus decides it.
//!
//! Intuition: a missing label is an empty one, and a regular expression must match the whole value.

use model::Labels;
use regex::{Regex, RegexBuilder};
use slo::selector::{MatchOp, Matcher, Selector};

/// Compiled size of one regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// A selector ready to match.
#[derive(Debug, Clone)]
pub struct Matching {
    tests: Vec<(String, Test)>,
}

#[derive(Debug, Clone)]
enum Test {
    Equal(String),
    NotEqual(String),
    Regex(Regex),
    NotRegex(Regex),
}

/// A regular expression that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{label}{op}\"{value}\"` is no regular expression: {detail}")]
pub struct BadRegex {
    /// The label it stands at.
    pub label: String,
    /// `=~` or `!~`.
    pub op: String,
    /// The expression.
    pub value: String,
    /// Why.
    pub detail: String,
}

impl Matching {
    /// Compiles the regular expressions of `selector`.
    pub fn new(selector: &Selector) -> Result<Self, BadRegex> {
        let name = selector.name.iter().map(|it| ("__name__".to_owned(), Test::Equal(it.clone())));
        let mut tests: Vec<_> = name.collect();
        for it in &selector.matchers {
            let test = match it.op {
                MatchOp::Equal => Test::Equal(it.value.clone()),
                MatchOp::NotEqual => Test::NotEqual(it.value.clone()),
                MatchOp::Regex => Test::Regex(whole_value(it)?),
                MatchOp::NotRegex => Test::NotRegex(whole_value(it)?),
            };
            tests.push((it.label.clone(), test));
        }
        Ok(Self { tests })
    }

    /// Whether a series with `labels` (its metric name as `__name__`) is chosen.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        self.tests.iter().all(|(label, test)| {
            let value = labels.get(label).map_or("", String::as_str);
            match test {
                Test::Equal(it) => it == value,
                Test::NotEqual(it) => it != value,
                Test::Regex(it) => it.is_match(value),
                Test::NotRegex(it) => !it.is_match(value),
            }
        })
    }
}

fn whole_value(matcher: &Matcher) -> Result<Regex, BadRegex> {
    RegexBuilder::new(&format!("^(?s:{})$", matcher.value))
        .size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|error| BadRegex {
            label: matcher.label.clone(),
            op: matcher.op.to_string(),
            value: matcher.value.clone(),
            detail: last_line(&error.to_string()),
        })
}

/// The regex engine draws a picture over several lines; its last one says what is wrong.
fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(selector: &str, labels: &str, expected: bool) {
        let series = Selector::parse(labels).unwrap();
        let name = series.name.map(|it| ("__name__".to_owned(), it));
        let labels = series.matchers.into_iter().map(|it| (it.label, it.value)).chain(name);
        let matching = Matching::new(&Selector::parse(selector).unwrap()).unwrap();
        assert_eq!(matching.matches(&labels.collect()), expected);
    }

    #[test]
    fn matches_as_prometheus_does() {
        check("a", "a{b=\"c\"}", true);
        check("a", "ab{b=\"c\"}", false);
        check("a{code=~\"5..\"}", "a{code=\"503\"}", true);
        check("a{code=~\"5..\"}", "a{code=\"1503\"}", false);
        check("a{code=~\"4..|5..\"}", "a{code=\"5031\"}", false);
        check("a{code!~\"5..\"}", "a", true);
        check("a{code!=\"\"}", "a", false);
        check("a{code=\"\"}", "a", true);
        check("a{code=~\".+\"}", "a{code=\"\\n\"}", true);
        check("{__name__=~\"a|b\",c!=\"d\"}", "b{c=\"e\"}", true);
        check("a{b=\"c\",d=\"e\"}", "a{b=\"c\",d=\"f\"}", false);
    }

    #[test]
    fn a_bad_regex_is_named() {
        let error = Matching::new(&Selector::parse("a{b=~\"(\"}").unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "`b=~\"(\"` is no regular expression: unclosed group");
    }
}
