//! `init`: a first configuration.

use crate::cli::Init;
use crate::{Answer, YES, say};
use server::Problem;
use std::io::{BufRead, IsTerminal as _, Write as _};
use std::path::Path;

/// What is asked, with what is offered.
const QUESTIONS: [(&str, &str); 7] = [
    ("What is your organisation called?", "example"),
    ("Who answers when something breaks? (a short name)", "ana"),
    ("In which time zone do they live?", "UTC"),
    ("At which e-mail address are they reached?", "ana@example.org"),
    ("What is their team called?", "core"),
    ("What do your users want to do? (as a question)", "Can users sign in?"),
    ("Where is your Prometheus?", "http://127.0.0.1:9090"),
];

pub(crate) fn init(it: &Init) -> Answer {
    if it.out.exists() {
        return Err(Problem::negative(format!("{} exists already", it.out.display()))
            .hint("name another file with --out"));
    }
    let asks = !it.yes && std::io::stdin().is_terminal();
    if !it.yes && !asks {
        return Err(Problem::negative("nobody can be asked").hint("say --yes"));
    }
    let answers = if asks { asked(&mut std::io::stdin().lock())? } else { offered() };
    let text = written(&answers);
    let loaded = catalog::load_str(&[(&it.out.display().to_string(), &text)]);
    if loaded.catalogue.is_none() {
        return Err(Problem::negative("the answers do not make a configuration")
            .detail(catalog::render(&loaded, false))
            .hint("try again, or take the offered answers with --yes and edit the file"));
    }
    write(&it.out, &text)?;
    say(&format!(
        "{0} is written. Put your own counters into it, then:\n  lamplighter check {0}\n  \
         lamplighter serve --config {0}\n",
        it.out.display()
    ));
    Ok(YES)
}

fn offered() -> Vec<String> {
    QUESTIONS.iter().map(|(_, offer)| (*offer).to_owned()).collect()
}

fn asked(input: &mut impl BufRead) -> Result<Vec<String>, Problem> {
    let mut answers = vec![];
    for (question, offer) in QUESTIONS {
        eprint!("{question} [{offer}] ");
        let _ = std::io::stderr().flush();
        let mut line = String::new();
        let read = input.read_line(&mut line);
        read.map_err(|it| Problem::unreachable("could not read the answer").detail(it))?;
        let line = line.trim();
        answers.push(if line.is_empty() { offer.to_owned() } else { line.to_owned() });
    }
    Ok(answers)
}

fn write(file: &Path, text: &str) -> Result<(), Problem> {
    // Refuses a file that appeared meanwhile.
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).open(file);
    let written = opened.and_then(|mut it| it.write_all(text.as_bytes()));
    written.map_err(|it| {
        Problem::unreachable(format!("could not write {}", file.display())).detail(it)
    })
}

/// `text` as an id: small letters, digits and dashes.
fn id(text: &str) -> String {
    let dashed: String = text
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '-' })
        .collect();
    dashed.trim_matches('-').to_owned()
}

/// `text` as a YAML string, which JSON strings are.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn written(answers: &[String]) -> String {
    let [org, person, zone, email, team, question, prometheus] = answers else {
        unreachable!("one answer per question");
    };
    let (org, person, team) = (id(org), id(person), id(team));
    let (zone, email, question) = (string(zone), string(email), string(question));
    let prometheus = string(prometheus);
    format!(
        r#"# A first promise. `lamplighter check` names every mistake with its line.
org: {org}

people:
  {person}: {{ timezone: {zone}, email: {email} }}

teams:
  {team}: {{ members: [{person}] }}

# What you run. Each ratio names two counters: bad events among all events.
services:
  web:
    team: {team}
    slos:
      availability:
        objective: 99.5%
        ratio:
          bad: http_requests_total{{job="web",code=~"5.."}}
          total: http_requests_total{{job="web"}}

# What your users do with it.
features:
  first:
    question: {question}
    team: {team}
    objective: 99%
    needs: {{ all: [web.availability] }}

rotas:
  {team}:
    timezone: {zone}
    layers: [{{ people: [{person}], turn: 1w, handover: mon 09:00 }}]

# Who is called, and for how long each step waits. A policy named like a team is that team's.
escalations:
  {team}: [{{ page: rota {team}, wait: 5m }}, {{ page: team {team}, wait: 10m }}]

channels:
  mail:
    smtp: {{ host: 127.0.0.1, port: 25, from: lamplighter@localhost, encryption: none }}

sources:
  prometheus:
    prometheus: {{ url: {prometheus}, interval: 15s }}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answers: &[String]) {
        let text = written(answers);
        let loaded = catalog::load_str(&[("first.yaml", &text)]);
        assert!(loaded.catalogue.is_some(), "{}", catalog::render(&loaded, false));
        assert!(loaded.diagnostics.is_empty(), "{}", catalog::render(&loaded, false));
    }

    #[test]
    fn what_is_offered_is_valid() {
        check(&offered());
    }

    #[test]
    fn answers_become_ids_and_strings() {
        let input = "Solar & Sons\nBo Otieno\nAfrica/Nairobi\nbo@solar.example\nTeam: Pay\n\
                     Is \"it\" on: always?\n\n";
        let answers = asked(&mut input.as_bytes()).unwrap();
        assert_eq!(answers[6], "http://127.0.0.1:9090");
        check(&answers);
        assert!(written(&answers).contains("org: solar---sons\n"));
    }
}
