//! Listening: each message is over before Kafka is told, what is wrong is buried with its reason and holds nobody up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use messaging::consumer::{Consumed, Consumer, Trouble};
use messaging::envelope::Envelope;
use messaging::kafka::{KafkaConfig, Producer, listen};
use messaging::log::{self, OutboxLog};
use messaging::orders::OrderConsumer;
use messaging::relay::Relay;
use serde_json::{Map, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::stage::{Database, booking, kafka, read, until};

/// Writes down what it has seen, and has trouble with what is named accordingly.
#[derive(Default)]
struct Witness {
    seen: Mutex<BTreeMap<String, Vec<String>>>,
    tries: Mutex<BTreeMap<String, u32>>,
}

impl Witness {
    fn seen(&self) -> BTreeMap<String, Vec<String>> {
        self.seen.lock().unwrap().clone()
    }

    fn count(&self) -> usize {
        self.seen().values().map(Vec::len).sum()
    }
}

#[async_trait]
impl Consumer for Witness {
    fn name(&self) -> &'static str {
        "witness"
    }

    async fn consume(&self, message: &Envelope) -> Result<Consumed, Trouble> {
        let tries = {
            let mut tries = self.tries.lock().unwrap();
            *tries.entry(message.id.clone()).and_modify(|tries| *tries += 1).or_insert(1)
        };
        match message.kind.as_str() {
            "Wrong" => return Err(Trouble::Poison { reason: "it is wrong".to_owned() }),
            "Broken" => return Err(Trouble::Unexpected("it is broken".into())),
            "Explosive" => panic!("a consumer that panics, as this test wants it"),
            "Early" if tries < 4 => return Err(Trouble::ForNow("not yet".into())),
            _ => {}
        }
        let key = message.partitionkey.clone().unwrap_or_default();
        self.seen.lock().unwrap().entry(key).or_default().push(message.id.clone());
        Ok(Consumed::Done)
    }
}

fn message(id: &str, kind: &str, key: &str) -> Envelope {
    Envelope {
        specversion: "1.0".to_owned(),
        id: id.to_owned(),
        source: "a test".to_owned(),
        kind: kind.to_owned(),
        subject: None,
        time: None,
        datacontenttype: None,
        sequence: None,
        partitionkey: Some(key.to_owned()),
        data: Map::from_iter([("note".to_owned(), json!("none"))]),
    }
}

struct Listening {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Listening {
    fn start(config: &KafkaConfig, witness: &Arc<Witness>) -> Self {
        let (config, stop) = (config.clone(), CancellationToken::new());
        let (consumer, stopping): (Arc<dyn Consumer>, _) = (Arc::clone(witness) as _, stop.clone());
        let task = tokio::spawn(async move {
            listen(&config, consumer, &[&config.topics.booking_commands], stopping).await.unwrap();
        });
        Self { task, stop }
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(10), self.task).await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_buried_and_what_follows_goes_on() {
    let config = kafka().await;
    let (producer, topic) = (Producer::new(&config).unwrap(), config.topics.booking_commands.clone());
    let witness = Arc::new(Witness::default());
    let listening = Listening::start(&config, &witness);
    // All with one key, so that each has to wait for the one before it.
    for (id, kind) in
        [("1", "Fine"), ("2", "Wrong"), ("3", "Early"), ("4", "Broken"), ("5", "Fine"), ("8", "Explosive")]
    {
        producer.send(&topic, "key", &message(id, kind, "key")).await.unwrap();
    }
    let mut newer = message("6", "Fine", "key");
    newer.specversion = "2.0".to_owned();
    producer.send(&topic, "key", &newer).await.unwrap();
    producer.send(&topic, "key", &message("7", "Fine", "key")).await.unwrap();
    until("all have had their turn", || async { witness.count() == 4 }).await;
    assert_eq!(witness.seen()["key"], ["1", "3", "5", "7"]);
    listening.end().await;

    let dead = read(&config, &[&config.topics.dead_letters], 4).await;
    let told = |number: usize, header: &str| dead[number].headers[header].clone();
    let reasons: Vec<String> = (0..4).map(|number| told(number, "dead-letter-reason")).collect();
    assert_eq!(
        reasons,
        ["it is wrong", "it is broken", "it made the consumer panic", "its specversion is `2.0` and not 1.0"]
    );
    assert_eq!(told(0, "dead-letter-group"), format!("{}-witness", config.prefix));
    assert_eq!(told(0, "dead-letter-topic"), topic);
    assert_eq!((told(0, "dead-letter-offset"), told(0, "id"), dead[0].key.as_str()), ("1".into(), "2".into(), "key"));
    assert_eq!(Envelope::parse(&dead[0].body).unwrap().id, "2");
    assert!(told(0, "dead-letter-partition").parse::<i32>().is_ok() && told(0, "dead-letter-at").contains('T'));
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_a_group_share_the_work_and_inherit_it() {
    const MESSAGES: usize = 300;
    let config = kafka().await;
    let (producer, topic) = (Producer::new(&config).unwrap(), config.topics.booking_commands.clone());
    let (first, second) = (Arc::new(Witness::default()), Arc::new(Witness::default()));
    let one = Listening::start(&config, &first);
    let send = |numbers: std::ops::Range<usize>| {
        let (producer, topic) = (&producer, &topic);
        async move {
            for number in numbers {
                let key = format!("key {}", number % 20);
                producer.send(topic, &key, &message(&number.to_string(), "Fine", &key)).await.unwrap();
            }
        }
    };
    send(0..100).await;
    until("the first one is at work", || async { first.count() > 0 }).await;
    let two = Listening::start(&config, &second);
    send(100..200).await;
    until("the second one is given some", || async {
        send(200..200).await;
        second.count() > 0 || first.count() == 200
    })
    .await;
    one.end().await;
    send(200..MESSAGES).await;
    until("all are seen", || async { first.count() + second.count() >= MESSAGES }).await;
    two.end().await;
    // A third member finds nothing to do: all that is over has been told.
    let third = Arc::new(Witness::default());
    let three = Listening::start(&config, &third);
    producer.send(&topic, "last", &message("last", "Fine", "last")).await.unwrap();
    until("the last one is seen", || async { third.count() > 0 }).await;
    three.end().await;
    assert_eq!(third.count(), 1, "{:?}", third.seen());

    let mut all: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (key, ids) in first.seen().into_iter().chain(second.seen()) {
        all.entry(key).or_default().extend(ids.iter().map(|id| id.parse::<usize>().unwrap()));
    }
    for (key, ids) in all {
        let mut firsts = Vec::new();
        for id in ids {
            if !firsts.contains(&id) {
                firsts.push(id);
            }
        }
        assert_eq!(firsts.len(), MESSAGES / 20, "{key}");
        assert!(firsts.is_sorted(), "{key}: {firsts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kafka_the_outbox_is_the_log() {
    let database = Database::new().await;
    let store = database.store.clone();
    let stop = CancellationToken::new();
    let relay = tokio::spawn(Relay::new(store.clone(), Arc::new(OutboxLog), "embedded".to_owned()).run(stop.clone()));
    let (listening, ear): (_, Arc<dyn Consumer>) = (stop.clone(), Arc::new(OrderConsumer::new(store.clone())));
    let reader = store.clone();
    let listener = tokio::spawn(async move { log::listen(&reader, ear, listening).await });
    for number in 0..20 {
        database.tell(number, 1..=5).await;
    }
    until("all orders are complete", || async {
        let mut complete = 0;
        for number in 0..20 {
            let order = store.order_booking(booking(number)).await.unwrap();
            complete += usize::from(order.is_some_and(|order| order.messages == 5 && order.valid_tickets == 3));
        }
        complete == 20
    })
    .await;
    stop.cancel();
    relay.await.unwrap();
    listener.await.unwrap();
    assert_eq!(store.dead_letters(10).await.unwrap(), []);
}
