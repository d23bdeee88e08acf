//! Offers and quotes: what a partner takes off, and what some seats would cost.

use std::collections::BTreeSet;

use domain::booking::SeatSelection;
use domain::booking_state::FailureReason;
use domain::fee::{FeeTerms, FeeTermsDraft};
use domain::ids::{OfferId, PartnerId, SeatId, ShowId};
use domain::member::Deed;
use domain::money::Money;
use domain::offer::{Offer, OfferScope};
use domain::offer_calendar::Weekday;
use domain::offer_draft::OfferDraft;
use domain::offer_terms::OfferCode;
use domain::quote::Quote;
use domain::seat::SeatCategory;
use domain::single_seat::SingleSeatVerdict;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use store::{Earnings, Priced, Versioned};
use uuid::Uuid;

use crate::booking::invalid_selection;
use crate::editing::{conclude, seen};
use crate::error::seats_unknown;
use crate::identity::{Caller, Role};
use crate::listing::{Listed, check_limit, no_cursor};
use crate::{App, AppError};

/// What some seats would cost, and what they would leave.
#[derive(Debug, Clone, PartialEq)]
pub struct Quoted {
    /// What they cost.
    pub quote: Quote,
    /// What the show's rule says about the single seats that they leave.
    pub single_seats: SingleSeatVerdict,
}

/// An offer as a partner writes it down; the fields are those of [`OfferDraft`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is what `OfferDraft` says of it")]
pub struct OfferWish {
    pub name: String,
    pub scope: OfferScope,
    pub code: Option<String>,
    pub at_least: Option<usize>,
    pub starts_from: Option<Time>,
    pub starts_until: Option<Time>,
    pub weekdays: BTreeSet<Weekday>,
    pub first_date: Option<Date>,
    pub last_date: Option<Date>,
    pub booked_from: Option<Timestamp>,
    pub booked_until: Option<Timestamp>,
    pub categories: BTreeSet<SeatCategory>,
    pub nth: Option<usize>,
    pub percent: Option<u8>,
    pub amount: Option<Money>,
    pub uses: Option<u32>,
    pub active: bool,
}

impl OfferWish {
    fn of(self, id: OfferId, partner_id: PartnerId) -> Result<Offer, AppError> {
        let Self {
            name,
            scope,
            code,
            at_least,
            starts_from,
            starts_until,
            weekdays,
            first_date,
            last_date,
            booked_from,
            booked_until,
            categories,
            nth,
            percent,
            amount,
            uses,
            active,
        } = self;
        let draft = OfferDraft {
            id,
            partner_id,
            name,
            scope,
            code,
            at_least,
            starts_from,
            starts_until,
            weekdays,
            first_date,
            last_date,
            booked_from,
            booked_until,
            categories,
            nth,
            percent,
            amount,
            uses,
            active,
        };
        Offer::parse(draft).map_err(|invalid| AppError::of_field(invalid.into()))
    }
}

impl App {
    /// What some seats of a show would cost now, and which they would leave single. Whether they can be had is not looked
    /// at.
    pub async fn quote(&self, show_id: ShowId, seat_ids: Vec<SeatId>, code: Option<&str>) -> Result<Quoted, AppError> {
        let seats = SeatSelection::parse(seat_ids).map_err(invalid_selection)?;
        let code = code.map(parse_code).transpose()?;
        let quote = match self.store().quote(show_id, seats.as_slice(), code.as_ref(), self.now()).await? {
            Priced::Quoted(quote) => *quote,
            Priced::UnknownShow => return Err(AppError::NotFound { what: "show" }),
            Priced::UnknownSeats { seat_ids } => return Err(seats_unknown(&seat_ids)),
            Priced::NoPrice => return Err(AppError::BookingFailed { reason: FailureReason::NoPrice }),
        };
        let show = self.shared.shows_on_sale.find(self.store(), show_id).await?;
        let show = show.ok_or(AppError::NotFound { what: "show" })?;
        let single_seats = self.judge_seats(&show, seats.as_slice()).await?;
        Ok(Quoted { quote, single_seats })
    }

    /// Writes down an offer of a partner.
    pub async fn create_offer(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        wish: OfferWish,
    ) -> Result<Versioned<Offer>, AppError> {
        self.require_deed(caller, partner_id, Deed::Plan).await?;
        let offer = wish.of(OfferId::new(Uuid::now_v7()), partner_id)?;
        self.store().create_offer(&offer, self.now()).await?;
        Ok(Versioned { content: offer, version: 1 })
    }

    /// An offer, and how often its code has been used.
    pub async fn offer(&self, caller: &Caller, offer_id: OfferId) -> Result<(Versioned<Offer>, i64), AppError> {
        let found = self.offer_of(caller, offer_id, Deed::See).await?;
        let uses = self.store().uses_of(offer_id).await?;
        Ok((found, uses))
    }

    /// The offers of a partner.
    pub async fn offers(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        after: Option<String>,
        limit: u32,
    ) -> Result<Listed<Versioned<Offer>>, AppError> {
        check_limit(limit)?;
        self.require_deed(caller, partner_id, Deed::See).await?;
        let after = after.map(|id| OfferId::parse(&id).map_err(|_invalid| no_cursor())).transpose()?;
        let offers = self.store().offers_of(partner_id, after, limit + 1).await?;
        Ok(Listed::page(offers, limit, |offer| offer.content.id().to_string()))
    }

    /// Changes an offer; `if_match` is the version that the caller has seen. Bookings keep what they were given.
    pub async fn update_offer(
        &self,
        caller: &Caller,
        offer_id: OfferId,
        if_match: Option<&str>,
        wish: OfferWish,
    ) -> Result<Versioned<Offer>, AppError> {
        let before = self.offer_of(caller, offer_id, Deed::Plan).await?;
        let offer = wish.of(offer_id, before.content.partner_id())?;
        let edited = self.store().update_offer(&offer, seen(if_match, before.version)?).await?;
        Ok(Versioned { content: offer, version: conclude(edited, "offer")? })
    }

    /// What the platform earns by the shows of a partner.
    pub async fn fee_terms(&self, caller: &Caller, partner_id: PartnerId) -> Result<FeeTerms, AppError> {
        self.require_deed(caller, partner_id, Deed::See).await?;
        Ok(self.store().fee_terms(partner_id).await?)
    }

    /// Agrees with a partner on what the platform earns.
    pub async fn set_fee_terms(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        draft: FeeTermsDraft,
    ) -> Result<FeeTerms, AppError> {
        caller.require(Role::Admin)?;
        self.require_deed(caller, partner_id, Deed::See).await?;
        let terms = FeeTerms::parse(draft).map_err(|invalid| AppError::of_field(invalid.into()))?;
        self.store().set_fee_terms(partner_id, &terms, self.now()).await?;
        Ok(terms)
    }

    /// What the platform has earned by the sales of a partner since `from` and before `to`, for each currency.
    pub async fn earnings(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Vec<Earnings>, AppError> {
        self.require_deed(caller, partner_id, Deed::See).await?;
        let (from, to) = (from.unwrap_or(Timestamp::UNIX_EPOCH), to.unwrap_or(Timestamp::MAX));
        Ok(self.store().earnings_of(partner_id, from, to).await?)
    }

    async fn offer_of(&self, caller: &Caller, offer_id: OfferId, deed: Deed) -> Result<Versioned<Offer>, AppError> {
        let found = self.store().find_offer(offer_id).await?.ok_or(AppError::NotFound { what: "offer" })?;
        self.require_deed_on("offer", caller, found.content.partner_id(), deed).await?;
        Ok(found)
    }
}

/// A code that somebody has typed.
pub(crate) fn parse_code(text: &str) -> Result<OfferCode, AppError> {
    OfferCode::parse(text).map_err(|error| AppError::invalid("code", "invalid_value", error))
}
