//! Seat maps: a partner draws a hall, as often as they like.

use domain::ids::HallId;
use domain::member::Deed;
use domain::seat::Seat;
use domain::seat_map::{SeatMap, SeatMapDrawing};
use store::{HallHead, SeatsDrawn, Versioned};

use crate::editing::seen;
use crate::identity::Caller;
use crate::{App, AppError};

/// A hall, as a partner draws it.
#[derive(Debug, Clone)]
pub enum Drawn {
    /// As JSON.
    Json(SeatMapDrawing),
    /// As text, for people: `A 1-20, gap 10`.
    Text(String),
}

/// A hall with its seats.
#[derive(Debug, Clone)]
pub struct HallSeats {
    /// The hall.
    pub hall: HallHead,
    /// Its seats, by section, then from front to back and from left to right.
    pub seats: Vec<Seat>,
}

impl Drawn {
    /// The seat map that it is.
    pub(crate) fn parse(self) -> Result<SeatMap, AppError> {
        let seat_map = match self {
            Self::Json(drawing) => SeatMap::parse(&drawing),
            Self::Text(text) => SeatMap::parse_text(&text),
        };
        seat_map.map_err(|faults| AppError::SeatMapRefused { faults })
    }
}

impl App {
    /// Gives a hall the seats of a seat map and no others; `if_match` is the version that the caller has seen. Seats that
    /// were there stay the same seats. Shows that are planned keep the seats that they have.
    pub async fn draw_hall(
        &self,
        caller: &Caller,
        hall_id: HallId,
        if_match: Option<&str>,
        drawn: Drawn,
    ) -> Result<Versioned<HallSeats>, AppError> {
        let Versioned { content: hall, version } = self.hall_of(caller, hall_id, Deed::Plan).await?;
        let seats = drawn.parse()?.seats(hall_id);
        let version = self.draw_seats(hall_id, &seats, seen(if_match, version)?).await?;
        let hall = HallHead { seats: i64::try_from(seats.len()).unwrap_or(i64::MAX), ..hall };
        Ok(Versioned { content: HallSeats { hall, seats }, version })
    }

    /// Gives a hall that is in the version `seen` these seats and no others; the version that it has then.
    pub(crate) async fn draw_seats(&self, hall_id: HallId, seats: &[Seat], seen: i64) -> Result<i64, AppError> {
        match self.store().draw_seats(hall_id, seats, seen).await? {
            SeatsDrawn::Done { version } => Ok(version),
            SeatsDrawn::Gone => Err(AppError::NotFound { what: "hall" }),
            SeatsDrawn::Changed => Err(AppError::Changed),
            SeatsDrawn::InUse { seat_ids } => Err(AppError::SeatsInUse { seat_ids }),
        }
    }

    /// A hall with its seats.
    pub async fn hall_with_seats(&self, caller: &Caller, hall_id: HallId) -> Result<Versioned<HallSeats>, AppError> {
        let Versioned { content: hall, version } = self.hall_of(caller, hall_id, Deed::See).await?;
        let seats = self.store().seats_of_hall(hall_id).await?;
        Ok(Versioned { content: HallSeats { hall, seats }, version })
    }
}
