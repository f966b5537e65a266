//! The keys of what is watched besides alerts: heartbeats, planned work, the product itself.

use super::Kind::{List, Name, Record};
use super::Presence::{Default, Optional, Required};
use super::{Limits, Namespace, Plain, Shape, field, plain};
use model::Millis;

/// Shortest and longest time between two signs of life.
const BEAT: Limits = Limits { shortest: Millis::from_secs(1), longest: Millis::from_days(400) };
/// Shortest and longest planned work.
const WORK: Limits = Limits { shortest: Millis::from_mins(1), longest: Millis::from_days(31) };
/// Shortest and longest time between two looks of the product at itself.
const LOOK: Limits = Limits { shortest: Millis::from_secs(1), longest: Millis::from_days(7) };
/// Shortest and longest time a synthetic page may take.
const DEADLINE: Limits = Limits { shortest: Millis::from_secs(1), longest: Millis::from_mins(30) };

/// Time between two synthetic pages that is taken when none is named.
pub(crate) const SYNTHETIC_EVERY_DEFAULT: &str = "1h";
/// Time a synthetic page may take when none is named.
pub(crate) const DEADLINE_DEFAULT: &str = "2m";
/// Time between two outbound signs of life when none is named.
pub(crate) const PING_EVERY_DEFAULT: &str = "1m";

pub(super) static HEARTBEAT: Shape = Shape {
    title: "heartbeat",
    about: "A sign of life that somebody owes us. Its absence calls people; before the first one nobody is called.",
    fields: &[
        plain("every", Required, Plain::Duration(BEAT), "How often it comes."),
        plain(
            "grace",
            Default("a quarter of `every`, at most an hour"),
            Plain::Duration(BEAT),
            "How much later it may come before anybody is called.",
        ),
        plain(
            "severity",
            Default("page"),
            Plain::Choice(&["page", "ticket"]),
            "How urgent its absence is.",
        ),
        field("feature", Optional, Name(Namespace::Feature), "What its absence is about."),
        field("service", Optional, Name(Namespace::Service), "What its absence is about."),
        field(
            "team",
            Default("that of the feature or service"),
            Name(Namespace::Team),
            "Who is called.",
        ),
    ],
};

pub(super) static MAINTENANCE: Shape = Shape {
    title: "maintenance",
    about: "Planned work. At its time it sets a silence: alerts that match call nobody while it lasts, and whatever still fires at its end is heard then.",
    fields: &[
        plain(
            "matchers",
            Required,
            Plain::Matchers,
            "Which alerts: all of these must match, as in `service=\"payments-db\", severity!=\"critical\"`.",
        ),
        plain(
            "when",
            Required,
            Plain::When,
            "`2026-12-24 22:00`, `daily 02:00`, `tue,thu 02:00`, `monthly 15 02:00`, `monthly 2nd tue 02:00`, `monthly last sun 02:00`, or by a rule of RFC 5545, `from 2026-01-06 FREQ=WEEKLY;INTERVAL=2;BYDAY=TU 02:00`.",
        ),
        plain("timezone", Required, Plain::Zone, "The zone in which that is meant."),
        plain("lasts", Required, Plain::Duration(WORK), "For how long."),
        field("owner", Required, Name(Namespace::Person), "Who answers for it."),
        plain("reason", Required, Plain::Text(500), "Why; whoever finds the silence will ask."),
    ],
};

pub(super) static EXCLUSION: Shape = Shape {
    title: "exclusion",
    about: "Times that budgets do not count: those of planned work (`during`), or times of its own (`when`, `timezone`, `lasts`), in the past too. Only what is named is excluded: a feature that needs an excluded objective still counts what its users met.",
    fields: &[
        field("features", Optional, List(&Name(Namespace::Feature)), "Whose budgets."),
        field(
            "slos",
            Optional,
            List(&super::Kind::Plain(Plain::Text(130))),
            "Whose budgets, as `service.slo`.",
        ),
        plain(
            "counts",
            Required,
            Plain::Choice(&["dropped", "good"]),
            "`dropped`: its minutes, attempts and failures count as nothing. `good`: its attempts count, its failures do not.",
        ),
        plain("during", Optional, Plain::Text(64), "The planned work whose times are meant."),
        plain("when", Optional, Plain::When, "When it begins, as for planned work."),
        plain("timezone", Optional, Plain::Zone, "The zone in which `when` is meant."),
        plain("lasts", Optional, Plain::Duration(WORK), "For how long."),
        field("owner", Required, Name(Namespace::Person), "Who answers for it."),
        plain("reason", Required, Plain::Text(500), "Why; whoever reads the budget will ask."),
    ],
};

pub(super) static WATCH: Shape = Shape {
    title: "watch",
    about: "The product watches itself, and lets others watch it.",
    fields: &[
        field(
            "synthetic",
            Optional,
            Record(&SYNTHETIC),
            "A page through the whole product, from the door to a receiver, that wakes nobody.",
        ),
        field(
            "ping",
            Optional,
            Record(&PING),
            "A sign of life to somebody else, sent only while the journal is written and messages go out.",
        ),
    ],
};

static SYNTHETIC: Shape = Shape {
    title: "synthetic",
    about: "A page that enters by the door over HTTP, is escalated, and must come out in time.",
    fields: &[
        plain("every", Default(SYNTHETIC_EVERY_DEFAULT), Plain::Duration(LOOK), "How often."),
        plain(
            "deadline",
            Default(DEADLINE_DEFAULT),
            Plain::Duration(DEADLINE),
            "Within which time it must have come out; otherwise people are called.",
        ),
        field(
            "channel",
            Optional,
            Name(Namespace::Channel),
            "A webhook it goes out by besides our own receiver; its provider must take it in time too.",
        ),
    ],
};

static PING: Shape = Shape {
    title: "ping",
    about: "Whoever misses it should call somebody: a second instance, or any dead man's switch.",
    fields: &[
        plain("url", Required, Plain::Url, "Where to POST."),
        plain("every", Default(PING_EVERY_DEFAULT), Plain::Duration(LOOK), "How often."),
        plain(
            "token",
            Optional,
            Plain::Secret,
            "Sent as a bearer token: `env:NAME` or `file:/path`.",
        ),
    ],
};
