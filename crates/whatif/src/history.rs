//! What happened: who worked on what when, and what became of every item.
//!
//! Intuition: a simulation is only as good as its bookkeeping. Everything that is measured is a
//! fold over these records, and [`History::audit`] checks laws that no way of working can break.

use crate::calendar::{Calendar, Span};
use crate::structure::{OffHours, Structure};
use crate::world::{Class, Item, Organisation};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// What was simulated: up to the last event, or to the end of the time that was given.
    pub within: Span,
    /// One record per item, in their order.
    pub records: Vec<Record>,
    /// Stretches of work, in the order in which they ended.
    pub segments: Vec<Segment>,
}

/// What became of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub class: Class,
    /// What it is about.
    pub component: usize,
    /// When it came up.
    pub created_ms: i64,
    /// When somebody who could began to work on it.
    pub started_ms: Option<i64>,
    /// When nothing was left to do.
    pub finished_ms: Option<i64>,
    /// Who began.
    pub first: Option<usize>,
    /// Who worked on it last.
    pub last: Option<usize>,
    /// How much work it came to, with everything lost on the way.
    pub charged_ms: i64,
    /// How often somebody else took it over.
    pub handovers: u32,
    /// How often the wrong desk looked at it.
    pub bounces: u32,
    /// How often an expert was asked.
    pub consults: u32,
    /// How often it moved on because nobody came.
    pub overflows: u32,
}

/// Which part of an item is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The item itself.
    Work,
    /// The wrong desk finds out that it is wrong.
    Bounce,
    /// An expert helps.
    Consult,
}

/// One stretch of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Who.
    pub person: usize,
    /// On which item.
    pub item: usize,
    /// On which part of it.
    pub part: Part,
    /// When.
    pub span: Span,
}

impl History {
    /// The stretches of each person, in order.
    #[must_use]
    pub fn by_person(&self, people: usize) -> Vec<Vec<Segment>> {
        let mut found = vec![vec![]; people];
        for segment in &self.segments {
            found[segment.person].push(*segment);
        }
        for segments in &mut found {
            segments.sort_by_key(|it| it.span);
        }
        found
    }

    /// Checks the laws that hold for every way of working. Returns what was checked, or the first
    /// law that is broken: then the simulation is wrong, whatever its numbers look like.
    ///
    /// # Errors
    /// A sentence that names the law, the item and the person.
    pub fn audit(
        &self,
        organisation: &Organisation,
        items: &[Item],
        structure: &Structure,
    ) -> Result<Audit, String> {
        let mut spent = vec![0; items.len()];
        for (person, segments) in self.by_person(organisation.people.len()).iter().enumerate() {
            one_place(person, segments)?;
            for segment in segments {
                spent[segment.item] += segment.span.length_ms();
                inside_calendar(organisation, structure, segment, &self.records[segment.item])?;
            }
        }
        let (mut in_system_ms, mut sojourn_ms) = (0, 0);
        for (number, (record, item)) in self.records.iter().zip(items).enumerate() {
            life(number, record, item, self.within)?;
            let left_ms = record.charged_ms - spent[number];
            if record.finished_ms.is_some() && left_ms != 0 {
                return Err(format!(
                    "work is not conserved: item {number} was charged {} ms and got {} ms",
                    record.charged_ms, spent[number]
                ));
            }
            if left_ms < 0 {
                return Err(format!("item {number} got more work than it was charged"));
            }
            sojourn_ms += record.finished_ms.unwrap_or(self.within.to_ms) - record.created_ms;
        }
        in_system_ms += self.area_ms();
        if in_system_ms != sojourn_ms {
            return Err(format!("Little's law fails: area {in_system_ms}, stays {sojourn_ms} ms"));
        }
        Ok(Audit { work_ms: spent.iter().sum(), in_system_ms, sojourn_ms })
    }

    /// The area under the number of items in the system, stepped through event by event: the left
    /// side of Little's law, computed without looking at any single item's stay.
    fn area_ms(&self) -> i64 {
        let mut steps: Vec<(i64, i64)> = vec![];
        for record in &self.records {
            steps.push((record.created_ms, 1));
            steps.extend(record.finished_ms.map(|it| (it, -1)));
        }
        steps.sort_unstable();
        let (mut area, mut inside, mut at_ms) = (0, 0, self.within.from_ms);
        for (next_ms, change) in steps {
            area += inside * (next_ms - at_ms);
            (inside, at_ms) = (inside + change, next_ms);
        }
        area + inside * (self.within.to_ms - at_ms)
    }
}

/// What an audit added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audit {
    /// Work done.
    pub work_ms: i64,
    /// Area under the number of items in the system (L times the length).
    pub in_system_ms: i64,
    /// Sum of the times items stayed (λ times W times the length).
    pub sojourn_ms: i64,
}

fn one_place(person: usize, segments: &[Segment]) -> Result<(), String> {
    for pair in segments.windows(2) {
        if pair[1].span.from_ms < pair[0].span.to_ms {
            return Err(format!("person {person} is in two places: {:?}, {:?}", pair[0], pair[1]));
        }
    }
    Ok(())
}

fn inside_calendar(
    organisation: &Organisation,
    structure: &Structure,
    segment: &Segment,
    record: &Record,
) -> Result<(), String> {
    let calendar = &organisation.people[segment.person].calendar;
    if calendar.open_ms(segment.span) == segment.span.length_ms() {
        return Ok(());
    }
    let mut allowed: Vec<Span> = calendar.inside(segment.span).collect();
    if record.class == Class::Page {
        let desks = structure.desks.iter().filter(|it| it.off_hours == OffHours::Answer);
        let turns = desks.flat_map(|it| &it.turns).filter(|it| it.person == segment.person);
        allowed.extend(turns.filter_map(|it| it.span.cut(segment.span)));
    }
    if Calendar::of(allowed).open_ms(segment.span) == segment.span.length_ms() {
        return Ok(());
    }
    Err(format!("worked outside the calendar: {segment:?}"))
}

fn life(number: usize, record: &Record, item: &Item, within: Span) -> Result<(), String> {
    let started = record.started_ms.unwrap_or(within.to_ms);
    let finished = record.finished_ms.unwrap_or(within.to_ms);
    let ordered = item.created_ms <= started && started <= finished;
    let complete = record.finished_ms.is_none() || record.started_ms.is_some();
    if ordered && complete && record.created_ms == item.created_ms {
        return Ok(());
    }
    Err(format!("item {number} lives backwards: {record:?}"))
}
