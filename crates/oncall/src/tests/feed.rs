//! Feeds, byte by byte, and read again by our own reader.

use crate::Zones;
use crate::feed::{Entry, Head, feed};
use crate::ics::Calendar;
use model::{Millis, Timestamp};

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

#[test]
fn a_feed_is_what_calendars_take() {
    let entry = Entry {
        rota: "payments".into(),
        person: "ana".into(),
        starts: at("2026-10-19T07:00:00Z"),
        ends: at("2026-10-26T08:00:00Z"),
        title: "On call: payments; Ana, Réyes\r\nEND:VEVENT".to_owned(),
        about: "é".repeat(60),
    };
    let alarms = [Millis::from_hours(24), Millis::from_mins(15)];
    let made_at = at("2026-11-21T12:00:00Z");
    let head = Head { name: "Duty of Ana", host: "lamp.example", made_at, alarms: &alarms };
    let text = feed(&head, std::slice::from_ref(&entry));
    let expected = "BEGIN:VCALENDAR|VERSION:2.0|PRODID:-//Lamplighter//Duty//EN|CALSCALE:GREGORIAN|\
METHOD:PUBLISH|NAME:Duty of Ana|X-WR-CALNAME:Duty of Ana|REFRESH-INTERVAL;VALUE=DURATION:PT1H|\
X-PUBLISHED-TTL:PT1H|BEGIN:VEVENT|UID:payments-ana-1792393200000@lamp.example|\
DTSTAMP:20261121T120000Z|DTSTART:20261019T070000Z|DTEND:20261026T080000Z|\
SUMMARY:On call: payments\\; Ana\\, Réyes \\nEND:VEVENT|\
DESCRIPTION:ééééééééééééééééééééééééééééééé| éééééééééééééééééééééééééééée|TRANSP:TRANSPARENT|\
BEGIN:VALARM|ACTION:DISPLAY|DESCRIPTION:On call: payments\\; Ana\\, Réyes \\nEND:VEVENT|TRIGGER:-PT1440M|END:VALARM|\
BEGIN:VALARM|ACTION:DISPLAY|DESCRIPTION:On call: payments\\; Ana\\, Réyes \\nEND:VEVENT|TRIGGER:-PT15M|END:VALARM|\
END:VEVENT|END:VCALENDAR|";
    let expected = expected.replace("éééée|TRANSP", "ééééé|TRANSP");
    assert_eq!(text.replace("\r\n", "|"), expected);
    assert!(text.split("\r\n").all(|it| it.len() <= 75 && !it.contains(['\r', '\n'])));
    let read = Calendar::read(text.as_bytes(), &Zones::bundled());
    assert_eq!(read.problems, []);
    let (from, to) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    assert_eq!(read.times("UTC", from, to, &Zones::bundled()), [(entry.starts, entry.ends)]);
}
