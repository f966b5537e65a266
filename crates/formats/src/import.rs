//! Objectives of other systems as our own configuration.
//!
//! Intuition: what can be carried over exactly is carried over, and the rest is named. Our files
//! hold two counters where others hold queries, so an objective is taken only when the counters
//! behind its queries can be told for certain. Every objective that alerted becomes a feature of
//! its own, so that budgets are watched from the first minute; putting objectives together into
//! features that users would recognise is the work of a person.
//!
//! Invariants:
//! - what is written passes `lamplighter check` (a test and the command hold this);
//! - an objective in the output means what it meant in the input.

use crate::duration::whole;
use crate::emit::to_yaml;
use crate::loss::{Loss, Report};
use crate::promql::{Counted, counter_of, difference, rest_of};
use crate::pyrra::is_bucket;
use crate::spec::{Sli, SloSpec};
use crate::yaml::{Data, Node};
use model::{Millis, Objective};
use slo::selector::Selector;
use std::collections::{BTreeMap, BTreeSet};

/// What the files themselves do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions {
    /// Id of the organisation.
    pub org: String,
    /// The Prometheus that holds the counters.
    pub prometheus: String,
    /// Window of objectives that name none.
    pub period: Millis,
}

/// Longest id, and longest question, that our configuration takes.
const ID_LENGTH_MAX: usize = 64;
const QUESTION_LENGTH_MAX: usize = 200;
/// Shortest and longest window that our configuration takes.
const WINDOW_MIN: Millis = Millis::from_hours(1);
const WINDOW_MAX: Millis = Millis::from_days(90);
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
        let made = measured(&spec.sli, report, spec.place.line)
            .and_then(|it| Ok((it, promise(spec, options, report)?)));
        let ((bad, total), (objective, window)) = match made {
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
        let ratio = [("bad", Node::from_text(bad)), ("total", Node::from_text(total))];
        let slo = Node::from_entries([
            ("objective", Node::from_text(&objective)),
            ("window", Node::from_text(&window)),
            ("ratio", Node::from_entries(ratio)),
        ]);
        service.slos.push((name.clone(), slo));
        let team = service.team.clone();
        report_labels(spec, report);
        if spec.alerting.page.is_some() || spec.alerting.ticket.is_some() {
            let needs = format!("{service_id}.{name}");
            let id = shortened(&format!("{service_id}-{name}"));
            if self.feature_ids.insert(id.clone()) {
                let feature = feature(spec, &team, (&objective, &window), &needs, report);
                self.features.push((id, feature));
            } else {
                let why = format!("there is already a feature `{id}`");
                report.lost(spec.place.line, "alerts", &why);
            }
        } else {
            let why = "its alerts were off, and features are what alerts: none is made of it";
            report.noted(spec.place.line, "the feature", why);
            if !spec.description.is_empty() {
                let why = "only a feature has one, as its question";
                report.lost(spec.place.line, "the description", why);
            }
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
        let prometheus = Node::from_entries([("url", text(&options.prometheus))]);
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

/// The selectors of bad and of all events, or why they cannot be told.
fn measured(sli: &Sli, report: &mut Report<'_>, line: usize) -> Result<(String, String), String> {
    let unknown = |query: &str| {
        let query = query.split_whitespace().collect::<Vec<_>>().join(" ");
        format!(
            "our files hold the selectors of two counters, and which counter `{query}` counts \
             cannot be told for certain; `lamplighter rules` writes Prometheus rules for it"
        )
    };
    let counter = |query: &str| counter_of(query).ok_or_else(|| unknown(query));
    let (bad, total) = match sli {
        Sli::ErrorRatio(query) => return Err(unknown(query)),
        Sli::Bad { bad, total } => match (counter_of(bad), difference(bad)) {
            (Some(found), _) => (found, counter(total)?),
            (None, Some((all, good))) => {
                let total = counter(total)?;
                let (all, good) = (counter(all)?, counter(good)?);
                refuse_buckets(&good.selector)?;
                if all.selector != total.selector || all.function != good.function {
                    return Err(unknown(bad));
                }
                let selector =
                    rest_of(&all.selector, &good.selector).ok_or_else(|| unknown(bad))?;
                (Counted { selector, ..good }, total)
            }
            (None, None) => return Err(unknown(bad)),
        },
        Sli::Good { good, total } => {
            let (found, total) = (counter(good)?, counter(total)?);
            refuse_buckets(&found.selector)?;
            let selector =
                rest_of(&total.selector, &found.selector).ok_or_else(|| unknown(good))?;
            (Counted { selector, ..found }, total)
        }
    };
    if bad.function != total.function {
        return Err("one query is a rate and the other an increase".to_owned());
    }
    if total.or_zero {
        let why = "a window without events is unknown here, and not a window with 0 events";
        report.noted(line, "`or vector(0)` in the total", why);
    }
    Ok((bad.selector.to_string(), total.selector.to_string()))
}

fn refuse_buckets(good: &Selector) -> Result<(), String> {
    if is_bucket(good) {
        return Err("it is a latency below a bucket's bound, which our files cannot say yet; \
                    `lamplighter rules` writes Prometheus rules for it"
            .to_owned());
    }
    Ok(())
}

/// Objective and window as our files write them.
fn promise(
    spec: &SloSpec,
    options: &ImportOptions,
    report: &mut Report<'_>,
) -> Result<(String, String), String> {
    let text = format!("{:.7}%", spec.objective);
    let objective = Objective::parse(&text).map_err(|error| error.to_string())?;
    let length = spec.period.unwrap_or(options.period);
    let window = whole(length).filter(|_| (WINDOW_MIN..=WINDOW_MAX).contains(&length));
    let window = window.ok_or("its window is not between one hour and 90 days")?;
    if spec.period.is_none() {
        let why = format!("the file names no period, so it is {window}");
        report.noted(spec.place.line, "the window", &why);
    }
    Ok((objective.to_string(), window))
}

fn feature(
    spec: &SloSpec,
    team: &str,
    (objective, window): (&str, &str),
    needs: &str,
    report: &mut Report<'_>,
) -> Node {
    let line = spec.place.line;
    let alerting = &spec.alerting;
    if alerting.page.is_none() || alerting.ticket.is_none() {
        let off = if alerting.page.is_none() { "page" } else { "ticket" };
        let why = "a feature raises both alerts";
        report.lost(line, &format!("that the {off} alert is off"), why);
    }
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
    Node::from_entries([
        ("question", Node::from_text(question.trim())),
        ("team", Node::from_text(team)),
        ("objective", Node::from_text(objective)),
        ("window", Node::from_text(window)),
        ("needs", Node::from_text(needs)),
    ])
}

fn report_labels(spec: &SloSpec, report: &mut Report<'_>) {
    let names: Vec<_> = spec
        .labels
        .keys()
        .filter(|it| !TEAM_LABELS.contains(&it.as_str()))
        .map(|it| format!("`{it}`"))
        .collect();
    if !names.is_empty() {
        let what = format!("labels {}", names.join(", "));
        report.lost(spec.place.line, &what, "objectives in our files have no labels");
    }
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
