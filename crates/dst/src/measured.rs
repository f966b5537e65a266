//! Promises that are really measured for a while: counts of every minute, late ones and gaps, go through a board,
//! and what its conditions say is what the engine hears.
//!
//! Intuition: most days somebody only says that a promise burns, because a day of minutes costs much and shows
//! little. In an episode of some hours nothing is said: traffic flows, a member fails, a reading comes late, the
//! server dies, and the board must say what a slow and simple bookkeeper says who keeps every minute.
//!
//! Invariants, each a property of the simulation:
//! - the budget is the sum of what the kept minutes compose to;
//! - measured anew from the kept minutes everything is the same, to the last bit;
//! - bounds are in order, and the parts of the bill sum to the bill;
//! - a total outage that was seen all along pages.

use crate::bug::Bug;
use crate::dice::Dice;
use crate::outside::{Move, Promise};
use crate::shadow::{Check, hold};
use crate::world::{Happening, World};
use model::{Catalogue, Feature, FeatureId, Millis, Severity, SloId, Timestamp};
use slo::composition::ValueFunction;
use slo::{Assessment, Board, ConditionState, Recorded, Slice};
use std::collections::{BTreeMap, BTreeSet};

/// Minutes that are known when an episode begins.
const BEFORE: i64 = 5 * 60;

/// Minutes of healthy or failing traffic that follow.
const LENGTH: i64 = 100;

/// Minutes between two looks of the bookkeeper.
const AUDITED_EVERY: i64 = 9;

/// Minutes between two boards made anew, crashes apart.
const RESTARTED_EVERY: i64 = 35;

/// Minutes of a total outage after which somebody must have been called, for promises of 99 % and more: one
/// sixth of the hour is ten times what any condition asks.
const OUTAGE_PAGES_AFTER: i64 = 20;

/// A promise that is measured now.
#[derive(Debug)]
pub(crate) struct Episode {
    /// The feature alone, with what it needs.
    catalogue: Catalogue,
    feature: FeatureId,
    board: Board,
    /// Every minute as it is known by now.
    kept: BTreeMap<i64, BTreeMap<SloId, Slice>>,
    /// What is still on its way: when it comes, and what.
    late: BTreeMap<i64, Vec<(SloId, i64, Slice)>>,
    first: i64,
    /// The newest closed minute.
    minute: i64,
    outage: Outage,
    /// Whether the last minutes were all seen as they were.
    seen_since: i64,
    dice: Dice,
    crashes: u32,
    version: u64,
    bug: Option<Bug>,
}

/// What fails from which minute on.
#[derive(Debug)]
struct Outage {
    from: i64,
    until: i64,
    members: BTreeSet<SloId>,
    per_mille: u64,
}

impl Episode {
    fn begin(
        catalogue: &Catalogue,
        feature: &FeatureId,
        now: Timestamp,
        mut dice: Dice,
        bug: Option<Bug>,
    ) -> Self {
        let mut alone = catalogue.clone();
        alone.features.retain(|it, _| it == feature);
        let needed: Vec<SloId> =
            alone.features[feature].needs.slos().into_iter().cloned().collect();
        let first = now.minute() - BEFORE;
        let from = now.minute() + dice.between(0, 30);
        let mut members = BTreeSet::from([dice.pick(&needed).clone()]);
        if dice.chance(400) {
            members.extend(needed.iter().cloned());
        }
        let per_mille = *dice.pick(&[0, 3, 20, 200, 1_000, 1_000]);
        let until = from + dice.between(5, LENGTH);
        let mut it = Self {
            board: Board::new(&alone),
            catalogue: alone,
            feature: feature.clone(),
            kept: BTreeMap::new(),
            late: BTreeMap::new(),
            first,
            minute: first - 1,
            outage: Outage { from, until, members, per_mille },
            seen_since: first,
            dice,
            crashes: 0,
            version: 0,
            bug,
        };
        for _ in 0..BEFORE {
            it.pass_minute();
        }
        it
    }

    fn promised(&self) -> &Feature {
        &self.catalogue.features[&self.feature]
    }

    /// One more minute is over.
    fn pass_minute(&mut self) {
        self.minute += 1;
        let minute = self.minute;
        let needed: BTreeSet<SloId> = self.promised().needs.slos().into_iter().cloned().collect();
        for slo in &needed {
            let truth = self.truth(slo, minute);
            match self.dice.below(100) {
                0 => self.take(slo, minute, Slice::Unknown),
                1 | 2 => {
                    let comes = minute + self.dice.between(1, 25);
                    self.late.entry(comes).or_default().push((slo.clone(), minute, truth));
                    self.take(slo, minute, Slice::Unknown);
                }
                _ => self.take(slo, minute, truth),
            }
        }
        for (slo, at, truth) in self.late.remove(&minute).unwrap_or_default() {
            self.take(&slo, at, truth);
        }
        self.board.close_minute(minute);
    }

    fn truth(&mut self, slo: &SloId, minute: i64) -> Slice {
        let total = u64::try_from(self.dice.between(40, 160)).expect("not negative");
        let fails = (self.outage.from..self.outage.until).contains(&minute)
            && self.outage.members.contains(slo);
        let bad = if fails { total * self.outage.per_mille / 1_000 } else { 0 };
        let stray = u64::from(self.dice.chance(5));
        Slice::known(bad.max(stray), total)
    }

    fn take(&mut self, slo: &SloId, minute: i64, slice: Slice) {
        if slice == Slice::Unknown {
            self.seen_since = self.seen_since.max(minute + 1);
        }
        let told = match slice {
            Slice::Unknown if self.bug == Some(Bug::SilenceIsGood) => Slice::known(0, 100),
            it => it,
        };
        if self.board.record(slo, minute, told) == Some(Recorded::TooLate) {
            return;
        }
        if self.bug == Some(Bug::LateMinutesUnkept) && minute < self.minute {
            return;
        }
        self.kept.entry(minute).or_default().insert(slo.clone(), slice);
    }

    fn assess(&self, board: &Board) -> Assessment {
        board.assess_feature(&self.feature, self.minute).expect("the board has the feature")
    }

    /// A board from the kept minutes alone, as after a restart.
    fn anew(&self) -> Board {
        let mut board = Board::new(&self.catalogue);
        for (minute, slices) in &self.kept {
            for (slo, slice) in slices {
                board.record(slo, *minute, *slice);
            }
            board.close_minute(*minute);
        }
        board
    }

    /// Holds the board against the kept minutes.
    fn audit(&self, found: &Assessment) -> Check {
        let (mut bad, mut total) = (0, 0);
        for slices in self.kept.values() {
            let mut slice_of = |it: &SloId| slices.get(it).copied().unwrap_or(Slice::Unknown);
            if let Some(counts) = slo::compose(&self.promised().needs, &mut slice_of).counts() {
                bad += counts.bad;
                total += counts.total;
            }
        }
        hold(
            (found.budget.bad, found.budget.total) == (bad, total),
            "a budget is the sum of its minutes",
            || format!("{}: {bad} of {total}, not {:?}", self.feature, found.budget),
        )?;
        let window = self.promised().window;
        let value = ValueFunction::Overlapping;
        let composite = self.board.composite(&self.feature, window, self.minute, value);
        let composite = composite.expect("a plain `all` can be composed");
        let attribution = composite.attribution.as_ref().expect("two members");
        let paid: u128 = attribution.members.iter().map(|it| it.parts).sum();
        hold(paid == attribution.total, "the parts of the bill sum to the bill", || {
            format!("{}: {paid} of {}", self.feature, attribution.total)
        })?;
        let shown = composite.overlapping.unwrap_or(composite.at_least);
        let in_order = composite.at_least <= shown + 1e-6 && shown <= composite.at_most + 1e-6;
        hold(in_order, "what failed lies between its bounds", || format!("{composite:?}"))
    }

    /// Holds the board against one that is made anew, and goes on with that one.
    fn restart(&mut self, found: &Assessment) -> Check {
        self.board = self.anew();
        let again = self.assess(&self.board);
        hold(again == *found, "measured anew everything is the same", || {
            format!("{}: {again:?}, not {found:?}", self.feature)
        })
    }

    /// Whether somebody must have been called by now, whatever else is so.
    fn must_page(&self) -> bool {
        let since = self.outage.from.max(self.seen_since);
        let promise = self.promised().objective.budget_ratio();
        self.outage.per_mille == 1_000
            && promise <= 0.010_001
            && self.minute < self.outage.until
            && self.minute - since >= OUTAGE_PAGES_AFTER
    }

    /// One minute later: what the board says, after it was held against the minutes.
    fn step(
        &mut self,
        crashes: u32,
    ) -> Result<(ConditionState, ConditionState, Assessment), crate::shadow::Broken> {
        self.pass_minute();
        let found = self.assess(&self.board);
        // Each adds up every minute, which would take most of the time of a life if it were done each minute.
        if self.minute % AUDITED_EVERY == 0 {
            self.audit(&found)?;
        }
        if crashes != self.crashes || self.minute % RESTARTED_EVERY == 0 {
            self.crashes = crashes;
            self.restart(&found)?;
        }
        let (page, ticket) = (found.state(Severity::Page), found.state(Severity::Ticket));
        hold(page == ConditionState::Firing || !self.must_page(), "a total outage pages", || {
            format!("{} since minute {}: {found:?}", self.feature, self.outage.from)
        })?;
        Ok((page, ticket, found))
    }

    fn is_over(&self) -> bool {
        self.minute - self.first >= BEFORE + LENGTH
    }
}

impl World {
    /// Plans an episode for some days, by chance of its own: whoever measures must not disturb others.
    pub(crate) fn plan_measuring(&mut self) {
        let features: Vec<FeatureId> = self.outside.catalogue.features.keys().cloned().collect();
        let dice = &mut self.outside.measuring;
        if features.is_empty() || !dice.chance(80) {
            return;
        }
        let feature = dice.pick(&features).clone();
        let at = dice.time_of_day(self.now);
        self.at(at, Happening::Outside(Move::Measure { feature }));
    }

    /// A minute of an episode, which begins with the first.
    pub(crate) fn measure(&mut self, feature: &FeatureId) -> Check {
        if self.healing {
            self.outside.episodes.remove(feature);
            return Ok(());
        }
        let Some(known) = self.outside.features.get(feature).copied() else { return Ok(()) };
        let now = self.clock();
        let mut episode = match self.outside.episodes.remove(feature) {
            // Somebody else says how the promise stands, or promises something else: it is theirs.
            Some(it) if it.version != known.version => return Ok(()),
            Some(it) if self.outside.catalogue.features.get(feature) != Some(it.promised()) => {
                return self.end_measuring(feature);
            }
            Some(it) => it,
            None if !self.outside.catalogue.features.contains_key(feature) => return Ok(()),
            None => {
                let dice = self.outside.measuring.split();
                Episode::begin(&self.outside.catalogue, feature, now, dice, self.bug)
            }
        };
        let (page, ticket, found) = episode.step(self.report.crashes)?;
        if episode.is_over() {
            return self.end_measuring(feature);
        }
        let version = known.version + 1;
        episode.version = version;
        let said = Promise { page, ticket, version };
        self.outside.features.insert(feature.clone(), said);
        self.outside.measured.insert(feature.clone(), found);
        self.outside.episodes.insert(feature.clone(), episode);
        let again = Move::Measure { feature: feature.clone() };
        self.later(Millis::from_mins(1), Happening::Outside(again));
        self.observe(feature, version)
    }

    fn end_measuring(&mut self, feature: &FeatureId) -> Check {
        self.outside.measured.remove(feature);
        self.burn(feature.clone(), ConditionState::Quiet, ConditionState::Quiet)
    }
}
