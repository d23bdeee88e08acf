//! What offers are held against when seats are priced: the show, the moment and the code. All of it is given; nothing is
//! looked up here.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::fee::FeeTerms;
use crate::ids::{EventId, OfferId, PartnerId, ShowId, VenueId};
use crate::offer::Offer;
use crate::offer_check::Applicable;
use crate::offer_terms::OfferCode;
use crate::quote::Quote;

/// Where, when and for whom seats are priced.
#[derive(Debug, Clone)]
pub struct PricingContext {
    /// Who sells the show; the offers of others never apply.
    pub partner_id: PartnerId,
    /// The show.
    pub show_id: ShowId,
    /// What is performed.
    pub event_id: EventId,
    /// The building it is in.
    pub venue_id: VenueId,
    /// The city of the building.
    pub city: String,
    /// The time zone of the building, by whose clock offers are announced. Where only its IANA name is at hand, it is
    /// looked up before: that reads a database of time zones.
    pub zone: TimeZone,
    /// When the show starts.
    pub starts_at: Timestamp,
    /// When the booking is made.
    pub now: Timestamp,
    /// The code that the customer has typed.
    pub code: Option<OfferCode>,
    /// The offers with a limited number of uses that have been used as often as they may be.
    pub used_up: BTreeSet<OfferId>,
}

impl PricingContext {
    /// When the show starts on the clock of the venue. An instant has one place on a clock, so the hour that is skipped
    /// in spring holds no show, and the shows of both hours of the same name in autumn start at the same time of day.
    pub(crate) fn start_at_venue(&self) -> DateTime {
        self.zone.to_datetime(self.starts_at)
    }
}

/// What a booking is offered: everything that changes its list prices.
#[derive(Debug, Clone)]
pub(crate) struct Offered<'a> {
    pub(crate) context: &'a PricingContext,
    /// The partner's automatic offers and those with the code that was typed, by id.
    pub(crate) offers: Vec<&'a Offer>,
    pub(crate) fees: &'a FeeTerms,
}

impl<'a> Offered<'a> {
    pub(crate) fn new(context: &'a PricingContext, offers: &'a [Offer], fees: &'a FeeTerms) -> Self {
        let mut offers: Vec<&Offer> = offers.iter().filter(|offer| offer.is_asked_for(context)).collect();
        // By id and not as given: what a booking costs must not depend on how a database returns its rows.
        offers.sort_by_key(|offer| offer.id());
        Self { context, offers, fees }
    }

    /// The offers that hold for the seats in `listed`, by id.
    pub(crate) fn that_hold(&self, listed: &Quote) -> Vec<Applicable<'a>> {
        self.offers.iter().filter_map(|offer| offer.check(self.context, listed).ok()).collect()
    }
}
