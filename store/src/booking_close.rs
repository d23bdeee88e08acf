//! `booking.close`: brings an unpaid booking to its end and gives its seats back; a booking that was never opened is
//! closed as well, so that a late step finds it so.

use domain::booking::{BookingClosed, BookingRequest, CloseBooking};
use domain::booking_state::{BookingEvent, BookingState, EndState, FailureReason};
use domain::ids::PartnerId;
use domain::message::Message;
use domain::money::{Currency, Money};
use domain::show::RefundPolicy;
use domain::show_seat::ShowSeatState;
use domain::timeline::TimelineStep;
use jiff::Timestamp;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::Store;
use crate::booking::{LockedBooking, StoredBooking};
use crate::column::{RowOf, rounded};
use crate::error::StoreError;
use crate::{hold, offer, show, show_cancel, show_seat};

/// What a booking is priced in whose show does not exist: "no currency" (ISO 4217).
const NO_CURRENCY: &str = "XXX";

impl Store {
    /// Brings an unpaid booking to its end; one that has ended already is left as it is.
    pub async fn close_booking(&self, order: &CloseBooking, now: Timestamp) -> Result<BookingClosed, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = close(&tx, order, now).await;
            (tx, done)
        })
        .await
    }
}

async fn close(tx: &DatabaseTransaction, order: &CloseBooking, now: Timestamp) -> Result<BookingClosed, StoreError> {
    let booking_id = order.request.booking_id;
    if order.end == EndState::Confirmed {
        return Err(StoreError::WrongEnd { booking_id, end: order.end.name() });
    }
    if let Some(booking) = LockedBooking::find(tx, booking_id).await? {
        return close_existing(tx, booking, order, now).await;
    }
    let mut booking = LockedBooking::of(tombstone(tx, order, now).await?);
    tell(&mut booking, order, &order.end);
    if !booking.insert(tx).await? {
        // `booking.open` was faster, and has ended by now.
        let booking = LockedBooking::get(tx, booking_id).await?;
        return close_existing(tx, booking, order, now).await;
    }
    booking.tell(tx, now).await?;
    Ok(BookingClosed { state: booking.row.state })
}

async fn close_existing(
    tx: &DatabaseTransaction,
    mut booking: LockedBooking,
    order: &CloseBooking,
    now: Timestamp,
) -> Result<BookingClosed, StoreError> {
    if let BookingState::NeedsAttention { .. } = booking.row.state {
        // Whatever it waits for, it does not wait with seats that nobody else can have.
        give_back_hold(tx, &booking).await?;
        return Ok(BookingClosed { state: booking.row.state });
    }
    if !booking.row.state.is_open() {
        return Ok(BookingClosed { state: booking.row.state });
    }
    let end = match (&booking.row.state, &order.end) {
        // A booking whose payment was never asked for has failed, not expired.
        (BookingState::Pending, EndState::Expired) => EndState::Failed { reason: FailureReason::PaymentUnavailable },
        (_, end) => end.clone(),
    };
    booking.apply(match &order.stuck {
        None => end.event(),
        Some(stuck) => BookingEvent::GotStuck { step: stuck.step.clone(), toward: end.clone() },
    })?;
    give_back_hold(tx, &booking).await?;
    booking.row.closed_at = Some(show_cancel::end_of_booking(tx, booking.row.show_id, now).await?);
    tell(&mut booking, order, &end);
    let state = booking.save(tx, now).await?.state;
    Ok(BookingClosed { state })
}

/// Gives back the seats that a booking holds, its slot, and the uses of limited offers.
pub(crate) async fn give_back_hold(tx: &DatabaseTransaction, booking: &LockedBooking) -> Result<(), StoreError> {
    show_seat::free(tx, &booking.row, ShowSeatState::Held).await?;
    offer::release_uses(tx, &booking.row).await?;
    hold::free_slot(tx, booking.row.id).await
}

/// What the timeline says of an end.
pub(crate) fn step_of(end: &EndState) -> Option<TimelineStep> {
    match end.clone() {
        // A sale is told with its tickets.
        EndState::Confirmed => None,
        EndState::Expired => Some(TimelineStep::Expired),
        EndState::Failed { reason } => Some(TimelineStep::Failed { reason }),
        EndState::Cancelled { by } => Some(TimelineStep::Cancelled { by }),
    }
}

fn tell(booking: &mut LockedBooking, order: &CloseBooking, end: &EndState) {
    match &order.stuck {
        None => {
            booking.say_end(end);
            step_of(end).into_iter().for_each(|step| booking.note(step));
        }
        Some(stuck) => {
            let (step, error) = (stuck.step.clone(), stuck.error.clone());
            booking.say(Message::BookingNeedsAttention { step: step.clone(), error: error.clone() });
            booking.note(TimelineStep::Stuck { step, error });
        }
    }
}

/// The row of a booking that ends before it began.
async fn tombstone(
    tx: &DatabaseTransaction,
    order: &CloseBooking,
    now: Timestamp,
) -> Result<StoredBooking, StoreError> {
    let BookingRequest { booking_id, customer_id, show_id, seat_ids, fingerprint, code: _ } = order.request.clone();
    let (partner_id, currency, refund_policy) = match show::load(tx, show_id, "").await? {
        Some(show) => (show.partner_id, show.currency, show.refund_policy),
        None => {
            let of = RowOf::new("bookings", NO_CURRENCY);
            let currency = of.read(Currency::parse(NO_CURRENCY))?;
            (PartnerId::new(Uuid::nil()), currency, RefundPolicy::standard())
        }
    };
    let state = match &order.stuck {
        None => order.end.clone().into(),
        Some(stuck) => BookingState::NeedsAttention { step: stuck.step.clone(), toward: order.end.clone() },
    };
    Ok(StoredBooking {
        id: booking_id,
        show_id,
        customer_id,
        partner_id,
        fingerprint,
        seat_ids: seat_ids.into(),
        state,
        quote: None,
        amount: Money::zero(currency),
        refund_policy,
        expires_at: None,
        hard_cap_at: now,
        paid_by_attempt: None,
        late: false,
        last_seq: 0,
        last_position: 0,
        created_at: now,
        updated_at: now,
        closed_at: Some(now),
    })
}
