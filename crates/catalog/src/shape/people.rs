//! The part of the table that is about people: addresses, rules, hours, leave.

use super::Kind::{List, Map, Name, Record, Set};
use super::Presence::{Default, Optional, Required};
use super::duty::ABSENCES;
use super::{AFTER, AFTER_DEFAULT, Keys, Kind, Namespace, Plain, Shape, field, plain};
use crate::roads;

pub(super) static PERSON: Shape = Shape {
    title: "person",
    about: "Somebody. A page goes to all addresses of a person at once, unless they have rules of their own.",
    fields: &[
        plain("name", Default("the id"), Plain::Text(100), "How to call them."),
        plain("timezone", Required, Plain::Zone, "Where they are, as an IANA time zone."),
        plain("email", Optional, Plain::Email, "Their e-mail address."),
        plain("sms", Optional, Plain::Phone, "Their telephone number in E.164, in quotes."),
        plain(
            "ntfy",
            Optional,
            Plain::Topic,
            "The ntfy topic to which their phone listens. Whoever knows it can read along: choose one that nobody guesses.",
        ),
        roads::VOICE_CONTACT,
        roads::PUSHOVER_CONTACT,
        roads::SLACK_CONTACT,
        roads::MATTERMOST_CONTACT,
        roads::TELEGRAM_CONTACT,
        roads::MATRIX_CONTACT,
        field(
            "aka",
            Optional,
            Set(&Kind::Plain(Plain::Text(100))),
            "What other pagers call them: a name, a user name or an address, as it stands in their webhooks.",
        ),
        field(
            "rules",
            Optional,
            Record(&RULES),
            "How they want to be reached, by urgency. Rules that reach nobody are set aside.",
        ),
        plain(
            "quiet",
            Optional,
            Plain::Hours,
            "Hours of their day, such as `22:00-07:00`, in which what can wait does wait. What should wake them still does.",
        ),
        field(
            "skills",
            Optional,
            Map(Keys::Texts(64), &Kind::Plain(Plain::Whole(0, 3))),
            "What they know, from 0 (nothing) to 3 (can teach it); from 2 on they can do it alone.",
        ),
        plain(
            "hours",
            Default("awake from 08:00 to 22:00"),
            Plain::DutyHours,
            "When they are awake and at work, in their own zone: `08:00-17:00`.",
        ),
        field(
            "site",
            Optional,
            Name(Namespace::Site),
            "Where they live, as far as public holidays go.",
        ),
        field(
            "leave",
            Optional,
            ABSENCES,
            "When they are away: `2026-12-24`, `2026-12-24..2027-01-02`, or the name of a calendar, `leave/ana.ics`.",
        ),
    ],
};

static RULES: Shape = Shape {
    title: "rules",
    about: "How somebody wants to be reached. Without rules: by every address at once.",
    fields: &[
        field("page", Optional, List(&Record(&RULE)), "For what should wake them."),
        field("ticket", Optional, List(&Record(&RULE)), "For what can wait."),
    ],
};

/// The addresses that a rule may name.
const RULE_WORDS: &[&str] =
    &["email", "sms", "push", "voice", "pushover", "slack", "mattermost", "telegram", "matrix"];

static RULE: Shape = Shape {
    title: "rule",
    about: "One way to reach somebody.",
    fields: &[
        plain("by", Required, Plain::Choice(RULE_WORDS), "Which of their addresses."),
        plain(
            "after",
            Default(AFTER_DEFAULT),
            Plain::Duration(AFTER),
            "How long after the step of the page has started. What fails before brings it forward.",
        ),
    ],
};
