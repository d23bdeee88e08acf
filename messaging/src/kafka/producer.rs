//! Sending single messages: dead letters, and what a payment provider answers.

use std::time::Duration;

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::util::Timeout;

use super::{KafkaConfig, KafkaFault, Quiet};
use crate::envelope::{CONTENT_TYPE, Envelope};

/// How long a broker may take to acknowledge a message.
const ACKNOWLEDGED_WITHIN: &str = "10000";

/// Sends messages one by one; each is on enough brokers when it is acknowledged. Cloning it gives another handle on the
/// same connection.
#[derive(Clone)]
pub struct Producer {
    producer: FutureProducer<Quiet>,
}

impl Producer {
    /// Makes one; Kafka need not be there yet.
    pub fn new(config: &KafkaConfig) -> Result<Self, KafkaFault> {
        let mut client = config.client();
        client
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "0")
            .set("message.timeout.ms", ACKNOWLEDGED_WITHIN);
        let producer = config.with_options(client).create_with_context(Quiet).map_err(KafkaFault::Settings)?;
        Ok(Self { producer })
    }

    /// Sends a message and waits until it is acknowledged.
    pub async fn send(&self, topic: &str, key: &str, message: &Envelope) -> Result<(), KafkaFault> {
        let body = message.to_bytes()?;
        self.send_record(topic, Some(key.as_bytes()), Some(&body), headers_of(message)).await
    }

    /// Sends anything.
    pub(super) async fn send_record(
        &self,
        topic: &str,
        key: Option<&[u8]>,
        body: Option<&[u8]>,
        headers: OwnedHeaders,
    ) -> Result<(), KafkaFault> {
        let mut record = FutureRecord::<[u8], [u8]>::to(topic).headers(headers);
        record.key = key;
        record.payload = body;
        let sent = self.producer.send(record, Timeout::After(Duration::from_secs(1))).await;
        sent.map(|_delivery| ()).map_err(|(source, _message)| KafkaFault::Refused { wish: "take a message", source })
    }
}

/// The headers of a record, by which it can be routed without reading it.
pub(super) fn headers_of(message: &Envelope) -> OwnedHeaders {
    let mut headers = OwnedHeaders::new_with_capacity(4)
        .insert(Header { key: "content-type", value: Some(CONTENT_TYPE) })
        .insert(Header { key: "type", value: Some(&message.kind) })
        .insert(Header { key: "id", value: Some(&message.id) });
    if let Some(sequence) = &message.sequence {
        headers = headers.insert(Header { key: "sequence", value: Some(sequence) });
    }
    headers
}
