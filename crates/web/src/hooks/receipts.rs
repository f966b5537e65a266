//! What a provider says of one notice.
//!
//! The address it calls names the notice and ends in a code that only we can make, so that a provider
//! which signs nothing can be believed about this notice and about no other.

use crate::Context;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use driver::SubmitError;
use engine::{Command, Submission};
use model::{ChannelId, NoticeId};

pub(crate) use engine::ReceiptEvidence;

/// Longest words of a provider that are kept, in characters.
const DETAIL_MAX: usize = 200;

/// The notice that an address is about, if we made it.
pub(crate) fn returned(
    context: &Context,
    channel: &ChannelId,
    notice: &str,
    code: &str,
) -> Option<NoticeId> {
    let id = NoticeId::parse(notice)?;
    let right = crate::callback_code(&context.link_key, channel, id);
    // Both sides are hashed once more, so that the time of the comparison tells nothing.
    (crate::hash_token(&right) == crate::hash_token(code)).then_some(id)
}

/// Writes down what a provider said. The provider asks again when it could not be stored.
pub(crate) async fn report(
    context: &Context,
    notice: NoticeId,
    evidence: ReceiptEvidence,
    detail: String,
) -> Response {
    match store(context, notice, evidence, detail).await {
        Ok(()) => nothing(),
        Err(error) => {
            tracing::error!("what a provider said of a notice could not be stored: {error}");
            let retry = [(header::RETRY_AFTER, "5")];
            (StatusCode::SERVICE_UNAVAILABLE, retry, "try again\n").into_response()
        }
    }
}

/// The same, for whoever answers nobody.
pub(crate) async fn store(
    context: &Context,
    notice: NoticeId,
    evidence: ReceiptEvidence,
    detail: String,
) -> Result<(), SubmitError> {
    // A provider says what it likes; what it says is kept as far as it may be.
    let detail = detail.chars().take(DETAIL_MAX).collect();
    let command = Command::Receipt { notice, evidence, detail };
    context.handle.submit(Submission::system(command)).await.map(|_| ())
}

/// Nothing to say to that.
pub(crate) fn nothing() -> Response {
    StatusCode::NO_CONTENT.into_response()
}
