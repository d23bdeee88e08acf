//! What the provider port promises, told on the simulator: by its service, over HTTP and through its webhooks.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

// The routes are served by `api`, which depends on this crate; the very same files are served here, so that the client is
// tested against what it will meet.
#[path = "../../../api/src/body_limit.rs"]
mod body_limit;
#[expect(unreachable_pub, reason = "it is reachable where it belongs")]
#[path = "../../../api/src/simulator.rs"]
mod routes;

mod api;
mod cards;
mod harness;
mod idempotency;
mod outages;
mod pages;
mod refunds;
mod signatures;
mod webhooks;
