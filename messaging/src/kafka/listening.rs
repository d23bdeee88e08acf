//! Listening to topics as a consumer group: the messages of a partition one after the other, partitions side by side,
//! each message over and done with before Kafka is told so.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Message as _, OwnedHeaders, OwnedMessage};
use rdkafka::statistics::Statistics;
use rdkafka::{ClientContext, TopicPartitionList};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{KafkaConfig, KafkaFault, Producer};
use crate::acting::{Ending, act};
use crate::consumer::Consumer;

/// How many messages of a partition wait in memory before no more of them are asked for, and how few there are when
/// they are asked for again.
const PAUSE_AT: usize = 500;
const RESUME_AT: usize = 100;
/// How soon other members of a group get the partitions of one that has died.
const SESSION_MILLISECONDS: &str = "10000";
/// How often Kafka is told what is over.
const COMMIT_MILLISECONDS: &str = "500";
/// How often the lag is told.
const STATISTICS_MILLISECONDS: &str = "5000";
/// The pause before a dead letter is sent once more.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is said in the log that Kafka is away.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// A partition of a topic.
type Place = (String, i32);

/// Acts on the messages of `topics` until `stop` is cancelled, as a member of the consumer's group.
///
/// A message is acted on at least once; one that nobody can act on goes to the dead letters.
pub async fn listen(
    config: &KafkaConfig,
    consumer: Arc<dyn Consumer>,
    topics: &[&str],
    stop: CancellationToken,
) -> Result<(), KafkaFault> {
    let group = format!("{}-{}", config.prefix, consumer.name());
    let mut client = config.client();
    client
        .set("group.id", &group)
        .set("session.timeout.ms", SESSION_MILLISECONDS)
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", "read_committed")
        .set("partition.assignment.strategy", "cooperative-sticky")
        // What is committed is what is over: the offset is stored only then.
        .set("enable.auto.commit", "true")
        .set("enable.auto.offset.store", "false")
        .set("auto.commit.interval.ms", COMMIT_MILLISECONDS)
        .set("allow.auto.create.topics", "false")
        .set("queued.max.messages.kbytes", "8192")
        .set("fetch.wait.max.ms", "100")
        .set("statistics.interval.ms", STATISTICS_MILLISECONDS);
    let context = Member { group: group.clone(), consumer: consumer.name() };
    let member: StreamConsumer<Member> =
        config.with_options(client).create_with_context(context).map_err(KafkaFault::Settings)?;
    member.subscribe(topics).map_err(|source| KafkaFault::Refused { wish: "take the subscription", source })?;
    let listener = Listener {
        member: Arc::new(member),
        consumer,
        group: group.into(),
        dead_letters: Producer::new(config)?,
        dead_letter_topic: config.topics.dead_letters.as_str().into(),
        stop,
    };
    listener.run().await;
    Ok(())
}

/// A member of a group, as its callbacks know it.
struct Member {
    group: String,
    consumer: &'static str,
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        tracing::debug!(target: "librdkafka", group = self.group, ?level, facility, "{line}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", group = self.group, %error, "{reason}");
    }

    fn stats(&self, statistics: Statistics) {
        // Of the partitions that are its own; others say -1.
        let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
        let lag: i64 = partitions.map(|partition| partition.consumer_lag_stored.max(0)).sum();
        metrics::gauge!("boxoffice_consumer_lag_messages", "consumer" => self.consumer).set(lag as f64);
    }
}

impl ConsumerContext for Member {
    fn post_rebalance(&self, _consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(given) => {
                tracing::info!(group = self.group, partitions = given.count(), "partitions were given to this process");
            }
            Rebalance::Revoke(taken) => {
                tracing::info!(group = self.group, partitions = taken.count(), "partitions go to another process");
            }
            Rebalance::Error(error) => tracing::warn!(group = self.group, %error, "partitions could not be shared out"),
        }
    }
}

#[derive(Clone)]
struct Listener {
    member: Arc<StreamConsumer<Member>>,
    consumer: Arc<dyn Consumer>,
    group: Arc<str>,
    dead_letters: Producer,
    dead_letter_topic: Arc<str>,
    stop: CancellationToken,
}

/// The messages of a partition that wait.
struct Lane {
    messages: mpsc::UnboundedSender<OwnedMessage>,
    waiting: Arc<AtomicUsize>,
}

impl Listener {
    async fn run(self) {
        let mut lanes: HashMap<Place, Lane> = HashMap::new();
        let mut working = JoinSet::new();
        let mut told: Option<Instant> = None;
        loop {
            let received = tokio::select! {
                () = self.stop.cancelled() => break,
                received = self.member.recv() => received.map(|message| message.detach()),
            };
            match received {
                Ok(message) => {
                    if told.take().is_some() {
                        tracing::info!(group = %self.group, "messages come again");
                    }
                    let place = (message.topic().to_owned(), message.partition());
                    let lane = lanes.entry(place.clone()).or_insert_with(|| self.lane(&place, &mut working));
                    if lane.waiting.fetch_add(1, Ordering::Relaxed) + 1 == PAUSE_AT {
                        self.hold(&place, true);
                    }
                    let _only_at_the_end = lane.messages.send(message);
                }
                Err(error) => {
                    // The library goes on trying by itself.
                    if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                        tracing::warn!(group = %self.group, %error, "messages do not come for now");
                        told = Some(Instant::now());
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(lanes);
        while working.join_next().await.is_some() {}
        // What is over by now is told at once, so that nobody has to look at it again.
        let member = self.member;
        let told = tokio::task::spawn_blocking(move || {
            let told = member.commit_consumer_state(CommitMode::Sync);
            drop(member);
            told
        });
        if let Ok(Err(error)) = told.await {
            tracing::debug!(group = %self.group, %error, "what is over will come once more");
        }
    }

    /// Begins to work on a partition.
    fn lane(&self, place: &Place, working: &mut JoinSet<()>) -> Lane {
        let (messages, mut queue) = mpsc::unbounded_channel::<OwnedMessage>();
        let waiting = Arc::new(AtomicUsize::new(0));
        let (listener, place, left) = (self.clone(), place.clone(), Arc::clone(&waiting));
        working.spawn(async move {
            loop {
                let message = tokio::select! {
                    // First, so that what waits in memory is left to others.
                    biased;
                    () = listener.stop.cancelled() => return,
                    message = queue.recv() => message,
                };
                let Some(message) = message else { return };
                if left.fetch_sub(1, Ordering::Relaxed) - 1 == RESUME_AT {
                    listener.hold(&place, false);
                }
                if !listener.finish(&message).await {
                    return;
                }
            }
        });
        Lane { messages, waiting }
    }

    /// Acts on a message, and tells Kafka once it is over; false if it was told to stop meanwhile.
    async fn finish(&self, message: &OwnedMessage) -> bool {
        match act(self.consumer.as_ref(), message.payload().unwrap_or_default(), &self.stop).await {
            Ending::Over => {}
            Ending::Dead(reason) => {
                if !self.bury(message, &reason).await {
                    return false;
                }
            }
            Ending::Stopped => return false,
        }
        // It fails where the partition has been given to somebody else, who will see the message once more.
        let stored = self.member.store_offset(message.topic(), message.partition(), message.offset());
        if let Err(error) = stored {
            tracing::debug!(group = %self.group, %error, "the partition has gone to another process");
        }
        true
    }

    /// Sends a message to the dead letters, with its reason and where it came from.
    async fn bury(&self, message: &OwnedMessage, reason: &str) -> bool {
        let (partition, offset) = (message.partition().to_string(), message.offset().to_string());
        let now = Timestamp::now().to_string();
        let mut headers = message.headers().cloned().unwrap_or_else(OwnedHeaders::new);
        for (key, value) in [
            ("dead-letter-reason", reason),
            ("dead-letter-group", &self.group),
            ("dead-letter-topic", message.topic()),
            ("dead-letter-partition", &partition),
            ("dead-letter-offset", &offset),
            ("dead-letter-at", &now),
        ] {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        loop {
            let (key, body) = (message.key(), message.payload());
            let sent = self.dead_letters.send_record(&self.dead_letter_topic, key, body, headers.clone()).await;
            match sent {
                Ok(()) => return true,
                Err(fault) => {
                    let error: &dyn std::error::Error = &fault;
                    tracing::warn!(group = %self.group, error, "a dead letter could not be sent, trying again");
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return false,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Has Kafka send no more of a partition, or go on.
    fn hold(&self, (topic, partition): &Place, hold: bool) {
        let mut list = TopicPartitionList::new();
        list.add_partition(topic, *partition);
        let done = if hold { self.member.pause(&list) } else { self.member.resume(&list) };
        if let Err(error) = done {
            tracing::debug!(group = %self.group, %error, "the partition has gone to another process");
        }
    }
}
