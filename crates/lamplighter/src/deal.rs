//! Commands that deal with a page or an incident beyond taking and closing it.

use crate::ask::{not_an_id, show};
use crate::cli::{Hand, Merge, OneId, Remote, Snooze};
use crate::remote::{Server, segment};
use crate::{Answer, YES};
use serde_json::{Value, json};
use server::Problem;

/// Sends one act about `id` and says `told`.
fn act(remote: &Remote, id: &str, act: &str, body: &Value, told: String) -> Answer {
    let path = format!("{}/{act}", path_of(id)?);
    let done = Server::new(remote)?.post(&path, body)?;
    show(remote, &done, |_| told);
    Ok(YES)
}

fn path_of(id: &str) -> Result<String, Problem> {
    match id.split_once('_') {
        Some(("pg", _)) => Ok(format!("/api/v1/pages/{}", segment(id))),
        Some(("in", _)) => Ok(format!("/api/v1/incidents/{}", segment(id))),
        _ => Err(not_an_id(id, "in_1 or pg_1")),
    }
}

pub(crate) fn renew(it: &OneId) -> Answer {
    act(&it.remote, &it.id, "renew", &json!({}), format!("{} stays yours.\n", it.id))
}

pub(crate) fn wake(it: &OneId) -> Answer {
    act(&it.remote, &it.id, "wake", &json!({}), format!("{} calls people now.\n", it.id))
}

pub(crate) fn give_back(it: &OneId) -> Answer {
    let told = format!("{} is nobody's now: calls go on.\n", it.id);
    act(&it.remote, &it.id, "give-back", &json!({}), told)
}

pub(crate) fn hand(it: &Hand) -> Answer {
    let told = format!("{} is called. Until they take it, {} stays where it is.\n", it.to, it.id);
    act(&it.remote, &it.id, "hand", &json!({ "to": it.to }), told)
}

pub(crate) fn snooze(it: &Snooze) -> Answer {
    let told = format!("{} comes back in {} minutes.\n", it.id, it.minutes);
    act(&it.remote, &it.id, "snooze", &json!({ "minutes": it.minutes }), told)
}

pub(crate) fn merge(it: &Merge) -> Answer {
    let told = format!("{} is part of {} now.\n", it.id, it.into);
    act(&it.remote, &it.id, "merge", &json!({ "into": it.into }), told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_what_it_is() {
        assert_eq!(path_of("pg_7").expect("a page"), "/api/v1/pages/pg_7");
        assert_eq!(path_of("in_7").expect("an incident"), "/api/v1/incidents/in_7");
        assert!(path_of("al_7").is_err());
    }
}
