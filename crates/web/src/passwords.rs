//! Secrets: passwords by argon2id, tokens by SHA-256 of random text.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::fmt::Write as _;

/// Shortest password that is taken.
pub(crate) const PASSWORD_LENGTH_MIN: usize = 10;
/// Longest: hashing must not become a way to keep us busy.
pub(crate) const PASSWORD_LENGTH_MAX: usize = 256;

/// A new secret `lt_<kind>_…` with 256 random bits.
#[must_use]
pub fn new_secret(kind: &str) -> String {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
    format!("lt_{kind}_{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// What is kept of a secret: lower-case hex SHA-256. Enough, because the secret is random.
#[must_use]
pub fn hash_token(secret: &str) -> String {
    hex(digest(&SHA256, secret.as_bytes()).as_ref())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What is kept of a password. Slow on purpose: call it where blocking is allowed.
pub(crate) fn hash_password(password: &str) -> String {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.expect("argon2's defaults are valid").to_string()
}

/// Whether `password` is the one behind `hash`. Slow on purpose.
pub(crate) fn fits(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|it| Argon2::default().verify_password(password.as_bytes(), &it).is_ok())
}
