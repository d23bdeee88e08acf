//! Live availability: a compact snapshot of a show's seats, and a stream of what changes (server-sent events). What is
//! sent is made once per change, for all who ask.

mod payload;
mod rendering;

use std::sync::Arc;

use app::App;
use app::availability::{Change, NotFollowed, Picture, SeatCounts};
use domain::ids::{SeatId, ShowId};
use domain::show_seat::ShowSeatState;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};

pub use payload::{Events, Ready};

use crate::boxed;
use crate::etag::is_known;
use crate::id::Id;
use crate::problem::Problem;
use crate::problem_kind::{TOO_MANY_STREAMS, UNAVAILABLE};
use crate::refusal::{Open, Refusal};
use crate::show_seat::{SeatCountsOut, ShowSeatStateOut};
use crate::tags::Tag;
use rendering::render_picture;

/// What the path of a snapshot ends in.
pub const SNAPSHOT: &str = "/availability";

/// The operations on live availability.
pub struct AvailabilityRoutes;

/// How all seats of a show stand, in as few bytes as it takes.
#[derive(Debug, Object)]
#[oai(rename = "Availability", rename_all = "camelCase", example)]
pub struct AvailabilityOut {
    /// The show.
    pub show_id: Id<ShowId>,
    /// Up to where this tells everything: send it as `lastEventId` to follow from here. Opaque; it may differ between
    /// two answers that say the same.
    pub position: String,
    /// How many seats are in each state.
    pub counts: SeatCountsOut,
    /// Names the list of seats that `states` goes by: the first 16 hexadecimal digits of SHA-256 over the ids of the
    /// seats in the order of `GET /shows/{id}/seats`, each followed by a line break. When it is another than the one
    /// of the list that a client has, the list is to be read again.
    pub seats_tag: String,
    /// One letter per seat, in the order of `GET /shows/{id}/seats`: `a` available, `b` blocked, `h` held, `s` sold.
    #[oai(validator(pattern = "^[abhs]*$"))]
    pub states: String,
}

/// How those seats of a show stand that have changed: the `data` of a `changes` event.
#[derive(Debug, Object)]
#[oai(rename = "AvailabilityChanges", rename_all = "camelCase", example)]
pub struct AvailabilityChangesOut {
    /// The seats, none twice. None at all says to a client that has come back that it has missed nothing.
    pub seats: Vec<SeatStateOut>,
    /// How many seats of the show are in each state now.
    pub counts: SeatCountsOut,
}

/// How a seat stands.
#[derive(Debug, Object)]
#[oai(rename = "SeatState", rename_all = "camelCase")]
pub struct SeatStateOut {
    /// The seat.
    pub seat_id: Id<SeatId>,
    /// Whether it can be had.
    pub state: ShowSeatStateOut,
}

/// How all seats stand, unless the client knows already.
#[derive(ApiResponse)]
pub enum AvailabilityAnswer {
    /// How all seats stand.
    #[oai(status = 200)]
    Found(
        Ready<AvailabilityOut>,
        /// Names the states of the seats, and nothing else: the same in every process, whatever the `position`.
        #[oai(header = "ETag")]
        String,
    ),
    /// All seats stand as in the answer that had this tag.
    #[oai(status = 304)]
    NotModified(#[oai(header = "ETag")] String),
}

/// A stream of events.
#[derive(ApiResponse)]
pub enum StreamAnswer {
    /// The events, until the client hangs up or the process ends.
    #[oai(status = 200)]
    Following(Events),
}

#[OpenApi(prefix_path = "/api/v1/shows", tag = "Tag::Shows")]
impl AvailabilityRoutes {
    /// Read how all seats of a show stand, in few bytes
    ///
    /// Answered from memory, so it may be asked as often as a site likes: it is a moment behind the sales and never
    /// decides who gets a seat. `GET /shows/{id}/seats` tells which letter is which seat; it changes rarely. To be told
    /// of changes, follow `GET /shows/{id}/availability/stream` with `lastEventId` set to `position`.
    #[oai(path = "/:id/availability", method = "get", operation_id = "getShowAvailability")]
    async fn availability(
        &self,
        app: Data<&App>,
        /// The show.
        id: Path<Id<ShowId>>,
        /// The `ETag` of the answer that the client has; the same states are answered with 304 and no body.
        #[oai(name = "If-None-Match")]
        known: Header<Option<String>>,
    ) -> Result<AvailabilityAnswer, Refusal<Open>> {
        let picture = boxed(app.availability(id.parse("id")?)).await?;
        Ok(AvailabilityAnswer::of(&picture, known.as_deref()))
    }

    /// Follow the seats of a show
    ///
    /// Server-sent events, as a browser's `EventSource` reads them. The first is a `snapshot`, whose `data` is the
    /// `Availability` of the show, unless the client comes back with a position: then it is a `changes` event with
    /// every seat that was touched since, as it stands now. Then come `changes` events, whose `data` is an
    /// `AvailabilityChanges`, as seats are held, sold and freed; what changes within a tenth of a second or so is told
    /// together. The `id` of every event is the position after it.
    ///
    /// A `snapshot` may come at any time and replaces everything that was told before: it is sent to a client that
    /// comes back with a position that is not known (any more) or cannot be read, to one that reads too slowly, and
    /// in place of very long `changes`.
    ///
    /// ```text
    /// retry: 1371
    ///
    /// id: 1796147700412-17-5be0cd19137e2179
    /// event: snapshot
    /// data: {"counts":{"available":5,"blocked":1,"held":2,"sold":2},"position":"1796147700412-17-5be0cd19137e2179",
    /// "seatsTag":"9f86d081884c7d65","showId":"sho_018f3c520c7e4d0a9a551d2cb0f177e1","states":"aahhasbasa"}
    ///
    /// id: 1796147700412-18-ab0e9c5f4d3b2a17
    /// event: changes
    /// data: {"counts":{"available":4,"blocked":1,"held":3,"sold":2},
    /// "seats":[{"seatId":"sea_018f3c520c7e4d0a9a551d2cb0f177e1","state":"held"}]}
    /// ```
    ///
    /// (Each `data` is one line.)
    ///
    /// After 15 s without an event a comment is sent. A stream ends when its process does: come back, to another
    /// process, with the last `id`. `EventSource` does so by itself after an interruption but not after a 503, after
    /// which a page has to open it again.
    #[oai(path = "/:id/availability/stream", method = "get", operation_id = "followShowAvailability")]
    async fn stream(
        &self,
        app: Data<&App>,
        /// The show.
        id: Path<Id<ShowId>>,
        /// The `id` of the last event that the client has got, as `EventSource` sends it when it comes back.
        #[oai(name = "Last-Event-ID")]
        last_event: Header<Option<String>>,
        /// The same for clients that cannot set the header, or the `position` of a snapshot to follow from there. The
        /// header is preferred.
        #[oai(name = "lastEventId")]
        from: Query<Option<String>>,
    ) -> Result<StreamAnswer, Refusal<Open>> {
        let resume = last_event.0.or(from.0).filter(|position| !position.is_empty());
        let followed = app.follow_availability(id.parse("id")?, resume.as_deref()).await;
        Ok(StreamAnswer::Following(Events::of(followed.map_err(refused)?)))
    }
}

impl AvailabilityAnswer {
    fn of(picture: &Arc<Picture>, if_none_match: Option<&str>) -> Self {
        let rendering = picture.rendered.once(|| render_picture(picture));
        // The tag is a weak one (RFC 9110 section 8.8.1), because the position may differ where the states do not.
        let weak = format!("W/{}", rendering.tag);
        if is_known(if_none_match, &rendering.tag) {
            Self::NotModified(weak)
        } else {
            Self::Found(Ready::new(rendering.body.clone()), weak)
        }
    }
}

fn refused(why: NotFollowed) -> Problem {
    match why {
        NotFollowed::Refused(error) => error.into(),
        full @ NotFollowed::Full { .. } => Problem::new(&TOO_MANY_STREAMS, full.to_string()),
        ending @ NotFollowed::Ending => Problem::new(&UNAVAILABLE, ending.to_string()),
    }
}

impl From<&Picture> for AvailabilityOut {
    fn from(picture: &Picture) -> Self {
        let Picture { show_id, position, counts, seats_tag, states, rendered: _ } = picture;
        Self {
            show_id: (*show_id).into(),
            position: position.clone(),
            counts: (*counts).into(),
            seats_tag: seats_tag.to_string(),
            states: states.iter().copied().map(letter).collect(),
        }
    }
}

impl From<&Change> for AvailabilityChangesOut {
    fn from(change: &Change) -> Self {
        let Change { position: _, seats, counts, rendered: _ } = change;
        let seat = |(seat_id, state): &(SeatId, ShowSeatState)| SeatStateOut {
            seat_id: (*seat_id).into(),
            state: (*state).into(),
        };
        Self { seats: seats.iter().map(seat).collect(), counts: (*counts).into() }
    }
}

impl From<SeatCounts> for SeatCountsOut {
    fn from(counts: SeatCounts) -> Self {
        let SeatCounts { available, blocked, held, sold } = counts;
        Self { available, blocked, held, sold }
    }
}

const fn letter(state: ShowSeatState) -> char {
    match state {
        ShowSeatState::Available => 'a',
        ShowSeatState::Blocked => 'b',
        ShowSeatState::Held => 'h',
        ShowSeatState::Sold => 's',
    }
}

const EXAMPLE_POSITION: &str = "1796147700412-17-5be0cd19137e2179";
const EXAMPLE_COUNTS: SeatCounts = SeatCounts { available: 5, blocked: 1, held: 2, sold: 2 };

impl Example for AvailabilityOut {
    fn example() -> Self {
        Self {
            show_id: Id::new("sho_018f3c520c7e4d0a9a551d2cb0f177e1"),
            position: EXAMPLE_POSITION.to_owned(),
            counts: EXAMPLE_COUNTS.into(),
            seats_tag: "9f86d081884c7d65".to_owned(),
            states: "aahhasbasa".to_owned(),
        }
    }
}

impl Example for AvailabilityChangesOut {
    fn example() -> Self {
        let seat_id = Id::new("sea_018f3c520c7e4d0a9a551d2cb0f177e1");
        Self { seats: vec![SeatStateOut { seat_id, state: ShowSeatStateOut::Held }], counts: EXAMPLE_COUNTS.into() }
    }
}
