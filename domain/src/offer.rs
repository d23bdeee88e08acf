//! Offers: the discount rules of a partner. How several of them work together is in `docs/offers.md`.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::ids::{EventId, OfferId, PartnerId, ShowId, VenueId};
use crate::offer_calendar::{BookingPeriod, ShowCalendar};
use crate::offer_draft::{InvalidOffer, OfferDraft};
use crate::offer_terms::{Discount, OfferCode, OfferName};
use crate::seat::SeatCategory;

/// A discount rule of a partner. There is none that contradicts itself: [`Offer::parse`] is the only way to one, and its
/// fields are read through [`OfferDraft`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "OfferDraft", try_from = "OfferDraft")]
pub struct Offer {
    pub(crate) id: OfferId,
    pub(crate) partner_id: PartnerId,
    pub(crate) name: OfferName,
    pub(crate) scope: OfferScope,
    pub(crate) code: Option<OfferCode>,
    pub(crate) at_least: Option<usize>,
    pub(crate) calendar: ShowCalendar,
    pub(crate) booked: BookingPeriod,
    pub(crate) categories: BTreeSet<SeatCategory>,
    pub(crate) nth: Option<usize>,
    pub(crate) gives: Discount,
    pub(crate) uses: Option<NonZeroU32>,
    pub(crate) active: bool,
}

/// Which shows of its partner an offer is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OfferScope {
    /// Every show.
    Partner,
    /// Every show in a city.
    City {
        /// The city as the venues name it; capitals and space around it make no difference.
        city: String,
    },
    /// Every show in a building.
    Venue {
        /// The building.
        venue_id: VenueId,
    },
    /// Every show of an event.
    Event {
        /// What is performed.
        event_id: EventId,
    },
    /// One show.
    Show {
        /// The show.
        show_id: ShowId,
    },
}

/// What an offer is classed by, in the order in which offers are taken off: from what is for everybody, by the show and
/// the booking, to the single ticket and the single customer. Of each kind one offer applies at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfferKind {
    /// Needs nothing: it is for everybody.
    General,
    /// Needs the show, or the booking, to be at a certain time.
    Calendar,
    /// Needs a number of seats in the booking.
    Quantity,
    /// Is for every nth ticket of the booking.
    Nth,
    /// Needs a code.
    Code,
}

impl OfferKind {
    /// Every kind, in the order in which offers are taken off.
    pub const ALL: [Self; 5] = [Self::General, Self::Calendar, Self::Quantity, Self::Nth, Self::Code];
}

impl Offer {
    /// Parses an offer; the error names the first field that is wrong.
    pub fn parse(draft: OfferDraft) -> Result<Self, InvalidOffer> {
        draft.check()
    }

    /// Its id.
    pub fn id(&self) -> OfferId {
        self.id
    }

    /// Whose offer it is.
    pub fn partner_id(&self) -> PartnerId {
        self.partner_id
    }

    /// The code that customers type to have it; without one it is automatic.
    pub fn code(&self) -> Option<&OfferCode> {
        self.code.as_ref()
    }

    /// By how many bookings its code may be used in all; without a number by any.
    pub fn uses(&self) -> Option<NonZeroU32> {
        self.uses
    }

    /// Whether it is switched on.
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// What it is classed by. Of several conditions the strongest counts, which is the one that comes last in the order
    /// of the kinds: who has to know a code, or to buy another ticket, does more for it than who comes in the afternoon.
    pub fn kind(&self) -> OfferKind {
        if self.code.is_some() {
            OfferKind::Code
        } else if self.nth.is_some() {
            OfferKind::Nth
        } else if self.at_least.is_some() {
            OfferKind::Quantity
        } else if !self.calendar.is_any() || !self.booked.is_any() {
            OfferKind::Calendar
        } else {
            OfferKind::General
        }
    }
}

impl TryFrom<OfferDraft> for Offer {
    type Error = InvalidOffer;

    fn try_from(draft: OfferDraft) -> Result<Self, InvalidOffer> {
        Self::parse(draft)
    }
}
