//! What was noticed, and where.
//!
//! Invariants:
//! - a message says what is wrong, a hint what to do; both in one sentence;
//! - messages and hints have no control characters, so that a file cannot write to the terminal of
//!   whoever checks it;
//! - the same problem at the same place is told once, however many aliases lead there.

use crate::codes::code_info;
use crate::files::SourceFile;
use serde::Serialize;
use std::collections::BTreeSet;
use std::ops::Range;

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can be used, and is probably not what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How much it matters; follows from the code.
    pub severity: Severity,
    /// Which kind of problem, such as `LL040`; [`crate::codes`] explains each.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The file.
    pub file: String,
    /// The line, from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// The character in the line, from 1; 0 when the file as a whole is meant.
    pub column: usize,
    /// The bytes of the file that are meant; empty when the file as a whole is meant.
    pub span: Range<usize>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Other places that have to do with it.
    pub related: Vec<Related>,
}

/// Another place that has to do with a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// What it has to do with it.
    pub label: String,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The bytes of the file that are meant.
    pub span: Range<usize>,
}

/// Bytes of one of the files read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Which file, by its position among the files read.
    pub file: usize,
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// Of errors, and of warnings and notes, more than this many are counted, not kept.
pub(crate) const DIAGNOSTICS_MAX: usize = 1_000;

/// A problem whose lines are not yet counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    place: Place,
    code: &'static str,
    message: String,
    hint: Option<String>,
    related: Vec<(Span, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Path(String),
    Span(Span),
}

impl Problem {
    /// A problem with the text at `span`.
    pub(crate) fn at(span: Span, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Place::Span(span), code, &message.into())
    }

    /// A problem with `path` as a whole.
    pub(crate) fn with_file(path: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Place::Path(path.to_owned()), code, &message.into())
    }

    fn new(place: Place, code: &'static str, message: &str) -> Self {
        let message = printable(message);
        Self { place, code, message, hint: None, related: Vec::new() }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        self.hint_maybe(Some(hint.into()))
    }

    /// `hint`, where there is one.
    pub(crate) fn hint_maybe(mut self, hint: Option<String>) -> Self {
        self.hint = hint.map(|it| printable(&it));
        self
    }

    pub(crate) fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    fn is_error(&self) -> bool {
        code_info(self.code).severity == Severity::Error
    }

    fn place(self, lines: &[LineIndex<'_>]) -> Diagnostic {
        let (file, line, column, span) = match self.place {
            Place::Path(path) => (path, 0, 0, 0..0),
            Place::Span(span) => lines[span.file].locate(span),
        };
        let related = self.related.into_iter().map(|(span, label)| {
            let (file, line, column, span) = lines[span.file].locate(span);
            Related { label, file, line, column, span }
        });
        Diagnostic {
            severity: code_info(self.code).severity,
            code: self.code,
            message: self.message,
            file,
            line,
            column,
            span,
            hint: self.hint,
            related: related.collect(),
        }
    }
}

/// Collects problems. Errors and the rest are counted apart, so that warnings never crowd out an
/// error.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    errors: BTreeSet<Problem>,
    others: BTreeSet<Problem>,
    dropped_count: usize,
    unread_count: usize,
}

impl Sink {
    pub(crate) fn push(&mut self, problem: Problem) {
        let kept = if problem.is_error() { &mut self.errors } else { &mut self.others };
        if kept.len() < DIAGNOSTICS_MAX {
            kept.insert(problem);
        } else {
            self.dropped_count += usize::from(!kept.contains(&problem));
        }
    }

    /// Takes note of a file that could not be read to its end, beside its own problem.
    pub(crate) fn push_unread(&mut self, problem: Problem) {
        self.unread_count += 1;
        self.push(problem);
    }

    /// Whether everything that was named could be read. If not, what seems to be missing may well
    /// be there: we do not call it missing.
    pub(crate) fn everything_was_read(&self) -> bool {
        self.unread_count == 0
    }

    /// Whether further errors are only counted, so that it is not worth finding hints for them.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.len() >= DIAGNOSTICS_MAX
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Everything noticed, in order of file and line, those about whole files first.
    pub(crate) fn finish(mut self, files: &[SourceFile]) -> Vec<Diagnostic> {
        if self.dropped_count > 0 {
            let count = self.dropped_count;
            let message = format!("{count} more problems are not shown");
            let hint = format!("mend the first {DIAGNOSTICS_MAX} and check again");
            let name = files.first().map_or("configuration", |it| it.name.as_str());
            self.others.insert(Problem::with_file(name, "LL009", message).hint(hint));
        }
        let lines: Vec<_> = files.iter().map(LineIndex::new).collect();
        self.errors.union(&self.others).cloned().map(|it| it.place(&lines)).collect()
    }
}

struct LineIndex<'a> {
    file: &'a SourceFile,
    starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    fn new(file: &'a SourceFile) -> Self {
        let breaks = file.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { file, starts }
    }

    fn locate(&self, span: Span) -> (String, usize, usize, Range<usize>) {
        let line = self.starts.partition_point(|start| *start <= span.start);
        let before = &self.file.text[self.starts[line - 1]..span.start];
        (self.file.name.clone(), line, before.chars().count() + 1, span.start..span.end)
    }
}

/// `text` with a mark in place of whatever could command a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|it| if is_unprintable(it) { '\u{fffd}' } else { it }).collect()
}

/// `text` from a file, in backquotes, shortened.
pub(crate) fn quote(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Control characters, and those that turn the direction of text around.
fn is_unprintable(it: char) -> bool {
    it.is_control() || matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
