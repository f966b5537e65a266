//! The one table of what may be written: every key, what it may hold, and what it is for.
//!
//! Intuition: reader, JSON Schema and reference are three views of this table. A key that is not
//! here is an unknown key; a key that is here is checked, completed by editors and documented.
//!
//! Invariant: `about` is a sentence for the person who writes the file, not for us.

mod duty;
mod escalations;
mod people;
mod slis;
mod sources;
mod watched;

pub(crate) use escalations::{DAYS_DEFAULT, WAIT_DEFAULT};
pub(crate) use slis::PUSH_EVERY_DEFAULT;
pub(crate) use sources::INTERVAL_DEFAULT;
pub(crate) use watched::{DEADLINE_DEFAULT, PING_EVERY_DEFAULT, SYNTHETIC_EVERY_DEFAULT};

use duty::{PAY, ROTA, SITE};
use escalations::{ESCALATION, STEP};
use model::Millis;
use people::PERSON;
use slis::{CALENDAR, SLICES};
pub(crate) use slis::{GAUGE, LATENCY, PUSHED, QUERY, RATIO, RAW};
use sources::SOURCE;
use watched::{EXCLUSION, HEARTBEAT, MAINTENANCE, WATCH};

/// What a value may be.
#[derive(Debug)]
pub(crate) enum Kind {
    /// One of the single values.
    Plain(Plain),
    /// The id of something defined elsewhere.
    Name(Namespace),
    /// `service.slo`, `feature ID`, or a map with one of [`NEED_KEYS`].
    Need,
    /// A list, never empty.
    List(&'static Kind),
    /// A list without repetition, never empty.
    Set(&'static Kind),
    /// The same, or one of its values alone.
    OneOrSet(&'static Kind),
    /// A map with names of the user's choice, never empty.
    Map(Keys, &'static Kind),
    /// A map with the keys of a shape.
    Record(&'static Shape),
    /// A map with exactly one of the keys of a shape.
    OneOf(&'static Shape),
    /// A list, or the long form as a record.
    Either { list: &'static Kind, record: &'static Shape },
}

/// A single value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plain {
    /// Text of at most so many characters, not empty.
    Text(usize),
    /// An id that is defined here.
    Id,
    /// `99.9%`.
    Objective,
    /// A length of time within limits.
    Duration(Limits),
    /// `1w`, `3d`, `12h` or `1mo`.
    Turn,
    /// `mon-fri 09:00-17:00` or `09:00-17:00`.
    DutyHours,
    /// `09:00`.
    Clock,
    /// `250/h` or `2.50/h`.
    Rate,
    /// `2026-12-24`, `2026-12-24..2027-01-02` or the name of a calendar.
    Absence,
    /// `mon-thu`, `daily` or an RRULE.
    Recurrence,
    /// `mon 09:00` or `09:00`.
    Handover,
    /// An IANA time zone.
    Zone,
    /// `2027-01-01`.
    Date,
    /// A whole number within limits.
    Whole(u32, u32),
    /// `true` or `false`.
    Switch,
    /// An e-mail address.
    Email,
    /// A telephone number in E.164.
    Phone,
    /// An ntfy topic.
    Topic,
    /// A host name or address.
    Host,
    /// An `http` or `https` URL.
    Url,
    /// The same, with `{to}`, `{text}` and `{key}` in it.
    UrlTemplate,
    /// The selector of a counter.
    Selector,
    /// A question in PromQL.
    Query,
    /// `env:NAME` or `file:/path`.
    Secret,
    /// The value of an HTTP header.
    Header,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// `rota ID`, `rota ID next`, `team ID`, `person ID` or `channel ID`.
    Target,
    /// `09:00-18:00`.
    Hours,
    /// `below 10%` or `spent`.
    BudgetWhen,
    /// `2026-12-24 22:00`, `tue,thu 02:00`, ….
    When,
    /// `service="payments-db", severity!="critical"`.
    Matchers,
}

/// Shortest and longest length of time that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) shortest: Millis,
    pub(crate) longest: Millis,
}

/// How the keys of a map are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// As ids.
    Ids,
    /// As text of at most so many characters.
    Texts(usize),
    /// As names of HTTP headers.
    Headers,
}

/// A kind of thing that has an id and can be referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Namespace {
    Person,
    Team,
    Site,
    Service,
    Feature,
    Rota,
    Escalation,
    Channel,
    Source,
    Heartbeat,
}

impl Namespace {
    /// What to call one of them.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Team => "team",
            Self::Site => "site",
            Self::Service => "service",
            Self::Feature => "feature",
            Self::Rota => "rota",
            Self::Escalation => "escalation",
            Self::Channel => "channel",
            Self::Source => "source",
            Self::Heartbeat => "heartbeat",
        }
    }
}

/// A map with known keys.
#[derive(Debug)]
pub(crate) struct Shape {
    /// What to call it in the reference and in the schema.
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) fields: &'static [Field],
}

/// A known key.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) key: &'static str,
    pub(crate) presence: Presence,
    pub(crate) kind: Kind,
    pub(crate) about: &'static str,
}

/// What happens when a key is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// An error.
    Required,
    /// Nothing.
    Optional,
    /// This value is taken, or what these words say.
    Default(&'static str),
}

impl Shape {
    pub(crate) fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|it| it.key == key)
    }
}

use crate::roads;
use Kind::{Either, List, Map, Name, Need, OneOf, Record, Set};
use Presence::{Default, Optional, Required};

pub(crate) const fn field(
    key: &'static str,
    presence: Presence,
    kind: Kind,
    about: &'static str,
) -> Field {
    Field { key, presence, kind, about }
}

pub(crate) const fn plain(
    key: &'static str,
    presence: Presence,
    plain: Plain,
    about: &'static str,
) -> Field {
    field(key, presence, Kind::Plain(plain), about)
}

/// Shortest and longest window of an objective.
const WINDOW: Limits = Limits { shortest: Millis::from_hours(1), longest: slo::WINDOW_MAX };
/// Shortest and longest time that a receipt may take.
pub(crate) const RECEIPT: Limits =
    Limits { shortest: Millis::from_secs(10), longest: Millis::from_hours(1) };
/// Longest time that a person's own rule may wait.
const AFTER: Limits = Limits { shortest: Millis::from_secs(0), longest: Millis::from_hours(1) };
/// Shortest and longest time to confirm a shift.
pub(crate) const CONFIRM: Limits =
    Limits { shortest: Millis::from_mins(1), longest: Millis::from_hours(12) };

/// Window of an objective that names none.
pub(crate) const WINDOW_DEFAULT: &str = "28d";
/// Hand-over of a layer that names none.
pub(crate) const HANDOVER_DEFAULT: &str = "mon 09:00";
/// First day of a layer that names none.
pub(crate) const STARTS_DEFAULT: &str = "2024-01-01";
/// Twilio's own address.
pub(crate) const TWILIO_URL_DEFAULT: &str = "https://api.twilio.com";
/// Encryption towards an SMTP server that names none.
pub(crate) const ENCRYPTION_DEFAULT: &str = "starttls";
/// Method of an SMS gateway that names none.
pub(crate) const METHOD_DEFAULT: &str = "POST";
/// Wait of a person's own rule that names none.
pub(crate) const AFTER_DEFAULT: &str = "0s";
/// Over what pages are counted where nothing else is said.
pub(crate) const LOAD_PER_DEFAULT: &str = "shift";
/// Name of the source that is taken when several exist and none is named.
pub(crate) const SOURCE_DEFAULT: &str = "default";

/// The whole of a configuration.
pub(crate) static ROOT: Shape = Shape {
    title: "configuration",
    about: "One organisation, in one file or in all files of a folder together.",
    fields: &[
        plain(
            "org",
            Required,
            Plain::Id,
            "The id of the organisation. It may stand in several files if it says the same in each.",
        ),
        plain(
            "public-url",
            Optional,
            Plain::Url,
            "The address under which people reach this server; links in messages start with it.",
        ),
        field(
            "people",
            Optional,
            Map(Keys::Ids, &Record(&PERSON)),
            "Everybody who can own, sign and be paged.",
        ),
        field("teams", Optional, Map(Keys::Ids, &Record(&TEAM)), "People who own things together."),
        field(
            "sites",
            Optional,
            Map(Keys::Ids, &Record(&SITE)),
            "Where people live, with the public holidays there.",
        ),
        field("services", Optional, Map(Keys::Ids, &Record(&SERVICE)), "What we run."),
        field(
            "suppliers",
            Optional,
            Map(Keys::Ids, &Record(&SUPPLIER)),
            "What others run for us. Ids are shared with `services`.",
        ),
        field(
            "features",
            Optional,
            Map(Keys::Ids, &Record(&FEATURE)),
            "What users do, and what we promise them.",
        ),
        field("rotas", Optional, Map(Keys::Ids, &Record(&ROTA)), "Who is on duty when."),
        field(
            "escalations",
            Optional,
            Map(Keys::Ids, &Either { list: &List(&Record(&STEP)), record: &ESCALATION }),
            "What happens while nobody answers: a list of steps, or the long form. A policy named like a team is that team's.",
        ),
        field(
            "channels",
            Optional,
            Map(Keys::Ids, &OneOf(&CHANNEL)),
            "Ways out to people. The first of a medium, in order of `priority` and then of id, carries it.",
        ),
        crate::back::REPLIES,
        crate::back::INBOX,
        field("sources", Optional, Map(Keys::Ids, &OneOf(&SOURCE)), "Where samples come from."),
        field(
            "heartbeats",
            Optional,
            Map(Keys::Ids, &Record(&HEARTBEAT)),
            "Signs of life that others owe us; their absence calls people.",
        ),
        field(
            "maintenance",
            Optional,
            Map(Keys::Ids, &Record(&MAINTENANCE)),
            "Planned work, once or again and again, during which alerts that match call nobody.",
        ),
        field(
            "exclusions",
            Optional,
            Map(Keys::Ids, &Record(&EXCLUSION)),
            "Times that budgets do not count; what they hide stands beside every figure.",
        ),
        field(
            "watch",
            Optional,
            Record(&WATCH),
            "How the product watches itself. It may stand in one file only.",
        ),
        field(
            "pay",
            Optional,
            Record(&PAY),
            "What hours on duty are paid, for the table of hours. It may stand in one file only.",
        ),
        plain(
            "mode",
            Default("live"),
            Plain::Choice(MODES),
            "With `shadow` pages run through their whole life and nobody is called: for the weeks beside another pager.",
        ),
        plain(
            "pages-per-person-per-10min",
            Default("5"),
            Plain::Whole(3, 100),
            "Most calls that one person gets within ten minutes. Further ones share one message that lists them all; none is dropped.",
        ),
        plain(
            "alerts-open-max",
            Default("200000"),
            Plain::Whole(1_000, 2_000_000),
            "Most alerts that fire at the same time. Beyond, doors answer 503 and senders try again; pages of what was taken go on. An alert takes some 3 kB of memory.",
        ),
        plain(
            "pagerduty-webhook-secret",
            Optional,
            Plain::Secret,
            "What PagerDuty signs its webhooks with. While it is set, calls recorded from PagerDuty must carry a valid signature.",
        ),
    ],
};

static TEAM: Shape = Shape {
    title: "team",
    about: "People who own services and features together.",
    fields: &[
        field("members", Required, Set(&Name(Namespace::Person)), "Who belongs to it."),
        plain(
            "mode",
            Default("that of the organisation"),
            Plain::Choice(MODES),
            "`shadow` or `live`, for this team's incidents.",
        ),
        field(
            "load",
            Optional,
            Record(&LOAD),
            "How many pages one of them may get, where the rota asked says nothing.",
        ),
        field(
            "tribute",
            Optional,
            Name(Namespace::Rota),
            "The rota whose people take the team's interruptions, so that the others can think.",
        ),
    ],
};

/// For real or in shadow.
const MODES: &[&str] = &["live", "shadow"];

pub(crate) static LOAD: Shape = Shape {
    title: "load limit",
    about: "How many pages one person may get, and what happens then. It never holds back the highest severity: what a person raised, what is labelled critical, a budget that is gone.",
    fields: &[
        plain(
            "pages",
            Required,
            Plain::Whole(1, 100),
            "So many. One incident counts once, however often it calls.",
        ),
        plain(
            "per",
            Default(LOAD_PER_DEFAULT),
            Plain::Choice(&["shift", "night", "24h"]),
            "Over what: the shift, the person's own night (22:00 to 07:00 where they are), or the last 24 hours.",
        ),
        plain(
            "then",
            Required,
            Plain::Choice(&["relieve", "credit", "hold"]),
            "`relieve`: the next in the rota takes over for the rest of the shift. `credit`: a day is noted. `hold`: what is calm waits for them until the shift or the night is over.",
        ),
    ],
};

static SERVICE: Shape = Shape {
    title: "service",
    about: "Something that we run.",
    fields: &[
        field("team", Required, Name(Namespace::Team), "Who runs it."),
        field(
            "slos",
            Optional,
            Map(Keys::Ids, &Record(&SLO)),
            "Its objectives. Features name one as `service.slo`.",
        ),
        plain("urgency", Default("as the policy says"), URGENCY, ABOUT_URGENCY),
    ],
};

const URGENCY: Plain = Plain::Choice(&["wake", "morning"]);
const ABOUT_URGENCY: &str = "Whether its alerts wake people: `wake`, or `morning` to ask those who are awake and otherwise wait for the first morning in the team. What is unknown, spent, burning, critical or called by a person never waits.";

static SUPPLIER: Shape = Shape {
    title: "supplier",
    about: "A service that somebody else runs; we only see whether it works.",
    fields: &[
        field("slos", Optional, Map(Keys::Ids, &Record(&SLO)), "Its objectives, as we see them."),
        plain("urgency", Default("as the policy says"), URGENCY, ABOUT_URGENCY),
    ],
};

static SLO: Shape = Shape {
    title: "service objective",
    about: "What a service promises.",
    fields: &[
        plain("objective", Required, Plain::Objective, "The share of events that must be good."),
        plain(
            "window",
            Default(WINDOW_DEFAULT),
            Plain::Duration(WINDOW),
            "The rolling window over which it is promised.",
        ),
        field("calendar", Optional, Record(&CALENDAR), "A window that follows the calendar."),
        field("slices", Optional, Record(&SLICES), "Judges slices of time instead of events."),
        field("ratio", Optional, Record(&RATIO), "The two counters it is measured by."),
        field("latency", Optional, Record(&LATENCY), "The histogram it is measured by."),
        field("gauge", Optional, Record(&GAUGE), "The gauge it is measured by."),
        field("raw", Optional, Record(&RAW), "The share it is measured by."),
        field("query", Optional, Record(&QUERY), "PromQL it is estimated by."),
        field("pushed", Optional, Record(&PUSHED), "Others tell us the counts."),
        field(
            "heartbeat",
            Optional,
            Name(Namespace::Heartbeat),
            "A heartbeat: its missed minutes are bad, and before its first sign of life nothing is known.",
        ),
        plain(
            "loses",
            Optional,
            Plain::Text(200),
            "What a user loses when it fails, in their words: `the light stays off after paying`.",
        ),
        crate::alerts::SLO_ALERTS_FIELD,
        field(
            "source",
            Default("the only source, or the one called `default`"),
            Name(Namespace::Source),
            "Where the counters are read.",
        ),
    ],
};

static FEATURE: Shape = Shape {
    title: "feature",
    about: "Something a user does, and the promise about it.",
    fields: &[
        plain("question", Required, Plain::Text(200), "The promise as a question in users' words."),
        field("team", Required, Name(Namespace::Team), "Who answers for it."),
        plain("objective", Required, Plain::Objective, "The share of events that must be good."),
        plain(
            "window",
            Default(WINDOW_DEFAULT),
            Plain::Duration(WINDOW),
            "The rolling window over which it is promised.",
        ),
        field("calendar", Optional, Record(&CALENDAR), "A window that follows the calendar."),
        field("slices", Optional, Record(&SLICES), "Judges slices of time instead of events."),
        field(
            "needs",
            Required,
            Need,
            "What it takes: `service.slo`, `feature ID`, `{ all: […] }`, `{ any: […] }`, `{ quorum: … }` or `{ routes: […] }`, nested as needed; `{ only: … }` narrows one.",
        ),
        crate::own::ATTEMPTS_FIELD,
        crate::own::MEASURED_FIELD,
        crate::alerts::ALERTS_FIELD,
        crate::promises::SEGMENTS_FIELD,
        crate::promises::REVISION_FIELD,
        crate::promises::LABELS_FIELD,
        field(
            "owners",
            Optional,
            Record(&OWNERS),
            "Who must sign it. Signing itself is an act in the product.",
        ),
        field(
            "escalation",
            Default("the policy named like its team"),
            Name(Namespace::Escalation),
            "Who is paged, and how.",
        ),
        plain("urgency", Default("as service or policy say"), URGENCY, ABOUT_URGENCY),
    ],
};

/// What a need may be when it is a map.
pub(crate) static NEED_KEYS: [(&str, Kind); 5] = [
    ("all", Set(&Need)),
    ("any", Set(&Need)),
    ("quorum", Record(&QUORUM)),
    ("routes", List(&Record(&ROUTE))),
    ("only", Record(&crate::own::ONLY)),
];

static QUORUM: Shape = Shape {
    title: "quorum",
    about: "A need that is met while so many of its parts work.",
    fields: &[
        plain("works", Required, Plain::Whole(1, 1000), "How many must work."),
        field("of", Required, Set(&Need), "The parts."),
    ],
};

static ROUTE: Shape = Shape {
    title: "route",
    about: "One of the ways that attempts take; every attempt takes one.",
    fields: &[
        plain(
            "share",
            Required,
            Plain::Whole(1, 10_000),
            "How many attempts take it, in parts of the sum over all ways. A share of traffic, never of importance.",
        ),
        field("need", Required, Need, "What this way needs."),
    ],
};

static OWNERS: Shape = Shape {
    title: "owners",
    about: "Who signs the promise of a feature.",
    fields: &[
        field("product", Required, Name(Namespace::Person), "For product."),
        field("engineering", Required, Name(Namespace::Person), "For engineering."),
        plain("review", Optional, Plain::Date, "The day by which they look at it again."),
    ],
};

static CHANNEL: Shape = Shape {
    title: "channel",
    about: "A way out to people: exactly one of these.",
    fields: &[
        field("smtp", Optional, Record(&SMTP), "E-mail through an SMTP server."),
        field("twilio", Optional, Record(&TWILIO), "SMS through Twilio."),
        field("sms-http", Optional, Record(&SMS_HTTP), "SMS through any HTTP gateway."),
        field("ntfy", Optional, Record(&NTFY), "Push messages through an ntfy server."),
        roads::TWILIO_VOICE_FIELD,
        roads::KANNEL_FIELD,
        roads::PUSHOVER_FIELD,
        roads::SLACK_FIELD,
        roads::MATTERMOST_FIELD,
        roads::TEAMS_FIELD,
        roads::DISCORD_FIELD,
        roads::TELEGRAM_FIELD,
        roads::MATRIX_FIELD,
        field(
            "webhook",
            Optional,
            Record(&WEBHOOK),
            "Signed POSTs to another system (Standard Webhooks).",
        ),
    ],
};

static SMTP: Shape = Shape {
    title: "smtp",
    about: "An SMTP server.",
    fields: &[
        plain("host", Required, Plain::Host, "Its name or address."),
        plain(
            "port",
            Default("587 with starttls, 465 with tls, 25 with none"),
            Plain::Whole(1, 65_535),
            "Its port.",
        ),
        plain("from", Required, Plain::Email, "The sender's address."),
        plain(
            "encryption",
            Default(ENCRYPTION_DEFAULT),
            Plain::Choice(&["starttls", "tls", "none"]),
            "How the connection is protected.",
        ),
        plain(
            "username",
            Optional,
            Plain::Text(200),
            "User name, where the server wants one; then `password` too.",
        ),
        plain("password", Optional, Plain::Secret, "Password, as `env:NAME` or `file:/path`."),
        plain(
            "inbox",
            Optional,
            Plain::Email,
            "The address of the mailbox that Lamplighter reads; replies come there and acknowledge.",
        ),
        plain(
            "authority",
            Optional,
            Plain::Text(4_096),
            "The absolute path of a PEM file: who signed the server's certificate, where it is nobody public.",
        ),
        roads::PRIORITY,
        roads::RECEIPT_WITHIN,
    ],
};

static TWILIO: Shape = Shape {
    title: "twilio",
    about: "SMS through Twilio's REST API.",
    fields: &[
        plain("account", Required, Plain::Text(64), "The account SID."),
        plain("token", Required, Plain::Secret, "The auth token, as `env:NAME` or `file:/path`."),
        plain("from", Required, Plain::Text(64), "The sender: a number in quotes, or a sender id."),
        plain(
            "url",
            Default(TWILIO_URL_DEFAULT),
            Plain::Url,
            "The base URL, for gateways that speak the same.",
        ),
        roads::PRIORITY,
        roads::RECEIPT_WITHIN,
    ],
};

static SMS_HTTP: Shape = Shape {
    title: "sms-http",
    about: "SMS through any HTTP gateway. `{to}`, `{text}` and `{key}` in URL and body are replaced.",
    fields: &[
        plain("url", Required, Plain::UrlTemplate, "Where to send."),
        plain("method", Default(METHOD_DEFAULT), Plain::Choice(&["GET", "POST"]), "How to send."),
        plain("body", Optional, Plain::Text(4_096), "The body of a POST."),
        field(
            "headers",
            Optional,
            Map(Keys::Headers, &Kind::Plain(Plain::Header)),
            "Extra headers. Secrets only as `env:NAME` or `file:/path`.",
        ),
        roads::PRIORITY,
        roads::RECEIPT_WITHIN,
    ],
};

static NTFY: Shape = Shape {
    title: "ntfy",
    about: "An ntfy server.",
    fields: &[
        plain("url", Required, Plain::Url, "Its base URL."),
        plain("token", Optional, Plain::Secret, "An access token, as `env:NAME` or `file:/path`."),
        roads::PRIORITY,
        roads::RECEIPT_WITHIN,
    ],
};

static WEBHOOK: Shape = Shape {
    title: "webhook",
    about: "A receiver of Standard Webhooks.",
    fields: &[
        plain("url", Required, Plain::Url, "Where to POST."),
        plain(
            "secret",
            Required,
            Plain::Secret,
            "The signing secret, as `env:NAME` or `file:/path`.",
        ),
    ],
};
