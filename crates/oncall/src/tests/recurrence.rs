//! Rules beside what python-dateutil 2.9.0 makes of them: seven hundred drawn at random, with the first
//! seven days of each up to 2060, in `recurrence.txt`.

use crate::Recurrence;
use jiff::civil::Date;

#[test]
fn days_are_those_of_dateutil() {
    let mut count = 0;
    for line in include_str!("recurrence.txt").lines() {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap_or_default();
        let (rule, first, expected) = (word(), word(), word());
        let first: Date = first.parse().expect("a day");
        let read = Recurrence::parse(rule).unwrap_or_else(|why| panic!("{rule}: {why}"));
        let days = read.dates(first).take_while(|it| it.year() <= 2060).take(7);
        let shown: Vec<String> = days.map(|it| it.strftime("%Y%m%d").to_string()).collect();
        assert_eq!(shown.join(","), expected, "{line}");
        count += 1;
    }
    assert_eq!(count, 700);
}

#[test]
fn what_is_not_read_is_refused_by_name() {
    let refused = [
        ("", "it says no FREQ"),
        ("FREQ=SECONDLY", "FREQ=SECONDLY is not read: use DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=DAILY;BYHOUR=9", "`BYHOUR` is not read"),
        ("FREQ=DAILY;INTERVAL=0", "`0` is not a whole number from 1 to 10000"),
        ("FREQ=WEEKLY;BYDAY=XX", "`XX` is not a day: use MO, TU, WE, TH, FR, SA, SU"),
        ("FREQ=WEEKLY;BYDAY=é", "`é` is not a day: use MO, TU, WE, TH, FR, SA, SU"),
        (
            "FREQ=WEEKLY;BYDAY=1MO",
            "a numbered day such as `1MO` needs FREQ=MONTHLY, or YEARLY with BYMONTH",
        ),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY does not go with FREQ=WEEKLY"),
        ("FREQ=WEEKLY;BYSETPOS=1", "BYSETPOS goes with FREQ=MONTHLY and YEARLY only"),
        ("FREQ=YEARLY;BYDAY=1MO", "a numbered day in FREQ=YEARLY needs BYMONTH"),
        ("FREQ=DAILY;COUNT=1;UNTIL=20260101", "COUNT and UNTIL do not go together"),
        ("FREQ=DAILY;UNTIL=20260230", "`20260230` is not a day such as 20261231"),
        ("FREQ", "`FREQ` is not NAME=VALUE"),
    ];
    for (rule, why) in refused {
        assert_eq!(Recurrence::parse(rule), Err(why.to_owned()), "{rule}");
    }
}

/// Goal: a rule that names no day ends, and so does one that never ends.
#[test]
fn every_rule_ends() {
    let first: Date = "2026-01-01".parse().expect("a day");
    let never = Recurrence::parse("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30").expect("a rule");
    assert_eq!(never.dates(first).next(), None);
    let always = Recurrence::parse("FREQ=YEARLY;INTERVAL=10000").expect("a rule");
    assert_eq!(always.dates(first).collect::<Vec<_>>(), [first]);
}
