//! Payments by message: asking a provider over Kafka alone, hearing what it answers, and the simulator as such a
//! provider. Knows no broker but as [`MessageOutlet`].
//!
//! The provider is asked by the booking's own messages (`PaymentRequested`, `PaymentCancellationRequested`,
//! `RefundRequested`), which are published with the change that they tell of. It answers with `payment_processed` and
//! `refund_processed`.

use std::error::Error;

use async_trait::async_trait;

use crate::envelope::Envelope;
use crate::kafka::Producer;

mod provider;
mod results;
mod service;

pub use provider::MessageProvider;
pub use results::PaymentResultConsumer;
pub use service::{PaymentRequestConsumer, PaymentResultOutlet};

/// What tells of a payment.
pub const PAYMENT_PROCESSED: [&str; 2] = ["payment_processed", "PaymentProcessed"];

/// What tells of a refund.
pub const REFUND_PROCESSED: [&str; 2] = ["refund_processed", "RefundProcessed"];

/// Somewhere to publish single messages.
#[async_trait]
pub trait MessageOutlet: Send + Sync {
    /// Publishes a message to a topic, under a key, and returns when it will not be lost any more.
    async fn publish(&self, topic: &str, key: &str, message: &Envelope) -> Result<(), Box<dyn Error + Send + Sync>>;
}

#[async_trait]
impl MessageOutlet for Producer {
    async fn publish(&self, topic: &str, key: &str, message: &Envelope) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.send(topic, key, message).await?)
    }
}
