//! Stretches: free seats side by side, and those of them that a wish can have.

use std::ops::Range;

use super::BestWish;
use super::focus::Point;
use crate::neighbours::{PlacedSeat, Rows};
use crate::position::Position;
use crate::show_seat::ShowSeat;

/// Seats in an order in which neighbours follow each other: those in rows, then the places of general admission that a
/// wish can have, by section and number.
#[derive(Debug, Clone)]
pub(super) struct Floor<'a> {
    pub(super) seats: Vec<PlacedSeat<'a>>,
    pub(super) stretches: Vec<Stretch>,
}

/// Seats side by side that a wish can have: nobody else's, and none left out.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    /// Which seats.
    pub(super) seats: Range<usize>,
    /// The free seats side by side that they are among, whatever a wish wants: what is left of these may be single.
    pub(super) free: Range<usize>,
    /// Whether a wish for a place for a wheelchair can be fulfilled here.
    pub(super) has_accessible: bool,
    /// Whether they are places of general admission.
    pub(super) is_general: bool,
}

impl<'a> Floor<'a> {
    pub(super) fn of(seats: &'a [ShowSeat], wish: &BestWish) -> Self {
        let mut floor = Self { seats: Rows::of(seats).into_seats(), stretches: Vec::new() };
        floor.add_rows(wish);
        floor.add_general(seats, wish);
        floor
    }

    fn add_rows(&mut self, wish: &BestWish) {
        let all = 0..self.seats.len();
        for free in chunks(&self.seats, all, PlacedSeat::is_free_beside) {
            // A seat that is taken is a chunk of its own, of which nothing can be had.
            if self.seats.get(free.start).is_some_and(|it| !it.seat.is_free()) {
                continue;
            }
            for seats in chunks(&self.seats, free.clone(), |one, next| wish.takes(one.seat) == wish.takes(next.seat)) {
                let within = self.seats.get(seats.clone()).unwrap_or_default();
                if within.first().is_some_and(|it| wish.takes(it.seat)) {
                    let has_accessible = within.iter().any(|it| it.seat.accessible);
                    self.stretches.push(Stretch { seats, free: free.clone(), has_accessible, is_general: false });
                }
            }
        }
    }

    fn add_general(&mut self, seats: &'a [ShowSeat], wish: &BestWish) {
        let general = seats.iter().filter(|seat| seat.is_general_admission() && wish.takes(seat));
        let mut general: Vec<_> = general.map(PlacedSeat::of).collect();
        // Numbers as numbers, so that 10 is not before 9.
        general.sort_by_cached_key(|it| {
            let number = it.seat.number.parse::<u64>().unwrap_or(u64::MAX);
            (&it.seat.section, number, &it.seat.number, it.seat.seat_id)
        });
        let all = self.seats.len()..self.seats.len() + general.len();
        self.seats.append(&mut general);
        for seats in chunks(&self.seats, all, |one, next| one.seat.section == next.seat.section) {
            let within = self.seats.get(seats.clone()).unwrap_or_default();
            let has_accessible = within.iter().any(|it| it.seat.accessible);
            self.stretches.push(Stretch { free: seats.clone(), seats, has_accessible, is_general: true });
        }
    }

    /// The seats from `start` on.
    pub(super) fn window(&self, start: usize, count: usize) -> &[PlacedSeat<'a>] {
        self.seats.get(start..start + count).unwrap_or_default()
    }

    /// Where a window begins and ends.
    pub(super) fn ends(&self, start: usize, count: usize) -> Option<(Position, Position)> {
        let window = self.window(start, count);
        Some((window.first()?.position, window.last()?.position))
    }

    /// The square of how far the middle of a window is from the focal point.
    pub(super) fn distance(&self, start: usize, count: usize, focal: Option<Point>) -> i64 {
        let middle = self.ends(start, count).map(|(first, last)| Point::between(first, last));
        middle.zip(focal).map_or(0, |(middle, focal)| middle.distance(focal))
    }
}

impl Stretch {
    /// How many of `count` people it has room for.
    pub(super) fn room(&self, count: usize) -> usize {
        self.seats.len().min(count)
    }

    /// The places where a window of `count` seats may begin.
    pub(super) fn starts(&self, count: usize) -> Range<usize> {
        let last = self.seats.end.saturating_sub(count);
        if count > self.seats.len() { last..last } else { self.seats.start..last + 1 }
    }

    /// How many single seats a window leaves behind.
    pub(super) fn left_single(&self, start: usize, count: usize) -> usize {
        if self.is_general {
            return 0;
        }
        let before = start.saturating_sub(self.free.start);
        let after = self.free.end.saturating_sub(start + count);
        crate::single_seat::left_single(before) + crate::single_seat::left_single(after)
    }
}

/// Cuts a range of seats where two that follow each other do not belong together.
fn chunks<'s, 'a>(
    seats: &'s [PlacedSeat<'a>],
    range: Range<usize>,
    together: impl Fn(&PlacedSeat<'a>, &PlacedSeat<'a>) -> bool,
) -> Vec<Range<usize>> {
    let mut start = range.start;
    let within = seats.get(range).unwrap_or_default();
    let chunk = |chunk: &'s [PlacedSeat<'a>]| {
        let range = start..start + chunk.len();
        start = range.end;
        range
    };
    within.chunk_by(together).map(chunk).collect()
}
