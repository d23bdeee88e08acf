//! Notices: what customers are told, once for each booking and step, sent by whoever leases them.

use domain::ids::{BookingId, CustomerId, NoticeId};
use domain::message::{Message, MessageSubject};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::column::{RowOf, json_text, rounded};
use crate::error::StoreError;
use crate::statement::{bind, sql};
use crate::transaction::{for_update, for_update_skip_locked};

const COLUMNS: &str =
    "id, booking_id, customer_id, step, message, state, tries, due_at, last_error, created_at, closed_at";

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeState {
    /// It is to be sent, now or later.
    Waiting,
    /// The mail server has taken it.
    Sent,
    /// Nobody knows where to send it.
    NoAddress,
    /// It could not be sent for days, or never can be.
    GivenUp,
}

impl NoticeState {
    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::NoAddress => "no_address",
            Self::GivenUp => "given_up",
        }
    }

    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Sent, Self::NoAddress, Self::GivenUp];

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Something that a customer is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its id, which the mail has as well.
    pub id: NoticeId,
    /// The booking it is about.
    pub booking_id: BookingId,
    /// Whom it is for.
    pub customer_id: CustomerId,
    /// The step of the booking: `confirmed`, `cancelled`, `expired`, `refunded:` and the refund.
    pub step: String,
    /// The message that it tells of.
    pub message: Message,
    /// Where it stands.
    pub state: NoticeState,
    /// How often sending it was begun.
    pub tries: i32,
    /// When it is due.
    pub due_at: Timestamp,
    /// Why it could not be sent the last time.
    pub last_error: Option<String>,
    /// When there was something to tell.
    pub created_at: Timestamp,
    /// When it was over.
    pub closed_at: Option<Timestamp>,
}

impl Store {
    /// Keeps something to tell; false if it is kept already.
    pub async fn note_notice(
        &self,
        subject: &MessageSubject,
        step: &str,
        message: &Message,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let MessageSubject { booking_id, customer_id, partner_id: _ } = *subject;
        let text = "insert into notices (id, booking_id, customer_id, step, message, state, due_at, created_at) \
                    values ($1, $2, $3, $4, $5, 'waiting', $6, $6) on conflict do nothing";
        let id = NoticeId::for_step(booking_id, step);
        let values = bind![id, booking_id, customer_id, step, json_text(message)?, rounded(now)];
        Ok(sql(text, values).run(self.writer()).await? == 1)
    }

    /// Takes notices that are due; nobody else gets them until the lease has passed.
    pub async fn claim_due_notices(
        &self,
        now: Timestamp,
        lease_seconds: i64,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        let text = format!(
            "with due as materialized (select id from notices where state = 'waiting' and due_at <= $1 \
             order by due_at, id limit $3{}) \
             update notices set tries = tries + 1, due_at = $2 where id in (select id from due) returning {COLUMNS}",
            for_update_skip_locked(self.writer())
        );
        let until = now.saturating_add(SignedDuration::from_secs(lease_seconds)).unwrap_or(Timestamp::MAX);
        let values = bind![now, until, i64::from(limit)];
        let rows = sql(text, values).all::<NoticeRow>(self.writer()).await?;
        rows.into_iter().map(Notice::try_from).collect()
    }

    /// The end of a notice: sent, or for this reason not.
    pub async fn close_notice(
        &self,
        id: NoticeId,
        state: NoticeState,
        error: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let text = "update notices set state = $2, last_error = $3, closed_at = $4 where id = $1 and state = 'waiting'";
        sql(text, bind![id, state.as_str(), error, rounded(now)]).run(self.writer()).await?;
        Ok(())
    }

    /// Nobody knows where to send it; false if somebody has said so since it was looked for, and it is due again.
    pub async fn notice_without_address(&self, id: NoticeId, now: Timestamp) -> Result<bool, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = without_address(&tx, id, now).await;
            (tx, done)
        })
        .await
    }

    /// It could not be sent; it is due again at `again`.
    pub async fn park_notice(&self, id: NoticeId, error: &str, again: Timestamp) -> Result<(), StoreError> {
        let text = "update notices set due_at = $3, last_error = $2 where id = $1 and state = 'waiting'";
        sql(text, bind![id, error, rounded(again)]).run(self.writer()).await?;
        Ok(())
    }

    /// How many notices are to be sent, now or later.
    pub async fn waiting_notices(&self) -> Result<i64, StoreError> {
        sql("select count(*) as count from notices where state = 'waiting'", bind![]).count(self.reader()).await
    }

    /// Everything that was to be told about a booking.
    pub async fn notices_of(&self, booking_id: BookingId) -> Result<Vec<Notice>, StoreError> {
        let text = format!("select {COLUMNS} from notices where booking_id = $1 order by created_at, id");
        let rows = sql(text, bind![booking_id]).all::<NoticeRow>(self.reader()).await?;
        rows.into_iter().map(Notice::try_from).collect()
    }

    /// Notices, newest first; `after` is the moment and the id of the last one seen.
    pub async fn list_notices(
        &self,
        after: Option<(Timestamp, NoticeId)>,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.notices_where(None, after, limit).await
    }

    /// Notices in a state, newest first; `after` is the moment and the id of the last one seen.
    pub async fn list_notices_in(
        &self,
        state: NoticeState,
        after: Option<(Timestamp, NoticeId)>,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.notices_where(Some(state), after, limit).await
    }

    async fn notices_where(
        &self,
        state: Option<NoticeState>,
        after: Option<(Timestamp, NoticeId)>,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        let (mut conditions, mut values) = (vec!["true".to_owned()], bind![i64::from(limit)]);
        if let Some((at, id)) = after {
            conditions.push(format!("(created_at, id) < (${}, ${})", values.len() + 1, values.len() + 2));
            values.extend(bind![at, id]);
        }
        if let Some(state) = state {
            conditions.push(format!("state = ${}", values.len() + 1));
            values.extend(bind![state.as_str()]);
        }
        let text = format!(
            "select {COLUMNS} from notices where {} order by created_at desc, id desc limit $1",
            conditions.join(" and ")
        );
        let rows = sql(text, values).all::<NoticeRow>(self.reader()).await?;
        rows.into_iter().map(Notice::try_from).collect()
    }
}

/// A contact that is put at the same moment locks the notice as well. If it is first, it is seen here once the lock is
/// had; if it is second, it sees that the notice has nowhere to go, and makes it due.
async fn without_address(tx: &DatabaseTransaction, id: NoticeId, now: Timestamp) -> Result<bool, StoreError> {
    let text = format!("select id from notices where id = $1{}", for_update(tx));
    sql(text, bind![id]).run(tx).await?;
    let text = "update notices set state = 'no_address', last_error = null, closed_at = $2 where id = $1 \
                and state = 'waiting' \
                and not exists (select 1 from contacts where contacts.customer_id = notices.customer_id)";
    if sql(text, bind![id, now]).run(tx).await? == 1 {
        return Ok(true);
    }
    let text = "update notices set due_at = $2 where id = $1 and state = 'waiting'";
    Ok(sql(text, bind![id, now]).run(tx).await? == 0)
}

#[derive(FromQueryResult)]
struct NoticeRow {
    id: String,
    booking_id: String,
    customer_id: String,
    step: String,
    message: String,
    state: String,
    tries: i32,
    due_at: i64,
    last_error: Option<String>,
    created_at: i64,
    closed_at: Option<i64>,
}

impl TryFrom<NoticeRow> for Notice {
    type Error = StoreError;

    fn try_from(row: NoticeRow) -> Result<Self, StoreError> {
        let of = RowOf::new("notices", &row.id);
        let state = NoticeState::parse(&row.state).ok_or_else(|| format!("no state is called `{}`", row.state));
        Ok(Self {
            id: of.read(NoticeId::parse(&row.id))?,
            booking_id: of.read(BookingId::parse(&row.booking_id))?,
            customer_id: of.read(CustomerId::parse(&row.customer_id))?,
            message: of.json(&row.message)?,
            state: of.read(state)?,
            tries: row.tries,
            due_at: of.instant(row.due_at)?,
            last_error: row.last_error,
            created_at: of.instant(row.created_at)?,
            closed_at: of.instant_or_none(row.closed_at)?,
            step: row.step,
        })
    }
}
