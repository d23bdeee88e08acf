//! Answers: what a client of the system was told, kept by the client.

use domain::ids::{BookingId, CustomerId, SeatId};
use jiff::Timestamp;

/// One answer about a booking, as the client got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The booking it names.
    pub booking_id: BookingId,
    /// The key that was sent with the request; none for a request that has none.
    pub idempotency_key: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// Who asked.
    pub customer_id: CustomerId,
    /// The state that the answer gave the booking, if it gave one.
    pub state: Option<String>,
    /// The seats that were asked for; empty if the client did not keep them.
    pub seats: Vec<SeatId>,
    /// When the answer came.
    pub at: Timestamp,
}

impl Answer {
    /// Whether the answer said that it was done.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
