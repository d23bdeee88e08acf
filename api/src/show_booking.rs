//! The bookings of a show on the wire, as those see them who sell it.

use app::listing::{Listed, PAGE_ITEMS};
use app::{App, ShowBooking};
use domain::ids::{BookingId, SeatId, ShowId};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use crate::auth::Authenticated;
use crate::booking_state::BookingStateOut;
use crate::id::Id;
use crate::moment::Moment;
use crate::money::MoneyOut;
use crate::refusal::{Planning, Refusal};
use crate::tags::Tag;

/// The operation that lists the bookings of a show.
pub struct ShowBookingRoutes;

/// One page of the bookings of a show.
#[derive(Debug, Object)]
#[oai(rename = "ShowBookingPage", rename_all = "camelCase")]
pub struct ShowBookingPageOut {
    /// The bookings, by the names of their states, and then by their ids.
    pub items: Vec<ShowBookingOut>,
    /// What to send as `cursor` for the next page; null on the last.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// A booking of a show, without anything of who has made it.
#[derive(Debug, Object)]
#[oai(rename = "ShowBooking", rename_all = "camelCase")]
pub struct ShowBookingOut {
    /// Its id.
    pub id: Id<BookingId>,
    /// Where it stands.
    pub state: BookingStateOut,
    /// The seats asked for.
    pub seat_ids: Vec<Id<SeatId>>,
    /// What it costs.
    pub amount: MoneyOut,
    /// When it was asked for.
    pub created_at: Moment,
}

#[OpenApi(prefix_path = "/api/v1/shows", tag = "Tag::Catalogue")]
impl ShowBookingRoutes {
    /// List the bookings of a show
    ///
    /// For members of its partner and operators, in pages, also those that have expired, failed or been taken back. One
    /// that changes its state between two pages may be told twice, or not at all.
    #[allow(clippy::too_many_arguments, reason = "one argument per parameter of the request")]
    #[oai(path = "/:id/bookings", method = "get", operation_id = "listShowBookings")]
    async fn list(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The show.
        id: Path<Id<ShowId>>,
        /// Only bookings in this state.
        state: Query<Option<String>>,
        /// How many at most, 1 to 200; 50 if it is not said.
        limit: Query<Option<u32>>,
        /// The `nextCursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<ShowBookingPageOut>, Refusal<Planning>> {
        let limit = limit.unwrap_or(PAGE_ITEMS);
        let listed = app.bookings_of_show(&caller, id.parse("id")?, state.0, cursor.0, limit).await?;
        Ok(Json(listed.into()))
    }
}

impl From<ShowBooking> for ShowBookingOut {
    fn from(booking: ShowBooking) -> Self {
        let ShowBooking { id, state, seat_ids, amount, created_at } = booking;
        Self {
            id: id.into(),
            state: (&state).into(),
            seat_ids: seat_ids.into_iter().map(Id::from).collect(),
            amount: amount.into(),
            created_at: created_at.into(),
        }
    }
}

impl From<Listed<ShowBooking>> for ShowBookingPageOut {
    fn from(listed: Listed<ShowBooking>) -> Self {
        let Listed { items, next_cursor } = listed;
        Self { items: items.into_iter().map(ShowBookingOut::from).collect(), next_cursor }
    }
}
