//! The seats of a show on the wire.

use domain::ids::{SeatId, ShowId};
use domain::show_seat::{ShowSeat, ShowSeatState};
use poem_openapi::{Enum, Object};

use crate::id::Id;

/// The seats of a show and how many there are in each state.
#[derive(Debug, Object)]
#[oai(rename = "ShowSeats", rename_all = "camelCase")]
pub struct ShowSeatsOut {
    /// The show.
    pub show_id: Id<ShowId>,
    /// How many seats are in each state.
    pub counts: SeatCountsOut,
    /// The seats.
    pub items: Vec<ShowSeatOut>,
}

/// How many seats are in each state.
#[derive(Debug, Default, PartialEq, Eq, Object)]
#[oai(rename = "SeatCounts", rename_all = "camelCase")]
pub struct SeatCountsOut {
    /// Free.
    pub available: u32,
    /// Kept back by the partner.
    pub blocked: u32,
    /// Held for somebody who is paying.
    pub held: u32,
    /// Sold.
    pub sold: u32,
}

/// A seat of a show.
#[derive(Debug, Object)]
#[oai(rename = "ShowSeat", rename_all = "camelCase")]
pub struct ShowSeatOut {
    /// The seat.
    pub seat_id: Id<SeatId>,
    /// The part of the hall.
    pub section: String,
    /// The row.
    pub row: String,
    /// The number.
    pub number: String,
    /// Its category, which decides the price.
    pub category: String,
    /// Whether it is a place for a wheelchair.
    pub accessible: bool,
    /// Distance from the left edge of the seat map, in seat widths.
    pub x: f64,
    /// Distance from the front edge of the seat map, in row depths.
    pub y: f64,
    /// Whether it can be had.
    pub state: ShowSeatStateOut,
}

/// Whether a seat can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "ShowSeatState", rename_all = "snake_case")]
pub enum ShowSeatStateOut {
    /// Free.
    Available,
    /// Kept back by the partner.
    Blocked,
    /// Held for somebody who is paying.
    Held,
    /// Sold.
    Sold,
}

impl ShowSeatsOut {
    /// The seats of a show.
    pub fn of(show_id: ShowId, seats: Vec<ShowSeat>) -> Self {
        let mut counts = SeatCountsOut::default();
        for seat in &seats {
            match seat.state {
                ShowSeatState::Available => counts.available += 1,
                ShowSeatState::Blocked => counts.blocked += 1,
                ShowSeatState::Held => counts.held += 1,
                ShowSeatState::Sold => counts.sold += 1,
            }
        }
        Self { show_id: show_id.into(), counts, items: seats.into_iter().map(ShowSeatOut::from).collect() }
    }
}

impl From<ShowSeat> for ShowSeatOut {
    fn from(seat: ShowSeat) -> Self {
        let ShowSeat { seat_id, section, row, number, category, accessible, x, y, state } = seat;
        Self {
            seat_id: seat_id.into(),
            section,
            row,
            number,
            category: category.into(),
            accessible,
            x,
            y,
            state: state.into(),
        }
    }
}

impl From<ShowSeatState> for ShowSeatStateOut {
    fn from(state: ShowSeatState) -> Self {
        match state {
            ShowSeatState::Available => Self::Available,
            ShowSeatState::Blocked => Self::Blocked,
            ShowSeatState::Held => Self::Held,
            ShowSeatState::Sold => Self::Sold,
        }
    }
}
