//! What a storm has come to.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::ids::BookingId;

/// What a storm has come to.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What everything was drawn from.
    pub seed: u64,
    /// How long customers came.
    pub lasted: Duration,
    /// How many customers came, those of stampedes included.
    pub customers: usize,
    /// What was done, by kind and target.
    pub deeds: BTreeMap<(&'static str, &'static str), usize>,
    /// What could not be tried here, and why.
    pub untested: Vec<String>,
    /// Customers by what they last saw of their booking; `refused` where others had the seats.
    pub ends: BTreeMap<String, usize>,
    /// Bookings by their state at rest, as the database has them; empty if there was no rest.
    pub bookings: BTreeMap<String, u64>,
    /// How often a request was tried again.
    pub retries: usize,
    /// The longest that a customer waited for the first answer to a booking, tries included.
    pub longest_wait: Duration,
    /// How long it took until somebody was told of a booking again.
    pub sold_again: Recovery,
    /// How long it took until all processes said that all parts are there, when everything was whole again.
    pub ready_again: Recovery,
    /// How long it took after the last customer had left until nothing was open any more, if that came.
    pub at_rest_after: Option<Duration>,
    /// Messages that were published.
    pub messages: usize,
    /// How many of them were published more than once, under the same id.
    pub messages_again: usize,
    /// Mails that were sent.
    pub mails: usize,
    /// How many of them were sent a second time, under the same id.
    pub mails_again: usize,
    /// Everything that was found broken; nothing, if every promise held.
    pub broken: Vec<Broken>,
}

/// The longest of many recoveries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// How long it took.
    pub longest: Duration,
    /// From what.
    pub from: String,
}

/// Something that should not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The name of the promise, from `P1` to `P8`; `records` where rows contradict each other; or `unexpected answer`,
    /// `no end`, `not at rest`, `process ended`.
    pub promise: String,
    /// About which booking.
    pub booking_id: Option<BookingId>,
    /// What was found.
    pub what: String,
    /// The booking's whole story, for the first few.
    pub story: Option<String>,
}

impl Broken {
    /// Something that should not be, whose story is not yet known.
    pub(crate) fn new(promise: impl Into<String>, booking_id: Option<BookingId>, what: impl Into<String>) -> Self {
        Self { promise: promise.into(), booking_id, what: what.into(), story: None }
    }
}

impl Recovery {
    /// Keeps the longer one.
    pub(crate) fn add(&mut self, took: Duration, from: impl FnOnce() -> String) {
        if took >= self.longest {
            *self = Self { longest: took, from: from() };
        }
    }
}
