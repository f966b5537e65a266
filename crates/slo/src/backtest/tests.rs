//! Replays with known fires.

use super::*;
use crate::testing::{Prng, catalogue};
use crate::{Counts, default_conditions};

const START: i64 = 29_000_000;

/// Four days at 60 attempts a minute; `failing(minute)` of them fail, unknown where `None`.
fn recording(failing: &dyn Fn(i64) -> Option<u64>) -> Recording {
    let minutes = 0..4 * 1_440;
    let of = |minute: i64| {
        let slice = failing(minute).map_or(Slice::Unknown, |bad| Slice::known(bad, 60));
        vec![(SloId::from("api.up"), slice), (SloId::from("carrier.up"), Slice::known(0, 60))]
    };
    minutes.map(|it| (START + it, of(it))).collect()
}

/// An outage of 20 minutes, a smouldering of four hours, and a minute that is nothing.
#[expect(clippy::unnecessary_wraps, reason = "beside one that knows less")]
fn fires(minute: i64) -> Option<u64> {
    Some(match minute {
        1_000..1_020 => 60,
        2_000..2_240 => 6,
        3_000 => 20,
        _ => 0,
    })
}

fn replayed(sets: &[Vec<Condition>], failing: &dyn Fn(i64) -> Option<u64>) -> Replay {
    let mut board = Board::new(&catalogue());
    let (feature, mut last) = (FeatureId::from("light-on"), 0);
    let mut told = |done, all| {
        assert!(done == last + 1 && done <= all);
        last = done;
    };
    replay(&mut board, &recording(failing), &feature, sets, &mut told)
}

fn objective() -> Objective {
    Objective::parse("99.5%").unwrap()
}

/// Episodes of at least 2 %: an hour of a 28-day budget of 0.5 % is 12 096 failures; 1 200 are 9.9 %.
#[test]
fn episodes_are_what_was_spent() {
    let found = replayed(&[], &fires);
    let of = |share| -> Vec<String> {
        let found = episodes(&found.minutes, objective(), Millis::from_days(28), share);
        let shown =
            |it: &Stretch| format!("{}..{} {:.3}", it.from - START, it.to - START, it.weight);
        found.iter().map(shown).collect()
    };
    assert_eq!(of(0.02), ["1000..1019 0.099", "2000..2239 0.119"]);
    assert_eq!(of(0.10), ["2000..2239 0.119"]);
    assert_eq!(of(0.001).len(), 3);
}

/// Goal: a replay fires what the board's own assessments say, minute by minute. Method: the default
/// conditions, beside a fold over states asked one by one.
#[test]
fn a_replay_is_what_would_have_been() {
    let set = default_conditions().to_vec();
    let found = replayed(std::slice::from_ref(&set), &fires);
    let mut board = Board::new(&catalogue());
    let mut expected: Vec<Fired> = vec![];
    for (minute, slices) in &recording(&fires) {
        for (slo, slice) in slices {
            board.record(slo, *minute, *slice);
        }
        board.close_minute(*minute);
        let assessed = board.assess_feature(&"light-on".into(), *minute).unwrap();
        for severity in [Severity::Page, Severity::Ticket] {
            let open = expected.iter_mut().find(|it| it.severity == severity && it.until.is_none());
            match (open, assessed.state(severity)) {
                (None, ConditionState::Firing) => {
                    expected.push(Fired { severity, from: *minute, until: None });
                }
                (Some(open), ConditionState::Quiet) => open.until = Some(*minute),
                _ => {}
            }
        }
    }
    assert_eq!(found.fired[0], expected);
    let truth = episodes(&found.minutes, objective(), Millis::from_days(28), 0.02);
    let score = judge(&found.fired[0], &truth, 0, 0);
    assert_eq!((score.pages, score.false_pages, score.missed), (2, 0, 0));
    let outage = score.detection_minutes[0];
    assert!((1..=15).contains(&outage), "{score:?}");
    assert!(score.reset_median().is_some_and(|it| it <= 30), "{score:?}");
}

/// While nothing is known alerts stay as they are, and an episode has no minutes there.
#[test]
fn the_unknown_freezes() {
    let failing = |minute| match minute {
        1_000..1_020 => Some(60),
        1_020..1_100 => None,
        _ => Some(0),
    };
    let found = replayed(&[default_conditions().to_vec()], &failing);
    let page = found.fired[0].iter().find(|it| it.severity == Severity::Page).unwrap();
    assert!(page.until.is_some_and(|it| it > START + 1_100), "{page:?}");
}

fn fired(from: i64, until: Option<i64>) -> Fired {
    Fired { severity: Severity::Page, from, until }
}

fn stretch(from: i64, to: i64) -> Stretch {
    Stretch { from, to, weight: 1.0 }
}

#[test]
fn calls_are_judged_by_episodes() {
    let calls = [fired(10, Some(30)), fired(100, Some(110)), fired(204, None)];
    let truth = [stretch(5, 25), stretch(200, 400), stretch(500, 510), stretch(900, 901)];
    let score = judge(&calls[..2], &truth, 0, 1);
    assert_eq!((score.pages, score.false_pages, score.missed, score.nights), (2, 1, 3, 1));
    assert_eq!((score.precision(), score.recall()), (Some(0.5), Some(0.25)));
    // An alert that never ended has announced everything after it.
    let score = judge(&calls, &truth, 0, 1);
    assert_eq!((score.false_pages, score.missed), (1, 0));
    assert_eq!((score.detection_minutes, score.reset_minutes), (vec![0, 0, 5, 6], vec![5]));
    // Users report late: a call before the first report is no false one.
    let score = judge(&[fired(100, Some(110))], &[stretch(150, 160)], 60, 0);
    assert_eq!((score.false_pages, score.missed), (0, 0));
}

#[test]
fn reports_are_joined() {
    let at = |minute, bad| (minute, Slice::Known(Counts::new(bad, bad)));
    let minutes = [at(10, 1), at(50, 2), at(200, 1), at(300, 0), (301, Slice::Unknown)];
    assert_eq!(reported(&minutes, 2), [Stretch { from: 10, to: 50, weight: 3.0 }]);
    assert_eq!(reported(&minutes, 1).len(), 2);
}

/// Goal: the front holds those that none beats, and nothing else. Method: brute force over seeded scores.
#[test]
fn the_front_is_unbeaten() {
    let mut prng = Prng::new(3);
    for _ in 0..200 {
        let scores: Vec<Score> = (0..=prng.below(20))
            .map(|_| {
                let small = |prng: &mut Prng| usize::try_from(prng.below(4)).unwrap();
                let detection = prng.below_i64(4);
                Score {
                    pages: 9,
                    false_pages: small(&mut prng),
                    episodes: 9,
                    missed: small(&mut prng),
                    detection_minutes: vec![detection],
                    reset_minutes: vec![],
                    nights: 0,
                }
            })
            .collect();
        let key = |it: &Score| (it.missed, it.false_pages, it.detection_minutes[0]);
        let beaten = |it: &Score| {
            scores.iter().any(|other| {
                let (a, b) = (key(other), key(it));
                a.0 <= b.0 && a.1 <= b.1 && a.2 <= b.2 && a != b
            })
        };
        let expected: Vec<usize> = (0..scores.len()).filter(|it| !beaten(&scores[*it])).collect();
        assert_eq!(pareto(&scores), expected);
        assert!(!expected.is_empty());
    }
    assert!(candidates().iter().all(|it| it.iter().all(|it| it.short < it.long)));
}

#[test]
fn nights_are_counted_once() {
    let night_of = |minute: i64| (minute % 1_440 < 420).then_some(minute / 1_440);
    let calls = [fired(10, None), fired(100, None), fired(1_500, None), fired(2_000, None)];
    assert_eq!(nights(&calls, &night_of), 2);
}
