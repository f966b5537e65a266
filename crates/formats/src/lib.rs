//! Objectives in the formats of other systems: Sloth, OpenSLO and Pyrra are read; Prometheus rules
//! as Sloth shapes them, OpenSLO v1 and our own configuration are written.
//!
//! Intuition: people who move bring files along, and people who stay with Prometheus want its
//! rules. Every reader lifts what it finds into [`SloSpec`]; every writer takes it from there.
//! What does not fit is never dropped in silence: it is a [`Loss`] with file, line and reason.
//!
//! Invariants:
//! - text in, text out: no I/O, no clock, no randomness;
//! - one broken objective does not hide the others;
//! - no text, however damaged, makes a reader panic, and reading is bounded.

mod duration;
mod emit;
mod import;
mod loss;
mod meaning;
mod measured;
pub mod openslo;
mod own;
mod promql;
mod pyrra;
mod read;
mod rules;
mod sloth;
mod spec;
mod windows;
pub mod yaml;

#[cfg(test)]
mod tests;

pub use duration::{parse_openslo, parse_prometheus, prometheus as prometheus_length};
pub use emit::{to_json, to_yaml};
pub use import::{ImportOptions, import};
pub use loss::{Loss, Weight, any_refused, report};
pub use meaning::{Exact, Meaning};
pub use own::from_catalogue;
pub use read::{Read, is_foreign, read};
pub use rules::{Group, Rule, RuleKind, RuleOptions, go_number, joined, rules, rules_yaml};
pub use spec::{AlertSpec, Alerting, Dialect, HOLE, Place, Sli, SloSpec, is_label_name};
pub use windows::{BurnWindow, Windows, read_windows};
