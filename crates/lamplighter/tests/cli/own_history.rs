//! This organisation's own journal as the input of `records` and `whatif`.

use crate::served::folder;
use crate::{run, typed};
use driver::{Core, Options};
use engine::{Command, DeliveryOutcome, Submission};
use model::{Hours, Millis, NoticeId, PageId, Timestamp};
use std::path::Path;
use store::{Journal, SqliteJournal};
use testkit::{MONDAY, adopt, solar};
use whatif::random::Stream;

/// A year's third of pages, each taken by whoever is on duty and over after a while.
fn lived(data: &Path, people_with_hours: bool) {
    std::fs::create_dir_all(data).expect("ours");
    std::fs::write(data.join("organisation"), "solar\n").expect("ours");
    let journal = SqliteJournal::open(data, "solar").expect("a new one");
    lived_in(journal, "solar", people_with_hours);
}

fn lived_in(journal: impl Journal, org: &str, people_with_hours: bool) {
    let options = Options {
        org: org.to_owned(),
        owner: "the test".to_owned(),
        zones: oncall::Zones::bundled(),
        lease_ttl: Millis::from_days(1_000),
    };
    let random = Box::new(wire::SystemRandom::default());
    let mut core = Core::open(journal, options, random, MONDAY).expect("nobody else has it");
    let mut catalogue = solar();
    if people_with_hours {
        let days = oncall::EVERY_DAY[..5].to_vec();
        let hours = Hours { from_minute: 540, until_minute: 1_020, days };
        catalogue.people.values_mut().for_each(|it| it.duty.hours = Some(hours.clone()));
        let dolores = catalogue.people.get_mut(&"dolores".into()).expect("there");
        dolores.duty.skills = [("activation".to_owned(), 2)].into();
    }
    let mut at = MONDAY;
    let mut say = |at: Timestamp, it: Submission| {
        let turn = core.turn(at, &[it]);
        assert!(turn.end.is_none() && turn.answers.iter().all(Result::is_ok), "{turn:?}");
        let state = core.published();
        let state = state.read().expect("one thread").clone();
        let due: Vec<NoticeId> = state.notices_due(at).map(|it| it.0).collect();
        let sent = |notice| {
            let outcome = DeliveryOutcome::Sent { provider_id: "p".to_owned() };
            Submission::system(Command::Delivered { notice, outcome })
        };
        core.turn(at, &due.into_iter().map(sent).collect::<Vec<_>>());
        state
    };
    say(at, adopt(catalogue, "first"));
    let luck = Stream::new(9, 0, 0);
    for number in 1..=60 {
        at = at.plus(Millis::from_mins(luck_minutes(&luck, number, 4_032.0)));
        let feature =
            ["light-on", "make-sale", "see-reports"][usize::try_from(number % 3).expect("small")];
        let raise = Command::Raise {
            by: "dolores".into(),
            title: "help".to_owned(),
            feature: Some(feature.into()),
            team: None,
        };
        say(at, Submission::system(raise));
        at = at.plus(Millis::from_mins(1 + luck_minutes(&luck, 1_000 + number, 3.0)));
        let rota = if feature == "make-sale" { "field" } else { "payments" };
        let state = say(at, Submission::system(Command::Tick));
        let zones = oncall::Zones::bundled();
        let by = state.on_duty(&rota.into(), at, &zones).expect("there").people[0].clone();
        let (page, via) = (PageId(number), "view".to_owned());
        let state =
            say(at, Submission::system(Command::AcknowledgePage { page, by: by.clone(), via }));
        at = at.plus(Millis::from_mins(10 + luck_minutes(&luck, 2_000 + number, 60.0)));
        let incident = state.pages[&page].incident;
        say(at, Submission::system(Command::ResolveIncident { incident, by }));
    }
    core.close();
}

fn luck_minutes(luck: &Stream, number: u64, mean: f64) -> i64 {
    whatif::number::whole(-mean * (1.0 - luck.unit(number)).ln())
}

/// Whoever had anything; whole words.
const PEOPLE: [&str; 6] = ["ana", "chen", "dolores", "bo", "wanjiru", "juma"];

#[track_caller]
fn names_nobody(text: &str) {
    let words = text.split(|it: char| !it.is_ascii_alphanumeric() && it != '-');
    for word in words {
        assert!(!PEOPLE.contains(&word.to_lowercase().as_str()), "{word} is named in {text}");
    }
}

/// What lies in PostgreSQL is read like what lies in a folder.
#[cfg(feature = "servers")]
#[test]
fn a_journal_in_postgresql_says_the_same() {
    let url = std::env::var("LAMPLIGHTER_TEST_POSTGRES")
        .expect("LAMPLIGHTER_TEST_POSTGRES names a server; `cargo xtask test` starts one");
    let home = folder("own-history-postgres");
    lived(&home.join("data"), true);
    let org = format!("own_{}", std::process::id());
    lived_in(store::PostgresJournal::open(&url, &org).expect("the database answers"), &org, true);
    for command in ["records", "whatif"] {
        let from = |at: &str| {
            let said = typed(&home, &format!("{command} --journal {at} --json"));
            said.replace(&url, "data")
        };
        let (folder, server) = (from("data"), from(&format!("{url} --org {org}")));
        assert!(folder.contains("product-teams"), "{folder}");
        assert_eq!(folder, server, "{command}");
    }
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn a_journal_is_measured_asked_about_and_says_what_it_does_not_hold() {
    let home = folder("own-history");
    lived(&home.join("data"), true);
    let said = typed(&home, "records --journal data --draft draft.yaml");
    for part in [
        "exit code 0",
        "page: 60 in all",
        "created from `the incident opened`",
        "until begun, h",
        "how people work: 5 people",
        "duty load, Erlangs",
        "unbroken 2 h blocks, same",
        "chances by hours on duty",
        "duty load is at most this",
        "the journal does not hold",
        "tickets and requests: whoever waits for them is not seen",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    names_nobody(&said);
    // As many people as are asked for, and never fewer than five.
    let larger = typed(&home, "records --journal data --group-min 6");
    assert!(larger.contains("not shown: with fewer than 6 people"), "{larger}");
    assert!(typed(&home, "records --journal data --group-min 4").contains("at least 5 people"));
    let json = run(&home, "records --journal data --json");
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["looks_like"]["structure"], "product-teams");
    assert_eq!(json["not_held"].as_array().map(Vec::len), Some(4));
    assert_eq!(json["classes"][0]["items"], 60);
    names_nobody(&json.to_string());
    let draft = std::fs::read_to_string(home.join("draft.yaml")).expect("written");
    assert!(draft.contains("\"field\": { people: 2, timezone: \"Africa/Nairobi\""), "{draft}");
    names_nobody(&draft);
    // The draft, the bare journal, and a file beside the journal ask the same.
    let fewer = draft.replace("max: 40", "min: 4, max: 4");
    std::fs::write(home.join("draft.yaml"), &fewer).expect("ours");
    let from_draft = typed(&home, "whatif draft.yaml --report r.html");
    let own = fewer.replace("  journal: \"data\"\n", "").replace("  now: \"product-teams\"\n", "");
    let own = own.replace("records:\n", "");
    std::fs::write(home.join("own.yaml"), own).expect("ours");
    let from_journal = typed(&home, "whatif own.yaml --journal data");
    for answer in [&from_draft, &from_journal] {
        assert!(answer.contains("not in the journal: tickets and requests"), "{answer}");
        names_nobody(answer);
    }
    assert!(
        from_journal.contains("taken as in force: product-teams, because 2 rotas"),
        "{from_journal}"
    );
    assert!(!from_draft.contains("taken as in force"), "the draft wrote it down");
    names_nobody(&std::fs::read_to_string(home.join("r.html")).expect("written"));
    assert!(typed(&home, "whatif --journal nowhere").contains("there is no journal in nowhere"));
    std::fs::remove_dir_all(home).expect("ours");
}

/// Hours of the week with nobody who knows a service, from the journal, configured hours and skills.
#[test]
fn hours_with_nobody_follow_from_the_journal_and_configured_hours() {
    let home = folder("own-busfactor");
    lived(&home.join("data"), true);
    let said = typed(&home, "busfactor --journal data");
    assert!(said.contains("× incident, 1 × skill"), "{said}");
    assert!(said.contains("activation") && said.contains("128"), "{said}");
    names_nobody(&said);
    let json = run(&home, "busfactor --journal data --json --pairing");
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    // Los Angeles and Nairobi work eighty of the hours between them, one of both forty.
    let expect = serde_json::json!({
        "activation": 128.0, "light-on": 88.0, "make-sale": 128.0, "see-reports": 88.0,
    });
    assert_eq!(json["week"]["hours_with_nobody"], expect);
    let asked = typed(&home, "busfactor --journal data --pairing");
    assert!(asked.contains("hours with nobody fall from 128 to 88 a week"), "{asked}");
    std::fs::remove_dir_all(home).expect("ours");
    let home = folder("own-busfactor-hours");
    lived(&home.join("data"), false);
    let said = typed(&home, "busfactor --journal data");
    assert!(said.contains("nobody's hours are configured"), "{said}");
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn without_hours_nothing_is_said_of_blocks() {
    let home = folder("own-hours");
    lived(&home.join("data"), false);
    let said = typed(&home, "records --journal data");
    assert!(!said.contains("unbroken 2 h blocks"), "{said}");
    assert!(said.contains("hours of 5 people, without which blocks are not seen"), "{said}");
    std::fs::remove_dir_all(home).expect("ours");
}
