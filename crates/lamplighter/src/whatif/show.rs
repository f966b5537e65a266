//! The answer for people: a table, sentences, and what cannot be said.
//!
//! Invariants:
//! - the first line says whether anything was calibrated, the last lines say what is not claimed;
//! - every number that came from replications has its interval beside it.

use super::words::{self, cell};
use super::{Findings, past};
use ::whatif::Comparison;
use ::whatif::compare::{Answer, Bar, Difference, PARAMETERS, Reason, Standing};
use ::whatif::measure::{Better, METRICS, Metric};
use ::whatif::saturation::WEEKS_AHEAD_MAX;
use std::fmt::Write as _;

const WIDTH: usize = 16;

pub(super) fn show(it: &Findings) -> String {
    let mut text = format!("{}\n\n", it.label());
    if let Some(evidence) = &it.question.evidence {
        past::show(&mut text, evidence);
    }
    head(&mut text, it);
    let base = &it.swept.base;
    text.push_str(&table(base));
    let _ = writeln!(text, "{}", words::UNITS);
    if let Some((staff, equal)) = &it.equal {
        let _ = writeln!(text, "\nwith {staff} at desks in each, but in ad-hoc\n");
        text.push_str(&table(equal));
    }
    if let Some((hours, equal)) = &it.same_cost {
        same_cost(&mut text, *hours, equal, it.question.plan.primary);
    }
    let standing = it.swept.standing(it.question.plan.primary);
    let _ = writeln!(text, "\n{}", words::headline(it, &standing));
    for line in words::beside(it, &standing) {
        let _ = writeln!(text, "  {line}");
    }
    answers(&mut text, it);
    depends(&mut text, it);
    tornado(&mut text, it, &standing);
    pareto(&mut text, base);
    saturation(&mut text, it);
    text.push_str("\nwhat this cannot say\n");
    for line in it.not_claimed() {
        let _ = writeln!(text, "  {line}");
    }
    text
}

fn head(text: &mut String, it: &Findings) {
    let experiment = &it.question.experiment;
    let organisation = &experiment.organisation;
    let base = &it.swept.base;
    let weeks = organisation.within.length_ms() / ::whatif::number::WEEK_MS;
    let _ = writeln!(
        text,
        "{} people in {} teams, {:.1} items a week, {:.2} Erlangs of work for somebody who knows it;\n\
         {weeks} weeks lived through {} times of at most {} (seed {}), the first {} not measured",
        organisation.people.len(),
        organisation.teams.len(),
        it.items_per_week,
        it.offered,
        base.replications,
        it.question.plan.replications_max,
        experiment.seed,
        experiment.warm_up_ms / ::whatif::number::WEEK_MS,
    );
    let assumed: Vec<String> = PARAMETERS
        .iter()
        .filter_map(|parameter| {
            let (low, high) = it.question.range(*parameter)?;
            let value = number(parameter.value(&experiment.assumptions));
            let (title, low, high) = (parameter.title(), number(low), number(high));
            Some(format!("{title} {value} ({low} to {high})"))
        })
        .collect();
    let _ = writeln!(text, "assumed, not measured: {}", assumed.join(", "));
    if !base.precise {
        let _ = writeln!(
            text,
            "stopped before {} was as precise as asked: its intervals are wide",
            it.question.plan.primary.title()
        );
    }
    text.push('\n');
}

/// Metrics down, structures across; waits are hours of the calendar, nights and weekends included.
fn table(it: &Comparison) -> String {
    let mut text = format!("{:22}", "");
    for row in &it.rows {
        let _ = write!(text, "{:>WIDTH$}", shortened(&row.name));
    }
    let _ = write!(text, "\n{:22}", "time at desks, %");
    for row in &it.rows {
        let _ = write!(text, "{:>WIDTH$}", number(100.0 * row.desk_share));
    }
    text.push('\n');
    let mut audience = "";
    for metric in METRICS {
        let present = it.rows.iter().any(|row| row.estimates[metric as usize].is_some());
        if !present {
            continue;
        }
        if metric.audience() != audience {
            audience = metric.audience();
            let header = if metric.better() == Better::Neither {
                "neither good nor bad by itself".to_owned()
            } else {
                format!("for {audience}")
            };
            let _ = writeln!(text, "{header}");
        }
        let _ = write!(text, "  {:20}", metric.title());
        for row in &it.rows {
            let cell = cell(row, metric);
            let _ = write!(text, "{cell:>WIDTH$}");
        }
        text.push('\n');
    }
    if text.contains('≥') {
        text.push_str(
            "≥: more than a tenth of the items is open at the end; the true number is larger.\n",
        );
    }
    text
}

fn answers(text: &mut String, it: &Findings) {
    let metric = it.question.plan.primary;
    let names = |number: usize| it.swept.base.rows[number].name.as_str();
    let _ = writeln!(
        text,
        "\n{}, for {}, at this load: pair by pair",
        metric.title(),
        metric.audience()
    );
    for Answer { first, second, better } in &it.swept.answers {
        let pair = format!("{} or {}", names(*first), names(*second));
        let difference = it.swept.base.difference(metric, *first, *second);
        let shown = difference.map_or(String::new(), distance);
        match better {
            Ok(winner) => {
                let _ = writeln!(
                    text,
                    "  {pair}: {}; {shown}, and so it is at both ends of every range",
                    names(*winner)
                );
            }
            Err(reasons) => {
                let _ = writeln!(text, "  {pair}: cannot tell; {shown}");
                for it in reasons {
                    reason(text, it);
                }
            }
        }
    }
}

/// What the answer depends on: the primary metric with each parameter at both ends of its range.
fn depends(text: &mut String, it: &Findings) {
    let metric = it.question.plan.primary;
    let _ = write!(text, "\n{:36}", format!("{}, with", metric.title()));
    for row in &it.swept.base.rows {
        let _ = write!(text, "{:>WIDTH$}", shortened(&row.name));
    }
    text.push('\n');
    for point in &it.swept.points {
        let moved = format!("{} at {}", point.parameter.title(), number(point.value));
        let _ = write!(text, "  {moved:34}");
        for row in &point.comparison.rows {
            let cell = cell(row, metric);
            let _ = write!(text, "{cell:>WIDTH$}");
        }
        text.push('\n');
    }
}

/// Staff moved until all leave about as much building as the one that leaves least.
fn same_cost(text: &mut String, hours: f64, it: &Comparison, primary: Metric) {
    let _ = writeln!(
        text,
        "\nat equal cost: staff so that building is as near to {} h/week as whole people allow\n",
        number(hours)
    );
    let _ = write!(text, "{:22}", "");
    for row in &it.rows {
        let _ = write!(text, "{:>WIDTH$}", shortened(&row.name));
    }
    let _ = write!(text, "\n{:22}", "time at desks, %");
    for row in &it.rows {
        let _ = write!(text, "{:>WIDTH$}", number(100.0 * row.desk_share));
    }
    text.push('\n');
    let mut metrics = vec![primary, Metric::RoadmapHours, Metric::Interruptions];
    metrics.dedup();
    for metric in metrics {
        let _ = write!(text, "  {:20}", metric.title());
        for row in &it.rows {
            let cell = cell(row, metric);
            let _ = write!(text, "{cell:>WIDTH$}");
        }
        text.push('\n');
    }
    text.push_str(
        "Cost is every paid hour that does not build. Without desks there is nothing to move.\n",
    );
}

/// What the difference that decides depends on, the most decisive first.
fn tornado(text: &mut String, it: &Findings, standing: &Standing) {
    let metric = it.question.plan.primary;
    let Some((first, second)) = standing.closest() else { return };
    let bars = it.swept.tornado(metric, first, second);
    let rows = &it.swept.base.rows;
    let (first, second) = (&rows[first].name, &rows[second].name);
    let _ =
        writeln!(text, "\n{first} minus {second} in {}, the most decisive first", metric.title());
    for Bar { parameter, low, high, flips_near } in bars {
        let flips = flips_near.map_or(String::new(), |it| format!(", flips near {}", number(it)));
        let _ = writeln!(
            text,
            "  {:34}{:>8} at {} to {} at {}{flips}",
            parameter.title(),
            number(low.difference.mean),
            number(low.value),
            number(high.difference.mean),
            number(high.value),
        );
    }
}

fn reason(text: &mut String, it: &Reason) {
    match it {
        Reason::Luck => {
            text.push_str(
                "    the difference is not larger than luck; more replications may settle it\n",
            );
        }
        Reason::TurnsOn { parameter, value, flips_near } => {
            let how = flips_near
                .map_or("is lost in luck".to_owned(), |it| format!("flips near {}", number(it)));
            let _ = writeln!(
                text,
                "    it {how} when {} goes to {}; to settle it, {}",
                parameter.title(),
                number(*value),
                parameter.settled_by()
            );
        }
    }
}

fn distance(it: &Difference) -> String {
    let (low, high) = (it.estimate.low(), it.estimate.high());
    format!("first minus second {} ({} to {})", number(it.estimate.mean), number(low), number(high))
}

fn pareto(text: &mut String, it: &Comparison) {
    text.push_str("\nno score: what is left when nothing is worse in everything\n");
    for row in &it.rows {
        let line = match row.dominated_by {
            None => format!("{}: a matter of what you want", row.name),
            Some(other) => {
                let other = &it.rows[other].name;
                format!("{}: {other} is clearly better in something and in nothing worse", row.name)
            }
        };
        let _ = writeln!(text, "  {line}");
    }
}

fn saturation(text: &mut String, it: &Findings) {
    let target = number(it.question.expectation.wait_p90_target_hours);
    let growth = 100.0 * it.question.expectation.growth_per_week;
    let _ = writeln!(
        text,
        "\ndesks, from the work offered to them: p90 wait in hours while somebody sits there, against {target}, at {} % \
         growth a week",
        number(growth)
    );
    for (loads, row) in it.loads.iter().zip(&it.swept.base.rows) {
        if loads.is_empty() {
            let _ = writeln!(text, "  {}: no desks, so nothing is foreseen", row.name);
        }
        for load in loads {
            let foreseen = match (load.target_weeks, load.breaks_weeks) {
                (_, Some(0)) => "saturated: work comes faster than it is done".to_owned(),
                (Some(0), _) => "waits are too long already".to_owned(),
                (Some(weeks), Some(breaks)) => {
                    format!("too long in about {weeks} weeks, saturated in about {breaks}")
                }
                (Some(weeks), None) => format!("too long in about {weeks} weeks"),
                (None, _) => format!("not within {WEEKS_AHEAD_MAX} weeks"),
            };
            let _ = writeln!(
                text,
                "  {}, {}: {:.2} Erlangs for {:.1} people, p90 {} h; {foreseen}",
                row.name,
                load.desk,
                load.offered,
                load.servers,
                number(load.wait_p90_hours),
            );
        }
    }
}

/// Three digits, and none that mean nothing.
pub(super) fn number(it: f64) -> String {
    let size = it.abs();
    if it.is_infinite() {
        return "∞".to_owned();
    }
    let shown = match size {
        _ if size >= 100.0 => format!("{it:.0}"),
        _ if size >= 10.0 => format!("{it:.1}"),
        _ => format!("{it:.2}"),
    };
    if shown.contains('.') {
        let short = shown.trim_end_matches('0').trim_end_matches('.');
        return if short == "-0" { "0".to_owned() } else { short.to_owned() };
    }
    shown
}

fn shortened(name: &str) -> String {
    if name.chars().count() < WIDTH {
        return name.to_owned();
    }
    name.chars().take(WIDTH - 2).chain(['…']).collect()
}
