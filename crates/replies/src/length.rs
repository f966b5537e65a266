//! How long something is to last, as people write it in a short message.

use crate::words::FILLERS;
use model::Millis;

/// The longest that is understood; what is to last longer deserves a sentence of its own elsewhere.
const LENGTH_MAX: Millis = Millis::from_hours(24);

/// `Some(None)` when nothing is said, `Some(Some(length))` for `2h`, `30 min`, `for 1 day`; `None` when
/// something else is said, or a length beyond a day.
pub(crate) fn said(words: &[String]) -> Option<Option<Millis>> {
    let aside = |it: &&str| *it != "for" && !FILLERS.contains(it);
    let left: Vec<&str> = words.iter().map(String::as_str).filter(aside).collect();
    let (number, unit) = match left[..] {
        [] => return Some(None),
        [one] => one.split_at(one.find(|it: char| !it.is_ascii_digit())?),
        [number, unit] => (number, unit),
        _ => return None,
    };
    let whole = !number.is_empty() && number.len() <= 4;
    let count: i64 =
        (whole && number.bytes().all(|it| it.is_ascii_digit())).then(|| number.parse().ok())??;
    let one = match unit {
        "m" | "min" | "mins" | "minute" | "minutes" => Millis::from_mins(1),
        "h" | "hr" | "hrs" | "hour" | "hours" => Millis::from_hours(1),
        "d" | "day" | "days" => Millis::from_days(1),
        _ => return None,
    };
    let length = Millis(one.0 * count);
    (length > Millis::ZERO && length <= LENGTH_MAX).then_some(Some(length))
}
