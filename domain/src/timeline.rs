//! Timelines: every step of a booking with its time, for the buyer and for support.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::booking::{Cleared, ConfirmRefusal};
use crate::booking_state::{CancelledBy, FailureReason};
use crate::money::Money;
use crate::refund::RefundReason;

/// One step of a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// 1 for the first step of the booking.
    pub position: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub step: TimelineStep,
}

/// What happened to a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum TimelineStep {
    /// Seats are held.
    SeatsHeld {
        /// The seats as printed on tickets.
        seats: Vec<String>,
        /// Until when.
        until: Timestamp,
    },
    /// The provider is asked to collect.
    PaymentRequested {
        /// 1 for the first attempt.
        attempt: u32,
        /// How much.
        amount: Money,
    },
    /// An attempt was declined.
    PaymentDeclined {
        /// Which attempt.
        attempt: u32,
        /// The provider's code.
        decline_code: String,
    },
    /// The money is on its way.
    PaymentProcessing {
        /// Which attempt.
        attempt: u32,
    },
    /// The hold was extended while the money is on its way.
    HoldExtended {
        /// Until when.
        until: Timestamp,
    },
    /// Money was collected.
    PaymentReceived {
        /// By which attempt.
        attempt: u32,
        /// How much.
        amount: Money,
    },
    /// The provider agreed never to collect an attempt.
    PaymentCancelled {
        /// Which attempt.
        attempt: u32,
    },
    /// The seats were let go of while an attempt's outcome was open.
    PaymentLeftOpen {
        /// Which attempt.
        attempt: u32,
    },
    /// The seats are sold and the tickets issued.
    Confirmed {
        /// How many tickets.
        tickets: usize,
        /// Whether the seats had gone back and were taken again for late money.
        late: bool,
    },
    /// Money came that could not be turned into tickets.
    NotConfirmed {
        /// Why not.
        why: ConfirmRefusal,
    },
    /// Not paid in time; the seats went back.
    Expired,
    /// It could not be made.
    Failed {
        /// Why.
        reason: FailureReason,
    },
    /// Taken back; the seats went back.
    Cancelled {
        /// Who asked.
        by: CancelledBy,
    },
    /// Money is to go back.
    RefundRequested {
        /// How much.
        amount: Money,
        /// Why.
        reason: RefundReason,
    },
    /// Money went back.
    Refunded {
        /// How much.
        amount: Money,
    },
    /// The provider could not give money back.
    RefundFailed {
        /// How much.
        amount: Money,
    },
    /// A step that has to happen cannot be done.
    Stuck {
        /// The step.
        step: String,
        /// What the last try said.
        error: String,
    },
    /// What was stuck is done.
    Unstuck {
        /// The step.
        step: String,
        /// How.
        cleared: Cleared,
    },
    /// An operator stepped in.
    OperatorActed {
        /// Who.
        operator: String,
        /// What they told the saga to do.
        action: String,
        /// Why, in their words.
        note: String,
    },
}

impl TimelineStep {
    /// The stable name of the kind of step.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SeatsHeld { .. } => "seats_held",
            Self::PaymentRequested { .. } => "payment_requested",
            Self::PaymentDeclined { .. } => "payment_declined",
            Self::PaymentProcessing { .. } => "payment_processing",
            Self::HoldExtended { .. } => "hold_extended",
            Self::PaymentReceived { .. } => "payment_received",
            Self::PaymentCancelled { .. } => "payment_cancelled",
            Self::PaymentLeftOpen { .. } => "payment_left_open",
            Self::Confirmed { .. } => "confirmed",
            Self::NotConfirmed { .. } => "not_confirmed",
            Self::Expired => "expired",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
            Self::RefundRequested { .. } => "refund_requested",
            Self::Refunded { .. } => "refunded",
            Self::RefundFailed { .. } => "refund_failed",
            Self::Stuck { .. } => "stuck",
            Self::Unstuck { .. } => "unstuck",
            Self::OperatorActed { .. } => "operator_acted",
        }
    }

    /// The step as a sentence for a buyer or a support person.
    pub fn sentence(&self) -> String {
        match self {
            Self::SeatsHeld { seats, until } => format!("Seats {} are held until {until}.", seats.join(", ")),
            Self::PaymentRequested { attempt, amount } => format!("Payment attempt {attempt} over {amount} is open."),
            Self::PaymentDeclined { attempt, decline_code } => {
                format!("Payment attempt {attempt} was declined: {decline_code}.")
            }
            Self::PaymentProcessing { attempt } => format!("The money of attempt {attempt} is on its way."),
            Self::HoldExtended { until } => format!("The seats are held longer, until {until}."),
            Self::PaymentReceived { attempt, amount } => format!("{amount} received by attempt {attempt}."),
            Self::PaymentCancelled { attempt } => format!("Payment attempt {attempt} can no longer be paid."),
            Self::PaymentLeftOpen { attempt } => {
                format!("The seats are let go of while the outcome of attempt {attempt} is open.")
            }
            Self::Confirmed { tickets, late: false } => format!("Confirmed: {tickets} tickets issued."),
            Self::Confirmed { tickets, late: true } => {
                format!("Confirmed for late money, the seats were still free: {tickets} tickets issued.")
            }
            Self::NotConfirmed { why } => format!("The money cannot become tickets: {why}."),
            Self::Expired => "Not paid in time; the seats went back.".to_owned(),
            Self::Failed { reason } => format!("Not booked: {reason}."),
            Self::Cancelled { by: CancelledBy::Customer } => "Cancelled by the customer.".to_owned(),
            Self::Cancelled { by: CancelledBy::Operator } => "Cancelled by an operator.".to_owned(),
            Self::RefundRequested { amount, reason } => format!("{amount} is to be refunded ({reason})."),
            Self::Refunded { amount } => format!("{amount} refunded."),
            Self::RefundFailed { amount } => format!("The provider could not refund {amount}."),
            Self::Stuck { step, error } => format!("Step {step} could not be done and needs an operator: {error}."),
            Self::Unstuck { step, cleared: Cleared::Retried } => format!("Step {step} is done after all."),
            Self::Unstuck { step, cleared: Cleared::Resolved { operator } } => {
                format!("Step {step} was declared done by {operator}.")
            }
            Self::OperatorActed { operator, action, note } => format!("{operator}: {action} ({note})."),
        }
    }
}
