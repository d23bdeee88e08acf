//! Quotes: what the chosen seats cost, line by line, frozen into the booking.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::SeatId;
use crate::money::{Currency, Money, MoneyError};
use crate::seat::SeatCategory;

/// What the chosen seats cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// One line per seat, in the order in which the seats were asked for.
    pub lines: Vec<QuoteLine>,
    /// The sum of all lines.
    pub total: Money,
}

/// One line of a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteLine {
    /// The seat that the line is for.
    pub seat_id: SeatId,
    /// The seat as printed on the ticket.
    pub label: String,
    /// Its category, which decided the price.
    pub category: SeatCategory,
    /// What the seat costs.
    pub price: Money,
}

/// A seat to be priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatToPrice {
    /// The seat.
    pub seat_id: SeatId,
    /// The seat as printed on the ticket.
    pub label: String,
    /// Its category in the show.
    pub category: SeatCategory,
}

/// Seats that cannot be priced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// The show has no price for a category that one of its seats has.
    #[error("the show has no price for category `{category}`")]
    NoPrice {
        /// The category without a price.
        category: SeatCategory,
    },
    /// The sum has no answer.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Quote {
    /// Prices `seats` by category, in `currency`.
    pub fn price(
        seats: &[SeatToPrice],
        prices: &BTreeMap<SeatCategory, Money>,
        currency: Currency,
    ) -> Result<Self, QuoteError> {
        let mut total = Money::zero(currency);
        let mut lines = Vec::with_capacity(seats.len());
        for seat in seats {
            let Some(price) = prices.get(&seat.category) else {
                return Err(QuoteError::NoPrice { category: seat.category.clone() });
            };
            total = total.checked_add(*price)?;
            lines.push(QuoteLine {
                seat_id: seat.seat_id,
                label: seat.label.clone(),
                category: seat.category.clone(),
                price: *price,
            });
        }
        Ok(Self { lines, total })
    }
}
