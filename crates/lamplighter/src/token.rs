//! `token`: ways in for programs.

use crate::ask::plain;
use crate::cli::{OneId, Status, TokenCommand, TokenIssue, TokenKind};
use crate::offline::{core, found_at};
use crate::remote::{Server, segment};
use crate::{Answer, YES, say, say_json};
use driver::{Clock as _, SystemClock};
use engine::{Actor, Command, Event, Submission};
use model::PersonId;
use serde_json::{Value, json};
use server::Problem;
use std::fmt::Write as _;

pub(crate) fn token(it: &TokenCommand) -> Answer {
    match it {
        TokenCommand::Issue(it) => issue(it),
        TokenCommand::Revoke(it) => revoke(it),
        TokenCommand::List(it) => list(it),
    }
}

fn issue(it: &TokenIssue) -> Answer {
    let kind = match it.kind {
        TokenKind::Api => "api",
        TokenKind::Door => "door",
    };
    let made = match (&it.data, &it.database) {
        (None, None) => {
            if it.person.is_some() {
                return Err(Problem::negative("a server makes API tokens for whoever asks")
                    .hint("leave out --person, or use --data beside the store"));
            }
            let body = json!({ "kind": kind, "label": it.label });
            Server::new(&it.remote)?.post("/api/v1/tokens", &body)?
        }
        (Some(folder), _) => beside(it, server::Place::Folder(folder.clone()), kind)?,
        (None, Some(url)) => beside(it, server::Place::Database(url.clone()), kind)?,
    };
    if it.remote.form.json {
        say_json(&made);
    } else {
        eprintln!("{} is made. This is its secret, shown only now:", plain(&made["id"]));
        say(&format!("{}\n", plain(&made["secret"])));
    }
    Ok(YES)
}

fn beside(it: &TokenIssue, place: server::Place, kind: &str) -> Result<Value, Problem> {
    let person = match (it.kind, &it.person) {
        (TokenKind::Door, _) => None,
        (TokenKind::Api, Some(person)) => Some(
            PersonId::new(person).map_err(|it| Problem::negative("this is nobody").detail(it))?,
        ),
        (TokenKind::Api, None) => {
            return Err(Problem::negative("an API token acts as somebody").hint("say --person"));
        }
    };
    let (place, org) = found_at(place, it.org.as_deref())?;
    let mut core = core(&place, &org)?;
    let secret = server::new_secret(kind);
    let command = Command::IssueToken {
        kind: match it.kind {
            TokenKind::Api => engine::TokenKind::Api,
            TokenKind::Door => engine::TokenKind::Door,
        },
        person,
        label: it.label.clone(),
        sha256: server::hash_token(&secret),
        expires_at: None,
    };
    let submission = Submission { actor: Actor::Operator, ..Submission::system(command) };
    let answer = core.turn(SystemClock.now(), &[submission]).answers.remove(0);
    core.close();
    let accepted =
        answer.map_err(|it| Problem::negative("the token could not be made").detail(it))?;
    let id = accepted.events.iter().find_map(|it| match &it.event {
        Event::TokenIssued(it) => Some(it.token.to_string()),
        _ => None,
    });
    Ok(json!({ "id": id, "secret": secret }))
}

fn revoke(it: &OneId) -> Answer {
    let path = format!("/tokens/{}/revoke", segment(&it.id));
    let done = Server::new(&it.remote)?.post(&path, &json!({}))?;
    if it.remote.form.json {
        say_json(&json!({ "revoked": it.id, "answer": done }));
    } else {
        say(&format!("{} opens nothing any more.\n", it.id));
    }
    Ok(YES)
}

fn list(it: &Status) -> Answer {
    let tokens = Server::new(&it.remote)?.get("/api/v1/tokens")?;
    if it.remote.form.json {
        say_json(&tokens);
        return Ok(YES);
    }
    let all = tokens["tokens"].as_array().into_iter().flatten();
    let text = all.fold(String::new(), |mut text, it| {
        let whose = it["person"].as_str().unwrap_or("nobody");
        let _ = writeln!(
            text,
            "{} {} for {whose}: {} (since {})",
            plain(&it["id"]),
            plain(&it["kind"]),
            plain(&it["label"]),
            plain(&it["issued_at"]),
        );
        text
    });
    say(&text);
    Ok(YES)
}
