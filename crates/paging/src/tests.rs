//! Every test is a line of script and the timeline it must produce.

use crate::{Next, Page, PageStatus, attempt_limit};
use model::{
    AlertId, Escalation, EscalationStep, IncidentId, Millis, PageTarget, PersonId, Timestamp,
};

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

/// Runs `script` on a page whose steps wait 5 ms, and compares the whole timeline.
#[track_caller]
fn check(people: &str, repeat_max: u32, script: &str, expected: &str) {
    let mut page = Page {
        incident: IncidentId(1),
        alert: AlertId(1),
        escalation: "payments".into(),
        policy: policy(people, repeat_max),
        opened_at: Timestamp(0),
        status: PageStatus::New,
        notices: vec![],
    };
    let mut timeline = vec![];
    for line in script.split(" / ") {
        let (at, command) = line.split_once(' ').expect("`<time> <command>`");
        let now = Timestamp(at.parse().expect("a time"));
        let outcome = match command {
            "ack" => {
                page.acknowledged(PersonId::from("bo"), now, "view".into());
                "ack".to_owned()
            }
            "end" => {
                page.ended(now, "over".into());
                "end".to_owned()
            }
            _ => go(&mut page, now),
        };
        timeline.push(format!("{at} {outcome}"));
    }
    assert_eq!(timeline.join(" / "), expected);
}

fn go(page: &mut Page, now: Timestamp) -> String {
    let (attempt, step) = match page.next() {
        Next::Rest => return "rest".into(),
        Next::Exhausted => {
            page.exhausted(now);
            return "exhausted".into();
        }
        Next::Step { attempt, step } => (attempt, step.clone()),
    };
    page.notified(attempt, now.plus(step.wait), &[]);
    assert_eq!(page.next_timeout(), Some(now.plus(step.wait)));
    let PageTarget::Person(person) = step.page else { unreachable!("only people here") };
    format!("step {attempt} {person}")
}

fn policy(people: &str, repeat_max: u32) -> Escalation {
    let step = |it: &str| EscalationStep { page: PageTarget::Person(it.into()), wait: Millis(5) };
    Escalation { steps: people.split(',').map(step).collect(), repeat_max }
}
