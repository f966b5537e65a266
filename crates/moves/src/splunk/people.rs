//! Users, their contact methods, teams and their members.

use super::{Found, is_about, username};
use crate::desk::Desk;
use crate::draft::Person;
use crate::json::{At, Read};
use crate::said;
use formats::Weight;
use model::TeamId;

pub(super) fn read(found: &Found<'_>, desk: &mut Desk<'_>) {
    let mut users = vec![];
    for answer in found.get("users").into_iter().flatten() {
        for it in desk.kept(answer.list("users")).unwrap_or_default() {
            // The first version of this answer is a list in a list.
            let nested = it.value.is_array().then(|| desk.kept(it.items()));
            users.extend(nested.flatten().unwrap_or_else(|| vec![it]));
        }
    }
    let contacts = found.get("contacts").map_or(&[][..], Vec::as_slice);
    for it in contacts {
        let owned =
            users.iter().any(|user| user.word("username").is_some_and(|name| is_about(it, name)));
        if !owned {
            let why =
                "contact methods do not say whose they are: name the file `contacts-USERNAME.json`";
            desk.losses.push(it.loss(Weight::Refused, why));
        }
    }
    for user in &users {
        let done = one(user, contacts, desk);
        desk.kept(done);
    }
    let members = found.get("members").map_or(&[][..], Vec::as_slice);
    for team in found.get("teams").into_iter().flatten() {
        let done = team_of(team, members, desk);
        desk.kept(done);
    }
}

fn one(user: &At<'_>, contacts: &[At<'_>], desk: &mut Desk<'_>) -> Read<()> {
    let name = username(user)?;
    let parts = [user.word("firstName"), user.word("lastName")];
    let full = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let full = if full.is_empty() { name.clone() } else { full };
    let email = user.word("email").map(str::to_owned);
    let aka = [full.clone(), name.clone()].into();
    let mut person = Person { name: full, timezone: "UTC".into(), email, aka, ..Person::default() };
    desk.noted(
        user,
        "the time zone",
        "none is exported: UTC is written, which decides what is night",
    );
    let own: Vec<_> = contacts.iter().filter(|it| is_about(it, &name)).collect();
    if own.is_empty() {
        let why = "no contact methods were exported, so there is no telephone number: fetch \
                   `/api-public/v1/user/USERNAME/contact-methods` to `contacts-USERNAME.json`";
        desk.noted(user, "contact methods", why);
    }
    for answer in own {
        let phones = answer.get("phones").map_or(Ok(vec![]), |it| it.list("contactMethods"))?;
        for phone in phones {
            match said::phone("", phone.text_at("value")?) {
                // Splunk On-Call calls and writes to the same number.
                Some(number) if person.sms.is_none() => {
                    person.sms = Some(number.clone());
                    person.voice = Some(number);
                }
                Some(_) => desk.lost(
                    &phone,
                    "a contact method",
                    "a person has one number here, and this is a second one",
                ),
                None => {
                    desk.lost(&phone, "a contact method", "this is no telephone number in E.164");
                }
            }
        }
    }
    desk.add_person(user, name, person);
    Ok(())
}

fn team_of(team: &At<'_>, members: &[At<'_>], desk: &mut Desk<'_>) -> Read<()> {
    let (slug, name) = (team.id_at("slug")?, team.text_at("name")?.to_owned());
    let own: Vec<_> = members.iter().filter(|it| is_about(it, &slug)).collect();
    let mut people = vec![];
    for answer in &own {
        for member in answer.list("members")? {
            let person = desk.person(&member, &username(&member)?)?;
            if !people.contains(&person) {
                people.push(person);
            }
        }
    }
    let expected = team.get("memberCount").map_or(Ok(0), |it| it.whole())?;
    let have = i64::try_from(people.len()).unwrap_or(i64::MAX);
    if expected > have {
        return team.refuse(format!(
            "there are {expected} members of it, and the files hold {have}: fetch \
             `/api-public/v1/team/{slug}/members` to `members-{slug}.json`"
        ));
    }
    if people.is_empty() {
        desk.lost(team, &name, "nobody is in it, and a team here has members: left out");
        return Ok(());
    }
    let ours = TeamId::from(desk.name("team", &name, &slug).as_str());
    desk.teams.insert(slug, ours.clone());
    desk.draft.teams.insert(ours, people);
    Ok(())
}
