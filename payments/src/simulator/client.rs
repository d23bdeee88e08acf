//! The simulator as a payment provider: what boxoffice sees of it, over HTTP only.

use std::time::Duration;

use async_trait::async_trait;
use domain::ids::BookingId;
use domain::money::Money;
use domain::payment::{IntentId, IntentReading};
use domain::refund::{RefundReading, RefundToSend};
use jiff::Timestamp;
use reqwest::{RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::SIGNATURE_HEADER;
use super::error::UNEXPECTED_STATE;
use super::wire::{ErrorBody, ErrorOut, IntentIn, IntentOut, ListIn, ListOut, Metadata, RefundIn, RefundOut};
use crate::fault::ProviderFault;
use crate::provider::{IntentToRequest, ListedIntent, ListedRefund, Page, PaymentProvider};
use crate::webhook::{self, ProviderEvent, WebhookRefusal};

/// The simulator's name as a provider.
pub const PROVIDER_NAME: &str = "simulator";

const CONNECT_SECONDS: u64 = 2;
const ANSWER_SECONDS: u64 = 10;

/// A client of the simulator's API.
#[derive(Debug, Clone)]
pub struct SimulatorProvider {
    client: reqwest::Client,
    base: Url,
    api_key: SecretString,
    webhook_secret: SecretString,
}

/// An answer that is no success: a fault, or a refusal with its body.
enum Refusal {
    Fault(ProviderFault),
    Body { status: StatusCode, error: ErrorBody },
}

impl SimulatorProvider {
    /// A client of the simulator at `base`, such as `http://localhost:8080/simulator`. Fails only where TLS does.
    pub fn new(base: Url, api_key: SecretString, webhook_secret: SecretString) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
            .timeout(Duration::from_secs(ANSWER_SECONDS))
            .build()?;
        Ok(Self { client, base, api_key, webhook_secret })
    }

    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        // Ids are pushed as segments, which escapes whatever a foreign id may have in it.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v1").extend(segments);
        }
        url
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Refusal> {
        let answer = request.bearer_auth(self.api_key.expose_secret()).send().await.map_err(broken)?;
        if answer.status().is_success() {
            let body = answer.bytes().await.map_err(broken)?;
            return serde_json::from_slice(&body)
                .map_err(|error| Refusal::Fault(ProviderFault::Unreadable { reason: error.to_string() }));
        }
        Err(refused(answer).await)
    }

    async fn list<T: DeserializeOwned, U>(
        &self,
        what: &str,
        since: Timestamp,
        cursor: Option<String>,
        limit: u32,
        convert: impl Fn(T) -> U,
    ) -> Result<Page<U>, ProviderFault> {
        let query = ListIn { since: Some(since), cursor, limit: Some(limit) };
        let request = self.client.get(self.url(&[what])).query(&query);
        let list: ListOut<T> = self.send(request).await.map_err(Refusal::into_fault)?;
        Ok(Page { items: list.items.into_iter().map(convert).collect(), next_cursor: list.next_cursor })
    }
}

#[async_trait]
impl PaymentProvider for SimulatorProvider {
    fn name(&self) -> &str {
        PROVIDER_NAME
    }

    async fn request_intent(&self, request: &IntentToRequest) -> Result<IntentReading, ProviderFault> {
        let body = IntentIn {
            amount_minor: request.amount.minor,
            currency: request.amount.currency,
            metadata: Metadata::from([
                ("booking_id".to_owned(), request.booking_id.to_string()),
                ("payment_id".to_owned(), request.payment_id.to_string()),
                ("attempt".to_owned(), request.attempt.to_string()),
            ]),
        };
        let url = self.url(&["intents"]);
        let request = self.client.post(url).header("Idempotency-Key", &request.idempotency_key).json(&body);
        self.send(request).await.map(reading).map_err(Refusal::into_fault)
    }

    async fn read_intent(&self, intent_id: &IntentId) -> Result<IntentReading, ProviderFault> {
        let request = self.client.get(self.url(&["intents", intent_id.as_str()]));
        self.send(request).await.map(reading).map_err(|refusal| refusal.about_intent(intent_id))
    }

    async fn cancel_intent(&self, intent_id: &IntentId) -> Result<IntentReading, ProviderFault> {
        let request = self.client.post(self.url(&["intents", intent_id.as_str(), "cancel"]));
        match self.send(request).await {
            Ok(intent) => Ok(reading(intent)),
            Err(Refusal::Body { error: ErrorBody { code, intent: Some(intent), .. }, .. })
                if code == UNEXPECTED_STATE =>
            {
                Ok(reading(*intent))
            }
            Err(refusal) => Err(refusal.about_intent(intent_id)),
        }
    }

    async fn refund(&self, refund: &RefundToSend) -> Result<RefundReading, ProviderFault> {
        let body = RefundIn {
            intent_id: refund.intent_id.as_str().to_owned(),
            amount_minor: refund.amount.minor,
            currency: refund.amount.currency,
        };
        let key = refund.refund_id.to_string();
        let request = self.client.post(self.url(&["refunds"])).header("Idempotency-Key", key).json(&body);
        self.send(request).await.map(refund_reading).map_err(|refusal| refusal.about_intent(&refund.intent_id))
    }

    async fn read_refund(&self, provider_refund_id: &str) -> Result<RefundReading, ProviderFault> {
        let request = self.client.get(self.url(&["refunds", provider_refund_id]));
        self.send(request).await.map(refund_reading).map_err(|refusal| match refusal {
            Refusal::Body { status: StatusCode::NOT_FOUND, error } if error.code == "resource_missing" => {
                ProviderFault::UnknownRefund { provider_refund_id: provider_refund_id.to_owned() }
            }
            other => other.into_fault(),
        })
    }

    async fn list_intents(
        &self,
        since: Timestamp,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<ListedIntent>, ProviderFault> {
        self.list("intents", since, cursor, limit, |intent: IntentOut| ListedIntent {
            booking_id: intent.metadata.get("booking_id").and_then(|text| BookingId::parse(text).ok()),
            created_at: intent.created_at,
            idempotency_key: Some(intent.idempotency_key.clone()),
            reading: reading(intent),
        })
        .await
    }

    async fn list_refunds(
        &self,
        since: Timestamp,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<ListedRefund>, ProviderFault> {
        self.list("refunds", since, cursor, limit, |refund: RefundOut| ListedRefund {
            intent_id: IntentId::new(refund.intent_id.clone()),
            amount: Money::new(refund.amount_minor, refund.currency),
            created_at: refund.created_at,
            idempotency_key: Some(refund.idempotency_key.clone()),
            reading: refund_reading(refund),
        })
        .await
    }

    fn verify_webhook(
        &self,
        headers: &dyn Fn(&str) -> Option<String>,
        raw_body: &[u8],
        now: Timestamp,
    ) -> Result<ProviderEvent, WebhookRefusal> {
        webhook::verify(&self.webhook_secret, headers(SIGNATURE_HEADER).as_deref(), raw_body, now)?;
        // Only what is used is read, so that the simulator may say more without breaking anybody.
        #[derive(Deserialize)]
        struct Event {
            id: String,
            kind: String,
            created_at: Timestamp,
            intent: Option<Subject>,
        }
        #[derive(Deserialize)]
        struct Subject {
            id: String,
        }
        let event: Event = serde_json::from_slice(raw_body)
            .map_err(|error| WebhookRefusal::Malformed { reason: error.to_string() })?;
        Ok(ProviderEvent {
            event_id: event.id,
            kind: event.kind,
            intent_id: event.intent.map(|intent| IntentId::new(intent.id)),
            created_at: event.created_at,
        })
    }
}

fn reading(intent: IntentOut) -> IntentReading {
    IntentReading {
        amount: Money::new(intent.amount_minor, intent.currency),
        captured: Money::new(intent.captured_minor, intent.currency),
        refunded: Money::new(intent.refunded_minor, intent.currency),
        intent_id: IntentId::new(intent.id),
        state: intent.state,
        decline_code: intent.decline_code,
        payment_page: intent.payment_page,
    }
}

fn refund_reading(refund: RefundOut) -> RefundReading {
    RefundReading { provider_refund_id: refund.id, state: refund.state }
}

fn broken(error: reqwest::Error) -> Refusal {
    if error.is_timeout() {
        return Refusal::Fault(ProviderFault::TimedOut);
    }
    // The innermost cause says what broke ("connection refused"); the outer ones only that something did.
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Refusal::Fault(ProviderFault::Unreachable { reason: cause.to_string() })
}

async fn refused(answer: Response) -> Refusal {
    let status = answer.status();
    let retry_after = answer
        .headers()
        .get(reqwest::header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Refusal::Fault(ProviderFault::TooManyRequests { retry_after });
    }
    if status == StatusCode::REQUEST_TIMEOUT {
        return Refusal::Fault(ProviderFault::TimedOut);
    }
    if !status.is_client_error() {
        return Refusal::Fault(ProviderFault::Unavailable { status: status.as_u16(), retry_after });
    }
    let body = match answer.bytes().await {
        Ok(body) => body,
        Err(error) => return broken(error),
    };
    match serde_json::from_slice::<ErrorOut>(&body) {
        Ok(ErrorOut { error }) => Refusal::Body { status, error },
        // Not the simulator's words: something in between has answered, or the address is wrong.
        Err(_) => {
            let message = format!("status {}", status.as_u16());
            Refusal::Body { status, error: ErrorBody { code: "unknown".to_owned(), message, intent: None } }
        }
    }
}

impl Refusal {
    fn into_fault(self) -> ProviderFault {
        match self {
            Self::Fault(fault) => fault,
            Self::Body { error: ErrorBody { code, message, .. }, .. } => ProviderFault::Rejected { code, message },
        }
    }

    /// The fault where the request was about one intent, which the provider may not know. A 404 in other words than
    /// its own is a wrong address, not an unknown intent.
    fn about_intent(self, intent_id: &IntentId) -> ProviderFault {
        match self {
            Self::Body { status: StatusCode::NOT_FOUND, error } if error.code == "resource_missing" => {
                ProviderFault::UnknownIntent { intent_id: intent_id.clone() }
            }
            other => other.into_fault(),
        }
    }
}
