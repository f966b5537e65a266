//! dst
