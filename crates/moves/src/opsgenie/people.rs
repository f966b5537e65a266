//! Users, their contacts, and teams.

use super::Found;
use crate::desk::Desk;
use crate::draft::Person;
use crate::json::{At, Read, merged};
use crate::said;
use formats::Weight;
use model::TeamId;

pub(super) fn read(found: &Found<'_>, desk: &mut Desk<'_>) {
    let users = merged(found.get("users"));
    for contact in found.get("contacts").into_iter().flatten() {
        let owned =
            users.iter().any(|it| it.word("id").is_some_and(|id| contact.file.contains(id)));
        if !owned {
            let why = "contacts do not say whose they are: name the file after the id of the user";
            desk.losses.push(contact.loss(Weight::Refused, why));
        }
    }
    for user in &users {
        let done = one(user, found, desk);
        desk.kept(done);
    }
    for team in merged(found.get("teams")) {
        let done = read_team(&team, desk);
        desk.kept(done);
    }
}

fn one(user: &At<'_>, found: &Found<'_>, desk: &mut Desk<'_>) -> Read<()> {
    let id = user.id_at("id")?;
    let username = user.text_at("username")?;
    let name = user.word("fullName").unwrap_or(username).to_owned();
    let timezone = desk.home_zone(user, "timeZone");
    let mut person = Person { name: name.clone(), timezone, ..Person::default() };
    if said::is_email(username) {
        person.email = Some(username.to_owned());
    }
    person.aka.extend([name, username.to_owned()]);
    let mut contacts = user.list("userContacts")?;
    let others = found.get("contacts").into_iter().flatten();
    contacts.extend(others.filter(|it| it.file.contains(&id)).cloned());
    if contacts.is_empty() {
        let why = "no contacts were exported, so there is no telephone number: fetch `/v2/users/ID?expand=contact`";
        desk.noted(user, "contacts", why);
    }
    for contact in contacts {
        contact_of(&contact, &mut person, desk)?;
    }
    desk.add_person(user, id.clone(), person);
    // Participants are named by id, by user name, or by both.
    if let Some(ours) = desk.people.get(&id).cloned() {
        desk.people.insert(username.to_owned(), ours);
    }
    Ok(())
}

fn contact_of(contact: &At<'_>, person: &mut Person, desk: &mut Desk<'_>) -> Read<()> {
    let kind = contact.word("contactMethod").or_else(|| contact.word("method")).unwrap_or_default();
    let to = contact.text_at("to")?;
    let slot = match kind {
        "email" => &mut person.email,
        "sms" => &mut person.sms,
        "voice" => &mut person.voice,
        other => {
            let why = format!(
                "`{other}` has no counterpart: for pushed messages, give the person `ntfy` or `pushover`"
            );
            desk.lost(contact, "a contact", why);
            return Ok(());
        }
    };
    let address = if kind == "email" { Some(to.to_owned()) } else { said::phone("", to) };
    match (address, slot.as_deref()) {
        (None, _) => desk.lost(contact, "a contact", "this is no telephone number in E.164"),
        (Some(address), None) => *slot = Some(address),
        (Some(address), Some(kept)) if address == kept => {}
        _ => desk.lost(
            contact,
            "a contact",
            "a person has one address of each kind here, and this is a second one",
        ),
    }
    Ok(())
}

fn read_team(team: &At<'_>, desk: &mut Desk<'_>) -> Read<()> {
    let (id, name) = (team.id_at("id")?, team.text_at("name")?.to_owned());
    let Some(members) = team.get("members") else {
        return team
            .refuse(format!("its members are not in the list: fetch `/v2/teams/{id}` alone"));
    };
    let mut people = vec![];
    for member in members.items()? {
        let user = member.need("user")?;
        let person = desk.person(&user, &user.id_at("id")?)?;
        if !people.contains(&person) {
            people.push(person);
        }
    }
    if people.is_empty() {
        desk.lost(team, &name, "nobody is in it, and a team here has members: left out");
        return Ok(());
    }
    let ours = TeamId::from(desk.name("team", &name, &id).as_str());
    desk.teams.insert(id, ours.clone());
    desk.teams.insert(name, ours.clone());
    desk.draft.teams.insert(ours, people);
    Ok(())
}
