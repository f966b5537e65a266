//! Codes that show whose an address is: six digits computed from random text and the server's key.
//!
//! Intuition: the code is not kept anywhere. What the journal keeps lets us compute it again, and
//! tells nothing to whoever reads the journal without the key.
//!
//! Invariants:
//! - a code is about one person, one medium and one request;
//! - what is compared is a keyed hash, never the code.

use model::{Medium, PersonId};
use ring::hmac;

/// Digits of a code.
pub const CODE_DIGITS: usize = 6;

fn tag(key: &[u8; 32], parts: &[&str]) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, parts.join("\n").as_bytes())
}

/// The code for a request that was made with `nonce`.
#[must_use]
pub fn contact_code(key: &[u8; 32], person: &PersonId, medium: Medium, nonce: &str) -> String {
    let tag = tag(key, &["contact code", person.as_str(), &format!("{medium:?}"), nonce]);
    let head: [u8; 8] = tag.as_ref()[..8].try_into().expect("a tag has 32 bytes");
    format!("{:06}", u64::from_be_bytes(head) % 1_000_000)
}

/// What stands for `code` in a command and in the journal.
#[must_use]
pub fn contact_code_hash(
    key: &[u8; 32],
    person: &PersonId,
    medium: Medium,
    nonce: &str,
    code: &str,
) -> String {
    let medium = format!("{medium:?}");
    let tag = tag(key, &["contact proof", person.as_str(), &medium, nonce, code]);
    crate::passwords::hex(tag.as_ref())
}

/// What somebody typed in as a code, without the spaces that telephones put into it.
pub(crate) fn typed(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).take(CODE_DIGITS + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_about_one_request() {
        let (key, ana) = ([7; 32], PersonId::from("ana"));
        let code = contact_code(&key, &ana, Medium::Sms, "n1");
        assert_eq!(code.len(), CODE_DIGITS);
        assert_eq!(code, contact_code(&key, &ana, Medium::Sms, "n1"));
        let other = [
            contact_code(&key, &ana, Medium::Sms, "n2"),
            contact_code(&key, &ana, Medium::Email, "n1"),
            contact_code(&key, &"bo".into(), Medium::Sms, "n1"),
            contact_code(&[8; 32], &ana, Medium::Sms, "n1"),
        ];
        assert!(!other.contains(&code), "{code} {other:?}");
        let hash = |code: &str| contact_code_hash(&key, &ana, Medium::Sms, "n1", code);
        assert_eq!(hash(&code), hash(&typed(&format!(" {} {} ", &code[..3], &code[3..]))));
        assert_ne!(hash(&code), hash("000000x"));
    }
}
