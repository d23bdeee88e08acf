//! Publishing the outbox: relays share its slots, one at a time has each, and what is published is a log without gaps.

use std::collections::BTreeMap;

use domain::ids::MessageId;
use futures::future::join_all;
use store::{DeadLetter, LogPosition, OUTBOX_SLOTS, PublishedBatch, PublishedMessage, SlotLease, Store};

use crate::fixture::{self, after, buy, now, request};
use crate::harness::TestDatabase;

on_both_databases! {
    relays_share_the_slots_and_inherit_those_of_the_dead,
    a_relay_that_was_asleep_cannot_write_down_what_another_has_published,
    what_is_published_is_a_log_in_order_and_without_gaps,
    a_relay_takes_its_turns_with_all_bookings,
    relays_that_race_for_slots_never_share_one,
    the_order_service_counts_each_message_once_in_any_order,
    a_consumer_is_where_it_was_and_the_dead_are_buried_once,
}

const LEASE_SECONDS: i64 = 15;

fn slots(leases: &[SlotLease]) -> Vec<i32> {
    leases.iter().map(|lease| lease.slot).collect()
}

async fn relays_share_the_slots_and_inherit_those_of_the_dead(db: TestDatabase) {
    let store = db.store;
    let all: Vec<i32> = (0..16).collect();
    assert_eq!(slots(&store.lease_slots("one", now(), LEASE_SECONDS).await.unwrap()), all);
    assert_eq!(store.lease_slots("two", after(1), LEASE_SECONDS).await.unwrap(), [], "nothing is free yet");
    let first = store.lease_slots("one", after(2), LEASE_SECONDS).await.unwrap();
    assert_eq!(first.len(), 8, "the first gives half of them back");
    let second = store.lease_slots("two", after(3), LEASE_SECONDS).await.unwrap();
    assert_eq!(second.len(), 8);
    let mut together = [slots(&first), slots(&second)].concat();
    together.sort_unstable();
    assert_eq!(together, all);
    assert!(second.iter().all(|lease| lease.epoch == 2), "{second:?}");

    // The first one goes on, the second one dies.
    store.lease_slots("one", after(12), LEASE_SECONDS).await.unwrap();
    assert_eq!(store.lease_slots("one", after(17), LEASE_SECONDS).await.unwrap().len(), 8, "its lease still holds");
    let inherited = store.lease_slots("one", after(20), LEASE_SECONDS).await.unwrap();
    assert_eq!(slots(&inherited), all);
    assert!(inherited.iter().all(|lease| lease.epoch == if slots(&second).contains(&lease.slot) { 3 } else { 1 }));

    store.release_slots("one").await.unwrap();
    assert_eq!(store.lease_slots("three", after(21), LEASE_SECONDS).await.unwrap().len(), 16, "free at once");
}

/// Publishes what waits in the slots of a relay, as the relay does.
async fn publish(store: &Store, relay: &str, leases: &[SlotLease], at: i64) -> Vec<SlotLease> {
    let mut batches = Vec::new();
    for slot in store.slots_with_messages(relay).await.unwrap() {
        let messages = store.unpublished_messages_of(slot, None, 1_000).await.unwrap();
        let lease = *leases.iter().find(|lease| lease.slot == slot).unwrap();
        batches.push(PublishedBatch { lease, ids: messages.into_iter().map(|message| message.id).collect() });
    }
    store.mark_published(relay, &batches, after(at)).await.unwrap()
}

async fn a_relay_that_was_asleep_cannot_write_down_what_another_has_published(db: TestDatabase) {
    let store = &db.store;
    fixture::load(store).await;
    let leases = store.lease_slots("sleeper", now(), LEASE_SECONDS).await.unwrap();
    let booking = request(1, "key", &[0]);
    buy(store, &booking).await;
    let [slot] = store.slots_with_messages("sleeper").await.unwrap()[..] else { panic!("one booking, one slot") };
    let messages = store.unpublished_messages_of(slot, None, 100).await.unwrap();
    let lease = *leases.iter().find(|lease| lease.slot == slot).unwrap();
    let late = PublishedBatch { lease, ids: messages.iter().map(|message| message.id).collect() };

    let heir = store.lease_slots("heir", after(LEASE_SECONDS + 1), LEASE_SECONDS).await.unwrap();
    assert_eq!(heir.len(), 16);
    assert_eq!(store.mark_published("sleeper", std::slice::from_ref(&late), after(20)).await.unwrap(), [lease]);
    assert_eq!(fixture::count(store, "outbox where published_at is not null").await, 0);
    assert_eq!(publish(store, "heir", &heir, 21).await, []);
    assert_eq!(store.mark_published("sleeper", &[late], after(22)).await.unwrap(), [lease]);
    let log = store.published_messages(&LogPosition::START, 100).await.unwrap();
    let numbers: Vec<i64> = log.iter().map(|message| message.number).collect();
    assert_eq!(numbers, (1..=messages.len() as i64).collect::<Vec<_>>());
    assert_eq!(store.outbox_backlog().await.unwrap().waiting, 0);
}

async fn what_is_published_is_a_log_in_order_and_without_gaps(db: TestDatabase) {
    let store = &db.store;
    fixture::load(store).await;
    let leases = store.lease_slots("relay", now(), LEASE_SECONDS).await.unwrap();
    assert_eq!(store.outbox_backlog().await.unwrap().oldest, None);
    let (mut position, mut read): (_, Vec<PublishedMessage>) = (LogPosition::START, Vec::new());
    for round in 0..6 {
        let booking = request(1 + round as u128, "key", &[round]);
        buy(store, &booking).await;
        let backlog = store.outbox_backlog().await.unwrap();
        assert!(backlog.waiting >= 5 && backlog.oldest == Some(now()), "{backlog:?}");
        assert_eq!(publish(store, "relay", &leases, 60 + round as i64).await, []);
        // Three at a time, so that a page ends in the middle of a booking.
        loop {
            let page = store.published_messages(&position, 3).await.unwrap();
            if page.is_empty() {
                break;
            }
            for message in page {
                position.pass(&message);
                read.push(message);
            }
        }
    }
    let mut of_slot: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
    let mut of_booking: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for PublishedMessage { message, number, .. } in &read {
        of_slot.entry(message.slot).or_default().push(*number);
        of_booking.entry(message.booking_id).or_default().push(message.seq);
    }
    assert_eq!(of_booking.len(), 6);
    for numbers in of_slot.values().chain(of_booking.values()) {
        assert_eq!(*numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    }
    assert_eq!(read.len() as i64, fixture::count(store, "outbox").await);
}

async fn a_relay_takes_its_turns_with_all_bookings(db: TestDatabase) {
    let store = &db.store;
    fixture::load(store).await;
    for number in 0..4 {
        buy(store, &request(1 + number as u128, "key", &[number])).await;
    }
    fixture::tamper(store, "update outbox set slot = 3").await;
    let whole = store.unpublished_messages_of(3, None, 1_000).await.unwrap();
    let mut parts = Vec::new();
    let mut after: Option<(String, i64)> = None;
    loop {
        let part = store.unpublished_messages_of(3, after.as_ref(), 7).await.unwrap();
        let Some(last) = part.last() else { break };
        after = Some((last.booking_id.to_string(), last.seq));
        parts.extend(part);
    }
    assert_eq!(parts, whole);
}

async fn relays_that_race_for_slots_never_share_one(db: TestDatabase) {
    let racers = (0..6).map(|number| {
        let db = db.clone();
        tokio::spawn(async move {
            let store = db.another_process().await;
            let relay = format!("relay {number}");
            for round in 0..5 {
                store.lease_slots(&relay, after(round), LEASE_SECONDS).await.unwrap();
            }
            store.lease_slots(&relay, after(6), LEASE_SECONDS).await.unwrap()
        })
    });
    let mut taken: Vec<i32> = Vec::new();
    for leases in join_all(racers).await {
        let leases = slots(&leases.unwrap());
        assert!(leases.len() <= OUTBOX_SLOTS as usize);
        taken.extend(leases);
    }
    // Once more, one after the other: each has its share and no slot is anybody's else.
    let mut settled = Vec::new();
    for _ in 0..2 {
        settled.clear();
        for number in 0..6 {
            settled.extend(slots(
                &db.store.lease_slots(&format!("relay {number}"), after(7), LEASE_SECONDS).await.unwrap(),
            ));
        }
    }
    settled.sort_unstable();
    assert_eq!(settled, (0..16).collect::<Vec<_>>(), "after {taken:?}");
}

async fn the_order_service_counts_each_message_once_in_any_order(db: TestDatabase) {
    let store = &db.store;
    fixture::load(store).await;
    let booking = request(1, "key", &[0, 1]);
    buy(store, &booking).await;
    let messages = store.unpublished_messages(100).await.unwrap();
    // One topic comes late and backwards, and everything comes twice.
    for round in 0..2 {
        for it in messages.iter().rev() {
            let id = it.id.to_string();
            let new = store.apply_to_order(&id, it.seq, &it.subject, &it.message, after(70)).await.unwrap();
            assert_eq!(new, round == 0);
        }
    }
    let order = store.order_booking(booking.booking_id).await.unwrap().unwrap();
    let stored = store.find_booking(booking.booking_id).await.unwrap().unwrap();
    assert_eq!((order.state.as_str(), order.amount), ("confirmed", Some(stored.amount)));
    assert_eq!((order.paid_minor, order.refunded_minor, order.valid_tickets), (stored.amount.minor, 0, 2));
    assert_eq!(order.messages, messages.len() as i64);
    assert_eq!((order.show_id, order.customer_id), (Some(booking.show_id), booking.customer_id));
    assert_eq!(store.order_booking(request(9, "no", &[5]).booking_id).await.unwrap(), None);

    assert!(store.has_consumed("orders", &messages[0].id.to_string()).await.unwrap());
    assert!(!store.has_consumed("commands", &messages[0].id.to_string()).await.unwrap());
    const DAY: i64 = 24 * 60 * 60;
    assert_eq!(store.forget_consumed(after(70 + 29 * DAY)).await.unwrap(), 0);
    assert_eq!(store.forget_consumed(after(71 + 30 * DAY)).await.unwrap(), messages.len() as u64);
}

async fn a_consumer_is_where_it_was_and_the_dead_are_buried_once(db: TestDatabase) {
    let store = &db.store;
    let mut position = LogPosition::START;
    assert_eq!(store.consumer_position("orders").await.unwrap(), position);
    position.0[3] = 17;
    position.0[15] = 4;
    store.move_consumer("orders", &position).await.unwrap();
    position.0[3] = 18;
    store.move_consumer("orders", &position).await.unwrap();
    assert_eq!(store.consumer_position("orders").await.unwrap(), position);
    assert_eq!(store.consumer_position("notices").await.unwrap(), LogPosition::START);

    let letter = DeadLetter {
        consumer: "orders".to_owned(),
        message_id: MessageId::for_sequence("bkg", 1).to_string(),
        reason: "it is not a CloudEvent in JSON".to_owned(),
        body: "not json".to_owned(),
        died_at: now(),
    };
    store.bury(&letter).await.unwrap();
    store.bury(&DeadLetter { reason: "another".to_owned(), ..letter.clone() }).await.unwrap();
    assert_eq!(store.dead_letters(10).await.unwrap(), [letter]);
}
