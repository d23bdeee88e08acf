//! Publishing a slot of the outbox: one transaction of Kafka for each batch, by a producer that nobody else can be.
//!
//! The transactional id belongs to the slot. Whoever opens it makes every older producer of the slot a stranger to the
//! brokers, whatever that one still has in its queues: a relay that was paused and wakes up can publish nothing behind
//! the back of its successor.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::message::Message;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::util::Timeout;
use store::OutboxMessage;

use super::producer::headers_of;
use super::{KafkaConfig, KafkaFault, Quiet};
use crate::envelope::Envelope;
use crate::relay::{PublishFault, Publisher, SlotPublisher};
use crate::topics::topic_of;

/// How long opening a slot, or committing a batch, may take before it is begun anew. A relay's lease is longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long after its last sign of life a relay's transaction may keep readers waiting for what comes after it.
const TRANSACTION_MILLISECONDS: &str = "10000";
/// How long messages may wait in the client; less than the transaction.
const MESSAGE_MILLISECONDS: &str = "8000";

/// Publishes to Kafka.
pub struct KafkaPublisher {
    config: KafkaConfig,
}

impl KafkaPublisher {
    /// Publishes as `config` says.
    pub fn new(config: KafkaConfig) -> Self {
        Self { config }
    }
}

#[async_trait]
impl Publisher for KafkaPublisher {
    async fn open(&self, slot: i32) -> Result<Box<dyn SlotPublisher>, PublishFault> {
        let mut client = self.config.client();
        client
            .set("transactional.id", format!("{}-outbox-{slot}", self.config.prefix))
            .set("transaction.timeout.ms", TRANSACTION_MILLISECONDS)
            .set("message.timeout.ms", MESSAGE_MILLISECONDS)
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "1");
        let client = self.config.with_options(client);
        let opened = tokio::task::spawn_blocking(move || {
            let producer: BaseProducer<Quiet> = client.create_with_context(Quiet).map_err(KafkaFault::Settings)?;
            producer.init_transactions(PATIENCE).map_err(|source| fault("open a transaction", source))?;
            Ok::<_, KafkaFault>(producer)
        });
        let producer = opened.await.map_err(PublishFault::new)??;
        Ok(Box::new(KafkaSlot { producer: Some(producer), config: self.config.clone() }))
    }
}

struct KafkaSlot {
    /// None once something has gone wrong: what has become of its transaction is then known only by opening the slot
    /// anew.
    producer: Option<BaseProducer<Quiet>>,
    config: KafkaConfig,
}

#[async_trait]
impl SlotPublisher for KafkaSlot {
    async fn publish(&mut self, batch: &Arc<[OutboxMessage]>) -> Result<(), PublishFault> {
        let Some(producer) = self.producer.take() else {
            return Err(PublishFault::new(KafkaFault::Refused { wish: "go on", source: KafkaError::Canceled }));
        };
        let (batch, config) = (Arc::clone(batch), self.config.clone());
        let sent = tokio::task::spawn_blocking(move || {
            let outcome = transact(&producer, &config, &batch);
            // The producer is dropped here as well where it is of no use any more: that takes a moment.
            outcome.map(|()| producer)
        });
        self.producer = Some(sent.await.map_err(PublishFault::new)??);
        Ok(())
    }
}

impl Drop for KafkaSlot {
    fn drop(&mut self) {
        // Dropping a producer waits for its threads.
        if let (Some(producer), Ok(runtime)) = (self.producer.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn_blocking(move || drop(producer));
        }
    }
}

fn transact(producer: &BaseProducer<Quiet>, config: &KafkaConfig, batch: &[OutboxMessage]) -> Result<(), KafkaFault> {
    producer.begin_transaction().map_err(|source| fault("begin a transaction", source))?;
    for message in batch {
        if let Err(fault) = enqueue(producer, config, message) {
            let _already_lost = producer.abort_transaction(PATIENCE);
            return Err(fault);
        }
    }
    // Waits for every message to be acknowledged, and fails if one was not.
    producer.commit_transaction(PATIENCE).map_err(|source| {
        let _already_lost = producer.abort_transaction(PATIENCE);
        fault("commit a transaction", source)
    })
}

fn enqueue(producer: &BaseProducer<Quiet>, config: &KafkaConfig, message: &OutboxMessage) -> Result<(), KafkaFault> {
    let envelope = Envelope::of(message)?;
    let (key, body, headers) = (message.booking_id.to_string(), envelope.to_bytes()?, headers_of(&envelope));
    let topic = topic_name(config, &message.message);
    let mut record = BaseRecord::<str, [u8]>::to(topic).key(&key).payload(&body).headers(headers);
    let deadline = Instant::now() + PATIENCE;
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) if Instant::now() < deadline => {
                producer.poll(Timeout::After(Duration::from_millis(20)));
                record = back;
            }
            Err((source, _record)) => return Err(fault("take a message", source)),
        }
    }
}

fn topic_name<'c>(config: &'c KafkaConfig, message: &Message) -> &'c str {
    config.topics.name(topic_of(message))
}

fn fault(wish: &'static str, source: KafkaError) -> KafkaFault {
    let fenced = match &source {
        KafkaError::Transaction(error) => {
            matches!(error.code(), RDKafkaErrorCode::Fenced | RDKafkaErrorCode::InvalidProducerEpoch)
        }
        other => other.rdkafka_error_code() == Some(RDKafkaErrorCode::Fenced),
    };
    if fenced { KafkaFault::Fenced(source) } else { KafkaFault::Refused { wish, source } }
}
