//! What a sweep looks for: bookings, attempts and refunds whose sagas should have moved them on, and shows that were
//! called off whose bookings somebody should have taken back.

use std::ops::Range;

use domain::ids::{BookingId, PartnerId, ShowId};
use domain::payment::IntentId;
use domain::show_cancel::ShowToCancel;
use jiff::Timestamp;
use sea_orm::FromQueryResult;

use crate::Store;
use crate::column::RowOf;
use crate::error::StoreError;
use crate::show_cancel::TO_CANCEL;
use crate::statement::{bind, placeholders, sql};

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

    /// Shows that were called off in a time and have bookings that are still to be taken back, in the order in which
    /// they were called off; `after` is the last one seen.
    pub async fn shows_to_cancel(
        &self,
        called_off: &Range<Timestamp>,
        after: Option<&ShowToCancel>,
        limit: u32,
    ) -> Result<Vec<ShowToCancel>, StoreError> {
        #[derive(FromQueryResult)]
        struct ShowRow {
            show_id: String,
            partner_id: String,
            called_off_at: i64,
        }
        // Counted, as a planner that is asked for any one booking may read the whole table until it has met one.
        let text = format!(
            "select s.id as show_id, s.partner_id, s.called_off_at from shows s where s.called_off_at is not null \
             and (s.called_off_at, s.id) > ($1, $2) and s.called_off_at < $3 and (select count(*) from bookings b \
             where b.show_id = s.id and b.state in ({})) > 0 order by s.called_off_at, s.id limit $4",
            placeholders(5, TO_CANCEL.len())
        );
        // Every id is greater than no text at all.
        let (from, last) =
            after.map_or((called_off.start, String::new()), |show| (show.called_off_at, show.show_id.to_string()));
        let mut values = bind![from, last, called_off.end, i64::from(limit)];
        for state in TO_CANCEL {
            values.extend(bind![state.name()]);
        }
        let rows = sql(text, values).all::<ShowRow>(self.reader()).await?;
        let read = |row: ShowRow| {
            let of = RowOf::new("shows", &row.show_id);
            Ok(ShowToCancel {
                show_id: of.read(ShowId::parse(&row.show_id))?,
                partner_id: of.read(PartnerId::parse(&row.partner_id))?,
                called_off_at: of.instant(row.called_off_at)?,
            })
        };
        rows.into_iter().map(read).collect()
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

impl Store {
    /// Ended bookings whose money is not settled, and bookings that wait for an operator, unchanged since `before`: their
    /// saga may have been terminated half-way.
    ///
    /// What a policy keeps of a cancelled booking looks like money that was forgotten, so those are found only for a
    /// while after they were cancelled.
    pub async fn unsettled_bookings(&self, before: Timestamp, limit: u32) -> Result<Vec<BookingId>, StoreError> {
        let text = format!(
            "select id as booking_id from ({UNSETTLED}) unsettled where updated_at is not null \
             order by updated_at, id limit $3"
        );
        let cancelled_since = domain::hold::later(before, -CANCELLED_SECONDS);
        let values = bind![before, cancelled_since, i64::from(limit)];
        let rows = sql(text, values).all::<IdRow>(self.reader()).await?;
        rows.iter().map(IdRow::read).collect()
    }
}

/// Each part has an index of its own that holds little else, so that nothing reads all that was ever sold or expired:
/// what waits for an operator, money that bought nothing, sales that were taken back, and what was cancelled lately.
///
/// What is looked up for each of them is a subquery with one value, which is never turned into a join: a planner that
/// cannot know how few they are would read a whole table for it.
const UNSETTLED: &str = "select b.id, b.updated_at from bookings b \
     where b.state = 'needs_attention' and b.updated_at < $1 \
     union select a.booking_id as id, (select b.updated_at from bookings b where b.id = a.booking_id \
     and b.state in ('expired', 'failed', 'cancelled') and b.updated_at < $1) as updated_at from payment_attempts a \
     where a.captured_minor > a.refunded_minor and a.bought = false \
     union select b.id, b.updated_at from bookings b where b.state in ('expired', 'failed') \
     and b.paid_by_attempt is not null and b.updated_at < $1 and (select count(*) from payment_attempts a \
     where a.booking_id = b.id and a.captured_minor > a.refunded_minor) > 0 \
     union select b.id, b.updated_at from bookings b where b.state = 'cancelled' and b.updated_at > $2 \
     and b.updated_at < $1 and (select count(*) from payment_attempts a \
     where a.booking_id = b.id and a.captured_minor > 0 and a.refunded_minor = 0) > 0";

/// For how long a cancelled booking that kept its money is looked at again.
const CANCELLED_SECONDS: i64 = 10 * 60;

#[derive(FromQueryResult)]
struct IdRow {
    booking_id: String,
}

impl IdRow {
    fn read(&self) -> Result<BookingId, StoreError> {
        RowOf::new("bookings", &self.booking_id).read(BookingId::parse(&self.booking_id))
    }
}
