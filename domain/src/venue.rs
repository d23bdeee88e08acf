//! Venues and halls: where shows take place.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::field::{InvalidField, check_line};
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

/// The longest name of a venue or a hall, in characters.
pub const NAME_CHARACTERS: usize = 200;
/// The longest name of a city, in characters.
pub const CITY_CHARACTERS: usize = 100;

impl Venue {
    /// Refuses what no building has.
    pub fn check(&self) -> Result<(), InvalidField> {
        check_line("name", &self.name, NAME_CHARACTERS)?;
        check_line("address", &self.address, NAME_CHARACTERS)?;
        check_line("city", &self.city, CITY_CHARACTERS)?;
        let is_country = self.country.len() == 2 && self.country.bytes().all(|letter| letter.is_ascii_uppercase());
        if !is_country {
            return Err(InvalidField::new("country", "must be two capital letters, as in ISO 3166-1: `AT`"));
        }
        self.zone().map(|_zone| ())
    }

    /// The time zone in which its shows are announced.
    pub fn zone(&self) -> Result<TimeZone, InvalidField> {
        let problem = |_unknown| InvalidField::new("timeZone", "must be an IANA time zone, such as `Europe/Vienna`");
        TimeZone::get(&self.time_zone).map_err(problem)
    }
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
