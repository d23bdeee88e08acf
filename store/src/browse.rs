//! Browsing: what is on in which city, for everybody.

use domain::event::Event;
use domain::ids::EventId;
use jiff::Timestamp;
use sea_orm::{DbErr, FromQueryResult, QueryResult, Value};

use crate::Store;
use crate::catalogue::{EVENT, EventRow};
use crate::column::RowOf;
use crate::error::StoreError;
use crate::statement::{Column, bind, sql};

/// The most cities that are listed.
const MOST_CITIES: u32 = 1_000;

/// A city in which something is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct City {
    /// Its name.
    pub name: String,
    /// The country, ISO 3166-1 alpha-2.
    pub country: String,
    /// A time zone of its venues.
    pub time_zone: String,
    /// How many shows are to come.
    pub shows: i64,
}

/// Which events to list; what is none does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventFilter {
    /// The city, in small letters.
    pub city_key: Option<String>,
    /// With a show that starts then or later.
    pub from: Timestamp,
    /// With a show that starts earlier than that.
    pub to: Option<Timestamp>,
    /// Performed in this language, a BCP 47 tag.
    pub language: Option<String>,
    /// Of this genre, as its partner spells it.
    pub genre: Option<String>,
    /// With this text in a title or a genre, in small letters.
    pub text: Option<String>,
}

/// An event with what a list says beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventListing {
    /// The event.
    pub event: Event,
    /// When its first show of those that were asked for starts.
    pub first_start: Timestamp,
    /// How many shows of those that were asked for there are.
    pub shows: i64,
}

impl Store {
    /// The cities in which something is on, by name.
    pub async fn cities(&self, now: Timestamp) -> Result<Vec<City>, StoreError> {
        let text = format!(
            "select min(v.city) as name, v.country, min(v.time_zone) as time_zone, count(*) as shows from shows s \
             join halls h on h.id = s.hall_id join venues v on v.id = h.venue_id \
             where s.state = 'scheduled' and s.starts_at >= $1 \
             group by v.city_key, v.country order by v.city_key, v.country limit {MOST_CITIES}"
        );
        let rows = sql(text, bind![now]).all::<CityRow>(self.reader()).await?;
        let city = |row: CityRow| {
            let CityRow { name, country, time_zone, shows } = row;
            City { name, country, time_zone, shows }
        };
        Ok(rows.into_iter().map(city).collect())
    }

    /// The time zone of a city, by its name in small letters; none where there is no venue.
    pub async fn zone_of_city(&self, city_key: &str) -> Result<Option<String>, StoreError> {
        #[derive(FromQueryResult)]
        struct Zone {
            time_zone: String,
        }
        let text = "select time_zone from venues where city_key = $1 order by id limit 1";
        let found = sql(text, bind![city_key]).one::<Zone>(self.reader()).await?;
        Ok(found.map(|zone| zone.time_zone))
    }

    /// Events with shows to come, those that start first before others; `after` is the start and the id of the last one
    /// seen.
    pub async fn list_events(
        &self,
        filter: &EventFilter,
        after: Option<(Timestamp, EventId)>,
        limit: u32,
    ) -> Result<Vec<EventListing>, StoreError> {
        let EventFilter { city_key, from, to, language, genre, text } = filter;
        let mut conditions = vec!["s.state = 'scheduled'".to_owned(), "s.starts_at >= $1".to_owned()];
        let mut values: Vec<Value> = bind![*from];
        let mut add = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                conditions.push(condition.replace('?', &format!("${}", values.len())));
            }
        };
        add("v.city_key = ?", city_key.as_ref().map(Column::value));
        add("s.starts_at < ?", to.as_ref().map(Column::value));
        // Languages and genres are lists of texts in JSON; one of them stands in quotes.
        add("e.languages like ? escape '!'", language.as_deref().map(|it| contains(&quoted(it)).value()));
        add("e.genres like ? escape '!'", genre.as_deref().map(|it| contains(&quoted(it)).value()));
        add("e.search like ? escape '!'", text.as_deref().map(|it| contains(it).value()));
        let mut having = String::new();
        if let Some((start, event_id)) = after {
            values.extend(bind![start, event_id]);
            having = format!("having (min(s.starts_at), e.id) > (${}, ${})", values.len() - 1, values.len());
        }
        let places =
            if city_key.is_some() { "join halls h on h.id = s.hall_id join venues v on v.id = h.venue_id" } else { "" };
        let text = format!(
            "select {EVENT}, f.first_start, f.shows from (select e.id as event_id, min(s.starts_at) as first_start, \
             count(*) as shows from shows s join events e on e.id = s.event_id {places} where {} \
             group by e.id {having} order by 2, 1 limit {limit}) f join events e on e.id = f.event_id \
             order by f.first_start, e.id",
            conditions.join(" and "),
        );
        let rows = sql(text, values).all::<ListedEventRow>(self.reader()).await?;
        rows.into_iter().map(EventListing::try_from).collect()
    }
}

/// A pattern for whatever has a text in it.
fn contains(text: &str) -> String {
    let mut pattern = String::from("%");
    for char in text.chars() {
        if matches!(char, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(char);
    }
    pattern.push('%');
    pattern
}

/// A text as it stands in JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[derive(FromQueryResult)]
struct CityRow {
    name: String,
    country: String,
    time_zone: String,
    shows: i64,
}

struct ListedEventRow {
    event: EventRow,
    first_start: i64,
    shows: i64,
}

impl FromQueryResult for ListedEventRow {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            event: EventRow::from_query_result(row, prefix)?,
            first_start: row.try_get(prefix, "first_start")?,
            shows: row.try_get(prefix, "shows")?,
        })
    }
}

impl TryFrom<ListedEventRow> for EventListing {
    type Error = StoreError;

    fn try_from(row: ListedEventRow) -> Result<Self, StoreError> {
        let first_start = RowOf::new("shows", "").instant(row.first_start)?;
        Ok(Self { event: row.event.try_into()?, first_start, shows: row.shows })
    }
}
