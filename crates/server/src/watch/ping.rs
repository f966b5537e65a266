//! The sign of life to others. It is sent only after everything that it stands for was looked at, and
//! whoever misses it knows at least that.

use super::{ANSWER_BYTES_MAX, LOOK, Watch};
use engine::{Command, Submission};
use model::{Millis, OutboundPing, Timestamp};
use std::time::Duration;

/// How long the journal may take to be written.
const JOURNAL_PATIENCE: Duration = Duration::from_secs(10);

/// How long the outbox may go without a look at its tray.
const OUTBOX_PATIENCE: Millis = Millis::from_secs(30);

/// How long a message may be due without having been tried.
const NOTICE_PATIENCE: Millis = Millis::from_mins(5);

/// How long the other side may take to answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn run(watch: Watch) {
    let mut next: Option<Timestamp> = None;
    let mut seen_seq = 0;
    loop {
        let plan = {
            let state = watch.shared.handle.state();
            state.catalogue().and_then(|it| it.watched.ping.clone())
        };
        let now = watch.shared.clock.now();
        if let Some(plan) = plan.filter(|_| next.is_none_or(|it| it <= now)) {
            next = Some(now.plus(plan.every));
            match in_order(&watch, &mut seen_seq).await {
                Ok(()) => send(&watch, &plan).await,
                Err(told) => {
                    watch.metrics.ping("withheld");
                    tracing::error!("no sign of life is sent: {told}");
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether the journal is written and messages go out.
async fn in_order(watch: &Watch, seen_seq: &mut u64) -> Result<(), String> {
    let handle = &watch.shared.handle;
    // Something was written since the last look, or something is written now.
    if watch.metrics.head().seq == *seen_seq || watch.metrics.write_failure().is_some() {
        let probe = handle.submit(Submission::system(Command::Probe));
        match tokio::time::timeout(JOURNAL_PATIENCE, probe).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(format!("the journal is not written: {error}")),
            Err(_) => return Err("the journal does not answer".to_owned()),
        }
    }
    *seen_seq = watch.metrics.head().seq;
    let now = watch.shared.clock.now();
    match watch.metrics.outbox_seen() {
        Some(at) if now.since(at) <= OUTBOX_PATIENCE => {}
        _ => return Err("the outbox does not look at its tray".to_owned()),
    }
    let journal_now = handle.now();
    let state = handle.state();
    let waits = state.notices_due(journal_now).filter(|(_, it)| it.attempts == 0);
    let longest = waits.map(|(_, it)| journal_now.since(it.decided_at)).max();
    match longest {
        Some(it) if it > NOTICE_PATIENCE => Err(format!("a message waits since {it}")),
        _ => Ok(()),
    }
}

async fn send(watch: &Watch, plan: &OutboundPing) {
    let token = match plan.token.as_ref().map(channels::secrets::resolve).transpose() {
        Ok(token) => token.map(|it| format!("Bearer {it}")),
        Err(missing) => {
            watch.metrics.ping("failed");
            return tracing::error!("the sign of life has no token: {missing}");
        }
    };
    let headers: Vec<(&str, &str)> =
        token.as_deref().map(|it| ("authorization", it)).into_iter().collect();
    let sent = watch.client.post(&plan.url, &headers, vec![], ANSWER_BYTES_MAX, ANSWER_PATIENCE);
    let outcome = match sent.await {
        Ok(it) if (200..300).contains(&it.status) => "taken",
        Ok(it) => {
            tracing::warn!("the sign of life was answered with status {}", it.status);
            "failed"
        }
        Err(error) => {
            tracing::warn!("the sign of life did not arrive: {error}");
            "failed"
        }
    };
    watch.metrics.ping(outcome);
}
