//! Reads the mailbox for replies and for mail that came back.
//!
//! Intuition: somebody who walks to the letter box every half minute. What could be stored is marked as
//! seen and left lying; what could not is found again on the next walk. So a crash at any moment loses no
//! letter, and reads none twice with effect, because every letter carries its own name.
//!
//! IMAP, spoken by ourselves ([`imap`]): eight commands over one connection per walk are less than a library
//! for all of it, and every mailbox has it. POP3 would be shorter still, but it can only delete.
//!
//! Invariants:
//! - a letter is marked as seen only after what it asks for is durable;
//! - a mailbox that cannot be read is said once, loudly, and again each hour;
//! - nothing of a letter reaches a log line.

mod imap;

use channels::secrets;
use model::Mailbox;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The wait between two walks.
const PERIOD: Duration = Duration::from_secs(30);

/// How long a mailbox that cannot be read stays unmentioned.
const SAY_AGAIN: Duration = Duration::from_hours(1);

/// Letters of one walk.
const LETTERS_MAX: usize = 100;

/// The worker.
pub struct MailReader {
    context: web::Context,
    failing_since_said: Option<Instant>,
}

impl std::fmt::Debug for MailReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailReader")
    }
}

impl MailReader {
    /// A reader that carries out what letters ask for in `context`.
    #[must_use]
    pub fn new(context: web::Context) -> Self {
        Self { context, failing_since_said: None }
    }

    /// Walks until `stop` says so.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = self.walk() => {}
                () = crate::wait::stopped(&mut stop) => return,
            }
            tokio::select! {
                () = tokio::time::sleep(PERIOD) => {}
                () = crate::wait::stopped(&mut stop) => return,
            }
        }
    }

    async fn walk(&mut self) {
        match self.step().await {
            Ok(_) => {
                if self.failing_since_said.take().is_some() {
                    tracing::info!("the inbox can be read again");
                }
            }
            Err(told) => {
                let said = self.failing_since_said.filter(|it| it.elapsed() < SAY_AGAIN);
                if said.is_none() {
                    tracing::error!("the inbox cannot be read, replies by mail wait: {told}");
                    self.failing_since_said = Some(Instant::now());
                }
            }
        }
    }

    /// One walk: reads what was not seen yet. Says how many letters that were.
    pub async fn step(&self) -> Result<usize, String> {
        let mailbox = {
            let state = self.context.handle.state();
            state.catalogue().and_then(|it| it.back.inbox.clone())
        };
        let Some(mailbox) = mailbox else { return Ok(0) };
        let mut session = open(&mailbox).await?;
        let unseen = session.unseen().await?;
        let mut count = 0;
        for letter in unseen.into_iter().take(LETTERS_MAX) {
            let raw = session.fetch(letter).await?;
            if let Some(read) = ingest::letter::read(&raw) {
                web::heard_mail(&self.context, &read).await?;
            } else {
                tracing::warn!("a letter could not be understood as mail and was left alone");
            }
            session.mark_seen(letter).await?;
            count += 1;
        }
        session.log_out().await;
        Ok(count)
    }
}

async fn open(mailbox: &Mailbox) -> Result<imap::Session, String> {
    let password = secrets::resolve(&mailbox.password)?;
    let mut session = imap::Session::connect(mailbox).await?;
    session.log_in(&mailbox.username, &password).await?;
    session.select(&mailbox.folder).await?;
    Ok(session)
}
