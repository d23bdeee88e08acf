//! Which faults are worth another try. One total function for all steps.

use std::time::Duration;

use app::AppError;
use payments::ProviderFault;
use store::StoreError;
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;

/// What a step could not do.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The payment provider.
    #[error(transparent)]
    Provider(#[from] ProviderFault),
    /// A use case that the step consists of.
    #[error(transparent)]
    UseCase(#[from] AppError),
}

/// How a fault is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Try again by the step's own schedule.
    Retry,
    /// Try again after this long, as the other side has asked.
    RetryAfter(Duration),
    /// It will fail again; let the saga decide now.
    GiveUp,
}

impl Fault {
    /// How the fault is met.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Store(error) if error.is_transient() => Remedy::Retry,
            Self::Store(_) => Remedy::GiveUp,
            Self::Provider(fault) => match (fault.retryable(), fault.retry_after()) {
                (true, Some(after)) => Remedy::RetryAfter(after),
                (true, None) => Remedy::Retry,
                (false, _) => Remedy::GiveUp,
            },
            Self::UseCase(AppError::Unavailable { .. }) => Remedy::Retry,
            Self::UseCase(_) => Remedy::GiveUp,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Store(_) => "database",
            Self::Provider(_) => "payment_provider",
            Self::UseCase(_) => "use_case",
        }
    }
}

/// The fault as the engine understands it. An error that is just passed on would be tried again for ever.
pub(crate) fn into_activity_error(fault: impl Into<Fault>) -> ActivityError {
    let fault: Fault = fault.into();
    let (kind, remedy) = (fault.kind().to_owned(), fault.remedy());
    let message = with_sources(&fault);
    let failure = match remedy {
        Remedy::Retry => ApplicationFailure::builder(message).type_name(kind).build(),
        Remedy::RetryAfter(after) => {
            ApplicationFailure::builder(message).type_name(kind).next_retry_delay(after).build()
        }
        Remedy::GiveUp => ApplicationFailure::builder(message).type_name(kind).non_retryable(true).build(),
    };
    ActivityError::application(failure)
}

/// The fault with what caused it: the engine keeps one line, and an operator reads it.
fn with_sources(fault: &Fault) -> String {
    let mut text = fault.to_string();
    let mut source = std::error::Error::source(fault);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
