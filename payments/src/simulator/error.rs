//! Why the simulator refuses, with the status and code that its API answers.

use std::time::Duration;

use sea_orm::DbErr;

use super::wire::{ErrorBody, ErrorOut, IntentOut};

/// A refusal or a fault of the simulator.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The API key or the payment page's secret is missing or wrong.
    #[error("the API key or the secret is missing or wrong")]
    Unauthorized,
    /// A request that creates something came without a key.
    #[error("the header `Idempotency-Key` is required, with 1 to 255 characters")]
    MissingIdempotencyKey,
    /// The key was used before, for something else.
    #[error("this idempotency key was used for another request")]
    IdempotencyMismatch,
    /// The request makes no sense.
    #[error("{message}")]
    InvalidRequest {
        /// What is wrong, for a person.
        message: String,
    },
    /// The card number is none of the test cards.
    #[error("this is none of the simulator's test cards; never enter a real one here")]
    UnknownCard,
    /// There is no such intent or refund.
    #[error("there is no {what} `{id}`")]
    NotFound {
        /// Intent or refund.
        what: &'static str,
        /// The id as asked for.
        id: String,
    },
    /// The intent's state does not allow it.
    #[error("an intent that is {} does not allow this", intent.state.as_str())]
    UnexpectedState {
        /// The intent, unchanged.
        intent: Box<IntentOut>,
    },
    /// More money is to go back than is there.
    #[error("the amount is more than the {left_minor} minor units that are left to give back")]
    AmountTooLarge {
        /// What is left.
        left_minor: i64,
    },
    /// The simulator was told to be away.
    #[error("the provider is not available")]
    Unavailable {
        /// For how long.
        retry_after_seconds: u32,
    },
    /// The simulator was told to fail.
    #[error("the provider has failed")]
    ToldToFail,
    /// The ledger could not be read or written.
    #[error("the provider's ledger failed")]
    Ledger(#[from] DbErr),
    /// The ledger has something that the simulator did not write.
    #[error("the provider's ledger has a bad row: {reason}")]
    BadRow {
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client that sends webhooks could not be made.
    #[error("the webhook sender cannot be made")]
    Sender(#[source] reqwest::Error),
}

impl SimulatorError {
    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unauthorized => 401,
            Self::MissingIdempotencyKey | Self::InvalidRequest { .. } | Self::AmountTooLarge { .. } => 400,
            Self::UnknownCard => 402,
            Self::NotFound { .. } => 404,
            Self::IdempotencyMismatch | Self::UnexpectedState { .. } => 409,
            Self::Unavailable { .. } => 503,
            Self::ToldToFail | Self::Ledger(_) | Self::BadRow { .. } | Self::Sender(_) => 500,
        }
    }

    /// The code, stable.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::MissingIdempotencyKey => "idempotency_key_missing",
            Self::IdempotencyMismatch => "idempotency_error",
            Self::InvalidRequest { .. } => "invalid_request",
            Self::UnknownCard => "incorrect_number",
            Self::NotFound { .. } => "resource_missing",
            Self::UnexpectedState { .. } => UNEXPECTED_STATE,
            Self::AmountTooLarge { .. } => "amount_too_large",
            Self::Unavailable { .. } => "unavailable",
            Self::ToldToFail | Self::Ledger(_) | Self::BadRow { .. } | Self::Sender(_) => "api_error",
        }
    }

    /// When to ask again, if the simulator knows.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after_seconds } => Some(Duration::from_secs(*retry_after_seconds as u64)),
            _ => None,
        }
    }

    /// The body of the answer.
    pub fn body(self) -> ErrorOut {
        let (code, message) = (self.code().to_owned(), self.to_string());
        let intent = match self {
            Self::UnexpectedState { intent } => Some(intent),
            _ => None,
        };
        ErrorOut { error: ErrorBody { code, message, intent } }
    }
}

/// The code of [`SimulatorError::UnexpectedState`], which its client has to know.
pub(crate) const UNEXPECTED_STATE: &str = "intent_unexpected_state";
