//! Where seats stand that the partner has not placed: numbers left to right, rows one behind the other, all rows of the
//! hall centred on one line, sections one behind the other.

use super::{Row, Section, SectionSeats};

/// From a seat to its neighbour, in seat widths.
const NEIGHBOUR: f64 = 1.0;
/// From a seat to the next across an aisle, in seat widths: an aisle is one more, so the two are no neighbours.
const ACROSS_AISLE: f64 = 2.0;
/// From the last row of a section to the first of the next, in row depths: there is an aisle between them, too.
const ACROSS_SECTIONS: f64 = 2.0;

/// The places of the seats of each section, row by row: seat widths from the left edge, row depths from the front edge.
pub(super) fn places(sections: &[Section]) -> Vec<Vec<(f64, f64)>> {
    let middle = sections.iter().map(width).fold(0.0, f64::max) / 2.0;
    let mut front = 0.0;
    let mut all = Vec::with_capacity(sections.len());
    for section in sections {
        let places = if section.is_drawn() { own_places(section) } else { lay_out(section, middle, front) };
        // Behind everything so far: a section that the partner has drawn may stand in front of one that was laid out.
        front = places.iter().map(|(_, y)| y + ACROSS_SECTIONS).fold(front, f64::max);
        all.push(places);
    }
    all
}

fn own_places(section: &Section) -> Vec<(f64, f64)> {
    section.rows().iter().flat_map(|row| &row.seats).map(|seat| seat.own_place.unwrap_or_default()).collect()
}

/// How wide a section is once laid out, from the middle of its first seat to the middle of its last; nothing, where it is
/// not laid out.
fn width(section: &Section) -> f64 {
    match &section.seats {
        SectionSeats::Rows(_) if section.is_drawn() => 0.0,
        SectionSeats::Rows(rows) => rows.iter().map(row_width).fold(0.0, f64::max),
        SectionSeats::Places { count, .. } => f64::from(columns(*count)) - 1.0,
    }
}

fn row_width(row: &Row) -> f64 {
    steps(row).last().unwrap_or_default()
}

/// How far each seat of a row is from the first.
fn steps(row: &Row) -> impl Iterator<Item = f64> {
    row.seats.iter().scan(0.0, |next, seat| {
        let here = *next;
        *next += if seat.gap_after { ACROSS_AISLE } else { NEIGHBOUR };
        Some(here)
    })
}

fn lay_out(section: &Section, middle: f64, front: f64) -> Vec<(f64, f64)> {
    match &section.seats {
        SectionSeats::Rows(rows) => {
            let depths = (0_u32..).map(f64::from);
            let placed = rows.iter().zip(depths).flat_map(|(row, depth)| {
                let left = middle - row_width(row) / 2.0;
                steps(row).map(move |step| (left + step, front + depth))
            });
            placed.collect()
        }
        SectionSeats::Places { count, .. } => {
            let columns = columns(*count);
            let left = middle - (f64::from(columns) - 1.0) / 2.0;
            let place = |index| (left + f64::from(index % columns), front + f64::from(index / columns));
            (0..*count).map(place).collect()
        }
    }
}

/// How many places of general admission are drawn side by side: as a row is twice as deep as a seat is wide, twice as
/// many as behind each other make a square.
fn columns(count: u32) -> u32 {
    count.saturating_mul(2).isqrt().clamp(1, count.max(1))
}
