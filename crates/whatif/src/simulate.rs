//! One world under one way of working, event by event.
//!
//! Intuition: a clock that jumps. What is known beforehand (arrivals, people coming and going, turns)
//! is one sorted list; what follows from what happens (work that ends, items that move on) is a heap.
//! At every instant the rule is the same: an item looks for somebody free, somebody free looks for an
//! item, and nothing waits beside somebody who may take it.
//!
//! Complications: at one instant work ends first, then people arrive, then they leave, then items
//! come; so that whoever takes over at eight sits there when whoever leaves at eight hands over. Work
//! that is broken off stays with its person and costs them a resumption; work that is handed over
//! goes back into the queue and costs whoever takes it a hand-over, unless it is the same person.
//!
//! Invariants:
//! - no random number is drawn here: luck is in the items;
//! - equals are told apart by number, so that the same input gives the same history, byte for byte.

mod queues;

use crate::calendar::Span;
use crate::history::{History, Part, Record, Segment};
use crate::number::{float, whole};
use crate::structure::{
    Assumptions, AtEnd, Desk, OffHours, Order, Preempt, Structure, Target, Turn,
};
use crate::world::{Class, Item, Organisation};
use queues::{Key, Knowledge, key};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// Lives through `items` under `structure`, until nothing happens any more or time is up.
///
/// # Panics
/// If the structure does not fit the organisation: see [`Structure::check`].
#[must_use]
pub fn simulate(
    organisation: &Organisation,
    items: &[Item],
    structure: &Structure,
    assumptions: &Assumptions,
) -> History {
    if let Err(problem) = structure.check(organisation) {
        panic!("structure \"{}\": {problem}", structure.name);
    }
    let mut run = Run::new(organisation, items, structure, assumptions);
    run.live();
    run.history()
}

/// What happens next, and in which order at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Finish { person: usize, epoch: u64 },
    OnDuty { queue: usize, person: usize },
    Comes { person: usize },
    OffDuty { queue: usize, person: usize },
    Leaves { person: usize },
    Overflow { task: usize, queue: usize },
    Created { item: usize },
    Triaged { item: usize },
}

struct Task {
    item: usize,
    part: Part,
    /// The desk it waits at; people's own desks come after the named ones.
    queue: usize,
    key: Key,
    remaining_ms: i64,
    /// Whoever began it, and how slow they are with it.
    begun: Option<(usize, f64)>,
    /// Work done since the last hand-over, of which the next one loses a share: what was lost once is
    /// not lost again, or long items that go back and forth would never end.
    done_ms: i64,
    broken_off: bool,
}

#[derive(Default)]
struct Worker {
    present: bool,
    doing: Option<(usize, i64)>,
    epoch: u64,
    paused: Vec<usize>,
    queues: BTreeSet<usize>,
    free_since_ms: i64,
}

#[derive(Default)]
struct Queue {
    waiting: BTreeSet<(Key, usize)>,
    on_duty: BTreeSet<usize>,
}

struct Run<'a> {
    organisation: &'a Organisation,
    items: &'a [Item],
    structure: &'a Structure,
    assumptions: &'a Assumptions,
    now_ms: i64,
    known: Vec<(i64, Event)>,
    next_known: usize,
    follows: BinaryHeap<Reverse<(i64, Event)>>,
    tasks: Vec<Task>,
    workers: Vec<Worker>,
    queues: Vec<Queue>,
    knowledge: Knowledge,
    last_changer: Vec<Option<usize>>,
    open_parts: Vec<u32>,
    records: Vec<Record>,
    segments: Vec<Segment>,
}

impl<'a> Run<'a> {
    fn new(
        organisation: &'a Organisation,
        items: &'a [Item],
        structure: &'a Structure,
        assumptions: &'a Assumptions,
    ) -> Self {
        let people = organisation.people.len();
        let desks = structure.desks.len();
        let mut queues: Vec<Queue> = (0..desks + people).map(|_| Queue::default()).collect();
        let mut workers: Vec<Worker> = (0..people).map(|_| Worker::default()).collect();
        for person in 0..people {
            queues[desks + person].on_duty.insert(person);
            workers[person].queues.insert(desks + person);
        }
        Self {
            organisation,
            items,
            structure,
            assumptions,
            now_ms: organisation.within.from_ms,
            known: known(organisation, items, structure),
            next_known: 0,
            follows: BinaryHeap::new(),
            tasks: vec![],
            workers,
            queues,
            knowledge: Knowledge::new(organisation, assumptions),
            last_changer: vec![None; organisation.components.len()],
            open_parts: vec![0; items.len()],
            records: items.iter().map(born).collect(),
            segments: vec![],
        }
    }

    fn live(&mut self) {
        while let Some((at_ms, event)) = self.next() {
            if at_ms >= self.organisation.within.to_ms {
                self.now_ms = self.organisation.within.to_ms;
                break;
            }
            self.now_ms = at_ms;
            match event {
                Event::Finish { person, epoch } => self.finish(person, epoch),
                Event::OnDuty { queue, person } => {
                    self.queues[queue].on_duty.insert(person);
                    self.workers[person].queues.insert(queue);
                    self.look(person);
                }
                Event::Comes { person } => {
                    self.workers[person].present = true;
                    self.look(person);
                }
                Event::OffDuty { queue, person } => self.off_duty(queue, person),
                Event::Leaves { person } => self.leaves(person),
                Event::Overflow { task, queue } => self.overflow(task, queue),
                Event::Created { item } if self.structure.triage.delay_ms > 0 => {
                    let at_ms = at_ms + self.structure.triage.delay_ms;
                    self.follows.push(Reverse((at_ms, Event::Triaged { item })));
                }
                Event::Created { item } | Event::Triaged { item } => self.triaged(item),
            }
        }
        for person in 0..self.workers.len() {
            self.put_down(person);
        }
    }

    /// The earliest event; of the known and the following ones at one instant, by their order.
    fn next(&mut self) -> Option<(i64, Event)> {
        let known = self.known.get(self.next_known).copied();
        let follows = self.follows.peek().map(|it| it.0);
        match (known, follows) {
            (Some(known), Some(follows)) if follows < known => self.follows.pop().map(|it| it.0),
            (Some(known), _) => {
                self.next_known += 1;
                Some(known)
            }
            (None, _) => self.follows.pop().map(|it| it.0),
        }
    }

    fn history(self) -> History {
        let within = Span { from_ms: self.organisation.within.from_ms, to_ms: self.now_ms };
        History { within, records: self.records, segments: self.segments }
    }

    /// The desk that an item goes to, and whether that is the wrong one.
    fn triaged(&mut self, number: usize) {
        let item = &self.items[number];
        let desks = self.structure.desks.len();
        let right = self.right_queue(item);
        let triage = &self.structure.triage;
        let errs = item.triage_luck < triage.error_share && right < desks && desks > 1;
        self.open_parts[number] = 1;
        let (part, queue, remaining_ms) = if errs {
            (Part::Bounce, (right + 1) % desks, triage.bounce_ms.max(1))
        } else {
            (Part::Work, right, item.size_ms)
        };
        self.make(number, part, queue, remaining_ms);
    }

    fn right_queue(&self, item: &Item) -> usize {
        let desks = self.structure.desks.len();
        match self.structure.target(item, self.organisation.components.len()) {
            Target::Desk(desk) => desk,
            Target::Person(person) => desks + person,
            Target::LastChanger => {
                let last = self.last_changer[item.component];
                let person = last.or_else(|| self.organisation.expert(item.component, None));
                desks + person.expect("an organisation has people")
            }
        }
    }

    fn make(&mut self, number: usize, part: Part, queue: usize, remaining_ms: i64) {
        let rules = self.rules(queue);
        let item = &self.items[number];
        let key = key(rules, part, self.structure.rank(item.class), item, number);
        let item = number;
        let task = Task {
            item,
            part,
            queue,
            key,
            remaining_ms,
            begun: None,
            done_ms: 0,
            broken_off: false,
        };
        self.tasks.push(task);
        self.seek(self.tasks.len() - 1);
    }

    /// An item looks for somebody: who is free, then who may be broken off; otherwise it waits.
    fn seek(&mut self, task: usize) {
        let queue = self.tasks[task].queue;
        let component = self.items[self.tasks[task].item].component;
        let free = self.queues[queue]
            .on_duty
            .iter()
            .copied()
            .filter(|it| self.workers[*it].doing.is_none() && self.may(*it, task));
        let best = free.min_by_key(|it| {
            let slow = self.knowledge.slow_permille(*it, component, self.now_ms);
            (slow, self.workers[*it].free_since_ms, *it)
        });
        if let Some(person) = best.or_else(|| self.interruptible(task)) {
            self.break_off(person);
            self.start(person, task);
            return;
        }
        self.queues[queue].waiting.insert((self.tasks[task].key, task));
        if let Some(overflow) = self.desk(queue).and_then(|it| it.overflow) {
            let at_ms = self.now_ms + overflow.after_ms;
            self.follows.push(Reverse((at_ms, Event::Overflow { task, queue })));
        }
    }

    /// Of those whose work this may break off, who does the least urgent.
    fn interruptible(&self, task: usize) -> Option<usize> {
        let (_, preempt) = self.rules(self.tasks[task].queue);
        let class = self.items[self.tasks[task].item].class;
        let on_duty = &self.queues[self.tasks[task].queue].on_duty;
        let candidates = on_duty.iter().copied().filter_map(|person| {
            let (other, _) = self.workers[person].doing?;
            let other_class = self.items[self.tasks[other].item].class;
            let rank = self.structure.rank(other_class);
            let yields = match preempt {
                Preempt::Never => false,
                Preempt::ForPages => class == Class::Page && other_class != Class::Page,
                Preempt::ForHigherClass => self.structure.rank(class) < rank,
            };
            let yields = yields && self.tasks[other].part == Part::Work && self.may(person, task);
            yields.then_some((rank, self.tasks[other].key, Reverse(person)))
        });
        candidates.max().map(|(_, _, Reverse(person))| person)
    }

    /// Somebody free looks for work: what they broke off, and what waits at their desks.
    fn look(&mut self, person: usize) {
        let worker = &self.workers[person];
        if worker.doing.is_some() {
            return;
        }
        let own = worker.paused.iter().map(|it| (self.tasks[*it].key, *it));
        let waiting = worker.queues.iter().filter_map(|queue| {
            self.queues[*queue].waiting.iter().copied().find(|it| self.may(person, it.1))
        });
        let next = own.filter(|it| self.may(person, it.1)).chain(waiting).min();
        if let Some((key, task)) = next {
            self.workers[person].paused.retain(|it| *it != task);
            self.queues[self.tasks[task].queue].waiting.remove(&(key, task));
            self.start(person, task);
        }
    }

    /// Whether `person` may work on `task` now.
    fn may(&self, person: usize, task: usize) -> bool {
        if self.workers[person].present {
            return true;
        }
        let queue = self.tasks[task].queue;
        let class = self.items[self.tasks[task].item].class;
        let answers = self.desk(queue).is_some_and(|it| it.off_hours == OffHours::Answer);
        class == Class::Page && answers && self.queues[queue].on_duty.contains(&person)
    }

    fn desk(&self, queue: usize) -> Option<&Desk> {
        self.structure.desks.get(queue)
    }

    /// The order of a queue, and whose work it may break off.
    fn rules(&self, queue: usize) -> (Order, Preempt) {
        let own = (self.structure.personal, self.structure.personal_preempt);
        self.desk(queue).map_or(own, |it| (it.order, it.preempt))
    }

    fn start(&mut self, person: usize, number: usize) {
        let task = &mut self.tasks[number];
        let item = task.item;
        let component = self.items[item].component;
        let before_ms = task.remaining_ms;
        let slow = self.knowledge.slow(person, component, self.now_ms);
        let mut charge_ms = before_ms;
        match task.begun {
            None => {
                let slow = if task.part == Part::Work { slow } else { 1.0 };
                task.remaining_ms = whole(float(before_ms) * slow).max(1);
                task.begun = Some((person, slow));
                charge_ms = 0;
            }
            Some((same, _)) if same == person => {
                let lag = if task.broken_off { self.assumptions.resumption_ms } else { 0 };
                task.remaining_ms += lag;
            }
            Some((_, was)) => {
                let lost = float(task.done_ms) * self.assumptions.handover_loss;
                let left = (float(before_ms) + lost) / was * slow;
                task.remaining_ms = whole(left).max(1) + self.assumptions.handover_ms;
                task.begun = Some((person, slow));
                task.done_ms = 0;
                self.records[item].handovers += 1;
            }
        }
        task.broken_off = false;
        let (part, left_ms) = (task.part, task.remaining_ms);
        let record = &mut self.records[item];
        record.charged_ms += left_ms - charge_ms;
        let first_start = part == Part::Work && record.started_ms.is_none();
        if first_start {
            record.started_ms = Some(self.now_ms);
            record.first = Some(person);
        }
        if part == Part::Work {
            record.last = Some(person);
        }
        let worker = &mut self.workers[person];
        worker.doing = Some((number, self.now_ms));
        worker.epoch += 1;
        let epoch = worker.epoch;
        self.follows.push(Reverse((self.now_ms + left_ms, Event::Finish { person, epoch })));
        if first_start {
            self.consult(person, item);
        }
    }

    /// Whoever knows little of a component may need whoever knows most.
    fn consult(&mut self, person: usize, number: usize) {
        let item = &self.items[number];
        let skill = self.knowledge.skill(person, item.component, self.now_ms);
        if item.consult_luck >= self.assumptions.consult_share * (1.0 - skill) {
            return;
        }
        let Some(expert) = self.organisation.expert(item.component, Some(person)) else { return };
        if self.knowledge.skill(expert, item.component, self.now_ms) <= skill {
            return;
        }
        self.open_parts[number] += 1;
        self.records[number].consults += 1;
        let queue = self.structure.desks.len() + expert;
        self.make(number, Part::Consult, queue, self.assumptions.consult_ms.max(1));
    }

    /// Ends a stretch of work and returns its task.
    fn put_down(&mut self, person: usize) -> Option<usize> {
        let (task, since_ms) = self.workers[person].doing.take()?;
        self.workers[person].epoch += 1;
        self.workers[person].free_since_ms = self.now_ms;
        let length_ms = self.now_ms - since_ms;
        let Task { item, part, .. } = self.tasks[task];
        self.tasks[task].remaining_ms -= length_ms;
        self.tasks[task].done_ms += length_ms;
        if length_ms > 0 {
            let span = Span { from_ms: since_ms, to_ms: self.now_ms };
            self.segments.push(Segment { person, item, part, span });
        }
        Some(task)
    }

    fn finish(&mut self, person: usize, epoch: u64) {
        if self.workers[person].epoch != epoch {
            return;
        }
        let task = self.put_down(person).expect("only what is worked on is finished");
        let Task { item: number, part, remaining_ms, .. } = self.tasks[task];
        assert!(remaining_ms == 0, "what is finished has nothing left");
        let item = &self.items[number];
        if part == Part::Bounce {
            self.records[number].bounces += 1;
            let queue = self.right_queue(item);
            self.make(number, Part::Work, queue, item.size_ms);
        } else {
            self.open_parts[number] -= 1;
            if self.open_parts[number] == 0 {
                self.records[number].finished_ms = Some(self.now_ms);
            }
            if part == Part::Work {
                self.knowledge.worked_on(person, item.component, self.now_ms);
                if item.class == Class::Change {
                    self.last_changer[item.component] = Some(person);
                }
            }
        }
        self.look(person);
    }

    /// Something more urgent came: what `person` does stays with them.
    fn break_off(&mut self, person: usize) {
        if let Some(task) = self.put_down(person) {
            self.tasks[task].broken_off = true;
            self.workers[person].paused.push(task);
        }
    }

    fn leaves(&mut self, person: usize) {
        self.workers[person].present = false;
        let Some((task, _)) = self.workers[person].doing else { return };
        if self.may(person, task) {
            return;
        }
        self.put_down(person);
        self.leave_behind(person, task);
        self.look(person);
    }

    fn off_duty(&mut self, queue: usize, person: usize) {
        self.queues[queue].on_duty.remove(&person);
        self.workers[person].queues.remove(&queue);
        if self.structure.at_end == AtEnd::HandOver {
            let of_desk = |it: &usize| self.tasks[*it].queue == queue;
            let (left, kept) = self.workers[person].paused.iter().copied().partition(of_desk);
            self.workers[person].paused = kept;
            let left: Vec<usize> = left;
            for task in left {
                self.seek(task);
            }
        }
        let Some((task, _)) = self.workers[person].doing else { return };
        let hands_over = self.structure.at_end == AtEnd::HandOver;
        if self.tasks[task].queue == queue && (hands_over || !self.may(person, task)) {
            self.put_down(person);
            self.leave_behind(person, task);
            self.look(person);
        }
    }

    /// What becomes of work whose person goes.
    fn leave_behind(&mut self, person: usize, task: usize) {
        let personal = self.tasks[task].queue >= self.structure.desks.len();
        if personal || self.structure.at_end == AtEnd::Keep {
            self.workers[person].paused.push(task);
        } else {
            self.seek(task);
        }
    }

    /// Nobody came: the item moves to the next desk, and keeps its age.
    fn overflow(&mut self, number: usize, queue: usize) {
        let Task { queue: at, key: old, part, item, .. } = self.tasks[number];
        let Some(overflow) = self.desk(queue).and_then(|it| it.overflow) else { return };
        if at != queue || !self.queues[queue].waiting.remove(&(old, number)) {
            return;
        }
        let rank = self.structure.rank(self.items[item].class);
        let rules = self.rules(overflow.to);
        self.tasks[number].queue = overflow.to;
        self.tasks[number].key = key(rules, part, rank, &self.items[item], item);
        self.records[item].overflows += 1;
        self.seek(number);
    }
}

/// What is known beforehand, in order.
fn known(organisation: &Organisation, items: &[Item], structure: &Structure) -> Vec<(i64, Event)> {
    let mut events = vec![];
    for (item, it) in items.iter().enumerate() {
        events.push((it.created_ms, Event::Created { item }));
    }
    for (person, it) in organisation.people.iter().enumerate() {
        for span in it.calendar.spans() {
            events.push((span.from_ms, Event::Comes { person }));
            events.push((span.to_ms, Event::Leaves { person }));
        }
    }
    for (queue, desk) in structure.desks.iter().enumerate() {
        for Turn { person, span } in merged(&desk.turns) {
            events.push((span.from_ms, Event::OnDuty { queue, person }));
            events.push((span.to_ms, Event::OffDuty { queue, person }));
        }
    }
    events.sort_unstable();
    events
}

/// Turns of one person that touch are one turn: nobody hands over to themselves.
fn merged(turns: &[Turn]) -> Vec<Turn> {
    let mut sorted = turns.to_vec();
    sorted.sort_unstable();
    let mut found: Vec<Turn> = vec![];
    for turn in sorted {
        match found.last_mut() {
            Some(last) if last.person == turn.person && turn.span.from_ms <= last.span.to_ms => {
                last.span.to_ms = last.span.to_ms.max(turn.span.to_ms);
            }
            _ => found.push(turn),
        }
    }
    found
}

fn born(item: &Item) -> Record {
    Record {
        class: item.class,
        component: item.component,
        created_ms: item.created_ms,
        started_ms: None,
        finished_ms: None,
        first: None,
        last: None,
        charged_ms: 0,
        handovers: 0,
        bounces: 0,
        consults: 0,
        overflows: 0,
    }
}
