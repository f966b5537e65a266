//! Deterministic simulation of the whole: random organisations, random lives, faulty disks, clocks
//! and providers, on simulated time. A seed reproduces a failure.
//!
//! Intuition: a toy town in a box. The town's people break things, answer their phones or do not; the
//! server in it is the real one (`driver::Core` with the real engine and the real stored form); its
//! disk, clock, provider and process are ours, and we are not kind. An auditor reads the disk after
//! every step and knows what must be true.
//!
//! The properties, each by the words of its violation:
//! - *every alert calls somebody or says why not*, *every page comes to rest*, *an open incident has
//!   reached somebody*, *what is over ends*: nobody is forgotten;
//! - *replay equals live*, *every record follows from those before it*, *numbers are given once*, *time
//!   never goes backwards*, *the chain of hashes is whole*: the journal is the truth;
//! - *what is answered is in the journal*, *what is durable stays*, *a writer without the lease writes
//!   nothing*: an answer is a promise;
//! - *what is due is sent*, *what is called sent was sent*, *every notice is sent or given up*, *what
//!   failed is tried again*, *what was sent is not sent again*, *nobody is called after the end*: the
//!   outbox neither forgets nor pesters;
//! - *somebody answers for what is open*, *several take what several must*, *only what may wait waits*,
//!   *no call waits for long*, *nothing comes back early*, *nobody is reminded of what they do not
//!   have*, *another pager calls*: whoever deals with a page leaves nobody out;
//! - *whoever is on duty is called*, *whoever is not on duty any more is not called*, *a swap counts when it
//!   is accepted*, *a page given back calls again*, *a handover goes to whoever is on duty*, *a handover that
//!   nobody reads calls somebody*, *a handover that was read calls nobody*: the rota is what people made of it;
//! - *deadlines are kept*, *no step is cut short*, *steps follow each other*, *an alert that is
//!   repeated does not end*: time works.
//!
//! Invariants:
//! - the same seed gives the same run, to the last bit: no clock, no thread, no map without order;
//! - bugs are planted only on request ([`Bug`]), to show that they are found.

mod bug;
mod dealing;
mod dice;
mod duty;
mod journal;
mod measured;
mod organisation;
mod outbox;
mod outside;
mod report;
mod shadow;
mod world;

pub use bug::Bug;
pub use report::{Report, Violation};

use engine::EventRecord;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Days that one organisation lives.
pub const DAYS_PER_SEED: u32 = 40;

/// Lives `days` of the organisation that `seed` makes.
pub fn run(seed: u64, days: u32, planted: Option<Bug>) -> Result<Report, Violation> {
    run_watched(seed, days, planted, |_| {})
}

/// The same; `watch` sees each record as soon as it is on the disk.
pub fn run_watched(
    seed: u64,
    days: u32,
    planted: Option<Bug>,
    watch: fn(&EventRecord),
) -> Result<Report, Violation> {
    let mut world = world::World::new(seed, planted, watch);
    let outcome = catch_unwind(AssertUnwindSafe(|| world.run(days)));
    let lived = world.now.since(world::START).0 / world::DAY.0;
    let day = u32::try_from(lived).unwrap_or_default();
    let (property, detail) = match outcome {
        Ok(Ok(())) => return Ok(world.report),
        Ok(Err(broken)) => (broken.property.to_owned(), broken.detail),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(ToString::to_string);
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            ("nothing panics".to_owned(), text.unwrap_or_default())
        }
    };
    Err(Violation { seed, days, day, property, detail })
}
