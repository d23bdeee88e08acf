//! What is said to a running saga, and how it is called on the wire.

use domain::booking_state::{CancelledBy, EndState, FailureReason};
use domain::payment::IntentId;
use serde::{Deserialize, Serialize};

/// Something happened to a payment; the saga reads it back before it believes anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentNoticed {
    /// The intent, if the notice names one; none to look at all that are open.
    pub intent_id: Option<IntentId>,
}

/// Somebody wants the booking taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRequested {
    /// Who.
    pub by: CancelledBy,
}

/// What an operator tells a stuck saga. Whoever sends it has written it to the audit log first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum OperatorWord {
    /// Try the stuck step again now.
    Retry {
        /// Who says so.
        operator: String,
    },
    /// The stuck step has been done by hand.
    Resolve {
        /// Who says so.
        operator: String,
        /// Where the booking ends; none for where it was going.
        end: Option<ResolvedAs>,
    },
}

/// The ends that an operator can declare. Selling seats is not among them: only a saga issues tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResolvedAs {
    /// Not paid in time.
    Expired,
    /// Could not be made.
    Failed,
    /// Taken back.
    Cancelled,
}

impl From<ResolvedAs> for EndState {
    fn from(end: ResolvedAs) -> Self {
        match end {
            ResolvedAs::Expired => Self::Expired,
            ResolvedAs::Failed => Self::Failed { reason: FailureReason::Abandoned },
            ResolvedAs::Cancelled => Self::Cancelled { by: CancelledBy::Operator },
        }
    }
}

/// What a saga has been told and has not acted on yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// Look at a payment.
    Payment(PaymentNoticed),
    /// Take the booking back.
    Cancel(CancelRequested),
    /// The saga that should have ended this booking is gone, or its deadline has passed unnoticed.
    Overdue,
    /// An operator has settled by hand what a saga that is gone was stuck with.
    Resolved {
        /// Who says so.
        operator: String,
        /// Where the booking ends; none for where it was going.
        end: Option<ResolvedAs>,
    },
}

impl From<OperatorWord> for Word {
    /// What an operator's word means that no saga waits for.
    fn from(word: OperatorWord) -> Self {
        match word {
            OperatorWord::Retry { .. } => Self::Overdue,
            OperatorWord::Resolve { operator, end } => Self::Resolved { operator, end },
        }
    }
}
