//! A look at the published state.
//!
//! Whoever looks twice at once can wait for ever: when the writer comes between the two looks, it
//! waits for the first, and the second waits for the writer. That happens under load only, and then
//! nothing moves any more; so the second look panics, always, and the first test that comes by finds
//! it.

use engine::State;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

thread_local! {
    static LOOKING: Cell<bool> = const { Cell::new(false) };
}

/// The state, held still. Keep it briefly: the writer waits for its readers. One per thread at a time.
pub struct Look<'a> {
    state: RwLockReadGuard<'a, State>,
    _looking: Looking,
}

impl<'a> Look<'a> {
    #[track_caller]
    pub(crate) fn at(published: &'a RwLock<State>) -> Self {
        let looking = Looking::begin();
        let state = published.read().unwrap_or_else(PoisonError::into_inner);
        Self { state, _looking: looking }
    }
}

impl Deref for Look<'_> {
    type Target = State;
    fn deref(&self) -> &State {
        &self.state
    }
}

impl fmt::Debug for Look<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Look at {}", self.state.seq)
    }
}

/// Stays on its thread, as the lock does.
struct Looking(PhantomData<*const ()>);

impl Looking {
    #[track_caller]
    fn begin() -> Self {
        let before = LOOKING.replace(true);
        assert!(!before, "the state is looked at while this thread holds it already");
        Self(PhantomData)
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        LOOKING.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_look_after_another_is_fine_and_two_at_once_are_not() {
        let published = RwLock::new(State::default());
        drop(Look::at(&published));
        let first = Look::at(&published);
        let second = std::panic::catch_unwind(|| drop(Look::at(&published)));
        assert!(second.is_err());
        drop(first);
        drop(Look::at(&published));
    }
}
