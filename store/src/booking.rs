//! Bookings as rows: reading one, keeping it locked for a change, and writing the change with what it tells the world.

use domain::booking::Fingerprint;
use domain::booking_state::{BookingEvent, BookingState, EndState};
use domain::ids::{BookingId, CustomerId, PartnerId, SeatId, ShowId};
use domain::message::{Message, MessageSubject};
use domain::money::Money;
use domain::quote::Quote;
use domain::show::RefundPolicy;
use domain::timeline::TimelineStep;
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::column::{RowOf, json_text};
use crate::error::StoreError;
use crate::statement::{bind, placeholders, sql};
use crate::transaction::for_update;
use crate::{outbox, timeline};

/// The columns of a booking, for a select from `bookings b`.
pub(crate) const COLUMNS: &str = "b.id, b.show_id, b.customer_id, b.partner_id, b.fingerprint, b.seat_ids, \
     b.state_detail, b.quote, b.amount_minor, b.currency, b.refund_policy, b.expires_at, b.hard_cap_at, \
     b.paid_by_attempt, b.late, b.next_seq, b.next_position, b.created_at, b.updated_at, b.closed_at";

/// A row of `bookings`.
#[derive(FromQueryResult)]
pub(crate) struct BookingRow {
    id: String,
    show_id: String,
    customer_id: String,
    partner_id: String,
    fingerprint: String,
    seat_ids: String,
    state_detail: String,
    quote: Option<String>,
    amount_minor: i64,
    currency: String,
    refund_policy: String,
    expires_at: Option<i64>,
    hard_cap_at: i64,
    paid_by_attempt: Option<i32>,
    late: bool,
    next_seq: i64,
    next_position: i64,
    created_at: i64,
    updated_at: i64,
    closed_at: Option<i64>,
}

/// A booking with everything that the database knows of it alone.
#[derive(Debug, Clone)]
pub(crate) struct StoredBooking {
    pub(crate) id: BookingId,
    pub(crate) show_id: ShowId,
    pub(crate) customer_id: CustomerId,
    pub(crate) partner_id: PartnerId,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) seat_ids: Vec<SeatId>,
    pub(crate) state: BookingState,
    pub(crate) quote: Option<Quote>,
    pub(crate) amount: Money,
    pub(crate) refund_policy: RefundPolicy,
    /// Until when its seats were held last; none for a booking that was closed before it was opened.
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) hard_cap_at: Timestamp,
    /// The attempt that bought the tickets, even if they were taken back later.
    pub(crate) paid_by_attempt: Option<u32>,
    pub(crate) late: bool,
    /// The sequence number of its last message.
    pub(crate) last_seq: i64,
    /// The position of its last timeline entry.
    pub(crate) last_position: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) closed_at: Option<Timestamp>,
}

impl TryFrom<BookingRow> for StoredBooking {
    type Error = StoreError;

    fn try_from(row: BookingRow) -> Result<Self, StoreError> {
        let of = RowOf::new("bookings", &row.id);
        Ok(Self {
            id: of.read(BookingId::parse(&row.id))?,
            show_id: of.read(ShowId::parse(&row.show_id))?,
            customer_id: of.read(CustomerId::parse(&row.customer_id))?,
            partner_id: of.read(PartnerId::parse(&row.partner_id))?,
            fingerprint: Fingerprint::new(row.fingerprint),
            seat_ids: of.json(&row.seat_ids)?,
            state: of.json(&row.state_detail)?,
            quote: row.quote.as_deref().map(|quote| of.json(quote)).transpose()?,
            amount: of.money(row.amount_minor, &row.currency)?,
            refund_policy: of.json(&row.refund_policy)?,
            expires_at: of.instant_or_none(row.expires_at)?,
            hard_cap_at: of.instant(row.hard_cap_at)?,
            paid_by_attempt: row.paid_by_attempt.map(|number| of.natural(number)).transpose()?,
            late: row.late,
            last_seq: row.next_seq,
            last_position: row.next_position,
            created_at: of.instant(row.created_at)?,
            updated_at: of.instant(row.updated_at)?,
            closed_at: of.instant_or_none(row.closed_at)?,
        })
    }
}

impl StoredBooking {
    /// Writes a new row; false if the booking has one already.
    ///
    /// PostgreSQL waits here for another transaction that is inserting the same booking.
    pub(crate) async fn insert(&self, tx: &DatabaseTransaction) -> Result<bool, StoreError> {
        let quote = self.quote.as_ref().map(json_text).transpose()?;
        let text = format!(
            "insert into bookings (id, show_id, customer_id, partner_id, fingerprint, seat_ids, state, state_detail, \
             quote, amount_minor, currency, refund_policy, expires_at, hard_cap_at, next_seq, next_position, \
             created_at, updated_at, closed_at) values ({}) on conflict do nothing",
            placeholders(1, 19)
        );
        let values = bind![
            self.id,
            self.show_id,
            self.customer_id,
            self.partner_id,
            self.fingerprint.as_str(),
            json_text(&self.seat_ids)?,
            self.state.name(),
            json_text(&self.state)?,
            quote,
            self.amount.minor,
            self.amount.currency.as_str(),
            json_text(&self.refund_policy)?,
            self.expires_at,
            self.hard_cap_at,
            self.last_seq,
            self.last_position,
            self.created_at,
            self.updated_at,
            self.closed_at,
        ];
        Ok(sql(text, values).run(tx).await? == 1)
    }

    /// Until when its seats were held last.
    pub(crate) fn held_until(&self) -> Timestamp {
        self.expires_at.unwrap_or(self.hard_cap_at)
    }

    /// What every message about it says.
    pub(crate) fn subject(&self) -> MessageSubject {
        MessageSubject { booking_id: self.id, customer_id: self.customer_id, partner_id: self.partner_id }
    }
}

/// A booking that nobody else can change until the transaction ends, and what the change is going to tell.
pub(crate) struct LockedBooking {
    /// The booking as it will be written.
    pub(crate) row: StoredBooking,
    messages: Vec<Message>,
    steps: Vec<TimelineStep>,
    changed: bool,
}

impl LockedBooking {
    /// A booking whose row this transaction has locked, or is about to insert.
    pub(crate) fn of(row: StoredBooking) -> Self {
        Self { row, messages: Vec::new(), steps: Vec::new(), changed: false }
    }

    /// Writes the row of a new booking, which counts already what [`Self::tell`] writes later; false if it has a row.
    pub(crate) async fn insert(&self, tx: &DatabaseTransaction) -> Result<bool, StoreError> {
        let mut row = self.row.clone();
        row.last_seq += count(&self.messages);
        row.last_position += count(&self.steps);
        row.insert(tx).await
    }

    /// Writes the messages and the steps.
    pub(crate) async fn tell(&self, tx: &DatabaseTransaction, now: Timestamp) -> Result<(), StoreError> {
        outbox::insert(tx, &self.row, &self.messages, now).await?;
        timeline::insert(tx, &self.row, &self.steps, now).await
    }

    /// Locks a booking; none if there is no row.
    pub(crate) async fn find(tx: &DatabaseTransaction, id: BookingId) -> Result<Option<Self>, StoreError> {
        let text = format!("select {COLUMNS} from bookings b where b.id = $1{}", for_update(tx));
        let row = sql(text, bind![id]).one::<BookingRow>(tx).await?;
        row.map(|row| StoredBooking::try_from(row).map(Self::of)).transpose()
    }

    /// Locks a booking that must exist.
    pub(crate) async fn get(tx: &DatabaseTransaction, id: BookingId) -> Result<Self, StoreError> {
        let found = Self::find(tx, id).await?;
        found.ok_or_else(|| StoreError::NotFound { what: "booking", id: id.to_string() })
    }

    /// Moves it to the state that the rules say.
    pub(crate) fn apply(&mut self, event: BookingEvent) -> Result<(), StoreError> {
        let next = self.row.state.transition(event);
        self.row.state = next.map_err(|source| StoreError::IllegalTransition { booking_id: self.row.id, source })?;
        self.changed = true;
        Ok(())
    }

    /// Publishes a message with the change.
    pub(crate) fn say(&mut self, message: Message) {
        self.messages.push(message);
    }

    /// Adds a step to the timeline with the change.
    pub(crate) fn note(&mut self, step: TimelineStep) {
        self.steps.push(step);
    }

    /// Publishes that the booking is at `end`.
    pub(crate) fn say_end(&mut self, end: &EndState) {
        let (show_id, seat_ids) = (self.row.show_id, self.row.seat_ids.clone());
        self.say(match end.clone() {
            EndState::Confirmed => {
                Message::BookingConfirmed { show_id, seat_ids, amount: self.row.amount, late: self.row.late }
            }
            EndState::Expired => Message::BookingExpired { show_id, seat_ids },
            EndState::Failed { reason } => Message::BookingFailed { show_id, seat_ids, reason },
            EndState::Cancelled { by } => Message::BookingCancelled { show_id, seat_ids, by },
        });
    }

    /// Writes the state, the messages and the steps; nothing if there is nothing new.
    pub(crate) async fn save(mut self, tx: &DatabaseTransaction, now: Timestamp) -> Result<StoredBooking, StoreError> {
        if !self.changed && self.messages.is_empty() && self.steps.is_empty() {
            return Ok(self.row);
        }
        self.tell(tx, now).await?;
        self.row.last_seq += count(&self.messages);
        self.row.last_position += count(&self.steps);
        self.row.updated_at = now;
        let row = self.row;
        let values = bind![
            row.id,
            row.state.name(),
            json_text(&row.state)?,
            row.expires_at,
            row.paid_by_attempt.map(i64::from),
            row.late,
            row.last_seq,
            row.last_position,
            row.updated_at,
            row.closed_at,
        ];
        let text = "update bookings set state = $2, state_detail = $3, expires_at = $4, paid_by_attempt = $5, \
                    late = $6, next_seq = $7, next_position = $8, updated_at = $9, closed_at = $10 where id = $1";
        sql(text, values).run(tx).await?;
        Ok(row)
    }
}

/// How many there are, as the database counts.
fn count<T>(items: &[T]) -> i64 {
    // No change has anywhere near 2^63 messages.
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}
