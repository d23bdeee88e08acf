//! What customers of a storm have lived to see.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::ids::BookingId;

/// What came of all plans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Bookings by the state they were last seen in; `refused` where others had the seats.
    pub ends: BTreeMap<String, usize>,
    /// Answers that no document allows.
    pub unexpected: Vec<Unexpected>,
    /// Bookings whose customers gave up before they knew what became of them.
    pub gave_up: Vec<BookingId>,
    /// How often a request was tried again.
    pub retries: usize,
    /// The longest that a customer waited for the first answer to a booking, tries included.
    pub longest_wait: Duration,
    /// When customers were told that they have a booking, or tickets.
    pub successes: Vec<Instant>,
}

/// An answer that no document allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexpected {
    /// About which booking.
    pub booking_id: BookingId,
    /// What is wrong with it.
    pub what: String,
}

impl Told {
    /// Adds what came of another plan.
    pub fn add(&mut self, other: Self) {
        for (end, count) in other.ends {
            *self.ends.entry(end).or_default() += count;
        }
        self.unexpected.extend(other.unexpected);
        self.gave_up.extend(other.gave_up);
        self.retries += other.retries;
        self.longest_wait = self.longest_wait.max(other.longest_wait);
        self.successes.extend(other.successes);
    }
}
