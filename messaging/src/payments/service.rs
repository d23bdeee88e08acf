//! The payment simulator as a provider that is reached by message alone: what it is asked, and what it answers.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::BookingId;
use domain::message::Message;
use domain::money::Money;
use domain::payment::{AttemptToRequest, IntentId, IntentState};
use domain::refund::RefundState;
use payments::simulator::wire::{EventOut, IntentIn, IntentOut, Metadata, RefundIn, RefundOut};
use payments::simulator::{AskedIntent, Collect, EventOutlet, PROVIDER_NAME, Simulator, SimulatorError};
use serde_json::{Map, Value, json};

use super::{MessageOutlet, PAYMENT_PROCESSED, REFUND_PROCESSED};
use crate::consumer::{Consumed, Consumer, Trouble};
use crate::envelope::{Envelope, Fact, SOURCE, SPEC_VERSION};

/// Does what boxoffice asks a payment provider for.
pub struct PaymentRequestConsumer {
    simulator: Simulator,
    collect: Collect,
}

impl PaymentRequestConsumer {
    /// Asks `simulator`, whose intents are paid as `collect` says.
    pub fn new(simulator: Simulator, collect: Collect) -> Self {
        Self { simulator, collect }
    }
}

#[async_trait]
impl Consumer for PaymentRequestConsumer {
    fn name(&self) -> &'static str {
        "provider"
    }

    async fn consume(&self, message: &Envelope) -> Result<Consumed, Trouble> {
        if message.source != SOURCE {
            return Ok(Consumed::Ignored);
        }
        let Some(Fact { subject, message, .. }) = message.fact()? else {
            return Ok(Consumed::Ignored);
        };
        let booking_id = subject.booking_id;
        let done = match message {
            Message::PaymentRequested { payment_id, attempt, intent_id, amount } => {
                let attempt = AttemptToRequest { payment_id, booking_id, number: attempt, amount };
                self.simulator.take_intent(&asked(&attempt, &intent_id), self.collect).await
            }
            Message::PaymentCancellationRequested { payment_id, attempt, intent_id, amount } => {
                let attempt = AttemptToRequest { payment_id, booking_id, number: attempt, amount };
                self.simulator.take_cancellation(&asked(&attempt, &intent_id)).await
            }
            Message::RefundRequested { refund_id, intent_id, amount, .. } => {
                let request = RefundIn {
                    intent_id: intent_id.as_str().to_owned(),
                    amount_minor: amount.minor,
                    currency: amount.currency,
                };
                self.simulator.take_refund(&refund_id.to_string(), &request).await
            }
            Message::BookingCreated { .. }
            | Message::BookingConfirmed { .. }
            | Message::BookingCancelled { .. }
            | Message::BookingExpired { .. }
            | Message::BookingFailed { .. }
            | Message::BookingNeedsAttention { .. }
            | Message::PaymentConfirmed { .. }
            | Message::PaymentFailed { .. }
            | Message::PaymentRefunded { .. }
            | Message::RefundFailed { .. }
            | Message::TicketIssued { .. }
            | Message::TicketVoided { .. } => return Ok(Consumed::Ignored),
        };
        done.map(|()| Consumed::Done).map_err(trouble)
    }
}

/// An attempt as the simulator keeps it, the same as where it is asked over HTTP.
fn asked(attempt: &AttemptToRequest, intent_id: &IntentId) -> AskedIntent {
    let AttemptToRequest { payment_id, booking_id, number, amount } = attempt;
    AskedIntent {
        id: intent_id.as_str().to_owned(),
        idempotency_key: attempt.idempotency_key(),
        intent: IntentIn {
            amount_minor: amount.minor,
            currency: amount.currency,
            metadata: Metadata::from([
                (BOOKING.to_owned(), booking_id.to_string()),
                ("payment_id".to_owned(), payment_id.to_string()),
                ("attempt".to_owned(), number.to_string()),
            ]),
        },
    }
}

/// Where an intent has the booking that it is for.
const BOOKING: &str = "booking_id";

/// A refusal comes again however often it is asked for; an outage, also one that was ordered, ends.
fn trouble(error: SimulatorError) -> Trouble {
    match error {
        SimulatorError::Unauthorized
        | SimulatorError::MissingIdempotencyKey
        | SimulatorError::IdempotencyMismatch
        | SimulatorError::InvalidRequest { .. }
        | SimulatorError::UnknownCard
        | SimulatorError::NotFound { .. }
        | SimulatorError::UnexpectedState { .. }
        | SimulatorError::AmountTooLarge { .. } => Trouble::poison(&error),
        SimulatorError::Unavailable { .. } | SimulatorError::ToldToFail | SimulatorError::Ledger(_) => {
            Trouble::ForNow(Box::new(error))
        }
        SimulatorError::BadRow { .. } | SimulatorError::Sender(_) => Trouble::Unexpected(Box::new(error)),
    }
}

/// Publishes what the simulator has to tell.
pub struct PaymentResultOutlet {
    outlet: Arc<dyn MessageOutlet>,
    topic: String,
}

impl PaymentResultOutlet {
    /// Publishes to `topic`.
    pub fn new(outlet: Arc<dyn MessageOutlet>, topic: impl Into<String>) -> Self {
        Self { outlet, topic: topic.into() }
    }
}

#[async_trait]
impl EventOutlet for PaymentResultOutlet {
    async fn publish(&self, event: &EventOut) -> Result<(), Box<dyn Error + Send + Sync>> {
        let message = result_of(event);
        // Results about one booking stay in order: they share its partition.
        let key = message.partitionkey.as_deref().unwrap_or(&event.intent.id);
        self.outlet.publish(&self.topic, key, &message).await
    }
}

/// An event of the simulator as a message.
fn result_of(event: &EventOut) -> Envelope {
    let EventOut { id, kind: _, created_at, intent, refund } = event;
    let booking_id = intent.metadata.get(BOOKING).filter(|id| BookingId::parse(id).is_ok()).cloned();
    let (kind, mut data) = match refund {
        Some(refund) => (REFUND_PROCESSED[0], refund_data(refund)),
        None => (PAYMENT_PROCESSED[0], intent_data(intent)),
    };
    if let Some(booking_id) = &booking_id {
        data.insert("bookingId".to_owned(), json!(booking_id));
    }
    Envelope {
        specversion: SPEC_VERSION.to_owned(),
        id: id.clone(),
        source: PROVIDER_NAME.to_owned(),
        kind: kind.to_owned(),
        subject: booking_id.clone(),
        time: Some(*created_at),
        datacontenttype: Some("application/json".to_owned()),
        sequence: None,
        partitionkey: booking_id.or_else(|| Some(intent.id.clone())),
        data,
    }
}

fn intent_data(intent: &IntentOut) -> Map<String, Value> {
    let IntentOut { id, state, amount_minor, currency, captured_minor, decline_code, payment_page, .. } = intent;
    let declined = decline_code.as_ref().filter(|_| *state == IntentState::RequiresPayment);
    let status = if declined.is_some() { "declined" } else { state.as_str() };
    let mut data = Map::new();
    data.insert("intentId".to_owned(), json!(id));
    data.insert("status".to_owned(), json!(status));
    data.insert("amount".to_owned(), json!(Money::new(*amount_minor, *currency)));
    data.insert("capturedMinor".to_owned(), json!(captured_minor));
    if let Some(code) = declined {
        data.insert("declineCode".to_owned(), json!(code));
    }
    if let Some(page) = payment_page {
        data.insert("paymentPage".to_owned(), json!(page));
    }
    data
}

fn refund_data(refund: &RefundOut) -> Map<String, Value> {
    let RefundOut { id, intent_id, amount_minor, currency, state, idempotency_key, created_at: _ } = refund;
    let status = match state {
        RefundState::Open | RefundState::Pending => "pending",
        RefundState::Succeeded => "succeeded",
        RefundState::Failed => "failed",
    };
    let mut data = Map::new();
    data.insert("intentId".to_owned(), json!(intent_id));
    data.insert("refundId".to_owned(), json!(idempotency_key));
    data.insert("providerRefundId".to_owned(), json!(id));
    data.insert("status".to_owned(), json!(status));
    data.insert("amount".to_owned(), json!(Money::new(*amount_minor, *currency)));
    data
}
