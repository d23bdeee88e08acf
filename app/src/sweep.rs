//! The sweep: finds bookings whose saga was terminated or lost, money that came without a webhook, refunds left
//! half-way; and has the settling saga see to them. Every worker sweeps; telling a saga twice is harmless.

use std::time::Duration;

use domain::hold::later;
use domain::ids::BookingId;
use domain::limits::OVERDUE_SWEEP_SECONDS;
use tokio_util::sync::CancellationToken;
use workflows::settle_booking;
use workflows::signals::PaymentNoticed;

use crate::engine::Word;
use crate::{App, AppError};

/// How often overdue holds are looked for.
const EVERY: Duration = Duration::from_secs(5);
/// In which of these rounds payments left open and refunds left half-way are looked at as well: once a minute.
const SLOW_ROUNDS: u32 = 12;
/// How long a refund, or money that is not settled, may be left alone before it is looked at.
const REFUND_PATIENCE_SECONDS: i64 = 120;
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

    /// One round of the sweep; `slow` looks at open payments and refunds too.
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
