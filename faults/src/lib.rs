//! The storm: customers of all kinds against a whole fleet, while its processes are killed and paused, its lines cut,
//! its servers restarted and its disk filled; then every promise is checked. Everything random is drawn from a seed
//! before it begins.

#![allow(clippy::unwrap_used, reason = "a storm that cannot be set up fails loudly")]

pub mod deed;
pub mod mutation;
pub mod plan;
pub mod storm;
pub mod upgrade;

mod crowd;
mod disk;
mod outcome;
mod rager;
pub mod story;

pub mod report;

pub use outcome::{Broken, Outcome, Recovery};
pub use storm::{Options, rage};
