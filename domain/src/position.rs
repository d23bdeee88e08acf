//! Where a seat stands, in whole hundredths, so that everything computed from it is exact and the same everywhere.

use crate::limits::SEAT_MAP_EDGE;

/// Where a seat stands on the seat map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// Distance from the left edge, in hundredths of a seat width.
    pub(crate) x: i64,
    /// Distance from the front edge, in hundredths of a row depth.
    pub(crate) y: i64,
}

/// How far from the front left corner positions are told apart, in either direction. Seats that were not imported
/// through a seat map may stand beyond its edge; the square of a distance within 100 times the edge fits 64 bits.
const FARTHEST: u32 = 100 * SEAT_MAP_EDGE;

impl Position {
    /// The position of `x` seat widths and `y` row depths. What is not a number stands at the edge.
    pub(crate) fn of(x: f64, y: f64) -> Self {
        Self { x: hundredths(x), y: hundredths(y) }
    }
}

fn hundredths(distance: f64) -> i64 {
    let farthest = f64::from(FARTHEST);
    let within = if distance.is_nan() { 0.0 } else { distance.clamp(-farthest, farthest) };
    // Whole, and far below what an i64 holds, so the cast loses nothing.
    (within * 100.0).round() as i64
}
