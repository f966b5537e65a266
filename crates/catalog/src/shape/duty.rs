//! The part of the table that is about rotas: layers, shifts, hours, rules.

use super::Kind::{List, Map, Name, Record, Set};
use super::Presence::{Default, Optional, Required};
use super::{
    CONFIRM, HANDOVER_DEFAULT, Keys, Kind, LOAD, Limits, Namespace, Plain, STARTS_DEFAULT, Shape,
    field, plain,
};
use model::Millis;

/// Shortest and longest shift.
const SHIFT: Limits = Limits { shortest: Millis::from_mins(15), longest: Millis::from_days(31) };
/// Shortest and longest time around a handover.
const HANDED: Limits = Limits { shortest: Millis::from_mins(1), longest: Millis::from_hours(24) };
/// Shortest and longest rest.
const REST: Limits = Limits { shortest: Millis::from_hours(1), longest: Millis::from_days(14) };

pub(super) static ROTA: Shape = Shape {
    title: "rota",
    about: "Who is on duty when.",
    fields: &[
        plain("timezone", Required, Plain::Zone, "The zone in which hand-over times are meant."),
        field(
            "layers",
            Required,
            List(&Record(&LAYER)),
            "People who take turns; a later layer stands above an earlier one.",
        ),
        field("load", Optional, Record(&LOAD), "How many pages whoever is on duty may get."),
        plain(
            "confirm",
            Optional,
            Plain::Duration(CONFIRM),
            "Asks whoever comes on duty to say that they know, within this time; then reminds them, then tells the others of the rota. Nobody is woken by it.",
        ),
        plain(
            "follow-the-sun",
            Default("false"),
            Plain::Switch,
            "Whether duty follows daylight. Accepted, and not acted upon: `true` is a warning. `lamplighter rota sun` proposes the layers.",
        ),
        field(
            "apart-from",
            Optional,
            Set(&Name(Namespace::Rota)),
            "Rotas whose people are never on duty here at the same time; the next in turn steps in.",
        ),
        field(
            "cover",
            Default("always"),
            List(&Kind::Plain(Plain::DutyHours)),
            "When somebody must be on duty: `mon-fri 09:00-17:00`. What is outside is no gap.",
        ),
        field(
            "owner",
            Default("nobody in particular"),
            Name(Namespace::Team),
            "The team that hears of gaps.",
        ),
        field(
            "skills",
            Optional,
            Set(&Kind::Plain(Plain::Text(64))),
            "Skills that somebody on duty must have at every hour, at level 2 or more.",
        ),
        field(
            "readiness",
            Default("everybody goes alone"),
            Map(Keys::Ids, &Kind::Plain(Plain::Choice(&["observer", "shadowed", "solo"]))),
            "How far people have come: an observer never counts, and whoever is shadowed needs somebody beside them who goes alone.",
        ),
        field("rules", Optional, Record(&RULES), "What a proposed roster must keep to."),
        field(
            "handover",
            Default("written where a policy of escalation calls the rota"),
            Record(&HANDOVER),
            "What whoever ends a shift tells whoever begins one.",
        ),
    ],
};

static HANDOVER: Shape = Shape {
    title: "handover",
    about: "What is told when a rota changes hands, and what follows when nobody reads it.",
    fields: &[
        plain(
            "written",
            Default("true where a policy of escalation calls the rota"),
            Plain::Switch,
            "Whether each change of hands has a handover.",
        ),
        plain(
            "before",
            Default("1h"),
            Plain::Duration(HANDED),
            "How long before the end of a shift its draft is there.",
        ),
        plain(
            "nag",
            Default("30m"),
            Plain::Duration(HANDED),
            "After how long unread whoever has the shift is reminded. Nobody is woken by it.",
        ),
        plain(
            "page",
            Default("2h"),
            Plain::Duration(HANDED),
            "After how long unread they are called by their own rules, and after as long again the others. A handover with nothing in it calls nobody.",
        ),
        plain("pages", Default("true"), Plain::Switch, "Whether anybody is called for it at all."),
    ],
};

/// When somebody, or everybody of a site, is away.
pub(super) const ABSENCES: Kind = List(&Kind::Plain(Plain::Absence));

pub(super) static PAY: Shape = Shape {
    title: "pay",
    about: "What an hour on duty is paid. What nights, weekends and holidays add comes on top of each other.",
    fields: &[
        plain("currency", Required, Plain::Id, "What people write for it, such as `kes`."),
        plain("hour", Default("0/h"), Plain::Rate, "Every hour, such as `2.50/h`."),
        plain(
            "night",
            Default("0/h"),
            Plain::Rate,
            "What an hour from 22:00 to 07:00 where the person is adds.",
        ),
        plain(
            "weekend",
            Default("0/h"),
            Plain::Rate,
            "What an hour of Saturday or Sunday where the person is adds.",
        ),
        plain(
            "holiday",
            Default("0/h"),
            Plain::Rate,
            "What an hour of a public holiday of their site adds.",
        ),
    ],
};

pub(super) static SITE: Shape = Shape {
    title: "site",
    about: "Where people live.",
    fields: &[field(
        "holidays",
        Optional,
        ABSENCES,
        "Public holidays there: `2026-12-25`, `2026-12-25..2026-12-26`, or the name of a calendar, `kenya.ics`. Duty on them is shown before it comes, and weighs more.",
    )],
};

static LAYER: Shape = Shape {
    title: "layer",
    about: "People who take turns.",
    fields: &[
        field(
            "people",
            Required,
            List(&Name(Namespace::Person)),
            "In order of turn; a person may stand in it more than once.",
        ),
        plain(
            "turn",
            Default("what `shifts` say"),
            Plain::Turn,
            "How long a turn is, in hours, days, weeks or months: `12h`, `3d`, `1w`, `1mo`.",
        ),
        plain(
            "handover",
            Default(HANDOVER_DEFAULT),
            Plain::Handover,
            "When turns change hands: `mon 09:00`. Only turns of weeks need the day.",
        ),
        plain(
            "starts",
            Default(STARTS_DEFAULT),
            Plain::Date,
            "The day on which the first person's first turn starts, or the first hand-over after it.",
        ),
        field(
            "shifts",
            Optional,
            List(&Record(&SHIFT_SHAPE)),
            "Shifts in the place of turns; each occurrence is the next one's.",
        ),
        field(
            "only",
            Default("always"),
            List(&Kind::Plain(Plain::DutyHours)),
            "The times in which the layer speaks: `mon-fri 18:00-08:00`. Outside them, lower layers decide.",
        ),
        plain("from", Optional, Plain::Date, "The first day on which the layer speaks."),
        plain("until", Optional, Plain::Date, "The last day on which the layer speaks."),
        plain(
            "advance",
            Default("turn"),
            Plain::Choice(&["turn", "worked"]),
            "What makes it the next one's turn: every `turn`, or only one that is `worked`, so that nobody is skipped because their turn fell on days outside `only`.",
        ),
        plain(
            "together",
            Default("1"),
            Plain::Whole(1, 20),
            "How many people are on duty at the same time.",
        ),
        plain(
            "timezone",
            Default("the rota's"),
            Plain::Zone,
            "The zone in which the times of this layer are meant.",
        ),
    ],
};

static SHIFT_SHAPE: Shape = Shape {
    title: "shift",
    about: "A shift that comes again.",
    fields: &[
        plain(
            "repeat",
            Required,
            Plain::Recurrence,
            "On which days: `mon-thu`, `sat`, `daily`, or an RRULE such as `FREQ=MONTHLY;BYDAY=1MO`, counted from `starts` of the layer.",
        ),
        plain("at", Required, Plain::Clock, "When it starts: `\"09:00\"`."),
        plain(
            "lasts",
            Required,
            Plain::Duration(SHIFT),
            "How long it lasts on a clock on the wall.",
        ),
    ],
};

static RULES: Shape = Shape {
    title: "roster rules",
    about: "What `lamplighter rota propose` keeps to.",
    fields: &[
        plain(
            "rest-after-night",
            Optional,
            Plain::Duration(REST),
            "Rest between a shift that holds a night and the next shift of the same person.",
        ),
        plain(
            "shifts-in-row",
            Optional,
            Plain::Whole(1, 366),
            "Most shifts of one person without a free one between.",
        ),
        plain(
            "nights-per-month",
            Optional,
            Plain::Whole(0, 31),
            "Most nights of one person in a calendar month.",
        ),
        field(
            "not-together",
            Optional,
            List(&Set(&Name(Namespace::Person))),
            "Pairs of people who must not be on duty at the same time.",
        ),
        field(
            "debt",
            Optional,
            Map(Keys::Ids, &Kind::Plain(Plain::Whole(0, 100_000))),
            "Load from before, in weighted hours, that somebody brings along. Whoever is not named brings the median.",
        ),
    ],
};
