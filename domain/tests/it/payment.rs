use domain::money::{Currency, Money};
use domain::payment::{AttemptEvent, AttemptState, IntentId, IntentReading, IntentState, PaymentState, Verdict, judge};
use proptest::prelude::*;

fn reading(state: IntentState, captured: i64, decline_code: Option<&str>) -> IntentReading {
    IntentReading {
        intent_id: IntentId::new("pi_1"),
        state,
        amount: Money::new(1000, Currency::EUR),
        captured: Money::new(captured, Currency::EUR),
        refunded: Money::zero(Currency::EUR),
        decline_code: decline_code.map(str::to_owned),
        payment_page: None,
    }
}

#[test]
fn only_what_was_asked_for_pays() {
    let asked = Money::new(1000, Currency::EUR);
    let check = |state, captured, declined, expected| {
        assert_eq!(judge(asked, &reading(state, captured, declined)), expected, "{state:?} {captured}");
    };
    check(IntentState::Succeeded, 1000, None, Verdict::Paid);
    check(IntentState::Succeeded, 999, None, Verdict::Mismatch);
    check(IntentState::Succeeded, 1001, None, Verdict::Mismatch);
    check(IntentState::Processing, 0, None, Verdict::Processing);
    check(IntentState::RequiresPayment, 0, None, Verdict::Waiting);
    check(IntentState::RequiresPayment, 0, Some("card_declined"), Verdict::Declined);
    check(IntentState::RequiresAction, 0, None, Verdict::Waiting);
    check(IntentState::Cancelled, 0, None, Verdict::Gone);
    let mut pounds = reading(IntentState::Succeeded, 1000, None);
    pounds.captured.currency = Currency::GBP;
    assert_eq!(judge(asked, &pounds), Verdict::Mismatch);
}

const EVENTS: [AttemptEvent; 6] = [
    AttemptEvent::Opened,
    AttemptEvent::Processing,
    AttemptEvent::Declined,
    AttemptEvent::Succeeded,
    AttemptEvent::Cancelled,
    AttemptEvent::Abandoned,
];

proptest! {
    #[test]
    fn collected_money_is_never_forgotten(events in proptest::collection::vec(proptest::sample::select(&EVENTS[..]), 0..12)) {
        let mut state = AttemptState::Requested;
        let mut settled = None;
        for event in events {
            if let Ok(next) = state.transition(event) {
                state = next;
            }
            if let Some(settled) = settled {
                prop_assert_eq!(state, settled);
            } else if !state.is_open() {
                settled = Some(state);
            }
        }
    }

    #[test]
    fn a_payment_is_refunded_when_all_of_it_went_back(captured in 0_i64..10_000, refunded in 0_i64..10_000) {
        prop_assume!(refunded <= captured);
        let state = PaymentState::of(captured, refunded);
        prop_assert_eq!(state == PaymentState::Open, captured == 0);
        prop_assert_eq!(state == PaymentState::Refunded, captured > 0 && refunded == captured);
    }
}
