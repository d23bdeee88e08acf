//! Bookings: what a customer asks for and is told.

use app::booking::{BookSeats, Booked, BookingView, WishedSeats};
use app::listing::{Listed, PAGE_ITEMS};
use app::{App, BookingFilter};
use domain::best_available::{BestWish, SeatCount};
use domain::booking::Booking;
use domain::ids::{BookingId, SeatId, ShowId};
use domain::seat::SeatCategory;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Fields, ReadBody};
use crate::booking_out::BookingOut;
use crate::booking_seat::BookingSeatsOut;
use crate::boxed;
use crate::etag::{etag, is_known};
use crate::id::Id;
use crate::idempotency::Key;
use crate::problem::Problem;
use crate::problem_kind::INVALID_BODY;
use crate::refusal::{Buying, Listing, Moving, Owned, Refusal};
use crate::tags::Tag;
use crate::timeline::TimelineOut;

/// The operations on bookings.
pub struct BookingRoutes;

/// The seats that a customer wants.
#[derive(Debug, Object)]
#[oai(rename = "NewBooking", rename_all = "camelCase", deny_unknown_fields)]
pub struct BookingIn {
    /// The show.
    pub show_id: Id<ShowId>,
    /// The seats, 1 to 10 different ones; either these or `best`.
    #[oai(nullable, validator(min_items = 1, max_items = 10, unique_items))]
    pub seat_ids: Option<Vec<Id<SeatId>>>,
    /// What the best seats are to be, for who does not choose; either this or `seatIds`. The answer says which they are,
    /// and those are held.
    #[oai(nullable)]
    pub best: Option<BestIn>,
    /// The code of an offer, as the customer has typed it.
    #[oai(nullable)]
    pub code: Option<String>,
}

/// What the best seats are to be.
#[derive(Debug, Object)]
#[oai(rename = "BestSeats", rename_all = "camelCase", deny_unknown_fields)]
pub struct BestIn {
    /// How many, 1 to 10, side by side.
    #[oai(validator(minimum(value = "1"), maximum(value = "10")))]
    pub count: u32,
    /// Of which category; any, and also of several, if it is not said.
    #[oai(nullable)]
    pub category: Option<String>,
    /// In which part of the hall; anywhere if it is not said.
    #[oai(nullable)]
    pub section: Option<String>,
    /// Whether one of them has to be a place for a wheelchair; else none is, for they are kept for who needs them.
    #[oai(default)]
    pub accessible: bool,
    /// Whether they may be apart where there are not as many together.
    #[oai(default)]
    pub split: bool,
}

/// A booking that is under way.
#[derive(Debug, Object)]
#[oai(rename = "AcceptedBooking", rename_all = "camelCase")]
pub struct AcceptedOut {
    /// Its id.
    pub id: Id<BookingId>,
}

/// One page of a customer's bookings.
#[derive(Debug, Object)]
#[oai(rename = "BookingPage", rename_all = "camelCase")]
pub struct BookingPageOut {
    /// The bookings, newest first; without their tickets.
    pub items: Vec<BookingOut>,
    /// What to send as `cursor` for the next page; null on the last.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// What a wish for seats is answered.
#[derive(Debug, ApiResponse)]
pub enum BookAnswer {
    /// The seats are held and the payment is open; or, for a key used before, the booking as it is today.
    #[oai(status = 201)]
    Created(Json<Box<BookingOut>>, #[oai(header = "Location")] String, #[oai(header = "ETag")] String),
    /// The booking is under way and has not answered in time; it goes on. `Location` tells where to look.
    #[oai(status = 202)]
    Accepted(Json<AcceptedOut>, #[oai(header = "Location")] String, #[oai(header = "Retry-After")] u32),
}

/// A booking, unless the client has it already.
#[derive(Debug, ApiResponse)]
pub enum BookingAnswer {
    /// The booking.
    #[oai(status = 200)]
    Found(Json<Box<BookingOut>>, #[oai(header = "ETag")] String),
    /// The booking is as in the answer that had this tag.
    #[oai(status = 304)]
    NotModified(#[oai(header = "ETag")] String),
}

/// A booking after it was moved along.
#[derive(Debug, ApiResponse)]
pub enum MovedAnswer {
    /// The booking as it is now; its state tells whether it is where it was to go.
    #[oai(status = 200)]
    Moved(Json<Box<BookingOut>>, #[oai(header = "ETag")] String),
}

#[OpenApi(prefix_path = "/api/v1/bookings", tag = "Tag::Bookings")]
impl BookingRoutes {
    /// Book seats
    ///
    /// Holds all of the seats or none, and opens the payment. A key belongs to its booking for ever: the same request
    /// with the same key is answered with the first status and the booking as it is today, and has no second effect.
    /// A new try, after a refusal too, needs a new key. After a 503 send the same key again.
    #[oai(path = "/", method = "post", operation_id = "createBooking")]
    async fn create(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The name of this try, new for each try and the same for its retries: 1 to 255 visible ASCII characters.
        #[oai(name = "Idempotency-Key")]
        key: Key,
        Body(wish): Body<BookingIn>,
    ) -> Result<BookAnswer, Refusal<Buying>> {
        Ok(boxed(app.book(&caller, wish.with_key(key)?)).await?.into())
    }

    /// Read a booking
    ///
    /// For its customer, members of the partner who sells the show, and operators. Members are not told the payment page.
    #[oai(path = "/:id", method = "get", operation_id = "getBooking")]
    async fn find(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The booking.
        id: Path<Id<BookingId>>,
        /// The `ETag` of the answer that the client has; the same booking is answered with 304 and no body.
        #[oai(name = "If-None-Match")]
        known: Header<Option<String>>,
    ) -> Result<BookingAnswer, Refusal<Owned>> {
        let view = boxed(app.find_booking(&caller, id.parse("id")?)).await?;
        Ok(BookingAnswer::of(view.into(), known.as_deref()))
    }

    /// Read the seats of a booking, with their prices
    ///
    /// For its customer, members of the partner who sells the show, and operators.
    #[oai(path = "/:id/seats", method = "get", operation_id = "getBookingSeats")]
    async fn seats(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The booking.
        id: Path<Id<BookingId>>,
    ) -> Result<Json<BookingSeatsOut>, Refusal<Owned>> {
        Ok(Json(boxed(app.find_booking(&caller, id.parse("id")?)).await?.into()))
    }

    /// Read what happened to a booking, step by step
    ///
    /// For its customer, members of the partner who sells the show, and operators.
    #[oai(path = "/:id/timeline", method = "get", operation_id = "getBookingTimeline")]
    async fn timeline(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The booking.
        id: Path<Id<BookingId>>,
    ) -> Result<Json<TimelineOut>, Refusal<Owned>> {
        Ok(Json(app.timeline(&caller, id.parse("id")?).await?.into()))
    }

    /// List the caller's bookings
    ///
    /// Newest first, in pages.
    #[allow(clippy::too_many_arguments, reason = "one argument per parameter of the request")]
    #[oai(path = "/", method = "get", operation_id = "listBookings")]
    async fn list(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// Only bookings in this state.
        state: Query<Option<String>>,
        /// Only bookings of this show.
        #[oai(name = "showId")]
        show_id: Query<Option<Id<ShowId>>>,
        /// How many at most, 1 to 200; 50 if it is not said.
        limit: Query<Option<u32>>,
        /// The `nextCursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<BookingPageOut>, Refusal<Listing>> {
        let show_id = show_id.0.map(|id| id.parse("showId")).transpose()?;
        let filter = BookingFilter { state: state.0, show_id };
        let listed = app.list_bookings(&caller, filter, cursor.0, limit.unwrap_or(PAGE_ITEMS)).await?;
        Ok(Json(listed.into()))
    }

    /// Take a booking back
    ///
    /// Before payment it releases the seats; afterwards it refunds by the policy frozen at purchase. The state in the
    /// answer tells whether it is done; while it is not, the cancellation goes on.
    #[oai(path = "/:id/cancel", method = "post", operation_id = "cancelBooking")]
    async fn cancel(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The booking.
        id: Path<Id<BookingId>>,
        /// The name of this try, new for each try and the same for its retries: 1 to 255 visible ASCII characters.
        #[oai(name = "Idempotency-Key")]
        key: Key,
    ) -> Result<MovedAnswer, Refusal<Moving>> {
        Ok(boxed(app.cancel(&caller, id.parse("id")?, key.0)).await?.into())
    }

    /// Ask the provider now how the payment stands
    ///
    /// Moves the booking along if the provider's webhook got lost. Changes nothing that the webhook would not change,
    /// so it needs no key.
    #[oai(path = "/:id/verify-payment", method = "post", operation_id = "verifyPayment")]
    async fn verify_payment(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The booking.
        id: Path<Id<BookingId>>,
    ) -> Result<MovedAnswer, Refusal<Moving>> {
        Ok(boxed(app.verify_payment(&caller, id.parse("id")?)).await?.into())
    }
}

/// Where a booking is read.
pub fn address(booking_id: BookingId) -> String {
    format!("/api/v1/bookings/{booking_id}")
}

impl ReadBody for BookingIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            show_id: fields.id("showId")?,
            seat_ids: fields.optional_ids("seatIds")?,
            best: fields.optional("best")?,
            code: fields.optional_text("code")?,
        })
    }
}

impl BestIn {
    fn parse(self) -> Result<BestWish, Problem> {
        let Self { count, category, section, accessible, split } = self;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let count = SeatCount::parse(count).map_err(|error| Problem::invalid_value("best.count", error))?;
        let category = category.map(|text| SeatCategory::parse(&text)).transpose();
        let category = category.map_err(|error| Problem::invalid_value("best.category", error))?;
        Ok(BestWish { count, category, section, accessible, split })
    }
}

impl BookingIn {
    fn with_key(self, key: Key) -> Result<BookSeats, Problem> {
        let Self { show_id, seat_ids, best, code } = self;
        let seats = match (seat_ids, best) {
            (Some(seat_ids), None) => {
                WishedSeats::Chosen(seat_ids.iter().map(|id| id.parse("seatIds")).collect::<Result<_, _>>()?)
            }
            (None, Some(best)) => WishedSeats::Best(best.parse()?),
            (None, None) => return Err(Problem::of_field(&INVALID_BODY, "seatIds", "is needed, or `best`")),
            (Some(_), Some(_)) => return Err(Problem::of_field(&INVALID_BODY, "best", "cannot be with `seatIds`")),
        };
        Ok(BookSeats { key: key.0, show_id: show_id.parse("showId")?, seats, code })
    }
}

impl From<Booked> for BookAnswer {
    fn from(booked: Booked) -> Self {
        match booked {
            Booked::Created(view) => {
                let location = address(view.booking.id);
                let booking = BookingOut::from(*view);
                let tag = etag(&booking);
                Self::Created(Json(Box::new(booking)), location, tag)
            }
            Booked::Accepted { booking_id } => {
                Self::Accepted(Json(AcceptedOut { id: booking_id.into() }), address(booking_id), 1)
            }
        }
    }
}

impl BookingAnswer {
    fn of(booking: BookingOut, if_none_match: Option<&str>) -> Self {
        let tag = etag(&booking);
        if is_known(if_none_match, &tag) { Self::NotModified(tag) } else { Self::Found(Json(Box::new(booking)), tag) }
    }
}

impl From<BookingView> for MovedAnswer {
    fn from(view: BookingView) -> Self {
        let booking = BookingOut::from(view);
        let tag = etag(&booking);
        Self::Moved(Json(Box::new(booking)), tag)
    }
}

impl From<Listed<Booking>> for BookingPageOut {
    fn from(listed: Listed<Booking>) -> Self {
        let Listed { items, next_cursor } = listed;
        Self { items: items.into_iter().map(BookingOut::from).collect(), next_cursor }
    }
}
