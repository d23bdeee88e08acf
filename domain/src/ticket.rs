//! Tickets: the right to one seat after confirmation.

use serde::{Deserialize, Serialize};

use crate::ids::{BookingId, SeatId, ShowId, TicketId};

/// The right to one seat of a show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// The booking it came from.
    pub booking_id: BookingId,
    /// The show it is for.
    pub show_id: ShowId,
    /// The seat it is for.
    pub seat_id: SeatId,
    /// Whether it still counts.
    pub state: TicketState,
}

/// Whether a ticket still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// It does.
    Issued,
    /// Its booking was taken back.
    Voided,
}

impl TicketState {
    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Voided => "voided",
        }
    }
}
