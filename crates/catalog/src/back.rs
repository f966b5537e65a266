//! What may be written about what comes back: replies by channel, and the mailbox. A part of the table in
//! [`crate::shape`], and how the catalogue is made from it.
//!
//! Invariants:
//! - replies are written for channels that exist, and only where they can be read;
//! - every default is filled in here, so that no other crate knows any.

use crate::build::{secret, text, text_or, whole};
use crate::diagnostic::{Problem, Sink, quote};
use crate::sections::Sections;
use crate::shape::{Field, Keys, Kind, Plain, Presence, Shape, field, plain};
use crate::yaml::Node;
use Presence::{Default, Optional, Required};
use model::{Back, Mailbox, ReplyWay};

const FROM_DEFAULT: &str = "from";
const TEXT_DEFAULT: &str = "text";
const ID_DEFAULT: &str = "id";
const ENCRYPTION_DEFAULT: &str = "tls";
const FOLDER_DEFAULT: &str = "INBOX";

/// Kinds of channel through which something comes back.
const WAYS: [&str; 7] =
    ["twilio", "twilio-voice", "sms-http", "kannel", "slack", "telegram", "smtp"];

pub(crate) const REPLIES: Field = field(
    "replies",
    Optional,
    Kind::Map(Keys::Ids, &REPLY_RECORD),
    "What comes back through channels, by the id of the channel.",
);

pub(crate) const INBOX: Field = field(
    "inbox",
    Optional,
    Kind::Record(&MAILBOX),
    "The mailbox that is read for replies to pages and for mail that came back.",
);

static REPLY_RECORD: Kind = Kind::Record(&REPLY_WAY);

static REPLY_WAY: Shape = Shape {
    title: "replies",
    about: "How replies through a channel are recognised and read.",
    fields: &[
        plain(
            "secret",
            Optional,
            Plain::Secret,
            "What Kannel, a gateway or whoever posts mail shows, as a bearer token, a password or `?token=`; with Mailgun its signing key: `env:NAME` or `file:/path`. Without it nothing is taken from them.",
        ),
        plain(
            "former-secret",
            Optional,
            Plain::Secret,
            "The secret, token or signing secret before the present one; good as long as it stands here.",
        ),
        plain(
            "from",
            Default(FROM_DEFAULT),
            Plain::Text(64),
            "The field of a gateway's request that holds the sender's number; `a.b` leads into JSON.",
        ),
        plain("text", Default(TEXT_DEFAULT), Plain::Text(64), "The field that holds the message."),
        plain(
            "id",
            Default(ID_DEFAULT),
            Plain::Text(64),
            "The field that holds the gateway's name of the message; the same one twice changes nothing.",
        ),
    ],
};

static MAILBOX: Shape = Shape {
    title: "inbox",
    about: "A mailbox read by IMAP. What was read is marked as seen and stays there.",
    fields: &[
        plain("host", Required, Plain::Host, "The server's name or address."),
        plain(
            "port",
            Default("993 with tls, otherwise 143"),
            Plain::Whole(1, 65_535),
            "The server's port.",
        ),
        plain(
            "encryption",
            Default(ENCRYPTION_DEFAULT),
            Plain::Choice(&["tls", "starttls", "none"]),
            "How the connection is protected.",
        ),
        plain("username", Required, Plain::Text(200), "User name."),
        plain("password", Required, Plain::Secret, "Password, as `env:NAME` or `file:/path`."),
        plain("folder", Default(FOLDER_DEFAULT), Plain::Text(200), "The folder."),
        plain(
            "authority",
            Optional,
            Plain::Text(4_096),
            "The absolute path of a PEM file: who signed the server's certificate, where it is nobody public.",
        ),
    ],
};

/// Reports what does not fit the channels.
pub(crate) fn check(sections: &Sections, sink: &mut Sink) {
    let mut inboxes = sections.top("inbox");
    if let (Some(first), Some(second)) = (inboxes.next(), inboxes.next()) {
        let message = "`inbox` is defined twice".to_owned();
        let problem = Problem::at(second.key_span, "LL015", message).hint("keep one of the two");
        sink.push(problem.related(first.key_span, "first defined here"));
    }
    if !sink.everything_was_read() {
        return;
    }
    for replies in sections.entries("replies") {
        let channel = sections.entries("channels").find(|it| it.key == replies.key);
        let Some(kind) = channel.map(|it| it.value.entries().first().map(|it| it.key.as_str()))
        else {
            let message = format!("unknown channel {}", quote(&replies.key));
            let hint = "replies are written under the id of the channel they come through";
            sink.push(Problem::at(replies.key_span, "LL040", message).hint(hint));
            continue;
        };
        if kind.is_some_and(|it| !WAYS.contains(&it)) {
            let message = format!("nothing comes back through channel {}", quote(&replies.key));
            let hint =
                format!("replies come through {}; of mail through `inbox` too", WAYS.join(", "));
            sink.push(Problem::at(replies.key_span, "LL035", message).hint(hint));
        }
    }
}

/// What comes back.
pub(crate) fn build(sections: &Sections) -> Back {
    let replies =
        sections.entries("replies").map(|it| (it.key.as_str().into(), reply_way(&it.value)));
    Back {
        replies: replies.collect(),
        inbox: sections.top("inbox").next().map(|it| mailbox(&it.value)),
    }
}

fn reply_way(node: &Node) -> ReplyWay {
    ReplyWay {
        secret: secret(node, "secret"),
        former_secret: secret(node, "former-secret"),
        from: text_or(node, "from", FROM_DEFAULT).to_owned(),
        text: text_or(node, "text", TEXT_DEFAULT).to_owned(),
        id: text_or(node, "id", ID_DEFAULT).to_owned(),
    }
}

fn mailbox(node: &Node) -> Mailbox {
    let encryption = text_or(node, "encryption", ENCRYPTION_DEFAULT);
    let port = whole(node, "port").unwrap_or(if encryption == "tls" { 993 } else { 143 });
    Mailbox {
        host: text(node, "host").to_owned(),
        port: u16::try_from(port).expect("`port` was checked"),
        encryption: encryption.to_owned(),
        username: text(node, "username").to_owned(),
        password: secret(node, "password").expect("`password` is required"),
        folder: text_or(node, "folder", FOLDER_DEFAULT).to_owned(),
        authority: node.get("authority").and_then(Node::text).map(str::to_owned),
    }
}
