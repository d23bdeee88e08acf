//! Cancelling a show: it is called off at once; its bookings are taken back with all their money, some at a time, by a
//! workflow of its own.

use std::time::Duration;

use domain::booking_state::CancelledBy;
use domain::field::check_line;
use domain::ids::{BookingId, ShowId};
use domain::limits::REASON_CHARACTERS;
use domain::member::Deed;
use domain::show_cancel::{BookingsToCancel, BookingsTold, CallOff, ShowCancellation};
use futures::future::join_all;
use tokio::time::Instant;
use workflows::signals::CancelRequested;

use crate::engine::Word;
use crate::identity::Caller;
use crate::{App, AppError};

/// How many sagas are told at the same moment.
const AT_ONCE: usize = 8;
/// After how long no further sagas are told in one step. Those at work by then take a few seconds at most, so that the
/// step ends well before its time is up.
const TELL_WITHIN: Duration = Duration::from_secs(8);

impl App {
    /// Calls a show off and begins to take its bookings back, however many times it is asked; the first reason stays.
    /// Also after it has begun: that it did not take place is sometimes known only then.
    ///
    /// Nothing is sold from the moment on in which it is called off. Where the engine is away then, or this process
    /// dies, the bookings stay as they are until the sweep finds them or this is asked for again.
    pub async fn cancel_show(
        &self,
        caller: &Caller,
        show_id: ShowId,
        reason: Option<String>,
    ) -> Result<ShowCancellation, AppError> {
        let show = self.show_of(caller, show_id, Deed::CallOff).await?.content;
        if let Some(reason) = &reason {
            check_line("reason", reason, REASON_CHARACTERS).map_err(AppError::of_field)?;
        }
        let by = caller.customer_id;
        let is_new = self.store().call_off_show(&CallOff { show_id, by, reason }, self.now()).await?;
        if is_new {
            tracing::info!(show.id = %show_id, partner.id = %show.partner_id, %by, "a show was called off");
        }
        let cancellation = self.read_cancellation(show_id).await?;
        if is_new || cancellation.bookings.open > 0 {
            self.engine().cancel_show(show_id, show.partner_id).await.map_err(AppError::engine_away)?;
        }
        Ok(cancellation)
    }

    /// How far the cancellation of a show has come, for the people of its partner.
    pub async fn show_cancellation(&self, caller: &Caller, show_id: ShowId) -> Result<ShowCancellation, AppError> {
        self.show_of(caller, show_id, Deed::See).await?;
        self.read_cancellation(show_id).await
    }

    async fn read_cancellation(&self, show_id: ShowId) -> Result<ShowCancellation, AppError> {
        let found = self.store().cancellation_of(show_id).await?;
        found.ok_or(AppError::NotFound { what: "cancellation of this show" })
    }

    /// Has the sagas of the next few bookings of a show that was called off take them back. One that cannot be told is
    /// counted, and found again by whoever begins with the first booking once more.
    pub async fn cancel_bookings(&self, order: BookingsToCancel) -> Result<BookingsTold, AppError> {
        let BookingsToCancel { show_id, after, limit } = order;
        let bookings = self.store().bookings_to_cancel(show_id, after, limit).await?;
        let deadline = Instant::now() + TELL_WITHIN;
        let mut done = BookingsTold { told: 0, untold: 0, last: after };
        let mut seen = 0;
        for some in bookings.chunks(AT_ONCE) {
            if seen > 0 && Instant::now() >= deadline {
                break;
            }
            for is_told in join_all(some.iter().map(|booking_id| self.tell_called_off(*booking_id))).await {
                if is_told { done.told += 1 } else { done.untold += 1 }
            }
            seen += some.len();
            done.last = some.last().copied();
        }
        if seen == bookings.len() && seen < limit as usize {
            done.last = None;
        }
        Ok(done)
    }

    /// Whether the saga of a booking could be told that its show is called off.
    async fn tell_called_off(&self, booking_id: BookingId) -> bool {
        let word = Word::Cancel(CancelRequested { by: CancelledBy::Operator });
        match self.tell(booking_id, word).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(booking.id = %booking_id, %error, "the saga of a show called off could not be told");
                false
            }
        }
    }
}
