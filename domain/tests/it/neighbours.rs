use domain::neighbours::Rows;
use domain::show_seat::ShowSeat;

use crate::drawn::{general, rows, section};

/// The runs of seats, each as row and numbers.
fn runs(seats: &[ShowSeat]) -> Vec<String> {
    let rows = Rows::of(seats);
    let label = |run: &domain::neighbours::Run<'_>| {
        let numbers: Vec<&str> = run.iter().map(|it| it.seat.number.as_str()).collect();
        format!("{}{} {}", run[0].seat.section, run[0].seat.row, numbers.join(" "))
    };
    rows.runs().map(label).collect()
}

#[test]
fn an_aisle_ends_a_run_and_a_sold_seat_does_not() {
    assert_eq!(runs(&rows(&[".X. ..", "..."])), ["stallsA 1 2 3", "stallsA 4 5", "stallsB 1 2 3"]);
}

#[test]
fn rows_of_two_sections_are_two_rows() {
    let seats = [section("left", &[".."]), section("centre", &[".."])].concat();
    assert_eq!(runs(&seats), ["centreA 1 2", "leftA 1 2"]);
}

#[test]
fn neighbours_are_at_most_one_and_a_half_seats_apart() {
    let check = |apart: f64, expected: &[&str]| {
        let mut seats = rows(&[".."]);
        // Far to the right, where floating point would say otherwise.
        (seats[0].x, seats[1].x) = (1234.1, 1234.1 + apart);
        assert_eq!(runs(&seats), expected, "{apart}");
    };
    check(0.8, &["stallsA 1 2"]);
    check(1.25, &["stallsA 1 2"]);
    check(1.5, &["stallsA 1 2"]);
    check(1.51, &["stallsA 1", "stallsA 2"]);
    check(2.0, &["stallsA 1", "stallsA 2"]);
}

#[test]
fn seats_are_in_the_order_in_which_they_stand_and_not_in_that_of_their_numbers() {
    let mut seats = rows(&["...."]);
    // Odd numbers on the left, counted to the right; even ones on the right.
    for (seat, x) in seats.iter_mut().zip([1.0, 2.0, 0.0, 3.0]) {
        seat.x = x;
    }
    assert_eq!(runs(&seats), ["stallsA 3 1 2 4"]);
    seats.reverse();
    assert_eq!(runs(&seats), ["stallsA 3 1 2 4"]);
}

#[test]
fn a_bent_row_is_one_row() {
    let mut seats = rows(&["..."]);
    (seats[0].y, seats[2].y) = (0.6, 0.6);
    assert_eq!(runs(&seats), ["stallsA 1 2 3"]);
}

#[test]
fn general_admission_has_no_runs() {
    assert_eq!(runs(&general("standing", "...")), [""; 0]);
}

#[test]
fn coordinates_that_are_no_numbers_do_no_harm() {
    let mut seats = rows(&["..."]);
    (seats[0].x, seats[1].x, seats[2].y) = (f64::NAN, f64::INFINITY, f64::NEG_INFINITY);
    assert_eq!(runs(&seats), ["stallsA 1", "stallsA 3", "stallsA 2"]);
}
