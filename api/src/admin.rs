//! What operators see and do: webhooks that could not be delivered, the seat locks, and the door to a stuck saga.

use app::listing::{Listed, PAGE_ITEMS};
use app::{App, LockedSeat, PaymentEvent, Repair, RepairAction, ResolvedAs};
use domain::ids::{BookingId, SeatId, ShowId};
use domain::payment::IntentId;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Fields, ReadBody};
use crate::booking::{AcceptedOut, address};
use crate::id::Id;
use crate::moment::Moment;
use crate::problem::Problem;
use crate::problem_kind::INVALID_BODY;
use crate::refusal::{Operating, Refusal, Watching};
use crate::tags::Tag;

/// The longest note of an operator, in characters.
const NOTE_CHARACTERS: usize = 1000;

/// The operations of operators.
pub struct AdminRoutes;

/// Which webhooks to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "PaymentEventFilter", rename_all = "snake_case")]
pub enum EventFilter {
    /// Those that could not be delivered and are tried again.
    Parked,
}

/// A webhook of the payment provider. Its body is not shown: it may name a person.
#[derive(Debug, Object)]
#[oai(rename = "PaymentEvent", rename_all = "camelCase")]
pub struct PaymentEventOut {
    /// The provider's name.
    pub provider: String,
    /// The provider's id of the event.
    pub event_id: String,
    /// The provider's name of what happened.
    pub kind: String,
    /// The intent it is about, if it is about one.
    #[oai(nullable)]
    pub intent_id: Option<String>,
    /// `stored`, `delivered` or `parked`.
    pub state: String,
    /// How often its delivery was begun.
    pub deliveries: i32,
    /// When it is tried next.
    pub next_delivery_at: Moment,
    /// Why the last delivery failed.
    #[oai(nullable)]
    pub last_error: Option<String>,
    /// When it came.
    pub received_at: Moment,
}

/// One page of webhooks.
#[derive(Debug, Object)]
#[oai(rename = "PaymentEventPage", rename_all = "camelCase")]
pub struct PaymentEventPageOut {
    /// The webhooks, oldest first.
    pub items: Vec<PaymentEventOut>,
    /// What to send as `cursor` for the next page; null on the last.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// Every seat that the locks refuse.
#[derive(Debug, Object)]
#[oai(rename = "Locks", rename_all = "camelCase")]
pub struct LocksOut {
    /// The seats.
    pub items: Vec<LockOut>,
}

/// A seat that the locks refuse.
#[derive(Debug, Object)]
#[oai(rename = "Lock", rename_all = "camelCase")]
pub struct LockOut {
    /// The show.
    pub show_id: Id<ShowId>,
    /// The seat.
    pub seat_id: Id<SeatId>,
    /// Whose it is.
    pub booking_id: Id<BookingId>,
    /// Until when; null for a seat that is sold.
    #[oai(nullable)]
    pub until: Option<Moment>,
}

/// What a stuck saga is told.
#[derive(Debug, Object)]
#[oai(rename = "Repair", rename_all = "camelCase", deny_unknown_fields)]
pub struct RepairIn {
    /// What to do.
    pub action: RepairActionIn,
    /// With `resolve`: where the booking ends; where it was going if it is not said.
    #[oai(nullable)]
    pub end: Option<RepairEndIn>,
    /// Why, in the operator's words; kept in the audit log and on the timeline.
    #[oai(validator(min_length = 1, max_length = 1000))]
    pub note: String,
}

/// What a stuck saga can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "RepairAction", rename_all = "snake_case")]
pub enum RepairActionIn {
    /// Try the stuck step again now.
    Retry,
    /// The stuck step has been done by hand.
    Resolve,
}

/// The ends that an operator can declare. Selling seats is not among them: only a saga issues tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "RepairEnd", rename_all = "snake_case")]
pub enum RepairEndIn {
    /// Not paid in time.
    Expired,
    /// Could not be made.
    Failed,
    /// Taken back.
    Cancelled,
}

/// What a repair is answered.
#[derive(Debug, ApiResponse)]
pub enum RepairAnswer {
    /// The saga is told; the booking at `Location` shows what becomes of it.
    #[oai(status = 202)]
    Told(Json<AcceptedOut>, #[oai(header = "Location")] String),
}

#[OpenApi(prefix_path = "/api/v1/admin", tag = "Tag::Admin")]
impl AdminRoutes {
    /// List webhooks that could not be delivered yet
    #[oai(path = "/payment-events", method = "get", operation_id = "listPaymentEvents")]
    async fn payment_events(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// Only `parked` can be asked for.
        #[oai(name = "state")]
        _state: Query<Option<EventFilter>>,
        /// How many at most, 1 to 200; 50 if it is not said.
        limit: Query<Option<u32>>,
        /// The `nextCursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<PaymentEventPageOut>, Refusal<Watching>> {
        Ok(Json(app.list_parked_events(&caller, cursor.0, limit.unwrap_or(PAGE_ITEMS)).await?.into()))
    }

    /// List every seat that the locks refuse
    #[oai(path = "/locks", method = "get", operation_id = "listLocks")]
    async fn locks(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
    ) -> Result<Json<LocksOut>, Refusal<Watching>> {
        Ok(Json(app.locked_seats(&caller).await?.into()))
    }

    /// Tell a stuck booking what to do
    ///
    /// Written to the audit log and the timeline first, and then only a signal to the booking's saga.
    #[oai(path = "/bookings/:id/repair", method = "post", operation_id = "repairBooking")]
    async fn repair(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The booking.
        id: Path<Id<BookingId>>,
        Body(repair): Body<RepairIn>,
    ) -> Result<RepairAnswer, Refusal<Operating>> {
        let booking_id = id.parse("id")?;
        app.repair(&caller, booking_id, repair.into()).await?;
        Ok(RepairAnswer::Told(Json(AcceptedOut { id: booking_id.into() }), address(booking_id)))
    }
}

impl ReadBody for RepairIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        let action = match fields.text("action")?.as_str() {
            "retry" => RepairActionIn::Retry,
            "resolve" => RepairActionIn::Resolve,
            _ => return Err(Problem::of_field(&INVALID_BODY, "action", "must be `retry` or `resolve`")),
        };
        let end = match fields.optional_text("end")?.as_deref() {
            None => None,
            Some(_) if action == RepairActionIn::Retry => {
                return Err(Problem::of_field(&INVALID_BODY, "end", "goes with `resolve` only"));
            }
            Some("expired") => Some(RepairEndIn::Expired),
            Some("failed") => Some(RepairEndIn::Failed),
            Some("cancelled") => Some(RepairEndIn::Cancelled),
            Some(_) => {
                return Err(Problem::of_field(&INVALID_BODY, "end", "must be `expired`, `failed` or `cancelled`"));
            }
        };
        let note = fields.text("note")?;
        // PostgreSQL knows no text with a zero byte.
        if note.chars().count() > NOTE_CHARACTERS || note.contains('\0') {
            let wanted = format!("must have at most {NOTE_CHARACTERS} characters, none of them zero");
            return Err(Problem::of_field(&INVALID_BODY, "note", wanted));
        }
        Ok(Self { action, end, note })
    }
}

impl From<RepairIn> for Repair {
    fn from(repair: RepairIn) -> Self {
        let RepairIn { action, end, note } = repair;
        let end = end.map(|end| match end {
            RepairEndIn::Expired => ResolvedAs::Expired,
            RepairEndIn::Failed => ResolvedAs::Failed,
            RepairEndIn::Cancelled => ResolvedAs::Cancelled,
        });
        let action = match action {
            RepairActionIn::Retry => RepairAction::Retry,
            RepairActionIn::Resolve => RepairAction::Resolve { end },
        };
        Self { action, note }
    }
}

impl From<Listed<PaymentEvent>> for PaymentEventPageOut {
    fn from(listed: Listed<PaymentEvent>) -> Self {
        let Listed { items, next_cursor } = listed;
        Self { items: items.into_iter().map(PaymentEventOut::from).collect(), next_cursor }
    }
}

impl From<PaymentEvent> for PaymentEventOut {
    fn from(event: PaymentEvent) -> Self {
        let PaymentEvent {
            provider,
            event_id,
            kind,
            intent_id,
            body: _,
            state,
            deliveries,
            next_delivery_at,
            last_error,
            received_at,
        } = event;
        Self {
            provider,
            event_id,
            kind,
            intent_id: intent_id.as_ref().map(IntentId::to_string),
            state: state.as_str().to_owned(),
            deliveries,
            next_delivery_at: next_delivery_at.into(),
            last_error,
            received_at: received_at.into(),
        }
    }
}

impl From<Vec<LockedSeat>> for LocksOut {
    fn from(seats: Vec<LockedSeat>) -> Self {
        Self { items: seats.into_iter().map(LockOut::from).collect() }
    }
}

impl From<LockedSeat> for LockOut {
    fn from(seat: LockedSeat) -> Self {
        let LockedSeat { show_id, seat_id, booking_id, until } = seat;
        Self {
            show_id: show_id.into(),
            seat_id: seat_id.into(),
            booking_id: booking_id.into(),
            until: until.map(Moment),
        }
    }
}
