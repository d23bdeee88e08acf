//! As many seats as are wanted in several groups, where there are not as many together: which stretches they sit in.

use super::focus::{Point, distance_between};
use super::seating::Seating;
use super::stretch::{Floor, Stretch};
use crate::ids::SeatId;
use crate::limits::SEATS_PER_BOOKING;

/// From how many stretches the search for others nearby starts: those nearest to the focal point. With it the work stays
/// in proportion to the number of seats, also in a hall where every other seat is sold.
const ANCHORS: usize = 8;

/// As many seats as are wanted, in groups by section, row, and from left to right; nothing, where there are not as many.
///
/// The number of groups is the smallest possible. That they are near each other is a search that takes the nearest next:
/// around each of some stretches near the focal point, it collects the nearest others that still lead to the smallest
/// number of groups, and takes the collection with the smallest sum of squared distances. That need not be the smallest
/// of all.
pub(super) fn split(
    floor: &Floor<'_>,
    focal: Option<Point>,
    count: usize,
    accessible: bool,
) -> Option<Vec<Vec<SeatId>>> {
    let search = Search { floor, focal, count, accessible };
    let (anchors, groups) = search.anchors()?;
    let around = anchors.into_iter().filter_map(|anchor| Some((anchor, search.collect(anchor, groups)?)));
    let (anchor, (_, others)) = around.min_by_key(|(_, (distance, _))| *distance)?;
    let mut groups = Seating { floor, focal, count, accessible, anchor }.seat(&others)?;
    groups.sort_unstable();
    let seat_ids = |(start, count)| floor.window(start, count).iter().map(|it| it.seat.seat_id).collect();
    Some(groups.into_iter().map(seat_ids).collect())
}

struct Search<'s, 'a> {
    floor: &'s Floor<'a>,
    focal: Option<Point>,
    count: usize,
    accessible: bool,
}

impl<'s> Search<'s, '_> {
    /// The stretches to start from, and the smallest number of groups.
    fn anchors(&self) -> Option<(Vec<&'s Stretch>, usize)> {
        let rooms = self.rooms();
        let fitting = || self.floor.stretches.iter().filter(|it| it.has_accessible || !self.accessible);
        let roomiest = fitting().map(|it| it.room(self.count)).max()?;
        let seated = |room: usize, groups: usize| room + rooms.without(room).most(groups - 1);
        let groups = (1..=self.count).find(|groups| seated(roomiest, *groups) >= self.count)?;
        let least = (1..=roomiest).find(|room| seated(*room, groups) >= self.count)?;
        let mut anchors: Vec<_> = fitting().filter(|it| it.room(self.count) >= least).collect();
        anchors.sort_by_cached_key(|it| {
            (it.is_general, self.floor.distance(it.seats.start, it.seats.len(), self.focal), it.seats.start)
        });
        anchors.truncate(ANCHORS);
        Some((anchors, groups))
    }

    /// The stretches that sit around `anchor` so that they are `groups` with it, and the sum of how far they are.
    fn collect(&self, anchor: &Stretch, groups: usize) -> Option<(i64, Vec<&'s Stretch>)> {
        let (mut others, mut far) = (Vec::new(), 0_i64);
        let mut rooms = self.rooms().without(anchor.room(self.count));
        let mut missing = self.count.saturating_sub(anchor.room(self.count));
        for left in (0..groups.saturating_sub(1)).rev() {
            // With less room than that, the groups that are left would not be enough for those who are missing.
            let least = (1..=self.count).find(|room| room + rooms.without(*room).most(left) >= missing)?;
            let (distance, next) = self.nearest(anchor, &others, least)?;
            missing = missing.saturating_sub(next.room(self.count));
            rooms = rooms.without(next.room(self.count));
            far = far.saturating_add(distance);
            others.push(next);
        }
        Some((far, others))
    }

    /// The stretch nearest to `anchor` with room for `least`, but for those in which somebody sits, and how far it is.
    fn nearest(&self, anchor: &Stretch, taken: &[&Stretch], least: usize) -> Option<(i64, &'s Stretch)> {
        let ends = |stretch: &Stretch| self.floor.ends(stretch.seats.start, stretch.seats.len());
        let from = ends(anchor)?;
        let roomy = self.floor.stretches.iter().filter(|it| it.room(self.count) >= least);
        let is_free = |it: &&Stretch| it.seats != anchor.seats && taken.iter().all(|other| other.seats != it.seats);
        let near = roomy.filter(is_free).filter_map(|it| Some((distance_between(from, ends(it)?), it)));
        near.min_by_key(|(distance, it)| (*distance, it.seats.start))
    }

    fn rooms(&self) -> Rooms {
        let mut rooms = Rooms([0; SEATS_PER_BOOKING + 1]);
        for stretch in &self.floor.stretches {
            if let Some(stretches) = rooms.0.get_mut(stretch.room(self.count)) {
                *stretches += 1;
            }
        }
        rooms
    }
}

/// How many stretches have room for how many, not counting room for more than are wanted.
#[derive(Clone, Copy)]
struct Rooms([usize; SEATS_PER_BOOKING + 1]);

impl Rooms {
    fn without(mut self, room: usize) -> Self {
        if let Some(stretches) = self.0.get_mut(room) {
            *stretches = stretches.saturating_sub(1);
        }
        self
    }

    /// How many people the roomiest `groups` stretches have room for.
    fn most(&self, groups: usize) -> usize {
        let mut left = groups;
        let from_roomiest = self.0.iter().enumerate().rev();
        let taken = from_roomiest.map(|(room, stretches)| {
            let taken = left.min(*stretches);
            left -= taken;
            room * taken
        });
        taken.sum()
    }
}
