//! A small catalogue: one hall, and a show for each thing that can be tried.

use std::collections::BTreeMap;

use domain::event::{Event, EventKind};
use domain::ids::{EventId, HallId, PartnerId, SeatId, ShowId, VenueId};
use domain::money::{Currency, Money};
use domain::partner::Partner;
use domain::seat::{Seat, SeatCategory};
use domain::show::{HoldTime, RefundPolicy, Show, ShowState};
use domain::single_seat::SingleSeatRule;
use domain::venue::{Hall, Venue};
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use serde_json::json;
use store::Catalogue;
use uuid::Uuid;

use crate::Buyer;

/// How many rows the hall has.
const ROWS: u32 = 20;
/// How many seats a row has.
const SEATS_PER_ROW: u32 = 20;

const HALL: HallId = HallId::new(Uuid::from_u128(0x1a));
const EVENT: EventId = EventId::new(Uuid::from_u128(0xe1));
const PARTNER: PartnerId = PartnerId::new(Uuid::from_u128(0x9a));

const fn show_id(number: u128) -> ShowId {
    ShowId::new(Uuid::from_u128(0x5400 + number))
}

/// Holds seats for five minutes.
pub const LONG_HOLD: ShowId = show_id(1);
/// Holds seats for two seconds.
pub const SHORT_HOLD: ShowId = show_id(2);
/// Costs nothing.
pub const FREE: ShowId = show_id(3);
/// Not on sale yet.
pub const NOT_YET: ShowId = show_id(4);
/// Its sales have closed.
pub const CLOSED: ShowId = show_id(5);
/// It is over.
pub const OVER: ShowId = show_id(6);
/// It was called off.
pub const CALLED_OFF: ShowId = show_id(7);
/// Holds seats for six seconds: long enough to pay in, short enough to wait for.
pub const SIX_SECOND_HOLD: ShowId = show_id(8);

/// The `number`-th seat of the hall, from 0, row by row.
pub fn seat(number: u32) -> SeatId {
    SeatId::for_place(
        HALL,
        "stalls",
        &(number / SEATS_PER_ROW + 1).to_string(),
        &(number % SEATS_PER_ROW + 1).to_string(),
    )
}

/// How many seats the hall has.
pub const SEATS: u32 = ROWS * SEATS_PER_ROW;

/// Shows for more customers than one hall has seats for: the same four for each number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Playbill {
    /// Holds seats for a minute.
    pub minute_hold: ShowId,
    /// Holds seats for six seconds.
    pub six_second_hold: ShowId,
    /// Holds seats for two seconds.
    pub short_hold: ShowId,
    /// Costs nothing.
    pub free: ShowId,
}

impl Playbill {
    /// The shows of a number.
    pub const fn of(number: u32) -> Self {
        let first = 0x100 + 4 * number as u128;
        Self {
            minute_hold: show_id(first),
            six_second_hold: show_id(first + 1),
            short_hold: show_id(first + 2),
            free: show_id(first + 3),
        }
    }

    /// The shows of `count` numbers from 0, to be added to [`catalogue`].
    pub fn catalogue(count: u32, now: Timestamp) -> Catalogue {
        let shows = (0..count).flat_map(|number| {
            let bill = Self::of(number);
            [
                show(now, bill.minute_hold, 60, 1500, ON_SALE, ShowState::Scheduled),
                show(now, bill.six_second_hold, 6, 1500, ON_SALE, ShowState::Scheduled),
                show(now, bill.short_hold, 2, 1500, ON_SALE, ShowState::Scheduled),
                show(now, bill.free, 60, 0, ON_SALE, ShowState::Scheduled),
            ]
        });
        Catalogue { shows: shows.collect(), ..Catalogue::default() }
    }
}

/// Puts on one more show like [`LONG_HOLD`], under an id that no other test has: the workflow that cancels a show is
/// named after it, in an engine that tests share.
pub async fn put_on_another(operator: &Buyer, price: i64) -> ShowId {
    let starts_at = Timestamp::now() + SignedDuration::from_hours(48);
    let wish = json!({
        "eventId": EVENT, "hallId": HALL, "currency": "EUR", "startsAt": starts_at.to_string(), "holdSeconds": 300,
        "prices": [{ "category": "standard", "minor": price }],
    });
    let created = operator.send(operator.post(&format!("/partners/{PARTNER}/shows")).json(&wish)).await;
    assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
    created.body["id"].as_str().unwrap().parse().unwrap()
}

/// When sales open and close and when the show begins, in hours from now.
const ON_SALE: (i64, i64, i64) = (-24, 47, 48);

fn show(
    now: Timestamp,
    id: ShowId,
    hold: i64,
    price: i64,
    (opens, closes, starts): (i64, i64, i64),
    state: ShowState,
) -> Show {
    let hours = |hours: i64| now.checked_add(SignedDuration::from_hours(hours)).unwrap();
    let category = SeatCategory::parse("standard").unwrap();
    Show {
        id,
        event_id: EVENT,
        hall_id: HALL,
        partner_id: PARTNER,
        starts_at: hours(starts),
        ends_at: hours(starts + 2),
        sales_open_at: hours(opens),
        sales_close_at: hours(closes),
        state,
        currency: Currency::EUR,
        prices: BTreeMap::from([(category, Money::new(price, Currency::EUR))]),
        hold: HoldTime::parse(hold).unwrap(),
        refund_policy: RefundPolicy::standard(),
        single_seats: SingleSeatRule::Allow,
    }
}

/// The catalogue, its shows placed around `now`.
pub fn catalogue(now: Timestamp) -> Catalogue {
    let venue_id = VenueId::new(Uuid::from_u128(0x7e));
    let category = SeatCategory::parse("standard").unwrap();
    let seats = (0..ROWS * SEATS_PER_ROW).map(|number| Seat {
        id: seat(number),
        hall_id: HALL,
        section: "stalls".to_owned(),
        row: (number / SEATS_PER_ROW + 1).to_string(),
        number: (number % SEATS_PER_ROW + 1).to_string(),
        category: category.clone(),
        accessible: false,
        x: f64::from(number % SEATS_PER_ROW),
        y: f64::from(number / SEATS_PER_ROW),
    });
    let show = |id, hold, price, hours, state| show(now, id, hold, price, hours, state);
    Catalogue {
        partners: vec![Partner { id: PARTNER, name: "Test partner".to_owned() }],
        venues: vec![Venue {
            id: venue_id,
            partner_id: PARTNER,
            name: "Test house".to_owned(),
            address: "1 Test Street".to_owned(),
            city: "Vienna".to_owned(),
            country: "AT".to_owned(),
            time_zone: "Europe/Vienna".to_owned(),
        }],
        halls: vec![Hall { id: HALL, venue_id, name: "Great hall".to_owned(), seats: seats.collect() }],
        events: vec![Event {
            id: EVENT,
            partner_id: PARTNER,
            kind: EventKind::Play,
            titles: BTreeMap::from([("en".to_owned(), "The Test".to_owned())]),
            languages: vec!["en".to_owned()],
            genres: vec!["drama".to_owned()],
            duration_minutes: 120,
            age_rating: None,
        }],
        shows: vec![
            show(LONG_HOLD, 300, 1500, ON_SALE, ShowState::Scheduled),
            show(SHORT_HOLD, 2, 1500, ON_SALE, ShowState::Scheduled),
            show(SIX_SECOND_HOLD, 6, 1500, ON_SALE, ShowState::Scheduled),
            show(FREE, 300, 0, ON_SALE, ShowState::Scheduled),
            show(NOT_YET, 300, 1500, (24, 47, 48), ShowState::Scheduled),
            show(CLOSED, 300, 1500, (-24, -1, 1), ShowState::Scheduled),
            show(OVER, 300, 1500, (-24, -4, -3), ShowState::Scheduled),
            show(CALLED_OFF, 300, 1500, ON_SALE, ShowState::Cancelled),
        ],
    }
}
