//! Which files are read, and how they get into memory.
//!
//! Invariants: no file above [`FILE_BYTES_MAX`] is read; folders are not descended into, so that
//! foreign files can be kept in a folder beside; the order is the order of names, on every system.

use crate::diagnostic::{Problem, Sink, quote};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Largest file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// One file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path as the user would write it.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// Reads the files named, and those in the folders named.
pub(crate) fn read(paths: &[PathBuf], sink: &mut Sink) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let paths: Vec<_> = paths.iter().flat_map(|it| expand(it, sink)).collect();
    for path in paths {
        // The same file twice would make each of its ids a duplicate of itself.
        if !seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
            continue;
        }
        let name = path.display().to_string();
        match read_bytes(&path) {
            Ok(bytes) => accept(&name, bytes, &mut files, sink),
            Err(error) => sink.push_unread(unreadable(&name, &error)),
        }
    }
    files
}

/// Takes `bytes` as the file `name`, if they are few enough and text.
pub(crate) fn accept(name: &str, bytes: Vec<u8>, files: &mut Vec<SourceFile>, sink: &mut Sink) {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let message = format!("{} is larger than 16 MiB", quote(name));
        let problem = Problem::with_file(name, "LL002", message);
        sink.push_unread(problem.hint("split it into several files of one folder"));
        return;
    }
    match String::from_utf8(bytes) {
        Ok(text) => files.push(SourceFile { name: name.to_owned(), text }),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let message = format!("{} is not UTF-8 text: see byte {at}", quote(name));
            let problem = Problem::with_file(name, "LL003", message);
            sink.push_unread(problem.hint("save it as UTF-8"));
        }
    }
}

/// The files that `path` stands for.
fn expand(path: &Path, sink: &mut Sink) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let entries = std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match entries {
        Ok(entries) => {
            let mut found: Vec<_> =
                entries.into_iter().map(|it| it.path()).filter(|it| is_yaml(it)).collect();
            found.sort();
            found
        }
        Err(error) => {
            sink.push_unread(unreadable(&path.display().to_string(), &error));
            Vec::new()
        }
    }
}

fn is_yaml(path: &Path) -> bool {
    let extension_ok = path.extension().is_some_and(|it| it == "yaml" || it == "yml");
    let hidden = path.file_name().is_some_and(|it| it.to_string_lossy().starts_with('.'));
    extension_ok && !hidden && !path.is_dir()
}

/// At most one byte more than may be read, so that `accept` sees that it is too much.
pub(crate) fn read_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(name: &str, error: &std::io::Error) -> Problem {
    let message = format!("cannot read {}: {error}", quote(name));
    Problem::with_file(name, "LL001", message).hint("check the path and who may read it")
}
