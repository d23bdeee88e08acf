use std::collections::BTreeSet;

use domain::ids::SeatId;
use domain::show_seat::ShowSeat;
use domain::single_seat::{SingleSeatRule, SingleSeatVerdict, avoidable, stranded};
use proptest::prelude::*;

use crate::drawn::{general, marked, rows};

/// The seats of rows of which `*` are picked and `%` picked places for wheelchairs, and the picked ones.
fn picked(drawn: &[&str]) -> (Vec<ShowSeat>, Vec<SeatId>) {
    let free: Vec<String> = drawn.iter().map(|row| row.replace('*', ".").replace('%', "a")).collect();
    let free: Vec<&str> = free.iter().map(String::as_str).collect();
    let seats = rows(&free);
    let marks = drawn.iter().flat_map(|row| row.chars()).filter(|mark| *mark != ' ');
    let picked = seats.iter().zip(marks).filter(|(_, mark)| matches!(mark, '*' | '%')).map(|(seat, _)| seat.seat_id);
    let picked = picked.collect();
    (seats, picked)
}

/// Checks which seats become single, `!`, and whether that could be avoided.
fn check(drawn: &[&str], expected: &[&str], is_avoidable: bool) {
    let (seats, picked) = picked(drawn);
    let single = stranded(&seats, &picked);
    let shown = marked(drawn, &seats, |seat| single.contains(&seat).then_some('!'));
    assert_eq!(shown, expected);
    assert_eq!(!avoidable(&seats, &picked).is_empty(), is_avoidable, "{drawn:?}");
}

#[test]
fn a_seat_is_single_once_it_has_no_free_neighbour_any_more() {
    check(&["**......"], &["**......"], false);
    check(&[".**....."], &["!**....."], true);
    check(&["X.**...."], &["X!**...."], true);
    check(&["*.*....."], &["*!*....."], true);
    check(&["..*.*..."], &["..*!*..."], true);
    check(&[". .**..."], &[". !**..."], true);
    check(&["....**.B"], &["....**!B"], true);
}

#[test]
fn one_that_was_single_before_is_not_counted() {
    check(&["X.X**..."], &["X.X**..."], false);
    check(&[".X**...."], &[".X**...."], false);
    check(&[". **"], &[". **"], false);
}

#[test]
fn the_rest_of_a_run_may_always_be_picked() {
    check(&["XX***XXX"], &["XX***XXX"], false);
    check(&["*"], &["*"], false);
    check(&["X** *X**"], &["X** *X**"], false);
}

#[test]
fn where_every_pick_leaves_a_single_seat_none_is_avoidable() {
    check(&["**."], &["**!"], false);
    check(&["X.**X"], &["X!**X"], false);
    check(&["X*.X"], &["X*!X"], false);
    check(&["X***.X"], &["X***!X"], false);
    // Four seats: two at one end leave two.
    check(&["X.**.X"], &["X!**!X"], true);
    // Elsewhere in the run two seats would leave nobody alone.
    check(&["X**.X......"], &["X**!X......"], true);
    // Another run is another matter.
    check(&["X**. ......"], &["X**! ......"], false);
    check(&["X**.", "...."], &["X**!", "...."], false);
}

#[test]
fn a_pick_in_pieces_is_compared_with_one_in_a_piece() {
    check(&["**.**..."], &["**!**..."], true);
    // There are no four together.
    check(&["**.X**."], &["**!X**!"], false);
}

#[test]
fn only_seats_like_those_picked_would_have_been_better() {
    check(&["pppppp.**X"], &["pppppp.**X"], false);
    check(&["X.**pppp"], &["X!**pppp"], true);
    check(&["X**.Xpppp"], &["X**!Xpppp"], false);
    check(&["X**.Xaaaa"], &["X**!Xaaaa"], false);
    // Who needs a place for a wheelchair cannot do with two seats without one.
    check(&["X.%*.X....."], &["X!%*!X....."], true);
    check(&["X.%.X....."], &["X!%!X....."], false);
    check(&["X.%.X.a."], &["X!%!X.a."], false);
    check(&["X.%.X..a.."], &["X!%!X..a.."], true);
}

#[test]
fn a_neighbour_of_another_category_is_company() {
    check(&["**.p"], &["**.p"], false);
    check(&["**.a"], &["**.a"], false);
    check(&["**.B"], &["**!B"], false);
}

#[test]
fn general_admission_strands_nobody() {
    let seats = general("standing", "...");
    assert_eq!(stranded(&seats, &[seats[1].seat_id]), []);
}

#[test]
fn what_is_taken_already_or_unknown_strands_nobody() {
    let (seats, _) = picked(&["..X."]);
    assert_eq!(stranded(&seats, &[seats[2].seat_id]), []);
    assert_eq!(avoidable(&seats, &[general("standing", ".")[0].seat_id]), []);
}

#[test]
fn a_rule_allows_warns_or_refuses() {
    let verdicts = |drawn: &[&str]| {
        let (seats, picked) = picked(drawn);
        SingleSeatRule::ALL.map(|rule| rule.judge(&seats, &picked))
    };
    let (seats, _) = picked(&[".**....."]);
    let stranded = vec![seats[0].seat_id];
    let warned = SingleSeatVerdict::Warned { stranded: stranded.clone() };
    assert_eq!(verdicts(&[".**....."]), [SingleSeatVerdict::Fine, warned, SingleSeatVerdict::Refused { stranded }]);
    assert_eq!(verdicts(&["X**.X"]), [const { SingleSeatVerdict::Fine }; 3]);
    assert_eq!(verdicts(&["**......"]), [const { SingleSeatVerdict::Fine }; 3]);
    for rule in SingleSeatRule::ALL {
        assert_eq!(serde_json::to_value(rule).unwrap(), rule.as_str());
    }
}

/// The free neighbours of a seat, by looking at all others.
fn free_beside(seats: &[ShowSeat], seat: &ShowSeat, picked: &[SeatId]) -> usize {
    let is_free = |it: &&ShowSeat| it.is_free() && !picked.contains(&it.seat_id);
    seats.iter().filter(is_free).filter(|it| it.row == seat.row && (it.x - seat.x).abs() == 1.0).count()
}

fn drawing() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[.X.*.*pa% ]{0,14}", 1..4)
}

proptest! {
    #[test]
    fn the_single_ones_are_those_that_lost_their_last_free_neighbour(drawn in drawing()) {
        let drawn: Vec<&str> = drawn.iter().map(String::as_str).collect();
        let (seats, picked) = picked(&drawn);
        let is_single = |seat: &&ShowSeat| {
            let is_left = seat.is_free() && !picked.contains(&seat.seat_id);
            is_left && free_beside(&seats, seat, &[]) > 0 && free_beside(&seats, seat, &picked) == 0
        };
        let expected: Vec<SeatId> = seats.iter().filter(is_single).map(|seat| seat.seat_id).collect();
        prop_assert_eq!(stranded(&seats, &picked), expected.clone());
        let avoidable = avoidable(&seats, &picked);
        prop_assert!(avoidable.iter().all(|seat| expected.contains(seat)));
    }

    #[test]
    fn of_all_windows_of_a_row_one_at_least_is_not_refused(row in "[.X.a. ]{1,14}", count in 1_usize..5) {
        let seats = rows(&[row.as_str()]);
        let windows: Vec<Vec<SeatId>> = seats.windows(count)
            .filter(|window| window.iter().all(|seat| seat.is_free() && !seat.accessible))
            .filter(|window| window[count - 1].x - window[0].x < count as f64)
            .map(|window| window.iter().map(|seat| seat.seat_id).collect())
            .collect();
        let refused: BTreeSet<bool> = windows.iter().map(|it| !avoidable(&seats, it).is_empty()).collect();
        prop_assert!(windows.is_empty() || refused.contains(&false));
        // And what is refused is worse than something that is not.
        let least = windows.iter().map(|it| stranded(&seats, it).len()).min();
        for window in &windows {
            prop_assert!(avoidable(&seats, window).is_empty() || Some(stranded(&seats, window).len()) > least);
        }
    }
}
