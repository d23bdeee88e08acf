//! Offers on the wire: what a partner takes off.

use app::listing::{Listed, PAGE_ITEMS};
use app::{App, Versioned};
use domain::ids::{OfferId, PartnerId};
use domain::offer::{Offer, OfferScope};
use domain::offer_calendar::Weekday;
use domain::offer_draft::OfferDraft;
use domain::seat::SeatCategory;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Fields, ReadBody};
use crate::etag::of_version;
use crate::id::Id;
use crate::moment::Moment;
use crate::money::AmountBody;
use crate::offer_calendar::{WeekdayIn, parse_date, parse_time, time_text};
use crate::offer_scope::ScopeBody;
use crate::problem::Problem;
use crate::refusal::{Editing, Planning, Refusal};
use crate::tags::Tag;

/// The operations on offers.
pub struct OfferRoutes;

/// An offer as a partner writes it down. What is left out does not limit it, and of what is given all has to hold.
#[derive(Debug, Object)]
#[oai(rename = "OfferWish", rename_all = "camelCase", deny_unknown_fields)]
pub struct OfferIn {
    /// What it is called on the quote: 1 to 80 printable characters.
    pub name: String,
    /// Which shows it is for; every show of the partner if it is not said.
    #[oai(nullable)]
    pub scope: Option<ScopeBody>,
    /// The code that customers have to type: 3 to 32 of A-Z, 0-9 and -, in capitals or not.
    #[oai(nullable)]
    pub code: Option<String>,
    /// How many seats the booking has to have at least, 2 to 10.
    #[oai(nullable)]
    pub at_least: Option<u32>,
    /// From which time of day on, on the venue's clock, the show has to start, such as `12:00`; comes with `startsUntil`.
    #[oai(nullable)]
    pub starts_from: Option<String>,
    /// Before which time of day the show has to start; a smaller one than `startsFrom` is one after midnight.
    #[oai(nullable)]
    pub starts_until: Option<String>,
    /// On which days of the week the show has to be; every day where there are none.
    #[oai(nullable)]
    pub weekdays: Option<Vec<WeekdayIn>>,
    /// The first day on which the show may be, at the venue, such as `2026-12-24`.
    #[oai(nullable)]
    pub first_date: Option<String>,
    /// The last day on which the show may be, at the venue.
    #[oai(nullable)]
    pub last_date: Option<String>,
    /// From when on the booking has to be made.
    #[oai(nullable)]
    pub booked_from: Option<Moment>,
    /// Before when the booking has to be made.
    #[oai(nullable)]
    pub booked_until: Option<Moment>,
    /// The categories whose seats it counts and makes cheaper; all where there are none.
    #[oai(nullable)]
    pub categories: Option<Vec<String>>,
    /// That it is for every nth seat only, 2 to 10: 3 is the 3rd, the 6th and the 9th.
    #[oai(nullable)]
    pub nth: Option<u32>,
    /// How many hundredths of the price it takes off, 1 to 100; either this or `amount`.
    #[oai(nullable)]
    pub percent: Option<u8>,
    /// What it takes off the price of a seat; either this or `percent`.
    #[oai(nullable)]
    pub amount: Option<AmountBody>,
    /// By how many bookings its code may be used in all, 1 to 100,000.
    #[oai(nullable, validator(minimum(value = "1"), maximum(value = "100000")))]
    pub uses: Option<u32>,
    /// Whether it is switched on; it is if it is not said.
    #[oai(nullable)]
    pub active: Option<bool>,
}

/// An offer.
#[derive(Debug, Object)]
#[oai(rename = "Offer", rename_all = "camelCase")]
pub struct OfferOut {
    /// Its id.
    pub id: Id<OfferId>,
    /// Whose offer it is.
    pub partner_id: Id<PartnerId>,
    /// What it is called on the quote.
    pub name: String,
    /// Which shows it is for.
    pub scope: ScopeBody,
    /// The code that customers have to type, in capitals.
    #[oai(nullable)]
    pub code: Option<String>,
    /// How many seats the booking has to have at least.
    #[oai(nullable)]
    pub at_least: Option<u32>,
    /// From which time of day on, on the venue's clock, the show has to start.
    #[oai(nullable)]
    pub starts_from: Option<String>,
    /// Before which time of day the show has to start.
    #[oai(nullable)]
    pub starts_until: Option<String>,
    /// On which days of the week the show has to be; every day where there are none.
    pub weekdays: Vec<WeekdayIn>,
    /// The first day on which the show may be, at the venue.
    #[oai(nullable)]
    pub first_date: Option<String>,
    /// The last day on which the show may be, at the venue.
    #[oai(nullable)]
    pub last_date: Option<String>,
    /// From when on the booking has to be made.
    #[oai(nullable)]
    pub booked_from: Option<Moment>,
    /// Before when the booking has to be made.
    #[oai(nullable)]
    pub booked_until: Option<Moment>,
    /// The categories whose seats it counts and makes cheaper; all where there are none.
    pub categories: Vec<String>,
    /// That it is for every nth seat only.
    #[oai(nullable)]
    pub nth: Option<u32>,
    /// How many hundredths of the price it takes off.
    #[oai(nullable)]
    pub percent: Option<u8>,
    /// What it takes off the price of a seat.
    #[oai(nullable)]
    pub amount: Option<AmountBody>,
    /// By how many bookings its code may be used in all.
    #[oai(nullable)]
    pub uses: Option<u32>,
    /// By how many bookings that hold seats or have tickets a limited code is used; null where it is not limited, and in
    /// lists.
    #[oai(nullable)]
    pub used: Option<i64>,
    /// Whether it is switched on.
    pub active: bool,
}

/// One page of offers.
#[derive(Debug, Object)]
#[oai(rename = "OfferPage", rename_all = "camelCase")]
pub struct OfferPageOut {
    /// The offers.
    pub items: Vec<OfferOut>,
    /// What to send as `cursor` for the next page; null on the last.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// An offer with its version.
#[derive(Debug, ApiResponse)]
pub enum OfferAnswer {
    /// The offer.
    #[oai(status = 200)]
    Found(Json<Box<OfferOut>>, #[oai(header = "ETag")] String),
}

/// An offer that was written down.
#[derive(Debug, ApiResponse)]
pub enum OfferCreated {
    /// There it is.
    #[oai(status = 201)]
    Created(Json<Box<OfferOut>>, #[oai(header = "Location")] String, #[oai(header = "ETag")] String),
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Catalogue")]
impl OfferRoutes {
    /// Add an offer
    ///
    /// How several offers work together is written in `docs/offers.md`.
    #[oai(path = "/partners/:id/offers", method = "post", operation_id = "createOffer")]
    async fn create(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
        Body(wish): Body<OfferIn>,
    ) -> Result<OfferCreated, Refusal<Editing>> {
        let Versioned { content, version } = app.create_offer(&caller, id.parse("id")?, wish.parse()?).await?;
        let address = format!("/api/v1/offers/{}", content.id());
        Ok(OfferCreated::Created(Json(Box::new(content.into())), address, of_version(version)))
    }

    /// List the offers of a partner
    #[oai(path = "/partners/:id/offers", method = "get", operation_id = "listOffers")]
    async fn list(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
        /// How many at most, 1 to 200; 50 if it is not said.
        limit: Query<Option<u32>>,
        /// The `nextCursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<OfferPageOut>, Refusal<Planning>> {
        let listed = app.offers(&caller, id.parse("id")?, cursor.0, limit.unwrap_or(PAGE_ITEMS)).await?;
        let Listed { items, next_cursor } = listed;
        let items = items.into_iter().map(|offer| offer.content.into()).collect();
        Ok(Json(OfferPageOut { items, next_cursor }))
    }

    /// Read an offer, and how often its code is used
    #[oai(path = "/offers/:id", method = "get", operation_id = "getOffer")]
    async fn find(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The offer.
        id: Path<Id<OfferId>>,
    ) -> Result<OfferAnswer, Refusal<Planning>> {
        let (Versioned { content, version }, used) = app.offer(&caller, id.parse("id")?).await?;
        let used = content.uses().map(|_limit| used);
        let offer = OfferOut { used, ..content.into() };
        Ok(OfferAnswer::Found(Json(Box::new(offer)), of_version(version)))
    }

    /// Change an offer
    ///
    /// Bookings keep the discounts that they were given. With the `ETag` of what was read as `If-Match`, a change that
    /// somebody else has made meanwhile is not overwritten.
    #[oai(path = "/offers/:id", method = "put", operation_id = "updateOffer")]
    async fn update(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The offer.
        id: Path<Id<OfferId>>,
        /// The `ETag` of what was read.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        Body(wish): Body<OfferIn>,
    ) -> Result<OfferAnswer, Refusal<Editing>> {
        let updated = app.update_offer(&caller, id.parse("id")?, if_match.as_deref(), wish.parse()?).await?;
        let Versioned { content, version } = updated;
        Ok(OfferAnswer::Found(Json(Box::new(content.into())), of_version(version)))
    }
}

impl ReadBody for OfferIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            name: fields.text("name")?,
            scope: fields.optional("scope")?,
            code: fields.optional_text("code")?,
            at_least: fields.optional("atLeast")?,
            starts_from: fields.optional_text("startsFrom")?,
            starts_until: fields.optional_text("startsUntil")?,
            weekdays: fields.optional("weekdays")?,
            first_date: fields.optional_text("firstDate")?,
            last_date: fields.optional_text("lastDate")?,
            booked_from: fields.optional("bookedFrom")?,
            booked_until: fields.optional("bookedUntil")?,
            categories: fields.optional("categories")?,
            nth: fields.optional("nth")?,
            percent: fields.optional("percent")?,
            amount: fields.optional("amount")?,
            uses: fields.optional("uses")?,
            active: fields.optional("active")?,
        })
    }
}

impl OfferIn {
    /// The offer that is written down here, for an id and whose it is.
    fn parse(self) -> Result<impl FnOnce(OfferId, PartnerId) -> OfferDraft, Problem> {
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
        let scope = scope.map_or(Ok(OfferScope::Partner), ScopeBody::parse)?;
        let starts_from = starts_from.map(|text| parse_time("startsFrom", &text)).transpose()?;
        let starts_until = starts_until.map(|text| parse_time("startsUntil", &text)).transpose()?;
        let first_date = first_date.map(|text| parse_date("firstDate", &text)).transpose()?;
        let last_date = last_date.map(|text| parse_date("lastDate", &text)).transpose()?;
        let category =
            |text: &String| SeatCategory::parse(text).map_err(|error| Problem::invalid_value("categories", error));
        let categories = categories.iter().flatten().map(category).collect::<Result<_, _>>()?;
        let amount = amount.map(|amount| amount.parse("amount")).transpose()?;
        let seats = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(move |id, partner_id| OfferDraft {
            id,
            partner_id,
            name,
            scope,
            code,
            at_least: at_least.map(seats),
            starts_from,
            starts_until,
            weekdays: weekdays.into_iter().flatten().map(Weekday::from).collect(),
            first_date,
            last_date,
            booked_from: booked_from.map(|at| at.0),
            booked_until: booked_until.map(|at| at.0),
            categories,
            nth: nth.map(seats),
            percent,
            amount,
            uses,
            active: active.unwrap_or(true),
        })
    }
}

impl From<Offer> for OfferOut {
    fn from(offer: Offer) -> Self {
        let OfferDraft {
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
        } = offer.into();
        // Both are at most the seats of a booking.
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            id: id.into(),
            partner_id: partner_id.into(),
            name,
            scope: scope.into(),
            code,
            at_least: at_least.map(small),
            starts_from: starts_from.map(time_text),
            starts_until: starts_until.map(time_text),
            weekdays: weekdays.into_iter().map(WeekdayIn::from).collect(),
            first_date: first_date.map(|date| date.to_string()),
            last_date: last_date.map(|date| date.to_string()),
            booked_from: booked_from.map(Moment::from),
            booked_until: booked_until.map(Moment::from),
            categories: categories.into_iter().map(String::from).collect(),
            nth: nth.map(small),
            percent,
            amount: amount.map(AmountBody::from),
            uses,
            used: None,
            active,
        }
    }
}
