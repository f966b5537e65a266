//! Pushed counts, waivers, and what voids a signature.

use super::world::{START, catalogue};
use crate::{
    Actor, BacklogAct, BacklogStep, Command, Context, Engine, ExclusionAct, ExclusionStep,
    Improvement, Push, Rejected, SignRole, Submission, terms,
};
use model::{
    Catalogue, CountsAs, ExcludedTimes, Exclusion, Millis, Need, Objective, Occasions, Personal,
    Recurrence, Sli, SloId, Timestamp,
};

fn at(minute: i64) -> Timestamp {
    START.plus(Millis::from_mins(minute))
}

/// An engine whose `payments-api.availability` is pushed.
fn engine(catalogue: &Catalogue) -> Engine {
    let mut engine = Engine::new();
    adopt(&mut engine, catalogue, 0);
    engine
}

fn adopt(engine: &mut Engine, catalogue: &Catalogue, minute: i64) {
    let (catalogue, hash) = (Box::new(catalogue.clone()), format!("hash {minute}"));
    told(engine, minute, Command::AdoptCatalogue { catalogue, hash }).expect("adopted");
}

fn told(engine: &mut Engine, minute: i64, command: Command) -> Result<usize, Rejected> {
    let submission = Submission { actor: Actor::System, reason: None, key: None, command };
    let zones = oncall::Zones::bundled();
    let context = Context { now: at(minute), zones: &zones };
    engine.execute(&context, &submission).map(|it| it.records.len())
}

fn pushed() -> Catalogue {
    let mut catalogue = catalogue();
    let service = catalogue.services.get_mut(&"payments-api".into()).unwrap();
    let slo = service.slos.get_mut("availability").unwrap();
    slo.sli = Sli::Pushed { every: Millis::from_mins(5), check: None, secret: None };
    catalogue
}

fn push(key: &str, minute: i64, bad: u64, total: u64) -> Push {
    Push { key: key.to_owned(), minute: at(minute).minute(), bad, total, people: Some(bad) }
}

fn send(engine: &mut Engine, now: i64, pushes: Vec<Push>) -> Result<usize, Rejected> {
    told(engine, now, Command::PushCounts { slo: "payments-api.availability".into(), pushes })
}

/// Goal: a line counts once whatever is sent again, in whichever batch. Method: every line of a seeded
/// set is sent several times in overlapping batches, and summed by brute force.
#[test]
fn a_line_counts_once() {
    for seed in 0_i64..20 {
        let lines: Vec<Push> = (0..60)
            .map(|it| {
                let minute = (it * 7 + seed) % 50;
                push(&format!("k{it}"), minute, u64::try_from(it % 3).unwrap(), 5)
            })
            .collect();
        let mut engine = engine(&pushed());
        for step in 0..40_i64 {
            let from = usize::try_from((step * 11 + seed) % 50).unwrap();
            send(&mut engine, 60 + step, lines[from..from + 10].to_vec()).unwrap();
        }
        send(&mut engine, 120, lines.clone()).unwrap();
        assert_eq!(send(&mut engine, 121, lines.clone()), Ok(0), "all of it is known");
        let book = &engine.state().pushed[&SloId::from("payments-api.availability")];
        for minute in 0..50 {
            let of = lines.iter().filter(|it| it.minute == at(minute).minute());
            let expected = of.fold((0, 0), |(bad, all), it| (bad + it.bad, all + it.total));
            let found = book.minutes.get(&at(minute).minute());
            assert_eq!(found.map_or((0, 0), |it| (it.bad, it.total)), expected, "{seed} {minute}");
        }
        assert_eq!(book.people_since(0), lines.iter().map(|it| it.bad).sum::<u64>());
    }
}

#[test]
fn a_batch_is_taken_whole_or_refused() {
    let mut engine = engine(&pushed());
    let refused = |it: Result<usize, Rejected>| it.unwrap_err().to_string();
    let good = push("a", 0, 0, 1);
    let future = push("b", 9, 0, 1);
    let said = refused(send(&mut engine, 1, vec![good.clone(), future]));
    assert_eq!(said, "`b` is older than 7d or lies in the future");
    let old = push("b", -8 * 1_440, 0, 1);
    assert_eq!(refused(send(&mut engine, 1, vec![old])), said);
    let said = refused(send(&mut engine, 1, vec![push("c", 0, 2, 1)]));
    assert_eq!(said, "`c` has more bad than all events, or too many");
    assert_eq!(refused(send(&mut engine, 1, vec![])), "a batch has 1 to 1000 lines, this one 0");
    assert!(engine.state().pushed.is_empty());
    let both = vec![good.clone(), good.clone()];
    assert_eq!(send(&mut engine, 1, both), Ok(1));
    // After eight days the line is forgotten, and too old to come again.
    let later = 9 * 1_440;
    assert_eq!(send(&mut engine, later, vec![push("d", later, 0, 1)]), Ok(1));
    let book = &engine.state().pushed[&SloId::from("payments-api.availability")];
    assert_eq!(book.keys.keys().collect::<Vec<_>>(), ["d"]);
    adopt(&mut engine, &catalogue(), later + 1);
    assert!(engine.state().pushed.is_empty(), "it is read from a source now");
    let said = refused(send(&mut engine, later + 2, vec![push("e", later, 0, 1)]));
    assert!(said.contains("is read from a source"), "{said}");
}

#[test]
fn a_waiver_has_a_reason_and_an_end() {
    let mut engine = engine(&catalogue());
    let waive = |minute: i64, reason: &str| Command::Waive {
        feature: "light-on".into(),
        by: "ana".into(),
        reason: reason.to_owned(),
        until: at(minute),
    };
    assert!(told(&mut engine, 1, waive(60, " ")).is_err());
    assert!(told(&mut engine, 1, waive(1, "mending")).is_err());
    assert!(told(&mut engine, 1, waive(60 * 24 * 32, "mending")).is_err());
    assert_eq!(told(&mut engine, 1, waive(60, "mending")), Ok(1));
    let feature = "light-on".into();
    let until =
        |engine: &Engine, minute| engine.state().waiver(&feature, at(minute)).map(|it| it.until);
    assert_eq!(until(&engine, 59), Some(at(60)));
    assert_eq!(until(&engine, 60), None);
    let end = || Command::EndWaiver { feature: "light-on".into(), by: "bo".into() };
    assert_eq!(told(&mut engine, 2, end()), Ok(1));
    assert_eq!(until(&engine, 3), None);
    assert!(told(&mut engine, 4, end()).is_err());
}

/// Goal: nothing is excluded before somebody else has approved, and taking it back is possible. Method:
/// each act in every state, as the state and the words tell it.
#[test]
fn an_exclusion_takes_two_people() {
    let mut engine = engine(&catalogue());
    let what = |feature: &str, when: &str| Exclusion {
        features: [feature.into()].into(),
        slos: [].into(),
        counts: CountsAs::Dropped,
        times: ExcludedTimes::Own(Occasions {
            when: Recurrence::parse(when).unwrap(),
            timezone: "Africa/Nairobi".to_owned(),
            lasts: Millis::from_hours(1),
        }),
        owner: "ana".into(),
        reason: Personal::new("ana".into(), "a storm"),
    };
    let act = |engine: &mut Engine, by: &str, step| {
        let (exclusion, by) = ("storm".into(), by.into());
        let command = Command::Exclude(Box::new(ExclusionAct { exclusion, by, step }));
        match told(engine, 1, command) {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.to_string(),
        }
    };
    let propose = |it| ExclusionStep::Proposed(Box::new(it));
    let revoke = || ExclusionStep::Revoked { reason: Personal::new("bo".into(), "no storm") };
    let storm = || what("light-on", "from 2026-11-02 FREQ=WEEKLY 22:00");
    let mut shown = vec![];
    for (by, step) in [
        ("bo", ExclusionStep::Approved),
        ("ana", propose(what("none", "daily 02:00"))),
        ("ana", propose(what("light-on", "from 2026-11-02 FREQ=HOURLY 22:00"))),
        ("ana", propose(storm())),
        ("ana", ExclusionStep::Approved),
        ("bo", ExclusionStep::Approved),
        ("ana", propose(storm())),
        ("bo", revoke()),
        ("bo", revoke()),
        ("bo", ExclusionStep::Approved),
        ("bo", propose(storm())),
    ] {
        let said = act(&mut engine, by, step);
        shown.push(format!("{said} [{}]", engine.state().exclusions_in_force().count()));
    }
    let expected = [
        "there is no exclusion `storm` here; it may be closed and archived [0]",
        "there is no feature `none` here; it may be closed and archived [0]",
        "`FREQ=HOURLY` names no days: FREQ=HOURLY is not read: use DAILY, WEEKLY, MONTHLY or YEARLY [0]",
        "ok [0]",
        "`storm` was proposed by ana; somebody else must approve [0]",
        "ok [1]",
        "`storm` is in force; revoke it first [1]",
        "ok [0]",
        "exclusion `storm` is already over [0]",
        "`storm` is revoked already [0]",
        "ok [0]",
    ];
    assert_eq!(shown, expected);
}

/// A signature is void as soon as anything that was signed is another.
#[test]
fn another_promise_is_another_signature() {
    let signed = |change: &dyn Fn(&mut Catalogue)| {
        let mut catalogue = catalogue();
        let mut engine = engine(&catalogue);
        let objective = Objective::parse("99.5%").unwrap();
        let (feature, role) = ("light-on".into(), SignRole::Product);
        let sign = Command::Sign { feature, role, by: "ana".into(), objective };
        told(&mut engine, 1, sign).unwrap();
        change(&mut catalogue);
        adopt(&mut engine, &catalogue, 2);
        engine.state().signature(&"light-on".into(), SignRole::Product).is_some()
    };
    let light = |it: &mut Catalogue| it.features.get_mut(&"light-on".into()).unwrap().clone();
    assert!(signed(&|it| it.org = "other".into()));
    assert!(signed(&|it| it.features.get_mut(&"light-on".into()).unwrap().team = "ops".into()));
    assert!(!signed(&|it| {
        let needs = vec![light(it).needs, Need::Slo("payments-api.latency".into())];
        it.features.get_mut(&"light-on".into()).unwrap().needs = Need::All(needs);
    }));
    assert!(!signed(&|it| {
        it.features.get_mut(&"light-on".into()).unwrap().question = "Another?".into();
    }));
    assert!(!signed(&|it| {
        let objective = Objective::parse("99.4%").unwrap();
        it.features.get_mut(&"light-on".into()).unwrap().objective = objective;
    }));
    let feature = catalogue().features[&"light-on".into()].clone();
    let said = terms(&feature);
    assert!(
        said.ends_with("99.5% of attempts over any 28d; needs all(payments-api.availability)"),
        "{said}"
    );
}

/// Goal: what cannot be worth anything is not listed; what is struck is gone. Method: each act, as words tell it.
#[test]
fn improvements_are_listed_and_struck() {
    let mut engine = engine(&catalogue());
    let what = |title: &str, mends: &str, percent, link: Option<&str>| {
        BacklogStep::Listed(Box::new(Improvement {
            title: Personal::new("ana".into(), title),
            mends: mends.split_whitespace().map(SloId::from).collect(),
            percent,
            link: link.map(str::to_owned),
        }))
    };
    let first = "payments-api.availability";
    let steps = [
        (
            BacklogStep::Struck { done: true },
            "there is no improvement `uplink` here; it may be closed and archived [0]",
        ),
        (what(" ", first, 80, None), "say what is to be done [0]"),
        (
            what("a second uplink", first, 0, None),
            "it takes between 1 and 100 percent of the failures away [0]",
        ),
        (
            what("a second uplink", "", 80, None),
            "name at least one service objective whose failures it takes away [0]",
        ),
        (
            what("a second uplink", "x.up", 80, None),
            "there is no service objective `x.up` here; it may be closed and archived [0]",
        ),
        (
            what("a second uplink", first, 80, Some("javascript:1")),
            "a link begins with https:// or http:// [0]",
        ),
        (what("a second uplink", first, 80, Some("https://t.example/1")), "ok [1]"),
        (what("a third uplink", first, 90, None), "ok [1]"),
        (BacklogStep::Struck { done: false }, "ok [0]"),
    ];
    for (step, expected) in steps {
        let (improvement, by) = ("uplink".into(), "bo".into());
        let command = Command::Backlog(Box::new(BacklogAct { improvement, by, step }));
        let said = match told(&mut engine, 1, command) {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        let listed = engine.state().backlog.len();
        assert_eq!(format!("{said} [{listed}]"), expected);
    }
}
