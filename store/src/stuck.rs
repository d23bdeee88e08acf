//! `booking.flag` and `booking.unflag`: a booking with a step that has to happen and cannot be done for now.

use domain::booking::{FlagBooking, UnflagBooking};
use domain::booking_state::{BookingEvent, BookingState, EndState};
use domain::message::Message;
use domain::timeline::TimelineStep;
use jiff::Timestamp;
use sea_orm::DatabaseTransaction;

use crate::Store;
use crate::booking::LockedBooking;
use crate::booking_cancel::take_back_sale;
use crate::booking_close::{give_back_hold, step_of};
use crate::column::rounded;
use crate::error::StoreError;
use crate::show_cancel::end_of_booking;
use crate::ticket;

impl Store {
    /// Marks a booking as waiting for an operator, whatever state it is in; keeps its seats as they are.
    pub async fn flag_booking(&self, order: &FlagBooking, now: Timestamp) -> Result<BookingState, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = flag(&tx, order, now).await;
            (tx, done)
        })
        .await
    }

    /// Brings a booking that waited for an operator to its end; one that does not wait is left as it is.
    pub async fn unflag_booking(&self, order: &UnflagBooking, now: Timestamp) -> Result<BookingState, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = unflag(&tx, order, now).await;
            (tx, done)
        })
        .await
    }
}

async fn flag(tx: &DatabaseTransaction, order: &FlagBooking, now: Timestamp) -> Result<BookingState, StoreError> {
    let mut booking = LockedBooking::get(tx, order.booking_id).await?;
    let (step, error) = (order.stuck.step.clone(), order.stuck.error.clone());
    match &booking.row.state {
        BookingState::NeedsAttention { step: known, .. } if *known == step => return Ok(booking.row.state),
        BookingState::NeedsAttention { .. }
        | BookingState::Pending
        | BookingState::AwaitingPayment
        | BookingState::Confirmed
        | BookingState::Expired
        | BookingState::Failed { .. }
        | BookingState::Cancelled { .. } => {}
    }
    booking.apply(BookingEvent::GotStuck { step: step.clone(), toward: order.toward.clone() })?;
    booking.say(Message::BookingNeedsAttention { step: step.clone(), error: error.clone() });
    booking.note(TimelineStep::Stuck { step, error });
    Ok(booking.save(tx, now).await?.state)
}

async fn unflag(tx: &DatabaseTransaction, order: &UnflagBooking, now: Timestamp) -> Result<BookingState, StoreError> {
    let UnflagBooking { booking_id, step, cleared, end } = order.clone();
    let mut booking = LockedBooking::get(tx, booking_id).await?;
    let BookingState::NeedsAttention { .. } = booking.row.state else {
        return Ok(booking.row.state);
    };
    let has_tickets = ticket::count_issued(tx, booking_id).await? > 0;
    if end == EndState::Confirmed && !has_tickets {
        // Nobody's word makes tickets: only `booking.confirm` does, from money that is there.
        return Err(StoreError::WrongEnd { booking_id, end: end.name() });
    }
    booking.apply(BookingEvent::Unstuck(end.clone()))?;
    booking.note(TimelineStep::Unstuck { step, cleared });
    booking.say_end(&end);
    step_of(&end).into_iter().for_each(|step| booking.note(step));
    let ended_at = end_of_booking(tx, booking.row.show_id, now).await?;
    if end != EndState::Confirmed {
        give_back_hold(tx, &booking).await?;
        if has_tickets {
            take_back_sale(tx, &mut booking, now).await?;
            booking.row.closed_at = Some(ended_at);
        }
    }
    booking.row.closed_at = booking.row.closed_at.or(Some(ended_at));
    Ok(booking.save(tx, now).await?.state)
}
