//! `import` of what another pager answered, as it is typed.

use super::{folder, run, typed};
use insta::assert_snapshot;

const USERS: &str = r#"{"users":[{"id":"PXPGF42","type":"user","name":"Ana Reyes","email":"ana@solar.example","time_zone":"America/Chicago","teams":[],"contact_methods":[]},{"id":"PAM4FGS","type":"user","name":"Bo","email":"bo@solar.example","time_zone":"Africa/Nairobi","teams":[],"contact_methods":[]}],"limit":100,"offset":0,"more":false}"#;
/// PagerDuty would call Bo an hour longer than its own layer says.
const SCHEDULE: &str = r#"{"schedule":{"id":"PI7DH85","type":"schedule","name":"Primary","time_zone":"America/Chicago","schedule_layers":[{"id":"PL1","name":"Weeks","start":"2026-01-05T09:00:00-06:00","end":null,"rotation_virtual_start":"2026-01-05T09:00:00-06:00","rotation_turn_length_seconds":604800,"users":[{"user":{"id":"PXPGF42"}},{"user":{"id":"PAM4FGS"}}],"restrictions":[]}],"final_schedule":{"rendered_schedule_entries":[{"start":"2026-10-26T14:00:00Z","end":"2026-11-02T15:00:00Z","user":{"id":"PXPGF42"}},{"start":"2026-11-02T15:00:00Z","end":"2026-11-09T16:00:00Z","user":{"id":"PAM4FGS"}},{"start":"2026-11-09T16:00:00Z","end":"2026-11-16T15:00:00Z","user":{"id":"PXPGF42"}}]}}}"#;

#[test]
fn an_export_of_another_pager_becomes_what_check_accepts() {
    let home = folder("moves");
    std::fs::create_dir(home.join("export")).expect("made");
    std::fs::write(home.join("export/users.json"), USERS).expect("written");
    std::fs::write(home.join("export/schedule-PI7DH85.json"), SCHEDULE).expect("written");
    std::fs::write(home.join("export/notes.yaml"), "not: ours\n").expect("written");
    let asked = "import export --org solar --at 2026-10-20T00:00:00Z";
    assert_snapshot!(typed(&home, asked), @r#"
    exit code 1
    --- output
    # Written by `lamplighter import` from the answers of PagerDuty.
    # Say how messages travel (`channels`), and read the report of what differs.
    org: solar
    people:
      "ana-reyes": { name: "Ana Reyes", timezone: America/Chicago, email: "ana@solar.example", aka: ["Ana Reyes"] }
      "bo": { name: "Bo", timezone: Africa/Nairobi, email: "bo@solar.example", aka: ["Bo"] }
    rotas:
      "primary": # Primary
        timezone: America/Chicago
        layers:
        - { people: ["ana-reyes", "bo"], turn: 1w, handover: "mon 09:00", starts: 2026-01-05 }  # Weeks
    --- errors
    export/schedule-PI7DH85.json: lost: 2026-11-09T15:00:00Z to 2026-11-09T16:00:00Z of rota primary: PagerDuty says bo, here it is ana-reyes
    0 refused, 1 lost, 0 noted
    505 hours of duty were compared with what PagerDuty renders; differences stand above
    "#);
    // Asked for by name, it is the same.
    let named = run(&home, &format!("{asked} --from pagerduty"));
    assert_eq!(named, run(&home, asked));
    std::fs::write(home.join("solar.yaml"), &named.stdout).expect("written");
    let checked = run(&home, "check solar.yaml");
    assert!(checked.status.success(), "{checked:?}");
    let duty = run(&home, "oncall --config solar.yaml --at 2026-11-09T15:30:00Z");
    assert_eq!(
        String::from_utf8_lossy(&duty.stdout),
        "primary: ana-reyes until 2026-11-16T15:00:00Z\n"
    );
    let against = "import export --from pagerduty --against solar.yaml --at 2026-10-20T00:00:00Z";
    assert_snapshot!(typed(&home, against), @r#"
    exit code 1
    --- output
    export/schedule-PI7DH85.json: lost: 2026-11-09T15:00:00Z to 2026-11-09T16:00:00Z of rota primary: PagerDuty says bo, here it is ana-reyes
    0 refused, 1 lost, 0 noted
    505 hours of duty were compared with what PagerDuty renders
    --- errors
    "#);
    assert_snapshot!(typed(&home, "import export --from opsgenie"), @r#"
    exit code 1
    --- output
    --- errors
    export/schedule-PI7DH85.json: refused: `$`: there is no `data`: Opsgenie refused this request, or it is no answer of it. Mend it (key, address) and fetch it again
    export/users.json: refused: `$`: there is no `data`: Opsgenie refused this request, or it is no answer of it. Mend it (key, address) and fetch it again
    2 refused, 0 lost, 0 noted
    error: nothing was written: the export is not whole
      hint: mend what is refused above and import again; what is lost can be dealt with later
    "#);
    assert_snapshot!(typed(&home, "import export --from pager"), @r#"
    exit code 2
    --- output
    --- errors
    error: invalid value 'pager' for '--from <PAGER>': it is one of pagerduty, opsgenie, splunk, oncall, goalert

    For more information, try '--help'.
    "#);
    std::fs::write(home.join("export/users.json"), USERS.replace("false", "true"))
        .expect("written");
    assert_snapshot!(typed(&home, asked), @r#"
    exit code 1
    --- output
    --- errors
    export/users.json: refused: `$.more`: there is more of `users`, and the part with `offset=100` is in no file: fetch it, too
    1 refused, 0 lost, 0 noted
    error: nothing was written: the export is not whole
      hint: mend what is refused above and import again; what is lost can be dealt with later
    "#);
    std::fs::remove_dir_all(home).expect("ours");
}

/// The calendar that another pager publishes, laid over ours: agreement, a swap there, a stranger.
#[test]
fn a_rota_is_compared_with_a_calendar() {
    let home = folder("beside");
    let solar = "org: solar\npeople:\n  ana: { name: Ana Reyes, timezone: UTC, email: ana@solar.example }\n  \
                 bo: { name: Bo Otieno, timezone: UTC, email: bo@solar.example }\nteams:\n  pay: { members: [ana, bo] }\n\
                 rotas:\n  pay:\n    timezone: UTC\n    layers: [{ people: [ana, bo], turn: 1w, handover: mon 09:00, starts: 2026-01-05 }]\n";
    std::fs::write(home.join("solar.yaml"), solar).expect("written");
    let event = |from: &str, to: &str, title: &str, guest: &str| {
        let guest =
            if guest.is_empty() { String::new() } else { format!("ATTENDEE:mailto:{guest}\r\n") };
        format!(
            "BEGIN:VEVENT\r\nUID:{from}\r\nDTSTART:{from}Z\r\nDTEND:{to}Z\r\nSUMMARY:{title}\r\n{guest}END:VEVENT\r\n"
        )
    };
    let write = |events: &[String]| {
        let text = format!("BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n", events.concat());
        std::fs::write(home.join("theirs.ics"), text).expect("written");
    };
    let first = event("20260105T090000", "20260112T090000", "On call: Ana Reyes", "");
    let second = event("20260112T090000", "20260119T090000", "Payments", "bo@solar.example");
    write(&[first.clone(), second]);
    let command = "oncall pay --config solar.yaml --from 2026-01-05T09:00:00Z --to 2026-01-19T09:00:00Z --against theirs.ics";
    let agree = "exit code 0\n--- output\n336 hours were compared, 0 differences\n--- errors\n";
    assert_eq!(typed(&home, command), agree);
    let swapped = event("20260112T090000", "20260114T090000", "ana", "");
    let stranger = event("20260114T090000", "20260119T090000", "Jonathan", "");
    write(&[first, swapped, stranger]);
    let differ = "exit code 1\n--- output\nnot understood: nobody here is called `Jonathan`\n\
        2026-01-12T09:00:00Z to 2026-01-14T09:00:00Z: here bo, in the calendar ana\n\
        2026-01-14T09:00:00Z to 2026-01-19T09:00:00Z: here bo, in the calendar somebody-unknown-here\n\
        336 hours were compared, 2 differences\n--- errors\n";
    assert_eq!(typed(&home, command), differ);
    let missing = typed(&home, &command.replace("theirs", "missing"));
    assert!(missing.starts_with("exit code 3\n") && missing.contains("missing.ics cannot be read"));
    let secret = typed(&home, "import --from pagerduty --token u+secret");
    assert!(
        secret.starts_with("exit code 1\n") && secret.contains("not written on the command line")
    );
    assert!(!secret.contains("u+secret"), "{secret}");
    let unset = typed(&home, "import --from goalert --token env:LAMPLIGHTER_NOT_SET");
    assert!(unset.contains("the environment variable LAMPLIGHTER_NOT_SET is not set"), "{unset}");
    std::fs::remove_dir_all(home).expect("ours");
}
