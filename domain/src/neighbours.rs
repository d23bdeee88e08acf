//! Who sits beside whom: the rows of a show as runs of neighbouring seats.

use crate::position::Position;
use crate::show_seat::ShowSeat;

/// How far apart two seats of a row may be to be neighbours, in hundredths of a seat width. From middle to middle,
/// neighbours are 1 apart, wide armchairs up to 1.25; an aisle adds at least 1. Halfway between 1 and 2.
const NEIGHBOUR_HUNDREDTHS: i64 = 150;

/// A seat, and where exactly it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlacedSeat<'a> {
    /// The seat.
    pub seat: &'a ShowSeat,
    pub(crate) position: Position,
}

/// Neighbouring seats of one row, from left to right: each is beside the one before it. Never empty.
pub type Run<'a> = [PlacedSeat<'a>];

/// The seats of a show that stand in rows, by section, row, and from left to right. Places of general admission are not
/// among them: they have no neighbours.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows<'a> {
    seats: Vec<PlacedSeat<'a>>,
}

impl<'a> Rows<'a> {
    /// Sorts seats into rows; their order does not matter.
    pub fn of(seats: impl IntoIterator<Item = &'a ShowSeat>) -> Self {
        let in_rows = seats.into_iter().filter(|seat| !seat.is_general_admission());
        let mut seats: Vec<_> = in_rows.map(PlacedSeat::of).collect();
        seats.sort_by(|one, other| one.order().cmp(&other.order()));
        Self { seats }
    }

    /// The runs of neighbouring seats, by section, row, and from left to right. An aisle ends a run, and so does the end
    /// of a row; seats that are taken do not.
    pub fn runs(&self) -> impl Iterator<Item = &Run<'a>> {
        self.seats.chunk_by(PlacedSeat::is_beside)
    }

    /// All seats, in the order of the runs.
    pub fn seats(&self) -> &[PlacedSeat<'a>] {
        &self.seats
    }

    /// All seats, in the order of the runs.
    pub(crate) fn into_seats(self) -> Vec<PlacedSeat<'a>> {
        self.seats
    }
}

impl<'a> PlacedSeat<'a> {
    pub(crate) fn of(seat: &'a ShowSeat) -> Self {
        Self { seat, position: Position::of(seat.x, seat.y) }
    }

    /// Whether `next`, which comes next in its row from left to right, is its neighbour.
    pub(crate) fn is_beside(&self, next: &Self) -> bool {
        let is_near = next.position.x - self.position.x <= NEIGHBOUR_HUNDREDTHS;
        is_near && self.seat.row == next.seat.row && self.seat.section == next.seat.section
    }

    /// Whether both can be had, and side by side.
    pub(crate) fn is_free_beside(&self, next: &Self) -> bool {
        self.seat.is_free() && next.seat.is_free() && self.is_beside(next)
    }

    fn order(&self) -> impl Ord + use<'a> {
        // Seats of a row that are drawn above each other are in the order of their names.
        let seat = self.seat;
        (seat.section.as_str(), seat.row.as_str(), self.position.x, seat.number.as_str(), seat.seat_id)
    }
}
