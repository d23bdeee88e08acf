//! The sweep: finds bookings whose saga was terminated or lost, money that came without a webhook, refunds left
//! half-way, and has the settling saga see to them; and shows that were called off whose bookings nobody takes back.
//! Every worker sweeps; telling a saga twice is harmless.

use std::time::Duration;

use domain::hold::later;
use domain::ids::BookingId;
use domain::limits::OVERDUE_SWEEP_SECONDS;
use domain::show_cancel::ShowToCancel;
use tokio_util::sync::CancellationToken;
use workflows::signals::PaymentNoticed;
use workflows::{cancel_show, settle_booking};

use crate::engine::Word;
use crate::{App, AppError};

/// How often overdue holds are looked for.
const EVERY: Duration = Duration::from_secs(5);
/// In which of these rounds shows called off, payments left open and refunds left half-way are looked at as well: once
/// a minute.
const SLOW_ROUNDS: u32 = 12;
/// How long a refund, or money that is not settled, may be left alone before it is looked at.
const REFUND_PATIENCE_SECONDS: i64 = 120;
/// How long ago a show was called off whose cancellation should run by now: longer than an engine that is asked for it
/// takes to answer.
const CALLED_OFF_PATIENCE_SECONDS: i64 = 30;
/// How long ago a show was called off at most: an open booking of an older one is for people to look at.
const CALLED_OFF_SECONDS: i64 = 90 * 24 * 60 * 60;
/// How many are looked at in one round.
const BATCH: u32 = 200;

impl App {
    /// Sweeps until `stop` is cancelled.
    pub async fn sweep(&self, stop: CancellationToken) {
        let mut round: u32 = 0;
        loop {
            if let Err(error) = self.sweep_once(round.is_multiple_of(SLOW_ROUNDS)).await {
                tracing::warn!(error = %error, "the sweep could not be finished");
            }
            round = round.wrapping_add(1);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// One round of the sweep; `slow` looks at shows called off, open payments and refunds too.
    pub async fn sweep_once(&self, slow: bool) -> Result<(), AppError> {
        let deadline = later(self.now(), -OVERDUE_SWEEP_SECONDS);
        for booking_id in self.store().overdue_bookings(deadline, BATCH).await? {
            self.settle_if_orphaned(booking_id).await?;
        }
        if slow {
            self.look_at_open_payments().await?;
            let before = later(self.now(), -REFUND_PATIENCE_SECONDS);
            for booking_id in self.store().unsettled_bookings(before, BATCH).await? {
                self.settle_if_orphaned(booking_id).await?;
            }
            for booking_id in self.store().open_refunds(before, BATCH).await? {
                self.settle_if_orphaned(booking_id).await?;
            }
            self.go_on_cancelling_shows().await?;
        }
        Ok(())
    }

    /// A booking whose saga runs is left to it, however late it is.
    async fn settle_if_orphaned(&self, booking_id: BookingId) -> Result<(), AppError> {
        let own = booking_id.to_string();
        let settling = settle_booking::workflow_id(booking_id);
        for saga in [own, settling] {
            if self.engine().is_running(&saga).await.map_err(AppError::engine_away)? == Some(true) {
                return Ok(());
            }
        }
        if let Some(record) = self.store().recall_booking(booking_id).await? {
            tracing::warn!(booking.id = %booking_id, state = record.state.name(), "its saga is gone; it is settled");
            self.engine().settle_overdue(&record.request).await.map_err(AppError::engine_away)?;
        }
        Ok(())
    }

    /// Whoever called these shows off may have died before their cancellation had begun, or somebody has stopped it.
    /// All of them are looked at: those whose bookings take their time keep no other one waiting, nor does one that
    /// cannot be gone on with.
    async fn go_on_cancelling_shows(&self) -> Result<(), AppError> {
        let now = self.now();
        let called_off = later(now, -CALLED_OFF_SECONDS)..later(now, -CALLED_OFF_PATIENCE_SECONDS);
        let mut after: Option<ShowToCancel> = None;
        loop {
            let shows = self.store().shows_to_cancel(&called_off, after.as_ref(), BATCH).await?;
            let Some(last) = shows.last() else { return Ok(()) };
            after = Some(*last);
            for show in &shows {
                if let Err(error) = self.go_on_cancelling(show).await {
                    let cause = &error as &dyn std::error::Error;
                    tracing::warn!(show.id = %show.show_id, error = cause, "the cancellation of a show could not go on");
                }
            }
        }
    }

    async fn go_on_cancelling(&self, show: &ShowToCancel) -> Result<(), AppError> {
        let ShowToCancel { show_id, partner_id, called_off_at } = *show;
        let cancelling = cancel_show::workflow_id(show_id);
        if self.engine().is_running(&cancelling).await.map_err(AppError::engine_away)? == Some(true) {
            return Ok(());
        }
        tracing::warn!(show.id = %show_id, %called_off_at, "nobody takes back the bookings of a show; it goes on");
        self.engine().cancel_show(show_id, partner_id).await.map_err(AppError::engine_away)
    }

    /// Seats were let go of while these payments were open; their money may have come without a webhook.
    async fn look_at_open_payments(&self) -> Result<(), AppError> {
        let mut after = None;
        loop {
            let open = self.store().abandoned_attempts(BATCH, after).await?;
            let Some((last, _)) = open.last() else { return Ok(()) };
            after = Some(*last);
            for (booking_id, intent_id) in open {
                let Some(record) = self.store().recall_booking(booking_id).await? else { continue };
                let word = Word::Payment(PaymentNoticed { intent_id: Some(intent_id) });
                self.engine().tell(&record.request, word).await.map_err(AppError::engine_away)?;
            }
        }
    }
}
