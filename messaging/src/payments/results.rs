//! What payment providers answer by message, on its way into the inbox and, for payments that were asked for by message,
//! into what is known of them.

use app::payment_message::{PaymentMessage, PaymentNews};
use app::{App, WebhookReceived};
use async_trait::async_trait;
use domain::message_intent::{IntentNews, RefundNews};
use domain::money::Money;
use domain::payment::{IntentId, IntentState};
use domain::refund::RefundState;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{PAYMENT_PROCESSED, REFUND_PROCESSED};
use crate::consumer::{Consumed, Consumer, Trouble};
use crate::envelope::Envelope;

/// What a decline is called whose provider gives no code.
const DECLINED: &str = "declined";

/// Takes what payment providers answer. Whoever may write to the topic may say that something is paid, where the
/// provider is reached by message alone: see to that in Kafka.
pub struct PaymentResultConsumer {
    app: App,
}

impl PaymentResultConsumer {
    /// Tells `app`.
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

#[async_trait]
impl Consumer for PaymentResultConsumer {
    fn name(&self) -> &'static str {
        "payments"
    }

    async fn consume(&self, message: &Envelope) -> Result<Consumed, Trouble> {
        let Some(message) = payment_message(message, Timestamp::now())? else {
            return Ok(Consumed::Ignored);
        };
        Ok(match self.app.receive_payment_message(&message).await? {
            WebhookReceived::Stored => Consumed::Done,
            WebhookReceived::Duplicate => Consumed::Repeated,
        })
    }
}

/// What a message tells; none if it tells nothing about payments. One that does not say when it happened tells of `now`.
fn payment_message(message: &Envelope, now: Timestamp) -> Result<Option<PaymentMessage>, Trouble> {
    let about = Fields { kind: &message.kind, data: &message.data };
    let happened_at = message.time.unwrap_or(now);
    let (kind, news) = if PAYMENT_PROCESSED.contains(&message.kind.as_str()) {
        (PAYMENT_PROCESSED[0], PaymentNews::Intent(intent_news(&about, happened_at)?))
    } else if REFUND_PROCESSED.contains(&message.kind.as_str()) {
        (REFUND_PROCESSED[0], PaymentNews::Refund(refund_news(&about, happened_at)?))
    } else {
        return Ok(None);
    };
    if message.id.is_empty() {
        return Err(Trouble::Poison { reason: "its id is empty".to_owned() });
    }
    let body = serde_json::to_string(message).map_err(|error| Trouble::poison(&error))?;
    let (source, id) = (message.source.clone(), message.id.clone());
    Ok(Some(PaymentMessage { source, id, kind: kind.to_owned(), body, news }))
}

fn intent_news(of: &Fields<'_>, happened_at: Timestamp) -> Result<IntentNews, Trouble> {
    let status = of.needed("status")?;
    let state = match status {
        "requires_payment" | "declined" | "failed" => IntentState::RequiresPayment,
        "requires_action" => IntentState::RequiresAction,
        "processing" => IntentState::Processing,
        "succeeded" => IntentState::Succeeded,
        "cancelled" | "canceled" => IntentState::Cancelled,
        other => return Err(of.wrong("status", &format!("may not be `{other}`"))),
    };
    let decline_code = match status {
        "declined" | "failed" => Some(of.text("declineCode")?.unwrap_or(DECLINED).to_owned()),
        _ => None,
    };
    Ok(IntentNews {
        intent_id: IntentId::new(of.needed("intentId")?),
        state,
        captured: captured(of, state)?,
        decline_code,
        payment_page: of.text("paymentPage")?.map(str::to_owned),
        happened_at,
    })
}

/// What was collected: a sum of its own, or in the currency of the amount, or the amount.
fn captured(of: &Fields<'_>, state: IntentState) -> Result<Option<Money>, Trouble> {
    let amount = of.sum("amount")?;
    if let Some(captured) = of.sum("captured")? {
        return Ok(Some(captured));
    }
    match (of.whole("capturedMinor")?, amount) {
        (Some(minor), Some(amount)) => Ok(Some(Money::new(minor, amount.currency))),
        (Some(_), None) => Err(of.wrong("amount", "is missing, in whose currency `capturedMinor` is")),
        (None, amount) => Ok(amount.filter(|_| state == IntentState::Succeeded)),
    }
}

fn refund_news(of: &Fields<'_>, happened_at: Timestamp) -> Result<RefundNews, Trouble> {
    let state = match of.needed("status")? {
        "pending" | "processing" => RefundState::Pending,
        "succeeded" => RefundState::Succeeded,
        "failed" => RefundState::Failed,
        other => return Err(of.wrong("status", &format!("may not be `{other}`"))),
    };
    Ok(RefundNews {
        refund_id: of.needed("refundId")?.to_owned(),
        provider_refund_id: of.text("providerRefundId")?.map(str::to_owned),
        intent_id: IntentId::new(of.needed("intentId")?),
        amount: of.sum("amount")?,
        state,
        happened_at,
    })
}

/// The data of a message, whose complaints name the field.
struct Fields<'a> {
    kind: &'a str,
    data: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    fn wrong(&self, field: &str, why: &str) -> Trouble {
        Trouble::Poison { reason: format!("`{field}` of a `{}` {why}", self.kind) }
    }

    fn value(&self, field: &str) -> Option<&'a Value> {
        self.data.get(field).filter(|value| !value.is_null())
    }

    fn text(&self, field: &str) -> Result<Option<&'a str>, Trouble> {
        let Some(value) = self.value(field) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| self.wrong(field, "is not a text"))?;
        if text.is_empty() { Err(self.wrong(field, "is empty")) } else { Ok(Some(text)) }
    }

    fn needed(&self, field: &str) -> Result<&'a str, Trouble> {
        self.text(field)?.ok_or_else(|| self.wrong(field, "is missing"))
    }

    fn whole(&self, field: &str) -> Result<Option<i64>, Trouble> {
        let Some(value) = self.value(field) else { return Ok(None) };
        let minor = value.as_i64().filter(|minor| *minor >= 0);
        minor.map(Some).ok_or_else(|| self.wrong(field, "is not a whole number of minor units, 0 or more"))
    }

    fn sum(&self, field: &str) -> Result<Option<Money>, Trouble> {
        let Some(value) = self.value(field) else { return Ok(None) };
        let sum = serde_json::from_value::<Money>(value.clone());
        let sum = sum.map_err(|error| self.wrong(field, &format!("is not a sum of money: {error}")))?;
        if sum.minor < 0 { Err(self.wrong(field, "is less than nothing")) } else { Ok(Some(sum)) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use domain::money::Currency;
    use serde_json::json;

    use super::*;

    fn read(kind: &str, data: Value) -> Result<Option<PaymentMessage>, String> {
        let event = json!({"specversion": "1.0", "id": "evt_1", "source": "psp", "type": kind, "data": data});
        let envelope = Envelope::parse(event.to_string().as_bytes()).unwrap();
        payment_message(&envelope, Timestamp::UNIX_EPOCH).map_err(|trouble| trouble.to_string())
    }

    fn intent(data: Value) -> IntentNews {
        let Some(PaymentMessage { news: PaymentNews::Intent(news), .. }) = read("payment_processed", data).unwrap()
        else {
            panic!("it is not about an intent");
        };
        news
    }

    #[test]
    fn every_status_is_a_state() {
        for (status, state, declined) in [
            ("requires_payment", IntentState::RequiresPayment, false),
            ("requires_action", IntentState::RequiresAction, false),
            ("processing", IntentState::Processing, false),
            ("succeeded", IntentState::Succeeded, false),
            ("declined", IntentState::RequiresPayment, true),
            ("failed", IntentState::RequiresPayment, true),
            ("cancelled", IntentState::Cancelled, false),
            ("canceled", IntentState::Cancelled, false),
        ] {
            let news = intent(json!({"intentId": "pi_1", "status": status}));
            assert_eq!((news.state, news.decline_code.is_some()), (state, declined), "{status}");
            assert_eq!(news.captured, None, "{status}");
        }
        let news = intent(json!({"intentId": "pi_1", "status": "declined", "declineCode": "stolen_card"}));
        assert_eq!(news.decline_code.as_deref(), Some("stolen_card"));
    }

    #[test]
    fn what_was_collected_may_be_said_in_three_ways() {
        let eur = |minor| Some(Money::new(minor, Currency::EUR));
        let amount = json!({"minor": 2_500, "currency": "EUR"});
        for (data, expected) in [
            (json!({"status": "succeeded", "amount": amount}), eur(2_500)),
            (json!({"status": "succeeded", "amount": amount, "capturedMinor": 1_000}), eur(1_000)),
            (json!({"status": "succeeded", "captured": {"minor": 7, "currency": "EUR"}}), eur(7)),
            (json!({"status": "processing", "amount": amount}), None),
            (json!({"status": "succeeded"}), None),
        ] {
            let mut data = data;
            data["intentId"] = json!("pi_1");
            assert_eq!(intent(data.clone()).captured, expected, "{data}");
        }
    }

    #[test]
    fn a_complaint_names_the_field() {
        let amount = json!({"minor": 1, "currency": "EUR"});
        for (kind, data, field) in [
            ("payment_processed", json!({"status": "succeeded"}), "intentId"),
            ("payment_processed", json!({"intentId": 7, "status": "succeeded"}), "intentId"),
            ("payment_processed", json!({"intentId": "", "status": "succeeded"}), "intentId"),
            ("payment_processed", json!({"intentId": "pi_1"}), "status"),
            ("payment_processed", json!({"intentId": "pi_1", "status": "paid"}), "status"),
            ("payment_processed", json!({"intentId": "pi_1", "status": "succeeded", "amount": 25}), "amount"),
            ("payment_processed", json!({"intentId": "pi_1", "status": "succeeded", "capturedMinor": 25}), "amount"),
            (
                "PaymentProcessed",
                json!({"intentId": "pi_1", "status": "succeeded", "amount": amount, "capturedMinor": 2.5}),
                "capturedMinor",
            ),
            ("refund_processed", json!({"intentId": "pi_1", "status": "succeeded"}), "refundId"),
            ("refund_processed", json!({"refundId": "rfd_1", "status": "succeeded"}), "intentId"),
            ("RefundProcessed", json!({"refundId": "rfd_1", "intentId": "pi_1", "status": "cancelled"}), "status"),
        ] {
            let complaint = read(kind, data.clone()).unwrap_err();
            assert!(complaint.contains(&format!("`{field}`")), "{data}: {complaint}");
        }
        assert_eq!(read("BookingConfirmed", json!({})).unwrap(), None);
    }
}
