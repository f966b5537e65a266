//! `import` of what another pager answered: people, teams, rotas, overrides and escalations.
//!
//! Intuition: whoever moves saved a folder of answers and wants to know what would be different. Standard
//! output holds the configuration alone; everything that differs is said on standard error. Where anything
//! was half read, nothing is written: a rota that lacks somebody looks like one that does not.

use crate::cli::Import;
use crate::rules::{expanded, text_of};
use crate::{YES, no, say};
use driver::{Clock as _, SystemClock};
use model::SecretRef;
use moves::{Moved, Options, System};
use server::Problem;
use std::process::ExitCode;

/// Reads the name of a pager.
pub(crate) fn system(text: &str) -> Result<System, String> {
    let found = System::ALL.iter().find(|it| it.0 == text).map(|it| it.1);
    found.ok_or_else(|| {
        let names: Vec<_> = System::ALL.iter().map(|it| it.0).collect();
        format!("it is one of {}", names.join(", "))
    })
}

/// Imports what a pager answered; `None` where the files are no such answers and none was named.
pub(crate) fn import(it: &Import) -> Result<Option<ExitCode>, Problem> {
    let now = match it.at.as_deref() {
        Some(text) => crate::oncall::time(text)?,
        None => SystemClock.now(),
    };
    let mut files = fetched(it, now)?;
    for named in &it.paths {
        for path in expanded(named)? {
            // Beside saved answers people keep notes and what was written before.
            if it.from.is_some() || path.extension().is_some_and(|it| it == "json") {
                let of_folder = named.is_dir();
                if !of_folder || path.extension().is_some_and(|it| it == "json") {
                    files.push((path.display().to_string(), text_of(&path)?));
                }
            }
        }
    }
    let detected = || files.iter().find_map(|it| moves::detect(&it.1));
    let Some(system) = it.from.or_else(detected) else { return Ok(None) };
    if files.is_empty() {
        return Err(Problem::negative("there is no JSON in these folders")
            .hint("save the answers of the API as `*.json`: the book shows the commands"));
    }
    let zones = oncall::Zones::bundled();
    let mut options = Options { org: &it.org, now, zones: &zones, against: None };
    if it.against.is_empty() {
        return ended(&moves::import(system, &files, &options), system).map(Some);
    }
    let Some(catalogue) = crate::rota::read(&it.against) else { return Ok(Some(no())) };
    options.against = Some(&catalogue.rotas);
    Ok(Some(compared(&moves::import(system, &files, &options), system)))
}

/// What the pager answers, where it is to be asked.
fn fetched(it: &Import, now: model::Timestamp) -> Result<Vec<(String, String)>, Problem> {
    let (Some(secret), Some(system)) = (&it.token, it.from) else { return Ok(vec![]) };
    let reference = match secret.split_once(':') {
        Some(("env", name)) => SecretRef::Env(name.to_owned()),
        Some(("file", path)) => SecretRef::File(path.to_owned()),
        _ => {
            return Err(Problem::negative("a token is not written on the command line")
                .detail("everybody on this machine can read it there")
                .hint(
                    "keep it elsewhere and say where: `--token env:NAME` or `--token file:PATH`",
                ));
        }
    };
    let token = channels::secrets::resolve(&reference)
        .map_err(|told| Problem::negative("the token cannot be read").detail(told))?;
    let url = it.url.as_deref();
    crate::fetch::all(&crate::fetch::Account { system, url, token, now })
}

/// What a comparison with a configuration came to.
fn compared(moved: &Moved, system: System) -> ExitCode {
    say(&formats::report(&moved.losses));
    let (hours, title) = (moved.compared_hours, system.title());
    say(&format!("{hours} hours of duty were compared with what {title} renders\n"));
    // Nothing compared is nothing known.
    if moved.losses.is_empty() && hours > 0 { YES } else { no() }
}

fn ended(moved: &Moved, system: System) -> Result<ExitCode, Problem> {
    eprint!("{}", formats::report(&moved.losses));
    let Some(text) = &moved.text else {
        let hint =
            "mend what is refused above and import again; what is lost can be dealt with later";
        return Err(Problem::negative("nothing was written: the export is not whole").hint(hint));
    };
    let loaded = catalog::load_str(&[("standard output", text)]);
    if loaded.catalogue.is_none() {
        say(text);
        let hint =
            "mend what was written: something was taken over that only the other pager accepts";
        let shown = catalog::render(&loaded, false);
        return Err(Problem::negative("what was written does not pass `lamplighter check`")
            .detail(shown)
            .hint(hint));
    }
    say(text);
    if moved.compared_hours > 0 {
        let title = system.title();
        eprintln!(
            "{} hours of duty were compared with what {title} renders; differences stand above",
            moved.compared_hours
        );
    }
    let all_is_said = moved.losses.iter().all(|it| it.weight == formats::Weight::Noted);
    Ok(if all_is_said { YES } else { no() })
}
