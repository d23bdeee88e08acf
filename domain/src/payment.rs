//! Payments: what the provider is asked to collect, attempt by attempt, and how its answers are judged.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::booking_state::EndState;
use crate::ids::{BookingId, PaymentId};
use crate::money::Money;

/// The provider's name for one attempt to collect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntentId(String);

impl IntentId {
    /// The provider's text, as it came.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where an intent stands at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentState {
    /// It waits for the customer to pay, for the first time or after a decline.
    RequiresPayment,
    /// The customer has to do something more, such as confirming with the bank.
    RequiresAction,
    /// The money is on its way; the outcome is open and it cannot be cancelled.
    Processing,
    /// The money is collected.
    Succeeded,
    /// It will never be paid.
    Cancelled,
}

impl IntentState {
    /// The name in databases and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequiresPayment => "requires_payment",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Cancelled => "cancelled",
        }
    }

    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::RequiresPayment, Self::RequiresAction, Self::Processing, Self::Succeeded, Self::Cancelled];
}

/// An intent as read from the provider just now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntentReading {
    /// Which intent.
    pub intent_id: IntentId,
    /// Where it stands.
    pub state: IntentState,
    /// What it is to collect.
    pub amount: Money,
    /// What it has collected.
    pub captured: Money,
    /// What the provider has given back of that, whoever asked for it.
    pub refunded: Money,
    /// Why the last try was declined, in the provider's code, if the last try was.
    pub decline_code: Option<String>,
    /// Where the customer pays.
    pub payment_page: Option<String>,
}

/// An attempt that the provider is to be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptToRequest {
    /// The payment it belongs to.
    pub payment_id: PaymentId,
    /// The booking that is paid for.
    pub booking_id: BookingId,
    /// 1 for the first attempt.
    pub number: u32,
    /// What to collect.
    pub amount: Money,
}

impl AttemptToRequest {
    /// What makes a repeated request find the same intent: the booking and the attempt, never the booking alone.
    pub fn idempotency_key(&self) -> String {
        format!("{}/{}", self.booking_id, self.number)
    }
}

/// An attempt as the database has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// 1 for the first attempt.
    pub number: u32,
    /// The provider's name for it, once known.
    pub intent_id: Option<IntentId>,
    /// Where it stands.
    pub state: AttemptState,
    /// What to collect.
    pub amount: Money,
    /// What was collected.
    pub captured: Money,
    /// What was given back, or is about to be.
    pub refunded: Money,
    /// Why it was declined, in the provider's code.
    pub decline_code: Option<String>,
    /// Where the customer pays.
    pub payment_page: Option<String>,
}

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// About to be asked for; the provider may know of it or not.
    Requested,
    /// The provider waits for the customer.
    Live,
    /// The money is on its way.
    Processing,
    /// The money is there.
    Succeeded,
    /// The provider has declined it and it can still be paid.
    Declined,
    /// It will never be paid.
    Cancelled,
    /// Its booking has let go of the seats while the outcome was open; money may still come.
    Abandoned,
}

/// What becomes known of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptEvent {
    /// The provider waits for the customer.
    Opened,
    /// The money is on its way.
    Processing,
    /// The provider has declined.
    Declined,
    /// The money is there.
    Succeeded,
    /// It will never be paid.
    Cancelled,
    /// Its booking lets go of the seats with the outcome open.
    Abandoned,
}

/// A change of an attempt that the rules do not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an attempt that is {from} cannot become {to}")]
pub struct IllegalAttemptTransition {
    /// The name of the state it is in.
    pub from: &'static str,
    /// The name of the state it was to get.
    pub to: &'static str,
}

impl AttemptState {
    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Live => "live",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::Abandoned => "abandoned",
        }
    }

    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Requested,
        Self::Live,
        Self::Processing,
        Self::Succeeded,
        Self::Declined,
        Self::Cancelled,
        Self::Abandoned,
    ];

    /// Whether money may still be collected by it.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Requested | Self::Live | Self::Processing | Self::Declined | Self::Abandoned => true,
            Self::Succeeded | Self::Cancelled => false,
        }
    }

    /// The state after `event`. Readings may arrive out of order, so only what contradicts settled money is refused.
    pub fn transition(self, event: AttemptEvent) -> Result<Self, IllegalAttemptTransition> {
        use AttemptEvent as On;
        let next = match event {
            On::Opened => Self::Live,
            On::Processing => Self::Processing,
            On::Declined => Self::Declined,
            On::Succeeded => Self::Succeeded,
            On::Cancelled => Self::Cancelled,
            On::Abandoned => Self::Abandoned,
        };
        let allowed = match (self, event) {
            (
                Self::Requested | Self::Live | Self::Processing | Self::Declined,
                On::Opened | On::Processing | On::Declined | On::Succeeded | On::Cancelled | On::Abandoned,
            ) => true,
            // An abandoned attempt stays so until its outcome is known.
            (Self::Abandoned, On::Succeeded | On::Cancelled | On::Abandoned) => true,
            (Self::Abandoned, On::Opened | On::Processing | On::Declined) => false,
            (Self::Succeeded, On::Succeeded) => true,
            (Self::Succeeded, On::Opened | On::Processing | On::Declined | On::Cancelled | On::Abandoned) => false,
            (Self::Cancelled, On::Cancelled) => true,
            (Self::Cancelled, On::Opened | On::Processing | On::Declined | On::Succeeded | On::Abandoned) => false,
        };
        if allowed { Ok(next) } else { Err(IllegalAttemptTransition { from: self.as_str(), to: next.as_str() }) }
    }
}

/// What `attempt.record` is given: a reading, to be written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordAttempt {
    /// Which booking.
    pub booking_id: BookingId,
    /// Which attempt.
    pub number: u32,
    /// What the provider said.
    pub reading: IntentReading,
    /// Whether the seats are let go of with the outcome still open.
    pub abandoned: bool,
}

/// What `attempt.record` answers: where the booking stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum AttemptRecorded {
    /// The booking still waits for its payment.
    Open,
    /// The booking has ended, or waits for an operator.
    NotOpen {
        /// Where, if it has ended.
        end: Option<EndState>,
    },
}

/// What `attempt.open` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum AttemptOpened {
    /// The next attempt may be requested.
    Opened(AttemptToRequest),
    /// There were enough attempts.
    Exhausted,
    /// The booking has ended, or waits for an operator.
    NotOpen {
        /// Where, if it has ended.
        end: Option<EndState>,
    },
}

/// What a reading means for the attempt it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Exactly what was asked for has been collected.
    Paid,
    /// The provider waits for the customer.
    Waiting,
    /// The money is on its way.
    Processing,
    /// The provider has declined.
    Declined,
    /// It will never be paid.
    Gone,
    /// Money was collected, but not what was asked for; it has to go back.
    Mismatch,
}

/// Judges a reading against what was asked for: only the attempt's own amount and currency confirm a booking.
pub fn judge(asked: Money, reading: &IntentReading) -> Verdict {
    match reading.state {
        IntentState::Succeeded if reading.captured == asked => Verdict::Paid,
        IntentState::Succeeded => Verdict::Mismatch,
        IntentState::Processing => Verdict::Processing,
        IntentState::Cancelled => Verdict::Gone,
        IntentState::RequiresPayment if reading.decline_code.is_some() => Verdict::Declined,
        IntentState::RequiresPayment | IntentState::RequiresAction => Verdict::Waiting,
    }
}

impl IntentReading {
    /// What the reading says of its attempt.
    pub fn event(&self) -> AttemptEvent {
        match self.state {
            IntentState::Succeeded => AttemptEvent::Succeeded,
            IntentState::Processing => AttemptEvent::Processing,
            IntentState::Cancelled => AttemptEvent::Cancelled,
            IntentState::RequiresPayment if self.decline_code.is_some() => AttemptEvent::Declined,
            IntentState::RequiresPayment | IntentState::RequiresAction => AttemptEvent::Opened,
        }
    }
}

/// Where a payment stands, by its sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Nothing was collected.
    Open,
    /// Something was collected and none of it given back.
    Captured,
    /// Some of it was given back.
    PartlyRefunded,
    /// All of it was given back.
    Refunded,
}

impl PaymentState {
    /// The state that follows from what was collected and given back, both in minor units.
    pub const fn of(captured_minor: i64, refunded_minor: i64) -> Self {
        if captured_minor == 0 {
            Self::Open
        } else if refunded_minor == 0 {
            Self::Captured
        } else if refunded_minor < captured_minor {
            Self::PartlyRefunded
        } else {
            Self::Refunded
        }
    }

    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Captured => "captured",
            Self::PartlyRefunded => "partly_refunded",
            Self::Refunded => "refunded",
        }
    }
}
