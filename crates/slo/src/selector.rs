//! Selectors of counters as Prometheus writes them: `http_requests_total{job="api",code=~"5.."}`.
//!
//! Intuition: we ask for raw samples and do the arithmetic ourselves, so a selector is all that is
//! needed, and the same text works on a Prometheus server and on our own scraping. Whoever writes
//! `rate(…)` out of habit is told to leave the function out.
//!
//! Invariant: what [`Selector::parse`] accepts, Prometheus accepts with the same meaning; regular
//! expressions are kept as text here (this crate knows no regex engine) and checked where matched.

use std::fmt;

/// Longest selector accepted, in bytes.
pub const SELECTOR_LENGTH_MAX: usize = 4_000;

/// The label that no series has and by which counts are taken out of native histograms: up to a bound, or `+Inf`
/// for all.
pub const NATIVE_LABEL: &str = "__under__";

/// As value of [`NATIVE_LABEL`], all bounds.
pub const NATIVE_BOUNDS: &str = "bounds";

/// A choice of series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// Metric name; `None` when only matchers are written.
    pub name: Option<String>,
    /// All of them must match.
    pub matchers: Vec<Matcher>,
}

/// A condition on one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// Label name.
    pub label: String,
    /// How to compare.
    pub op: MatchOp,
    /// With what: text, or a regular expression that must match the whole value.
    pub value: String,
}

/// How a matcher compares. A missing label counts as empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

/// Why a text is no selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectorError {
    /// Where, in bytes from the beginning.
    pub position: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.position)?;
        self.hint.as_ref().map_or(Ok(()), |it| write!(f, "; {it}"))
    }
}

impl std::error::Error for SelectorError {}

impl Selector {
    /// Reads a selector.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        if text.len() > SELECTOR_LENGTH_MAX {
            return error(SELECTOR_LENGTH_MAX, "the selector is longer than 4000 bytes", None);
        }
        let mut parser = Parser { text, at: 0 };
        parser.skip_space();
        let name = parser.word(|c| is_label_char(c) || c == ':').map(str::to_owned);
        parser.skip_space();
        let mut matchers = Vec::new();
        if parser.eat('{') {
            matchers = parser.matchers()?;
            parser.skip_space();
        } else if let Some(name) = &name {
            parser.refuse_function(name)?;
        } else {
            return parser.refuse_start();
        }
        parser.refuse_rest()?;
        let matches_empty = |it: &Matcher| match it.op {
            MatchOp::Equal => it.value.is_empty(),
            MatchOp::Regex => matches!(it.value.as_str(), "" | ".*"),
            MatchOp::NotEqual => !it.value.is_empty(),
            MatchOp::NotRegex => !matches!(it.value.as_str(), "" | ".*"),
        };
        if name.is_none() && matchers.iter().all(matches_empty) {
            let hint = "write a metric name, such as `http_requests_total{…}`";
            return error(0, "the selector chooses every series there is", Some(hint));
        }
        let named_twice = |it: &Matcher| name.is_some() && it.label == "__name__";
        if matchers.iter().any(named_twice) {
            let hint = "leave out either the name or `__name__`";
            return error(0, "the metric name is given twice", Some(hint));
        }
        Ok(Self { name, matchers })
    }
}

/// The form Prometheus prints.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_deref().unwrap_or_default())?;
        if self.matchers.is_empty() {
            return Ok(());
        }
        f.write_str("{")?;
        for (index, it) in self.matchers.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let value = it.value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            write!(f, "{comma}{}{}\"{value}\"", it.label, it.op)?;
        }
        f.write_str("}")
    }
}

impl fmt::Display for MatchOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        })
    }
}

const FUNCTION_HINT: &str = "write only the counter's selector, such as \
     `http_requests_total{code=~\"5..\"}`: increases, resets and sums are computed from its samples";

fn error<T>(position: usize, message: &str, hint: Option<&str>) -> Result<T, SelectorError> {
    Err(SelectorError { position, message: message.to_owned(), hint: hint.map(str::to_owned) })
}

fn is_label_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_space(&mut self) {
        self.at +=
            self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> Option<&'a str> {
        let rest = self.rest();
        let length = rest.find(|c: char| !belongs(c)).unwrap_or(rest.len());
        let word = &rest[..length];
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.at += length;
        Some(word)
    }

    fn matchers(&mut self) -> Result<Vec<Matcher>, SelectorError> {
        let mut matchers = Vec::new();
        loop {
            self.skip_space();
            if self.eat('}') {
                return Ok(matchers);
            }
            matchers.push(self.matcher()?);
            self.skip_space();
            if !self.eat(',') && self.peek() != Some('}') {
                let hint = "matchers look like `{job=\"api\",code=~\"5..\"}`";
                return error(self.at, "expected `,` or `}`", Some(hint));
            }
        }
    }

    fn matcher(&mut self) -> Result<Matcher, SelectorError> {
        let Some(label) = self.word(is_label_char) else {
            let hint = "labels are letters, digits and `_`, not starting with a digit";
            return error(self.at, "expected a label name", Some(hint));
        };
        self.skip_space();
        let (op, length) = match self.rest().as_bytes() {
            [b'=', b'~', ..] => (MatchOp::Regex, 2),
            [b'!', b'~', ..] => (MatchOp::NotRegex, 2),
            [b'!', b'=', ..] => (MatchOp::NotEqual, 2),
            [b'=', b'=', ..] => {
                return error(self.at, "`==` does not compare labels", Some("write `=`"));
            }
            [b'=', ..] => (MatchOp::Equal, 1),
            _ => return error(self.at, "expected `=`, `!=`, `=~` or `!~`", None),
        };
        self.at += length;
        self.skip_space();
        let value = self.string()?;
        Ok(Matcher { label: label.to_owned(), op, value })
    }

    fn string(&mut self) -> Result<String, SelectorError> {
        let start = self.at;
        let Some(quote @ ('"' | '\'' | '`')) = self.peek() else {
            return error(start, "expected a text in quotes", Some("write `label=\"value\"`"));
        };
        self.at += 1;
        let mut value = String::new();
        while let Some(c) = self.peek() {
            let at = self.at;
            self.at += c.len_utf8();
            match c {
                _ if c == quote => return Ok(value),
                '\\' if quote != '`' => value.push(self.escape(at, quote)?),
                '\n' if quote != '`' => break,
                _ => value.push(c),
            }
        }
        error(start, "the text in quotes does not end", Some("close it with the same quote"))
    }

    /// The character after a backslash at `at`, as in Go's strings.
    fn escape(&mut self, at: usize, quote: char) -> Result<char, SelectorError> {
        let Some(c) = self.peek() else {
            return error(at, "the text in quotes does not end", None);
        };
        self.at += c.len_utf8();
        let plain = match c {
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            '\\' => '\\',
            _ if c == quote => quote,
            'u' => return self.hex(at, 4),
            'U' => return self.hex(at, 8),
            _ => {
                let message = format!("`\\{c}` is no escape");
                let hint = "inside quotes a backslash is written twice: `\"5\\\\d\\\\d\"`";
                return error(at, &message, Some(hint));
            }
        };
        Ok(plain)
    }

    fn hex(&mut self, at: usize, digits: usize) -> Result<char, SelectorError> {
        let found = self.rest().get(..digits).and_then(|it| u32::from_str_radix(it, 16).ok());
        let Some(c) = found.and_then(char::from_u32) else {
            return error(at, &format!("expected {digits} hexadecimal digits"), None);
        };
        self.at += digits;
        Ok(c)
    }

    fn refuse_function(&self, name: &str) -> Result<(), SelectorError> {
        let aggregates = ["sum", "avg", "min", "max", "count"];
        let is_grouping = self.rest().starts_with("by ") || self.rest().starts_with("by(");
        if self.peek() == Some('(') || (aggregates.contains(&name) && is_grouping) {
            let message = format!("`{name}` is a function, not a counter");
            return error(0, &message, Some(FUNCTION_HINT));
        }
        Ok(())
    }

    fn refuse_start<T>(&self) -> Result<T, SelectorError> {
        match self.peek() {
            None => error(self.at, "the selector is empty", Some(FUNCTION_HINT)),
            Some(c) => {
                let message = format!("a selector cannot start with `{c}`");
                error(self.at, &message, Some("start with a metric name or `{`"))
            }
        }
    }

    fn refuse_rest(&self) -> Result<(), SelectorError> {
        let rest = self.rest();
        let (message, hint) = match self.peek() {
            None => return Ok(()),
            Some('[') => ("a range such as `[5m]` does not belong here", "leave it out"),
            Some('@') => ("`@` does not belong here", "leave it out: the newest samples are read"),
            Some('+' | '-' | '*' | '/' | '%' | '^' | '>' | '<' | '=' | '!') => {
                ("an operator does not belong here", FUNCTION_HINT)
            }
            _ if rest.starts_with("offset") => {
                ("`offset` does not belong here", "leave it out: the newest samples are read")
            }
            _ if rest.starts_with("or ")
                || rest.starts_with("and ")
                || rest.starts_with("unless ") =>
            {
                ("an operator does not belong here", FUNCTION_HINT)
            }
            Some(_) => ("unexpected text after the selector", FUNCTION_HINT),
        };
        error(self.at, message, Some(hint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `text` and compares what is printed back, or the error with its position.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let shown = match Selector::parse(text) {
            Ok(it) => {
                let printed = it.to_string();
                assert_eq!(Selector::parse(&printed).as_ref(), Ok(&it), "{printed}");
                printed
            }
            Err(it) => format!("{}: {}", it.position, it.message),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn reads_what_prometheus_writes() {
        check("up", "up");
        check(" job:errors:rate5m { } ", "job:errors:rate5m");
        check(r#"a{b="c",d!="e",f=~"5..",g!~'x|y',}"#, r#"a{b="c",d!="e",f=~"5..",g!~"x|y"}"#);
        check(r#"{__name__=~"http_.+"}"#, r#"{__name__=~"http_.+"}"#);
        check(r#"a{b="\\d\"\n\u00e9{}"}"#, r#"a{b="\\d\"\né{}"}"#);
        check(r"a{b=`\d`}", r#"a{b="\\d"}"#);
        check(r#"a{code!="200"}"#, r#"a{code!="200"}"#);
    }

    #[test]
    fn says_what_to_leave_out() {
        check("rate(http_requests_total[5m])", "0: `rate` is a function, not a counter");
        check("sum by (job) (x)", "0: `sum` is a function, not a counter");
        check("a[5m]", "1: a range such as `[5m]` does not belong here");
        check("a{b=\"c\"} / d", "9: an operator does not belong here");
        check("a offset 5m", "2: `offset` does not belong here");
        check("a or b", "2: an operator does not belong here");
        check("a b", "2: unexpected text after the selector");
        let hint = Selector::parse("rate(x[5m])").unwrap_err().hint.unwrap();
        assert!(hint.starts_with("write only the counter's selector"), "{hint}");
    }

    #[test]
    fn points_to_the_mistake() {
        check("", "0: the selector is empty");
        check("5xx", "0: a selector cannot start with `5`");
        check("a{b}", "3: expected `=`, `!=`, `=~` or `!~`");
        check("a{b==\"c\"}", "3: `==` does not compare labels");
        check("a{b=c}", "4: expected a text in quotes");
        check("a{b=\"c}", "4: the text in quotes does not end");
        check("a{b=\"c\"", "7: expected `,` or `}`");
        check("a{b=\"c\" d=\"e\"}", "8: expected `,` or `}`");
        check("a{b=~\"\\d\"}", "6: `\\d` is no escape");
        check("a{,}", "2: expected a label name");
        check("{}", "0: the selector chooses every series there is");
        check("{job=~\".*\"}", "0: the selector chooses every series there is");
        check("a{__name__=\"b\"}", "0: the metric name is given twice");
        check(&"a".repeat(4_001), "4000: the selector is longer than 4000 bytes");
    }

    /// Goal: no text makes the parser panic. Method: pieces of selectors in random order.
    #[test]
    fn any_text_is_answered() {
        let pieces =
            ["a", "{", "}", "\"", "'", "`", "\\", "u00", "é", "=", "!~", ",", " ", "(", "["];
        let mut prng = crate::testing::Prng::new(1);
        for _ in 0..20_000 {
            let count = prng.below(9);
            let text: String =
                (0..count).map(|_| pieces[usize::try_from(prng.below(15)).unwrap()]).collect();
            if let Err(error) = Selector::parse(&text) {
                assert!(error.position <= text.len(), "{text}");
            }
        }
    }
}
