//! What could not be carried from one format to another, and why.
//!
//! Intuition: a converter that drops things in silence is worse than none, because it is believed.
//! Whatever a reader or writer meets and cannot say in the other format becomes a [`Loss`] with
//! its place, so that a person can decide whether it matters.
//!
//! Invariant: a loss names its file, and its line where it has one; it says what and why.

use std::fmt;

/// How much was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Something was filled in or is read a little differently; nothing is gone.
    Noted,
    /// A part was left behind.
    Lost,
    /// The whole object or document was left behind.
    Refused,
}

/// One thing that could not be carried over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// Which file; empty for what concerns no single one.
    pub file: String,
    /// From 1; 0 when it has no line.
    pub line: usize,
    /// How much was lost.
    pub weight: Weight,
    /// Which objective or object it belonged to; possibly empty.
    pub subject: String,
    /// What could not be carried over.
    pub what: String,
    /// Why, and where useful what to do.
    pub why: String,
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Noted => "noted",
            Self::Lost => "lost",
            Self::Refused => "refused",
        })
    }
}

/// `a.yml:12: lost: slo_plugins of shop-availability: …`
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file.as_str(), self.line) {
            ("", _) => {}
            (file, 0) => write!(f, "{file}: ")?,
            (file, line) => write!(f, "{file}:{line}: ")?,
        }
        write!(f, "{}: {}", self.weight, self.what)?;
        if !self.subject.is_empty() {
            write!(f, " of {}", self.subject)?;
        }
        write!(f, ": {}", self.why)
    }
}

/// The report, one line for each loss, and a last line that counts them. Empty when nothing was
/// lost.
#[must_use]
pub fn report(losses: &[Loss]) -> String {
    use std::fmt::Write as _;
    if losses.is_empty() {
        return String::new();
    }
    let mut sorted: Vec<_> = losses.iter().collect();
    sorted.sort();
    sorted.dedup();
    let mut text = String::new();
    for it in &sorted {
        let _ = writeln!(text, "{it}");
    }
    let count = |weight| sorted.iter().filter(|it| it.weight == weight).count();
    let (refused, lost, noted) =
        (count(Weight::Refused), count(Weight::Lost), count(Weight::Noted));
    let _ = writeln!(text, "{refused} refused, {lost} lost, {noted} noted");
    text
}

/// Whether a whole object was left behind.
#[must_use]
pub fn any_refused(losses: &[Loss]) -> bool {
    losses.iter().any(|it| it.weight == Weight::Refused)
}

/// Collects losses about one subject in one file.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) file: &'a str,
    pub(crate) subject: String,
    pub(crate) losses: &'a mut Vec<Loss>,
}

impl Report<'_> {
    fn push(&mut self, weight: Weight, line: usize, what: &str, why: &str) {
        self.losses.push(Loss {
            file: self.file.to_owned(),
            line,
            weight,
            subject: self.subject.clone(),
            what: what.to_owned(),
            why: why.to_owned(),
        });
    }

    pub(crate) fn noted(&mut self, line: usize, what: &str, why: &str) {
        self.push(Weight::Noted, line, what, why);
    }

    pub(crate) fn lost(&mut self, line: usize, what: &str, why: &str) {
        self.push(Weight::Lost, line, what, why);
    }

    pub(crate) fn refused(&mut self, line: usize, what: &str, why: &str) {
        self.push(Weight::Refused, line, what, why);
    }

    /// The same file, about something more exact.
    pub(crate) fn about(&mut self, subject: impl Into<String>) -> Report<'_> {
        Report { file: self.file, subject: subject.into(), losses: self.losses }
    }
}
