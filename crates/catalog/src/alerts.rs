//! When a promise alerts, from the tree: shapes, judgement and what is built.
//!
//! Intuition: a condition says how much of the budget must be gone within which time to be worth a call. One
//! that even a total outage cannot fulfil is an alert that never rings, and whoever writes it believes that it
//! does: so it is an error with the arithmetic. The usual set is lowered instead, because nobody wrote it.
//!
//! Invariant: what `check` lets pass, `build` can build.

use crate::diagnostic::{Problem, Sink, quote};
use crate::sections::Sections;
use crate::shape::Presence::{Default, Optional, Required};
use crate::shape::{Field, Kind, Limits, Plain, Shape, WINDOW_DEFAULT, field};
use crate::yaml::Node;
use crate::{scalars, slis};
use model::{
    AlertCondition, Alerts, BudgetAlerts, BudgetLeft, Exhausted, Millis, NoData, Objective,
    Severity,
};
use slo::Condition;

const PYRRA: &str = "pyrra";
const NONE: &str = "none";

/// The key `alerts` of a service objective.
pub(crate) const SLO_ALERTS_FIELD: Field = field(
    "alerts",
    Optional,
    Kind::Either { list: &Kind::Plain(Plain::Choice(&["workbook", PYRRA])), record: &ALERTS },
    "Alerts the team of the service by itself, without a feature: `workbook`, `pyrra` or conditions as for a feature. Without this key only features that need it alert.",
);

/// The key `alerts` of a feature.
pub(crate) const ALERTS_FIELD: Field = field(
    "alerts",
    crate::shape::Presence::Default("workbook"),
    Kind::Either { list: &Kind::Plain(Plain::Choice(&["workbook", PYRRA, NONE])), record: &ALERTS },
    "When its budget alerts: `workbook` (the four conditions of the SRE Workbook, lowered where they could not fire), `pyrra` (Pyrra's four, without their waiting times), `none` (it is only looked at), or conditions of your own; and alerts on how its budget stands.",
);

static ALERTS: Shape = Shape {
    title: "alert conditions",
    about: "Conditions such as `2%/1h/5m`: so much of the budget gone within the long window, and still going on in the short one. And alerts on how the budget stands.",
    fields: &[
        field(
            "set",
            Default("workbook"),
            Kind::Plain(Plain::Choice(&["workbook", PYRRA])),
            "The usual conditions, where none of your own stand under `page` and `ticket`.",
        ),
        field("page", Optional, CONDITIONS, "Any of these calls people."),
        field("ticket", Optional, CONDITIONS, "Any of these makes a ticket; it wakes nobody."),
        field(
            "budget-left",
            Optional,
            Kind::Either { list: &Kind::Plain(Plain::Text(10)), record: &LEFT },
            "Alerts when less than this share of the budget is left, as `10%`. It ends when a tenth more is left again.",
        ),
        field(
            "exhausted-within",
            Optional,
            Kind::Either { list: &Kind::Plain(Plain::Duration(WITHIN)), record: &EXHAUSTED },
            "Alerts when the budget will be gone within this time at the current burn, or is gone.",
        ),
        field(
            "no-data",
            Default(NO_DATA_DEFAULT),
            Kind::Either { list: &Kind::Plain(Plain::Duration(SILENT)), record: &NO_DATA },
            "Alerts when nothing has been measured for this long though the source answers.",
        ),
    ],
};

const NO_DATA_DEFAULT: &str = "30m";
const WITHIN: Limits = Limits { shortest: Millis::from_hours(1), longest: Millis::from_days(90) };
const SILENT: Limits = Limits { shortest: Millis::from_mins(2), longest: Millis::from_days(7) };
const SEVERITY: Kind = Kind::Plain(Plain::Choice(&["page", "ticket"]));
const SEVERITY_FIELD: Field = field("severity", Default("ticket"), SEVERITY, "How urgent it is.");

static LEFT: Shape = Shape {
    title: "budget left",
    about: "An alert when little of the budget is left.",
    fields: &[
        field(
            "below",
            Required,
            Kind::Plain(Plain::Text(10)),
            "The share of the whole budget, from `0.1%` to `90%`.",
        ),
        SEVERITY_FIELD,
    ],
};

static EXHAUSTED: Shape = Shape {
    title: "budget exhausted within",
    about: "An alert when the budget will soon be gone.",
    fields: &[
        field(
            "within",
            Required,
            Kind::Plain(Plain::Duration(WITHIN)),
            "At the burn of the last twelfth of this time, an hour to a day.",
        ),
        SEVERITY_FIELD,
    ],
};

static NO_DATA: Shape = Shape {
    title: "no data",
    about: "An alert when nothing is measured.",
    fields: &[
        field("after", Required, Kind::Plain(Plain::Duration(SILENT)), "For how long."),
        SEVERITY_FIELD,
    ],
};

const CONDITIONS: Kind = Kind::Set(&Kind::Plain(Plain::Text(40)));

/// Reports conditions that cannot be read or can never fire.
pub(crate) fn check(sections: &Sections, sink: &mut Sink) {
    for feature in sections.entries("features") {
        if let Some(alerts) = feature.value.get("alerts") {
            check_one(&feature.key, &feature.value, alerts, sink);
        }
    }
    for service in sections.entries("services").chain(sections.entries("suppliers")) {
        let slos = service.value.get("slos").map_or(&[][..], Node::entries);
        for slo in slos {
            if let Some(alerts) = slo.value.get("alerts") {
                check_one(&format!("{}.{}", service.key, slo.key), &slo.value, alerts, sink);
            }
        }
    }
}

fn check_one(name: &str, node: &Node, alerts: &Node, sink: &mut Sink) {
    let promise = promise(node);
    if names_pyrra(alerts)
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
            let hint = "write share, long and short window as in `2%/1h/5m`, the short one shorter";
            sink.push(Problem::at(written.span, "LL136", message).hint(hint));
            continue;
        };
        let why = promise.and_then(|(objective, window)| condition.never_fires(objective, window));
        if let Some(why) = why {
            let message = format!("{} can never fire: {why}", quote(text));
            let hint = "take a smaller share or a longer window";
            sink.push(Problem::at(written.span, "LL137", message).hint(hint));
        }
    }
    if alerts.get("ticket").is_some() && alerts.get("page").is_none() {
        let message = format!("nobody is ever woken for the budget of {}", quote(name));
        let hint = "add conditions under `page`";
        sink.push(Problem::at(alerts.span, "LL138", message).hint(hint));
    }
    check_budget(alerts, promise, sink);
}

/// Reports what cannot be read of the alerts on how a budget stands, or can never come.
fn check_budget(alerts: &Node, promise: Option<(Objective, Millis)>, sink: &mut Sink) {
    if let Some(set) = alerts.get("set")
        && (alerts.get("page").is_some() || alerts.get("ticket").is_some())
    {
        let message = "`set` stands beside conditions of your own, and only one of them can hold";
        let hint = "leave `set` out, or `page` and `ticket`";
        sink.push(Problem::at(set.span, "LL103", message).hint(hint));
    }
    let below = alerts.get("budget-left").map(|it| it.get("below").unwrap_or(it));
    if let Some((node, text)) = below.and_then(|it| Some((it, it.text()?)))
        && share_ppm(text).is_none()
    {
        let message = format!("{} is no share of a budget", quote(text));
        let hint = "write a percentage from `0.1%` to `90%`";
        sink.push(Problem::at(node.span, "LL104", message).hint(hint));
    }
    let within = alerts.get("exhausted-within").map(|it| it.get("within").unwrap_or(it));
    if let Some((node, text)) = within.and_then(|it| Some((it, it.text()?)))
        && let (Some(within), Some((objective, window))) = (scalars::duration(text), promise)
        && within >= window
    {
        let message = format!(
            "a budget of {objective} over {window} comes back as it goes: whether it lasts {} says nothing",
            quote(text)
        );
        let hint = "take a time shorter than the window";
        sink.push(Problem::at(node.span, "LL105", message).hint(hint));
    }
}

/// Whether nobody is to be alerted.
pub(crate) fn is_none(alerts: &Node) -> bool {
    alerts.text() == Some(NONE)
}

fn names_pyrra(alerts: &Node) -> bool {
    let set = alerts.get("set").and_then(Node::text);
    alerts.text().or(set) == Some(PYRRA)
}

/// Reads `10%` as parts per million, from 0.1 % to 90 %.
fn share_ppm(text: &str) -> Option<u32> {
    let digits = text.strip_suffix('%')?;
    if !digits.bytes().all(|it| it.is_ascii_digit() || it == b'.') {
        return None;
    }
    let percent: f64 = digits.parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0.1 % to 90 %"
    )]
    let ppm = (0.1..=90.0).contains(&percent).then(|| (percent * 10_000.0).round() as u32);
    ppm
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

/// What stands under `alerts` of a promise over `window`.
pub(crate) fn build(alerts: &Node, window: Millis) -> Alerts {
    let budget = BudgetAlerts {
        left: alerts.get("budget-left").map(|it| {
            let (text, severity) = valued(it, "below");
            let below_ppm = text.and_then(share_ppm).expect("shares were checked");
            BudgetLeft { below_ppm, severity }
        }),
        exhausted: alerts.get("exhausted-within").map(|it| {
            let (within, severity) = lasting(it, "within");
            Exhausted { within, severity }
        }),
        no_data: alerts.get("no-data").map(|it| {
            let (after, severity) = lasting(it, "after");
            NoData { after, severity }
        }),
    };
    if names_pyrra(alerts) {
        let conditions = slo::pyrra_conditions(window).map(Into::into).into();
        return Alerts { conditions, budget };
    }
    let read = |(it, severity): (&Node, _)| {
        let condition = it.text().and_then(|it| Condition::parse(it, severity));
        AlertCondition::from(condition.expect("conditions were checked"))
    };
    Alerts { conditions: written(alerts).into_iter().map(read).collect(), budget }
}

/// A value that stands alone or under `key` beside a severity.
fn valued<'a>(node: &'a Node, key: &str) -> (Option<&'a str>, Severity) {
    let text = node.text().or_else(|| node.get(key)?.text());
    let severity = match node.get("severity").and_then(Node::text) {
        Some("page") => Severity::Page,
        _ => Severity::Ticket,
    };
    (text, severity)
}

fn lasting(node: &Node, key: &str) -> (Millis, Severity) {
    let (text, severity) = valued(node, key);
    (text.and_then(scalars::duration).expect("durations were checked"), severity)
}
