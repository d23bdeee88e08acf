//! Seat maps: what a partner draws of a hall, checked, and the seats that follow from it. Knows no show.

mod change;
mod check;
mod drawing;
mod fault;
mod layout;
mod name;
mod path;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{HallId, SeatId};
use crate::seat::{GENERAL_ADMISSION_ROW, Seat, SeatCategory};

pub use change::{SeatChange, SeatMapChange};
pub use drawing::{RowDrawing, SeatDrawing, SeatMapDrawing, SectionDrawing};
pub use fault::{SeatMapFault, SeatMapFaults, SeatMapProblem};
pub use path::{FaultPlace, InRow, SeatMapPath};

/// The seat map of a hall: at least one seat, no two of them in one place or with one name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "SeatMapDrawing", try_from = "SeatMapDrawing")]
pub struct SeatMap {
    sections: Vec<Section>,
}

/// A part of a hall with a name of its own: `stalls`, `balcony`.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its name, unlike that of any other section of the hall.
    pub name: String,
    /// What is in it.
    pub seats: SectionSeats,
}

/// What a section is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum SectionSeats {
    /// Rows of seats, from front to back.
    Rows(Vec<Row>),
    /// General admission: places sold by count, numbered from 1, which stand in no row and have no neighbours.
    Places {
        /// How many.
        count: u32,
        /// The category of all of them.
        category: SeatCategory,
    },
}

/// A row of seats.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// As written on the floor, unlike that of any other row of the section.
    pub name: String,
    /// From left to right, as the audience looks at the stage.
    pub seats: Vec<RowSeat>,
}

/// A seat of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowSeat {
    /// As written on the seat, unlike that of any other seat of the row.
    pub number: String,
    /// Its category.
    pub category: SeatCategory,
    /// Whether it is a place for a wheelchair.
    pub accessible: bool,
    /// Whether there is an aisle between it and the next.
    pub gap_after: bool,
    /// Where it stands, where the partner has drawn it: seat widths from the left, row depths from the front.
    pub own_place: Option<(f64, f64)>,
}

impl SeatMap {
    /// Checks what a partner has drawn; the only way to a seat map.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with the path of what is meant.
    pub fn parse(drawing: &SeatMapDrawing) -> Result<Self, SeatMapFaults> {
        check::check(drawing).map(|sections| Self { sections })
    }

    /// Reads the text form.
    ///
    /// # Errors
    ///
    /// Everything that cannot be read or, once all can be read, everything that is wrong with it, each with its line.
    pub fn parse_text(text: &str) -> Result<Self, SeatMapFaults> {
        let drawn = text::parse(text)?;
        Self::parse(&drawn.drawing).map_err(|faults| faults.in_lines(|path| drawn.line_of(path)))
    }

    /// The text form, which reads back as the same seat map; `None` where seats have places of their own, for which the
    /// text form has no words.
    pub fn to_text(&self) -> Option<String> {
        if self.has_own_places() { None } else { Some(text::print(&self.to_drawing())) }
    }

    /// What a partner would draw to get this seat map: nothing is said that goes without saying.
    pub fn to_drawing(&self) -> SeatMapDrawing {
        drawing::draw(&self.sections)
    }

    /// Its sections, in the order in which they were drawn.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// How many seats it has, with the places of general admission.
    pub fn seat_count(&self) -> usize {
        self.sections.iter().map(Section::seat_count).sum()
    }

    /// The categories that its seats have: a show in the hall has a price for each.
    pub fn categories(&self) -> BTreeSet<&SeatCategory> {
        self.sections.iter().flat_map(Section::categories).collect()
    }

    /// The seats of a hall that has this seat map, section by section and row by row. Their ids follow from hall, section,
    /// row and number, so that uploading a seat map again finds the same seats.
    pub fn seats(&self, hall_id: HallId) -> Vec<Seat> {
        let mut seats = Vec::with_capacity(self.seat_count());
        for (section, places) in self.sections.iter().zip(layout::places(&self.sections)) {
            let named = section.named_seats();
            seats.extend(named.zip(places).map(|(seat, (x, y))| seat.placed(hall_id, &section.name, x, y)));
        }
        seats
    }

    fn has_own_places(&self) -> bool {
        self.sections.iter().any(Section::is_drawn)
    }
}

/// A seat of a section, whatever the section is made of.
struct NamedSeat<'a> {
    row: &'a str,
    number: String,
    category: &'a SeatCategory,
    accessible: bool,
}

impl NamedSeat<'_> {
    fn placed(self, hall_id: HallId, section: &str, x: f64, y: f64) -> Seat {
        Seat {
            id: SeatId::for_place(hall_id, section, self.row, &self.number),
            hall_id,
            section: section.to_owned(),
            row: self.row.to_owned(),
            number: self.number,
            category: self.category.clone(),
            accessible: self.accessible,
            x,
            y,
        }
    }
}

impl Section {
    /// How many seats or places it has.
    pub fn seat_count(&self) -> usize {
        match &self.seats {
            SectionSeats::Rows(rows) => rows.iter().map(|row| row.seats.len()).sum(),
            SectionSeats::Places { count, .. } => usize::try_from(*count).unwrap_or(usize::MAX),
        }
    }

    /// Its rows; none where places are sold by count.
    pub fn rows(&self) -> &[Row] {
        match &self.seats {
            SectionSeats::Rows(rows) => rows,
            SectionSeats::Places { .. } => &[],
        }
    }

    /// Whether its seats have places of their own: all have, or none.
    fn is_drawn(&self) -> bool {
        self.rows().iter().flat_map(|row| &row.seats).any(|seat| seat.own_place.is_some())
    }

    fn categories(&self) -> impl Iterator<Item = &SeatCategory> {
        let by_count = match &self.seats {
            SectionSeats::Rows(_) => None,
            SectionSeats::Places { category, .. } => Some(category),
        };
        self.rows().iter().flat_map(|row| &row.seats).map(|seat| &seat.category).chain(by_count)
    }

    fn named_seats(&self) -> impl Iterator<Item = NamedSeat<'_>> {
        let in_rows = self.rows().iter().flat_map(|row| {
            row.seats.iter().map(|seat| NamedSeat {
                row: &row.name,
                number: seat.number.clone(),
                category: &seat.category,
                accessible: seat.accessible,
            })
        });
        let by_count = match &self.seats {
            SectionSeats::Rows(_) => None,
            SectionSeats::Places { count, category } => Some((1..=*count).map(move |number| NamedSeat {
                row: GENERAL_ADMISSION_ROW,
                number: number.to_string(),
                category,
                accessible: false,
            })),
        };
        in_rows.chain(by_count.into_iter().flatten())
    }
}

/// The category that most of `categories` are, of equally frequent ones the first by name.
fn usual<'a>(categories: impl Iterator<Item = &'a SeatCategory>) -> Option<&'a SeatCategory> {
    let mut times: BTreeMap<&SeatCategory, usize> = BTreeMap::new();
    for category in categories {
        *times.entry(category).or_default() += 1;
    }
    // Of equal ones the last is the greatest, hence from behind.
    times.into_iter().rev().max_by_key(|(_, times)| *times).map(|(category, _)| category)
}

impl TryFrom<SeatMapDrawing> for SeatMap {
    type Error = SeatMapFaults;

    fn try_from(drawing: SeatMapDrawing) -> Result<Self, SeatMapFaults> {
        Self::parse(&drawing)
    }
}

impl From<SeatMap> for SeatMapDrawing {
    fn from(map: SeatMap) -> Self {
        map.to_drawing()
    }
}
