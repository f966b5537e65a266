//! Where the time comes from: the machine, a faster machine, or a test's hand.

use model::{Millis, Timestamp};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A source of time.
pub trait Clock: Send + Sync {
    /// What it shows.
    fn now(&self) -> Timestamp;

    /// How long, in real time, until it shows `at`, if nobody sets it. Zero when that is past.
    fn real_time_until(&self, at: Timestamp) -> Duration;

    /// Asks to be called whenever somebody moves it. Clocks that nobody moves forget this.
    fn on_move(&self, _wake: Box<dyn Fn() + Send>) {}
}

/// The clock of the machine.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |it| -it),
        };
        Timestamp(millis)
    }

    fn real_time_until(&self, at: Timestamp) -> Duration {
        duration(at.since(self.now()))
    }
}

/// A clock that starts at a given time and runs `speed` times as fast as the machine's. It does not
/// notice when the machine's clock is set.
#[derive(Debug, Clone, Copy)]
pub struct ScaledClock {
    base: Timestamp,
    started: Instant,
    speed: u32,
}

impl ScaledClock {
    /// Shows `base` now. To go on where an earlier run stopped, keep what it showed last (or the time
    /// of the last event) and start there.
    #[must_use]
    pub fn starting_at(base: Timestamp, speed: u32) -> Self {
        assert!(speed > 0, "a clock that stands still wakes nobody");
        Self { base, started: Instant::now(), speed }
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        let real = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.base.plus(Millis(real.saturating_mul(i64::from(self.speed))))
    }

    fn real_time_until(&self, at: Timestamp) -> Duration {
        duration(at.since(self.now())) / self.speed
    }
}

/// A clock that moves only when told to.
#[derive(Default)]
pub struct ManualClock {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    now: Timestamp,
    wakes: Vec<Box<dyn Fn() + Send>>,
}

impl ManualClock {
    /// Shows `now` until it is moved.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { inner: Mutex::new(Inner { now, wakes: vec![] }) }
    }

    /// Moves it forward, and wakes whoever waits for it.
    pub fn advance(&self, length: Millis) {
        let now = self.now().plus(length);
        self.set(now);
    }

    /// Sets it, backwards too, and wakes whoever waits for it.
    pub fn set(&self, now: Timestamp) {
        let mut inner = self.lock();
        inner.now = now;
        inner.wakes.iter().for_each(|wake| wake());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    fn real_time_until(&self, at: Timestamp) -> Duration {
        // Never by itself: somebody must move it, and that wakes.
        if at <= self.now() { Duration::ZERO } else { Duration::MAX }
    }

    fn on_move(&self, wake: Box<dyn Fn() + Send>) {
        self.lock().wakes.push(wake);
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualClock").field("now", &self.now()).finish_non_exhaustive()
    }
}

fn duration(length: Millis) -> Duration {
    Duration::from_millis(u64::try_from(length.0).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_clock_starts_where_told_and_waits_less() {
        let clock = ScaledClock::starting_at(Timestamp(5_000_000), 60);
        assert!(clock.now() >= Timestamp(5_000_000));
        let hour = clock.real_time_until(Timestamp(5_000_000).plus(Millis::from_hours(1)));
        assert!(hour <= Duration::from_mins(1) && hour > Duration::from_secs(30), "{hour:?}");
        assert_eq!(clock.real_time_until(Timestamp(0)), Duration::ZERO);
    }

    #[test]
    fn a_manual_clock_wakes_those_who_wait() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let clock = ManualClock::new(Timestamp(1));
        clock.on_move(Box::new(move || sender.send(()).expect("the test listens")));
        clock.advance(Millis(4));
        assert_eq!((clock.now(), receiver.try_iter().count()), (Timestamp(5), 1));
        assert_eq!(clock.real_time_until(Timestamp(5)), Duration::ZERO);
    }
}
