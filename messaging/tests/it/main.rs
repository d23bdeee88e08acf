//! What messages promise those who listen, and what listening promises those who send.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod stage;

mod listening;
mod paying;
mod relaying;
mod schemas;
