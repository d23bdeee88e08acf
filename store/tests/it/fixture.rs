//! A small theatre and the steps of a booking in it.

use std::collections::BTreeMap;

use domain::booking::{BookingConfirmed, BookingOpened, BookingRequest, CloseBooking, Fingerprint, SeatSelection};
use domain::booking::{OpenBooking, StuckStep};
use domain::booking_state::{BookingState, EndState};
use domain::event::{Event, EventKind};
use domain::ids::{BookingId, CustomerId, EventId, HallId, PartnerId, SeatId, ShowId, VenueId};
use domain::money::{Currency, Money};
use domain::partner::Partner;
use domain::payment::{IntentId, IntentReading, IntentState, RecordAttempt};
use domain::seat::{Seat, SeatCategory};
use domain::show::{HoldTime, RefundPolicy, Show, ShowState};
use domain::show_seat::ShowSeatState;
use domain::single_seat::SingleSeatRule;
use domain::venue::{Hall, Venue};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ConnectionTrait, Statement};
use store::{Catalogue, Store};
use uuid::Uuid;

/// What one seat costs.
pub(crate) const PRICE: i64 = 1_500;

/// How many seats the hall has.
pub(crate) const SEATS: usize = 12;

/// The moment at which everything begins.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00.123Z".parse().expect("an instant")
}

/// Some seconds after the beginning.
pub(crate) fn after(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

pub(crate) fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

pub(crate) fn customer(number: u128) -> CustomerId {
    CustomerId::new(Uuid::from_u128(number))
}

/// The show that costs something.
pub(crate) fn show_id() -> ShowId {
    ShowId::new(Uuid::from_u128(1))
}

/// The show that costs nothing.
pub(crate) fn free_show_id() -> ShowId {
    ShowId::new(Uuid::from_u128(2))
}

fn hall_id() -> HallId {
    HallId::new(Uuid::from_u128(1))
}

/// The seat with a number, from 0.
pub(crate) fn seat(number: usize) -> SeatId {
    SeatId::for_place(hall_id(), "stalls", "A", &number.to_string())
}

/// A catalogue with one hall and two shows, a week ahead.
pub(crate) fn catalogue(seats: usize) -> Catalogue {
    let partner_id = PartnerId::new(Uuid::from_u128(1));
    let venue_id = VenueId::new(Uuid::from_u128(1));
    let event_id = EventId::new(Uuid::from_u128(1));
    let standard = SeatCategory::parse("standard").expect("a category");
    let seats = (0..seats).map(|number| Seat {
        id: seat(number),
        hall_id: hall_id(),
        section: "stalls".to_owned(),
        row: "A".to_owned(),
        number: number.to_string(),
        category: standard.clone(),
        accessible: number == 0,
        x: number as f64,
        y: 0.5,
    });
    let week = SignedDuration::from_hours(24 * 7);
    let show = |id: ShowId, price: i64| Show {
        id,
        event_id,
        hall_id: hall_id(),
        partner_id,
        starts_at: now() + week,
        ends_at: now() + week + SignedDuration::from_hours(2),
        sales_open_at: now() - week,
        sales_close_at: now() + week,
        state: ShowState::Scheduled,
        currency: Currency::EUR,
        prices: BTreeMap::from([(standard.clone(), euros(price))]),
        hold: HoldTime::DEFAULT,
        refund_policy: RefundPolicy::standard(),
        single_seats: SingleSeatRule::Allow,
    };
    Catalogue {
        partners: vec![Partner { id: partner_id, name: "Stadttheater".to_owned() }],
        venues: vec![Venue {
            id: venue_id,
            partner_id,
            name: "Großes Haus".to_owned(),
            address: "Ring 1".to_owned(),
            city: "Wien".to_owned(),
            country: "AT".to_owned(),
            time_zone: "Europe/Vienna".to_owned(),
        }],
        halls: vec![Hall { id: hall_id(), venue_id, name: "Saal".to_owned(), seats: seats.collect() }],
        events: vec![Event {
            id: event_id,
            partner_id,
            kind: EventKind::Play,
            titles: BTreeMap::from([("de".to_owned(), "Faust".to_owned())]),
            languages: vec!["de".to_owned()],
            genres: vec!["drama".to_owned()],
            duration_minutes: 120,
            age_rating: None,
        }],
        shows: vec![show(show_id(), PRICE), show(free_show_id(), 0)],
    }
}

/// Loads the theatre.
pub(crate) async fn load(store: &Store) {
    store.load_catalogue(&catalogue(SEATS), now()).await.expect("loading the catalogue");
}

/// A customer's request for some seats of the show that costs something.
pub(crate) fn request(customer_number: u128, key: &str, seats: &[usize]) -> BookingRequest {
    let customer_id = customer(customer_number);
    BookingRequest {
        booking_id: BookingId::for_key(customer_id, key),
        customer_id,
        show_id: show_id(),
        seat_ids: SeatSelection::parse(seats.iter().map(|number| seat(*number)).collect()).expect("a selection"),
        code: None,
        fingerprint: Fingerprint::new("f00d"),
    }
}

/// Opens a booking that can be opened.
pub(crate) async fn open(store: &Store, request: &BookingRequest) -> OpenBooking {
    match store.open_booking(request, now()).await.expect("opening") {
        BookingOpened::Opened(open) => open,
        other => panic!("the booking was not opened: {other:?}"),
    }
}

/// A reading of an attempt of a booking.
pub(crate) fn reading(request: &BookingRequest, number: u32, state: IntentState) -> RecordAttempt {
    let amount = euros(PRICE * request.seat_ids.as_slice().len() as i64);
    let captured = if state == IntentState::Succeeded { amount } else { euros(0) };
    RecordAttempt {
        booking_id: request.booking_id,
        number,
        reading: IntentReading {
            intent_id: IntentId::new(format!("pi_{}_{number}", request.booking_id)),
            state,
            amount,
            captured,
            refunded: euros(0),
            decline_code: None,
            payment_page: Some("https://pay.example/1".to_owned()),
        },
        abandoned: false,
    }
}

/// The same of an attempt whose intent has another name.
pub(crate) fn reading_of(
    request: &BookingRequest,
    number: u32,
    intent_id: &IntentId,
    state: IntentState,
) -> RecordAttempt {
    let mut record = reading(request, number, state);
    record.reading.intent_id = intent_id.clone();
    record
}

/// Opens a booking and makes its first attempt known to the provider.
pub(crate) async fn open_and_request(store: &Store, request: &BookingRequest) {
    open(store, request).await;
    let live = reading(request, 1, IntentState::RequiresPayment);
    store.record_attempt(&live, now()).await.expect("recording the intent");
}

/// Writes down that an attempt has collected the money.
pub(crate) async fn pay(store: &Store, request: &BookingRequest, number: u32) {
    let paid = reading(request, number, IntentState::Succeeded);
    store.record_capture(&paid, after(60)).await.expect("recording the capture");
}

/// Books, pays and confirms.
pub(crate) async fn buy(store: &Store, request: &BookingRequest) {
    open_and_request(store, request).await;
    pay(store, request, 1).await;
    let confirmed = store.confirm_booking(request.booking_id, Some(1), after(61)).await.expect("confirming");
    assert_eq!(confirmed, BookingConfirmed::Confirmed { late: false });
}

/// Brings a booking to an end.
pub(crate) async fn close(store: &Store, request: &BookingRequest, end: EndState) -> BookingState {
    let order = CloseBooking { request: request.clone(), end, stuck: None };
    store.close_booking(&order, after(300)).await.expect("closing").state
}

pub(crate) fn stuck_step() -> StuckStep {
    StuckStep { step: "payment.cancel".to_owned(), error: "the provider does not answer".to_owned() }
}

/// The state of a seat of the show that costs something.
pub(crate) async fn seat_state(store: &Store, number: usize) -> ShowSeatState {
    let seats = store.show_seats(show_id()).await.expect("reading seats");
    seats.iter().find(|it| it.seat_id == seat(number)).expect("the seat").state
}

/// Where a booking stands.
pub(crate) async fn state(store: &Store, request: &BookingRequest) -> BookingState {
    store.find_booking(request.booking_id).await.expect("reading").expect("the booking").state
}

/// The codes of the timeline of a booking.
pub(crate) async fn steps(store: &Store, request: &BookingRequest) -> Vec<&'static str> {
    let entries = store.timeline(request.booking_id).await.expect("reading the timeline");
    entries.iter().map(|entry| entry.step.code()).collect()
}

/// The kinds of the messages about a booking, in order.
pub(crate) async fn messages(store: &Store, request: &BookingRequest) -> Vec<&'static str> {
    let messages = store.unpublished_messages(10_000).await.expect("reading the outbox");
    let about = messages.iter().filter(|message| message.booking_id == request.booking_id);
    about.map(|message| message.message.kind()).collect()
}

/// How many rows a table has.
pub(crate) async fn count(store: &Store, table: &str) -> i64 {
    let db = store.connection();
    let text = format!("select count(*) as count from {table}");
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), text)).await;
    row.expect("counting").expect("a count").try_get("", "count").expect("a number")
}

/// Changes the database behind the store's back.
pub(crate) async fn tamper(store: &Store, statement: &str) {
    store.connection().execute_unprepared(statement).await.expect("tampering");
}
