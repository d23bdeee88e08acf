//! What customers were told, for operators.

use app::listing::{Listed, PAGE_ITEMS};
use app::notice::NoticeFilter;
use app::{App, Notice, NoticeState};
use domain::ids::BookingId;
use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};

use crate::auth::Authenticated;
use crate::id::Id;
use crate::moment::Moment;
use crate::refusal::{Refusal, Watching};
use crate::tags::Tag;

/// The operations on notices.
pub struct NoticeRoutes;

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "NoticeStateFilter", rename_all = "snake_case")]
pub enum StateFilter {
    /// It is to be sent, now or later.
    Waiting,
    /// The mail server has taken it.
    Sent,
    /// Nobody knows where to send it.
    NoAddress,
    /// It could not be sent for days, or never can be.
    GivenUp,
}

/// Something that a customer was told, or is to be. Where it goes is not shown.
#[derive(Debug, Object)]
#[oai(rename = "Notice", rename_all = "camelCase")]
pub struct NoticeOut {
    /// Its id, which the mail's `Message-ID` begins with.
    pub id: String,
    /// The booking it is about.
    pub booking_id: Id<BookingId>,
    /// The step of the booking: `confirmed`, `cancelled`, `expired`, `refunded:` and the refund.
    pub step: String,
    /// `waiting`, `sent`, `no_address` or `given_up`.
    pub state: String,
    /// How often sending it was begun.
    pub tries: i32,
    /// When it is due, while it waits.
    pub due_at: Moment,
    /// Why it could not be sent the last time.
    #[oai(nullable)]
    pub last_error: Option<String>,
    /// When there was something to tell.
    pub created_at: Moment,
    /// When it was over.
    #[oai(nullable)]
    pub closed_at: Option<Moment>,
}

/// One page of notices.
#[derive(Debug, Object)]
#[oai(rename = "NoticePage", rename_all = "camelCase")]
pub struct NoticePageOut {
    /// The notices, newest first.
    pub items: Vec<NoticeOut>,
    /// What to send as `cursor` for the next page; null on the last.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

#[OpenApi(prefix_path = "/api/v1/admin", tag = "Tag::Admin")]
impl NoticeRoutes {
    /// List what customers were told
    #[oai(path = "/notices", method = "get", operation_id = "listNotices")]
    async fn notices(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// Only those in this state.
        state: Query<Option<StateFilter>>,
        /// Only those about this booking.
        booking: Query<Option<Id<BookingId>>>,
        /// How many at most, 1 to 200; 50 if it is not said.
        limit: Query<Option<u32>>,
        /// The `nextCursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<NoticePageOut>, Refusal<Watching>> {
        let booking_id = booking.0.map(|id| id.parse("booking")).transpose()?;
        let filter = NoticeFilter { state: state.0.map(NoticeState::from), booking_id };
        Ok(Json(app.list_notices(&caller, filter, cursor.0, limit.unwrap_or(PAGE_ITEMS)).await?.into()))
    }
}

impl From<StateFilter> for NoticeState {
    fn from(filter: StateFilter) -> Self {
        match filter {
            StateFilter::Waiting => Self::Waiting,
            StateFilter::Sent => Self::Sent,
            StateFilter::NoAddress => Self::NoAddress,
            StateFilter::GivenUp => Self::GivenUp,
        }
    }
}

impl From<Listed<Notice>> for NoticePageOut {
    fn from(listed: Listed<Notice>) -> Self {
        let Listed { items, next_cursor } = listed;
        Self { items: items.into_iter().map(NoticeOut::from).collect(), next_cursor }
    }
}

impl From<Notice> for NoticeOut {
    fn from(notice: Notice) -> Self {
        let Notice {
            id,
            booking_id,
            customer_id: _,
            step,
            message: _,
            state,
            tries,
            due_at,
            last_error,
            created_at,
            closed_at,
        } = notice;
        Self {
            id: id.to_string(),
            booking_id: booking_id.into(),
            step,
            state: state.as_str().to_owned(),
            tries,
            due_at: due_at.into(),
            last_error,
            created_at: created_at.into(),
            closed_at: closed_at.map(Moment),
        }
    }
}
