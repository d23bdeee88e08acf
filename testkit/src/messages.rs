//! The contract of the messages, held against everything that a test has made boxoffice say.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::ids::{BookingId, MessageId};
use domain::message::Message;
use jiff::Timestamp;
use jsonschema::Validator;
use messaging::envelope::Envelope;
use messaging::schema;
use sea_orm::{DatabaseConnection, FromQueryResult, Statement};
use store::{DatabaseConfig, OutboxMessage, Store};

/// The schemas, closed: a field that no document names is a fault.
static SCHEMAS: LazyLock<BTreeMap<&str, Validator>> = LazyLock::new(|| {
    let validator = |kind| {
        let schema = schema::closed(schema::whole(kind).unwrap_or_else(|| panic!("{kind} has no schema")));
        jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
    };
    Message::KINDS.into_iter().map(|kind| (kind, validator(kind))).collect()
});

#[derive(FromQueryResult)]
struct Row {
    id: String,
    aggregate_id: String,
    seq: i64,
    slot: i32,
    subject: String,
    body: String,
    occurred_at: i64,
}

/// Checks every message of a database, published or not; panics with the first that is not as documented.
pub async fn check(database: &DatabaseConfig) {
    if let Some((booking_id, what)) = complaints(database).await.first() {
        panic!("booking {booking_id}: {what}");
    }
}

/// Every message of a database, published or not, that is not as documented: about which booking, and what is wrong.
pub async fn complaints(database: &DatabaseConfig) -> Vec<(BookingId, String)> {
    let store = Store::connect(database).await.unwrap();
    let messages: Vec<OutboxMessage> = rows(store.connection()).await.into_iter().map(OutboxMessage::from).collect();
    store.close().await.unwrap();
    messages.iter().filter_map(|message| Some((message.booking_id, complaint(message)?))).collect()
}

/// All of them, and not what the store would tell: relays mark what they have published at any moment.
async fn rows(database: &DatabaseConnection) -> Vec<Row> {
    let text = "select id, aggregate_id, seq, slot, subject, body, occurred_at from outbox order by aggregate_id, seq";
    let all = Statement::from_string(database.get_database_backend(), text);
    Row::find_by_statement(all).all(database).await.unwrap()
}

fn complaint(message: &OutboxMessage) -> Option<String> {
    let kind = message.message.kind();
    let envelope = Envelope::of(message).unwrap();
    let event = serde_json::to_value(&envelope).unwrap();
    let complaints: Vec<_> =
        SCHEMAS[kind].iter_errors(&event).map(|error| format!("{}: {error}", error.instance_path())).collect();
    if !complaints.is_empty() {
        let complaints = complaints.join("\n");
        return Some(format!(
            "message {} is not as docs/messages/{kind}.schema.json says:\n{complaints}\n{event:#}",
            message.seq
        ));
    }
    let read = envelope.fact().unwrap().map(|fact| fact.message);
    (read.as_ref() != Some(&message.message)).then(|| format!("message {} is read as {read:?}", message.seq))
}

impl From<Row> for OutboxMessage {
    fn from(row: Row) -> Self {
        Self {
            id: MessageId::parse(&row.id).unwrap(),
            booking_id: BookingId::parse(&row.aggregate_id).unwrap(),
            seq: row.seq,
            slot: row.slot,
            subject: serde_json::from_str(&row.subject).unwrap(),
            message: serde_json::from_str(&row.body).unwrap(),
            occurred_at: Timestamp::from_millisecond(row.occurred_at).unwrap(),
        }
    }
}
