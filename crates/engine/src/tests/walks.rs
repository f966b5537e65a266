//! Random policies, random alerts and random people, from fixed seeds, through the whole engine.
//!
//! After every command and everything that is due: each open incident that is not silenced is with a
//! person, or calls with a deadline to come, or waits for a time to come, or has called everybody. Replay
//! gives the same state. Left alone, everything comes to rest.

use super::world::World;
use crate::Event;
use model::{
    BudgetWhen, Catalogue, Escalation, EscalationStep, Hours, LoadLimit, LoadPer, LoadThen, Millis,
    PageTarget, Urgency, Weekday,
};
use paging::PageStatus;

/// A linear congruential generator (Knuth, MMIX), upper bits.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).expect("small")]
    }

    fn small(&mut self, limit: u64) -> u16 {
        u16::try_from(self.below(limit)).expect("small")
    }
}

fn step(dice: &mut Dice) -> EscalationStep {
    let target = |dice: &mut Dice| match dice.below(5) {
        0 => PageTarget::Rota("payments".into()),
        1 => PageTarget::RotaNext("payments".into()),
        2 => PageTarget::Team("payments".into()),
        _ => PageTarget::Person(dice.pick(&["ana", "bo", "cy"]).into()),
    };
    let wait = Millis::from_mins(1 + i64::from(dice.small(20)));
    let mut it = EscalationStep::new(target(dice), wait);
    it.page.extend((0..dice.below(2)).map(|_| target(dice)));
    it.acks_min = 1 + dice.small(3);
    it.round_robin = dice.below(3) == 0;
    if dice.below(2) == 0 {
        let (from_minute, until_minute) = (dice.small(1_440), dice.small(1_440));
        let days = vec![Weekday::Mon, Weekday::Wed];
        it.when.hours = Some(Hours { from_minute, until_minute, days });
    }
    if dice.below(3) == 0 {
        it.when.budget = Some(if dice.below(2) == 0 {
            BudgetWhen::Spent
        } else {
            BudgetWhen::Below(u8::try_from(1 + dice.below(99)).expect("small"))
        });
    }
    it
}

fn organisation(dice: &mut Dice, catalogue: &mut Catalogue) {
    let steps = (0..=dice.below(3)).map(|_| step(dice)).collect();
    let mut policy = Escalation::new(steps, u32::from(dice.small(3)));
    policy.ack_timeout =
        (dice.below(2) == 0).then(|| Millis::from_mins(5 + i64::from(dice.small(60))));
    catalogue.escalations.insert("payments".into(), policy);
    if dice.below(2) == 0 {
        let light_on = catalogue.features.get_mut(&"light-on".into()).expect("of the tests");
        light_on.urgency = Some(Urgency::Morning);
    }
    if dice.below(2) == 0 {
        let then = [LoadThen::Relieve, LoadThen::Credit, LoadThen::Hold];
        let then = then[usize::from(dice.small(3))];
        let load = LoadLimit { pages: 1 + dice.small(3), per: LoadPer::Shift, then };
        catalogue.rotas.get_mut(&"payments".into()).expect("of the tests").load = Some(load);
    }
    let zone = dice.pick(&["Pacific/Honolulu", "Africa/Nairobi", "America/Los_Angeles"]);
    catalogue.people.get_mut(&"bo".into()).expect("of the tests").timezone = zone.into();
}

fn line(dice: &mut Dice, pages: u64, incidents: u64, alerts: u64) -> String {
    let (page, incident) = (
        format!("pg_{}", 1 + dice.below(pages.max(1))),
        format!("in_{}", 1 + dice.below(incidents.max(1))),
    );
    let what = if dice.below(2) == 0 { page.clone() } else { incident.clone() };
    let (by, to) = (dice.pick(&["ana", "bo", "cy"]), dice.pick(&["ana", "bo", "cy"]));
    let alert = dice.pick(&["a", "b", "c"]);
    match dice.below(17) {
        0 => format!("alert {alert} light-on x=1"),
        1 => format!("alert {alert} light-on urgency=wake"),
        2 => format!("door-over {alert}"),
        3 => "fine light-on".to_owned(),
        4 => format!("raise {by}"),
        5 | 6 => format!("ack {page} {by}"),
        7 => format!("ack-incident {incident} {by}"),
        8 => format!("renew {what} {by}"),
        9 => format!("hand {what} {by} {to}"),
        10 => format!("snooze {what} {by} {}m", 1 + dice.below(90)),
        11 => format!("wake {what} {by}"),
        12 => format!("merge {incident} in_{} {by}", 1 + dice.below(incidents.max(1))),
        13 => format!("escalate {page} {by}"),
        14 => format!("take {incident} {by}"),
        15 => format!("anyway al_{} {by}", 1 + dice.below(alerts.max(1))),
        _ if dice.below(4) == 0 => format!("resolve {incident} {by}"),
        _ => "restart".to_owned(),
    }
}

fn somebody_answers(world: &World) {
    let state = world.engine.state();
    for (id, incident) in state.incidents_open() {
        let pages: Vec<_> = incident.pages.iter().map(|it| &state.pages[it]).collect();
        let answered = state.is_quiet(id)
            || pages.iter().any(|page| match &page.status {
                PageStatus::Waiting { deadline, .. } => *deadline > state.at,
                PageStatus::Held { until, .. } | PageStatus::Snoozed { until, .. } => {
                    *until > state.at
                }
                PageStatus::Acknowledged { .. } => true,
                PageStatus::Exhausted { .. } => page.next_attempt > page.round_start,
                PageStatus::New | PageStatus::Ended { .. } => false,
            });
        assert!(answered, "nobody answers for {id}: {pages:?}");
    }
}

fn walk(seed: u64) {
    let mut dice = Dice(seed);
    let mut world = World::within(|it| organisation(&mut dice, it));
    let mut minutes = 0;
    for _ in 0..40 {
        let next = world.engine.state().next.clone();
        let line = line(&mut dice, next.page, next.incident, next.alert);
        let before = world.records.len();
        world.step(&format!("{minutes}m {line}"));
        world.step(&format!("{minutes}m tick"));
        somebody_answers(&world);
        for record in &world.records[before..] {
            if let Event::PageNotified { notices, .. } = &record.event {
                // Of three people two can be reached; both may have taken it already.
                let took = world.engine.state().pages.values().any(|it| !it.takes.is_empty());
                assert!(!notices.is_empty() || took, "a step calls somebody: {record:?}");
            }
        }
        minutes += i64::from(dice.small(30));
    }
    assert_eq!(&world.replayed(), world.engine.state(), "replay gives the same state");
    // Left alone for three days: only the daily mail goes on.
    for hours in 1..=72 {
        world.step(&format!("{}m tick", minutes + hours * 60));
    }
    let calls = world.engine.state().pages.values().filter(|it| it.next_timeout().is_some());
    let open = |it: &&paging::Page| world.engine.state().incidents[&it.incident].is_open();
    assert_eq!(calls.filter(open).count(), 0, "everything comes to rest");
}

#[test]
fn somebody_always_answers_for_what_is_open() {
    for seed in 0..1_000 {
        let result = std::panic::catch_unwind(|| walk(seed));
        assert!(result.is_ok(), "seed {seed}");
    }
}
