//! Tickets on the wire.

use domain::ids::{SeatId, TicketId};
use domain::ticket::Ticket;
use poem_openapi::Object;

use crate::id::Id;

/// The right to one seat.
#[derive(Debug, Object)]
#[oai(rename = "Ticket", rename_all = "camelCase")]
pub struct TicketOut {
    /// Its id.
    pub id: Id<TicketId>,
    /// The seat it is for.
    pub seat_id: Id<SeatId>,
    /// `issued` while it counts, `voided` once its booking was taken back.
    pub state: String,
}

impl From<Ticket> for TicketOut {
    fn from(ticket: Ticket) -> Self {
        // The booking and its show are around it.
        let Ticket { id, booking_id: _, show_id: _, seat_id, state } = ticket;
        Self { id: id.into(), seat_id: seat_id.into(), state: state.as_str().to_owned() }
    }
}
