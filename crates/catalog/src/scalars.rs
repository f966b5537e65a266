//! Single values: each function takes text and says what it means, or what is wrong with it.
//!
//! Invariants: no function looks further than its argument and the bundled zone database, so the
//! same file gives the same result on every machine.

use crate::diagnostic::quote;
use crate::suggest::nearest;
use jiff::tz::TimeZoneDatabase;
use model::{BudgetWhen, Millis, PageTarget, SecretRef, Turn, Weekday};
use slo::selector::{MatchOp, Selector};
use std::collections::BTreeSet;

/// Why a value cannot be taken: its code, what is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

pub(crate) fn refused(code: &'static str, message: impl Into<String>, hint: &str) -> Refused {
    Refused { code, message: message.into(), hint: Some(hint.to_owned()) }
}

const DURATION_UNITS: [(char, i64); 5] =
    [('w', 604_800_000), ('d', 86_400_000), ('h', 3_600_000), ('m', 60_000), ('s', 1_000)];

/// Reads `5m`, `28d` or `1h30m`: whole numbers with units, each unit once, larger ones first.
pub(crate) fn duration(text: &str) -> Option<Millis> {
    let mut rest = text;
    let mut units = DURATION_UNITS.iter();
    let mut total = 0_i64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: i64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        // Going on in the same iterator is what demands descending units.
        let (_, millis) = units.find(|(it, _)| *it == unit)?;
        total = total.checked_add(count.checked_mul(*millis)?)?;
        rest = &rest[digits + 1..];
    }
    (!text.is_empty()).then_some(Millis(total))
}

/// Reads `1w` or `3d`.
pub(crate) fn turn(text: &str) -> Option<Turn> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !number.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let count: u16 = number.parse().ok()?;
    match unit {
        "w" if (1..=52).contains(&count) => Some(Turn::Weeks(count)),
        "d" if (1..=366).contains(&count) => Some(Turn::Days(count)),
        _ => None,
    }
}

/// When turns change hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Handover {
    /// `None` for turns of days, which change hands every day.
    pub(crate) day: Option<Weekday>,
    /// Minute of the local day.
    pub(crate) minute: u16,
}

/// Reads `mon 09:00`, or `09:00`.
pub(crate) fn handover(text: &str) -> Option<Handover> {
    let (day, clock) = match text.split_once(' ') {
        Some((day, clock)) => (Some(weekday(day)?), clock.trim_start()),
        None => (None, text),
    };
    let (hour, minute) = clock.split_once(':')?;
    let two_digits = |it: &str| it.len() == 2 && it.bytes().all(|it| it.is_ascii_digit());
    if !two_digits(hour) || !two_digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(Handover { day, minute: hour * 60 + minute })
}

/// Reads `09:00-18:00`: the first minute of the local day, and the first one after it. A span that
/// ends before it begins reaches over midnight. Both ends alike would be no time at all, or the
/// whole day.
pub(crate) fn hours(text: &str) -> Option<(u16, u16)> {
    let (from, until) = text.split_once('-')?;
    let minute = |it: &str| handover(it.trim()).filter(|it| it.day.is_none()).map(|it| it.minute);
    let from = minute(from)?;
    let until = if until.trim() == "24:00" { 24 * 60 } else { minute(until)? };
    (from != until).then_some((from, until))
}

/// Reads `below 10%` or `spent`.
pub(crate) fn budget_when(text: &str) -> Option<BudgetWhen> {
    if text == "spent" {
        return Some(BudgetWhen::Spent);
    }
    let percent = text.strip_prefix("below ")?.trim().strip_suffix('%')?.trim_end();
    percent.parse().ok().filter(|it| (1..=100).contains(it)).map(BudgetWhen::Below)
}

/// Which addresses a person's rule may name.
pub(crate) fn medium(word: &str) -> Option<model::Medium> {
    let key = if word == "push" { "ntfy" } else { word };
    model::Medium::ALL.into_iter().find(|it| it.contact_key() == Some(key))
}

pub(crate) fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "mon" => Weekday::Mon,
        "tue" => Weekday::Tue,
        "wed" => Weekday::Wed,
        "thu" => Weekday::Thu,
        "fri" => Weekday::Fri,
        "sat" => Weekday::Sat,
        "sun" => Weekday::Sun,
        _ => return None,
    })
}

/// Whether `text` is a day of the calendar written `YYYY-MM-DD`.
pub(crate) fn is_date(text: &str) -> bool {
    let shape_ok = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| {
            if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() }
        });
    shape_ok && text.parse::<jiff::civil::Date>().is_ok()
}

/// The names of the bundled time zones.
pub(crate) struct Zones(BTreeSet<String>);

impl Zones {
    pub(crate) fn bundled() -> Self {
        let database = TimeZoneDatabase::bundled();
        Self(database.available().map(|it| it.as_str().to_owned()).collect())
    }

    /// Whether `text` names a zone exactly as written.
    pub(crate) fn contains(&self, text: &str) -> bool {
        self.0.contains(text)
    }

    /// A zone that was perhaps meant. People write the city alone, spaces, or lower case.
    pub(crate) fn near(&self, text: &str) -> Option<&str> {
        let plain = |it: &str| it.trim().replace(' ', "_").to_lowercase();
        let wanted = plain(text);
        let city_of = |zone: &str| plain(zone.rsplit('/').next().unwrap_or(zone));
        let mut zones = self.0.iter();
        zones
            .find(|it| plain(it) == wanted)
            .or_else(|| self.0.iter().find(|it| city_of(it) == wanted))
            .map(String::as_str)
            .or_else(|| nearest(text, self.0.iter().map(String::as_str)))
    }
}

/// Whether `text` has the shape of an e-mail address. Only the receiving server knows more.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let local_ok = |it: char| it.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(it);
    text.len() <= 254
        && (1..=64).contains(&local.len())
        && local.chars().all(local_ok)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && is_domain(domain)
}

fn is_domain(text: &str) -> bool {
    let label_ok = |it: &str| {
        (1..=63).contains(&it.len())
            && !it.starts_with('-')
            && !it.ends_with('-')
            && it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
    };
    text.len() <= 253 && text.split('.').all(label_ok)
}

/// Whether `text` is a telephone number in E.164: `+`, then 7 to 15 digits, the first not 0.
pub(crate) fn is_phone(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    (7..=15).contains(&digits.len())
        && digits.bytes().all(|it| it.is_ascii_digit())
        && !digits.starts_with('0')
}

/// Whether `text` can be the topic of an ntfy server.
pub(crate) fn is_topic(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
}

/// Whether `text` can be a host: a name, or an address of either kind.
pub(crate) fn is_host(text: &str) -> bool {
    is_domain(text) || text.parse::<std::net::IpAddr>().is_ok()
}

/// Longest URL, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// Checks an `http` or `https` URL.
pub(crate) fn url(text: &str) -> Result<(), Refused> {
    let bad = |why: &str| {
        let hint = "write it like `https://metrics.solar.example:9090/path`";
        Err(refused("LL029", format!("not a usable URL: {why}"), hint))
    };
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else {
        return bad("it does not begin with `http://` or `https://`");
    };
    if text.len() > URL_BYTES_MAX {
        return bad("it is longer than 2048 bytes");
    }
    if text.chars().any(|it| it.is_whitespace() || it.is_control()) {
        return bad("it contains white space");
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    if let Some((login, _)) = authority.rsplit_once('@') {
        let message = "a URL must not contain a user name or password";
        let code = if login.contains(':') { "LL031" } else { "LL029" };
        return Err(refused(code, message, "use a token, as `env:NAME` or `file:/path`"));
    }
    let (host, port) = split_port(authority);
    let host = host.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(host);
    if !is_host(host) {
        return bad("it has no host name or address");
    }
    if port.is_some_and(|it| it.parse::<u16>().map_or(true, |it| it == 0)) {
        return bad("its port is not a number from 1 to 65535");
    }
    Ok(())
}

/// Checks the same with `{to}`, `{text}` and `{key}` in it, which never choose the host: whoever writes
/// an alert writes its text.
pub(crate) fn url_template(text: &str) -> Result<(), Refused> {
    const PLACES: [&str; 3] = ["{to}", "{text}", "{key}"];
    let authority = text.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or("");
    if PLACES.iter().any(|it| authority.contains(it)) {
        let message = "not a usable URL: the host must be written out";
        let hint = "put `{to}`, `{text}` and `{key}` behind the first `/`";
        return Err(refused("LL029", message, hint));
    }
    url(&PLACES.iter().fold(text.to_owned(), |text, it| text.replace(it, "x")))
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        // Colons within brackets belong to an IPv6 address.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Reads `env:NAME` or `file:/path`; anything else is a secret in the clear.
pub(crate) fn secret(text: &str) -> Result<SecretRef, Refused> {
    if let Some(name) = text.strip_prefix("env:") {
        let starts_ok = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
        let ok = name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
        if starts_ok && ok {
            return Ok(SecretRef::Env(name.to_owned()));
        }
        let message = "this is not the name of an environment variable";
        return Err(refused("LL032", message, "write it like `env:SMTP_PASSWORD`"));
    }
    if let Some(path) = text.strip_prefix("file:") {
        if path.starts_with('/') && path.len() > 1 {
            return Ok(SecretRef::File(path.to_owned()));
        }
        let message = "the path of a secret must be absolute";
        return Err(refused("LL032", message, "write it like `file:/run/secrets/smtp-password`"));
    }
    let hint = "keep it outside and write `env:NAME` (a variable of the server) or `file:/path`; \
                if this file was shared, change the secret";
    Err(refused("LL031", "a secret is written in the clear", hint))
}

/// Reads the value of HTTP header `name`: a reference, or plain text where that is no secret.
pub(crate) fn header(name: &str, text: &str) -> Result<SecretRef, Refused> {
    const TELLING: [&str; 7] =
        ["authorization", "cookie", "key", "password", "secret", "signature", "token"];
    let lower = name.to_ascii_lowercase();
    let secretive = TELLING.iter().any(|it| lower.contains(it));
    if text.starts_with("env:") || text.starts_with("file:") || secretive {
        return secret(text);
    }
    let length_ok = !text.trim().is_empty() && text.len() <= 1_024;
    let ok = length_ok && text.chars().all(|it| it == '\t' || (' '..='~').contains(&it));
    if ok {
        return Ok(SecretRef::Plain(text.to_owned()));
    }
    let hint = "use 1 to 1024 printable ASCII characters";
    Err(refused("LL037", "this cannot be the value of an HTTP header", hint))
}

/// Reads `rota payments`, `rota payments next`, `team payments`, `person ana` or `channel ops`: a kind
/// and an id.
pub(crate) fn target(text: &str) -> Option<(TargetKind, &str)> {
    let (kind, id) = text.split_once(' ')?;
    if let ("rota", Some((id, "next"))) = (kind, id.trim().rsplit_once(' ')) {
        return Some((TargetKind::RotaNext, id.trim_end()));
    }
    let kind = match kind {
        "rota" => TargetKind::Rota,
        "team" => TargetKind::Team,
        "person" => TargetKind::Person,
        "channel" => TargetKind::Channel,
        _ => return None,
    };
    Some((kind, id.trim_start()))
}

/// What a step of an escalation can page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetKind {
    Rota,
    RotaNext,
    Team,
    Person,
    Channel,
}

impl TargetKind {
    /// The target of this kind that is called `id`, which is well formed.
    pub(crate) fn of(self, id: &str) -> PageTarget {
        match self {
            Self::Rota => PageTarget::Rota(id.into()),
            Self::RotaNext => PageTarget::RotaNext(id.into()),
            Self::Team => PageTarget::Team(id.into()),
            Self::Person => PageTarget::Person(id.into()),
            Self::Channel => PageTarget::Channel(id.into()),
        }
    }
}

/// Whether `text` is written as an id.
pub(crate) fn is_id(text: &str) -> bool {
    model::OrgId::new(text).is_ok()
}

/// Whether `text` can be the name of an HTTP header.
pub(crate) fn is_header_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&it))
}

/// Checks the selector of a counter: by the grammar of `slo`, and its regular expressions.
///
/// `good_patterns` remembers expressions found in order: compiling one is slow, and thousands of
/// objectives share `5..`.
pub(crate) fn selector(text: &str, good_patterns: &mut BTreeSet<String>) -> Result<(), Refused> {
    const HINT: &str = "write a metric and labels, such as `http_requests_total{code=~\"5..\"}`";
    let selector = Selector::parse(text).map_err(|error| Refused {
        code: "LL030",
        message: format!("this is no selector: {} (byte {})", error.message, error.position),
        hint: error.hint.or_else(|| Some(HINT.to_owned())),
    })?;
    for matcher in &selector.matchers {
        let is_regex = matches!(matcher.op, MatchOp::Regex | MatchOp::NotRegex);
        if !is_regex || good_patterns.contains(&matcher.value) {
            continue;
        }
        if regex::Regex::new(&matcher.value).is_err() {
            let message = format!("{} is no regular expression", quote(&matcher.value));
            let hint = "look for an unclosed bracket, or a `*` with nothing before it";
            return Err(refused("LL030", message, hint));
        }
        good_patterns.insert(matcher.value.clone());
    }
    Ok(())
}
