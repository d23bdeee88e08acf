//! Refunds: a row first, in the transaction that checks that no more goes back than came in; then sent; then recorded.

use domain::ids::{BookingId, PaymentId, RefundId};
use domain::message::Message;
use domain::money::Money;
use domain::payment::IntentReading;
use domain::refund::{RecordRefund, RefundOpened, RefundReason, RefundState, RefundToOpen, RefundToSend};
use domain::timeline::TimelineStep;
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::booking::LockedBooking;
use crate::column::{RowOf, rounded};
use crate::error::StoreError;
use crate::payment::{self, StoredAttempt};
use crate::statement::{bind, placeholders, sql};

impl Store {
    /// Writes down a refund that has to be sent; the same one again for the same attempt and reason.
    pub async fn open_refund(&self, order: &RefundToOpen, now: Timestamp) -> Result<RefundOpened, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = open(&tx, order, now).await;
            (tx, done)
        })
        .await
    }

    /// Writes down what the provider says of a refund, and answers where it stands.
    pub async fn record_refund(&self, record: &RecordRefund, now: Timestamp) -> Result<RefundState, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = write_down(&tx, record, now).await;
            (tx, done)
        })
        .await
    }
}

/// The id of the refund of what one attempt collected, for one reason.
pub(crate) fn id_for(payment_id: PaymentId, reason: RefundReason, attempt: u32) -> RefundId {
    RefundId::for_reason(payment_id, &format!("{reason}:{attempt}"))
}

/// The amount of a refund, if it has been written down.
pub(crate) async fn amount_of(tx: &DatabaseTransaction, id: RefundId) -> Result<Option<Money>, StoreError> {
    Ok(find(tx, id).await?.map(|refund| refund.amount))
}

/// Why a refund is made, if it has been written down.
pub(crate) async fn reason_of(tx: &DatabaseTransaction, id: RefundId) -> Result<Option<RefundReason>, StoreError> {
    Ok(find(tx, id).await?.map(|refund| refund.reason))
}

async fn open(tx: &DatabaseTransaction, order: &RefundToOpen, now: Timestamp) -> Result<RefundOpened, StoreError> {
    let RefundToOpen { booking_id, attempt: number, reason, amount } = *order;
    let mut booking = LockedBooking::get(tx, booking_id).await?;
    let mut attempt = payment::attempt(tx, booking_id, number).await?;
    let id = id_for(attempt.payment_id, reason, number);
    if let Some(refund) = find(tx, id).await? {
        return match refund.state {
            RefundState::Succeeded => Ok(RefundOpened::Done),
            RefundState::Open | RefundState::Pending => {
                to_send(booking_id, &attempt, id, refund.amount).map(RefundOpened::Open)
            }
            // It is about to be sent again, and what the provider then gives back is this refund, not another one.
            RefundState::Failed => {
                sql("update refunds set state = 'open', updated_at = $2 where id = $1", bind![id, now]).run(tx).await?;
                to_send(booking_id, &attempt, id, refund.amount).map(RefundOpened::Open)
            }
        };
    }
    let left = attempt.left();
    let asked = amount.unwrap_or(left);
    if left.is_zero() || asked.minor <= 0 {
        return Ok(RefundOpened::Nothing);
    }
    if asked.currency != left.currency || asked.minor > left.minor {
        return Err(StoreError::RefundTooLarge { booking_id, number, asked, left });
    }
    let to_send = to_send(booking_id, &attempt, id, asked)?;
    let refund = StoredRefund { id, attempt: number, reason, state: RefundState::Open, amount: asked, sent_as: None };
    insert(tx, &refund, attempt.payment_id, now).await?;
    attempt.record.refunded.minor += asked.minor;
    attempt.update(tx, now).await?;
    payment::add_to_sums(tx, attempt.payment_id, 0, asked.minor, now).await?;
    booking.note(TimelineStep::RefundRequested { amount: asked, reason });
    booking.save(tx, now).await?;
    Ok(RefundOpened::Open(to_send))
}

fn to_send(
    booking_id: BookingId,
    attempt: &StoredAttempt,
    refund_id: RefundId,
    amount: Money,
) -> Result<RefundToSend, StoreError> {
    let intent_id = attempt.record.intent_id.clone().ok_or_else(|| StoreError::MoneyContradiction {
        booking_id,
        number: attempt.record.number,
        what: "money was collected by an intent that is not known",
    })?;
    Ok(RefundToSend { refund_id, booking_id, payment_id: attempt.payment_id, intent_id, amount })
}

async fn write_down(
    tx: &DatabaseTransaction,
    record: &RecordRefund,
    now: Timestamp,
) -> Result<RefundState, StoreError> {
    let RecordRefund { refund_id, reading } = record;
    let not_found = || StoreError::NotFound { what: "refund", id: refund_id.to_string() };
    // The booking is locked before the refund is read: everything about one booking waits at its row.
    let (booking_id, payment_id) = owner_of(tx, *refund_id).await?.ok_or_else(not_found)?;
    let mut booking = LockedBooking::get(tx, booking_id).await?;
    let refund = find(tx, *refund_id).await?.ok_or_else(not_found)?;
    let same_sending = refund.sent_as.as_ref().is_none_or(|known| *known == reading.provider_refund_id);
    let next = match (refund.state, reading.state) {
        (now, said) if now == said => now,
        // Banks do return money that was sent: a success can still turn out to have failed.
        (RefundState::Succeeded, RefundState::Failed) if same_sending => RefundState::Failed,
        (RefundState::Succeeded, _) => RefundState::Succeeded,
        // A failed refund was sent again; the old sending has nothing more to say.
        (RefundState::Failed, RefundState::Pending) if same_sending => RefundState::Failed,
        (now, RefundState::Open) => now,
        (RefundState::Open | RefundState::Pending | RefundState::Failed, said) => said,
    };
    if next == refund.state && refund.sent_as.is_some() {
        return Ok(next);
    }
    let text = "update refunds set state = $2, provider_refund_id = $3, updated_at = $4 where id = $1";
    sql(text, bind![*refund_id, next.as_str(), reading.provider_refund_id, now]).run(tx).await?;
    if next != refund.state {
        tell(&mut booking, payment_id, &refund, next);
    }
    booking.save(tx, now).await?;
    Ok(next)
}

/// Tells what has become of a refund.
fn tell(booking: &mut LockedBooking, payment_id: PaymentId, refund: &StoredRefund, state: RefundState) {
    let StoredRefund { id: refund_id, amount, reason, .. } = *refund;
    match state {
        RefundState::Succeeded => {
            booking.say(Message::PaymentRefunded { payment_id, refund_id, amount, reason });
            booking.note(TimelineStep::Refunded { amount });
        }
        RefundState::Failed => {
            booking.say(Message::RefundFailed { payment_id, refund_id, amount });
            booking.note(TimelineStep::RefundFailed { amount });
        }
        RefundState::Open | RefundState::Pending => {}
    }
}

/// Writes down what was given back at the provider without boxoffice having asked for it.
pub(crate) async fn record_at_provider(
    tx: &DatabaseTransaction,
    booking: &mut LockedBooking,
    attempt: &mut StoredAttempt,
    reading: &IntentReading,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (payment_id, number) = (attempt.payment_id, attempt.record.number);
    if reading.refunded.minor == 0 || attempt.record.captured.is_zero() {
        return Ok(());
    }
    let text = "select cast(coalesce(sum(amount_minor), 0) as bigint) as count from refunds \
                where payment_id = $1 and attempt_number = $2 and state <> 'failed'";
    let ours = sql(text, bind![payment_id, i64::from(number)]).count(tx).await?;
    let beyond = reading.refunded.minor.min(attempt.record.captured.minor) - ours;
    let id = RefundId::for_reason(payment_id, &format!("at_provider:{number}:{}", reading.refunded.minor));
    if beyond <= 0 || find(tx, id).await?.is_some() {
        return Ok(());
    }
    let amount = Money::new(beyond, attempt.record.captured.currency);
    let (reason, state) = (RefundReason::AtProvider, RefundState::Succeeded);
    let refund = StoredRefund { id, attempt: number, reason, state, amount, sent_as: None };
    insert(tx, &refund, payment_id, now).await?;
    // What a failed refund has reserved is not reserved twice.
    let reserved = beyond.min(attempt.left().minor);
    attempt.record.refunded.minor += reserved;
    attempt.update(tx, now).await?;
    payment::add_to_sums(tx, payment_id, 0, reserved, now).await?;
    tell(booking, payment_id, &refund, state);
    Ok(())
}

/// A refund as the database has it.
struct StoredRefund {
    id: RefundId,
    attempt: u32,
    reason: RefundReason,
    state: RefundState,
    amount: Money,
    /// The provider's name for it, once it was sent.
    sent_as: Option<String>,
}

async fn insert(
    tx: &DatabaseTransaction,
    refund: &StoredRefund,
    payment_id: PaymentId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let StoredRefund { id, attempt, reason, state, amount, sent_as } = refund;
    let text = format!(
        "insert into refunds (id, payment_id, attempt_number, reason, state, amount_minor, currency, \
         provider_refund_id, created_at, updated_at) values ({})",
        placeholders(1, 10)
    );
    let (attempt, currency) = (i64::from(*attempt), amount.currency.as_str());
    let (reason, state) = (reason.as_str(), state.as_str());
    let values = bind![*id, payment_id, attempt, reason, state, amount.minor, currency, *sent_as, now, now];
    sql(text, values).run(tx).await?;
    Ok(())
}

async fn find(tx: &DatabaseTransaction, id: RefundId) -> Result<Option<StoredRefund>, StoreError> {
    let text = "select id, attempt_number, reason, state, amount_minor, currency, provider_refund_id \
                from refunds where id = $1";
    let row = sql(text, bind![id]).one::<RefundRow>(tx).await?;
    row.map(StoredRefund::try_from).transpose()
}

async fn owner_of(tx: &DatabaseTransaction, id: RefundId) -> Result<Option<(BookingId, PaymentId)>, StoreError> {
    #[derive(FromQueryResult)]
    struct OwnerRow {
        booking_id: String,
        payment_id: String,
    }
    let text = "select a.booking_id, a.payment_id from refunds r join payment_attempts a \
                on a.payment_id = r.payment_id and a.number = r.attempt_number where r.id = $1";
    let Some(row) = sql(text, bind![id]).one::<OwnerRow>(tx).await? else {
        return Ok(None);
    };
    let of = RowOf::new("payment_attempts", &row.payment_id);
    Ok(Some((of.read(BookingId::parse(&row.booking_id))?, of.read(PaymentId::parse(&row.payment_id))?)))
}

#[derive(FromQueryResult)]
struct RefundRow {
    id: String,
    attempt_number: i32,
    reason: String,
    state: String,
    amount_minor: i64,
    currency: String,
    provider_refund_id: Option<String>,
}

impl TryFrom<RefundRow> for StoredRefund {
    type Error = StoreError;

    fn try_from(row: RefundRow) -> Result<Self, StoreError> {
        let of = RowOf::new("refunds", &row.id);
        Ok(Self {
            id: of.read(RefundId::parse(&row.id))?,
            attempt: of.natural(row.attempt_number)?,
            reason: of.named(&row.reason, &RefundReason::ALL, RefundReason::as_str)?,
            state: of.named(&row.state, &RefundState::ALL, RefundState::as_str)?,
            amount: of.money(row.amount_minor, &row.currency)?,
            sent_as: row.provider_refund_id,
        })
    }
}
