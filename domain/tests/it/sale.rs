//! A booking to be priced, as the tests of offers put it together.

use std::collections::BTreeMap;

use domain::fee::{FeeTerms, FeeTermsDraft};
use domain::ids::{EventId, OfferId, PartnerId, SeatId, ShowId, VenueId};
use domain::money::{Currency, Money};
use domain::offer::{Offer, OfferScope};
use domain::offer_draft::OfferDraft;
use domain::offer_terms::OfferCode;
use domain::pricing::PricingContext;
use domain::quote::{Quote, QuoteError, SeatToPrice};
use domain::seat::SeatCategory;
use jiff::Zoned;
use jiff::tz::TimeZone;
use uuid::Uuid;

/// Seats of one show, which starts at 14:00 on a Tuesday in Vienna, with everything that changes their price.
#[derive(Debug, Clone)]
pub(crate) struct Sale {
    pub(crate) seats: Vec<SeatToPrice>,
    pub(crate) prices: BTreeMap<SeatCategory, Money>,
    pub(crate) currency: Currency,
    pub(crate) context: PricingContext,
    pub(crate) offers: Vec<Offer>,
    pub(crate) fees: FeeTerms,
}

impl Sale {
    /// A booking of seats, each as its category and list price in cents, in this order.
    pub(crate) fn of(seats: &[(&str, i64)]) -> Self {
        Self::in_currency(Currency::EUR, seats)
    }

    pub(crate) fn in_currency(currency: Currency, seats: &[(&str, i64)]) -> Self {
        Self {
            seats: (1_u128..).zip(seats).map(|(number, (name, _))| seat(number, name)).collect(),
            prices: seats.iter().map(|(name, minor)| (category(name), Money::new(*minor, currency))).collect(),
            currency,
            context: context(),
            offers: Vec::new(),
            fees: FeeTerms::NONE,
        }
    }

    pub(crate) fn offer(mut self, draft: OfferDraft) -> Self {
        self.offers.push(Offer::parse(draft).unwrap());
        self
    }

    /// Says that the customer typed a code.
    pub(crate) fn typed(mut self, code: &str) -> Self {
        self.context.code = Some(OfferCode::parse(code).unwrap());
        self
    }

    /// Says when the show starts, as in `2026-06-02T14:00[Europe/Vienna]`; its zone is the venue's.
    pub(crate) fn starting(mut self, start: &str) -> Self {
        let start: Zoned = start.parse().unwrap();
        (self.context.starts_at, self.context.zone) = (start.timestamp(), start.time_zone().clone());
        self
    }

    /// Says when the booking is made.
    pub(crate) fn booked_at(mut self, now: &str) -> Self {
        self.context.now = now.parse().unwrap();
        self
    }

    pub(crate) fn fees(mut self, draft: FeeTermsDraft) -> Self {
        self.fees = FeeTerms::parse(draft).unwrap();
        self
    }

    pub(crate) fn try_quote(&self) -> Result<Quote, QuoteError> {
        Quote::explained(&self.seats, &self.prices, self.currency, &self.context, &self.offers, &self.fees)
    }

    pub(crate) fn quote(&self) -> Quote {
        self.try_quote().unwrap()
    }

    /// What each seat costs after discounts, in minor units and in the order asked for.
    pub(crate) fn left(&self) -> Vec<i64> {
        self.quote().lines.iter().map(|line| line.discounted().unwrap().minor).collect()
    }

    /// What customers read of each discount: seat by seat, the explanation and the amount in minor units.
    pub(crate) fn explanations(&self) -> Vec<Vec<(String, i64)>> {
        let lines = self.quote().lines.into_iter();
        lines.map(|line| line.discounts.into_iter().map(|it| (it.explanation, it.amount.minor)).collect()).collect()
    }

    /// Why each offer with the typed code did nothing.
    pub(crate) fn whys(&self) -> Vec<String> {
        self.quote().unused.into_iter().map(|unused| unused.why).collect()
    }
}

fn context() -> PricingContext {
    let zone = TimeZone::get("Europe/Vienna").expect("the tests read the system's time zones (tzdata)");
    PricingContext {
        partner_id: partner(),
        show_id: ShowId::new(Uuid::from_u128(12)),
        event_id: EventId::new(Uuid::from_u128(13)),
        venue_id: VenueId::new(Uuid::from_u128(14)),
        city: "Wien".to_owned(),
        zone,
        starts_at: "2026-06-02T12:00:00Z".parse().unwrap(),
        now: "2026-05-20T08:00:00Z".parse().unwrap(),
        code: None,
        used_up: [].into(),
    }
}

pub(crate) fn partner() -> PartnerId {
    PartnerId::new(Uuid::from_u128(11))
}

pub(crate) fn category(name: &str) -> SeatCategory {
    SeatCategory::parse(name).unwrap()
}

fn seat(number: u128, name: &str) -> SeatToPrice {
    SeatToPrice {
        seat_id: SeatId::new(Uuid::from_u128(number)),
        label: format!("stalls A{number}"),
        category: category(name),
    }
}

pub(crate) fn offer_id(number: u128) -> OfferId {
    OfferId::new(Uuid::from_u128(number))
}

/// An offer of 10 % for everybody, called `offer <number>`, to be changed into what a test needs.
pub(crate) fn draft(number: u128) -> OfferDraft {
    OfferDraft {
        id: offer_id(number),
        partner_id: partner(),
        name: format!("offer {number}"),
        scope: OfferScope::Partner,
        code: None,
        at_least: None,
        starts_from: None,
        starts_until: None,
        weekdays: [].into(),
        first_date: None,
        last_date: None,
        booked_from: None,
        booked_until: None,
        categories: [].into(),
        nth: None,
        percent: Some(10),
        amount: None,
        uses: None,
        active: true,
    }
}

/// Half price on every third ticket.
pub(crate) fn third_ticket(number: u128) -> OfferDraft {
    OfferDraft { nth: Some(3), percent: Some(50), ..draft(number) }
}

/// 20 % off shows that start from 12:00 until before 17:00.
pub(crate) fn afternoon(number: u128) -> OfferDraft {
    OfferDraft { percent: Some(20), ..between(number, "12:00", "17:00") }
}

/// An offer for shows that start between two times.
pub(crate) fn between(number: u128, from: &str, until: &str) -> OfferDraft {
    OfferDraft { starts_from: Some(from.parse().unwrap()), starts_until: Some(until.parse().unwrap()), ..draft(number) }
}

/// An offer for who types a code.
pub(crate) fn coded(number: u128, code: &str) -> OfferDraft {
    OfferDraft { code: Some(code.to_owned()), ..draft(number) }
}

/// An offer of an amount in cents per seat.
pub(crate) fn amount(number: u128, minor: i64) -> OfferDraft {
    OfferDraft { percent: None, amount: Some(Money::new(minor, Currency::EUR)), ..draft(number) }
}
