//! People who sit apart, put into stretches: how many into each, and where in it.

use super::focus::{Point, distance_between};
use super::stretch::{Floor, Stretch};

/// A group: the index of its first seat, and how many it has.
type Group = (usize, usize);

/// What is bad about where people sit: how many sit alone, how many single seats they leave behind, and the sum of the
/// squares of how far they are apart. The first that differs decides.
type Cost = (usize, usize, i64);

/// How to put people into some stretches.
pub(super) struct Seating<'s, 'a> {
    pub(super) floor: &'s Floor<'a>,
    pub(super) focal: Option<Point>,
    /// How many people.
    pub(super) count: usize,
    /// Whether one of them needs a place for a wheelchair, which is then in the first stretch.
    pub(super) accessible: bool,
    /// The stretch that the others are near to.
    pub(super) anchor: &'s Stretch,
}

/// Some people, and where they sit.
#[derive(Clone)]
struct Way {
    cost: Cost,
    groups: Vec<Group>,
}

impl Seating<'_, '_> {
    /// The best way of putting everybody into the anchor and `others`, some into each.
    pub(super) fn seat(&self, others: &[&Stretch]) -> Option<Vec<Group>> {
        // The best way for each number of people, from nobody to everybody, into the stretches so far.
        let mut ways = vec![None; self.count + 1];
        *ways.first_mut()? = Some(Way { cost: (0, 0, 0), groups: Vec::new() });
        for stretch in [self.anchor].iter().chain(others) {
            ways = self.with(&ways, stretch);
        }
        ways.pop().flatten().map(|way| way.groups)
    }

    /// The best ways once some people more are put into one stretch more.
    fn with(&self, ways: &[Option<Way>], stretch: &Stretch) -> Vec<Option<Way>> {
        let mut next: Vec<Option<Way>> = vec![None; self.count + 1];
        for people in 1..=stretch.room(self.count) {
            let Some((more, start)) = self.best_window(stretch, people) else { continue };
            for (seated, way) in ways.iter().enumerate() {
                let (Some(way), Some(known)) = (way, next.get_mut(seated + people)) else { continue };
                let (alone, single, far) = way.cost;
                let cost = (alone + more.0, single + more.1, far.saturating_add(more.2));
                if known.as_ref().is_none_or(|known| cost < known.cost) {
                    let groups = way.groups.iter().copied().chain([(start, people)]).collect();
                    *known = Some(Way { cost, groups });
                }
            }
        }
        next
    }

    /// Where a group sits best in a stretch, and what is bad about it.
    fn best_window(&self, stretch: &Stretch, people: usize) -> Option<(Cost, usize)> {
        let is_anchor = stretch.seats == self.anchor.seats;
        let needs_accessible = is_anchor && self.accessible;
        let fits =
            |start: &usize| !needs_accessible || self.floor.window(*start, people).iter().any(|it| it.seat.accessible);
        let cost = |start: usize| {
            let distance = if is_anchor {
                self.floor.distance(start, people, self.focal)
            } else {
                self.distance_to_anchor(start, people)
            };
            ((usize::from(people == 1), stretch.left_single(start, people), distance), start)
        };
        let mut fitting = stretch.starts(people).filter(fits);
        // Of general admission the lowest numbers, however many there are.
        if stretch.is_general { fitting.next().map(cost) } else { fitting.map(cost).min() }
    }

    fn distance_to_anchor(&self, start: usize, people: usize) -> i64 {
        let anchor = self.floor.ends(self.anchor.seats.start, self.anchor.seats.len());
        let ends = self.floor.ends(start, people).zip(anchor);
        ends.map_or(0, |(group, anchor)| distance_between(group, anchor))
    }
}
