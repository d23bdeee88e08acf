//! Offers and quotes: what a partner takes off, and what some seats would cost.

use domain::booking::SeatSelection;
use domain::booking_state::FailureReason;
use domain::ids::{OfferId, PartnerId, SeatId, ShowId};
use domain::member::Deed;
use domain::offer::Offer;
use domain::offer_draft::OfferDraft;
use domain::offer_terms::OfferCode;
use domain::quote::Quote;
use domain::single_seat::SingleSeatVerdict;
use store::{Priced, Versioned};
use uuid::Uuid;

use crate::booking::invalid_selection;
use crate::editing::{conclude, seen};
use crate::error::seats_unknown;
use crate::identity::Caller;
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

    /// Writes down an offer of a partner, as it is drafted for an id and whose it is.
    pub async fn create_offer(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        draft: impl FnOnce(OfferId, PartnerId) -> OfferDraft,
    ) -> Result<Versioned<Offer>, AppError> {
        self.require_deed(caller, partner_id, Deed::Plan).await?;
        let offer = parse(draft(OfferId::new(Uuid::now_v7()), partner_id))?;
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
        draft: impl FnOnce(OfferId, PartnerId) -> OfferDraft,
    ) -> Result<Versioned<Offer>, AppError> {
        let before = self.offer_of(caller, offer_id, Deed::Plan).await?;
        let offer = parse(draft(offer_id, before.content.partner_id()))?;
        let edited = self.store().update_offer(&offer, seen(if_match, before.version)?).await?;
        Ok(Versioned { content: offer, version: conclude(edited, "offer")? })
    }

    async fn offer_of(&self, caller: &Caller, offer_id: OfferId, deed: Deed) -> Result<Versioned<Offer>, AppError> {
        let found = self.store().find_offer(offer_id).await?.ok_or(AppError::NotFound { what: "offer" })?;
        self.require_deed_on("offer", caller, found.content.partner_id(), deed).await?;
        Ok(found)
    }
}

fn parse(draft: OfferDraft) -> Result<Offer, AppError> {
    Offer::parse(draft).map_err(|invalid| AppError::of_field(invalid.into()))
}

/// A code that somebody has typed.
pub(crate) fn parse_code(text: &str) -> Result<OfferCode, AppError> {
    OfferCode::parse(text).map_err(|error| AppError::invalid("code", "invalid_value", error))
}
