//! Diagnostics for people and for programs.
//!
//! Intuition: `annotate-snippets` draws; we hand it only the lines it is to show, because it
//! would otherwise read a large file once for each problem in it.
//!
//! Invariant: secrets written in the clear are masked before any line is drawn, also where the
//! line is shown for another reason.

use crate::Loaded;
use crate::diagnostic::{Diagnostic, Severity};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use model::Catalogue;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

/// All diagnostics as a person reads them, and a line that counts them. `color` adds the escape
/// codes of terminals.
#[must_use]
pub fn render(loaded: &Loaded, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(120);
    let texts = masked_texts(loaded);
    let mut shown = String::new();
    for diagnostic in &loaded.diagnostics {
        let report = &[group(diagnostic, &texts)];
        shown.push_str(&renderer.render(report));
        shown.push_str("\n\n");
    }
    shown.push_str(&summary(loaded));
    shown
}

/// The same for programs: whether it can be used, the hash of the catalogue, counts, diagnostics.
#[must_use]
pub fn to_json(loaded: &Loaded) -> Value {
    json!({
        "ok": loaded.catalogue.is_some(),
        "hash": loaded.catalogue.as_ref().map(crate::hash),
        "files": loaded.files.iter().map(|it| &it.name).collect::<Vec<_>>(),
        "errors": loaded.count(Severity::Error),
        "warnings": loaded.count(Severity::Warning),
        "notes": loaded.count(Severity::Note),
        "diagnostics": loaded.diagnostics,
    })
}

fn summary(loaded: &Loaded) -> String {
    let counts = [(Severity::Error, "error"), (Severity::Warning, "warning")];
    let counts: Vec<_> =
        counts.into_iter().filter_map(|(it, noun)| counted(loaded.count(it), noun)).collect();
    let problems = if counts.is_empty() { "no problems".to_owned() } else { counts.join(", ") };
    let files = counted(loaded.files.len(), "file").unwrap_or_else(|| "no files".to_owned());
    let mut line = format!("{problems} in {files}");
    if let Some(it) = &loaded.catalogue {
        write!(line, ": {}", contents(it)).expect("a string takes what is written to it");
    }
    line.push('\n');
    line
}

/// What a catalogue holds, in a line: "3 people, 1 team, 2 services, 1 feature".
#[must_use]
pub fn contents(it: &Catalogue) -> String {
    let people = match it.people.len() {
        1 => "1 person".to_owned(),
        count => format!("{count} people"),
    };
    let rest =
        [(it.teams.len(), "team"), (it.services.len(), "service"), (it.features.len(), "feature")];
    rest.iter().fold(people, |line, (count, noun)| {
        let counted = counted(*count, noun).unwrap_or_else(|| format!("no {noun}s"));
        format!("{line}, {counted}")
    })
}

/// "1 error", "2 errors"; `None` for none.
fn counted(count: usize, noun: &str) -> Option<String> {
    let plural = if count == 1 { "" } else { "s" };
    (count > 0).then(|| format!("{count} {noun}{plural}"))
}

/// The text of every file with secrets in the clear overwritten, byte for byte.
fn masked_texts(loaded: &Loaded) -> BTreeMap<&str, String> {
    let mut texts: BTreeMap<&str, String> =
        loaded.files.iter().map(|it| (it.name.as_str(), it.text.clone())).collect();
    for secret in loaded.diagnostics.iter().filter(|it| it.code == "LL031") {
        if let Some(text) = texts.get_mut(secret.file.as_str()) {
            let keep_breaks = |byte: u8| if byte == b'\n' { '\n' } else { '*' };
            let mask: String = text[secret.span.clone()].bytes().map(keep_breaks).collect();
            text.replace_range(secret.span.clone(), &mask);
        }
    }
    texts
}

fn group<'a>(diagnostic: &'a Diagnostic, texts: &'a BTreeMap<&str, String>) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let mut group = Group::with_title(title);
    if let Some(text) = texts.get(diagnostic.file.as_str()).filter(|_| diagnostic.line > 0) {
        let first =
            Marked { file: &diagnostic.file, line: diagnostic.line, span: &diagnostic.span, text };
        group = group.element(snippet(&first, AnnotationKind::Primary, None));
        for it in &diagnostic.related {
            let Some(text) = texts.get(it.file.as_str()) else { continue };
            let other = Marked { file: &it.file, line: it.line, span: &it.span, text };
            group = group.element(snippet(&other, AnnotationKind::Context, Some(&it.label)));
        }
    } else {
        group = group.element(annotate_snippets::Origin::path(diagnostic.file.as_str()));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.with_name("hint").message(hint.as_str()));
    }
    group
}

/// Text to be underlined.
struct Marked<'a> {
    file: &'a str,
    line: usize,
    span: &'a Range<usize>,
    text: &'a str,
}

fn snippet<'a>(
    marked: &Marked<'a>,
    kind: AnnotationKind,
    label: Option<&'a String>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let Marked { file, line, span, text } = marked;
    let start = text[..span.start].rfind('\n').map_or(0, |it| it + 1);
    let end = text[span.start..].find('\n').map_or(text.len(), |it| span.start + it);
    // Of a value over several lines, the first one: that is where to look.
    let span = span.start - start..span.end.min(end) - start;
    let annotation = kind.span(span).label(label.map(String::as_str));
    Snippet::source(&text[start..end]).line_start(*line).path(*file).annotation(annotation)
}
