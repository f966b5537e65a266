//! Text that belongs to a person and can be erased.

use crate::PersonId;
use serde::{Deserialize, Serialize};

/// Text about or by `subject`: an address, a note.
///
/// In JSON it is `{"$personal": {"subject": …, "text": …}}`. `wire` finds that shape wherever it
/// stands in an event, moves the text into a slot encrypted under the key of `subject`, and leaves
/// a reference. When the key has been destroyed, `text` comes back as `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    #[serde(rename = "$personal")]
    inner: Inner,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Inner {
    subject: PersonId,
    text: Option<String>,
}

impl Personal {
    /// `text`, erasable with everything else about `subject`.
    #[must_use]
    pub fn new(subject: PersonId, text: impl Into<String>) -> Self {
        Self { inner: Inner { subject, text: Some(text.into()) } }
    }

    /// Whose text it is.
    #[must_use]
    pub fn subject(&self) -> &PersonId {
        &self.inner.subject
    }

    /// The text, or `None` once it has been erased.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.inner.text.as_deref()
    }
}
