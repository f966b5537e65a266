//! The same arrivals and sizes in an independent simulator, item by item.
//!
//! Ciw 3.2.7, from `PyPI`, was given these items by its `Sequential` distributions and began, or ended,
//! every single one of them in the same millisecond. What it said is kept as a digest: the sum of
//! place times millisecond over items in order of class and creation, modulo 2^61 − 1.

use crate::calendar::{Calendar, Span};
use crate::number::{HOUR_MS, WEEK_MS, from_hours};
use crate::random::Length;
use crate::simulate;
use crate::structure::{
    Assumptions, AtEnd, Dedication, Desk, OffHours, Order, Preempt, Structure, Target, Triage, Turn,
};
use crate::world::{Arrivals, CLASSES, Class, Component, Draw, Organisation, Person, Source, draw};

#[test]
fn every_item_begins_and_ends_when_ciw_says() {
    let first = (Order::FirstCome, Preempt::Never);
    check(1, first, 5_440, (Some(187_159_366_267_473_650), 187_209_669_991_861_514));
    check(2, first, 10_880, (Some(759_706_682_786_794_486), 759_910_356_644_292_456));
    check(5, first, 26_918, (Some(21_216_291_250_386_576), 22_460_341_046_569_931));
    let class = (Order::ByClass, Preempt::Never);
    check(1, class, 5_440, (Some(187_172_054_129_729_003), 187_222_357_854_116_867));
    check(3, class, 16_174, (Some(1_666_642_022_123_308_354), 1_667_089_499_597_177_422));
    // What is broken off and resumed begins anew in Ciw's records: only the ends compare.
    let resume = (Order::ByClass, Preempt::ForHigherClass);
    check(1, resume, 5_440, (None, 187_224_467_106_501_767));
}

fn check(
    servers: usize,
    (order, preempt): (Order, Preempt),
    count: usize,
    (starts, ends): (Option<i128>, i128),
) {
    let organisation = organisation(servers);
    let items = draw(&sources(servers), arrivals(), Draw { seed: 5, replication: 0 });
    let span = organisation.within;
    let desk = Desk {
        name: "desk".to_owned(),
        turns: (0..servers).map(|person| Turn { person, span }).collect(),
        order,
        preempt,
        overflow: None,
        dedicated: Dedication::Full,
        off_hours: OffHours::Wait,
    };
    let structure = Structure {
        name: "ciw".to_owned(),
        desks: vec![desk],
        personal: Order::FirstCome,
        personal_preempt: Preempt::Never,
        routes: vec![Target::Desk(0); CLASSES.len()],
        priorities: [0, 1, 2, 3, 4],
        triage: Triage { delay_ms: 0, error_share: 0.0, bounce_ms: 0 },
        at_end: AtEnd::Keep,
    };
    let history = simulate(&organisation, &items, &structure, &Assumptions::NONE);
    let mut lives: Vec<(Class, i64, i64, i64)> = history
        .records
        .iter()
        .map(|it| (it.class, it.created_ms, it.started_ms.unwrap(), it.finished_ms.unwrap()))
        .collect();
    lives.sort_unstable();
    let name = format!("{servers} servers, {order:?}, {preempt:?}");
    assert_eq!(lives.len(), count, "{name}");
    if let Some(starts) = starts {
        assert_eq!(digest(lives.iter().map(|it| it.2)), starts, "{name}: starts");
    }
    assert_eq!(digest(lives.iter().map(|it| it.3)), ends, "{name}: ends");
}

fn digest(numbers: impl Iterator<Item = i64>) -> i128 {
    let sum: i128 = (1_i128..).zip(numbers).map(|(place, it)| place * i128::from(it)).sum();
    sum % ((1 << 61) - 1)
}

fn sources(servers: usize) -> [Source; 2] {
    [(Class::Page, 0.3, 0.5), (Class::Ticket, 0.6, 1.0)].map(|(class, per_hour, mean)| Source {
        class,
        components: vec![0],
        arrivals: Arrivals::Poisson {
            gap_ms: 3.6e6 / (per_hour * crate::number::count(servers)),
            during: Calendar::always(arrivals()),
        },
        length: Length::LogNormal { mean_ms: from_hours(mean), variation: 2.0 },
        due_after_ms: None,
        cost_per_hour: 1.0,
    })
}

fn organisation(servers: usize) -> Organisation {
    let within = Span { from_ms: 0, to_ms: 200 * WEEK_MS };
    let person = |number: usize| Person {
        name: number.to_string(),
        calendar: Calendar::always(within),
        night: Calendar::of(vec![]),
        team: 0,
        skills: vec![1.0],
    };
    Organisation {
        within,
        people: (0..servers).map(person).collect(),
        teams: vec![],
        components: vec![Component { name: "it".to_owned(), owner: None }],
    }
}

fn arrivals() -> Span {
    Span { from_ms: 0, to_ms: 6_000 * HOUR_MS }
}
