//! Findings: where the checks put what they find.

use std::collections::BTreeMap;

use domain::ids::BookingId;

use crate::promise::Promise;
use crate::report::{Attention, Violation};

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) violations: Vec<Violation>,
    pub(crate) attention: Vec<Attention>,
    pub(crate) looked_at: BTreeMap<Promise, u64>,
}

impl Findings {
    /// A promise is broken, about a booking where `booking_id` is one.
    pub(crate) fn broken(&mut self, promise: Promise, booking_id: &str, what: impl Into<String>) {
        let what = what.into();
        let (booking_id, what) = match BookingId::parse(booking_id) {
            Ok(id) => (Some(id), what),
            Err(_) if booking_id.is_empty() => (None, what),
            Err(_) => (None, format!("`{booking_id}`: {what}")),
        };
        self.violations.push(Violation { promise, booking_id, what });
    }

    /// Somebody has to look at a booking.
    pub(crate) fn attend(&mut self, booking_id: &str, what: impl Into<String>) {
        self.attention.push(Attention { booking_id: BookingId::parse(booking_id).ok(), what: what.into() });
    }

    /// So many more things were looked at for a promise.
    pub(crate) fn looked(&mut self, promise: Promise, count: usize) {
        *self.looked_at.entry(promise).or_default() += count as u64;
    }
}
