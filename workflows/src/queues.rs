//! The task queues: one for the sagas and their local steps, one per endpoint of the payment provider.
//!
//! An endpoint has a queue of its own so that a storm of expiries cannot starve sales, and so that the engine keeps
//! to the provider's rate limit for it across all workers.

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
