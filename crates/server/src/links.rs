//! The key under which one-time links are signed. It lives in the journal's keyring, so that links
//! outlive a restart and every node of an organisation makes the same.

use store::{Journal, KeyState, StoreError};
use wire::Random as _;

/// Under which name the keyring keeps it. No person can be called so.
const SUBJECT: &str = "$links";

/// The key, made when there was none.
pub(crate) fn links_key(journal: &mut dyn Journal) -> Result<[u8; 32], StoreError> {
    if let KeyState::Present(key) = journal.key(SUBJECT)?
        && let Ok(key) = key.try_into()
    {
        return Ok(key);
    }
    let mut key = [0; 32];
    wire::SystemRandom::default().fill(&mut key);
    journal.put_key(SUBJECT, &key)?;
    Ok(key)
}
