//! Show seats: a seat as inventory of a show.

use serde::{Deserialize, Serialize};

use crate::ids::SeatId;
use crate::seat::{GENERAL_ADMISSION_ROW, SeatCategory};

/// Whether a seat of a show can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShowSeatState {
    /// Free.
    Available,
    /// Kept back by the partner.
    Blocked,
    /// Held for a booking until its deadline.
    Held,
    /// Sold to a booking.
    Sold,
}

impl ShowSeatState {
    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Blocked => "blocked",
            Self::Held => "held",
            Self::Sold => "sold",
        }
    }

    /// Every state.
    pub const ALL: [Self; 4] = [Self::Available, Self::Blocked, Self::Held, Self::Sold];
}

/// How a seat of a show stands, as one version of its row says. Of two, the one with the higher version is the newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SeatStatus {
    /// The seat.
    pub seat_id: SeatId,
    /// Whether it can be had.
    pub state: ShowSeatState,
    /// The version of its row, which every change of state raises.
    pub version: i64,
}

/// A seat of a show as a buyer sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShowSeat {
    /// The seat.
    pub seat_id: SeatId,
    /// The part of the hall.
    pub section: String,
    /// The row; [`GENERAL_ADMISSION_ROW`] where places are sold by count.
    pub row: String,
    /// The number.
    pub number: String,
    /// Its category in this show.
    pub category: SeatCategory,
    /// Whether it is a place for a wheelchair.
    pub accessible: bool,
    /// Distance from the left edge of the seat map, in seat widths.
    pub x: f64,
    /// Distance from the front edge of the seat map, in row depths.
    pub y: f64,
    /// Whether it can be had.
    pub state: ShowSeatState,
}

impl ShowSeat {
    /// Whether it can be had.
    pub fn is_free(&self) -> bool {
        self.state == ShowSeatState::Available
    }

    /// Whether it is one of a number of places sold by count, which stand in no row and have no neighbours.
    pub fn is_general_admission(&self) -> bool {
        self.row == GENERAL_ADMISSION_ROW
    }
}
