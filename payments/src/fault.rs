//! What can go wrong in asking a provider, and whether asking again may help. Knows no provider's codes.

use std::time::Duration;

use domain::payment::IntentId;

/// A provider's answer that is none, or a refusal of what was asked.
///
/// An intent that could not be cancelled or a card that was declined is no fault: those are states of a reading.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderFault {
    /// The provider could not be reached, or the connection broke; the request may have been done.
    #[error("the payment provider cannot be reached: {reason}")]
    Unreachable {
        /// What the connection said.
        reason: String,
    },
    /// The answer did not come in time; the request may have been done.
    #[error("the payment provider did not answer in time")]
    TimedOut,
    /// The provider failed inside; the request may have been done.
    #[error("the payment provider answered with status {status}")]
    Unavailable {
        /// The HTTP status, 500 or above.
        status: u16,
        /// When the provider wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// The provider was asked too often; nothing was done.
    #[error("the payment provider was asked too often")]
    TooManyRequests {
        /// When the provider wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// The provider said yes in words that are not understood; the request was done.
    #[error("the payment provider's answer is not understood: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
    /// The provider will not do it, however often it is asked.
    #[error("the payment provider refused: {code}: {message}")]
    Rejected {
        /// The provider's code.
        code: String,
        /// The provider's words.
        message: String,
    },
    /// The provider does not know the intent.
    #[error("the payment provider does not know the intent {intent_id}")]
    UnknownIntent {
        /// The id as asked for.
        intent_id: IntentId,
    },
    /// The provider does not know the refund.
    #[error("the payment provider does not know the refund {provider_refund_id}")]
    UnknownRefund {
        /// The id as asked for.
        provider_refund_id: String,
    },
}

impl ProviderFault {
    /// Whether the same request may succeed later. Requests carry idempotency keys, so repeating one is safe.
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut
            | Self::Unavailable { .. }
            | Self::TooManyRequests { .. }
            // The body may have been cut or mangled on its way; the same key brings the same object again.
            | Self::Unreadable { .. } => true,
            Self::Rejected { .. } | Self::UnknownIntent { .. } | Self::UnknownRefund { .. } => false,
        }
    }

    /// When the provider wants to be asked again, if it said so.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } | Self::TooManyRequests { retry_after } => *retry_after,
            Self::Unreachable { .. }
            | Self::TimedOut
            | Self::Unreadable { .. }
            | Self::Rejected { .. }
            | Self::UnknownIntent { .. }
            | Self::UnknownRefund { .. } => None,
        }
    }
}
