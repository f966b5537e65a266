//! `busfactor`: how few people may leave, with everything the number depends on.
//!
//! Nobody is named, in text or JSON: one greedy run is one of many equally good answers. The one
//! exception is a pairing, for whoever asks for it with `--pairing`.

mod hours;
mod json;
mod text;

use crate::cli::{
    Busfactor, BusfactorCoAuthors, BusfactorIdentity, BusfactorKeep, BusfactorMethod,
};
use crate::git;
use crate::records::Origin;
use crate::{Answer, YES, no, say, say_json};
use ::busfactor::{
    CoAuthors, History, Keep, Measure, Merge, Method, Pairing, Programs, Question, Variant,
    known_by, measure, pairing, strip,
};
use model::Timestamp;
use server::Problem;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;
use worklog::Worklog;

pub(crate) fn busfactor(it: &Busfactor) -> Answer {
    let mut question = question(it)?;
    // A log has the names it was exported with; there is no repository to ask.
    question.identity.mailmap &= it.log.is_none() && !it.is_of_services();
    let at = match it.at.as_deref() {
        None => None,
        Some(text) => Some(Timestamp::parse_rfc3339(text).ok_or_else(|| {
            Problem::negative(format!("`{text}` is not an instant"))
                .hint("write it as 2026-12-24T18:00:00Z")
        })?),
    };
    let mut deeds = String::new();
    let journal = it.journal.as_deref().map(|at| Origin { at, org: it.org.as_deref() }.read());
    let journal = journal.transpose()?;
    let read = match (&it.log, &it.files) {
        (Some(log), Some(files)) => vec![exported(log, files, at)?],
        _ if it.is_of_services() => {
            let (read, counted) = evidence(it, journal.as_ref(), at)?;
            deeds = counted;
            vec![read]
        }
        _ => it.repos.iter().map(|path| repository(path, at)).collect::<Result<_, _>>()?,
    };
    if it.pairing && it.evidence.is_some() && it.people.is_none() {
        return Err(Problem::negative("a pairing on a service needs to know who works when")
            .hint("add --people FILE with lines of person,timezone,hours"));
    }
    let covered = match (&it.people, &journal, read.first()) {
        (Some(path), _, Some(read)) => {
            let hours = hours::listed(path, &read.history)?;
            Some(hours::covered(&hours, &read.history, &question, it.pairing))
        }
        (None, Some(log), Some(read)) => {
            let hours = hours::configured(log)?;
            Some(hours::covered(&hours, &read.history, &question, it.pairing))
        }
        _ => None,
    };
    let wanted = it.pairing && !it.is_of_services();
    let mut counted: Vec<Counted> = read.iter().map(|it| count(it, &question, wanted)).collect();
    if read.len() > 1 {
        let histories: Vec<History> = read.into_iter().map(|it| it.history).collect();
        let history = History::together(&histories);
        counted.insert(0, count(&git::Read { history, commit: String::new() }, &question, wanted));
    }
    if let Some(first) = counted.first_mut() {
        first.deeds = deeds;
        first.covered = covered;
    }
    let whole = counted.first().expect("at least one repository or log is required");
    if it.form.json {
        let mut value = json::to_json(whole, &question);
        let single = if counted.len() > 1 { &counted[1..] } else { &counted[..] };
        value["repositories"] = single.iter().map(|it| json::to_json(it, &question)).collect();
        say_json(&value);
    } else {
        let told: Vec<String> = counted.iter().map(|it| text::told(it, &question)).collect();
        say(&told.join("\n"));
    }
    Ok(if whole.measure.bus_factor.is_some() { YES } else { no() })
}

impl Busfactor {
    /// Whether services take the place of files.
    fn is_of_services(&self) -> bool {
        self.evidence.is_some() || self.journal.is_some()
    }
}

/// A history and what it came to.
struct Counted {
    name: String,
    commit: String,
    measure: Measure,
    strip: Vec<Variant>,
    /// How many people know each service; for evidence only.
    services: BTreeMap<String, usize>,
    /// What the evidence consists of.
    deeds: String,
    pairing: Wanted,
    /// Hours with nobody; for evidence with a list of people only.
    covered: Option<hours::Covered>,
}

/// A pairing, where one was asked for.
enum Wanted {
    Unasked,
    Asked(Option<Pairing>),
}

fn question(it: &Busfactor) -> Result<Question, Problem> {
    let method = match (it.method, it.pruned) {
        _ if it.is_of_services() => Method::Evidence,
        (BusfactorMethod::Avelino, false) => Method::Avelino,
        (BusfactorMethod::Avelino, true) => Method::AvelinoPruned,
        (BusfactorMethod::Jetbrains, false) => Method::JetBrains,
        (BusfactorMethod::Jetbrains, true) => {
            return Err(Problem::negative("--pruned belongs to the method avelino"));
        }
    };
    let mut question = Question::of(method);
    question.keep = match it.keep {
        BusfactorKeep::Code if method != Method::Evidence => Keep::Code,
        _ => Keep::All,
    };
    question.only.clone_from(&it.only);
    question.without.clone_from(&it.without);
    match it.who.identity {
        Some(BusfactorIdentity::EmailOrName) => question.identity.merge = Merge::EmailOrName,
        Some(BusfactorIdentity::Email) => question.identity.merge = Merge::Email,
        None => {}
    }
    question.identity.mailmap = !it.who.no_mailmap;
    if it.who.bots {
        question.programs = Programs::Counted;
    }
    match it.who.co_authors {
        Some(BusfactorCoAuthors::Yes) => question.co_authors = CoAuthors::Credited,
        Some(BusfactorCoAuthors::No) => question.co_authors = CoAuthors::Ignored,
        None => {}
    }
    if let Some(days) = it.window {
        question.window_days = (days > 0).then_some(days);
    }
    if let Some(days) = it.decay {
        if question.decay_days.is_none() {
            return Err(Problem::negative(
                "--decay belongs to the method jetbrains and to evidence",
            ));
        }
        question.decay_days = (days > 0).then_some(days);
    }
    Ok(question)
}

fn repository(path: &Path, at: Option<Timestamp>) -> Result<git::Read, Problem> {
    if std::io::stderr().is_terminal() {
        eprintln!("reading {} …", path.display());
    }
    git::read(path, at)
}

fn exported(log: &Path, files: &Path, at: Option<Timestamp>) -> Result<git::Read, Problem> {
    let commits = ::busfactor::read_log(&content(log)?).map_err(|it| {
        Problem::negative(format!("{} is not an exported log", log.display()))
            .detail(it)
            .hint("the book shows how to export one, under \"Bus factor\"")
    })?;
    let files = ::busfactor::read_files(&content(files)?);
    let name = log.file_stem().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let history = History { name, commits, files, ..History::default() };
    let history = match at {
        Some(at) => history.until(at),
        None => history,
    };
    Ok(git::Read { history, commit: String::new() })
}

/// Evidence from operations, and how much there is of each kind.
fn evidence(
    it: &Busfactor,
    journal: Option<&Worklog>,
    at: Option<Timestamp>,
) -> Result<(git::Read, String), Problem> {
    let (text, shown, name) = match (journal, &it.evidence) {
        (Some(log), _) => (log.evidence(), "the journal".to_owned(), "journal".to_owned()),
        (None, Some(file)) => {
            let name = file.file_stem().map(|it| it.to_string_lossy().into_owned());
            (content(file)?, file.display().to_string(), name.unwrap_or_default())
        }
        (None, None) => (String::new(), String::new(), String::new()),
    };
    let (mut history, kinds) = ::busfactor::read_evidence(&text, at).map_err(|it| {
        Problem::negative(format!("{shown} is no evidence"))
            .detail(it)
            .hint("the book shows the form, under \"Bus factor\"")
    })?;
    history.name = name;
    let kinds: Vec<String> =
        kinds.iter().map(|(kind, count)| format!("{count} × {}", kind.as_str())).collect();
    Ok((git::Read { history, commit: String::new() }, kinds.join(", ")))
}

fn content(path: &Path) -> Result<String, Problem> {
    std::fs::read_to_string(path)
        .map_err(|it| Problem::negative(format!("could not read {}", path.display())).detail(it))
}

/// What is known or not: files of a tree, or services.
fn things(question: &Question) -> &'static str {
    if question.method == Method::Evidence { "services" } else { "files" }
}

fn count(read: &git::Read, question: &Question, wanted: bool) -> Counted {
    Counted {
        name: read.history.name.clone(),
        commit: read.commit.clone(),
        measure: measure(&read.history, question),
        strip: strip(&read.history, question),
        deeds: String::new(),
        covered: None,
        services: if question.method == Method::Evidence {
            known_by(&read.history, question)
        } else {
            BTreeMap::new()
        },
        pairing: if wanted {
            Wanted::Asked(pairing(&read.history, question))
        } else {
            Wanted::Unasked
        },
    }
}
