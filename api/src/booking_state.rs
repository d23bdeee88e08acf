//! The states of a booking on the wire, with what some of them carry.

use domain::booking_state::{BookingState, CancelledBy, FailureReason};
use domain::ids::SeatId;
use poem_openapi::{Enum, Object};

use crate::id::Id;

/// Where a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "BookingState", rename_all = "snake_case")]
pub enum BookingStateOut {
    /// The seats are held; no payment has been asked for yet.
    Pending,
    /// The provider is asked to collect; the hold runs.
    AwaitingPayment,
    /// Paid, or free of charge: the seats are sold and the tickets issued.
    Confirmed,
    /// Not paid in time; the seats went back.
    Expired,
    /// It could not be made; nothing is held.
    Failed,
    /// Taken back on request.
    Cancelled,
    /// A step that has to happen cannot be done; an operator is needed.
    NeedsAttention,
}

/// Who took a booking back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "CancelledBy", rename_all = "snake_case")]
pub enum CancelledByOut {
    /// The one who booked.
    Customer,
    /// Somebody of the partner or of the platform.
    Operator,
}

/// Why a booking could not be made.
#[derive(Debug, Object)]
#[oai(rename = "BookingFailure", rename_all = "camelCase")]
pub struct FailureOut {
    /// The stable name of the reason, such as `payment_declined`.
    pub code: String,
    /// The reason for a person.
    pub detail: String,
    /// The seats that it is about, where it is about seats.
    #[oai(skip_serializing_if_is_none)]
    pub seat_ids: Option<Vec<Id<SeatId>>>,
}

/// What an operator is needed for.
#[derive(Debug, Object)]
#[oai(rename = "NeedsAttention", rename_all = "camelCase")]
pub struct NeedsAttentionOut {
    /// The step that cannot be done, such as `payment.cancel`.
    pub step: String,
    /// Where the booking goes once it is done.
    pub toward: BookingStateOut,
}

impl From<&BookingState> for BookingStateOut {
    fn from(state: &BookingState) -> Self {
        match state {
            BookingState::Pending => Self::Pending,
            BookingState::AwaitingPayment => Self::AwaitingPayment,
            BookingState::Confirmed => Self::Confirmed,
            BookingState::Expired => Self::Expired,
            BookingState::Failed { .. } => Self::Failed,
            BookingState::Cancelled { .. } => Self::Cancelled,
            BookingState::NeedsAttention { .. } => Self::NeedsAttention,
        }
    }
}

impl From<CancelledBy> for CancelledByOut {
    fn from(by: CancelledBy) -> Self {
        match by {
            CancelledBy::Customer => Self::Customer,
            CancelledBy::Operator => Self::Operator,
        }
    }
}

impl From<&FailureReason> for FailureOut {
    fn from(reason: &FailureReason) -> Self {
        let seat_ids = match reason {
            FailureReason::SeatsTaken { seat_ids } | FailureReason::SeatsUnknown { seat_ids } => Some(seat_ids),
            FailureReason::NotOnSale { .. }
            | FailureReason::TooManyHolds { .. }
            | FailureReason::NoPrice
            | FailureReason::PaymentUnavailable
            | FailureReason::PaymentDeclined
            | FailureReason::Abandoned => None,
        };
        Self {
            code: reason.code().to_owned(),
            detail: reason.to_string(),
            seat_ids: seat_ids.map(|ids| ids.iter().copied().map(Id::from).collect()),
        }
    }
}

/// What the states that carry something carry; at most one of them is there.
pub(crate) fn carried(state: &BookingState) -> (Option<FailureOut>, Option<CancelledByOut>, Option<NeedsAttentionOut>) {
    match state {
        BookingState::Pending | BookingState::AwaitingPayment | BookingState::Confirmed | BookingState::Expired => {
            (None, None, None)
        }
        BookingState::Failed { reason } => (Some(reason.into()), None, None),
        BookingState::Cancelled { by } => (None, Some((*by).into()), None),
        BookingState::NeedsAttention { step, toward } => {
            let toward = BookingStateOut::from(&BookingState::from(toward.clone()));
            (None, None, Some(NeedsAttentionOut { step: step.clone(), toward }))
        }
    }
}
