use domain::fee::{FeeTerms, FeeTermsDraft, InvalidFeeTerms};
use domain::money::{BasisPoints, Currency, Money};
use domain::quote::{QuoteError, QuoteFee};
use proptest::prelude::*;

use crate::sale::{Sale, amount, draft};

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn share(value: u16) -> BasisPoints {
    BasisPoints::parse(value).unwrap()
}

/// 0.50 per seat and 2.5 % of what the seats cost.
fn both() -> FeeTermsDraft {
    FeeTermsDraft { per_seat: Some(eur(50)), share: share(250), ..FeeTermsDraft::default() }
}

#[test]
fn a_fee_is_so_much_per_seat_and_such_a_share_of_their_sum_up_to_a_limit() {
    let check = |draft: FeeTermsDraft, prices: &[i64], fee: i64| {
        let prices: Vec<_> = prices.iter().map(|minor| eur(*minor)).collect();
        let terms = FeeTerms::parse(draft).unwrap();
        assert_eq!(terms.fee_on(&prices, Currency::EUR), Ok(eur(fee)), "{draft:?} on {prices:?}");
    };
    check(FeeTermsDraft::default(), &[1000, 2000], 0);
    check(FeeTermsDraft { per_seat: Some(eur(50)), ..FeeTermsDraft::default() }, &[1000, 2000], 100);
    check(FeeTermsDraft { share: share(250), ..FeeTermsDraft::default() }, &[1000, 2000], 75);
    check(both(), &[1000, 2000], 175);
    check(both(), &[1000, 0, 2000], 175);
    check(both(), &[0, 0], 0);
    check(both(), &[], 0);
    // 2.5 % of 0.20 is half a cent; of 0.10 and 0.10 together the same, as it is rounded once.
    check(both(), &[20], 51);
    check(both(), &[19], 50);
    check(both(), &[10, 10], 101);
    check(FeeTermsDraft { at_most: Some(eur(174)), ..both() }, &[1000, 2000], 174);
    check(FeeTermsDraft { at_most: Some(eur(175)), ..both() }, &[1000, 2000], 175);
    check(FeeTermsDraft { at_most: Some(eur(176)), ..both() }, &[1000, 2000], 175);
}

#[test]
fn terms_that_contradict_themselves_are_refused() {
    let check = |draft, problem| assert_eq!(FeeTerms::parse(draft), Err(problem));
    let none = FeeTermsDraft::default();
    check(FeeTermsDraft { per_seat: Some(eur(0)), ..none }, InvalidFeeTerms::PerSeat { amount: eur(0) });
    check(FeeTermsDraft { per_seat: Some(eur(-1)), ..none }, InvalidFeeTerms::PerSeat { amount: eur(-1) });
    check(FeeTermsDraft { at_most: Some(eur(0)), ..both() }, InvalidFeeTerms::AtMost { amount: eur(0) });
    check(FeeTermsDraft { at_most: Some(eur(500)), ..none }, InvalidFeeTerms::NothingToLimit);
    let pounds = Some(Money::new(500, Currency::GBP));
    let problem = InvalidFeeTerms::Currencies { at_most: Currency::GBP, per_seat: Currency::EUR };
    check(FeeTermsDraft { at_most: pounds, ..both() }, problem);
    assert!(BasisPoints::parse(10_001).is_err());
    assert!(serde_json::from_str::<FeeTerms>(r#"{"per_seat":{"minor":-5,"currency":"EUR"}}"#).is_err());
    assert_eq!(serde_json::from_str::<FeeTerms>("{}").unwrap(), FeeTerms::NONE);
    let written = serde_json::to_string(&FeeTerms::parse(both()).unwrap()).unwrap();
    assert_eq!(written, r#"{"per_seat":{"minor":50,"currency":"EUR"},"share":250}"#);
    assert_eq!(serde_json::from_str::<FeeTerms>(&written).unwrap(), FeeTerms::parse(both()).unwrap());
}

#[test]
fn the_fee_is_a_line_on_the_quote_and_the_commission_is_not_for_the_customer_to_pay() {
    let sale = Sale::of(&[("standard", 1250), ("standard", 1250)]).offer(draft(1));
    let quote = sale.clone().fees(FeeTermsDraft { commission: share(500), ..both() }).quote();
    // Two seats at 11.25; 2.5 % of 22.50 is 0.5625, and 5 % of it 1.125.
    assert_eq!(quote.fees, [QuoteFee { name: "Booking fee".to_owned(), amount: eur(156) }]);
    assert_eq!((quote.total, quote.commission), (eur(2250 + 156), Some(eur(113))));
    let free = sale.fees(FeeTermsDraft { commission: share(500), ..both() }).offer(amount(2, 9999)).quote();
    assert_eq!((free.fees, free.total, free.commission), (vec![], eur(0), None));
}

#[test]
fn fees_in_another_currency_are_an_error_and_no_gift() {
    let pounds = FeeTermsDraft { per_seat: Some(Money::new(50, Currency::GBP)), ..FeeTermsDraft::default() };
    let refused = Sale::of(&[("standard", 1000)]).fees(pounds).try_quote();
    assert_eq!(refused, Err(QuoteError::FeeCurrency { fees: Currency::GBP, show: Currency::EUR }));
}

proptest! {
    #[test]
    fn cheaper_seats_never_carry_a_larger_fee(
        prices in prop::collection::vec((0_i64..3000, 0_i64..3000), 0..10),
        per_seat in prop::option::of(1_i64..200), points in 1_u16..=10_000, at_most in prop::option::of(1_i64..500),
    ) {
        let draft = FeeTermsDraft {
            per_seat: per_seat.map(eur), share: share(points), at_most: at_most.map(eur), commission: BasisPoints::NONE,
        };
        let fee = |prices: Vec<Money>| FeeTerms::parse(draft).unwrap().fee_on(&prices, Currency::EUR).unwrap().minor;
        let dear = fee(prices.iter().map(|(price, _)| eur(*price)).collect());
        let cheap = fee(prices.iter().map(|(price, off)| eur((price - off).max(0))).collect());
        prop_assert!(0 <= cheap && cheap <= dear);
    }
}
