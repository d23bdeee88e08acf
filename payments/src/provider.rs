//! The port to a payment provider. Knows no provider's wire format.

use async_trait::async_trait;
use domain::ids::{BookingId, PaymentId};
use domain::money::Money;
use domain::payment::{AttemptToRequest, IntentId, IntentReading};
use domain::refund::{RefundReading, RefundToSend};
use jiff::Timestamp;

use crate::fault::ProviderFault;
use crate::webhook::{ProviderEvent, WebhookRefusal};

/// An intent that a provider is to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentToRequest {
    /// What makes a repeated request find the same intent.
    pub idempotency_key: String,
    /// The booking that is paid for.
    pub booking_id: BookingId,
    /// The payment it belongs to.
    pub payment_id: PaymentId,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// What to collect.
    pub amount: Money,
}

impl From<&AttemptToRequest> for IntentToRequest {
    fn from(attempt: &AttemptToRequest) -> Self {
        let AttemptToRequest { payment_id, booking_id, number, amount } = attempt;
        Self {
            idempotency_key: attempt.idempotency_key(),
            booking_id: *booking_id,
            payment_id: *payment_id,
            attempt: *number,
            amount: *amount,
        }
    }
}

/// Some of a list, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to ask with for the rest; none at the end of the list.
    pub next_cursor: Option<String>,
}

/// An intent in a provider's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedIntent {
    /// The intent as it is now.
    pub reading: IntentReading,
    /// The booking that it was requested for; none for an intent that boxoffice did not request.
    pub booking_id: Option<BookingId>,
    /// When the provider created it.
    pub created_at: Timestamp,
    /// The key that it was requested with, where the provider tells.
    pub idempotency_key: Option<String>,
}

/// A refund in a provider's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRefund {
    /// The refund as it is now.
    pub reading: RefundReading,
    /// The intent whose money goes back.
    pub intent_id: IntentId,
    /// How much.
    pub amount: Money,
    /// When the provider created it.
    pub created_at: Timestamp,
    /// The key that it was requested with, where the provider tells: the refund's id if boxoffice sent it.
    pub idempotency_key: Option<String>,
}

/// Somebody who collects money and gives it back.
///
/// Every request may be repeated: the idempotency key, or the state that is asked for, makes the second one harmless.
#[async_trait]
pub trait PaymentProvider: Send + Sync {
    /// The provider's name in configuration, in webhook routes and in the database.
    fn name(&self) -> &str;

    /// Creates an intent, or finds the one that was created with the same key, as it is today.
    async fn request_intent(&self, request: &IntentToRequest) -> Result<IntentReading, ProviderFault>;

    /// Reads an intent.
    async fn read_intent(&self, intent_id: &IntentId) -> Result<IntentReading, ProviderFault>;

    /// Asks for an intent to be cancelled and answers how it is afterwards. That it could not be cancelled because it
    /// has succeeded or is processing is an answer, no fault.
    async fn cancel_intent(&self, intent_id: &IntentId) -> Result<IntentReading, ProviderFault>;

    /// Gives money back, once per refund id.
    async fn refund(&self, refund: &RefundToSend) -> Result<RefundReading, ProviderFault>;

    /// Reads a refund by the provider's name for it.
    async fn read_refund(&self, provider_refund_id: &str) -> Result<RefundReading, ProviderFault>;

    /// The intents created at `since` or later, `limit` at a time.
    async fn list_intents(
        &self,
        since: Timestamp,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<ListedIntent>, ProviderFault>;

    /// The refunds created at `since` or later, `limit` at a time, whoever asked for them.
    async fn list_refunds(
        &self,
        since: Timestamp,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<ListedRefund>, ProviderFault>;

    /// Checks a webhook and reads what it is about. `raw_body` is what came over the wire, byte for byte; `headers`
    /// finds a header by its name, in any case of letters.
    fn verify_webhook(
        &self,
        headers: &dyn Fn(&str) -> Option<String>,
        raw_body: &[u8],
        now: Timestamp,
    ) -> Result<ProviderEvent, WebhookRefusal>;
}
