//! The streams in Redis, shared by all processes: one capped stream per show, `<prefix>:{<show>}:changes`.

use std::sync::LazyLock;
use std::time::Duration;

use ::redis::streams::StreamId;
use ::redis::{Script, Value};
use async_trait::async_trait;
use domain::ids::ShowId;
use domain::show_seat::SeatStatus;
use tokio::time::{Instant, sleep};

use super::{ChangesError, KEPT, Position, Publication, Published, SeatChanges};
use crate::redis_connection::{RedisConnection, RedisFault};

/// How often a stream is looked at by a process that follows it. A blocking read would keep a connection to itself per
/// show; one look is one call on the connection that all share, and costs Redis some microseconds.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a stream stays after its last publication.
const STAYS: Duration = Duration::from_secs(24 * 60 * 60);

static PUBLISH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("publish.lua")));
static POSITION: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("position.lua")));
static AFTER: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("after.lua")));

/// The streams of all shows in Redis.
pub struct RedisChanges {
    connection: RedisConnection,
}

impl RedisChanges {
    /// Streams on a connection.
    pub fn new(connection: RedisConnection) -> Self {
        Self { connection }
    }

    fn key(&self, show_id: ShowId) -> String {
        self.connection.show_key(show_id, "changes")
    }

    /// None where the position is not known.
    async fn look(&self, show_id: ShowId, position: &Position) -> Result<Option<Vec<Publication>>, ChangesError> {
        let mut call = AFTER.key(self.key(show_id));
        let call = call.arg(position.as_str());
        let answer: Value = self.connection.call(|mut link| async move { call.invoke_async(&mut link).await }).await?;
        // Redis knows no false: it answers nil.
        if matches!(answer, Value::Nil | Value::Boolean(false)) {
            return Ok(None);
        }
        let entries: Vec<StreamId> = read_entries(answer).map_err(RedisFault::Failed)?;
        Ok(Some(entries.iter().filter_map(|entry| read(show_id, entry)).collect()))
    }
}

#[async_trait]
impl SeatChanges for RedisChanges {
    async fn publish(&self, show_id: ShowId, seats: &[SeatStatus]) -> Result<(), ChangesError> {
        let text = serde_json::to_string(seats).map_err(|error| ChangesError::Unavailable(Box::new(error)))?;
        let mut call = PUBLISH.key(self.key(show_id));
        let call = call.arg(text).arg(KEPT).arg(stays());
        let _id: String = self.connection.call(|mut link| async move { call.invoke_async(&mut link).await }).await?;
        Ok(())
    }

    async fn position(&self, show_id: ShowId) -> Result<Position, ChangesError> {
        let mut call = POSITION.key(self.key(show_id));
        let call = call.arg(stays());
        let newest: String = self.connection.call(|mut link| async move { call.invoke_async(&mut link).await }).await?;
        Position::parse(&newest).ok_or_else(|| ChangesError::Unavailable(format!("{newest} is no position").into()))
    }

    async fn after(&self, show_id: ShowId, position: &Position, wait: Duration) -> Result<Published, ChangesError> {
        let deadline = Instant::now() + wait;
        loop {
            match self.look(show_id, position).await? {
                None => return Ok(Published::Unknown),
                Some(found) if !found.is_empty() => return Ok(Published::Since(found)),
                Some(_) => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Published::Since(Vec::new()));
            }
            sleep(LOOK_EVERY.min(left)).await;
        }
    }
}

fn stays() -> u64 {
    u64::try_from(STAYS.as_millis()).unwrap_or(u64::MAX)
}

/// What a range of a stream has, oldest first.
fn read_entries(answer: Value) -> Result<Vec<StreamId>, ::redis::RedisError> {
    let range: ::redis::streams::StreamRangeReply = ::redis::from_redis_value(answer)?;
    Ok(range.ids)
}

/// One publication. What nobody of ours has written is passed over.
fn read(show_id: ShowId, entry: &StreamId) -> Option<Publication> {
    let position = Position::parse(&entry.id);
    let seats = entry.get::<String>("seats").and_then(|text| serde_json::from_str(&text).ok());
    if position.is_none() || seats.is_none() {
        tracing::warn!(show.id = %show_id, entry = entry.id, "a publication of changed seats cannot be read");
    }
    Some(Publication { position: position?, seats: seats? })
}

impl From<RedisFault> for ChangesError {
    fn from(fault: RedisFault) -> Self {
        Self::Unavailable(Box::new(fault))
    }
}
