//! The code at the end of an address at which a provider reaches us about one notice.
//!
//! Intuition: the same as for links that acknowledge, for machines: whoever has the address of a notice
//! can report about this notice and about no other. The two codes differ, so that what a provider holds
//! never acknowledges by itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{ChannelId, NoticeId};
use ring::hmac;

/// Bytes of the code: enough against guessing, short enough for the address of a delivery report.
const CODE_LENGTH: usize = 12;

/// What only we can make of a notice and its channel, for [`channels::Callbacks`].
#[must_use]
pub fn callback_code(key: &[u8; 32], channel: &ChannelId, notice: NoticeId) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, format!("callback {channel} {notice}").as_bytes());
    URL_SAFE_NO_PAD.encode(&tag.as_ref()[..CODE_LENGTH])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_for_one_notice_and_one_purpose() {
        let key = [7; 32];
        let code = callback_code(&key, &"kannel".into(), NoticeId(7));
        assert_eq!(code.len(), 16);
        assert_ne!(callback_code(&key, &"kannel".into(), NoticeId(8)), code);
        assert_ne!(callback_code(&key, &"twilio".into(), NoticeId(7)), code);
        assert_ne!(callback_code(&[8; 32], &"kannel".into(), NoticeId(7)), code);
        let link = crate::ack_link(&key, "", NoticeId(7));
        assert!(!link.ends_with(&code), "a provider cannot acknowledge by what it was given");
    }
}
