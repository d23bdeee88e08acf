//! Money back: once per key, and never more than there is.

use std::collections::HashSet;

use domain::refund::RefundState;
use jiff::Timestamp;
use payments::simulator::{Behaviour, RefundMode};
use payments::{PaymentProvider, ProviderFault};
use tokio::task::JoinSet;

use crate::harness::{Harness, euros, refund, until};

fn code<T: std::fmt::Debug>(answer: Result<T, ProviderFault>) -> String {
    match answer {
        Err(ProviderFault::Rejected { code, .. }) => code,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refund_per_key_however_often_it_is_sent() {
    let harness = Harness::start().await;
    let intent = harness.paid_intent().await;
    let mut sends = JoinSet::new();
    for _ in 0..20 {
        let (provider, refund) = (harness.provider.clone(), refund(&intent.intent_id, 1000, "cancelled"));
        sends.spawn(async move { provider.refund(&refund).await.unwrap() });
    }
    let readings = sends.join_all().await;
    assert!(readings.iter().all(|reading| reading.state == RefundState::Succeeded));
    let ids: HashSet<_> = readings.into_iter().map(|reading| reading.provider_refund_id).collect();
    assert_eq!(ids.len(), 1);
    let after = harness.provider.read_intent(&intent.intent_id).await.unwrap();
    assert_eq!((after.captured, after.refunded), (euros(2500), euros(1000)));
    harness.until_kinds(&intent, &["intent.succeeded", "refund.succeeded"]).await;
    for id in ids {
        assert_eq!(harness.provider.read_refund(&id).await.unwrap().state, RefundState::Succeeded);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_together_never_exceed_what_was_collected() {
    let harness = Harness::start().await;
    let intent = harness.paid_intent().await;
    assert_eq!(code(harness.provider.refund(&refund(&intent.intent_id, 2501, "a")).await), "amount_too_large");
    let mut sends = JoinSet::new();
    for number in 0..10 {
        let (provider, refund) = (harness.provider.clone(), refund(&intent.intent_id, 600, &number.to_string()));
        sends.spawn(async move { provider.refund(&refund).await });
    }
    let done = sends.join_all().await.into_iter().filter(Result::is_ok).count();
    assert_eq!(done, 4);
    let after = harness.provider.read_intent(&intent.intent_id).await.unwrap();
    assert_eq!(after.refunded, euros(2400));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let harness = Harness::start().await;
    let intent = harness.intent().await;
    assert_eq!(code(harness.provider.refund(&refund(&intent.intent_id, 1, "a")).await), "intent_unexpected_state");
    harness.pay(&intent, "4242424242424242").await.unwrap();
    harness.provider.refund(&refund(&intent.intent_id, 1, "a")).await.unwrap();
    assert_eq!(code(harness.provider.refund(&refund(&intent.intent_id, 2, "a")).await), "idempotency_error");
    assert_eq!(code(harness.provider.refund(&refund(&intent.intent_id, 0, "b")).await), "invalid_request");
    let mut dollars = refund(&intent.intent_id, 1, "c");
    dollars.amount.currency = domain::money::Currency::USD;
    assert_eq!(code(harness.provider.refund(&dollars).await), "invalid_request");
    let unknown = domain::payment::IntentId::new("pi_sim_unknown");
    assert_eq!(
        harness.provider.refund(&refund(&unknown, 1, "d")).await,
        Err(ProviderFault::UnknownIntent { intent_id: unknown })
    );
    assert!(matches!(harness.provider.read_refund("re_sim_x").await, Err(ProviderFault::UnknownRefund { .. })));
}

#[tokio::test]
async fn a_refund_can_be_told_to_wait_or_to_fail() {
    let harness = Harness::start().await;
    let intent = harness.paid_intent().await;
    let tell = async |refunds, delay_seconds| {
        let behaviour = Behaviour { refunds: Some(refunds), delay_seconds, ..Behaviour::default() };
        harness.simulator.set_behaviour(intent.intent_id.as_str(), behaviour).await.unwrap();
    };
    tell(RefundMode::Fail, None).await;
    let failed = harness.provider.refund(&refund(&intent.intent_id, 500, "a")).await.unwrap();
    assert_eq!(failed.state, RefundState::Failed);
    assert_eq!(harness.provider.read_intent(&intent.intent_id).await.unwrap().refunded, euros(0));

    tell(RefundMode::Pending, Some(0.2)).await;
    let pending = harness.provider.refund(&refund(&intent.intent_id, 500, "b")).await.unwrap();
    assert_eq!(pending.state, RefundState::Pending);
    until("the refund succeeds", async || {
        let now = harness.provider.read_refund(&pending.provider_refund_id).await.unwrap();
        (now.state == RefundState::Succeeded).then_some(())
    })
    .await;
    harness.until_kinds(&intent, &["intent.succeeded", "refund.failed", "refund.created", "refund.succeeded"]).await;
}

#[tokio::test]
async fn refunds_are_listed_page_by_page_with_their_keys() {
    let harness = Harness::start().await;
    let intent = harness.paid_intent().await;
    let mut sent = Vec::new();
    for number in 0..5 {
        let refund = refund(&intent.intent_id, 100, &number.to_string());
        harness.provider.refund(&refund).await.unwrap();
        sent.push(Some(refund.refund_id.to_string()));
    }
    let (mut listed, mut cursor) = (Vec::new(), None);
    loop {
        let page = harness.provider.list_refunds(Timestamp::UNIX_EPOCH, cursor, 2).await.unwrap();
        assert!(page.items.iter().all(|item| item.intent_id == intent.intent_id && item.amount == euros(100)));
        listed.extend(page.items.into_iter().map(|item| item.idempotency_key));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(listed, sent);
}
