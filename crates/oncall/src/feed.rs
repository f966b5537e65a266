//! Shifts as an iCalendar feed (RFC 5545) that phones and calendars subscribe to.
//!
//! Intuition: whoever is on duty should see it where they see everything else of their day, and be
//! reminded by a phone that works without us.
//!
//! Invariants: an event keeps its UID as long as the shift keeps its rota, person and beginning, so that a
//! shift that changes moves and does not double; lines are at most 75 bytes and end with CRLF; whatever
//! text comes in cannot end its line.

use model::{Millis, PersonId, RotaId, Timestamp};
use std::fmt::Write as _;

/// Longest line, in bytes, without its end (RFC 5545 §3.1).
const LINE_BYTES_MAX: usize = 75;

/// One shift in a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// In which rota.
    pub rota: RotaId,
    /// Whose.
    pub person: PersonId,
    /// The first instant.
    pub starts: Timestamp,
    /// The first instant after it.
    pub ends: Timestamp,
    /// What a calendar shows.
    pub title: String,
    /// More about it.
    pub about: String,
}

/// What a feed is called and where it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// What a calendar calls it.
    pub name: &'a str,
    /// The name behind the `@` of every UID.
    pub host: &'a str,
    /// When it was made.
    pub made_at: Timestamp,
    /// How long before a shift its owner is reminded; none: never.
    pub alarms: &'a [Millis],
}

/// The text of a feed.
#[must_use]
pub fn feed(head: &Head<'_>, entries: &[Entry]) -> String {
    let mut text = String::new();
    let mut line = |it: &str| folded(&mut text, it);
    line("BEGIN:VCALENDAR");
    line("VERSION:2.0");
    line("PRODID:-//Lamplighter//Duty//EN");
    line("CALSCALE:GREGORIAN");
    line("METHOD:PUBLISH");
    line(&format!("NAME:{}", escaped(head.name)));
    line(&format!("X-WR-CALNAME:{}", escaped(head.name)));
    // How often to ask again: RFC 7986 §5.7, and what was used before it.
    line("REFRESH-INTERVAL;VALUE=DURATION:PT1H");
    line("X-PUBLISHED-TTL:PT1H");
    for it in entries {
        line("BEGIN:VEVENT");
        let uid = format!("{}-{}-{}@{}", it.rota, it.person, it.starts.0, head.host);
        line(&format!("UID:{}", escaped(&uid)));
        line(&format!("DTSTAMP:{}", utc(head.made_at)));
        line(&format!("DTSTART:{}", utc(it.starts)));
        line(&format!("DTEND:{}", utc(it.ends)));
        line(&format!("SUMMARY:{}", escaped(&it.title)));
        line(&format!("DESCRIPTION:{}", escaped(&it.about)));
        // Being on duty is no appointment: others may still invite.
        line("TRANSP:TRANSPARENT");
        for before in head.alarms {
            line("BEGIN:VALARM");
            line("ACTION:DISPLAY");
            line(&format!("DESCRIPTION:{}", escaped(&it.title)));
            line(&format!("TRIGGER:-PT{}M", before.whole_mins().max(0)));
            line("END:VALARM");
        }
        line("END:VEVENT");
    }
    line("END:VCALENDAR");
    text
}

fn utc(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Text as a value (RFC 5545 §3.3.11); what no line may hold becomes a space.
fn escaped(text: &str) -> String {
    let mut into = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '\\' | ';' | ',' => {
                into.push('\\');
                into.push(it);
            }
            '\n' => into.push_str("\\n"),
            it if it.is_control() => into.push(' '),
            it => into.push(it),
        }
    }
    into
}

/// A line in pieces of at most 75 bytes, never within a character.
fn folded(into: &mut String, line: &str) {
    let mut used = 0;
    for it in line.chars() {
        if used + it.len_utf8() > LINE_BYTES_MAX {
            into.push_str("\r\n ");
            used = 1;
        }
        let _ = write!(into, "{it}");
        used += it.len_utf8();
    }
    into.push_str("\r\n");
}
