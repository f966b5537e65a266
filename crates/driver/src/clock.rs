//! Clocks: the machine's, one that runs faster, one that a test moves by hand.

use model::{Millis, Timestamp};
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A source of time that can also say how long to wait for an instant.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time.
    fn now(&self) -> Timestamp;

    /// How long, in real time, until this clock shows `at`; zero when it has passed. A clock moved by
    /// hand answers a year and calls its listeners when it is moved.
    fn real_time_until(&self, at: Timestamp) -> Duration;

    /// Registers something to be called when the clock jumps.
    fn on_jump(&self, listener: Box<dyn Fn() + Send + Sync>) {
        drop(listener);
    }
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        system_now()
    }

    fn real_time_until(&self, at: Timestamp) -> Duration {
        to_duration(at.since(self.now()))
    }
}

/// A clock that starts at some instant and runs some times as fast as the machine's.
#[derive(Debug, Clone, Copy)]
pub struct ScaledClock {
    starts_at: Timestamp,
    started: Instant,
    speed: u32,
}

impl ScaledClock {
    /// Shows `starts_at` now and runs `speed` times as fast as the machine's clock.
    #[must_use]
    pub fn new(starts_at: Timestamp, speed: u32) -> Self {
        assert!(speed > 0, "time does not stand still");
        Self { starts_at, started: Instant::now(), speed }
    }

    /// How many times as fast as the machine's clock it runs.
    #[must_use]
    pub fn speed(&self) -> u32 {
        self.speed
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        let real = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.starts_at.plus(Millis(real.saturating_mul(i64::from(self.speed))))
    }

    fn real_time_until(&self, at: Timestamp) -> Duration {
        // One millisecond more than exact, so that the instant has really come after the wait.
        let left = to_duration(at.since(self.now()));
        if left.is_zero() { left } else { left / self.speed + Duration::from_millis(1) }
    }
}

/// A clock that stands still until it is moved. Clones are the same clock.
#[derive(Clone, Default)]
pub struct ManualClock {
    now: Arc<AtomicI64>,
    listeners: Arc<Mutex<Vec<Box<dyn Fn() + Send + Sync>>>>,
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ManualClock({})", self.now())
    }
}

impl ManualClock {
    /// Shows `at` until it is moved.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        let clock = Self::default();
        clock.now.store(at.0, Ordering::SeqCst);
        clock
    }

    /// Moves it forward and wakes whoever waits.
    pub fn advance(&self, by: Millis) {
        self.now.fetch_add(by.0, Ordering::SeqCst);
        for listener in self.listeners.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            listener();
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn real_time_until(&self, at: Timestamp) -> Duration {
        const A_YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
        if at <= self.now() { Duration::ZERO } else { A_YEAR }
    }

    fn on_jump(&self, listener: Box<dyn Fn() + Send + Sync>) {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(listener);
    }
}

fn system_now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

fn to_duration(length: Millis) -> Duration {
    Duration::from_millis(u64::try_from(length.0).unwrap_or(0))
}
