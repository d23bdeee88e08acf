//! Windows as they are defined, by looking at everything.

use std::collections::BTreeSet;

use domain::best_available::{BestWish, Focus};
use domain::show_seat::{ShowSeat, ShowSeatState};

/// All seats of a row from left to right, row by row; of general admission what can be had, by number.
pub(super) fn rows(seats: &[ShowSeat], wish: &BestWish) -> Vec<Vec<ShowSeat>> {
    let names: BTreeSet<(String, String)> = seats.iter().map(|it| (it.section.clone(), it.row.clone())).collect();
    let row = |(section, row): (String, String)| {
        let mine = seats.iter().filter(|it| it.section == section && it.row == row);
        let mut mine: Vec<ShowSeat> = mine.filter(|it| !row.is_empty() || takes(wish, it)).cloned().collect();
        mine.sort_by(|one, other| one.x.total_cmp(&other.x));
        mine
    };
    names.into_iter().map(row).collect()
}

pub(super) fn takes(wish: &BestWish, seat: &ShowSeat) -> bool {
    seat.state == ShowSeatState::Available
        && wish.category.as_ref().is_none_or(|it| *it == seat.category)
        && wish.section.as_ref().is_none_or(|it| *it == seat.section)
        && (wish.accessible || !seat.accessible)
}

fn are_together(pair: &[ShowSeat]) -> bool {
    pair[0].row.is_empty() || pair[1].x - pair[0].x <= 1.5
}

/// Every window of `count` seats that a wish can have.
pub(super) fn windows(seats: &[ShowSeat], wish: &BestWish, count: usize) -> Vec<Vec<ShowSeat>> {
    let mut windows = Vec::new();
    for row in rows(seats, wish) {
        for window in row.windows(count) {
            let can_be_had = window.iter().all(|it| takes(wish, it)) && window.windows(2).all(are_together);
            if can_be_had && (!wish.accessible || window.iter().any(|it| it.accessible)) {
                windows.push(window.to_vec());
            }
        }
    }
    windows
}

/// How many seats are free, were beside a free one, and are no longer.
pub(super) fn stranded(seats: &[ShowSeat], window: &[ShowSeat]) -> usize {
    let is_mine = |it: &ShowSeat| window.iter().any(|mine| mine.seat_id == it.seat_id);
    let beside = |seat: &ShowSeat, left_out: bool| {
        let free = seats.iter().filter(|it| it.state == ShowSeatState::Available && !(left_out && is_mine(it)));
        let row = free.filter(|it| it.section == seat.section && it.row == seat.row && it.seat_id != seat.seat_id);
        row.filter(|it| (it.x - seat.x).abs() <= 1.5).count()
    };
    let left = seats.iter().filter(|it| it.state == ShowSeatState::Available && !is_mine(it) && !it.row.is_empty());
    left.filter(|it| beside(it, false) > 0 && beside(it, true) == 0).count()
}

/// How far the middle of a window is from the middle of all seats that may be meant, in seat widths.
pub(super) fn distance(seats: &[ShowSeat], wish: &BestWish, focus: Focus, window: &[ShowSeat]) -> f64 {
    let any = BestWish { accessible: true, ..wish.clone() };
    let meant = seats
        .iter()
        .filter(|it| !it.row.is_empty() && takes(&any, &ShowSeat { state: ShowSeatState::Available, ..(*it).clone() }));
    let (xs, ys): (Vec<f64>, Vec<f64>) = meant.map(|it| (it.x, it.y)).unzip();
    let least = |of: &[f64]| of.iter().copied().fold(f64::INFINITY, f64::min);
    let most = |of: &[f64]| of.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let share = match focus {
        Focus::Front => 0.0,
        Focus::Middle => 0.5,
        Focus::TwoThirdsBack => 2.0 / 3.0,
    };
    let (x, y) = ((least(&xs) + most(&xs)) / 2.0, least(&ys) + share * (most(&ys) - least(&ys)));
    let (first, last) = (&window[0], &window[window.len() - 1]);
    ((first.x + last.x) / 2.0 - x).hypot(2.0 * ((first.y + last.y) / 2.0 - y))
}

/// How many seats there are side by side, in each place where a wish can have some, and whether one of them is a place
/// for a wheelchair.
pub(super) fn stretches(seats: &[ShowSeat], wish: &BestWish) -> Vec<(usize, bool)> {
    let mut stretches = Vec::new();
    for row in rows(seats, wish) {
        let together = |one: &ShowSeat, next: &ShowSeat| {
            are_together(&[one.clone(), next.clone()]) && takes(wish, one) && takes(wish, next)
        };
        for stretch in row.chunk_by(together).filter(|it| takes(wish, &it[0])) {
            stretches.push((stretch.len(), stretch.iter().any(|it| it.accessible)));
        }
    }
    stretches
}

/// In how many places a group must sit at least; nothing, where there is not room enough.
pub(super) fn fewest_groups(seats: &[ShowSeat], wish: &BestWish) -> Option<usize> {
    let stretches = stretches(seats, wish);
    let with = |first: usize| {
        let mut others: Vec<usize> =
            stretches.iter().enumerate().filter(|(it, _)| *it != first).map(|it| it.1.0).collect();
        others.sort_unstable_by(|one, other| other.cmp(one));
        let mut seated = stretches[first].0;
        let needed = others.iter().take_while(|room| {
            let is_needed = seated < wish.count.get();
            seated += if is_needed { **room } else { 0 };
            is_needed
        });
        let groups = 1 + needed.count();
        (seated >= wish.count.get()).then_some(groups)
    };
    (0..stretches.len()).filter(|it| !wish.accessible || stretches[*it].1).filter_map(with).min()
}
