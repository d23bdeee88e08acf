//! A database of one test with messages in its outbox, and topics of one test in a real Kafka.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::ids::{BookingId, CustomerId, MessageId, PartnerId, SeatId, ShowId, TicketId};
use domain::message::{Message, MessageSubject};
use messaging::kafka::KafkaConfig;
use messaging::topics::Topics;
use rdkafka::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::{Headers, Message as _};
use sea_orm::{ConnectionTrait, Statement};
use store::{DatabaseConfig, Store};
use tempfile::TempDir;
use uuid::Uuid;

/// Where the tests find Kafka.
const KAFKA: &str = "BOXOFFICE_TEST_KAFKA";

/// A database in a folder.
pub(crate) struct Database {
    pub(crate) store: Store,
    _folder: TempDir,
}

impl Database {
    /// A migrated one.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("boxoffice.db").display());
        let store = Store::connect(&DatabaseConfig::new(url)).await.unwrap();
        migrations::apply(store.connection()).await.unwrap();
        Self { store, _folder: folder }
    }

    /// Writes messages about a booking into the outbox, as its changes would.
    pub(crate) async fn tell(&self, number: u128, seqs: std::ops::RangeInclusive<i64>) {
        let booking_id = booking(number);
        let subject = MessageSubject {
            booking_id,
            customer_id: CustomerId::new(Uuid::from_u128(7)),
            partner_id: PartnerId::new(Uuid::from_u128(8)),
        };
        for seq in seqs {
            // Every other message goes to the other topic's neighbour: tickets and payments in turn.
            let message = if seq % 2 == 0 {
                Message::PaymentFailed {
                    payment_id: domain::ids::PaymentId::new(Uuid::from_u128(number)),
                    attempt: 1,
                    decline_code: "card_declined".to_owned(),
                }
            } else {
                Message::TicketIssued {
                    ticket_id: TicketId::new(Uuid::from_u128(number * 1_000 + seq.unsigned_abs() as u128)),
                    show_id: ShowId::new(Uuid::from_u128(1)),
                    seat_id: SeatId::new(Uuid::from_u128(2)),
                }
            };
            let values = [
                MessageId::for_sequence(&booking_id.to_string(), seq).to_string().into(),
                booking_id.to_string().into(),
                seq.into(),
                message.kind().into(),
                serde_json::to_string(&subject).unwrap().into(),
                serde_json::to_string(&message).unwrap().into(),
                i64::try_from(number % 16).unwrap().into(),
            ];
            let text = "insert into outbox (id, aggregate_kind, aggregate_id, seq, kind, subject, body, slot, \
                        occurred_at) values ($1, 'booking', $2, $3, $4, $5, $6, $7, 1700000000000)";
            let connection = self.store.connection();
            let statement = Statement::from_sql_and_values(connection.get_database_backend(), text, values);
            connection.execute_raw(statement).await.unwrap();
        }
    }
}

/// A booking of a test.
pub(crate) fn booking(number: u128) -> BookingId {
    BookingId::new(Uuid::from_u128(number))
}

/// Kafka with topics that nobody else uses.
pub(crate) async fn kafka() -> KafkaConfig {
    let brokers = std::env::var(KAFKA).expect("BOXOFFICE_TEST_KAFKA is not set: run the tests with `make test`");
    let prefix = format!("test-{}", Uuid::new_v4().simple());
    let of = |name: &str| format!("{prefix}-{name}");
    let topics = Topics {
        booking_events: of("booking-events"),
        payment_events: of("payment-events"),
        payment_results: of("payment-results"),
        booking_commands: of("booking-commands"),
        dead_letters: of("dead-letters"),
    };
    let config = KafkaConfig { brokers, prefix, topics, partitions: 3, replication: 1, options: Vec::new() };
    let mut made = config.make_topics().await.unwrap();
    made.sort_unstable();
    assert_eq!(made.len(), 5);
    assert_eq!(config.make_topics().await.unwrap(), Vec::<String>::new(), "they are there");
    config
}

/// A record as a reader gets it who reads what was committed.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) topic: String,
    pub(crate) key: String,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: BTreeMap<String, String>,
}

/// Reads until there are `count` records, and a moment longer: there must not be more.
pub(crate) async fn read(config: &KafkaConfig, topics: &[&str], count: usize) -> Vec<Record> {
    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", &config.brokers)
        .set("group.id", format!("reader-{}", Uuid::new_v4().simple()))
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    consumer.subscribe(topics).unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut records = Vec::new();
    loop {
        let patience = if records.len() < count { deadline - Instant::now() } else { Duration::from_millis(500) };
        let Ok(received) = tokio::time::timeout(patience, consumer.recv()).await else { break };
        let Ok(message) = received else { continue };
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap();
        records.push(Record {
            topic: message.topic().to_owned(),
            key: text(message.key()),
            body: message.payload().unwrap_or_default().to_vec(),
            headers: headers.map(|header| (header.key.to_owned(), text(header.value))).collect(),
        });
    }
    assert_eq!(records.len(), count, "{records:?}");
    records
}

/// Waits until something is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut so: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !so().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
