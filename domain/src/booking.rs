//! Bookings: what a customer asks for, and what each step of the saga is given and answers.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::booking_state::{BookingState, CancelledBy, EndState, FailureReason};
use crate::ids::{BookingId, CustomerId, PartnerId, PaymentId, SeatId, ShowId};
use crate::limits::{IDEMPOTENCY_KEY_CHARACTERS, SEATS_PER_BOOKING};
use crate::money::Money;
use crate::offer_terms::OfferCode;
use crate::payment::{AttemptRecord, AttemptToRequest};
use crate::quote::Quote;
use crate::refund::RefundToOpen;
use crate::show::{NotOnSale, RefundPolicy};

/// A request for seats, parsed: what the saga starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingRequest {
    /// The booking's id, derived from the customer and the idempotency key.
    pub booking_id: BookingId,
    /// Who books.
    pub customer_id: CustomerId,
    /// Which show.
    pub show_id: ShowId,
    /// Which seats, in the order asked for.
    pub seat_ids: SeatSelection,
    /// The code of an offer that the customer has typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<OfferCode>,
    /// The request's fingerprint: the same key with another one is refused.
    pub fingerprint: Fingerprint,
}

/// 1 to [`SEATS_PER_BOOKING`] different seats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<SeatId>", try_from = "Vec<SeatId>")]
pub struct SeatSelection(Vec<SeatId>);

/// A list of seats that cannot be booked together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSelection {
    /// None.
    #[error("at least one seat is needed")]
    Empty,
    /// More than allowed.
    #[error("{count} seats are more than the {SEATS_PER_BOOKING} of one booking")]
    TooMany {
        /// How many were asked for.
        count: usize,
    },
    /// One of them twice.
    #[error("seat {seat_id} is listed twice")]
    Duplicate {
        /// Which one.
        seat_id: SeatId,
    },
}

impl SeatSelection {
    /// Parses a list of seats.
    pub fn parse(seat_ids: Vec<SeatId>) -> Result<Self, InvalidSelection> {
        if seat_ids.is_empty() {
            return Err(InvalidSelection::Empty);
        }
        if seat_ids.len() > SEATS_PER_BOOKING {
            return Err(InvalidSelection::TooMany { count: seat_ids.len() });
        }
        let mut sorted = seat_ids.clone();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(InvalidSelection::Duplicate { seat_id: pair[0] });
        }
        Ok(Self(seat_ids))
    }

    /// The seats in the order asked for.
    pub fn as_slice(&self) -> &[SeatId] {
        &self.0
    }

    /// The seats in id order, in which they are locked.
    pub fn sorted(&self) -> Vec<SeatId> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted
    }
}

impl TryFrom<Vec<SeatId>> for SeatSelection {
    type Error = InvalidSelection;

    fn try_from(seat_ids: Vec<SeatId>) -> Result<Self, InvalidSelection> {
        Self::parse(seat_ids)
    }
}

impl From<SeatSelection> for Vec<SeatId> {
    fn from(selection: SeatSelection) -> Vec<SeatId> {
        selection.0
    }
}

/// What a request comes down to: equal for two requests that ask for the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// A fingerprint from a digest's hexadecimal text.
    pub fn new(hex: impl Into<String>) -> Self {
        Self(hex.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The value of an `Idempotency-Key`: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct IdempotencyKey(String);

/// A text that cannot be an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to {IDEMPOTENCY_KEY_CHARACTERS} visible ASCII characters")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// Parses 1 to 255 visible ASCII characters.
    pub fn parse(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let fits =
            !text.is_empty() && text.len() <= IDEMPOTENCY_KEY_CHARACTERS && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidIdempotencyKey) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = InvalidIdempotencyKey;

    fn try_from(text: String) -> Result<Self, InvalidIdempotencyKey> {
        Self::parse(&text)
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> String {
        key.0
    }
}

/// What `booking.open` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum BookingOpened {
    /// The seats are held for this booking, now or since an earlier try.
    Opened(OpenBooking),
    /// Nothing is held, and why.
    Refused {
        /// Why.
        reason: FailureReason,
    },
    /// The booking has ended before; a late step changes nothing.
    Ended {
        /// Where.
        end: EndState,
    },
}

/// A booking that holds its seats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenBooking {
    /// What it costs.
    pub amount: Money,
    /// Until when the seats are held.
    pub expires_at: Timestamp,
    /// Until when they can be held at most.
    pub hard_cap_at: Timestamp,
    /// The payment attempt to request; none where there is nothing to pay.
    pub attempt: Option<AttemptToRequest>,
}

/// What `booking.confirm` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum BookingConfirmed {
    /// The seats are sold to this booking, now or since an earlier try.
    Confirmed {
        /// Whether they had gone back before and were taken again.
        late: bool,
    },
    /// They are not, and the money has to go back.
    Refused {
        /// Why not.
        why: ConfirmRefusal,
    },
}

/// Why a paid booking cannot be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum ConfirmRefusal {
    /// Some of the seats are no longer this booking's and are not free.
    #[error("the seats have gone to somebody else")]
    SeatsGone,
    /// The show does not sell any more.
    #[error("{why}")]
    NotOnSale {
        /// Why not.
        why: NotOnSale,
    },
    /// The booking was taken back on request, or refused, before the money came.
    #[error("the booking was taken back before the money came")]
    TakenBack,
    /// Another attempt has paid for this booking already.
    #[error("the booking is paid already")]
    AlreadyPaid,
    /// The money is not what was asked for.
    #[error("the payment is not the one that was asked for")]
    Mismatch,
}

/// What `booking.close` is given: the end to bring an unpaid booking to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseBooking {
    /// The booking as asked for; a row is made from it where there is none, so that a late step finds it closed.
    pub request: BookingRequest,
    /// Where it ends.
    pub end: EndState,
    /// The step that could not be taken back, if one could not: the seats go back all the same.
    pub stuck: Option<StuckStep>,
}

/// A step that has to happen and could not be done within its budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StuckStep {
    /// The wire name of the step, such as `payment.cancel`.
    pub step: String,
    /// What the last try said.
    pub error: String,
}

/// What `booking.close` answers: where the booking is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingClosed {
    /// Its state: the end asked for, `needs_attention`, or an end that came first.
    pub state: BookingState,
}

/// What `booking.cancel` is given: the taking back of a confirmed booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelBooking {
    /// Which.
    pub booking_id: BookingId,
    /// Who asked.
    pub by: CancelledBy,
}

/// What `booking.cancel` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingCancelled {
    /// Where the booking is now.
    pub state: BookingState,
    /// What to give back, by the policy frozen at purchase; one entry per attempt that captured money.
    pub refunds: Vec<RefundToOpen>,
}

/// What `booking.flag` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlagBooking {
    /// Which.
    pub booking_id: BookingId,
    /// What cannot be done.
    pub stuck: StuckStep,
    /// Where the booking goes once it is done.
    pub toward: EndState,
}

/// What `booking.unflag` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnflagBooking {
    /// Which.
    pub booking_id: BookingId,
    /// The step that was stuck.
    pub step: String,
    /// How it was done.
    pub cleared: Cleared,
    /// Where the booking goes.
    pub end: EndState,
}

/// How a stuck step came to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Cleared {
    /// A later try succeeded.
    Retried,
    /// An operator declared it done.
    Resolved {
        /// Who.
        operator: String,
    },
}

/// A booking as the settling saga sees it: everything it decides by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingRecord {
    /// The request it came from.
    pub request: BookingRequest,
    /// Its payment.
    pub payment_id: PaymentId,
    /// Where it stands.
    pub state: BookingState,
    /// What it costs.
    pub amount: Money,
    /// Until when its seats are held, if they are.
    pub expires_at: Timestamp,
    /// Until when they can be held at most.
    pub hard_cap_at: Timestamp,
    /// Every attempt to pay, first to last.
    pub attempts: Vec<AttemptRecord>,
    /// Those of a booking that never had tickets whose money is neither back nor on its way. Sagas that were answered
    /// before there was such a list go on as if there were none.
    #[serde(default)]
    pub unspent: Vec<u32>,
}

/// A booking as its customer and support see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Booking {
    /// Its id.
    pub id: BookingId,
    /// Who books.
    pub customer_id: CustomerId,
    /// Which show.
    pub show_id: ShowId,
    /// Who sells.
    pub partner_id: PartnerId,
    /// The seats asked for.
    pub seat_ids: Vec<SeatId>,
    /// The request's fingerprint.
    pub fingerprint: Fingerprint,
    /// Where it stands.
    pub state: BookingState,
    /// The priced seats, frozen; none for a booking that was refused.
    pub quote: Option<Quote>,
    /// What it costs.
    pub amount: Money,
    /// What the customer gets back on cancelling, frozen.
    pub refund_policy: RefundPolicy,
    /// Until when the seats are held, while they are.
    pub expires_at: Option<Timestamp>,
    /// The attempts to pay, first to last.
    pub attempts: Vec<AttemptRecord>,
    /// What was collected.
    pub captured: Money,
    /// What was given back.
    pub refunded: Money,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl ConfirmRefusal {
    /// Where an open booking ends whose money could not become tickets.
    pub const fn end(self) -> EndState {
        match self {
            Self::SeatsGone | Self::AlreadyPaid => EndState::Expired,
            Self::NotOnSale { .. } | Self::TakenBack => EndState::Cancelled { by: CancelledBy::Operator },
            Self::Mismatch => EndState::Failed { reason: FailureReason::PaymentDeclined },
        }
    }
}
