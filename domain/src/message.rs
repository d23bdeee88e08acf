//! Messages: the facts that are published about bookings, payments and tickets. They carry ids and sums, no names.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::booking_state::{CancelledBy, FailureReason};
use crate::ids::{BookingId, CustomerId, PartnerId, PaymentId, RefundId, SeatId, ShowId, TicketId};
use crate::money::Money;
use crate::payment::IntentId;
use crate::refund::RefundReason;

/// A fact about a booking, with what a consumer needs to act on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
#[serde(rename_all_fields = "camelCase")]
pub enum Message {
    /// Seats are held for a booking.
    BookingCreated {
        /// The show.
        show_id: ShowId,
        /// The seats.
        seat_ids: Vec<SeatId>,
        /// What it costs.
        amount: Money,
        /// Until when the seats are held.
        expires_at: Timestamp,
    },
    /// A booking is sold.
    BookingConfirmed {
        /// The show.
        show_id: ShowId,
        /// The seats.
        seat_ids: Vec<SeatId>,
        /// What was paid.
        amount: Money,
        /// Whether the seats had gone back and were taken again for late money.
        late: bool,
    },
    /// A booking was taken back on request.
    BookingCancelled {
        /// The show.
        show_id: ShowId,
        /// The seats that went back.
        seat_ids: Vec<SeatId>,
        /// Who asked.
        by: CancelledBy,
    },
    /// A booking was not paid in time.
    BookingExpired {
        /// The show.
        show_id: ShowId,
        /// The seats that went back.
        seat_ids: Vec<SeatId>,
    },
    /// A booking could not be made.
    BookingFailed {
        /// The show.
        show_id: ShowId,
        /// The seats asked for.
        seat_ids: Vec<SeatId>,
        /// Why.
        reason: FailureReason,
    },
    /// A booking waits for an operator.
    BookingNeedsAttention {
        /// The step that cannot be done.
        step: String,
        /// What the last try said.
        error: String,
    },
    /// The provider is asked to collect.
    PaymentRequested {
        /// The payment.
        payment_id: PaymentId,
        /// 1 for the first attempt.
        attempt: u32,
        /// The provider's name for it.
        intent_id: IntentId,
        /// How much.
        amount: Money,
    },
    /// Money was collected.
    PaymentConfirmed {
        /// The payment.
        payment_id: PaymentId,
        /// The attempt that collected it.
        attempt: u32,
        /// How much.
        amount: Money,
    },
    /// An attempt was declined.
    PaymentFailed {
        /// The payment.
        payment_id: PaymentId,
        /// The attempt.
        attempt: u32,
        /// The provider's code.
        decline_code: String,
    },
    /// A provider that is reached by message is asked never to collect; the same may be said again.
    PaymentCancellationRequested {
        /// The payment.
        payment_id: PaymentId,
        /// The attempt.
        attempt: u32,
        /// The provider's name for it.
        intent_id: IntentId,
        /// What it was to collect.
        amount: Money,
    },
    /// A provider that is reached by message is asked to give money back.
    RefundRequested {
        /// The payment.
        payment_id: PaymentId,
        /// The refund; asked for once, however often the message comes.
        refund_id: RefundId,
        /// The provider's name for the attempt that collected the money.
        intent_id: IntentId,
        /// How much.
        amount: Money,
        /// Why.
        reason: RefundReason,
    },
    /// Money went back.
    PaymentRefunded {
        /// The payment.
        payment_id: PaymentId,
        /// The refund.
        refund_id: RefundId,
        /// How much.
        amount: Money,
        /// Why.
        reason: RefundReason,
    },
    /// Money could not go back.
    RefundFailed {
        /// The payment.
        payment_id: PaymentId,
        /// The refund.
        refund_id: RefundId,
        /// How much.
        amount: Money,
    },
    /// A ticket is valid.
    TicketIssued {
        /// The ticket.
        ticket_id: TicketId,
        /// The show.
        show_id: ShowId,
        /// The seat.
        seat_id: SeatId,
    },
    /// A ticket is no longer valid.
    TicketVoided {
        /// The ticket.
        ticket_id: TicketId,
        /// The show.
        show_id: ShowId,
        /// The seat.
        seat_id: SeatId,
    },
}

/// What every message about a booking says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageSubject {
    /// The booking; messages about it are published in order.
    pub booking_id: BookingId,
    /// Who books.
    pub customer_id: CustomerId,
    /// Who sells.
    pub partner_id: PartnerId,
}

impl Message {
    /// Every type.
    pub const KINDS: [&'static str; 15] = [
        "BookingCreated",
        "BookingConfirmed",
        "BookingCancelled",
        "BookingExpired",
        "BookingFailed",
        "BookingNeedsAttention",
        "PaymentRequested",
        "PaymentConfirmed",
        "PaymentFailed",
        "PaymentCancellationRequested",
        "RefundRequested",
        "PaymentRefunded",
        "RefundFailed",
        "TicketIssued",
        "TicketVoided",
    ];

    /// The type as published.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::BookingCreated { .. } => "BookingCreated",
            Self::BookingConfirmed { .. } => "BookingConfirmed",
            Self::BookingCancelled { .. } => "BookingCancelled",
            Self::BookingExpired { .. } => "BookingExpired",
            Self::BookingFailed { .. } => "BookingFailed",
            Self::BookingNeedsAttention { .. } => "BookingNeedsAttention",
            Self::PaymentRequested { .. } => "PaymentRequested",
            Self::PaymentConfirmed { .. } => "PaymentConfirmed",
            Self::PaymentFailed { .. } => "PaymentFailed",
            Self::PaymentCancellationRequested { .. } => "PaymentCancellationRequested",
            Self::RefundRequested { .. } => "RefundRequested",
            Self::PaymentRefunded { .. } => "PaymentRefunded",
            Self::RefundFailed { .. } => "RefundFailed",
            Self::TicketIssued { .. } => "TicketIssued",
            Self::TicketVoided { .. } => "TicketVoided",
        }
    }
}
