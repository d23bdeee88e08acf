//! The point that the best seats are nearest to.

use serde::{Deserialize, Serialize};

use crate::neighbours::PlacedSeat;
use crate::position::Position;

/// How many seat widths one row depth counts where distances are compared. A modern auditorium has 1.10 m to 1.20 m from
/// seat back to seat back and seats of 0.55 m to 0.60 m.
const WIDTHS_PER_DEPTH: i64 = 2;

/// Which row the best seats are in. From left to right it is always the middle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Focus {
    /// The first: a concert, where one wants to be close.
    Front,
    /// The one halfway back: a play, close enough to see faces and far enough to see the stage.
    #[default]
    Middle,
    /// The one two thirds of the way back: a film, where the screen fills the view and sound is mixed for.
    TwoThirdsBack,
}

impl Focus {
    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Middle => "middle",
            Self::TwoThirdsBack => "two_thirds_back",
        }
    }

    /// Every focus.
    pub const ALL: [Self; 3] = [Self::Front, Self::Middle, Self::TwoThirdsBack];
}

/// A point of the seat map in two-hundredths, so that the middle of two seats is a whole number as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    x: i64,
    y: i64,
}

impl Point {
    /// The middle between two seats.
    pub(super) fn between(one: Position, other: Position) -> Self {
        Self { x: one.x + other.x, y: one.y + other.y }
    }

    /// The focal point of seats: halfway between the leftmost and the rightmost, and as far back as the focus says,
    /// between the first row and the last.
    pub(super) fn focal<'a>(seats: impl Iterator<Item = &'a PlacedSeat<'a>>, focus: Focus) -> Option<Self> {
        let mut corners: Option<(Position, Position)> = None;
        for Position { x, y } in seats.map(|it| it.position) {
            let (low, high) = corners.unwrap_or((Position { x, y }, Position { x, y }));
            let low = Position { x: low.x.min(x), y: low.y.min(y) };
            corners = Some((low, Position { x: high.x.max(x), y: high.y.max(y) }));
        }
        let (low, high) = corners?;
        let y = match focus {
            Focus::Front => 2 * low.y,
            Focus::Middle => low.y + high.y,
            Focus::TwoThirdsBack => (2 * low.y + 4 * high.y) / 3,
        };
        Some(Self { x: low.x + high.x, y })
    }

    /// The square of the distance to another point, in two-hundredths of a seat width.
    pub(super) fn distance(self, other: Self) -> i64 {
        squared(self.x - other.x, self.y - other.y)
    }
}

/// The square of the distance between two runs of seats, each given by its ends: from end to end as far as they are not
/// side by side, and from middle to middle from front to back.
pub(super) fn distance_between(one: (Position, Position), other: (Position, Position)) -> i64 {
    let apart = (other.0.x - one.1.x).max(one.0.x - other.1.x).max(0);
    let back = Point::between(one.0, one.1).y - Point::between(other.0, other.1).y;
    squared(2 * apart, back)
}

fn squared(widths: i64, depths: i64) -> i64 {
    let depths = depths * WIDTHS_PER_DEPTH;
    widths * widths + depths * depths
}
