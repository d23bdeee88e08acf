//! The outbox: messages written in the transaction of the change, numbered without gaps for each booking.

use domain::ids::{BookingId, MessageId};
use domain::message::{Message, MessageSubject};
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::booking::StoredBooking;
use crate::column::{RowOf, json_text};
use crate::error::StoreError;
use crate::statement::{bind, placeholder_rows, sql};

/// How many parts the outbox has for relays to share.
pub const OUTBOX_SLOTS: u64 = 16;

/// The columns of a message.
pub(crate) const COLUMNS: &str = "id, aggregate_id, seq, slot, subject, body, occurred_at";

/// A message as the outbox has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// Its id; the same however often it is published.
    pub id: MessageId,
    /// The booking it is about.
    pub booking_id: BookingId,
    /// 1 for the booking's first message; without gaps.
    pub seq: i64,
    /// The part of the outbox it belongs to, 0 to 15; all messages about a booking are in one.
    pub slot: i32,
    /// What every message about the booking says of it.
    pub subject: MessageSubject,
    /// The fact.
    pub message: Message,
    /// When it became one.
    pub occurred_at: Timestamp,
}

impl Store {
    /// Messages that nobody has published yet, in order within each booking.
    pub async fn unpublished_messages(&self, limit: u32) -> Result<Vec<OutboxMessage>, StoreError> {
        let text = format!(
            "select {COLUMNS} from outbox where published_at is null order by slot, aggregate_id, seq limit $1"
        );
        let rows = sql(text, bind![i64::from(limit)]).all::<OutboxRow>(self.reader()).await?;
        rows.into_iter().map(OutboxMessage::try_from).collect()
    }
}

/// Writes the messages that follow the last one of `booking`.
pub(crate) async fn insert(
    tx: &DatabaseTransaction,
    booking: &StoredBooking,
    messages: &[Message],
    now: Timestamp,
) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let aggregate = booking.id.to_string();
    let subject = json_text(&booking.subject())?;
    let mut values = Vec::new();
    for (seq, message) in (booking.last_seq + 1..).zip(messages) {
        values.extend(bind![
            MessageId::for_sequence(&aggregate, seq),
            "booking",
            aggregate,
            seq,
            message.kind(),
            subject,
            json_text(message)?,
            slot(&aggregate),
            now,
        ]);
    }
    let text = format!(
        "insert into outbox (id, aggregate_kind, aggregate_id, seq, kind, subject, body, slot, occurred_at) values {}",
        placeholder_rows(messages.len(), 9)
    );
    sql(text, values).run(tx).await?;
    Ok(())
}

/// The part of the outbox that an aggregate belongs to, by FNV-1a (RFC 9923), which is the same in every version.
fn slot(aggregate: &str) -> i64 {
    let hash = aggregate
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    i64::try_from(hash % OUTBOX_SLOTS).unwrap_or_default()
}

/// A row of `outbox`.
#[derive(FromQueryResult)]
pub(crate) struct OutboxRow {
    pub(crate) id: String,
    pub(crate) aggregate_id: String,
    pub(crate) seq: i64,
    pub(crate) slot: i32,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) occurred_at: i64,
}

impl TryFrom<OutboxRow> for OutboxMessage {
    type Error = StoreError;

    fn try_from(row: OutboxRow) -> Result<Self, StoreError> {
        let of = RowOf::new("outbox", &row.id);
        Ok(Self {
            id: of.read(MessageId::parse(&row.id))?,
            booking_id: of.read(BookingId::parse(&row.aggregate_id))?,
            seq: row.seq,
            slot: row.slot,
            subject: of.json(&row.subject)?,
            message: of.json(&row.body)?,
            occurred_at: of.instant(row.occurred_at)?,
        })
    }
}
