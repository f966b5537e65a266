//! Sealing and opening of personal text, and where keys and randomness come from.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::SecureRandom as _;
use std::fmt;

/// Length of a person's key in bytes.
pub const KEY_LENGTH: usize = 32;

/// Personal text, closed. As it stands in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Whose it is.
    pub subject: String,
    /// Never used twice with one key.
    pub nonce: Vec<u8>,
    /// Ciphertext and tag.
    pub sealed: Vec<u8>,
}

/// Keys of people. A destroyed key never comes back.
pub trait Keyring {
    /// The key of `subject`, made when there was none yet; `None` when it was destroyed.
    fn key_for(&mut self, subject: &str) -> Result<Option<Vec<u8>>, SealError>;
}

/// Where nonces and keys come from: the operating system, or a seed in simulations.
pub trait Random: Send {
    /// Fills `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug)]
pub struct SystemRandom(ring::rand::SystemRandom);

impl Default for SystemRandom {
    fn default() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Random for SystemRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes).expect("the operating system gives random bytes");
    }
}

/// Why personal text could not be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the keys of people cannot be reached: {0}")]
pub struct SealError(pub String);

/// Closes `text`. When the key of `subject` was destroyed, the slot is empty and stays so.
pub(crate) fn seal(
    subject: &str,
    text: &str,
    keys: &mut dyn Keyring,
    random: &mut dyn Random,
) -> Result<Slot, SealError> {
    let mut slot = Slot { subject: subject.to_owned(), nonce: vec![], sealed: vec![] };
    let Some(key) = keys.key_for(subject)? else { return Ok(slot) };
    let mut nonce = [0; NONCE_LEN];
    random.fill(&mut nonce);
    let mut bytes = text.as_bytes().to_vec();
    aead(&key)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(subject.as_bytes()),
            &mut bytes,
        )
        .map_err(|_| SealError("a text could not be encrypted".to_owned()))?;
    slot.nonce = nonce.to_vec();
    slot.sealed = bytes;
    Ok(slot)
}

/// Opens a slot; `None` when the key was destroyed or does not fit any more.
pub(crate) fn open(slot: &Slot, keys: &mut dyn Keyring) -> Result<Option<String>, SealError> {
    if slot.sealed.is_empty() {
        return Ok(None);
    }
    let Some(key) = keys.key_for(&slot.subject)? else { return Ok(None) };
    let Ok(nonce) = Nonce::try_assume_unique_for_key(&slot.nonce) else { return Ok(None) };
    let mut bytes = slot.sealed.clone();
    let opened = aead(&key)?.open_in_place(nonce, Aad::from(slot.subject.as_bytes()), &mut bytes);
    Ok(opened.ok().and_then(|it| String::from_utf8(it.to_vec()).ok()))
}

fn aead(key: &[u8]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&CHACHA20_POLY1305, key)
        .map(LessSafeKey::new)
        .map_err(|_| SealError(format!("a key has {} bytes instead of 32", key.len())))
}

impl fmt::Debug for dyn Keyring + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
    }
}
