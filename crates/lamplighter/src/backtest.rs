//! `backtest`, and what `plan` says about budgets: alerts and promises over recorded minutes.

use crate::cli::{Backtest, PlanChange};
use crate::offline::found;
use crate::{Answer, YES, no, say, say_json};
use driver::{Clock as _, SystemClock};
use engine::State;
use model::{Catalogue, Feature, FeatureId, Millis, PageTarget, Severity, SloId, Timestamp};
use oncall::Zones;
use serde_json::{Value, json};
use server::Problem;
use slo::backtest::{self, Fired, Recording, Replay, Score, Stretch};
use slo::composition::ValueFunction;
use slo::{Board, Condition, conditions_of};
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};

/// How long before a report what it is about may have begun.
const REPORT_LEAD_MINUTES: i64 = 60;

pub(crate) fn backtest(it: &Backtest) -> Answer {
    let Some(catalogue) = crate::rota::read(&server::paths(&it.config)?) else { return Ok(no()) };
    let id = catalogue.features.keys().find(|id| id.as_str() == it.feature).cloned();
    let Some(id) = id else {
        return Err(Problem::negative(format!("there is no feature `{}`", it.feature))
            .hint("`lamplighter check` names what the configuration holds"));
    };
    let feature = &catalogue.features[&id];
    let (place, org) = found(&it.stored)?;
    let end = SystemClock.now().minute() - 1;
    let from = end + 1 - i64::from(it.days) * 1_440;
    let mut samples = place.samples(&org)?;
    let recording = server::recording(&mut *samples, &catalogue, from, end)?;
    let sets = sets(it, feature)?;
    let excluded = crate::journal::state(&place, &org)?;
    let mut board = masked_board(&catalogue, &excluded, Timestamp::from_minute(end));
    let replay = backtest::replay(&mut board, &recording, &id, &sets, &mut progress());
    let truth = truth(it, feature, &replay, &recording)?;
    let lead = if it.reports.is_some() { REPORT_LEAD_MINUTES } else { 0 };
    let night_of = night_of(&catalogue, feature);
    let judged = replay
        .fired
        .iter()
        .map(|fired| backtest::judge(fired, &truth, lead, backtest::nights(fired, &night_of)));
    let scores: Vec<Score> = judged.collect();
    let known = replay.minutes.iter().filter(|it| it.1 != slo::Slice::Unknown).count();
    let front = if it.sweep { backtest::pareto(&scores) } else { (0..scores.len()).collect() };
    if let Some(file) = &it.svg {
        std::fs::write(file, svg(&sets, &scores, &front)).map_err(|error| {
            Problem::negative(format!("could not write {}", file.display())).detail(error)
        })?;
    }
    if it.form.json {
        say_json(&as_json(&sets, &scores, &front, &truth, known));
    } else {
        say(&shown(it, &sets, &scores, &front, &truth, known));
    }
    Ok(YES)
}

/// The conditions to be tried: those in force or those given first.
fn sets(it: &Backtest, feature: &Feature) -> Result<Vec<Vec<Condition>>, Problem> {
    let given: Result<Vec<Condition>, Problem> =
        it.condition.iter().map(|it| condition(it)).collect();
    let given = given?;
    let mut sets = vec![if given.is_empty() { conditions_of(feature) } else { given }];
    if it.sweep {
        sets.extend(backtest::candidates());
    }
    Ok(sets)
}

/// Reads `2%/1h/5m`.
fn condition(text: &str) -> Result<Condition, Problem> {
    Condition::parse(text, Severity::Page).ok_or_else(|| {
        Problem::negative(format!("`{text}` is no condition"))
            .hint("write share, long and short window as in `2%/1h/5m`")
    })
}

/// What alerts are judged by: never the incidents they opened.
fn truth(
    it: &Backtest,
    feature: &Feature,
    replay: &Replay,
    recording: &Recording,
) -> Result<Vec<Stretch>, Problem> {
    let Some(named) = &it.reports else {
        let share = it.share / 100.0;
        return Ok(backtest::episodes(&replay.minutes, feature.objective, feature.window, share));
    };
    let id = SloId::parse(named)
        .map_err(|error| Problem::negative("this is no objective").detail(error))?;
    let minutes: Vec<_> = recording
        .iter()
        .flat_map(|(minute, all)| all.iter().map(move |(slo, slice)| (*minute, slo, *slice)))
        .filter(|(_, slo, _)| **slo == id)
        .map(|(minute, _, slice)| (minute, slice))
        .collect();
    if minutes.is_empty() {
        return Err(Problem::negative(format!("nothing is recorded of {id}"))
            .hint("push what users report with `lamplighter push`"));
    }
    Ok(backtest::reported(&minutes, it.reports_min))
}

/// Under the exclusions of `catalogue`, and those that were approved in the journal.
fn masked_board(catalogue: &Catalogue, journal: &State, now: Timestamp) -> Board {
    let masks = server::masks_in_force(catalogue, journal, now, &Zones::bundled());
    Board::with_masks(catalogue, masks)
}

/// Nights where the first people who would be called live; UTC where nobody is known.
fn night_of(catalogue: &Catalogue, feature: &Feature) -> impl Fn(i64) -> Option<i64> + use<> {
    let named = feature.escalation.as_ref().and_then(|it| catalogue.escalations.get(it));
    let own = catalogue.escalations.iter().find(|(id, _)| id.as_str() == feature.team.as_str());
    let policy = named.or(own.map(|it| it.1));
    let rota = policy.into_iter().flat_map(|it| &it.steps).find_map(|step| {
        step.page.iter().find_map(|it| match it {
            PageTarget::Rota(id) => catalogue.rotas.get(id),
            _ => None,
        })
    });
    let zone = rota.map_or_else(|| "UTC".to_owned(), |it| it.timezone.clone());
    let zones = Zones::bundled();
    move |minute| {
        let night = oncall::night(&zone, Timestamp::from_minute(minute), &zones)?;
        Some(night.0.minute())
    }
}

/// Tells on a terminal how far a replay has come.
fn progress() -> impl FnMut(i64, i64) {
    let told = std::io::stderr().is_terminal();
    move |done, all| {
        if told && (done % 1_440 == 0 || done == all) {
            let end = if done == all { "\n" } else { "" };
            let line = format!("\rplaying back: {} of {} days{end}", done / 1_440, all / 1_440);
            // Nobody is harmed when progress cannot be shown.
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    }
}

fn named(set: &[Condition]) -> String {
    let pages = set.iter().filter(|it| it.severity == Severity::Page);
    let pages: Vec<_> = pages.map(ToString::to_string).collect();
    if pages.is_empty() { "nothing".to_owned() } else { pages.join(" or ") }
}

fn percent(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), |it| format!("{:.0} %", it * 100.0))
}

fn minutes(it: Option<i64>) -> String {
    it.map_or("–".to_owned(), |it| Millis::from_mins(it).to_string())
}

fn shown(
    it: &Backtest,
    sets: &[Vec<Condition>],
    scores: &[Score],
    front: &[usize],
    truth: &[Stretch],
    known: usize,
) -> String {
    let mut text =
        format!("{} days of {} played back, {known} minutes of them known.\n", it.days, it.feature);
    let by = match &it.reports {
        Some(slo) => format!("stretches with at least {} reports in {slo}", it.reports_min),
        None => format!("stretches that spent at least {} % of the budget", it.share),
    };
    let _ = writeln!(text, "Judged by {}: {by}.", counted(truth.len(), "episode"));
    for stretch in truth {
        let _ = writeln!(
            text,
            "  {} to {}: {}",
            Timestamp::from_minute(stretch.from),
            Timestamp::from_minute(stretch.to + 1),
            weighed(stretch.weight, it.reports.is_some()),
        );
    }
    if it.sweep {
        let _ = writeln!(text, "{} sets tried; those that none beats:", sets.len());
    }
    let _ = writeln!(
        text,
        "{:>5} {:>9} {:>6} {:>8} {:>7} {:>6}  conditions",
        "calls", "precision", "recall", "to call", "to end", "nights"
    );
    let mut line = |place: usize, others: usize| {
        let score = &scores[place];
        let _ = writeln!(
            text,
            "{:>5} {:>9} {:>6} {:>8} {:>7} {:>6}  {}{}{}",
            score.pages,
            percent(score.precision()),
            percent(score.recall()),
            minutes(score.detection_median()),
            minutes(score.reset_median()),
            score.nights,
            named(&sets[place]),
            if place == 0 && it.condition.is_empty() { " (in force)" } else { "" },
            if others == 0 {
                String::new()
            } else {
                format!(", and {} with the same result", counted(others, "other set"))
            },
        );
    };
    if !front.contains(&0) {
        line(0, 0);
    }
    for (place, others) in alike(scores, front) {
        line(place, others);
    }
    text
}

/// Of trials with the same score the first, and how many others there are.
fn alike(scores: &[Score], front: &[usize]) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = vec![];
    for place in front {
        match found.iter_mut().find(|it| scores[it.0] == scores[*place]) {
            Some(same) => same.1 += 1,
            None => found.push((*place, 0)),
        }
    }
    found
}

/// What an episode weighs, with what it is of.
fn weighed(weight: f64, is_reports: bool) -> String {
    if is_reports {
        return format!("{weight:.0} {}", if weight < 1.5 { "report" } else { "reports" });
    }
    let percent = weight * 100.0;
    let digits = usize::from(percent < 100.0);
    format!("{percent:.digits$} % of the budget")
}

/// `1 night`, `2 nights`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn as_json(
    sets: &[Vec<Condition>],
    scores: &[Score],
    front: &[usize],
    truth: &[Stretch],
    known: usize,
) -> Value {
    let stretch = |it: &Stretch| {
        json!({
            "from": Timestamp::from_minute(it.from).to_string(),
            "to": Timestamp::from_minute(it.to + 1).to_string(), "weight": it.weight,
        })
    };
    let trial = |(place, score): (usize, &Score)| {
        json!({
            "conditions": sets[place], "named": named(&sets[place]),
            "calls": score.pages, "false_calls": score.false_pages, "missed": score.missed,
            "precision": score.precision(), "recall": score.recall(),
            "detection_minutes_median": score.detection_median(),
            "detection_minutes": score.detection_minutes,
            "reset_minutes_median": score.reset_median(), "nights": score.nights,
            "unbeaten": front.contains(&place),
        })
    };
    json!({
        "known_minutes": known,
        "episodes": truth.iter().map(stretch).collect::<Vec<_>>(),
        "trials": scores.iter().enumerate().map(trial).collect::<Vec<_>>(),
    })
}

/// Every trial by time to the call and calls for nothing; the unbeaten ones are joined and named.
fn svg(sets: &[Vec<Condition>], scores: &[Score], front: &[usize]) -> String {
    let slowest = scores.iter().filter_map(Score::detection_median).max().unwrap_or(1).max(1);
    let falsest = scores.iter().map(|it| it.false_pages).max().unwrap_or(1).max(1);
    let at = |it: &Score| {
        let right = it.detection_median().unwrap_or(slowest);
        let part = |it: i64, of: i64, length: i64| it * length / of.max(1);
        let up = i64::try_from(it.false_pages).unwrap_or(0);
        let most = i64::try_from(falsest).unwrap_or(1);
        (60 + part(right, slowest, 560), 340 - part(up, most, 300))
    };
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 660 400\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<title>Conditions tried</title>\n\
         <desc>{} sets of conditions by the median time to the call and by calls for nothing; {} of \
         them are beaten by none: {}.</desc>\n<path d=\"M60 30V340H630\" fill=\"none\" stroke=\"#555\"/>\n\
         <text x=\"345\" y=\"385\" text-anchor=\"middle\">median time to the call, 0 to {slowest} min</text>\n\
         <text x=\"16\" y=\"190\" text-anchor=\"middle\" transform=\"rotate(-90 16 190)\">calls for nothing, \
         0 to {falsest}</text>\n",
        sets.len(),
        front.len(),
        front.iter().map(|it| named(&sets[*it])).collect::<Vec<_>>().join("; "),
    );
    for (place, score) in scores.iter().enumerate() {
        let (x, y) = at(score);
        let is_front = front.contains(&place);
        let fill = if is_front { "#b30000" } else { "#bbb" };
        let size = if is_front { 6 } else { 4 };
        let missed = if score.missed > 0 { " stroke=\"#000\" stroke-dasharray=\"2\"" } else { "" };
        let _ = writeln!(
            text,
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{size}\" fill=\"{fill}\"{missed}><title>{}: {} calls, {} for \
             nothing, {} episodes missed, {} to the call</title></circle>",
            named(&sets[place]),
            score.pages,
            score.false_pages,
            score.missed,
            minutes(score.detection_median()),
        );
    }
    text + "</svg>\n"
}

/// What changed promises would have done over recorded minutes, as sentences and for programs; one entry
/// per feature whose promise, needs or exclusions are others.
pub(crate) fn planned(
    it: &PlanChange,
    before: &Catalogue,
    after: &Catalogue,
) -> Result<Vec<Value>, Problem> {
    let Some(data) = &it.data else { return Ok(vec![]) };
    let (place, org) = crate::offline::found_at(server::Place::Folder(data.clone()), None)?;
    let mut samples = place.samples(&org)?;
    let excluded = crate::journal::state(&place, &org)?;
    let end = SystemClock.now().minute() - 1;
    let mut changes = vec![];
    for (id, feature) in &after.features {
        let same = before.features.get(id).is_some_and(|it| is_same(it, feature))
            && before.watched.exclusions == after.watched.exclusions
            && before.watched.maintenance == after.watched.maintenance;
        if same {
            continue;
        }
        let days = feature.window.max(before.features.get(id).map_or(Millis::ZERO, |it| it.window));
        let from = end + 1 - days.whole_mins();
        let mut of = |catalogue: &Catalogue| -> Result<Option<Value>, Problem> {
            let Some(feature) = catalogue.features.get(id) else { return Ok(None) };
            let recording = server::recording(&mut *samples, catalogue, from, end)?;
            Ok(Some(would_be((catalogue, &excluded), id, feature, &recording, end)))
        };
        changes.push(json!({
            "feature": id, "days": days.whole_mins() / 1_440,
            "before": of(before)?, "after": of(after)?,
        }));
    }
    Ok(changes)
}

fn is_same(before: &Feature, after: &Feature) -> bool {
    (before.objective, before.window, before.method)
        == (after.objective, after.window, after.method)
        && before.calendar == after.calendar
        && before.needs == after.needs
        && before.own == after.own
        && conditions_of(before) == conditions_of(after)
}

fn would_be(
    (catalogue, journal): (&Catalogue, &State),
    id: &FeatureId,
    feature: &Feature,
    recording: &Recording,
    end: i64,
) -> Value {
    let mut board = masked_board(catalogue, journal, Timestamp::from_minute(end));
    let sets = [conditions_of(feature)];
    let replay = backtest::replay(&mut board, recording, id, &sets, &mut progress());
    let count =
        |severity| replay.fired[0].iter().filter(|it: &&Fired| it.severity == severity).count();
    let budget = board.assess_feature(id, end);
    let window = board.span(id, end).map_or(feature.window, |it| it.passed);
    let composite = board.composite(id, window, end, ValueFunction::Overlapping);
    let attribution = composite.and_then(|it| it.attribution);
    let shares: Vec<Value> = attribution
        .iter()
        .flat_map(|all| all.members.iter().map(move |it| (all, it)))
        .map(|(all, it)| json!({ "slo": it.slo, "share": all.share(it) }))
        .collect();
    json!({
        "objective": feature.objective, "alerts": named(&sets[0]),
        "pages": count(Severity::Page), "tickets": count(Severity::Ticket),
        "nights": backtest::nights(&replay.fired[0], &night_of(catalogue, feature)),
        "spent_ratio": budget.as_ref().and_then(|it| it.budget.spent_ratio),
        "coverage": budget.as_ref().map(|it| it.budget.coverage),
        "not_measurable": budget.as_ref().and_then(|it| Some(it.thin?.told(it.window))),
        "hidden": budget.and_then(|it| it.hidden),
        "spent_by": shares,
    })
}

/// The same as lines.
pub(crate) fn planned_told(changes: &[Value]) -> String {
    let mut text = String::new();
    for change in changes {
        let _ = writeln!(
            text,
            "{} over the last {} days, had it been so:",
            crate::ask::plain(&change["feature"]),
            change["days"]
        );
        for when in ["before", "after"] {
            let it = &change[when];
            if it.is_null() {
                let _ = writeln!(text, "  {when}: there is none");
                continue;
            }
            let shares = it["spent_by"].as_array().map_or(&[][..], Vec::as_slice);
            let paid = |it: &Value| {
                format!("{} {}", crate::ask::plain(&it["slo"]), percent(it["share"].as_f64()))
            };
            let paid: Vec<String> =
                shares.iter().filter(|it| it["share"].as_f64() > Some(0.0)).map(paid).collect();
            let count = |key: &str, noun| {
                counted(usize::try_from(it[key].as_u64().unwrap_or(0)).unwrap_or(usize::MAX), noun)
            };
            let alerts = match (&change["before"]["alerts"], &change["after"]["alerts"]) {
                (before, after) if before == after => String::new(),
                _ => format!(" alerting at {}", crate::ask::plain(&it["alerts"])),
            };
            let _ = write!(
                text,
                "  {when}: {}{alerts}, {} of the budget spent, {} in {}, {}, {} of the time known",
                crate::ask::plain(&it["objective"]),
                percent(it["spent_ratio"].as_f64()),
                count("pages", "call"),
                count("nights", "night"),
                count("tickets", "ticket"),
                percent(it["coverage"].as_f64()),
            );
            let _ = writeln!(
                text,
                "{}",
                if paid.is_empty() {
                    String::new()
                } else {
                    format!("; spent by {}", paid.join(", "))
                }
            );
            let hidden = crate::exclude::hidden_told(it);
            if !hidden.is_empty() {
                let _ = writeln!(text, "    {hidden}");
            }
            if let Some(thin) = it["not_measurable"].as_str() {
                let _ = writeln!(text, "    {thin}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let shown = condition(text).map_or_else(|it| it.to_string(), |it| named(&[it]));
        assert!(shown.starts_with(expected), "{shown}");
    }

    #[test]
    fn conditions_are_read() {
        check("2%/1h/5m", "2%/1h/5m");
        check("0.5%/30m/2m", "0.5%/30m/2m");
        for wrong in ["2/1h/5m", "2%/5m/1h", "2%/1h", "0%/1h/5m", "2%/1x/5m", "2%/1h/5m/1"] {
            check(wrong, &format!("error: `{wrong}` is no condition"));
        }
    }

    #[test]
    fn words_carry_their_unit() {
        assert_eq!(weighed(0.2012, false), "20.1 % of the budget");
        assert_eq!(weighed(1.204, false), "120 % of the budget");
        assert_eq!([weighed(1.0, true), weighed(57.0, true)], ["1 report", "57 reports"]);
        assert_eq!([counted(0, "night"), counted(1, "night")], ["0 nights", "1 night"]);
    }

    #[test]
    fn what_calls_otherwise_is_played_again() {
        let needs = || model::Need::Slo("api.up".into());
        let before = testkit::feature("Do we?", "payments", "99.5%", needs());
        let mut after = before.clone();
        // Written out, the usual conditions are still the usual ones.
        after.alerts = slo::default_conditions().map(Into::into).into();
        assert!(is_same(&before, &after));
        after.alerts.pop();
        assert!(!is_same(&before, &after));
        after.alerts = vec![];
        after.alerts_nobody = true;
        assert!(!is_same(&before, &after));
        assert_eq!(named(&conditions_of(&after)), "nothing");
    }

    #[test]
    fn equal_results_are_told_once() {
        let score = |pages| Score {
            pages,
            false_pages: 0,
            episodes: 1,
            missed: 0,
            detection_minutes: vec![5],
            reset_minutes: vec![],
            nights: 1,
        };
        let scores = [score(1), score(2), score(1), score(1)];
        assert_eq!(alike(&scores, &[0, 1, 2, 3]), [(0, 2), (1, 0)]);
    }

    #[test]
    fn changed_conditions_are_told() {
        let side = |alerts: &str, pages| {
            json!({ "objective": "99%", "alerts": alerts, "pages": pages, "tickets": 0, "nights": 0,
                "spent_ratio": 0.5, "coverage": 1.0, "spent_by": [] })
        };
        let change = json!({ "feature": "light-on", "days": 28,
            "before": side("2%/1h/5m", 2), "after": side("5%/1h/5m", 1) });
        assert_eq!(
            planned_told(&[change]),
            "light-on over the last 28 days, had it been so:\n  before: 99% alerting at 2%/1h/5m, 50 % of the \
             budget spent, 2 calls in 0 nights, 0 tickets, 100 % of the time known\n  after: 99% alerting at \
             5%/1h/5m, 50 % of the budget spent, 1 call in 0 nights, 0 tickets, 100 % of the time known\n"
        );
    }

    #[test]
    fn a_plan_is_told() {
        let change = json!({ "feature": "light-on", "days": 28,
            "before": { "objective": "99.5%", "pages": 3, "tickets": 1, "nights": 2, "spent_ratio": 1.2,
                "coverage": 0.9, "spent_by": [{ "slo": "api.up", "share": 0.75 }] },
            "after": { "objective": "99%", "pages": 1, "tickets": 0, "nights": 1, "spent_ratio": 0.6,
                "coverage": 0.9, "spent_by": [], "hidden": { "minutes": 9, "bad": 2, "spent_without": 0.7 } } });
        assert_eq!(
            planned_told(&[change]),
            "light-on over the last 28 days, had it been so:\n  before: 99.5%, 120 % of the budget spent, 3 calls \
             in 2 nights, 1 ticket, 90 % of the time known; spent by api.up 75 %\n  after: 99%, 60 % of the \
             budget spent, 1 call in 1 night, 0 tickets, 90 % of the time known\n    Not counted: 9 minutes and 2 failed attempts \
             that exclusions hide; with them 70 % of the budget is spent.\n"
        );
    }
}
