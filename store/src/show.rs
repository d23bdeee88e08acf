//! Shows: one, and lists of them with what a listing shows beside them.

use std::collections::{BTreeMap, HashMap};

use domain::event::Event;
use domain::ids::{EventId, HallId, PartnerId, ShowId};
use domain::money::{Currency, Money};
use domain::seat::SeatCategory;
use domain::show::{HoldTime, Show, ShowState};
use domain::single_seat::SingleSeatRule;
use domain::venue::Venue;
use jiff::Timestamp;
use sea_orm::{DbErr, FromQueryResult, QueryResult};

use crate::Store;
use crate::catalogue::{EventRow, VenueRow};
use crate::column::RowOf;
use crate::error::StoreError;
use crate::pool::Session;
use crate::statement::{Column, bind, placeholders, sql};

/// Which shows to list; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct ShowFilter {
    /// The city, in small letters.
    pub city: Option<String>,
    /// The event.
    pub event_id: Option<EventId>,
    /// Shows that start then or later.
    pub from: Option<Timestamp>,
    /// Shows that start earlier than that.
    pub to: Option<Timestamp>,
}

/// A show with what a listing says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowListing {
    /// The show.
    pub show: Show,
    /// What is performed.
    pub event: Event,
    /// The name of the hall.
    pub hall: String,
    /// The building.
    pub venue: Venue,
    /// Which version of the show it is, from 1 on.
    pub version: i64,
}

impl Store {
    /// A show.
    pub async fn find_show(&self, show_id: ShowId) -> Result<Option<Show>, StoreError> {
        load(self.reader(), show_id, "").await
    }

    /// A show as a listing has it.
    pub async fn find_show_listing(&self, show_id: ShowId) -> Result<Option<ShowListing>, StoreError> {
        let mut found = self.listings("s.id = $1", bind![show_id], 1).await?;
        Ok(found.pop())
    }

    /// Shows by their start, earliest first; `after` is start and id of the last one seen.
    pub async fn list_shows(
        &self,
        filter: &ShowFilter,
        after: Option<(Timestamp, ShowId)>,
        limit: u32,
    ) -> Result<Vec<ShowListing>, StoreError> {
        let ShowFilter { city, event_id, from, to } = filter;
        let mut conditions = vec!["1 = 1".to_owned()];
        let mut values = Vec::new();
        let mut add = |condition: &str, value: Option<sea_orm::Value>| {
            if let Some(value) = value {
                values.push(value);
                conditions.push(condition.replace('?', &format!("${}", values.len())));
            }
        };
        add("v.city_key = ?", city.as_ref().map(Column::value));
        add("s.event_id = ?", event_id.as_ref().map(Column::value));
        add("s.starts_at >= ?", from.as_ref().map(Column::value));
        add("s.starts_at < ?", to.as_ref().map(Column::value));
        if let Some((starts_at, show_id)) = after {
            values.extend(bind![starts_at, show_id]);
            conditions.push(format!("(s.starts_at, s.id) > (${}, ${})", values.len() - 1, values.len()));
        }
        self.listings(&conditions.join(" and "), values, limit).await
    }

    async fn listings(
        &self,
        condition: &str,
        values: Vec<sea_orm::Value>,
        limit: u32,
    ) -> Result<Vec<ShowListing>, StoreError> {
        let text = format!(
            "select {COLUMNS}, s.version, e.partner_id as event_partner_id, e.kind as event_kind, \
             e.titles as event_titles, e.languages as event_languages, e.genres as event_genres, \
             e.duration_minutes as event_duration_minutes, e.age_rating as event_age_rating, h.name as hall_name, \
             v.id as venue_id, v.partner_id as venue_partner_id, v.name as venue_name, v.address as venue_address, \
             v.city as venue_city, v.country as venue_country, v.time_zone as venue_time_zone \
             from shows s join events e on e.id = s.event_id join halls h on h.id = s.hall_id \
             join venues v on v.id = h.venue_id where {condition} order by s.starts_at, s.id limit {limit}"
        );
        let rows = sql(text, values).all::<ListingRow>(self.reader()).await?;
        let ids: Vec<&str> = rows.iter().map(|row| row.show.id.as_str()).collect();
        let mut prices = load_prices(self.reader(), &ids).await?;
        let mut listings = Vec::with_capacity(rows.len());
        for row in rows {
            let of_show = prices.remove(&row.show.id).unwrap_or_default();
            listings.push(ShowListing {
                show: row.show.into_show(of_show)?,
                event: row.event.try_into()?,
                hall: row.hall_name,
                venue: row.venue.try_into()?,
                version: row.version,
            });
        }
        Ok(listings)
    }
}

/// A show with its prices; `lock` is what follows the select.
pub(crate) async fn load(db: &impl Session, show_id: ShowId, lock: &str) -> Result<Option<Show>, StoreError> {
    let text = format!(
        "select {COLUMNS}, p.category as price_category, p.price_minor from shows s \
         left join show_prices p on p.show_id = s.id where s.id = $1{lock}"
    );
    let rows = sql(text, bind![show_id]).all::<PricedShowRow>(db).await?;
    let mut show = None;
    let mut prices = Vec::new();
    for row in rows {
        prices.extend(row.price);
        show = Some(row.show);
    }
    show.map(|show| show.into_show(prices)).transpose()
}

const COLUMNS: &str = "s.id, s.event_id, s.hall_id, s.partner_id, s.starts_at, s.ends_at, s.sales_open_at, \
     s.sales_close_at, s.state, s.currency, s.hold_seconds, s.refund_policy, s.single_seats";

async fn load_prices(db: &impl Session, show_ids: &[&str]) -> Result<HashMap<String, Vec<PriceRow>>, StoreError> {
    let mut by_show: HashMap<String, Vec<PriceRow>> = HashMap::new();
    if show_ids.is_empty() {
        return Ok(by_show);
    }
    let text = format!(
        "select show_id, category, price_minor from show_prices where show_id in ({})",
        placeholders(1, show_ids.len())
    );
    let values = show_ids.iter().map(Column::value).collect();
    for row in sql(text, values).all::<PriceRow>(db).await? {
        by_show.entry(row.show_id.clone()).or_default().push(row);
    }
    Ok(by_show)
}

#[derive(FromQueryResult)]
struct PriceRow {
    show_id: String,
    category: String,
    price_minor: i64,
}

#[derive(FromQueryResult)]
struct ShowRow {
    id: String,
    event_id: String,
    hall_id: String,
    partner_id: String,
    starts_at: i64,
    ends_at: i64,
    sales_open_at: i64,
    sales_close_at: i64,
    state: String,
    currency: String,
    hold_seconds: i64,
    refund_policy: String,
    single_seats: String,
}

impl ShowRow {
    fn into_show(self, price_rows: Vec<PriceRow>) -> Result<Show, StoreError> {
        let of = RowOf::new("shows", &self.id);
        let currency = of.read(Currency::parse(&self.currency))?;
        let mut prices = BTreeMap::new();
        for row in price_rows {
            let of_price = RowOf::new("show_prices", &self.id);
            let category = of_price.read(SeatCategory::parse(&row.category))?;
            prices.insert(category, Money::new(row.price_minor, currency));
        }
        Ok(Show {
            id: of.read(ShowId::parse(&self.id))?,
            event_id: of.read(EventId::parse(&self.event_id))?,
            hall_id: of.read(HallId::parse(&self.hall_id))?,
            partner_id: of.read(PartnerId::parse(&self.partner_id))?,
            starts_at: of.instant(self.starts_at)?,
            ends_at: of.instant(self.ends_at)?,
            sales_open_at: of.instant(self.sales_open_at)?,
            sales_close_at: of.instant(self.sales_close_at)?,
            state: of.named(&self.state, &ShowState::ALL, ShowState::as_str)?,
            currency,
            prices,
            hold: of.read(HoldTime::parse(self.hold_seconds))?,
            refund_policy: of.json(&self.refund_policy)?,
            single_seats: of.named(&self.single_seats, &SingleSeatRule::ALL, SingleSeatRule::as_str)?,
        })
    }
}

/// A show with one of its prices; none where it has none at all.
struct PricedShowRow {
    show: ShowRow,
    price: Option<PriceRow>,
}

impl FromQueryResult for PricedShowRow {
    fn from_query_result(row: &QueryResult, _prefix: &str) -> Result<Self, DbErr> {
        let show = ShowRow::from_query_result(row, "")?;
        let category: Option<String> = row.try_get("", "price_category")?;
        let price = match category {
            Some(category) => {
                let price_minor = row.try_get("", "price_minor")?;
                Some(PriceRow { show_id: show.id.clone(), category, price_minor })
            }
            None => None,
        };
        Ok(Self { show, price })
    }
}

struct ListingRow {
    show: ShowRow,
    event: EventRow,
    hall_name: String,
    venue: VenueRow,
    version: i64,
}

impl FromQueryResult for ListingRow {
    fn from_query_result(row: &QueryResult, _prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            show: ShowRow::from_query_result(row, "")?,
            event: EventRow::from_query_result(row, "event_")?,
            hall_name: row.try_get("", "hall_name")?,
            venue: VenueRow::from_query_result(row, "venue_")?,
            version: row.try_get("", "version")?,
        })
    }
}
