//! What a payment provider tells by message: kept and delivered like a webhook. Of an intent that was asked for by
//! message as well, what is told is also what the saga will read; any other is read back at its provider.

use domain::hold::later;
use domain::message_intent::{IntentNews, RefundNews};
use domain::payment::IntentId;
use store::NewPaymentEvent;

use crate::inbox::FIRST_LEASE_SECONDS;
use crate::{App, AppError, WebhookReceived};

/// A provider's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentMessage {
    /// Who says it.
    pub source: String,
    /// Its id: the same in every repetition, and with `source` unlike that of any other.
    pub id: String,
    /// What kind of thing it tells.
    pub kind: String,
    /// The whole message, as it is kept.
    pub body: String,
    /// What it tells.
    pub news: PaymentNews,
}

/// What a provider's message tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentNews {
    /// What became of a payment.
    Intent(IntentNews),
    /// What became of a refund.
    Refund(RefundNews),
}

impl PaymentNews {
    /// The intent it is about.
    pub fn intent_id(&self) -> &IntentId {
        match self {
            Self::Intent(news) => &news.intent_id,
            Self::Refund(news) => &news.intent_id,
        }
    }
}

impl App {
    /// Takes what the provider tells by message.
    pub async fn receive_payment_message(&self, message: &PaymentMessage) -> Result<WebhookReceived, AppError> {
        let provider = self.provider().name();
        let PaymentMessage { source, id, kind, body, news } = message;
        // An event that the provider also sends as a webhook has the same id there.
        let event_id = if source == provider { id.clone() } else { format!("{source}#{id}") };
        let now = self.now();
        let event = NewPaymentEvent {
            provider: provider.to_owned(),
            event_id,
            kind: kind.clone(),
            intent_id: Some(news.intent_id().clone()),
            body: body.clone(),
            received_at: now,
            due_at: later(now, FIRST_LEASE_SECONDS),
            deliveries: 1,
        };
        let kept = match news {
            PaymentNews::Intent(news) => self.store().hear_of_intent(&event, news).await?,
            PaymentNews::Refund(news) => self.store().hear_of_refund(&event, news).await?,
        };
        Ok(self.deliver_if_new(event, kept))
    }
}
