//! Conditions on labels, in the words of Prometheus and Alertmanager.
//!
//! Intuition: a missing label is an empty one, and a regular expression must match the whole value.
//!
//! Invariant: a matcher that exists can be evaluated: its regular expression was read when it was
//! made, also when it came from the journal.

use model::Labels;
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Matchers of one silence.
pub const MATCHERS_MAX: usize = 64;
/// Bytes of one value or regular expression.
pub const MATCHER_LENGTH_MAX: usize = 4_096;

/// Compiled size of one regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// A condition on one label.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Matcher {
    name: String,
    op: MatcherOp,
    value: String,
    /// Present exactly for the two operators that need it.
    regex: Option<Regex>,
}

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MatcherOp {
    /// The value is this text.
    #[serde(rename = "=")]
    Equal,
    /// The value is another text.
    #[serde(rename = "!=")]
    NotEqual,
    /// The whole value matches.
    #[serde(rename = "=~")]
    Regex,
    /// The whole value does not match.
    #[serde(rename = "!~")]
    NotRegex,
}

/// The form in the journal.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    name: String,
    op: MatcherOp,
    value: String,
}

/// Why a text is no matcher.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMatcher {
    /// Not `name="value"` with one of the four operators.
    #[error(
        "`{0}` is no matcher; write name=\"value\" with one of =, !=, =~ or !~, several with commas"
    )]
    Shape(String),
    /// No label can have this name.
    #[error("`{0}` is no name of a label")]
    Name(String),
    /// The regular expression cannot be read.
    #[error("`{value}` is no regular expression: {detail}")]
    Regex {
        /// As written.
        value: String,
        /// What is wrong.
        detail: String,
    },
    /// Over a limit.
    #[error("{what} is over the limit of {max}")]
    TooLarge {
        /// What is.
        what: &'static str,
        /// The limit.
        max: usize,
    },
}

impl Matcher {
    /// Makes a matcher.
    pub fn new(name: &str, op: MatcherOp, value: &str) -> Result<Self, BadMatcher> {
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(BadMatcher::Name(name.to_owned()));
        }
        if name.len().max(value.len()) > MATCHER_LENGTH_MAX {
            return Err(BadMatcher::TooLarge { what: "a matcher", max: MATCHER_LENGTH_MAX });
        }
        let regex = match op {
            MatcherOp::Equal | MatcherOp::NotEqual => None,
            MatcherOp::Regex | MatcherOp::NotRegex => Some(whole_value(value)?),
        };
        Ok(Self { name: name.to_owned(), op, value: value.to_owned(), regex })
    }

    /// Reads `alertname="TooSlow", severity=~"page|critical"`, in braces or not, quoted or not.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, BadMatcher> {
        let inner = text.trim();
        let inner = inner.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or(inner);
        let mut matchers = vec![];
        let mut rest = inner.trim();
        while !rest.is_empty() {
            let (matcher, after) = one(rest)?;
            matchers.push(matcher);
            rest = after;
        }
        if matchers.is_empty() {
            return Err(BadMatcher::Shape(text.to_owned()));
        }
        if matchers.len() > MATCHERS_MAX {
            return Err(BadMatcher::TooLarge { what: "the list", max: MATCHERS_MAX });
        }
        Ok(matchers)
    }

    /// The label.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it compares.
    #[must_use]
    pub fn op(&self) -> MatcherOp {
        self.op
    }

    /// With what.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether an alert with these labels is meant.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        self.takes(labels.get(&self.name).map_or("", String::as_str))
    }

    fn takes(&self, value: &str) -> bool {
        match (self.op, &self.regex) {
            (MatcherOp::Equal, _) => self.value == value,
            (MatcherOp::NotEqual, _) => self.value != value,
            (MatcherOp::Regex, regex) => regex.as_ref().is_some_and(|it| it.is_match(value)),
            (MatcherOp::NotRegex, regex) => !regex.as_ref().is_some_and(|it| it.is_match(value)),
        }
    }
}

/// Whether all of `matchers` hold.
#[must_use]
pub fn matches_all(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|it| it.matches(labels))
}

/// Whether `matchers` leave every label free, so that everything there is would match: a silence like
/// that is a mistake. Alertmanager refuses it too.
#[must_use]
pub fn match_everything(matchers: &[Matcher]) -> bool {
    matchers.iter().all(|it| it.takes(""))
}

/// Reads one matcher from the beginning, and what follows its comma.
fn one(text: &str) -> Result<(Matcher, &str), BadMatcher> {
    let shape = || BadMatcher::Shape(text.to_owned());
    let end_of_name = text.find(['=', '!']).ok_or_else(shape)?;
    let name = text[..end_of_name].trim();
    let rest = &text[end_of_name..];
    let ops = [
        ("=~", MatcherOp::Regex),
        ("!~", MatcherOp::NotRegex),
        ("!=", MatcherOp::NotEqual),
        ("=", MatcherOp::Equal),
    ];
    let (sign, op) = ops.into_iter().find(|(it, _)| rest.starts_with(it)).ok_or_else(shape)?;
    let rest = rest[sign.len()..].trim_start();
    let (value, rest) = if let Some(quoted) = rest.strip_prefix('"') {
        unquote(quoted).ok_or_else(shape)?
    } else {
        let end = rest.find(',').unwrap_or(rest.len());
        (rest[..end].trim().to_owned(), &rest[end..])
    };
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix(',') {
        Some(after) => after.trim_start(),
        None if rest.is_empty() => rest,
        None => return Err(shape()),
    };
    Ok((Matcher::new(name.trim_matches('"'), op, &value)?, rest))
}

/// The text up to the closing quote, and what follows it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                c @ ('"' | '\\') => value.push(c),
                // A class of a regular expression, such as `\d`, keeps its backslash.
                c => value.extend(['\\', c]),
            },
            c => value.push(c),
        }
    }
    None
}

fn whole_value(value: &str) -> Result<Regex, BadMatcher> {
    RegexBuilder::new(&format!("^(?s:{value})$")).size_limit(REGEX_BYTES_MAX).build().map_err(
        |error| {
            // The regex engine draws a picture over several lines; its last one says what is wrong.
            let text = error.to_string();
            let detail = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            BadMatcher::Regex { value: value.to_owned(), detail: detail.to_owned() }
        },
    )
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.op, &self.value) == (&other.name, other.op, &other.value)
    }
}

impl Eq for Matcher {}

/// As it is read.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        write!(f, "{}{}\"{value}\"", self.name, self.op)
    }
}

impl fmt::Display for MatcherOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        })
    }
}

impl TryFrom<Written> for Matcher {
    type Error = BadMatcher;
    fn try_from(it: Written) -> Result<Self, BadMatcher> {
        Self::new(&it.name, it.op, &it.value)
    }
}

impl From<Matcher> for Written {
    fn from(it: Matcher) -> Self {
        Self { name: it.name, op: it.op, value: it.value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `matchers` against `labels`: `yes`, `no`, or why they cannot be read.
    #[track_caller]
    fn check(matchers: &str, labels: &str, expected: &str) {
        let labels: Labels = labels
            .split(' ')
            .filter_map(|it| it.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let shown = match Matcher::parse_list(matchers) {
            Ok(it) if matches_all(&it, &labels) => "yes".to_owned(),
            Ok(_) => "no".to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{matchers}");
    }

    #[test]
    fn matches_as_alertmanager_does() {
        check("a=b", "a=b c=d", "yes");
        check("a=b", "a=bb", "no");
        check("{a=\"b\", c=~\"d|e\"}", "a=b c=e", "yes");
        check("a=~\"5..\"", "a=1503", "no");
        check("a!=b", "c=d", "yes");
        check("a!~\"b.*\"", "a=bc", "no");
        check("a=\"\"", "c=d", "yes");
        check("a=~\".+\"", "c=d", "no");
        check("a=~\"x\\d+\"", "a=x12", "yes");
        check("a=\"x,y\",c=d", "a=x,y c=d", "yes");
        check("\"odd name\"=b", "a=b", "no");
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let shape = |text: &str| {
            format!(
                "`{text}` is no matcher; write name=\"value\" with one of =, !=, =~ or !~, \
                 several with commas"
            )
        };
        for text in ["", "{}", "a", "a=\"b", "a=\"b\"c"] {
            check(text, "", &shape(text));
        }
        check("=b", "", "`` is no name of a label");
        check("a=~\"(\"", "", "`(` is no regular expression: unclosed group");
    }

    #[test]
    fn what_is_printed_is_read_again_and_damage_never_panics() {
        let text = "a=\"b \\\"c\\\" \\\\ \\n\", d!~\"x|y\", e!=\"\"";
        let read = Matcher::parse_list(text).unwrap();
        let printed: Vec<String> = read.iter().map(ToString::to_string).collect();
        assert_eq!(Matcher::parse_list(&printed.join(",")).unwrap(), read);
        let json = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Matcher>>(&json).unwrap(), read);
        for (at, _) in text.char_indices() {
            for piece in ["", "\"", "\\", "=", "!", ",", "(", "é"] {
                let _ = Matcher::parse_list(&format!("{}{piece}{}", &text[..at], &text[at + 1..]));
            }
        }
    }

    #[test]
    fn everything_is_too_much() {
        let everything = |text: &str| match_everything(&Matcher::parse_list(text).unwrap());
        assert!(everything("a=~\".*\"") && everything("a=\"\",b!=c"));
        assert!(!everything("a=b") && !everything("a=~\".+\",b=\"\""));
    }
}
