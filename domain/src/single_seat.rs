//! Single seats: free ones with nobody free beside them, which hardly anybody buys.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::SeatId;
use crate::neighbours::{PlacedSeat, Rows, Run};
use crate::seat::SeatCategory;
use crate::show_seat::ShowSeat;

/// What a partner does about customers who pick seats by hand and leave single ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SingleSeatRule {
    /// Nothing.
    #[default]
    Allow,
    /// Tells them, and sells.
    Warn,
    /// Does not sell, unless there is no other way to sit in the row.
    Refuse,
}

/// What a partner's rule says about seats picked by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SingleSeatVerdict {
    /// There is nothing to say.
    Fine,
    /// Sold; the customer is told which seats would be left single, and need not be.
    Warned {
        /// The seats that would be left single, by section, row, and from left to right.
        stranded: Vec<SeatId>,
    },
    /// Not sold: another pick in the same row leaves fewer seats single.
    Refused {
        /// The seats that would be left single, by section, row, and from left to right.
        stranded: Vec<SeatId>,
    },
}

impl SingleSeatRule {
    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Refuse => "refuse",
        }
    }

    /// Every rule.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Warn, Self::Refuse];

    /// What the rule says about `picked`, out of all `seats` of a show as they are before the pick. Only what could be
    /// avoided is spoken of, so that the last seats of a row can always be sold.
    pub fn judge(self, seats: &[ShowSeat], picked: &[SeatId]) -> SingleSeatVerdict {
        if self == Self::Allow {
            return SingleSeatVerdict::Fine;
        }
        let stranded = avoidable(seats, picked);
        if stranded.is_empty() {
            SingleSeatVerdict::Fine
        } else if self == Self::Refuse {
            SingleSeatVerdict::Refused { stranded }
        } else {
            SingleSeatVerdict::Warned { stranded }
        }
    }
}

/// The seats that `picked` newly leaves single, out of all `seats` of a show as they are before the pick: free, with no
/// free seat beside them any more, but with one before. By section, row, and from left to right.
///
/// A seat of another category and a place for a wheelchair are company as well: somebody may buy both. A seat that is
/// blocked is none. Places of general admission have no neighbours to lose.
pub fn stranded(seats: &[ShowSeat], picked: &[SeatId]) -> Vec<SeatId> {
    let picked: BTreeSet<SeatId> = picked.iter().copied().collect();
    rows_of(seats, &picked).runs().flat_map(|run| stranded_in(run, &picked)).collect()
}

/// Those of [`stranded`] that need not be: as many seats side by side, in the same run of neighbouring seats and like
/// those picked, would leave fewer single there.
///
/// Seats are like those picked if they are of no other categories, and if they have a place for a wheelchair among them
/// as the picked have, or none as the picked have none. Where there are not as many side by side, nothing can be avoided.
pub fn avoidable(seats: &[ShowSeat], picked: &[SeatId]) -> Vec<SeatId> {
    let picked: BTreeSet<SeatId> = picked.iter().copied().collect();
    rows_of(seats, &picked).runs().flat_map(|run| avoidable_in(run, &picked)).collect()
}

/// The rows that seats are picked from: nothing changes in the others.
fn rows_of<'a>(seats: &'a [ShowSeat], picked: &BTreeSet<SeatId>) -> Rows<'a> {
    let mine = seats.iter().filter(|seat| picked.contains(&seat.seat_id));
    let rows: BTreeSet<(&str, &str)> = mine.map(|seat| (seat.section.as_str(), seat.row.as_str())).collect();
    Rows::of(seats.iter().filter(|seat| rows.contains(&(seat.section.as_str(), seat.row.as_str()))))
}

fn avoidable_in(run: &Run<'_>, picked: &BTreeSet<SeatId>) -> Vec<SeatId> {
    let free = run.iter().map(|it| it.seat).filter(|seat| seat.is_free());
    let mine: Vec<&ShowSeat> = free.filter(|seat| picked.contains(&seat.seat_id)).collect();
    let stranded = stranded_in(run, picked);
    let is_avoidable = fewest_stranded(run, &mine).is_some_and(|fewest| fewest < stranded.len());
    if is_avoidable { stranded } else { Vec::new() }
}

/// How many seats the best window of seats like `mine`, and as many, leaves single; nothing, where there is no window.
fn fewest_stranded(run: &Run<'_>, mine: &[&ShowSeat]) -> Option<usize> {
    if mine.is_empty() {
        return None;
    }
    let categories: BTreeSet<&SeatCategory> = mine.iter().map(|seat| &seat.category).collect();
    let has_accessible = mine.iter().any(|seat| seat.accessible);
    let is_alike = |window: &Run<'_>| {
        let is_of_category = window.iter().all(|it| categories.contains(&it.seat.category));
        is_of_category && window.iter().any(|it| it.seat.accessible) == has_accessible
    };
    let stretches =
        run.chunk_by(PlacedSeat::is_free_beside).filter(|stretch| stretch.iter().all(|it| it.seat.is_free()));
    let fewest = stretches.filter_map(|stretch| {
        let after = stretch.len().saturating_sub(mine.len());
        let alike = stretch.windows(mine.len()).enumerate().filter(|(_, window)| is_alike(window));
        alike.map(move |(before, _)| left_single(before) + left_single(after - before)).min()
    });
    fewest.min()
}

/// How many single seats there are among `count` that are left side by side.
pub(crate) fn left_single(count: usize) -> usize {
    usize::from(count == 1)
}

fn stranded_in(run: &Run<'_>, picked: &BTreeSet<SeatId>) -> Vec<SeatId> {
    let was_free: Vec<bool> = run.iter().map(|it| it.seat.is_free()).collect();
    let is_free: Vec<bool> = run.iter().map(|it| it.seat.is_free() && !picked.contains(&it.seat.seat_id)).collect();
    let single = |place: &usize| {
        is_free.get(*place).is_some_and(|free| *free)
            && has_company(&was_free, *place)
            && !has_company(&is_free, *place)
    };
    (0..run.len()).filter(single).filter_map(|place| run.get(place)).map(|it| it.seat.seat_id).collect()
}

/// Whether a seat beside the one at `place` is free.
fn has_company(free: &[bool], place: usize) -> bool {
    let beside = [place.checked_sub(1), place.checked_add(1)];
    beside.into_iter().flatten().filter_map(|place| free.get(place)).any(|free| *free)
}
