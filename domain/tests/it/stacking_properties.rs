use std::collections::BTreeSet;

use domain::fee::FeeTermsDraft;
use domain::money::{BasisPoints, Currency, Money};
use domain::offer::Offer;
use domain::offer_draft::OfferDraft;
use domain::quote::Quote;
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use crate::sale::{Sale, afternoon, category, draft};

const CATEGORIES: [&str; 3] = ["a", "b", "c"];

/// Any offer that may hold for an afternoon in Vienna, of any kind and of several at once.
fn offers(most: usize) -> impl Strategy<Value = Vec<OfferDraft>> {
    let gives = prop_oneof![(1_u8..=100).prop_map(Ok), (1_i64..1500).prop_map(Err)];
    let seats = || prop::option::weighted(0.3, 2_usize..5);
    let code = prop::option::weighted(0.3, prop::sample::select(vec!["SUMMER", "WINTER"]));
    let categories = prop_oneof![2 => Just(vec![]), 1 => subsequence(CATEGORIES.to_vec(), 1..3)];
    let offer = (gives, seats(), seats(), any::<bool>(), code, categories);
    prop::collection::vec(offer, 0..=most).prop_map(|offers| {
        (1_u128..)
            .zip(offers)
            .map(|(number, (gives, nth, at_least, timed, code, categories))| OfferDraft {
                nth,
                at_least,
                code: code.map(str::to_owned),
                categories: categories.into_iter().map(category).collect(),
                percent: gives.ok(),
                amount: gives.err().map(|minor| Money::new(minor, Currency::EUR)),
                ..if timed { afternoon(number) } else { draft(number) }
            })
            .collect()
    })
}

/// Up to eight seats of three categories, whose prices are often the same, and often nothing.
fn seats() -> impl Strategy<Value = Vec<(&'static str, i64)>> {
    let price = || prop_oneof![Just(0_i64), Just(1000), 1_i64..3000];
    let prices = [price(), price(), price()];
    (prices, prop::collection::vec(0_usize..3, 0..8))
        .prop_map(|(prices, chosen)| chosen.into_iter().map(|index| (CATEGORIES[index], prices[index])).collect())
}

fn fees() -> impl Strategy<Value = FeeTermsDraft> {
    let money = |most| prop::option::of((1..most).prop_map(|minor| Money::new(minor, Currency::EUR)));
    let points = || (1_u16..2000).prop_map(|value| BasisPoints::parse(value).unwrap());
    (money(200_i64), points(), money(500_i64), points())
        .prop_map(|(per_seat, share, at_most, commission)| FeeTermsDraft { per_seat, share, at_most, commission })
}

fn sales(most_offers: usize) -> impl Strategy<Value = Sale> {
    (seats(), offers(most_offers), fees()).prop_map(|(seats, offers, fees)| {
        offers.into_iter().fold(Sale::of(&seats).fees(fees).typed("SUMMER"), Sale::offer)
    })
}

fn total(sale: &Sale, offers: Vec<Offer>) -> i64 {
    Sale { offers, ..sale.clone() }.quote().total.minor
}

proptest! {
    #[test]
    fn the_total_is_the_sum_of_its_parts_and_nothing_falls_below_zero(sale in sales(8)) {
        let quote = sale.quote();
        let mut sum = 0;
        for line in &quote.lines {
            prop_assert!(line.discounts.iter().all(|discount| discount.amount.minor < 0));
            prop_assert!(line.discounted().unwrap().minor >= 0, "{:?}", line);
            sum += line.price.minor + line.discounts.iter().map(|discount| discount.amount.minor).sum::<i64>();
        }
        prop_assert!(quote.fees.iter().all(|fee| fee.amount.minor > 0));
        prop_assert!(quote.commission.is_none_or(|commission| commission.minor > 0));
        prop_assert_eq!(quote.total.minor, sum + quote.fees.iter().map(|fee| fee.amount.minor).sum::<i64>());
    }

    #[test]
    fn one_offer_of_a_kind_applies_at_most_and_they_go_by_kind(sale in sales(8)) {
        let kind = |id| sale.offers.iter().find(|offer| offer.id() == id).unwrap().kind();
        let quote = sale.quote();
        let applied = quote.offers();
        let kinds: BTreeSet<_> = applied.iter().map(|id| kind(*id)).collect();
        prop_assert_eq!(kinds.len(), applied.len());
        for line in &quote.lines {
            prop_assert!(line.discounts.windows(2).all(|pair| kind(pair[0].offer_id) < kind(pair[1].offer_id)));
        }
    }

    #[test]
    fn another_offer_never_makes_a_booking_dearer(sale in sales(8)) {
        let (Some(last), mut fewer) = (sale.offers.len().checked_sub(1), sale.offers.clone()) else { return Ok(()) };
        fewer.truncate(last);
        prop_assert!(total(&sale, sale.offers.clone()) <= total(&sale, fewer));
    }

    #[test]
    fn no_other_choice_of_one_offer_of_each_kind_is_cheaper(sale in sales(6)) {
        // With one offer of a kind there is nothing to choose.
        let mut least = total(&sale, Vec::new());
        for choice in 0_u32..1 << sale.offers.len() {
            let chosen: Vec<_> =
                (0..).zip(&sale.offers).filter(|(bit, _)| (choice >> bit) & 1 == 1).map(|(_, it)| it.clone()).collect();
            let kinds: BTreeSet<_> = chosen.iter().map(Offer::kind).collect();
            if kinds.len() == chosen.len() {
                least = least.min(total(&sale, chosen));
            }
        }
        prop_assert_eq!(sale.quote().total.minor, least);
    }

    #[test]
    fn the_order_in_which_the_offers_are_given_makes_no_difference(
        (sale, shuffled) in sales(8).prop_flat_map(|sale| {
            let offers = Just(sale.offers.clone()).prop_shuffle();
            (Just(sale), offers)
        })
    ) {
        prop_assert_eq!(sale.quote(), Sale { offers: shuffled, ..sale }.quote());
    }

    #[test]
    fn the_order_in_which_the_seats_are_chosen_makes_no_difference_to_the_total(
        (sale, shuffled) in sales(8).prop_flat_map(|sale| {
            let seats = Just(sale.seats.clone()).prop_shuffle();
            (Just(sale), seats)
        })
    ) {
        let (quote, other) = (sale.quote(), Sale { seats: shuffled, ..sale }.quote());
        prop_assert_eq!((quote.total, quote.offers()), (other.total, other.offers()));
        prop_assert_eq!(quote.hint, other.hint);
    }

    #[test]
    fn a_quote_without_offers_and_fees_is_the_plain_price(seats in seats(), offers in offers(4)) {
        let sale = Sale::of(&seats);
        let plain = Quote::price(&sale.seats, &sale.prices, sale.currency).unwrap();
        prop_assert_eq!(sale.quote(), plain.clone());
        let idle = offers.into_iter().map(|offer| OfferDraft { active: false, ..offer });
        prop_assert_eq!(idle.fold(sale, Sale::offer).quote(), plain);
    }

    #[test]
    fn a_quote_is_read_back_as_it_was_written(sale in sales(8)) {
        let quote = sale.quote();
        let written = serde_json::to_string(&quote).unwrap();
        prop_assert_eq!(serde_json::from_str::<Quote>(&written).unwrap(), quote);
    }

    #[test]
    fn what_a_hint_promises_is_on_the_next_quote(sale in sales(4), spare in any::<Index>()) {
        let quote = sale.quote();
        let Some(hint) = quote.hint.clone() else { return Ok(()) };
        let mut seats = sale.seats.clone();
        let cheapest = sale.quote().lines.into_iter().min_by_key(|line| (line.price.minor, line.category.clone())).unwrap();
        let seat = seats.iter().find(|seat| seat.seat_id == cheapest.seat_id).unwrap().clone();
        // Wherever it is put among the others.
        seats.insert(spare.index(seats.len() + 1), seat);
        let next = Sale { seats, ..sale }.quote();
        let discounts = next.lines.iter().flat_map(|line| &line.discounts);
        let ticket = hint.split(" and the ").nth(1).unwrap().split(" ticket").next().unwrap();
        let promised = format!("{ticket} ticket");
        prop_assert!(discounts.into_iter().any(|it| it.explanation.starts_with(&promised)), "{} {:?}", hint, next);
    }
}
