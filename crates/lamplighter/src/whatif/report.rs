//! The report: two printed pages that hold the question, the answer and its limits, in one HTML file.
//!
//! Intuition: whoever decides has two sheets of paper in hand. The first has the question, the answer and
//! what it costs whom; the second what the answer depends on, and what nobody may conclude from it.
//!
//! Complications: twelve structures have sixty-six pairs. Lists are cut where two pages would overflow,
//! and say how many more there are and where.
//!
//! Invariants:
//! - one file: no script, no address of anything elsewhere, pictures drawn in it;
//! - every picture says in words what it shows;
//! - no person stands in it: the file that is asked about knows teams as numbers of people.

mod pictures;

use super::input::Question;
use super::recorded::Evidence;
use super::show::number;
use super::{Findings, past, words};
use ::whatif::Comparison;
use ::whatif::compare::{PARAMETERS, Standing};
use ::whatif::measure::Metric;
use ::whatif::number::{WEEK_MS, count};
use ::whatif::saturation::WEEKS_AHEAD_MAX;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("report/style.css");
/// Lines of a list that fit.
const REASONS_MAX: usize = 6;
/// Pairs that fit.
const PAIRS_MAX: usize = 10;
/// With more ways of working than these, letters are smaller.
const ROWS_WIDE: usize = words::MANY;
/// Desks that fit.
const DESKS_MAX: usize = 14;

/// The two pages of an answer.
pub(super) fn report(it: &Findings) -> String {
    let standing = it.swept.standing(it.question.plan.primary);
    let main = html! {
        section.sheet { (first_page(it, &standing)) }
        section.sheet { (second_page(it, &standing)) }
    };
    let dense = it.swept.base.rows.len() > ROWS_WIDE;
    document(&question(it), &html! { div.dense[dense] { (main) } })
}

/// What there is to say when the past was not foretold.
pub(super) fn refusal(question: &Question, evidence: &Evidence) -> String {
    let names: Vec<&str> =
        question.experiment.structures.iter().map(|it| it.name.as_str()).collect();
    let main = html! {
        section.sheet {
            h1 { (words::capital(&either(&names))) "?" }
            div.answer {
                strong { "Not compared." }
                p { "The recorded past was not foretold, so nothing is said about ways of working that were not in force." }
            }
            h2 { "What was off" }
            div.slide tabindex="0" role="region" aria-label="What was foretold, and what came" {
                pre { (past::refused(evidence)) }
            }
        }
        section.sheet {
            h2 { "What cannot be concluded" }
            ul {
                li { "That one of these ways of working is better, or that none is." }
                li { "That the records are wrong: a model that does not know them may be." }
                @for line in super::REFUSED { li { (line) } }
            }
        }
    };
    document(&format!("{}?", either(&names)), &main)
}

fn document(title: &str, main: &Markup) -> String {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { (title) " · Lamplighter" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body { main { (main) } }
        }
    };
    document.into_string()
}

fn question(it: &Findings) -> String {
    let names: Vec<&str> = it.swept.base.rows.iter().map(|it| it.name.as_str()).collect();
    format!("{}?", words::capital(&either(&names)))
}

fn either(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} or {last}", all.join(", ")),
    }
}

fn first_page(it: &Findings, standing: &Standing) -> Markup {
    let experiment = &it.question.experiment;
    let base = &it.swept.base;
    let primary = it.question.plan.primary;
    let bound = |row: usize| words::is_bound(&base.rows[row], primary);
    let engineers = [Metric::Interruptions, Metric::Blocks].into_iter().find(|it| *it != primary);
    let shown = [Some(primary), Some(Metric::RoadmapHours), engineers];
    let mut shown: Vec<Metric> = shown.into_iter().flatten().collect();
    shown.dedup();
    // With many ways of working three pictures are longer than the paper. Building stands in the picture
    // beside and in the table below.
    if base.rows.len() > ROWS_WIDE && primary != Metric::RoadmapHours {
        shown.retain(|it| *it != Metric::RoadmapHours);
    }
    let never = |_: usize| false;
    let picture = |metric: Metric| {
        pictures::intervals(base, metric, if metric == primary { &bound } else { &never })
    };
    html! {
        h1 { (question(it)) }
        p.label.kept[it.question.evidence.is_some()] { (it.label()) }
        p.soft {
            (experiment.organisation.people.len()) " people in " (experiment.organisation.teams.len())
            " teams, " (number(it.items_per_week)) " items a week, " (number(it.offered))
            " Erlangs of work; " (experiment.organisation.within.length_ms() / WEEK_MS)
            " weeks lived through " (base.replications) " times under each, with the same arrivals and the same luck."
        }
        div.answer {
            p { strong { (words::headline(it, standing)) } }
            @for line in words::beside(it, standing) { p { (line) } }
        }
        div.two {
            div {
                h2 { "For whom, and how sure" }
                p.soft { "Means with 95 % intervals over " (base.replications) " replications." }
                @for metric in &shown { (picture(*metric)) }
            }
            div {
                h2 { "No score: what is left" }
                (pictures::pareto(base, Metric::RoadmapHours, other_side(primary)))
                (left(base))
                @if base.rows.iter().enumerate().any(|(row, _)| bound(row)) {
                    p.soft { "≥: more than a tenth of the items is open at the end; the true number is larger." }
                }
                p.soft { (words::UNITS) }
            }
        }
        (variants(it))
    }
}

/// Who is dominated by whom, and that the rest is a matter of what one wants.
fn left(it: &Comparison) -> Markup {
    let kept: Vec<&str> = it.pareto().iter().map(|row| it.rows[*row].name.as_str()).collect();
    let lost = it.rows.iter().filter_map(|row| Some((&row.name, &it.rows[row.dominated_by?].name)));
    html! {
        p { "A matter of what you want: " b { (kept.join(", ")) } "." }
        @for (name, other) in lost {
            p { b { (name) } ": " (other) " is clearly better in something and in nothing worse." }
        }
    }
}

/// What stands upright beside building hours.
fn other_side(primary: Metric) -> Metric {
    if primary == Metric::RoadmapHours { Metric::WaitP90 } else { primary }
}

/// The same at equal staffing and at equal cost.
fn variants(it: &Findings) -> Markup {
    let primary = it.question.plan.primary;
    let mut all: Vec<(String, &Comparison)> = vec![("as described".to_owned(), &it.swept.base)];
    if let Some((staff, equal)) = &it.equal {
        all.push((format!("{staff} at desks in each"), equal));
    }
    if let Some((hours, equal)) = &it.same_cost {
        all.push((format!("near {} h of building", number(*hours)), equal));
    }
    let columns = if primary == Metric::RoadmapHours { 2 } else { 3 };
    html! {
        h2 { "The same question at equal staffing and at equal cost" }
        p.soft {
            "Much of what looks like structure is staffing. Cost is every paid hour a week that does not build: desks, interruptions, and finding back. Staff comes in whole people, so costs are near, not equal; ways of working without desks cannot be moved."
            @if it.equal.is_none() { " All have as many people at desks as described, or this was not asked for." }
        }
        div.slide tabindex="0" role="region" aria-label="Equal staffing and equal cost" {
            table {
                thead {
                    tr {
                        th scope="col" rowspan="2" { "way of working" }
                        @for (name, _) in &all { th.group scope="colgroup" colspan=(columns) { (name) } }
                    }
                    tr {
                        @for _ in &all {
                            th scope="col" { "desks, %" }
                            th scope="col" { (primary.title()) }
                            @if columns > 2 { th scope="col" { "building" } }
                        }
                    }
                }
                tbody {
                    @for (place, row) in it.swept.base.rows.iter().enumerate() {
                        tr {
                            td { (row.name) }
                            @for (_, comparison) in &all {
                                @let row = &comparison.rows[place];
                                td { (number(100.0 * row.desk_share)) }
                                td { (words::cell(row, primary)) }
                                @if columns > 2 { td { (words::mean(row, Metric::RoadmapHours)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn second_page(it: &Findings, standing: &Standing) -> Markup {
    html! {
        div.two {
            div {
                h2 { "What the answer depends on" }
                (tornado(it, standing))
                p.soft { "Assumed, not measured: " (assumed(it)) "." }
            }
            div {
                h2 { "Where the ranking flips" }
                (flips(it, standing))
            }
        }
        (pairs(it, standing))
        div.two.uneven {
            div { (saturation(it)) }
            div { (calibration(it)) }
        }
        h2 { "What cannot be concluded" }
        ul { @for line in it.not_claimed() { li { (line) } } }
        footer {
            "Seed " (it.question.experiment.seed) "; the same file gives the same report. "
            "Differences are taken within each replication; their intervals hold all together, over every pair and every metric, with 95 %. "
            @if !it.swept.base.precise { "Stopped at the most replications allowed: intervals are wider than asked for. " }
            span.screen { "Print it, or print it to PDF: it is two pages of A4." }
        }
    }
}

fn tornado(it: &Findings, standing: &Standing) -> Markup {
    let primary = it.question.plan.primary;
    let Some((first, second)) = standing.closest() else {
        return html! { p { "There is only one way of working to look at." } };
    };
    let bars = it.swept.tornado(primary, first, second);
    let Some(base) = it.swept.base.difference(primary, first, second) else {
        return html! { p { "There was nothing to measure in " (primary.title()) "." } };
    };
    let rows = &it.swept.base.rows;
    pictures::tornado(&bars, base.estimate.mean, &rows[first].name, &rows[second].name, primary)
}

/// Paired differences in the primary metric.
fn pairs(it: &Findings, standing: &Standing) -> Markup {
    let primary = it.question.plan.primary;
    let rows = &it.swept.base.rows;
    let answers = words::closest_first(it, standing);
    html! {
        h2 { "Pair by pair" }
        div.slide tabindex="0" role="region" aria-label="Pair by pair" {
            table {
                thead {
                    tr {
                        th scope="col" { "first or second" }
                        th scope="col" { "first minus second in " (primary.title()) }
                        th scope="col" { "better, over every range" }
                    }
                }
                tbody {
                    @for answer in answers.iter().take(PAIRS_MAX) {
                        tr {
                            td { (rows[answer.first].name) " or " (rows[answer.second].name) }
                            td {
                                @if let Some(it) = it.swept.base.difference(primary, answer.first, answer.second) {
                                    (number(it.estimate.mean)) " (" (number(it.estimate.low())) " to " (number(it.estimate.high())) ")"
                                } @else { "not measured" }
                            }
                            td {
                                @match &answer.better {
                                    Ok(winner) => { b { (rows[*winner].name) } }
                                    Err(_) => { "cannot tell" }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if answers.len() > PAIRS_MAX { p.soft { (answers.len() - PAIRS_MAX) " more pairs stand in the table of the command." } }
    }
}

fn assumed(it: &Findings) -> String {
    let experiment = &it.question.experiment;
    let all = PARAMETERS.iter().filter_map(|parameter| {
        let (low, high) = it.question.range(*parameter)?;
        let value = number(parameter.value(&experiment.assumptions));
        Some(format!("{} {value} ({} to {})", parameter.title(), number(low), number(high)))
    });
    all.collect::<Vec<_>>().join(", ")
}

fn flips(it: &Findings, standing: &Standing) -> Markup {
    let (lines, settled) = words::reasons(it, standing);
    html! {
        @if lines.is_empty() {
            p { "Nowhere within the ranges: every pair has the same order at both ends of each." }
        }
        ul {
            @for line in lines.iter().take(REASONS_MAX) { li { (line) } }
            @if lines.len() > REASONS_MAX { li { (lines.len() - REASONS_MAX) " more stand in " code { "--json" } "." } }
        }
        @if !settled.is_empty() {
            p { b { "What would settle it: " } (settled.join("; ")) "." }
        }
        p.soft { "Moved one at a time: a ranking that only flips when two move together is not found." }
    }
}

fn saturation(it: &Findings) -> Markup {
    let expectation = &it.question.expectation;
    let desks: Vec<_> = it
        .loads
        .iter()
        .zip(&it.swept.base.rows)
        .flat_map(|(loads, row)| loads.iter().map(move |it| (row.name.as_str(), it)))
        .collect();
    html! {
        h2 { "When desks saturate" }
        p.soft {
            "From the work offered; p90 wait in hours while somebody sits there, against " (number(expectation.wait_p90_target_hours))
            ", at " (number(100.0 * expectation.growth_per_week)) " % growth a week."
        }
        @if desks.is_empty() { p { "No way of working here has desks." } }
        @else {
            div.slide tabindex="0" role="region" aria-label="When desks saturate" {
                table {
                    thead {
                        tr {
                            th scope="col" { "desk" }
                            th scope="col" { "Erlangs of" }
                            th scope="col" { "p90 h" }
                            th scope="col" { "too long in" }
                            th scope="col" { "breaks in" }
                        }
                    }
                    tbody {
                        @for (name, load) in desks.iter().take(DESKS_MAX) {
                            tr {
                                td { (name) @if *name != load.desk { ", " (load.desk) } }
                                td { (number(load.offered)) " of " (number(load.servers)) }
                                td { (number(load.wait_p90_hours)) }
                                td { (weeks(load.target_weeks)) }
                                td { (weeks(load.breaks_weeks)) }
                            }
                        }
                    }
                }
            }
            @if desks.len() > DESKS_MAX { p.soft { (desks.len() - DESKS_MAX) " more desks stand in the table of the command." } }
        }
    }
}

fn weeks(it: Option<u32>) -> String {
    match it {
        Some(0) => "now".to_owned(),
        Some(1) => "1 week".to_owned(),
        Some(it) => format!("{it} weeks"),
        None => format!("over {WEEKS_AHEAD_MAX}"),
    }
}

fn calibration(it: &Findings) -> Markup {
    html! {
        h2 { "Calibration" }
        @match it.question.evidence.as_ref().map(|it| (it, it.verdict.as_ref())) {
            Some((evidence, Ok(verdict))) => {
                @let rows = verdict.blocks.iter().flat_map(|it| &it.rows);
                @let inside = rows.clone().filter(|it| it.holds()).count();
                p {
                    "Passed. Foretold " (verdict.blocks.len()) " times, each from what was known on the day it begins, as " (evidence.now) ": "
                    (inside) " of " (rows.count()) " numbers lay inside one band, made so that a true model leaves it anywhere in one case of ten."
                }
                ul {
                    li { (verdict.items) " pieces of work in " (verdict.weeks) " whole weeks; " (number(100.0 * verdict.imputed)) " % of lengths are imputed." }
                    li { "Score " (number(verdict.scores.0)) " beside " (number(verdict.scores.1)) " of repeating the weeks before; smaller is better." }
                    @if evidence.journal.is_some() {
                        li { "The records are this organisation's own journal. It holds no tickets, no changes as work and no roadmap work, and how long somebody worked on a page is a range that was tried." }
                    }
                    li { "It says nothing about what acts only under a way of working that was never in force: that stays a range." }
                }
            }
            _ => {
                p { "None: no records were given. The numbers are what the inputs imply, and no prediction." }
                p.soft { "With an export of tickets the recorded past is foretold first, and nothing is compared unless that works." }
            }
        }
        p { "Load looked at: " (number(count(it.question.experiment.organisation.people.len()))) " people, "
            (number(it.items_per_week)) " items a week. Beyond it nothing is claimed." }
    }
}
