//! The bus factor for people: the number, what it rests on, and what moves it.

use super::hours::{Covered, shown};
use super::{Counted, Wanted, things};
use busfactor::{By, CoAuthors, Exact, Keep, Measure, Merge, Method, Pairing, Programs, Question};
use std::fmt::Write as _;

/// The number and everything it rests on, for people.
pub(super) fn told(it: &Counted, question: &Question) -> String {
    let mut text = String::new();
    headline(&mut text, it, things(question));
    let _ = writeln!(text, "\nHow it was counted");
    for (label, line) in grounds(it, question) {
        let _ = writeln!(text, "  {label:<9} {line}");
    }
    if !it.services.is_empty() {
        let _ = writeln!(text, "\nHow many people know each service");
        for (service, count) in &it.services {
            let _ = writeln!(text, "  {service:<34} {count}");
        }
    }
    if let Some(covered) = &it.covered {
        nobody(&mut text, covered);
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

/// Hours with nobody who knows a service, and who could shorten them.
fn nobody(text: &mut String, it: &Covered) {
    let _ = writeln!(text, "\nHours of a week with nobody at work who knows it");
    for (service, minutes) in &it.nobody {
        let _ = writeln!(text, "  {service:<34} {}", shown(*minutes));
    }
    match &it.pairing {
        None if !it.asked => {}
        None => {
            let _ = writeln!(text, "\nNo pairing: none would shorten any of these.");
        }
        Some(it) => {
            let begun = if it.begun { "has begun on it" } else { "is new to it" };
            let others = match it.as_good {
                0 => "No other would do as well".to_owned(),
                count => format!("{} would do as well", many(count, "other", "others")),
            };
            let _ = writeln!(
                text,
                "\nThe cheapest next pairing\n  If {} pairs with {} on {}, hours with nobody fall from \
                 {} to {} a week.\n  {} {begun}; both work {} hours a week at the same time.\n  \
                 {others}. Assumed: {} knows it then.",
                it.knows,
                it.learns,
                it.service,
                shown(it.nobody.0),
                shown(it.nobody.1),
                it.learns,
                shown(it.together),
                it.learns
            );
        }
    }
}

fn headline(text: &mut String, it: &Counted, things: &str) {
    let measure = &it.measure;
    let _ = write!(text, "{}: bus factor {}", it.name, number(measure));
    let Some(count) = measure.bus_factor else {
        let _ = writeln!(text, "\n  Nothing that counts was touched by anybody within the window.");
        return;
    };
    let (needed, files) = (measure.files_needed, measure.files);
    let lost = format!("at least {needed} of {files} {things} have nobody who knows them");
    let takes = match (measure.by, count) {
        (By::Pruned, _) => {
            "The rest of the greedy set is dropped by a rule, not because it could stay away."
                .to_owned()
        }
        (_, 0) => format!("More than enough {things} have nobody who knows them already."),
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
    let out = &measure.left_out;
    let end = measure.ends_at.map_or("nothing".to_owned(), |it| it.to_string());
    let window =
        question.window_days.map_or("the whole history".to_owned(), |it| format!("{it} days"));
    let commit = it.commit.get(..12).map_or(String::new(), |it| format!(" ({it})"));
    let mut files = format!(
        "{} of {}: {}",
        measure.files,
        measure.files + out.files + out.files_silent,
        filter(question)
    );
    if out.files_silent > 0 {
        let _ = write!(files, "; {} that nobody changed in the window", out.files_silent);
    }
    let (deed, deeds) = deed(question);
    let mut grounds = vec![
        ("method", method(question)),
        ("window", format!("{window} to {end}{commit}: {}", many(measure.commits, deed, deeds))),
        (things(question), files),
        (
            "unknown",
            format!(
                "{} of these {} have nobody now",
                measure.files_without_author,
                things(question)
            ),
        ),
        (
            "people",
            format!(
                "{}, of whom {} know something: {}",
                measure.people,
                measure.authors,
                rule(measure, question)
            ),
        ),
        ("left out", left_out(measure, question)),
    ];
    if question.method == Method::Evidence {
        grounds.insert(2, ("evidence", it.deeds.clone()));
    }
    grounds
}

fn method(question: &Question) -> String {
    let share = question.share_percent;
    match question.method {
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
            decay(question)
        ),
        Method::Evidence => format!(
            "evidence (our own rule): whoever's faded deeds sum to more than {share} % of a fresh one; {}",
            decay(question)
        ),
    }
}

/// Who is one person.
fn rule(measure: &Measure, question: &Question) -> String {
    if question.method == Method::Evidence {
        return "one person by equal name".to_owned();
    }
    let merge = match question.identity.merge {
        Merge::EmailOrName => "one person by equal e-mail or equal name",
        Merge::Email => "one person by equal e-mail",
    };
    if question.identity.mailmap {
        let mapped = many(measure.mapped, "contact", "contacts");
        format!("{merge}, .mailmap followed ({mapped} changed)")
    } else {
        format!("{merge}, .mailmap not followed")
    }
}

fn left_out(measure: &Measure, question: &Question) -> String {
    let left_out = &measure.left_out;
    let (deed, deeds) = deed(question);
    let programs = match question.programs {
        Programs::LeftOut => format!(
            "{} and {} of programs",
            many(left_out.commits_of_programs, deed, deeds),
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
    let old = match left_out.commits_old {
        0 => String::new(),
        count => format!("; {} before the window", many(count, deed, deeds)),
    };
    format!("{programs}; {co_authors}{old}")
}

/// What one entry of the history is called, once and often.
fn deed(question: &Question) -> (&'static str, &'static str) {
    if question.method == Method::Evidence { ("deed", "deeds") } else { ("commit", "commits") }
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

fn decay(question: &Question) -> String {
    question.decay_days.map_or("no decay".to_owned(), |it| format!("decay {it} days"))
}

fn filter(question: &Question) -> String {
    let mut text = match question.keep {
        Keep::Code => {
            "code, without documentation, data, media, hidden, generated and vendored files"
                .to_owned()
        }
        Keep::All => format!("all {}", things(question)),
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
