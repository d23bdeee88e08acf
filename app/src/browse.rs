//! Browsing without an account: what is on, where, and when.

use std::sync::Arc;

use domain::ids::EventId;
use domain::venue::CITY_CHARACTERS;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use store::{City, EventFilter, EventListing, ShowFilter, ShowListing};

use crate::kept::Kept;
use crate::listing::{Listed, check_limit, cursor, no_cursor, parse_cursor};
use crate::{App, AppError};

/// The longest text that is searched for, in characters.
const TEXT_CHARACTERS: usize = 100;
/// The most shows of an event in a city on a day.
const SHOWS_OF_A_DAY: u32 = 1_000;

/// Answers that browsing has given a moment ago.
#[derive(Default)]
pub(crate) struct Browsed {
    cities: Kept<(), Vec<City>>,
    zones: Kept<String, Option<String>>,
    events: Kept<(EventFilter, Option<String>, u32), Listed<EventListing>>,
    days: Kept<(EventId, String, Date), Vec<ShowListing>>,
}

/// What somebody looks for; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct EventSearch {
    /// The city, in capital or small letters.
    pub city: Option<String>,
    /// On this day, as the clocks of the city have it; of UTC where no city is named.
    pub date: Option<Date>,
    /// Performed in this language, a BCP 47 tag.
    pub language: Option<String>,
    /// Of this genre.
    pub genre: Option<String>,
    /// With this text in a title or a genre.
    pub text: Option<String>,
}

impl App {
    /// The cities in which something is on.
    pub async fn cities(&self) -> Result<Arc<Vec<City>>, AppError> {
        let now = self.now();
        self.browsed().cities.answer((), async { Ok(self.store().cities(now).await?) }).await
    }

    /// Events with shows to come.
    pub async fn search_events(
        &self,
        search: EventSearch,
        after: Option<String>,
        limit: u32,
    ) -> Result<Arc<Listed<EventListing>>, AppError> {
        check_limit(limit)?;
        let EventSearch { city, date, language, genre, text } = search;
        let city_key = city.map(|city| Ok::<_, AppError>(plain("city", &city, CITY_CHARACTERS)?.to_lowercase()));
        let city_key = city_key.transpose()?;
        let language = language.map(|it| plain("language", &it, TEXT_CHARACTERS)).transpose()?;
        let genre = genre.map(|it| plain("genre", &it, TEXT_CHARACTERS)).transpose()?;
        let text = text.map(|it| plain("text", &it, TEXT_CHARACTERS)).transpose()?.map(|it| it.to_lowercase());
        // The same question for a minute, so that its answer is kept.
        let now = minute(self.now());
        let (from, to) = match date {
            None => (now, None),
            Some(date) => {
                let (begin, end) = self.day(city_key.as_deref(), date).await?;
                (begin.max(now), Some(end))
            }
        };
        let filter = EventFilter { city_key, from, to, language, genre, text };
        let position = after.as_deref().map(after_event).transpose()?;
        let ask = async {
            let events = self.store().list_events(&filter, position, limit + 1).await?;
            Ok(Listed::page(events, limit, |it| cursor(it.first_start, &[&it.event.id.to_string()])))
        };
        self.browsed().events.answer((filter.clone(), after, limit), ask).await
    }

    /// The shows of an event in a city on a day, earliest first.
    pub async fn shows_of_day(
        &self,
        event_id: EventId,
        city: &str,
        date: Date,
    ) -> Result<Arc<Vec<ShowListing>>, AppError> {
        let city_key = plain("city", city, CITY_CHARACTERS)?.to_lowercase();
        let (begin, end) = self.day(Some(&city_key), date).await?;
        let city = Some(city_key.clone());
        let filter = ShowFilter { city, event_id: Some(event_id), from: Some(begin), to: Some(end) };
        let ask = async {
            let shows = self.store().list_shows(&filter, None, SHOWS_OF_A_DAY).await?;
            if shows.is_empty() {
                self.find_event(event_id).await?;
            }
            Ok(shows)
        };
        self.browsed().days.answer((event_id, city_key, date), ask).await
    }

    /// When a day begins and ends by the clocks of a city; a day may have 23 or 25 hours.
    async fn day(&self, city_key: Option<&str>, date: Date) -> Result<(Timestamp, Timestamp), AppError> {
        let zone = match city_key {
            None => TimeZone::UTC,
            Some(key) => {
                let ask = async { Ok(self.store().zone_of_city(key).await?) };
                let name = self.browsed().zones.answer(key.to_owned(), ask).await?;
                let known = name.as_deref().map(TimeZone::get).transpose().map_err(AppError::internal)?;
                known.unwrap_or(TimeZone::UTC)
            }
        };
        let out_of_range = |_error| AppError::invalid("date", "invalid_parameter", "is not a day that a calendar has");
        let begin = date.to_zoned(zone.clone()).map_err(out_of_range)?.timestamp();
        let next = date.checked_add(1.day()).map_err(out_of_range)?;
        let end = next.to_zoned(zone).map_err(out_of_range)?.timestamp();
        Ok((begin, end))
    }

    fn browsed(&self) -> &Browsed {
        &self.shared.browsed
    }
}

/// A text of a question, or which field it was.
fn plain(field: &'static str, text: &str, longest: usize) -> Result<String, AppError> {
    let text = text.trim();
    let fits = (1..=longest).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let problem = || format!("must have 1 to {longest} printable characters");
    if fits { Ok(text.to_owned()) } else { Err(AppError::invalid(field, "invalid_parameter", problem())) }
}

/// The minute that a moment is in.
fn minute(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(at)
}

fn after_event(text: &str) -> Result<(Timestamp, EventId), AppError> {
    let (at, names) = parse_cursor(text)?;
    let id = names.first().and_then(|id| EventId::parse(id).ok()).ok_or_else(no_cursor)?;
    Ok((at, id))
}
