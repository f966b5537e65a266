//! What a work history says about how people work: one fold, whether it was recorded or simulated.
//!
//! Intuition: who held what when, who was on duty, and when people work. An export holds some of that, a
//! simulation all of it; both become one [`WorkHistory`], and whatever cannot be seen in it is absent.
//!
//! What is counted, and after whom:
//! - an *interruption* is a page to somebody; pages to one person within 60 seconds are one (`PagerDuty`);
//! - a *disrupted hour* is an hour by a person's clock in which a page came (Multitudes);
//! - a *night page* comes between 22:00 and 8:00 by the clock of whoever had it;
//! - an *unbroken block* is two hours of somebody's working hours without duty and without a piece of work;
//! - *duty load* is hours of work per hour of duty, in Erlangs;
//! - the shield *leaks* where a piece of work reaches somebody who is not on duty;
//! - a *hand-over* is somebody else taking a piece of work; in *ping-pong* somebody gets it back;
//! - *effective rotation time* of a turn is from the first piece of work finished in it to the last one
//!   begun: before the one somebody finds in, after the other they find out;
//! - *breadth* is the share of components a person worked on, *depth* how many people worked on one;
//! - *mismatch* is the share of run work on an owned component that was last held outside its team;
//! - *fairness*: the Gini coefficient of pieces per person, beside the band that a lottery with equal
//!   chances gives in 95 of 100 cases. Chance alone is never even.
//!
//! Invariants:
//! - what cannot be seen is absent, never 0;
//! - nothing is about a person; below [`PEOPLE_MIN`] people nothing is said about how work is spread.

mod recorded;
mod simulated;

pub use recorded::Roster;

use crate::calendar::{Calendar, Span};
use crate::number::{HOUR_MS, WEEK_MS, count, float, hours, index, whole};
use crate::random::Stream;
use crate::structure::Turn;
use crate::world::Class;
use std::collections::{BTreeMap, BTreeSet};

/// Somebody who worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Someone {
    /// When they work, where that is known.
    pub calendar: Option<Calendar>,
    /// When it is night for them, where that is known.
    pub night: Option<Calendar>,
    /// By how much their hours begin later than those of Greenwich: half an hour in India.
    pub past_hour_ms: i64,
}

/// A piece of work and who had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub class: Class,
    /// What it is about, where that is known.
    pub component: Option<usize>,
    /// When it came up.
    pub created_ms: i64,
    /// When it was over.
    pub finished_ms: Option<i64>,
    /// How long it was worked on, where that is recorded.
    pub worked_ms: Option<i64>,
    /// Who had it, one after the other.
    pub holders: Vec<usize>,
    /// Whether the team that owns the component had it last, where both are known.
    pub in_team: Option<bool>,
}

/// Somebody working on a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// When.
    pub span: Span,
    /// Who.
    pub person: usize,
    /// On what.
    pub piece: usize,
    /// Whether only to help whoever has it.
    pub helps: bool,
}

/// Who held what when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkHistory {
    /// What it covers.
    pub within: Span,
    /// The people.
    pub people: Vec<Someone>,
    /// Pieces of work, planned ones left out.
    pub pieces: Vec<Piece>,
    /// Who worked when, in order, where that is known.
    pub stretches: Option<Vec<Stretch>>,
    /// Who was on duty when, where that is known.
    pub duties: Option<Vec<Turn>>,
}

/// What can be said of a history.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// People who had anything, or who are known to be there.
    pub people: usize,
    /// Pages to people per person and week, by the 60-second rule.
    pub interruptions: Option<f64>,
    /// Hours with a page, per person and week.
    pub disrupted_hours: Option<f64>,
    /// Night pages per person and week.
    pub night_pages: Option<f64>,
    /// Unbroken blocks of two hours per person and week.
    pub blocks: Option<f64>,
    /// Hours of work per hour of duty.
    pub duty_erlangs: Option<f64>,
    /// Pieces of work per 100 that reached somebody who was not on duty.
    pub leak_percent: Option<f64>,
    /// Hand-overs per piece of work.
    pub handovers: Option<f64>,
    /// Pieces per 100 that somebody got back.
    pub ping_pong_percent: Option<f64>,
    /// Days of a turn between finding in and finding out.
    pub effective_rotation_days: Option<f64>,
    /// Days of a turn.
    pub rotation_days: Option<f64>,
    /// Components per 100 that a person worked on.
    pub breadth_percent: Option<f64>,
    /// People per component.
    pub depth: Option<f64>,
    /// Run work per 100 outside the team that owns the component.
    pub mismatch_percent: Option<f64>,
    /// How unevenly pieces fall.
    pub fairness: Option<Fairness>,
    /// People who had anything, per four weeks.
    pub headcount: Vec<(i64, usize)>,
}

/// How unevenly pieces of work fall, beside chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fairness {
    /// The Gini coefficient: 0 if everybody has as much, near 1 if one has all.
    pub gini: f64,
    /// Lower end of what a fair lottery gives.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Fewer people are not spoken of.
pub const PEOPLE_MIN: usize = 5;
/// Interruptions nearer to each other than this are one.
const SAME_MS: i64 = 60_000;
const BLOCK_MS: i64 = 2 * HOUR_MS;
const LOTTERIES: usize = 999;

/// Notifications to one person, of which those within 60 seconds of the one before are one.
#[must_use]
pub fn interruptions(times: &mut [i64]) -> usize {
    times.sort_unstable();
    let apart = times.windows(2).filter(|it| it[1] - it[0] >= SAME_MS).count();
    apart + usize::from(!times.is_empty())
}

impl Facts {
    /// Every number with its name in files and what people call it.
    #[must_use]
    pub fn numbers(&self) -> [(&'static str, &'static str, Option<f64>); 13] {
        [
            (
                "interruptions_per_person_week",
                "interruptions, a person and week",
                self.interruptions,
            ),
            ("disrupted_hours_per_person_week", "disrupted hours, same", self.disrupted_hours),
            ("night_pages_per_person_week", "night pages, same", self.night_pages),
            ("two_hour_blocks_per_person_week", "unbroken 2 h blocks, same", self.blocks),
            ("duty_erlangs", "duty load, Erlangs", self.duty_erlangs),
            ("leak_percent", "past the duty, % of items", self.leak_percent),
            ("handovers_per_item", "hand-overs an item", self.handovers),
            ("ping_pong_percent", "ping-pong, % of items", self.ping_pong_percent),
            ("rotation_days", "turn, days", self.rotation_days),
            ("effective_rotation_days", "of it effective, days", self.effective_rotation_days),
            ("breadth_percent", "breadth, % of components", self.breadth_percent),
            ("depth", "depth, people a component", self.depth),
            ("mismatch_percent", "run outside its team, %", self.mismatch_percent),
        ]
    }
}

impl WorkHistory {
    /// Everything that can be said.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let weeks = count(self.people.len()) * float(self.within.length_ms()) / float(WEEK_MS);
        let per_week = |it: usize| (weeks > 0.0).then(|| count(it) / weeks);
        let held = || self.pieces.iter().filter(|it| !it.holders.is_empty());
        let of_held = |it: usize| (held().count() > 0).then(|| count(it) / count(held().count()));
        let pages = self.pages();
        let came_back = held().filter(|it| {
            let distinct: BTreeSet<&usize> = it.holders.iter().collect();
            distinct.len() < it.holders.len()
        });
        let (breadth_percent, depth) = self.breadth_and_depth();
        let (rotation_days, effective_rotation_days) = self.rotation();
        let rung = pages.as_ref();
        let owned: Vec<bool> = self.pieces.iter().filter_map(|it| it.in_team).collect();
        let outside = owned.iter().filter(|it| !**it).count();
        Facts {
            people: self.people.len(),
            interruptions: rung.and_then(|it| {
                per_week(it.iter().map(|times| interruptions(&mut times.clone())).sum())
            }),
            disrupted_hours: rung.and_then(|it| per_week(self.disrupted(it))),
            night_pages: rung.and_then(|it| self.nights(it)).and_then(per_week),
            blocks: self.blocks().and_then(per_week),
            duty_erlangs: self.erlangs(),
            leak_percent: self.leak(),
            handovers: of_held(held().map(|it| it.holders.len() - 1).sum()),
            ping_pong_percent: of_held(came_back.count()).map(|it| 100.0 * it),
            effective_rotation_days,
            rotation_days,
            breadth_percent,
            depth,
            mismatch_percent: (!owned.is_empty())
                .then(|| 100.0 * count(outside) / count(owned.len())),
            fairness: self.fairness(),
            headcount: self.headcount(),
        }
    }

    /// Per person, when pages came; nothing where nobody is named.
    fn pages(&self) -> Option<Vec<Vec<i64>>> {
        let mut by_person = vec![vec![]; self.people.len()];
        for page in self.pieces.iter().filter(|it| it.class == Class::Page) {
            by_person[*page.holders.first()?].push(page.created_ms);
        }
        (!by_person.is_empty()).then_some(by_person)
    }

    fn disrupted(&self, pages: &[Vec<i64>]) -> usize {
        let hour = |person: usize, at_ms: &i64| {
            (at_ms + self.people[person].past_hour_ms).div_euclid(HOUR_MS)
        };
        let of = |(person, times): (usize, &Vec<i64>)| {
            times.iter().map(|it| hour(person, it)).collect::<BTreeSet<i64>>().len()
        };
        pages.iter().enumerate().map(of).sum()
    }

    fn nights(&self, pages: &[Vec<i64>]) -> Option<usize> {
        let mut found = 0;
        for (someone, times) in self.people.iter().zip(pages) {
            let night = someone.night.as_ref()?;
            found += times.iter().filter(|it| night.is_open(**it)).count();
        }
        Some(found)
    }

    /// When somebody is on duty, by their calendar where they have one.
    fn duty(&self, person: usize) -> Option<Calendar> {
        let turns = self.duties.as_ref()?.iter().filter(|it| it.person == person);
        let turns = Calendar::of(turns.filter_map(|it| it.span.cut(self.within)).collect());
        Some(
            self.people[person].calendar.as_ref().map_or_else(|| turns.clone(), |it| turns.and(it)),
        )
    }

    fn blocks(&self) -> Option<usize> {
        let stretches = self.stretches.as_ref()?;
        let mut found = 0;
        for (person, someone) in self.people.iter().enumerate() {
            let present = someone.calendar.as_ref()?.and(&Calendar::always(self.within));
            let busy = stretches.iter().filter(|it| it.person == person).map(|it| it.span);
            let free = present.without(&Calendar::of(busy.collect()));
            let free = self.duty(person).map_or_else(|| free.clone(), |it| free.without(&it));
            let blocks = free.spans().iter().map(|it| it.length_ms() / BLOCK_MS).sum::<i64>();
            found += usize::try_from(blocks).expect("not negative");
        }
        Some(found)
    }

    fn erlangs(&self) -> Option<f64> {
        let (mut duty_ms, mut busy_ms) = (0, 0);
        for person in 0..self.people.len() {
            let duty = self.duty(person)?;
            duty_ms += duty.open_ms(self.within);
            busy_ms += if let Some(stretches) = &self.stretches {
                let own = stretches.iter().filter(|it| it.person == person);
                own.map(|it| duty.open_ms(it.span)).sum::<i64>()
            } else {
                let first = |it: &&Piece| it.holders.first() == Some(&person);
                let own = self.pieces.iter().filter(first);
                let during = own.filter(|it| duty.is_open(it.created_ms));
                during.map(|it| it.worked_ms).sum::<Option<i64>>()?
            };
        }
        (duty_ms > 0).then(|| float(busy_ms) / float(duty_ms))
    }

    fn leak(&self) -> Option<f64> {
        // Where nobody is ever on duty nothing shields.
        let duties = self.duties.as_ref().filter(|it| !it.is_empty())?;
        let on_duty = |person: usize, at_ms: i64| {
            duties
                .iter()
                .any(|it| it.person == person && it.span.from_ms <= at_ms && at_ms < it.span.to_ms)
        };
        let (reached, leaked): (BTreeSet<usize>, BTreeSet<usize>) =
            if let Some(stretches) = &self.stretches {
                let off = stretches.iter().filter(|it| !on_duty(it.person, it.span.from_ms));
                (stretches.iter().map(|it| it.piece).collect(), off.map(|it| it.piece).collect())
            } else {
                let held = self.pieces.iter().enumerate().filter(|it| !it.1.holders.is_empty());
                let off = held.clone().filter(|it| !on_duty(it.1.holders[0], it.1.created_ms));
                (held.map(|it| it.0).collect(), off.map(|it| it.0).collect())
            };
        (!reached.is_empty()).then(|| 100.0 * count(leaked.len()) / count(reached.len()))
    }

    /// Days of a turn, and days of it between finding in and finding out.
    fn rotation(&self) -> (Option<f64>, Option<f64>) {
        let Some(duties) = &self.duties else { return (None, None) };
        let days = |length_ms: i64| hours(length_ms) / 24.0;
        let whole: Vec<&Turn> = duties
            .iter()
            .filter(|it| {
                self.within.from_ms <= it.span.from_ms && it.span.to_ms <= self.within.to_ms
            })
            .collect();
        if whole.is_empty() {
            return (None, None);
        }
        let mean = |of: &dyn Fn(&Turn) -> i64| {
            days(whole.iter().map(|it| of(it)).sum::<i64>()) / count(whole.len())
        };
        let length = mean(&|it| it.span.length_ms());
        let Some(stretches) = &self.stretches else { return (Some(length), None) };
        let effective = mean(&|turn| {
            let own = || {
                let mine = stretches.iter().filter(|it| it.person == turn.person);
                mine.filter(|it| {
                    turn.span.from_ms <= it.span.from_ms && it.span.from_ms < turn.span.to_ms
                })
            };
            let done = own().filter_map(|it| {
                let finished_ms = self.pieces[it.piece].finished_ms?;
                (finished_ms == it.span.to_ms && finished_ms < turn.span.to_ms)
                    .then_some(finished_ms)
            });
            let last = own().map(|it| it.span.from_ms).max();
            done.min().zip(last).map_or(0, |(first, last)| (last - first).max(0))
        });
        (Some(length), Some(effective))
    }

    fn breadth_and_depth(&self) -> (Option<f64>, Option<f64>) {
        let about = || self.pieces.iter().filter(|it| !it.holders.is_empty());
        let pairs: BTreeSet<(usize, usize)> = about()
            .filter_map(|it| Some((it.component?, it)))
            .flat_map(|(component, it)| it.holders.iter().map(move |who| (component, *who)))
            .collect();
        let components: BTreeSet<usize> = pairs.iter().map(|it| it.0).collect();
        let people: BTreeSet<usize> = pairs.iter().map(|it| it.1).collect();
        if pairs.is_empty() || people.len() < PEOPLE_MIN {
            return (None, None);
        }
        let of = |all: usize| count(pairs.len()) / count(all);
        (Some(100.0 * of(people.len() * components.len())), Some(of(components.len())))
    }

    fn fairness(&self) -> Option<Fairness> {
        let mut had = vec![0_i64; self.people.len()];
        let mut pieces = 0_u64;
        for first in self.pieces.iter().filter_map(|it| it.holders.first()) {
            had[*first] += 1;
            pieces += 1;
        }
        if had.len() < PEOPLE_MIN || pieces == 0 {
            return None;
        }
        let mut drawn: Vec<f64> = (0..LOTTERIES)
            .map(|number| {
                let stream = Stream::new(0xFA1E, u32::try_from(number).expect("few"), 0);
                let mut had = vec![0_i64; self.people.len()];
                for piece in 0..pieces {
                    let place = index(stream.unit(piece) * count(had.len()));
                    let last = had.len() - 1;
                    had[place.min(last)] += 1;
                }
                gini(had)
            })
            .collect();
        drawn.sort_by(f64::total_cmp);
        let at = |share: f64| crate::statistics::percentile(&drawn, share).expect("not empty");
        Some(Fairness { gini: gini(had), low: at(0.025), high: at(0.975) })
    }

    fn headcount(&self) -> Vec<(i64, usize)> {
        let mut by_month: BTreeMap<i64, BTreeSet<usize>> = BTreeMap::new();
        for piece in &self.pieces {
            let month = (piece.created_ms - self.within.from_ms).div_euclid(4 * WEEK_MS);
            by_month.entry(month).or_default().extend(&piece.holders);
        }
        let from = |month: i64| self.within.from_ms + month * 4 * WEEK_MS;
        by_month.into_iter().map(|(month, people)| (from(month), people.len())).collect()
    }
}

/// The Gini coefficient: `Σ (2 i − n − 1) x(i) / (n Σ x)` over sorted numbers.
fn gini(mut had: Vec<i64>) -> f64 {
    had.sort_unstable();
    let n = whole(count(had.len()));
    let sum: i64 = had.iter().sum();
    let weighted: i64 = (1..).zip(&had).map(|(rank, it)| (2 * rank - n - 1) * it).sum();
    if sum == 0 { 0.0 } else { float(weighted) / (float(n) * float(sum)) }
}
