use std::collections::BTreeMap;

use domain::fee::FeeTermsDraft;
use domain::ids::SeatId;
use domain::money::{BasisPoints, Currency, Money};
use domain::offer_draft::OfferDraft;
use domain::quote::{Quote, QuoteError, SeatToPrice};
use domain::seat::SeatCategory;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use crate::sale::{Sale, draft};

fn seat(number: u128, category: &str) -> SeatToPrice {
    SeatToPrice {
        seat_id: SeatId::new(Uuid::from_u128(number)),
        label: format!("stalls A{number}"),
        category: SeatCategory::parse(category).unwrap(),
    }
}

fn prices() -> BTreeMap<SeatCategory, Money> {
    [("standard", 1200), ("premium", 1800)]
        .map(|(category, minor)| (SeatCategory::parse(category).unwrap(), Money::new(minor, Currency::EUR)))
        .into()
}

#[test]
fn a_category_without_a_price_is_not_given_away() {
    let quote = Quote::price(&[seat(1, "box")], &prices(), Currency::EUR);
    assert_eq!(quote, Err(QuoteError::NoPrice { category: SeatCategory::parse("box").unwrap() }));
}

#[test]
fn a_quote_of_before_there_were_offers_is_read_and_written_as_it_was() {
    let written = concat!(
        r#"{"lines":[{"seat_id":"sea_00000000000000000000000000000001","label":"stalls A1","category":"standard","#,
        r#""price":{"minor":1200,"currency":"EUR"}}],"total":{"minor":1200,"currency":"EUR"}}"#
    );
    let quote = Quote::price(&[seat(1, "standard")], &prices(), Currency::EUR).unwrap();
    assert_eq!(serde_json::to_string(&quote).unwrap(), written);
    assert_eq!(serde_json::from_str::<Quote>(written).unwrap(), quote);
}

#[test]
fn a_quote_with_everything_is_written_with_every_reason() {
    let points = |value| BasisPoints::parse(value).unwrap();
    let quote = Sale::of(&[("standard", 1000)])
        .offer(OfferDraft { nth: Some(2), ..draft(1) })
        .offer(draft(2))
        .fees(FeeTermsDraft { share: points(100), commission: points(200), ..FeeTermsDraft::default() })
        .typed("SUMMER")
        .quote();
    let euros = |minor: i64| json!({"minor": minor, "currency": "EUR"});
    let offer = "off_00000000000000000000000000000002";
    let expected = json!({
        "lines": [{
            "seat_id": "sea_00000000000000000000000000000001", "label": "stalls A1", "category": "standard",
            "price": euros(1000),
            "discounts": [{"offer_id": offer, "name": "offer 2", "explanation": "10 % off", "amount": euros(-100)}],
        }],
        "fees": [{"name": "Booking fee", "amount": euros(9)}],
        "total": euros(909),
        "commission": euros(18),
        "unused": [{"name": "SUMMER", "why": "there is no offer with this code"}],
        "hint": "One more seat and the 2nd ticket is 10 % off",
    });
    assert_eq!(serde_json::to_value(&quote).unwrap(), expected);
}

#[test]
fn offers_do_not_hide_that_a_seat_has_no_price() {
    let mut sale = Sale::of(&[("standard", 1000)]).offer(draft(1));
    sale.prices.clear();
    assert_eq!(sale.try_quote(), Err(QuoteError::NoPrice { category: SeatCategory::parse("standard").unwrap() }));
}

#[test]
fn a_hint_that_cannot_be_priced_is_left_out() {
    let sale = Sale::of(&[("standard", i64::MAX)]).offer(OfferDraft { nth: Some(2), ..draft(1) });
    assert_eq!((sale.quote().total.minor, sale.quote().hint), (i64::MAX, None));
}

proptest! {
    #[test]
    fn the_total_is_the_sum_of_the_lines(premium in proptest::collection::vec(any::<bool>(), 0..10)) {
        let seats: Vec<_> = (1_u128..).zip(&premium)
            .map(|(number, premium)| seat(number, if *premium { "premium" } else { "standard" }))
            .collect();
        let quote = Quote::price(&seats, &prices(), Currency::EUR).unwrap();
        prop_assert_eq!(quote.lines.len(), seats.len());
        prop_assert_eq!(quote.total.minor, quote.lines.iter().map(|line| line.price.minor).sum::<i64>());
        prop_assert!(quote.lines.iter().zip(&seats).all(|(line, seat)| line.seat_id == seat.seat_id));
    }
}
