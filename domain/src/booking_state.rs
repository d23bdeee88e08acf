//! The states of a booking and the one function that moves between them.

use serde::{Deserialize, Serialize};

use crate::ids::SeatId;
use crate::show::NotOnSale;

/// Where a booking stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum BookingState {
    /// The seats are held; no payment has been asked for yet.
    Pending,
    /// The provider is asked to collect; the hold runs.
    AwaitingPayment,
    /// Paid, or free of charge: the seats are sold and the tickets issued.
    Confirmed,
    /// Not paid in time; the seats went back.
    Expired,
    /// It could not be made; nothing is held.
    Failed {
        /// Why not.
        reason: FailureReason,
    },
    /// Taken back on request.
    Cancelled {
        /// Who asked.
        by: CancelledBy,
    },
    /// A step that has to happen cannot be done; an operator is needed.
    NeedsAttention {
        /// The wire name of the step, such as `payment.cancel`.
        step: String,
        /// Where the booking goes once the step is done.
        toward: EndState,
    },
}

/// A state in which a saga ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum EndState {
    /// Sold.
    Confirmed,
    /// Not paid in time.
    Expired,
    /// Could not be made.
    Failed {
        /// Why not.
        reason: FailureReason,
    },
    /// Taken back on request.
    Cancelled {
        /// Who asked.
        by: CancelledBy,
    },
}

/// Why a booking failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum FailureReason {
    /// Somebody else has some of the seats.
    #[error("{} of the seats are taken", seat_ids.len())]
    SeatsTaken {
        /// Which of the asked-for seats.
        seat_ids: Vec<SeatId>,
    },
    /// The show does not have some of the seats.
    #[error("{} of the seats are not seats of the show", seat_ids.len())]
    SeatsUnknown {
        /// Which of the asked-for seats.
        seat_ids: Vec<SeatId>,
    },
    /// The show does not sell.
    #[error("{why}")]
    NotOnSale {
        /// Why not.
        why: NotOnSale,
    },
    /// The customer holds seats of this show in too many bookings already.
    #[error("the customer has {limit} open holds for this show already")]
    TooManyHolds {
        /// How many are allowed.
        limit: i32,
    },
    /// The seats have no price.
    #[error("the seats cannot be priced")]
    NoPrice,
    /// The payment provider could not be asked in time.
    #[error("the payment could not be opened")]
    PaymentUnavailable,
    /// Every attempt to pay was declined.
    #[error("the payment was declined")]
    PaymentDeclined,
    /// The saga ended before it held anything.
    #[error("the booking was given up before it held any seat")]
    Abandoned,
}

impl FailureReason {
    /// The stable name in the database and on the wire.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SeatsTaken { .. } => "seats_taken",
            Self::SeatsUnknown { .. } => "seats_unknown",
            Self::NotOnSale { .. } => "not_on_sale",
            Self::TooManyHolds { .. } => "too_many_holds",
            Self::NoPrice => "no_price",
            Self::PaymentUnavailable => "payment_unavailable",
            Self::PaymentDeclined => "payment_declined",
            Self::Abandoned => "abandoned",
        }
    }

    /// Whether the booking failed before it answered its caller with seats held.
    pub const fn is_refusal(&self) -> bool {
        match self {
            Self::SeatsTaken { .. }
            | Self::SeatsUnknown { .. }
            | Self::NotOnSale { .. }
            | Self::TooManyHolds { .. }
            | Self::NoPrice
            | Self::PaymentUnavailable
            | Self::Abandoned => true,
            Self::PaymentDeclined => false,
        }
    }
}

/// Who took a booking back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelledBy {
    /// The one who booked.
    Customer,
    /// Somebody of the partner or of the platform.
    Operator,
}

/// What happens to a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookingEvent {
    /// The provider knows of the payment.
    PaymentRequested,
    /// The seats are sold to it: paid, free of charge, or late money for seats still free.
    Sold,
    /// The deadline or the hard cap passed without payment.
    HoldLapsed,
    /// It could not be made.
    Failed(FailureReason),
    /// It is taken back.
    Cancelled(CancelledBy),
    /// A step that has to happen cannot be done for now.
    GotStuck {
        /// The wire name of the step.
        step: String,
        /// Where the booking goes once the step is done.
        toward: EndState,
    },
    /// What was stuck is done, by a later try or by an operator's word.
    Unstuck(EndState),
}

/// A change that the rules do not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a booking that is {from} cannot become {to}")]
pub struct IllegalTransition {
    /// The name of the state it is in.
    pub from: &'static str,
    /// The name of the state it was to get.
    pub to: &'static str,
}

impl BookingState {
    /// The name in the database and on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::AwaitingPayment => "awaiting_payment",
            Self::Confirmed => "confirmed",
            Self::Expired => "expired",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
            Self::NeedsAttention { .. } => "needs_attention",
        }
    }

    /// The names of all states, in the order of a booking's life.
    pub const NAMES: [&'static str; 7] =
        ["pending", "awaiting_payment", "confirmed", "expired", "failed", "cancelled", "needs_attention"];

    /// Where the booking has ended, if it has.
    pub fn end(&self) -> Option<EndState> {
        match self {
            Self::Pending | Self::AwaitingPayment | Self::NeedsAttention { .. } => None,
            Self::Confirmed => Some(EndState::Confirmed),
            Self::Expired => Some(EndState::Expired),
            Self::Failed { reason } => Some(EndState::Failed { reason: reason.clone() }),
            Self::Cancelled { by } => Some(EndState::Cancelled { by: *by }),
        }
    }

    /// Whether the booking still has a claim on held seats.
    pub const fn is_open(&self) -> bool {
        match self {
            Self::Pending | Self::AwaitingPayment => true,
            Self::Confirmed
            | Self::Expired
            | Self::Failed { .. }
            | Self::Cancelled { .. }
            | Self::NeedsAttention { .. } => false,
        }
    }

    /// The state after `event`, or why there is none. Total: every pair of state and event is decided here.
    pub fn transition(&self, event: BookingEvent) -> Result<Self, IllegalTransition> {
        use BookingEvent as On;
        let next = event.target();
        let allowed = match (self, &event) {
            (Self::Pending, On::PaymentRequested | On::Sold | On::Failed(_) | On::Cancelled(_)) => true,
            // A booking whose payment was never asked for has failed, not expired.
            (Self::Pending, On::HoldLapsed | On::Unstuck(_)) => false,

            (Self::AwaitingPayment, On::Sold | On::HoldLapsed | On::Failed(_) | On::Cancelled(_)) => true,
            // Another attempt is asked for in the same state.
            (Self::AwaitingPayment, On::PaymentRequested) => true,
            (Self::AwaitingPayment, On::Unstuck(_)) => false,

            (Self::Confirmed, On::Cancelled(_)) => true,
            (Self::Confirmed, On::PaymentRequested | On::Sold | On::HoldLapsed | On::Failed(_) | On::Unstuck(_)) => {
                false
            }

            // Late money, same seats still free.
            (Self::Expired | Self::Failed { .. } | Self::Cancelled { .. }, On::Sold) => true,
            (
                Self::Expired | Self::Failed { .. } | Self::Cancelled { .. },
                On::PaymentRequested | On::HoldLapsed | On::Failed(_) | On::Cancelled(_) | On::Unstuck(_),
            ) => false,

            (Self::NeedsAttention { .. }, On::Unstuck(_) | On::Sold) => true,
            (Self::NeedsAttention { .. }, On::PaymentRequested | On::HoldLapsed | On::Failed(_) | On::Cancelled(_)) => {
                false
            }

            (
                Self::Pending
                | Self::AwaitingPayment
                | Self::Confirmed
                | Self::Expired
                | Self::Failed { .. }
                | Self::Cancelled { .. }
                | Self::NeedsAttention { .. },
                On::GotStuck { .. },
            ) => true,
        };
        if allowed { Ok(next) } else { Err(IllegalTransition { from: self.name(), to: next.name() }) }
    }
}

impl BookingEvent {
    /// The state that the event leads to where it is allowed.
    fn target(&self) -> BookingState {
        match self {
            Self::PaymentRequested => BookingState::AwaitingPayment,
            Self::Sold => BookingState::Confirmed,
            Self::HoldLapsed => BookingState::Expired,
            Self::Failed(reason) => BookingState::Failed { reason: reason.clone() },
            Self::Cancelled(by) => BookingState::Cancelled { by: *by },
            Self::GotStuck { step, toward } => {
                BookingState::NeedsAttention { step: step.clone(), toward: toward.clone() }
            }
            Self::Unstuck(end) => end.clone().into(),
        }
    }
}

impl EndState {
    /// The name in the database and on the wire.
    pub fn name(&self) -> &'static str {
        BookingState::from(self.clone()).name()
    }

    /// The event that brings an open booking to this end.
    pub fn event(&self) -> BookingEvent {
        match self {
            Self::Confirmed => BookingEvent::Sold,
            Self::Expired => BookingEvent::HoldLapsed,
            Self::Failed { reason } => BookingEvent::Failed(reason.clone()),
            Self::Cancelled { by } => BookingEvent::Cancelled(*by),
        }
    }
}

impl From<EndState> for BookingState {
    fn from(end: EndState) -> Self {
        match end {
            EndState::Confirmed => Self::Confirmed,
            EndState::Expired => Self::Expired,
            EndState::Failed { reason } => Self::Failed { reason },
            EndState::Cancelled { by } => Self::Cancelled { by },
        }
    }
}
