//! Cancelling a show: it is called off at once, and its bookings are taken back some at a time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{BookingId, CustomerId, PartnerId, ShowId};
use crate::money::{Currency, Money};

/// A show that is to be called off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOff {
    /// Which.
    pub show_id: ShowId,
    /// Who says so.
    pub by: CustomerId,
    /// Why, in their words.
    pub reason: Option<String>,
}

/// How far a cancellation has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowCancellation {
    /// The show.
    pub show_id: ShowId,
    /// Since when nothing of it is sold.
    pub called_off_at: Timestamp,
    /// Why, in the words of whoever called it off.
    pub reason: Option<String>,
    /// How its bookings stand.
    pub bookings: BookingCounts,
    /// How the money stands that goes back for it.
    pub refunds: RefundSums,
}

/// How the bookings of a show stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BookingCounts {
    /// All there ever were, also those that had expired or failed before.
    pub all: i64,
    /// Those that wait for their money or are confirmed: they are still to be taken back.
    pub open: i64,
    /// Those that were taken back, also before the show was called off.
    pub cancelled: i64,
    /// Those that wait for an operator.
    pub needs_attention: i64,
}

/// The money of bookings that ended since their show was called off. Late money for a booking that had ended before, unpaid,
/// goes back all the same, and is not counted here: nobody was waiting for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundSums {
    /// On its way back, or about to be.
    pub pending: Money,
    /// Back.
    pub done: Money,
    /// What the provider could not give back.
    pub refused: Money,
}

impl RefundSums {
    /// No money of a currency.
    pub const fn none(currency: Currency) -> Self {
        let none = Money::zero(currency);
        Self { pending: none, done: none, refused: none }
    }

    /// The sums of what was `captured` for one booking, of which the provider has given some back and has failed to give
    /// back some. What it failed with and was given back otherwise is back.
    pub fn of(captured: Money, given_back: i64, failed: i64) -> Self {
        let money = |minor| Money::new(minor, captured.currency);
        let left = captured.minor.saturating_sub(given_back).max(0);
        let refused = failed.clamp(0, left);
        Self { pending: money(left - refused), done: money(given_back), refused: money(refused) }
    }

    /// These sums with those of some more bookings, which are alike. What was refused for one booking is not what another
    /// one waits for, so each has sums of its own first.
    #[must_use]
    pub fn with(self, bookings: i64, like: Self) -> Self {
        let add = |sum: Money, each: Money| {
            Money::new(sum.minor.saturating_add(each.minor.saturating_mul(bookings)), sum.currency)
        };
        Self {
            pending: add(self.pending, like.pending),
            done: add(self.done, like.done),
            refused: add(self.refused, like.refused),
        }
    }
}

impl ShowCancellation {
    /// Whether every booking has come to its end and nothing that is counted is on its way back any more. Late money may
    /// come after that, and goes back by itself.
    pub fn is_done(&self) -> bool {
        self.bookings.open == 0 && self.bookings.needs_attention == 0 && self.refunds.pending.is_zero()
    }
}

/// A show that was called off and has bookings that are still to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShowToCancel {
    /// Which.
    pub show_id: ShowId,
    /// Who sells it.
    pub partner_id: PartnerId,
    /// Since when nothing of it is sold.
    pub called_off_at: Timestamp,
}

/// What `show.cancel_bookings` is given: the next few bookings of a show that was called off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingsToCancel {
    /// The show.
    pub show_id: ShowId,
    /// The last booking that was seen; none to begin with the first.
    pub after: Option<BookingId>,
    /// How many at most.
    pub limit: u32,
}

/// What `show.cancel_bookings` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingsTold {
    /// How many sagas were told to take their booking back.
    pub told: u32,
    /// How many could not be told now.
    pub untold: u32,
    /// The last booking that was seen; none where there is no further one.
    pub last: Option<BookingId>,
}
