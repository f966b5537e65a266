//! A tick over many due pages looks at each of them a few times, however many there are.

use super::words::ring;
use super::world::{START, catalogue};
use crate::round::visits;
use crate::{Command, Context, Engine, Event, Submission};
use model::Millis;
use std::collections::BTreeSet;

/// How many pages take their next step in one tick, and at how many pages that tick looks.
fn steps_and_visits(services: usize) -> (usize, usize) {
    let (mut engine, zones) = (Engine::new(), oncall::Zones::bundled());
    let mut does = |now, command| {
        let context = Context { now, zones: &zones };
        engine.execute(&context, &Submission::system(command)).expect("accepted").records
    };
    let (catalogue, hash) = (Box::new(catalogue()), "first".to_owned());
    does(START, Command::AdoptCatalogue { catalogue, hash });
    for number in 0..services {
        let Command::Receive(mut door) = ring(&format!("service-{number}"), "critical", START)
        else {
            unreachable!()
        };
        door.fingerprint = format!("alert-{number}");
        does(START, Command::Receive(door));
    }
    visits::taken();
    let records = does(START.plus(Millis::from_mins(30)), Command::Tick);
    let stepped: BTreeSet<_> = records
        .iter()
        .filter_map(|it| match it.event {
            Event::PageNotified { page, .. } => Some(page),
            _ => None,
        })
        .collect();
    (stepped.len(), visits::taken())
}

#[test]
fn a_tick_looks_at_each_page_a_few_times_however_many_there_are() {
    for services in [10, 100, 1_000] {
        let (stepped, looked) = steps_and_visits(services);
        assert_eq!(stepped, services, "every page takes its next step");
        // One walk finds them, and one more finds nothing; a few for what else is due.
        assert!(looked <= 8 * services, "{looked} looks at {services} pages");
    }
}
