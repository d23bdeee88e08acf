//! What a partner draws of a hall, as it stands in the JSON: nothing in it is checked yet.

use serde::{Deserialize, Serialize};

use super::{Row, RowSeat, Section, SectionSeats, usual};
use crate::seat::SeatCategory;

/// A hall as drawn.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeatMapDrawing {
    /// Its parts, from front to back.
    pub sections: Vec<SectionDrawing>,
}

/// A part of a hall: either rows of seats, or a number of places.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectionDrawing {
    /// Its name.
    pub name: String,
    /// The category of everything in it that does not say otherwise; `standard`, where it does not say either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Its rows, from front to back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<RowDrawing>>,
    /// How many places of general admission it has instead of rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<u32>,
}

/// A row of seats.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowDrawing {
    /// The row as written on the floor.
    pub row: String,
    /// The category of its seats that do not say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Its seats, from left to right as the audience looks at the stage.
    pub seats: Vec<SeatDrawing>,
    /// The numbers of the seats after which there is an aisle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
}

/// A seat.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeatDrawing {
    /// The number as written on the seat.
    pub number: String,
    /// Its category, where the row does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Whether it is a place for a wheelchair.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accessible: bool,
    /// Distance from the left edge of the seat map, in seat widths; laid out, where no seat of the section has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<f64>,
    /// Distance from the front edge of the seat map, in row depths; goes with `x`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<f64>,
}

/// The shortest drawing of `sections`.
pub(super) fn draw(sections: &[Section]) -> SeatMapDrawing {
    SeatMapDrawing { sections: sections.iter().map(draw_section).collect() }
}

fn draw_section(section: &Section) -> SectionDrawing {
    let category = usual(section.categories());
    let (rows, places) = match &section.seats {
        SectionSeats::Rows(rows) => (Some(rows.iter().map(|row| draw_row(row, category)).collect()), None),
        SectionSeats::Places { count, .. } => (None, Some(*count)),
    };
    SectionDrawing { name: section.name.clone(), category: category.map(SeatCategory::to_string), rows, places }
}

fn draw_row(row: &Row, of_section: Option<&SeatCategory>) -> RowDrawing {
    let category = usual(row.seats.iter().map(|seat| &seat.category));
    RowDrawing {
        row: row.name.clone(),
        category: category.filter(|it| Some(*it) != of_section).map(SeatCategory::to_string),
        seats: row.seats.iter().map(|seat| draw_seat(seat, category)).collect(),
        gaps: row.seats.iter().filter(|seat| seat.gap_after).map(|seat| seat.number.clone()).collect(),
    }
}

fn draw_seat(seat: &RowSeat, of_row: Option<&SeatCategory>) -> SeatDrawing {
    SeatDrawing {
        number: seat.number.clone(),
        category: Some(&seat.category).filter(|it| Some(*it) != of_row).map(SeatCategory::to_string),
        accessible: seat.accessible,
        x: seat.own_place.map(|(x, _)| x),
        y: seat.own_place.map(|(_, y)| y),
    }
}
