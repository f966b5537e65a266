//! Each test is two diaries and what is found in them; a second way of counting checks the first.

use super::*;
use proptest::prelude::*;

#[test]
fn the_same_person_at_the_same_time_is_agreement() {
    check("0 ana in_1 db", "1 ana P1 db", "agreed 1");
}

#[test]
fn two_minutes_are_together_and_more_is_another_time() {
    check("0 ana in_1 db", "2 ana P1 db", "agreed 1");
    check("0 ana in_1 db", "3 ana P1 db", "agreed 0 / 0 ana at 0, they at 3");
}

#[test]
fn somebody_else_at_the_same_time() {
    check("0 ana in_1 db", "1 bo P1 db", "agreed 0 / 0 ana instead of bo");
}

#[test]
fn one_escalates_and_the_other_does_not() {
    check("0 ana in_1 db, 5 bo in_1 db", "0 ana P1 db", "agreed 1 / 5 only we call bo");
    check("0 ana in_1 db", "0 ana P1 db, 30 cy P1 db", "agreed 1 / 30 only they call cy");
}

#[test]
fn what_only_one_knows_of_is_named() {
    check(
        "0 ana in_1 db",
        "0 ana P1 disk",
        "agreed 0 / 0 only they call ana / 0 only we call ana / only ours in_1 / only theirs P1",
    );
    // An hour later the same key is another story.
    check(
        "0 ana in_1 db",
        "61 ana P1 db",
        "agreed 0 / 0 only we call ana / 61 only they call ana / only ours in_1 / only theirs P1",
    );
}

#[test]
fn two_incidents_of_theirs_may_be_one_of_ours() {
    check("0 ana in_1 db+disk", "0 ana P1 db, 1 ana P2 disk", "agreed 1 / 1 only they call ana");
}

#[test]
fn titles_pair_where_keys_do_not() {
    let ours = [call("0 ana in_1 db", true)];
    let mut theirs = call("1 ana P1 other", false);
    theirs.title = " DB DOWN ".to_owned();
    assert_eq!(compare(&ours, &[theirs]).agreed_count, 1);
}

#[test]
fn a_person_nobody_knows_agrees_with_nobody_and_is_named() {
    check(
        "0 ana in_1 db",
        "0 ?Ana_A P1 db",
        "agreed 0 / 0 ana instead of ?Ana_A / unknown Ana_A 1",
    );
}

#[test]
fn nothing_is_nothing() {
    check("", "", "agreed 0");
}

/// Lays two diaries beside each other, `<minute> <person> <incident> <key>+<key>` each.
#[track_caller]
fn check(ours: &str, theirs: &str, expected: &str) {
    let read = |text: &str, is_ours| -> Vec<Call> {
        text.split(", ").filter(|it| !it.is_empty()).map(|it| call(it, is_ours)).collect()
    };
    let found = compare(&read(ours, true), &read(theirs, false));
    assert_eq!(told(&found), expected);
}

fn call(line: &str, is_ours: bool) -> Call {
    let words: Vec<&str> = line.split(' ').collect();
    let [minute, who, incident, keys] = words[..] else { panic!("four words: {line}") };
    let title = if is_ours { "db down".to_owned() } else { format!("their {incident}") };
    Call {
        at: Timestamp(Millis::from_mins(minute.parse().unwrap()).0),
        who: match who.strip_prefix('?') {
            Some(name) => Who::Unknown(name.to_owned()),
            None => Who::Person(who.into()),
        },
        incident: incident.to_owned(),
        keys: keys.split('+').map(str::to_owned).collect(),
        title,
    }
}

fn told(found: &Comparison) -> String {
    let minute = |at: Timestamp| at.0 / 60_000;
    let name = |who: &Who| match who {
        Who::Person(id) => id.to_string(),
        Who::Unknown(name) => format!("?{name}"),
    };
    let mut parts = vec![format!("agreed {}", found.agreed_count)];
    let mut lines: Vec<String> = vec![];
    for it in &found.differences {
        let what = match &it.kind {
            Kind::OtherTime { who, ours, theirs } => {
                format!("{} at {}, they at {}", name(who), minute(*ours), minute(*theirs))
            }
            Kind::OtherPerson { ours, theirs } => {
                format!("{} instead of {}", name(ours), name(theirs))
            }
            Kind::OnlyOurs { who } => format!("only we call {}", name(who)),
            Kind::OnlyTheirs { who } => format!("only they call {}", name(who)),
        };
        lines.push(format!("{} {what}", minute(it.at)));
    }
    lines.sort_by_key(|it| {
        let (at, rest) = it.split_once(' ').unwrap();
        (at.parse::<i64>().unwrap(), rest.to_owned())
    });
    parts.extend(lines);
    parts.extend(found.only_ours_incidents.iter().map(|it| format!("only ours {it}")));
    parts.extend(found.only_theirs_incidents.iter().map(|it| format!("only theirs {it}")));
    parts.extend(found.unknown_people.iter().map(|(who, count)| format!("unknown {who} {count}")));
    parts.join(" / ")
}

fn diary(side: &'static str) -> impl Strategy<Value = Vec<Call>> {
    let call =
        (0_i64..24, 0_usize..3, 0_usize..2).prop_map(move |(half_mins, person, incident)| {
            let who = ["ana", "bo", "cy"][person];
            Call {
                at: Timestamp(half_mins * 30_000),
                who: Who::Person(who.into()),
                incident: format!("{side}{incident}"),
                keys: BTreeSet::from([format!("key-{incident}")]),
                title: format!("{side} {incident}"),
            }
        });
    proptest::collection::vec(call, 0..7)
}

/// The most calls of one person about one thing that can be put together in twos, by trying every way.
fn most_together(ours: &[Timestamp], theirs: &[Timestamp]) -> usize {
    let Some((first, rest)) = ours.split_first() else { return 0 };
    let mut best = most_together(rest, theirs);
    for (idx, other) in theirs.iter().enumerate() {
        if apart(*first, *other) <= TOGETHER {
            let without = [&theirs[..idx], &theirs[idx + 1..]].concat();
            best = best.max(1 + most_together(rest, &without));
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(0x5AD0),
        ..ProptestConfig::default()
    })]

    #[test]
    fn as_much_agreement_as_there_can_be_and_no_call_lost(ours in diary("in_"), theirs in diary("P")) {
        let found = compare(&ours, &theirs);
        let mut expected = 0;
        for (incident, person) in [(0, "ana"), (0, "bo"), (0, "cy"), (1, "ana"), (1, "bo"), (1, "cy")] {
            let of = |calls: &[Call], side: &str| -> Vec<Timestamp> {
                let name = format!("{side}{incident}");
                let who = Who::Person(person.into());
                let mine = calls.iter().filter(|it| it.incident == name && it.who == who);
                mine.map(|it| it.at).collect()
            };
            expected += most_together(&of(&ours, "in_"), &of(&theirs, "P"));
        }
        prop_assert_eq!(found.agreed_count, expected);
        let twice = found.differences.iter().filter(|it| {
            matches!(it.kind, Kind::OtherTime { .. } | Kind::OtherPerson { .. })
        });
        let counted = 2 * found.agreed_count + found.differences.len() + twice.count();
        prop_assert_eq!(counted, ours.len() + theirs.len());
        let turned = |calls: &[Call]| -> Vec<Call> { calls.iter().rev().cloned().collect() };
        prop_assert_eq!(compare(&turned(&ours), &turned(&theirs)), found);
    }
}
