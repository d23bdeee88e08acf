//! Shows drawn as text, a line per row, and what becomes of them drawn in the same way.
//!
//! `.` is a free seat, `X` a sold one, `B` a blocked one, `p` and `P` a free and a sold premium seat, `a` and `A` a free and
//! a sold place for a wheelchair, a space an aisle. Rows are called A, B, ... from front to back.

use domain::ids::{HallId, SeatId};
use domain::seat::SeatCategory;
use domain::show_seat::{ShowSeat, ShowSeatState};
use uuid::Uuid;

pub(crate) fn category(name: &str) -> SeatCategory {
    SeatCategory::parse(name).unwrap()
}

/// The seats of a section.
pub(crate) fn section(section: &str, rows: &[&str]) -> Vec<ShowSeat> {
    let mut seats = Vec::new();
    for (depth, (letter, row)) in ('A'..).zip(rows).enumerate() {
        let mut number = 0;
        for (x, drawn) in row.chars().enumerate().filter(|(_, drawn)| *drawn != ' ') {
            number += 1;
            seats.push(seat(section, &letter.to_string(), &number.to_string(), drawn, (x as f64, depth as f64)));
        }
    }
    seats
}

/// The seats of the only section.
pub(crate) fn rows(rows: &[&str]) -> Vec<ShowSeat> {
    section("stalls", rows)
}

/// Places of general admission, which are drawn without aisles.
pub(crate) fn general(section: &str, places: &str) -> Vec<ShowSeat> {
    let places = places.chars().enumerate();
    places.map(|(x, drawn)| seat(section, "", &(x + 1).to_string(), drawn, (x as f64, 0.0))).collect()
}

fn seat(section: &str, row: &str, number: &str, drawn: char, (x, y): (f64, f64)) -> ShowSeat {
    let state = match drawn {
        '.' | 'p' | 'a' => ShowSeatState::Available,
        'X' | 'P' | 'A' => ShowSeatState::Sold,
        'B' => ShowSeatState::Blocked,
        other => panic!("`{other}` is no seat"),
    };
    ShowSeat {
        seat_id: SeatId::for_place(HallId::new(Uuid::from_u128(1)), section, row, number),
        section: section.to_owned(),
        row: row.to_owned(),
        number: number.to_owned(),
        category: category(if matches!(drawn, 'p' | 'P') { "premium" } else { "standard" }),
        accessible: matches!(drawn, 'a' | 'A'),
        x,
        y,
        state,
    }
}

/// The drawing of one section with other marks for some seats.
pub(crate) fn marked(rows: &[&str], seats: &[ShowSeat], mark: impl Fn(SeatId) -> Option<char>) -> Vec<String> {
    let mut marks = seats.iter().map(|seat| mark(seat.seat_id));
    let mut draw = |row: &str| {
        let marked = row.chars().map(|drawn| if drawn == ' ' { drawn } else { marks.next().unwrap().unwrap_or(drawn) });
        marked.collect::<String>()
    };
    rows.iter().map(|row| draw(row)).collect()
}
