//! Users and teams.

use super::Found;
use crate::desk::Desk;
use crate::draft::Person;
use crate::json::{At, Read, merged};
use model::TeamId;
use std::collections::BTreeMap;

pub(super) fn read(found: &Found<'_>, desk: &mut Desk<'_>) {
    let users = merged(found.get("users"));
    for user in &users {
        let done = one(user, desk);
        desk.kept(done);
    }
    let mut members: BTreeMap<String, Vec<model::PersonId>> = BTreeMap::new();
    for user in &users {
        let Some(person) = user.word("id").and_then(|it| desk.people.get(it)).cloned() else {
            continue;
        };
        for team in desk.kept(user.list("teams")).unwrap_or_default() {
            if let Some(team) = team.value.as_str() {
                members.entry(team.to_owned()).or_default().push(person.clone());
            }
        }
    }
    for team in merged(found.get("teams")) {
        let read = team.id_at("id").and_then(|id| Ok((id, team.text_at("name")?)));
        let Some((id, name)) = desk.kept(read) else { continue };
        let Some(people) = members.remove(&id) else {
            let why = "nobody is in it as far as `teams` of the users says, and a team here has members: left out";
            desk.lost(&team, name, why);
            continue;
        };
        let ours = TeamId::from(desk.name("team", name, &id).as_str());
        desk.teams.insert(id, ours.clone());
        desk.draft.teams.insert(ours, people);
    }
}

fn one(user: &At<'_>, desk: &mut Desk<'_>) -> Read<()> {
    let id = user.id_at("id")?;
    let username = user.text_at("username")?;
    let email = user.word("email").map(str::to_owned);
    let name = user.word("name").unwrap_or(username).to_owned();
    let timezone = desk.home_zone(user, "timezone");
    let aka = [name.clone(), username.to_owned()].into();
    let person = Person { name, timezone, email, aka, ..Person::default() };
    desk.noted(user, "telephone numbers", "OnCall does not export them: add `sms` and `voice`");
    desk.add_person(user, id, person);
    Ok(())
}
