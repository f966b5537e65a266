//! Objectives of other systems as our own configuration.
//!
//! Intuition: what can be carried over exactly is carried over, and the rest is named. Our files
//! hold counters where others hold queries; where the counters behind a query cannot be told for
//! certain, the query is asked as it is, and the figure is an estimate. Every objective that alerted becomes a feature of
//! its own, so that budgets are watched from the first minute; putting objectives together into
//! features that users would recognise is the work of a person.
//!
//! Invariants:
//! - what is written passes `lamplighter check` (a test and the command hold this);
//! - an objective in the output means what it meant in the input.

use crate::duration::whole;
use crate::emit::to_yaml;
use crate::loss::{Loss, Report};
use crate::measured::measured;
use crate::spec::SloSpec;
use crate::yaml::{Data, Node};
use model::{Method, Millis, Objective, Severity};
use slo::{Condition, WINDOW_MAX};
use std::collections::{BTreeMap, BTreeSet};

/// What the files themselves do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions {
    /// Id of the organisation.
    pub org: String,
    /// The Prometheus that holds the counters.
    pub prometheus: String,
    /// How often it scrapes.
    pub interval: Millis,
    /// Window of objectives that name none.
    pub period: Millis,
}

/// Longest id, and longest question, that our configuration takes.
const ID_LENGTH_MAX: usize = 64;
const QUESTION_LENGTH_MAX: usize = 200;
/// Longest value of a label.
const LABEL_LENGTH_MAX: usize = 60;
/// Shortest window that our configuration takes.
const WINDOW_MIN: Millis = Millis::from_hours(1);
/// Who stands in for people that no file names.
const STAND_IN: &str = "somebody";
/// Team of services whose files name none.
const TEAM_DEFAULT: &str = "imported";

/// Our configuration of `specs`; `None` when none of them could be carried over.
#[must_use]
pub fn import(specs: &[SloSpec], options: &ImportOptions) -> (Option<String>, Vec<Loss>) {
    let mut losses = Vec::new();
    let mut made = Made::default();
    for spec in specs {
        made.add(spec, options, &mut losses);
    }
    if made.services.is_empty() {
        return (None, losses);
    }
    let mut report = Report { file: "", subject: String::new(), losses: &mut losses };
    let why = format!(
        "no file says who is in a team or how to reach them: `{STAND_IN}` stands in; add people \
         with addresses, channels and escalations before anybody can be paged"
    );
    report.noted(0, "people", &why);
    let why = format!(
        "no file says how often your Prometheus scrapes, so it is {}; where that is too short, most minutes \
         are unknown, and where it is too long, they are only known later",
        crate::prometheus_length(options.interval)
    );
    report.noted(0, "the interval of the source", &why);
    let text = format!(
        "# Written by `lamplighter import`. Put in people, channels and escalations; see the loss \
         report.\n{}",
        to_yaml(&made.configuration(options))
    );
    (Some(text), losses)
}

#[derive(Default)]
struct Made {
    services: BTreeMap<String, Service>,
    features: Vec<(String, Node)>,
    feature_ids: BTreeSet<String>,
}

struct Service {
    team: String,
    slos: Vec<(String, Node)>,
}

impl Made {
    fn add(&mut self, spec: &SloSpec, options: &ImportOptions, losses: &mut Vec<Loss>) {
        let mut report = spec.report(losses);
        let report = &mut report;
        let made = measured(spec, report).and_then(|it| Ok((it, promise(spec, options, report)?)));
        let (kind, promised) = match made {
            Ok(made) => made,
            Err(why) => {
                report.refused(spec.place.line, "the objective", &why);
                return;
            }
        };
        let service_id = id_of("service", &spec.service, spec, report);
        let name = id_of("name", &spec.name, spec, report);
        let team = team_of(spec, report);
        let service = self
            .services
            .entry(service_id.clone())
            .or_insert_with(|| Service { team: team.clone(), slos: vec![] });
        if service.team != team {
            let why = format!("`{service_id}` already belongs to team `{}`", service.team);
            report.lost(spec.place.line, &format!("team `{team}`"), &why);
        }
        if service.slos.iter().any(|(it, _)| *it == name) {
            let why = format!("there is already an objective `{service_id}.{name}`");
            report.refused(spec.place.line, "the objective", &why);
            return;
        }
        let slo = promised.entries.iter().cloned().chain([kind]);
        service.slos.push((name.clone(), Node::from_entries(slo)));
        let team = service.team.clone();
        let needs = format!("{service_id}.{name}");
        let id = shortened(&format!("{service_id}-{name}"));
        if self.feature_ids.insert(id.clone()) {
            let feature = feature(spec, &team, &promised, &needs, report);
            self.features.push((id, feature));
        } else {
            let why = format!("there is already a feature `{id}`");
            report.lost(spec.place.line, "alerts, labels and description", &why);
        }
    }

    fn configuration(self, options: &ImportOptions) -> Node {
        let teams: BTreeSet<&str> = self.services.values().map(|it| it.team.as_str()).collect();
        let text = |it: &str| Node::from_text(it);
        let members = || Node::new(Data::List(vec![text(STAND_IN)]));
        let teams: Vec<_> = teams
            .into_iter()
            .map(|it| (it.to_owned(), Node::from_entries([("members", members())])))
            .collect();
        let services: Vec<_> = self
            .services
            .into_iter()
            .map(|(id, it)| {
                let slos = Node::from_entries(it.slos);
                (id, Node::from_entries([("team", text(&it.team)), ("slos", slos)]))
            })
            .collect();
        let somebody = Node::from_entries([("timezone", text("UTC"))]);
        let interval = crate::prometheus_length(options.interval);
        let prometheus =
            Node::from_entries([("url", text(&options.prometheus)), ("interval", text(&interval))]);
        let source = Node::from_entries([("prometheus", prometheus)]);
        let mut entries = vec![
            ("org", text(&options.org)),
            ("people", Node::from_entries([(STAND_IN, somebody)])),
            ("teams", Node::from_entries(teams)),
            ("services", Node::from_entries(services)),
        ];
        if !self.features.is_empty() {
            entries.push(("features", Node::from_entries(self.features)));
        }
        entries.push(("sources", Node::from_entries([("prometheus", source)])));
        Node::from_entries(entries)
    }
}

/// What is promised, as our files write it.
struct Promised {
    entries: Vec<(&'static str, Node)>,
    objective: Objective,
    window: Millis,
}

fn promise(
    spec: &SloSpec,
    options: &ImportOptions,
    report: &mut Report<'_>,
) -> Result<Promised, String> {
    let text = format!("{:.7}%", spec.objective);
    let objective = Objective::parse(&text).map_err(|error| error.to_string())?;
    let mut entries = vec![("objective", Node::from_text(objective.to_string()))];
    let mut window = spec.period.unwrap_or(options.period);
    if let Some(calendar) = &spec.meaning.calendar {
        window = calendar.period.longest();
        let every = Node::from_text(calendar.period.word());
        let zone = Node::from_text(&calendar.timezone);
        entries.push(("calendar", Node::from_entries([("every", every), ("timezone", zone)])));
    } else {
        let length = whole(window).filter(|_| (WINDOW_MIN..=WINDOW_MAX).contains(&window));
        let length = length.ok_or("its window is not between one hour and 366 days")?;
        if spec.period.is_none() {
            let why = format!("the file names no period, so it is {length}");
            report.noted(spec.place.line, "the window", &why);
        }
        entries.push(("window", Node::from_text(&length)));
    }
    entries.extend(slices(spec.meaning.method)?.map(|it| ("slices", it)));
    Ok(Promised { entries, objective, window })
}

/// Lengths of slices that our configuration takes.
const SLICES: [u8; 9] = [1, 2, 3, 4, 5, 6, 10, 12, 15];

fn slices(method: Method) -> Result<Option<Node>, String> {
    let (minutes, good) = match method {
        Method::Occurrences => return Ok(None),
        Method::RatioTimeSlices { minutes } => (minutes, None),
        Method::TimeSlices { minutes, bad_ppm } => {
            let good = format!("{:.4}%", 100.0 - f64::from(bad_ppm) / 1e4);
            let good = Objective::parse(&good).map_err(|error| format!("its slices: {error}"))?;
            (minutes, Some(good.to_string()))
        }
    };
    if !SLICES.contains(&minutes) {
        return Err(format!(
            "slices of {minutes} minutes do not divide a quarter of an hour or an hour"
        ));
    }
    let of = ("of", Node::from_text(format!("{minutes}m")));
    let good = good.map(|it| ("good", Node::from_text(&it)));
    Ok(Some(Node::from_entries([of].into_iter().chain(good))))
}

fn feature(
    spec: &SloSpec,
    team: &str,
    promised: &Promised,
    needs: &str,
    report: &mut Report<'_>,
) -> Node {
    let line = spec.place.line;
    let alerting = &spec.alerting;
    let alerts = alerts(spec, promised, report);
    let said = [&alerting.page, &alerting.ticket];
    if said.iter().any(|it| it.as_ref().is_some_and(|it| !it.labels.is_empty())) {
        let why = "who is called is said by the escalation of the team, not by labels";
        report.lost(line, "labels of alerts", why);
    }
    if said.iter().any(|it| it.as_ref().is_some_and(|it| !it.annotations.is_empty())) {
        report.lost(line, "annotations of alerts", "our files have no place for them");
    }
    let mut question = spec.description.split_whitespace().collect::<Vec<_>>().join(" ");
    question.retain(|it| !it.is_control());
    if question.is_empty() {
        question = format!("Does {} keep its promise of {}?", spec.service, spec.name);
    }
    if question.chars().count() > QUESTION_LENGTH_MAX {
        question = question.chars().take(QUESTION_LENGTH_MAX).collect();
        report.lost(line, "the end of the description", "a question has at most 200 characters");
    }
    let mut entries =
        vec![("question", Node::from_text(question.trim())), ("team", Node::from_text(team))];
    entries.extend(promised.entries.iter().cloned());
    entries.push(("needs", Node::from_text(needs)));
    entries.extend(alerts.map(|it| ("alerts", it)));
    entries.extend(labels(spec, report).map(|it| ("labels", it)));
    Node::from_entries(entries)
}

/// Conditions of its own: those that the file says, or the usual ones without those that are off.
fn alerts(spec: &SloSpec, promised: &Promised, report: &mut Report<'_>) -> Option<Node> {
    let (line, of) = (spec.place.line, &spec.alerting);
    let wanted: Vec<Condition> = if !spec.meaning.conditions.is_empty() {
        let why = "a burn rate over a window is a share of the budget; `alertAfter` became the short \
                   window, and any severity but page, critical and high a ticket; who is called is said \
                   by the escalation of the team";
        report.noted(line, "`alertPolicies`", why);
        spec.meaning.conditions.clone()
    } else if of.page.is_some() && of.ticket.is_some() {
        return None;
    } else if of.page.is_none() && of.ticket.is_none() {
        let why = "the file has none, so the feature alerts nobody; leave `alerts: none` out for the usual ones";
        report.noted(line, "alerts", why);
        return Some(Node::from_text("none"));
    } else {
        let is_on = |it: &Condition| match it.severity {
            Severity::Page => of.page.is_some(),
            Severity::Ticket => of.ticket.is_some(),
        };
        slo::default_conditions().into_iter().filter(is_on).collect()
    };
    let mut kept: [Vec<Node>; 2] = Default::default();
    for condition in wanted {
        if let Some(why) = condition.never_fires(promised.objective, promised.window) {
            report.lost(line, &format!("the condition `{condition}`"), &why);
            continue;
        }
        let place = usize::from(condition.severity == Severity::Ticket);
        kept[place].push(Node::from_text(condition.to_string()));
    }
    let [page, ticket] = kept;
    if page.is_empty() && ticket.is_empty() {
        let why = "no condition is left, so the usual ones stand";
        report.lost(line, "the conditions of its alerts", why);
        return None;
    }
    let lists = [("page", page), ("ticket", ticket)].into_iter().filter(|it| !it.1.is_empty());
    Some(Node::from_entries(lists.map(|(key, it)| (key, Node::new(Data::List(it))))))
}

/// What lists of features are filtered by.
fn labels(spec: &SloSpec, report: &mut Report<'_>) -> Option<Node> {
    let mut labels = BTreeMap::new();
    for (name, value) in &spec.labels {
        if TEAM_LABELS.contains(&name.as_str()) {
            continue;
        }
        if value.trim().is_empty() || value.chars().count() > LABEL_LENGTH_MAX {
            let why = "values of labels have up to 60 characters";
            report.lost(spec.place.line, &format!("label `{name}`"), why);
            continue;
        }
        let id = id_of("label", name, spec, report);
        if labels.insert(id, Node::from_text(value)).is_some() {
            let why = "another label has the same name here";
            report.lost(spec.place.line, &format!("a label before `{name}`"), why);
        }
    }
    (!labels.is_empty()).then(|| Node::from_entries(labels))
}

/// Labels that name a team, the better one first.
const TEAM_LABELS: [&str; 2] = ["team", "owner"];

fn team_of(spec: &SloSpec, report: &mut Report<'_>) -> String {
    if let Some(team) = TEAM_LABELS.iter().find_map(|it| spec.labels.get(*it)) {
        return id_of("team", team, spec, report);
    }
    let why = format!("no label `team` or `owner` says it, so it is `{TEAM_DEFAULT}`");
    report.noted(spec.place.line, "the team", &why);
    TEAM_DEFAULT.to_owned()
}

/// `text` as an id of ours; a change is noted.
fn id_of(what: &str, text: &str, spec: &SloSpec, report: &mut Report<'_>) -> String {
    let fits = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    let id: String = text
        .chars()
        .map(|it| it.to_ascii_lowercase())
        .map(|it| if fits(it) { it } else { '-' })
        .collect();
    let id = shortened(id.trim_matches(['-', '_']));
    let id = if id.is_empty() { "unnamed".to_owned() } else { id };
    if id != text {
        let why = format!("ids here are lower-case letters, digits, `-` and `_`: it is `{id}`");
        report.noted(spec.place.line, &format!("{what} `{text}`"), &why);
    }
    id
}

fn shortened(id: &str) -> String {
    id.chars().take(ID_LENGTH_MAX).collect()
}
