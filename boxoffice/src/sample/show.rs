//! When and where things are performed in the sample, and what they cost.

use std::collections::BTreeMap;

use domain::hold::later;
use domain::ids::{EventId, HallId, PartnerId, ShowId};
use domain::money::{Currency, Money};
use domain::seat::SeatCategory;
use domain::show::{HoldTime, RefundPolicy, Show, ShowState};
use domain::single_seat::SingleSeatRule;
use jiff::Timestamp;

use super::event::{CONCERT_MINUTES, FILM_MINUTES, PLAY_MINUTES, SECOND_FILM_MINUTES};
use super::{
    AUDITORIUM, CANCELLED_SHOW, CINEMAS, CLOSED_SHOW, CONCERT, CONCERT_SHOW, FILM, FILM_SHOW, FREE_SHOW, LARGE_HALL,
    MATINEE_SHOW, NOT_YET_SHOW, OVER_SHOW, PLAY, PLAY_SHOW, SECOND_FILM, SECOND_FILM_SHOW, SHORT_HOLD_SECONDS,
    SHORT_HOLD_SHOW, SMALL_HALL, THEATRE_COMPANY, category,
};

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// How long before a show its sales open, where nothing else is said.
const SALES_OPEN_DAYS_BEFORE: i64 = 30;

/// What a seat costs: `(category, minor units)`.
type Prices = &'static [(&'static str, i64)];

const CINEMA_PRICES: Prices = &[("standard", 12_50), ("premium", 16_00)];
const NO_PRICES: Prices = &[("standard", 0), ("premium", 0)];
const PLAY_PRICES: Prices = &[("premium", 68_00), ("standard", 49_50), ("circle", 38_00), ("balcony", 19_50)];
const MATINEE_PRICES: Prices = &[("premium", 48_00), ("standard", 35_00), ("circle", 27_50), ("balcony", 15_00)];
const CONCERT_PRICES: Prices = &[("premium", 42_00), ("standard", 32_00), ("circle", 24_00), ("balcony", 12_00)];

/// What is performed where, by whom and for how long.
#[derive(Clone, Copy)]
struct Performance {
    event_id: EventId,
    hall_id: HallId,
    partner_id: PartnerId,
    minutes: i32,
    currency: Currency,
    prices: Prices,
}

const fn film(event_id: EventId, hall_id: HallId, minutes: i32) -> Performance {
    let (currency, prices) = (Currency::EUR, CINEMA_PRICES);
    Performance { event_id, hall_id, partner_id: CINEMAS, minutes, currency, prices }
}

const fn on_stage(event_id: EventId, minutes: i32, prices: Prices) -> Performance {
    let (hall_id, partner_id) = (AUDITORIUM, THEATRE_COMPANY);
    Performance { event_id, hall_id, partner_id, minutes, currency: Currency::GBP, prices }
}

/// The shows that sell start two days after the day of `now` or later, so that a cancellation is refunded in full.
pub(super) fn shows(now: Timestamp) -> Vec<Show> {
    let today = today(now);
    let thriller = film(FILM, LARGE_HALL, FILM_MINUTES);
    let comedy = film(SECOND_FILM, SMALL_HALL, SECOND_FILM_MINUTES);
    let play = on_stage(PLAY, PLAY_MINUTES, PLAY_PRICES);
    let matinee = Performance { prices: MATINEE_PRICES, ..play };
    let concert = on_stage(CONCERT, CONCERT_MINUTES, CONCERT_PRICES);

    let show = |id, performance, day, time| scheduled(id, performance, at(today, day, time));
    let not_yet = show(NOT_YET_SHOW, concert, 90, (19, 0));
    let closed = show(CLOSED_SHOW, thriller, 2, (20, 45));
    vec![
        show(FILM_SHOW, thriller, 2, (18, 30)),
        show(SECOND_FILM_SHOW, Performance { hall_id: LARGE_HALL, ..comedy }, 3, (16, 0)),
        show(PLAY_SHOW, play, 3, (19, 30)),
        show(MATINEE_SHOW, matinee, 5, (14, 0)),
        show(CONCERT_SHOW, concert, 4, (19, 0)),
        Show { hold: short_hold(), ..show(SHORT_HOLD_SHOW, comedy, 2, (17, 15)) },
        show(FREE_SHOW, Performance { prices: NO_PRICES, ..comedy }, 2, (9, 30)),
        Show { sales_open_at: at(today, 60, (9, 0)), ..not_yet },
        Show { sales_close_at: today, ..closed },
        show(OVER_SHOW, thriller, -2, (18, 30)),
        Show { state: ShowState::Cancelled, ..show(CANCELLED_SHOW, play, 6, (19, 30)) },
    ]
}

fn scheduled(id: ShowId, performance: Performance, starts_at: Timestamp) -> Show {
    let Performance { event_id, hall_id, partner_id, minutes, currency, prices } = performance;
    Show {
        id,
        event_id,
        hall_id,
        partner_id,
        starts_at,
        ends_at: later(starts_at, i64::from(minutes) * 60),
        sales_open_at: later(starts_at, -SALES_OPEN_DAYS_BEFORE * DAY_SECONDS),
        sales_close_at: starts_at,
        state: ShowState::Scheduled,
        currency,
        prices: in_currency(prices, currency),
        hold: HoldTime::DEFAULT,
        refund_policy: RefundPolicy::standard(),
        single_seats: SingleSeatRule::Allow,
    }
}

fn in_currency(prices: Prices, currency: Currency) -> BTreeMap<SeatCategory, Money> {
    prices.iter().map(|(name, minor)| (category(name), Money::new(*minor, currency))).collect()
}

fn short_hold() -> HoldTime {
    HoldTime::parse(SHORT_HOLD_SECONDS).expect("ten seconds are below the hard cap")
}

/// The beginning of the day of `now`, in UTC.
fn today(now: Timestamp) -> Timestamp {
    let seconds = now.as_second();
    Timestamp::from_second(seconds - seconds.rem_euclid(DAY_SECONDS)).unwrap_or(now)
}

/// A time of the clock, in UTC, some days after `today` or before it.
fn at(today: Timestamp, days: i64, (hour, minute): (i64, i64)) -> Timestamp {
    later(today, days * DAY_SECONDS + (hour * 60 + minute) * 60)
}
