//! What is on sale while it is measured: one large hall with many shows in it, and a small one for the rush.

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
use store::Catalogue;
use uuid::Uuid;

/// How many seats the large hall has.
pub(crate) const LARGE: u32 = 20_000;
/// How many seats the small hall has.
pub(crate) const SMALL: u32 = 200;
/// How many seats a row of either has.
const ROW: u32 = 100;

const PARTNER: PartnerId = PartnerId::new(Uuid::from_u128(0xbe_0001));
const VENUE: VenueId = VenueId::new(Uuid::from_u128(0xbe_0002));
const EVENT: EventId = EventId::new(Uuid::from_u128(0xbe_0003));
const LARGE_HALL: HallId = HallId::new(Uuid::from_u128(0xbe_0004));
const SMALL_HALL: HallId = HallId::new(Uuid::from_u128(0xbe_0005));

/// The `number`-th seat of the large hall, from 0, row by row.
pub(crate) fn large_seat(number: u32) -> SeatId {
    seat_id(LARGE_HALL, number)
}

/// The `number`-th seat of the small hall, from 0; the best are the first.
pub(crate) fn small_seat(number: u32) -> SeatId {
    seat_id(SMALL_HALL, number)
}

fn seat_id(hall: HallId, number: u32) -> SeatId {
    SeatId::for_place(hall, "stalls", &(number / ROW + 1).to_string(), &(number % ROW + 1).to_string())
}

/// The two halls and nothing on sale.
pub(crate) fn places(category: &SeatCategory) -> Catalogue {
    let hall = |id, name: &str, seats: u32| Hall {
        id,
        venue_id: VENUE,
        name: name.to_owned(),
        seats: (0..seats).map(|number| seat(id, number, category)).collect(),
    };
    Catalogue {
        partners: vec![Partner { id: PARTNER, name: "Measured partner".to_owned() }],
        venues: vec![Venue {
            id: VENUE,
            partner_id: PARTNER,
            name: "Measured house".to_owned(),
            address: "1 Ring Road".to_owned(),
            city: "Vienna".to_owned(),
            country: "AT".to_owned(),
            time_zone: "Europe/Vienna".to_owned(),
        }],
        halls: vec![hall(LARGE_HALL, "Arena", LARGE), hall(SMALL_HALL, "Club", SMALL)],
        events: vec![Event {
            id: EVENT,
            partner_id: PARTNER,
            kind: EventKind::Concert,
            titles: BTreeMap::from([("en".to_owned(), "The Measured".to_owned())]),
            languages: vec!["en".to_owned()],
            genres: vec!["pop".to_owned()],
            duration_minutes: 120,
            age_rating: None,
        }],
        shows: Vec::new(),
    }
}

fn seat(hall_id: HallId, number: u32, category: &SeatCategory) -> Seat {
    Seat {
        id: seat_id(hall_id, number),
        hall_id,
        section: "stalls".to_owned(),
        row: (number / ROW + 1).to_string(),
        number: (number % ROW + 1).to_string(),
        category: category.clone(),
        accessible: false,
        x: f64::from(number % ROW),
        y: f64::from(number / ROW),
    }
}

/// Where a show takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the large hall.
    Large,
    /// In the small one.
    Small,
}

/// Another show, on sale, which holds seats for `hold_seconds`.
pub(crate) fn show(place: Place, hold_seconds: i64, category: &SeatCategory, now: Timestamp) -> anyhow::Result<Show> {
    let hours = |hours: i64| now.saturating_add(SignedDuration::from_hours(hours));
    let hall_id = match place {
        Place::Large => LARGE_HALL,
        Place::Small => SMALL_HALL,
    };
    Ok(Show {
        id: ShowId::new(Uuid::new_v4()),
        event_id: EVENT,
        hall_id,
        partner_id: PARTNER,
        starts_at: hours(48)?,
        ends_at: hours(50)?,
        sales_open_at: hours(-24)?,
        sales_close_at: hours(47)?,
        state: ShowState::Scheduled,
        currency: Currency::EUR,
        prices: BTreeMap::from([(category.clone(), Money::new(1500, Currency::EUR))]),
        hold: HoldTime::parse(hold_seconds)?,
        refund_policy: RefundPolicy::standard(),
        single_seats: SingleSeatRule::Allow,
    })
}
