//! A week of a small organisation, lived through by the engine and read back as records of work.

use crate::{Reader, Worklog};
use engine::{Command, Context, DeliveryOutcome, Engine, Event, EventRecord, Subject, Submission};
use model::{Catalogue, IncidentId, Medium, Millis, PageId, Timestamp};
use oncall::{Change, Zones};
use std::fmt::Write as _;
use testkit::{MONDAY, adopt, solar};
use whatif::facts::WorkHistory;

struct World {
    engine: Engine,
    zones: Zones,
    records: Vec<EventRecord>,
}

impl World {
    fn new(catalogue: Catalogue) -> Self {
        let mut world = Self { engine: Engine::new(), zones: Zones::bundled(), records: vec![] };
        world.submit(MONDAY, &adopt(catalogue, "first"));
        world
    }

    /// Submits, and lets a provider take everything that is to be sent at once.
    fn submit(&mut self, now: Timestamp, submission: &Submission) {
        let context = Context { now, zones: &self.zones };
        let done = self.engine.execute(&context, submission).unwrap_or_else(|it| panic!("{it}"));
        self.records.extend(done.records);
        let due: Vec<_> = self.engine.state().notices_due(now).map(|it| it.0).collect();
        for notice in due {
            let outcome = DeliveryOutcome::Sent { provider_id: "p".to_owned() };
            let sent = Submission::system(Command::Delivered { notice, outcome });
            let done = self.engine.execute(&context, &sent).unwrap_or_else(|it| panic!("{it}"));
            self.records.extend(done.records);
        }
    }

    fn at(&mut self, minute: i64, command: Command) {
        let now = MONDAY.plus(Millis::from_mins(minute));
        self.submit(now, &Submission::system(Command::Tick));
        self.submit(now, &Submission::system(command));
    }

    fn raised(&mut self, minute: i64, feature: &str) {
        self.at(
            minute,
            Command::Raise {
                by: "dolores".into(),
                title: "help".to_owned(),
                feature: Some(feature.into()),
                team: None,
            },
        );
    }

    fn taken(&mut self, minute: i64, page: u64, by: &str) {
        let (page, by, via) = (PageId(page), by.into(), "view".to_owned());
        self.at(minute, Command::AcknowledgePage { page, by, via });
    }

    fn over(&mut self, minute: i64, incident: u64) {
        let incident = IncidentId(incident);
        self.at(minute, Command::ResolveIncident { incident, by: "ana".into() });
    }

    fn read(&self) -> Worklog {
        let mut reader = Reader::new(Zones::bundled());
        for it in &self.records {
            reader.see(it);
        }
        reader.finish()
    }
}

fn minute(at_ms: i64) -> i64 {
    (at_ms - MONDAY.0) / 60_000
}

fn shown(log: &Worklog) -> String {
    let mut text = String::new();
    let at = |it: Option<i64>| it.map_or("-".to_owned(), |it| minute(it).to_string());
    for it in &log.records.works {
        let efforts: Vec<String> = it
            .efforts
            .iter()
            .map(|it| format!("{} {} {:?}", minute(it.at_ms), it.person, it.effort))
            .collect();
        let _ = writeln!(
            text,
            "{} {}: {} {} {}; {}; {}",
            it.class.name(),
            it.about.as_deref().unwrap_or("?"),
            minute(it.created_ms),
            at(it.started_ms),
            at(it.finished_ms),
            it.groups.join(" "),
            efforts.join(", ")
        );
    }
    for (why, (count, _)) in &log.records.lost {
        let _ = writeln!(text, "left out: {count} {why}");
    }
    text
}

#[test]
fn pages_that_were_taken_handed_on_put_off_and_ended_are_pieces_of_work() {
    let mut world = World::new(solar());
    world.raised(10, "light-on");
    world.taken(12, 1, "ana");
    let what = Subject::Page(PageId(1));
    world.at(20, Command::Hand { what, by: "ana".into(), to: "bo".into() });
    world.taken(22, 1, "bo");
    world.over(40, 1);
    world.raised(100, "make-sale");
    world.taken(101, 2, "wanjiru");
    let until = MONDAY.plus(Millis::from_mins(200));
    world.at(110, Command::Snooze { what: Subject::Page(PageId(2)), by: "wanjiru".into(), until });
    world.taken(202, 2, "wanjiru");
    let (incident, via) = (IncidentId(2), "view".to_owned());
    world.at(210, Command::TakeOver { incident, by: "juma".into(), via });
    world.raised(400, "see-reports");
    let log = world.read();
    assert_eq!(
        shown(&log),
        "page light-on: 10 12 40; payments; 12 ana Works, 22 ana Rests, 22 bo Works, 40 ana Rests, 40 bo Rests\n\
         page make-sale: 100 101 -; field; 101 wanjiru Works, 110 wanjiru Rests, 202 wanjiru Works, \
         210 wanjiru Rests, 210 juma Works\n\
         page see-reports: 400 - -; ; \n"
    );
    // The state, where it still knows, says the same.
    let state = world.engine.state();
    let known = &state.incidents[&IncidentId(1)];
    let first = &log.records.works[0];
    assert_eq!(known.acknowledged.as_ref().map(|it| it.1.0), first.started_ms);
    assert_eq!(known.resolved.as_ref().map(|it| it.0.0), first.finished_ms);
    let history = WorkHistory::recorded(&log.records.works, &log.roster, log.within);
    let facts = history.facts();
    // Two takings of three by somebody else.
    assert_eq!(facts.handovers, Some(2.0 / 2.0));
    assert_eq!(facts.ping_pong_percent, Some(0.0));
    assert_eq!(facts.mismatch_percent, Some(0.0));
    assert_eq!(log.records.rows, world.records.len());
    assert_eq!(log.looks_like.0, "product-teams");
}

/// Calls are messages that providers took, without mail; whoever is only mailed was called all the same.
#[test]
fn calls_are_what_was_sent_to_people() {
    let mut world = World::new(solar());
    world.raised(10, "light-on");
    let log = world.read();
    let sent = world.records.iter().filter(|it| matches!(it.event, Event::NoticeSent { .. }));
    assert!(sent.count() > log.roster.calls.as_ref().map_or(0, Vec::len), "mails are sent too");
    assert_eq!(log.roster.calls, Some(vec![("ana".to_owned(), MONDAY.0 + 600_000)]));
    let mut catalogue = solar();
    for person in catalogue.people.values_mut() {
        person.contacts.retain(|it| it.medium == Medium::Email);
    }
    let mut world = World::new(catalogue);
    world.raised(10, "light-on");
    let log = world.read();
    assert_eq!((log.roster.calls, log.records.works.len()), (Some(vec![]), 1));
}

#[test]
fn in_shadow_another_pager_called() {
    let mut catalogue = solar();
    catalogue.pager.mode = model::Mode::Shadow;
    let mut world = World::new(catalogue);
    world.raised(10, "light-on");
    world.over(30, 1);
    let log = world.read();
    assert_eq!(shown(&log), "left out: 1 incidents of shadow mode: another pager called\n");
    assert_eq!(log.roster.calls, Some(vec![]));
}

/// Who was on duty is what was in force then, not what is in force now.
#[test]
fn duties_are_those_of_the_time() {
    let mut world = World::new(solar());
    let hour = |it: i64| MONDAY.plus(Millis::from_hours(it));
    let change = Change::Replace { person: "ana".into(), by: "chen".into() };
    world.at(
        60,
        Command::Override {
            by: "ana".into(),
            rota: "payments".into(),
            starts: hour(2),
            ends: hour(4),
            change,
        },
    );
    // Six hours later the rota knows only Bo.
    let mut later = solar();
    let layers = &mut later.rotas.get_mut(&"payments".into()).expect("there").layers;
    layers[0].people = vec!["bo".into()];
    world.submit(hour(6), &adopt(later, "second"));
    world.raised(60 * 8, "see-reports");
    let log = world.read();
    let payments = ["ana", "chen", "bo"];
    let duties = log.roster.duties.expect("known");
    let found: Vec<(String, i64, i64)> = duties
        .into_iter()
        .filter(|it| payments.contains(&it.0.as_str()))
        .map(|(who, span)| (who, minute(span.from_ms) / 60, minute(span.to_ms) / 60))
        .collect();
    let expect = [("ana", 0, 2), ("ana", 4, 6), ("bo", 6, 8), ("chen", 2, 4)];
    assert_eq!(found, expect.map(|(who, from, to)| (who.to_owned(), from, to)));
}

#[test]
fn teams_are_numbers() {
    let log = World::new(solar()).read();
    let teams: Vec<String> = log
        .teams
        .iter()
        .map(|it| {
            format!(
                "{} {} {} {} {}",
                it.name,
                it.people,
                it.timezone,
                it.elsewhere,
                it.owns.join(",")
            )
        })
        .collect();
    assert_eq!(
        teams,
        [
            "field 2 Africa/Nairobi 0 activation,make-sale,sales-api",
            "payments 3 America/Los_Angeles 1 light-on,payments-api,reports-api,see-reports",
        ]
    );
}

/// What operations say about who knows what, and who is there when.
#[test]
fn evidence_is_who_ended_it_and_who_is_said_to_know_it() {
    let mut catalogue = solar();
    let hours = model::Hours {
        from_minute: 540,
        until_minute: 1_020,
        days: oncall::EVERY_DAY[..5].to_vec(),
    };
    let bo = catalogue.people.get_mut(&"bo".into()).expect("there");
    bo.duty.hours = Some(hours);
    bo.duty.skills =
        [("payments-api".to_owned(), 3), ("reports-api".to_owned(), 1), ("sql".to_owned(), 3)]
            .into();
    let mut world = World::new(catalogue);
    world.raised(10, "light-on");
    world.taken(12, 1, "ana");
    world.over(40, 1);
    world.raised(60, "make-sale");
    let log = world.read();
    assert_eq!(
        log.evidence(),
        "at,kind,service,person\n\
         2026-11-23T10:40:00Z,incident,light-on,ana\n\
         2026-11-23T11:00:00Z,skill,payments-api,bo\n"
    );
    let (week, people) = log.week;
    assert_eq!((MONDAY.0 - week.from_ms) / 3_600_000, 10, "from Monday, midnight");
    let hours: Vec<(&String, i64)> =
        people.iter().map(|(who, it)| (who, it.open_ms(week) / 3_600_000)).collect();
    assert_eq!(hours, [(&"bo".to_owned(), 40)]);
}
