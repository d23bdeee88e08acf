//! The relay and Kafka: everything in order, nothing behind a successor's back.

use std::collections::BTreeMap;
use std::sync::Arc;

use messaging::envelope::Envelope;
use messaging::kafka::KafkaPublisher;
use messaging::relay::{Publisher, Relay};
use tokio_util::sync::CancellationToken;

use crate::stage::{Database, booking, kafka, read, until};

const BOOKINGS: u128 = 40;
const MESSAGES_EACH: i64 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn relays_that_come_and_go_publish_everything_in_order() {
    let (database, config) = (Database::new().await, kafka().await);
    let start = |name: &str| {
        let publisher = Arc::new(KafkaPublisher::new(config.clone()));
        let stop = CancellationToken::new();
        let relay = Relay::new(database.store.clone(), publisher, name.to_owned());
        (tokio::spawn(relay.run(stop.clone())), stop)
    };
    let (first, stop_first) = start("first");
    for number in 0..BOOKINGS {
        database.tell(number, 1..=2).await;
    }
    let (second, stop_second) = start("second");
    for number in 0..BOOKINGS {
        database.tell(number, 3..=4).await;
    }
    stop_first.cancel();
    first.await.unwrap();
    for number in 0..BOOKINGS {
        database.tell(number, 5..=MESSAGES_EACH).await;
    }
    until("nothing waits", || async { database.store.outbox_backlog().await.unwrap().waiting == 0 }).await;
    stop_second.cancel();
    second.await.unwrap();

    let topics = [config.topics.booking_events.as_str(), &config.topics.payment_events];
    let records = read(&config, &topics, BOOKINGS as usize * MESSAGES_EACH as usize).await;
    let mut told: BTreeMap<(String, String), Vec<i64>> = BTreeMap::new();
    for record in &records {
        let envelope = Envelope::parse(&record.body).unwrap();
        assert_eq!(envelope.subject.as_ref(), Some(&record.key));
        assert_eq!(record.headers["type"], envelope.kind);
        assert_eq!(record.headers["id"], envelope.id);
        assert_eq!(record.headers["content-type"], "application/cloudevents+json; charset=UTF-8");
        let fact = envelope.fact().unwrap().unwrap();
        assert_eq!(record.headers["sequence"], *envelope.sequence.as_ref().unwrap());
        told.entry((record.topic.clone(), record.key.clone())).or_default().push(fact.sequence);
    }
    for number in 0..BOOKINGS {
        let of = |topic: &str| told[&(topic.to_owned(), booking(number).to_string())].clone();
        assert_eq!(of(topics[0]), [1, 3, 5]);
        assert_eq!(of(topics[1]), [2, 4, 6]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_overtaken_publishes_nothing() {
    let (database, config) = (Database::new().await, kafka().await);
    database.tell(3, 1..=3).await;
    let batch: Arc<[_]> = database.store.unpublished_messages_of(3, None, 10).await.unwrap().into();
    let publisher = KafkaPublisher::new(config.clone());
    let mut sleeper = publisher.open(3).await.unwrap();
    let mut bystander = publisher.open(4).await.unwrap();
    let mut heir = publisher.open(3).await.unwrap();
    let refused = sleeper.publish(&batch).await.unwrap_err();
    let why = std::error::Error::source(&refused).unwrap().to_string();
    assert_eq!(why, "another relay has taken over");
    assert!(sleeper.publish(&batch).await.is_err(), "nor later");
    heir.publish(&batch).await.unwrap();
    bystander.publish(&batch).await.unwrap();
    let topics = [config.topics.booking_events.as_str(), &config.topics.payment_events];
    read(&config, &topics, 6).await;
}
