//! Lengths of time as Prometheus and OpenSLO write them.

use model::Millis;
use std::fmt::Write as _;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
const YEAR: i64 = 365 * DAY;

/// Reads `30d`, `1h30m`, `500ms`: units in falling order, each once.
#[must_use]
pub fn parse_prometheus(text: &str) -> Option<Millis> {
    const UNITS: [(&str, i64); 7] = [
        ("y", YEAR),
        ("w", WEEK),
        ("d", DAY),
        ("h", HOUR),
        ("ms", 1),
        ("m", MINUTE),
        ("s", SECOND),
    ];
    let mut rest = text;
    let mut total: i64 = 0;
    let mut last = i64::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, length) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit))?;
        if *length >= last {
            return None;
        }
        last = *length;
        rest = &rest[unit.len()..];
        total = total.checked_add(count.checked_mul(*length)?)?;
    }
    if total > 0 { Some(Millis(total)) } else { None }
}

/// Writes a length as Prometheus prints it: years and weeks only where they fit exactly.
#[must_use]
pub fn prometheus(length: Millis) -> String {
    let mut rest = length.0;
    let mut text = String::new();
    for (unit, size, must_fit) in [
        ("y", YEAR, true),
        ("w", WEEK, true),
        ("d", DAY, false),
        ("h", HOUR, false),
        ("m", MINUTE, false),
        ("s", SECOND, false),
        ("ms", 1, false),
    ] {
        if rest >= size && !(must_fit && rest % size != 0) {
            let _ = write!(text, "{}{unit}", rest / size);
            rest %= size;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Reads a length of `openslo/v1`: one number and one of `mhdwMQY`, where `m` is minutes and `M`
/// months. Months, quarters and years count 30, 90 and 365 days, as the OpenSLO SDK does.
#[must_use]
pub fn parse_openslo(text: &str) -> Option<Millis> {
    let unit = text.chars().last()?;
    let digits = &text[..text.len() - unit.len_utf8()];
    if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let size = match unit {
        'm' => MINUTE,
        'h' => HOUR,
        'd' => DAY,
        'w' => WEEK,
        'M' => 30 * DAY,
        'Q' => 90 * DAY,
        'Y' => YEAR,
        _ => return None,
    };
    let length = digits.parse::<i64>().ok()?.checked_mul(size)?;
    if length > 0 { Some(Millis(length)) } else { None }
}

/// Writes a length for `openslo/v1` and for our own files: the largest of days, hours and minutes
/// that fits exactly; `None` when there are seconds left.
#[must_use]
pub(crate) fn whole(length: Millis) -> Option<String> {
    [("d", DAY), ("h", HOUR), ("m", MINUTE)]
        .iter()
        .find(|(_, size)| length.0 > 0 && length.0 % size == 0)
        .map(|(unit, size)| format!("{}{unit}", length.0 / size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prometheus_lengths() {
        for (text, expected) in [
            ("30d", "30d"),
            ("28d", "4w"),
            ("7d", "1w"),
            ("90m", "1h30m"),
            ("1h30m", "1h30m"),
            ("365d", "1y"),
            ("90d", "90d"),
            ("1500ms", "1s500ms"),
            ("", "-"),
            ("5", "-"),
            ("d", "-"),
            ("1m1h", "-"),
            ("0s", "-"),
            ("99999999999y", "-"),
        ] {
            let shown = parse_prometheus(text).map_or("-".to_owned(), prometheus);
            assert_eq!(shown, expected, "{text}");
        }
    }

    #[test]
    fn openslo_lengths() {
        for (text, expected) in [
            ("1m", "1m"),
            ("1M", "30d"),
            ("1Q", "90d"),
            ("1Y", "365d"),
            ("2w", "14d"),
            ("1", "-"),
            ("1s", "-"),
            ("1.5h", "-"),
            ("ü", "-"),
            ("0d", "-"),
        ] {
            let shown = parse_openslo(text).and_then(whole).unwrap_or_else(|| "-".to_owned());
            assert_eq!(shown, expected, "{text}");
        }
    }
}
