use domain::seat_map::{SeatMap, SeatMapDrawing, SeatMapFaults};
use proptest::prelude::*;

use super::drawing::drawing;

/// What partners read.
const GUIDE: &str = include_str!("../../../../docs/seat-maps.md");

/// The examples of the guide in one language, in order.
fn examples(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    GUIDE.split(fence.as_str()).skip(1).map(|after| after.split_once("```").unwrap().0).collect()
}

/// The numbers of each row, and the categories, places for wheelchairs and aisles, as the text form prints them.
fn printed(text: &str) -> String {
    SeatMap::parse_text(text).unwrap().to_text().unwrap()
}

#[test]
fn a_text_is_printed_as_it_is_best_read() {
    let check = |text: &str, expected: &str| assert_eq!(printed(text), expected, "{text}");
    check("section s\nA 1 2 3 4", "section s, category standard\nA 1-4\n");
    check("section s\nA 4 3 2", "section s, category standard\nA 4-2\n");
    check("section s\nA 2 4 6 8 9", "section s, category standard\nA 2-8/2 9\n");
    check("section s\nA 7 5 3 1 2 4", "section s, category standard\nA 7-1/2 2 4\n");
    check("section s\nA 1 2 4 6", "section s, category standard\nA 1 2-6/2\n");
    check("section s\nA 01 02 03", "section s, category standard\nA 01 02 03\n");
    check("section s\nA 1-3/7", "section s, category standard\nA 1\n");
    check("section s\nA 1-3 3A 4-6", "section s, category standard\nA 1-3 3A 4-6\n");
    check("section s, premium\nA 1-3\nB 1-3, standard", "section s, category premium\nA 1-3\nB 1-3, standard\n");
    check("section s\nA 1-9, premium 4-6, box 7", "section s, category standard\nA 1-9, box 7, premium 4-6\n");
    check("section s\nA 1-9, category premium", "section s, category premium\nA 1-9\n");
    check(
        "section s\nA 1-9, gap 3 6, accessible 1-4",
        "section s, category standard\nA 1-9, gap 3 6, accessible 1-4\n",
    );
    check("section s\nA 1-9, category gap 3", "section s, category standard\nA 1-9, category gap 3\n");
    check("section s, category standing, 12 places", "section s, 12 places, category standing\n");
    check(
        "section \"s t\"\n\"section\" \"A\" \"B-1\"",
        "section \"s t\", category standard\n\"section\" \"A\" \"B-1\"\n",
    );
    check("section \"a\"\"b\"\n\"#\" 1", "section \"a\"\"b\", category standard\n\"#\" 1\n");
    check(
        "\u{feff}# a hall\r\n\r\nsection s # first\r\nA 1 # only\r\nsection t\n A\t1 ,\tpremium\n",
        "section s, category standard\nA 1\n\nsection t, category premium\nA 1\n",
    );
}

/// Checks that a text has exactly these faults, each begun so.
fn check(text: &str, expected: &[&str]) {
    let faults: SeatMapFaults = SeatMap::parse_text(text).expect_err("it is wrong");
    let shown: Vec<String> = faults.faults.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), expected.len(), "{text}\n{shown:#?}");
    for (shown, expected) in shown.iter().zip(expected) {
        assert!(shown.starts_with(expected), "{shown}\nis not\n{expected}");
    }
}

#[test]
fn what_cannot_be_read_is_said_by_the_line() {
    let row =
        |row: &str, expected: &str| check(&format!("section s\n\n{row}"), &[&format!("line 3: expected {expected}")]);
    row("A", "seat numbers, such as 1-20 or 2-20/2, found the end of the line");
    row("A 1-", "a range such as 1-20, 20-1 or 2-20/2, found `1-`");
    row("A 1-5/0", "a range such as");
    row("A 01-20", "a range such as");
    row("A 1-99999999999", "a range such as");
    row("A -5", "a range such as");
    row("A 1-20 premium", "a seat number, or a comma before an attribute; other numbers are quoted, found `premium`");
    row("A 1-20 gap 3", "a seat number, or a comma before an attribute");
    row("A 1-20,", "a category, `gap 10` or `accessible 1` after the comma, found the end of the line");
    row("A 1-20, category", "a category, `gap 10`");
    row("A 1-20, premium, vip", "one category for the row, or the numbers that this one is for, found `vip`");
    row("A 1-20, gap", "seat numbers, such as");
    row("A 1-20, gap 3, gap 4", "one `gap` with all the seats");
    row("A 1-20, accessible 3, accessible 4", "one `accessible` with all the seats");
    row("A 1-20, accessible 21", "the number of a seat of the row, found `21`");
    row("A 1-20, premium 1-3, vip 3", "one category for each seat, found `3`");
    row("\"A 1-20", "a quotation mark that closes the name, found the end of the line");
    row(", 1-20", "the name of a row and the numbers of its seats");
    check("section s\nA 1-1001", &["line 2: more than 1000 seats in one row"]);
    check("section s\nA 1-900 901-1001", &["line 2: more than 1000 seats in one row"]);
    check("section s\nA 1, gap 1-4000000000", &["line 2: more than 1000 seats in one row"]);
    check("A 1-20", &["line 1: expected a line `section NAME` before the first row, found `A`"]);
    check("section", &["line 1: expected one name after `section`"]);
    check(
        "section upper balcony\nA 1",
        &["line 1: expected one name after `section`; a name with spaces stands in quotation marks, found `balcony`"],
    );
    check("section s, many places", &["line 1: expected a number of places, found `many`"]);
    check("section s, 5000000000 places", &["line 1: expected a number of places"]);
    check("section s, 5 places, 6 places", &["line 1: expected `category NAME` or `500 places`, each once, found `6`"]);
    check("section s, a, b\nA 1", &["line 1: expected `category NAME` or `500 places`, each once, found `b`"]);
}

#[test]
fn every_line_that_cannot_be_read_is_said() {
    check(
        "A 1\nsection\nA 1-\nB 1\nC\nD 1, premium 9",
        &[
            "line 1: expected a line `section NAME`",
            "line 2: expected one name after `section`",
            "line 3: expected a range",
            "line 5: expected seat numbers",
            "line 6: expected the number of a seat of the row, found `9`",
        ],
    );
    let faults = SeatMap::parse_text(&"A\n".repeat(60)).unwrap_err();
    assert_eq!((faults.faults.len(), faults.more), (50, 10));
}

#[test]
fn what_is_wrong_with_the_map_is_said_by_the_line() {
    check("", &["line 1: a seat map has at least one section"]);
    check("# nothing", &["line 1: a seat map has at least one section"]);
    check(
        "section s\nA 1 1\nB 1, gap 1\n\nA 1, Premium",
        &[
            "line 2: seat `1` is in row `A` already",
            "line 3: seat `1` is the last of row `B`",
            "line 5: row `A` is in section `s` already",
            "line 5: `Premium` is not a seat category",
        ],
    );
    check(
        "section s\nsection t, 0 places\nsection t, 1 places\nA 1",
        &[
            "line 1: section `s` is empty",
            "line 2: 0 places",
            "line 3: section `t` is there already",
            "line 3: section `t` has rows and places",
        ],
    );
}

#[test]
fn a_short_text_for_too_many_seats_is_not_read_to_its_end() {
    let text = format!("section s\n{}", "A 1-1000\n".repeat(1_000_000));
    check(&text, &["line 102: more than 100000 seats in the hall"]);
}

#[test]
fn places_of_their_own_cannot_be_said_in_text() {
    let seat = r#"{ "number": "1", "x": 1, "y": 1 }"#;
    let drawing = format!(r#"{{ "sections": [{{ "name": "s", "rows": [{{ "row": "A", "seats": [{seat}] }}] }}] }}"#);
    let drawing: SeatMapDrawing = serde_json::from_str(&drawing).unwrap();
    assert_eq!(SeatMap::parse(&drawing).unwrap().to_text(), None);
}

#[test]
fn the_examples_of_the_guide_are_right() {
    let texts: Vec<SeatMap> = examples("text").into_iter().map(|text| SeatMap::parse_text(text).unwrap()).collect();
    let drawings: Vec<SeatMap> = examples("json").into_iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!((texts.len(), drawings.len()), (2, 2));
    assert_eq!(texts[0].seat_count(), 20 + 22 + 10 + 20 + 12 + 13 + 500);
    assert_eq!(texts[1], drawings[0], "the text and the JSON say the same");
    assert_eq!(drawings[1].seat_count(), 4);
}

#[test]
fn the_guide_names_the_limits() {
    use domain::limits::{
        ROWS_PER_HALL, SEAT_MAP_EDGE, SEAT_MAP_FAULTS, SEAT_NAME_CHARACTERS, SEATS_PER_HALL, SEATS_PER_ROW,
        SECTIONS_PER_HALL,
    };
    let limits = [
        (SEATS_PER_HALL, "general admission | 100,000 |"),
        (SECTIONS_PER_HALL, "sections in a hall | 100 |"),
        (ROWS_PER_HALL, "rows in a hall | 5,000 |"),
        (SEATS_PER_ROW, "seats in a row | 1,000 |"),
        (SEAT_NAME_CHARACTERS, "| 1 to 32 printable characters"),
        (SEAT_MAP_FAULTS, "up to 50 and"),
        (usize::try_from(SEAT_MAP_EDGE).unwrap(), "from 0 to 10,000"),
    ];
    for (limit, words) in limits {
        assert!(GUIDE.contains(words), "{words}");
        let digits: String =
            words.replace("1 to", "").replace("from 0", "").chars().filter(char::is_ascii_digit).collect();
        assert_eq!(digits, limit.to_string(), "{words}");
    }
}

proptest! {
    #[test]
    fn what_is_printed_reads_as_the_same_map(drawing in drawing()) {
        let map = SeatMap::parse(&drawing).unwrap();
        let text = map.to_text().unwrap();
        let again = SeatMap::parse_text(&text);
        prop_assert_eq!(again.as_ref(), Ok(&map), "{}", text);
        prop_assert_eq!(again.unwrap().to_text().unwrap(), text);
    }

    #[test]
    fn no_text_does_harm(text in "(section|[A-C]|[0-9]{1,3}|[-/,\"# \n]|gap|accessible|places|category|premium){0,60}") {
        if let Err(faults) = SeatMap::parse_text(&text) {
            prop_assert!(faults.faults.iter().all(|it| it.to_string().starts_with("line ")));
        }
    }
}
