//! The demo's inboxes: what would have gone to telephones and mailboxes.
//!
//! Kept in memory and in a small file beside the journal, so that a restart finds it. The file is
//! written before the journal learns that a letter was sent; after a crash in between the same letter
//! comes again under the same key and replaces itself.

use crate::outbox::{Inbox, Kept};
use model::{Medium, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Letters kept; the oldest go first.
pub(super) const LETTERS_MAX: usize = 200;

/// A letter in an inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Letter {
    pub(crate) key: String,
    pub(crate) at: Timestamp,
    pub(crate) to: String,
    pub(crate) medium: Medium,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) ack_url: Option<String>,
}

/// All inboxes.
#[derive(Debug)]
pub(crate) struct Letters {
    file: PathBuf,
    kept: Mutex<VecDeque<Letter>>,
}

impl Letters {
    /// What is kept in `file`; nothing when there is none or it cannot be read.
    pub(crate) fn open(file: PathBuf) -> Self {
        let kept = std::fs::read(&file).ok().and_then(|it| serde_json::from_slice(&it).ok());
        Self { file, kept: Mutex::new(kept.unwrap_or_default()) }
    }

    /// Newest first.
    pub(crate) fn newest(&self) -> Vec<Letter> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }
}

impl Inbox for Letters {
    fn keep(&self, kept: Kept) {
        let Kept { at, to, medium, message } = kept;
        // A telephone shows the short form.
        let text = if medium == Medium::Sms { message.short } else { message.text };
        let letter = Letter {
            key: message.key,
            at,
            to,
            medium,
            subject: message.subject,
            text,
            ack_url: message.ack_url,
        };
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|it| it.key != letter.key);
        all.push_back(letter);
        while all.len() > LETTERS_MAX {
            all.pop_front();
        }
        let beside = self.file.with_extension("new");
        let bytes = serde_json::to_vec(&*all).expect("letters serialise");
        let written =
            std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, &self.file));
        if let Err(error) = written {
            tracing::warn!("the demo's inbox could not be kept: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use channels::{Message, Priority};

    fn kept(key: &str, at: i64) -> Kept {
        let message = Message {
            key: key.to_owned(),
            to: "ana@solar.example".to_owned(),
            subject: format!("about {key}"),
            text: "long".to_owned(),
            short: "short".to_owned(),
            ack_url: None,
            url: None,
            actions: vec![],
            callbacks: None,
            priority: Priority::High,
            data: serde_json::Value::Null,
        };
        Kept { at: Timestamp(at), to: "Ana".to_owned(), medium: Medium::Sms, message }
    }

    #[test]
    fn letters_outlive_a_restart_and_have_a_limit() {
        let folder = std::env::temp_dir().join(format!("letters-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("inbox.json");
        let letters = Letters::open(file.clone());
        for at in 0..250 {
            letters.keep(kept(&format!("no_{at}"), at));
        }
        letters.keep(kept("no_249", 300));
        let again = Letters::open(file).newest();
        assert_eq!(again.len(), LETTERS_MAX);
        assert_eq!((again[0].key.as_str(), again[0].at), ("no_249", Timestamp(300)));
        assert_eq!(again[0].text, "short");
        assert_eq!(again[199].key, "no_50");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
