//! Venues and halls on the wire: where shows take place.

use domain::ids::{HallId, VenueId};
use domain::venue::Venue;
use poem_openapi::Object;

use crate::id::Id;

/// A building.
#[derive(Debug, Object)]
#[oai(rename = "Venue", rename_all = "camelCase")]
pub struct VenueOut {
    /// Its id.
    pub id: Id<VenueId>,
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

/// A room of a building.
#[derive(Debug, Object)]
#[oai(rename = "Hall", rename_all = "camelCase")]
pub struct HallOut {
    /// Its id.
    pub id: Id<HallId>,
    /// Its name within the building.
    pub name: String,
}

impl From<Venue> for VenueOut {
    fn from(venue: Venue) -> Self {
        // Who runs the building is told by who puts the event on.
        let Venue { id, partner_id: _, name, address, city, country, time_zone } = venue;
        Self { id: id.into(), name, address, city, country, time_zone }
    }
}
