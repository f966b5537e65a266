//! Names and addresses as other pagers write them.

/// A telephone number in E.164 from a country code and a number, whatever stands between the digits.
pub(crate) fn phone(country: &str, number: &str) -> Option<String> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let all = digits(country) + &digits(number);
    ((7..=15).contains(&all.len()) && !all.starts_with('0')).then(|| format!("+{all}"))
}

/// Whether it has the shape of an address; `lamplighter check` looks closer.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let domain_ok = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '.';
    let local_ok = |it: char| it.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(it);
    (1..=64).contains(&local.len())
        && local.chars().all(local_ok)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && text.len() <= 254
        && domain.chars().all(domain_ok)
        && domain.split('.').all(|it| !it.is_empty() && !it.starts_with('-') && !it.ends_with('-'))
}

/// The minutes of `08:00`, `08:00:00` or `8:00`, and the seconds beyond them.
pub(crate) fn clock(text: &str) -> Option<(i64, i64)> {
    let mut parts = text.split(':').map(|it| it.parse::<i64>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().map_or(Some(0), |it| it)?;
    let ok = parts.next().is_none()
        && (0..=24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second)
        && hour * 60 + minute <= 1_440;
    ok.then_some((hour * 60 + minute, second))
}
