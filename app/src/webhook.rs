//! Webhooks of the payment provider: checked, stored, and only then acknowledged. What they say is a hint; the saga
//! reads the payment back.

use domain::hold::later;
use payments::WebhookRefusal;
use store::{NewPaymentEvent, PaymentEventStored};

use crate::identity::{Caller, Role};
use crate::inbox::FIRST_LEASE_SECONDS;
use crate::listing::{Listed, check_limit, cursor, no_cursor, parse_cursor};
use crate::{App, AppError};

/// What became of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookReceived {
    /// It is stored and on its way to its saga.
    Stored,
    /// It had come before.
    Duplicate,
}

impl App {
    /// Takes a webhook. `raw_body` is what came over the wire, byte for byte; `headers` finds a header by its name.
    pub async fn receive_webhook(
        &self,
        provider: &str,
        headers: &(dyn Fn(&str) -> Option<String> + Sync),
        raw_body: &[u8],
    ) -> Result<WebhookReceived, AppError> {
        if provider != self.provider().name() {
            return Err(AppError::NotFound { what: "payment provider" });
        }
        let now = self.now();
        let find = |name: &str| headers(name);
        let event = self.provider().verify_webhook(&find, raw_body, now).map_err(refused)?;
        let body = String::from_utf8_lossy(raw_body).into_owned();
        let stored = NewPaymentEvent {
            due_at: later(now, FIRST_LEASE_SECONDS),
            deliveries: i32::from(!is_likely_an_echo(&event.kind)),
            provider: provider.to_owned(),
            event_id: event.event_id,
            kind: event.kind,
            intent_id: event.intent_id,
            body,
            received_at: now,
        };
        let kept = self.store().store_payment_event(&stored).await?;
        Ok(self.deliver_if_new(stored, kept))
    }

    /// Sends what has been kept for the first time on its way to its saga, unless it is to wait in the inbox.
    pub(crate) fn deliver_if_new(&self, event: NewPaymentEvent, kept: PaymentEventStored) -> WebhookReceived {
        match kept {
            PaymentEventStored::Stored => {
                if event.deliveries > 0 {
                    self.deliver_at_once(event.kept());
                }
                WebhookReceived::Stored
            }
            PaymentEventStored::Duplicate => WebhookReceived::Duplicate,
        }
    }

    /// Webhooks that could not be delivered yet, oldest first.
    pub async fn list_parked_events(
        &self,
        caller: &Caller,
        after: Option<String>,
        limit: u32,
    ) -> Result<Listed<store::PaymentEvent>, AppError> {
        caller.require(Role::Admin)?;
        check_limit(limit)?;
        let after = match after.as_deref().map(parse_cursor).transpose()? {
            Some((at, names)) => match <[String; 2]>::try_from(names) {
                Ok([provider, event_id]) => Some((at, provider, event_id)),
                Err(_other) => return Err(no_cursor()),
            },
            None => None,
        };
        let events = self.store().parked_payment_events(after, limit + 1).await?;
        Ok(Listed::page(events, limit, |event| cursor(event.received_at, &[&event.provider, &event.event_id])))
    }
}

/// Whether a webhook tells most probably what boxoffice has just asked for: payments are cancelled by sagas that let go of
/// their seats, and hardly ever by the provider. It waits in the inbox until somebody looks for what is due: by then its
/// saga has ended, and need not be woken in the middle of ending to hear what it has written down already.
fn is_likely_an_echo(kind: &str) -> bool {
    kind.contains("cancel")
}

fn refused(refusal: WebhookRefusal) -> AppError {
    AppError::WebhookRefused { problem: refusal.to_string() }
}
