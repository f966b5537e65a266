//! A way of working: desks, who sits at them when, and how items find them.
//!
//! Intuition: every structure anybody has named is the same four things in other proportions. Desks
//! with a queue; turns that say who sits there; routes from an item to a desk; and a rule about whose
//! work may be broken off.
//!
//! Invariants:
//! - everybody has a desk of their own behind the named ones, for what only they can do;
//! - a route leads to a desk or a person that exists: [`Structure::check`].

use crate::calendar::{Calendar, Span};
use crate::world::{CLASSES, Class, Item, Organisation, Person};

/// A way of working.
#[derive(Debug, Clone, PartialEq)]
pub struct Structure {
    /// What it is called.
    pub name: String,
    /// The desks.
    pub desks: Vec<Desk>,
    /// How people order what waits for them alone.
    pub personal: Order,
    /// Whose own work may be broken off for what only they can do.
    pub personal_preempt: Preempt,
    /// Where items go: class by class, in each component by component.
    pub routes: Vec<Target>,
    /// Rank per class, the lowest first.
    pub priorities: [i64; CLASSES.len()],
    /// What happens to an item before it reaches a desk.
    pub triage: Triage,
    /// What happens to work when whoever does it goes home or off duty.
    pub at_end: AtEnd,
}

/// A queue, and those who serve it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desk {
    /// What it is called.
    pub name: String,
    /// Who serves it when.
    pub turns: Vec<Turn>,
    /// In which order.
    pub order: Order,
    /// Whose work may be broken off for what arrives here.
    pub preempt: Preempt,
    /// Where an item also waits no longer than this before it moves to another desk.
    pub overflow: Option<Overflow>,
    /// Whether its people do nothing else during their turn.
    pub dedicated: Dedication,
    /// Whether pages are worked on outside the calendars of those on duty.
    pub off_hours: OffHours,
}

/// One person's time at a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// Index of the person.
    pub person: usize,
    /// When.
    pub span: Span,
}

/// Which of those who wait is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Whoever came first.
    FirstCome,
    /// By class, then whoever came first.
    ByClass,
    /// What triage believes to be shortest.
    ShortFirst,
    /// What is due first.
    DueDate,
    /// What costs most per hour of work it needs (the cµ rule).
    CostRate,
}

/// Whose work may be broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preempt {
    /// Nobody's.
    Never,
    /// Anything but a page, by a page.
    ForPages,
    /// A lower class, by a higher one.
    ForHigherClass,
}

/// After how long an item moves on, and where to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow {
    /// After how long in the queue.
    pub after_ms: i64,
    /// To which desk.
    pub to: usize,
}

/// Whether those at a desk also do background work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dedication {
    /// They do nothing else.
    Full,
    /// Whenever nothing waits, they do roadmap work.
    Beside,
}

/// Whether pages are answered outside working hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffHours {
    /// They wait for the morning.
    Wait,
    /// Whoever is on duty gets up.
    Answer,
}

/// Where an item goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// To a desk.
    Desk(usize),
    /// To one person.
    Person(usize),
    /// To whoever changed the component last; before any change, to who knows it best.
    LastChanger,
}

/// What happens to an item before it reaches a desk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Triage {
    /// How long that takes.
    pub delay_ms: i64,
    /// Share of items that are sent to the desk after the right one.
    pub error_share: f64,
    /// How long the wrong desk looks at it.
    pub bounce_ms: i64,
}

/// What happens to unfinished work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEnd {
    /// It waits for the same person.
    Keep,
    /// Somebody else at the desk takes it.
    HandOver,
}

/// What nobody measured and everybody assumes: to be swept, not believed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumptions {
    /// How many times as long somebody takes who knows nothing of the component (m).
    pub slow_down: f64,
    /// Share of items for which somebody who knows nothing of the component needs an expert (l).
    pub consult_share: f64,
    /// How long the expert takes.
    pub consult_ms: i64,
    /// How long it takes to find back into what was broken off (r).
    pub resumption_ms: i64,
    /// How long whoever takes work over needs to learn where it stands.
    pub handover_ms: i64,
    /// Share of the work done since the last hand-over that the next one loses.
    pub handover_loss: f64,
    /// How knowledge comes and goes.
    pub learning: Option<Learning>,
}

impl Assumptions {
    /// Everybody knows everything and nothing is lost: the world of textbooks.
    pub const NONE: Self = Self {
        slow_down: 1.0,
        consult_share: 0.0,
        consult_ms: 0,
        resumption_ms: 0,
        handover_ms: 0,
        handover_loss: 0.0,
        learning: None,
    };
}

/// How knowledge comes with items worked on, and goes with time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learning {
    /// Items on a component after which 63 % of what was missing is known.
    pub ramp_items: f64,
    /// Time after which half of the exposure is forgotten.
    pub half_life_ms: f64,
}

impl Structure {
    /// Where `item` goes by the table, before triage errs.
    #[must_use]
    pub fn target(&self, item: &Item, components: usize) -> Target {
        self.routes[item.class.index() * components + item.component]
    }

    /// What is wrong with it, if anything is.
    ///
    /// # Errors
    /// A sentence that names the desk, the route or the number.
    pub fn check(&self, organisation: &Organisation) -> Result<(), String> {
        let (people, desks) = (organisation.people.len(), self.desks.len());
        let wanted = CLASSES.len() * organisation.components.len();
        if self.routes.len() != wanted {
            return Err(format!("it has {} routes and needs {wanted}", self.routes.len()));
        }
        for route in &self.routes {
            let lost = match *route {
                Target::Desk(it) => it >= desks,
                Target::Person(it) => it >= people,
                Target::LastChanger => false,
            };
            if lost {
                return Err(format!("a route leads to {route:?}, which does not exist"));
            }
        }
        for desk in &self.desks {
            if desk.turns.iter().any(|it| it.person >= people) {
                return Err(format!("desk \"{}\" is served by somebody unknown", desk.name));
            }
            if desk.overflow.is_some_and(|it| it.to >= desks || it.after_ms <= 0) {
                return Err(format!("desk \"{}\" overflows to nowhere", desk.name));
            }
        }
        Ok(())
    }

    /// Rank of `class`; lower comes first.
    #[must_use]
    pub fn rank(&self, class: Class) -> i64 {
        self.priorities[class.index()]
    }

    /// Hours that people sit at desks and do nothing else; whoever serves two desks at once sits there once.
    #[must_use]
    pub fn dedicated_ms(&self, organisation: &Organisation) -> i64 {
        let of = |(number, person): (usize, &Person)| {
            let full = self.desks.iter().filter(|it| it.dedicated == Dedication::Full);
            let turns = full.flat_map(|it| &it.turns).filter(|it| it.person == number);
            let at_desks = Calendar::of(turns.map(|it| it.span).collect());
            person.calendar.and(&at_desks).open_ms(organisation.within)
        };
        organisation.people.iter().enumerate().map(of).sum()
    }
}
