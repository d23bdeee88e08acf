//! Drawings of halls, of all kinds.

use std::collections::BTreeSet;

use domain::seat_map::{RowDrawing, SeatDrawing, SeatMapDrawing, SectionDrawing};
use proptest::prelude::*;

/// Names, among them those that look like something else.
fn name() -> impl Strategy<Value = String> {
    let words = [
        "section",
        "gap",
        "accessible",
        "category",
        "places",
        "1-20",
        "2/2",
        "007",
        "+7",
        "4294967296",
        "#",
        "\"",
        ",",
    ];
    prop_oneof![
        3 => (0_u32..40).prop_map(|number| number.to_string()),
        2 => "[A-Z]{1,2}",
        1 => prop::sample::select(words.to_vec()).prop_map(str::to_owned),
        1 => "[!-~äé]([ -~äé🎭]{0,8}[!-~äé])?",
    ]
}

fn category() -> impl Strategy<Value = Option<String>> {
    let names = ["standard", "premium", "gap", "category", "7", "a-b_c"];
    prop::option::weighted(0.4, prop::sample::select(names.to_vec()).prop_map(str::to_owned))
}

/// Numbers in rising and falling ranges, and others, each once.
fn numbers() -> impl Strategy<Value = Vec<String>> {
    let range = (0_u32..30, 1_usize..8, 1_usize..4, any::<bool>()).prop_map(|(first, count, step, is_falling)| {
        let mut numbers: Vec<String> = (first..).step_by(step).take(count).map(|number| number.to_string()).collect();
        if is_falling {
            numbers.reverse();
        }
        numbers
    });
    let piece = prop_oneof![2 => range, 1 => prop::collection::vec(name(), 1..3)];
    prop::collection::vec(piece, 1..4).prop_map(|pieces| {
        let mut seen = BTreeSet::new();
        pieces.concat().into_iter().filter(|number| seen.insert(number.clone())).collect()
    })
}

fn row(name: String) -> impl Strategy<Value = RowDrawing> {
    let seat =
        |number| {
            (Just(number), category(), prop::bool::weighted(0.1)).prop_map(|(number, category, accessible)| {
                SeatDrawing { number, category, accessible, x: None, y: None }
            })
        };
    let seats = numbers().prop_flat_map(move |numbers| numbers.into_iter().map(seat).collect::<Vec<_>>());
    let with_gaps = seats.prop_flat_map(|seats| {
        let numbers: Vec<String> = seats.iter().rev().skip(1).map(|seat| seat.number.clone()).collect();
        let count = numbers.len().min(2);
        (Just(seats), prop::sample::subsequence(numbers, 0..=count))
    });
    (with_gaps, category()).prop_map(move |((seats, gaps), category)| RowDrawing {
        row: name.clone(),
        category,
        seats,
        gaps,
    })
}

fn distinct_names() -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set(name(), 1..4).prop_map(|names| names.into_iter().collect())
}

fn section(name: String) -> impl Strategy<Value = SectionDrawing> {
    let rows = distinct_names().prop_flat_map(|names| names.into_iter().map(row).collect::<Vec<_>>());
    let content =
        prop_oneof![4 => rows.prop_map(|rows| (Some(rows), None)), 1 => (1_u32..30).prop_map(|it| (None, Some(it)))];
    (content, category()).prop_map(move |((rows, places), category)| SectionDrawing {
        name: name.clone(),
        category,
        rows,
        places,
    })
}

/// Maps without own places.
pub(super) fn drawing() -> impl Strategy<Value = SeatMapDrawing> {
    distinct_names()
        .prop_flat_map(|names| names.into_iter().map(section).collect::<Vec<_>>())
        .prop_map(|sections| SeatMapDrawing { sections })
}

/// Gives the seats of some sections places of their own, in quarters, no two the same.
pub(super) fn place_some(mut drawing: SeatMapDrawing, which: &[bool]) -> SeatMapDrawing {
    // Behind all that is laid out.
    let mut y = 500.0;
    for (section, _) in drawing.sections.iter_mut().zip(which).filter(|(_, is_drawn)| **is_drawn) {
        for row in section.rows.iter_mut().flatten() {
            row.gaps.clear();
            y += 0.75;
            for (seat, x) in row.seats.iter_mut().zip(0_u32..) {
                (seat.x, seat.y) = (Some(f64::from(x) * 1.25), Some(y));
            }
        }
    }
    drawing
}
