//! Which format a document is in, and what it holds.
//!
//! Intuition: people hand over a folder. Each document is known by `apiVersion` or `version`; the
//! objects of OpenSLO refer to each other across files, so they are gathered first.

use crate::loss::{Loss, Report};
use crate::openslo::{self, Object};
use crate::spec::{Place, SloSpec};
use crate::yaml::{self, Node};
use crate::{pyrra, sloth};

/// What was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Read {
    /// Every objective that could be read, in order of file and document.
    pub specs: Vec<SloSpec>,
    /// What could not be carried over.
    pub losses: Vec<Loss>,
}

/// Whether `text` holds a document of one of the formats that [`read`] knows, as far as can be
/// told. Never true of our own configuration.
#[must_use]
pub fn is_foreign(text: &str) -> bool {
    match yaml::parse(text) {
        Ok(documents) => documents.iter().any(|it| format_of(it).is_some()),
        // Too broken to be read, but its owner may still be told by the right reader.
        Err(_) => text.lines().any(|line| {
            let line = line.trim_start_matches(['-', ' ']).trim_start_matches(['"', '{']);
            let version = line.strip_prefix("apiVersion").or_else(|| line.strip_prefix("version"));
            version.is_some_and(|it| FORMATS.iter().any(|(known, _)| it.contains(known)))
        }),
    }
}

/// Reads files of Sloth, OpenSLO and Pyrra, given as names and texts.
#[must_use]
pub fn read(files: &[(&str, &str)]) -> Read {
    let mut found = Read::default();
    let mut objects: Vec<(Place, Object)> = Vec::new();
    for (file, text) in files {
        let mut report = Report { file, subject: String::new(), losses: &mut found.losses };
        match yaml::parse(text) {
            Ok(documents) => {
                for (document, node) in documents.iter().enumerate() {
                    let place = Place { file: (*file).to_owned(), document, line: node.line };
                    read_document(node, &place, &mut found.specs, &mut objects, &mut report);
                }
            }
            Err(error) => {
                let why = format!("it is not YAML: {}", error.message);
                report.refused(error.line, "the file", &why);
            }
        }
    }
    openslo::lift(objects, &mut found.specs, &mut found.losses);
    let order: Vec<&str> = files.iter().map(|(file, _)| *file).collect();
    found.specs.sort_by_key(|it| {
        (order.iter().position(|file| *file == it.place.file), it.place.document, it.place.line)
    });
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Sloth,
    SlothCrd,
    OpenSloAlpha,
    OpenSlo,
    Pyrra,
}

const FORMATS: [(&str, Format); 7] = [
    ("prometheus/v1", Format::Sloth),
    ("sloth.slok.dev/v1", Format::SlothCrd),
    ("openslo/v1alpha", Format::OpenSloAlpha),
    ("openslo/v1", Format::OpenSlo),
    // Read by none of our readers, but told apart from our own files, and refused by name.
    ("openslo.com/v2alpha", Format::OpenSlo),
    ("openslo/v2alpha", Format::OpenSlo),
    ("pyrra.dev/v1alpha1", Format::Pyrra),
];

fn format_of(node: &Node) -> Option<Format> {
    // A list of OpenSLO objects is known by its first.
    let node = node.items().first().unwrap_or(node);
    let version = node.get("apiVersion").or_else(|| node.get("version"))?.text()?;
    FORMATS.iter().find(|(known, _)| *known == version).map(|(_, format)| *format)
}

fn read_document(
    node: &Node,
    place: &Place,
    specs: &mut Vec<SloSpec>,
    objects: &mut Vec<(Place, Object)>,
    report: &mut Report<'_>,
) {
    match format_of(node) {
        Some(Format::Sloth) => specs.extend(sloth::read_file(node, place, report)),
        Some(Format::SlothCrd) => match node.get("kind").and_then(Node::text) {
            Some("PrometheusServiceLevel") => specs.extend(sloth::read_crd(node, place, report)),
            Some("AlertWindows") => {
                let why = "a set of windows goes to `lamplighter rules --windows FILE`";
                report.refused(node.line, "the document", why);
            }
            _ => report.refused(node.line, "the document", "its `kind` is not known"),
        },
        Some(Format::OpenSloAlpha) => {
            specs.extend(openslo::alpha::read(node, place, report));
        }
        Some(Format::OpenSlo) => {
            let decoded = openslo::objects_of(node, report);
            objects.extend(
                decoded.into_iter().map(|it| (Place { line: it.line, ..place.clone() }, it)),
            );
        }
        Some(Format::Pyrra) => specs.extend(pyrra::read(node, place, report)),
        None if node.get("apiVersion").is_some() => {
            let why = "it is left alone: none of the formats that are read here";
            report.noted(node.line, "the document", why);
        }
        None => {
            let why = "it is none of `prometheus/v1` and `sloth.slok.dev/v1` (Sloth), \
                       `openslo/v1`, `openslo/v1alpha` and `pyrra.dev/v1alpha1`";
            report.refused(node.line, "the document", why);
        }
    }
}
