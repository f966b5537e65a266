//! What is seen ahead: gaps, leave, skills, and duty that follows the sun.

use crate::coverage::{Coverage, skill_map};
use crate::{Duties, Zones, sun};
use model::{
    Away, AwayKind, Catalogue, Hours, Layer, LayerRules, Person, PersonDuty, PersonId, Rota,
    RotaRules, Timestamp, Turn, Weekday,
};
use std::collections::BTreeMap;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect("a time")
}

fn hours(from: u16, until: u16) -> Hours {
    Hours { days: vec![], from_minute: from * 60, until_minute: until * 60 }
}

pub(super) fn person(timezone: &str, awake: (u16, u16), skills: &[(&str, u8)]) -> Person {
    let skills = skills.iter().map(|it| (it.0.to_owned(), it.1)).collect();
    let duty = PersonDuty { hours: Some(hours(awake.0, awake.1)), skills, away: vec![] };
    Person {
        name: None,
        timezone: timezone.to_owned(),
        contacts: vec![],
        aka: vec![],
        rules: model::PersonRules::default(),
        duty,
    }
}

pub(super) fn organisation(people: &[(&str, Person)], rotas: &[(&str, Rota)]) -> Catalogue {
    Catalogue {
        org: "solar".into(),
        public_url: None,
        people: people.iter().map(|it| (it.0.into(), it.1.clone())).collect(),
        teams: BTreeMap::new(),
        services: BTreeMap::new(),
        features: BTreeMap::new(),
        rotas: rotas.iter().map(|it| (it.0.into(), it.1.clone())).collect(),
        escalations: BTreeMap::new(),
        channels: BTreeMap::new(),
        channel_priorities: BTreeMap::new(),
        channel_receipts: BTreeMap::new(),
        back: model::Back::default(),
        pay: None,
        sources: BTreeMap::new(),
        watched: model::Watched::default(),
        pager: model::Pager::default(),
    }
}

pub(super) fn rota(timezone: &str, people: &[&str], only: Vec<Hours>) -> Rota {
    let layer = Layer {
        people: people.iter().map(|it| PersonId::from(*it)).collect(),
        turn: Turn::Days(1),
        handover_day: Weekday::Mon,
        handover_minute: 0,
        starts: "2026-01-01".to_owned(),
        rules: LayerRules { only, ..LayerRules::default() },
    };
    Rota {
        timezone: timezone.to_owned(),
        layers: vec![layer],
        load: None,
        confirm: None,
        rules: RotaRules::default(),
    }
}

/// Goal: what is thin in a weekend is found to the minute: the gap outside promised hours is none.
#[test]
fn gaps_leave_and_missing_skills_are_found() {
    let zones = Zones::bundled();
    let mut paris = rota("Europe/Paris", &["ana", "bo"], vec![hours(6, 22)]);
    paris.rules.cover = vec![hours(5, 22)];
    paris.rules.skills = vec!["db".to_owned()];
    let mut ana = person("Europe/Paris", (8, 18), &[("db", 3)]);
    let leave = (at("2026-03-28T10:00:00Z"), at("2026-04-02T00:00:00Z"));
    ana.duty.away = vec![Away { starts: leave.0, ends: leave.1, kind: AwayKind::Leave }];
    let bo = person("Europe/Paris", (8, 18), &[("db", 1)]);
    let catalogue = organisation(&[("ana", ana), ("bo", bo)], &[("paris", paris)]);
    let overrides = BTreeMap::new();
    let duties = Duties { rotas: &catalogue.rotas, overrides: &overrides, zones: &zones };
    let (from, to) = (at("2026-03-28T00:00:00Z"), at("2026-03-30T00:00:00Z"));
    let found = Coverage::of(&catalogue, &duties, from, to);
    let shown: Vec<String> =
        found.gaps[&"paris".into()].iter().map(|it| format!("{} {}", it.0, it.1)).collect();
    assert_eq!(
        shown,
        [
            "2026-03-28T04:00:00Z 2026-03-28T05:00:00Z",
            // The clock jumped at two: five o'clock comes an hour earlier.
            "2026-03-29T03:00:00Z 2026-03-29T04:00:00Z"
        ]
    );
    assert_eq!(found.uncovered(&"paris".into()).whole_mins(), 120);
    let away: Vec<String> =
        found.away.iter().map(|it| format!("{} {} {}", it.person, it.starts, it.ends)).collect();
    let unskilled: Vec<String> =
        found.unskilled.iter().map(|it| format!("{} {}", it.starts, it.ends)).collect();
    assert_eq!(
        (away.join("; "), unskilled.join("; ")),
        (
            "ana 2026-03-28T10:00:00Z 2026-03-28T21:00:00Z".to_owned(),
            "2026-03-29T04:00:00Z 2026-03-29T20:00:00Z".to_owned()
        )
    );
    assert!(!found.is_sound());
}

/// Goal: hours of the week in which nobody awake can do a thing are named, at the worst of the weeks: in
/// summer Paris wakes at 06:00 UTC, in winter at 07:00.
#[test]
fn nobody_awake_can_do_it() {
    let people = [
        ("ana", person("Europe/Paris", (8, 18), &[("db", 2), ("web", 1)])),
        ("kim", person("America/Chicago", (8, 18), &[("db", 3)])),
    ];
    let catalogue = organisation(&people, &[]);
    let zones = Zones::bundled();
    let told = |from: &str, to: &str| -> Vec<String> {
        let weeks = skill_map(&catalogue, at(from), at(to), &zones);
        weeks.iter().flat_map(crate::SkillWeek::nobody).map(|it| it.to_string()).collect()
    };
    // Ana 07-17 and Kim 14-24 in winter.
    assert_eq!(
        told("2026-01-05T00:00:00Z", "2026-02-02T00:00:00Z"),
        [
            "nobody awake can do db from 00:00 to 07:00 UTC",
            "nobody awake can do web from 00:00 to 24:00 UTC"
        ]
    );
    // Over a year both are an hour earlier for a while: 23-24 has nobody in the summer.
    assert_eq!(
        told("2026-01-05T00:00:00Z", "2027-01-04T00:00:00Z")[..2],
        [
            "nobody awake can do db from 00:00 to 07:00 UTC",
            "nobody awake can do db from 23:00 to 24:00 UTC"
        ]
    );
}

/// Goal: two sites that meet to the minute in winter do not in the weeks in which only one has changed
/// its clock; Chicago changes on 8 March and 1 November 2026, Paris on 29 March and 25 October.
#[test]
fn the_sun_is_followed_and_odd_weeks_are_shown() {
    let people: BTreeMap<PersonId, Person> = [
        ("ana", person("Europe/Paris", (8, 22), &[])),
        ("bo", person("Europe/Paris", (8, 22), &[])),
        ("kim", person("America/Chicago", (15, 1), &[])),
    ]
    .into_iter()
    .map(|it| (it.0.into(), it.1))
    .collect();
    let zones = Zones::bundled();
    let sun = sun::follow(&people, at("2026-01-01T12:00:00Z"), 365, &zones).expect("hours");
    let site = |it: &sun::Site| format!("{} {:?}", it.timezone, it.people.len());
    assert_eq!(
        sun.sites.iter().map(site).collect::<Vec<_>>(),
        ["Europe/Paris 2", "America/Chicago 1"]
    );
    let odd: Vec<String> = sun
        .odd()
        .map(|it| {
            format!(
                "{} {} days: nobody {:?}, together {:?}",
                it.from,
                it.days(),
                it.nobody,
                it.together
            )
        })
        .collect();
    insta::assert_snapshot!(odd.join("\n"), @r"
    2026-03-08T00:00:00Z 1 days: nobody [], together [(1200, 1260)]
    2026-03-09T00:00:00Z 20 days: nobody [(360, 420)], together [(1200, 1260)]
    2026-10-25T00:00:00Z 7 days: nobody [(360, 420)], together [(1200, 1260)]
    2026-11-01T00:00:00Z 1 days: nobody [(360, 420)], together []
    ");
    // The proposed layers leave no gap, and whoever is awake has the duty.
    let rotas = BTreeMap::from([(
        "sun".into(),
        Rota {
            timezone: "UTC".to_owned(),
            layers: sun.layers.clone(),
            load: None,
            confirm: None,
            rules: RotaRules::default(),
        },
    )]);
    let overrides = BTreeMap::new();
    let duties = Duties { rotas: &rotas, overrides: &overrides, zones: &zones };
    let (from, to) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    assert_eq!(duties.gaps(&"sun".into(), from, to), []);
    let noon = duties.at(&"sun".into(), at("2026-07-01T12:00:00Z")).expect("a shift");
    assert_eq!(noon.layer, Some(1));
    assert_eq!(sun::follow(&BTreeMap::new(), from, 1, &zones), None);
}
