//! Browsing without an account: cities, what is on in them, and at what times.

use std::collections::BTreeMap;

use app::browse::EventSearch;
use app::listing::{Listed, PAGE_ITEMS};
use app::{App, City, EventListing, ShowListing};
use domain::contact::Locale;
use domain::event::Event;
use domain::ids::{EventId, ShowId, VenueId};
use domain::venue::Venue;
use jiff::civil::Date;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::etag::{etag, is_known};
use crate::event::EventOut;
use crate::id::Id;
use crate::moment::Moment;
use crate::problem::Problem;
use crate::problem_kind::INVALID_PARAMETER;
use crate::refusal::{Browsing, Open, Refusal};
use crate::show::PriceOut;
use crate::tags::Tag;
use crate::venue::VenueOut;

/// The operations of those who look around.
pub struct BrowseRoutes;

/// A city in which something is on.
#[derive(Debug, Object)]
#[oai(rename = "City", rename_all = "camelCase")]
pub struct CityOut {
    /// Its name.
    pub name: String,
    /// The country, ISO 3166-1 alpha-2.
    pub country: String,
    /// The IANA time zone of its venues.
    pub time_zone: String,
    /// How many shows are to come.
    pub shows: i64,
}

/// The cities in which something is on.
#[derive(Debug, Object)]
#[oai(rename = "Cities", rename_all = "camelCase")]
pub struct CitiesOut {
    /// The cities, by name; at most 1,000.
    pub items: Vec<CityOut>,
}

/// An event that is on.
#[derive(Debug, Object)]
#[oai(rename = "ListedEvent", rename_all = "camelCase")]
pub struct ListedEventOut {
    /// The title in the language that the client reads best, or the next best there is.
    pub title: String,
    /// The language of that title, a BCP 47 tag.
    pub title_language: String,
    /// The event.
    pub event: EventOut,
    /// When the first of the shows that were asked for starts.
    pub first_starts_at: Moment,
    /// How many shows of those that were asked for there are.
    pub shows: i64,
}

/// One page of events.
#[derive(Debug, Object)]
#[oai(rename = "ListedEventPage", rename_all = "camelCase")]
pub struct ListedEventPageOut {
    /// The events, those that start first before others.
    pub items: Vec<ListedEventOut>,
    /// What to send as `cursor` for the next page; null on the last.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// When an event is on at a venue on a day.
#[derive(Debug, Object)]
#[oai(rename = "TimesAtVenue", rename_all = "camelCase")]
pub struct TimesAtVenueOut {
    /// The venue.
    pub venue: VenueOut,
    /// Its shows, earliest first.
    pub shows: Vec<TimeOut>,
}

/// A show among those of a day.
#[derive(Debug, Object)]
#[oai(rename = "Time", rename_all = "camelCase")]
pub struct TimeOut {
    /// The show.
    pub show_id: Id<ShowId>,
    /// The name of the hall.
    pub hall: String,
    /// When it starts.
    pub starts_at: Moment,
    /// The same by the clocks of the venue: `19:30`.
    pub local_time: String,
    /// `scheduled` or `cancelled`.
    pub state: String,
    /// What a seat of each category costs.
    pub prices: Vec<PriceOut>,
}

/// When an event is on in a city on a day, venue by venue.
#[derive(Debug, Object)]
#[oai(rename = "Times", rename_all = "camelCase")]
pub struct TimesOut {
    /// The venues, by name.
    pub items: Vec<TimesAtVenueOut>,
}

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident: $content:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, ApiResponse)]
        pub enum $name {
            /// Found.
            #[oai(status = 200)]
            Found(Json<$content>, #[oai(header = "ETag")] String),
            /// As in the answer that had this tag.
            #[oai(status = 304)]
            NotModified(#[oai(header = "ETag")] String),
        }

        impl $name {
            fn of(content: $content, known: Option<&str>) -> Self {
                let tag = etag(&content);
                if is_known(known, &tag) { Self::NotModified(tag) } else { Self::Found(Json(content), tag) }
            }
        }
    )*};
}

answers! {
    /// The cities, unless the client has them already.
    CitiesAnswer: CitiesOut;
    /// Events, unless the client has them already.
    EventsAnswer: ListedEventPageOut;
    /// Times, unless the client has them already.
    TimesAnswer: TimesOut;
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Shows")]
impl BrowseRoutes {
    /// List the cities in which something is on
    #[oai(path = "/cities", method = "get", operation_id = "listCities")]
    async fn cities(
        &self,
        app: Data<&App>,
        /// The `ETag` of the answer that the client has.
        #[oai(name = "If-None-Match")]
        known: Header<Option<String>>,
    ) -> Result<CitiesAnswer, Refusal<Browsing>> {
        let cities = app.cities().await?;
        let items = cities.iter().cloned().map(CityOut::from).collect();
        Ok(CitiesAnswer::of(CitiesOut { items }, known.as_deref()))
    }

    /// List what is on
    ///
    /// Events with shows to come, those that start first before others, in pages.
    #[allow(clippy::too_many_arguments, reason = "one argument per parameter of the request")]
    #[oai(path = "/events", method = "get", operation_id = "listEvents")]
    async fn events(
        &self,
        app: Data<&App>,
        /// Only in this city, in capital or small letters.
        city: Query<Option<String>>,
        /// Only on this day by the clocks of the city, `2026-12-24`; of UTC where no city is named.
        date: Query<Option<String>>,
        /// Only those performed in this language, a BCP 47 tag.
        language: Query<Option<String>>,
        /// Only those of this genre.
        genre: Query<Option<String>>,
        /// Only those with this text in a title or a genre, in capital or small letters.
        text: Query<Option<String>>,
        /// How many at most, 1 to 200; 50 if it is not said.
        limit: Query<Option<u32>>,
        /// The `nextCursor` of the page before.
        cursor: Query<Option<String>>,
        /// The languages that the client reads, the best first.
        #[oai(name = "Accept-Language")]
        languages: Header<Option<String>>,
        /// The `ETag` of the answer that the client has.
        #[oai(name = "If-None-Match")]
        known: Header<Option<String>>,
    ) -> Result<EventsAnswer, Refusal<Browsing>> {
        let date = date.0.as_deref().map(day).transpose()?;
        let search = EventSearch { city: city.0, date, language: language.0, genre: genre.0, text: text.0 };
        let listed = app.search_events(search, cursor.0, limit.unwrap_or(PAGE_ITEMS)).await?;
        let languages = preferred(languages.as_deref().unwrap_or_default());
        let Listed { items, next_cursor } = listed.as_ref();
        let items = items.iter().cloned().map(|listing| ListedEventOut::of(listing, &languages)).collect();
        let page = ListedEventPageOut { items, next_cursor: next_cursor.clone() };
        Ok(EventsAnswer::of(page, known.as_deref()))
    }

    /// List when an event is on in a city on a day
    ///
    /// Venue by venue, earliest first.
    #[oai(path = "/events/:id/times", method = "get", operation_id = "listTimes")]
    async fn times(
        &self,
        app: Data<&App>,
        /// The event.
        id: Path<Id<EventId>>,
        /// The city, in capital or small letters.
        city: Query<String>,
        /// The day by the clocks of the city, `2026-12-24`.
        date: Query<String>,
        /// The `ETag` of the answer that the client has.
        #[oai(name = "If-None-Match")]
        known: Header<Option<String>>,
    ) -> Result<TimesAnswer, Refusal<Open>> {
        let shows = app.shows_of_day(id.parse("id")?, &city, day(&date)?).await?;
        Ok(TimesAnswer::of(TimesOut::of(&shows), known.as_deref()))
    }
}

fn day(text: &str) -> Result<Date, Problem> {
    let wrong = |_error| Problem::of_field(&INVALID_PARAMETER, "date", "must be a day such as `2026-12-24`");
    text.parse().map_err(wrong)
}

/// The languages of an `Accept-Language` header, the best first (RFC 9110 section 12.5.4).
fn preferred(header: &str) -> Vec<Locale> {
    let mut weighted: Vec<(i32, Locale)> = header
        .split(',')
        .filter_map(|part| {
            let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
            let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.trim().parse::<f64>().ok())?;
            let thousandths = (weight.clamp(0.0, 1.0) * 1000.0).round();
            let locale = Locale::parse(tag.trim()).ok()?;
            // At most a thousand, so nothing is cut.
            #[allow(clippy::cast_possible_truncation, reason = "between 0 and 1000")]
            (thousandths > 0.0).then_some((thousandths as i32, locale))
        })
        .collect();
    weighted.sort_by_key(|(weight, _)| -weight);
    weighted.into_iter().map(|(_, locale)| locale).collect()
}

impl From<City> for CityOut {
    fn from(city: City) -> Self {
        let City { name, country, time_zone, shows } = city;
        Self { name, country, time_zone, shows }
    }
}

impl ListedEventOut {
    fn of(listing: EventListing, languages: &[Locale]) -> Self {
        let EventListing { event, first_start, shows } = listing;
        let (title_language, title) = title_of(&event, languages);
        Self { title, title_language, event: event.into(), first_starts_at: first_start.into(), shows }
    }
}

fn title_of(event: &Event, languages: &[Locale]) -> (String, String) {
    let (language, title) = event.title(languages).unwrap_or_default();
    (language.to_owned(), title.to_owned())
}

impl TimesOut {
    fn of(shows: &[ShowListing]) -> Self {
        let mut venues: BTreeMap<(String, VenueId), TimesAtVenueOut> = BTreeMap::new();
        for listing in shows {
            let key = (listing.venue.name.clone(), listing.venue.id);
            let at_venue = || TimesAtVenueOut { venue: listing.venue.clone().into(), shows: Vec::new() };
            venues.entry(key).or_insert_with(at_venue).shows.push(TimeOut::of(listing));
        }
        Self { items: venues.into_values().collect() }
    }
}

impl TimeOut {
    fn of(listing: &ShowListing) -> Self {
        let ShowListing { show, event: _, hall, venue, version: _ } = listing;
        Self {
            show_id: show.id.into(),
            hall: hall.clone(),
            starts_at: show.starts_at.into(),
            local_time: local_time(show.starts_at, venue),
            state: show.state.as_str().to_owned(),
            prices: show.prices.clone().into_iter().map(PriceOut::from).collect(),
        }
    }
}

/// The wall clock of a venue; that of UTC where its zone is none, which is not let in.
fn local_time(at: jiff::Timestamp, venue: &Venue) -> String {
    let zone = venue.zone().unwrap_or(jiff::tz::TimeZone::UTC);
    at.to_zoned(zone).strftime("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::preferred;

    #[test]
    fn languages_are_taken_by_their_weight() {
        let tags = |header| preferred(header).into_iter().map(|it| it.as_str().to_owned()).collect::<Vec<_>>();
        assert_eq!(tags("de-AT, en;q=0.5, fr;q=0.8"), ["de-AT", "fr", "en"]);
        assert_eq!(tags("en;q=0, *, de;q=abc, it"), ["it"]);
        assert!(tags("").is_empty());
    }
}
