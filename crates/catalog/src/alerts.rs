//! When a feature's budget alerts, from the tree: shapes, judgement and what is built.
//!
//! Intuition: a condition says how much of the budget must be gone within which time to be worth a call. One
//! that even a total outage cannot fulfil is an alert that never rings, and whoever writes it believes that it
//! does: so it is an error with the arithmetic. The usual set is lowered instead, because nobody wrote it.
//!
//! Invariant: what `check` lets pass, `build` can build.

use crate::diagnostic::{Problem, Sink, quote};
use crate::sections::Sections;
use crate::shape::Presence::Optional;
use crate::shape::{Field, Kind, Plain, Shape, WINDOW_DEFAULT, field};
use crate::yaml::Node;
use crate::{scalars, slis};
use model::{AlertCondition, Millis, Objective, Severity};
use slo::Condition;

const PYRRA: &str = "pyrra";

/// The key `alerts` of a feature.
pub(crate) const ALERTS_FIELD: Field = field(
    "alerts",
    crate::shape::Presence::Default("workbook"),
    Kind::Either { list: &Kind::Plain(Plain::Choice(&["workbook", PYRRA])), record: &ALERTS },
    "When its budget alerts: `workbook` (the four conditions of the SRE Workbook, lowered where they could not fire), `pyrra` (Pyrra's four, without their waiting times), or conditions of your own.",
);

static ALERTS: Shape = Shape {
    title: "alert conditions",
    about: "Conditions such as `2%/1h/5m`: so much of the budget gone within the long window, and still going on in the short one.",
    fields: &[
        field("page", Optional, CONDITIONS, "Any of these calls people."),
        field("ticket", Optional, CONDITIONS, "Any of these makes a ticket; it wakes nobody."),
    ],
};

const CONDITIONS: Kind = Kind::Set(&Kind::Plain(Plain::Text(40)));

/// Reports conditions that cannot be read or can never fire.
pub(crate) fn check(sections: &Sections, sink: &mut Sink) {
    for feature in sections.entries("features") {
        let Some(alerts) = feature.value.get("alerts") else { continue };
        let promise = promise(&feature.value);
        if alerts.text() == Some(PYRRA)
            && let Some((objective, window)) = promise
        {
            let never = |it: &Condition| it.never_fires(objective, window);
            if let Some(why) = slo::pyrra_conditions(window).iter().find_map(never) {
                let message = format!("Pyrra's conditions do not fit this promise: {why}");
                let hint = "write conditions of your own, or leave `alerts` out";
                sink.push(Problem::at(alerts.span, "LL137", message).hint(hint));
            }
        }
        for (written, severity) in written(alerts) {
            let text = written.text().unwrap_or_default();
            let Some(condition) = Condition::parse(text, severity) else {
                let message = format!("{} is no condition", quote(text));
                let hint =
                    "write share, long and short window as in `2%/1h/5m`, the short one shorter";
                sink.push(Problem::at(written.span, "LL136", message).hint(hint));
                continue;
            };
            let why =
                promise.and_then(|(objective, window)| condition.never_fires(objective, window));
            if let Some(why) = why {
                let message = format!("{} can never fire: {why}", quote(text));
                let hint = "take a smaller share or a longer window";
                sink.push(Problem::at(written.span, "LL137", message).hint(hint));
            }
        }
        let of_own = !alerts.entries().is_empty();
        if of_own && alerts.get("page").is_none() {
            let message = format!("nobody is ever woken for the budget of {}", quote(&feature.key));
            let hint = "add conditions under `page`";
            sink.push(Problem::at(alerts.span, "LL138", message).hint(hint));
        }
    }
}

/// Every condition that is written out.
fn written(alerts: &Node) -> Vec<(&Node, Severity)> {
    let of = |key, severity| {
        let items = alerts.get(key).map_or(&[][..], Node::items);
        items.iter().filter(|it| it.text().is_some()).map(move |it| (&**it, severity))
    };
    of("page", Severity::Page).chain(of("ticket", Severity::Ticket)).collect()
}

/// What is promised, and the longest it is promised over; `None` where that cannot be read.
fn promise(node: &Node) -> Option<(Objective, Millis)> {
    let objective = Objective::parse(node.get("objective")?.text()?).ok()?;
    let window = match node.get("calendar") {
        Some(it) => slis::period(it.get("every")?.text()?).longest(),
        None => scalars::duration(crate::build::text_or(node, "window", WINDOW_DEFAULT))?,
    };
    (window > Millis::ZERO).then_some((objective, window))
}

/// The conditions of a feature; empty: as usual.
pub(crate) fn build(node: &Node, window: Millis) -> Vec<AlertCondition> {
    let Some(alerts) = node.get("alerts") else { return vec![] };
    if alerts.text() == Some(PYRRA) {
        return slo::pyrra_conditions(window).map(Into::into).into();
    }
    let read = |(it, severity): (&Node, _)| {
        let condition = it.text().and_then(|it| Condition::parse(it, severity));
        AlertCondition::from(condition.expect("conditions were checked"))
    };
    written(alerts).into_iter().map(read).collect()
}
