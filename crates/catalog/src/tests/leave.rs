//! Leave and public holidays, from text and calendars to times.

use super::shorthand;
use crate::{load, load_str};
use model::{AwayKind, Catalogue, Timestamp};
use std::fmt::Write as _;

const YAML: &str = "
org: solar
people:
  ana: { timezone: Europe/Berlin, site: berlin, leave: [2026-12-24, 2026-10-24..2026-10-25, leave/ana.ics] }
  bo: { timezone: America/Los_Angeles, site: berlin }
  cy: { timezone: Africa/Nairobi, leave: [2031-01-01] }
sites:
  berlin: { holidays: [de.ics, 2026-12-26] }
  nowhere: { holidays: [de.ics] }
";
const HOLIDAYS: &str = "BEGIN:VCALENDAR
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20201003
RRULE:FREQ=YEARLY
END:VEVENT
END:VCALENDAR
";
const ANA: &str = "BEGIN:VCALENDAR
BEGIN:VEVENT
UID:2
DTSTART;TZID=Europe/Berlin:20261120T130000
DTEND;TZID=Europe/Berlin:20261120T180000
END:VEVENT
END:VCALENDAR
";

const EXPECTED: &str = "\
ana holiday 2026-10-02T22:00:00Z to 2026-10-03T22:00:00Z
ana leave 2026-10-23T22:00:00Z to 2026-10-25T23:00:00Z
ana leave 2026-11-20T12:00:00Z to 2026-11-20T17:00:00Z
ana leave 2026-12-23T23:00:00Z to 2026-12-24T23:00:00Z
ana holiday 2026-12-25T23:00:00Z to 2026-12-26T23:00:00Z
ana holiday 2027-10-02T22:00:00Z to 2027-10-03T22:00:00Z
bo holiday 2026-10-03T07:00:00Z to 2026-10-04T07:00:00Z
bo holiday 2026-12-26T08:00:00Z to 2026-12-27T08:00:00Z
bo holiday 2027-10-03T07:00:00Z to 2027-10-04T07:00:00Z
";

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-21T12:00:00Z").unwrap()
}

fn told(catalogue: &Catalogue) -> String {
    let mut told = String::new();
    for (id, person) in &catalogue.people {
        for it in &person.duty.away {
            let kind = if it.kind == AwayKind::Leave { "leave" } else { "holiday" };
            writeln!(told, "{id} {kind} {} to {}", it.starts, it.ends).unwrap();
        }
    }
    told
}

#[test]
fn days_and_calendars_become_times_where_the_person_is() {
    let files = [("duty/a.yaml", YAML), ("duty/de.ics", HOLIDAYS), ("duty/leave/ana.ics", ANA)];
    let loaded = load_str(&files);
    assert_eq!(shorthand(&loaded), "");
    assert_eq!(told(loaded.catalogue.as_ref().unwrap()), "", "only once a time is known");
    let same_year = Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").unwrap();
    let earlier = loaded.clone().with_absences(same_year).catalogue;
    let loaded = loaded.with_absences(now());
    assert_eq!(told(loaded.catalogue.as_ref().unwrap()), EXPECTED);
    assert_eq!(earlier, loaded.catalogue, "one year, one catalogue");
}

#[test]
fn calendars_are_found_beside_the_file_that_names_them() {
    let folder = std::env::temp_dir().join(format!("lamplighter-leave-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("leave")).unwrap();
    for (name, text) in [("a.yaml", YAML), ("de.ics", HOLIDAYS), ("leave/ana.ics", ANA)] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let loaded = load(std::slice::from_ref(&folder)).with_absences(now());
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(shorthand(&loaded), "");
    assert_eq!(told(&loaded.catalogue.unwrap()), EXPECTED);
}
