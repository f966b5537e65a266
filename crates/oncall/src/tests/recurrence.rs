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
        ("FREQ=WEEKLY;BYDAY=1MO", "a numbered day such as `1MO` needs FREQ=MONTHLY or YEARLY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY does not go with FREQ=WEEKLY"),
        ("FREQ=WEEKLY;BYSETPOS=1", "BYSETPOS goes with FREQ=MONTHLY and YEARLY only"),
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

/// Goal: what comes once in decades comes, also where the rule looks at every day: counted by hand, 29
/// February is a Monday in 2072 and, for want of one in 2100, not again until 2112.
#[test]
fn what_is_rare_is_waited_for() {
    let first: Date = "2045-01-01".parse().expect("a day");
    let rare = "BYMONTH=2;BYMONTHDAY=29;BYDAY=MO";
    for every in ["DAILY", "MONTHLY", "YEARLY"] {
        let rule = Recurrence::parse(&format!("FREQ={every};{rare}")).expect("a rule");
        let days: Vec<String> = rule.dates(first).take(2).map(|it| it.to_string()).collect();
        assert_eq!(days, ["2072-02-29", "2112-02-29"], "{every}");
    }
}

/// Goal: where a rule of years names no month, days are numbered through the year (RFC 5545 §3.8.5.3 has
/// the twentieth Monday: 19 May 1997, 18 May 1998, 17 May 1999).
#[test]
fn days_are_numbered_through_the_year() {
    let check = |rule: &str, expected: [&str; 3]| {
        let rule = Recurrence::parse(rule).expect("a rule");
        let first: Date = "1997-05-19".parse().expect("a day");
        let days: Vec<String> = rule.dates(first).take(3).map(|it| it.to_string()).collect();
        assert_eq!(days, expected);
    };
    check("FREQ=YEARLY;BYDAY=20MO", ["1997-05-19", "1998-05-18", "1999-05-17"]);
    check("FREQ=YEARLY;BYDAY=-1WE", ["1997-12-31", "1998-12-30", "1999-12-29"]);
}
