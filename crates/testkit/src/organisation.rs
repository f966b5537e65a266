//! The organisation of the examples, in code: pay-as-you-go solar with two teams.

use model::{
    Catalogue, Channel, Contact, Escalation, EscalationStep, Feature, Layer, Medium, Millis, Need,
    Objective, Owners, PageTarget, Person, PersonId, PersonRules, Personal, Rota, Service,
    ServiceKind, Slo, SloId, Source, SourceKind, Team, TeamId, Turn, Weekday,
};
use std::collections::BTreeMap;

/// "See my reports", "light on after payment", "make a sale"; teams in San Francisco and Nairobi
/// time. Every channel is the demo's inbox, every signal comes from source `services`.
#[must_use]
pub fn solar() -> Catalogue {
    let los_angeles = "America/Los_Angeles";
    let nairobi = "Africa/Nairobi";
    Catalogue {
        org: "solar".into(),
        public_url: Some("http://127.0.0.1:8080".to_owned()),
        people: [
            person("ana", los_angeles, &[Medium::Email, Medium::Sms]),
            person("chen", los_angeles, &[Medium::Email, Medium::Sms]),
            person("dolores", los_angeles, &[Medium::Email]),
            person("bo", nairobi, &[Medium::Email, Medium::Sms]),
            person("wanjiru", nairobi, &[Medium::Email, Medium::Sms]),
            person("juma", nairobi, &[Medium::Email, Medium::Sms]),
        ]
        .into(),
        teams: [
            (
                "payments".into(),
                Team { members: people(&["ana", "chen", "bo"]), ..Team::default() },
            ),
            ("field".into(), Team { members: people(&["wanjiru", "juma"]), ..Team::default() }),
        ]
        .into(),
        services: [
            service("reports-api", "payments", "availability", "99.5%"),
            service("payments-api", "payments", "availability", "99.9%"),
            service("activation", "field", "on-time", "99.5%"),
            service("sales-api", "field", "availability", "99.5%"),
            supplier("carrier-a", "up", "99%"),
            supplier("carrier-b", "up", "99%"),
        ]
        .into(),
        features: features(),
        rotas: [
            ("payments".into(), rota(los_angeles, &["ana", "chen", "bo"])),
            ("field".into(), rota(nairobi, &["wanjiru", "juma"])),
        ]
        .into(),
        escalations: escalations(),
        channels: [("inbox".into(), Channel::Inbox)].into(),
        channel_priorities: BTreeMap::new(),
        channel_receipts: BTreeMap::new(),
        back: model::Back::default(),
        pay: None,
        sources: [(
            "services".into(),
            Source {
                kind: SourceKind::Scrape { targets: BTreeMap::new() },
                interval: Millis::from_secs(15),
            },
        )]
        .into(),
        watched: model::Watched::default(),
        pager: model::Pager::default(),
    }
}

fn features() -> BTreeMap<model::FeatureId, Feature> {
    let carriers = Need::Any(vec![
        Need::Slo(SloId::from("carrier-a.up")),
        Need::Slo(SloId::from("carrier-b.up")),
    ]);
    let light_on = Need::All(vec![
        Need::Slo(SloId::from("payments-api.availability")),
        Need::Slo(SloId::from("activation.on-time")),
        carriers,
    ]);
    let make_sale = Need::All(vec![
        Need::Slo(SloId::from("sales-api.availability")),
        Need::Slo(SloId::from("payments-api.availability")),
    ]);
    let reports = Need::Slo(SloId::from("reports-api.availability"));
    let owners = |engineering: &str| {
        let (product, engineering) = ("dolores".into(), engineering.into());
        Some(Owners { product, engineering, review: Some("2027-01-01".to_owned()) })
    };
    let mut features = BTreeMap::new();
    let mut add = |id: &str, question: &str, team: &str, objective: &str, needs, engineering| {
        let mut feature = feature(question, team, objective, needs);
        feature.owners = owners(engineering);
        features.insert(id.into(), feature);
    };
    let question = "Can distributors access the platform reports?";
    add("see-reports", question, "payments", "99%", reports, "chen");
    let question = "Do we activate clients' lights promptly upon payment?";
    add("light-on", question, "payments", "99.5%", light_on, "bo");
    add("make-sale", "Can agents make a sale?", "field", "99%", make_sale, "juma");
    features
}

fn escalations() -> BTreeMap<model::EscalationId, Escalation> {
    let payments = vec![
        step(PageTarget::Rota("payments".into()), 5),
        step(PageTarget::Team("payments".into()), 10),
    ];
    let field = vec![
        step(PageTarget::Rota("field".into()), 5),
        step(PageTarget::Team("field".into()), 10),
        step(PageTarget::Person("bo".into()), 10),
    ];
    let (payments, field) = (Escalation::new(payments, 0), Escalation::new(field, 1));
    [("payments".into(), payments), ("field".into(), field)].into()
}

/// Somebody with one address per medium, made from the id.
#[must_use]
pub fn person(id: &str, timezone: &str, media: &[Medium]) -> (PersonId, Person) {
    let id = PersonId::from(id);
    let contacts = media.iter().map(|it| contact(&id, *it)).collect();
    let mut name = id.as_str().to_owned();
    name[..1].make_ascii_uppercase();
    let name = Some(Personal::new(id.clone(), name));
    (
        id,
        Person {
            name,
            timezone: timezone.to_owned(),
            contacts,
            aka: vec![],
            rules: PersonRules::default(),
            duty: model::PersonDuty::default(),
        },
    )
}

/// An address of `person`.
#[must_use]
pub fn contact(person: &PersonId, medium: Medium) -> Contact {
    let digits: u32 = person.as_str().bytes().map(u32::from).sum();
    let address = match medium {
        Medium::Email => format!("{person}@solar.example"),
        Medium::Sms => format!("+1555{digits:07}"),
        Medium::Ntfy => format!("solar-{person}-{digits}"),
        Medium::Webhook => format!("https://hooks.solar.example/{person}"),
        Medium::Voice => format!("+1556{digits:07}"),
        other => format!("{}-{person}-{digits}", other.word().to_lowercase()),
    };
    Contact { medium, address: Personal::new(person.clone(), address) }
}

/// A service of ours with one objective over 28 days, read from source `services`.
#[must_use]
pub fn service(id: &str, team: &str, name: &str, objective: &str) -> (model::ServiceId, Service) {
    let kind = ServiceKind::Own { team: TeamId::from(team) };
    (
        id.into(),
        Service { kind, slos: [(name.to_owned(), slo(id, objective))].into(), urgency: None },
    )
}

/// A service of somebody else with one objective over 28 days, read from source `services`.
#[must_use]
pub fn supplier(id: &str, name: &str, objective: &str) -> (model::ServiceId, Service) {
    let slos = [(name.to_owned(), slo(id, objective))].into();
    (id.into(), Service { kind: ServiceKind::Supplier, slos, urgency: None })
}

/// An objective over the counters `bad_total` and `all_total` of `job`.
#[must_use]
pub fn slo(job: &str, objective: &str) -> Slo {
    Slo {
        objective: Objective::parse(objective).expect("an objective written in code is valid"),
        window: Millis::from_days(28),
        bad: format!("bad_total{{job=\"{job}\"}}"),
        total: format!("all_total{{job=\"{job}\"}}"),
        source: "services".into(),
        sli: model::Sli::Bad,
        method: model::Method::Occurrences,
        calendar: None,
        loses: None,
        alerts: None,
    }
}

/// A feature over 28 days without owners, escalated as its team is.
#[must_use]
pub fn feature(question: &str, team: &str, objective: &str, needs: Need) -> Feature {
    Feature {
        question: question.to_owned(),
        team: team.into(),
        objective: Objective::parse(objective).expect("an objective written in code is valid"),
        window: Millis::from_days(28),
        needs,
        owners: None,
        escalation: Some(team.into()),
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
    }
}

/// One layer of weekly turns, handed over on Mondays at nine.
#[must_use]
pub fn rota(timezone: &str, people_in_turn: &[&str]) -> Rota {
    let layer = Layer {
        people: people(people_in_turn),
        turn: Turn::Weeks(1),
        handover_day: Weekday::Mon,
        handover_minute: 9 * 60,
        starts: "2024-01-01".to_owned(),
        rules: model::LayerRules::default(),
    };
    let rules = model::RotaRules::default();
    Rota { timezone: timezone.to_owned(), layers: vec![layer], load: None, confirm: None, rules }
}

/// One step of an escalation policy.
#[must_use]
pub fn step(page: PageTarget, wait_mins: i64) -> EscalationStep {
    EscalationStep::new(page, Millis::from_mins(wait_mins))
}

fn people(ids: &[&str]) -> Vec<PersonId> {
    ids.iter().map(|it| PersonId::from(*it)).collect()
}
