//! What is refused, and what is said about it.

use domain::limits::{SEAT_MAP_FAULTS, SEATS_PER_HALL};
use domain::seat_map::{RowDrawing, SeatDrawing, SeatMap, SeatMapDrawing, SectionDrawing};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::drawing::drawing;
use super::parse;

/// One section of rows.
fn rows(rows: Value) -> Value {
    json!({ "sections": [{ "name": "stalls", "rows": rows }] })
}

/// One row of seats.
fn seats(seats: Value) -> Value {
    rows(json!([{ "row": "A", "seats": seats }]))
}

/// Checks that a drawing has exactly these faults, each begun so.
fn check(drawing: &Value, expected: &[&str]) {
    let faults = parse(drawing).expect_err("it is wrong");
    let shown: Vec<String> = faults.faults.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), expected.len(), "{shown:#?}");
    for (shown, expected) in shown.iter().zip(expected) {
        assert!(shown.starts_with(expected), "{shown}\nis not\n{expected}");
    }
}

#[test]
fn a_hall_is_neither_empty_nor_endless() {
    check(&json!({ "sections": [] }), &["sections: a seat map has at least one section"]);
    let places = |count: u32, sections: usize| {
        let section = |index| json!({ "name": format!("{index}"), "places": count });
        json!({ "sections": (0..sections).map(section).collect::<Vec<_>>() })
    };
    assert_eq!(parse(&places(1_000, 100)).unwrap().seat_count(), SEATS_PER_HALL);
    check(&places(1_001, 100), &["sections: more than 100000 seats in the hall"]);
    check(&places(1, 101), &["sections: 101 sections are too many: at most 100"]);
    check(
        &places(u32::MAX, 2),
        &[
            "sections: more than 100000 seats",
            "sections[0].places: 4294967295 places: general admission has 1 to 100000",
            "sections[1].places: 4294967295 places",
        ],
    );
    let row = |name: usize, count: usize| {
        let seats: Vec<Value> = (1..=count).map(|number| json!({ "number": number.to_string() })).collect();
        json!({ "row": name.to_string(), "seats": seats })
    };
    assert!(parse(&rows(json!([row(1, 1_000)]))).is_ok());
    check(
        &rows(json!([row(1, 1_001)])),
        &["sections[0].rows[0].seats: 1001 seats in row `1` are too many: at most 1000"],
    );
    assert!(parse(&rows((1..=5_000).map(|name| row(name, 1)).collect())).is_ok());
    check(&rows((1..=5_001).map(|name| row(name, 1)).collect()), &["sections: more than 5000 rows in the hall"]);
}

#[test]
fn a_section_has_either_rows_or_places() {
    let row = json!([{ "row": "A", "seats": [{ "number": "1" }] }]);
    check(
        &json!({ "sections": [
        { "name": "both", "rows": row, "places": 1 },
        { "name": "neither" },
        { "name": "none", "rows": [] },
        { "name": "zero", "places": 0 },
        { "name": "fine", "rows": [{ "row": "A", "seats": [] }] },
    ] }),
        &[
            "sections[0]: section `both` has rows and places",
            "sections[1]: section `neither` is empty: a section of seats has rows",
            "sections[2].rows: section `none` is empty",
            "sections[3].places: 0 places",
            "sections[4].rows[0].seats: row `A` is empty: a row has at least one seat",
        ],
    );
}

#[test]
fn names_are_unique_where_they_have_to_be() {
    let row = |name: &str| json!({ "row": name, "seats": [{ "number": "1" }, { "number": "2" }, { "number": "1" }] });
    check(
        &json!({ "sections": [
        { "name": "s", "rows": [row("A"), row("B"), row("A")] },
        { "name": "s", "rows": [{ "row": "A", "seats": [{ "number": "1" }] }] },
    ] }),
        &[
            "sections[0].rows[0].seats[2].number: seat `1` is in row `A` already",
            "sections[0].rows[1].seats[2].number: seat `1` is in row `B` already",
            "sections[0].rows[2].row: row `A` is in section `s` already",
            "sections[0].rows[2].seats[2].number: seat `1` is in row `A` already",
            "sections[1].name: section `s` is there already",
        ],
    );
}

#[test]
fn names_can_be_read_on_a_ticket() {
    let is_name = |name: &str| parse(&seats(json!([{ "number": name }]))).is_ok();
    for name in ["1", "12A", "Łódź", "左", "a b", "a\"b", "🎭", &"x".repeat(32), &"ü".repeat(32)] {
        assert!(is_name(name), "{name}");
    }
    for name in ["", " ", " 1", "1 ", "1\n2", "a\tb", "a\u{a0}b", "\u{200b}", "a\u{202e}b", "\u{feff}1", "a\u{ad}b"] {
        assert!(!is_name(name), "{name:?}");
    }
    assert!(!is_name(&"x".repeat(33)));
    let name = "\u{202e}1\n";
    check(
        &json!({ "sections": [{ "name": name, "rows": [{ "row": name, "seats": [{ "number": name }] }] }] }),
        &[
            r"sections[0].name: `\u{202e}1\u{a}` is not a name: 1 to 32 printable characters",
            "sections[0].rows[0].row: ",
            "sections[0].rows[0].seats[0].number: ",
        ],
    );
}

#[test]
fn a_category_has_the_form_of_one() {
    check(
        &json!({ "sections": [{ "name": "s", "category": "Premium", "rows": [
        { "row": "A", "category": "", "seats": [{ "number": "1", "category": "two words" }, { "number": "2" }] },
    ] }] }),
        &[
            "sections[0].category: `Premium` is not a seat category: 1 to 32 of a-z, 0-9, - and _",
            "sections[0].rows[0].category: ``",
            "sections[0].rows[0].seats[0].category: `two words`",
        ],
    );
}

#[test]
fn places_are_whole_and_on_the_map() {
    let at = |x: Value, y: Value| json!({ "number": "1", "x": x, "y": y });
    let one = |x: Value, y: Value| seats(json!([at(x, y)]));
    assert!(parse(&one(json!(0), json!(10_000))).is_ok());
    check(
        &one(json!(-0.01), json!(10_000.01)),
        &[
            "sections[0].rows[0].seats[0].x: -0.01 is not on the seat map: a number from 0 to 10000",
            "sections[0].rows[0].seats[0].y: 10000.01 is not",
        ],
    );
    check(&one(json!(1), json!(null)), &["sections[0].rows[0].seats[0]: seat `1` has no `y`: x and y go together"]);
    check(&one(json!(null), json!(1)), &["sections[0].rows[0].seats[0]: seat `1` has no `x`"]);
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let seat = SeatDrawing { number: "1".to_owned(), x: Some(wrong), y: Some(0.0), ..SeatDrawing::default() };
        let row = RowDrawing { row: "A".to_owned(), seats: vec![seat], ..RowDrawing::default() };
        let section = SectionDrawing { name: "s".to_owned(), rows: Some(vec![row]), ..SectionDrawing::default() };
        assert!(SeatMap::parse(&SeatMapDrawing { sections: vec![section] }).is_err(), "{wrong}");
    }
}

#[test]
fn all_seats_of_a_section_have_places_or_none() {
    let one = json!({ "number": "1", "x": 1, "y": 1 });
    check(
        &rows(json!([
            { "row": "A", "seats": [one] },
            { "row": "B", "seats": [{ "number": "1" }, { "number": "2" }] },
        ])),
        &["sections[0].rows[1].seats[0]: 2 seats of section `stalls` have no x and y, this is the first"],
    );
    check(
        &rows(json!([{ "row": "A", "seats": [one], "gaps": ["1"] }])),
        &[
            "sections[0].rows[0].gaps: row `A` has seats with x and y, which say where its aisles are",
            "sections[0].rows[0].gaps[0]: seat `1` is the last of row `A`",
        ],
    );
}

#[test]
fn no_two_seats_stand_in_one_place() {
    let at = |number: &str, x: f64| json!({ "number": number, "x": x, "y": 0 });
    check(
        &seats(json!([at("1", 1.0), at("2", 1.004), at("3", 1.01), at("4", 1.0)])),
        &[
            "sections[0].rows[0].seats[1]: stands where `stalls A1` stands: seats are at least a hundredth apart",
            "sections[0].rows[0].seats[3]: stands where `stalls A1` stands",
        ],
    );
    let drawn = json!([{ "row": "A", "seats": [at("1", 0.0)] }]);
    check(
        &json!({ "sections": [{ "name": "floor", "places": 3 }, { "name": "s", "rows": drawn }] }),
        &["sections[1].rows[0].seats[0]: stands where `floor 1` stands"],
    );
}

#[test]
fn a_section_is_not_laid_out_off_the_map() {
    let far = json!([{ "row": "A", "seats": [{ "number": "1", "x": 0, "y": 9_999 }] }]);
    check(
        &json!({ "sections": [{ "name": "far", "rows": far }, { "name": "behind", "places": 1 }] }),
        &["sections[1]: section `behind` would be laid out behind the edge of the seat map, 10000"],
    );
}

#[test]
fn an_aisle_is_between_two_seats() {
    let row = json!([{ "number": "1" }, { "number": "2" }, { "number": "3" }]);
    check(
        &rows(json!([{ "row": "A", "seats": row, "gaps": ["1", "3", "4", "1"] }])),
        &[
            "sections[0].rows[0].gaps[1]: seat `3` is the last of row `A`: an aisle is between two seats",
            "sections[0].rows[0].gaps[2]: there is no seat `4` in row `A`",
            "sections[0].rows[0].gaps[3]: the aisle after seat `1` is there already",
        ],
    );
}

#[test]
fn unknown_fields_are_refused() {
    for drawing in [
        json!({ "sections": [], "name": "x" }),
        json!({ "sections": [{ "name": "s", "row": [] }] }),
        rows(json!([{ "row": "A", "seats": [], "gap": [] }])),
        seats(json!([{ "number": "1", "accesible": true }])),
    ] {
        assert!(serde_json::from_value::<SeatMapDrawing>(drawing.clone()).is_err(), "{drawing}");
    }
}

#[test]
fn fifty_faults_are_listed_and_the_others_counted() {
    let section = json!({ "name": "", "places": 0 });
    let faults = parse(&json!({ "sections": vec![section; 40] })).unwrap_err();
    // A name and a number each, and all but the first have the name of another.
    assert_eq!((faults.faults.len(), faults.more), (SEAT_MAP_FAULTS, 3 * 40 - 1 - SEAT_MAP_FAULTS));
    let text = faults.to_string();
    assert_eq!(text.lines().count(), SEAT_MAP_FAULTS + 1);
    assert!(text.ends_with("\nand 69 more"), "{text}");
}

/// What the path of a fault leads to in a drawing.
fn at_path<'a>(drawing: &'a Value, path: &str) -> Option<&'a Value> {
    path.split(['.', '[']).try_fold(drawing, |at, step| match step.strip_suffix(']') {
        Some(index) => at.get(index.parse::<usize>().unwrap()),
        None => at.get(step),
    })
}

/// Breaks something somewhere.
fn break_it(drawing: &mut SeatMapDrawing, how: u32, place: usize) {
    let count = drawing.sections.len();
    if count == 0 {
        return;
    }
    let sections = drawing.sections.clone();
    let section = &mut drawing.sections[place % count];
    let rows = section.rows.get_or_insert_default();
    let count = rows.len().max(1);
    let row = rows.get_mut(place / 3 % count);
    match (how, row) {
        (0, _) => section.name = "  ".to_owned(),
        (1, _) => section.category = Some("No".to_owned()),
        (2, _) => section.places = Some(0),
        (3, _) => section.rows = None,
        (4, _) => section.rows = Some(Vec::new()),
        (5, _) => drawing.sections.extend(sections),
        (6, Some(row)) => row.row = String::new(),
        (7, Some(row)) => row.category = Some(String::new()),
        (8, Some(row)) => row.seats.clear(),
        (9, Some(row)) => row.seats.extend(row.seats.clone()),
        (10, Some(row)) => {
            row.gaps = vec!["nowhere".to_owned(), row.seats.last().map_or(String::new(), |it| it.number.clone())]
        }
        (11, Some(row)) => row.seats.iter_mut().take(1).for_each(|seat| seat.x = Some(-1.0)),
        (12, Some(row)) => row.seats.iter_mut().for_each(|seat| (seat.x, seat.y) = (Some(1.0), Some(20_000.0))),
        (13, Some(row)) => row.seats.iter_mut().for_each(|seat| seat.number = "\u{200b}".to_owned()),
        (14, Some(row)) => row.seats.iter_mut().for_each(|seat| seat.category = Some("NO".to_owned())),
        (15, Some(row)) => *row = RowDrawing { seats: vec![SeatDrawing::default(); 1_001], ..row.clone() },
        (16, _) => section.places = Some(u32::MAX),
        _ => drawing.sections.clear(),
    }
}

proptest! {
    #[test]
    fn every_fault_is_somewhere(
        mut drawing in drawing(), breaks in prop::collection::vec((0_u32..18, 0_usize..30), 1..4),
    ) {
        for (how, place) in breaks {
            break_it(&mut drawing, how, place);
        }
        if let Err(faults) = SeatMap::parse(&drawing) {
            let written = serde_json::to_value(&drawing).unwrap();
            prop_assert!((1..=SEAT_MAP_FAULTS).contains(&faults.faults.len()));
            for fault in &faults.faults {
                let path = fault.place.to_string();
                prop_assert!(at_path(&written, &path).is_some(), "{fault}");
            }
        }
    }
}
