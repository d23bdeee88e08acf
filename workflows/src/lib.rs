//! The sagas, and the contracts of the activities they call. Deterministic: knows no I/O, no clock, no randomness.

pub mod book_ticket;
pub mod settle_booking;

pub mod cancel_show;

pub mod contracts;
pub mod queues;
pub mod search_attributes;
pub mod signals;

pub use saga::Patience;

mod attention;
mod money;
mod saga;
mod steps;
