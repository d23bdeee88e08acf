//! What seats of a show cost for somebody: the offers that may apply, the fees, and the clock of the venue.

use std::collections::BTreeSet;

use domain::fee::FeeTerms;
use domain::ids::{OfferId, PartnerId, SeatId, ShowId, VenueId};
use domain::offer::Offer;
use domain::offer_terms::OfferCode;
use domain::pricing::PricingContext;
use domain::quote::{Quote, QuoteError, SeatToPrice};
use domain::show::Show;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sea_orm::FromQueryResult;

use crate::column::{RowOf, json_text, rounded};
use crate::error::StoreError;
use crate::offer::used_up;
use crate::pool::Session;
use crate::statement::{bind, sql};
use crate::{Store, show, show_seat};

/// What decides what seats of a show cost, beside its price list.
pub(crate) struct Terms {
    context: PricingContext,
    offers: Vec<Offer>,
    fees: FeeTerms,
}

/// What pricing some seats came to, for somebody who only asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Priced {
    /// The quote, as it would be frozen into a booking now.
    Quoted(Box<Quote>),
    /// There is no such show.
    UnknownShow,
    /// The show has not all of the seats.
    UnknownSeats {
        /// Which it does not have.
        seat_ids: Vec<SeatId>,
    },
    /// The show cannot price one of the seats.
    NoPrice,
}

impl Store {
    /// What some seats of a show would cost now, with a code or without. Whether they can be had is not looked at.
    pub async fn quote(
        &self,
        show_id: ShowId,
        seat_ids: &[SeatId],
        code: Option<&OfferCode>,
        now: Timestamp,
    ) -> Result<Priced, StoreError> {
        let db = self.reader();
        let Some(show) = show::load(db, show_id, "").await? else { return Ok(Priced::UnknownShow) };
        let found = show_seat::look_up(db, show_id, seat_ids).await?;
        let unknown: Vec<SeatId> = seat_ids.iter().copied().filter(|id| !found.has(id)).collect();
        if !unknown.is_empty() {
            return Ok(Priced::UnknownSeats { seat_ids: unknown });
        }
        let terms = Terms::load(db, &show, code, now).await?;
        match terms.quote(&show, &found.to_price(seat_ids)) {
            Ok(quote) => Ok(Priced::Quoted(Box::new(quote))),
            Err(error) => {
                tracing::warn!(show.id = %show.id, %error, "seats that are on sale cannot be priced");
                Ok(Priced::NoPrice)
            }
        }
    }

    /// Agrees with a partner on what the platform earns, from now on.
    pub async fn set_fee_terms(
        &self,
        partner_id: PartnerId,
        terms: &FeeTerms,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let text = "insert into fee_terms (partner_id, terms, set_at) values ($1, $2, $3) \
                    on conflict (partner_id) do update set terms = excluded.terms, set_at = excluded.set_at";
        sql(text, bind![partner_id, json_text(terms)?, rounded(now)]).run(self.writer()).await?;
        Ok(())
    }

    /// What the platform earns by a partner's shows.
    pub async fn fee_terms(&self, partner_id: PartnerId) -> Result<FeeTerms, StoreError> {
        #[derive(FromQueryResult)]
        struct Found {
            terms: String,
        }
        let text = "select terms from fee_terms where partner_id = $1";
        let found = sql(text, bind![partner_id]).one::<Found>(self.reader()).await?;
        let of = RowOf::new("fee_terms", "");
        found.map_or(Ok(FeeTerms::NONE), |found| of.json(&found.terms))
    }
}

impl Terms {
    /// The terms for a booking of a show: the offers that need no code, and those with the code that was typed, switched
    /// off or not, so that it can be said why it does nothing.
    pub(crate) async fn load(
        db: &impl Session,
        show: &Show,
        code: Option<&OfferCode>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let text = "select v.id as venue_id, v.city, v.time_zone, f.terms as fee_terms, o.id as offer_id, \
                    o.terms as offer_terms from halls h join venues v on v.id = h.venue_id \
                    left join fee_terms f on f.partner_id = $1 \
                    left join offers o on o.partner_id = $1 and ((o.active = true and o.code is null) or o.code = $2) \
                    where h.id = $3";
        let values = bind![show.partner_id, code.map(OfferCode::as_str), show.hall_id];
        let rows = sql(text, values).all::<TermsRow>(db).await?;
        let (mut offers, mut fees, mut place) = (Vec::new(), FeeTerms::NONE, None);
        for row in rows {
            let of = RowOf::new("offers", row.offer_id.as_deref().unwrap_or_default());
            if let Some(terms) = &row.offer_terms {
                offers.push(of.json::<Offer>(terms)?);
            }
            if let Some(terms) = &row.fee_terms {
                fees = RowOf::new("fee_terms", "").json(terms)?;
            }
            place = Some((row.venue_id, row.city, row.time_zone));
        }
        let (venue_id, city, time_zone) = place.ok_or(StoreError::ConcurrentChange { what: "the hall of a show" })?;
        let of = RowOf::new("venues", &venue_id);
        let context = PricingContext {
            partner_id: show.partner_id,
            show_id: show.id,
            event_id: show.event_id,
            venue_id: of.read(VenueId::parse(&venue_id))?,
            city,
            zone: of.read(TimeZone::get(&time_zone))?,
            starts_at: show.starts_at,
            now,
            code: code.cloned(),
            used_up: used_up(db, &offers).await?,
        };
        Ok(Self { context, offers, fees })
    }

    /// What seats cost.
    pub(crate) fn quote(&self, show: &Show, seats: &[SeatToPrice]) -> Result<Quote, QuoteError> {
        Quote::explained(seats, &show.prices, show.currency, &self.context, &self.offers, &self.fees)
    }

    /// The offers of a quote of which there are only so many uses.
    pub(crate) fn limited(&self, quote: &Quote) -> BTreeSet<OfferId> {
        let limited = |id: &OfferId| self.offers.iter().any(|offer| offer.id() == *id && offer.uses().is_some());
        quote.offers().into_iter().filter(limited).collect()
    }
}

#[derive(FromQueryResult)]
struct TermsRow {
    venue_id: String,
    city: String,
    time_zone: String,
    fee_terms: Option<String>,
    offer_id: Option<String>,
    offer_terms: Option<String>,
}
