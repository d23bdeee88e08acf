//! A hall like an arena's, and a city with more on than anybody looks through: drawn, put on, browsed, quoted and
//! booked, each in a time that whoever goes through it again for each seat or show would not keep. `-- --nocapture`
//! shows the times.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use domain::event::Event;
use domain::ids::{EventId, HallId, SeatId, ShowId, VenueId};
use domain::seat::Seat;
use domain::show::Show;
use domain::venue::{Hall, Venue};
use futures::future::join_all;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::{Catalogue, Store};
use testkit::person::{Person, send};
use testkit::test_app::World;
use testkit::{Answer, Buyer, Faults, TestApp, TestSettings, catalogue};
use uuid::Uuid;

use crate::planning::{hamlet, theatre};

/// What a request may take that is about a few rows of many, in a build that is not optimized.
const FEW_ROWS: Duration = Duration::from_secs(1);
/// What a request may take that goes through every seat of a large hall in memory.
const EVERY_SEAT: Duration = Duration::from_secs(3);
/// What a request may take that writes every seat of a large hall, or tells them all.
const WHOLE_HALL: Duration = Duration::from_secs(20);
/// How much longer one of several may take than they do as a rule: other tests run at the same time.
const AT_WORST: u32 = 5;

/// How long things took.
#[derive(Default)]
struct Times(Vec<Row>);

/// How long one thing took, shortest first, and how long it may.
struct Row {
    what: &'static str,
    took: Vec<Duration>,
    within: Duration,
}

impl Times {
    /// Does something several times, one after the other.
    async fn each<T>(
        &mut self,
        what: &'static str,
        within: Duration,
        times: usize,
        work: impl AsyncFn(usize) -> T,
    ) -> Vec<T> {
        let mut row = Row { what, took: Vec::with_capacity(times), within };
        let mut done = Vec::with_capacity(times);
        for number in 0..times {
            let began = Instant::now();
            done.push(work(number).await);
            row.took.push(began.elapsed());
        }
        self.note(row);
        done
    }

    /// Does something once.
    async fn once<T>(&mut self, what: &'static str, within: Duration, work: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let done = work.await;
        self.note(Row { what, took: vec![began.elapsed()], within });
        done
    }

    fn note(&mut self, mut row: Row) {
        row.took.sort_unstable();
        self.0.push(row);
    }

    /// Shows the times, and panics if something took too long.
    fn check(&self) {
        eprintln!("{:<44} {:>5} {:>11} {:>11}", "", "times", "median", "worst");
        for row in &self.0 {
            let (median, worst) = (row.median().as_secs_f64() * 1e3, row.worst().as_secs_f64() * 1e3);
            eprintln!("{:<44} {:>5} {median:>8.1} ms {worst:>8.1} ms", row.what, row.took.len());
        }
        let slow = self.0.iter().filter(|row| row.median() > row.within || row.worst() > row.within * AT_WORST);
        let slow: Vec<String> =
            slow.map(|row| format!("{}: {:?}, may take {:?}", row.what, row.took, row.within)).collect();
        assert!(slow.is_empty(), "slow:\n{}", slow.join("\n"));
    }
}

impl Row {
    fn median(&self) -> Duration {
        self.took[self.took.len() / 2]
    }

    fn worst(&self) -> Duration {
        self.took[self.took.len() - 1]
    }
}

fn is(answer: Answer, status: StatusCode) -> Answer {
    assert_eq!(answer.status, status, "{answer:?}");
    answer
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn seats_of(booking: &Answer) -> Vec<SeatId> {
    booking.body["seatIds"].as_array().unwrap().iter().map(|seat| text(seat).parse().unwrap()).collect()
}

/// Reads what everybody may.
async fn read(app: &TestApp, path: &str) -> Answer {
    is(send(app, Method::GET, path, None, None).await, StatusCode::OK)
}

async fn quote(app: &TestApp, show_id: ShowId, seats: &[SeatId]) -> Answer {
    let wish = json!({ "showId": show_id, "seatIds": seats });
    is(send(app, Method::POST, "/quotes", None, Some(wish)).await, StatusCode::OK)
}

/// Has a customer of its own book seats: these, or the best so many.
async fn book(app: &TestApp, show_id: ShowId, wish: Result<&[SeatId], usize>) -> (Buyer, Answer) {
    let buyer = app.buyer();
    let booked = match wish {
        Ok(seats) => buyer.book(show_id, seats).await,
        Err(count) => buyer.book_best("best", show_id, &json!({ "count": count })).await,
    };
    (buyer, is(booked, StatusCode::CREATED))
}

async fn cancel(bookings: &[(Buyer, Answer)]) {
    let cancelled = join_all(bookings.iter().map(|(buyer, booked)| buyer.cancel(booked.booking_id()))).await;
    cancelled.into_iter().for_each(|answer| {
        is(answer, StatusCode::OK);
    });
}

/// How many seats the arena has: four sections of fifty rows of a hundred.
const SEATS: usize = 20_000;

/// The arena in the text form.
fn arena() -> String {
    let section = |name| {
        let rows: String = (1..=50).map(|row| format!("R{row} 1-100, gap 30 70\n")).collect();
        format!("section {name}, category standard\n{rows}")
    };
    ["north", "east", "south", "west"].into_iter().map(section).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hall_of_twenty_thousand_seats_is_drawn_shown_quoted_and_booked() {
    let app = TestApp::start().await;
    let mut times = Times::default();
    let mut ada = Person::register(&app).await;
    let partner = ada.found("The Arena").await;
    let ada = &ada;
    let create = async |path: String, body: Value| {
        text(&is(ada.send(Method::POST, &path, Some(body)).await, StatusCode::CREATED).body["id"])
    };
    let venue = create(format!("/partners/{partner}/venues"), theatre()).await;
    let hall = create(format!("/venues/{venue}/halls"), json!({ "name": "Arena" })).await;
    let event = create(format!("/partners/{partner}/events"), hamlet()).await;

    let (path, map) = (format!("/halls/{hall}/seat-map"), arena());
    let drawn = times.once("a hall is drawn", WHOLE_HALL, ada.send_text(Method::PUT, &path, &map)).await;
    assert_eq!((drawn.status, drawn.body["hall"]["seats"].as_u64()), (StatusCode::OK, Some(SEATS as u64)));
    let again = times.once("it is drawn again", WHOLE_HALL, ada.send_text(Method::PUT, &path, &map)).await;
    assert_eq!(again.status, StatusCode::OK);
    let starts_at = (Timestamp::now() + SignedDuration::from_hours(48)).to_string();
    let prices = json!([{ "category": "standard", "minor": 2000 }]);
    let wish = json!({ "eventId": event, "hallId": hall, "currency": "EUR", "startsAt": starts_at, "prices": prices });
    let show =
        times.once("a show is put on in it", WHOLE_HALL, create(format!("/partners/{partner}/shows"), wish)).await;
    let show_id: ShowId = show.parse().unwrap();

    let path = format!("/shows/{show}/seats");
    let seats = times.each("its seats are read", WHOLE_HALL, 3, async |_: usize| read(&app, &path).await).await;
    assert_eq!(seats[0].body["counts"]["available"].as_u64(), Some(SEATS as u64));
    let items = seats[0].body["items"].as_array().unwrap();
    let ids: Vec<SeatId> = items.iter().map(|seat| text(&seat["seatId"]).parse().unwrap()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), SEATS);
    let path = format!("/shows/{show}/availability");
    let first = times.once("its picture is read first", WHOLE_HALL, read(&app, &path)).await;
    assert_eq!(first.body["states"].as_str().map(str::len), Some(SEATS));
    times.each("its picture is read", FEW_ROWS, 10, async |_: usize| read(&app, &path).await).await;
    times.each("the show is read", FEW_ROWS, 10, async |_: usize| read(&app, &format!("/shows/{show}")).await).await;

    // Ten side by side at the beginning of a row of each tenth of the hall.
    let row = |number: usize| &ids[number * SEATS / 10..][..10];
    times
        .each("ten seats are quoted", FEW_ROWS, 10, async |number: usize| quote(&app, show_id, row(number)).await)
        .await;
    let by_hand = async |number: usize| book(&app, show_id, Ok(&row(number)[..4])).await;
    let by_hand = times.each("four seats are booked by hand", FEW_ROWS, 10, by_hand).await;
    let best = async |_: usize| book(&app, show_id, Err(4)).await;
    let best = times.each("the best four seats are booked", EVERY_SEAT, 10, best).await;
    let bookings: Vec<_> = by_hand.into_iter().chain(best).collect();
    let held: Vec<SeatId> = bookings.iter().flat_map(|(_, booked)| seats_of(booked)).collect();
    assert_eq!((held.len(), held.iter().collect::<BTreeSet<_>>().len()), (80, 80), "none of them twice");
    let later = read(&app, &format!("/shows/{show}/seats")).await;
    assert_eq!(later.body["counts"]["held"], 80);
    times.once("twenty bookings are taken back at once", WHOLE_HALL, cancel(&bookings)).await;
    times.check();
    app.finish().await;
}

/// The city that has so much on.
const CITY: &str = "Metropolis";
const ZONE: &str = "Europe/Berlin";
/// Each with two halls, and each hall with four shows on each day.
const VENUES: usize = 50;
const HALLS: usize = 2 * VENUES;
const DAYS: usize = 25;
const SHOWS_OF_A_DAY: usize = 4 * HALLS;
const SHOWS: usize = DAYS * SHOWS_OF_A_DAY;
/// On each day forty of them are on, ten times each, and ten days later the same ones.
const EVENTS: usize = 400;
const EVENTS_OF_A_DAY: usize = 40;
const LANGUAGES: [&str; 5] = ["cs", "de", "en", "fr", "it"];
const GENRES: [&str; 8] = ["comedy", "crime", "drama", "farce", "musical", "opera", "satire", "tragedy"];

const _: () = assert!(SHOWS == 10_000 && EVENTS_OF_A_DAY * 10 == EVENTS);

/// An id of the city's catalogue.
fn id(number: usize) -> Uuid {
    Uuid::from_u128(0xc17_0000_0000 + number as u128)
}

fn event_of(day: usize, number: usize) -> usize {
    EVENTS_OF_A_DAY * (day % 10) + number % EVENTS_OF_A_DAY
}

/// The show of a number of a day.
fn show_of(day: usize, number: usize) -> ShowId {
    ShowId::new(id(day * SHOWS_OF_A_DAY + number))
}

fn hall_of(number: usize) -> HallId {
    HallId::new(id(number / 4))
}

/// The two seats of a hall.
fn seats_in(hall_id: HallId) -> [SeatId; 2] {
    ["1", "2"].map(|number| SeatId::for_place(hall_id, "stalls", "1", number))
}

/// Ten thousand shows of four hundred events in fifty houses, from `first_day` on.
fn city(first_day: Date, now: Timestamp) -> Catalogue {
    let model = catalogue::catalogue(now);
    let zone = TimeZone::get(ZONE).unwrap();
    let venue = |number: usize| Venue {
        id: VenueId::new(id(number)),
        name: format!("House {number:02}"),
        city: CITY.to_owned(),
        country: "DE".to_owned(),
        time_zone: ZONE.to_owned(),
        ..model.venues[0].clone()
    };
    let hall = |number: usize| {
        let hall_id = HallId::new(id(number));
        let place = |(at, seat_id): (usize, SeatId)| Seat {
            id: seat_id,
            hall_id,
            row: "1".to_owned(),
            number: (at + 1).to_string(),
            x: if at == 0 { 0.0 } else { 1.0 },
            y: 0.0,
            ..model.halls[0].seats[0].clone()
        };
        let seats = seats_in(hall_id).into_iter().enumerate().map(place).collect();
        Hall { id: hall_id, venue_id: VenueId::new(id(number / 2)), name: format!("Hall {}", number % 2 + 1), seats }
    };
    let event = |number: usize| Event {
        id: EventId::new(id(number)),
        titles: BTreeMap::from([("en".to_owned(), format!("Play {number:03}"))]),
        languages: vec![LANGUAGES[number % LANGUAGES.len()].to_owned()],
        genres: vec![GENRES[number % GENRES.len()].to_owned()],
        ..model.events[0].clone()
    };
    let show = |day: usize, number: usize| {
        let date = first_day.checked_add(i64::try_from(day).unwrap().days()).unwrap();
        let hour = i8::try_from(13 + 2 * (number % 4)).unwrap();
        let starts_at = date.at(hour, 30, 0, 0).to_zoned(zone.clone()).unwrap().timestamp();
        Show {
            id: show_of(day, number),
            event_id: EventId::new(id(event_of(day, number))),
            hall_id: hall_of(number),
            starts_at,
            ends_at: starts_at + SignedDuration::from_hours(2),
            sales_close_at: starts_at,
            ..model.shows[0].clone()
        }
    };
    Catalogue {
        partners: model.partners.clone(),
        venues: (0..VENUES).map(venue).collect(),
        halls: (0..HALLS).map(hall).collect(),
        events: (0..EVENTS).map(event).collect(),
        shows: (0..DAYS)
            .flat_map(|day| (0..SHOWS_OF_A_DAY).map(move |number| (day, number)))
            .map(|(day, number)| show(day, number))
            .collect(),
    }
}

/// Reads a list to its end, page by page; gives the items of each.
async fn pages(app: &TestApp, times: &mut Times, what: &'static str, path: &str) -> Vec<Vec<Value>> {
    let (mut row, mut read_so_far) = (Row { what, took: Vec::new(), within: FEW_ROWS }, Vec::new());
    let mut cursor = String::new();
    loop {
        let began = Instant::now();
        let page = read(app, &format!("{path}{cursor}")).await;
        row.took.push(began.elapsed());
        read_so_far.push(page.body["items"].as_array().unwrap().clone());
        match page.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let last = Row { what: "its last page", took: vec![row.took[row.took.len() - 1]], within: FEW_ROWS };
    times.note(row);
    times.note(last);
    read_so_far
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_with_ten_thousand_shows_is_browsed_and_booked() {
    let mut times = Times::default();
    let now = Timestamp::now();
    let tomorrow = now.to_zoned(TimeZone::get(ZONE).unwrap()).date().tomorrow().unwrap();
    let day = |number: usize| tomorrow.checked_add(i64::try_from(number).unwrap().days()).unwrap();
    // Before anything runs that would wait for the one who writes.
    let world = World::new(&TestSettings::default()).await;
    let store = Store::connect(&world.settings.database.config()).await.unwrap();
    let catalogue = city(tomorrow, now);
    let loaded = store.load_catalogue(&catalogue, now);
    times.once("10,000 shows are loaded", Duration::from_secs(120), loaded).await.unwrap();
    store.close().await.unwrap();
    let running = TestApp::start_in(world, true, Faults::default()).await;
    let app = &running;
    let count = |answer: &Answer| answer.body["items"].as_array().unwrap().len();

    let cities = times.once("the cities are listed", FEW_ROWS, read(app, "/cities")).await;
    let listed = cities.body["items"].as_array().unwrap().iter().find(|city| city["name"] == CITY).unwrap();
    assert_eq!(listed["shows"], SHOWS);

    // An answer is kept for some seconds, so nothing is asked for twice.
    let on = format!("/events?city={CITY}");
    let first = async |number: usize| read(app, &format!("{on}&limit={}", 41 + number)).await;
    for (number, page) in times.each("what is on in the city", FEW_ROWS, 10, first).await.iter().enumerate() {
        assert_eq!(count(page), 41 + number);
    }
    let of_day = async |number: usize| read(app, &format!("{on}&date={}", day(number))).await;
    for page in times.each("what is on on a day", FEW_ROWS, 10, of_day).await {
        assert_eq!(count(&page), EVENTS_OF_A_DAY);
    }
    let in_language = async |number: usize| read(app, &format!("{on}&limit=200&language={}", LANGUAGES[number])).await;
    for page in times.each("what is on in a language", FEW_ROWS, LANGUAGES.len(), in_language).await {
        assert_eq!(count(&page), EVENTS / LANGUAGES.len());
    }
    let of_genre = async |number: usize| read(app, &format!("{on}&limit=200&genre={}", GENRES[number])).await;
    for page in times.each("what is on of a genre", FEW_ROWS, GENRES.len(), of_genre).await {
        assert_eq!(count(&page), EVENTS / GENRES.len());
    }
    let with_text = async |number: usize| read(app, &format!("{on}&text=PLAY%20{:03}", 17 * number)).await;
    for page in times.each("what is on with a text in its title", FEW_ROWS, 10, with_text).await {
        assert_eq!(count(&page), 1);
    }
    let at = async |number: usize| {
        let event_id = EventId::new(id(event_of(number, number)));
        read(app, &format!("/events/{event_id}/times?city={CITY}&date={}", day(number))).await
    };
    for answer in times.each("when an event is on, house by house", FEW_ROWS, 10, at).await {
        let shows = |house: &Value| house["shows"].as_array().unwrap().len();
        let houses = answer.body["items"].as_array().unwrap();
        assert_eq!((houses.len(), houses.iter().map(shows).sum::<usize>()), (10, 10), "{houses:?}");
    }

    let events = pages(app, &mut times, "events, page by page", &format!("{on}&limit=40")).await.concat();
    let known: BTreeSet<String> = events.iter().map(|event| text(&event["event"]["id"])).collect();
    assert_eq!((events.len(), known.len()), (EVENTS, EVENTS));
    assert_eq!(events.iter().map(|event| event["shows"].as_u64().unwrap()).sum::<u64>(), SHOWS as u64);
    let shows = pages(app, &mut times, "shows, page by page", &format!("/shows?city={CITY}&limit=200")).await.concat();
    let known: BTreeSet<String> = shows.iter().map(|show| text(&show["id"])).collect();
    assert_eq!((shows.len(), known.len()), (SHOWS, SHOWS));
    let moments: Vec<Timestamp> = shows.iter().map(|show| text(&show["startsAt"]).parse().unwrap()).collect();
    assert!(moments.is_sorted());

    // One of each day, in another hall each.
    let some = |number: usize| (show_of(number, 4 * number), seats_in(hall_of(4 * number)));
    times
        .each("a show is read", FEW_ROWS, DAYS, async |it: usize| read(app, &format!("/shows/{}", some(it).0)).await)
        .await;
    let seats = async |it: usize| read(app, &format!("/shows/{}/seats", some(it).0)).await;
    times.each("its seats are read", FEW_ROWS, DAYS, seats).await;
    times
        .each("its seats are quoted", FEW_ROWS, DAYS, async |it: usize| quote(app, some(it).0, &some(it).1).await)
        .await;
    let by_hand = async |it: usize| book(app, some(it).0, Ok(&some(it).1)).await;
    let by_hand = times.each("they are booked by hand", FEW_ROWS, 10, by_hand).await;
    let best = async |it: usize| book(app, some(10 + it).0, Err(2)).await;
    let best = times.each("the best two are booked", FEW_ROWS, 10, best).await;
    for (number, (_, booked)) in best.iter().enumerate() {
        let held: BTreeSet<SeatId> = seats_of(booked).into_iter().collect();
        assert_eq!(held, BTreeSet::from(some(10 + number).1));
    }
    let bookings: Vec<_> = by_hand.into_iter().chain(best).collect();
    times.once("twenty bookings are taken back at once", WHOLE_HALL, cancel(&bookings)).await;
    times.check();
    running.finish().await;
}
