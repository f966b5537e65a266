//! Exports as tools write them: what is read, what is lost and why, what they say.

use crate::records::{Reading, Records, TYPED, describe, read};
use crate::world::Class;
use std::fmt::Write as _;

/// Items as `created started finished worked groups`, in hours since the first, then what was lost.
#[track_caller]
fn check(text: &str, reading: &Reading, expect: &str) {
    let records = read(text, reading).unwrap_or_else(|it| panic!("{it}"));
    assert_eq!(shown(&records), expect, "{records:?}");
}

fn shown(records: &Records) -> String {
    let first = records.works.first().map_or(0, |it| it.created_ms);
    let hours = |at: Option<i64>| {
        at.map_or("-".to_owned(), |it| format!("{}", crate::number::hours(it - first)))
    };
    let work = |it: &crate::records::Work| {
        format!(
            "{} {} {} {} {} {}",
            it.class.name(),
            hours(Some(it.created_ms)),
            hours(it.started_ms),
            hours(it.finished_ms),
            it.worked_ms.map_or("-".to_owned(), |it| format!("{}m", it / 60_000)),
            it.groups.join(">"),
        )
    };
    let mut all: Vec<String> = records.works.iter().map(work).collect();
    all.extend(
        records.lost.iter().map(|(why, (n, line))| format!("lost {n} (line {line}): {why}")),
    );
    all.join(" / ")
}

#[test]
fn a_row_per_ticket_with_usual_names() {
    check(
        "Key,Created,First Response,Resolved At,Time Spent Minutes,Team,Issue Type\n\
         A-1,2026-02-02 09:00,2026-02-02 10:00,2026-02-02 12:00,45,payments,ticket\n\
         A-2,2026-02-02T10:00:00Z,,,,field,Request\n",
        &Reading::usual(),
        "ticket 0 1 3 45m payments / request 1 - - - field",
    );
}

#[test]
fn a_row_per_change_is_one_piece_of_work() {
    let reading = Reading { times: Some("%d-%m-%Y %H:%M".to_owned()), ..Reading::usual() };
    check(
        "number,incident_state,opened_at,sys_updated_at,assignment_group,assigned_to,resolved_at\n\
         I1,New,29-02-2016 01:00,29-02-2016 01:05,G1,?,\n\
         I1,Active,29-02-2016 01:00,29-02-2016 03:00,G2,Ann,\n\
         I1,Active,29-02-2016 01:00,29-02-2016 04:00,G1,Ann,\n\
         I1,Closed,29-02-2016 01:00,29-02-2016 09:00,G1,Ann,29-02-2016 07:00\n",
        &reading,
        "ticket 0 2 6 - G1>G2>G1",
    );
}

#[test]
fn what_cannot_be_read_is_counted_with_its_line() {
    check(
        "id;created;finished;type\n\
         1;2026-02-02 09:00;2026-02-02 08:00;ticket\n\
         2;02/03/2026 09:00;;ticket\n\
         3;;;ticket\n\
         4;2026-02-02 09:30;;epic\n\
         5;2026-02-02 09:00;2026-02-02 09:30;ticket\n",
        &Reading::usual(),
        "ticket 0 - 0.5 -  / lost 1 (line 3): `created` is no time that can be read / \
         lost 1 (line 0): began or ended before it came up / \
         lost 1 (line 4): nothing says when it came up / \
         lost 1 (line 5): the class `epic` means nothing here",
    );
}

#[test]
fn local_times_are_read_in_their_zone() {
    let zone = jiff::tz::TimeZoneDatabase::bundled().get("Africa/Nairobi").expect("bundled");
    let reading = Reading { zone, ..Reading::usual() };
    let records = read("created\n2026-02-02 09:00\n", &reading).expect("a table");
    assert_eq!(records.works[0].created_ms, 1_770_012_000_000, "06:00 in Greenwich");
}

#[test]
fn a_table_without_a_beginning_says_what_it_has() {
    let check = |text: &str, expect: &str| {
        let found = read(text, &Reading::usual());
        assert!(found.as_ref().is_err_and(|it| it.contains(expect)), "{found:?}");
    };
    check("a,b\n1,2\n", "there are a, b: name one under");
    check("", "no column says when work came up");
}

#[test]
fn damage_is_counted_and_never_a_panic() {
    let good =
        "id,created,finished,worked minutes,type\n1,2026-02-02 09:00,2026-02-02 10:00,5,page\n"
            .to_owned();
    let stream = crate::random::Stream::new(20_261_121, 0, 0);
    for number in 0..4_000_u64 {
        let mut bytes = good.clone().into_bytes();
        for change in 0..3 {
            let [place, byte] = stream.units(number * 3 + change);
            let place = crate::number::index(place * crate::number::count(bytes.len()));
            bytes[place] = u8::try_from(crate::number::index(byte * 128.0)).expect("ASCII");
        }
        let text = String::from_utf8(bytes).expect("ASCII");
        if let Ok(records) = read(&text, &Reading::usual()) {
            let lost: usize = records.lost.values().map(|it| it.0).sum();
            assert!(records.works.len() + lost <= records.rows, "{text:?} gave {records:?}");
            let _ = describe(&records.works);
        }
    }
}

#[test]
fn what_records_say() {
    let mut text = "id,created,finished,group\n".to_owned();
    for day in 1..=20 {
        // Two on every day, each over after exactly two hours.
        for hour in [9, 10] {
            let end = hour + 2;
            let _ = writeln!(
                text,
                "{day}-{hour},2026-03-{day:02} {hour:02}:00,2026-03-{day:02} {end}:00,a"
            );
        }
    }
    text += "x,2026-03-20 12:00,,a\nx,2026-03-20 12:00,,b\nx,2026-03-20 12:00,,a\n";
    let records = read(&text, &Reading::usual()).expect("a table");
    let [described] = &describe(&records.works)[..] else { panic!("one class") };
    assert_eq!((described.class, described.items, described.open), (Class::Ticket, 41, 1));
    assert_eq!(described.done_hours, Some((2.0, 2.0)));
    assert_eq!(described.round, Some(1.0), "typed, not measured");
    assert!(described.dispersion.is_some_and(|it| it < 0.1), "no bursts: {described:?}");
    let close = |found: Option<f64>, expect: f64| {
        assert!(found.is_some_and(|it| (it - expect).abs() < 1e-9), "{found:?}, not {expect}");
    };
    close(described.handovers, 2.0 / 41.0);
    close(described.ping_pong, 100.0 / 41.0);
}

/// Two published data sets, read in place.
#[test]
fn real_exports_are_read_and_typed_times_are_seen() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder =
        here.ancestors().map(|it| it.join("shared/conformance/teams")).find(|it| it.is_dir());
    let Some(folder) = folder else {
        println!("left out: two real data sets, because ../shared is not there");
        return;
    };
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).expect("readable");
    let reading = Reading { times: Some("%d-%m-%Y %H:%M".to_owned()), ..Reading::usual() };
    let tickets = read(&text("servicenow-incidents.csv"), &reading).expect("a table");
    let [described] = &describe(&tickets.works)[..] else { panic!("one class") };
    println!("{described:?}, lost {:?}", tickets.lost);
    assert!(described.ping_pong.is_some_and(|it| it > 0.0) && described.wait_hours.is_some());
    let status = read(&text("jenkins-status-incidents.csv"), &Reading::usual()).expect("a table");
    println!("{:?} lost {:?} used {:?}", describe(&status.works), status.lost, status.used);
    let [described] = &describe(&status.works)[..] else { panic!("one class") };
    assert_eq!(described.done_hours.map(|it| it.0), Some(2.0), "the median is typed");
    assert!(described.round.is_some_and(|it| it > TYPED), "typed: {described:?}");
}
