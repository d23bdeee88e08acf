//! What listens to messages, whatever brings them: Kafka, or the outbox of the embedded mode.

use std::error::Error;

use app::AppError;
use async_trait::async_trait;
use store::StoreError;

use crate::envelope::{Envelope, EnvelopeError};

/// Somebody who acts on messages. One message may come any number of times, so acting on it has to be idempotent by
/// [`Envelope::identity`].
#[async_trait]
pub trait Consumer: Send + Sync {
    /// Its name: of its consumer group, in metrics and among the dead letters.
    fn name(&self) -> &'static str;

    /// Acts on a message. It is over with, for this consumer, as soon as this returns `Ok`.
    async fn consume(&self, message: &Envelope) -> Result<Consumed, Trouble>;
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumed {
    /// It had its effect.
    Done,
    /// It had had its effect before.
    Repeated,
    /// It is of no concern to this consumer.
    Ignored,
}

impl Consumed {
    /// The name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Repeated => "repeated",
            Self::Ignored => "ignored",
        }
    }
}

/// Why a message could not be acted on.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// It never will be: it goes to the dead letters, and the next one comes.
    #[error("{reason}")]
    Poison {
        /// Why, for whoever reads the dead letters.
        reason: String,
    },
    /// Something is away. It is tried again, for as long as it takes, before anything that comes after it.
    #[error("it cannot be acted on for now")]
    ForNow(#[source] Box<dyn Error + Send + Sync>),
    /// A defect, here or in the message. It is tried a few times, and then it is a dead letter as well: one message must
    /// not keep all others waiting for a new version of the program.
    #[error("something went wrong with it")]
    Unexpected(#[source] Box<dyn Error + Send + Sync>),
}

impl Trouble {
    /// A message that never can be acted on, with everything that the error knows.
    pub fn poison(error: &(dyn Error + 'static)) -> Self {
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            reason.push_str(": ");
            reason.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::Poison { reason }
    }
}

impl From<EnvelopeError> for Trouble {
    fn from(error: EnvelopeError) -> Self {
        Self::poison(&error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        if error.is_transient() { Self::ForNow(Box::new(error)) } else { Self::Unexpected(Box::new(error)) }
    }
}

impl From<AppError> for Trouble {
    fn from(error: AppError) -> Self {
        match error {
            error @ AppError::Unavailable { .. } => Self::ForNow(Box::new(error)),
            error @ AppError::Internal { .. } => Self::Unexpected(Box::new(error)),
            error => Self::poison(&error),
        }
    }
}
