//! The server: a node per organisation, its workers, its configuration, and the demo.
//!
//! Intuition: the house around the engine. The writer (`driver`) decides and remembers; here are the
//! people who read meters ([`Measurer`]), carry letters ([`Outbox`]) and open the doors (`web`). They
//! take no orders: each looks at the state and does what is missing.
//!
//! Invariants:
//! - no decision is made here: whatever happens is a command to the engine;
//! - nobody who pages waits for a source, a sample or a view;
//! - every failure is told with what to do.

mod asking;
mod closing;
mod configuration;
mod daily;
mod demo;
mod duty_letters;
mod handover_letters;
mod letters;
mod limit_letters;
mod links;
mod logging;
mod mailbox;
mod measure;
mod node;
mod outbox;
mod owner;
mod problem;
mod reach_letters;
mod ready;
mod run;
mod samples;
mod serving;
mod setup;
mod storage;
mod telemetry;
mod wait;
mod watch;

pub use asking::{ASKED_FOR, ASKS_MAX, AT_ONCE_MAX, Asker};
pub use closing::{CLOSE_TRIES_MAX, Closer};
pub use configuration::{DEFAULT_PATH, load, paths};
pub use demo::{
    DemoOptions, Emulated, ExampleOptions, HISTORY, Memory, SERVICES, Town, demo, example_services,
};
pub use letters::LATE_FROM;
pub use logging::{LogForm, start_logging};
pub use mailbox::MailReader;
pub use measure::{MINUTES_OBSERVED_MAX, Measurer, READ_INTERVAL_MIN, masks_in_force};
pub use node::{LEASE_TTL, Node, NodeOptions, Shared};
pub use outbox::{Inbox, Kept, ON_THE_WAY_MAX, Outbox, PER_CHANNEL_MAX};
pub use owner::owner;
pub use problem::{Kind, Problem};
pub use run::{ServeOptions, serve};
pub use samples::{SharedBoard, WAITING_MAX, recording};
pub use setup::SETUP_TTL;
pub use storage::{Place, Storage};
pub use telemetry::Metrics;

pub use channels::secrets::resolve as resolve_secret;
pub use web::{Trial, hash_token, new_secret};
