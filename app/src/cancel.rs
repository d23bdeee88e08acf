//! Taking a booking back, before or after it is confirmed.

use std::time::Duration;

use domain::booking::{Booking, IdempotencyKey};
use domain::booking_state::{BookingState, CancelledBy};
use domain::ids::BookingId;
use workflows::signals::CancelRequested;

use crate::engine::Word;
use crate::identity::{Caller, Role};
use crate::{App, AppError, BookingView};

/// How often the booking is looked at while its saga works.
const LOOK_AGAIN: Duration = Duration::from_millis(25);

impl App {
    /// Takes a booking back. Before payment it releases the seats; afterwards it refunds by the policy frozen at
    /// purchase. Waits a little for the outcome; the state tells whether it is there.
    ///
    /// The key is not needed to make a repetition harmless, the state does that; it is asked for because every request
    /// that moves money carries one.
    pub async fn cancel(
        &self,
        caller: &Caller,
        booking_id: BookingId,
        _key: IdempotencyKey,
    ) -> Result<BookingView, AppError> {
        let booking = self.booking_for(caller, booking_id).await?;
        match &booking.state {
            BookingState::Cancelled { .. } => return self.view(booking).await,
            BookingState::Expired | BookingState::Failed { .. } | BookingState::NeedsAttention { .. } => {
                return Err(AppError::WrongState { what: "booking", state: booking.state.name(), wish: "cancelled" });
            }
            BookingState::Pending | BookingState::AwaitingPayment | BookingState::Confirmed => {}
        }
        let by = if caller.roles.contains(&Role::Admin) && caller.customer_id != booking.customer_id {
            CancelledBy::Operator
        } else {
            CancelledBy::Customer
        };
        self.tell(booking_id, Word::Cancel(CancelRequested { by })).await?;
        let after = self.wait_for_change(booking, |now| matches!(now.state, BookingState::Cancelled { .. })).await?;
        self.view(after).await
    }

    /// Takes a booking back because another system asks for it by message, once for each message; false if it was asked
    /// before. Waits for nothing: what becomes of the booking is told by its own messages.
    pub async fn cancel_by_message(
        &self,
        consumer: &str,
        message_id: &str,
        booking_id: BookingId,
    ) -> Result<bool, AppError> {
        if self.store().has_consumed(consumer, message_id).await? {
            return Ok(false);
        }
        let found = self.store().find_booking(booking_id).await?;
        let booking = found.ok_or(AppError::NotFound { what: "booking" })?;
        match &booking.state {
            BookingState::Cancelled { .. } => {}
            BookingState::Expired | BookingState::Failed { .. } | BookingState::NeedsAttention { .. } => {
                return Err(AppError::WrongState { what: "booking", state: booking.state.name(), wish: "cancelled" });
            }
            BookingState::Pending | BookingState::AwaitingPayment | BookingState::Confirmed => {
                self.tell(booking_id, Word::Cancel(CancelRequested { by: CancelledBy::Operator })).await?;
            }
        }
        // Afterwards: a wish that is told twice has no second effect, one that is not told would be lost.
        self.store().mark_consumed(consumer, message_id, self.now()).await?;
        Ok(true)
    }

    /// Tells whichever saga takes care of the booking.
    pub(crate) async fn tell(&self, booking_id: BookingId, word: Word) -> Result<(), AppError> {
        let record = self.store().recall_booking(booking_id).await?;
        let record = record.ok_or(AppError::NotFound { what: "booking" })?;
        self.engine().tell(&record.request, word).await.map_err(AppError::engine_away)
    }

    /// Looks at a booking until it is as wished or the patience of a caller ends.
    pub(crate) async fn wait_for_change(
        &self,
        mut booking: Booking,
        wished: impl Fn(&Booking) -> bool,
    ) -> Result<Booking, AppError> {
        let deadline = tokio::time::Instant::now() + self.shared.parts.answer_within;
        while !wished(&booking) && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(LOOK_AGAIN).await;
            if let Some(now) = self.store().find_booking(booking.id).await? {
                booking = now;
            }
        }
        Ok(booking)
    }
}
