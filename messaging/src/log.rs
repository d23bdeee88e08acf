//! Listening where there is no Kafka: the published part of the outbox is the log, and one process reads it for all of
//! its consumers.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use store::{DeadLetter, LogPosition, OutboxMessage, PublishedMessage, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::acting::{Ending, act};
use crate::consumer::Consumer;
use crate::envelope::Envelope;
use crate::relay::{PublishFault, Publisher, SlotPublisher};

/// How many messages are read at once.
const PAGE: u32 = 200;
/// How often the log is looked at while nothing comes.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The pause after the database was away.
const PAUSE: Duration = Duration::from_secs(2);

/// Publishes by the mark of the outbox alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutboxLog;

#[async_trait]
impl Publisher for OutboxLog {
    async fn open(&self, _slot: i32) -> Result<Box<dyn SlotPublisher>, PublishFault> {
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl SlotPublisher for OutboxLog {
    async fn publish(&mut self, _batch: &Arc<[OutboxMessage]>) -> Result<(), PublishFault> {
        Ok(())
    }
}

/// Acts on everything that is published until `stop` is cancelled. One process may, at a time, for a consumer.
pub async fn listen(store: &Store, consumer: Arc<dyn Consumer>, stop: CancellationToken) {
    let mut position = None;
    while !stop.is_cancelled() {
        let pause = match read_on(store, consumer.as_ref(), &mut position, &stop).await {
            Ok(0) => LOOK_EVERY,
            Ok(_) => continue,
            Err(error) => {
                let (name, error): (_, &dyn Error) = (consumer.name(), &error);
                tracing::warn!(consumer = name, error, "the log of messages cannot be read for now");
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Acts on the next page; answers how many messages are over.
async fn read_on(
    store: &Store,
    consumer: &dyn Consumer,
    place: &mut Option<LogPosition>,
    stop: &CancellationToken,
) -> Result<usize, StoreError> {
    let mut position = match *place {
        Some(position) => position,
        None => store.consumer_position(consumer.name()).await?,
    };
    let page = store.published_messages(&position, PAGE).await?;
    let mut over = 0;
    for message in &page {
        if !finish(store, consumer, message, stop).await? {
            break;
        }
        position.pass(message);
        over += 1;
    }
    if over > 0 {
        store.move_consumer(consumer.name(), &position).await?;
    }
    *place = Some(position);
    Ok(over)
}

async fn finish(
    store: &Store,
    consumer: &dyn Consumer,
    message: &PublishedMessage,
    stop: &CancellationToken,
) -> Result<bool, StoreError> {
    let message = &message.message;
    let body = Envelope::of(message).and_then(|envelope| envelope.to_bytes()).map_err(StoreError::Unwritable)?;
    match act(consumer, &body, stop).await {
        Ending::Over => Ok(true),
        Ending::Stopped => Ok(false),
        Ending::Dead(reason) => {
            let letter = DeadLetter {
                consumer: consumer.name().to_owned(),
                message_id: message.id.to_string(),
                reason,
                body: String::from_utf8_lossy(&body).into_owned(),
                died_at: Timestamp::now(),
            };
            store.bury(&letter).await?;
            Ok(true)
        }
    }
}
