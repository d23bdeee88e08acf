//! Payments and their attempts as rows, and the opening of the next attempt.

use std::collections::HashMap;

use domain::booking::ConfirmRefusal;
use domain::ids::{BookingId, PaymentId};
use domain::limits::PAYMENT_ATTEMPTS;
use domain::money::Money;
use domain::payment::{AttemptOpened, AttemptRecord, AttemptState, AttemptToRequest, IntentId, PaymentState};
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::booking::{LockedBooking, StoredBooking};
use crate::column::{RowOf, json_text, rounded};
use crate::error::StoreError;
use crate::pool::Session;
use crate::statement::{Column, bind, placeholders, sql};

impl Store {
    /// Opens the next attempt to pay; the same one again until it is known to the provider.
    ///
    /// At most one attempt can be paid at a time: every earlier one must be cancelled at the provider first.
    pub async fn open_attempt(&self, booking_id: BookingId, now: Timestamp) -> Result<AttemptOpened, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = open(&tx, booking_id, now).await;
            (tx, done)
        })
        .await
    }
}

async fn open(tx: &DatabaseTransaction, booking_id: BookingId, now: Timestamp) -> Result<AttemptOpened, StoreError> {
    let booking = LockedBooking::get(tx, booking_id).await?.row;
    if !booking.state.is_open() {
        return Ok(AttemptOpened::NotOpen { end: booking.state.end() });
    }
    let attempts = attempts_of(tx, booking_id).await?;
    if let Some(newest) = attempts.last().filter(|attempt| attempt.record.state == AttemptState::Requested) {
        return Ok(AttemptOpened::Opened(newest.to_request(booking_id)));
    }
    if let Some(open) = attempts.iter().find(|attempt| attempt.record.state != AttemptState::Cancelled) {
        let AttemptRecord { number, state, .. } = open.record;
        return Err(StoreError::AttemptStillOpen { booking_id, number, state });
    }
    let number = attempts.last().map_or(1, |newest| newest.record.number + 1);
    if number > PAYMENT_ATTEMPTS {
        return Ok(AttemptOpened::Exhausted);
    }
    insert_attempt(tx, &booking, number, now).await.map(AttemptOpened::Opened)
}

/// Writes what a booking has to pay; an attempt to collect it as well, where that is more than nothing.
pub(crate) async fn insert_payment(
    tx: &DatabaseTransaction,
    booking: &StoredBooking,
    now: Timestamp,
) -> Result<Option<AttemptToRequest>, StoreError> {
    let StoredBooking { id, amount, .. } = booking;
    let currency = amount.currency.as_str();
    let text = "insert into payables (id, kind, booking_id, amount_minor, currency, created_at) \
                values ($1, 'booking', $2, $3, $4, $5)";
    sql(text, bind![*id, *id, amount.minor, currency, now]).run(tx).await?;
    let text = "insert into payments (id, payable_id, state, amount_minor, currency, created_at, updated_at) \
                values ($1, $2, $3, $4, $5, $6, $7)";
    let state = PaymentState::of(0, 0).as_str();
    let values = bind![PaymentId::for_booking(*id), *id, state, amount.minor, currency, now, now];
    sql(text, values).run(tx).await?;
    if amount.is_zero() {
        return Ok(None);
    }
    insert_attempt(tx, booking, 1, now).await.map(Some)
}

async fn insert_attempt(
    tx: &DatabaseTransaction,
    booking: &StoredBooking,
    number: u32,
    now: Timestamp,
) -> Result<AttemptToRequest, StoreError> {
    let payment_id = PaymentId::for_booking(booking.id);
    let attempt = AttemptToRequest { payment_id, booking_id: booking.id, number, amount: booking.amount };
    let text = format!(
        "insert into payment_attempts (payment_id, number, booking_id, idempotency_key, state, amount_minor, \
         currency, created_at, updated_at) values ({})",
        placeholders(1, 9)
    );
    let values = bind![
        payment_id,
        i64::from(number),
        booking.id,
        attempt.idempotency_key(),
        AttemptState::Requested.as_str(),
        booking.amount.minor,
        booking.amount.currency.as_str(),
        now,
        now,
    ];
    sql(text, values).run(tx).await?;
    Ok(attempt)
}

/// An attempt with what only the database needs to know.
#[derive(Debug, Clone)]
pub(crate) struct StoredAttempt {
    pub(crate) payment_id: PaymentId,
    pub(crate) record: AttemptRecord,
    /// Why its money was refused to become tickets, for good.
    pub(crate) refusal: Option<ConfirmRefusal>,
}

impl StoredAttempt {
    /// What the provider is asked for.
    pub(crate) fn to_request(&self, booking_id: BookingId) -> AttemptToRequest {
        let AttemptRecord { number, amount, .. } = self.record;
        AttemptToRequest { payment_id: self.payment_id, booking_id, number, amount }
    }

    /// What it has collected and nobody has given back or is about to.
    pub(crate) fn left(&self) -> Money {
        let AttemptRecord { captured, refunded, .. } = &self.record;
        Money::new(captured.minor.saturating_sub(refunded.minor), captured.currency)
    }

    /// Writes everything of it that changes.
    pub(crate) async fn update(&self, tx: &DatabaseTransaction, now: Timestamp) -> Result<(), StoreError> {
        let record = &self.record;
        let text = "update payment_attempts set intent_id = $3, state = $4, captured_minor = $5, \
                    refunded_minor = $6, decline_code = $7, payment_page = $8, refusal = $9, updated_at = $10 \
                    where payment_id = $1 and number = $2";
        let values = bind![
            self.payment_id,
            i64::from(record.number),
            record.intent_id.as_ref().map(IntentId::as_str),
            record.state.as_str(),
            record.captured.minor,
            record.refunded.minor,
            record.decline_code,
            record.payment_page,
            self.refusal.as_ref().map(json_text).transpose()?,
            now,
        ];
        sql(text, values).run(tx).await?;
        Ok(())
    }
}

/// Adds to the sums of a payment and brings its state in line with them; a sum that must not be fails the check.
pub(crate) async fn add_to_sums(
    tx: &DatabaseTransaction,
    payment_id: PaymentId,
    captured_minor: i64,
    refunded_minor: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let text = "update payments set captured_minor = captured_minor + $2, refunded_minor = refunded_minor + $3, \
                updated_at = $4 where id = $1 returning captured_minor, refunded_minor";
    let found = sql(text, bind![payment_id, captured_minor, refunded_minor, now]).one::<SumsRow>(tx).await?;
    let sums = found.ok_or_else(|| StoreError::NotFound { what: "payment", id: payment_id.to_string() })?;
    let state = PaymentState::of(sums.captured_minor, sums.refunded_minor).as_str();
    sql("update payments set state = $2 where id = $1", bind![payment_id, state]).run(tx).await?;
    Ok(())
}

/// The attempts of a booking, first to last.
pub(crate) async fn attempts_of(db: &impl Session, booking_id: BookingId) -> Result<Vec<StoredAttempt>, StoreError> {
    Ok(attempts_of_all(db, &[booking_id]).await?.remove(&booking_id).unwrap_or_default())
}

/// One attempt of a booking, which must exist.
pub(crate) async fn attempt(
    db: &impl Session,
    booking_id: BookingId,
    number: u32,
) -> Result<StoredAttempt, StoreError> {
    let attempts = attempts_of(db, booking_id).await?;
    let found = attempts.into_iter().find(|attempt| attempt.record.number == number);
    found.ok_or_else(|| StoreError::NotFound { what: "attempt", id: format!("{booking_id}/{number}") })
}

/// The attempts of several bookings in one read.
pub(crate) async fn attempts_of_all(
    db: &impl Session,
    booking_ids: &[BookingId],
) -> Result<HashMap<BookingId, Vec<StoredAttempt>>, StoreError> {
    let mut by_booking: HashMap<BookingId, Vec<StoredAttempt>> = HashMap::new();
    if booking_ids.is_empty() {
        return Ok(by_booking);
    }
    let text = format!(
        "select payment_id, number, booking_id, intent_id, state, amount_minor, captured_minor, refunded_minor, \
         currency, decline_code, payment_page, refusal from payment_attempts where booking_id in ({}) \
         order by booking_id, number",
        placeholders(1, booking_ids.len())
    );
    let values = booking_ids.iter().map(Column::value).collect();
    for row in sql(text, values).all::<AttemptRow>(db).await? {
        let (booking_id, attempt) = row.into_attempt()?;
        by_booking.entry(booking_id).or_default().push(attempt);
    }
    Ok(by_booking)
}

/// Notes that the money of an attempt has become tickets: whoever looks for money to give back passes over it.
pub(crate) async fn mark_bought(
    tx: &DatabaseTransaction,
    booking_id: BookingId,
    number: u32,
) -> Result<(), StoreError> {
    let text = "update payment_attempts set bought = true where booking_id = $1 and number = $2";
    sql(text, bind![booking_id, i64::from(number)]).run(tx).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct SumsRow {
    captured_minor: i64,
    refunded_minor: i64,
}

#[derive(FromQueryResult)]
struct AttemptRow {
    payment_id: String,
    number: i32,
    booking_id: String,
    intent_id: Option<String>,
    state: String,
    amount_minor: i64,
    captured_minor: i64,
    refunded_minor: i64,
    currency: String,
    decline_code: Option<String>,
    payment_page: Option<String>,
    refusal: Option<String>,
}

impl AttemptRow {
    fn into_attempt(self) -> Result<(BookingId, StoredAttempt), StoreError> {
        let key = format!("{}/{}", self.payment_id, self.number);
        let of = RowOf::new("payment_attempts", &key);
        let record = AttemptRecord {
            number: of.natural(self.number)?,
            intent_id: self.intent_id.map(IntentId::new),
            state: of.named(&self.state, &AttemptState::ALL, AttemptState::as_str)?,
            amount: of.money(self.amount_minor, &self.currency)?,
            captured: of.money(self.captured_minor, &self.currency)?,
            refunded: of.money(self.refunded_minor, &self.currency)?,
            decline_code: self.decline_code,
            payment_page: self.payment_page,
        };
        let attempt = StoredAttempt {
            payment_id: of.read(PaymentId::parse(&self.payment_id))?,
            record,
            refusal: self.refusal.as_deref().map(|refusal| of.json(refusal)).transpose()?,
        };
        Ok((of.read(BookingId::parse(&self.booking_id))?, attempt))
    }
}
