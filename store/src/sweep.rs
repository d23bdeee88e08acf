//! What a sweep looks for: bookings, attempts and refunds whose sagas should have moved them on.

use domain::ids::BookingId;
use domain::payment::IntentId;
use jiff::Timestamp;
use sea_orm::FromQueryResult;

use crate::Store;
use crate::column::RowOf;
use crate::error::StoreError;
use crate::statement::{bind, sql};

impl Store {
    /// Open bookings whose deadline was before a moment, the longest overdue first.
    pub async fn overdue_bookings(&self, deadline_before: Timestamp, limit: u32) -> Result<Vec<BookingId>, StoreError> {
        let text = "select id as booking_id from bookings where state in ('pending', 'awaiting_payment') \
                    and expires_at < $1 order by expires_at, id limit $2";
        let rows = sql(text, bind![deadline_before, i64::from(limit)]).all::<IdRow>(self.reader()).await?;
        rows.iter().map(IdRow::read).collect()
    }

    /// Attempts that were let go of with their outcome open, by booking; `after` is the last booking seen.
    pub async fn abandoned_attempts(
        &self,
        limit: u32,
        after: Option<BookingId>,
    ) -> Result<Vec<(BookingId, IntentId)>, StoreError> {
        #[derive(FromQueryResult)]
        struct AbandonedRow {
            booking_id: String,
            intent_id: String,
        }
        let text = "select booking_id, intent_id from payment_attempts where state = 'abandoned' \
                    and intent_id is not null and booking_id > $1 order by booking_id limit $2";
        // Every id is greater than no text at all.
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let rows = sql(text, bind![after, i64::from(limit)]).all::<AbandonedRow>(self.reader()).await?;
        let of = RowOf::new("payment_attempts", "with state abandoned");
        rows.into_iter()
            .map(|row| Ok((of.read(BookingId::parse(&row.booking_id))?, IntentId::new(row.intent_id))))
            .collect()
    }

    /// Bookings with a refund that was written down before a moment and is not settled, the oldest first.
    pub async fn open_refunds(&self, older_than: Timestamp, limit: u32) -> Result<Vec<BookingId>, StoreError> {
        let text = "select a.booking_id from refunds r join payment_attempts a \
                    on a.payment_id = r.payment_id and a.number = r.attempt_number \
                    where r.state in ('open', 'pending') and r.updated_at < $1 and a.booking_id is not null \
                    group by a.booking_id order by min(r.updated_at), a.booking_id limit $2";
        let rows = sql(text, bind![older_than, i64::from(limit)]).all::<IdRow>(self.reader()).await?;
        rows.iter().map(IdRow::read).collect()
    }
}

#[derive(FromQueryResult)]
struct IdRow {
    booking_id: String,
}

impl IdRow {
    fn read(&self) -> Result<BookingId, StoreError> {
        RowOf::new("bookings", &self.booking_id).read(BookingId::parse(&self.booking_id))
    }
}
