//! A booking on the wire.

use app::BookingView;
use domain::booking::Booking;
use domain::booking_state::BookingState;
use domain::ids::{BookingId, CustomerId, SeatId, ShowId};
use poem_openapi::Object;

use crate::booking_state::{BookingStateOut, CancelledByOut, FailureOut, NeedsAttentionOut, carried};
use crate::id::Id;
use crate::moment::Moment;
use crate::money::MoneyOut;
use crate::payment::PaymentOut;
use crate::refund::{RefundTierOut, tiers};
use crate::ticket::TicketOut;

/// One customer's attempt to buy seats of one show.
#[derive(Debug, Object)]
#[oai(rename = "Booking", rename_all = "camelCase")]
pub struct BookingOut {
    /// Its id.
    pub id: Id<BookingId>,
    /// The show.
    pub show_id: Id<ShowId>,
    /// Who books.
    pub customer_id: Id<CustomerId>,
    /// Where it stands.
    pub state: BookingStateOut,
    /// The seats asked for.
    pub seat_ids: Vec<Id<SeatId>>,
    /// What it costs.
    pub amount: MoneyOut,
    /// What was collected.
    pub captured: MoneyOut,
    /// What was given back, or is about to be.
    pub refunded: MoneyOut,
    /// What is given back for a cancellation, frozen at purchase.
    pub refund_policy: Vec<RefundTierOut>,
    /// Until when the seats are held; null when they are not.
    #[oai(nullable)]
    pub expires_at: Option<Moment>,
    /// How to pay, while payment is awaited; null otherwise.
    #[oai(nullable)]
    pub payment: Option<PaymentOut>,
    /// Why it could not be made, when `state` is `failed`; null otherwise.
    #[oai(nullable)]
    pub failure: Option<FailureOut>,
    /// Who took it back, when `state` is `cancelled`; null otherwise.
    #[oai(nullable)]
    pub cancelled_by: Option<CancelledByOut>,
    /// What an operator is needed for, when `state` is `needs_attention`; null otherwise.
    #[oai(nullable)]
    pub needs_attention: Option<NeedsAttentionOut>,
    /// Its tickets, once confirmed; absent in lists.
    #[oai(skip_serializing_if_is_none)]
    pub tickets: Option<Vec<TicketOut>>,
    /// When it was asked for.
    pub created_at: Moment,
    /// When it last changed.
    pub updated_at: Moment,
}

impl From<BookingView> for BookingOut {
    fn from(view: BookingView) -> Self {
        // When it was read would give the same booking another tag each time.
        let BookingView { booking, tickets, as_of: _ } = view;
        let tickets = Some(tickets.into_iter().map(TicketOut::from).collect());
        Self { tickets, ..Self::from(booking) }
    }
}

impl From<Booking> for BookingOut {
    fn from(booking: Booking) -> Self {
        let Booking {
            id,
            customer_id,
            show_id,
            // The show tells who sells.
            partner_id: _,
            seat_ids,
            // Only the engine compares it.
            fingerprint: _,
            state,
            // The seats of a booking have an address of their own, with their prices.
            quote: _,
            amount,
            refund_policy,
            expires_at,
            attempts,
            captured,
            refunded,
            created_at,
            updated_at,
        } = booking;
        let awaited = attempts.last().filter(|_| state == BookingState::AwaitingPayment);
        let (failure, cancelled_by, needs_attention) = carried(&state);
        Self {
            id: id.into(),
            show_id: show_id.into(),
            customer_id: customer_id.into(),
            state: (&state).into(),
            seat_ids: seat_ids.into_iter().map(Id::from).collect(),
            amount: amount.into(),
            captured: captured.into(),
            refunded: refunded.into(),
            refund_policy: tiers(&refund_policy),
            expires_at: expires_at.map(Moment),
            payment: awaited.map(PaymentOut::from),
            failure,
            cancelled_by,
            needs_attention,
            tickets: None,
            created_at: created_at.into(),
            updated_at: updated_at.into(),
        }
    }
}
