//! The contract of the messages, for those who listen or send: a JSON Schema (2020-12) of the whole CloudEvent for each
//! type. Knows no validator: what boxoffice reads is judged by its own types.
//!
//! The schemas say nothing against what they do not name, because a message may come to say more. Whoever wants to
//! notice just that has them [`closed`].

use serde_json::{Map, Value};

/// The parts that the schemas share, to which they refer by [`COMMON_NAME`].
pub const COMMON: &str = include_str!("../../docs/messages/common.schema.json");

/// What the file with the shared parts is called, next to the others.
pub const COMMON_NAME: &str = "common.schema.json";

macro_rules! schemas {
    ($($kind:literal),* $(,)?) => {
        [$(($kind, include_str!(concat!("../../docs/messages/", $kind, ".schema.json")))),*]
    };
}

/// What boxoffice publishes: the types and their schemas.
pub const PUBLISHED: [(&str, &str); 15] = schemas![
    "BookingCreated",
    "BookingConfirmed",
    "BookingCancelled",
    "BookingExpired",
    "BookingFailed",
    "BookingNeedsAttention",
    "PaymentRequested",
    "PaymentConfirmed",
    "PaymentFailed",
    "PaymentCancellationRequested",
    "RefundRequested",
    "PaymentRefunded",
    "RefundFailed",
    "TicketIssued",
    "TicketVoided",
];

/// What others send to boxoffice: the types and their schemas.
pub const RECEIVED: [(&str, &str); 3] = schemas!["CancelBooking", "payment_processed", "refund_processed"];

/// The schema of a type, as in its file; it refers to [`COMMON`].
pub fn text_of(kind: &str) -> Option<&'static str> {
    PUBLISHED.iter().chain(&RECEIVED).find(|(known, _)| *known == kind).map(|(_, text)| *text)
}

/// The schema of a type with the shared parts in it, so that nothing else has to be looked up.
pub fn whole(kind: &str) -> Option<Value> {
    let mut schema: Map<String, Value> = serde_json::from_str(text_of(kind)?).ok()?;
    let mut common: Map<String, Value> = serde_json::from_str(COMMON).ok()?;
    // An embedded schema is found by its `$id` (JSON Schema 2020-12, core, section 9.3). As files they have none, so that
    // the one is looked for where the other lies.
    common.insert("$id".to_owned(), Value::from(COMMON_NAME));
    schema.insert("$defs".to_owned(), Value::Object(Map::from_iter([("common".to_owned(), Value::Object(common))])));
    Some(Value::Object(schema))
}

/// The schema with every object in it closed: it refuses fields and attributes that are not documented.
pub fn closed(schema: Value) -> Value {
    match schema {
        Value::Object(map) => {
            // What has no `type` is a part of an object and must not judge the other parts.
            let whole = map.get("type").is_some_and(|kind| kind == "object");
            let mut map: Map<_, _> = map.into_iter().map(|(name, part)| (name, closed(part))).collect();
            if whole {
                map.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
            }
            Value::Object(map)
        }
        Value::Array(parts) => Value::Array(parts.into_iter().map(closed).collect()),
        other => other,
    }
}
