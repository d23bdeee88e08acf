//! The form in which messages travel: CloudEvents 1.0 in JSON (structured mode), with the attributes by which a reader
//! tells repetitions and gaps.
//!
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>; `sequence` is the attribute of the extension of
//! that name, `partitionkey` that of the extension "Partitioning". The contract is `docs/messages`; see
//! [`schema`](crate::schema).

use domain::message::{Message, MessageSubject};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::OutboxMessage;

/// The version of CloudEvents that is written and understood.
pub const SPEC_VERSION: &str = "1.0";

/// The content type of a message, and of the Kafka record that carries it.
pub const CONTENT_TYPE: &str = "application/cloudevents+json; charset=UTF-8";

/// Who says what boxoffice publishes.
pub const SOURCE: &str = "boxoffice";

/// A message as it travels. Attributes that are not named here are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// [`SPEC_VERSION`].
    pub specversion: String,
    /// The id of the message: the same in every repetition, and with `source` unlike that of any other.
    pub id: String,
    /// Who says it; [`SOURCE`] for what boxoffice says.
    pub source: String,
    /// What kind of message it is, such as `BookingConfirmed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is about: for boxoffice's own messages the booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it happened (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// What `data` is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datacontenttype: Option<String>,
    /// 1 for the first message about the subject, without gaps over all topics; see [`sequence_text`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
    /// What the record is keyed by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitionkey: Option<String>,
    /// The fact itself.
    #[serde(default)]
    pub data: Map<String, Value>,
}

/// Why a text is not a message that can be acted on.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// It is no JSON object with the attributes of a CloudEvent.
    #[error("it is not a CloudEvent in JSON")]
    NotACloudEvent(#[source] serde_json::Error),
    /// It is one of a version that is not understood.
    #[error("its specversion is `{version}` and not {SPEC_VERSION}")]
    Version {
        /// The version.
        version: String,
    },
    /// Its data is not what its type has.
    #[error("its data is not that of a `{kind}`")]
    Data {
        /// Its type.
        kind: String,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A boxoffice message without a place among the others about its booking.
    #[error("its sequence is missing or no number")]
    Sequence,
}

/// A fact that boxoffice has published, as read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The id of the message.
    pub id: String,
    /// Its place among the messages about the booking.
    pub sequence: i64,
    /// Who and whose.
    pub subject: MessageSubject,
    /// What.
    pub message: Message,
    /// When.
    pub occurred_at: Timestamp,
}

impl Envelope {
    /// The envelope of a message of the outbox.
    pub fn of(message: &OutboxMessage) -> Result<Self, serde_json::Error> {
        let subject = message.booking_id.to_string();
        let mut data = object(serde_json::to_value(&message.subject)?);
        if let Some(fact) = object(serde_json::to_value(&message.message)?).remove("data") {
            data.extend(object(fact));
        }
        rename_reason(&mut data, REASON_STORED, REASON_PUBLISHED);
        Ok(Self {
            specversion: SPEC_VERSION.to_owned(),
            id: message.id.to_string(),
            source: SOURCE.to_owned(),
            kind: message.message.kind().to_owned(),
            subject: Some(subject.clone()),
            time: Some(message.occurred_at),
            datacontenttype: Some("application/json".to_owned()),
            sequence: Some(sequence_text(message.seq)),
            partitionkey: Some(subject),
            data,
        })
    }

    /// The message as it is sent.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads a message.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let envelope: Self = serde_json::from_slice(bytes).map_err(EnvelopeError::NotACloudEvent)?;
        if envelope.specversion != SPEC_VERSION {
            return Err(EnvelopeError::Version { version: envelope.specversion });
        }
        Ok(envelope)
    }

    /// By what a repetition of the message is known, whoever says it.
    pub fn identity(&self) -> String {
        if self.source == SOURCE { self.id.clone() } else { format!("{}#{}", self.source, self.id) }
    }

    /// The data as `T`.
    pub fn data<T: for<'de> Deserialize<'de>>(&self) -> Result<T, EnvelopeError> {
        let data = Value::Object(self.data.clone());
        serde_json::from_value(data).map_err(|source| EnvelopeError::Data { kind: self.kind.clone(), source })
    }

    /// The fact that boxoffice says with it; none if it is of a kind that this version does not know, which is no
    /// error: a newer version may say more.
    pub fn fact(&self) -> Result<Option<Fact>, EnvelopeError> {
        if !Message::KINDS.contains(&self.kind.as_str()) {
            return Ok(None);
        }
        let wrong = |source| EnvelopeError::Data { kind: self.kind.clone(), source };
        let subject: MessageSubject = self.data()?;
        let mut data = self.data.clone();
        rename_reason(&mut data, REASON_PUBLISHED, REASON_STORED);
        let mut tagged = Map::new();
        tagged.insert("type".to_owned(), Value::from(self.kind.clone()));
        tagged.insert("data".to_owned(), Value::Object(data));
        let message: Message = serde_json::from_value(Value::Object(tagged)).map_err(wrong)?;
        let sequence = self.sequence.as_deref().and_then(|text| text.parse().ok()).ok_or(EnvelopeError::Sequence)?;
        let occurred_at = self.time.unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(Some(Fact { id: self.id.clone(), sequence, subject, message, occurred_at }))
    }
}

/// A sequence as it is written: padded, because the extension wants the texts to be in the order of the numbers.
///
/// <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/extensions/sequence.md>
pub fn sequence_text(sequence: i64) -> String {
    format!("{sequence:010}")
}

/// What the reason of a failed booking calls the seats, in the database and in histories.
const REASON_STORED: &str = "seat_ids";

/// What it calls them in messages, whose fields are all written alike.
const REASON_PUBLISHED: &str = "seatIds";

fn rename_reason(data: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(Value::Object(reason)) = data.get_mut("reason")
        && let Some(seats) = reason.remove(from)
    {
        reason.insert(to.to_owned(), seats);
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _other => Map::new(),
    }
}
