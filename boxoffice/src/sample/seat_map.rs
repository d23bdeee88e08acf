//! Seat maps by the row: blocks of seats with aisles between them, straight or bent around a stage.

use domain::ids::{HallId, SeatId};
use domain::seat::{Seat, SeatCategory};

/// How wide an aisle is, in seat widths.
const AISLE_WIDTH: f64 = 1.5;

/// One row of seats.
pub(super) struct Row<'a> {
    /// The part of the hall.
    pub(super) section: &'a str,
    /// The letter on the floor.
    pub(super) label: char,
    /// How many seats each block has, from left to right; an aisle is between two blocks.
    pub(super) blocks: &'a [u32],
    /// From the middle of a seat to the middle of the next, in seat widths: more than 1 where the seats are wider.
    pub(super) pitch: f64,
    /// What the seats cost and offer.
    pub(super) category: &'a SeatCategory,
    /// How many places at each end are for wheelchairs.
    pub(super) accessible_ends: u32,
    /// Distance of the row's middle from the front edge, in row depths.
    pub(super) y: f64,
    /// How much closer to the stage a seat is that stands 10 seat widths from the middle, in row depths.
    pub(super) bend: f64,
}

impl Row<'_> {
    /// Adds the row's seats; the middle of the hall is at x = 0.
    fn add_to(&self, hall_id: HallId, seats: &mut Vec<Seat>) {
        let count: u32 = self.blocks.iter().sum();
        let aisles = f64::from(u32::try_from(self.blocks.len()).unwrap_or(u32::MAX)) - 1.0;
        let width = (f64::from(count) - 1.0) * self.pitch + aisles * AISLE_WIDTH;
        let (mut x, mut number) = (-width / 2.0, 0);
        for block in self.blocks {
            for _ in 0..*block {
                number += 1;
                seats.push(self.seat(hall_id, number, count, x));
                x += self.pitch;
            }
            x += AISLE_WIDTH;
        }
    }

    fn seat(&self, hall_id: HallId, number: u32, count: u32, x: f64) -> Seat {
        let (row, label) = (self.label.to_string(), number.to_string());
        Seat {
            id: SeatId::for_place(hall_id, self.section, &row, &label),
            hall_id,
            section: self.section.to_owned(),
            row,
            number: label,
            category: self.category.clone(),
            accessible: number <= self.accessible_ends || number > count - self.accessible_ends,
            x,
            y: self.y - self.bend * (x / 10.0).powi(2),
        }
    }
}

/// The seats of all rows, moved so that the map begins at x = 0 and no seat is in front of y = 0. Positions are in
/// hundredths: more digits would only make the map longer to send.
pub(super) fn seats_of(hall_id: HallId, rows: &[Row<'_>]) -> Vec<Seat> {
    let mut seats = Vec::new();
    for row in rows {
        row.add_to(hall_id, &mut seats);
    }
    let left = seats.iter().map(|seat| seat.x).fold(0.0, f64::min);
    let front = seats.iter().map(|seat| seat.y).fold(0.0, f64::min);
    for seat in &mut seats {
        seat.x = hundredths(seat.x - left);
        seat.y = hundredths(seat.y - front);
    }
    seats
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
