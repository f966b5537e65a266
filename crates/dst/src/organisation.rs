//! Random organisations, and random changes of them.
//!
//! Small on purpose: faults meet each other sooner where there are few people and few features.

use crate::dice::Dice;
use model::{
    BudgetWhen, Catalogue, Channel, Contact, Escalation, EscalationId, EscalationStep, Feature,
    Hours, Layer, LoadLimit, LoadPer, LoadThen, Medium, Millis, Mode, Need, Objective, Owners,
    PageTarget, Person, PersonId, Personal, Rota, Service, ServiceKind, Severity, Slo, SloId,
    Source, SourceKind, Team, TeamId, Turn, Urgency, Weekday, When,
};
use std::collections::BTreeMap;

const PEOPLE: [&str; 8] = ["ana", "bo", "chen", "dolores", "emeka", "fatuma", "goran", "hana"];
const TEAMS: [&str; 4] = ["payments", "field", "reports", "platform"];
const ZONES: [&str; 8] = [
    "America/Los_Angeles",
    "Africa/Nairobi",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Pacific/Kiritimati",
    "UTC",
];
const MEDIA: [Medium; 4] = [Medium::Email, Medium::Sms, Medium::Ntfy, Medium::Webhook];

/// A new organisation.
pub(crate) fn organisation(dice: &mut Dice) -> Catalogue {
    let people: Vec<PersonId> =
        PEOPLE[..2 + dice.below(7)].iter().map(|it| PersonId::from(*it)).collect();
    let teams: Vec<TeamId> = TEAMS[..=dice.below(4)].iter().map(|it| TeamId::from(*it)).collect();
    let mut catalogue = Catalogue {
        org: "solar".into(),
        public_url: None,
        people: people.iter().map(|it| (it.clone(), person(dice, it))).collect(),
        teams: teams.iter().map(|it| (it.clone(), team(dice, &people))).collect(),
        services: BTreeMap::new(),
        features: BTreeMap::new(),
        rotas: BTreeMap::new(),
        escalations: BTreeMap::new(),
        channels: [("inbox".into(), Channel::Inbox)].into(),
        channel_priorities: BTreeMap::new(),
        channel_receipts: BTreeMap::new(),
        back: model::Back::default(),
        sources: [("prometheus".into(), source()), ("scrape".into(), source())].into(),
        watched: model::Watched::default(),
        pager: model::Pager::default(),
        pay: None,
    };
    for id in &teams {
        let service = format!("{id}-api");
        catalogue.services.insert(service.as_str().into(), own_service(dice, id));
        catalogue.rotas.insert(id.as_str().into(), rota(dice, &catalogue.teams[id].members));
    }
    for id in &teams {
        let policy = escalation(dice, &catalogue, id);
        catalogue.escalations.insert(id.as_str().into(), policy);
    }
    for number in 0..=dice.below(5) {
        let feature = feature(dice, &catalogue);
        catalogue.features.insert(format!("feature-{number}").as_str().into(), feature);
    }
    catalogue
}

/// The same organisation with something changed.
pub(crate) fn changed(dice: &mut Dice, mut it: Catalogue) -> Catalogue {
    let teams: Vec<TeamId> = it.teams.keys().cloned().collect();
    let people: Vec<PersonId> = it.people.keys().cloned().collect();
    match dice.below(9) {
        0 if it.features.len() > 1 => {
            let gone = it.features.keys().nth(dice.below(it.features.len())).cloned();
            it.features.remove(&gone.expect("there is one"));
        }
        1 if it.features.len() < 8 => {
            let added = format!("feature-{}", dice.below(12));
            let feature = feature(dice, &it);
            it.features.insert(added.as_str().into(), feature);
        }
        2 => {
            let id = dice.pick(&teams).clone();
            let policy = escalation(dice, &it, &id);
            it.escalations.insert(id.as_str().into(), policy);
        }
        3 => {
            let id = dice.pick(&people).clone();
            let changed = person(dice, &id);
            it.people.insert(id, changed);
        }
        4 => {
            let id = dice.pick(&teams).clone();
            it.teams.insert(id.clone(), team(dice, &people));
            it.rotas.insert(id.as_str().into(), rota(dice, &it.teams[&id].members));
        }
        // Another pager calls for a while, or does not any more.
        6 => {
            it.pager.mode = other(it.pager.mode);
        }
        7 => {
            let id = dice.pick(&teams).clone();
            let team = it.teams.get_mut(&id).expect("it was picked from them");
            team.mode = Some(other(team.mode.unwrap_or_default()));
        }
        // Nobody says whom to call: a loud reason, not silence.
        5 if dice.chance(100) => {
            it.escalations.clear();
            it.features.values_mut().for_each(|feature| feature.escalation = None);
        }
        _ => {
            for feature in it.features.values_mut() {
                feature.objective = objective(dice);
            }
        }
    }
    it
}

fn other(mode: Mode) -> Mode {
    if mode == Mode::Live { Mode::Shadow } else { Mode::Live }
}

/// Mostly none; where there is one, it is soon reached.
fn load(dice: &mut Dice) -> Option<LoadLimit> {
    dice.chance(400).then(|| LoadLimit {
        pages: u16::try_from(1 + dice.below(3)).expect("small"),
        per: *dice.pick(&[LoadPer::Shift, LoadPer::Night, LoadPer::Day]),
        then: *dice.pick(&[LoadThen::Relieve, LoadThen::Relieve, LoadThen::Credit, LoadThen::Hold]),
    })
}

fn person(dice: &mut Dice, id: &PersonId) -> Person {
    let mut contacts = vec![];
    for medium in MEDIA {
        if dice.chance(450) {
            let address = Personal::new(id.clone(), format!("{id}-{}", dice.below(1_000)));
            contacts.push(Contact { medium, address });
        }
    }
    Person {
        name: None,
        timezone: (*dice.pick(&ZONES)).to_owned(),
        contacts,
        aka: vec![],
        rules: model::PersonRules::default(),
        duty: model::PersonDuty::default(),
    }
}

fn team(dice: &mut Dice, people: &[PersonId]) -> Team {
    let first = dice.below(people.len());
    let count = 1 + dice.below(people.len().min(4));
    let members = (0..count).map(|it| people[(first + it) % people.len()].clone());
    Team { members: members.collect(), load: load(dice), ..Team::default() }
}

fn own_service(dice: &mut Dice, team: &TeamId) -> Service {
    let slo = Slo {
        objective: objective(dice),
        window: Millis::from_days(28),
        bad: "errors_total".to_owned(),
        total: "requests_total".to_owned(),
        source: if dice.chance(500) { "prometheus".into() } else { "scrape".into() },
        sli: model::Sli::Bad,
        method: model::Method::Occurrences,
        calendar: None,
        loses: None,
        alerts: None,
    };
    Service {
        kind: ServiceKind::Own { team: team.clone() },
        slos: [("availability".to_owned(), slo)].into(),
        urgency: urgency(dice),
    }
}

fn source() -> Source {
    let kind = SourceKind::Scrape { targets: BTreeMap::new() };
    Source { kind, interval: Millis::from_secs(15) }
}

fn rota(dice: &mut Dice, members: &[PersonId]) -> Rota {
    let count = i64::try_from(1 + dice.below(3)).expect("small");
    let length = u16::try_from(count).expect("small");
    let layer = Layer {
        people: members.to_vec(),
        turn: if dice.chance(500) { Turn::Weeks(length) } else { Turn::Days(length) },
        handover_day: *dice.pick(&[Weekday::Mon, Weekday::Wed, Weekday::Sun]),
        handover_minute: u16::try_from(dice.below(1_440)).expect("small"),
        starts: "2026-01-05".to_owned(),
        rules: model::LayerRules::default(),
    };
    let timezone = (*dice.pick(&ZONES)).to_owned();
    let handover = model::HandoverRules {
        on: Some(dice.chance(400)),
        before: dice.mins(10, 120),
        nag: dice.mins(10, 60),
        page: dice.chance(850).then(|| dice.mins(20, 180)),
    };
    let rules = model::RotaRules { handover, ..model::RotaRules::default() };
    Rota { timezone, layers: vec![layer], load: load(dice), confirm: None, rules }
}

fn escalation(dice: &mut Dice, catalogue: &Catalogue, team: &TeamId) -> Escalation {
    let people: Vec<PersonId> = catalogue.people.keys().cloned().collect();
    let steps = (0..=dice.below(3)).map(|_| {
        let target = |dice: &mut Dice| match dice.below(6) {
            0 | 1 => PageTarget::Rota(team.as_str().into()),
            2 => PageTarget::Team(team.clone()),
            3 => PageTarget::Person(dice.pick(&people).clone()),
            4 => PageTarget::RotaNext(team.as_str().into()),
            _ => PageTarget::Channel("inbox".into()),
        };
        let mut step = EscalationStep::new(target(dice), dice.mins(1, 15));
        if dice.chance(250) {
            step.page.push(target(dice));
        }
        step.acks_min = if dice.chance(150) { 2 } else { 1 };
        step.round_robin = dice.chance(150);
        step.when = when(dice);
        step
    });
    let steps = steps.collect();
    let mut policy = Escalation::new(steps, u32::try_from(dice.below(3)).expect("small"));
    policy.ack_timeout = dice.chance(300).then(|| dice.mins(5, 90));
    policy.urgency = urgency(dice);
    policy
}

/// Mostly always.
fn when(dice: &mut Dice) -> When {
    let minute = |dice: &mut Dice| u16::try_from(dice.below(1_440)).expect("small");
    When {
        hours: dice.chance(150).then(|| Hours {
            from_minute: minute(dice),
            until_minute: minute(dice),
            days: vec![Weekday::Mon, Weekday::Tue, Weekday::Thu, Weekday::Sat],
        }),
        severity: dice.chance(50).then_some(Severity::Page),
        budget: dice.chance(100).then_some(BudgetWhen::Spent),
    }
}

fn urgency(dice: &mut Dice) -> Option<Urgency> {
    dice.chance(250).then(|| *dice.pick(&[Urgency::Morning, Urgency::Morning, Urgency::Wake]))
}

fn feature(dice: &mut Dice, catalogue: &Catalogue) -> Feature {
    let teams: Vec<TeamId> = catalogue.teams.keys().cloned().collect();
    let people: Vec<PersonId> = catalogue.people.keys().cloned().collect();
    let team = dice.pick(&teams).clone();
    let mut need = || {
        let service = format!("{}-api", dice.pick(&teams));
        Need::Slo(SloId { service: service.as_str().into(), name: "availability".to_owned() })
    };
    let needs = Need::All(vec![need(), need()]);
    let owners = dice.chance(700).then(|| Owners {
        product: dice.pick(&people).clone(),
        engineering: dice.pick(&people).clone(),
        review: None,
    });
    let known = |it: &EscalationId| catalogue.escalations.contains_key(it);
    Feature {
        question: "Does it work?".to_owned(),
        objective: objective(dice),
        window: Millis::from_days(28),
        needs,
        owners,
        escalation: Some(EscalationId::from(team.as_str())).filter(known),
        urgency: urgency(dice),
        own: model::Own::default(),
        alerts: vec![],
        alerts_nobody: false,
        budget_alerts: model::BudgetAlerts::default(),
        revision: None,
        segments: None,
        labels: std::collections::BTreeMap::new(),
        team,
        method: model::Method::Occurrences,
        calendar: None,
    }
}

fn objective(dice: &mut Dice) -> Objective {
    let text = dice.pick(&["99.9%", "99.5%", "99%", "95%"]);
    Objective::parse(text).expect("written in code")
}
