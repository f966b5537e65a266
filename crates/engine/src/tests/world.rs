//! The small organisation of the tests, and how a script is run in it.

use super::shown::show;
use super::words::command;
use crate::{Command, Context, Engine, EventRecord, State, Submission};
use model::{
    Catalogue, Channel, ChannelId, Contact, Escalation, EscalationStep, Feature, Heartbeat,
    IncidentId, Layer, Medium, Millis, Need, NoticeId, Objective, Owners, PageTarget, Person,
    PersonId, PersonRules, Personal, Rota, SecretRef, Service, ServiceKind, Severity, Slo, Source,
    SourceKind, Team, Timestamp, Turn, Weekday,
};
use std::collections::BTreeMap;

/// Monday 23 November 2026, 10:00 UTC; two in the morning in San Francisco.
pub(crate) const START: Timestamp = Timestamp(1_795_428_000_000);

/// Runs `script` and compares the whole journal after the first configuration.
#[track_caller]
pub(crate) fn check(script: &str, expected: &str) {
    let mut world = World::new();
    script.split(" / ").for_each(|line| world.step(line));
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    assert_eq!(world.shown.join("\n"), expected.join("\n"));
    assert_eq!(&world.replayed(), world.engine.state(), "replay gives the same state");
}

/// Runs `script` and compares what `shown` makes of the state after it.
#[track_caller]
pub(crate) fn check_shown(
    script: &str,
    shown: impl Fn(&State, &[EventRecord]) -> String,
    expected: &str,
) {
    let mut world = World::new();
    script.split(" / ").for_each(|line| world.step(line));
    assert_eq!(shown(world.engine.state(), &world.records), expected);
}

/// The same in an organisation that is `changed` first, without the lines that say how an alert becomes a
/// page; hands out the state it ends in.
#[track_caller]
pub(crate) fn check_with(changed: impl Fn(&mut Catalogue), script: &str, expected: &str) -> State {
    let mut world = World::new();
    let mut catalogue = catalogue();
    changed(&mut catalogue);
    let adopt = Command::AdoptCatalogue { catalogue: Box::new(catalogue), hash: "changed".into() };
    world.submit("0m", START, &Submission::system(adopt));
    world.shown.remove(0);
    script.split(" / ").for_each(|line| world.step(line));
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    // How an alert becomes a page is not what these tests are about.
    let usual = [" AlertFired ", " IncidentOpened ", " PageOpened ", " ReviewAsked "];
    world.shown.retain(|line| !usual.iter().any(|it| line.contains(it)));
    assert_eq!(world.shown.join("\n"), expected.join("\n"));
    let replayed = world.replayed();
    assert_eq!(&replayed, world.engine.state(), "replay gives the same state");
    replayed
}

/// Runs `script` and compares the times of its first incident.
#[track_caller]
pub(crate) fn check_state(script: &str, expected: &str) {
    let mut world = World::new();
    script.split(" / ").for_each(|line| world.step(line));
    let it = &world.engine.state().incidents[&IncidentId(1)];
    let shown = |it: Option<Millis>| it.map_or("never".to_owned(), |it| it.to_string());
    assert_eq!(
        format!(
            "in_1: acknowledged after {}, resolved after {}, reflected after {}",
            shown(it.time_to_acknowledge()),
            shown(it.time_to_resolve()),
            shown(it.time_to_reflect()),
        ),
        expected
    );
}

/// Runs `script` in the organisation as `change` makes it.
#[track_caller]
pub(crate) fn check_in(change: impl Fn(&mut Catalogue), script: &str, expected: &str) -> State {
    let mut world = World::within(change);
    script.split(" / ").for_each(|line| world.step(line));
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    assert_eq!(world.shown.join("\n"), expected.join("\n"));
    let replayed = world.replayed();
    assert_eq!(&replayed, world.engine.state(), "replay gives the same state");
    replayed
}

/// What is known of a notice after the provider said all this of it.
pub(crate) fn known_after(said: &[crate::ReceiptEvidence]) -> Option<crate::ReceiptEvidence> {
    let mut world = World::new();
    world.step("0m burn light-on");
    world.step("0m sent no_2");
    for evidence in said {
        let (notice, detail) = (NoticeId(2), String::new());
        let receipt = Command::Receipt { notice, evidence: *evidence, detail };
        world.submit("0m", START, &Submission::system(receipt));
    }
    world.engine.state().notices[&NoticeId(2)].receipt.map(|it| it.evidence)
}

pub(crate) struct World {
    pub(crate) engine: Engine,
    zones: oncall::Zones,
    pub(crate) records: Vec<EventRecord>,
    pub(crate) shown: Vec<String>,
}

impl World {
    fn new() -> Self {
        Self::within(|_| {})
    }

    pub(crate) fn within(change: impl FnOnce(&mut Catalogue)) -> Self {
        let mut world = Self {
            engine: Engine::new(),
            zones: oncall::Zones::bundled(),
            records: vec![],
            shown: vec![],
        };
        let mut catalogue = Box::new(catalogue());
        change(&mut catalogue);
        let adopt = Command::AdoptCatalogue { catalogue, hash: "first".into() };
        world.submit("0m", START, &Submission::system(adopt));
        world.shown.clear();
        world
    }

    pub(crate) fn step(&mut self, line: &str) {
        let (at, line) = line.trim().split_once(' ').expect("`<time> <command>`");
        let minutes: i64 = at.trim_end_matches('m').parse().expect("minutes");
        let now = START.plus(Millis::from_mins(minutes));
        let words: Vec<&str> = line.split(' ').collect();
        if words == ["restart"] {
            self.engine = Engine::from_state(self.replayed(), now);
            return;
        }
        if words == ["older-zones"] {
            // Summer time lasts until December.
            let older =
                self.zones.clone().with("America/Los_Angeles", "PST8PDT,M3.2.0,M12.1.0", "2020a");
            self.zones = older.expect("a rule");
            return;
        }
        let mut submission = Submission::system(command(&words, now));
        if words[0] == "raise-once" {
            submission.key = Some("key-1".into());
        }
        self.submit(at, now, &submission);
    }

    pub(crate) fn submit(&mut self, at: &str, now: Timestamp, submission: &Submission) {
        let context = Context { now, zones: &self.zones };
        match self.engine.execute(&context, submission) {
            Err(rejected) => self.shown.push(format!("{at} refused: {rejected}")),
            Ok(done) => {
                self.shown.extend(done.repeats.map(|seq| format!("{at} repeats {seq}")));
                for record in done.records {
                    self.shown.push(format!("{at} {}", show(&record)));
                    self.records.push(record);
                }
            }
        }
    }

    pub(crate) fn replayed(&self) -> State {
        let mut state = State::default();
        self.records.iter().for_each(|it| state.apply(it));
        state
    }
}

fn watched() -> model::Watched {
    let beat = |id: &str, every, grace, service: Option<&str>| {
        let it = Heartbeat {
            every,
            grace,
            severity: Severity::Page,
            feature: None,
            service: service.map(Into::into),
            team: None,
        };
        (id.into(), it)
    };
    model::Watched {
        heartbeats: BTreeMap::from([
            beat("quick", Millis::from_mins(10), Millis::from_mins(5), Some("payments-api")),
            beat("daily", Millis::from_hours(24), Millis::from_hours(1), None),
        ]),
        synthetic: Some(model::Synthetic {
            every: Millis::from_hours(1),
            deadline: Millis::from_mins(2),
            channel: None,
        }),
        ..model::Watched::default()
    }
}

pub(crate) fn medium(it: Medium) -> &'static str {
    match it {
        Medium::Email => "email",
        Medium::Sms => "sms",
        Medium::Ntfy => "push",
        other => other.word(),
    }
}

fn person(id: &str, zone: &str, contacts: &[(Medium, &str)]) -> (PersonId, Person) {
    let contact = |(medium, address): &(Medium, &str)| Contact {
        medium: *medium,
        address: Personal::new(id.into(), *address),
    };
    let contacts = contacts.iter().map(contact).collect();
    let (timezone, rules, duty) =
        (zone.into(), PersonRules::default(), model::PersonDuty::default());
    (id.into(), Person { name: None, timezone, contacts, aka: vec![], rules, duty })
}

pub(crate) fn catalogue() -> Catalogue {
    let feature = |question: &str, escalation: &str| Feature {
        question: question.into(),
        team: "payments".into(),
        objective: Objective::parse("99.5%").expect("an objective"),
        window: Millis::from_days(28),
        needs: Need::All(vec![Need::Slo("payments-api.availability".into())]),
        owners: Some(Owners { product: "ana".into(), engineering: "bo".into(), review: None }),
        escalation: Some(escalation.into()),
        method: model::Method::Occurrences,
        calendar: None,
        urgency: None,
        own: model::Own::default(),
        alerts: vec![],
        alerts_nobody: false,
        budget_alerts: model::BudgetAlerts::default(),
        revision: None,
        segments: None,
        labels: std::collections::BTreeMap::new(),
    };
    let step = |page, minutes| EscalationStep::new(page, Millis::from_mins(minutes));
    let rota = PageTarget::Rota("payments".into());
    let payments = vec![step(rota, 5), step(PageTarget::Team("payments".into()), 10)];
    let slo = Slo {
        objective: Objective::parse("99.9%").expect("an objective"),
        window: Millis::from_days(28),
        bad: "errors_total".into(),
        total: "requests_total".into(),
        source: "prometheus".into(),
        sli: model::Sli::Bad,
        method: model::Method::Occurrences,
        calendar: None,
        loses: None,
        alerts: None,
    };
    let layer = Layer {
        people: vec!["ana".into(), "bo".into()],
        turn: Turn::Weeks(1),
        handover_day: Weekday::Mon,
        handover_minute: 9 * 60,
        starts: "2026-11-16".into(),
        rules: model::LayerRules::default(),
    };
    let team = Team { members: vec!["ana".into(), "bo".into()], ..Team::default() };
    let prometheus = SourceKind::Prometheus { url: "http://prometheus:9090".into(), token: None };
    Catalogue {
        org: "solar".into(),
        public_url: None,
        people: BTreeMap::from([
            person(
                "ana",
                "America/Los_Angeles",
                &[(Medium::Email, "ana@solar.example"), (Medium::Sms, "+15550100")],
            ),
            person("bo", "Africa/Nairobi", &[(Medium::Sms, "+254700000001")]),
            person("cy", "Africa/Nairobi", &[]),
        ]),
        teams: BTreeMap::from([("payments".into(), team)]),
        services: BTreeMap::from([(
            "payments-api".into(),
            Service {
                kind: ServiceKind::Own { team: "payments".into() },
                slos: BTreeMap::from([("availability".to_owned(), slo)]),
                urgency: None,
            },
        )]),
        features: BTreeMap::from([
            ("light-on".into(), feature("Do we activate clients' lights promptly?", "payments")),
            ("make-sale".into(), feature("Can agents make a sale?", "sales")),
        ]),
        rotas: BTreeMap::from([(
            "payments".into(),
            Rota {
                timezone: "America/Los_Angeles".into(),
                layers: vec![layer],
                load: None,
                confirm: None,
                // What is handed over is about in `handover.rs`.
                rules: model::RotaRules {
                    handover: model::HandoverRules { on: Some(false), ..Default::default() },
                    ..model::RotaRules::default()
                },
            },
        )]),
        escalations: BTreeMap::from([
            ("payments".into(), Escalation::new(payments, 0)),
            ("sales".into(), Escalation::new(vec![step(PageTarget::Person("cy".into()), 5)], 0)),
        ]),
        channels: channels(),
        channel_priorities: BTreeMap::new(),
        channel_receipts: BTreeMap::new(),
        back: model::Back::default(),
        pay: None,
        sources: [(
            "prometheus".into(),
            Source { kind: prometheus, interval: Millis::from_secs(15) },
        )]
        .into(),
        watched: watched(),
        pager: model::Pager::default(),
    }
}

fn channels() -> BTreeMap<ChannelId, Channel> {
    let smtp = Channel::Smtp {
        host: "mail".into(),
        port: 25,
        from: "lamplighter@solar.example".into(),
        encryption: "none".into(),
        username: None,
        password: None,
        inbox: None,
        authority: None,
    };
    let twilio = Channel::Twilio {
        url: "https://sms.example".into(),
        account: "AC1".into(),
        token: SecretRef::Env("TWILIO_TOKEN".into()),
        from: "+15550199".into(),
    };
    BTreeMap::from([("mail".into(), smtp), ("text".into(), twilio)])
}
