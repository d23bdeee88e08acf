//! What is sent to be imported, as far as it can be read.

use std::fmt;

use domain::ids::{HallId, SeatId};
use domain::money::Currency;
use domain::seat::SeatPlace;

use super::ImportRefusal;
use crate::event::EventWish;
use crate::seat_map::Drawn;
use crate::show_plan::ShowTerms;
use crate::venue::VenueWish;

/// Something that the other system has, as it was sent.
#[derive(Debug, Clone)]
pub struct Sent<T> {
    /// The id that it has there.
    pub external_id: String,
    /// What is said of it, or why that cannot be read.
    pub content: Result<T, ImportRefusal>,
}

/// What the other system has, or a part of it.
#[derive(Debug, Clone, Default)]
pub struct Import {
    /// The buildings.
    pub venues: Vec<Sent<VenueWish>>,
    /// Their rooms.
    pub halls: Vec<Sent<SentHall>>,
    /// What is performed.
    pub events: Vec<Sent<EventWish>>,
    /// When and where.
    pub shows: Vec<ShowWithSeats>,
    /// By the ids of shows: all seats of the show that the other system sells.
    pub sold_elsewhere: Vec<Sent<Vec<SentSeat>>>,
}

/// A room that the other system has.
#[derive(Debug, Clone)]
pub struct SentHall {
    /// The building, by its id there.
    pub venue: String,
    /// Its name.
    pub name: String,
    /// Its seats.
    pub drawn: Drawn,
}

/// A show that the other system has.
#[derive(Debug, Clone)]
pub struct SentShow {
    /// What is performed, by its id there.
    pub event: String,
    /// Where, by its id there.
    pub hall: String,
    /// What its prices are in.
    pub currency: Currency,
    /// When, and for how much.
    pub terms: ShowTerms,
}

/// A show, and which of its seats the other system sells: what cannot be read of the one takes nothing from the other.
#[derive(Debug, Clone)]
pub struct ShowWithSeats {
    /// The show.
    pub show: Sent<SentShow>,
    /// All seats that the other system sells; where it does not say, those that it has said before.
    pub sold_elsewhere: Option<Result<Vec<SentSeat>, ImportRefusal>>,
}

/// A seat that the other system sells, by the name that it was sent with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentSeat {
    /// Where it is.
    At(SeatPlace),
    /// What says of no seat where it is; cut.
    Misnamed(String),
}

impl SentSeat {
    /// Reads `stalls/A/12`, as [`SeatPlace::parse`] does.
    pub fn read(text: &str) -> Self {
        SeatPlace::parse(text).map_or_else(|invalid| Self::Misnamed(invalid.text), Self::At)
    }

    /// The seat of a hall that it is, if it is one; what was misnamed is a seat that no hall has.
    pub(super) fn seat_id(&self, hall: HallId) -> SeatId {
        match self {
            Self::At(place) => place.seat_id(hall),
            // Every section has a name.
            Self::Misnamed(name) => SeatId::for_place(hall, "", "", name),
        }
    }
}

impl fmt::Display for SentSeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(place) => place.fmt(f),
            Self::Misnamed(name) => name.fmt(f),
        }
    }
}
