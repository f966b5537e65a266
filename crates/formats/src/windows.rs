//! Which share of the budget, gone within which window, raises which alert.
//!
//! Intuition: a set stores shares of the budget; the burn factor follows from the period:
//! `share × period ÷ long window`. Sloth knows sets for 30 and for 28 days (the four conditions of
//! The Site Reliability Workbook, chapter 5) and reads others from `AlertWindows` files.
//!
//! Invariant: windows are at least a second and not longer than the period.

use crate::duration::parse_prometheus;
use crate::loss::{Loss, Report};
use crate::spec::only_known;
use crate::yaml::{self, Node};
use model::Millis;

/// The four conditions for objectives of one period.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows {
    /// The period of the objectives.
    pub period: Millis,
    /// Urgent and fast.
    pub page_quick: BurnWindow,
    /// Urgent and slower.
    pub page_slow: BurnWindow,
    /// Can wait, fast.
    pub ticket_quick: BurnWindow,
    /// Can wait, slower.
    pub ticket_slow: BurnWindow,
}

/// One condition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurnWindow {
    /// Share of the whole budget in percent.
    pub budget_percent: f64,
    /// The window that shows whether it still goes on.
    pub short: Millis,
    /// The window in which the share must be gone.
    pub long: Millis,
}

impl BurnWindow {
    /// The burn rate at which the share is gone within the long window. The order of the
    /// operations is Sloth's, so that the last digit is too.
    #[must_use]
    pub fn factor(&self, period: Millis) -> f64 {
        self.budget_percent * hours(period) / 100.0 / hours(self.long)
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of centuries fit into 53 bits")]
fn hours(length: Millis) -> f64 {
    length.0 as f64 / 3_600_000.0
}

impl Windows {
    /// The four conditions of the Workbook for `period`.
    #[must_use]
    pub fn workbook(period: Millis) -> Self {
        let window = |budget_percent, short, long| BurnWindow { budget_percent, short, long };
        Self {
            period,
            page_quick: window(2.0, Millis::from_mins(5), Millis::from_hours(1)),
            page_slow: window(5.0, Millis::from_mins(30), Millis::from_hours(6)),
            ticket_quick: window(10.0, Millis::from_hours(2), Millis::from_days(1)),
            ticket_slow: window(10.0, Millis::from_hours(6), Millis::from_days(3)),
        }
    }

    /// Sloth's own sets, for 30 and for 28 days.
    #[must_use]
    pub fn built_in() -> [Self; 2] {
        [Self::workbook(Millis::from_days(30)), Self::workbook(Millis::from_days(28))]
    }

    /// Every window that is needed, shortest first, each once, without the period.
    #[must_use]
    pub fn lengths(&self) -> Vec<Millis> {
        let all = [self.page_quick, self.page_slow, self.ticket_quick, self.ticket_slow];
        let mut lengths: Vec<_> = all.iter().flat_map(|it| [it.short, it.long]).collect();
        lengths.sort();
        lengths.dedup();
        lengths.retain(|it| *it != self.period);
        lengths
    }
}

/// Reads the `AlertWindows` of `text`; every document must be one.
#[must_use]
pub fn read_windows(file: &str, text: &str) -> (Vec<Windows>, Vec<Loss>) {
    let mut losses = Vec::new();
    let mut report = Report { file, subject: String::new(), losses: &mut losses };
    let documents = match yaml::parse(text) {
        Ok(documents) => documents,
        Err(error) => {
            report.refused(error.line, "the file", &format!("it is not YAML: {}", error.message));
            vec![]
        }
    };
    let found = documents.iter().filter_map(|it| windows_of(it, &mut report)).collect();
    (found, losses)
}

fn windows_of(node: &Node, report: &mut Report<'_>) -> Option<Windows> {
    if node.get("kind").and_then(Node::text) != Some("AlertWindows") {
        let why = "a set of windows is `apiVersion: sloth.slok.dev/v1`, `kind: AlertWindows`";
        report.refused(node.line, "the document", why);
        return None;
    }
    only_known(node, &["apiVersion", "kind", "metadata", "spec"], report);
    let read = || -> Result<Windows, (usize, String)> {
        let spec = node.get("spec").ok_or((node.line, "`spec` is missing".to_owned()))?;
        let period = length_of(spec, "sloPeriod")?;
        let window = |path: [&str; 2]| window_of(spec, path, period);
        Ok(Windows {
            period,
            page_quick: window(["page", "quick"])?,
            page_slow: window(["page", "slow"])?,
            ticket_quick: window(["ticket", "quick"])?,
            ticket_slow: window(["ticket", "slow"])?,
        })
    };
    read().map_err(|(line, why)| report.refused(line, "the set of windows", &why)).ok()
}

fn length_of(node: &Node, key: &str) -> Result<Millis, (usize, String)> {
    let value = node.get(key).ok_or((node.line, format!("`{key}` is missing")))?;
    let text = value.scalar().unwrap_or_default();
    parse_prometheus(&text)
        .ok_or((value.line, format!("`{key}: {text}` is no length of time such as `7d`")))
}

fn window_of(spec: &Node, path: [&str; 2], period: Millis) -> Result<BurnWindow, (usize, String)> {
    let shown = path.join(".");
    let node = spec.at(&path).ok_or((spec.line, format!("`{shown}` is missing")))?;
    let percent = node.get("errorBudgetPercent").and_then(Node::number).unwrap_or(f64::NAN);
    if !(percent > 0.0 && percent <= 100.0) {
        let why = format!("`{shown}.errorBudgetPercent` must be above 0 and at most 100");
        return Err((node.line, why));
    }
    let short = length_of(node, "shortWindow")?;
    let long = length_of(node, "longWindow")?;
    if short >= long || long > period || short < Millis::from_secs(1) {
        let why = format!(
            "`{shown}`: the short window must be shorter than the long one, and that not longer \
             than the period"
        );
        return Err((node.line, why));
    }
    Ok(BurnWindow { budget_percent: percent, short, long })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(it: &Windows) -> [String; 4] {
        [it.page_quick, it.page_slow, it.ticket_quick, it.ticket_slow]
            .map(|window| window.factor(it.period).to_string())
    }

    #[test]
    fn factors_have_sloths_last_digit() {
        let [month, four_weeks] = Windows::built_in();
        assert_eq!(factors(&month), ["14.4", "6", "3", "1"]);
        let expected = ["13.44", "5.6000000000000005", "2.8000000000000003", "0.9333333333333333"];
        assert_eq!(factors(&four_weeks), expected);
    }

    #[test]
    fn a_set_of_ones_own() {
        let text = "apiVersion: sloth.slok.dev/v1\nkind: AlertWindows\nspec:\n  sloPeriod: 7d\n  \
                    page:\n    quick: {errorBudgetPercent: 8, shortWindow: 5m, longWindow: 1h}\n    \
                    slow: {errorBudgetPercent: 12.5, shortWindow: 30m, longWindow: 6h}\n  \
                    ticket:\n    quick: {errorBudgetPercent: 20, shortWindow: 2h, longWindow: 1d}\n    \
                    slow: {errorBudgetPercent: 42, shortWindow: 6h, longWindow: 3d}\n";
        let (found, losses) = read_windows("w.yml", text);
        assert_eq!(losses, []);
        assert_eq!(factors(&found[0]), ["13.44", "3.5", "1.4000000000000001", "0.98"]);
        let (found, losses) =
            read_windows("w.yml", &text.replace("longWindow: 6h", "longWindow: 8d"));
        assert_eq!(found, []);
        assert_eq!(
            crate::report(&losses),
            "w.yml:7: refused: the set of windows: `page.slow`: the short window must be shorter \
             than the long one, and that not longer than the period\n1 refused, 0 lost, 0 noted\n"
        );
    }
}
