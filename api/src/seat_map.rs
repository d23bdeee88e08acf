//! Seat maps on the wire: as JSON, or as text that a person can write.

use app::seat_map::{Drawn, HallSeats};
use app::{App, Versioned};
use domain::ids::{HallId, SeatId};
use domain::seat::Seat;
use domain::seat_map::SeatMapDrawing;
use poem::web::Data;
use poem_openapi::param::{Header, Path};
use poem_openapi::payload::{Json, PlainText};
use poem_openapi::types::Any;
use poem_openapi::{ApiRequest, ApiResponse, Object, OpenApi};
use serde_json::Value;

use crate::auth::Authenticated;
use crate::etag::of_version;
use crate::id::Id;
use crate::problem::Problem;
use crate::problem_kind::INVALID_BODY;
use crate::refusal::{Editing, Planning, Refusal};
use crate::tags::Tag;
use crate::venue::PlannedHallOut;

/// The last part of the address of a seat map, whose body may be larger than others.
pub(crate) const SUFFIX: &str = "/seat-map";

/// The largest seat map, in bytes: 100,000 seats in JSON.
pub(crate) const BODY_BYTES: usize = 8 * 1024 * 1024;

/// The operations on seat maps.
pub struct SeatMapRoutes;

/// A hall, as its partner draws it; both forms are described in `docs/seat-maps.md`.
#[derive(ApiRequest)]
pub enum SeatMapIn {
    /// The sections with their rows and seats.
    Json(Json<Any<Value>>),
    /// The same, as a person writes it: `A 1-20, gap 10`.
    Text(PlainText<String>),
}

/// A seat of a hall.
#[derive(Debug, Object)]
#[oai(rename = "Seat", rename_all = "camelCase")]
pub struct SeatOut {
    /// Its id, which follows from hall, section, row and number.
    pub seat_id: Id<SeatId>,
    /// The part of the hall.
    pub section: String,
    /// The row; empty where places are sold by count.
    pub row: String,
    /// The number.
    pub number: String,
    /// Its category.
    pub category: String,
    /// Whether it is a place for a wheelchair.
    pub accessible: bool,
    /// Distance from the left edge of the seat map, in seat widths.
    pub x: f64,
    /// Distance from the front edge of the seat map, in row depths.
    pub y: f64,
}

/// A hall with its seats.
#[derive(Debug, Object)]
#[oai(rename = "HallSeats", rename_all = "camelCase")]
pub struct HallSeatsOut {
    /// The hall.
    pub hall: PlannedHallOut,
    /// Its seats, by section, then from front to back and from left to right.
    pub items: Vec<SeatOut>,
}

/// A hall with its seats, and its version.
#[derive(Debug, ApiResponse)]
pub enum SeatMapAnswer {
    /// The hall.
    #[oai(status = 200)]
    Found(Json<HallSeatsOut>, #[oai(header = "ETag")] String),
}

#[OpenApi(prefix_path = "/api/v1/halls", tag = "Tag::Catalogue")]
impl SeatMapRoutes {
    /// Draw the seats of a hall
    ///
    /// The hall has these seats and no others afterwards. Seats that were there stay the same seats, and shows that are
    /// planned keep the seats that they have.
    #[oai(path = "/:id/seat-map", method = "put", operation_id = "drawHall")]
    async fn draw(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The hall.
        id: Path<Id<HallId>>,
        /// The `ETag` of what was read.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        drawn: SeatMapIn,
    ) -> Result<SeatMapAnswer, Refusal<Editing>> {
        let drawn = match drawn {
            SeatMapIn::Json(Json(Any(value))) => Drawn::Json(drawing(value)?),
            SeatMapIn::Text(PlainText(text)) => Drawn::Text(text),
        };
        Ok(app.draw_hall(&caller, id.parse("id")?, if_match.as_deref(), drawn).await?.into())
    }

    /// Read the seats of a hall
    #[oai(path = "/:id/seat-map", method = "get", operation_id = "getHallSeats")]
    async fn find(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The hall.
        id: Path<Id<HallId>>,
    ) -> Result<SeatMapAnswer, Refusal<Planning>> {
        Ok(app.hall_with_seats(&caller, id.parse("id")?).await?.into())
    }
}

fn drawing(value: Value) -> Result<SeatMapDrawing, Problem> {
    serde_json::from_value(value).map_err(|error| Problem::new(&INVALID_BODY, format!("no seat map: {error}")))
}

impl From<Versioned<HallSeats>> for SeatMapAnswer {
    fn from(hall: Versioned<HallSeats>) -> Self {
        let Versioned { content: HallSeats { hall, seats }, version } = hall;
        let items = seats.into_iter().map(SeatOut::from).collect();
        Self::Found(Json(HallSeatsOut { hall: hall.into(), items }), of_version(version))
    }
}

impl From<Seat> for SeatOut {
    fn from(seat: Seat) -> Self {
        let Seat { id, hall_id: _, section, row, number, category, accessible, x, y } = seat;
        Self { seat_id: id.into(), section, row, number, category: category.into(), accessible, x, y }
    }
}
