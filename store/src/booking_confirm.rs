//! `booking.confirm`: seats sold and tickets issued for money that is there, or a refusal after which it goes back.

use domain::booking::{BookingConfirmed, ConfirmRefusal};
use domain::booking_state::{BookingEvent, BookingState, EndState, FailureReason};
use domain::ids::BookingId;
use domain::payment::{AttemptState, RecordAttempt};
use domain::show::Show;
use domain::timeline::TimelineStep;
use jiff::Timestamp;
use sea_orm::DatabaseTransaction;

use crate::Store;
use crate::booking::{LockedBooking, StoredBooking};
use crate::column::rounded;
use crate::error::StoreError;
use crate::payment::{self, StoredAttempt};
use crate::statement::{bind, sql};
use crate::{earning, hold, payment_record, show, show_cancel, show_seat, ticket};

impl Store {
    /// Sells a booking its seats for the money of an attempt; none is the attempt of a booking that costs nothing.
    ///
    /// What is refused once for an attempt is refused for ever: its money may be on its way back already.
    pub async fn confirm_booking(
        &self,
        booking_id: BookingId,
        attempt: Option<u32>,
        now: Timestamp,
    ) -> Result<BookingConfirmed, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = confirm(&tx, booking_id, attempt, now).await;
            (tx, done)
        })
        .await
    }

    /// Writes down a reading by which an attempt is paid, and sells the booking its seats for it: both or nothing. The
    /// same as [`Store::record_attempt`] followed by [`Store::confirm_booking`].
    pub async fn sell_booking(&self, record: &RecordAttempt, now: Timestamp) -> Result<BookingConfirmed, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = record_and_confirm(&tx, record, now).await;
            (tx, done)
        })
        .await
    }
}

/// Writes down a reading of an attempt and sells the seats for it.
async fn record_and_confirm(
    tx: &DatabaseTransaction,
    record: &RecordAttempt,
    now: Timestamp,
) -> Result<BookingConfirmed, StoreError> {
    let booking = LockedBooking::get(tx, record.booking_id).await?;
    let (booking, attempt) = payment_record::learn(tx, booking, record, now).await?;
    sell_or_refuse(tx, booking, Some(attempt), now).await
}

async fn confirm(
    tx: &DatabaseTransaction,
    booking_id: BookingId,
    number: Option<u32>,
    now: Timestamp,
) -> Result<BookingConfirmed, StoreError> {
    let booking = LockedBooking::get(tx, booking_id).await?;
    let attempt = match number {
        Some(number) => Some(payment::attempt(tx, booking_id, number).await?),
        None if booking.row.amount.is_zero() => None,
        None => return Err(StoreError::NotFree { booking_id, amount: booking.row.amount }),
    };
    sell_or_refuse(tx, booking, attempt, now).await
}

async fn sell_or_refuse(
    tx: &DatabaseTransaction,
    booking: LockedBooking,
    attempt: Option<StoredAttempt>,
    now: Timestamp,
) -> Result<BookingConfirmed, StoreError> {
    if let Some(answer) = answer_again(tx, &booking.row, attempt.as_ref()).await? {
        booking.save(tx, now).await?;
        return Ok(answer);
    }
    match judge(tx, &booking.row, attempt.as_ref(), now).await? {
        Ok(seats) => sell(tx, booking, attempt.map(|attempt| attempt.record.number), seats, now).await,
        Err(why) => refuse(tx, booking, attempt, why, now).await,
    }
}

/// What was answered before to the same question, if it was asked.
async fn answer_again(
    tx: &DatabaseTransaction,
    booking: &StoredBooking,
    attempt: Option<&StoredAttempt>,
) -> Result<Option<BookingConfirmed>, StoreError> {
    let has_bought = match attempt {
        // Its money became tickets, whatever became of them later.
        Some(attempt) => booking.paid_by_attempt == Some(attempt.record.number),
        None => ticket::count_issued(tx, booking.id).await? > 0,
    };
    if has_bought {
        return Ok(Some(BookingConfirmed::Confirmed { late: booking.late }));
    }
    let refusal = attempt.and_then(|attempt| attempt.refusal);
    Ok(refusal.map(|why| BookingConfirmed::Refused { why }))
}

/// Where the seats of a booking come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seats {
    /// It holds them.
    Held,
    /// They went back and are still free.
    Free,
}

/// Whether a booking can have its seats, and from where; keeps the show and the seats as they are until the end.
async fn judge(
    tx: &DatabaseTransaction,
    booking: &StoredBooking,
    attempt: Option<&StoredAttempt>,
    now: Timestamp,
) -> Result<Result<Seats, ConfirmRefusal>, StoreError> {
    if booking.paid_by_attempt.is_some() {
        return Ok(Err(ConfirmRefusal::AlreadyPaid));
    }
    // It was closed before it was opened: nothing was ever offered for a price, so nothing is sold for none.
    if booking.quote.is_none() {
        return Ok(Err(ConfirmRefusal::TakenBack));
    }
    if attempt.is_some_and(|attempt| !is_paid(attempt)) {
        return Ok(Err(ConfirmRefusal::Mismatch));
    }
    let Some(show) = show::load(tx, booking.show_id, &show_cancel::keep_on(tx)).await? else {
        return Err(StoreError::NotFound { what: "show", id: booking.show_id.to_string() });
    };
    let seats = show_seat::lock(tx, booking).await?;
    let holds_all = is_all(booking, seats.held_as_taken);
    let are_free = is_all(booking, seats.available);
    let late = |end: &EndState| judge_late(&show, are_free, end, now);
    Ok(match &booking.state {
        BookingState::Pending | BookingState::AwaitingPayment => judge_held(&show, holds_all, now),
        BookingState::NeedsAttention { .. } if holds_all => judge_held(&show, holds_all, now),
        BookingState::NeedsAttention { toward, .. } => late(toward),
        BookingState::Confirmed => late(&EndState::Confirmed),
        BookingState::Expired => late(&EndState::Expired),
        BookingState::Failed { reason } => late(&EndState::Failed { reason: reason.clone() }),
        BookingState::Cancelled { by } => late(&EndState::Cancelled { by: *by }),
    })
}

/// Whether exactly what was asked for is there and stays there.
fn is_paid(attempt: &StoredAttempt) -> bool {
    let record = &attempt.record;
    record.state == AttemptState::Succeeded && record.captured == record.amount && record.refunded.is_zero()
}

fn is_all(booking: &StoredBooking, seats: usize) -> bool {
    !booking.seat_ids.is_empty() && seats == booking.seat_ids.len()
}

/// A booking whose hold is in force.
fn judge_held(show: &Show, holds_all: bool, now: Timestamp) -> Result<Seats, ConfirmRefusal> {
    show.check_confirmable(now).map_err(|why| ConfirmRefusal::NotOnSale { why })?;
    if holds_all { Ok(Seats::Held) } else { Err(ConfirmRefusal::SeatsGone) }
}

/// A booking that has let go of its seats.
fn judge_late(show: &Show, are_free: bool, end: &EndState, now: Timestamp) -> Result<Seats, ConfirmRefusal> {
    match end {
        EndState::Expired | EndState::Confirmed => {}
        EndState::Failed { reason: FailureReason::PaymentDeclined | FailureReason::PaymentUnavailable } => {}
        EndState::Failed { .. } | EndState::Cancelled { .. } => return Err(ConfirmRefusal::TakenBack),
    }
    show.check_on_sale(now).map_err(|why| ConfirmRefusal::NotOnSale { why })?;
    if are_free { Ok(Seats::Free) } else { Err(ConfirmRefusal::SeatsGone) }
}

async fn sell(
    tx: &DatabaseTransaction,
    mut booking: LockedBooking,
    attempt: Option<u32>,
    seats: Seats,
    now: Timestamp,
) -> Result<BookingConfirmed, StoreError> {
    let sold = match seats {
        Seats::Held => show_seat::sell_held(tx, booking.row.id).await?,
        Seats::Free => show_seat::sell_available(tx, &booking.row).await?,
    };
    // They were locked and counted just now; the statement that takes them decides all the same.
    if sold != booking.row.seat_ids.len() as u64 {
        return Err(StoreError::ConcurrentChange { what: "a seat that is being sold" });
    }
    show_seat::remember_versions(tx, booking.row.id).await?;
    hold::free_slot(tx, booking.row.id).await?;
    let late = seats == Seats::Free;
    if let Some(number) = attempt {
        payment::mark_bought(tx, booking.row.id, number).await?;
    }
    booking.apply(BookingEvent::Sold)?;
    booking.row.paid_by_attempt = attempt;
    booking.row.late = late;
    booking.row.closed_at = Some(now);
    booking.say_end(&EndState::Confirmed);
    let tickets = ticket::issue(tx, &mut booking, now).await?;
    earning::earn(tx, &booking.row, now).await?;
    booking.note(TimelineStep::Confirmed { tickets, late });
    booking.save(tx, now).await?;
    Ok(BookingConfirmed::Confirmed { late })
}

async fn refuse(
    tx: &DatabaseTransaction,
    mut booking: LockedBooking,
    attempt: Option<StoredAttempt>,
    why: ConfirmRefusal,
    now: Timestamp,
) -> Result<BookingConfirmed, StoreError> {
    let told = match attempt {
        Some(mut attempt) => {
            attempt.refusal = Some(why);
            attempt.update(tx, now).await?;
            false
        }
        None => has_been_told(tx, booking.row.id).await?,
    };
    if !told {
        booking.note(TimelineStep::NotConfirmed { why });
    }
    booking.save(tx, now).await?;
    Ok(BookingConfirmed::Refused { why })
}

/// Whether the timeline says already that a booking that costs nothing was not confirmed.
async fn has_been_told(tx: &DatabaseTransaction, booking_id: BookingId) -> Result<bool, StoreError> {
    let text = "select count(*) as count from timeline_entries where booking_id = $1 and code = 'not_confirmed'";
    Ok(sql(text, bind![booking_id]).count(tx).await? > 0)
}
