//! Venues and halls: the buildings of a partner and their rooms.

use domain::ids::{HallId, PartnerId, VenueId};
use domain::member::Deed;
use domain::venue::{NAME_CHARACTERS, Venue};
use store::{Edited, HallCreated, HallHead, Versioned};
use uuid::Uuid;

use crate::editing::{checked_name, conclude, seen};
use crate::identity::Caller;
use crate::listing::{Listed, check_limit, no_cursor};
use crate::{App, AppError};

/// What a partner says of a building.
#[derive(Debug, Clone)]
pub struct VenueWish {
    /// Its name.
    pub name: String,
    /// Street and number.
    pub address: String,
    /// The city.
    pub city: String,
    /// The country, ISO 3166-1 alpha-2.
    pub country: String,
    /// The IANA time zone in which its shows are announced.
    pub time_zone: String,
}

impl VenueWish {
    pub(crate) fn of(self, id: VenueId, partner_id: PartnerId) -> Result<Venue, AppError> {
        let Self { name, address, city, country, time_zone } = self;
        let venue = Venue { id, partner_id, name, address, city, country, time_zone };
        venue.check().map_err(AppError::of_field)?;
        Ok(venue)
    }
}

impl App {
    /// Writes down a building of a partner.
    pub async fn create_venue(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        wish: VenueWish,
    ) -> Result<Versioned<Venue>, AppError> {
        self.require_deed(caller, partner_id, Deed::Plan).await?;
        let venue = wish.of(VenueId::new(Uuid::new_v4()), partner_id)?;
        self.store().create_venue(&venue).await?;
        Ok(Versioned { content: venue, version: 1 })
    }

    /// A building, for those who work for its partner.
    pub async fn venue_to_edit(&self, caller: &Caller, venue_id: VenueId) -> Result<Versioned<Venue>, AppError> {
        self.venue_of(caller, venue_id, Deed::See).await
    }

    /// The buildings of a partner.
    pub async fn venues(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        after: Option<String>,
        limit: u32,
    ) -> Result<Listed<Versioned<Venue>>, AppError> {
        check_limit(limit)?;
        self.require_deed(caller, partner_id, Deed::See).await?;
        let after = after.map(|id| VenueId::parse(&id).map_err(|_invalid| no_cursor())).transpose()?;
        let venues = self.store().venues_of(partner_id, after, limit + 1).await?;
        Ok(Listed::page(venues, limit, |venue| venue.content.id.to_string()))
    }

    /// Changes a building; `if_match` is the version that the caller has seen.
    pub async fn update_venue(
        &self,
        caller: &Caller,
        venue_id: VenueId,
        if_match: Option<&str>,
        wish: VenueWish,
    ) -> Result<Versioned<Venue>, AppError> {
        let before = self.venue_of(caller, venue_id, Deed::Plan).await?;
        let venue = wish.of(venue_id, before.content.partner_id)?;
        let edited = self.store().update_venue(&venue, seen(if_match, before.version)?).await?;
        Ok(Versioned { content: venue, version: conclude(edited, "venue")? })
    }

    /// Deletes a building without halls; `if_match` is the version that the caller has seen.
    pub async fn delete_venue(
        &self,
        caller: &Caller,
        venue_id: VenueId,
        if_match: Option<&str>,
    ) -> Result<(), AppError> {
        let before = self.venue_of(caller, venue_id, Deed::Plan).await?;
        match self.store().delete_venue(venue_id, seen(if_match, before.version)?).await? {
            Edited::InUse => Err(AppError::InUse { what: "venue", by: "halls" }),
            otherwise => conclude(otherwise, "venue").map(|_version| ()),
        }
    }

    /// Writes down a room of a building, without seats.
    pub async fn create_hall(
        &self,
        caller: &Caller,
        venue_id: VenueId,
        name: &str,
    ) -> Result<Versioned<HallHead>, AppError> {
        let venue = self.venue_of(caller, venue_id, Deed::Plan).await?;
        let name = checked_name(name, NAME_CHARACTERS)?;
        let id = HallId::new(Uuid::new_v4());
        let created = self.store().create_hall(id, venue_id, &name).await?;
        is_written(created, AppError::NotFound { what: "venue" })?;
        let content = HallHead { id, venue_id, partner_id: venue.content.partner_id, name, seats: 0 };
        Ok(Versioned { content, version: 1 })
    }

    /// The rooms of a building.
    pub async fn halls(&self, caller: &Caller, venue_id: VenueId) -> Result<Vec<Versioned<HallHead>>, AppError> {
        self.venue_of(caller, venue_id, Deed::See).await?;
        Ok(self.store().halls_of(venue_id).await?)
    }

    /// A room, for those who work for its partner.
    pub async fn hall_to_edit(&self, caller: &Caller, hall_id: HallId) -> Result<Versioned<HallHead>, AppError> {
        self.hall_of(caller, hall_id, Deed::See).await
    }

    /// Gives a room another name; `if_match` is the version that the caller has seen.
    pub async fn update_hall(
        &self,
        caller: &Caller,
        hall_id: HallId,
        if_match: Option<&str>,
        name: &str,
    ) -> Result<Versioned<HallHead>, AppError> {
        let before = self.hall_of(caller, hall_id, Deed::Plan).await?;
        let name = checked_name(name, NAME_CHARACTERS)?;
        let edited = self.store().rename_hall(hall_id, &name, seen(if_match, before.version)?).await?;
        Ok(Versioned { content: HallHead { name, ..before.content }, version: conclude(edited, "hall")? })
    }

    /// Deletes a room without shows; `if_match` is the version that the caller has seen.
    pub async fn delete_hall(&self, caller: &Caller, hall_id: HallId, if_match: Option<&str>) -> Result<(), AppError> {
        let before = self.hall_of(caller, hall_id, Deed::Plan).await?;
        match self.store().delete_hall(hall_id, seen(if_match, before.version)?).await? {
            Edited::InUse => Err(AppError::InUse { what: "hall", by: "shows" }),
            otherwise => conclude(otherwise, "hall").map(|_version| ()),
        }
    }

    /// A room, for those who may do something to it.
    pub(crate) async fn hall_of(
        &self,
        caller: &Caller,
        hall_id: HallId,
        deed: Deed,
    ) -> Result<Versioned<HallHead>, AppError> {
        let found = self.store().find_hall(hall_id).await?.ok_or(AppError::NotFound { what: "hall" })?;
        self.require_deed_on("hall", caller, found.content.partner_id, deed).await?;
        Ok(found)
    }

    async fn venue_of(&self, caller: &Caller, venue_id: VenueId, deed: Deed) -> Result<Versioned<Venue>, AppError> {
        let found = self.store().find_venue(venue_id).await?.ok_or(AppError::NotFound { what: "venue" })?;
        self.require_deed_on("venue", caller, found.content.partner_id, deed).await?;
        Ok(found)
    }
}

/// That a hall was written down, or why it was not: `missing` says of which building there is none.
pub(crate) fn is_written(created: HallCreated, missing: AppError) -> Result<(), AppError> {
    match created {
        HallCreated::Done => Ok(()),
        HallCreated::Known => Err(AppError::Changed),
        HallCreated::NoVenue => Err(missing),
    }
}
