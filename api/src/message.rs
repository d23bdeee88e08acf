//! Messages over HTTP: for operators, and for those who try boxoffice without a Kafka.

use app::listing::PAGE_ITEMS;
use app::message::MessageFeed;
use app::{App, DeadLetter};
use messaging::envelope::Envelope;
use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use serde_json::Value;

use crate::auth::Authenticated;
use crate::moment::Moment;
use crate::refusal::{Refusal, Watching};
use crate::tags::Tag;

/// The operations on messages.
pub struct MessageRoutes;

/// Messages in the order of their publication.
#[derive(Debug, Object)]
#[oai(rename = "MessageFeed", rename_all = "camelCase")]
pub struct MessageFeedOut {
    /// The messages: CloudEvents, the same as on Kafka. None where all has been read.
    pub items: Vec<Any<Value>>,
    /// What to send as `cursor` to read on, now or when more has been published.
    pub next_cursor: String,
}

/// Messages that were given up.
#[derive(Debug, Object)]
#[oai(rename = "DeadLetters", rename_all = "camelCase")]
pub struct DeadLettersOut {
    /// The messages, newest first.
    pub items: Vec<DeadLetterOut>,
}

/// A message that a consumer could not act on.
#[derive(Debug, Object)]
#[oai(rename = "DeadLetter", rename_all = "camelCase")]
pub struct DeadLetterOut {
    /// The consumer that gave it up.
    pub consumer: String,
    /// The message's id.
    pub message_id: String,
    /// Why.
    pub reason: String,
    /// The message as it came.
    pub body: String,
    /// When it was given up.
    pub died_at: Moment,
}

#[OpenApi(prefix_path = "/api/v1/admin", tag = "Tag::Admin")]
impl MessageRoutes {
    /// Read what was published
    ///
    /// Messages about one booking come in their order, each once. The cursor of an answer is good for ever: asked with
    /// it again, the service answers what has been published since.
    #[oai(path = "/messages", method = "get", operation_id = "listMessages")]
    async fn messages(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// How many at most, 1 to 200; 50 if it is not said.
        limit: Query<Option<u32>>,
        /// The `nextCursor` of the answer before; from the first message on if it is not said.
        cursor: Query<Option<String>>,
    ) -> Result<Json<MessageFeedOut>, Refusal<Watching>> {
        Ok(Json(app.published_messages(&caller, cursor.0, limit.unwrap_or(PAGE_ITEMS)).await?.into()))
    }

    /// List messages that nobody could act on
    ///
    /// Where there is a Kafka they are in its topic for dead letters instead.
    #[oai(path = "/dead-letters", method = "get", operation_id = "listDeadLetters")]
    async fn dead_letters(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// How many at most, 1 to 200; 50 if it is not said.
        limit: Query<Option<u32>>,
    ) -> Result<Json<DeadLettersOut>, Refusal<Watching>> {
        let letters = app.dead_letters(&caller, limit.unwrap_or(PAGE_ITEMS)).await?;
        Ok(Json(DeadLettersOut { items: letters.into_iter().map(DeadLetterOut::from).collect() }))
    }
}

impl From<MessageFeed> for MessageFeedOut {
    fn from(feed: MessageFeed) -> Self {
        let MessageFeed { items, next_cursor } = feed;
        let event = |message| Envelope::of(message).and_then(serde_json::to_value);
        // What was read as JSON can be written as JSON.
        let items = items.iter().map(|it| Any(event(&it.message).unwrap_or_default())).collect();
        Self { items, next_cursor }
    }
}

impl From<DeadLetter> for DeadLetterOut {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter { consumer, message_id, reason, body, died_at } = letter;
        Self { consumer, message_id, reason, body, died_at: died_at.into() }
    }
}
