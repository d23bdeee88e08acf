//! The catalogue: partners, venues, halls with their seats, events and shows, loaded in bulk and as often as one likes.

use domain::event::{Event, EventKind};
use domain::ids::{EventId, PartnerId, VenueId};
use domain::partner::Partner;
use domain::seat::Seat;
use domain::show::Show;
use domain::venue::{Hall, Venue};
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult, Value};

use crate::Store;
use crate::column::{RowOf, json_text, rounded};
use crate::error::StoreError;
use crate::statement::{bind, placeholder_rows, sql};

/// How many rows one insert carries: with nine columns well under the 32766 values that SQLite takes.
const ROWS_PER_INSERT: usize = 500;

/// What partners offer, to be loaded together.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// Who sells.
    pub partners: Vec<Partner>,
    /// The buildings.
    pub venues: Vec<Venue>,
    /// The rooms with their seats.
    pub halls: Vec<Hall>,
    /// What is performed.
    pub events: Vec<Event>,
    /// When and where.
    pub shows: Vec<Show>,
}

impl Store {
    /// Writes a catalogue. What is there already, by its id, is brought up to date; seats of shows are made from the
    /// seats of the hall and left alone where they exist, and so is the state of a show.
    pub async fn load_catalogue(&self, catalogue: &Catalogue, now: Timestamp) -> Result<(), StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = load(&tx, catalogue, now).await;
            (tx, done)
        })
        .await
    }
}

async fn load(tx: &DatabaseTransaction, catalogue: &Catalogue, now: Timestamp) -> Result<(), StoreError> {
    let Catalogue { partners, venues, halls, events, shows } = catalogue;
    let rows = partners.iter().map(|it| bind![it.id, it.name, now]).collect();
    insert(tx, "partners", "id, name, created_at", rows, "(id) do update set name = excluded.name").await?;
    load_places(tx, venues, halls).await?;
    load_events(tx, events).await?;
    load_shows(tx, shows).await?;
    for show in shows {
        let text = "insert into show_seats (show_id, seat_id, category, state) \
                    select $1, id, category, 'available' from seats where hall_id = $2 on conflict do nothing";
        sql(text, bind![show.id, show.hall_id]).run(tx).await?;
    }
    Ok(())
}

async fn load_places(tx: &DatabaseTransaction, venues: &[Venue], halls: &[Hall]) -> Result<(), StoreError> {
    let rows = venues
        .iter()
        .map(|it| {
            let city_key = it.city.to_lowercase();
            bind![it.id, it.partner_id, it.name, it.address, it.city, city_key, it.country, it.time_zone]
        })
        .collect();
    let columns = "id, partner_id, name, address, city, city_key, country, time_zone";
    let update = "(id) do update set name = excluded.name, address = excluded.address, city = excluded.city, \
                  city_key = excluded.city_key, country = excluded.country, time_zone = excluded.time_zone";
    insert(tx, "venues", columns, rows, update).await?;

    let rows = halls.iter().map(|it| bind![it.id, it.venue_id, it.name]).collect();
    insert(tx, "halls", "id, venue_id, name", rows, "(id) do update set name = excluded.name").await?;

    insert_seats(tx, halls.iter().flat_map(|hall| &hall.seats)).await
}

/// Writes seats of halls; those that are there are brought up to date.
pub(crate) async fn insert_seats(
    tx: &DatabaseTransaction,
    seats: impl Iterator<Item = &Seat>,
) -> Result<(), StoreError> {
    let rows = seats
        .map(|it| {
            let category = it.category.as_str();
            bind![it.id, it.hall_id, it.section, it.row, it.number, category, it.accessible, it.x, it.y]
        })
        .collect();
    let columns = "id, hall_id, section, row_label, number, category, accessible, x, y";
    let update = "(id) do update set section = excluded.section, row_label = excluded.row_label, \
                  number = excluded.number, category = excluded.category, accessible = excluded.accessible, \
                  x = excluded.x, y = excluded.y";
    insert(tx, "seats", columns, rows, update).await
}

async fn load_events(tx: &DatabaseTransaction, events: &[Event]) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(events.len());
    for it in events {
        rows.push(bind![
            it.id,
            it.partner_id,
            it.kind.as_str(),
            json_text(&it.titles)?,
            json_text(&it.languages)?,
            json_text(&it.genres)?,
            it.duration_minutes,
            it.age_rating,
            it.searchable(),
        ]);
    }
    let columns = "id, partner_id, kind, titles, languages, genres, duration_minutes, age_rating, search";
    let update = "(id) do update set kind = excluded.kind, titles = excluded.titles, languages = excluded.languages, \
                  genres = excluded.genres, duration_minutes = excluded.duration_minutes, \
                  age_rating = excluded.age_rating, search = excluded.search";
    insert(tx, "events", columns, rows, update).await
}

async fn load_shows(tx: &DatabaseTransaction, shows: &[Show]) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(shows.len());
    let mut prices = Vec::new();
    for it in shows {
        rows.push(bind![
            it.id,
            it.event_id,
            it.hall_id,
            it.partner_id,
            it.starts_at,
            it.ends_at,
            it.sales_open_at,
            it.sales_close_at,
            it.state.as_str(),
            it.currency.as_str(),
            it.hold.seconds(),
            json_text(&it.refund_policy)?,
            it.single_seats.as_str(),
        ]);
        prices.extend(it.prices.iter().map(|(category, price)| bind![it.id, category.as_str(), price.minor]));
    }
    let columns = "id, event_id, hall_id, partner_id, starts_at, ends_at, sales_open_at, sales_close_at, state, \
                   currency, hold_seconds, refund_policy, single_seats";
    let update = "(id) do update set starts_at = excluded.starts_at, ends_at = excluded.ends_at, \
                  sales_open_at = excluded.sales_open_at, sales_close_at = excluded.sales_close_at, \
                  hold_seconds = excluded.hold_seconds, refund_policy = excluded.refund_policy, \
                  single_seats = excluded.single_seats";
    insert(tx, "shows", columns, rows, update).await?;
    let update = "(show_id, category) do update set price_minor = excluded.price_minor";
    insert(tx, "show_prices", "show_id, category, price_minor", prices, update).await
}

/// Inserts many rows, a few hundred at a time.
async fn insert(
    tx: &DatabaseTransaction,
    table: &str,
    columns: &str,
    rows: Vec<Vec<Value>>,
    on_conflict: &str,
) -> Result<(), StoreError> {
    for rows in rows.chunks(ROWS_PER_INSERT) {
        let width = rows.first().map_or(0, Vec::len);
        let groups = placeholder_rows(rows.len(), width);
        let text = format!("insert into {table} ({columns}) values {groups} on conflict {on_conflict}");
        sql(text, rows.concat()).run(tx).await?;
    }
    Ok(())
}

/// The columns of an event, for a select from `events e`.
pub(crate) const EVENT: &str =
    "e.id, e.partner_id, e.kind, e.titles, e.languages, e.genres, e.duration_minutes, e.age_rating";

/// A row of `events`.
#[derive(FromQueryResult)]
pub(crate) struct EventRow {
    id: String,
    partner_id: String,
    kind: String,
    titles: String,
    languages: String,
    genres: String,
    duration_minutes: i32,
    age_rating: Option<String>,
}

impl TryFrom<EventRow> for Event {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let of = RowOf::new("events", &row.id);
        Ok(Self {
            id: of.read(EventId::parse(&row.id))?,
            partner_id: of.read(PartnerId::parse(&row.partner_id))?,
            kind: of.named(&row.kind, &EventKind::ALL, EventKind::as_str)?,
            titles: of.json(&row.titles)?,
            languages: of.json(&row.languages)?,
            genres: of.json(&row.genres)?,
            duration_minutes: row.duration_minutes,
            age_rating: row.age_rating,
        })
    }
}

/// A row of `venues`.
#[derive(FromQueryResult)]
pub(crate) struct VenueRow {
    id: String,
    partner_id: String,
    name: String,
    address: String,
    city: String,
    country: String,
    time_zone: String,
}

impl TryFrom<VenueRow> for Venue {
    type Error = StoreError;

    fn try_from(row: VenueRow) -> Result<Self, StoreError> {
        let of = RowOf::new("venues", &row.id);
        Ok(Self {
            id: of.read(VenueId::parse(&row.id))?,
            partner_id: of.read(PartnerId::parse(&row.partner_id))?,
            name: row.name,
            address: row.address,
            city: row.city,
            country: row.country,
            time_zone: row.time_zone,
        })
    }
}
