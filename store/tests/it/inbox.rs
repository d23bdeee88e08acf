//! The inbox: kept once, delivered by one at a time.

use domain::payment::IntentId;
use futures::future::join_all;
use store::{NewPaymentEvent, PaymentEventState, PaymentEventStored};

use crate::fixture::{after, count, now, request};
use crate::harness::TestDatabase;

on_both_databases! {
    a_repeated_message_is_kept_once,
    two_drains_share_the_work,
    a_lease_that_has_passed_frees_the_message,
    whoever_keeps_a_message_may_deliver_it_first,
    what_cannot_be_delivered_is_parked_and_tried_again,
}

fn event(number: usize) -> NewPaymentEvent {
    NewPaymentEvent {
        provider: "simulator".to_owned(),
        event_id: format!("evt_{number:03}"),
        kind: "payment_intent.succeeded".to_owned(),
        intent_id: Some(IntentId::new(format!("pi_{number}"))),
        body: "{\"id\": \"…\"}".to_owned(),
        received_at: now(),
        due_at: now(),
        deliveries: 0,
    }
}

async fn a_repeated_message_is_kept_once(db: TestDatabase) {
    let store = db.store;
    assert_eq!(store.store_payment_event(&event(1)).await.unwrap(), PaymentEventStored::Stored);
    assert_eq!(store.store_payment_event(&event(1)).await.unwrap(), PaymentEventStored::Duplicate);
    let mut elsewhere = event(1);
    elsewhere.provider = "stripe".to_owned();
    assert_eq!(store.store_payment_event(&elsewhere).await.unwrap(), PaymentEventStored::Stored);
    let claimed = store.claim_due_payment_events(now(), 30, 10).await.unwrap();
    assert_eq!(claimed.len(), 2);
    assert_eq!((claimed[0].body.as_str(), claimed[0].deliveries), ("{\"id\": \"…\"}", 1));
    assert_eq!(claimed[0].intent_id, Some(IntentId::new("pi_1")));
}

async fn two_drains_share_the_work(db: TestDatabase) {
    for number in 0..60 {
        db.store.store_payment_event(&event(number)).await.unwrap();
    }
    let other = db.another_process().await;
    let drains = (0..12).map(|drain| {
        let store = if drain % 2 == 0 { db.store.clone() } else { other.clone() };
        tokio::spawn(async move { store.claim_due_payment_events(after(1), 30, 10).await.unwrap() })
    });
    let mut claimed: Vec<String> = Vec::new();
    for events in join_all(drains).await {
        claimed.extend(events.unwrap().into_iter().map(|event| event.event_id));
    }
    claimed
        .extend(db.store.claim_due_payment_events(after(1), 30, 60).await.unwrap().into_iter().map(|it| it.event_id));
    assert_eq!(claimed.len(), 60, "each message once");
    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), 60, "every message");
}

async fn a_lease_that_has_passed_frees_the_message(db: TestDatabase) {
    let store = db.store;
    store.store_payment_event(&event(1)).await.unwrap();
    assert_eq!(store.claim_due_payment_events(after(0), 30, 10).await.unwrap().len(), 1);
    assert!(store.claim_due_payment_events(after(29), 30, 10).await.unwrap().is_empty());
    let again = store.claim_due_payment_events(after(30), 30, 10).await.unwrap();
    assert_eq!(again[0].deliveries, 2);
    let booking_id = request(1, "key", &[0]).booking_id;
    for _ in 0..2 {
        store.payment_event_delivered("simulator", "evt_001", Some(booking_id), after(31)).await.unwrap();
    }
    store.park_payment_event("simulator", "evt_001", "too late to fail", after(40)).await.unwrap();
    assert!(store.claim_due_payment_events(after(1_000), 30, 10).await.unwrap().is_empty());
    assert_eq!(count(&store, "payment_events where state = 'delivered'").await, 1);
}

async fn whoever_keeps_a_message_may_deliver_it_first(db: TestDatabase) {
    let store = db.store;
    let at_once = NewPaymentEvent { due_at: after(2), deliveries: 1, ..event(1) };
    store.store_payment_event(&at_once).await.unwrap();
    let kept = at_once.kept();
    assert_eq!((kept.event_id.as_str(), kept.deliveries), ("evt_001", 1));
    assert!(store.claim_due_payment_events(after(1), 30, 10).await.unwrap().is_empty(), "it is being delivered");
    let [again] = store.claim_due_payment_events(after(2), 30, 10).await.unwrap().try_into().unwrap();
    assert_eq!(again.deliveries, 2, "whoever kept it has died with it");
    let due = again.next_delivery_at;
    assert_eq!(again, store::PaymentEvent { deliveries: 2, next_delivery_at: due, ..kept });
}

async fn what_cannot_be_delivered_is_parked_and_tried_again(db: TestDatabase) {
    let store = db.store;
    for number in 1..=3 {
        store.store_payment_event(&event(number)).await.unwrap();
        let id = event(number).event_id;
        store.park_payment_event("simulator", &id, "no booking has this intent", after(60)).await.unwrap();
    }
    assert!(store.claim_due_payment_events(after(59), 30, 10).await.unwrap().is_empty());
    let first = store.parked_payment_events(None, 2).await.unwrap();
    assert_eq!(first.len(), 2);
    assert_eq!(first[0].last_error.as_deref(), Some("no booking has this intent"));
    let last = first.last().unwrap();
    let after_last = (last.received_at, last.provider.clone(), last.event_id.clone());
    let rest = store.parked_payment_events(Some(after_last), 10).await.unwrap();
    assert_eq!(rest.iter().map(|it| it.event_id.as_str()).collect::<Vec<_>>(), ["evt_003"]);
    let due = store.claim_due_payment_events(after(60), 30, 10).await.unwrap();
    assert_eq!((due.len(), due[0].state), (3, PaymentEventState::Parked));
}
