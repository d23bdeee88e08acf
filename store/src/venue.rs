//! Venues: the buildings of a partner.

use domain::ids::{HallId, PartnerId, VenueId};
use domain::venue::Venue;
use sea_orm::{DatabaseTransaction, DbErr, FromQueryResult, QueryResult};

use crate::Store;
use crate::catalogue::VenueRow;
use crate::column::RowOf;
use crate::error::StoreError;
use crate::statement::{bind, sql};
use crate::transaction::Outcome;
use crate::versioned::{Edited, Versioned, delete_unused, edited, lock_unused, stays};

/// A room of a building, without its seats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HallHead {
    /// Its id.
    pub id: HallId,
    /// The building it is in.
    pub venue_id: VenueId,
    /// Who runs the building.
    pub partner_id: PartnerId,
    /// Its name within the building.
    pub name: String,
    /// How many seats it has.
    pub seats: i64,
}

/// What writing down a room came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HallCreated {
    /// It is there.
    Done,
    /// There was one with this id.
    Known,
    /// There is no such building.
    NoVenue,
}

impl Store {
    /// Writes down a building; false if there is one with this id.
    pub async fn create_venue(&self, venue: &Venue) -> Result<bool, StoreError> {
        let Venue { id, partner_id, name, address, city, country, time_zone } = venue;
        let text = "insert into venues (id, partner_id, name, address, city, city_key, country, time_zone) \
                    values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing";
        let values = bind![
            *id,
            *partner_id,
            name.as_str(),
            address.as_str(),
            city.as_str(),
            city.to_lowercase(),
            country.as_str(),
            time_zone.as_str()
        ];
        Ok(sql(text, values).run(self.writer()).await? == 1)
    }

    /// A building.
    pub async fn find_venue(&self, venue_id: VenueId) -> Result<Option<Versioned<Venue>>, StoreError> {
        let text = format!("select {VENUE} from venues where id = $1");
        let row = sql(text, bind![venue_id]).one::<VersionedVenueRow>(self.reader()).await?;
        row.map(VersionedVenueRow::into_venue).transpose()
    }

    /// The buildings of a partner by their ids; `after` is the id of the last one seen.
    pub async fn venues_of(
        &self,
        partner_id: PartnerId,
        after: Option<VenueId>,
        limit: u32,
    ) -> Result<Vec<Versioned<Venue>>, StoreError> {
        let text = format!("select {VENUE} from venues where partner_id = $1 and id > $2 order by id limit {limit}");
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let rows = sql(text, bind![partner_id, after]).all::<VersionedVenueRow>(self.reader()).await?;
        rows.into_iter().map(VersionedVenueRow::into_venue).collect()
    }

    /// Changes a building that is in the version `seen`; who runs it stays.
    pub async fn update_venue(&self, venue: &Venue, seen: i64) -> Result<Edited, StoreError> {
        let Venue { id, partner_id: _, name, address, city, country, time_zone } = venue;
        let text = "update venues set name = $3, address = $4, city = $5, city_key = $6, country = $7, time_zone = $8, \
                    version = version + 1 where id = $1 and version = $2";
        let values = bind![
            *id,
            seen,
            name.as_str(),
            address.as_str(),
            city.as_str(),
            city.to_lowercase(),
            country.as_str(),
            time_zone.as_str()
        ];
        let changed = sql(text, values).run(self.writer()).await?;
        edited(self.writer(), "venues", &id.to_string(), changed, seen).await
    }

    /// Deletes a building that is in the version `seen` and has no hall.
    pub async fn delete_venue(&self, venue_id: VenueId, seen: i64) -> Result<Edited, StoreError> {
        self.change(|tx| async move {
            let done = delete_unused(&tx, "venues", &venue_id.to_string(), seen, ("halls", "venue_id")).await;
            (tx, done)
        })
        .await
    }

    /// Writes down a room without seats.
    pub async fn create_hall(&self, hall_id: HallId, venue_id: VenueId, name: &str) -> Result<HallCreated, StoreError> {
        self.change(|tx| async move {
            let done = create_hall(&tx, hall_id, venue_id, name).await;
            (tx, done)
        })
        .await
    }

    /// A room.
    pub async fn find_hall(&self, hall_id: HallId) -> Result<Option<Versioned<HallHead>>, StoreError> {
        let text = format!("select {HALL} where h.id = $1");
        let row = sql(text, bind![hall_id]).one::<HallRow>(self.reader()).await?;
        row.map(HallRow::into_hall).transpose()
    }

    /// The rooms of a building, by name.
    pub async fn halls_of(&self, venue_id: VenueId) -> Result<Vec<Versioned<HallHead>>, StoreError> {
        let text = format!("select {HALL} where h.venue_id = $1 order by h.name, h.id limit {MOST_HALLS}");
        let rows = sql(text, bind![venue_id]).all::<HallRow>(self.reader()).await?;
        rows.into_iter().map(HallRow::into_hall).collect()
    }

    /// Gives a room that is in the version `seen` another name.
    pub async fn rename_hall(&self, hall_id: HallId, name: &str, seen: i64) -> Result<Edited, StoreError> {
        let text = "update halls set name = $3, version = version + 1 where id = $1 and version = $2";
        let changed = sql(text, bind![hall_id, seen, name]).run(self.writer()).await?;
        edited(self.writer(), "halls", &hall_id.to_string(), changed, seen).await
    }

    /// Deletes a room that is in the version `seen` and in which there is no show, with its seats.
    pub async fn delete_hall(&self, hall_id: HallId, seen: i64) -> Result<Edited, StoreError> {
        self.change_or_undo(|tx| async move {
            let done = delete_hall(&tx, hall_id, seen).await;
            (tx, done)
        })
        .await
    }
}

async fn create_hall(
    tx: &DatabaseTransaction,
    hall_id: HallId,
    venue_id: VenueId,
    name: &str,
) -> Result<HallCreated, StoreError> {
    if !stays(tx, "venues", &venue_id.to_string()).await? {
        return Ok(HallCreated::NoVenue);
    }
    let text = "insert into halls (id, venue_id, name) values ($1, $2, $3) on conflict do nothing";
    let is_new = sql(text, bind![hall_id, venue_id, name]).run(tx).await? == 1;
    Ok(if is_new { HallCreated::Done } else { HallCreated::Known })
}

async fn delete_hall(tx: &DatabaseTransaction, hall_id: HallId, seen: i64) -> Result<Outcome<Edited>, StoreError> {
    let unused = lock_unused(tx, "halls", &hall_id.to_string(), seen, ("shows", "hall_id")).await?;
    if !matches!(unused, Edited::Done { .. }) {
        return Ok(Outcome::RollBack(unused));
    }
    sql("delete from seats where hall_id = $1", bind![hall_id]).run(tx).await?;
    sql("delete from halls where id = $1", bind![hall_id]).run(tx).await?;
    Ok(Outcome::Commit(unused))
}

/// The most rooms of a building that are listed; no building has so many.
const MOST_HALLS: u32 = 1_000;

const VENUE: &str = "id, partner_id, name, address, city, country, time_zone, version";
const HALL: &str = "h.id, h.venue_id, v.partner_id, h.name, h.version, \
     (select count(*) from seats s where s.hall_id = h.id) as seats from halls h join venues v on v.id = h.venue_id";

struct VersionedVenueRow {
    venue: VenueRow,
    version: i64,
}

impl FromQueryResult for VersionedVenueRow {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self { venue: VenueRow::from_query_result(row, prefix)?, version: row.try_get(prefix, "version")? })
    }
}

impl VersionedVenueRow {
    fn into_venue(self) -> Result<Versioned<Venue>, StoreError> {
        Ok(Versioned { content: self.venue.try_into()?, version: self.version })
    }
}

#[derive(FromQueryResult)]
struct HallRow {
    id: String,
    venue_id: String,
    partner_id: String,
    name: String,
    version: i64,
    seats: i64,
}

impl HallRow {
    fn into_hall(self) -> Result<Versioned<HallHead>, StoreError> {
        let of = RowOf::new("halls", &self.id);
        let content = HallHead {
            id: of.read(HallId::parse(&self.id))?,
            venue_id: of.read(VenueId::parse(&self.venue_id))?,
            partner_id: of.read(PartnerId::parse(&self.partner_id))?,
            name: self.name.clone(),
            seats: self.seats,
        };
        Ok(Versioned { content, version: self.version })
    }
}
