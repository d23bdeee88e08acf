//! The steps at the payment provider: one call each.

#![allow(missing_docs, reason = "the steps are documented where they are declared, in the contracts")]

use std::sync::Arc;

use domain::payment::{AttemptToRequest, IntentId, IntentReading};
use domain::refund::{RefundReading, RefundToSend};
use payments::{IntentToRequest, PaymentProvider};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use workflows::contracts::{CancelPayment, payment_contract};

use crate::fault::into_activity_error;

/// The steps at the payment provider.
pub struct PaymentSteps {
    /// The provider.
    pub provider: Arc<dyn PaymentProvider>,
}

#[activities]
impl PaymentSteps {
    #[activity(definition = payment_contract::Request)]
    pub async fn request(
        self: Arc<Self>,
        _ctx: ActivityContext,
        attempt: AttemptToRequest,
    ) -> Result<IntentReading, ActivityError> {
        self.provider.request_intent(&IntentToRequest::from(&attempt)).await.map_err(into_activity_error)
    }

    #[activity(definition = payment_contract::Read)]
    pub async fn read(
        self: Arc<Self>,
        _ctx: ActivityContext,
        intent_id: IntentId,
    ) -> Result<IntentReading, ActivityError> {
        self.provider.read_intent(&intent_id).await.map_err(into_activity_error)
    }

    #[activity(definition = payment_contract::Cancel)]
    pub async fn cancel(
        self: Arc<Self>,
        _ctx: ActivityContext,
        cancel: CancelPayment,
    ) -> Result<IntentReading, ActivityError> {
        let intent_id = match cancel.intent_id {
            Some(known) => known,
            // The request may or may not have arrived: the same key makes the intent, or finds it.
            None => {
                let request = IntentToRequest::from(&cancel.attempt);
                self.provider.request_intent(&request).await.map_err(into_activity_error)?.intent_id
            }
        };
        self.provider.cancel_intent(&intent_id).await.map_err(into_activity_error)
    }

    #[activity(definition = payment_contract::SendRefund)]
    pub async fn send_refund(
        self: Arc<Self>,
        _ctx: ActivityContext,
        refund: RefundToSend,
    ) -> Result<RefundReading, ActivityError> {
        self.provider.refund(&refund).await.map_err(into_activity_error)
    }

    #[activity(definition = payment_contract::ReadRefund)]
    pub async fn read_refund(
        self: Arc<Self>,
        _ctx: ActivityContext,
        provider_refund_id: String,
    ) -> Result<RefundReading, ActivityError> {
        self.provider.read_refund(&provider_refund_id).await.map_err(into_activity_error)
    }
}
