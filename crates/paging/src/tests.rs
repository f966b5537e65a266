//! Every test is a line of script and the timeline it must produce.
//!
//! A policy is written `ana,bo*2,cy!d`: steps with one person each; `*2` wants two people to take the
//! page, `!d` is taken only by day. Times are milliseconds, a step waits 5, and it is day when the
//! clock shows 100 or more.

mod walks;

use crate::{Counted, Due, Next, Page, attempt_limit, in_turn};
use model::{
    AlertId, Escalation, EscalationStep, IncidentId, Millis, PageTarget, PersonId, Severity,
    Timestamp,
};
use std::collections::BTreeMap;

#[test]
fn moves_to_the_next_step_when_nobody_answers() {
    check("ana,bo", 0, "0 go / 5 go", "0 step 0 ana / 5 step 1 bo");
}

#[test]
fn comes_to_rest_after_the_last_repeat() {
    check(
        "ana",
        1,
        "0 go / 5 go / 10 go / 15 go",
        "0 step 0 ana / 5 step 1 ana / 10 exhausted / 15 rest",
    );
}

#[test]
fn an_exhausted_page_may_still_be_taken() {
    check("ana", 0, "0 go / 5 go / 9 ack / 10 go", "0 step 0 ana / 5 exhausted / 9 ack / 10 rest");
}

#[test]
fn an_ended_page_rests() {
    check("ana,bo", 0, "0 go / 3 end / 5 go", "0 step 0 ana / 3 end / 5 rest");
}

#[test]
fn a_page_takes_a_bounded_number_of_steps() {
    assert_eq!(attempt_limit(&policy("ana,bo,cy", 2)), 9);
}

#[test]
#[should_panic(expected = "taken once only")]
fn a_page_is_not_taken_twice() {
    check("ana", 0, "0 go / 1 ack / 2 ack", "");
}

#[test]
fn a_step_whose_condition_does_not_hold_is_passed_over() {
    check("ana!d,bo", 0, "0 go / 5 go", "0 step 1 bo without 0 / 5 exhausted");
    check("ana!d,bo", 0, "100 go / 105 go", "100 step 0 ana / 105 step 1 bo");
    check("ana,bo!d", 0, "0 go / 5 go", "0 step 0 ana / 5 exhausted without 1");
}

#[test]
fn what_would_call_nobody_calls_without_conditions() {
    check(
        "ana!d,bo!d",
        0,
        "0 go / 5 go / 10 go",
        "0 step 0 ana without 0,1 anyway / 5 step 1 bo anyway / 10 exhausted",
    );
    // Each pass is judged by itself: by day the second one has its conditions back.
    check(
        "ana!d,bo!d",
        1,
        "0 go / 5 go / 100 go / 105 go / 110 go",
        "0 step 0 ana without 0,1 anyway / 5 step 1 bo anyway / 100 step 2 ana / \
         105 step 3 bo / 110 exhausted",
    );
}

#[test]
fn several_must_take_it_and_nobody_counts_twice() {
    check(
        "ana*2,bo",
        0,
        "0 go / 1 ack ana / 2 ack ana / 3 ack bo",
        "0 step 0 ana / 1 ana 1 of 2 / 2 ana again / 3 ack",
    );
    // The step that calls decides how many are wanted.
    check(
        "ana*2,bo",
        0,
        "0 go / 1 ack ana / 5 go / 6 ack bo",
        "0 step 0 ana / 1 ana 1 of 2 / 5 step 1 bo / 6 ack",
    );
}

#[test]
fn what_is_not_renewed_comes_back_and_begins_again() {
    check(
        "ana,bo",
        0,
        "ack-timeout 40 / 0 go / 5 go / 6 ack bo / 35 due / 36 due / 37 due / 45 due / 46 due / \
         46 return / 46 go / 51 go / 56 go",
        "0 step 0 ana / 5 step 1 bo / 6 ack / 35 nothing / 36 remind / 37 nothing / 45 nothing / \
         46 return / 46 returned / 46 step 2 ana / 51 step 3 bo / 56 exhausted",
    );
}

#[test]
fn renewing_starts_the_time_again() {
    check(
        "ana",
        0,
        "ack-timeout 40 / 0 go / 1 ack ana / 31 due / 35 renew / 41 due / 65 due / 66 due / 75 due",
        "0 step 0 ana / 1 ack / 31 remind / 35 renewed / 41 nothing / 65 remind / 66 nothing / \
         75 return",
    );
}

#[test]
fn after_a_long_pause_nobody_is_reminded_of_what_has_passed() {
    check(
        "ana",
        0,
        "ack-timeout 40 / 0 go / 1 ack ana / 500 due",
        "0 step 0 ana / 1 ack / 500 return",
    );
}

#[test]
fn whoever_hands_it_on_keeps_it_until_it_is_taken() {
    check(
        "ana,bo",
        0,
        "0 go / 1 ack ana / 2 hand cy / 3 holder / 4 ack cy / 5 holder / 6 go",
        "0 step 0 ana / 1 ack / 2 handed / 3 ana / 4 ack / 5 cy / 6 rest",
    );
}

#[test]
#[should_panic(expected = "taken once only")]
fn nobody_takes_what_was_handed_to_another() {
    check("ana,bo", 0, "0 go / 1 ack ana / 2 hand cy / 3 ack bo", "");
}

#[test]
fn a_snooze_ends_and_the_calls_begin_again() {
    check(
        "ana,bo",
        0,
        "0 go / 1 snooze 50 / 2 go / 49 due / 50 due / 50 return / 50 go / 55 go",
        "0 step 0 ana / 1 snoozed / 2 rest / 49 nothing / 50 wake / 50 returned / \
         50 step 1 ana / 55 step 2 bo",
    );
    // An acknowledgement that was snoozed is over, and needs no renewal any more.
    check(
        "ana",
        0,
        "ack-timeout 40 / 0 go / 1 ack ana / 2 snooze 50 / 45 due / 50 due",
        "0 step 0 ana / 1 ack / 2 snoozed / 45 nothing / 50 wake",
    );
}

#[test]
fn turns_go_round_and_stay_fair_when_people_come_and_go() {
    let mut called = BTreeMap::new();
    let mut pages = |people: &str, count: u64| -> String {
        let people: Vec<PersonId> = people.split(',').map(PersonId::from).collect();
        let mut turns = vec![];
        for _ in 0..count {
            let next = in_turn(&people, &called)[0].clone();
            let place = called.values().max().copied().unwrap_or(0) + 1;
            called.insert(next.clone(), place);
            turns.push(next.to_string());
        }
        turns.join(" ")
    };
    assert_eq!(pages("ana,bo,cy", 4), "ana bo cy ana");
    assert_eq!(pages("ana,cy", 3), "cy ana cy", "bo has left");
    // Both who come have one turn each, then all wait alike: nobody has to catch up.
    assert_eq!(pages("ana,bo,cy,dede", 8), "dede bo ana cy dede bo ana cy");
}

/// Runs `script` on a page whose steps wait 5 ms, and compares the whole timeline.
#[track_caller]
fn check(people: &str, repeat_max: u32, script: &str, expected: &str) {
    let mut page = page(policy(people, repeat_max));
    let mut timeline = vec![];
    for line in script.split(" / ") {
        let (at, command) = line.trim().split_once(' ').expect("`<time> <command>`");
        if at == "ack-timeout" {
            page.policy.ack_timeout = Some(Millis(command.parse().expect("a length")));
            continue;
        }
        let now = Timestamp(at.parse().expect("a time"));
        let words: Vec<&str> = command.split(' ').collect();
        timeline.push(format!("{at} {}", run(&mut page, &words, now)));
    }
    assert_eq!(timeline.join(" / "), expected);
}

fn run(page: &mut Page, words: &[&str], now: Timestamp) -> String {
    match words {
        ["ack"] => {
            page.acknowledged(PersonId::from("bo"), now, "view".into());
            "ack".to_owned()
        }
        ["ack", by] => {
            let person = PersonId::from(*by);
            match page.count(&person) {
                Counted::Enough => {
                    page.acknowledged(person, now, "view".into());
                    "ack".to_owned()
                }
                Counted::Partly { have, want } => {
                    page.partly_acknowledged(person, now);
                    format!("{by} {have} of {want}")
                }
                Counted::Again { .. } => format!("{by} again"),
            }
        }
        ["end"] => {
            page.ended(now, "over".into());
            "end".to_owned()
        }
        ["renew"] => {
            page.renewed(now);
            "renewed".to_owned()
        }
        ["hand", to] => {
            page.handed(PersonId::from(*to), now, &[]);
            "handed".to_owned()
        }
        ["snooze", until] => {
            page.snoozed("ana".into(), now, Timestamp(until.parse().expect("a time")));
            "snoozed".to_owned()
        }
        ["return"] => {
            page.begins_again();
            "returned".to_owned()
        }
        ["holder"] => page.holder().map_or("nobody".to_owned(), ToString::to_string),
        ["due"] => match page.due(now) {
            None => "nothing".to_owned(),
            Some(Due::Remind) => {
                page.reminded(&[]);
                "remind".to_owned()
            }
            Some(due) => format!("{due:?}").to_lowercase(),
        },
        ["go"] => go(page, now),
        other => panic!("unknown command in script: {other:?}"),
    }
}

/// Only by day where the step says so.
fn by_day(now: Timestamp) -> impl Fn(u32, &EscalationStep) -> Result<(), ()> {
    move |_, step| if step.when.is_always() || now >= Timestamp(100) { Ok(()) } else { Err(()) }
}

fn go(page: &mut Page, now: Timestamp) -> String {
    let planned = page.next(by_day(now));
    let left_out: Vec<String> = planned.left_out.iter().map(|(it, ())| it.to_string()).collect();
    let mut told = match left_out.join(",") {
        none if none.is_empty() => none,
        some => format!(" without {some}"),
    };
    let unconditional = planned.unconditional;
    if unconditional {
        told += " anyway";
    }
    let (attempt, step) = match planned.next {
        Next::Rest => return "rest".into(),
        Next::Exhausted => {
            page.exhausted(now);
            return format!("exhausted{told}");
        }
        Next::Step { attempt, step } => (attempt, step.clone()),
    };
    page.notified(attempt, now.plus(step.wait), &[]);
    if unconditional {
        page.went_unconditional(attempt);
    }
    assert_eq!(page.next_timeout(), Some(now.plus(step.wait)));
    assert_eq!(page.current_step(), &step);
    let [PageTarget::Person(person)] = &step.page[..] else { unreachable!("only people here") };
    format!("step {attempt} {person}{told}")
}

fn page(policy: Escalation) -> Page {
    Page::opened(IncidentId(1), AlertId(1), "payments".into(), policy, Timestamp(0))
}

fn policy(people: &str, repeat_max: u32) -> Escalation {
    let step = |it: &str| {
        let (it, by_day) = it.strip_suffix("!d").map_or((it, false), |it| (it, true));
        let (person, acks) = it.split_once('*').unwrap_or((it, "1"));
        let mut step = EscalationStep::new(PageTarget::Person(person.into()), Millis(5));
        step.acks_min = acks.parse().expect("a count");
        // Any condition will do; the script says what it means.
        step.when.severity = by_day.then_some(Severity::Page);
        step
    };
    Escalation::new(people.split(',').map(step).collect(), repeat_max)
}
