//! Masks against a brute-force ledger that keeps every minute.

use super::*;
use crate::testing::{Prng, catalogue};
use crate::{Board, Recorded};
use model::{Calendar, Period, Timestamp};

fn at(text: &str) -> i64 {
    Timestamp::parse_rfc3339(text).unwrap().minute()
}

#[test]
fn stretches_join_and_stay_in_order() {
    let mut prng = Prng::new(1);
    for _ in 0..200 {
        let (mut stretches, mut truth) = (Stretches::default(), vec![false; 100]);
        for _ in 0..prng.below(12) {
            let first = prng.below_i64(90);
            let end = first + prng.below_i64(10);
            stretches.add(first, end);
            truth[usize::try_from(first).unwrap()..usize::try_from(end).unwrap()].fill(true);
        }
        let found: Vec<bool> = (0..100).map(|it| stretches.has(it)).collect();
        assert_eq!(found, truth);
        assert!(stretches.0.windows(2).all(|it| it[0].1 < it[1].0), "{stretches:?}");
    }
}

/// What the brute-force ledger of one subject says of the minutes from `start` to `end`.
#[derive(Default)]
struct Truth {
    minutes: BTreeMap<i64, Slice>,
    excluded: BTreeMap<i64, CountsAs>,
}

impl Truth {
    /// Bad, total, known and all minutes that count, then bad, total and minutes that are hidden.
    fn fold(&self, start: i64, end: i64) -> [u64; 7] {
        let mut sums = [0; 7];
        for minute in start..end {
            let slice = self.minutes.get(&minute).copied().unwrap_or_default();
            let counts = slice.counts();
            let (bad, total) = counts.map_or((0, 0), |it| (it.bad, it.total));
            let known = u64::from(counts.is_some());
            let added = match self.excluded.get(&minute) {
                None => [bad, total, known, 1, 0, 0, 0],
                Some(CountsAs::Dropped) => [0, 0, 0, 0, bad, total, 1],
                Some(CountsAs::Good) => [0, total, known, 1, bad, 0, 1],
            };
            for (sum, it) in sums.iter_mut().zip(added) {
                *sum += it;
            }
        }
        sums
    }
}

fn found(board: &Board, slo: &SloId, end_minute: i64) -> ([u64; 7], Option<f64>) {
    let assessed = board.assess_slo(slo, end_minute).unwrap();
    let hidden = assessed.hidden.unwrap_or_default();
    let budget = &assessed.budget;
    let window = board.counted(slo, end_minute, board.span(slo, end_minute).unwrap().passed);
    assert_eq!((window.bad, window.total), (budget.bad, budget.total));
    let sums = [
        budget.bad,
        budget.total,
        u64::from(window.known_minutes),
        u64::from(window.minutes),
        hidden.bad,
        hidden.total,
        u64::from(hidden.minutes),
    ];
    (sums, assessed.hidden.and_then(|it| it.spent_without))
}

/// Goal: what is counted and what is hidden are, to the minute, what a ledger of all minutes says; under
/// rolling windows and under months over both changes of clocks; with gaps and late data inside and
/// outside of exclusions. Method: seeded minutes, seeded masks laid before and after the fact.
#[test]
fn masked_budgets_equal_brute_force() {
    let (spring, autumn) = (at("2026-03-29T01:00:00Z"), at("2026-10-25T01:00:00Z"));
    for seed in 0..24 {
        let mut prng = Prng::new(seed);
        let mut catalogue = catalogue();
        let slo_id = SloId::from("api.up");
        let service = catalogue.services.get_mut(&slo_id.service).unwrap();
        let slo = service.slos.get_mut("up").unwrap();
        slo.window = Millis::from_hours(1 + prng.below_i64(5));
        if seed % 3 == 0 {
            let timezone = "Europe/Berlin".to_owned();
            slo.calendar = Some(Calendar { period: Period::Month, timezone });
            slo.window = Millis::from_days(31);
        }
        let first = if seed % 2 == 0 { spring } else { autumn } - 400;
        let mut truth = Truth::default();
        let mut masks = Masks::default();
        let mut mask = Mask::default();
        for _ in 0..prng.below(6) {
            let start = first + prng.below_i64(800);
            let end = start + prng.below_i64(120);
            let counts = if prng.below(2) == 0 { CountsAs::Dropped } else { CountsAs::Good };
            mask.add(start, end, counts);
            for minute in start..end {
                let entry = truth.excluded.entry(minute).or_insert(counts);
                // Of both kinds over one minute, dropping it wins.
                *entry = (*entry).min(counts);
            }
        }
        masks.slos.insert(slo_id.clone(), mask);
        let mut board = Board::with_masks(&catalogue, masks.clone());
        let mut unmasked = Board::new(&catalogue);
        for minute in first..first + 800 {
            let mut write = |at: i64, slice: Slice, truth: &mut Truth| {
                if board.record(&slo_id, at, slice) != Some(Recorded::TooLate) {
                    truth.minutes.insert(at, slice);
                }
                unmasked.record(&slo_id, at, slice);
            };
            let mut slice = || match prng.below(9) {
                0 => Slice::Unknown,
                1 => Slice::known(0, 0),
                _ => {
                    let total = 1 + prng.below(60);
                    Slice::known(prng.below(total + 1), total)
                }
            };
            let (now, late, is_late) = (slice(), slice(), slice() == Slice::Unknown);
            write(minute, now, &mut truth);
            if is_late {
                write(minute - 7, late, &mut truth);
            }
            board.close_minute(minute);
            unmasked.close_minute(minute);
            if minute % 41 != 0 && minute != first + 799 {
                continue;
            }
            let passed = board.span(&slo_id, minute).unwrap().passed;
            // Months are cut at hours: whole ones, because these zones are.
            let (sums, without) = found(&board, &slo_id, minute);
            let expected = truth.fold(minute + 1 - passed.whole_mins(), minute + 1);
            assert_eq!(sums, expected, "seed {seed}, minute {minute}");
            // Nothing is lost: both together are what was measured.
            let raw = unmasked.assess_slo(&slo_id, minute).unwrap();
            assert_eq!(sums[0] + sums[4], raw.budget.bad);
            assert_eq!(sums[1] + sums[5], raw.budget.total);
            if without.is_some() {
                assert_eq!(without, raw.budget.spent_ratio);
            }
        }
        // Without the mask everything is as before.
        assert_eq!(masks.slos[&slo_id].is_empty(), board.set_masks(&Masks::default()));
    }
}

/// Goal: the brute force above can fail. Method: one excluded minute more in it.
#[test]
fn a_minute_more_is_seen() {
    let slo = SloId::from("api.up");
    let mut masks = Masks::default();
    masks.slos.entry(slo.clone()).or_default().add(10, 20, CountsAs::Good);
    let mut board = Board::with_masks(&catalogue(), masks);
    let mut truth = Truth::default();
    for minute in 0..60 {
        board.record(&slo, minute, Slice::known(1, 2));
        truth.minutes.insert(minute, Slice::known(1, 2));
        truth.excluded.extend((10..21).contains(&minute).then_some((minute, CountsAs::Good)));
    }
    let (sums, _) = found(&board, &slo, 59);
    assert_ne!(sums[..2], truth.fold(0, 60)[..2]);
}

/// A feature is excluded only by its own name; then who spent its budget is asked of the same minutes.
#[test]
fn only_what_is_named_is_excluded() {
    let (api, carrier) = (SloId::from("api.up"), SloId::from("carrier.up"));
    let feature = FeatureId::from("light-on");
    let run = |masks: Masks| {
        let mut board = Board::with_masks(&catalogue(), masks);
        for minute in 0..300 {
            let down = (100..120).contains(&minute);
            board.record(&api, minute, Slice::known(if down { 10 } else { 0 }, 10));
            board.record(&carrier, minute, Slice::known(u64::from(minute == 200), 10));
            board.close_minute(minute);
        }
        board
    };
    let mut masks = Masks::default();
    masks.slos.entry(api.clone()).or_default().add(100, 120, CountsAs::Dropped);
    let board = run(masks.clone());
    let bad = |board: &Board| board.assess_feature(&feature, 299).unwrap().budget.bad;
    assert_eq!(board.assess_slo(&api, 299).unwrap().budget.bad, 0);
    assert_eq!((bad(&board), board.hidden(&feature, 299)), (201, None));

    let over = Masks { features: [(feature.clone(), masks.slos[&api].clone())].into(), ..masks };
    let board = run(over.clone());
    let hidden = board.hidden(&feature, 299).unwrap();
    assert_eq!((bad(&board), hidden.bad, hidden.total, hidden.minutes), (1, 200, 200, 20));
    let value = crate::composition::ValueFunction::Overlapping;
    let composite = board.composite(&feature, Millis::from_mins(240), 299, value).unwrap();
    assert_eq!((composite.minutes, composite.attempts), (220, 2_200));
    let attribution = composite.attribution.unwrap();
    let paid: Vec<f64> =
        attribution.members.iter().map(|it| attribution.failures(it.parts)).collect();
    assert_eq!(paid, [0.0, 1.0]);

    // A mask over minutes to come is laid at once; one over the past wants the samples again.
    let mut board = run(over.clone());
    let mut later = over;
    later.features.entry(feature.clone()).or_default().add(400, 410, CountsAs::Good);
    assert!(board.set_masks(&later));
    later.slos.entry(carrier).or_default().add(200, 201, CountsAs::Good);
    assert!(!board.set_masks(&later));
}

/// While a window is dropped whole, nothing begins and nothing ends.
#[test]
fn alerts_freeze_while_everything_is_dropped() {
    let slo = SloId::from("api.up");
    let mut masks = Masks::default();
    masks.slos.entry(slo.clone()).or_default().add(300, 400, CountsAs::Dropped);
    let mut board = Board::with_masks(&catalogue(), masks);
    let mut shown = vec![];
    for minute in 0..500 {
        let down = (280..420).contains(&minute);
        board.record(&slo, minute, Slice::known(if down { 50 } else { 0 }, 100));
        if [279, 295, 350, 399, 404, 499].contains(&minute) {
            let state = board.assess_slo(&slo, minute).unwrap().state(model::Severity::Page);
            shown.push(format!("{minute} {state:?}"));
        }
    }
    let expected = "279 Quiet, 295 Firing, 350 Unmeasured, 399 Unmeasured, 404 Firing, 499 Quiet";
    assert_eq!(shown.join(", "), expected);
}
