//! `rules` and `import`: objectives of other systems in, rules or our configuration out.
//!
//! Intuition: people hand over a folder as it is. Files of Sloth, OpenSLO and Pyrra go one way,
//! all others together are our own configuration. Standard output holds only what was written, so
//! that it can be sent to a file; everything else is said on standard error.

use crate::cli::{Import, RuleFormat, Rules};
use crate::{Answer, YES, no, say};
use formats::{ImportOptions, Loss, Read, RuleOptions, Windows};
use model::{Millis, OrgId};
use server::Problem;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(crate) fn rules(it: &Rules) -> Answer {
    let gathered = gather(&server::paths(&it.paths)?)?;
    let mut windows: Vec<Windows> = vec![];
    for path in &it.windows {
        windows.extend(windows_in(path)?);
    }
    let Read { mut specs, mut losses } = gathered.read();
    let ours = gathered.ours();
    let ours_are_well = ours.is_ok();
    match ours {
        Ok(ours) => {
            specs.extend(ours.specs);
            losses.extend(ours.losses);
        }
        Err(shown) => eprint!("{shown}"),
    }
    let (text, more) = match it.format {
        RuleFormat::Prometheus | RuleFormat::Sloth => {
            let options = RuleOptions {
                labels: it.labels.iter().cloned().collect(),
                period: it.period,
                sloth_version: it.sloth_version.clone(),
                windows,
            };
            let (mut documents, mut losses) = formats::rules(&specs, &options);
            if matches!(it.format, RuleFormat::Prometheus) && !documents.is_empty() {
                let (groups, alike) = formats::joined(&documents);
                documents = vec![groups];
                losses.extend(alike);
            }
            (formats::rules_yaml(&documents), losses)
        }
        RuleFormat::Openslo => {
            let (objects, losses) = formats::openslo::write(&specs, it.period);
            let text = formats::openslo::encode_yaml(&objects);
            (if objects.is_empty() { String::new() } else { text }, losses)
        }
    };
    losses.extend(more);
    say(&text);
    Ok(ended(&losses, ours_are_well && !specs.is_empty()))
}

pub(crate) fn import(it: &Import) -> Answer {
    OrgId::new(&it.org)
        .map_err(|error| Problem::negative("`--org` cannot be used").detail(error))?;
    if let Some(answer) = crate::moves::import(it)? {
        return Ok(answer);
    }
    let gathered = gather(&it.paths)?;
    let Read { specs, mut losses } = gathered.read();
    let options = ImportOptions {
        org: it.org.clone(),
        prometheus: it.prometheus.clone(),
        interval: it.interval,
        period: it.period,
    };
    let (text, more) = formats::import(&specs, &options);
    losses.extend(more);
    for path in &gathered.others {
        eprintln!("{}: left alone: it is no file of Sloth, OpenSLO or Pyrra", path.display());
    }
    let Some(text) = text else {
        eprint!("{}", formats::report(&losses));
        let hint = "see the report above; `lamplighter rules` writes Prometheus rules for objectives \
                    that our configuration cannot hold";
        return Err(Problem::negative("nothing could be imported").hint(hint));
    };
    say(&text);
    let code = ended(&losses, true);
    let loaded = catalog::load_str(&[("standard output", &text)]);
    if loaded.catalogue.is_none() {
        let hint = "mend what was written: something in the files was taken over that only its own \
                    system accepts";
        let shown = catalog::render(&loaded, false);
        return Err(Problem::negative("what was written does not pass `lamplighter check`")
            .detail(shown)
            .hint(hint));
    }
    Ok(code)
}

/// Says what was lost, and what that comes to.
fn ended(losses: &[Loss], otherwise_well: bool) -> std::process::ExitCode {
    eprint!("{}", formats::report(losses));
    if otherwise_well && !formats::any_refused(losses) { YES } else { no() }
}

/// Files of other systems with their texts, and all others.
#[derive(Default)]
struct Gathered {
    foreign: Vec<(String, String)>,
    others: Vec<PathBuf>,
}

impl Gathered {
    fn read(&self) -> Read {
        let files: Vec<_> =
            self.foreign.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        formats::read(&files)
    }

    /// The objectives of our own configuration, or its problems as text.
    fn ours(&self) -> Result<Read, String> {
        if self.others.is_empty() {
            return Ok(Read::default());
        }
        let loaded = catalog::load(&self.others);
        let catalogue = loaded.catalogue.as_ref().ok_or_else(|| catalog::render(&loaded, false))?;
        let (specs, losses) = formats::from_catalogue(catalogue);
        Ok(Read { specs, losses })
    }
}

fn gather(paths: &[PathBuf]) -> Result<Gathered, Problem> {
    let mut gathered = Gathered::default();
    let mut seen = BTreeSet::new();
    for named in paths {
        for path in expanded(named)? {
            if !seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
                continue;
            }
            let text = text_of(&path)?;
            if formats::is_foreign(&text) {
                gathered.foreign.push((path.display().to_string(), text));
            } else {
                gathered.others.push(path);
            }
        }
    }
    Ok(gathered)
}

/// The file itself, or every `*.yaml`, `*.yml` and `*.json` directly in the folder, by name.
pub(crate) fn expanded(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| unread(path, &error))?;
    let mut files = vec![];
    for entry in entries {
        let file = entry.map_err(|error| unread(path, &error))?.path();
        let ending = file.extension().and_then(|it| it.to_str());
        if file.is_file() && ending.is_some_and(|it| ["yaml", "yml", "json"].contains(&it)) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

pub(crate) fn text_of(path: &Path) -> Result<String, Problem> {
    let size = std::fs::metadata(path).map_err(|error| unread(path, &error))?.len();
    if size > catalog::FILE_BYTES_MAX {
        let hint = "split it into several files of one folder";
        let primary = format!("{} is larger than 16 MiB", path.display());
        return Err(Problem::negative(primary).hint(hint));
    }
    std::fs::read_to_string(path).map_err(|error| unread(path, &error))
}

fn unread(path: &Path, error: &std::io::Error) -> Problem {
    Problem::unreachable(format!("could not read {}", path.display())).detail(error)
}

fn windows_in(path: &Path) -> Result<Vec<Windows>, Problem> {
    let (windows, losses) = formats::read_windows(&path.display().to_string(), &text_of(path)?);
    if formats::any_refused(&losses) || windows.is_empty() {
        let primary = format!("{} is no set of alert windows", path.display());
        return Err(Problem::negative(primary).detail(formats::report(&losses)));
    }
    Ok(windows)
}

/// Reads `NAME=VALUE`.
pub(crate) fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    if !formats::is_label_name(name) {
        return Err(format!("Prometheus takes no label called `{name}`"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Reads `30d`.
pub(crate) fn length(text: &str) -> Result<Millis, String> {
    formats::parse_prometheus(text).ok_or_else(|| "write a length of time such as `30d`".to_owned())
}
