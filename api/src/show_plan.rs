//! Planning shows on the wire: put one on, change it, allocate its seats.

use app::show_plan::{ShowTerms, ShowWish};
use app::{Allocation, App, Versioned};
use domain::ids::{EventId, HallId, PartnerId, SeatId, ShowId};
use domain::money::{Currency, Percent};
use domain::seat::SeatCategory;
use domain::show::{RefundTier, Show};
use domain::single_seat::SingleSeatRule;
use poem::web::Data;
use poem_openapi::param::{Header, Path};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Fields, ReadBody};
use crate::etag::of_version;
use crate::id::Id;
use crate::moment::Moment;
use crate::problem::Problem;
use crate::problem_kind::INVALID_BODY;
use crate::refund::{RefundTierOut, tiers};
use crate::refusal::{Deleting, Editing, Open, Refusal};
use crate::seat_map;
use crate::show::{PriceOut, ShowOut};
use crate::single_seat::SingleSeats;
use crate::tags::Tag;
use crate::venue::Deleted;

/// The last part of the address of allocations, whose bodies may be larger than others.
pub(crate) const SUFFIX: &str = "/allocations";

/// The largest allocation, in bytes: every seat of a large hall, however it is indented.
pub(crate) const BODY_BYTES: usize = seat_map::BODY_BYTES;

/// The operations on planned shows.
pub struct ShowPlanRoutes;

/// What a seat of a category is to cost.
#[derive(Debug, Object)]
#[oai(rename = "PriceWish", rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceIn {
    /// The category, in the partner's words.
    pub category: String,
    /// What a seat costs, in minor units of the show's currency.
    #[oai(validator(minimum(value = "0")))]
    pub minor: i64,
}

/// What is given back for a cancellation that comes early enough.
#[derive(Debug, Object)]
#[oai(rename = "RefundTierWish", rename_all = "camelCase", deny_unknown_fields)]
pub struct RefundTierIn {
    /// Up to how many minutes before the show starts.
    #[oai(validator(minimum(value = "0")))]
    pub until_minutes_before: i64,
    /// Which share of the price is given back, in per cent.
    #[oai(validator(maximum(value = "100")))]
    pub percent: u8,
}

/// A show that is to be put on.
#[derive(Debug, Object)]
#[oai(rename = "ShowWish", rename_all = "camelCase", deny_unknown_fields)]
pub struct ShowIn {
    /// What is performed; it says how long the show lasts.
    pub event_id: Id<EventId>,
    /// The room.
    pub hall_id: Id<HallId>,
    /// What its prices are in, ISO 4217.
    #[oai(validator(pattern = "^[A-Z]{3}$"))]
    pub currency: String,
    /// When it begins.
    pub starts_at: Moment,
    /// From when on it is sold; at once if it is not said.
    #[oai(nullable)]
    pub sales_open_at: Option<Moment>,
    /// Until when it is sold; until it begins if it is not said.
    #[oai(nullable)]
    pub sales_close_at: Option<Moment>,
    /// What a seat of each category costs: one for every category of the hall's seats.
    pub prices: Vec<PriceIn>,
    /// For how many seconds seats are held for a customer to pay; 300 if it is not said.
    #[oai(nullable)]
    pub hold_seconds: Option<i64>,
    /// What is given back for a cancellation, from the longest time before the show to the shortest; all of it until a day
    /// before and half until two hours before if it is not said.
    #[oai(nullable)]
    pub refund_policy: Option<Vec<RefundTierIn>>,
    /// What is done about customers who pick seats by hand and leave single ones; nothing (`allow`) if it is not said.
    #[oai(nullable)]
    pub single_seats: Option<SingleSeats>,
}

/// A show that is to be changed. What is performed, where and in which currency stays, and so does whatever is not said
/// of the rest. For a show that is new in an import, what is not said is as in `ShowWish`.
#[derive(Debug, Object)]
#[oai(rename = "ShowChange", rename_all = "camelCase", deny_unknown_fields)]
pub struct ShowChangeIn {
    /// When it begins.
    pub starts_at: Moment,
    /// From when on it is sold; as before if it is not said.
    #[oai(nullable)]
    pub sales_open_at: Option<Moment>,
    /// Until when it is sold; as before if it is not said, and where it was sold until it began, until it begins now.
    #[oai(nullable)]
    pub sales_close_at: Option<Moment>,
    /// What a seat of each category costs from now on: one for every category of the show's seats that are not blocked.
    pub prices: Vec<PriceIn>,
    /// For how many seconds seats are held for a customer to pay; as before if it is not said.
    #[oai(nullable)]
    pub hold_seconds: Option<i64>,
    /// What is given back for a cancellation, from the longest time before the show to the shortest; as before if it is
    /// not said.
    #[oai(nullable)]
    pub refund_policy: Option<Vec<RefundTierIn>>,
    /// What is done about customers who pick seats by hand and leave single ones; as before if it is not said.
    #[oai(nullable)]
    pub single_seats: Option<SingleSeats>,
}

/// What is done to seats of a show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "AllocationAction", rename_all = "snake_case")]
pub enum AllocationAction {
    /// They are kept back.
    Block,
    /// They are sold again.
    Release,
    /// They are sold as another category.
    Move,
}

/// Seats of a show, and what is done to them.
#[derive(Debug, Object)]
#[oai(rename = "Allocation", rename_all = "camelCase", deny_unknown_fields)]
pub struct AllocationIn {
    /// What is done.
    pub action: AllocationAction,
    /// The seats: all of them or none.
    #[oai(validator(min_items = 1, max_items = 20000))]
    pub seat_ids: Vec<Id<SeatId>>,
    /// With `move`: the category.
    #[oai(nullable)]
    pub category: Option<String>,
}

/// A show, as it is planned.
#[derive(Debug, Object)]
#[oai(rename = "PlannedShow", rename_all = "camelCase")]
pub struct PlannedShowOut {
    /// Its id.
    pub id: Id<ShowId>,
    /// What is performed.
    pub event_id: Id<EventId>,
    /// The room.
    pub hall_id: Id<HallId>,
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

/// A show that was put on.
#[derive(Debug, ApiResponse)]
pub enum ShowCreated {
    /// There it is, with every seat of its hall.
    #[oai(status = 201)]
    Created(Json<PlannedShowOut>, #[oai(header = "Location")] String, #[oai(header = "ETag")] String),
}

/// A show.
#[derive(Debug, ApiResponse)]
pub enum ShowFound {
    /// The show as it is now.
    #[oai(status = 200)]
    Found(Json<Box<ShowOut>>, #[oai(header = "ETag")] String),
}

/// A show that was changed.
#[derive(Debug, ApiResponse)]
pub enum ShowChanged {
    /// The show as it is now.
    #[oai(status = 200)]
    Changed(Json<PlannedShowOut>, #[oai(header = "ETag")] String),
}

/// What allocating seats is answered.
#[derive(Debug, ApiResponse)]
pub enum AllocationAnswer {
    /// All of them are as it was wished.
    #[oai(status = 204)]
    Allocated,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Catalogue")]
impl ShowPlanRoutes {
    /// Put a show on
    ///
    /// It has every seat of its hall, each of the category that the seat map says.
    #[oai(path = "/partners/:id/shows", method = "post", operation_id = "createShow")]
    async fn create(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
        Body(wish): Body<ShowIn>,
    ) -> Result<ShowCreated, Refusal<Editing>> {
        let Versioned { content, version } = app.create_show(&caller, id.parse("id")?, wish.parse()?).await?;
        let address = format!("/api/v1/shows/{}", content.id);
        Ok(ShowCreated::Created(Json(content.into()), address, of_version(version)))
    }

    /// Read a show
    ///
    /// Needs no account. Its `ETag` is what a change of the show names in `If-Match`.
    #[oai(path = "/shows/:id", method = "get", operation_id = "getShow")]
    async fn find(
        &self,
        app: Data<&App>,
        /// The show.
        id: Path<Id<ShowId>>,
    ) -> Result<ShowFound, Refusal<Open>> {
        let listing = app.find_show(id.parse("id")?).await?;
        let tag = of_version(listing.version);
        Ok(ShowFound::Found(Json(Box::new(listing.into())), tag))
    }

    /// Change a show
    ///
    /// What is not said stays as it is. With the `ETag` of what was read as `If-Match`, a change that somebody else has made
    /// meanwhile is not overwritten.
    #[oai(path = "/shows/:id", method = "put", operation_id = "updateShow")]
    async fn update(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The show.
        id: Path<Id<ShowId>>,
        /// The `ETag` of what was read.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        Body(wish): Body<ShowChangeIn>,
    ) -> Result<ShowChanged, Refusal<Editing>> {
        let updated = app.update_show(&caller, id.parse("id")?, if_match.as_deref(), wish.parse()?).await?;
        Ok(ShowChanged::Changed(Json(updated.content.into()), of_version(updated.version)))
    }

    /// Keep seats back, sell them again, or sell them as another category
    ///
    /// All of them or none, and never those that are held or sold. At most 20,000 seats.
    #[oai(path = "/shows/:id/allocations", method = "post", operation_id = "allocateSeats")]
    async fn allocate(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The show.
        id: Path<Id<ShowId>>,
        Body(wish): Body<AllocationIn>,
    ) -> Result<AllocationAnswer, Refusal<Editing>> {
        let AllocationIn { action, seat_ids, category } = wish;
        let seat_ids = seat_ids.iter().map(|seat| seat.parse("seatIds")).collect::<Result<Vec<_>, _>>()?;
        let allocation = match (action, category) {
            (AllocationAction::Block, _) => Allocation::Block,
            (AllocationAction::Release, _) => Allocation::Release,
            (AllocationAction::Move, None) => {
                return Err(Problem::of_field(&INVALID_BODY, "category", "is needed to `move` seats").into());
            }
            (AllocationAction::Move, Some(text)) => Allocation::Move { category: category_of(&text)? },
        };
        app.allocate_seats(&caller, id.parse("id")?, &seat_ids, allocation).await?;
        Ok(AllocationAnswer::Allocated)
    }

    /// Delete a show that nobody has ever booked
    ///
    /// Its prices and allocations go with it. One that has bookings, in whatever state, is called off instead.
    #[oai(path = "/shows/:id", method = "delete", operation_id = "deleteShow")]
    async fn delete(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The show.
        id: Path<Id<ShowId>>,
        /// The `ETag` of what was read.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> Result<Deleted, Refusal<Deleting>> {
        app.delete_show(&caller, id.parse("id")?, if_match.as_deref()).await?;
        Ok(Deleted::Deleted)
    }
}

impl ReadBody for ShowIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            event_id: fields.id("eventId")?,
            hall_id: fields.id("hallId")?,
            currency: fields.text("currency")?,
            starts_at: fields.parsed("startsAt")?,
            sales_open_at: fields.optional("salesOpenAt")?,
            sales_close_at: fields.optional("salesCloseAt")?,
            prices: fields.parsed("prices")?,
            hold_seconds: fields.optional("holdSeconds")?,
            refund_policy: fields.optional("refundPolicy")?,
            single_seats: fields.optional("singleSeats")?,
        })
    }
}

impl ReadBody for ShowChangeIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            starts_at: fields.parsed("startsAt")?,
            sales_open_at: fields.optional("salesOpenAt")?,
            sales_close_at: fields.optional("salesCloseAt")?,
            prices: fields.parsed("prices")?,
            hold_seconds: fields.optional("holdSeconds")?,
            refund_policy: fields.optional("refundPolicy")?,
            single_seats: fields.optional("singleSeats")?,
        })
    }
}

impl ReadBody for AllocationIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            action: fields.parsed("action")?,
            seat_ids: fields.ids("seatIds")?,
            category: fields.optional_text("category")?,
        })
    }
}

impl ShowIn {
    fn parse(self) -> Result<ShowWish, Problem> {
        let Self {
            event_id,
            hall_id,
            currency,
            starts_at,
            sales_open_at,
            sales_close_at,
            prices,
            hold_seconds,
            refund_policy,
            single_seats,
        } = self;
        let change = ShowChangeIn {
            starts_at,
            sales_open_at,
            sales_close_at,
            prices,
            hold_seconds,
            refund_policy,
            single_seats,
        };
        let currency = currency_of(&currency)?;
        let (event_id, hall_id) = (event_id.parse("eventId")?, hall_id.parse("hallId")?);
        Ok(ShowWish { event_id, hall_id, currency, terms: change.parse()? })
    }
}

impl ShowChangeIn {
    pub(crate) fn parse(self) -> Result<ShowTerms, Problem> {
        let Self { starts_at, sales_open_at, sales_close_at, prices, hold_seconds, refund_policy, single_seats } = self;
        let price = |PriceIn { category, minor }: PriceIn| Ok((category_of(&category)?, minor));
        let refund_policy =
            refund_policy.map(|tiers| tiers.into_iter().map(RefundTierIn::parse).collect()).transpose()?;
        Ok(ShowTerms {
            starts_at: starts_at.0,
            sales_open_at: sales_open_at.map(|at| at.0),
            sales_close_at: sales_close_at.map(|at| at.0),
            prices: prices.into_iter().map(price).collect::<Result<_, Problem>>()?,
            hold_seconds,
            refund_policy,
            single_seats: single_seats.map(SingleSeatRule::from),
        })
    }
}

impl RefundTierIn {
    fn parse(self) -> Result<RefundTier, Problem> {
        let share = Percent::parse(self.percent)
            .map_err(|error| Problem::invalid_value("refundPolicy", format_args!("is refused: {error}")))?;
        Ok(RefundTier { until_minutes_before: self.until_minutes_before, share })
    }
}

fn category_of(text: &str) -> Result<SeatCategory, Problem> {
    let refused = |error| Problem::invalid_value("category", format_args!("is refused: {error}"));
    SeatCategory::parse(text).map_err(refused)
}

pub(crate) fn currency_of(text: &str) -> Result<Currency, Problem> {
    let refused = |error| Problem::invalid_value("currency", format_args!("is refused: {error}"));
    Currency::parse(text).map_err(refused)
}

impl From<Show> for PlannedShowOut {
    fn from(show: Show) -> Self {
        let Show {
            id,
            event_id,
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
            event_id: event_id.into(),
            hall_id: hall_id.into(),
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
