//! What messages tell of a payment: the same in the end, in whatever order they come.

use domain::ids::{BookingId, PaymentId};
use domain::message_intent::{IntentNews, MessageIntent, MessageRefund, RefundNews};
use domain::money::{Currency, Money};
use domain::payment::{IntentId, IntentState};
use domain::refund::RefundState;
use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn at(second: usize) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + i64::try_from(second).unwrap()).unwrap()
}

fn intent() -> MessageIntent {
    let booking_id = BookingId::new(Uuid::from_u128(1));
    let idempotency_key = format!("{booking_id}/1");
    MessageIntent {
        intent_id: IntentId::for_key(&idempotency_key),
        idempotency_key,
        booking_id,
        payment_id: PaymentId::for_booking(booking_id),
        attempt: 1,
        amount: euros(2_500),
        state: IntentState::RequiresPayment,
        captured: euros(0),
        refunded: euros(0),
        decline_code: None,
        payment_page: None,
        told: 0,
        told_at: None,
        asked_at_told: None,
        created_at: at(0),
    }
}

fn refund() -> MessageRefund {
    MessageRefund {
        id: "rfd_1".to_owned(),
        intent_id: intent().intent_id,
        amount: euros(2_500),
        state: RefundState::Open,
        provider_refund_id: None,
        asked: true,
        told_at: None,
        created_at: at(0),
    }
}

#[test]
fn an_intent_s_id_follows_from_its_key() {
    let id = IntentId::for_key("bkg_1/1");
    assert_eq!(id, IntentId::for_key("bkg_1/1"));
    assert_ne!(id, IntentId::for_key("bkg_1/2"));
    assert_eq!(id.as_str(), "pi_29b36ef9f8cc54648a0789205f7b75cd", "it is the same for ever");
}

proptest! {
    #[test]
    fn the_end_does_not_depend_on_the_order(
        states in prop::collection::vec((0_usize..5, prop::option::of(0_i64..5_000)), 1..8),
        order in any::<prop::sample::Index>().prop_map(|index| index.index(5_040)),
    ) {
        let news: Vec<IntentNews> = states.iter().enumerate().map(|(second, (state, captured))| IntentNews {
            intent_id: intent().intent_id,
            state: IntentState::ALL[*state],
            captured: captured.map(euros),
            decline_code: (*state == 0).then(|| format!("code_{second}")),
            payment_page: None,
            happened_at: at(second),
        }).collect();
        let hear = |order: &[usize]| {
            let mut intent = intent();
            order.iter().for_each(|place| intent.hear(&news[*place]));
            intent
        };
        let in_order: Vec<usize> = (0..news.len()).collect();
        let end = hear(&in_order);
        prop_assert_eq!(&hear(&permuted(in_order, order)), &end);
        let has_succeeded = news.iter().any(|it| it.state == IntentState::Succeeded);
        prop_assert_eq!(end.state == IntentState::Succeeded, has_succeeded, "money wins");
        prop_assert!(news.iter().filter_map(|it| it.captured).all(|it| it.minor <= end.captured.minor));
        prop_assert_eq!(end.told, i64::try_from(news.len()).unwrap());
    }

    #[test]
    fn a_refund_ends_as_it_was_told_last(
        states in prop::collection::vec(0_usize..4, 1..7),
        order in any::<prop::sample::Index>().prop_map(|index| index.index(720)),
    ) {
        let news: Vec<RefundNews> = states.iter().enumerate().map(|(second, state)| RefundNews {
            refund_id: "rfd_1".to_owned(),
            provider_refund_id: None,
            intent_id: intent().intent_id,
            amount: None,
            state: RefundState::ALL[*state],
            happened_at: at(second),
        }).collect();
        let hear = |order: &[usize]| {
            let mut refund = refund();
            order.iter().for_each(|place| refund.hear(&news[*place]));
            refund.state
        };
        let in_order: Vec<usize> = (0..news.len()).collect();
        let ends = news.iter().rev().find(|it| matches!(it.state, RefundState::Succeeded | RefundState::Failed));
        let pending = news.iter().any(|it| it.state == RefundState::Pending);
        let expected = ends.map_or(if pending { RefundState::Pending } else { RefundState::Open }, |it| it.state);
        prop_assert_eq!(hear(&in_order), expected);
        prop_assert_eq!(hear(&permuted(in_order, order)), expected);
    }
}

/// The permutation of a number, by which factorial digits choose from what is left.
fn permuted(mut left: Vec<usize>, mut number: usize) -> Vec<usize> {
    let mut chosen = Vec::new();
    while !left.is_empty() {
        chosen.push(left.remove(number % left.len()));
        number /= left.len() + 1;
    }
    chosen
}
