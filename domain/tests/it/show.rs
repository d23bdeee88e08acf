use std::collections::BTreeMap;

use domain::ids::{EventId, HallId, PartnerId, ShowId};
use domain::money::{Currency, Percent};
use domain::show::{HoldTime, NotOnSale, RefundPolicy, RefundTier, Show, ShowState};
use domain::single_seat::SingleSeatRule;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + hour * 3_600).unwrap()
}

fn show(state: ShowState) -> Show {
    Show {
        id: ShowId::new(Uuid::from_u128(1)),
        event_id: EventId::new(Uuid::from_u128(2)),
        hall_id: HallId::new(Uuid::from_u128(3)),
        partner_id: PartnerId::new(Uuid::from_u128(4)),
        starts_at: at(100),
        ends_at: at(102),
        sales_open_at: at(0),
        sales_close_at: at(99),
        state,
        currency: Currency::EUR,
        prices: BTreeMap::new(),
        hold: HoldTime::DEFAULT,
        refund_policy: RefundPolicy::standard(),
        single_seats: SingleSeatRule::Allow,
    }
}

#[test]
fn a_show_sells_within_its_window() {
    let check = |hour, expected| assert_eq!(show(ShowState::Scheduled).check_on_sale(at(hour)), expected, "{hour} h");
    check(-1, Err(NotOnSale::NotYet));
    check(0, Ok(()));
    check(98, Ok(()));
    check(99, Err(NotOnSale::Closed));
    check(101, Err(NotOnSale::Closed));
    check(102, Err(NotOnSale::Over));
    assert_eq!(show(ShowState::Cancelled).check_on_sale(at(50)), Err(NotOnSale::Cancelled));
}

#[test]
fn who_is_paying_when_sales_close_is_not_refused() {
    let check =
        |hour, expected| assert_eq!(show(ShowState::Scheduled).check_confirmable(at(hour)), expected, "{hour} h");
    check(98, Ok(()));
    check(99, Ok(()));
    check(102, Err(NotOnSale::Over));
    assert_eq!(show(ShowState::Cancelled).check_confirmable(at(50)), Err(NotOnSale::Cancelled));
}

#[test]
fn one_that_was_written_down_without_a_rule_about_single_seats_allows_them() {
    let strict = Show { single_seats: SingleSeatRule::Refuse, ..show(ShowState::Scheduled) };
    let mut written = serde_json::to_value(&strict).unwrap();
    assert_eq!(serde_json::from_value::<Show>(written.clone()).unwrap(), strict);
    written.as_object_mut().unwrap().remove("single_seats").unwrap();
    assert_eq!(serde_json::from_value::<Show>(written).unwrap(), show(ShowState::Scheduled));
}

#[test]
fn a_time_before_all_time_has_passed() {
    let tier = |until_minutes_before, share| RefundTier { until_minutes_before, share };
    let policy = RefundPolicy::parse(vec![tier(i64::MAX, Percent::FULL), tier(60, Percent::HALF)]).unwrap();
    assert_eq!(policy.share_at(at(0), at(100)), Percent::HALF);
    assert_eq!(policy.share_at(at(100), at(100)), Percent::NONE);
}

#[test]
fn the_standard_policy_gives_back_all_then_half_then_nothing() {
    let starts_at = at(100);
    let check = |minutes, share| {
        let now = starts_at.checked_sub(SignedDuration::from_mins(minutes)).unwrap();
        assert_eq!(RefundPolicy::standard().share_at(now, starts_at), share, "{minutes} min before");
    };
    check(48 * 60, Percent::FULL);
    check(24 * 60, Percent::FULL);
    check(24 * 60 - 1, Percent::HALF);
    check(120, Percent::HALF);
    check(119, Percent::NONE);
    check(-60, Percent::NONE);
}

#[test]
fn tiers_that_contradict_each_other_are_refused() {
    let tier = |minutes, share| RefundTier { until_minutes_before: minutes, share };
    assert!(RefundPolicy::parse(vec![tier(60, Percent::FULL), tier(120, Percent::HALF)]).is_err());
    assert!(RefundPolicy::parse(vec![tier(-1, Percent::FULL)]).is_err());
    assert!(RefundPolicy::parse(Vec::new()).is_ok());
    assert!(HoldTime::parse(0).is_err());
    assert!(HoldTime::parse(901).is_err());
}

proptest! {
    #[test]
    fn who_cancels_later_never_gets_more(first in 0_i64..4_000, wait in 0_i64..4_000) {
        let starts_at = at(100);
        let early = starts_at.checked_sub(SignedDuration::from_mins(first + wait)).unwrap();
        let late = starts_at.checked_sub(SignedDuration::from_mins(first)).unwrap();
        let policy = RefundPolicy::standard();
        prop_assert!(policy.share_at(late, starts_at) <= policy.share_at(early, starts_at));
    }
}
