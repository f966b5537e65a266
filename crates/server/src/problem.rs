//! What goes wrong, as the person in front of the terminal reads it.

use std::fmt;

/// A problem in three parts: what happened, the detail, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which exit code it is worth.
    pub kind: Kind,
    /// What happened, short.
    pub primary: String,
    /// More exactly.
    pub detail: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The answer is no, or errors were found: exit code 1.
    Negative,
    /// Something that is needed cannot be reached or trusted: exit code 3.
    Unreachable,
}

impl Problem {
    /// The answer is no, or errors were found.
    #[must_use]
    pub fn negative(primary: impl Into<String>) -> Self {
        Self { kind: Kind::Negative, primary: primary.into(), detail: None, hint: None }
    }

    /// Something that is needed cannot be reached or trusted.
    #[must_use]
    pub fn unreachable(primary: impl Into<String>) -> Self {
        Self { kind: Kind::Unreachable, primary: primary.into(), detail: None, hint: None }
    }

    /// With more exact words.
    #[must_use]
    pub fn detail(self, detail: impl fmt::Display) -> Self {
        Self { detail: Some(detail.to_string()), ..self }
    }

    /// With what to do.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The exit code of a process that ends with it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Negative => 1,
            Kind::Unreachable => 3,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.primary)?;
        if let Some(detail) = &self.detail {
            for line in detail.lines() {
                write!(f, "\n  {line}")?;
            }
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
