//! Quotes: what the chosen seats cost, line by line, frozen into the booking.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::fee::FeeTerms;
use crate::ids::{OfferId, SeatId};
use crate::money::{Currency, Money, MoneyError};
use crate::offer::Offer;
use crate::pricing::{Offered, PricingContext};
use crate::quote_hint::hint;
use crate::seat::SeatCategory;
use crate::stacking::{Way, cheapest};
use crate::unused_offer::UnusedOffer;

/// What the customer's line for the platform's fee is called.
const FEE_NAME: &str = "Booking fee";

/// What the chosen seats cost. What a quote does not have is left out where it is written down, so that quotes of before
/// there were offers and fees are read, and written, as they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// One line per seat, in the order in which the seats were asked for.
    pub lines: Vec<QuoteLine>,
    /// What the customer pays on top of the seats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fees: Vec<QuoteFee>,
    /// What the customer pays: the sum of all prices, discounts and fees.
    pub total: Money,
    /// What the partner owes the platform, where that is something. No part of `total`, and not for the customer to see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commission: Option<Money>,
    /// Why the code that was typed did nothing; empty where none was typed, or it did something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<UnusedOffer>,
    /// What one more seat would bring, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
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
    /// What the seat costs by the show's list, before discounts.
    pub price: Money,
    /// What offers take off, in the order in which they were applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<QuoteDiscount>,
}

/// What one offer takes off one seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteDiscount {
    /// The offer.
    pub offer_id: OfferId,
    /// What it was called when the seat was quoted.
    pub name: String,
    /// What it is given for, in plain English: "3rd ticket: 50 % off".
    pub explanation: String,
    /// The discount; negative.
    pub amount: Money,
}

/// What the customer pays on top of the seats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteFee {
    /// What it is called.
    pub name: String,
    /// How much it is; more than nothing.
    pub amount: Money,
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
    /// The platform's fee is agreed on in another currency than the show's.
    #[error("the fees are in {fees}, and the show is sold in {show}: they must be in the same currency")]
    FeeCurrency {
        /// The currency of the fees.
        fees: Currency,
        /// The currency of the show.
        show: Currency,
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
                discounts: Vec::new(),
            });
        }
        Ok(Self { lines, fees: Vec::new(), total, commission: None, unused: Vec::new(), hint: None })
    }

    /// Prices `seats` by category, in `currency`, with those of `offers` in which the customer pays least, and with the
    /// platform's `fees`; says what each discount is given for, and why a code did nothing. The rules are told in
    /// `docs/offers.md`. In which order the offers are given makes no difference.
    pub fn explained(
        seats: &[SeatToPrice],
        prices: &BTreeMap<SeatCategory, Money>,
        currency: Currency,
        context: &PricingContext,
        offers: &[Offer],
        fees: &FeeTerms,
    ) -> Result<Self, QuoteError> {
        let listed = Self::price(seats, prices, currency)?;
        let offered = Offered::new(context, offers, fees);
        let mut quote = listed.discounted(&offered)?;
        quote.unused = UnusedOffer::all(&offered, &quote);
        quote.hint = hint(&listed, &quote, &offered);
        Ok(quote)
    }

    /// The offers that take something off, each of which has to be used once where its uses are limited.
    pub fn offers(&self) -> BTreeSet<OfferId> {
        self.lines.iter().flat_map(|line| &line.discounts).map(|discount| discount.offer_id).collect()
    }

    /// This quote at list prices with discounts, fees and commission.
    pub(crate) fn discounted(&self, offered: &Offered<'_>) -> Result<Self, QuoteError> {
        let currency = self.total.currency;
        if let Some(fees) = offered.fees.currency().filter(|fees| *fees != currency) {
            return Err(QuoteError::FeeCurrency { fees, show: currency });
        }
        let holding = offered.that_hold(self);
        let way = cheapest(self, &holding, offered.fees)?;
        let mut quote = self.clone();
        quote.take_off(&way, offered.context);
        quote.total = way.total(currency, offered.fees)?;
        quote.fees = fee_lines(offered.fees.fee_on(&way.left, currency)?);
        quote.commission = Some(offered.fees.commission_on(&way.left, currency)?).filter(|owed| !owed.is_zero());
        Ok(quote)
    }

    fn take_off(&mut self, way: &Way<'_>, context: &PricingContext) {
        for step in &way.steps {
            let offer = step.applicable.offer;
            for cut in &step.cuts {
                let Some(line) = self.lines.get_mut(cut.seat.line) else { continue };
                line.discounts.push(QuoteDiscount {
                    offer_id: offer.id,
                    name: offer.name.as_str().to_owned(),
                    explanation: offer.explanation(cut.seat.rank, &context.zone),
                    amount: Money { minor: -cut.amount.minor, ..cut.amount },
                });
            }
        }
    }
}

impl QuoteLine {
    /// What the seat costs after all discounts; an error only where a line was not made by a quote.
    pub fn discounted(&self) -> Result<Money, MoneyError> {
        self.discounts.iter().try_fold(self.price, |left, discount| left.checked_add(discount.amount))
    }

    /// Whether an offer takes something off it.
    pub(crate) fn has(&self, offer_id: OfferId) -> bool {
        self.discounts.iter().any(|discount| discount.offer_id == offer_id)
    }
}

fn fee_lines(fee: Money) -> Vec<QuoteFee> {
    if fee.is_zero() { Vec::new() } else { vec![QuoteFee { name: FEE_NAME.to_owned(), amount: fee }] }
}
