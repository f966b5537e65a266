//! Escalation policies: their steps, and when a step is taken.

use super::Kind::{self, List, OneOrSet, Record, Set};
use super::Presence::{Default, Optional, Required};
use super::{ABOUT_URGENCY, Limits, Plain, Shape, URGENCY, field, plain};
use model::Millis;

/// Shortest and longest time a step of an escalation may take.
const WAIT: Limits = Limits { shortest: Millis::from_secs(10), longest: Millis::from_days(1) };
/// Shortest and longest time for which an acknowledgement may hold.
const ACK_TIMEOUT: Limits =
    Limits { shortest: Millis::from_mins(1), longest: Millis::from_days(1) };

/// Time a step takes that names none.
pub(crate) const WAIT_DEFAULT: &str = "5m";
/// Days of hours that name none.
pub(crate) const DAYS_DEFAULT: [&str; 5] = ["mon", "tue", "wed", "thu", "fri"];

pub(super) static ESCALATION: Shape = Shape {
    title: "escalation",
    about: "The long form of an escalation policy.",
    fields: &[
        field("steps", Required, List(&Record(&STEP)), "The steps, in order."),
        plain(
            "repeat",
            Default("0"),
            Plain::Whole(0, 10),
            "How often the whole is repeated after its first pass.",
        ),
        plain(
            "ack-timeout",
            Optional,
            Plain::Duration(ACK_TIMEOUT),
            "How long a page stays taken. Whoever took it is reminded before that ends; unless they renew it, people are called again from the first step on.",
        ),
        plain("urgency", Default("wake"), URGENCY, ABOUT_URGENCY),
    ],
};

pub(super) static STEP: Shape = Shape {
    title: "step",
    about: "One step of an escalation policy.",
    fields: &[
        field(
            "page",
            Required,
            OneOrSet(&Kind::Plain(Plain::Target)),
            "Who is paged, one or several at the same time: `rota ID`, `rota ID next` for whoever is next in line and not called yet, `team ID`, `person ID`, or `channel ID` of a webhook or a room.",
        ),
        plain(
            "wait",
            Default(WAIT_DEFAULT),
            Plain::Duration(WAIT),
            "How long to wait for an answer before the next step.",
        ),
        field(
            "when",
            Optional,
            Record(&WHEN),
            "When the step is taken at all. Conditions never leave out everybody: if no step of a pass is left, all are taken.",
        ),
        plain(
            "acks",
            Default("1"),
            Plain::Whole(1, 10),
            "How many people must take the page while this step calls; until then the others are called.",
        ),
        plain(
            "round-robin",
            Default("false"),
            Plain::Switch,
            "Whether only one of the people is called: whoever was called longest ago.",
        ),
    ],
};

static WHEN: Shape = Shape {
    title: "when",
    about: "Conditions of a step; all that are named must hold. What is unknown counts as holding.",
    fields: &[
        plain(
            "hours",
            Optional,
            Plain::Hours,
            "Only people for whom it is that time of day in their own zone, such as `09:00-18:00`.",
        ),
        field(
            "days",
            Default("mon to fri"),
            Set(&Kind::Plain(Plain::Choice(&["mon", "tue", "wed", "thu", "fri", "sat", "sun"]))),
            "On which days `hours` hold.",
        ),
        plain(
            "severity",
            Optional,
            Plain::Choice(&["page", "ticket"]),
            "Only alerts of this severity.",
        ),
        plain(
            "budget",
            Optional,
            Plain::BudgetWhen,
            "Only while so little of the feature's budget is left: `below 10%`, or `spent`.",
        ),
    ],
};
