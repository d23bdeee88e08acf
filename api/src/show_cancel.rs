//! Cancelling a show on the wire: call it off, and see how far taking its bookings back has come.

use app::App;
use domain::ids::ShowId;
use domain::show_cancel::{BookingCounts, RefundSums, ShowCancellation};
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Fields, ReadBody};
use crate::id::Id;
use crate::moment::Moment;
use crate::money::MoneyOut;
use crate::problem::Problem;
use crate::refusal::{CallingOff, Planning, Refusal};
use crate::tags::Tag;

/// The operations on the cancellation of a show.
pub struct ShowCancelRoutes;

/// A show that is to be called off.
#[derive(Debug, Object)]
#[oai(rename = "CancelShow", rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelShowIn {
    /// Why, for the people of the partner; one line of at most 500 characters.
    #[oai(nullable, validator(min_length = 1, max_length = 500))]
    pub reason: Option<String>,
}

/// How far the cancellation of a show has come.
#[derive(Debug, Object)]
#[oai(rename = "ShowCancellation", rename_all = "camelCase")]
pub struct ShowCancellationOut {
    /// The show.
    pub show_id: Id<ShowId>,
    /// Since when nothing of it is sold.
    pub called_off_at: Moment,
    /// Why, in the words of whoever called it off.
    pub reason: Option<String>,
    /// Whether every booking has come to its end and no money is on its way back any more.
    pub is_done: bool,
    /// How its bookings stand.
    pub bookings: BookingCountsOut,
    /// How the money stands that goes back for it.
    pub refunds: RefundSumsOut,
}

/// How the bookings of a show stand.
#[derive(Debug, Object)]
#[oai(rename = "BookingCounts", rename_all = "camelCase")]
pub struct BookingCountsOut {
    /// All there ever were, also those that had expired or failed before.
    pub all: i64,
    /// Those that are still to be taken back.
    pub open: i64,
    /// Those that were taken back, also before the show was called off.
    pub cancelled: i64,
    /// Those that wait for an operator.
    pub needs_attention: i64,
}

/// The money of bookings that ended since their show was called off.
#[derive(Debug, Object)]
#[oai(rename = "RefundSums", rename_all = "camelCase")]
pub struct RefundSumsOut {
    /// On its way back, or about to be.
    pub pending: MoneyOut,
    /// Back.
    pub done: MoneyOut,
    /// What the payment provider could not give back.
    pub refused: MoneyOut,
}

/// What calling a show off is answered.
#[derive(Debug, ApiResponse)]
pub enum CancelShowAnswer {
    /// It is called off, and its bookings are being taken back; `Location` is where to see how far that has come.
    #[oai(status = 202)]
    CalledOff(Json<ShowCancellationOut>, #[oai(header = "Location")] String),
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Catalogue")]
impl ShowCancelRoutes {
    /// Call a show off
    ///
    /// Only owners do that, and it cannot be taken back. Nothing of the show is sold from then on. Every booking is taken
    /// back with all its money, whatever its refund policy says, some at a time. It may be asked for again at any time:
    /// the answer is how far it has come, the first reason stays, and what has been interrupted goes on.
    #[oai(path = "/shows/:id/cancel", method = "post", operation_id = "cancelShow")]
    async fn cancel(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The show.
        id: Path<Id<ShowId>>,
        Body(wish): Body<CancelShowIn>,
    ) -> Result<CancelShowAnswer, Refusal<CallingOff>> {
        let CancelShowIn { reason } = wish;
        let cancellation = app.cancel_show(&caller, id.parse("id")?, reason).await?;
        let address = format!("/api/v1/shows/{}/cancellation", cancellation.show_id);
        Ok(CancelShowAnswer::CalledOff(Json(cancellation.into()), address))
    }

    /// See how far the cancellation of a show has come
    ///
    /// Counted when it is asked for. There is none for a show that was not called off.
    #[oai(path = "/shows/:id/cancellation", method = "get", operation_id = "getShowCancellation")]
    async fn progress(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The show.
        id: Path<Id<ShowId>>,
    ) -> Result<Json<ShowCancellationOut>, Refusal<Planning>> {
        Ok(Json(app.show_cancellation(&caller, id.parse("id")?).await?.into()))
    }
}

impl ReadBody for CancelShowIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self { reason: fields.optional_text("reason")? })
    }
}

impl From<ShowCancellation> for ShowCancellationOut {
    fn from(cancellation: ShowCancellation) -> Self {
        let is_done = cancellation.is_done();
        let ShowCancellation { show_id, called_off_at, reason, bookings, refunds } = cancellation;
        Self {
            show_id: show_id.into(),
            called_off_at: called_off_at.into(),
            reason,
            is_done,
            bookings: bookings.into(),
            refunds: refunds.into(),
        }
    }
}

impl From<BookingCounts> for BookingCountsOut {
    fn from(counts: BookingCounts) -> Self {
        let BookingCounts { all, open, cancelled, needs_attention } = counts;
        Self { all, open, cancelled, needs_attention }
    }
}

impl From<RefundSums> for RefundSumsOut {
    fn from(sums: RefundSums) -> Self {
        let RefundSums { pending, done, refused } = sums;
        Self { pending: pending.into(), done: done.into(), refused: refused.into() }
    }
}
