//! Where providers reach us about one notice.
//!
//! Intuition: a return envelope. Its address names the channel, what it is about and the notice, and
//! ends in a code that only we can make; so a provider that signs nothing can still be believed about
//! this notice, and about no other.
//!
//! The addresses, under the public one of this server:
//!
//! | path | who calls, and with what |
//! |---|---|
//! | `/callbacks/{channel}/twilio-sms/{notice}/{code}` | Twilio, POST form: `MessageStatus`, `ErrorCode` |
//! | `/callbacks/{channel}/twilio-call/{notice}/{code}` | Twilio, POST form: `CallStatus` |
//! | `/callbacks/{channel}/twilio-keys/{notice}/{code}` | Twilio, POST form: `Digits`; answered in `TwiML` |
//! | `/callbacks/{channel}/kannel/{notice}/{code}` | Kannel, GET: `status` = 1 delivered, 2 not, 16 refused |
//! | `/callbacks/{channel}/mattermost/{notice}/{code}` | Mattermost, POST JSON: `context.action`, `user_name` |
//!
//! Slack and Telegram call one address for all notices, which is set up with them; their messages name
//! the notice (`value` of a Slack button, the second word of Telegram's `callback_data`).

use model::ChannelId;

/// The addresses of one notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callbacks {
    /// The public address of this server, without a trailing slash.
    pub base: String,
    /// Through which channel the notice goes.
    pub channel: ChannelId,
    /// The notice.
    pub notice: String,
    /// What only we can make of it.
    pub code: String,
}

impl Callbacks {
    /// The address for `what`, one of those above.
    #[must_use]
    pub fn url(&self, what: &str) -> String {
        let Self { base, channel, notice, code } = self;
        format!("{}/callbacks/{channel}/{what}/{notice}/{code}", base.trim_end_matches('/'))
    }
}
