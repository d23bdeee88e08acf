//! Choosing seats: free ones side by side, at random, so that each demo finds some.

use uuid::Uuid;

use super::wire::Seat;

/// How far the middles of two neighbouring seats are apart at most, in seat widths; an aisle is wider.
const NEIGHBOURS_APART: f64 = 1.4;

/// `count` available seats side by side, in their order, or none if there are none left. Places for wheelchairs are
/// left to those who need them.
pub(super) fn side_by_side(seats: &[Seat], count: usize) -> Option<Vec<Seat>> {
    let mut free: Vec<&Seat> = seats.iter().filter(|seat| seat.is_available() && !seat.accessible).collect();
    free.sort_by(|a, b| (&a.section, &a.row).cmp(&(&b.section, &b.row)).then(a.x.total_cmp(&b.x)));
    let groups: Vec<&[&Seat]> = free.windows(count).filter(|group| are_neighbours(group)).collect();
    let chosen = groups.get(below(groups.len())?)?;
    Some(chosen.iter().map(|seat| (*seat).clone()).collect())
}

fn are_neighbours(group: &[&Seat]) -> bool {
    group.windows(2).all(|pair| {
        let (left, right) = (pair[0], pair[1]);
        (&left.section, &left.row) == (&right.section, &right.row) && right.x - left.x <= NEIGHBOURS_APART
    })
}

/// A random index of a list with `length` items.
fn below(length: usize) -> Option<usize> {
    let (_high, random) = Uuid::new_v4().as_u64_pair();
    usize::try_from(random.checked_rem(u64::try_from(length).ok()?)?).ok()
}

#[cfg(test)]
mod tests {
    use domain::ids::SeatId;
    use serde_json::json;

    use super::*;

    /// Seats of one row from a drawing: `o` is free, `x` taken, `w` a free place for a wheelchair, a space an aisle.
    fn row(drawing: &str) -> Vec<Seat> {
        let places = drawing.chars().enumerate().filter(|(_, place)| *place != ' ');
        let seat = |(index, place): (usize, char)| {
            let seat = json!({
                "seatId": SeatId::new(Uuid::from_u128(index as u128)),
                "section": "stalls",
                "row": "A",
                "number": index.to_string(),
                "category": "standard",
                "accessible": place == 'w',
                "x": index,
                "state": if place == 'x' { "sold" } else { "available" },
            });
            serde_json::from_value(seat).unwrap()
        };
        places.map(seat).collect()
    }

    #[track_caller]
    fn check(drawing: &str, count: usize, expected: &[&[f64]]) {
        for _ in 0..50 {
            let chosen = side_by_side(&row(drawing), count);
            let places: Option<Vec<f64>> = chosen.map(|seats| seats.iter().map(|seat| seat.x).collect());
            match places {
                Some(places) => assert!(expected.contains(&places.as_slice()), "{places:?} of `{drawing}`"),
                None => assert!(expected.is_empty(), "none of `{drawing}`"),
            }
        }
    }

    #[test]
    fn seats_are_side_by_side() {
        check("ooo", 2, &[&[0.0, 1.0], &[1.0, 2.0]]);
        check("oxoo", 2, &[&[2.0, 3.0]]);
        check("oo oxo", 2, &[&[0.0, 1.0]]);
        check("o o", 2, &[]);
        check("wwo", 2, &[]);
        check("", 1, &[]);
        check("xx", 1, &[]);
        check("oo ooo", 3, &[&[3.0, 4.0, 5.0]]);
    }

    #[test]
    fn seats_of_different_rows_are_no_neighbours() {
        let mut seats = row("oo");
        "B".clone_into(&mut seats[1].row);
        assert!(side_by_side(&seats, 2).is_none());
    }
}
