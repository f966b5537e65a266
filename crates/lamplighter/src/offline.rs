//! Commands beside a store, while no server uses it.

use crate::cli::{Erase, Place, Stored};
use crate::{Answer, YES, say};
use driver::{Clock as _, Core, Options, SystemClock};
use model::{OrgId, PersonId};
use server::{LEASE_TTL, Problem};
use std::io::{IsTerminal as _, Write as _};
use store::Journal;

/// A core over a store of any kind.
pub(crate) type AnyCore = Core<Box<dyn Journal>>;

/// Which store is meant.
pub(crate) fn place(it: &Place) -> server::Place {
    match &it.database {
        Some(url) => server::Place::Database(url.clone()),
        None => server::Place::Folder(it.data.clone()),
    }
}

/// The organisation that is meant, and where it is kept. A store that was never used is an error:
/// nothing is made by looking.
pub(crate) fn found(stored: &Stored) -> Result<(server::Place, OrgId), Problem> {
    found_at(place(&stored.place), stored.org.as_deref())
}

pub(crate) fn found_at(
    place: server::Place,
    org: Option<&str>,
) -> Result<(server::Place, OrgId), Problem> {
    if !place.exists() {
        return Err(Problem::negative(format!("there is no journal in {}", place.shown()))
            .hint("name the data folder with --data, or the database with --database"));
    }
    let org = match org {
        Some(text) => OrgId::new(text)
            .map_err(|it| Problem::negative("this is no organisation").detail(it))?,
        None => place.org().ok_or_else(|| {
            Problem::negative(format!("{} does not say whose it is", place.shown()))
                .hint("name the organisation with --org")
        })?,
    };
    Ok((place, org))
}

/// The journal that is meant.
pub(crate) fn journal(stored: &Stored) -> Result<(Box<dyn Journal>, OrgId), Problem> {
    let (place, org) = found(stored)?;
    Ok((place.open(&org)?.journal, org))
}

/// Takes the journal for writing.
pub(crate) fn core(place: &server::Place, org: &OrgId) -> Result<AnyCore, Problem> {
    let journal = place.open(org)?.journal;
    let options = Options {
        org: org.as_str().to_owned(),
        owner: server::owner(place),
        zones: ::oncall::Zones::bundled(),
        lease_ttl: LEASE_TTL,
    };
    let random = Box::new(wire::SystemRandom::default());
    Core::open(journal, options, random, SystemClock.now()).map_err(|error| {
        Problem::unreachable(format!("could not take the journal in {}", place.shown()))
            .detail(error)
            .hint("stop the server first")
    })
}

pub(crate) fn migrate(it: &Stored) -> Answer {
    let (place, org) = found(it)?;
    drop(place.open(&org)?);
    say(&format!("{} has the form this release uses.\n", place.shown()));
    Ok(YES)
}

pub(crate) fn erase(it: &Erase) -> Answer {
    let person =
        PersonId::new(&it.person).map_err(|it| Problem::negative("this is nobody").detail(it))?;
    let (place, org) = found(&it.stored)?;
    let mut core = core(&place, &org)?;
    let known = {
        let state = core.published();
        let state = state.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.catalogue().is_some_and(|it| it.people.contains_key(&person))
    };
    if !it.yes && !confirmed(&person, known)? {
        core.close();
        return Ok(crate::no());
    }
    core.erase(&person)
        .map_err(|error| Problem::unreachable(format!("could not erase {person}")).detail(error))?;
    core.close();
    say(&format!("Every text of {person} is unreadable from now on.\n"));
    say(
        "Take the person out of the configuration too: no address under this id can be kept again.\n",
    );
    Ok(YES)
}

fn confirmed(person: &PersonId, known: bool) -> Result<bool, Problem> {
    if !std::io::stdin().is_terminal() {
        return Err(Problem::negative("this cannot be taken back, and nobody can be asked")
            .hint("say --yes"));
    }
    let known = if known { "" } else { " (who is not in the configuration)" };
    eprint!("Every text of {person}{known} will be unreadable for good. Go on? [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes"))
}
