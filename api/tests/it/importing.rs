//! Imports are read thing by thing and line by line, so that one that cannot be read is told by itself.

use api::body;
use api::import::{CatalogueIn, Csv, ShowToImport};
use app::import::Import;
use domain::seat::SeatPlace;

fn place(text: &str) -> SeatPlace {
    SeatPlace::parse(text).unwrap()
}

/// The seats of each show of a file; none where they cannot be read.
fn read(text: &str) -> Vec<(String, Option<Vec<SeatPlace>>)> {
    let lists = Csv(text.to_owned()).read().unwrap();
    lists.into_iter().map(|list| (list.external_id, list.content.ok())).collect()
}

#[test]
fn seats_are_read_from_one_column_or_from_three() {
    let both = vec![
        ("s-1".to_owned(), Some(vec![place("stalls/A/1"), place("floor//7")])),
        ("s-2".to_owned(), Some(vec![place("stalls/A/1")])),
        ("s-3".to_owned(), Some(Vec::new())),
    ];
    let label = "show,seat\ns-2,stalls/A/1\ns-1,stalls/A/1\ns-3,\ns-1,floor//7\n";
    assert_eq!(read(label), both);
    let names =
        "\u{feff}section,row,seat,show\r\nstalls,A,1,s-1\r\n floor , ,7, s-1\r\n\"stalls\",A,1,s-2\r\n,,,s-3\r\n";
    assert_eq!(read(names), both);
    assert_eq!(read("show,seat\n"), Vec::new());
    let slash = read("show,section,row,seat\ns-1,left/right,A,1\n");
    let names = SeatPlace { section: "left/right".to_owned(), row: "A".to_owned(), number: "1".to_owned() };
    assert_eq!(slash, [("s-1".to_owned(), Some(vec![names]))]);
}

#[test]
fn a_seat_that_is_none_spoils_the_list_of_its_show_alone() {
    let text = "show,seat\ns-1,stalls/A/1\ns-1,A2\ns-1,A3\ns-2,stalls/A/1\n";
    assert_eq!(read(text), [("s-1".to_owned(), None), ("s-2".to_owned(), Some(vec![place("stalls/A/1")]))]);
    let refusal = Csv(text.to_owned()).read().unwrap().remove(0).content.unwrap_err();
    assert_eq!((refusal.code, refusal.field.as_deref()), ("invalid_value", Some("seat")));
    assert!(refusal.problem.starts_with("in line 3: `A2`"), "{}", refusal.problem);
}

#[test]
fn a_file_without_its_columns_is_refused() {
    for text in ["", "s-1,stalls/A/1\n", "show;seat\n", "show,seat,row\n", "show,seat\ns-1\n", "Show,Seat\n"] {
        let problem = Csv(text.to_owned()).read().unwrap_err();
        assert_eq!(problem.kind().code, "invalid_body", "{text:?}");
    }
}

#[test]
fn a_file_has_only_so_many_shows() {
    let shows = |count: usize| (0..count).map(|show| format!("s-{show},\n")).collect::<String>();
    assert_eq!(
        read(&format!("show,seat\n{}s-1,\n", shows(5_000))).len(),
        5_000,
        "a show has as many lines as it likes"
    );
    // What comes after them is not looked at.
    let problem = Csv(format!("show,seat\n{}one,two,three\n", shows(5_001))).read().unwrap_err();
    assert_eq!((problem.kind().code, problem.field()), ("invalid_value", Some("body")));
}

#[test]
fn a_catalogue_is_read_thing_by_thing() {
    let text = r#"{
        "venues": [{ "externalId": "v-1", "name": "Old", "address": "1", "city": "Wien", "country": "AT",
            "timeZone": "Europe/Vienna" }, { "externalId": "v-2" }, { "name": "Nameless" }, 7],
        "halls": [{ "externalId": "h-1", "venue": "v-1", "name": "Main", "rows": "section a\nA 1-2" },
            { "externalId": "h-2", "venue": "v-1", "name": "Main" },
            { "externalId": "h-3", "venue": "v-1", "name": "Main", "seatMap": { "sections": 1 } }],
        "events": [{ "externalId": "e-1", "kind": "play", "titles": {}, "durationMinutes": 1, "pages": 3 }]
    }"#;
    let import = Import::from(body::read::<CatalogueIn>(text.as_bytes()).unwrap());
    assert!(import.venues[0].content.is_ok() && import.halls[0].content.is_ok() && import.shows.is_empty());
    let refused = |content: Option<&app::import::ImportRefusal>| content.unwrap().field.clone().unwrap_or_default();
    assert_eq!(refused(import.venues[1].content.as_ref().err()), "name");
    assert_eq!(import.venues[1].external_id, "v-2");
    assert_eq!(refused(import.venues[2].content.as_ref().err()), "venues[2].externalId");
    assert_eq!(refused(import.venues[3].content.as_ref().err()), "venues[3].externalId");
    assert_eq!(refused(import.halls[1].content.as_ref().err()), "seatMap");
    assert_eq!(refused(import.halls[2].content.as_ref().err()), "seatMap");
    assert_eq!(refused(import.events[0].content.as_ref().err()), "pages");
    for wrong in [r#"{"venues": 1}"#, r#"{"theatres": []}"#, "[]"] {
        assert!(body::read::<CatalogueIn>(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn seats_of_a_show_are_texts_or_names() {
    let show = |seats: &str| {
        let text = format!(
            r#"{{"externalId": "s-1", "event": "e-1", "hall": "h-1", "currency": "EUR", "prices": [],
                "startsAt": "2026-12-24T20:00:00Z", "soldElsewhere": {seats}}}"#
        );
        body::read::<ShowToImport>(text.as_bytes())
    };
    let seats = show(
        r#"["stalls/A/1", {"section": "left/right", "row": "A", "number": "1"}, {"section": "floor", "number": "7"}]"#,
    );
    let seats: Vec<String> = seats.unwrap().sold_elsewhere.unwrap().iter().map(|seat| seat.0.to_string()).collect();
    assert_eq!(seats, ["stalls/A/1", "left/right/A/1", "floor//7"]);
    for wrong in [r#"["A1"]"#, "[1]", r#"[{"section": "stalls"}]"#, r#""stalls/A/1""#] {
        let problem = show(wrong).unwrap_err();
        assert_eq!(problem.field(), Some("soldElsewhere"), "{wrong}");
    }
    assert!(show("null").unwrap().sold_elsewhere.is_none());
}
