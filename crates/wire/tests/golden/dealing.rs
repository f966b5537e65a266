//! The evening after: a page that waits for the morning, is taken by two, renewed, given back, handed
//! on, snoozed and merged.

use super::{Teller, at, everything};
use engine::{Actor, Command, DeliveryOutcome, DoorLife, Subject, Submission};
use model::{
    BudgetWhen, Catalogue, EscalationStep, Hours, IncidentId, Millis, PageId, PageTarget, Severity,
    Team, TokenId, Urgency, Weekday, When,
};
use slo::ConditionState::Quiet;
use testkit::{adopt, door_alert};

/// When it begins: Friday, 02:10 in San Francisco.
const BEGINS: i64 = 1_450 + 3 * 24 * 60;

pub(super) fn tell(teller: &mut Teller) {
    teller.asks(BEGINS, &adopt(patient(), "5".repeat(64).as_str()));
    teller.burn(BEGINS, "light-on", Quiet, Quiet);
    let received = |name: &str, labels: &[(&str, &str)], life, minutes: i64| {
        let alert = door_alert(name, labels, life, at(BEGINS + minutes));
        let command = Command::Receive(Box::new(alert));
        (
            BEGINS + minutes,
            Submission { actor: Actor::Door(TokenId(4)), ..Submission::system(command) },
        )
    };
    let stays = DoorLife::FiringStaleAfter(Millis::from_hours(20));
    let light = [("feature", "light-on")];
    let wakes = [("feature", "light-on"), ("urgency", "wake")];
    for (minutes, submission) in [
        received("Dim", &light, stays, 1),
        received("Dark", &light, stays, 2),
        received("Night", &wakes, stays, 3),
    ] {
        teller.asks(minutes, &submission);
    }
    let page = teller.last(|state| *state.pages.last_key_value().expect("a page").0);
    let incident = teller.last(|state| state.pages[&page].incident);
    taken_by_two(teller, page);
    // Nobody renews, and everybody is called again; the same two take it, and hand it on.
    teller.does(BEGINS + 5 + 30 + 30, Command::Tick);
    taken(teller, BEGINS + 66, page, &["ana", "chen"]);
    let (what, by) = (Subject::Page(page), "chen".into());
    teller.does(BEGINS + 67, Command::Hand { what, by, to: "juma".into() });
    taken(teller, BEGINS + 68, page, &["juma"]);
    let (by, until) = ("juma".into(), at(BEGINS + 90));
    teller.does(BEGINS + 70, Command::Snooze { what: Subject::Incident(incident), by, until });
    for (minutes, submission) in
        [received("Dim", &light, DoorLife::Resolved, 71), received("Dim", &light, stays, 72)]
    {
        teller.asks(minutes, &submission);
    }
    teller.does(BEGINS + 90, Command::Tick);
    another(teller, incident);
    // Nobody answers; the last step is for an empty budget only.
    for minutes in [95, 100, 105, 110] {
        teller.does(BEGINS + minutes, Command::Tick);
    }
    ended_in_silence(teller);
}

/// People are told of an alert, which is silenced and then ends: they are told that it did.
fn ended_in_silence(teller: &mut Teller) {
    let alert = |life, minutes: i64| {
        let alert = door_alert("Hum", &[("room", "mast")], life, at(BEGINS + minutes));
        Submission {
            actor: Actor::Door(TokenId(4)),
            ..Submission::system(Command::Receive(Box::new(alert)))
        }
    };
    let stays = DoorLife::FiringStaleAfter(Millis::from_hours(20));
    teller.asks(BEGINS + 120, &alert(stays, 120));
    // Also what waits for its place in a list goes out.
    for notice in teller.due(BEGINS + 135) {
        let outcome = DeliveryOutcome::Sent { provider_id: "hum".to_owned() };
        teller.does(BEGINS + 135, Command::Delivered { notice, outcome });
    }
    teller.does(
        BEGINS + 136,
        Command::Silence {
            by: "juma".into(),
            matchers: alerting::Matcher::parse_list("alertname=Hum").expect("matchers"),
            starts_at: at(BEGINS + 136),
            ends_at: at(BEGINS + 200),
            comment: "it hums when it is hot".to_owned(),
            replaces: None,
        },
    );
    teller.asks(BEGINS + 140, &alert(DoorLife::Resolved, 140));
}

fn taken_by_two(teller: &mut Teller, page: PageId) {
    taken(teller, BEGINS + 4, page, &["ana"]);
    taken(teller, BEGINS + 5, page, &["chen"]);
    teller.does(BEGINS + 30, Command::Tick);
    let (what, by) = (Subject::Page(page), "chen".into());
    teller.does(BEGINS + 35 - 1, Command::Renew { what, by });
    teller.does(BEGINS + 34 + 25, Command::Tick);
}

fn taken(teller: &mut Teller, minutes: i64, page: PageId, people: &[&str]) {
    for by in people {
        let (by, via) = ((*by).into(), "link".to_owned());
        teller.does(minutes, Command::AcknowledgePage { page, by, via });
    }
}

/// A second incident about the same: snoozed, woken by hand, and merged into the first.
fn another(teller: &mut Teller, incident: IncidentId) {
    let (by, title) = ("juma".into(), "dark again".to_owned());
    let team = Some("field".into());
    teller.does(BEGINS + 91, Command::Raise { by, title, feature: None, team });
    let second = teller.last(|state| *state.incidents.last_key_value().expect("one").0);
    let (what, until) = (Subject::Incident(second), at(BEGINS + 200));
    teller.does(BEGINS + 92, Command::Snooze { what, by: "juma".into(), until });
    teller.does(BEGINS + 93, Command::Wake { what, by: "juma".into() });
    let (by, via) = ("juma".into(), "sms".to_owned());
    teller.does(BEGINS + 93, Command::AcknowledgeIncident { incident: second, by, via });
    let (by, via) = ("juma".into(), "sms".to_owned());
    teller.does(BEGINS + 93, Command::GiveBack { what, by, via });
    let merge = Command::MergeIncidents { incident: second, into: incident, by: "juma".into() };
    teller.does(BEGINS + 94, merge);
}

/// The organisation with everything that an escalation policy can say. The team of `light-on` sleeps.
fn patient() -> Catalogue {
    let mut it = everything();
    it.teams.insert(
        "sleepers".into(),
        Team { members: vec!["ana".into(), "chen".into()], ..Team::default() },
    );
    let light_on = it.features.get_mut(&"light-on".into()).expect("of the example");
    light_on.team = "sleepers".into();
    light_on.urgency = Some(Urgency::Morning);
    it.services.values_mut().for_each(|it| it.urgency = Some(Urgency::Wake));
    let office = Hours {
        from_minute: 9 * 60,
        until_minute: 18 * 60,
        days: vec![Weekday::Mon, Weekday::Tue, Weekday::Wed],
    };
    let minutes = Millis::from_mins(5);
    let team = || PageTarget::Team("sleepers".into());
    let day = EscalationStep {
        page: vec![team(), PageTarget::RotaNext("payments".into())],
        when: When { hours: Some(office), severity: Some(Severity::Page), budget: None },
        acks_min: 2,
        ..EscalationStep::new(team(), minutes)
    };
    let night = EscalationStep { acks_min: 2, ..EscalationStep::new(team(), minutes) };
    let turns = EscalationStep { round_robin: true, ..EscalationStep::new(team(), minutes) };
    let spent = EscalationStep {
        when: When { hours: None, severity: None, budget: Some(BudgetWhen::Spent) },
        ..EscalationStep::new(PageTarget::Channel("hook".into()), minutes)
    };
    let policy = it.escalations.get_mut(&"payments".into()).expect("of the example");
    policy.steps = vec![day, night, turns, spent];
    policy.ack_timeout = Some(Millis::from_mins(30));
    // Two people in California are outside office hours at night: all conditions leave out everybody.
    let field = it.escalations.get_mut(&"field".into()).expect("of the example");
    field.steps.truncate(1);
    field.steps[0].when.budget = Some(BudgetWhen::Below(10));
    field.steps[0].when.severity = Some(Severity::Ticket);
    it
}
