//! A silence as Alertmanager's API v2 and amtool post it.
//!
//! Invariant: what is read is whole. A matcher that is none, or a time that is none, refuses the silence: one that
//! hides something else than was meant is worse than none.

use alerting::{Matcher, MatcherOp};
use model::{SilenceId, Timestamp};
use serde::Deserialize;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Posted {
    /// The one in whose place it stands.
    pub replaces: Option<SilenceId>,
    /// What it hides.
    pub matchers: Vec<Matcher>,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// Why.
    pub comment: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    #[serde(default)]
    id: String,
    matchers: Vec<SentMatcher>,
    starts_at: String,
    ends_at: String,
    #[serde(default)]
    comment: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentMatcher {
    name: String,
    value: String,
    #[serde(default)]
    is_regex: bool,
    /// Older clients know no inequality.
    is_equal: Option<bool>,
}

/// Reads one.
///
/// # Errors
///
/// In words, when it is none.
pub fn parse(body: &[u8]) -> Result<Posted, String> {
    let sent: Sent =
        serde_json::from_slice(body).map_err(|error| format!("this is no silence: {error}"))?;
    let matcher = |it: &SentMatcher| {
        let op = match (it.is_regex, it.is_equal.unwrap_or(true)) {
            (false, true) => MatcherOp::Equal,
            (false, false) => MatcherOp::NotEqual,
            (true, true) => MatcherOp::Regex,
            (true, false) => MatcherOp::NotRegex,
        };
        Matcher::new(&it.name, op, &it.value).map_err(|it| it.to_string())
    };
    let at = |text: &str| {
        Timestamp::parse_rfc3339(text)
            .ok_or_else(|| format!("`{text}` is not a time as in RFC 3339"))
    };
    let replaces = match sent.id.as_str() {
        "" => None,
        id => Some(SilenceId::parse(id).ok_or_else(|| format!("there is no silence {id}"))?),
    };
    Ok(Posted {
        replaces,
        matchers: sent.matchers.iter().map(matcher).collect::<Result<_, _>>()?,
        starts_at: at(&sent.starts_at)?,
        ends_at: at(&sent.ends_at)?,
        comment: sent.comment,
    })
}
