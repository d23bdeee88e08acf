//! Refunds: money back for a payment, each for one reason and exactly once.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::booking::ConfirmRefusal;
use crate::ids::{BookingId, PaymentId, RefundId};
use crate::money::Money;
use crate::payment::IntentId;

/// Why money goes back. Together with the attempt it makes the refund's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// The money came and the seats could not be sold for it.
    NotConfirmed,
    /// A second attempt collected as well.
    SecondCapture,
    /// The provider collected something else than was asked for.
    Mismatch,
    /// The customer or an operator took the booking back.
    Cancelled,
    /// Given back at the provider, not by boxoffice; recorded, never sent.
    AtProvider,
}

impl RefundReason {
    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotConfirmed => "not_confirmed",
            Self::SecondCapture => "second_capture",
            Self::Mismatch => "mismatch",
            Self::Cancelled => "cancelled",
            Self::AtProvider => "at_provider",
        }
    }

    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::NotConfirmed, Self::SecondCapture, Self::Mismatch, Self::Cancelled, Self::AtProvider];
}

impl From<ConfirmRefusal> for RefundReason {
    fn from(refusal: ConfirmRefusal) -> Self {
        match refusal {
            ConfirmRefusal::SeatsGone | ConfirmRefusal::NotOnSale { .. } => Self::NotConfirmed,
            ConfirmRefusal::TakenBack => Self::Cancelled,
            ConfirmRefusal::AlreadyPaid => Self::SecondCapture,
            ConfirmRefusal::Mismatch => Self::Mismatch,
        }
    }
}

impl fmt::Display for RefundReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What `refund.open` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundToOpen {
    /// The booking whose money goes back.
    pub booking_id: BookingId,
    /// The attempt that collected it.
    pub attempt: u32,
    /// Why.
    pub reason: RefundReason,
    /// How much; none for all that the attempt has collected and not given back.
    pub amount: Option<Money>,
}

/// What `refund.open` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum RefundOpened {
    /// The refund is written down and has to be sent, now or again.
    Open(RefundToSend),
    /// It was sent and is done.
    Done,
    /// There is nothing left to give back.
    Nothing,
}

/// What `refund.send` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundToSend {
    /// The refund; also its idempotency key at the provider.
    pub refund_id: RefundId,
    /// The booking whose money goes back.
    pub booking_id: BookingId,
    /// The payment it belongs to.
    pub payment_id: PaymentId,
    /// The intent that collected the money.
    pub intent_id: IntentId,
    /// How much.
    pub amount: Money,
}

/// A refund as read from the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundReading {
    /// The provider's name for it.
    pub provider_refund_id: String,
    /// Where it stands.
    pub state: RefundState,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Written down, to be sent.
    Open,
    /// Sent; the provider works on it.
    Pending,
    /// The money is back.
    Succeeded,
    /// The provider could not give it back.
    Failed,
}

impl RefundState {
    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// Every state.
    pub const ALL: [Self; 4] = [Self::Open, Self::Pending, Self::Succeeded, Self::Failed];
}

/// What `refund.record` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRefund {
    /// The refund.
    pub refund_id: RefundId,
    /// What the provider said.
    pub reading: RefundReading,
}
