//! What holds in every hall and for every wish.

use std::collections::BTreeSet;

use domain::best_available::{BestWish, Choice, Focus, choices, choose};
use domain::ids::SeatId;
use domain::show_seat::{ShowSeat, ShowSeatState};
use domain::single_seat::avoidable;
use proptest::prelude::*;

use super::{brute, groups, wish};
use crate::drawn::{category, general, section};

/// Rows of two sections and perhaps places of general admission, shuffled.
fn hall() -> impl Strategy<Value = Vec<ShowSeat>> {
    let rows = || prop::collection::vec("[....XXppPaAB ]{0,12}", 0..4);
    (rows(), rows(), "[..X]{0,9}", 0..2_usize).prop_flat_map(|(stalls, balcony, standing, wide)| {
        let mut seats = Vec::new();
        for (name, rows) in [("stalls", stalls), ("balcony", balcony)] {
            seats.extend(section(name, &rows.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        // Wide armchairs, an aisle is still one.
        for seat in &mut seats {
            seat.x *= if wide == 1 { 1.25 } else { 1.0 };
        }
        seats.extend(general("standing", &standing));
        Just(seats).prop_shuffle()
    })
}

fn any_wish() -> impl Strategy<Value = BestWish> {
    let category = prop::option::of(prop::sample::select(vec![category("standard"), category("premium")]));
    let section = prop::option::weighted(0.3, prop::sample::select(vec!["stalls", "balcony", "standing"]));
    (1_usize..=10, category, section, prop::bool::weighted(0.3), any::<bool>()).prop_map(
        |(count, category, section, accessible, split)| BestWish {
            category,
            section: section.map(str::to_owned),
            accessible,
            split,
            ..wish(count)
        },
    )
}

fn any_focus() -> impl Strategy<Value = Focus> {
    prop::sample::select(Focus::ALL.to_vec())
}

fn ids(window: &[ShowSeat]) -> Vec<SeatId> {
    window.iter().map(|it| it.seat_id).collect()
}

/// How good a window is: seats before places, few single seats, near the middle.
fn rank(seats: &[ShowSeat], wish: &BestWish, focus: Focus, window: &[ShowSeat]) -> (bool, usize, f64) {
    let is_general = window[0].row.is_empty();
    let distance = if is_general { 0.0 } else { brute::distance(seats, wish, focus, window) };
    (is_general, brute::stranded(seats, window), distance)
}

fn is_worse(one: (bool, usize, f64), other: (bool, usize, f64)) -> bool {
    (one.0, one.1) > (other.0, other.1) || ((one.0, one.1) == (other.0, other.1) && one.2 > other.2 + 0.02)
}

proptest! {
    #[test]
    fn a_choice_is_the_best_of_all_windows(seats in hall(), wish in any_wish(), focus in any_focus()) {
        let windows = brute::windows(&seats, &wish, wish.count.get());
        match choose(&seats, &wish, focus) {
            Choice::Together(chosen) => {
                let mine = windows.iter().find(|window| ids(window) == chosen);
                prop_assert!(mine.is_some(), "{chosen:?} is no window");
                let mine = rank(&seats, &wish, focus, mine.unwrap());
                for window in &windows {
                    let other = rank(&seats, &wish, focus, window);
                    prop_assert!(!is_worse(mine, other), "{mine:?} was chosen before {other:?}");
                }
            }
            Choice::Split(_) | Choice::NotTogether { .. } => prop_assert_eq!(windows.len(), 0),
        }
    }

    #[test]
    fn a_refusal_says_how_many_there_are_together(seats in hall(), wish in any_wish(), focus in any_focus()) {
        let Choice::NotTogether { largest } = choose(&seats, &wish, focus) else { return Ok(()) };
        prop_assert!(largest < wish.count.get());
        prop_assert!(largest == 0 || !brute::windows(&seats, &wish, largest).is_empty());
        prop_assert!(brute::windows(&seats, &wish, largest + 1).is_empty());
    }

    #[test]
    fn further_choices_are_all_windows_in_order(seats in hall(), wish in any_wish(), focus in any_focus()) {
        let windows = brute::windows(&seats, &wish, wish.count.get());
        let choices = choices(&seats, &wish, focus);
        prop_assert_eq!(choices.len(), windows.len());
        prop_assert!(choices.len() <= seats.len());
        let choices: Vec<Vec<SeatId>> = choices.collect();
        let all: BTreeSet<Vec<SeatId>> = windows.iter().map(|it| ids(it)).collect();
        prop_assert_eq!(&choices.iter().cloned().collect::<BTreeSet<_>>(), &all);
        let ranks: Vec<_> = choices.iter()
            .map(|choice| windows.iter().find(|it| ids(it) == *choice).unwrap())
            .map(|window| rank(&seats, &wish, focus, window))
            .collect();
        prop_assert!(ranks.windows(2).all(|pair| !is_worse(pair[0], pair[1])), "{ranks:?}");
    }

    #[test]
    fn the_order_of_the_seats_does_not_matter(seats in hall(), wish in any_wish(), focus in any_focus()) {
        let mut sorted = seats.clone();
        sorted.sort_by_key(|it| it.seat_id);
        prop_assert_eq!(choose(&seats, &wish, focus), choose(&sorted, &wish, focus));
    }

    #[test]
    fn no_seat_is_chosen_twice_until_there_are_none(mut seats in hall(), wish in any_wish(), focus in any_focus()) {
        let mut given = BTreeSet::new();
        loop {
            let groups = groups(&choose(&seats, &wish, focus));
            if groups.is_empty() {
                break;
            }
            for seat in groups.concat() {
                prop_assert!(given.insert(seat), "{seat} was given twice");
                seats.iter_mut().find(|it| it.seat_id == seat).unwrap().state = ShowSeatState::Held;
            }
        }
        prop_assert!(brute::windows(&seats, &wish, wish.count.get()).is_empty());
        prop_assert!(!wish.split || brute::fewest_groups(&seats, &wish).is_none());
    }

    #[test]
    fn a_split_has_as_few_groups_as_possible(seats in hall(), wish in any_wish(), focus in any_focus()) {
        let fewest = brute::fewest_groups(&seats, &wish);
        match choose(&seats, &wish, focus) {
            Choice::Together(_) => prop_assert_eq!(fewest, Some(1)),
            Choice::NotTogether { .. } => prop_assert!(!wish.split || fewest.is_none()),
            Choice::Split(groups) => {
                prop_assert_eq!(Some(groups.len()), fewest);
                let seats_of = |group: &Vec<SeatId>| -> Vec<ShowSeat> {
                    group.iter().map(|id| seats.iter().find(|it| it.seat_id == *id).unwrap().clone()).collect()
                };
                let any = BestWish { accessible: false, ..wish.clone() };
                for group in &groups {
                    let group = seats_of(group);
                    let lenient = BestWish { accessible: group.iter().any(|it| it.accessible), ..any.clone() };
                    prop_assert!(brute::windows(&seats, &lenient, group.len()).contains(&group));
                }
                let all = groups.concat();
                prop_assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), wish.count.get());
                prop_assert_eq!(all.len(), wish.count.get());
                prop_assert_eq!(wish.accessible, seats_of(&all).iter().any(|it| it.accessible));
            }
        }
    }

    #[test]
    fn what_is_chosen_is_never_refused_for_a_single_seat(seats in hall(), wish in any_wish(), focus in any_focus()) {
        if let Choice::Together(chosen) = choose(&seats, &wish, focus) {
            prop_assert_eq!(avoidable(&seats, &chosen), []);
        }
    }
}
