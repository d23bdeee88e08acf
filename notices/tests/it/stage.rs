//! A theatre in a database of one test, its customers, and what is to be told to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::booking::{BookingOpened, BookingRequest, CancelBooking, CloseBooking, Fingerprint, SeatSelection};
use domain::booking_state::{CancelledBy, EndState};
use domain::contact::{Contact, EmailAddress, Locale, PersonName};
use domain::event::{Event, EventKind};
use domain::ids::{BookingId, CustomerId, EventId, HallId, PartnerId, SeatId, ShowId, VenueId};
use domain::message::{Message, MessageSubject};
use domain::money::{Currency, Money};
use domain::partner::Partner;
use domain::payment::{IntentId, IntentReading, IntentState, RecordAttempt};
use domain::refund::{RecordRefund, RefundOpened, RefundReading, RefundReason, RefundState, RefundToOpen};
use domain::seat::{Seat, SeatCategory};
use domain::show::{HoldTime, RefundPolicy, Show, ShowState};
use domain::single_seat::SingleSeatRule;
use domain::venue::{Hall, Venue};
use jiff::{SignedDuration, Timestamp};
use notices::{Letters, Mailer, Sender};
use sea_orm::ConnectionTrait;
use store::{Catalogue, DatabaseConfig, Notice, NoticeState, Store};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a test waits for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whom mail is from.
pub(crate) const FROM: &str = "Box office <tickets@boxoffice.example>";

/// Where a booking is looked at.
pub(crate) const BOOKING_URL: &str = "https://boxoffice.example/bookings/{booking}";

/// A database in a folder, with a theatre in it.
pub(crate) struct Stage {
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
    config: DatabaseConfig,
}

/// A sender that works on its own until it is stopped, or killed.
pub(crate) struct Working {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Stage {
    /// A theatre that shows "Faust" on a summer's evening in Vienna.
    pub(crate) async fn new() -> Self {
        Self::showing(BTreeMap::from([title("de", "Faust. Der Tragödie erster Teil"), title("en", "Faust, Part One")]))
            .await
    }

    /// A theatre that shows something of these titles.
    pub(crate) async fn showing(titles: BTreeMap<String, String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabaseConfig::new(format!("sqlite://{}?mode=rwc", folder.path().join("boxoffice.db").display()));
        let store = Store::connect(&config).await.unwrap();
        migrations::apply(store.connection()).await.unwrap();
        store.load_catalogue(&catalogue(titles), opening()).await.unwrap();
        Self { store, folder, config }
    }

    /// Another process's view of the database.
    pub(crate) async fn another_process(&self) -> Store {
        Store::connect(&self.config).await.unwrap()
    }

    /// A customer has booked two seats and paid.
    pub(crate) async fn buy(&self, number: u128) -> BookingRequest {
        let request = self.open(number).await;
        let paid = reading(&request, IntentState::Succeeded);
        self.store.record_capture(&paid, opening()).await.unwrap();
        self.store.confirm_booking(request.booking_id, Some(1), opening()).await.unwrap();
        request
    }

    /// A customer holds two seats.
    pub(crate) async fn open(&self, number: u128) -> BookingRequest {
        let request = request(number);
        let BookingOpened::Opened(_) = self.store.open_booking(&request, opening()).await.unwrap() else {
            panic!("the seats are free");
        };
        let live = reading(&request, IntentState::RequiresPayment);
        self.store.record_attempt(&live, opening()).await.unwrap();
        request
    }

    /// A booking was not paid in time.
    pub(crate) async fn expire(&self, request: &BookingRequest) {
        let order = CloseBooking { request: request.clone(), end: EndState::Expired, stuck: None };
        self.store.close_booking(&order, opening()).await.unwrap();
    }

    /// A customer takes a paid booking back, and gets some of the money.
    pub(crate) async fn cancel(&self, request: &BookingRequest) {
        let order = CancelBooking { booking_id: request.booking_id, by: CancelledBy::Customer };
        self.store.cancel_booking(&order, opening()).await.unwrap();
        let amount = Some(euros(4_050));
        let order =
            RefundToOpen { booking_id: request.booking_id, attempt: 1, reason: RefundReason::Cancelled, amount };
        let RefundOpened::Open(refund) = self.store.open_refund(&order, opening()).await.unwrap() else {
            panic!("the money is there");
        };
        let reading = RefundReading { provider_refund_id: "re_1".to_owned(), state: RefundState::Succeeded };
        let record = RecordRefund { refund_id: refund.refund_id, reading };
        self.store.record_refund(&record, opening()).await.unwrap();
    }

    /// Somebody says where to write to.
    pub(crate) async fn reach(&self, contact: &Contact) {
        self.store.put_contact(contact, Timestamp::now()).await.unwrap();
    }

    /// Notes what the outbox tells customers of, as the consumer does, but as of now.
    pub(crate) async fn note(&self) -> Vec<Notice> {
        self.note_at(Timestamp::now()).await
    }

    /// The same as of another moment.
    pub(crate) async fn note_at(&self, told_at: Timestamp) -> Vec<Notice> {
        let mut bookings = Vec::new();
        for told in self.store.unpublished_messages(10_000).await.unwrap() {
            let Some(step) = step_of(&told.message) else { continue };
            self.store.note_notice(&told.subject, &step, &told.message, told_at).await.unwrap();
            if !bookings.contains(&told.booking_id) {
                bookings.push(told.booking_id);
            }
        }
        let mut noted = Vec::new();
        for booking in bookings {
            noted.extend(self.store.notices_of(booking).await.unwrap());
        }
        noted
    }

    /// The notice of a step that is to be told, whatever has become of its booking.
    pub(crate) async fn tell(&self, number: u128, step: &str, message: &Message) -> BookingId {
        let booking_id = request(number).booking_id;
        let subject = MessageSubject { booking_id, customer_id: customer(number), partner_id: partner_id() };
        assert!(self.store.note_notice(&subject, step, message, Timestamp::now()).await.unwrap());
        booking_id
    }

    /// Starts a sender.
    pub(crate) async fn sender(&self, mailer: Arc<dyn Mailer>) -> Working {
        let sender = Sender::new(self.another_process().await, letters(), mailer);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        Working { stop, task: tokio::spawn(async move { sender.run(stopped).await }) }
    }

    /// What has become of the only notice of a booking.
    pub(crate) async fn notice(&self, booking: BookingId) -> Notice {
        let mut notices = self.store.notices_of(booking).await.unwrap();
        assert_eq!(notices.len(), 1, "{notices:?}");
        notices.remove(0)
    }

    /// Waits until the only notice of a booking is in a state.
    pub(crate) async fn until(&self, booking: BookingId, state: NoticeState) -> Notice {
        until(async || {
            let notice = self.notice(booking).await;
            (notice.state == state).then_some(notice)
        })
        .await
    }

    /// Makes everything that waits due, as if the time of pauses and leases had passed.
    pub(crate) async fn hurry(&self) {
        self.tamper("update notices set due_at = 0 where state = 'waiting'").await;
    }

    /// Changes the database behind the store's back.
    pub(crate) async fn tamper(&self, statement: &str) {
        self.store.connection().execute_unprepared(statement).await.unwrap();
    }
}

impl Working {
    /// Stops it and waits for it.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _cut_off = self.task.await;
    }
}

/// As the consumer has it.
fn step_of(message: &Message) -> Option<String> {
    match message {
        Message::BookingConfirmed { .. } => Some("confirmed".to_owned()),
        Message::BookingCancelled { .. } => Some("cancelled".to_owned()),
        Message::BookingExpired { .. } => Some("expired".to_owned()),
        Message::PaymentRefunded { refund_id, .. } => Some(format!("refunded:{refund_id}")),
        _ => None,
    }
}

/// Waits for something that has to happen.
pub(crate) async fn until<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "it has not happened");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The letters of the tests.
pub(crate) fn letters() -> Letters {
    Letters::new(FROM, BOOKING_URL).unwrap()
}

/// How a customer is reached.
pub(crate) fn contact(number: u128) -> Contact {
    Contact {
        customer_id: customer(number),
        name: PersonName::parse("Ada Lovelace").unwrap(),
        email: EmailAddress::parse(&format!("ada{number}@example.org")).unwrap(),
        locale: Locale::parse("en-GB").unwrap(),
    }
}

/// A message that tells of a cancellation.
pub(crate) fn cancelled() -> Message {
    Message::BookingCancelled { show_id: show_id(), seat_ids: Vec::new(), by: CancelledBy::Customer }
}

/// A title in a language.
pub(crate) fn title(language: &str, text: &str) -> (String, String) {
    (language.to_owned(), text.to_owned())
}

/// The wish of a customer for two seats.
pub(crate) fn request(number: u128) -> BookingRequest {
    let customer_id = customer(number);
    let first = usize::try_from(number).unwrap() * 2;
    BookingRequest {
        booking_id: BookingId::for_key(customer_id, "key"),
        customer_id,
        show_id: show_id(),
        seat_ids: SeatSelection::parse(vec![seat(first), seat(first + 1)]).unwrap(),
        code: None,
        fingerprint: Fingerprint::new("f00d"),
    }
}

fn opening() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn customer(number: u128) -> CustomerId {
    CustomerId::new(Uuid::from_u128(number))
}

fn partner_id() -> PartnerId {
    PartnerId::new(Uuid::from_u128(1))
}

fn show_id() -> ShowId {
    ShowId::new(Uuid::from_u128(1))
}

fn hall_id() -> HallId {
    HallId::new(Uuid::from_u128(1))
}

fn seat(number: usize) -> SeatId {
    SeatId::for_place(hall_id(), "Stalls", "C", &number.to_string())
}

fn reading(request: &BookingRequest, state: IntentState) -> RecordAttempt {
    let amount = euros(4_500);
    let captured = if state == IntentState::Succeeded { amount } else { euros(0) };
    let reading = IntentReading {
        intent_id: IntentId::new(format!("pi_{}", request.booking_id)),
        state,
        amount,
        captured,
        refunded: euros(0),
        decline_code: None,
        payment_page: None,
    };
    RecordAttempt { booking_id: request.booking_id, number: 1, reading, abandoned: false }
}

fn catalogue(titles: BTreeMap<String, String>) -> Catalogue {
    let (venue_id, event_id) = (VenueId::new(Uuid::from_u128(1)), EventId::new(Uuid::from_u128(1)));
    let category = |name: &str| SeatCategory::parse(name).unwrap();
    let seats = (0..80).map(|number| Seat {
        id: seat(number),
        hall_id: hall_id(),
        section: "Stalls".to_owned(),
        row: "C".to_owned(),
        number: number.to_string(),
        category: category(if number % 2 == 0 { "premium" } else { "standard" }),
        accessible: false,
        x: 0.5,
        y: 0.5,
    });
    // The evening is in summer time, and the bookings are made in winter time.
    let starts_at: Timestamp = "2027-06-03T17:30:00Z".parse().unwrap();
    let show = Show {
        id: show_id(),
        event_id,
        hall_id: hall_id(),
        partner_id: partner_id(),
        starts_at,
        ends_at: starts_at + SignedDuration::from_hours(3),
        sales_open_at: opening() - SignedDuration::from_hours(1),
        sales_close_at: starts_at,
        state: ShowState::Scheduled,
        currency: Currency::EUR,
        prices: BTreeMap::from([(category("premium"), euros(2_750)), (category("standard"), euros(1_750))]),
        hold: HoldTime::DEFAULT,
        refund_policy: RefundPolicy::standard(),
        single_seats: SingleSeatRule::Allow,
    };
    Catalogue {
        partners: vec![Partner { id: partner_id(), name: "Stadttheater".to_owned() }],
        venues: vec![Venue {
            id: venue_id,
            partner_id: partner_id(),
            name: "Großes Haus".to_owned(),
            address: "Ring 1".to_owned(),
            city: "Wien".to_owned(),
            country: "AT".to_owned(),
            time_zone: "Europe/Vienna".to_owned(),
        }],
        halls: vec![Hall { id: hall_id(), venue_id, name: "Saal".to_owned(), seats: seats.collect() }],
        events: vec![Event {
            id: event_id,
            partner_id: partner_id(),
            kind: EventKind::Play,
            titles,
            languages: vec!["de".to_owned()],
            genres: vec!["drama".to_owned()],
            duration_minutes: 180,
            age_rating: None,
        }],
        shows: vec![show],
    }
}
