//! What may be written about ways out beyond mail: telephones, push, chat. A part of the table in
//! [`crate::shape`], and how the catalogue is made from it.
//!
//! Invariants:
//! - the address of a webhook is a secret and is never written in the clear;
//! - every default is filled in here, so that no other crate knows any.

use crate::build::{duration, secret, text, text_or, without_slash};
use crate::diagnostic::{Problem, Sink, quote};
use crate::sections::Sections;
use crate::shape::{Field, Kind, Limits, Plain, Presence, Shape, TWILIO_URL_DEFAULT, field, plain};
use crate::yaml::{Entry, Node};
use Presence::{Default, Optional, Required};
use model::{Channel, Medium, Millis, PRIORITY_USUAL};

/// Slack's own address.
const SLACK_URL_DEFAULT: &str = "https://slack.com/api";
/// Telegram's own address.
const TELEGRAM_URL_DEFAULT: &str = "https://api.telegram.org";
/// Pushover's own address.
const PUSHOVER_URL_DEFAULT: &str = "https://api.pushover.net";
/// How often Pushover repeats a page.
const RETRY_DEFAULT: &str = "1m";
/// For how long Pushover repeats a page.
const EXPIRE_DEFAULT: &str = "1h";
/// What Pushover takes, from its documentation: `retry` at least 30 s, `expire` at most 10 800 s.
const RETRY: Limits = Limits { shortest: Millis::from_secs(30), longest: Millis::from_mins(30) };
/// See [`RETRY`].
const EXPIRE: Limits = Limits { shortest: Millis::from_mins(1), longest: Millis::from_hours(3) };
/// The language of calls that name none.
const LANGUAGE_DEFAULT: &str = "en-US";

/// Which of two providers of one medium is tried first.
pub(crate) const PRIORITY: Field = plain(
    "priority",
    Default("100"),
    Plain::Whole(1, 1_000),
    "Of several channels that carry the same, the one with the smallest number is tried first; the others stand in for it.",
);

/// How long evidence may take.
pub(crate) const RECEIPT_WITHIN: Field = plain(
    "receipt-within",
    Default("90s for SMS, 2m for what else wakes, once the channel has ever given a receipt"),
    Plain::Duration(crate::shape::RECEIPT),
    "How long a receipt may take. Without one in time the person's next way is taken, then a second provider, then the next person.",
);

const WEBHOOK: Field = plain(
    "webhook",
    Required,
    Plain::Secret,
    "The webhook's address, which is a secret: `env:NAME` or `file:/path`.",
);

const ROOM: Plain = Plain::Text(256);

/// The fields of a channel that stand in this file.
pub(crate) const TWILIO_VOICE_FIELD: Field =
    field("twilio-voice", Optional, Kind::Record(&TWILIO_VOICE), "Calls through Twilio.");
pub(crate) const KANNEL_FIELD: Field =
    field("kannel", Optional, Kind::Record(&KANNEL), "SMS through Kannel.");
pub(crate) const PUSHOVER_FIELD: Field =
    field("pushover", Optional, Kind::Record(&PUSHOVER), "Push messages through Pushover.");
pub(crate) const SLACK_FIELD: Field =
    field("slack", Optional, Kind::Record(&SLACK), "Slack, through a webhook or a bot.");
pub(crate) const MATTERMOST_FIELD: Field =
    field("mattermost", Optional, Kind::Record(&MATTERMOST), "Mattermost.");
pub(crate) const TEAMS_FIELD: Field =
    field("teams", Optional, Kind::Record(&TEAMS), "A channel or chat of Microsoft Teams.");
pub(crate) const DISCORD_FIELD: Field =
    field("discord", Optional, Kind::Record(&DISCORD), "A channel of Discord.");
pub(crate) const TELEGRAM_FIELD: Field =
    field("telegram", Optional, Kind::Record(&TELEGRAM), "Telegram, through a bot.");
pub(crate) const MATRIX_FIELD: Field = field("matrix", Optional, Kind::Record(&MATRIX), "Matrix.");

static TWILIO_VOICE: Shape = Shape {
    title: "twilio-voice",
    about: "Calls through Twilio's REST API. With `public-url` the call takes keys: 1 acknowledges.",
    fields: &[
        plain("account", Required, Plain::Text(64), "The account SID."),
        plain("token", Required, Plain::Secret, "The auth token, as `env:NAME` or `file:/path`."),
        plain("from", Required, Plain::Phone, "The number that calls, in quotes."),
        plain(
            "language",
            Default(LANGUAGE_DEFAULT),
            Plain::Text(20),
            "The language in which texts are read, such as `en-GB`.",
        ),
        plain(
            "url",
            Default(TWILIO_URL_DEFAULT),
            Plain::Url,
            "The base URL, for gateways that speak the same.",
        ),
        PRIORITY,
        RECEIPT_WITHIN,
    ],
};

static KANNEL: Shape = Shape {
    title: "kannel",
    about: "SMS through `sendsms` of a Kannel gateway. With `public-url` delivery is reported back.",
    fields: &[
        plain(
            "url",
            Required,
            Plain::Url,
            "The whole address of `sendsms`, such as `http://127.0.0.1:13013/cgi-bin/sendsms`.",
        ),
        plain("username", Required, Plain::Text(200), "The user of its `sendsms-user` group."),
        plain("password", Required, Plain::Secret, "Its password, as `env:NAME` or `file:/path`."),
        plain("from", Optional, Plain::Text(64), "The sender; Kannel's default when left out."),
        plain("smsc", Optional, Plain::Text(64), "The connection, where one of several is meant."),
        PRIORITY,
        RECEIPT_WITHIN,
    ],
};

static PUSHOVER: Shape = Shape {
    title: "pushover",
    about: "Pushover. Pages go out with priority 2: they ring again until somebody takes them.",
    fields: &[
        plain("token", Required, Plain::Secret, "The application's token."),
        plain(
            "retry",
            Default(RETRY_DEFAULT),
            Plain::Duration(RETRY),
            "How often a page rings again.",
        ),
        plain(
            "expire",
            Default(EXPIRE_DEFAULT),
            Plain::Duration(EXPIRE),
            "For how long it rings again.",
        ),
        plain("room", Optional, ROOM, "The key of a group, so that this channel can be paged."),
        plain("url", Default(PUSHOVER_URL_DEFAULT), Plain::Url, "The base URL."),
        PRIORITY,
        RECEIPT_WITHIN,
    ],
};

static SLACK: Shape = Shape {
    title: "slack",
    about: "Slack: either a `webhook`, which knows one channel, or a bot's `token`.",
    fields: &[
        plain(
            "webhook",
            Optional,
            Plain::Secret,
            "The address of an incoming webhook, which is a secret: `env:NAME` or `file:/path`.",
        ),
        plain("token", Optional, Plain::Secret, "The bot's token, as `env:NAME` or `file:/path`."),
        plain("room", Optional, ROOM, "The bot's channel, so that this channel can be paged."),
        plain(
            "signing-secret",
            Optional,
            Plain::Secret,
            "The signing secret of the app. With it messages have buttons that acknowledge and resolve.",
        ),
        plain("url", Default(SLACK_URL_DEFAULT), Plain::Url, "The base URL of the API."),
        PRIORITY,
        RECEIPT_WITHIN,
    ],
};

static MATTERMOST: Shape = Shape {
    title: "mattermost",
    about: "Mattermost, through an incoming webhook. With `public-url` messages have buttons.",
    fields: &[
        WEBHOOK,
        plain(
            "room",
            Optional,
            ROOM,
            "The channel, when this is paged; the webhook's own when left out.",
        ),
        PRIORITY,
        RECEIPT_WITHIN,
    ],
};

static TEAMS: Shape = Shape {
    title: "teams",
    about: "Microsoft Teams, through the workflow \"post to a channel when a webhook request is received\".",
    fields: &[WEBHOOK],
};

static DISCORD: Shape =
    Shape { title: "discord", about: "Discord, through a webhook.", fields: &[WEBHOOK] };

static TELEGRAM: Shape = Shape {
    title: "telegram",
    about: "Telegram, through a bot.",
    fields: &[
        plain("token", Required, Plain::Secret, "The bot's token, as `env:NAME` or `file:/path`."),
        plain(
            "room",
            Optional,
            ROOM,
            "The id of a chat, in quotes, so that this channel can be paged.",
        ),
        plain(
            "webhook-secret",
            Optional,
            Plain::Secret,
            "The `secret_token` given to `setWebhook`. With it messages have buttons that acknowledge and resolve.",
        ),
        plain("url", Default(TELEGRAM_URL_DEFAULT), Plain::Url, "The base URL of the API."),
        PRIORITY,
        RECEIPT_WITHIN,
    ],
};

static MATRIX: Shape = Shape {
    title: "matrix",
    about: "Matrix, through the client API of a home server.",
    fields: &[
        plain("url", Required, Plain::Url, "The base URL of the home server."),
        plain("token", Required, Plain::Secret, "An access token, as `env:NAME` or `file:/path`."),
        plain("room", Optional, ROOM, "The id of a room, so that this channel can be paged."),
        PRIORITY,
        RECEIPT_WITHIN,
    ],
};

/// The addresses of a person beyond mail, SMS and ntfy.
pub(crate) const VOICE_CONTACT: Field =
    plain("voice", Optional, Plain::Phone, "The number to call, in E.164, in quotes.");
pub(crate) const PUSHOVER_CONTACT: Field =
    plain("pushover", Optional, Plain::Text(64), "Their Pushover user key.");
pub(crate) const SLACK_CONTACT: Field =
    plain("slack", Optional, Plain::Text(64), "Their Slack member id, such as `U012AB3CD`.");
pub(crate) const MATTERMOST_CONTACT: Field =
    plain("mattermost", Optional, Plain::Text(64), "Their Mattermost user name, without `@`.");
pub(crate) const TELEGRAM_CONTACT: Field =
    plain("telegram", Optional, Plain::Text(64), "The id of their chat with the bot, in quotes.");
pub(crate) const MATRIX_CONTACT: Field = plain(
    "matrix",
    Optional,
    Plain::Text(255),
    "The id of a room with them in it, such as `!abc:solar.example`, in quotes.",
);

/// The channel of a `kind` that stands in this file.
pub(crate) fn channel(kind: &str, node: &Node) -> Option<Channel> {
    let required = |key| secret(node, key).expect("a required secret was checked");
    let optional = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    let base = |usual| without_slash(text_or(node, "url", usual));
    Some(match kind {
        "twilio-voice" => Channel::TwilioVoice {
            url: base(TWILIO_URL_DEFAULT),
            account: text(node, "account").to_owned(),
            token: required("token"),
            from: text(node, "from").to_owned(),
            language: text_or(node, "language", LANGUAGE_DEFAULT).to_owned(),
        },
        "kannel" => Channel::Kannel {
            url: text(node, "url").to_owned(),
            username: text(node, "username").to_owned(),
            password: required("password"),
            from: optional("from"),
            smsc: optional("smsc"),
        },
        "pushover" => Channel::Pushover {
            url: base(PUSHOVER_URL_DEFAULT),
            token: required("token"),
            retry: duration(node, "retry", RETRY_DEFAULT),
            expire: duration(node, "expire", EXPIRE_DEFAULT),
            room: optional("room"),
        },
        "slack" => match secret(node, "webhook") {
            Some(webhook) => Channel::SlackWebhook { webhook },
            None => Channel::Slack {
                url: base(SLACK_URL_DEFAULT),
                token: required("token"),
                room: optional("room"),
                signing_secret: secret(node, "signing-secret"),
            },
        },
        "mattermost" => {
            Channel::Mattermost { webhook: required("webhook"), room: optional("room") }
        }
        "teams" => Channel::Teams { webhook: required("webhook") },
        "discord" => Channel::Discord { webhook: required("webhook") },
        "telegram" => Channel::Telegram {
            url: base(TELEGRAM_URL_DEFAULT),
            token: required("token"),
            room: optional("room"),
            webhook_secret: secret(node, "webhook-secret"),
        },
        "matrix" => {
            Channel::Matrix { url: base(""), token: required("token"), room: optional("room") }
        }
        _ => return None,
    })
}

/// The priority that is written, where it is not the usual one.
pub(crate) fn priority(entry: &Entry) -> Option<u16> {
    let of_kind = entry.value.entries().first()?.value.get("priority")?;
    let crate::yaml::Data::Scalar(it) = &of_kind.data else { return None };
    it.text.parse().ok().filter(|it| *it != PRIORITY_USUAL)
}

/// How long receipts of a channel may take, where it is written.
pub(crate) fn receipt_within(entry: &Entry) -> Option<Millis> {
    let of_kind = entry.value.entries().first()?.value.get("receipt-within")?;
    crate::scalars::duration(of_kind.text()?)
}

/// The media that a channel written as `kind` carries to people.
pub(crate) fn carries(kind: &Entry) -> &'static [&'static str] {
    match kind.key.as_str() {
        "smtp" => &["email"],
        "twilio" | "sms-http" | "kannel" => &["sms"],
        "ntfy" => &["ntfy"],
        "twilio-voice" => &["voice"],
        "pushover" => &["pushover"],
        "slack" if kind.value.get("webhook").is_none() => &["slack"],
        "mattermost" => &["mattermost"],
        "telegram" => &["telegram"],
        "matrix" => &["matrix"],
        _ => &[],
    }
}

/// Whether a channel written as `kind` leads to one place, whoever is meant.
pub(crate) fn is_place(kind: &Entry) -> bool {
    match kind.key.as_str() {
        "webhook" | "mattermost" | "teams" | "discord" => true,
        "slack" if kind.value.get("webhook").is_some() => true,
        "slack" | "telegram" | "matrix" | "pushover" => kind.value.get("room").is_some(),
        _ => false,
    }
}

/// A person's addresses in the order in which they stand in the catalogue.
pub(crate) fn contact_keys() -> impl Iterator<Item = (&'static str, Medium)> {
    let first = [Medium::Email, Medium::Sms, Medium::Ntfy];
    let others = Medium::ALL.into_iter().filter(move |it| !first.contains(it));
    first.into_iter().chain(others).filter_map(|it| Some((it.contact_key()?, it)))
}

/// Reports what does not fit together in one channel.
pub(crate) fn check(sections: &Sections, sink: &mut Sink) {
    for channel in sections.entries("channels") {
        if let Some(slack) = channel.value.get("slack") {
            slack_is_one_of_two(channel, slack, sink);
        }
        if let Some(smtp) = channel.value.get("smtp") {
            inbox_takes_a_key(smtp, sink);
        }
    }
}

fn slack_is_one_of_two(channel: &Entry, slack: &Node, sink: &mut Sink) {
    let has = |key: &str| slack.get(key).is_some();
    if has("webhook") == has("token") {
        let message = format!("channel {} must have a `webhook` or a `token`", quote(&channel.key));
        let hint = "write one of the two: a webhook knows one room, a bot's token reaches people";
        sink.push(Problem::at(channel.key_span, "LL019", message).hint(hint));
        return;
    }
    for key in ["room", "signing-secret", "url"] {
        let written = slack.entries().iter().find(|it| it.key == key);
        if let Some(entry) = written.filter(|_| has("webhook")) {
            let message = format!("{} belongs to a bot, and this is a webhook", quote(key));
            let problem = Problem::at(entry.key_span, "LL019", message);
            sink.push(problem.hint("leave it out, or use a `token`"));
        }
    }
}

/// The key of the notice goes between name and `@`, behind a `+`.
fn inbox_takes_a_key(smtp: &Node, sink: &mut Sink) {
    let Some(inbox) = smtp.get("inbox") else { return };
    if inbox.text().is_some_and(|it| it.contains('+')) {
        let message = "the address of an inbox must not have a `+`: replies get one of their own";
        let hint = "write `pager@solar.example`; replies then come to `pager+no_7@solar.example`";
        sink.push(Problem::at(inbox.span, "LL027", message).hint(hint));
    }
}
