//! What a new seat map changes about a hall: the difference between two lists of seats.

use std::collections::BTreeMap;

use super::SeatMap;
use crate::ids::HallId;
use crate::seat::Seat;

/// What becomes of the seats of a hall.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeatMapChange {
    /// Seats that there were not, in the order of the new map.
    pub added: Vec<Seat>,
    /// Seats that are still there, but otherwise, in the order of the new map.
    pub changed: Vec<SeatChange>,
    /// Seats that are there no longer, in the order in which they were given.
    pub gone: Vec<Seat>,
}

/// A seat before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct SeatChange {
    /// As it was.
    pub before: Seat,
    /// As it is now, with the id that it had.
    pub after: Seat,
}

impl SeatChange {
    /// Whether it costs and offers something else: its category, or that it is a place for a wheelchair.
    pub fn is_of_kind(&self) -> bool {
        self.before.category != self.after.category || self.before.accessible != self.after.accessible
    }

    /// Whether it stands elsewhere on the seat map.
    pub fn is_of_place(&self) -> bool {
        (self.before.x, self.before.y) != (self.after.x, self.after.y)
    }
}

impl SeatMapChange {
    /// What it takes to make the seats `before` into `after`. A seat is the same if section, row and number are, which are
    /// unique within a hall; it keeps the id that it has.
    pub fn between(before: &[Seat], after: &[Seat]) -> Self {
        let mut left: BTreeMap<_, _> = before.iter().map(|seat| (name(seat), seat)).collect();
        let mut change = Self::default();
        for seat in after {
            match left.remove(&name(seat)) {
                None => change.added.push(seat.clone()),
                Some(before) => {
                    let after = Seat { id: before.id, ..seat.clone() };
                    if *before != after {
                        change.changed.push(SeatChange { before: before.clone(), after });
                    }
                }
            }
        }
        change.gone = before.iter().filter(|seat| left.contains_key(&name(seat))).cloned().collect();
        change
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.gone.is_empty()
    }
}

impl SeatMap {
    /// What it takes to give a hall with the seats `existing` this seat map.
    pub fn change_from(&self, hall_id: HallId, existing: &[Seat]) -> SeatMapChange {
        SeatMapChange::between(existing, &self.seats(hall_id))
    }
}

fn name(seat: &Seat) -> (&str, &str, &str) {
    (&seat.section, &seat.row, &seat.number)
}
