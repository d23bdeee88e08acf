//! Looking around: cities, and what is on in them.

use std::collections::BTreeMap;

use domain::event::{Event, EventKind};
use domain::ids::{EventId, HallId, ShowId, VenueId};
use domain::show::{Show, ShowState};
use domain::venue::{Hall, Venue};
use jiff::{SignedDuration, Timestamp};
use store::{Catalogue, EventFilter, Store};
use uuid::Uuid;

use crate::fixture::{self, now};
use crate::harness::TestDatabase;

on_both_databases! {
    cities_are_those_with_shows_to_come,
    events_are_found_by_what_is_asked_for,
    events_are_listed_in_pages_by_their_first_show,
}

fn hour(number: i64) -> Timestamp {
    now() + SignedDuration::from_hours(number)
}

fn event_id(number: u128) -> EventId {
    EventId::new(Uuid::from_u128(0xe0_0000 + number))
}

struct Titled {
    number: u128,
    titles: &'static [(&'static str, &'static str)],
    languages: &'static [&'static str],
    genres: &'static [&'static str],
}

/// Two cities: Wien with a hall, Ústí nad Labem with another; an event has a show per hour that is given, with its city.
async fn put_on(store: &Store, events: &[(Titled, &[(usize, i64)])]) {
    let model = fixture::catalogue(1);
    let mut catalogue = Catalogue { partners: model.partners.clone(), ..Catalogue::default() };
    for (number, (city, country, zone)) in
        [("Wien", "AT", "Europe/Vienna"), ("Ústí nad Labem", "CZ", "Europe/Prague")].into_iter().enumerate()
    {
        let venue_id = VenueId::new(Uuid::from_u128(0x7e_0000 + number as u128));
        let (city, country, time_zone) = (city.to_owned(), country.to_owned(), zone.to_owned());
        catalogue.venues.push(Venue { id: venue_id, city, country, time_zone, ..model.venues[0].clone() });
        let id = HallId::new(Uuid::from_u128(0x4a_0000 + number as u128));
        catalogue.halls.push(Hall { id, venue_id, name: "Saal".to_owned(), seats: Vec::new() });
    }
    let mut next_show = 0x50_0000;
    for (titled, shows) in events {
        let Titled { number, titles, languages, genres } = titled;
        let id = event_id(*number);
        let texts = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect();
        let titles: BTreeMap<_, _> =
            titles.iter().map(|(tag, title)| ((*tag).to_owned(), (*title).to_owned())).collect();
        catalogue.events.push(Event {
            id,
            kind: EventKind::Film,
            titles,
            languages: texts(languages),
            genres: texts(genres),
            ..model.events[0].clone()
        });
        for (city, at) in *shows {
            next_show += 1;
            let id_of_show = ShowId::new(Uuid::from_u128(next_show));
            let hall_id = catalogue.halls[*city].id;
            let times = (hour(*at), hour(*at + 2));
            let show = Show {
                id: id_of_show,
                event_id: id,
                hall_id,
                starts_at: times.0,
                ends_at: times.1,
                ..model.shows[0].clone()
            };
            catalogue.shows.push(show);
        }
    }
    store.load_catalogue(&catalogue, now()).await.unwrap();
}

async fn three_events(store: &Store) {
    let metropolis = Titled {
        number: 1,
        titles: &[("de", "Metropolis"), ("en", "METROPOLIS 100%")],
        languages: &["de"],
        genres: &["science fiction"],
    };
    let faust = Titled { number: 2, titles: &[("de", "Faust")], languages: &["de", "en"], genres: &["drama", "Über"] };
    let over = Titled { number: 3, titles: &[("de", "Vorbei")], languages: &["de"], genres: &["drama"] };
    put_on(store, &[(metropolis, &[(0, 5), (0, 30), (1, 6)]), (faust, &[(0, 3)]), (over, &[(1, -2)])]).await;
}

fn any() -> EventFilter {
    EventFilter { city_key: None, from: now(), to: None, language: None, genre: None, text: None }
}

async fn found(store: &Store, filter: EventFilter) -> Vec<(u128, i64)> {
    let listed = store.list_events(&filter, None, 50).await.unwrap();
    listed.iter().map(|it| (it.event.id.uuid().as_u128() - 0xe0_0000, it.shows)).collect()
}

async fn cities_are_those_with_shows_to_come(db: TestDatabase) {
    let store = &db.store;
    assert!(store.cities(now()).await.unwrap().is_empty());
    three_events(store).await;
    let cities = store.cities(now()).await.unwrap();
    let told: Vec<(&str, &str, i64)> = cities.iter().map(|it| (&*it.name, &*it.country, it.shows)).collect();
    assert_eq!(told, [("Wien", "AT", 3), ("Ústí nad Labem", "CZ", 1)]);
    assert_eq!(store.cities(hour(10)).await.unwrap().len(), 1);
    assert_eq!(store.zone_of_city("ústí nad labem").await.unwrap().as_deref(), Some("Europe/Prague"));
    assert_eq!(store.zone_of_city("Ústí nad Labem").await.unwrap(), None, "it is asked for in small letters");
    fixture::tamper(store, "update shows set state = 'cancelled' where starts_at > 0").await;
    assert!(store.cities(now()).await.unwrap().is_empty());
}

/// Events by their numbers, each with how many shows of it there are.
type Found = Vec<(u128, i64)>;

async fn events_are_found_by_what_is_asked_for(db: TestDatabase) {
    let store = &db.store;
    three_events(store).await;
    let text = |text: &str| Some(text.to_owned());
    let table: Vec<(&str, EventFilter, Found)> = vec![
        ("everything to come", any(), vec![(2, 1), (1, 3)]),
        ("a city", EventFilter { city_key: text("wien"), ..any() }, vec![(2, 1), (1, 2)]),
        ("another city", EventFilter { city_key: text("ústí nad labem"), ..any() }, vec![(1, 1)]),
        ("no such city", EventFilter { city_key: text("graz"), ..any() }, vec![]),
        ("a few hours", EventFilter { from: hour(4), to: Some(hour(6)), ..any() }, vec![(1, 1)]),
        ("the end is not in it", EventFilter { from: hour(4), to: Some(hour(5)), ..any() }, vec![]),
        ("a language", EventFilter { language: text("en"), ..any() }, vec![(2, 1)]),
        ("half a language", EventFilter { language: text("e"), ..any() }, vec![]),
        ("a genre", EventFilter { genre: text("drama"), ..any() }, vec![(2, 1)]),
        ("half a genre", EventFilter { genre: text("science"), ..any() }, vec![]),
        ("a genre that is no ASCII", EventFilter { genre: text("Über"), ..any() }, vec![(2, 1)]),
        ("a text", EventFilter { text: text("metro"), ..any() }, vec![(1, 3)]),
        ("a text of a genre", EventFilter { text: text("über"), ..any() }, vec![(2, 1)]),
        ("a percent sign", EventFilter { text: text("100%"), ..any() }, vec![(1, 3)]),
        ("a percent sign that is none", EventFilter { text: text("fa%st"), ..any() }, vec![]),
        ("an underscore that is none", EventFilter { text: text("fa_st"), ..any() }, vec![]),
        ("a quote", EventFilter { text: text("'; drop table events; --"), ..any() }, vec![]),
        (
            "all of it",
            EventFilter { city_key: text("wien"), language: text("de"), text: text("faust"), ..any() },
            vec![(2, 1)],
        ),
    ];
    for (name, filter, expected) in table {
        assert_eq!(found(store, filter).await, expected, "{name}");
    }
    fixture::tamper(store, &format!("update shows set state = '{}'", ShowState::Cancelled.as_str())).await;
    assert!(found(store, any()).await.is_empty(), "what is called off is not on");
}

async fn events_are_listed_in_pages_by_their_first_show(db: TestDatabase) {
    let store = &db.store;
    let numbered = |number| Titled { number, titles: &[("en", "Again")], languages: &[], genres: &[] };
    // Some start at the same time.
    let hours: Vec<[(usize, i64); 2]> = (0..9).map(|number| [(0, 1 + number / 3), (1, 20 - number)]).collect();
    let events: Vec<(Titled, &[(usize, i64)])> =
        hours.iter().enumerate().map(|(number, shows)| (numbered(number as u128), &shows[..])).collect();
    put_on(store, &events).await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.list_events(&any(), after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.first_start, last.event.id));
        seen.extend(page.iter().map(|it| it.event.id));
    }
    assert_eq!(seen, (0..9).map(event_id).collect::<Vec<_>>());
}
