//! What consumers of messages have seen: the mark that makes acting on a message twice harmless, where they are in the
//! log of the embedded mode, and the letters that were dead.

use jiff::{SignedDuration, Timestamp};
use sea_orm::FromQueryResult;

use crate::Store;
use crate::column::RowOf;
use crate::error::StoreError;
use crate::pool::Session;
use crate::relay::LogPosition;
use crate::statement::{bind, sql};

/// For how long it is remembered that a message was seen. Kafka keeps messages for a week unless it is told otherwise,
/// so that none comes again after this.
const REMEMBER_DAYS: i64 = 30;
const HOURS_PER_DAY: i64 = 24;

/// A message that no consumer can act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The consumer that gave it up.
    pub consumer: String,
    /// By what the message is known.
    pub message_id: String,
    /// Why.
    pub reason: String,
    /// The message as it came.
    pub body: String,
    /// When it was given up.
    pub died_at: Timestamp,
}

/// Marks a message as seen by a consumer; false if it was marked before.
pub(crate) async fn mark(
    db: &impl Session,
    consumer: &str,
    message_id: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let text = "insert into consumed_messages (consumer, message_id, consumed_at) values ($1, $2, $3) \
                on conflict do nothing";
    Ok(sql(text, bind![consumer, message_id, now]).run(db).await? == 1)
}

impl Store {
    /// Whether a consumer has acted on a message.
    pub async fn has_consumed(&self, consumer: &str, message_id: &str) -> Result<bool, StoreError> {
        let text = "select count(*) as count from consumed_messages where consumer = $1 and message_id = $2";
        Ok(sql(text, bind![consumer, message_id]).count(self.writer()).await? > 0)
    }

    /// Writes down that a consumer has acted on a message.
    pub async fn mark_consumed(&self, consumer: &str, message_id: &str, now: Timestamp) -> Result<(), StoreError> {
        mark(self.writer(), consumer, message_id, now).await.map(|_first| ())
    }

    /// Forgets what was seen so long ago that it cannot come again; answers how many messages that was.
    pub async fn forget_consumed(&self, now: Timestamp) -> Result<u64, StoreError> {
        let before = now.saturating_sub(SignedDuration::from_hours(REMEMBER_DAYS * HOURS_PER_DAY));
        let text = "delete from consumed_messages where consumed_at < $1";
        sql(text, bind![before.unwrap_or(Timestamp::MIN)]).run(self.writer()).await
    }

    /// Where a consumer is in the log.
    pub async fn consumer_position(&self, consumer: &str) -> Result<LogPosition, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            slot: i32,
            position: i64,
        }
        let text = "select slot, position from consumer_positions where consumer = $1";
        let rows = sql(text, bind![consumer]).all::<Row>(self.writer()).await?;
        let mut position = LogPosition::START;
        for row in rows {
            if let Some(number) = usize::try_from(row.slot).ok().and_then(|slot| position.0.get_mut(slot)) {
                *number = row.position;
            }
        }
        Ok(position)
    }

    /// Writes down where a consumer is in the log.
    pub async fn move_consumer(&self, consumer: &str, position: &LogPosition) -> Result<(), StoreError> {
        let rows: Vec<String> =
            (0..).zip(position.0).map(|(slot, number): (i32, i64)| format!("($1, {slot}, {number})")).collect();
        let text = format!(
            "insert into consumer_positions (consumer, slot, position) values {} \
             on conflict (consumer, slot) do update set position = excluded.position",
            rows.join(", ")
        );
        sql(text, bind![consumer]).run(self.writer()).await?;
        Ok(())
    }

    /// Keeps a message that a consumer has given up, once.
    pub async fn bury(&self, letter: &DeadLetter) -> Result<(), StoreError> {
        let DeadLetter { consumer, message_id, reason, body, died_at } = letter;
        let text = "insert into dead_letters (consumer, message_id, reason, body, died_at) \
                    values ($1, $2, $3, $4, $5) on conflict do nothing";
        sql(text, bind![*consumer, *message_id, *reason, *body, *died_at]).run(self.writer()).await?;
        Ok(())
    }

    /// The newest messages that were given up.
    pub async fn dead_letters(&self, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            consumer: String,
            message_id: String,
            reason: String,
            body: String,
            died_at: i64,
        }
        let text = "select consumer, message_id, reason, body, died_at from dead_letters \
                    order by died_at desc, consumer, message_id limit $1";
        let rows = sql(text, bind![i64::from(limit)]).all::<Row>(self.reader()).await?;
        rows.into_iter()
            .map(|row| {
                let died_at = RowOf::new("dead_letters", &row.message_id).instant(row.died_at)?;
                let Row { consumer, message_id, reason, body, .. } = row;
                Ok(DeadLetter { consumer, message_id, reason, body, died_at })
            })
            .collect()
    }
}
