//! A payment provider that is reached by message alone. It is asked by way of the outbox, and read from what its
//! messages have told so far.

use std::time::Duration;

use async_trait::async_trait;
use domain::message_intent::{MessageIntent, MessageRefund};
use domain::payment::{IntentId, IntentReading, IntentState};
use domain::refund::{RefundReading, RefundState, RefundToSend};
use jiff::Timestamp;
use payments::{
    IntentToRequest, ListedIntent, ListedRefund, Page, PaymentProvider, ProviderEvent, ProviderFault, WebhookRefusal,
};
use store::{Store, StoreError};
use tokio::time::Instant;

/// How long the provider has to answer a wish before the step that waits for it is tried again; well within the 15 s
/// that one try of a step at the provider may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// The first pause between two looks at what has been told; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// See the module.
#[derive(Debug, Clone)]
pub struct MessageProvider {
    store: Store,
    name: String,
    answer_within: Duration,
}

impl MessageProvider {
    /// The provider called `name`, about which `store` keeps what was asked and told.
    pub fn new(store: Store, name: impl Into<String>) -> Self {
        Self { store, name: name.into(), answer_within: ANSWER_WITHIN }
    }

    /// The same with another patience.
    #[must_use]
    pub fn answering_within(self, answer_within: Duration) -> Self {
        Self { answer_within, ..self }
    }

    fn patience(&self) -> Patience {
        Patience { deadline: Instant::now() + self.answer_within, pause: FIRST_PAUSE }
    }

    async fn intent(&self, intent_id: &IntentId) -> Result<MessageIntent, ProviderFault> {
        let found = self.store.message_intent(intent_id).await.map_err(fault)?;
        found.ok_or_else(|| ProviderFault::UnknownIntent { intent_id: intent_id.clone() })
    }
}

/// How long an answer is waited for, and how often it is looked for.
struct Patience {
    deadline: Instant,
    pause: Duration,
}

impl Patience {
    fn is_over(&self) -> bool {
        Instant::now() + self.pause > self.deadline
    }

    /// Waits before the next look; says that there is none.
    async fn wait(&mut self) -> Result<(), ProviderFault> {
        if self.is_over() {
            return Err(ProviderFault::TimedOut);
        }
        tokio::time::sleep(self.pause).await;
        self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
        Ok(())
    }
}

#[async_trait]
impl PaymentProvider for MessageProvider {
    fn name(&self) -> &str {
        &self.name
    }

    /// Nobody is asked yet: the request is published with the attempt, when that has been written down.
    async fn request_intent(&self, request: &IntentToRequest) -> Result<IntentReading, ProviderFault> {
        let intent = self.store.open_message_intent(&new_intent(request)).await.map_err(fault)?;
        if intent.amount != request.amount {
            return Err(ProviderFault::Rejected {
                code: "idempotency_error".to_owned(),
                message: format!("`{}` was used for {}", request.idempotency_key, intent.amount),
            });
        }
        Ok(intent.reading())
    }

    async fn read_intent(&self, intent_id: &IntentId) -> Result<IntentReading, ProviderFault> {
        Ok(self.intent(intent_id).await?.reading())
    }

    /// Silence is no answer: an intent that may still be paid after the provider was asked to cancel it is a call that
    /// came to nothing in time, to be tried again. The question itself is not put a second time before it is answered.
    async fn cancel_intent(&self, intent_id: &IntentId) -> Result<IntentReading, ProviderFault> {
        let asked = self.store.ask_to_cancel_intent(intent_id, Timestamp::now()).await.map_err(fault)?;
        let asked = asked.ok_or_else(|| ProviderFault::UnknownIntent { intent_id: intent_id.clone() })?;
        let mut patience = self.patience();
        loop {
            let now = self.intent(intent_id).await?;
            let is_answered = match now.state {
                IntentState::Succeeded | IntentState::Cancelled => true,
                // It may have been told before the question; then another answer may come, or this one is it.
                IntentState::Processing => now.told > asked.told || patience.is_over(),
                IntentState::RequiresPayment | IntentState::RequiresAction => false,
            };
            if is_answered {
                return Ok(now.reading());
            }
            patience.wait().await?;
        }
    }

    async fn refund(&self, refund: &RefundToSend) -> Result<RefundReading, ProviderFault> {
        let asked = self.store.ask_for_refund(refund, Timestamp::now()).await.map_err(fault)?;
        let asked = asked.ok_or_else(|| ProviderFault::UnknownIntent { intent_id: refund.intent_id.clone() })?;
        let mut patience = self.patience();
        loop {
            let now = self.store.message_refund(&asked.id).await.map_err(fault)?;
            if let Some(reading) = now.and_then(|refund| refund.reading()) {
                return Ok(reading);
            }
            patience.wait().await?;
        }
    }

    async fn read_refund(&self, provider_refund_id: &str) -> Result<RefundReading, ProviderFault> {
        let found = match self.store.message_refund_sent_as(provider_refund_id).await.map_err(fault)? {
            Some(found) => Some(found),
            // A provider that has no name of its own for it goes by ours.
            None => self.store.message_refund(provider_refund_id).await.map_err(fault)?,
        };
        let unknown = || ProviderFault::UnknownRefund { provider_refund_id: provider_refund_id.to_owned() };
        let refund = found.ok_or_else(unknown)?;
        let pending =
            || RefundReading { provider_refund_id: provider_refund_id.to_owned(), state: RefundState::Pending };
        Ok(refund.reading().unwrap_or_else(pending))
    }

    async fn list_intents(
        &self,
        since: Timestamp,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<ListedIntent>, ProviderFault> {
        let (at, id) = position(since, cursor)?;
        let found = self.store.list_message_intents((at, &id), limit.saturating_add(1)).await.map_err(fault)?;
        Ok(page(found, limit, |intent| (intent.created_at, intent.intent_id.to_string()), listed_intent))
    }

    async fn list_refunds(
        &self,
        since: Timestamp,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<ListedRefund>, ProviderFault> {
        let (at, id) = position(since, cursor)?;
        let found = self.store.list_message_refunds((at, &id), limit.saturating_add(1)).await.map_err(fault)?;
        Ok(page(found, limit, |refund| (refund.created_at, refund.id.clone()), listed_refund))
    }

    fn verify_webhook(
        &self,
        _headers: &dyn Fn(&str) -> Option<String>,
        _raw_body: &[u8],
        _now: Timestamp,
    ) -> Result<ProviderEvent, WebhookRefusal> {
        let reason = "the provider is reached by message, and is expected to answer so".to_owned();
        Err(WebhookRefusal::Malformed { reason })
    }
}

fn new_intent(request: &IntentToRequest) -> MessageIntent {
    let IntentToRequest { idempotency_key, booking_id, payment_id, attempt, amount } = request;
    let nothing = domain::money::Money::zero(amount.currency);
    MessageIntent {
        intent_id: IntentId::for_key(idempotency_key),
        idempotency_key: idempotency_key.clone(),
        booking_id: *booking_id,
        payment_id: *payment_id,
        attempt: *attempt,
        amount: *amount,
        state: IntentState::RequiresPayment,
        captured: nothing,
        refunded: nothing,
        decline_code: None,
        payment_page: None,
        told: 0,
        told_at: None,
        asked_at_told: None,
        created_at: Timestamp::now(),
    }
}

fn listed_intent(intent: MessageIntent) -> ListedIntent {
    ListedIntent {
        reading: intent.reading(),
        booking_id: Some(intent.booking_id),
        created_at: intent.created_at,
        idempotency_key: Some(intent.idempotency_key),
    }
}

fn listed_refund(refund: MessageRefund) -> ListedRefund {
    let provider_refund_id = refund.provider_refund_id.clone().unwrap_or_else(|| refund.id.clone());
    ListedRefund {
        reading: RefundReading { provider_refund_id, state: refund.state },
        intent_id: refund.intent_id,
        amount: refund.amount,
        created_at: refund.created_at,
        idempotency_key: refund.asked.then_some(refund.id),
    }
}

/// After which creation and id a list goes on.
fn position(since: Timestamp, cursor: Option<String>) -> Result<(Timestamp, String), ProviderFault> {
    // Every id comes after the empty one, so what was created at that very moment is on the list.
    let Some(cursor) = cursor else { return Ok((since, String::new())) };
    let parts = cursor.split_once('.').and_then(|(millis, id)| {
        let at = Timestamp::from_millisecond(millis.parse().ok()?).ok()?;
        Some((at, id.to_owned()))
    });
    parts.ok_or_else(|| ProviderFault::Rejected {
        code: "invalid_request".to_owned(),
        message: "cursor is none that was given out".to_owned(),
    })
}

/// Cuts what was found, one more than wanted, to the wanted length.
fn page<T, U>(
    mut found: Vec<T>,
    limit: u32,
    place: impl Fn(&T) -> (Timestamp, String),
    convert: impl Fn(T) -> U,
) -> Page<U> {
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| more).map(|last| {
        let (at, id) = place(last);
        format!("{}.{id}", at.as_millisecond())
    });
    Page { items: found.into_iter().map(convert).collect(), next_cursor }
}

/// The database stands in for the provider here, and its faults for the provider's.
fn fault(error: StoreError) -> ProviderFault {
    if error.is_transient() {
        return ProviderFault::Unreachable { reason: format!("what it has told cannot be read: {error}") };
    }
    ProviderFault::Rejected { code: "database".to_owned(), message: error.to_string() }
}
