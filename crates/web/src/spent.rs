//! Who spent a feature's budget: for the API and for the view of the feature.
//!
//! Intuition: the number above says how much was spent, this list says by whom, and both say under
//! which assumption. A line is what a member pays of the bill, not how often it failed; the bill is
//! the figure shown as spent, so the lines sum to it.
//!
//! Invariant: nothing here is without [`ASSUMPTION`] and the share of time that was measured.

use crate::show;
use maud::{Markup, html};
use model::{Catalogue, FeatureId, Objective, ServiceKind};
use serde_json::{Value, json};
use slo::composition::{
    Apportioned, Attributed, Composite, Delivery, GRID, TargetMember, Targeted, ValueFunction,
    Verdict, assumption,
};
use slo::{Board, WindowCounts};
use std::collections::BTreeMap;

/// What is shown about one feature.
struct Spent {
    objective: Objective,
    composite: Composite,
    targeted: Targeted,
    /// Which part of it is assumed and not counted.
    assumption: Option<String>,
    /// What was measured from end to end, and its division.
    measured: Option<WindowCounts>,
    apportioned: Option<Apportioned>,
}

impl Spent {
    /// Over the feature's own window; `None` where there is nothing to compose.
    fn of(board: &Board, feature: &FeatureId, end_minute: i64) -> Option<Self> {
        let objective = board.promise(feature)?.0;
        let window = board.span(feature, end_minute)?.passed;
        let value_function = ValueFunction::Overlapping;
        let composite = board.composite(feature, window, end_minute, value_function)?;
        let targeted = board.targets(feature, end_minute)?;
        let members: Vec<_> = targeted.members.iter().map(|it| it.slo.clone()).collect();
        let assumption = assumption(feature, &members, board.attempts_of(feature).is_some());
        let measured = board.measured(feature, end_minute).filter(|it| it.known_minutes > 0);
        let apportioned = measured.and_then(|it| composite.apportion(it));
        Some(Self { objective, composite, targeted, assumption, measured, apportioned })
    }

    fn ratio(&self, failures: f64) -> Option<f64> {
        self.composite.spent(failures, self.objective)
    }

    /// Who paid how much, the largest first.
    fn payers(&self) -> Vec<Payer<'_>> {
        let Some(attribution) = &self.composite.attribution else { return vec![] };
        let mut payers = vec![];
        for (place, (it, target)) in
            attribution.members.iter().zip(&self.targeted.members).enumerate()
        {
            let estimated = (attribution.share(it), attribution.failures(it.parts));
            let paid = self.apportioned.as_ref().map(|all| {
                let parts = all.members[place];
                (all.share(parts), Apportioned::failures(parts))
            });
            let (share, failed) = paid.unwrap_or(estimated);
            let recovered = attribution.failures(it.recovered);
            let parts = self.apportioned.as_ref().map_or(it.parts, |all| all.members[place]);
            payers.push(Payer { attributed: it, target, share, failed, recovered, parts });
        }
        payers.sort_by_key(|it| std::cmp::Reverse(it.attributed.parts));
        payers
    }

    /// Whether the bounds are too far apart to act upon, and nothing else is measured.
    fn is_wide(&self) -> bool {
        self.measured.is_none() && self.composite.is_wide(self.objective)
    }

    /// The share of the budget that was spent as measured from end to end.
    fn measured_spent(&self) -> Option<f64> {
        let it = self.measured?;
        Some(it.error_ratio()? / self.objective.budget_ratio())
    }
}

/// One line of the bill.
struct Payer<'a> {
    attributed: &'a Attributed,
    target: &'a TargetMember,
    share: Option<f64>,
    failed: f64,
    recovered: f64,
    /// The same exactly, so that sums over owners are.
    parts: u128,
}

/// Whose members spent how much.
pub(crate) struct Owner {
    /// `team payments` or `supplier carrier-a`.
    pub(crate) name: String,
    failed: f64,
    share: Option<f64>,
    members: Vec<String>,
}

impl Spent {
    /// The bill by who runs what: sums of exact parts, so they add up to what members paid.
    fn owners(&self, catalogue: &Catalogue) -> Vec<Owner> {
        let mut sums: BTreeMap<String, (u128, Vec<String>)> = BTreeMap::new();
        for payer in self.payers() {
            let service = &payer.attributed.slo.service;
            let name = match catalogue.services.get(service).map(|it| &it.kind) {
                Some(ServiceKind::Own { team }) => format!("team {team}"),
                Some(ServiceKind::Supplier) => format!("supplier {service}"),
                None => format!("service {service}"),
            };
            let sum = sums.entry(name).or_default();
            sum.0 += payer.parts;
            sum.1.push(payer.attributed.slo.to_string());
        }
        let Some(attribution) = &self.composite.attribution else { return vec![] };
        let total: u128 = sums.values().map(|it| it.0).sum();
        let unexplained = self.apportioned.as_ref().map_or(0, |it| it.unexplained);
        let failures = |parts: u128| match &self.apportioned {
            Some(_) => Apportioned::failures(parts),
            None => attribution.failures(parts),
        };
        let whole = failures(total + unexplained);
        let mut owners: Vec<(u128, Owner)> = sums
            .into_iter()
            .map(|(name, (parts, members))| {
                let failed = failures(parts);
                let share = (whole > 0.0).then(|| failed / whole);
                (parts, Owner { name, failed, share, members })
            })
            .collect();
        owners.sort_by_key(|it| std::cmp::Reverse(it.0));
        owners.into_iter().map(|it| it.1).collect()
    }
}

/// By whose members how much was spent, for programs.
pub(crate) fn owners_json(
    board: &Board,
    feature: &FeatureId,
    end_minute: i64,
    catalogue: Option<&Catalogue>,
) -> Value {
    let found = Spent::of(board, feature, end_minute);
    let owners = found.zip(catalogue).map(|(it, all)| it.owners(all)).unwrap_or_default();
    let one = |it: &Owner| {
        json!({
            "owner": it.name, "failed": it.failed, "share": it.share,
            "share_shown": share_words(it.share), "members": it.members,
        })
    };
    owners.iter().map(one).collect()
}

/// The composition of a feature for the API; null where there is nothing to compose.
pub(crate) fn json(board: &Board, feature: &FeatureId, end_minute: i64) -> Value {
    let Some(it) = Spent::of(board, feature, end_minute) else { return Value::Null };
    let composite = &it.composite;
    let edges = |of: &dyn Fn(f64) -> Option<f64>| {
        json!({
            "at_least": of(composite.at_least),
            "overlapping": composite.overlapping.and_then(of),
            "independent": composite.independent.and_then(of),
            "at_most": of(composite.at_most),
        })
    };
    let payer = |payer: &Payer<'_>| {
        json!({
            "slo": payer.attributed.slo.to_string(),
            "share": payer.share,
            "share_shown": share_words(payer.share),
            "failed": payer.failed,
            "recovered": payer.recovered,
            "recovered_spent": it.ratio(payer.recovered),
        })
    };
    let measured = it.measured.map(|found| {
        json!({
            "failed": found.bad, "attempts": found.total, "coverage": found.coverage(),
            "spent": it.measured_spent(),
            "unexplained": it.apportioned.as_ref().map(|it| Apportioned::failures(it.unexplained)),
        })
    });
    let unmeasured = composite.unmeasured;
    json!({
        "assumption": it.assumption,
        "measured": measured,
        "grid": GRID,
        "value_function": ValueFunction::Overlapping.in_words(),
        "minutes": composite.minutes,
        "coverage": composite.coverage(),
        "attempts": composite.attempts,
        "failed": edges(&Some),
        "spent": edges(&|failures| it.ratio(failures)),
        "wide": it.is_wide(),
        "unmeasured": {
            "attempts": unmeasured.attempts,
            "at_least": unmeasured.at_least,
            "at_most": unmeasured.at_most,
        },
        "repeated": composite.repeated.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "spent_by": it.payers().iter().map(payer).collect::<Vec<_>>(),
        "targets": targets_json(&it.targeted, it.objective),
    })
}

fn targets_json(targeted: &Targeted, objective: Objective) -> Value {
    let member = |it: &TargetMember| {
        json!({
            "slo": it.slo.to_string(),
            "objective": it.objective,
            "promised_too_little": it.is_promised_too_little,
            "delivery": match it.delivery {
                Delivery::Unmeasured => "unmeasured",
                Delivery::Failing => "failing",
                Delivery::Kept => "kept",
                Delivery::OverDelivered => "over_delivered",
            },
        })
    };
    json!({
        "verdict": match targeted.verdict {
            Verdict::Guaranteed => "guaranteed",
            Verdict::IfIndependent => "if_independent",
            Verdict::AtBest => "at_best",
            Verdict::OutOfReach => "out_of_reach",
        },
        "told": verdict_words(targeted, objective),
        "guaranteed": targeted.guaranteed,
        "independent": targeted.independent,
        "best": targeted.best,
        "ceiling": targeted.ceiling,
        "members": targeted.members.iter().map(member).collect::<Vec<_>>(),
    })
}

/// The section of the view; empty of a feature with one member.
pub(crate) fn section(
    board: &Board,
    feature: &FeatureId,
    end_minute: i64,
    catalogue: Option<&Catalogue>,
) -> Markup {
    let found = Spent::of(board, feature, end_minute);
    let told = |it: &Spent| it.targeted.members.len() > 1 || it.measured.is_some();
    let Some(it) = found.filter(told) else { return html! {} };
    let percent = |failures: Option<f64>| {
        failures.and_then(|failures| it.ratio(failures)).map_or("?".to_owned(), show::percent)
    };
    let composite = &it.composite;
    html! {
        h2 { "Who spent the budget" }
        (measured(&it))
        @if composite.attempts == 0 {
            p { "Nothing is known of all members at once yet, so nobody is to thank." }
        } @else {
            p { @if it.measured.is_some() { "As composed of its needs: between " } @else { "Between " }
                strong { (percent(Some(composite.at_least))) } " and "
                strong { (percent(Some(composite.at_most))) } " of the budget is spent; "
                (percent(composite.independent)) " if members fail without regard to each other. "
                (show::percent(composite.coverage())) " of the time is measured."
                @if it.is_wide() {
                    " That is too wide to act upon: people are called for the part that is certain, the rest makes a ticket. Measure this feature end to end."
                }
            }
        }
        @if composite.unmeasured.at_least >= 1.0 {
            p { "At least " (format!("{:.0}", composite.unmeasured.at_least)) " of "
                (composite.unmeasured.attempts)
                " more attempts failed while a member was unknown." }
        }
        (payers(&it))
        @if let Some(catalogue) = catalogue { (owners(&it.owners(catalogue))) }
        p { (verdict_words(&it.targeted, it.objective)) }
        @if !composite.repeated.is_empty() {
            p.soft { "Bounds are wider than need be: an attempt can meet "
                @for (place, id) in composite.repeated.iter().enumerate() {
                    @if place > 0 { ", " } code { (id) }
                } " in several places." }
        }
        p.soft { "Divided are "
            @if it.apportioned.is_some() { "the measured failures, in proportion to " }
            (ValueFunction::Overlapping.in_words())
            @if let Some(assumption) = &it.assumption { "; this " (assumption) }
            ", " (GRID) "." }
    }
}

/// What was measured from end to end, and what of it no need explains.
fn measured(it: &Spent) -> Markup {
    let Some(found) = it.measured else { return html! {} };
    let unexplained =
        it.apportioned.as_ref().map_or(0.0, |it| Apportioned::failures(it.unexplained));
    let share = it.apportioned.as_ref().and_then(|it| it.share(it.unexplained));
    html! {
        p { "Measured end to end: " strong { (found.bad) } " of " (found.total) " attempts failed, "
            strong { (it.measured_spent().map_or("?".to_owned(), show::percent)) }
            " of the budget. That is what counts."
            @if unexplained >= 0.5 {
                " " strong { (share_words(share)) } " of it (" (format!("{unexplained:.0}"))
                " attempts) no need can explain: something fails that is not named here."
            }
        }
    }
}

fn payers(it: &Spent) -> Markup {
    let payers = it.payers();
    if payers.is_empty() {
        return html! {
            p { "This feature has too many members to say who spent how much." }
        };
    }
    html! {
        ul {
            @for payer in payers {
                li {
                    strong { (share_words(payer.share)) } " " code { (payer.attributed.slo) } ": "
                    (format!("{:.0}", payer.failed)) " failed attempts; without it "
                    (it.ratio(payer.recovered).map_or("?".to_owned(), show::percent))
                    " of the budget would be back. " span.soft { "Its own " (payer.target.objective) ": "
                        (promise_words(payer.target)) "." }
                }
            }
        }
    }
}

fn owners(owners: &[Owner]) -> Markup {
    html! {
        @if owners.len() > 1 {
            p { "By who runs it: "
                @for (place, it) in owners.iter().enumerate() {
                    @if place > 0 { ", " }
                    strong { (share_words(it.share)) } " " (it.name)
                } "."
            }
        }
    }
}

fn promise_words(it: &TargetMember) -> Markup {
    html! {
        @match it.delivery {
            Delivery::Failing => { strong.bad { "▲ failing" } }
            Delivery::Kept => { "kept" }
            Delivery::OverDelivered => { "over-delivered" }
            Delivery::Unmeasured => { span.soft { "? unmeasured" } }
        }
        @if it.is_promised_too_little { ", promised too little" }
    }
}

/// Whether the members' promises are enough, as a sentence.
fn verdict_words(it: &Targeted, objective: Objective) -> String {
    let percent = |good: f64| format!("{:.3}%", good * 100.0);
    let guaranteed = percent(it.guaranteed);
    match it.verdict {
        Verdict::Guaranteed => {
            format!("If every member keeps its promise, {objective} is certain.")
        }
        Verdict::IfIndependent => format!(
            "If every member just keeps its promise, {guaranteed} is certain; {objective} is kept \
             if they fail without regard to each other."
        ),
        Verdict::AtBest => format!(
            "If every member just keeps its promise, {guaranteed} is certain; {objective} is kept \
             only if they fail for the same attempts."
        ),
        Verdict::OutOfReach => format!(
            "Out of reach: even if every member keeps its promise, only {} may come of it, and \
             {objective} is promised.",
            percent(it.best)
        ),
    }
}

/// A share of the bill, fine at both ends: 99.99% and 0.003% are not 100% and 0%.
fn share_words(share: Option<f64>) -> String {
    let Some(share) = share else { return "–".to_owned() };
    let percent = share * 100.0;
    if percent == 0.0 || percent >= 100.0 {
        format!("{percent:.0}%")
    } else if percent < 0.1 {
        format!("{percent:.3}%")
    } else if !(1.0..=99.0).contains(&percent) {
        format!("{percent:.2}%")
    } else {
        format!("{percent:.1}%")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::SloId;
    use slo::Slice;
    use slo::composition::ASSUMPTION;

    #[test]
    fn shares_are_fine_at_both_ends() {
        let shares = [0.0, 0.000_033_3, 0.000_083_3, 0.004_56, 0.333, 0.999_883, 1.0];
        let shown = shares.map(|it| share_words(Some(it)));
        assert_eq!(shown, ["0%", "0.003%", "0.008%", "0.46%", "33.3%", "99.99%", "100%"]);
    }

    /// Goal: the view and the API name who spent the budget. Method: ten hours of the sample
    /// organisation, in the last of which `activation` fails by a quarter.
    #[test]
    fn the_one_who_failed_is_named() {
        let catalogue = crate::tests::catalogue();
        let mut board = Board::new(&catalogue);
        let feature = FeatureId::from("light-on");
        let end_minute = 29_000_000;
        for minute in end_minute - 599..=end_minute {
            for (id, _) in catalogue.slos() {
                let fails = id == SloId::from("activation.on-time") && minute > end_minute - 60;
                let bad = if fails { 15 } else { 0 };
                board.record(&id, minute, Slice::known(bad, 60));
            }
            board.close_minute(minute);
        }
        let found = json(&board, &feature, end_minute);
        let first = &found["spent_by"][0];
        assert_eq!(
            (&first["slo"], &first["share_shown"], &first["failed"]),
            (&json!("activation.on-time"), &json!("100%"), &json!(900.0)),
            "{found}"
        );
        assert_eq!(found["failed"]["at_least"], found["failed"]["at_most"]);
        assert_eq!(found["assumption"], ASSUMPTION);
        let shown = section(&board, &feature, end_minute, Some(&catalogue)).into_string();
        let owners = owners_json(&board, &feature, end_minute, Some(&catalogue));
        assert_eq!(
            (&owners[0]["owner"], &owners[0]["failed"], &owners[0]["share_shown"]),
            (&json!("team field"), &json!(900.0), &json!("100%")),
            "{owners}"
        );
        let all: f64 =
            owners.as_array().unwrap().iter().filter_map(|it| it["failed"].as_f64()).sum();
        assert!((all - 900.0).abs() < f64::EPSILON, "owners sum to what members paid: {owners}");
        let line = "<strong>100%</strong> <code>activation.on-time</code>: 900 failed attempts";
        assert!(shown.contains(line) && shown.contains(ASSUMPTION), "{shown}");
        let one = FeatureId::from("see-reports");
        assert_eq!(section(&board, &one, end_minute, None).into_string(), "");
    }
}
