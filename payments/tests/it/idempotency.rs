//! One key, one object.

use std::collections::HashSet;

use domain::money::{Currency, Money};
use payments::{PaymentProvider, ProviderFault};
use tokio::task::JoinSet;

use crate::harness::{Harness, request};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_requests_with_one_key_make_one_intent() {
    let harness = Harness::start().await;
    let mut requests = JoinSet::new();
    for _ in 0..50 {
        let provider = harness.provider.clone();
        requests.spawn(async move { provider.request_intent(&request("one/1")).await.unwrap() });
    }
    let readings = requests.join_all().await;
    let ids: HashSet<_> = readings.iter().map(|reading| reading.intent_id.clone()).collect();
    let pages: HashSet<_> = readings.iter().map(|reading| reading.payment_page.clone()).collect();
    assert_eq!((readings.len(), ids.len(), pages.len()), (50, 1, 1));
    let listed = harness.provider.list_intents(jiff::Timestamp::UNIX_EPOCH, None, 100).await.unwrap();
    assert_eq!(listed.items.len(), 1);
}

#[tokio::test]
async fn the_same_request_again_answers_with_todays_state() {
    let harness = Harness::start().await;
    let first = harness.provider.request_intent(&request("one/1")).await.unwrap();
    harness.pay(&first, "4242424242424242").await.unwrap();
    let again = harness.provider.request_intent(&request("one/1")).await.unwrap();
    assert_eq!(again.intent_id, first.intent_id);
    assert_eq!(again.captured, first.amount);
}

#[tokio::test]
async fn another_request_with_the_same_key_is_refused() {
    let harness = Harness::start().await;
    harness.provider.request_intent(&request("one/1")).await.unwrap();
    let mut others = [request("one/1"), request("one/1"), request("one/1")];
    others[0].amount.minor += 1;
    others[1].amount = Money::new(others[1].amount.minor, Currency::USD);
    others[2].attempt = 2;
    for other in others {
        match harness.provider.request_intent(&other).await {
            Err(ProviderFault::Rejected { code, .. }) => assert_eq!(code, "idempotency_error"),
            other => panic!("{other:?}"),
        }
    }
}
