//! What a work history says about how people work: one fold, whether it was recorded or simulated.
//!
//! Intuition: who held what when, who was on duty, and when people work. An export holds some of that, a
//! simulation all of it; both become one [`WorkHistory`], and whatever cannot be seen in it is absent.
//!
//! What is counted, and after whom:
//! - an *interruption* is a page to somebody; pages to one person within 60 seconds are one (`PagerDuty`);
//! - a *disrupted hour* is an hour by a person's clock in which a page came (Multitudes);
//! - a *night page* calls somebody between 22:00 and 8:00 by their clock; where calls are not known, it is
//!   begun then, and where nobody knows when it was begun, it comes then;
//! - an *unbroken block* is two hours of somebody's working hours without duty and without a piece of work;
//! - *duty load* is hours of work per hour of duty, in Erlangs;
//! - the shield *leaks* where a piece of work reaches somebody who is not on duty;
//! - a *hand-over* is somebody else taking a piece of work; in *ping-pong* somebody gets it back;
//! - *effective rotation time* of a turn is from the first piece of work finished in it to the last one
//!   begun: before the one somebody finds in, after the other they find out;
//! - *breadth* is the share of components a person worked on, *depth* how many people worked on one;
//! - *mismatch* is the share of run work on an owned component that was last held outside its team;
//! - *fairness*: the Gini coefficient of pieces per person, beside the band that a fair lottery gives in 95
//!   of 100 cases, with chances by the hours in which somebody could be reached. Chance alone is never even.
//!
//! Invariants:
//! - what cannot be seen is absent, never 0;
//! - nothing is about a person; below [`PEOPLE_MIN`] people nothing is said about how work is spread.

mod building;
mod lottery;
mod recorded;
mod simulated;

pub use lottery::{Chances, Fairness};
pub use recorded::Roster;

use crate::calendar::{Calendar, Span};
use crate::number::{HOUR_MS, WEEK_MS, count, float, hours};
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
    /// When somebody began.
    pub started_ms: Option<i64>,
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
    /// Who was called when, where that is known; otherwise whoever had a page first was called once.
    pub calls: Option<Vec<(usize, i64)>>,
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

/// Fewer people are not spoken of.
pub const PEOPLE_MIN: usize = 5;

/// How many people there must be before anything is said of how they work: [`PEOPLE_MIN`], or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupMin(usize);

impl GroupMin {
    /// The least there can be.
    pub const FLOOR: Self = Self(PEOPLE_MIN);

    /// At least `people`; fewer than [`PEOPLE_MIN`] cannot be asked for.
    ///
    /// # Errors
    /// A sentence that says so.
    pub fn of(people: usize) -> Result<Self, String> {
        if people < PEOPLE_MIN {
            return Err(format!("a group has at least {PEOPLE_MIN} people; more may be asked for"));
        }
        Ok(Self(people))
    }

    /// So many people.
    #[must_use]
    pub fn people(self) -> usize {
        self.0
    }
}
/// Interruptions nearer to each other than this are one.
const SAME_MS: i64 = 60_000;
const BLOCK_MS: i64 = 2 * HOUR_MS;

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
        self.facts_of(GroupMin::FLOOR)
    }

    /// Everything that can be said of a group that is large enough.
    #[must_use]
    pub fn facts_of(&self, least: GroupMin) -> Facts {
        let least = least.people();
        let (breadth_percent, depth) = self.breadth_and_depth(least);
        let (rotation_days, effective_rotation_days) = self.rotation();
        let pages = self.pages();
        let rung = pages.as_ref();
        let owned: Vec<bool> = self.counted().filter_map(|it| it.in_team).collect();
        let outside = owned.iter().filter(|it| !**it).count();
        Facts {
            people: self.people.len(),
            interruptions: rung.and_then(|it| {
                self.per_week(it.iter().map(|times| interruptions(&mut times.clone())).sum())
            }),
            disrupted_hours: rung.and_then(|it| self.per_week(self.disrupted(it))),
            night_pages: self.night_pages(),
            blocks: self.blocks(),
            duty_erlangs: self.erlangs(),
            leak_percent: self.leak(),
            handovers: self.handovers(),
            ping_pong_percent: self.ping_pong(),
            effective_rotation_days,
            rotation_days,
            breadth_percent,
            depth,
            mismatch_percent: (!owned.is_empty())
                .then(|| 100.0 * count(outside) / count(owned.len())),
            fairness: lottery::fairness(self, least),
            headcount: self.headcount(),
        }
    }

    fn per_week(&self, it: usize) -> Option<f64> {
        let weeks = count(self.people.len()) * float(self.within.length_ms()) / float(WEEK_MS);
        (weeks > 0.0).then(|| count(it) / weeks)
    }

    fn held(&self) -> impl Iterator<Item = &Piece> {
        self.counted().filter(|it| !it.holders.is_empty())
    }

    fn of_held(&self, it: usize) -> Option<f64> {
        let held = self.held().count();
        (held > 0).then(|| count(it) / count(held))
    }

    pub(crate) fn handovers(&self) -> Option<f64> {
        self.of_held(self.held().map(|it| it.holders.len() - 1).sum())
    }

    pub(crate) fn ping_pong(&self) -> Option<f64> {
        let came_back = self.held().filter(|it| {
            let distinct: BTreeSet<&usize> = it.holders.iter().collect();
            distinct.len() < it.holders.len()
        });
        self.of_held(came_back.count()).map(|it| 100.0 * it)
    }

    /// When each one worked, where that is known.
    fn by_person(&self) -> Option<Vec<Vec<Span>>> {
        let mut found: Vec<Vec<Span>> = vec![vec![]; self.people.len()];
        for it in self.stretches.as_ref()? {
            found[it.person].push(it.span);
        }
        Some(found)
    }

    /// Pieces that came up within the time that is looked at: what came before only keeps people busy.
    pub(crate) fn counted(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().filter(|it| self.within.from_ms <= it.created_ms)
    }

    /// Per person, when pages came; nothing where nobody is named.
    fn pages(&self) -> Option<Vec<Vec<i64>>> {
        let mut by_person = vec![vec![]; self.people.len()];
        if let Some(calls) = &self.calls {
            for (person, at_ms) in calls {
                by_person[*person].push(*at_ms);
            }
            return (!by_person.is_empty()).then_some(by_person);
        }
        for page in self.counted().filter(|it| it.class == Class::Page) {
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

    pub(crate) fn night_pages(&self) -> Option<f64> {
        self.per_week(self.nights()?)
    }

    fn nights(&self) -> Option<usize> {
        if let (None, Some(stretches)) = (&self.calls, &self.stretches) {
            let mut begun: BTreeSet<(usize, usize)> = BTreeSet::new();
            for it in stretches {
                let is_page = self.pieces[it.piece].class == Class::Page;
                let night = self.people[it.person].night.as_ref()?;
                if is_page
                    && it.span.from_ms >= self.within.from_ms
                    && night.is_open(it.span.from_ms)
                {
                    begun.insert((it.person, it.piece));
                }
            }
            return Some(begun.len());
        }
        let pages = self.pages()?;
        let mut found = 0;
        for (someone, times) in self.people.iter().zip(&pages) {
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

    pub(crate) fn blocks(&self) -> Option<f64> {
        let busy = self.by_person()?;
        let mut found = 0;
        for (person, (someone, busy)) in self.people.iter().zip(busy).enumerate() {
            let present = someone.calendar.as_ref()?.and(&Calendar::always(self.within));
            let free = present.without(&Calendar::of(busy));
            let free = self.duty(person).map_or_else(|| free.clone(), |it| free.without(&it));
            let blocks = free.spans().iter().map(|it| it.length_ms() / BLOCK_MS).sum::<i64>();
            found += usize::try_from(blocks).expect("not negative");
        }
        self.per_week(found)
    }

    pub(crate) fn erlangs(&self) -> Option<f64> {
        let (mut duty_ms, mut busy_ms) = (0, 0);
        let busy = self.by_person();
        for person in 0..self.people.len() {
            let duty = self.duty(person)?;
            duty_ms += duty.open_ms(self.within);
            busy_ms += if let Some(busy) = &busy {
                busy[person].iter().map(|it| duty.open_ms(*it)).sum::<i64>()
            } else {
                let first = |it: &&Piece| it.holders.first() == Some(&person);
                let own = self.counted().filter(first);
                let during = own.filter(|it| duty.is_open(it.created_ms));
                during.map(|it| it.worked_ms).sum::<Option<i64>>()?
            };
        }
        (duty_ms > 0).then(|| float(busy_ms) / float(duty_ms))
    }

    pub(crate) fn leak(&self) -> Option<f64> {
        // Where nobody is ever on duty nothing shields.
        let duties = self.duties.as_ref().filter(|it| !it.is_empty())?;
        let mut turns: Vec<Vec<Span>> = vec![vec![]; self.people.len()];
        for it in duties {
            turns[it.person].push(it.span);
        }
        let turns: Vec<Calendar> = turns.into_iter().map(Calendar::of).collect();
        let on_duty = |person: usize, at_ms: i64| turns[person].is_open(at_ms);
        let (reached, leaked): (BTreeSet<usize>, BTreeSet<usize>) = if let Some(stretches) =
            &self.stretches
        {
            let counts = |it: &&Stretch| self.within.from_ms <= self.pieces[it.piece].created_ms;
            let here = || stretches.iter().filter(counts);
            let off = here().filter(|it| !on_duty(it.person, it.span.from_ms));
            (here().map(|it| it.piece).collect(), off.map(|it| it.piece).collect())
        } else {
            let held = || self.held().enumerate();
            let off = held().filter(|it| !on_duty(it.1.holders[0], it.1.created_ms));
            (held().map(|it| it.0).collect(), off.map(|it| it.0).collect())
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

    pub(crate) fn breadth_and_depth(&self, least: usize) -> (Option<f64>, Option<f64>) {
        let about = || self.counted().filter(|it| !it.holders.is_empty());
        let pairs: BTreeSet<(usize, usize)> = about()
            .filter_map(|it| Some((it.component?, it)))
            .flat_map(|(component, it)| it.holders.iter().map(move |who| (component, *who)))
            .collect();
        let components: BTreeSet<usize> = pairs.iter().map(|it| it.0).collect();
        let people: BTreeSet<usize> = pairs.iter().map(|it| it.1).collect();
        if pairs.is_empty() || people.len() < least {
            return (None, None);
        }
        // Whoever is there and worked on nothing knows nothing of it.
        let of = |all: usize| count(pairs.len()) / count(all);
        (Some(100.0 * of(self.people.len() * components.len())), Some(of(components.len())))
    }

    fn headcount(&self) -> Vec<(i64, usize)> {
        let mut by_month: BTreeMap<i64, BTreeSet<usize>> = BTreeMap::new();
        for piece in self.counted() {
            let month = (piece.created_ms - self.within.from_ms).div_euclid(4 * WEEK_MS);
            by_month.entry(month).or_default().extend(&piece.holders);
        }
        let from = |month: i64| self.within.from_ms + month * 4 * WEEK_MS;
        by_month.into_iter().map(|(month, people)| (from(month), people.len())).collect()
    }
}
