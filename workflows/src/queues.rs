//! The task queues: one for the sagas and their local steps, one per endpoint of the payment provider.
//!
//! An endpoint has a queue of its own so that a storm of expiries cannot starve sales, and so that the engine keeps
//! to the provider's rate limit for it across all workers.

use serde::{Deserialize, Serialize};

/// How a saga calls the payment provider. Given at the start and kept, so that a changed configuration never disturbs a
/// replay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderCalls {
    /// Through the queue of the endpoint, which keeps to the provider's rate limit over all workers. Sagas that were
    /// started before there was a choice do so.
    #[default]
    Queued,
    /// From the worker that runs the saga, where there is no rate limit to keep to: a round trip to the engine less. What
    /// fails goes through the queue after all.
    Direct,
}

/// An endpoint of the payment provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderEndpoint {
    /// Creating intents.
    Create,
    /// Reading intents and refunds.
    Read,
    /// Cancelling intents.
    Cancel,
    /// Giving money back.
    Refund,
}

impl ProviderEndpoint {
    /// Every endpoint.
    pub const ALL: [Self; 4] = [Self::Create, Self::Read, Self::Cancel, Self::Refund];

    /// The task queue of this endpoint beside the sagas' own queue `base`.
    pub fn queue(self, base: &str) -> String {
        let endpoint = match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
        };
        format!("{base}-payment-{endpoint}")
    }
}
