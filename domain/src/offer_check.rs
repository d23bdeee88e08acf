//! Whether an offer holds for a booking, and for which of its seats.

use std::cmp::Reverse;

use crate::offer::{Offer, OfferScope};
use crate::offer_terms::Discount;
use crate::pricing::PricingContext;
use crate::quote::Quote;
use crate::unused_offer::WhyUnused;

/// An offer that holds, with the seats that it is for.
#[derive(Debug, Clone)]
pub(crate) struct Applicable<'a> {
    pub(crate) offer: &'a Offer,
    pub(crate) seats: Vec<RankedSeat>,
}

/// A seat of a booking among those that an offer counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RankedSeat {
    /// Which line of the quote it is, from 0 on.
    pub(crate) line: usize,
    /// Which ticket it is, from 1 on, counted from the dearest to the cheapest.
    pub(crate) rank: usize,
}

impl Offer {
    /// The offer with its seats among those `listed` at their list prices, or why it does not hold. Of several reasons
    /// it is the one that the customer can do least about. Does not ask for the code: see [`Offer::is_asked_for`].
    pub(crate) fn check(&self, context: &PricingContext, listed: &Quote) -> Result<Applicable<'_>, WhyUnused> {
        self.check_show(context)?;
        self.check_booking_moment(context)?;
        if !self.calendar.includes(context.start_at_venue()) {
            return Err(WhyUnused::OtherTime { calendar: self.calendar.clone() });
        }
        self.check_currency(listed)?;
        Ok(Applicable { offer: self, seats: self.seats_among(listed)? })
    }

    /// Whether it is at hand for the booking: an offer of the show's partner that is automatic or whose code was typed.
    pub(crate) fn is_asked_for(&self, context: &PricingContext) -> bool {
        self.partner_id == context.partner_id && (self.code.is_none() || self.code == context.code)
    }

    fn check_show(&self, context: &PricingContext) -> Result<(), WhyUnused> {
        let holds = match &self.scope {
            OfferScope::Partner => true,
            OfferScope::City { city } => same_city(city, &context.city),
            OfferScope::Venue { venue_id } => *venue_id == context.venue_id,
            OfferScope::Event { event_id } => *event_id == context.event_id,
            OfferScope::Show { show_id } => *show_id == context.show_id,
        };
        if !self.active {
            Err(WhyUnused::SwitchedOff)
        } else if !holds {
            Err(WhyUnused::OtherShow)
        } else {
            Ok(())
        }
    }

    fn check_booking_moment(&self, context: &PricingContext) -> Result<(), WhyUnused> {
        match (self.booked.from, self.booked.until) {
            (_, Some(until)) if context.now >= until => Err(WhyUnused::Over { until }),
            (Some(from), _) if context.now < from => Err(WhyUnused::NotYet { from }),
            _ if context.used_up.contains(&self.id) => Err(WhyUnused::UsedUp),
            _ => Ok(()),
        }
    }

    fn check_currency(&self, listed: &Quote) -> Result<(), WhyUnused> {
        match self.gives {
            Discount::Amount(amount) if amount.currency != listed.total.currency => {
                Err(WhyUnused::OtherCurrency { offer: amount.currency, show: listed.total.currency })
            }
            Discount::Amount(_) | Discount::Percent(_) => Ok(()),
        }
    }

    /// The seats that it makes cheaper. It counts the seats of its categories alone, from the dearest to the cheapest;
    /// between seats of one price the category decides and then the order asked for, so that a booking costs the same in
    /// whichever order its seats were chosen.
    fn seats_among(&self, listed: &Quote) -> Result<Vec<RankedSeat>, WhyUnused> {
        let mut lines: Vec<_> = listed
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| self.categories.is_empty() || self.categories.contains(&line.category))
            .collect();
        let (chosen, needed) = (lines.len(), self.at_least.unwrap_or(1).max(self.nth.unwrap_or(1)));
        if chosen == 0 {
            return Err(WhyUnused::OtherCategory { categories: self.categories.clone() });
        }
        if chosen < needed {
            return Err(WhyUnused::TooFewSeats { needed, chosen, categories: self.categories.clone() });
        }
        // The sort is stable, which keeps the order asked for.
        lines.sort_by_key(|(_, line)| (Reverse(line.price.minor), &line.category));
        let ranked = (1..).zip(lines).map(|(rank, (line, _))| RankedSeat { line, rank });
        Ok(ranked.filter(|seat| self.nth.is_none_or(|nth| seat.rank.is_multiple_of(nth))).collect())
    }
}

fn same_city(left: &str, right: &str) -> bool {
    left.trim().to_lowercase() == right.trim().to_lowercase()
}
