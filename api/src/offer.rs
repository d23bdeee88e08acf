//! Offers on the wire: what a partner takes off, and what the platform earns.

use app::listing::{Listed, PAGE_ITEMS};
use app::offer::OfferWish;
use app::{App, Earnings, Versioned};
use domain::fee::{FeeTerms, FeeTermsDraft};
use domain::ids::{EventId, OfferId, PartnerId, ShowId, VenueId};
use domain::money::{BasisPoints, Currency, Money};
use domain::offer::{Offer, OfferScope};
use domain::offer_calendar::Weekday;
use domain::offer_draft::OfferDraft;
use domain::seat::SeatCategory;
use jiff::civil::{Date, Time};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Fields, ReadBody};
use crate::etag::of_version;
use crate::id::Id;
use crate::moment::Moment;
use crate::money::MoneyOut;
use crate::problem::Problem;
use crate::problem_kind::INVALID_VALUE;
use crate::refusal::{Editing, Planning, Refusal};
use crate::tags::Tag;

/// The operations on offers.
pub struct OfferRoutes;

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "Weekday", rename_all = "snake_case")]
pub enum WeekdayIn {
    /// The first day of the week (ISO 8601).
    Monday,
    /// The day after Monday.
    Tuesday,
    /// The day after Tuesday.
    Wednesday,
    /// The day after Wednesday.
    Thursday,
    /// The day after Thursday.
    Friday,
    /// The day after Friday.
    Saturday,
    /// The day after Saturday.
    Sunday,
}

/// What an offer is limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "OfferScopeKind", rename_all = "snake_case")]
pub enum ScopeKind {
    /// Every show of the partner.
    Partner,
    /// Every show in a city: `city` says which.
    City,
    /// Every show in a building: `venueId` says which.
    Venue,
    /// Every show of an event: `eventId` says which.
    Event,
    /// One show: `showId` says which.
    Show,
}

/// Which shows of its partner an offer is for.
#[derive(Debug, Object)]
#[oai(rename = "OfferScope", rename_all = "camelCase", deny_unknown_fields)]
pub struct ScopeBody {
    /// What it is limited to.
    pub kind: ScopeKind,
    /// The city as the venues name it; capitals make no difference.
    #[oai(nullable, skip_serializing_if_is_none)]
    pub city: Option<String>,
    /// The building.
    #[oai(nullable, skip_serializing_if_is_none)]
    pub venue_id: Option<Id<VenueId>>,
    /// What is performed.
    #[oai(nullable, skip_serializing_if_is_none)]
    pub event_id: Option<Id<EventId>>,
    /// The show.
    #[oai(nullable, skip_serializing_if_is_none)]
    pub show_id: Option<Id<ShowId>>,
}

/// An amount of money, as a partner writes it down.
#[derive(Debug, Object)]
#[oai(rename = "Amount", rename_all = "camelCase", deny_unknown_fields)]
pub struct AmountBody {
    /// The amount in minor units of the currency: cents for `EUR`, whole yen for `JPY`.
    pub minor: i64,
    /// The currency, ISO 4217.
    #[oai(validator(pattern = "^[A-Z]{3}$"))]
    pub currency: String,
}

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

/// What the platform earns by a partner's shows.
#[derive(Debug, Object)]
#[oai(rename = "FeeTerms", rename_all = "camelCase", deny_unknown_fields)]
pub struct FeeTermsBody {
    /// What the customer pays for each seat that costs something.
    #[oai(nullable)]
    pub per_seat: Option<AmountBody>,
    /// Which share of the discounted prices the customer pays on top of them, in hundredths of a per cent.
    #[oai(default, validator(maximum(value = "10000")))]
    pub share: u16,
    /// The most that the customer pays for a booking, both together.
    #[oai(nullable)]
    pub at_most: Option<AmountBody>,
    /// Which share of the discounted prices the partner owes, in hundredths of a per cent. The customer does not pay it.
    #[oai(default, validator(maximum(value = "10000")))]
    pub commission: u16,
}

/// What the platform has earned by a partner's sales, in one currency.
#[derive(Debug, Object)]
#[oai(rename = "Earnings", rename_all = "camelCase")]
pub struct EarningsOut {
    /// How many bookings it is earned by.
    pub bookings: i64,
    /// What customers have paid on top of the seats.
    pub fees: MoneyOut,
    /// What the partner owes of the prices.
    pub commission: MoneyOut,
}

/// What the platform has earned by a partner's sales.
#[derive(Debug, Object)]
#[oai(rename = "EarningsList", rename_all = "camelCase")]
pub struct EarningsListOut {
    /// One for each currency.
    pub items: Vec<EarningsOut>,
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

    /// Read what the platform earns by the shows of a partner
    #[oai(path = "/partners/:id/fee-terms", method = "get", operation_id = "getFeeTerms")]
    async fn fee_terms(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
    ) -> Result<Json<FeeTermsBody>, Refusal<Planning>> {
        Ok(Json(app.fee_terms(&caller, id.parse("id")?).await?.into()))
    }

    /// Agree with a partner on what the platform earns
    ///
    /// For operators of the platform. Bookings keep the fees that they were quoted.
    #[oai(path = "/partners/:id/fee-terms", method = "put", operation_id = "putFeeTerms")]
    async fn put_fee_terms(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
        Body(terms): Body<FeeTermsBody>,
    ) -> Result<Json<FeeTermsBody>, Refusal<Editing>> {
        Ok(Json(app.set_fee_terms(&caller, id.parse("id")?, terms.parse()?).await?.into()))
    }

    /// Read what the platform has earned by the sales of a partner
    ///
    /// Sales that were taken back are not in it.
    #[oai(path = "/partners/:id/earnings", method = "get", operation_id = "getEarnings")]
    async fn earnings(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
        /// Only sales of then and later; all if it is not said.
        from: Query<Option<Moment>>,
        /// Only sales earlier than that; until now if it is not said.
        to: Query<Option<Moment>>,
    ) -> Result<Json<EarningsListOut>, Refusal<Planning>> {
        let (from, to) = (from.0.map(|from| from.0), to.0.map(|to| to.0));
        let earnings = app.earnings(&caller, id.parse("id")?, from, to).await?;
        Ok(Json(EarningsListOut { items: earnings.into_iter().map(EarningsOut::from).collect() }))
    }
}

impl From<Earnings> for EarningsOut {
    fn from(earnings: Earnings) -> Self {
        let Earnings { bookings, fees, commission } = earnings;
        Self { bookings, fees: fees.into(), commission: commission.into() }
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

impl ReadBody for FeeTermsBody {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            per_seat: fields.optional("perSeat")?,
            share: fields.optional("share")?.unwrap_or_default(),
            at_most: fields.optional("atMost")?,
            commission: fields.optional("commission")?.unwrap_or_default(),
        })
    }
}

impl OfferIn {
    fn parse(self) -> Result<OfferWish, Problem> {
        let time = |field: &'static str, text: Option<String>| -> Result<Option<Time>, Problem> {
            text.map(|text| text.parse().map_err(|_error| refused(field, "must be a time such as 12:00"))).transpose()
        };
        let date = |field: &'static str, text: Option<String>| -> Result<Option<Date>, Problem> {
            text.map(|text| text.parse().map_err(|_error| refused(field, "must be a day such as 2026-12-24")))
                .transpose()
        };
        let category = |text: String| SeatCategory::parse(&text).map_err(|error| refused("categories", error));
        Ok(OfferWish {
            name: self.name,
            scope: self.scope.map_or(Ok(OfferScope::Partner), ScopeBody::parse)?,
            code: self.code,
            at_least: self.at_least.map(as_size),
            starts_from: time("startsFrom", self.starts_from)?,
            starts_until: time("startsUntil", self.starts_until)?,
            weekdays: self.weekdays.unwrap_or_default().into_iter().map(Weekday::from).collect(),
            first_date: date("firstDate", self.first_date)?,
            last_date: date("lastDate", self.last_date)?,
            booked_from: self.booked_from.map(|at| at.0),
            booked_until: self.booked_until.map(|at| at.0),
            categories: self.categories.unwrap_or_default().into_iter().map(category).collect::<Result<_, _>>()?,
            nth: self.nth.map(as_size),
            percent: self.percent,
            amount: self.amount.map(|amount| amount.parse("amount")).transpose()?,
            uses: self.uses,
            active: self.active.unwrap_or(true),
        })
    }
}

fn as_size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn refused(field: &str, problem: impl std::fmt::Display) -> Problem {
    Problem::of_field(&INVALID_VALUE, field, problem)
}

impl ScopeBody {
    fn parse(self) -> Result<OfferScope, Problem> {
        let Self { kind, city, venue_id, event_id, show_id } = self;
        let needed = |field: &str| refused(field, format_args!("is needed for the kind `{}`", kind.name()));
        Ok(match kind {
            ScopeKind::Partner => OfferScope::Partner,
            ScopeKind::City => OfferScope::City { city: city.ok_or_else(|| needed("scope.city"))? },
            ScopeKind::Venue => {
                let venue_id = venue_id.ok_or_else(|| needed("scope.venueId"))?;
                OfferScope::Venue { venue_id: venue_id.parse("scope.venueId")? }
            }
            ScopeKind::Event => {
                let event_id = event_id.ok_or_else(|| needed("scope.eventId"))?;
                OfferScope::Event { event_id: event_id.parse("scope.eventId")? }
            }
            ScopeKind::Show => {
                let show_id = show_id.ok_or_else(|| needed("scope.showId"))?;
                OfferScope::Show { show_id: show_id.parse("scope.showId")? }
            }
        })
    }
}

impl ScopeKind {
    fn name(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::City => "city",
            Self::Venue => "venue",
            Self::Event => "event",
            Self::Show => "show",
        }
    }
}

impl AmountBody {
    fn parse(self, field: &'static str) -> Result<Money, Problem> {
        let currency = Currency::parse(&self.currency).map_err(|error| refused(field, error))?;
        Ok(Money::new(self.minor, currency))
    }
}

impl FeeTermsBody {
    fn parse(self) -> Result<FeeTermsDraft, Problem> {
        let points = |field, value| BasisPoints::parse(value).map_err(|error| refused(field, error));
        Ok(FeeTermsDraft {
            per_seat: self.per_seat.map(|amount| amount.parse("perSeat")).transpose()?,
            share: points("share", self.share)?,
            at_most: self.at_most.map(|amount| amount.parse("atMost")).transpose()?,
            commission: points("commission", self.commission)?,
        })
    }
}

impl From<FeeTerms> for FeeTermsBody {
    fn from(terms: FeeTerms) -> Self {
        let FeeTermsDraft { per_seat, share, at_most, commission } = terms.into();
        Self {
            per_seat: per_seat.map(AmountBody::from),
            share: share.value(),
            at_most: at_most.map(AmountBody::from),
            commission: commission.value(),
        }
    }
}

impl From<Money> for AmountBody {
    fn from(money: Money) -> Self {
        Self { minor: money.minor, currency: money.currency.to_string() }
    }
}

impl From<OfferScope> for ScopeBody {
    fn from(scope: OfferScope) -> Self {
        let everywhere = Self { kind: ScopeKind::Partner, city: None, venue_id: None, event_id: None, show_id: None };
        match scope {
            OfferScope::Partner => everywhere,
            OfferScope::City { city } => Self { kind: ScopeKind::City, city: Some(city), ..everywhere },
            OfferScope::Venue { venue_id } => {
                Self { kind: ScopeKind::Venue, venue_id: Some(venue_id.into()), ..everywhere }
            }
            OfferScope::Event { event_id } => {
                Self { kind: ScopeKind::Event, event_id: Some(event_id.into()), ..everywhere }
            }
            OfferScope::Show { show_id } => Self { kind: ScopeKind::Show, show_id: Some(show_id.into()), ..everywhere },
        }
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
        let time = |time: Time| time.strftime("%H:%M").to_string();
        Self {
            id: id.into(),
            partner_id: partner_id.into(),
            name,
            scope: scope.into(),
            code,
            at_least: at_least.map(small),
            starts_from: starts_from.map(time),
            starts_until: starts_until.map(time),
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

macro_rules! weekdays {
    ($($day:ident)*) => {
        impl From<WeekdayIn> for Weekday {
            fn from(day: WeekdayIn) -> Self {
                match day {
                    $(WeekdayIn::$day => Self::$day,)*
                }
            }
        }

        impl From<Weekday> for WeekdayIn {
            fn from(day: Weekday) -> Self {
                match day {
                    $(Weekday::$day => Self::$day,)*
                }
            }
        }
    };
}

weekdays!(Monday Tuesday Wednesday Thursday Friday Saturday Sunday);
