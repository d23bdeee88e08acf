//! Calling a show off, the bookings that are to be taken back for it, and how far that has come.

use domain::booking_state::BookingState;
use domain::ids::{BookingId, ShowId};
use domain::money::{Currency, Money};
use domain::show_cancel::{BookingCounts, CallOff, RefundSums, ShowCancellation};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, FromQueryResult};

use crate::Store;
use crate::column::{RowOf, rounded};
use crate::error::StoreError;
use crate::statement::{bind, sql};

/// The states of bookings that are taken back when their show is called off. One that waits for an operator is left to
/// them.
pub(crate) const TO_CANCEL: [BookingState; 3] =
    [BookingState::Pending, BookingState::AwaitingPayment, BookingState::Confirmed];

impl Store {
    /// Calls a show off, from when on nothing of it is sold or confirmed; false if it was called off before, or there is
    /// no such show. Who was first, and why, stays.
    pub async fn call_off_show(&self, order: &CallOff, now: Timestamp) -> Result<bool, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = call_off(&tx, order, now).await;
            (tx, done)
        })
        .await
    }

    /// How far the cancellation of a show has come; none if it was not called off.
    pub async fn cancellation_of(&self, show_id: ShowId) -> Result<Option<ShowCancellation>, StoreError> {
        #[derive(FromQueryResult)]
        struct CalledOff {
            called_off_at: i64,
            called_off_reason: Option<String>,
            currency: String,
        }
        let text = "select called_off_at, called_off_reason, currency from shows \
                    where id = $1 and called_off_at is not null";
        let Some(row) = sql(text, bind![show_id]).one::<CalledOff>(self.reader()).await? else { return Ok(None) };
        let id = show_id.to_string();
        let of = RowOf::new("shows", &id);
        let called_off_at = of.instant(row.called_off_at)?;
        let currency = of.read(Currency::parse(&row.currency))?;
        // The bookings first: one that comes to its end between the two readings still counts as open, and its money as
        // pending. The other way round it would be neither, and the cancellation done too soon.
        let bookings = self.bookings_by_state(show_id).await?;
        let refunds = self.refunds_since(show_id, called_off_at, currency).await?;
        Ok(Some(ShowCancellation { show_id, called_off_at, reason: row.called_off_reason, bookings, refunds }))
    }

    /// The next bookings that are to be taken back for a show, by their ids; none for one that was not called off.
    pub async fn bookings_to_cancel(
        &self,
        show_id: ShowId,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<BookingId>, StoreError> {
        #[derive(FromQueryResult)]
        struct IdRow {
            booking_id: String,
        }
        // One state at a time, so that each statement reads on in the index where the last one ended.
        let text = "select id as booking_id from bookings where show_id = $1 and state = $2 and id > $3 \
                    and (select s.called_off_at from shows s where s.id = $1) is not null order by id limit $4";
        // Every id is greater than no text at all.
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let mut ids = Vec::new();
        for state in TO_CANCEL {
            let values = bind![show_id, state.name(), after, i64::from(limit)];
            for IdRow { booking_id } in sql(text, values).all::<IdRow>(self.reader()).await? {
                ids.push(RowOf::new("bookings", &booking_id).read(BookingId::parse(&booking_id))?);
            }
        }
        ids.sort_unstable();
        // A booking that moved on between two statements was found twice.
        ids.dedup();
        ids.truncate(limit as usize);
        Ok(ids)
    }

    async fn bookings_by_state(&self, show_id: ShowId) -> Result<BookingCounts, StoreError> {
        #[derive(FromQueryResult)]
        struct StateRow {
            state: String,
            count: i64,
        }
        let text = "select state, count(*) as count from bookings where show_id = $1 group by state";
        let mut counts = BookingCounts::default();
        for StateRow { state, count } in sql(text, bind![show_id]).all::<StateRow>(self.reader()).await? {
            counts.all += count;
            if TO_CANCEL.iter().any(|open| open.name() == state) {
                counts.open += count;
            }
            match state.as_str() {
                "cancelled" => counts.cancelled += count,
                "needs_attention" => counts.needs_attention += count,
                _ => {}
            }
        }
        Ok(counts)
    }

    /// What was collected for bookings that have ended since a moment, and what of it the provider has given back. Each
    /// booking is asked by itself: a planner that cannot know how few they are would read whole tables for them. Those
    /// that are alike come as one row.
    async fn refunds_since(
        &self,
        show_id: ShowId,
        since: Timestamp,
        currency: Currency,
    ) -> Result<RefundSums, StoreError> {
        #[derive(FromQueryResult)]
        struct Alike {
            captured: i64,
            given_back: i64,
            failed: i64,
            bookings: i64,
        }
        let text = "select m.captured, m.given_back, m.failed, count(*) as bookings from (select \
                    coalesce(cast((select sum(a.captured_minor) from payment_attempts a where a.booking_id = b.id) \
                    as bigint), 0) as captured, \
                    coalesce(cast((select sum(r.amount_minor) from payment_attempts a join refunds r \
                    on r.payment_id = a.payment_id and r.attempt_number = a.number \
                    where a.booking_id = b.id and r.state = 'succeeded') as bigint), 0) as given_back, \
                    coalesce(cast((select sum(r.amount_minor) from payment_attempts a join refunds r \
                    on r.payment_id = a.payment_id and r.attempt_number = a.number \
                    where a.booking_id = b.id and r.state = 'failed') as bigint), 0) as failed \
                    from bookings b where b.show_id = $1 and b.state in ('cancelled', 'expired', 'failed') \
                    and b.closed_at >= $2) m group by m.captured, m.given_back, m.failed";
        let mut sums = RefundSums::none(currency);
        for row in sql(text, bind![show_id, since]).all::<Alike>(self.reader()).await? {
            let like = RefundSums::of(Money::new(row.captured, currency), row.given_back, row.failed);
            sums = sums.with(row.bookings, like);
        }
        Ok(sums)
    }
}

async fn call_off(tx: &DatabaseTransaction, order: &CallOff, now: Timestamp) -> Result<bool, StoreError> {
    // A sale or a cancellation that is under way keeps the show as it is until it ends; those that come after it see it
    // called off.
    let alone = gate(tx, "pg_advisory_xact_lock");
    let text = format!(
        "update shows set state = 'cancelled', version = version + 1 where id = $1 and called_off_at is null{alone}"
    );
    if sql(text, bind![order.show_id]).run(tx).await? == 0 {
        return Ok(false);
    }
    // Who has taken theirs back by then did so before, whatever another machine's clock says.
    let at = after_cancellations(tx, order.show_id).await?.map_or(now, |earliest| now.max(earliest));
    let text = "update shows set called_off_at = $2, called_off_by = $3, called_off_reason = $4 where id = $1";
    Ok(sql(text, bind![order.show_id, at, order.by, order.reason]).run(tx).await? == 1)
}

/// The first moment after the last cancellation of a booking of a show, if there was one.
async fn after_cancellations(tx: &DatabaseTransaction, show_id: ShowId) -> Result<Option<Timestamp>, StoreError> {
    #[derive(FromQueryResult)]
    struct Last {
        last_closed_at: Option<i64>,
    }
    let text = "select max(closed_at) as last_closed_at from bookings where show_id = $1 \
                and state in ('cancelled', 'needs_attention')";
    let row = sql(text, bind![show_id]).one::<Last>(tx).await?;
    let after = row.and_then(|row| row.last_closed_at).map(|last| last.saturating_add(1));
    let id = show_id.to_string();
    RowOf::new("bookings", &id).instant_or_none(after)
}

/// What makes a select of one show, `shows s` with the id `$1`, keep it from being called off until the end of the
/// transaction.
pub(crate) fn keep_on(tx: &DatabaseTransaction) -> String {
    match tx.get_database_backend() {
        DbBackend::Postgres => format!("{} for share of s", gate(tx, "pg_advisory_xact_lock_shared")),
        _ => String::new(),
    }
}

/// A condition that is met once a transaction has passed the gate of the show with the id `$1`: those who keep it on pass
/// together, who calls it off passes alone.
///
/// The row would be enough, were it not that PostgreSQL lets those who share a row join those who have it, past whoever
/// waits for it: while tickets are sold fast, there is no moment in which nobody has it. For an advisory lock they wait in
/// the order in which they came. It is part of the statement that takes the row, as a sale has no time for one more; only
/// the row's lock says that what is read of it is the latest.
fn gate(tx: &DatabaseTransaction, lock: &str) -> String {
    match tx.get_database_backend() {
        DbBackend::Postgres => format!(" and (select count(*) from {lock}(hashtextextended($1, 0))) = 1"),
        _ => String::new(),
    }
}

/// When a booking has ended that ends `now`. After its show was called off, that is no earlier, whatever another machine's
/// clock says: its money is counted with that of the others.
pub(crate) async fn end_of_booking(
    tx: &DatabaseTransaction,
    show_id: ShowId,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    Ok(no_earlier_than(called_off_at(tx, show_id, "").await?, now))
}

/// The same, for whoever knows when the show was called off.
pub(crate) fn no_earlier_than(called_off_at: Option<Timestamp>, now: Timestamp) -> Timestamp {
    called_off_at.map_or(now, |called_off_at| now.max(called_off_at))
}

/// When a show was called off, if it was; `lock` is what follows the select from `shows s`.
pub(crate) async fn called_off_at(
    tx: &DatabaseTransaction,
    show_id: ShowId,
    lock: &str,
) -> Result<Option<Timestamp>, StoreError> {
    #[derive(FromQueryResult)]
    struct CalledOff {
        called_off_at: Option<i64>,
    }
    let text = format!("select s.called_off_at from shows s where s.id = $1{lock}");
    let row = sql(text, bind![show_id]).one::<CalledOff>(tx).await?;
    let id = show_id.to_string();
    RowOf::new("shows", &id).instant_or_none(row.and_then(|row| row.called_off_at))
}
