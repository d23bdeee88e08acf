//! Shows: what is on and which seats are free, for everybody to read.

use app::listing::{Listed, PAGE_ITEMS};
use app::{App, ShowFilter, ShowListing};
use domain::ids::{EventId, ShowId};
use domain::money::Money;
use domain::seat::SeatCategory;
use domain::show::Show;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::etag::{etag, is_known};
use crate::event::EventOut;
use crate::id::Id;
use crate::moment::Moment;
use crate::money::MoneyOut;
use crate::problem::Problem;
use crate::problem_kind::INVALID_PARAMETER;
use crate::refund::{RefundTierOut, tiers};
use crate::refusal::{Browsing, Open, Refusal};
use crate::show_seat::ShowSeatsOut;
use crate::single_seat::SingleSeats;
use crate::tags::Tag;
use crate::venue::{HallOut, VenueOut};

/// The longest name of a city that is searched for, in characters.
const CITY_CHARACTERS: usize = 100;

/// The operations on shows.
pub struct ShowRoutes;

/// An event in a hall at a time.
#[derive(Debug, Object)]
#[oai(rename = "Show", rename_all = "camelCase")]
pub struct ShowOut {
    /// Its id.
    pub id: Id<ShowId>,
    /// What is performed.
    pub event: EventOut,
    /// The building.
    pub venue: VenueOut,
    /// The room.
    pub hall: HallOut,
    /// When it begins.
    pub starts_at: Moment,
    /// When it ends.
    pub ends_at: Moment,
    /// From when on it is sold.
    pub sales_open_at: Moment,
    /// Until when it is sold.
    pub sales_close_at: Moment,
    /// `scheduled` or `cancelled`.
    pub state: String,
    /// What all its prices are in, ISO 4217.
    pub currency: String,
    /// What a seat of each category costs.
    pub prices: Vec<PriceOut>,
    /// For how many seconds seats are held for a customer to pay.
    pub hold_seconds: i64,
    /// What is given back for a cancellation.
    pub refund_policy: Vec<RefundTierOut>,
    /// What is done about customers who pick seats by hand and leave single ones.
    pub single_seats: SingleSeats,
}

/// What a seat of a category costs.
#[derive(Debug, Object)]
#[oai(rename = "Price", rename_all = "camelCase")]
pub struct PriceOut {
    /// The category, in the partner's words.
    pub category: String,
    /// What a seat costs.
    pub price: MoneyOut,
}

/// One page of shows.
#[derive(Debug, Object)]
#[oai(rename = "ShowPage", rename_all = "camelCase")]
pub struct ShowPageOut {
    /// The shows, earliest first.
    pub items: Vec<ShowOut>,
    /// What to send as `cursor` for the next page; null on the last.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// The seats of a show, unless the client has them already.
#[derive(Debug, ApiResponse)]
pub enum SeatsAnswer {
    /// The seats.
    #[oai(status = 200)]
    Found(Json<ShowSeatsOut>, #[oai(header = "ETag")] String),
    /// The seats are as in the answer that had this tag.
    #[oai(status = 304)]
    NotModified(#[oai(header = "ETag")] String),
}

#[OpenApi(prefix_path = "/api/v1/shows", tag = "Tag::Shows")]
impl ShowRoutes {
    /// List shows
    ///
    /// Earliest first, in pages. Without `from` the list begins with the oldest show there is, however long it is over.
    /// Shows that were called off are in it, too: `state` tells.
    #[allow(clippy::too_many_arguments, reason = "one argument per parameter of the request")]
    #[oai(path = "/", method = "get", operation_id = "listShows")]
    async fn list(
        &self,
        app: Data<&App>,
        /// Only shows in this city, in capital or small letters.
        city: Query<Option<String>>,
        /// Only shows of this event.
        #[oai(name = "eventId")]
        event_id: Query<Option<Id<EventId>>>,
        /// Only shows that start then or later; all since the first if it is not said.
        from: Query<Option<Moment>>,
        /// Only shows that start earlier than that.
        to: Query<Option<Moment>>,
        /// How many at most, 1 to 200; 50 if it is not said.
        limit: Query<Option<u32>>,
        /// The `nextCursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<ShowPageOut>, Refusal<Browsing>> {
        let event_id = event_id.0.map(|id| id.parse("eventId")).transpose()?;
        let city = city.0.map(check_city).transpose()?;
        let filter = ShowFilter { city, event_id, from: from.0.map(|from| from.0), to: to.0.map(|to| to.0) };
        let listed = app.list_shows(filter, cursor.0, limit.unwrap_or(PAGE_ITEMS)).await?;
        Ok(Json(listed.into()))
    }

    /// Read which seats of a show are free
    #[oai(path = "/:id/seats", method = "get", operation_id = "getShowSeats")]
    async fn seats(
        &self,
        app: Data<&App>,
        /// The show.
        id: Path<Id<ShowId>>,
        /// The `ETag` of the answer that the client has; the same seats are answered with 304 and no body.
        #[oai(name = "If-None-Match")]
        known: Header<Option<String>>,
    ) -> Result<SeatsAnswer, Refusal<Open>> {
        let show_id = id.parse("id")?;
        let seats = ShowSeatsOut::of(show_id, app.show_seats(show_id).await?);
        Ok(SeatsAnswer::of(seats, known.as_deref()))
    }
}

/// Refuses what is no city's name before a database has to: PostgreSQL knows no text with a zero byte.
fn check_city(city: String) -> Result<String, Problem> {
    let fits =
        !city.trim().is_empty() && city.chars().count() <= CITY_CHARACTERS && !city.chars().any(char::is_control);
    let wanted = || format!("must have 1 to {CITY_CHARACTERS} printable characters");
    if fits { Ok(city.to_lowercase()) } else { Err(Problem::of_field(&INVALID_PARAMETER, "city", wanted())) }
}

impl SeatsAnswer {
    fn of(seats: ShowSeatsOut, if_none_match: Option<&str>) -> Self {
        let tag = etag(&seats);
        if is_known(if_none_match, &tag) { Self::NotModified(tag) } else { Self::Found(Json(seats), tag) }
    }
}

impl From<ShowListing> for ShowOut {
    fn from(listing: ShowListing) -> Self {
        let ShowListing { show, event, hall, venue, version: _ } = listing;
        let Show {
            id,
            // The event is there in full.
            event_id: _,
            hall_id,
            partner_id: _,
            starts_at,
            ends_at,
            sales_open_at,
            sales_close_at,
            state,
            currency,
            prices,
            hold,
            refund_policy,
            single_seats,
        } = show;
        Self {
            id: id.into(),
            event: event.into(),
            venue: venue.into(),
            hall: HallOut { id: hall_id.into(), name: hall },
            starts_at: starts_at.into(),
            ends_at: ends_at.into(),
            sales_open_at: sales_open_at.into(),
            sales_close_at: sales_close_at.into(),
            state: state.as_str().to_owned(),
            currency: currency.to_string(),
            prices: prices.into_iter().map(PriceOut::from).collect(),
            hold_seconds: hold.seconds(),
            refund_policy: tiers(&refund_policy),
            single_seats: single_seats.into(),
        }
    }
}

impl From<(SeatCategory, Money)> for PriceOut {
    fn from((category, price): (SeatCategory, Money)) -> Self {
        Self { category: category.into(), price: price.into() }
    }
}

impl From<Listed<ShowListing>> for ShowPageOut {
    fn from(listed: Listed<ShowListing>) -> Self {
        let Listed { items, next_cursor } = listed;
        Self { items: items.into_iter().map(ShowOut::from).collect(), next_cursor }
    }
}
