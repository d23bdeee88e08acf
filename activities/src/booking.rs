//! The steps on the booking in the database: one transaction each.

#![allow(missing_docs, reason = "the steps are documented where they are declared, in the contracts")]

use std::sync::Arc;

use app::availability::Announcer;
use domain::booking::{
    BookingCancelled, BookingClosed, BookingConfirmed, BookingOpened, BookingRecord, BookingRequest, CancelBooking,
    CloseBooking, FlagBooking, UnflagBooking,
};
use domain::booking_state::BookingState;
use domain::hold::HoldExtended;
use domain::ids::BookingId;
use domain::payment::{AttemptOpened, AttemptRecorded, RecordAttempt};
use domain::refund::{RecordRefund, RefundOpened, RefundState, RefundToOpen};
use jiff::Timestamp;
use locks::{LockOwner, SeatLocks};
use store::Store;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use workflows::contracts::{ConfirmBooking, SellBooking, booking_contract};

use crate::fault::into_activity_error;

/// The steps on the booking in the database.
pub struct BookingSteps {
    /// The database.
    pub store: Store,
    /// The seat locks, which follow what the database has decided.
    pub locks: Arc<dyn SeatLocks>,
    /// Who hears of changed seats.
    pub announcer: Announcer,
}

#[activities]
impl BookingSteps {
    #[activity(definition = booking_contract::Open)]
    pub async fn open(
        self: Arc<Self>,
        _ctx: ActivityContext,
        request: BookingRequest,
    ) -> Result<BookingOpened, ActivityError> {
        let opened = self.store.open_booking(&request, Timestamp::now()).await.map_err(into_activity_error)?;
        if let BookingOpened::Opened(_) = opened {
            self.announcer.seats_changed(request.show_id, request.seat_ids.as_slice());
        }
        Ok(opened)
    }

    #[activity(definition = booking_contract::Close)]
    pub async fn close(
        self: Arc<Self>,
        _ctx: ActivityContext,
        close: CloseBooking,
    ) -> Result<BookingClosed, ActivityError> {
        let closed = self.store.close_booking(&close, Timestamp::now()).await.map_err(into_activity_error)?;
        self.announcer.seats_changed(close.request.show_id, close.request.seat_ids.as_slice());
        Ok(closed)
    }

    #[activity(definition = booking_contract::Confirm)]
    pub async fn confirm(
        self: Arc<Self>,
        _ctx: ActivityContext,
        confirm: ConfirmBooking,
    ) -> Result<BookingConfirmed, ActivityError> {
        let ConfirmBooking { booking_id, attempt } = confirm;
        let confirmed = self.store.confirm_booking(booking_id, attempt, Timestamp::now()).await;
        let confirmed = confirmed.map_err(into_activity_error)?;
        self.announcer.booking_changed(booking_id);
        Ok(confirmed)
    }

    #[activity(definition = booking_contract::Sell)]
    pub async fn sell(
        self: Arc<Self>,
        _ctx: ActivityContext,
        sell: SellBooking,
    ) -> Result<BookingConfirmed, ActivityError> {
        let SellBooking { record, seats } = sell;
        let sold = self.store.sell_booking(&record, Timestamp::now()).await.map_err(into_activity_error)?;
        self.announcer.booking_changed(record.booking_id);
        if let BookingConfirmed::Confirmed { .. } = sold
            && let Err(error) = self.locks.mark_sold(&LockOwner::from(&seats)).await
        {
            // Without the mark, latecomers are refused by the database instead: slower, never wrong.
            tracing::debug!(booking.id = %record.booking_id, %error, "seats are not marked as sold");
        }
        Ok(sold)
    }

    #[activity(definition = booking_contract::Cancel)]
    pub async fn cancel(
        self: Arc<Self>,
        _ctx: ActivityContext,
        cancel: CancelBooking,
    ) -> Result<BookingCancelled, ActivityError> {
        let cancelled = self.store.cancel_booking(&cancel, Timestamp::now()).await.map_err(into_activity_error)?;
        self.announcer.booking_changed(cancel.booking_id);
        Ok(cancelled)
    }

    #[activity(definition = booking_contract::ExtendHold)]
    pub async fn extend_hold(
        self: Arc<Self>,
        _ctx: ActivityContext,
        booking_id: BookingId,
    ) -> Result<HoldExtended, ActivityError> {
        self.store.extend_hold(booking_id, Timestamp::now()).await.map_err(into_activity_error)
    }

    #[activity(definition = booking_contract::Flag)]
    pub async fn flag(
        self: Arc<Self>,
        _ctx: ActivityContext,
        flag: FlagBooking,
    ) -> Result<BookingState, ActivityError> {
        // The one place from which a stuck saga reaches the log: monitoring watches for this line.
        tracing::error!(
            booking.id = %flag.booking_id, saga.step = flag.stuck.step, error = flag.stuck.error,
            "a booking needs attention"
        );
        self.store.flag_booking(&flag, Timestamp::now()).await.map_err(into_activity_error)
    }

    #[activity(definition = booking_contract::Unflag)]
    pub async fn unflag(
        self: Arc<Self>,
        _ctx: ActivityContext,
        unflag: UnflagBooking,
    ) -> Result<BookingState, ActivityError> {
        self.store.unflag_booking(&unflag, Timestamp::now()).await.map_err(into_activity_error)
    }

    #[activity(definition = booking_contract::Recall)]
    pub async fn recall(
        self: Arc<Self>,
        _ctx: ActivityContext,
        booking_id: BookingId,
    ) -> Result<Option<BookingRecord>, ActivityError> {
        self.store.recall_booking(booking_id).await.map_err(into_activity_error)
    }

    #[activity(definition = booking_contract::OpenAttempt)]
    pub async fn open_attempt(
        self: Arc<Self>,
        _ctx: ActivityContext,
        booking_id: BookingId,
    ) -> Result<AttemptOpened, ActivityError> {
        self.store.open_attempt(booking_id, Timestamp::now()).await.map_err(into_activity_error)
    }

    #[activity(definition = booking_contract::RecordAttempt)]
    pub async fn record_attempt(
        self: Arc<Self>,
        _ctx: ActivityContext,
        record: RecordAttempt,
    ) -> Result<AttemptRecorded, ActivityError> {
        self.store.record_attempt(&record, Timestamp::now()).await.map_err(into_activity_error)
    }

    #[activity(definition = booking_contract::OpenRefund)]
    pub async fn open_refund(
        self: Arc<Self>,
        _ctx: ActivityContext,
        refund: RefundToOpen,
    ) -> Result<RefundOpened, ActivityError> {
        self.store.open_refund(&refund, Timestamp::now()).await.map_err(into_activity_error)
    }

    #[activity(definition = booking_contract::RecordRefund)]
    pub async fn record_refund(
        self: Arc<Self>,
        _ctx: ActivityContext,
        record: RecordRefund,
    ) -> Result<RefundState, ActivityError> {
        self.store.record_refund(&record, Timestamp::now()).await.map_err(into_activity_error)
    }
}
