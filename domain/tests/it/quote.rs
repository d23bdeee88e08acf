use std::collections::BTreeMap;

use domain::ids::SeatId;
use domain::money::{Currency, Money};
use domain::quote::{Quote, QuoteError, SeatToPrice};
use domain::seat::SeatCategory;
use proptest::prelude::*;
use uuid::Uuid;

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
