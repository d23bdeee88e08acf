//! The contracts of the activities: what each step is called on the wire, what it is given and what it answers.
//!
//! A business "no" is a value of the answer; an `Err` is a fault that is worth another try. The bodies live in
//! `activities`; those here are never called.

#![allow(
    clippy::unimplemented,
    missing_docs,
    unused_variables,
    reason = "the macro makes definitions of the signatures"
)]

use std::time::Duration;

use domain::booking::{
    BookingCancelled, BookingClosed, BookingConfirmed, BookingOpened, BookingRecord, BookingRequest, CancelBooking,
    CloseBooking, FlagBooking, UnflagBooking,
};
use domain::booking_state::BookingState;
use domain::hold::{Hold, HoldExtended, SeatsLocked};
use domain::ids::BookingId;
use domain::payment::{AttemptOpened, AttemptRecorded, AttemptToRequest, IntentId, IntentReading, RecordAttempt};
use domain::refund::{RecordRefund, RefundOpened, RefundReading, RefundState, RefundToOpen, RefundToSend};
use domain::show_cancel::{BookingsToCancel, BookingsTold};
use serde::{Deserialize, Serialize};
use temporalio_common::ActivityError;
use temporalio_macros::activity_definitions;

/// How long the locks are tried. They only make refusals cheap, so a booking does not wait for them, and what is locked
/// later is not its lock any more.
pub const LOCKS_BUDGET: Duration = Duration::from_secs(3);

/// The seats of a booking, as claimed in the locks. Local activities.
pub struct SeatActivities;

#[activity_definitions]
impl SeatActivities {
    /// Takes or extends the lock: all seats or none.
    #[activity(name = "seats.lock")]
    pub fn lock(hold: Hold) -> Result<SeatsLocked, ActivityError> {
        unimplemented!()
    }

    /// Lets go of the lock and of sold marks; the undo of `seats.lock`.
    #[activity(name = "seats.release")]
    pub fn release(hold: Hold) -> Result<(), ActivityError> {
        unimplemented!()
    }

    /// Turns the lock into a mark that refuses latecomers.
    #[activity(name = "seats.mark_sold")]
    pub fn mark_sold(hold: Hold) -> Result<(), ActivityError> {
        unimplemented!()
    }
}

/// The booking in the database, each step one transaction. Local activities.
pub struct BookingActivities;

#[activity_definitions]
impl BookingActivities {
    /// Holds the seats and writes the booking, or says why not.
    #[activity(name = "booking.open")]
    pub fn open(request: BookingRequest) -> Result<BookingOpened, ActivityError> {
        unimplemented!()
    }

    /// Brings an unpaid booking to its end and frees its seats; the undo of `booking.open`.
    #[activity(name = "booking.close")]
    pub fn close(close: CloseBooking) -> Result<BookingClosed, ActivityError> {
        unimplemented!()
    }

    /// Sells the held seats to the booking and issues its tickets.
    #[activity(name = "booking.confirm")]
    pub fn confirm(confirm: ConfirmBooking) -> Result<BookingConfirmed, ActivityError> {
        unimplemented!()
    }

    /// Writes down that an attempt is paid and sells the held seats for it: `attempt.record` and `booking.confirm` as one
    /// transaction, with `seats.mark_sold` right behind.
    #[activity(name = "booking.sell")]
    pub fn sell(sell: SellBooking) -> Result<BookingConfirmed, ActivityError> {
        unimplemented!()
    }

    /// Takes a confirmed booking back: seats free, tickets void, refund by policy.
    #[activity(name = "booking.cancel")]
    pub fn cancel(cancel: CancelBooking) -> Result<BookingCancelled, ActivityError> {
        unimplemented!()
    }

    /// Holds the seats longer while money is on its way.
    #[activity(name = "hold.extend")]
    pub fn extend_hold(booking_id: BookingId) -> Result<HoldExtended, ActivityError> {
        unimplemented!()
    }

    /// Marks the booking as waiting for an operator.
    #[activity(name = "booking.flag")]
    pub fn flag(flag: FlagBooking) -> Result<BookingState, ActivityError> {
        unimplemented!()
    }

    /// Brings a flagged booking to its end.
    #[activity(name = "booking.unflag")]
    pub fn unflag(unflag: UnflagBooking) -> Result<BookingState, ActivityError> {
        unimplemented!()
    }

    /// Reads everything that a settling saga decides by.
    #[activity(name = "booking.recall")]
    pub fn recall(booking_id: BookingId) -> Result<Option<BookingRecord>, ActivityError> {
        unimplemented!()
    }

    /// Writes down that the next attempt to pay may be requested.
    #[activity(name = "attempt.open")]
    pub fn open_attempt(booking_id: BookingId) -> Result<AttemptOpened, ActivityError> {
        unimplemented!()
    }

    /// Writes down what the provider said of an attempt.
    #[activity(name = "attempt.record")]
    pub fn record_attempt(record: RecordAttempt) -> Result<AttemptRecorded, ActivityError> {
        unimplemented!()
    }

    /// Writes down that a refund is owed, once per reason.
    #[activity(name = "refund.open")]
    pub fn open_refund(refund: RefundToOpen) -> Result<RefundOpened, ActivityError> {
        unimplemented!()
    }

    /// Writes down what the provider said of a refund.
    #[activity(name = "refund.record")]
    pub fn record_refund(record: RecordRefund) -> Result<RefundState, ActivityError> {
        unimplemented!()
    }
}

/// The payment at the provider. Ordinary activities, each on the task queue of its provider endpoint.
pub struct PaymentActivities;

#[activity_definitions]
impl PaymentActivities {
    /// Asks the provider to collect; the same attempt finds the same intent.
    #[activity(name = "payment.request")]
    pub fn request(attempt: AttemptToRequest) -> Result<IntentReading, ActivityError> {
        unimplemented!()
    }

    /// Reads an intent back.
    #[activity(name = "payment.read")]
    pub fn read(intent_id: IntentId) -> Result<IntentReading, ActivityError> {
        unimplemented!()
    }

    /// Asks the provider never to collect an intent, and reads it back; the undo of `payment.request`.
    #[activity(name = "payment.cancel")]
    pub fn cancel(cancel: CancelPayment) -> Result<IntentReading, ActivityError> {
        unimplemented!()
    }

    /// Asks the provider to give money back; the same refund is given once.
    #[activity(name = "refund.send")]
    pub fn send_refund(refund: RefundToSend) -> Result<RefundReading, ActivityError> {
        unimplemented!()
    }

    /// Reads a refund back, by the provider's name for it.
    #[activity(name = "refund.read")]
    pub fn read_refund(provider_refund_id: String) -> Result<RefundReading, ActivityError> {
        unimplemented!()
    }
}

/// A show as a whole. Ordinary activities on the sagas' own queue: each takes seconds, and nobody waits for them.
pub struct ShowActivities;

#[activity_definitions]
impl ShowActivities {
    /// Tells the sagas of the next few bookings of a show that was called off to take them back.
    #[activity(name = "show.cancel_bookings")]
    pub fn cancel_bookings(order: BookingsToCancel) -> Result<BookingsTold, ActivityError> {
        unimplemented!()
    }
}

/// What `booking.confirm` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmBooking {
    /// Which booking.
    pub booking_id: BookingId,
    /// The attempt that paid; none where there was nothing to pay.
    pub attempt: Option<u32>,
}

/// What `booking.sell` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellBooking {
    /// The attempt that has paid, and the reading by which it has.
    pub record: RecordAttempt,
    /// The seats, as they are marked in the locks.
    pub seats: Hold,
}

/// What `payment.cancel` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelPayment {
    /// The attempt; an unknown intent is learned by requesting it again with the same key.
    pub attempt: AttemptToRequest,
    /// The intent, if it is known.
    pub intent_id: Option<IntentId>,
}

/// The definitions of the seat steps, for the crate that implements them.
pub mod seat_contract {
    pub use super::seat_activities::*;
}

/// The definitions of the booking steps, for the crate that implements them.
pub mod booking_contract {
    pub use super::booking_activities::*;
}

/// The definitions of the payment steps, for the crate that implements them.
pub mod payment_contract {
    pub use super::payment_activities::*;
}

/// The definitions of the steps on a show, for the crate that implements them.
pub mod show_contract {
    pub use super::show_activities::*;
}
