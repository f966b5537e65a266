//! Where samples come from: Prometheus-compatible servers, and `/metrics` endpoints read by
//! ourselves.
//!
//! Intuition: a source is asked "which readings do you have for these counters?" once per tick and
//! answers with raw readings; what they mean is the business of `slo::Meter`. Both kinds of source
//! answer alike, so nobody else needs to know which one it is.
//!
//! Invariants:
//! - the time of a read is an argument; no clock is read here;
//! - one question per selector and tick, however many objectives share it, and none for a selector
//!   that chooses a part of what another one asks for anyway;
//! - one selector or target that fails does not hide the others: [`Reader::problems`] tells;
//! - everything that comes from outside is bounded in size and parsed without trust.

mod batch;
mod error;
pub mod exposition;
mod matching;
mod native;
mod prometheus;
mod query;
mod reader;
mod scrape;

pub use error::ReadError;
pub use matching::{BadRegex, Matching};
pub use prometheus::{ANSWER_BYTES_MAX, FIRST_RANGE, QUERY_TIMEOUT, RANGE_MAX, read_answer};
pub use reader::{REQUESTS_AT_ONCE_MAX, Reader};
pub use scrape::{SCRAPE_BYTES_MAX, SCRAPE_TIMEOUT};
