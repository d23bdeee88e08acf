use domain::money::{BasisPoints, Currency, Money, MoneyError, Percent};
use proptest::prelude::*;

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

#[test]
fn amounts_are_shown_in_the_units_of_their_currency() {
    let yen = Currency::parse("JPY").unwrap();
    let dinar = Currency::parse("KWD").unwrap();
    let check = |money: Money, shown: &str| assert_eq!(money.to_string(), shown);
    check(eur(1250), "12.50 EUR");
    check(eur(5), "0.05 EUR");
    check(eur(-1250), "-12.50 EUR");
    check(eur(i64::MIN), "-92233720368547758.08 EUR");
    check(Money::new(900, yen), "900 JPY");
    check(Money::new(1_234, dinar), "1.234 KWD");
}

#[test]
fn a_currency_is_three_capital_letters() {
    for wrong in ["", "EU", "eur", "EURO", "E1R", "€UR"] {
        assert!(Currency::parse(wrong).is_err(), "{wrong}");
    }
    assert_eq!(Currency::parse("EUR"), Ok(Currency::EUR));
}

#[test]
fn amounts_of_two_currencies_are_never_combined() {
    let mixed = eur(1).checked_add(Money::new(1, Currency::GBP));
    assert_eq!(mixed, Err(MoneyError::CurrencyMismatch { left: Currency::EUR, right: Currency::GBP }));
    assert_eq!(eur(i64::MAX).checked_add(eur(1)), Err(MoneyError::Overflow));
}

#[test]
fn a_share_in_basis_points_is_rounded_half_up() {
    let check = |minor, points, share| {
        assert_eq!(eur(minor).rounded_share(BasisPoints::parse(points).unwrap()), eur(share), "{points} of {minor}");
    };
    check(1250, 250, 31);
    check(1240, 250, 31);
    check(1220, 250, 31);
    check(1219, 250, 30);
    check(1250, 0, 0);
    check(1250, 10_000, 1250);
    check(i64::MAX, 10_000, i64::MAX);
    check(-1250, 10_000, -1250);
    check(-10, 500, 0);
    assert_eq!(BasisPoints::from(Percent::HALF), BasisPoints::parse(5_000).unwrap());
    assert!(serde_json::from_str::<BasisPoints>("10001").is_err());
}

#[test]
fn a_percentage_is_at_most_all_of_it() {
    assert!(Percent::parse(101).is_err());
    assert!(serde_json::from_str::<Percent>("101").is_err());
}

proptest! {
    #[test]
    fn adding_and_taking_away_again_changes_nothing(a in -1_000_000_000_i64..1_000_000_000, b in -1_000_000_000_i64..1_000_000_000) {
        let there = eur(a).checked_add(eur(b)).unwrap();
        prop_assert_eq!(there.checked_sub(eur(b)).unwrap(), eur(a));
    }

    #[test]
    fn a_share_never_exceeds_the_whole(minor in 0_i64..=i64::MAX, percent in 0_u8..=100) {
        let share = eur(minor).percent(Percent::parse(percent).unwrap());
        prop_assert!(share.minor >= 0 && share.minor <= minor);
    }
}
