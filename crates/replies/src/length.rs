//! How long something is to last, as people write it in a short message.

use crate::words::FILLERS;
use model::Millis;

/// The longest that is understood; what is to last longer deserves a sentence of its own elsewhere.
const LENGTH_MAX: Millis = Millis::from_hours(24);

/// Something else was said, or a length beyond [`LENGTH_MAX`].
#[derive(Debug)]
pub(crate) struct Unclear;

/// The length for `2h`, `30 min`, `for 1 day`; `None` when nothing is said.
pub(crate) fn said(words: &[String]) -> Result<Option<Millis>, Unclear> {
    let aside = |it: &&str| *it != "for" && !FILLERS.contains(it);
    let left: Vec<&str> = words.iter().map(String::as_str).filter(aside).collect();
    match left[..] {
        [] => Ok(None),
        [one] => {
            let unit_at = one.find(|it: char| !it.is_ascii_digit()).ok_or(Unclear)?;
            let (number, unit) = one.split_at(unit_at);
            length(number, unit).map(Some).ok_or(Unclear)
        }
        [number, unit] => length(number, unit).map(Some).ok_or(Unclear),
        _ => Err(Unclear),
    }
}

fn length(number: &str, unit: &str) -> Option<Millis> {
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
    (length > Millis::ZERO && length <= LENGTH_MAX).then_some(length)
}
