//! Venues and halls: where shows take place.

use serde::{Deserialize, Serialize};

use crate::ids::{HallId, PartnerId, VenueId};
use crate::seat::Seat;

/// A building.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Venue {
    /// Its id.
    pub id: VenueId,
    /// Who runs it.
    pub partner_id: PartnerId,
    /// Its name.
    pub name: String,
    /// Street and number.
    pub address: String,
    /// The city.
    pub city: String,
    /// The country, ISO 3166-1 alpha-2.
    pub country: String,
    /// The IANA time zone in which its shows are announced, such as `Europe/Vienna`.
    pub time_zone: String,
}

/// A room of a venue with its seat map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hall {
    /// Its id.
    pub id: HallId,
    /// The building it is in.
    pub venue_id: VenueId,
    /// Its name within the building.
    pub name: String,
    /// Every seat of it.
    pub seats: Vec<Seat>,
}
