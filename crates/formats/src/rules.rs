//! Prometheus recording and alerting rules, as Sloth names and shapes them.
//!
//! Intuition: dashboards and routes were built on Sloth's groups, records, alerts and labels, so
//! whoever moves must find the very same ones. Three groups for each objective: the share of
//! errors over each window, what is known about the objective, and up to two alerts.
//!
//! The share over the whole period is computed from the records of the shortest window, because
//! Prometheus could not bear the whole period over raw series. On uneven traffic that is not the
//! same; our own engine counts instead (see `slo`). What we write here is what Sloth writes.
//!
//! Invariants: the same input gives the same text; every group name occurs once in a document.

use crate::duration::prometheus as prometheus_length;
use crate::emit::to_yaml;
use crate::loss::{Loss, Weight};
use crate::meaning::Exact;
use crate::spec::{AlertSpec, Dialect, HOLE, Sli, SloSpec, both};
use crate::windows::{BurnWindow, Windows};
use crate::yaml::{Data, Node};
use model::{Labels, Method, Millis};
use std::collections::{BTreeMap, BTreeSet};

/// What is not said by the objectives themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleOptions {
    /// Labels added to every recording rule.
    pub labels: Labels,
    /// Period of objectives that name none.
    pub period: Millis,
    /// What the rules say about the version of Sloth.
    pub sloth_version: String,
    /// Sets of windows beside the built-in ones; for the same period, these go first.
    pub windows: Vec<Windows>,
}

impl Default for RuleOptions {
    fn default() -> Self {
        Self {
            labels: Labels::new(),
            period: Millis::from_days(30),
            sloth_version: "dev".to_owned(),
            windows: vec![],
        }
    }
}

/// Rules that are evaluated one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Unique in its file.
    pub name: String,
    /// In order.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What it makes.
    pub kind: RuleKind,
    /// From what.
    pub expr: String,
    /// Labels added to what it makes.
    pub labels: Labels,
    /// For alerts only.
    pub annotations: Labels,
}

/// What a rule makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleKind {
    /// Series of this name.
    Record(String),
    /// Alerts of this name.
    Alert(String),
}

/// The rules of `specs`, one list of groups for each document that was read.
#[must_use]
pub fn rules(specs: &[SloSpec], options: &RuleOptions) -> (Vec<Vec<Group>>, Vec<Loss>) {
    let mut losses = Vec::new();
    let mut documents: BTreeMap<(usize, usize), Vec<Group>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut files: Vec<&str> = Vec::new();
    for spec in specs {
        if !seen.insert(spec.id()) {
            let why = "another objective has the same id, so their series could not be told apart";
            spec.report(&mut losses).refused(spec.place.line, "the objective", why);
            continue;
        }
        if !fits(spec, &mut losses) {
            continue;
        }
        let file = files.iter().position(|it| *it == spec.place.file).unwrap_or_else(|| {
            files.push(&spec.place.file);
            files.len() - 1
        });
        if let Some(groups) = groups_of(spec, options, &mut losses) {
            documents.entry((file, spec.place.document)).or_default().extend(groups);
        }
    }
    (documents.into_values().collect(), losses)
}

/// Whether rules can be written for `spec` at all; what they cannot say is reported.
fn fits(spec: &SloSpec, losses: &mut Vec<Loss>) -> bool {
    let (meaning, line) = (&spec.meaning, spec.place.line);
    let is_ours = spec.dialect == Dialect::Own;
    let mut report = spec.report(losses);
    if meaning.is_fixed {
        let why = "a query is neither a selector nor has it `{{.window}}` where the window goes, so \
                   nobody knows over which window it counts; `lamplighter import` asks it as it is";
        report.refused(line, "the objective", why);
        return false;
    }
    if meaning.method != Method::Occurrences && !is_ours {
        let why = "its `budgetingMethod` judges slices of time, and rules count only occurrences; \
                   `lamplighter import` takes it over";
        report.refused(line, "the objective", why);
        return false;
    }
    if is_ours && (meaning.method != Method::Occurrences || meaning.calendar.is_some()) {
        let why = "rules count events over a rolling window; slices of time and the calendar are not in \
                   them";
        report.lost(line, "slices or calendar", why);
    } else if meaning.calendar.is_some() {
        let why = "the budget is kept over a rolling window of the same length, which does not begin \
                   anew with the calendar";
        report.lost(line, "`calendar`", why);
    }
    if !meaning.conditions.is_empty() {
        let why = "rules are written with the windows of their set; `lamplighter import` takes the \
                   conditions over";
        report.lost(line, "`alertPolicies`", why);
    }
    if is_ours && matches!(meaning.exact, Some(Exact::Gauge { .. } | Exact::Raw { .. })) {
        let why = "Prometheus takes the mean of its moments, and Lamplighter judges minutes";
        report.noted(line, "the gauge", why);
    }
    true
}

/// The groups of all documents as one: Prometheus loads the first document of a file and ignores
/// the others in silence. Alerts of one name with the same labels are reported, because nobody
/// could tell them apart, and promtool refuses them.
#[must_use]
pub fn joined(documents: &[Vec<Group>]) -> (Vec<Group>, Vec<Loss>) {
    let groups = documents.concat();
    let mut seen = BTreeMap::new();
    let mut losses = Vec::new();
    for group in &groups {
        for rule in &group.rules {
            let RuleKind::Alert(name) = &rule.kind else { continue };
            if let Some(first) = seen.insert((name, &rule.labels), &group.name) {
                losses.push(Loss {
                    file: String::new(),
                    line: 0,
                    weight: Weight::Noted,
                    subject: group.name.clone(),
                    what: format!("alert `{name}`"),
                    why: format!(
                        "one in `{first}` has the same name and labels, which `promtool check \
                         rules` complains about; give each objective's alerts a label or name of \
                         its own"
                    ),
                });
            }
        }
    }
    (groups, losses)
}

/// The rules as a stream of YAML documents.
#[must_use]
pub fn rules_yaml(documents: &[Vec<Group>]) -> String {
    let mut text = String::new();
    for groups in documents {
        text.push_str(
            "---\n# Written by `lamplighter rules`. Change what it was written from instead.\n",
        );
        let groups = groups.iter().map(group_node).collect();
        text.push_str(&to_yaml(&Node::from_entries([("groups", Node::new(Data::List(groups)))])));
    }
    text
}

fn group_node(group: &Group) -> Node {
    let rules = group.rules.iter().map(rule_node).collect();
    Node::from_entries([
        ("name", Node::from_text(&group.name)),
        ("rules", Node::new(Data::List(rules))),
    ])
}

fn rule_node(rule: &Rule) -> Node {
    let (key, name) = match &rule.kind {
        RuleKind::Record(name) => ("record", name),
        RuleKind::Alert(name) => ("alert", name),
    };
    let texts = |it: &Labels| Node::from_entries(it.iter().map(|(k, v)| (k, Node::from_text(v))));
    let mut entries = vec![(key, Node::from_text(name)), ("expr", Node::from_text(&rule.expr))];
    entries.push(("labels", texts(&rule.labels)));
    if !rule.annotations.is_empty() {
        entries.push(("annotations", texts(&rule.annotations)));
    }
    Node::from_entries(entries)
}

fn groups_of(spec: &SloSpec, options: &RuleOptions, losses: &mut Vec<Loss>) -> Option<Vec<Group>> {
    let period = spec.period.unwrap_or(options.period);
    let built_in = Windows::built_in();
    let chosen = options.windows.iter().chain(&built_in).find(|it| it.period == period).cloned();
    let windows = match chosen {
        Some(windows) => windows,
        // Our own engine uses the same shares for every period.
        None if spec.dialect == Dialect::Own => Windows::workbook(period),
        None => {
            let why = format!(
                "no set of alert windows is known for a period of {}; name a file of `kind: \
                 AlertWindows` with `--windows`",
                prometheus_length(period)
            );
            spec.report(losses).refused(spec.place.line, "the objective", &why);
            return None;
        }
    };
    let writer = Writer { spec, options, windows: &windows };
    let id = spec.id();
    let group = |kind: &str, rules| Group { name: format!("sloth-slo-{kind}-{id}"), rules };
    let mut groups = vec![
        group("sli-recordings", writer.sli_rules()),
        group("meta-recordings", writer.meta_rules()),
    ];
    let alerts = writer.alert_rules(losses);
    if !alerts.is_empty() {
        groups.push(group("alerts", alerts));
    }
    Some(groups)
}

/// The name of the series that holds the share of errors over `window`.
fn sli_record(window: Millis) -> String {
    format!("slo:sli_error:ratio_rate{}", prometheus_length(window))
}

struct Writer<'a> {
    spec: &'a SloSpec,
    options: &'a RuleOptions,
    windows: &'a Windows,
}

impl Writer<'_> {
    fn ids(&self) -> Labels {
        Labels::from([
            ("sloth_id".to_owned(), self.spec.id()),
            ("sloth_service".to_owned(), self.spec.service.clone()),
            ("sloth_slo".to_owned(), self.spec.name.clone()),
        ])
    }

    /// A selector of this objective's series.
    fn filter(&self) -> String {
        let one = |(name, value): (&String, &String)| {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            format!("{name}=\"{value}\"")
        };
        format!("{{{}}}", self.ids().iter().map(one).collect::<Vec<_>>().join(", "))
    }

    fn record(&self, name: &str, expr: String, more: &[(&str, &str)]) -> Rule {
        let more = more.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let given = both(&self.spec.labels, &self.options.labels);
        let labels = both(&both(&self.ids(), &given), &more);
        let kind = RuleKind::Record(name.to_owned());
        Rule { kind, expr, labels, annotations: Labels::new() }
    }

    fn sli_rules(&self) -> Vec<Rule> {
        let mut rules: Vec<_> = self
            .windows
            .lengths()
            .into_iter()
            .map(|it| (it, sli_expr(&self.spec.sli, &prometheus_length(it))))
            .collect();
        let period = self.windows.period;
        rules.push((period, self.period_expr(period)));
        rules
            .into_iter()
            .map(|(window, expr)| {
                let shown = prometheus_length(window);
                self.record(&sli_record(window), expr, &[("sloth_window", &shown)])
            })
            .collect()
    }

    fn period_expr(&self, period: Millis) -> String {
        let shortest = sli_record(self.windows.page_quick.short);
        let filter = self.filter();
        let period = prometheus_length(period);
        format!(
            "sum_over_time({shortest}{filter}[{period}])\n/ ignoring (sloth_window)\n\
             count_over_time({shortest}{filter}[{period}])\n"
        )
    }

    fn meta_rules(&self) -> Vec<Rule> {
        let filter = self.filter();
        let objective = go_number(self.spec.objective / 100.0);
        let days = go_number(days(self.windows.period));
        let burn = |window: Millis| {
            format!(
                "{}{filter}\n/ on(sloth_id, sloth_slo, sloth_service) group_left\n\
                 slo:error_budget:ratio{filter}\n",
                sli_record(window)
            )
        };
        let (mode, format) = self.spec.dialect.mode_and_spec();
        let percent = self.spec.objective.to_string();
        let info = [
            ("sloth_mode", mode),
            ("sloth_objective", &percent),
            ("sloth_spec", format),
            ("sloth_version", &self.options.sloth_version),
        ];
        let remaining = format!("1 - slo:period_burn_rate:ratio{filter}");
        vec![
            self.record("slo:objective:ratio", format!("vector({objective})"), &[]),
            self.record("slo:error_budget:ratio", format!("vector(1-{objective})"), &[]),
            self.record("slo:time_period:days", format!("vector({days})"), &[]),
            self.record("slo:current_burn_rate:ratio", burn(self.windows.page_quick.short), &[]),
            self.record("slo:period_burn_rate:ratio", burn(self.windows.period), &[]),
            self.record("slo:period_error_budget_remaining:ratio", remaining, &[]),
            self.record("sloth_slo_info", "vector(1)".to_owned(), &info),
        ]
    }

    fn alert_rules(&self, losses: &mut Vec<Loss>) -> Vec<Rule> {
        let it = self.windows;
        let alerting = &self.spec.alerting;
        let wanted = [
            ("page", &alerting.page, [it.page_quick, it.page_slow]),
            ("ticket", &alerting.ticket, [it.ticket_quick, it.ticket_slow]),
        ];
        let mut rules = Vec::new();
        for (severity, alert, windows) in wanted {
            let Some(alert) = alert else { continue };
            self.note_unreachable(severity, &windows, losses);
            rules.push(self.alert(severity, alert, &windows));
        }
        rules
    }

    /// A factor so high that a total outage stays below it makes an alert that never fires.
    fn note_unreachable(&self, severity: &str, windows: &[BurnWindow; 2], losses: &mut Vec<Loss>) {
        let budget = (100.0 - self.spec.objective) / 100.0;
        for window in windows {
            let factor = window.factor(self.windows.period);
            if factor * budget >= 1.0 || budget <= 0.0 {
                let why = if budget <= 0.0 {
                    "an objective of 100 % leaves no budget, so any one error fires it".to_owned()
                } else {
                    format!(
                        "it can never fire: {} times a budget of {} is more than everything",
                        go_number(factor),
                        go_number(budget)
                    )
                };
                let what = format!(
                    "the {severity} condition over {} and {}",
                    prometheus_length(window.short),
                    prometheus_length(window.long)
                );
                self.spec.report(losses).noted(self.spec.place.line, &what, &why);
            }
        }
    }

    fn alert(&self, severity: &str, alert: &AlertSpec, windows: &[BurnWindow; 2]) -> Rule {
        let budget = go_number((100.0 - self.spec.objective) / 100.0);
        let filter = self.filter();
        let sides: Vec<_> = windows
            .iter()
            .map(|window| {
                let factor = go_number(window.factor(self.windows.period));
                let side = |length: Millis| {
                    format!(
                        "    max({}{filter} > ({factor} * {budget})) without (sloth_window)\n",
                        sli_record(length)
                    )
                };
                format!("(\n{}    and\n{})\n", side(window.short), side(window.long))
            })
            .collect();
        let slo = "{{$labels.sloth_service}} {{$labels.sloth_slo}} SLO error budget burn rate is";
        let annotations = Labels::from([
            ("summary".to_owned(), format!("{slo} over expected.")),
            ("title".to_owned(), format!("({severity}) {slo} too fast.")),
        ]);
        let labels = Labels::from([("sloth_severity".to_owned(), severity.to_owned())]);
        Rule {
            kind: RuleKind::Alert(self.spec.alerting.name.clone()),
            expr: sides.join("or\n"),
            labels: both(&labels, &alert.labels),
            annotations: both(&annotations, &alert.annotations),
        }
    }
}

fn sli_expr(sli: &Sli, window: &str) -> String {
    let filled = |query: &str| query.replace(HOLE, window);
    match sli {
        Sli::Bad { bad, total } => format!("({})\n/\n({})\n", filled(bad), filled(total)),
        Sli::Good { good, total } => format!(
            "(\n  1 - (\n    (\n      {}\n    )\n    /\n    (\n      {}\n    )\n  )\n)",
            filled(good),
            filled(total)
        ),
        Sli::ErrorRatio(query) => format!("({})", filled(query)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of centuries fit into 53 bits")]
fn days(length: Millis) -> f64 {
    length.0 as f64 / 86_400_000.0
}

/// A number as Go prints it: the shortest digits that give it back, with an exponent of at least
/// two digits below 0.0001 and from 10²¹.
#[must_use]
pub fn go_number(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || !value.is_finite() || (1e-4..1e21).contains(&magnitude) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').expect("`{:e}` writes an exponent");
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(it) => ('-', it),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_go_prints_them() {
        let cases = [
            (99.9 / 100.0, "0.9990000000000001"),
            ((100.0 - 99.9) / 100.0, "0.0009999999999999432"),
            (0.000_099_9, "9.99e-05"),
            (0.0001, "0.0001"),
            (1e21, "1e+21"),
            (1e-123, "1e-123"),
            (30.0, "30"),
        ];
        for (value, expected) in cases {
            assert_eq!(go_number(value), expected);
        }
    }
}
