//! A letter, taken apart: who wrote it, what it answers, its text; and reports of mail servers (RFC 3464).
//!
//! Invariant: whatever bytes come, nothing panics; what cannot be read as mail is `None`.

use mail_parser::{Message, MessageParser, MimeHeaders as _};

/// A letter, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetterIn {
    /// Address of its sender.
    pub from: String,
    /// Every address it was sent to.
    pub to: Vec<String>,
    /// The letters it answers, without angle brackets; of one that came back, the letter itself.
    pub answers: Vec<String>,
    /// Its own name.
    pub message_id: String,
    /// Its text.
    pub text: String,
    /// Whether a machine wrote it, such as a notice of absence.
    pub is_automatic: bool,
    /// What a mail server says that could not deliver a letter of ours (RFC 3464).
    pub bounce: Option<String>,
    /// Whether whoever took it in says that its sender has no right to that address.
    pub is_forged: bool,
}

/// Bytes of text that are looked at.
const TEXT_BYTES_MAX: usize = 64 * 1_024;

/// Fields that hold where a letter was sent to; the last three are added by mail servers on the way.
const ADDRESSED: [&str; 5] = ["To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"];

/// Takes a letter apart.
#[must_use]
pub fn read(raw: &[u8]) -> Option<LetterIn> {
    let message = MessageParser::default().parse(raw)?;
    let from = message.from().and_then(|it| it.first()).and_then(|it| it.address());
    let report = report(&message);
    let to = ADDRESSED.iter().flat_map(|name| addresses(message.header_raw(*name).unwrap_or("")));
    let mut answers: Vec<String> = ["In-Reply-To", "References"]
        .iter()
        .flat_map(|name| addresses(message.header_raw(*name).unwrap_or("")))
        .collect();
    if let Some(report) = &report {
        answers.extend(named_in(raw));
        answers.extend(report.envelope.iter().map(|it| format!("{it}@")));
    }
    let text = message.body_text(0).unwrap_or_default();
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Some(LetterIn {
        from: from.unwrap_or_default().to_owned(),
        to: to.collect(),
        answers,
        message_id: message.message_id().unwrap_or_default().to_owned(),
        text: text[..end].to_owned(),
        is_automatic: is_automatic(&message) || report.is_some(),
        bounce: report.and_then(|it| it.failed),
        is_forged: false,
    })
}

/// What the report of a mail server says.
struct Report {
    /// The envelope's name, which is the key of the notice.
    envelope: Option<String>,
    /// That a letter came back, in words; `None`: it is late, or was passed on.
    failed: Option<String>,
}

fn report(message: &Message<'_>) -> Option<Report> {
    let kind = message.content_type()?;
    let is_report = kind.ctype().eq_ignore_ascii_case("multipart")
        && kind.subtype().is_some_and(|it| it.eq_ignore_ascii_case("report"));
    if !is_report {
        return None;
    }
    let status = message.parts.iter().find(|part| {
        part.content_type().is_some_and(|it| {
            it.ctype().eq_ignore_ascii_case("message")
                && it.subtype().is_some_and(|it| it.to_lowercase().ends_with("delivery-status"))
        })
    })?;
    let fields = String::from_utf8_lossy(status.contents()).into_owned();
    let field = |name: &str| {
        fields.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let failed = field("Action").is_some_and(|it| it.eq_ignore_ascii_case("failed"));
    // Digits and dots only: the words around them may repeat the address.
    let status = field("Status").unwrap_or_default();
    let status: String =
        status.chars().filter(|it| it.is_ascii_digit() || *it == '.').take(12).collect();
    Some(Report {
        envelope: field("Original-Envelope-Id"),
        failed: failed.then(|| format!("the mail came back ({status})")),
    })
}

/// Whether a machine wrote it (RFC 3834 §5, and what older machines say).
fn is_automatic(message: &Message<'_>) -> bool {
    let field = |name: &'static str| message.header_raw(name).unwrap_or("").trim().to_lowercase();
    let submitted = field("Auto-Submitted");
    let precedence = field("Precedence");
    !submitted.is_empty() && !submitted.starts_with("no")
        || ["bulk", "junk", "list", "auto_reply"].contains(&precedence.as_str())
        || ["X-Autoreply", "X-Autorespond"].into_iter().any(|it| !field(it).is_empty())
}

/// Everything in a field that looks like an address or the name of a letter.
fn addresses(field: &str) -> Vec<String> {
    let parts = field.split([' ', '\t', '\r', '\n', ',', ';', '<', '>', '"', '(', ')']);
    parts.filter(|it| it.contains('@')).take(50).map(str::to_owned).collect()
}

/// The names of letters of ours that a report quotes.
fn named_in(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    let names = text.match_indices("<no_").filter_map(|(at, _)| {
        let name = text[at + 1..].split('>').next()?;
        // A bracket that is never closed takes in whatever follows.
        let whole = name.bytes().all(|it| it.is_ascii_graphic());
        (name.len() <= 200 && name.contains('@') && whole).then(|| name.to_owned())
    });
    names.take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(head: &str, body: &str) -> String {
        format!("{}\n\n{body}", head.trim()).replace('\n', "\r\n")
    }

    #[test]
    fn a_reply_is_read() {
        let raw = letter(
            "From: Ana Reyes <ana@solar.example>\nTo: \"Lamp\" <lamp+no_12@solar.example>,\n other@x.example\n\
             Subject: Re: [pg_1] no lights\nMessage-ID: <abc@phone>\nIn-Reply-To: <no_12@solar.example>\n\
             Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable",
            "Ack=20\n\n> no lights =E2=80=A6",
        );
        assert_eq!(
            read(raw.as_bytes()),
            Some(LetterIn {
                from: "ana@solar.example".to_owned(),
                to: vec!["lamp+no_12@solar.example".to_owned(), "other@x.example".to_owned()],
                answers: vec!["no_12@solar.example".to_owned()],
                message_id: "abc@phone".to_owned(),
                text: "Ack \r\n\r\n> no lights …".to_owned(),
                is_automatic: false,
                bounce: None,
                is_forged: false,
            })
        );
    }

    #[test]
    fn only_html_is_read_as_text() {
        let raw = letter(
            "From: ana@solar.example\nContent-Type: text/html",
            "<html><body><p>resolve <b>12</b></p></body></html>",
        );
        let read = read(raw.as_bytes()).unwrap();
        assert_eq!(read.text.split_whitespace().collect::<Vec<_>>(), ["resolve", "12"]);
    }

    #[test]
    fn machines_are_known() {
        for (head, expected) in [
            ("Auto-Submitted: auto-replied", true),
            ("Auto-Submitted: no", false),
            ("Precedence: bulk", true),
            ("X-Autoreply: yes", true),
            ("X-Auto-Response-Suppress: All", false),
        ] {
            let raw = letter(&format!("From: ana@solar.example\n{head}"), "ack");
            assert_eq!(read(raw.as_bytes()).unwrap().is_automatic, expected, "{head}");
        }
    }

    fn bounce(action: &str) -> String {
        letter(
            "From: MAILER-DAEMON@mx.example\nTo: lamp@solar.example\nSubject: Undelivered\n\
             MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b",
            &format!(
                "--b\nContent-Type: text/plain\n\nYour mail to ana@solar.example ack\n\
                 --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\
                 Original-Envelope-Id: no_13\n\nFinal-Recipient: rfc822; ana@solar.example\n\
                 Action: {action}\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 <ana@solar.example> unknown\n\n\
                 --b\nContent-Type: message/rfc822\n\nMessage-ID: <no_12@solar.example>\n\
                 From: lamp@solar.example\n\ntext\n--b--\n"
            ),
        )
    }

    #[test]
    fn mail_that_came_back_is_known_and_says_which() {
        for (action, expected) in [
            ("failed", Some("the mail came back (5.1.1)".to_owned())),
            ("delayed", None),
            ("relayed", None),
        ] {
            let read = read(bounce(action).as_bytes()).unwrap();
            assert_eq!(read.bounce, expected, "{action}");
            assert_eq!(read.answers, ["no_12@solar.example", "no_13@"]);
            assert!(read.is_automatic, "nobody is answered");
        }
    }

    #[test]
    fn damaged_letters_are_read_or_left() {
        let raw = bounce("failed").into_bytes();
        let mut dice = 1_u64;
        for round in 0..3_000 {
            let mut damaged = raw.clone();
            for _ in 0..=round % 7 {
                // A linear congruential generator (Knuth, MMIX): the same damage every time.
                dice = dice
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let bytes = dice.to_be_bytes();
                let at = usize::from(u16::from_be_bytes([bytes[0], bytes[1]])) % damaged.len();
                if round % 2 == 0 {
                    damaged[at] = bytes[2];
                } else {
                    damaged.truncate(at.max(1));
                }
            }
            let _ = read(&damaged);
        }
    }

    #[test]
    fn no_damage_to_a_letter_breaks_its_reader() {
        let reply = letter(
            "From: Ana <ana@solar.example>\nTo: lamp+no_12@solar.example\nSubject: =?utf-8?q?Re=3A_x?=\n\
             Message-ID: <abc@phone>\nIn-Reply-To: <no_12@solar.example>\n\
             Content-Type: multipart/mixed; boundary=b",
            "--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nQWNr\n--b--",
        );
        let bounce = letter(
            "From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b",
            "--b\n\nsorry\n--b\nContent-Type: message/delivery-status\n\n\
             Original-Envelope-Id: no_12\n\nFinal-Recipient: rfc822; ana@solar.example\nAction: failed\n\
             Status: 5.1.1\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <no_12@solar.example>\n\n--b--",
        );
        let words =
            ["\r\n\r\n", "--b", "=?utf-8?b?", "?=", "<no_", ">", "@", "=F0", "\0", "charset=x"];
        for sample in [reply, bounce] {
            for (seed, bytes) in testkit::spoilt(sample.as_bytes(), &words, 4_000) {
                let run = std::panic::catch_unwind(|| read(&bytes));
                let shown = String::from_utf8_lossy(&bytes);
                let read = run.unwrap_or_else(|_| panic!("seed {seed}: {shown:?}"));
                let Some(read) = read else { continue };
                assert!(read.text.len() <= TEXT_BYTES_MAX, "seed {seed}: {shown:?}");
                let listed = read.answers.iter().all(|it| it.contains('@') && !it.contains('\n'));
                assert!(listed, "seed {seed}: {:?} of {shown:?}", read.answers);
            }
        }
    }
}
