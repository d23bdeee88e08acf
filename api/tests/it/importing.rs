//! Imports are read thing by thing and line by line, so that one that cannot be read is told by itself.

use api::body;
use api::import::{CatalogueIn, Csv, ShowToImport};
use app::import::{Import, SentSeat};
use domain::seat::SeatPlace;

fn place(text: &str) -> SentSeat {
    SentSeat::At(SeatPlace::parse(text).unwrap())
}

fn misnamed(text: &str) -> SentSeat {
    SentSeat::Misnamed(text.to_owned())
}

/// The seats of each show of a file; none where they cannot be read.
fn read(text: &str) -> Vec<(String, Option<Vec<SentSeat>>)> {
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
    assert_eq!(slash, [("s-1".to_owned(), Some(vec![SentSeat::At(names)]))]);
}

#[test]
fn what_is_no_seat_is_kept_as_it_was_sent_and_spoils_no_other() {
    let text = "show,seat\ns-1,stalls/A/1\ns-1,A2\ns-1,stalls/A/3\ns-2,stalls/A/1\n";
    let first = vec![place("stalls/A/1"), misnamed("A2"), place("stalls/A/3")];
    assert_eq!(read(text), [("s-1".to_owned(), Some(first)), ("s-2".to_owned(), Some(vec![place("stalls/A/1")]))]);
    let long = read(&format!("show,seat\ns-1,{}\n", "A".repeat(1_000)));
    assert_eq!(long, [("s-1".to_owned(), Some(vec![misnamed(&"A".repeat(128))]))]);
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
    let wrong = show(r#"["A1", 7, {"section": "stalls"}, null, "stalls/A/1"]"#).unwrap().sold_elsewhere.unwrap();
    let wrong: Vec<SentSeat> = wrong.into_iter().map(|seat| seat.0).collect();
    let named = [misnamed("A1"), misnamed("7"), misnamed(r#"{"section":"stalls"}"#), misnamed("null")];
    assert_eq!(wrong, [named.as_slice(), &[place("stalls/A/1")]].concat());
    assert_eq!(show(r#""stalls/A/1""#).unwrap_err().field(), Some("soldElsewhere"));
    assert!(show("null").unwrap().sold_elsewhere.is_none());
}

#[test]
fn seats_of_a_show_are_read_whatever_cannot_be_read_of_it() {
    let import = |seats: &str| {
        let text = format!(r#"{{"shows": [{{"externalId": "s-1", "currency": "Euro", "soldElsewhere": {seats}}}]}}"#);
        Import::from(body::read::<CatalogueIn>(text.as_bytes()).unwrap()).shows.remove(0)
    };
    let both = import(r#"["stalls/A/1", "A2"]"#);
    assert_eq!(both.show.content.unwrap_err().field.as_deref(), Some("event"));
    assert_eq!(both.sold_elsewhere.unwrap().unwrap(), [place("stalls/A/1"), misnamed("A2")]);
    assert!(import("null").sold_elsewhere.is_none(), "it does not say");
    let too_many = format!("[{}7]", "7,".repeat(20_000));
    for (wrong, code) in [("7", "invalid_body"), (too_many.as_str(), "invalid_value")] {
        let refusal = import(wrong).sold_elsewhere.unwrap().unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (code, Some("soldElsewhere")));
    }
}
