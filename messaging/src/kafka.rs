//! Kafka: how its clients are set up, whether it is there, and its topics. Knows no message but as bytes.

mod listening;
mod producer;
mod publisher;

use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::statistics::Statistics;

use crate::topics::Topics;

pub use listening::listen;
pub use producer::Producer;
pub use publisher::KafkaPublisher;

/// How long an administrator's request may take.
const ADMINISTRATION: Duration = Duration::from_secs(15);
/// How long the brokers have to say what they have, when somebody only wants to know whether they are there.
const METADATA: Duration = Duration::from_millis(1_200);

/// Where Kafka is and how it is used.
#[derive(Debug, Clone)]
pub struct KafkaConfig {
    /// The brokers that a client asks first, `host:port,host:port`.
    pub brokers: String,
    /// What the names of consumer groups and transactions begin with.
    pub prefix: String,
    /// The names of the topics.
    pub topics: Topics,
    /// How many partitions a new topic gets.
    pub partitions: i32,
    /// On how many brokers a new topic is kept.
    pub replication: i32,
    /// What else librdkafka is told; it wins over what is said here.
    pub options: Vec<(String, String)>,
}

/// Why Kafka did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum KafkaFault {
    /// The settings make no client.
    #[error("Kafka's client cannot be made from the settings")]
    Settings(#[source] KafkaError),
    /// It is away, or does not do it for now.
    #[error("Kafka did not {wish}")]
    Refused {
        /// What was wished, as an infinitive.
        wish: &'static str,
        /// What it said.
        #[source]
        source: KafkaError,
    },
    /// A topic could not be made.
    #[error("Kafka did not make the topic `{topic}`: {code}")]
    Topic {
        /// Which.
        topic: String,
        /// What it said.
        code: RDKafkaErrorCode,
    },
    /// A message cannot be written down.
    #[error("a message cannot be written as JSON")]
    Unwritable(#[from] serde_json::Error),
    /// Somebody else has taken over what this producer was for.
    #[error("another relay has taken over")]
    Fenced(#[source] KafkaError),
}

impl KafkaConfig {
    /// What every client is told.
    fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", &self.prefix)
            // The defaults wait up to 10 s before a broker that is back is tried again.
            .set("reconnect.backoff.ms", "100")
            .set("reconnect.backoff.max.ms", "2000")
            .set("socket.keepalive.enable", "true")
            .set("socket.timeout.ms", "10000")
            .set("topic.metadata.refresh.interval.ms", "30000");
        client
    }

    /// With what the operator wants otherwise, which comes last.
    fn with_options(&self, mut client: ClientConfig) -> ClientConfig {
        for (name, value) in &self.options {
            client.set(name, value);
        }
        client
    }

    /// Checks that the settings make a client; Kafka need not be there.
    pub fn check(&self) -> Result<(), KafkaFault> {
        self.administrator().map(|_client| ())
    }

    fn administrator(&self) -> Result<AdminClient<Quiet>, KafkaFault> {
        self.with_options(self.client()).create_with_context(Quiet).map_err(KafkaFault::Settings)
    }

    /// Makes the topics that are not there; answers their names. A topic that is there is left as it is.
    pub async fn make_topics(&self) -> Result<Vec<String>, KafkaFault> {
        let administrator = self.administrator()?;
        let names = self.topics.all();
        let new = |name| NewTopic::new(name, self.partitions, TopicReplication::Fixed(self.replication));
        let topics: Vec<NewTopic<'_>> = names.into_iter().map(new).collect();
        let options = AdminOptions::new().request_timeout(Some(ADMINISTRATION)).operation_timeout(Some(ADMINISTRATION));
        let refused = |source| KafkaFault::Refused { wish: "make the topics", source };
        let mut made = Vec::new();
        for outcome in administrator.create_topics(&topics, &options).await.map_err(refused)? {
            match outcome {
                Ok(name) => made.push(name),
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => return Err(KafkaFault::Topic { topic, code }),
            }
        }
        Ok(made)
    }

    /// A way to ask whether Kafka is there, again and again.
    pub fn probe(&self) -> Result<Probe, KafkaFault> {
        Ok(Probe { administrator: Arc::new(self.administrator()?) })
    }
}

/// Asks whether Kafka is there. Cloning it gives another handle on the same connection.
#[derive(Clone)]
pub struct Probe {
    administrator: Arc<AdminClient<Quiet>>,
}

impl Probe {
    /// Whether a broker answers.
    pub async fn ask(&self) -> Result<(), String> {
        let administrator = Arc::clone(&self.administrator);
        let asked = tokio::task::spawn_blocking(move || {
            administrator.inner().fetch_metadata(None, METADATA).map(|_metadata| ())
        });
        match asked.await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(died) => Err(died.to_string()),
        }
    }
}

/// A client that does not fill the log with every try to reach a broker: that Kafka is away is said by whoever needs it,
/// by readiness and by metrics.
#[derive(Debug, Clone, Copy, Default)]
struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: rdkafka::config::RDKafkaLogLevel, facility: &str, line: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, "{line}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, "{reason}");
    }

    fn stats(&self, _statistics: Statistics) {}
}

impl ProducerContext for Quiet {
    type DeliveryOpaque = ();

    /// A transaction says itself that one of its messages was not taken.
    fn delivery(&self, _result: &DeliveryResult<'_>, (): ()) {}
}
