//! Calendars whole and damaged.

use crate::Zones;
use crate::ics::Calendar;
use model::Timestamp;

const LEAVE: &str = "BEGIN:VCALENDAR\r
VERSION:2.0\r
BEGIN:VTIMEZONE\r
TZID:Europe/Paris\r
BEGIN:STANDARD\r
DTSTART:19701025T030000\r
END:STANDARD\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
UID:a\r
SUMMARY:a long story that goes on\r
  in the next line\r
DTSTART;VALUE=DATE:20261224\r
DTEND;VALUE=DATE:20261227\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:b\r
DTSTART;TZID=\"Europe/Paris\":20260327T0\r
 90000\r
DURATION:PT8H\r
RRULE:FREQ=DAILY;COUNT=5\r
EXDATE;TZID=Europe/Paris:20260328T090000\r
BEGIN:VALARM\r
DTSTART:junk\r
END:VALARM\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:b\r
RECURRENCE-ID;TZID=Europe/Paris:20260330T090000\r
DTSTART;TZID=Europe/Paris:20260330T150000\r
DURATION:PT1H\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:c\r
STATUS:CANCELLED\r
DTSTART;VALUE=DATE:20260601\r
END:VEVENT\r
END:VCALENDAR\r
";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect("a time")
}

fn told(calendar: &Calendar) -> Vec<String> {
    let (from, to) = (at("2026-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"));
    let times = calendar.times("Africa/Nairobi", from, to, &Zones::bundled());
    let times = times.iter().map(|it| format!("{} {}", it.0, it.1));
    times.chain(calendar.problems.iter().map(|it| format!("line {}: {}", it.0, it.1))).collect()
}

/// Goal: folded lines, zones, days of the place, repetition, exceptions and moved occurrences are read;
/// nine in Paris is an hour earlier, UTC, after 29 March.
#[test]
fn events_are_times() {
    assert_eq!(
        told(&Calendar::read(LEAVE.as_bytes(), &Zones::bundled())),
        [
            "2026-03-27T08:00:00Z 2026-03-27T16:00:00Z",
            "2026-03-29T07:00:00Z 2026-03-29T15:00:00Z",
            "2026-03-30T13:00:00Z 2026-03-30T14:00:00Z",
            "2026-03-31T07:00:00Z 2026-03-31T15:00:00Z",
            "2026-12-23T21:00:00Z 2026-12-26T21:00:00Z",
        ]
    );
}

/// Goal: instants of a rule's end, of exceptions and of moved occurrences are days of the place: four in
/// the morning in UTC is the evening before in Los Angeles. Hours of a DURATION are hours also in the
/// night of 8 March 2026, which has one less; a day is a day.
#[test]
fn instants_are_read_where_the_event_takes_place() {
    let check = |event: &str, expected: &[&str]| {
        let text = format!("BEGIN:VEVENT\nUID:a\n{event}\nEND:VEVENT\n");
        assert_eq!(told(&Calendar::read(text.as_bytes(), &Zones::bundled())), expected, "{event}");
    };
    let evening =
        "DTSTART;TZID=America/Los_Angeles:20260105T200000\nDURATION:PT1H\nRRULE:FREQ=DAILY";
    let first = "2026-01-06T04:00:00Z 2026-01-06T05:00:00Z";
    let then = "2026-01-07T04:00:00Z 2026-01-07T05:00:00Z";
    check(&format!("{evening};UNTIL=20260107T040000Z"), &[first, then]);
    check(&format!("{evening};UNTIL=20260107T035959Z"), &[first]);
    check(&format!("{evening};UNTIL=20260106T195959"), &[first]);
    check(&format!("{evening};COUNT=2\nEXDATE:20260107T040000Z"), &[first]);
    check(
        &format!(
            "{evening};COUNT=2\nEND:VEVENT\nBEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20260106T040000Z\n\
             DTSTART:20260110T000000Z\nDURATION:PT1H"
        ),
        &[then, "2026-01-10T00:00:00Z 2026-01-10T01:00:00Z"],
    );
    let night = "DTSTART;TZID=America/Los_Angeles:20260307T220000";
    check(&format!("{night}\nDURATION:PT8H"), &["2026-03-08T06:00:00Z 2026-03-08T14:00:00Z"]);
    check(&format!("{night}\nDURATION:P1D"), &["2026-03-08T06:00:00Z 2026-03-09T05:00:00Z"]);
    check(
        &format!("{night}\nDTEND;TZID=America/Los_Angeles:20260308T060000"),
        &["2026-03-08T06:00:00Z 2026-03-08T13:00:00Z"],
    );
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_read() {
    let check = |event: &str, expected: &str| {
        let text = format!(
            "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260101\nEND:VEVENT\nBEGIN:VEVENT\n{event}\nEND:VEVENT\n"
        );
        let expected =
            ["2026-01-01T00:00:00Z 2026-01-01T21:00:00Z".to_owned(), expected.to_owned()];
        assert_eq!(told(&Calendar::read(text.as_bytes(), &Zones::bundled())), expected, "{event}");
    };
    check("UID:x", "line 4: this event does not say when it starts");
    check("DTSTART:soon", "line 5: `soon` is no time");
    check("DTSTART:20260230", "line 5: `20260230` is no time");
    check("DTSTART;TZID=Mars/Base:20260101T000000", "line 5: the zone `Mars/Base` is not known");
    check("DTSTART:20260102\nDTEND:20260101", "line 6: it ends before it starts");
    check("DTSTART:20260102\nDURATION:long", "line 6: `long` is no length of time");
    check("DTSTART:20260102\nRDATE:20260103", "line 6: RDATE is not read");
    check(
        "DTSTART:20260102\nRRULE:FREQ=HOURLY",
        "line 6: its days: FREQ=HOURLY is not read: use DAILY, WEEKLY, MONTHLY or YEARLY",
    );
    assert_eq!(told(&Calendar::read(b"", &Zones::bundled())), ["line 1: there is no event in it"]);
    assert_eq!(
        told(&Calendar::read(b"BEGIN:VEVENT\nUID:x", &Zones::bundled())),
        ["line 1: this event never ends"]
    );
}

/// A calendar of who is on duty: each occurrence by itself, with its title and guests, the one that replaces
/// another in its place.
#[test]
fn a_calendar_of_duty_keeps_whom_it_names() {
    const DUTY: &str = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260105T080000Z\r\n\
        DTEND:20260106T080000Z\r\nRRULE:FREQ=DAILY;INTERVAL=2;COUNT=3\r\nSUMMARY:Ana\\, primary\r\n\
        ATTENDEE;CN=Ana:MAILTO:Ana@solar.example\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID:20260107T080000Z\r\nDTSTART:20260107T080000Z\r\n\
        DTEND:20260108T080000Z\r\nSUMMARY:Bo\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let calendar = Calendar::read_duty(DUTY.as_bytes(), &Zones::bundled());
    let (from, to) = (at("2026-01-05T12:00:00Z"), at("2026-01-20T00:00:00Z"));
    let mut found: Vec<_> = calendar
        .occurrences("UTC", from, to, &Zones::bundled())
        .into_iter()
        .map(|(starts, ends, it)| format!("{starts} {ends} {} {:?}", it.title, it.guests))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            "2026-01-05T12:00:00Z 2026-01-06T08:00:00Z Ana, primary [\"ana@solar.example\"]",
            "2026-01-07T08:00:00Z 2026-01-08T08:00:00Z Bo []",
            "2026-01-09T08:00:00Z 2026-01-10T08:00:00Z Ana, primary [\"ana@solar.example\"]",
        ]
    );
    // Read as leave, nobody is kept.
    let calendar = Calendar::read(DUTY.as_bytes(), &Zones::bundled());
    let kept = calendar.occurrences("UTC", from, to, &Zones::bundled());
    assert!(kept.iter().all(|it| it.2.title.is_empty() && it.2.guests.is_empty()));
}

/// Goal: damaged calendars never bring the reader down, and every time given lies where it was asked.
#[test]
fn damage_is_survived() {
    let zones = Zones::bundled();
    let (from, to) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    let mut random = roughly(0xda_3a6e);
    for _ in 0..3_000 {
        let mut bytes = LEAVE.as_bytes().to_vec();
        for _ in 0..=random() % 6 {
            if bytes.len() < 2 {
                break;
            }
            let place = usize::try_from(random()).expect("64 bits") % bytes.len();
            match random() % 4 {
                0 => bytes[place] = random().to_le_bytes()[0],
                1 => drop(bytes.remove(place)),
                2 => bytes.truncate(place.max(1)),
                _ => {
                    let copied = bytes[place..bytes.len().min(place + 40)].to_vec();
                    bytes.splice(place..place, copied);
                }
            }
        }
        let calendar = Calendar::read(&bytes, &zones);
        for (starts, ends) in calendar.times("Europe/Paris", from, to, &zones) {
            assert!(from <= starts && starts < ends && ends <= to);
        }
    }
}

fn roughly(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        // xorshift64, Marsaglia 2003.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}
