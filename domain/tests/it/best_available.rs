mod always;
mod brute;

use std::collections::BTreeSet;

use domain::best_available::{BestWish, Choice, Focus, SeatCount, choices, choose};
use domain::ids::SeatId;
use domain::show_seat::ShowSeat;
use domain::single_seat::stranded;

use crate::drawn::{category, general, marked, rows, section};

fn wish(count: usize) -> BestWish {
    BestWish { count: SeatCount::parse(count).unwrap(), category: None, section: None, accessible: false, split: false }
}

fn standard(count: usize) -> BestWish {
    BestWish { category: Some(category("standard")), ..wish(count) }
}

fn premium(count: usize) -> BestWish {
    BestWish { category: Some(category("premium")), ..wish(count) }
}

fn accessible(count: usize) -> BestWish {
    BestWish { accessible: true, ..wish(count) }
}

fn split(count: usize) -> BestWish {
    BestWish { split: true, ..wish(count) }
}

/// The groups of a choice; none, if it is a refusal.
fn groups(choice: &Choice) -> Vec<Vec<SeatId>> {
    match choice {
        Choice::Together(seats) => vec![seats.clone()],
        Choice::Split(groups) => groups.clone(),
        Choice::NotTogether { .. } => Vec::new(),
    }
}

/// Checks which seats are chosen: `1`, and `2`, `3`, ... for further groups.
fn check_focused(wish: &BestWish, focus: Focus, drawn: &[&str], expected: &[&str]) {
    let seats = rows(drawn);
    let groups = groups(&choose(&seats, wish, focus));
    let mark = |seat| ('1'..).zip(&groups).find(|(_, group)| group.contains(&seat)).map(|(mark, _)| mark);
    assert_eq!(marked(drawn, &seats, mark), expected, "{wish:?}");
}

fn check(wish: &BestWish, drawn: &[&str], expected: &[&str]) {
    check_focused(wish, Focus::Middle, drawn, expected);
}

/// Checks that there are not as many together, but `largest`.
fn check_refused(wish: &BestWish, drawn: &[&str], largest: usize) {
    assert_eq!(choose(&rows(drawn), wish, Focus::Middle), Choice::NotTogether { largest }, "{wish:?} of {drawn:?}");
}

#[test]
fn seats_are_together_and_near_the_middle() {
    check(&wish(2), &["........"], &["...11..."]);
    check(&wish(3), &["........"], &["..111..."]);
    check(&wish(2), &["..XX...."], &["..XX11.."]);
    check(&wish(4), &["...X....", "....X..."], &["...X1111", "....X..."]);
    check(&wish(4), &["..X....X.."], &["..X1111X.."]);
    check(&wish(2), &["........", "........", "........"], &["........", "...11...", "........"]);
}

#[test]
fn no_single_seat_is_left_where_that_can_be_avoided() {
    // Nearer to the middle there would be one.
    check(&wish(2), &["....X...XX"], &["..11X...XX"]);
    check(&wish(1), &["...."], &["1..."]);
    check(&wish(1), &["XX..XX", "X....X"], &["XX..XX", "X1...X"]);
    check(&wish(1), &[".X..", "...."], &["1X..", "...."]);
    // There is no other way, so one is left rather than two, and then the middle decides.
    check(&wish(2), &["...XXXXX"], &[".11XXXXX"]);
    check(&wish(2), &["X...X"], &["X11.X"]);
    check(&wish(2), &["X...XX...X"], &["X.11XX...X"]);
    check(&wish(1), &["X..X", "X..X"], &["X1.X", "X..X"]);
}

#[test]
fn the_end_of_a_row_and_an_aisle_are_no_company() {
    check(&wish(2), &[".... ...."], &["..11 ...."]);
    check(&wish(3), &[".... ..."], &[".... 111"]);
    check_refused(&wish(3), &[".. .."], 2);
}

#[test]
fn blocked_seats_are_walls() {
    check(&wish(2), &["B....B."], &["B..11B."]);
    check_refused(&wish(2), &[".B.B."], 1);
}

#[test]
fn a_neighbour_of_another_category_is_company() {
    check(&standard(2), &["X...ppX"], &["X11.ppX"]);
    check(&standard(3), &["X...ppX"], &["X111ppX"]);
    check(&premium(1), &["X..ppX"], &["X..p1X"]);
}

#[test]
fn a_wish_for_a_category_gets_it() {
    check(&premium(2), &["....", "pppp"], &["....", "11pp"]);
    check(&standard(2), &["pppp", "...."], &["pppp", "11.."]);
    check_refused(&premium(3), &["..pp.."], 2);
    check_refused(&premium(1), &["......"], 0);
    // Who does not mind gets both.
    check(&wish(4), &["X..ppX"], &["X1111X"]);
}

#[test]
fn a_wish_for_a_section_gets_it() {
    let seats = [section("stalls", &["...."]), section("balcony", &["XX..", "...."])].concat();
    let check = |name: Option<&str>, count, expected: Option<&str>| {
        let wish = BestWish { section: name.map(str::to_owned), ..wish(count) };
        let chosen = groups(&choose(&seats, &wish, Focus::Middle)).concat();
        let sections: BTreeSet<&str> =
            seats.iter().filter(|it| chosen.contains(&it.seat_id)).map(|it| it.section.as_str()).collect();
        assert_eq!(sections.into_iter().collect::<Vec<_>>(), expected.into_iter().collect::<Vec<_>>());
    };
    check(Some("stalls"), 2, Some("stalls"));
    check(Some("balcony"), 2, Some("balcony"));
    check(Some("gallery"), 2, None);
}

#[test]
fn places_for_wheelchairs_are_kept_for_who_needs_them() {
    check(&wish(2), &["aa..X"], &["aa11X"]);
    check_refused(&wish(3), &["aa..X"], 2);
    check_refused(&wish(1), &["aaaa"], 0);
    check(&accessible(2), &["aa..X"], &["11..X"]);
    check(&accessible(3), &["X...a...X"], &["X..111..X"]);
    check(&accessible(1), &["..a......."], &["..1......."]);
    check_refused(&accessible(1), &["....A..."], 0);
    check_refused(&accessible(3), &["a.X....."], 2);
    // The place for a wheelchair beside an ordinary seat is company for it.
    check(&wish(2), &["a...X"], &["a.11X"]);
}

#[test]
fn the_focus_says_which_row_is_best() {
    let hall = ["....."; 10];
    let row_of = |focus| {
        let seats = rows(&hall);
        let chosen = groups(&choose(&seats, &wish(1), focus)).concat();
        seats.iter().find(|it| it.seat_id == chosen[0]).unwrap().row.clone()
    };
    assert_eq!(Focus::ALL.map(row_of), ["A", "E", "G"]);
    assert_eq!(Focus::default(), Focus::Middle);
    for focus in Focus::ALL {
        assert_eq!(serde_json::to_value(focus).unwrap(), focus.as_str());
    }
}

#[test]
fn a_row_further_back_counts_as_two_seats_to_the_side() {
    // One to the side is nearer than a row, four are farther.
    let hall = |row| ["..........", row, ".........."];
    check(&wish(2), &hall("....X....."), &hall("....X11..."));
    check(&wish(2), &hall("..XXXXXX.."), &["....11....", "..XXXXXX..", ".........."]);
}

#[test]
fn general_admission_goes_by_the_lowest_numbers() {
    let mut seats = general("standing", "XX......X...");
    seats.reverse();
    let numbers = |wish: &BestWish| {
        let chosen = groups(&choose(&seats, wish, Focus::Front)).concat();
        let number = |id: &SeatId| seats.iter().find(|it| it.seat_id == *id).unwrap().number.clone();
        chosen.iter().map(number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&wish(2)), ["3", "4"]);
    // Taken places do not part the others, and 10 comes after 9.
    assert_eq!(numbers(&wish(9)), ["3", "4", "5", "6", "7", "8", "10", "11", "12"]);
    assert_eq!(numbers(&wish(10)), [""; 0]);
    assert_eq!(choose(&seats, &wish(10), Focus::Front), Choice::NotTogether { largest: 9 });
    assert_eq!(choose(&seats, &premium(1), Focus::Front), Choice::NotTogether { largest: 0 });
    assert_eq!(choose(&seats, &accessible(1), Focus::Front), Choice::NotTogether { largest: 0 });
}

#[test]
fn who_does_not_say_where_sits_before_standing() {
    let seats = [general("arena", "...."), section("stalls", &["X.."])].concat();
    let section_of = |count| {
        let chosen = groups(&choose(&seats, &wish(count), Focus::Front)).concat();
        seats.iter().find(|it| it.seat_id == chosen[0]).unwrap().section.clone()
    };
    assert_eq!([1, 2, 3, 4].map(section_of), ["stalls", "stalls", "arena", "arena"]);
}

#[test]
fn a_group_that_may_sit_apart_is_split_as_little_as_possible() {
    check(&split(3), &["....."], &["111.."]);
    // Not two and one: nobody sits alone where that can be avoided.
    check(&split(4), &["...X...X"], &[".11X22.X"]);
    check(&split(5), &["..X..X.."], &["11X22X3."]);
    check(&split(4), &["..XXXX..", "..XXXXXX"], &["11XXXX..", "22XXXXXX"]);
    check_refused(&split(5), &["..X..", "XXXXX"], 2);
    check(&BestWish { accessible: true, ..split(3) }, &["aXX...", "......"], &["1XX...", "22...."]);
    check_refused(&BestWish { accessible: true, ..split(3) }, &["AX....", "......"], 0);
    // Who does not allow it hears how many there are together.
    check_refused(&wish(4), &["...X...X"], 3);
}

#[test]
fn a_wish_is_for_one_to_ten_seats() {
    assert!(SeatCount::parse(0).is_err());
    assert_eq!(SeatCount::parse(10).unwrap().get(), 10);
    assert_eq!(SeatCount::parse(11).unwrap_err().to_string(), "11 seats cannot be booked: at least 1, at most 10");
    assert!(serde_json::from_str::<SeatCount>("0").is_err());
}

#[test]
fn a_hall_of_twenty_thousand_has_no_more_windows_than_seats() {
    let row: String = ".......... ".repeat(10);
    let hall: Vec<&str> = vec![&row; 200];
    let seats = rows(&hall);
    assert_eq!(seats.len(), 20_000);
    let mut windows = choices(&seats, &wish(4), Focus::Middle);
    assert_eq!(windows.len(), 200 * 10 * 7, "seven in each ten");
    let middle = windows.next().unwrap();
    assert!(stranded(&seats, &middle).is_empty());
    let row = &seats.iter().find(|it| it.seat_id == middle[0]).unwrap().row;
    assert_eq!(*row, seats[99 * 100].row);
}

#[test]
fn a_hall_of_twenty_thousand_with_every_other_seat_sold_is_split() {
    let row = ".X".repeat(50);
    let seats = rows(&vec![row.as_str(); 200]);
    let Choice::Split(groups) = choose(&seats, &split(10), Focus::Middle) else { panic!("there are 10,000") };
    assert_eq!(groups.len(), 10);
    let chosen: Vec<&ShowSeat> = seats.iter().filter(|it| groups.contains(&vec![it.seat_id])).collect();
    let spread = |of: fn(&ShowSeat) -> f64| {
        let places = chosen.iter().map(|it| of(it));
        places.clone().fold(f64::NEG_INFINITY, f64::max) - places.fold(f64::INFINITY, f64::min)
    };
    assert!(spread(|it| it.x) <= 6.0 && spread(|it| it.y) <= 4.0, "{chosen:?}");
}
