//! Ten thousand alerts in ten seconds over two hundred services, and half an hour after it: whoever is on
//! duty gets few messages, and every page is in one of them.

use super::words::ring;
use super::world::{START, catalogue};
use crate::{
    Command, Context, DeliveryOutcome, Engine, NoticeStatus, Purpose, Recipient, Submission,
};
use model::{Medium, Millis, PersonId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

const SERVICES: usize = 200;
const ALERTS: usize = 10_000;

/// The messages that reached each person, by medium.
type Mailbox = BTreeMap<(PersonId, Medium), Vec<Timestamp>>;

struct Storm {
    engine: Engine,
    zones: oncall::Zones,
    calls: Mailbox,
    updates_count: usize,
}

impl Storm {
    fn new() -> Self {
        let (engine, zones) = (Engine::new(), oncall::Zones::bundled());
        let mut storm = Self { engine, zones, calls: Mailbox::new(), updates_count: 0 };
        let (catalogue, hash) = (Box::new(catalogue()), "first".to_owned());
        storm.does(START, Command::AdoptCatalogue { catalogue, hash });
        storm
    }

    fn does(&mut self, now: Timestamp, command: Command) {
        let context = Context { now, zones: &self.zones };
        self.engine.execute(&context, &Submission::system(command)).expect("accepted");
    }

    /// Time passes until `now`; whatever becomes due on the way is sent when it is.
    fn pass(&mut self, now: Timestamp) {
        let next = |it: &Self| {
            let notices = it.engine.state().notices.values();
            let due = notices.filter_map(|it| match it.status {
                NoticeStatus::Due { at } => Some(at),
                _ => None,
            });
            due.chain(it.engine.next_wake()).min().filter(|at| *at < now)
        };
        while let Some(at) = next(self) {
            self.send(at.max(self.engine.state().at));
        }
        self.send(now);
    }

    fn send(&mut self, now: Timestamp) {
        self.does(now, Command::Tick);
        loop {
            let due: Vec<_> =
                self.engine.state().notices_due(now).map(|(id, it)| (id, it.clone())).collect();
            if due.is_empty() {
                return;
            }
            for (id, it) in due {
                let Recipient::Person(person) = it.to else { continue };
                if matches!(it.purpose, Purpose::Update { .. }) {
                    self.updates_count += 1;
                } else {
                    self.calls.entry((person, it.medium)).or_default().push(now);
                }
                let outcome = DeliveryOutcome::Sent { provider_id: "x".into() };
                self.does(now, Command::Delivered { notice: id, outcome });
            }
        }
    }
}

/// Most messages within ten minutes.
fn busiest(times: &[Timestamp]) -> usize {
    let window = |last: &Timestamp| {
        times.iter().filter(|it| last.minus(Millis::from_mins(10)) < **it && **it <= *last).count()
    };
    times.iter().map(window).max().unwrap_or(0)
}

#[test]
fn ten_thousand_alerts_are_a_handful_of_messages_and_no_page_is_lost() {
    let mut storm = Storm::new();
    for number in 0..ALERTS {
        let at = START.plus(Millis(i64::try_from(number).unwrap()));
        let service = format!("service-{}", number % SERVICES);
        let Command::Receive(mut door) = ring(&service, "critical", at) else { unreachable!() };
        door.fingerprint = format!("alert-{number}");
        storm.does(at, Command::Receive(door));
        if number % 100 == 0 {
            storm.pass(at);
        }
    }
    for seconds in (20..40 * 60).step_by(10) {
        storm.pass(START.plus(Millis::from_secs(seconds)));
    }
    let state = storm.engine.state();
    assert_eq!(state.firing.len(), ALERTS, "every alert is there");
    assert_eq!(state.open_groups.len(), SERVICES, "one incident per service");
    assert_eq!(state.pages.len(), SERVICES, "one page per incident");
    assert!(state.incidents.values().all(|it| it.acknowledged.is_none()), "nobody answered");

    // What the people got.
    let busiest: BTreeMap<_, _> = storm
        .calls
        .iter()
        .map(|((who, how), times)| (format!("{who} {how:?}"), busiest(times)))
        .collect();
    let expected = [("ana Email", 5), ("ana Sms", 5), ("bo Sms", 4)];
    assert_eq!(busiest, expected.map(|(who, count)| (who.to_owned(), count)).into());
    assert_eq!(state.load.calls_peak(), 5);

    // Every step of every page told everybody it names, in a message of its own or in a list.
    let mut told: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for it in state.notices.values() {
        if let (Purpose::Page { page, attempt }, NoticeStatus::Sent { .. }) =
            (it.purpose, &it.status)
        {
            told.entry((page, attempt)).or_default().insert((it.to.clone(), it.medium));
        }
    }
    let steps = state.pages.keys().flat_map(|page| [(*page, 0), (*page, 1)]);
    for step in steps {
        let count = if step.1 == 0 { 2 } else { 3 };
        assert_eq!(told.get(&step).map(BTreeSet::len), Some(count), "{step:?}");
    }
    // Three updates per incident at most, to each of two people, by the quietest way.
    assert!(storm.updates_count <= SERVICES * 3 * 2, "{}", storm.updates_count);
}

#[test]
fn no_order_of_calls_goes_beyond_the_bound() {
    use rand::{RngExt as _, SeedableRng as _};
    for seed in 0..40_u64 {
        let mut dice = rand_pcg::Pcg64Mcg::seed_from_u64(seed);
        let mut storm = Storm::new();
        let mut now = START;
        for number in 0..60 {
            now = now.plus(Millis::from_secs(dice.random_range(0..120)));
            storm.pass(now);
            storm.does(now, ring(&format!("service-{number}"), "warning", now));
            let open: Vec<_> = storm
                .engine
                .state()
                .pages
                .iter()
                .filter(|(_, it)| it.is_calling())
                .map(|(id, _)| *id)
                .collect();
            if !open.is_empty() && dice.random_range(0..3) == 0 {
                let page = open[dice.random_range(0..open.len())];
                let (by, via) = ("ana".into(), "view".to_owned());
                storm.does(now, Command::AcknowledgePage { page, by, via });
            }
            storm.pass(now);
        }
        for _ in 0..200 {
            now = now.plus(Millis::from_secs(10));
            storm.pass(now);
        }
        for (who, times) in &storm.calls {
            assert!(busiest(times) <= 5, "seed {seed}: {who:?} got {}", busiest(times));
        }
        assert!(storm.engine.state().load.calls_peak() <= 5, "seed {seed}");
        let state = storm.engine.state();
        let waiting = state.notices.values().filter(|it| {
            matches!(it.status, NoticeStatus::Due { .. } | NoticeStatus::Bundled { .. })
        });
        assert_eq!(waiting.count(), 0, "seed {seed}: everything went out");
    }
}
