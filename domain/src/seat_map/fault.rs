//! What is wrong with a drawn seat map: all of it at once, each with its place and what would be right.

use std::fmt;

use super::path::{FaultPlace, SeatMapPath};
use crate::limits::{
    ROWS_PER_HALL, SEAT_MAP_EDGE, SEAT_MAP_FAULTS, SEAT_NAME_CHARACTERS, SEATS_PER_HALL, SEATS_PER_ROW,
    SECTIONS_PER_HALL,
};
use crate::seat::InvalidSeatCategory;

/// Something that is wrong with a seat map.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct SeatMapFault {
    /// Where.
    pub place: FaultPlace,
    /// What, and what would be right.
    pub problem: SeatMapProblem,
}

/// What is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SeatMapProblem {
    /// A text form that cannot be read.
    #[error("expected {expected}, found {found}")]
    Unreadable {
        /// What would be right.
        expected: &'static str,
        /// What is there instead.
        found: String,
    },
    /// A hall without sections.
    #[error("a seat map has at least one section")]
    NoSections,
    /// Too many sections.
    #[error("{count} sections are too many: at most {SECTIONS_PER_HALL}")]
    TooManySections {
        /// How many there are.
        count: usize,
    },
    /// Too many rows in the hall.
    #[error("more than {ROWS_PER_HALL} rows in the hall; another hall may have the others")]
    TooManyRows,
    /// Too many seats in the hall.
    #[error("more than {SEATS_PER_HALL} seats in the hall; another hall may have the others")]
    TooManySeats,
    /// Too many seats in a row.
    #[error("{count} seats in row `{row}` are too many: at most {SEATS_PER_ROW}")]
    TooManySeatsInRow {
        /// The row.
        row: String,
        /// How many it has.
        count: usize,
    },
    /// A line of text with more seats than a row has.
    #[error("more than {SEATS_PER_ROW} seats in one row")]
    TooManyNumbers,
    /// A text that names no section, row or seat.
    #[error("`{text}` is not a name: 1 to {SEAT_NAME_CHARACTERS} printable characters, without space around them")]
    Name {
        /// The text as given, cut.
        text: String,
    },
    /// A text that names no category.
    #[error(transparent)]
    Category(#[from] InvalidSeatCategory),
    /// Two sections with one name.
    #[error("section `{name}` is there already: each has a name of its own")]
    SectionTwice {
        /// The name.
        name: String,
    },
    /// Two rows of a section with one name.
    #[error("row `{row}` is in section `{section}` already: each of its rows has a name of its own")]
    RowTwice {
        /// The row.
        row: String,
        /// The section.
        section: String,
    },
    /// Two seats of a row with one number.
    #[error("seat `{number}` is in row `{row}` already: each of its seats has a number of its own")]
    NumberTwice {
        /// The number.
        number: String,
        /// The row.
        row: String,
    },
    /// A section that is both.
    #[error(
        "section `{section}` has rows and places: a section of seats has rows, one of general admission has places"
    )]
    RowsAndPlaces {
        /// The section.
        section: String,
    },
    /// A section that is neither.
    #[error("section `{section}` is empty: a section of seats has rows, one of general admission has places")]
    NeitherRowsNorPlaces {
        /// The section.
        section: String,
    },
    /// A row without seats.
    #[error("row `{row}` is empty: a row has at least one seat")]
    NoSeats {
        /// The row.
        row: String,
    },
    /// A number of places that no section has.
    #[error("{count} places: general admission has 1 to {SEATS_PER_HALL}")]
    PlaceCount {
        /// The number as given.
        count: u32,
    },
    /// An aisle after a seat that is not there.
    #[error("there is no seat `{number}` in row `{row}` that an aisle could come after")]
    GapAfterNoSeat {
        /// The number as given.
        number: String,
        /// The row.
        row: String,
    },
    /// An aisle after the last seat.
    #[error("seat `{number}` is the last of row `{row}`: an aisle is between two seats")]
    GapAtEnd {
        /// The number.
        number: String,
        /// The row.
        row: String,
    },
    /// An aisle named twice.
    #[error("the aisle after seat `{number}` is there already; to make one wider, say where seats stand by x and y")]
    GapTwice {
        /// The number.
        number: String,
    },
    /// An aisle in a row whose seats have places.
    #[error("row `{row}` has seats with x and y, which say where its aisles are: leave gaps away")]
    GapInDrawnRow {
        /// The row.
        row: String,
    },
    /// Half a place.
    #[error("seat `{number}` has no `{missing}`: x and y go together")]
    HalfAPlace {
        /// The number.
        number: String,
        /// The coordinate that is missing.
        missing: &'static str,
    },
    /// A place that is not on the seat map.
    #[error("{value} is not on the seat map: a number from 0 to {SEAT_MAP_EDGE}, x in seat widths, y in row depths")]
    OffTheMap {
        /// The coordinate as given.
        value: f64,
    },
    /// A section of which some seats have a place and some have none.
    #[error("{without} seats of section `{section}` have no x and y, this is the first: either all have, or none")]
    PartlyDrawn {
        /// The section.
        section: String,
        /// How many have none.
        without: usize,
    },
    /// Two seats in one place.
    #[error("stands where `{other}` stands: seats are at least a hundredth apart")]
    SamePlace {
        /// The other seat.
        other: String,
    },
    /// Sections that are laid out behind one that reaches to the edge.
    #[error(
        "section `{section}` would be laid out behind the edge of the seat map, {SEAT_MAP_EDGE}: give its seats x and y"
    )]
    NoRoom {
        /// The section.
        section: String,
    },
}

/// Everything that is wrong with a seat map, in the order of the map; at least one fault.
#[derive(Debug, Clone, PartialEq)]
pub struct SeatMapFaults {
    /// The first [`SEAT_MAP_FAULTS`] of them.
    pub faults: Vec<SeatMapFault>,
    /// How many more there are.
    pub more: usize,
}

impl std::error::Error for SeatMapFaults {}

impl fmt::Display for SeatMapFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        if self.more > 0 { write!(f, "\nand {} more", self.more) } else { Ok(()) }
    }
}

impl SeatMapFaults {
    /// None yet.
    pub(super) fn none() -> Self {
        Self { faults: Vec::new(), more: 0 }
    }

    /// Adds one; what is beyond the limit is only counted.
    pub(super) fn add(&mut self, place: FaultPlace, problem: SeatMapProblem) {
        if self.faults.len() < SEAT_MAP_FAULTS {
            self.faults.push(SeatMapFault { place, problem });
        } else {
            self.more += 1;
        }
    }

    /// What was made of the map, if nothing is wrong with it.
    pub(super) fn or<T>(self, made: T) -> Result<T, Self> {
        if self.faults.is_empty() { Ok(made) } else { Err(self) }
    }

    /// The same with lines of text instead of paths.
    pub(super) fn in_lines(mut self, line_of: impl Fn(SeatMapPath) -> usize) -> Self {
        for fault in &mut self.faults {
            if let FaultPlace::Path(path) = fault.place {
                fault.place = FaultPlace::Line(line_of(path));
            }
        }
        self
    }
}
