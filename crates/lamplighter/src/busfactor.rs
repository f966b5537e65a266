//! `busfactor`: how few people may leave, with everything the number depends on.
//!
//! Nobody is named, in text or JSON: one greedy run is one of many equally good answers. The one
//! exception is a pairing, for whoever asks for it with `--pairing`.

use crate::cli::{
    Busfactor, BusfactorCoAuthors, BusfactorIdentity, BusfactorKeep, BusfactorMethod,
};
use crate::git;
use crate::{Answer, YES, no, say, say_json};
use ::busfactor::{
    By, CoAuthors, Exact, History, Keep, Measure, Merge, Method, Pairing, Programs, Question,
    Variant, measure, pairing, strip,
};
use model::Timestamp;
use serde_json::{Value, json};
use server::Problem;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::Path;

pub(crate) fn busfactor(it: &Busfactor) -> Answer {
    let mut question = question(it)?;
    // A log has the names it was exported with; there is no repository to ask.
    question.identity.mailmap &= it.log.is_none();
    let at = match it.at.as_deref() {
        None => None,
        Some(text) => Some(Timestamp::parse_rfc3339(text).ok_or_else(|| {
            Problem::negative(format!("`{text}` is not an instant"))
                .hint("write it as 2026-12-24T18:00:00Z")
        })?),
    };
    let read = match (&it.log, &it.files) {
        (Some(log), Some(files)) => vec![exported(log, files, at)?],
        _ => it.repos.iter().map(|path| repository(path, at)).collect::<Result<_, _>>()?,
    };
    let wanted = it.pairing;
    let mut counted: Vec<Counted> = read.iter().map(|it| count(it, &question, wanted)).collect();
    if read.len() > 1 {
        let histories: Vec<History> = read.into_iter().map(|it| it.history).collect();
        let history = History::together(&histories);
        counted.insert(0, count(&git::Read { history, commit: String::new() }, &question, wanted));
    }
    let whole = counted.first().expect("at least one repository or log is required");
    if it.form.json {
        let mut value = to_json(whole, &question);
        let single = if counted.len() > 1 { &counted[1..] } else { &counted[..] };
        value["repositories"] = single.iter().map(|it| to_json(it, &question)).collect();
        say_json(&value);
    } else {
        let told: Vec<String> = counted.iter().map(|it| told(it, &question)).collect();
        say(&told.join("\n"));
    }
    Ok(if whole.measure.bus_factor.is_some() { YES } else { no() })
}

/// A history and what it came to.
struct Counted {
    name: String,
    commit: String,
    measure: Measure,
    strip: Vec<Variant>,
    pairing: Wanted,
}

/// A pairing, where one was asked for.
enum Wanted {
    Unasked,
    Asked(Option<Pairing>),
}

fn question(it: &Busfactor) -> Result<Question, Problem> {
    let method = match (it.method, it.pruned) {
        (BusfactorMethod::Avelino, false) => Method::Avelino,
        (BusfactorMethod::Avelino, true) => Method::AvelinoPruned,
        (BusfactorMethod::Jetbrains, false) => Method::JetBrains,
        (BusfactorMethod::Jetbrains, true) => {
            return Err(Problem::negative("--pruned belongs to the method avelino"));
        }
    };
    let mut question = Question::of(method);
    question.keep = match it.keep {
        BusfactorKeep::Code => Keep::Code,
        BusfactorKeep::All => Keep::All,
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
        if method != Method::JetBrains {
            return Err(Problem::negative("--decay belongs to the method jetbrains"));
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
    let text = |path: &Path| {
        std::fs::read_to_string(path).map_err(|it| {
            Problem::negative(format!("could not read {}", path.display())).detail(it)
        })
    };
    let commits = ::busfactor::read_log(&text(log)?).map_err(|it| {
        Problem::negative(format!("{} is not an exported log", log.display()))
            .detail(it)
            .hint("the book shows how to export one, under \"Bus factor\"")
    })?;
    let files = ::busfactor::read_files(&text(files)?);
    let name = log.file_stem().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let history = History { name, commits, files, ..History::default() };
    let history = match at {
        Some(at) => history.until(at),
        None => history,
    };
    Ok(git::Read { history, commit: String::new() })
}

fn count(read: &git::Read, question: &Question, wanted: bool) -> Counted {
    Counted {
        name: read.history.name.clone(),
        commit: read.commit.clone(),
        measure: measure(&read.history, question),
        strip: strip(&read.history, question),
        pairing: if wanted {
            Wanted::Asked(pairing(&read.history, question))
        } else {
            Wanted::Unasked
        },
    }
}

/// The number and everything it rests on, for people.
fn told(it: &Counted, question: &Question) -> String {
    let mut text = String::new();
    headline(&mut text, it);
    let _ = writeln!(text, "\nHow it was counted");
    for (label, line) in grounds(it, question) {
        let _ = writeln!(text, "  {label:<9} {line}");
    }
    let _ = writeln!(text, "\nOne choice changed at a time");
    for it in &it.strip {
        let _ = writeln!(text, "  {:<34} {}", it.change, number(&it.measure));
    }
    match &it.pairing {
        Wanted::Unasked => {}
        Wanted::Asked(None) => {
            let _ = writeln!(text, "\nNo pairing: nobody has begun on files of a single author.");
        }
        Wanted::Asked(Some(pairing)) => paired(&mut text, pairing),
    }
    text
}

fn paired(text: &mut String, it: &Pairing) {
    let Pairing { folder, knows, learns, files, begun, single, bus_factor, .. } = it;
    let goes = if bus_factor.0 == bus_factor.1 {
        format!("stays {}", bus_factor.0)
    } else {
        format!("goes from {} to {}", bus_factor.0, bus_factor.1)
    };
    let as_good = match it.as_good {
        0 => "No other would do as well".to_owned(),
        count => format!("{} would do as well", many(count, "other", "others")),
    };
    let files = many(*files, "file", "files");
    let _ = write!(
        text,
        "\nThe cheapest next pairing\n  \
         {knows} with {learns} on {folder}: {knows} is the only author of {files}, and {learns} has \
         changed {begun} of them.\n  \
         Afterwards files with a single author fall from {} to {}, and the bus factor {goes}.\n  \
         {as_good}. Assumed: {learns} is an author of those files then.\n",
        single.0, single.1,
    );
}

fn headline(text: &mut String, it: &Counted) {
    let measure = &it.measure;
    let _ = write!(text, "{}: bus factor {}", it.name, number(measure));
    let Some(count) = measure.bus_factor else {
        let _ = writeln!(text, "\n  No file that counts was touched by anybody within the window.");
        return;
    };
    let (needed, files) = (measure.files_needed, measure.files);
    let lost = format!("at least {needed} of {files} files have nobody who knows them");
    let takes = match (measure.by, count) {
        (By::Pruned, _) => {
            "The rest of the greedy set is dropped by a rule, not because it could stay away."
                .to_owned()
        }
        (_, 0) => "More than enough files have nobody who knows them already.".to_owned(),
        (_, 1) => format!("It takes one person: without them {lost}."),
        (_, count) => format!("It takes {count} people: without them {lost}."),
    };
    let _ = writeln!(text, "\n  {takes}");
    let exact = match measure.exact {
        Exact::Found(count) => format!("exact {count}"),
        Exact::Between { at_least, at_most } => {
            format!("exact between {at_least} and {at_most}: too much work to tell")
        }
    };
    let _ = writeln!(
        text,
        "  {exact}; greedy {}; greedy with ties the other way {}; greedy, pruned {}",
        measure.greedy, measure.greedy_other_ties, measure.pruned
    );
    if let Some(standing) = measure.standing {
        let _ = write!(
            text,
            "  Of {}, {} in every smallest set and {} in at least one. Nobody is named",
            many(measure.authors, "author", "authors"),
            many(standing.in_every, "stands", "stand"),
            many(standing.in_some, "stands", "stand"),
        );
        let chance = standing.in_some > standing.in_every;
        let _ =
            writeln!(text, "{}", if chance { ": whom one run would list is chance." } else { "." });
    }
}

/// Method, window, filter, identity rule, and what was left out.
fn grounds(it: &Counted, question: &Question) -> Vec<(&'static str, String)> {
    let measure = &it.measure;
    let left_out = &measure.left_out;
    let share = question.share_percent;
    let method = match question.method {
        Method::Avelino => format!(
            "avelino (Avelino et al. 2016, unpruned): an author has more than {share} % of the file's \
             highest degree of authorship"
        ),
        Method::AvelinoPruned => format!(
            "avelino, pruned (as its program does): more than {share} % of the highest degree of \
             authorship, then without those below a tenth of the first one's files"
        ),
        Method::JetBrains => format!(
            "jetbrains (Jabrayilzade et al. 2022, as coded in 2023, commits only): more than {share} % \
             of the highest authorship; {}",
            question.decay_days.map_or("no decay".to_owned(), |it| format!("decay {it} days"))
        ),
    };
    let end = measure.ends_at.map_or("nothing".to_owned(), |it| it.to_string());
    let window =
        question.window_days.map_or("the whole history".to_owned(), |it| format!("{it} days"));
    let commit = it.commit.get(..12).map_or(String::new(), |it| format!(" ({it})"));
    let mut files = format!(
        "{} of {}: {}",
        measure.files,
        measure.files + left_out.files + left_out.files_silent,
        filter(question)
    );
    if left_out.files_silent > 0 {
        let _ = write!(files, "; {} that nobody changed in the window", left_out.files_silent);
    }
    let rule = match question.identity.merge {
        Merge::EmailOrName => "one person by equal e-mail or equal name",
        Merge::Email => "one person by equal e-mail",
    };
    let mailmap = if question.identity.mailmap {
        format!(".mailmap followed ({} changed)", many(measure.mapped, "contact", "contacts"))
    } else {
        ".mailmap not followed".to_owned()
    };
    let programs = match question.programs {
        Programs::LeftOut => format!(
            "{} and {} of programs",
            many(left_out.commits_of_programs, "commit", "commits"),
            many(left_out.trailers_of_programs, "trailer", "trailers"),
        ),
        Programs::Counted => "nothing of programs: they are counted as people".to_owned(),
    };
    let co_authors = match question.co_authors {
        CoAuthors::Credited => "co-authors are credited".to_owned(),
        CoAuthors::Ignored => {
            format!("{} of people", many(left_out.trailers_of_people, "trailer", "trailers"))
        }
    };
    vec![
        ("method", method),
        (
            "window",
            format!("{window} to {end}{commit}: {}", many(measure.commits, "commit", "commits")),
        ),
        ("files", files),
        (
            "unknown",
            many(measure.files_without_author, "file has", "files have") + " no author now",
        ),
        (
            "people",
            format!(
                "{}, {} of files: {rule}, {mailmap}",
                measure.people,
                many(measure.authors, "author", "authors")
            ),
        ),
        ("left out", format!("{programs}; {co_authors}")),
    ]
}

fn filter(question: &Question) -> String {
    let mut text = match question.keep {
        Keep::Code => {
            "code, without documentation, data, media, hidden, generated and vendored files"
                .to_owned()
        }
        Keep::All => "every file".to_owned(),
    };
    if !question.only.is_empty() {
        let _ = write!(text, "; only {}", question.only.join(", "));
    }
    if !question.without.is_empty() {
        let _ = write!(text, "; without {}", question.without.join(", "));
    }
    text
}

/// The bus factor, or that it is not known, or that fewer may do.
fn number(measure: &Measure) -> String {
    match (measure.bus_factor, measure.by) {
        (None, _) => "unknown".to_owned(),
        (Some(count), By::Exact | By::Pruned) => count.to_string(),
        (Some(count), By::Greedy) => format!("at most {count}"),
    }
}

fn many(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// The same for programs.
fn to_json(it: &Counted, question: &Question) -> Value {
    let measure = &it.measure;
    let left_out = &measure.left_out;
    let (at_least, at_most) = match measure.exact {
        Exact::Found(count) => (count, count),
        Exact::Between { at_least, at_most } => (at_least, at_most),
    };
    let strip = |it: &Variant| json!({ "change": it.change, "bus_factor": it.measure.bus_factor, "found_by": by(&it.measure) });
    let mut value = json!({
        "name": it.name,
        "commit": (!it.commit.is_empty()).then_some(&it.commit),
        "bus_factor": measure.bus_factor,
        "found_by": by(measure),
        "exact": { "at_least": at_least, "at_most": at_most },
        "greedy": measure.greedy,
        "greedy_other_ties": measure.greedy_other_ties,
        "greedy_pruned": measure.pruned,
        "smallest_sets": measure.standing.map(|it| json!({
            "people_in_every": it.in_every, "people_in_some": it.in_some,
        })),
        "method": match question.method {
            Method::Avelino => "avelino",
            Method::AvelinoPruned => "avelino-pruned",
            Method::JetBrains => "jetbrains",
        },
        "author_above_percent": question.share_percent,
        "stands_still_below_percent": question.coverage_percent,
        "window": {
            "ends_at": measure.ends_at.map(|it| it.to_string()),
            "days": question.window_days,
            "decay_days": question.decay_days,
            "commits": measure.commits,
        },
        "filter": {
            "rule": match question.keep { Keep::Code => "code", Keep::All => "all" },
            "only": question.only,
            "without": question.without,
            "files": measure.files,
            "files_left_out": left_out.files,
            "files_silent_in_window": left_out.files_silent,
            "files_without_author": measure.files_without_author,
            "files_needed": measure.files_needed,
        },
        "identity": {
            "rule": match question.identity.merge {
                Merge::EmailOrName => "email-or-name",
                Merge::Email => "email",
            },
            "mailmap": question.identity.mailmap,
            "contacts_changed_by_mailmap": measure.mapped,
            "people": measure.people,
            "authors": measure.authors,
        },
        "programs": match question.programs {
            Programs::LeftOut => "left-out",
            Programs::Counted => "counted",
        },
        "co_authors": match question.co_authors {
            CoAuthors::Credited => "credited",
            CoAuthors::Ignored => "ignored",
        },
        "left_out": {
            "commits_before_window": left_out.commits_old,
            "commits_of_programs": left_out.commits_of_programs,
            "trailers_of_programs": left_out.trailers_of_programs,
            "trailers_of_people": left_out.trailers_of_people,
        },
        "sensitivity": it.strip.iter().map(strip).collect::<Vec<_>>(),
    });
    if let Wanted::Asked(pairing) = &it.pairing {
        value["pairing"] = pairing.as_ref().map_or(Value::Null, |it| {
            json!({
                "folder": it.folder,
                "knows": it.knows,
                "learns": it.learns,
                "files": it.files,
                "files_begun": it.begun,
                "single_author_files": { "now": it.single.0, "after": it.single.1 },
                "bus_factor": { "now": it.bus_factor.0, "after": it.bus_factor.1 },
                "as_good": it.as_good,
            })
        });
    }
    value
}

fn by(measure: &Measure) -> &'static str {
    match measure.by {
        By::Exact => "exact",
        By::Greedy => "greedy",
        By::Pruned => "greedy-pruned",
    }
}
