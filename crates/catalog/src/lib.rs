//! Configuration as code: YAML files become a [`model::Catalogue`], or a list of everything that
//! is wrong with them.
//!
//! Intuition: a person fixes a file once, so `check` must say everything at once. That is why we
//! do not derive a reader, which stops at its first error: the files become a tree in which every
//! key and value knows where it stands ([`yaml`]), one table says which keys exist and what each
//! may hold ([`shape`]), and a walk over both collects every problem ([`check`]). What needs the
//! whole picture, such as needs that form a circle, comes after ([`semantics`]). Only a tree
//! without errors is turned into a catalogue ([`build`]).
//!
//! Invariants:
//! - the same table makes the reader, the JSON Schema and the reference: they cannot disagree;
//! - a catalogue exists exactly when no diagnostic is an error;
//! - nothing in a catalogue dangles, and building one cannot fail;
//! - the text of a secret written in the clear is never printed;
//! - reading is bounded: file size, nodes with aliases followed, depth, parts of a feature,
//!   diagnostics.

mod alerts;
mod back;
mod build;
mod check;
mod codes;
mod diagnostic;
mod exclusions;
mod files;
mod leave;
mod needs;
mod own;
mod promises;
mod queries;
mod reference;
mod render;
mod roads;
mod rotas;
mod scalars;
mod sections;
mod semantics;
mod shape;
mod slis;
mod suggest;
mod yaml;

#[cfg(test)]
mod tests;

pub use codes::{CodeInfo, codes, codes_markdown};
pub use diagnostic::{Diagnostic, Related, Severity, Span};
pub use files::{FILE_BYTES_MAX, SourceFile};
pub use reference::{json_schema, reference_markdown};
pub use render::{contents, render, to_json};

pub use leave::Absence;
use model::Catalogue;
use ring::digest::{SHA256, digest};
use std::path::PathBuf;

/// What reading configuration came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The organisation as configured; `None` exactly when a diagnostic is an error.
    pub catalogue: Option<Catalogue>,
    /// Everything noticed, in order of file and line.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read, in the order in which they were read.
    pub files: Vec<SourceFile>,
    /// Leave and public holidays as written; [`Loaded::with_absences`] puts them into the catalogue.
    pub absences: Vec<Absence>,
    /// What is a problem only with the time, or with the configuration before, at hand.
    pub(crate) later: Vec<promises::Later>,
}

impl Loaded {
    /// How many diagnostics are of `severity`.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|it| it.severity == severity).count()
    }
}

/// Reads files and folders. Of a folder: every `*.yaml` and `*.yml` directly inside, in order of
/// name. All of it together is one organisation.
#[must_use]
pub fn load(paths: &[PathBuf]) -> Loaded {
    let mut sink = diagnostic::Sink::default();
    let files = files::read(paths, &mut sink);
    load_files(files, &files::read_bytes, sink)
}

/// As [`load`], from names and texts at hand. Names that end with `.ics` are calendars that the others
/// may name.
#[must_use]
pub fn load_str(files: &[(&str, &str)]) -> Loaded {
    let mut sink = diagnostic::Sink::default();
    let mut kept = Vec::new();
    let is_calendar = |name: &str| leave::is_calendar(name);
    for (name, text) in files.iter().filter(|it| !is_calendar(it.0)) {
        files::accept(name, (*text).as_bytes().to_vec(), &mut kept, &mut sink);
    }
    let calendar = |path: &std::path::Path| {
        let found = files.iter().find(|it| std::path::Path::new(it.0) == path);
        found
            .map(|it| it.1.as_bytes().to_vec())
            .ok_or_else(|| std::io::Error::new(std::io::ErrorKind::NotFound, "no such file"))
    };
    load_files(kept, &calendar, sink)
}

fn load_files(
    files: Vec<SourceFile>,
    reader: leave::Reader<'_>,
    mut sink: diagnostic::Sink,
) -> Loaded {
    let (mut absences, mut later) = (vec![], vec![]);
    let sections = sections::gather(&files, &mut sink);
    if let Some(sections) = &sections {
        let symbols = sections::Symbols::of(sections);
        check::check(sections, &symbols, &mut sink);
        semantics::check(sections, &mut sink);
        absences = leave::gather(sections, &files, reader, &mut sink);
        later = promises::later(sections, &files);
    }
    let catalogue = match sections {
        Some(sections) if !sink.has_errors() => Some(build::build(&sections)),
        _ => None,
    };
    Loaded { catalogue, diagnostics: sink.finish(&files), files, absences, later }
}

/// SHA-256, in hexadecimal, over the canonical JSON of `catalogue`: keys sorted, no white space,
/// personal text included. Two catalogues have the same hash exactly when they say the same.
#[must_use]
pub fn hash(catalogue: &Catalogue) -> String {
    use std::fmt::Write as _;
    let value = serde_json::to_value(catalogue).expect("a catalogue has only string keys");
    let mut canonical = String::new();
    write_canonical(&value, &mut canonical);
    digest(&SHA256, canonical.as_bytes()).as_ref().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes what is written to it");
        hex
    })
}

// Not `Value::to_string`: the order of its keys depends on a feature that any crate may turn on.
fn write_canonical(value: &serde_json::Value, into: &mut String) {
    match value {
        serde_json::Value::Array(items) => {
            into.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    into.push(',');
                }
                write_canonical(item, into);
            }
            into.push(']');
        }
        serde_json::Value::Object(map) => {
            let sorted: std::collections::BTreeMap<_, _> = map.iter().collect();
            into.push('{');
            for (index, (key, item)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    into.push(',');
                }
                into.push_str(&serde_json::Value::from(key.as_str()).to_string());
                into.push(':');
                write_canonical(item, into);
            }
            into.push('}');
        }
        leaf => into.push_str(&leaf.to_string()),
    }
}
