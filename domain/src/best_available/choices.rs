//! Windows in the order of how good they are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::focus::{Focus, Point};
use super::stretch::{Floor, Stretch};
use super::{BestWish, split};
use crate::ids::SeatId;
use crate::show_seat::ShowSeat;

/// The windows of a wish, the best first: as many seats as are wanted, side by side and from left to right.
#[derive(Debug, Clone)]
pub struct Choices<'a> {
    floor: Floor<'a>,
    focal: Option<Point>,
    count: usize,
    accessible: bool,
    windows: BinaryHeap<Reverse<Window>>,
}

/// As many seats side by side as are wanted. The order of the fields is what makes one better than another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Window {
    /// Somebody who does not say which wants to sit.
    is_general: bool,
    left_single: usize,
    /// The square of how far its middle is from the focal point.
    distance: i64,
    /// The index of its first seat, in the order of section, row, and from left to right.
    start: usize,
}

impl<'a> Choices<'a> {
    pub(super) fn of(seats: &'a [ShowSeat], wish: &BestWish, focus: Focus) -> Self {
        let floor = Floor::of(seats, wish);
        let in_rows = floor.seats.iter().filter(|it| !it.seat.is_general_admission() && wish.means(it.seat));
        let focal = Point::focal(in_rows, focus);
        let (count, accessible) = (wish.count.get(), wish.accessible);
        let mut choices = Self { floor, focal, count, accessible, windows: BinaryHeap::new() };
        choices.windows = choices.floor.stretches.iter().flat_map(|it| choices.windows_in(it)).map(Reverse).collect();
        choices
    }

    /// The largest number of seats for which the same wish could be fulfilled, together; 0, if there is none.
    pub fn largest(&self) -> usize {
        let fitting = self.floor.stretches.iter().filter(|it| it.has_accessible || !self.accessible);
        fitting.map(|it| it.seats.len()).max().unwrap_or_default()
    }

    /// As many seats in as few groups as possible; nothing, where there are not as many.
    pub(super) fn split(&self) -> Option<Vec<Vec<SeatId>>> {
        split::split(&self.floor, self.focal, self.count, self.accessible)
    }

    fn windows_in(&self, stretch: &Stretch) -> impl Iterator<Item = Window> {
        let fitting = stretch.starts(self.count).filter(|start| {
            !self.accessible || self.floor.window(*start, self.count).iter().any(|it| it.seat.accessible)
        });
        fitting.map(|start| Window {
            is_general: stretch.is_general,
            left_single: stretch.left_single(start, self.count),
            distance: if stretch.is_general { 0 } else { self.floor.distance(start, self.count, self.focal) },
            start,
        })
    }
}

impl Iterator for Choices<'_> {
    type Item = Vec<SeatId>;

    fn next(&mut self) -> Option<Vec<SeatId>> {
        let Reverse(window) = self.windows.pop()?;
        Some(self.floor.window(window.start, self.count).iter().map(|it| it.seat.seat_id).collect())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.windows.len(), Some(self.windows.len()))
    }
}

impl ExactSizeIterator for Choices<'_> {}
