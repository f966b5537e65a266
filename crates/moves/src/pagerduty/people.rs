//! Users, their contact methods, and the teams they are in.

use super::{Found, reference, words};
use crate::desk::Desk;
use crate::draft::Person;
use crate::json::{At, Read, merged};
use crate::said;
use model::{PersonId, TeamId};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn read(found: &Found<'_>, desk: &mut Desk<'_>) {
    let users = merged(found.get("users"));
    for user in &users {
        let done = one(user, desk);
        desk.kept(done);
    }
    let teams = merged(found.get("teams"));
    for team in &teams {
        let named = team.id_at("id").and_then(|id| Ok((id, team.text_at("name")?)));
        if let Some((id, name)) = desk.kept(named) {
            let ours = TeamId::from(desk.name("team", name, &id).as_str());
            desk.teams.insert(id, ours);
        }
    }
    let mut members: BTreeMap<TeamId, BTreeSet<PersonId>> = BTreeMap::new();
    for user in &users {
        let done = teams_of(user, &mut members, desk);
        desk.kept(done);
    }
    for member in found.get("members").into_iter().flatten() {
        let done = member_of(member, &mut members, desk);
        desk.kept(done);
    }
    for team in &teams {
        let Some(ours) = team.word("id").and_then(|it| desk.teams.get(it)).cloned() else {
            continue;
        };
        if let Some(people) = members.remove(&ours) {
            desk.draft.teams.insert(ours, people.into_iter().collect());
        } else {
            let why = "nobody is in it as far as the files say, and a team here has members: left out. \
                       Export `/teams/ID/members` to `members-ID.json` if it has";
            desk.lost(team, ours.as_str(), why);
            desk.teams.retain(|_, it| *it != ours);
        }
    }
}

fn one(user: &At<'_>, desk: &mut Desk<'_>) -> Read<()> {
    let id = user.id_at("id")?;
    let name = user.text_at("name")?.to_owned();
    let email = user.word("email").map(str::to_owned);
    let timezone = desk.home_zone(user, "time_zone");
    let mut person = Person { name: name.clone(), timezone, email, ..Person::default() };
    person.aka.insert(name);
    for method in user.list("contact_methods")? {
        method_of(&method, &mut person, desk)?;
    }
    if user.get("contact_methods").is_none() {
        let why = "no contact methods were exported, so there is no telephone number: ask for \
                   `include[]=contact_methods`";
        desk.noted(user, "contact methods", why);
    }
    desk.add_person(user, id, person);
    Ok(())
}

fn method_of(method: &At<'_>, person: &mut Person, desk: &mut Desk<'_>) -> Read<()> {
    let kind = method.text_at("type")?;
    if kind.ends_with("_reference") {
        let why = "only a reference to it was exported: ask for `include[]=contact_methods`";
        desk.lost(method, "a contact method", why);
        return Ok(());
    }
    match kind {
        "email_contact_method" => {
            let address = method.text_at("address")?;
            if person.email.as_deref().is_none_or(|it| it.eq_ignore_ascii_case(address)) {
                person.email = Some(address.to_owned());
            } else {
                let why = "a person has one e-mail address here, and this is a second one";
                desk.lost(method, "a contact method", why);
            }
        }
        "phone_contact_method" | "sms_contact_method" => {
            let country = method.get("country_code").map_or(Ok(1), |it| it.whole())?.to_string();
            let Some(number) = said::phone(&country, method.text_at("address")?) else {
                desk.lost(method, "a contact method", "this is no telephone number in E.164");
                return Ok(());
            };
            let slot = if kind.starts_with("sms") { &mut person.sms } else { &mut person.voice };
            if slot.as_ref().is_none_or(|it| *it == number) {
                *slot = Some(number);
            } else {
                let why = "a person has one number for each way here, and this is a second one";
                desk.lost(method, "a contact method", why);
            }
        }
        other => {
            let why = format!(
                "`{other}` has no counterpart: for pushed messages, give the person `ntfy` or `pushover`"
            );
            desk.lost(method, "a contact method", why);
        }
    }
    Ok(())
}

fn teams_of(
    user: &At<'_>,
    members: &mut BTreeMap<TeamId, BTreeSet<PersonId>>,
    desk: &mut Desk<'_>,
) -> Read<()> {
    let Some(person) = user.word("id").and_then(|it| desk.people.get(it)).cloned() else {
        return Ok(());
    };
    for team in user.list("teams")? {
        let id = reference(&team)?;
        let Some(ours) = desk.teams.get(&id) else {
            return team.refuse(format!("there is no team `{id}` in any file: export all teams"));
        };
        members.entry(ours.clone()).or_default().insert(person.clone());
    }
    Ok(())
}

fn member_of(
    member: &At<'_>,
    members: &mut BTreeMap<TeamId, BTreeSet<PersonId>>,
    desk: &mut Desk<'_>,
) -> Read<()> {
    let team = desk.teams.iter().find(|(id, _)| words(member.file).any(|it| it == id.as_str()));
    let Some((_, team)) = team else {
        return member.refuse(
            "members do not say of which team they are: name the file after the team, such as \
             `members-PQ9K7I8.json`, and export the teams, too",
        );
    };
    let team = team.clone();
    let user = member.need("user")?;
    let person = desk.person(&user, &reference(&user)?)?;
    members.entry(team).or_default().insert(person);
    Ok(())
}
