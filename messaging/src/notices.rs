//! What of the messages customers are told: each step of a booking is noted once, and sent by whoever sends notices.

use async_trait::async_trait;
use domain::message::Message;
use jiff::Timestamp;
use store::Store;

use crate::consumer::{Consumed, Consumer, Trouble};
use crate::envelope::{Envelope, SOURCE};

/// Notes what customers are to be told. That it is noted is all that a message waits for: mail may be away for days.
pub struct NoticeConsumer {
    store: Store,
}

impl NoticeConsumer {
    /// Notes it in `store`.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Consumer for NoticeConsumer {
    fn name(&self) -> &'static str {
        "notices"
    }

    async fn consume(&self, message: &Envelope) -> Result<Consumed, Trouble> {
        if message.source != SOURCE {
            return Ok(Consumed::Ignored);
        }
        let Some(fact) = message.fact()? else {
            return Ok(Consumed::Ignored);
        };
        let Some(step) = step_of(&fact.message) else {
            return Ok(Consumed::Ignored);
        };
        // A consumer that was away, or is new, must not tell of what happened long ago as if it were news.
        let told_at = message.time.unwrap_or_else(Timestamp::now);
        let new = self.store.note_notice(&fact.subject, &step, &fact.message, told_at).await?;
        Ok(if new { Consumed::Done } else { Consumed::Repeated })
    }
}

/// The step that a message tells customers of; none if it is nothing to them.
pub fn step_of(message: &Message) -> Option<String> {
    match message {
        Message::BookingConfirmed { .. } => Some("confirmed".to_owned()),
        Message::BookingCancelled { .. } => Some("cancelled".to_owned()),
        Message::BookingExpired { .. } => Some("expired".to_owned()),
        Message::PaymentRefunded { refund_id, .. } => Some(format!("refunded:{refund_id}")),
        // Whoever books is answered at once that it failed or was declined; tickets come with the confirmation.
        Message::BookingCreated { .. }
        | Message::BookingFailed { .. }
        | Message::BookingNeedsAttention { .. }
        | Message::PaymentRequested { .. }
        | Message::PaymentCancellationRequested { .. }
        | Message::RefundRequested { .. }
        | Message::PaymentConfirmed { .. }
        | Message::PaymentFailed { .. }
        | Message::RefundFailed { .. }
        | Message::TicketIssued { .. }
        | Message::TicketVoided { .. } => None,
    }
}
