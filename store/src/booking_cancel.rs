//! `booking.cancel`: takes a confirmed booking back, and says what of its money goes back by the policy frozen in it:
//! all of it, once its show was called off.

use domain::booking::{BookingCancelled, CancelBooking};
use domain::booking_state::{BookingEvent, BookingState, CancelledBy, EndState};
use domain::money::Percent;
use domain::refund::{RefundReason, RefundToOpen};
use domain::show_seat::ShowSeatState;
use domain::timeline::TimelineStep;
use jiff::Timestamp;
use sea_orm::DatabaseTransaction;

use crate::Store;
use crate::booking::{LockedBooking, StoredBooking};
use crate::column::rounded;
use crate::error::StoreError;
use crate::{earning, offer, payment, refund, show, show_cancel, show_seat, ticket};

impl Store {
    /// Takes a confirmed booking back; one in any other state is left as it is. The refunds are the same however often
    /// it is asked.
    pub async fn cancel_booking(&self, order: &CancelBooking, now: Timestamp) -> Result<BookingCancelled, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = cancel(&tx, order, now).await;
            (tx, done)
        })
        .await
    }
}

async fn cancel(
    tx: &DatabaseTransaction,
    order: &CancelBooking,
    now: Timestamp,
) -> Result<BookingCancelled, StoreError> {
    let mut booking = LockedBooking::get(tx, order.booking_id).await?;
    // It stays so until this is written: whoever calls the show off finds every booking that was taken back before.
    let called_off_at = show_cancel::called_off_at(tx, booking.row.show_id, &show_cancel::keep_on(tx)).await?;
    let cancelled_at = show_cancel::no_earlier_than(called_off_at, now);
    if booking.row.state == BookingState::Confirmed {
        booking.apply(BookingEvent::Cancelled(order.by))?;
        booking.say_end(&EndState::Cancelled { by: order.by });
        take_back_sale(tx, &mut booking, now).await?;
        booking.row.closed_at = Some(cancelled_at);
        booking.note(TimelineStep::Cancelled { by: order.by });
    } else if cancelled_by(&booking.row.state).is_some() && ticket::count_issued(tx, booking.row.id).await? > 0 {
        // This very step was stuck, and an operator called: it is done now, and the end is told when the flag goes.
        take_back_sale(tx, &mut booking, now).await?;
        booking.row.closed_at = Some(cancelled_at);
    }
    let row = booking.save(tx, now).await?;
    let refunds = match cancelled_by(&row.state) {
        Some(by) if ticket::count_issued(tx, row.id).await? == 0 => refunds_due(tx, &row, by, called_off_at).await?,
        Some(_) | None => Vec::new(),
    };
    Ok(BookingCancelled { state: row.state, refunds })
}

/// Gives back the seats that were sold to a booking and the uses of limited offers, and voids its tickets.
pub(crate) async fn take_back_sale(
    tx: &DatabaseTransaction,
    booking: &mut LockedBooking,
    now: Timestamp,
) -> Result<(), StoreError> {
    show_seat::free(tx, &booking.row, ShowSeatState::Sold).await?;
    offer::release_uses(tx, &booking.row).await?;
    earning::give_back(tx, &booking.row, now).await?;
    ticket::void(tx, booking, now).await
}

/// Who took a booking back, even if something about that is still stuck.
fn cancelled_by(state: &BookingState) -> Option<CancelledBy> {
    match state {
        BookingState::Cancelled { by } | BookingState::NeedsAttention { toward: EndState::Cancelled { by }, .. } => {
            Some(*by)
        }
        BookingState::NeedsAttention {
            toward: EndState::Confirmed | EndState::Expired | EndState::Failed { .. },
            ..
        }
        | BookingState::Pending
        | BookingState::AwaitingPayment
        | BookingState::Confirmed
        | BookingState::Expired
        | BookingState::Failed { .. } => None,
    }
}

/// What goes back for a booking that had been confirmed.
async fn refunds_due(
    tx: &DatabaseTransaction,
    booking: &StoredBooking,
    by: CancelledBy,
    called_off_at: Option<Timestamp>,
) -> Result<Vec<RefundToOpen>, StoreError> {
    let (Some(paid_by), Some(cancelled_at)) = (booking.paid_by_attempt, booking.closed_at) else {
        return Ok(Vec::new());
    };
    let not_found = || StoreError::NotFound { what: "show", id: booking.show_id.to_string() };
    let show = show::load(tx, booking.show_id, "").await?.ok_or_else(not_found)?;
    let share_of_tickets = match by {
        CancelledBy::Operator => Percent::FULL,
        // Nobody keeps money for a show that does not take place. Who had taken theirs back before has what they agreed to.
        CancelledBy::Customer if called_off_at.is_some_and(|called_off_at| called_off_at <= cancelled_at) => {
            Percent::FULL
        }
        CancelledBy::Customer => booking.refund_policy.share_at(cancelled_at, show.starts_at),
    };
    let mut refunds = Vec::new();
    for attempt in payment::attempts_of(tx, booking.id).await? {
        let number = attempt.record.number;
        // Money that bought no ticket goes back whole, whatever the policy says.
        let (reason, share) = if number == paid_by {
            (RefundReason::Cancelled, share_of_tickets)
        } else {
            (RefundReason::SecondCapture, Percent::FULL)
        };
        let id = refund::id_for(attempt.payment_id, reason, number);
        let amount = match refund::amount_of(tx, id).await? {
            Some(written_down) => written_down,
            None => attempt.left().percent(share),
        };
        if !amount.is_zero() {
            refunds.push(RefundToOpen { booking_id: booking.id, attempt: number, reason, amount: Some(amount) });
        }
    }
    Ok(refunds)
}
