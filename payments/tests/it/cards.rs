//! Every test card, and what can be told instead of it.

use domain::payment::IntentState::{self, Cancelled, Processing, RequiresAction, RequiresPayment, Succeeded};
use payments::PaymentProvider;
use payments::simulator::wire::SecondStepIn;
use payments::simulator::{Behaviour, NextOutcome, Settlement, SimulatorError};

use crate::harness::{Harness, euros, secret};

/// A card, and what follows from paying with it: state, captured minor units, decline code, webhooks.
type Row = (&'static str, IntentState, i64, Option<&'static str>, &'static [&'static str]);

#[tokio::test]
async fn each_card_does_at_once_what_its_row_says() {
    let harness = Harness::start().await;
    let rows: [Row; 11] = [
        ("4242 4242 4242 4242", Succeeded, 2500, None, &["intent.succeeded"]),
        ("4000000000000002", RequiresPayment, 0, Some("card_declined"), &["intent.payment_failed"]),
        ("4000-0000-0000-9995", RequiresPayment, 0, Some("insufficient_funds"), &["intent.payment_failed"]),
        ("4000000000003220", RequiresAction, 0, None, &["intent.requires_action"]),
        ("4000000000000077", Processing, 0, None, &["intent.processing"]),
        ("4000000000007726", Processing, 0, None, &["intent.processing"]),
        ("4000000000000101", Processing, 0, None, &["intent.processing"]),
        ("4000000000000259", Succeeded, 2500, None, &["intent.succeeded", "intent.succeeded"]),
        ("4000000000000341", Succeeded, 2500, None, &["intent.succeeded", "intent.processing"]),
        ("4000000000000499", Succeeded, 2500, None, &[]),
        ("4000000000000507", Processing, 0, None, &["intent.processing"]),
    ];
    for (card, state, captured, decline_code, kinds) in rows {
        let intent = harness.intent().await;
        harness.pay(&intent, card).await.unwrap();
        let reading = harness.provider.read_intent(&intent.intent_id).await.unwrap();
        assert_eq!(reading.state, state, "{card}");
        assert_eq!(reading.captured, euros(captured), "{card}");
        assert_eq!(reading.decline_code.as_deref(), decline_code, "{card}");
        harness.until_kinds(&intent, kinds).await;
    }
}

#[tokio::test]
async fn an_older_event_can_come_after_the_newer_one() {
    let harness = Harness::start().await;
    let intent = harness.intent().await;
    harness.pay(&intent, "4000000000000341").await.unwrap();
    harness.until_kinds(&intent, &["intent.succeeded", "intent.processing"]).await;
    assert_eq!(harness.kinds(&intent), ["intent.succeeded", "intent.processing"]);
    let events = harness.received(&intent);
    assert!(events[0].created_at > events[1].created_at, "{events:?}");
}

#[tokio::test]
async fn a_processing_card_settles_after_its_delay() {
    let harness = Harness::start().await;
    for (card, state, decline_code, last) in [
        ("4000000000000077", Succeeded, None, "intent.succeeded"),
        ("4000000000000507", Succeeded, None, "intent.succeeded"),
        ("4000000000007726", RequiresPayment, Some("card_declined"), "intent.payment_failed"),
    ] {
        let intent = harness.intent().await;
        harness.pay_with_delay(&intent, card, Some(0.3)).await.unwrap();
        harness.until_kinds(&intent, &["intent.processing"]).await;
        let reading = harness.until_state(&intent, state).await;
        assert_eq!(reading.decline_code.as_deref(), decline_code, "{card}");
        harness.until_kinds(&intent, &["intent.processing", last]).await;
    }
}

#[tokio::test]
async fn what_processes_for_ever_ends_when_told() {
    let harness = Harness::start().await;
    for (card, settlement, state) in [
        ("4000000000000101", Settlement::Succeed, Succeeded),
        ("4000000000000101", Settlement::Decline, RequiresPayment),
        ("4000000000000507", Settlement::Succeed, Succeeded),
    ] {
        let intent = harness.intent().await;
        harness.pay(&intent, card).await.unwrap();
        let settled = harness.simulator.settle(intent.intent_id.as_str(), settlement).await.unwrap();
        assert_eq!(settled.state, state);
        let again = harness.simulator.settle(intent.intent_id.as_str(), settlement).await;
        assert!(matches!(again, Err(SimulatorError::UnexpectedState { .. })), "{again:?}");
    }
}

#[tokio::test]
async fn the_second_step_decides() {
    let harness = Harness::start().await;
    for (approve, state, decline_code) in
        [(true, Succeeded, None), (false, RequiresPayment, Some("authentication_failed"))]
    {
        let intent = harness.intent().await;
        harness.pay(&intent, "4000000000003220").await.unwrap();
        let step = SecondStepIn { approve, secret: secret(&intent) };
        let after = harness.simulator.second_step(intent.intent_id.as_str(), &step).await.unwrap();
        assert_eq!((after.state, after.decline_code.as_deref()), (state, decline_code));
    }
}

#[tokio::test]
async fn a_declined_intent_can_be_paid_by_another_card_whose_webhooks_are_its_own() {
    let harness = Harness::start().await;
    let intent = harness.intent().await;
    harness.pay(&intent, "4000000000000002").await.unwrap();
    harness.until_kinds(&intent, &["intent.payment_failed"]).await;
    let paid = harness.pay(&intent, "4000000000000259").await.unwrap();
    assert_eq!((paid.state, paid.decline_code), (Succeeded, None));
    harness.until_kinds(&intent, &["intent.payment_failed", "intent.succeeded", "intent.succeeded"]).await;
    let events = harness.received(&intent);
    assert_eq!(events[1], events[2], "both copies are one event");
}

#[tokio::test]
async fn only_an_intent_that_waits_for_it_is_paid_or_cancelled() {
    let harness = Harness::start().await;
    let paid = harness.paid_intent().await;
    assert!(matches!(harness.pay(&paid, "4242424242424242").await, Err(SimulatorError::UnexpectedState { .. })));
    assert_eq!(harness.provider.cancel_intent(&paid.intent_id).await.unwrap(), paid);

    let processing = harness.intent().await;
    harness.pay(&processing, "4000000000000101").await.unwrap();
    assert_eq!(harness.provider.cancel_intent(&processing.intent_id).await.unwrap().state, Processing);

    let waiting = harness.intent().await;
    harness.pay(&waiting, "4000000000003220").await.unwrap();
    for _ in 0..2 {
        assert_eq!(harness.provider.cancel_intent(&waiting.intent_id).await.unwrap().state, Cancelled);
    }
    harness.until_kinds(&waiting, &["intent.requires_action", "intent.cancelled"]).await;
    assert!(matches!(harness.pay(&waiting, "4242424242424242").await, Err(SimulatorError::UnexpectedState { .. })));
}

#[tokio::test]
async fn a_real_card_is_refused_and_not_kept() {
    let harness = Harness::start().await;
    let intent = harness.intent().await;
    let refused = harness.pay(&intent, "5555555555554444").await;
    assert!(matches!(refused, Err(SimulatorError::UnknownCard)), "{refused:?}");
    assert_eq!(harness.provider.read_intent(&intent.intent_id).await.unwrap(), intent);
}

#[tokio::test]
async fn behaviour_comes_before_the_card_and_only_once() {
    let harness = Harness::start().await;
    let intent = harness.intent().await;
    let behaviour = Behaviour {
        next_outcome: Some(NextOutcome::Decline),
        decline_code: Some("expired_card".to_owned()),
        capture_minor: Some(2400),
        ..Behaviour::default()
    };
    harness.simulator.set_behaviour(intent.intent_id.as_str(), behaviour).await.unwrap();
    let declined = harness.pay(&intent, "4242424242424242").await.unwrap();
    assert_eq!((declined.state, declined.decline_code.as_deref()), (RequiresPayment, Some("expired_card")));
    let paid = harness.pay(&intent, "4242424242424242").await.unwrap();
    assert_eq!((paid.state, paid.captured_minor), (Succeeded, 2400));
}
