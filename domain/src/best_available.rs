//! The best seats that can be had: so many together, near the middle, without leaving single seats where that can be
//! avoided. A function of what the show looks like now; whoever calls it sees to it that it still looks so afterwards.

mod choices;
mod focus;
mod seating;
mod split;
mod stretch;

use serde::{Deserialize, Serialize};

use crate::ids::SeatId;
use crate::limits::SEATS_PER_BOOKING;
use crate::seat::SeatCategory;
use crate::show_seat::ShowSeat;

pub use choices::Choices;
pub use focus::Focus;

/// What a customer wants who leaves the choice of seats to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BestWish {
    /// How many seats.
    pub count: SeatCount,
    /// Of which category; any, if there is none: then also of several.
    pub category: Option<SeatCategory>,
    /// In which section; any, if there is none.
    pub section: Option<String>,
    /// Whether one of them has to be a place for a wheelchair. Else none is: they are kept for who needs them.
    pub accessible: bool,
    /// Whether they may sit apart where there are not as many together.
    pub split: bool,
}

/// A number of seats that a booking may have, 1 to 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "usize", try_from = "usize")]
pub struct SeatCount(usize);

/// A number of seats that no booking has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{count} seats cannot be booked: at least 1, at most {SEATS_PER_BOOKING}")]
pub struct InvalidSeatCount {
    /// The number as given.
    pub count: usize,
}

/// What there is for a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// As many seats side by side as are wanted, from left to right; of general admission, the lowest free numbers.
    Together(Vec<SeatId>),
    /// As many seats in several groups, each side by side, where the wish allows that and there is no other way.
    Split(Vec<Vec<SeatId>>),
    /// There are not as many together and, where the wish allows it, not as many at all.
    NotTogether {
        /// The largest number for which the same wish could be fulfilled now, together; 0, if there is none.
        largest: usize,
    },
}

/// Chooses from the seats of a show as they are now, whose order does not matter.
///
/// Of all windows of as many free seats that are neighbours and as the wish wants them, it takes one that leaves the
/// fewest single seats behind (see [`crate::single_seat::stranded`]), of these the one nearest to the focal point of all
/// seats that the wish might mean, free or not, and of these the first by section, row, and from left to right. General
/// admission has no better and worse places: the lowest free numbers of a section go first, and only to a wish for which
/// there are no seats.
pub fn choose(seats: &[ShowSeat], wish: &BestWish, focus: Focus) -> Choice {
    let mut choices = choices(seats, wish, focus);
    if let Some(together) = choices.next() {
        return Choice::Together(together);
    }
    let split = if wish.split { choices.split() } else { None };
    split.map_or(Choice::NotTogether { largest: choices.largest() }, Choice::Split)
}

/// All windows that [`choose`] chooses from, the best first, for whoever finds the first one taken by somebody else.
///
/// They overlap. Who has learned which seats are taken leaves away the windows that have one of them; and as they were
/// ranked before that, whoever has the time chooses again instead. It takes one pass over the seats, sorted, and what is
/// not asked for is not put in order: n log n steps for n seats, and log n for each further window.
pub fn choices<'a>(seats: &'a [ShowSeat], wish: &BestWish, focus: Focus) -> Choices<'a> {
    Choices::of(seats, wish, focus)
}

impl BestWish {
    /// Whether the wish might mean a seat, free or not, for a wheelchair or not.
    fn means(&self, seat: &ShowSeat) -> bool {
        self.category.as_ref().is_none_or(|category| *category == seat.category)
            && self.section.as_ref().is_none_or(|section| *section == seat.section)
    }

    /// Whether a seat can be had for the wish.
    fn takes(&self, seat: &ShowSeat) -> bool {
        seat.is_free() && self.means(seat) && (self.accessible || !seat.accessible)
    }
}

impl SeatCount {
    /// Parses a number of seats.
    pub fn parse(count: usize) -> Result<Self, InvalidSeatCount> {
        if (1..=SEATS_PER_BOOKING).contains(&count) { Ok(Self(count)) } else { Err(InvalidSeatCount { count }) }
    }

    /// The number, 1 to 10.
    pub const fn get(self) -> usize {
        self.0
    }
}

impl TryFrom<usize> for SeatCount {
    type Error = InvalidSeatCount;

    fn try_from(count: usize) -> Result<Self, InvalidSeatCount> {
        Self::parse(count)
    }
}

impl From<SeatCount> for usize {
    fn from(count: SeatCount) -> usize {
        count.0
    }
}
