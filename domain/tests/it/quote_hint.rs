use domain::offer_draft::OfferDraft;

use crate::sale::{Sale, afternoon, amount, category, coded, draft, third_ticket};

const STANDARD: (&str, i64) = ("standard", 1000);
const BOX: (&str, i64) = ("box", 3000);

#[test]
fn a_customer_is_told_what_one_more_seat_would_bring() {
    let check = |offer: OfferDraft, seats: &[(&str, i64)], hint: Option<&str>| {
        assert_eq!(Sale::of(seats).offer(offer).quote().hint.as_deref(), hint, "{seats:?}");
    };
    let half = Some("One more seat and the 3rd ticket is half price");
    check(third_ticket(1), &[STANDARD], None);
    check(third_ticket(1), &[STANDARD; 2], half);
    check(third_ticket(1), &[BOX, STANDARD], half);
    check(third_ticket(1), &[STANDARD; 3], None);
    check(third_ticket(1), &[STANDARD; 5], Some("One more seat and the 6th ticket is half price"));
    check(third_ticket(1), &[], None);
    check(
        OfferDraft { percent: Some(100), ..third_ticket(1) },
        &[STANDARD; 2],
        Some("One more seat and the 3rd ticket is free"),
    );
    check(
        OfferDraft { percent: Some(30), ..third_ticket(1) },
        &[STANDARD; 2],
        Some("One more seat and the 3rd ticket is 30 % off"),
    );
    check(
        OfferDraft { nth: Some(2), ..amount(1, 250) },
        &[STANDARD],
        Some("One more seat and the 2nd ticket is 2.50 EUR off"),
    );
    // A booking has ten seats at most.
    check(
        OfferDraft { nth: Some(10), ..draft(1) },
        &[STANDARD; 9],
        Some("One more seat and the 10th ticket is 10 % off"),
    );
    check(OfferDraft { nth: Some(2), ..draft(1) }, &[STANDARD; 10], None);
    // It would begin to apply with the fourth seat, but to the third ticket.
    check(OfferDraft { at_least: Some(4), ..third_ticket(1) }, &[STANDARD; 3], half);
    check(OfferDraft { at_least: Some(4), ..third_ticket(1) }, &[STANDARD; 2], None);
    // The others make nothing of one more seat, or are for the whole booking.
    check(afternoon(1), &[STANDARD; 2], None);
    check(OfferDraft { at_least: Some(3), ..draft(1) }, &[STANDARD; 2], None);
    check(OfferDraft { active: false, ..third_ticket(1) }, &[STANDARD; 2], None);
    check(OfferDraft { nth: Some(3), ..coded(1, "SUMMER") }, &[STANDARD; 2], None);
    check(third_ticket(1), &[("standard", 0); 2], None);
}

#[test]
fn the_seat_of_the_hint_is_of_the_cheapest_category_that_was_chosen() {
    let in_categories = |names: &[&str]| OfferDraft {
        categories: names.iter().map(|name| category(name)).collect(),
        ..third_ticket(1)
    };
    let check = |names: &[&str], hint: Option<&str>| {
        let sale = Sale::of(&[BOX, BOX, STANDARD, STANDARD]).offer(in_categories(names));
        assert_eq!(sale.quote().hint.as_deref(), hint, "{names:?}");
    };
    check(&["standard"], Some("One more seat in standard and the 3rd ticket is half price"));
    check(&["box"], None);
    let full = Sale::of(&[&[BOX][..], &[STANDARD; 9]].concat());
    let tenth = OfferDraft { nth: Some(10), ..in_categories(&["standard"]) };
    assert_eq!(full.offer(tenth).quote().hint, None, "there is no eleventh seat");
    let two = Sale::of(&[BOX, STANDARD]).offer(in_categories(&["box", "standard"])).quote().hint;
    assert_eq!(two.as_deref(), Some("One more seat in box or standard and the 3rd ticket is half price"));
}

#[test]
fn there_is_one_hint_at_most_and_it_is_kept_to() {
    let second = |number| OfferDraft { nth: Some(2), percent: Some(100), ..draft(number) };
    let sale = Sale::of(&[STANDARD]).offer(third_ticket(1)).offer(second(2));
    assert_eq!(sale.quote().hint.as_deref(), Some("One more seat and the 2nd ticket is free"));
    // With a third seat the second ticket is free already, and the better offer excludes the other one.
    let two = Sale::of(&[STANDARD; 2]).offer(third_ticket(1)).offer(second(2));
    assert_eq!(two.quote().hint, None);
    assert_eq!(Sale::of(&[STANDARD; 3]).offer(third_ticket(1)).offer(second(2)).left(), [1000, 0, 1000]);
    // The fourth of four tickets is free already, and the second is not.
    let free = OfferDraft { percent: Some(100), categories: [category("z")].into(), ..draft(3) };
    let free_seats = Sale::of(&[("a", 1000), ("z", 1000), ("z", 1000)]).offer(free);
    let hint = free_seats.offer(OfferDraft { nth: Some(2), ..draft(1) }).quote().hint;
    assert_eq!(hint.as_deref(), Some("One more seat and the 2nd ticket is 10 % off"));
    // An offer with a code is hinted at once its code was typed.
    let coded = OfferDraft { nth: Some(2), ..coded(1, "PAIRS") };
    let typed = Sale::of(&[STANDARD]).offer(coded).typed("pairs").quote();
    assert_eq!(typed.hint.as_deref(), Some("One more seat and the 2nd ticket is 10 % off"));
    assert_eq!(typed.unused.len(), 1);
}
