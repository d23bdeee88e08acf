//! What whole-system tests share: an application of their own, customers who book over HTTP, faults in chosen steps.
//! For tests only: everything here panics where production code would answer an error.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails loudly")]

pub mod buyer;
pub mod catalogue;
pub mod faults;
pub mod fleet;
pub mod heard;
pub mod listeners;
pub mod messages;
pub mod mode;
pub mod person;
pub mod process;
pub mod program;
pub mod proxy;
pub mod rest;
pub mod servers;
pub mod sse;
pub mod stage;
pub mod storm;
pub mod storm_plan;
pub mod storm_told;
pub mod test_app;
pub mod wait;

pub use buyer::{Answer, Buyer};
pub use faults::{Fault, Faults};
pub use fleet::Fleet;
pub use mode::Mode;
pub use proxy::Proxy;
pub use stage::{Cast, Stage};
pub use test_app::{TestApp, TestSettings};
pub use wait::eventually;
