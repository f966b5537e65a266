//! Synthetic pages: in by the door over HTTP, through the escalation, out at our own receiver.
//!
//! When one does not come out in time an alert is raised inside the product, which calls whoever the
//! policy `default` names. If that does not work either, only the sign of life to others helps.

use super::{ANSWER_BYTES_MAX, LOOK, Receiver, Watch};
use engine::{
    Alert, Command, NoticeStatus, Origin, Recipient, SYNTHETIC_ALERT, State, Submission, TokenKind,
};
use model::{ChannelId, Millis, PageId, Synthetic, Timestamp, TokenId};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// The name of the key by which synthetic pages enter; each start makes a new one.
const KEY_LABEL: &str = "synthetic page";

/// How long the door may take to answer.
const DOOR_TIMEOUT: Duration = Duration::from_secs(30);

/// The rest after which a page is tried again when no key could be made.
const AGAIN: Millis = Millis::from_mins(1);

/// How long the alert is believed beyond the deadline, should its end not arrive.
const LEASE: Millis = Millis::from_mins(5);

pub(super) async fn run(watch: Watch, receiver: Receiver) {
    let mut pages = receiver.receive();
    let mut key = None;
    let mut tried_at: Option<Timestamp> = None;
    loop {
        tokio::time::sleep(LOOK).await;
        let Some((plan, due)) = due(&watch, tried_at) else { continue };
        let now = watch.shared.handle.now();
        if now < due {
            continue;
        }
        tried_at = Some(now);
        if key.is_none() {
            key = new_key(&watch).await;
        }
        let Some(secret) = &key else {
            tried_at = Some(now.minus(plan.every).plus(AGAIN.min(plan.every)));
            continue;
        };
        let outcome = one(&watch, &plan, secret, &mut pages).await;
        report(&watch, outcome).await;
    }
}

/// The plan in force, and when its next page is due.
fn due(watch: &Watch, tried_at: Option<Timestamp>) -> Option<(Synthetic, Timestamp)> {
    let state = watch.shared.handle.state();
    let plan = state.catalogue()?.watched.synthetic.clone()?;
    let last = tried_at.max(state.watching.synthetic.map(|it| it.at));
    let due = last.map_or(Timestamp(0), |it| it.plus(plan.every));
    Some((plan, due))
}

/// A key for the door, in the place of those of earlier starts.
async fn new_key(watch: &Watch) -> Option<String> {
    let handle = &watch.shared.handle;
    let old: Vec<TokenId> = {
        let state = handle.state();
        let ours = state.access.tokens.iter().filter(|(_, it)| {
            it.kind == TokenKind::Door && it.person.is_none() && it.label == KEY_LABEL
        });
        ours.map(|(id, _)| *id).collect()
    };
    let secret = web::new_secret("door");
    let issue = Command::IssueToken {
        kind: TokenKind::Door,
        person: None,
        label: KEY_LABEL.to_owned(),
        sha256: web::hash_token(&secret),
        expires_at: None,
    };
    let revoke = old.into_iter().map(|token| Command::RevokeToken { token });
    for command in revoke.chain([issue]) {
        if let Err(error) = handle.submit(Submission::system(command)).await {
            tracing::error!("no key for synthetic pages could be made: {error}");
            return None;
        }
    }
    Some(secret)
}

/// One page: how long it took, or what was seen instead.
async fn one(
    watch: &Watch,
    plan: &Synthetic,
    secret: &str,
    pages: &mut mpsc::Receiver<PageId>,
) -> Result<Millis, String> {
    while pages.try_recv().is_ok() {}
    let nonce = web::new_secret("probe");
    let begun = Instant::now();
    let deadline = Duration::from_millis(u64::try_from(plan.deadline.0).unwrap_or(0));
    let now = watch.shared.handle.now();
    let lasts = now.plus(Millis(plan.deadline.0 + LEASE.0));
    send(watch, secret, &nonce, now, lasts).await?;
    let came = tokio::time::timeout(deadline.saturating_sub(begun.elapsed()), async {
        while let Some(page) = pages.recv().await {
            if is_ours(&watch.shared.handle.state(), page, &nonce) {
                return Some(page);
            }
        }
        None
    })
    .await;
    let took = Millis(i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX));
    let outcome = match (came, &plan.channel) {
        (Ok(Some(_)), None) => Ok(took),
        (Ok(Some(page)), Some(channel)) => {
            taken(watch, page, channel, deadline.saturating_sub(begun.elapsed()))
                .await
                .map(|()| took)
        }
        _ => Err(format!("a synthetic page did not come out within {}", plan.deadline)),
    };
    let now = watch.shared.handle.now();
    if let Err(error) = send(watch, secret, &nonce, now, now).await {
        tracing::warn!("the end of a synthetic page was not taken, so it ends by itself: {error}");
    }
    outcome
}

/// Sends the alert by the door that Prometheus uses.
async fn send(
    watch: &Watch,
    secret: &str,
    nonce: &str,
    starts_at: Timestamp,
    ends_at: Timestamp,
) -> Result<(), String> {
    let alert = json!([{
        "labels": { "alertname": SYNTHETIC_ALERT, "severity": "page", "nonce": nonce },
        "annotations": { "summary": "A synthetic page of Lamplighter itself; nobody need do anything." },
        "startsAt": starts_at.to_string(),
        "endsAt": ends_at.to_string(),
    }]);
    let url = format!("{}/api/v2/alerts", watch.local);
    let bearer = format!("Bearer {secret}");
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let body = alert.to_string().into_bytes();
    match watch.client.post(&url, &headers, body, ANSWER_BYTES_MAX, DOOR_TIMEOUT).await {
        Ok(it) if it.status == 200 => Ok(()),
        Ok(it) => Err(format!("the door answered a synthetic alert with status {}", it.status)),
        Err(error) => Err(format!("the door did not answer a synthetic alert: {error}")),
    }
}

fn is_ours(state: &State, page: PageId, nonce: &str) -> bool {
    let alert = state.pages.get(&page).and_then(|it| state.alerts.get(&it.alert));
    let sent = |it: &Alert| match &it.origin {
        Origin::Door { labels, .. } => labels.get("nonce").cloned(),
        _ => None,
    };
    alert.and_then(sent).is_some_and(|it| it == nonce)
}

/// Waits until the provider behind `channel` has taken the page too.
async fn taken(
    watch: &Watch,
    page: PageId,
    channel: &ChannelId,
    patience: Duration,
) -> Result<(), String> {
    let to = Recipient::Channel(channel.clone());
    let has_taken = || {
        let state = watch.shared.handle.state();
        let notices = state.pages.get(&page).map_or(&[][..], |it| &it.notices);
        notices
            .iter()
            .filter_map(|it| state.notices.get(it))
            .any(|it| it.to == to && matches!(it.status, NoticeStatus::Sent { .. }))
    };
    let waited = async {
        while !has_taken() {
            tokio::time::sleep(LOOK).await;
        }
    };
    let told = format!("channel {channel} did not take a synthetic page in time");
    tokio::time::timeout(patience, waited).await.map_err(|_| told)
}

async fn report(watch: &Watch, outcome: Result<Millis, String>) {
    let command = match outcome {
        Ok(took) => {
            tracing::info!(took_ms = took.0, "a synthetic page came out at the other end");
            watch.metrics.synthetic("seen");
            Command::SyntheticSeen { took }
        }
        Err(detail) => {
            tracing::error!("{detail}");
            watch.metrics.synthetic("lost");
            Command::WatchFailed { check: "synthetic".to_owned(), detail }
        }
    };
    if let Err(error) = watch.shared.handle.submit(Submission::system(command)).await {
        tracing::error!("what became of a synthetic page cannot be told: {error}");
    }
}
