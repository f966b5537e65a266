//! Interruptions. Ana has the tribute of payments until 420 minutes after the start, bo after that.

use super::shown::told;
use super::world::{World, check};
use crate::{
    Command, InterruptionKind, InterruptionNoted, Leak, NoteInterruption, State,
    TRIBUTE_PEOPLE_MIN, week_of,
};
use model::{Catalogue, Timestamp};

pub(crate) fn command(words: &[&str]) -> Option<Command> {
    let (hand, rest) = match *words {
        ["interrupted", ref rest @ ..] => (false, rest),
        ["interrupted-hand", ref rest @ ..] => (true, rest),
        _ => return None,
    };
    let [by, who, minutes, kind, text @ ..] = rest else { panic!("by, who, minutes, kind") };
    Some(Command::NoteInterruption(Box::new(NoteInterruption {
        by: (*by).into(),
        team: None,
        who: (*who).into(),
        kind: InterruptionKind::parse(kind).expect("a kind"),
        minutes: minutes.parse().expect("minutes"),
        text: text.join(" "),
        hand,
        via: "api".into(),
    })))
}

pub(crate) fn show(it: &InterruptionNoted) -> String {
    let what = &it.what;
    let past = if what.leaked() { "past the duty" } else { "on duty" };
    let to = match &it.notices[..] {
        [] => String::new(),
        notices => format!(" telling {}", told(notices)),
    };
    format!(
        "Interrupted {} {} {} {} {past}{to}",
        it.number,
        what.who,
        what.kind.word(),
        what.minutes
    )
}

fn with_tribute(members: &'static [&'static str]) -> impl Fn(&mut Catalogue) {
    move |it| {
        let team = it.teams.get_mut(&"payments".into()).expect("of the tests");
        team.members = members.iter().map(|it| (*it).into()).collect();
        team.tribute = Some("payments".into());
    }
}

const FIVE: &[&str] = &["ana", "bo", "cy", "dee", "eve"];

#[track_caller]
fn lived(members: &'static [&'static str], script: &str, expected: &str) -> State {
    let mut world = World::within(with_tribute(members));
    script.split(" / ").for_each(|line| world.step(line));
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    assert_eq!(world.shown.join("\n"), expected.join("\n"));
    let replayed = world.replayed();
    assert_eq!(&replayed, world.engine.state(), "replay gives the same state");
    replayed
}

/// Goal: what hits somebody else is a leak, whoever has the duty then; what is handed on is told.
#[test]
fn interruptions_are_told_from_leaks_by_the_duty_of_that_moment() {
    let state = lived(
        FIVE,
        "1m interrupted ana ana 10 question / 2m interrupted bo bo 20 ticket \
         / 3m interrupted-hand bo bo 5 request where is the invoice / 421m interrupted bo bo 5 other \
         / 422m interrupted ana bo 0 other / 423m interrupted who bo 5 other",
        "
        1m Interrupted 1 ana question 10 on duty
        2m Interrupted 2 bo ticket 20 past the duty
        3m Interrupted 3 bo request 5 past the duty telling ana email, ana sms
        421m Interrupted 4 bo other 5 on duty
        422m refused: say how long it took, in minutes: at least 1, at most a day
        423m refused: there is no person `who` here; it may be closed and archived
        ",
    );
    let leaks = state.leaks(&"payments".into()).expect("five people");
    let starts = Timestamp::parse_rfc3339("2026-11-23T00:00:00Z").expect("a time");
    assert_eq!(leaks, [Leak { starts, all: 4, past: 2, minutes: 40 }]);
}

#[test]
fn a_small_team_is_not_spoken_of_and_none_needs_a_tribute() {
    let script = "1m interrupted bo bo 20 ticket";
    let told = "1m Interrupted 1 bo ticket 20 past the duty";
    let state = lived(&FIVE[..TRIBUTE_PEOPLE_MIN - 1], script, told);
    assert_eq!(state.leaks(&"payments".into()), None);
    check(script, "1m refused: bo is in no team with a tribute; name the team");
}

/// The bounds of Wilson's interval as `statsmodels.stats.proportion.proportion_confint` has them.
#[test]
fn a_share_has_its_interval() {
    let leak = |all, past| Leak { starts: Timestamp(0), all, past, minutes: 0 };
    assert_eq!(leak(0, 0).interval(), None);
    for (all, past, low, high) in
        [(10, 0, 0.0, 0.277_533), (10, 5, 0.236_593, 0.763_407), (100, 20, 0.133_367, 0.288_829)]
    {
        let found = leak(all, past).interval().expect("known");
        assert!((found.0 - low).abs() < 1e-5 && (found.1 - high).abs() < 1e-5, "{found:?}");
    }
}

#[test]
fn weeks_begin_on_monday() {
    let week = |at: &str| week_of(Timestamp::parse_rfc3339(at).expect("a time")).to_string();
    assert_eq!(week("2026-11-23T00:00:00Z"), "2026-11-23T00:00:00Z");
    assert_eq!(week("2026-11-22T23:59:59Z"), "2026-11-16T00:00:00Z");
}
