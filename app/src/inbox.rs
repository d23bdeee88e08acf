//! The inbox: stored webhooks on their way to their sagas. Every worker drains it; a lease keeps two from taking the
//! same one.

use std::time::Duration;

use domain::booking::BookingRecord;
use domain::hold::later;
use domain::ids::BookingId;
use domain::payment::IntentId;
use jiff::{SignedDuration, Timestamp};
use store::PaymentEvent;
use tokio_util::sync::CancellationToken;
use workflows::signals::PaymentNoticed;

use crate::engine::Word;
use crate::{App, AppError};

/// How long a delivery may take before somebody else may try.
const LEASE_SECONDS: i64 = 15;
/// The same for a delivery by the process that has stored the webhook: where it dies with it, a worker takes it over as
/// soon as this is over. Should both deliver it, the saga reads the payment once more.
pub(crate) const FIRST_LEASE_SECONDS: i64 = 2;
/// How often the inbox is looked through for what is due.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How many are taken at once.
const BATCH: u32 = 50;
/// The pause before the second delivery; each next one is twice as long.
const FIRST_PAUSE_MILLISECONDS: i64 = 500;
/// The longest pause between two deliveries.
const LONGEST_PAUSE_SECONDS: i64 = 60;

impl App {
    /// Delivers what is due until `stop` is cancelled.
    pub async fn drain_inbox(&self, stop: CancellationToken) {
        loop {
            match self.deliver_due().await {
                Ok(delivered) if delivered == BATCH as usize => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(error = %error, "the inbox cannot be drained for now"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    /// Delivers one that has just been stored, and that nobody else takes before [`FIRST_LEASE_SECONDS`] are over.
    pub(crate) fn deliver_at_once(&self, event: PaymentEvent) {
        let app = self.clone();
        tokio::spawn(async move { app.deliver(event).await });
    }

    async fn deliver_due(&self) -> Result<usize, AppError> {
        let due = self.store().claim_due_payment_events(self.now(), LEASE_SECONDS, BATCH).await?;
        let count = due.len();
        for event in due {
            self.deliver(event).await;
        }
        Ok(count)
    }

    async fn deliver(&self, event: PaymentEvent) {
        let now = self.now();
        let outcome = match self.deliver_to_saga(&event).await {
            Ok(booking_id) => {
                self.store().payment_event_delivered(&event.provider, &event.event_id, booking_id, now).await
            }
            Err(problem) => {
                tracing::info!(event.id = %event.event_id, problem, deliveries = event.deliveries, "webhook parked");
                let again = next_delivery(now, event.deliveries);
                self.store().park_payment_event(&event.provider, &event.event_id, &problem, again).await
            }
        };
        if let Err(error) = outcome {
            // The lease ends and the webhook is delivered once more; sagas do not mind.
            tracing::warn!(event.id = %event.event_id, error = %error, "a delivery could not be written down");
        }
    }

    async fn deliver_to_saga(&self, event: &PaymentEvent) -> Result<Option<BookingId>, String> {
        let Some(intent_id) = event.intent_id.clone() else {
            // Nothing that boxoffice has asked for; kept for whoever looks.
            return Ok(None);
        };
        let found = self.store().recall_booking_by_intent(&intent_id).await.map_err(|error| error.to_string())?;
        let record = found.ok_or_else(|| format!("intent {intent_id} is not known"))?;
        if may_tell_news(&record, &intent_id, &event.kind) {
            let word = Word::Payment(PaymentNoticed { intent_id: Some(intent_id) });
            self.engine().tell(&record.request, word).await.map_err(|error| error.to_string())?;
        }
        Ok(Some(record.request.booking_id))
    }
}

/// Whether a webhook can say anything that is not written down. An attempt whose outcome is known has only refunds and
/// disputes left to hear of, and no saga is started to hear the rest.
fn may_tell_news(record: &BookingRecord, intent_id: &IntentId, kind: &str) -> bool {
    let attempt = record.attempts.iter().find(|attempt| attempt.intent_id.as_ref() == Some(intent_id));
    let known = attempt.is_some_and(|attempt| !attempt.state.is_open());
    let ended = record.state.end().is_some();
    !(known && ended) || kind.contains("refund") || kind.contains("dispute")
}

fn next_delivery(now: Timestamp, deliveries: i32) -> Timestamp {
    let doublings = u32::try_from(deliveries.saturating_sub(1).clamp(0, 16)).unwrap_or(0);
    let pause = SignedDuration::from_millis(FIRST_PAUSE_MILLISECONDS << doublings);
    let longest = SignedDuration::from_secs(LONGEST_PAUSE_SECONDS);
    now.saturating_add(pause.min(longest)).unwrap_or_else(|_overflow| later(now, LONGEST_PAUSE_SECONDS))
}
