mod drawing;
mod faults;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{HallId, SeatId};
use domain::neighbours::Rows;
use domain::seat::Seat;
use domain::seat_map::{SeatMap, SeatMapChange, SeatMapFaults};
use domain::show_seat::{ShowSeat, ShowSeatState};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use drawing::{drawing, place_some};

fn hall() -> HallId {
    HallId::new(Uuid::from_u128(7))
}

fn parse(drawing: &Value) -> Result<SeatMap, SeatMapFaults> {
    SeatMap::parse(&serde_json::from_value(drawing.clone()).unwrap())
}

/// Where seats stand, by their labels.
fn places(map: &SeatMap) -> Vec<(String, f64, f64)> {
    map.seats(hall()).iter().map(|seat| (seat.label(), seat.x, seat.y)).collect()
}

fn place(label: &str, x: f64, y: f64) -> (String, f64, f64) {
    (label.to_owned(), x, y)
}

#[test]
fn a_category_falls_from_section_to_row_to_seat() {
    let map = parse(&json!({ "sections": [
        { "name": "one", "rows": [{ "row": "A", "seats": [{ "number": "1" }, { "number": "2", "category": "box" }] }] },
        { "name": "two", "category": "premium", "rows": [
            { "row": "A", "seats": [{ "number": "1" }] },
            { "row": "B", "category": "balcony", "seats": [{ "number": "1" }, { "number": "2", "category": "box" }] },
        ] },
        { "name": "three", "places": 1, "rows": null },
        { "name": "four", "places": 1, "category": "standing" },
    ] }));
    let seats = map.unwrap().seats(hall());
    let categories: Vec<(String, &str)> = seats.iter().map(|it| (it.label(), it.category.as_str())).collect();
    let expected = [
        ("one A1", "standard"),
        ("one A2", "box"),
        ("two A1", "premium"),
        ("two B1", "balcony"),
        ("two B2", "box"),
        ("three 1", "standard"),
        ("four 1", "standing"),
    ];
    assert_eq!(categories, expected.map(|(label, category)| (label.to_owned(), category)));
}

#[test]
fn seats_without_places_are_laid_out() {
    let map = SeatMap::parse_text("section s\nA 1-4, gap 2\nB 1 2\nsection t\nA 1\nsection u, 5 places").unwrap();
    let expected = [
        place("s A1", 0.0, 0.0),
        place("s A2", 1.0, 0.0),
        place("s A3", 3.0, 0.0),
        place("s A4", 4.0, 0.0),
        place("s B1", 1.5, 1.0),
        place("s B2", 2.5, 1.0),
        place("t A1", 2.0, 3.0),
        // Three wide, two deep.
        place("u 1", 1.0, 5.0),
        place("u 2", 2.0, 5.0),
        place("u 3", 3.0, 5.0),
        place("u 4", 1.0, 6.0),
        place("u 5", 2.0, 6.0),
    ];
    assert_eq!(places(&map), expected);
}

#[test]
fn a_section_is_laid_out_behind_those_before_it() {
    let seat = |x: f64, y: f64| json!({ "number": "1", "x": x, "y": y });
    let drawn = |x, y| json!([{ "row": "A", "seats": [seat(x, y)] }]);
    let map = parse(&json!({ "sections": [
        { "name": "a", "rows": drawn(3.0, 7.5) },
        { "name": "b", "places": 1 },
        { "name": "c", "rows": drawn(0.25, 0.0) },
        { "name": "d", "places": 1 },
    ] }));
    let expected = [place("a A1", 3.0, 7.5), place("b 1", 0.0, 9.5), place("c A1", 0.25, 0.0), place("d 1", 0.0, 11.5)];
    assert_eq!(places(&map.unwrap()), expected);
}

#[test]
fn an_aisle_parts_neighbours_and_nothing_else_does() {
    let map = SeatMap::parse_text("section s\nA 1-6, gap 2\nB 1-3\nsection t, 3 places").unwrap();
    let on_sale = |seat: Seat| ShowSeat {
        seat_id: seat.id,
        section: seat.section,
        row: seat.row,
        number: seat.number,
        category: seat.category,
        accessible: seat.accessible,
        x: seat.x,
        y: seat.y,
        state: ShowSeatState::Available,
    };
    let seats: Vec<ShowSeat> = map.seats(hall()).into_iter().map(on_sale).collect();
    let runs: Vec<usize> = Rows::of(&seats).runs().map(<[_]>::len).collect();
    assert_eq!(runs, [2, 4, 3]);
}

#[test]
fn a_seat_keeps_its_id_when_its_map_is_uploaded_again() {
    let text = "section stalls\nA 1-2\nsection standing, 2 places";
    let ids = |hall: u128| -> Vec<SeatId> {
        let map = SeatMap::parse_text(text).unwrap();
        map.seats(HallId::new(Uuid::from_u128(hall))).iter().map(|it| it.id).collect()
    };
    assert_eq!(ids(7), ids(7));
    assert_eq!(ids(7)[0].to_string(), "sea_ab7b2da35c735ff8ae53c69c43df81e8", "it is the same for ever");
    assert_eq!(ids(7).iter().chain(&ids(8)).collect::<BTreeSet<_>>().len(), 8);
}

#[test]
fn what_a_new_map_changes() {
    let before = SeatMap::parse_text("section s\nA 1-3\nB 1-3").unwrap().seats(hall());
    let after = SeatMap::parse_text("section s\nA 1-4\nB 1-3, premium 2, accessible 3\nC 1").unwrap();
    let change = after.change_from(hall(), &before);
    let labels = |seats: &[Seat]| seats.iter().map(Seat::label).collect::<Vec<_>>();
    assert_eq!(labels(&change.added), ["s A4", "s C1"]);
    assert_eq!(labels(&change.gone), [""; 0]);
    let changed = change.changed.iter().map(|it| (it.after.label(), it.is_of_kind(), it.is_of_place()));
    // The longer row A moves the middle, and so all of row B.
    let expected = [("s B1", false, true), ("s B2", true, true), ("s B3", true, true)];
    assert_eq!(changed.collect::<Vec<_>>(), expected.map(|(label, kind, moved)| (label.to_owned(), kind, moved)));
    let back = SeatMapChange::between(&after.seats(hall()), &before);
    assert_eq!((labels(&back.added), labels(&back.gone)), (Vec::new(), labels(&change.added)));
    assert_eq!(back.changed.len(), 3);
    assert!(SeatMapChange::between(&before, &before).is_empty());
}

#[test]
fn a_seat_that_had_another_id_keeps_it() {
    let map = SeatMap::parse_text("section s\nA 1-2").unwrap();
    let mut before = map.seats(hall());
    before[0].id = SeatId::new(Uuid::from_u128(1));
    assert!(map.change_from(hall(), &before).is_empty());
    before[0].accessible = true;
    let change = map.change_from(hall(), &before);
    assert_eq!(change.changed.iter().map(|it| it.after.id).collect::<Vec<_>>(), [before[0].id]);
}

#[test]
fn a_map_goes_through_json_only_if_it_is_one() {
    let map: Result<SeatMap, _> = serde_json::from_value(json!({ "sections": [] }));
    assert!(map.unwrap_err().to_string().contains("at least one section"));
    let drawing = json!({ "sections": [{ "name": "s", "category": "standing", "places": 3 }] });
    let map: SeatMap = serde_json::from_value(drawing.clone()).unwrap();
    assert_eq!(serde_json::to_value(&map).unwrap(), drawing);
}

proptest! {
    #[test]
    fn a_map_is_what_its_own_drawing_says(drawing in drawing(), which in prop::collection::vec(any::<bool>(), 4)) {
        let map = SeatMap::parse(&place_some(drawing, &which)).unwrap();
        let text = serde_json::to_string(&map.to_drawing()).unwrap();
        let again: SeatMap = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&again, &map);
        prop_assert_eq!(again.seats(hall()), map.seats(hall()));
        prop_assert!(map.change_from(hall(), &again.seats(hall())).is_empty());
    }

    #[test]
    fn every_seat_has_a_name_an_id_and_a_place_of_its_own(
        drawing in drawing(), which in prop::collection::vec(any::<bool>(), 4),
    ) {
        let map = SeatMap::parse(&place_some(drawing, &which)).unwrap();
        let seats = map.seats(hall());
        prop_assert_eq!(seats.len(), map.seat_count());
        let ids: BTreeSet<SeatId> = seats.iter().map(|it| it.id).collect();
        let names: BTreeSet<_> = seats.iter().map(|it| (&it.section, &it.row, &it.number)).collect();
        let hundredths = |x: f64| format!("{x:.2}");
        let places: BTreeSet<_> = seats.iter().map(|it| (hundredths(it.x), hundredths(it.y))).collect();
        prop_assert_eq!([ids.len(), names.len(), places.len()], [seats.len(); 3]);
        prop_assert!(seats.iter().all(|it| (0.0..=10_000.0).contains(&it.x) && (0.0..=10_000.0).contains(&it.y)));
        prop_assert!(seats.iter().all(|it| map.categories().contains(&it.category)));
    }

    #[test]
    fn what_is_laid_out_is_centred_and_in_order(drawing in drawing()) {
        let seats = SeatMap::parse(&drawing).unwrap().seats(hall());
        let mut rows: BTreeMap<(&str, &str), Vec<&Seat>> = BTreeMap::new();
        for seat in seats.iter().filter(|it| !it.row.is_empty()) {
            rows.entry((&seat.section, &seat.row)).or_default().push(seat);
        }
        let middle = |row: &Vec<&Seat>| row[0].x + row[row.len() - 1].x;
        for row in rows.values() {
            prop_assert_eq!(middle(row), middle(rows.values().next().unwrap()));
            prop_assert!(row.windows(2).all(|pair| [1.0, 2.0].contains(&(pair[1].x - pair[0].x))));
            prop_assert!(row.iter().all(|it| it.y == row[0].y));
        }
    }
}
