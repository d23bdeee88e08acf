use domain::ids::{PartnerId, ShowId};
use domain::money::{Currency, Money};
use domain::offer::OfferScope;
use domain::offer_calendar::Weekday;
use domain::offer_draft::OfferDraft;
use domain::unused_offer::UnusedOffer;
use uuid::Uuid;

use crate::sale::{Sale, afternoon, amount, between, category, coded, draft, offer_id};

const STANDARD: (&str, i64) = ("standard", 1000);

#[test]
fn a_code_that_does_nothing_says_why() {
    let check = |offer: OfferDraft, why: &str| {
        let offer = OfferDraft { code: Some("SUMMER".to_owned()), ..offer };
        let quote = Sale::of(&[STANDARD; 2]).offer(offer).typed("summer").quote();
        let unused = UnusedOffer { offer_id: Some(offer_id(1)), name: "offer 1".to_owned(), why: why.to_owned() };
        assert_eq!((quote.unused, quote.total.minor), (vec![unused], 2000));
    };
    check(OfferDraft { active: false, ..draft(1) }, "the offer is switched off");
    let scope = OfferScope::Show { show_id: ShowId::new(Uuid::from_u128(99)) };
    check(OfferDraft { scope, ..draft(1) }, "the offer is not for this show");
    let june = "2026-06-01T08:00:00Z".parse().ok();
    let april = "2026-04-30T22:00:00Z".parse().ok();
    check(OfferDraft { booked_from: june, ..draft(1) }, "the offer is for bookings from 1 June 2026 10:00 on");
    check(OfferDraft { booked_until: april, ..draft(1) }, "the offer was for bookings before 1 May 2026 00:00");
    check(between(1, "18:00", "00:00"), "the offer is for shows that start between 18:00 and 00:00");
    let weekend = OfferDraft { weekdays: [Weekday::Sunday, Weekday::Saturday].into(), ..draft(1) };
    check(weekend, "the offer is for shows on Saturdays and Sundays");
    let july = OfferDraft { first_date: "2026-07-01".parse().ok(), ..afternoon(1) };
    check(july, "the offer is for shows that start between 12:00 and 17:00 from 1 July 2026 on");
    let dollars = Some(Money::new(100, Currency::USD));
    check(OfferDraft { amount: dollars, ..amount(1, 1) }, "the offer is in USD, and the show is sold in EUR");
    let boxes = || OfferDraft { categories: [category("box"), category("lodge")].into(), ..draft(1) };
    check(boxes(), "the offer is for seats in box and lodge, and none were chosen");
    check(OfferDraft { at_least: Some(3), ..draft(1) }, "the offer needs 3 seats or more, not 2");
    check(OfferDraft { nth: Some(4), ..draft(1) }, "the offer needs 4 seats or more, not 2");
    check(OfferDraft { nth: Some(2), at_least: Some(5), ..draft(1) }, "the offer needs 5 seats or more, not 2");
    let standard = OfferDraft { categories: [category("standard")].into(), at_least: Some(3), ..draft(1) };
    check(standard, "the offer needs 3 seats or more in standard, not 2");
}

#[test]
fn a_code_that_no_offer_has_is_named_as_it_was_understood() {
    let unknown =
        UnusedOffer { offer_id: None, name: "SUMMER".to_owned(), why: "there is no offer with this code".to_owned() };
    let other_partner = PartnerId::new(Uuid::from_u128(99));
    for offer in [draft(1), coded(1, "WINTER"), OfferDraft { partner_id: other_partner, ..coded(1, "SUMMER") }] {
        assert_eq!(Sale::of(&[STANDARD]).offer(offer).typed("Summer").quote().unused.first(), Some(&unknown));
    }
}

#[test]
fn a_code_that_is_used_up_or_leaves_nothing_to_take_says_so() {
    let limited = OfferDraft { uses: Some(100), ..coded(1, "SUMMER") };
    let mut sale = Sale::of(&[STANDARD]).offer(limited).typed("SUMMER");
    assert_eq!((sale.left(), sale.whys()), (vec![900], vec![]));
    sale.context.used_up = [offer_id(1)].into();
    assert_eq!(sale.left(), [1000]);
    assert_eq!(sale.whys(), ["the code has been used as often as it may be"]);
    let free = Sale::of(&[STANDARD]).offer(OfferDraft { percent: Some(100), ..draft(2) }).offer(coded(1, "SUMMER"));
    assert_eq!(free.typed("SUMMER").whys(), ["what is left of the price is too little to take it off"]);
    let cents = Sale::of(&[("standard", 4)]).offer(coded(1, "SUMMER")).typed("SUMMER");
    assert_eq!((cents.left(), cents.whys().len()), (vec![4], 1));
}

#[test]
fn of_two_offers_with_one_code_the_other_says_which_is_better() {
    let sale = Sale::of(&[STANDARD])
        .offer(coded(1, "SUMMER"))
        .offer(OfferDraft { percent: Some(30), ..coded(2, "SUMMER") })
        .typed("SUMMER");
    assert_eq!((sale.left(), sale.quote().offers()), (vec![700], [offer_id(2)].into()));
    let unused = sale.quote().unused;
    assert_eq!(unused.len(), 1);
    assert_eq!(unused.first().unwrap().offer_id, Some(offer_id(1)));
    assert_eq!(unused.first().unwrap().why, "`offer 2` takes more off, and both cannot be had");
}

#[test]
fn nothing_is_said_of_offers_that_nobody_asked_for() {
    let sale = Sale::of(&[STANDARD]).offer(between(1, "20:00", "22:00")).offer(coded(2, "SUMMER"));
    assert_eq!((sale.left(), sale.whys()), (vec![1000], vec![]));
}
