//! Venues and halls on the wire: where shows take place.

use app::listing::{Listed, PAGE_ITEMS};
use app::venue::VenueWish;
use app::{App, HallHead, Versioned};
use domain::ids::{HallId, PartnerId, VenueId};
use domain::venue::Venue;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Fields, ReadBody};
use crate::etag::of_version;
use crate::id::Id;
use crate::problem::Problem;
use crate::refusal::{Deleting, Editing, Planning, Refusal};
use crate::tags::Tag;

/// The operations on venues and halls.
pub struct VenueRoutes;

/// A building, as its partner describes it.
#[derive(Debug, Object)]
#[oai(rename = "VenueWish", rename_all = "camelCase", deny_unknown_fields)]
pub struct VenueIn {
    /// Its name.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub name: String,
    /// Street and number.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub address: String,
    /// The city.
    #[oai(validator(min_length = 1, max_length = 100))]
    pub city: String,
    /// The country, ISO 3166-1 alpha-2.
    #[oai(validator(pattern = "^[A-Z]{2}$"))]
    pub country: String,
    /// The IANA time zone in which its shows are announced, such as `Europe/Vienna`.
    #[oai(validator(max_length = 64))]
    pub time_zone: String,
}

/// A room of a building, as its partner describes it.
#[derive(Debug, Object)]
#[oai(rename = "HallWish", rename_all = "camelCase", deny_unknown_fields)]
pub struct HallIn {
    /// Its name within the building.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub name: String,
}

/// One page of buildings.
#[derive(Debug, Object)]
#[oai(rename = "VenuePage", rename_all = "camelCase")]
pub struct VenuePageOut {
    /// The buildings.
    pub items: Vec<VenueOut>,
    /// What to send as `cursor` for the next page; null on the last.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// The rooms of a building.
#[derive(Debug, Object)]
#[oai(rename = "Halls", rename_all = "camelCase")]
pub struct HallsOut {
    /// The rooms, by name.
    pub items: Vec<PlannedHallOut>,
}

/// A room, as its partner sees it.
#[derive(Debug, Object)]
#[oai(rename = "PlannedHall", rename_all = "camelCase")]
pub struct PlannedHallOut {
    /// Its id.
    pub id: Id<HallId>,
    /// The building it is in.
    pub venue_id: Id<VenueId>,
    /// Its name within the building.
    pub name: String,
    /// How many seats it has.
    pub seats: i64,
}

/// A building with its version.
#[derive(Debug, ApiResponse)]
pub enum VenueAnswer {
    /// The building.
    #[oai(status = 200)]
    Found(Json<VenueOut>, #[oai(header = "ETag")] String),
}

/// A building that was written down.
#[derive(Debug, ApiResponse)]
pub enum VenueCreated {
    /// There it is.
    #[oai(status = 201)]
    Created(Json<VenueOut>, #[oai(header = "Location")] String, #[oai(header = "ETag")] String),
}

/// A room with its version, which is that of its seats.
#[derive(Debug, ApiResponse)]
pub enum HallAnswer {
    /// The room.
    #[oai(status = 200)]
    Found(Json<PlannedHallOut>, #[oai(header = "ETag")] String),
}

/// A room that was written down.
#[derive(Debug, ApiResponse)]
pub enum HallCreated {
    /// There it is.
    #[oai(status = 201)]
    Created(Json<PlannedHallOut>, #[oai(header = "ETag")] String),
}

/// What deleting is answered.
#[derive(Debug, ApiResponse)]
pub enum Deleted {
    /// It is gone.
    #[oai(status = 204)]
    Deleted,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Catalogue")]
impl VenueRoutes {
    /// Add a building
    #[oai(path = "/partners/:id/venues", method = "post", operation_id = "createVenue")]
    async fn create(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
        Body(wish): Body<VenueIn>,
    ) -> Result<VenueCreated, Refusal<Editing>> {
        let Versioned { content, version } = app.create_venue(&caller, id.parse("id")?, wish.into()).await?;
        let address = format!("/api/v1/venues/{}", content.id);
        Ok(VenueCreated::Created(Json(content.into()), address, of_version(version)))
    }

    /// List the buildings of a partner
    #[oai(path = "/partners/:id/venues", method = "get", operation_id = "listVenues")]
    async fn list(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
        /// How many at most, 1 to 200; 50 if it is not said.
        limit: Query<Option<u32>>,
        /// The `nextCursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<VenuePageOut>, Refusal<Planning>> {
        let listed = app.venues(&caller, id.parse("id")?, cursor.0, limit.unwrap_or(PAGE_ITEMS)).await?;
        let Listed { items, next_cursor } = listed;
        let items = items.into_iter().map(|venue| venue.content.into()).collect();
        Ok(Json(VenuePageOut { items, next_cursor }))
    }

    /// Read a building to change it
    #[oai(path = "/venues/:id", method = "get", operation_id = "getVenue")]
    async fn find(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The building.
        id: Path<Id<VenueId>>,
    ) -> Result<VenueAnswer, Refusal<Planning>> {
        Ok(app.venue_to_edit(&caller, id.parse("id")?).await?.into())
    }

    /// Change a building
    ///
    /// With the `ETag` of what was read as `If-Match`, a change that somebody else has made meanwhile is not overwritten.
    #[oai(path = "/venues/:id", method = "put", operation_id = "updateVenue")]
    async fn update(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The building.
        id: Path<Id<VenueId>>,
        /// The `ETag` of what was read.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        Body(wish): Body<VenueIn>,
    ) -> Result<VenueAnswer, Refusal<Editing>> {
        let updated = app.update_venue(&caller, id.parse("id")?, if_match.as_deref(), wish.into()).await?;
        Ok(updated.into())
    }

    /// Delete a building without halls
    #[oai(path = "/venues/:id", method = "delete", operation_id = "deleteVenue")]
    async fn delete(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The building.
        id: Path<Id<VenueId>>,
        /// The `ETag` of what was read.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> Result<Deleted, Refusal<Deleting>> {
        app.delete_venue(&caller, id.parse("id")?, if_match.as_deref()).await?;
        Ok(Deleted::Deleted)
    }

    /// Add a room to a building
    #[oai(path = "/venues/:id/halls", method = "post", operation_id = "createHall")]
    async fn create_hall(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The building.
        id: Path<Id<VenueId>>,
        Body(hall): Body<HallIn>,
    ) -> Result<HallCreated, Refusal<Editing>> {
        let Versioned { content, version } = app.create_hall(&caller, id.parse("id")?, &hall.name).await?;
        Ok(HallCreated::Created(Json(content.into()), of_version(version)))
    }

    /// List the rooms of a building
    #[oai(path = "/venues/:id/halls", method = "get", operation_id = "listHalls")]
    async fn halls(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The building.
        id: Path<Id<VenueId>>,
    ) -> Result<Json<HallsOut>, Refusal<Planning>> {
        let halls = app.halls(&caller, id.parse("id")?).await?;
        Ok(Json(HallsOut { items: halls.into_iter().map(|hall| hall.content.into()).collect() }))
    }

    /// Read a room to change it
    #[oai(path = "/halls/:id", method = "get", operation_id = "getHall")]
    async fn find_hall(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The room.
        id: Path<Id<HallId>>,
    ) -> Result<HallAnswer, Refusal<Planning>> {
        Ok(app.hall_to_edit(&caller, id.parse("id")?).await?.into())
    }

    /// Give a room another name
    ///
    /// With the `ETag` of what was read as `If-Match`, a change that somebody else has made meanwhile is not overwritten.
    #[oai(path = "/halls/:id", method = "put", operation_id = "updateHall")]
    async fn update_hall(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The room.
        id: Path<Id<HallId>>,
        /// The `ETag` of what was read.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        Body(hall): Body<HallIn>,
    ) -> Result<HallAnswer, Refusal<Editing>> {
        Ok(app.update_hall(&caller, id.parse("id")?, if_match.as_deref(), &hall.name).await?.into())
    }

    /// Delete a room without shows
    ///
    /// Its seats go with it.
    #[oai(path = "/halls/:id", method = "delete", operation_id = "deleteHall")]
    async fn delete_hall(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The room.
        id: Path<Id<HallId>>,
        /// The `ETag` of what was read.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> Result<Deleted, Refusal<Deleting>> {
        app.delete_hall(&caller, id.parse("id")?, if_match.as_deref()).await?;
        Ok(Deleted::Deleted)
    }
}

impl ReadBody for VenueIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            name: fields.text("name")?,
            address: fields.text("address")?,
            city: fields.text("city")?,
            country: fields.text("country")?,
            time_zone: fields.text("timeZone")?,
        })
    }
}

impl ReadBody for HallIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self { name: fields.text("name")? })
    }
}

impl From<VenueIn> for VenueWish {
    fn from(wish: VenueIn) -> Self {
        let VenueIn { name, address, city, country, time_zone } = wish;
        Self { name, address, city, country, time_zone }
    }
}

impl From<Versioned<Venue>> for VenueAnswer {
    fn from(venue: Versioned<Venue>) -> Self {
        let Versioned { content, version } = venue;
        Self::Found(Json(content.into()), of_version(version))
    }
}

impl From<Versioned<HallHead>> for HallAnswer {
    fn from(hall: Versioned<HallHead>) -> Self {
        let Versioned { content, version } = hall;
        Self::Found(Json(content.into()), of_version(version))
    }
}

impl From<HallHead> for PlannedHallOut {
    fn from(hall: HallHead) -> Self {
        let HallHead { id, venue_id, partner_id: _, name, seats } = hall;
        Self { id: id.into(), venue_id: venue_id.into(), name, seats }
    }
}

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
