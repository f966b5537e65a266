//! The daily mail: how every promise stands, what is open, and where the journal ends.
//!
//! The head of the journal is part of it on purpose: a copy in everybody's mailbox is the anchor that
//! makes rewriting the journal visible.

use crate::letters::{Desk, local};
use channels::one_line;
use model::{FeatureId, Timestamp};
use slo::composition::ValueFunction;
use std::fmt::Write as _;

/// A daily mail.
pub(crate) struct Daily {
    pub(crate) subject: String,
    pub(crate) text: String,
}

pub(crate) fn write(desk: &Desk<'_>, zone: Option<&str>) -> Daily {
    let org = desk.state.catalogue().map_or("", |it| it.org.as_str());
    let open = desk.state.open_groups.len();
    let reviews = desk.state.incidents.values().filter(|it| it.awaits_review()).count();
    let counted = |count: usize, noun: &str| match count {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    };
    let subject =
        format!("{org}: {} open, {} due", counted(open, "incident"), counted(reviews, "review"));
    let mut text = String::from("Promises\n");
    text += &promises(desk);
    text += &incidents(desk, zone);
    let _ = writeln!(
        text,
        "\nThe journal ends at {} with {}.\nKeep this mail: it is what proves the journal later.\n{}",
        desk.head.seq,
        wire::hex(&desk.head.hash),
        desk.public_url,
    );
    Daily { subject, text }
}

fn promises(desk: &Desk<'_>) -> String {
    let mut text = String::new();
    let Some(catalogue) = desk.state.catalogue() else { return text };
    let end = desk.board.newest_minute().unwrap_or_else(|| desk.now.minute() - 1);
    for (id, feature) in &catalogue.features {
        let assessment = desk.board.assess_feature(id, end);
        let budget = assessment.map(|it| it.budget);
        let said = match budget.as_ref().and_then(|it| it.spent_ratio) {
            Some(spent) => format!("{:.0} % of the budget spent", spent * 100.0),
            None => "nothing is known".to_owned(),
        };
        let known = budget.map_or(0.0, |it| it.coverage * 100.0);
        let _ = writeln!(
            text,
            "  {id}: {said} ({} over {}; {known:.0} % of the time is known){}",
            feature.objective,
            feature.window,
            not_certain(desk, id, end),
        );
    }
    for (id, alert) in desk.state.alerts_firing().filter(|it| it.1.key.starts_with("segment/")) {
        let since = ago(desk.now, alert.fired_at);
        let _ = writeln!(text, "  {id} for {since}: {}", one_line(&alert.summary));
    }
    for (source, health) in &desk.state.sources_failing {
        let since = ago(desk.now, health.failing_since);
        let _ = writeln!(text, "  Source {source} has not answered for {since}.");
    }
    text
}

/// What to add while the bounds of what is spent are far apart.
fn not_certain(desk: &Desk<'_>, id: &FeatureId, end: i64) -> String {
    let found = || {
        let board = desk.board;
        if board.measured(id, end).is_some() {
            return None;
        }
        let (objective, window) = (board.promise(id)?.0, board.span(id, end)?.passed);
        let composite = board.composite(id, window, end, ValueFunction::Overlapping)?;
        let percent =
            |it: f64| composite.spent(it, objective).map(|it| format!("{:.0}", it * 100.0));
        let (least, most) = (percent(composite.at_least)?, percent(composite.at_most)?);
        composite.is_wide(objective).then(|| {
            format!(", not certain: between {least} and {most} %, measure end to end here")
        })
    };
    found().unwrap_or_default()
}

fn incidents(desk: &Desk<'_>, zone: Option<&str>) -> String {
    let mut text = String::new();
    let mut open = desk.state.incidents_open().peekable();
    if open.peek().is_some() {
        text += "\nOpen incidents\n";
    }
    for (id, incident) in open {
        let taken = match desk.state.holder(id) {
            Some(by) => format!("taken by {by}"),
            None => "taken by nobody".to_owned(),
        };
        let since = local(desk.zones, zone, incident.opened_at);
        let _ = writeln!(text, "  {id} since {since}, {taken}: {}", one_line(&incident.title));
    }
    let due: Vec<_> = desk
        .state
        .incidents
        .values()
        .filter_map(|it| match it.review {
            incident::Review::Asked { due_at, .. } => Some((it, due_at)),
            _ => None,
        })
        .collect();
    if !due.is_empty() {
        text += "\nReviews due\n";
    }
    for (incident, due_at) in due {
        let by = local(desk.zones, zone, due_at);
        let late = if due_at < desk.now { ", overdue" } else { "" };
        let _ = writeln!(text, "  {} by {by}{late}: {}", incident.id, one_line(&incident.title));
    }
    text
}

fn ago(now: Timestamp, since: Timestamp) -> String {
    now.since(since).to_string()
}
