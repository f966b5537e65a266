//! Histories of repositories, read through the user's `git`.
//!
//! Nothing of a repository is parsed here: `git` knows its objects, its renames, its `.mailmap` and
//! where those are configured. What a person's configuration could change about the output is pinned.
//! Nothing is written into the repository.

use busfactor::{Contact, History};
use model::Timestamp;
use server::Problem;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A history and the commit it ends with.
pub(crate) struct Read {
    pub(crate) history: History,
    pub(crate) commit: String,
}

/// Hash, both times, name and address as written, co-authors: divided as `busfactor::read_git` says.
const HEADER: &str = "--format=%x1e%H%x1f%aI%x1f%cI%x1f%an%x1f%ae%x1f\
                      %(trailers:key=Co-authored-by,valueonly=true,separator=%x1d)%x1f";

/// What a person may have configured that would change what is read.
const PINNED: &[&str] = &[
    "core.quotePath=false",
    "i18n.logOutputEncoding=UTF-8",
    "log.showRoot=true",
    "log.showSignature=false",
    "log.follow=false",
    "diff.renameLimit=1000",
    "diff.relative=false",
];

/// Reads the repository at `path` as its main line stood at `at`, or as it stands.
pub(crate) fn read(path: &Path, at: Option<Timestamp>) -> Result<Read, Problem> {
    if !path.is_dir() {
        return Err(Problem::negative(format!("there is no folder {}", path.display()))
            .hint("name a folder with a git repository in it"));
    }
    let text = |arguments: &[&str]| -> Result<String, Problem> {
        let bytes = run(path, arguments, None)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    if text(&["rev-parse", "--is-shallow-repository"])? == "true" {
        return Err(Problem::negative(format!("the history of {} is cut off", path.display()))
            .detail("A shallow clone would show whoever comes first as the author of every file.")
            .hint("fetch the rest with `git fetch --unshallow`"));
    }
    let prefix = text(&["rev-parse", "--show-prefix"])?;
    if !prefix.is_empty() {
        let top = text(&["rev-parse", "--show-toplevel"])?;
        return Err(Problem::negative(format!("{} lies inside a repository", path.display()))
            .hint(format!("ask for {top} with --only {}", prefix.trim_end_matches('/'))));
    }
    let commit = match at {
        // An empty repository has no HEAD to speak of.
        None => text(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).unwrap_or_default(),
        Some(at) => {
            // Along first parents: what the main line had, not what somebody had on a branch.
            let age = format!("--min-age={}", at.0.div_euclid(1000));
            text(&["rev-list", "--max-count=1", "--first-parent", &age, "HEAD"])?
        }
    };
    if commit.is_empty() {
        let when = at.map_or("has no commits".to_owned(), |it| format!("had no commits at {it}"));
        return Err(Problem::negative(format!("{} {when}", path.display()))
            .hint("name another instant, or another branch's work tree"));
    }
    let log = ["log", "-z", "--name-status", "--find-renames=50%", "--date-order", "--no-color"];
    let log = run(path, &[&log[..], &[HEADER, &commit, "--"]].concat(), None)?;
    let commits = busfactor::read_git(&log).map_err(|it| {
        Problem::unreachable(format!("could not read the history of {}", path.display())).detail(it)
    })?;
    let files = busfactor::files_of_git(&run(
        path,
        &["ls-tree", "-r", "-z", "--full-tree", &commit],
        None,
    )?);
    let mut history = History { name: name(path), commits, files, ..History::default() };
    history.mailmap = mailmap(path, &history)?;
    Ok(Read { history, commit })
}

/// What `.mailmap` makes of every contact, where it changes something.
fn mailmap(path: &Path, history: &History) -> Result<BTreeMap<Contact, Contact>, Problem> {
    let whole = |it: &Contact| !it.email.is_empty() && !it.name.contains(['<', '>', '\n']);
    let contacts: Vec<Contact> = history.contacts().into_iter().filter(whole).collect();
    if contacts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let lines: Vec<String> =
        contacts.iter().map(|it| format!("{} <{}>", it.name, it.email)).collect();
    let asked = lines.join("\n") + "\n";
    let answer = run(path, &["check-mailmap", "--stdin"], Some(asked))?;
    let answer = String::from_utf8_lossy(&answer);
    let answers: Vec<Contact> = answer.lines().map(Contact::parse).collect();
    if answers.len() != contacts.len() {
        return Err(Problem::unreachable("could not read what .mailmap says")
            .detail("`git check-mailmap` did not answer once for every contact.")
            .hint("leave .mailmap out with --no-mailmap"));
    }
    Ok(contacts.into_iter().zip(answers).filter(|(asked, answer)| asked != answer).collect())
}

/// The folder's own name; `.` is looked up.
fn name(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    whole.file_name().map_or_else(|| "/".to_owned(), |it| it.to_string_lossy().into_owned())
}

/// Runs `git` in `path` and returns what it wrote.
fn run(path: &Path, arguments: &[&str], input: Option<String>) -> Result<Vec<u8>, Problem> {
    let mut command = Command::new("git");
    command.arg("--no-pager").arg("-C").arg(path);
    for it in PINNED {
        command.args(["-c", it]);
    }
    command.args(arguments).env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|it| {
        Problem::unreachable("could not start git")
            .detail(it)
            .hint("install git, or give an exported log with --log and --files")
    })?;
    // Written beside reading: with more than a pipe full, both sides would wait for ever.
    let writer = child.stdin.take().zip(input).map(|(mut pipe, text)| {
        std::thread::spawn(move || {
            // A reader that ended early has said why on its own.
            let _ = pipe.write_all(text.as_bytes());
        })
    });
    let output = child.wait_with_output();
    if let Some(writer) = writer {
        let _ = writer.join();
    }
    let unread = || Problem::negative(format!("could not read the repository {}", path.display()));
    let output = output.map_err(|it| unread().detail(it))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(unread().detail(said).hint("name a folder with a git repository in it"))
}
