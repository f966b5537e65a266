//! Server-sent events: only that something changed; the view fetches itself again.

use crate::Context;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use std::convert::Infallible;
use std::time::Duration;

/// The place of the journal's end, each time it moves, and at least every half minute because
/// budgets move without events.
pub(crate) async fn events(
    State(context): State<Context>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stream = unfold(context.handle.subscribe(), |mut changes| async move {
        let moved = tokio::time::timeout(Duration::from_secs(30), changes.changed()).await;
        if let Ok(Err(_)) = moved {
            // The driver has ended, and so does the stream.
            return None;
        }
        let seq = *changes.borrow_and_update();
        Some((Ok(Event::default().data(seq.to_string())), changes))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}
