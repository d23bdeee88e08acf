//! A box office with one seat for everybody, a payment simulator, and what carries messages between the two: the outbox
//! one way, an outlet of the test the other, each message twice.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::engine::{Engine, EngineConfig};
use app::passwords::Passwords;
use app::tokens::Tokens;
use app::{App, Parts};
use async_trait::async_trait;
use domain::booking::{BookingOpened, BookingRequest, Fingerprint, SeatSelection};
use domain::event::{Event, EventKind};
use domain::ids::{BookingId, CustomerId, EventId, HallId, MessageId, PartnerId, SeatId, ShowId, VenueId};
use domain::money::{Currency, Money};
use domain::partner::Partner;
use domain::payment::{AttemptToRequest, IntentId, IntentReading, IntentState, RecordAttempt};
use domain::seat::{Seat, SeatCategory};
use domain::show::{HoldTime, RefundPolicy, Show, ShowState};
use domain::single_seat::SingleSeatRule;
use domain::venue::{Hall, Venue};
use jiff::{SignedDuration, Timestamp};
use locks::MemoryLocks;
use locks::changes::MemoryChanges;
use messaging::consumer::{Consumer, Trouble};
use messaging::envelope::Envelope;
use messaging::payments::{
    MessageOutlet, MessageProvider, PaymentRequestConsumer, PaymentResultConsumer, PaymentResultOutlet,
};
use messaging::schema;
use payments::simulator::{Collect, Outlet, PROVIDER_NAME, Simulator, SimulatorConfig};
use payments::{IntentToRequest, PaymentProvider};
use secrecy::SecretString;
use store::{Catalogue, OutboxMessage, Store};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;
use workflows::Patience;
use workflows::cancel_show::Pace;
use workflows::queues::ProviderCalls;

use crate::stage::{Database, until};

/// What a seat costs.
pub(super) const PRICE: i64 = 2_500;
const SEATS: usize = 8;
const TOPIC: &str = "payment-results";

/// Everything of one test.
pub(super) struct Counter {
    pub(super) store: Store,
    pub(super) provider: MessageProvider,
    pub(super) simulator: Simulator,
    pub(super) app: App,
    carrier: Arc<Carrier>,
    broker: Arc<Broker>,
    booked: AtomicU32,
    stop: CancellationToken,
    _database: Database,
    _folder: tempfile::TempDir,
}

/// An attempt that was asked for.
pub(super) struct Booked {
    pub(super) attempt: AttemptToRequest,
    pub(super) intent_id: IntentId,
}

/// Brings the outbox to the simulator.
#[derive(Default)]
struct Carrier {
    held: AtomicBool,
    heard: Mutex<HashMap<MessageId, OutboxMessage>>,
}

/// Brings results to boxoffice.
#[derive(Default)]
struct Broker {
    results: Mutex<Option<Arc<PaymentResultConsumer>>>,
    away: AtomicBool,
    refused: AtomicU32,
}

#[async_trait]
impl MessageOutlet for Broker {
    async fn publish(&self, topic: &str, key: &str, message: &Envelope) -> Result<(), Box<dyn Error + Send + Sync>> {
        if self.away.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err("the broker is away".into());
        }
        let event = serde_json::to_value(message)?;
        let schema = jsonschema::validator_for(&schema::whole(&message.kind).expect("a schema"))?;
        schema.validate(&event).map_err(|wrong| format!("{wrong}: {event:#}"))?;
        assert_eq!((topic, Some(key)), (TOPIC, message.partitionkey.as_deref()));
        let results = self.results.lock().unwrap().clone().expect("boxoffice");
        for _ in 0..2 {
            results.consume(&Envelope::parse(&message.to_bytes()?)?).await?;
        }
        Ok(())
    }
}

impl Counter {
    /// Opens; what is asked for is paid as `collect` says.
    pub(super) async fn open(collect: &str) -> Self {
        let database = Database::new().await;
        let store = database.store.clone();
        store.load_catalogue(&catalogue(), Timestamp::now()).await.unwrap();
        let broker = Arc::new(Broker::default());
        let outlet: Arc<dyn MessageOutlet> = broker.clone();
        let folder = tempfile::tempdir().unwrap();
        let simulator = Simulator::open(SimulatorConfig {
            ledger: folder.path().join("simulator.db"),
            public_url: Url::parse("http://pay.example/simulator").unwrap(),
            outlet: Outlet::Messages(Arc::new(PaymentResultOutlet::new(outlet, TOPIC))),
            webhook_secret: SecretString::from(""),
            api_key: SecretString::from("key"),
            clock: Timestamp::now,
        })
        .await
        .unwrap();
        let provider = MessageProvider::new(store.clone(), PROVIDER_NAME);
        let app = App::new(Parts {
            store: store.clone(),
            locks: Arc::new(MemoryLocks::new()),
            changes: Arc::new(MemoryChanges::new(1)),
            provider: Arc::new(provider.clone()),
            engine: engine(),
            tokens: Tokens::new([&SecretString::from("x".repeat(32))]).unwrap(),
            passwords: Passwords::default(),
            answer_within: Duration::from_secs(1),
        });
        *broker.results.lock().unwrap() = Some(Arc::new(PaymentResultConsumer::new(app.clone())));
        let (carrier, stop) = (Arc::new(Carrier::default()), CancellationToken::new());
        let requests = PaymentRequestConsumer::new(simulator.clone(), Collect::parse(collect).unwrap());
        tokio::spawn(carry(store.clone(), requests, carrier.clone(), stop.clone()));
        let (sender, sending) = (simulator.clone(), stop.clone());
        tokio::spawn(async move { sender.run(sending).await.unwrap() });
        let booked = AtomicU32::new(0);
        Self { store, provider, simulator, app, carrier, broker, booked, stop, _database: database, _folder: folder }
    }

    /// Holds a seat, with an attempt that nobody was asked for yet.
    pub(super) async fn hold(&self) -> AttemptToRequest {
        let number = self.booked.fetch_add(1, Ordering::SeqCst) as usize;
        let customer_id = CustomerId::new(Uuid::from_u128(number as u128 + 1));
        let request = BookingRequest {
            booking_id: BookingId::for_key(customer_id, "key"),
            customer_id,
            show_id: show_id(),
            seat_ids: SeatSelection::parse(vec![seat(number)]).unwrap(),
            code: None,
            fingerprint: Fingerprint::new("f00d"),
        };
        match self.store.open_booking(&request, Timestamp::now()).await.unwrap() {
            BookingOpened::Opened(open) => open.attempt.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Holds a seat and asks for the money.
    pub(super) async fn book(&self) -> Booked {
        let attempt = self.hold().await;
        self.request(attempt).await
    }

    /// Asks for the money of an attempt, as a saga does.
    pub(super) async fn request(&self, attempt: AttemptToRequest) -> Booked {
        let reading = self.provider.request_intent(&IntentToRequest::from(&attempt)).await.unwrap();
        let intent_id = reading.intent_id.clone();
        self.record(&attempt, reading).await;
        Booked { attempt, intent_id }
    }

    /// Writes down what was read of an attempt.
    pub(super) async fn record(&self, attempt: &AttemptToRequest, reading: IntentReading) {
        let AttemptToRequest { booking_id, number, .. } = *attempt;
        let record = RecordAttempt { booking_id, number, reading, abandoned: false };
        self.store.record_attempt(&record, Timestamp::now()).await.unwrap();
    }

    /// Waits until something is known of an intent.
    pub(super) async fn until_told<T>(&self, booked: &Booked, found: impl Fn(&IntentReading) -> Option<T>) -> T {
        let look = async || found(&self.provider.read_intent(&booked.intent_id).await.unwrap());
        until("it is told", async || look().await.is_some()).await;
        look().await.unwrap()
    }

    pub(super) async fn until_state(&self, booked: &Booked, state: IntentState) -> IntentReading {
        self.until_told(booked, |reading| (reading.state == state).then(|| reading.clone())).await
    }

    /// Waits until an intent is in a state at the provider, whoever has heard of it.
    pub(super) async fn until_simulator(&self, booked: &Booked, state: IntentState) {
        let id = booked.intent_id.as_str();
        until("the provider has got so far", async || {
            self.simulator.read_intent(id).await.is_ok_and(|intent| intent.state == state)
        })
        .await;
    }

    /// Waits until the simulator has heard a message about a booking.
    pub(super) async fn until_heard(&self, booked: &Booked, kind: &str) {
        until("the provider has heard it", async || {
            let heard = self.carrier.heard.lock().unwrap();
            heard.values().any(|it| it.booking_id == booked.attempt.booking_id && it.message.kind() == kind)
        })
        .await;
    }

    /// How many messages of a kind were said about a booking.
    pub(super) async fn said(&self, booked: &Booked, kind: &str) -> usize {
        let said = self.store.unpublished_messages(1_000).await.unwrap();
        said.iter().filter(|it| it.booking_id == booked.attempt.booking_id && it.message.kind() == kind).count()
    }

    /// Keeps what boxoffice says from the simulator.
    pub(super) fn set_requests_held(&self, held: bool) {
        self.carrier.held.store(held, Ordering::SeqCst);
    }

    /// Keeps what the simulator says from boxoffice.
    pub(super) fn set_broker_away(&self, away: bool) {
        self.broker.away.store(away, Ordering::SeqCst);
    }

    /// How often a message was not taken.
    pub(super) fn refused(&self) -> u32 {
        self.broker.refused.load(Ordering::SeqCst)
    }

    /// Closes, once all is told; each booking has the money at the provider that is known here.
    pub(super) async fn close(&self, booked: &[&Booked]) {
        until("everything has been told", async || self.simulator.queued_webhooks().await.unwrap() == 0).await;
        for booked in booked {
            let Booked { attempt, intent_id } = booked;
            let here = self.provider.read_intent(intent_id).await.unwrap();
            until("the provider knows it", async || self.simulator.read_intent(intent_id.as_str()).await.is_ok()).await;
            let there = self.simulator.read_intent(intent_id.as_str()).await.unwrap();
            assert_eq!(there.idempotency_key, attempt.idempotency_key());
            assert_eq!(there.metadata["booking_id"], attempt.booking_id.to_string());
            assert_eq!((here.captured.minor, here.state), (there.captured_minor, there.state), "{intent_id}");
            assert_eq!(here.refunded.minor, there.refunded_minor, "{intent_id}");
        }
        self.stop.cancel();
    }
}

/// Has the simulator act on everything that is said, each message twice, in the order of each booking.
async fn carry(store: Store, requests: PaymentRequestConsumer, carrier: Arc<Carrier>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let said = store.unpublished_messages(1_000).await.unwrap();
        for message in said {
            if carrier.held.load(Ordering::SeqCst) || carrier.heard.lock().unwrap().contains_key(&message.id) {
                continue;
            }
            let envelope = Envelope::parse(&Envelope::of(&message).unwrap().to_bytes().unwrap()).unwrap();
            for _ in 0..2 {
                while let Err(trouble) = requests.consume(&envelope).await {
                    assert!(matches!(trouble, Trouble::ForNow(_)), "{trouble:?}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            carrier.heard.lock().unwrap().insert(message.id, message);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An engine that is never there: whoever tells sagas has to keep what it tells.
fn engine() -> Engine {
    let config = EngineConfig {
        address: Url::parse("http://127.0.0.1:1").unwrap(),
        namespace: "default".to_owned(),
        task_queue: "none".to_owned(),
        patience: Patience::default(),
        provider_calls: ProviderCalls::default(),
        pace: Pace::default(),
    };
    Engine::new(config, "test")
}

fn show_id() -> ShowId {
    ShowId::new(Uuid::from_u128(1))
}

fn seat(number: usize) -> SeatId {
    SeatId::for_place(HallId::new(Uuid::from_u128(1)), "stalls", "A", &number.to_string())
}

fn catalogue() -> Catalogue {
    let one = Uuid::from_u128(1);
    let (partner_id, venue_id, hall_id) = (PartnerId::new(one), VenueId::new(one), HallId::new(one));
    let event_id = EventId::new(one);
    let category = SeatCategory::parse("standard").unwrap();
    let seats = (0..SEATS).map(|number| Seat {
        id: seat(number),
        hall_id,
        section: "stalls".to_owned(),
        row: "A".to_owned(),
        number: number.to_string(),
        category: category.clone(),
        accessible: false,
        x: number as f64,
        y: 0.0,
    });
    let (now, week) = (Timestamp::now(), SignedDuration::from_hours(24 * 7));
    Catalogue {
        partners: vec![Partner { id: partner_id, name: "Theatre".to_owned() }],
        venues: vec![Venue {
            id: venue_id,
            partner_id,
            name: "House".to_owned(),
            address: "Ring 1".to_owned(),
            city: "Wien".to_owned(),
            country: "AT".to_owned(),
            time_zone: "Europe/Vienna".to_owned(),
        }],
        halls: vec![Hall { id: hall_id, venue_id, name: "Hall".to_owned(), seats: seats.collect() }],
        events: vec![Event {
            id: event_id,
            partner_id,
            kind: EventKind::Play,
            titles: BTreeMap::from([("en".to_owned(), "Faust".to_owned())]),
            languages: vec!["en".to_owned()],
            genres: Vec::new(),
            duration_minutes: 120,
            age_rating: None,
        }],
        shows: vec![Show {
            id: show_id(),
            event_id,
            hall_id,
            partner_id,
            starts_at: now + week,
            ends_at: now + week + SignedDuration::from_hours(2),
            sales_open_at: now - week,
            sales_close_at: now + week,
            state: ShowState::Scheduled,
            currency: Currency::EUR,
            prices: BTreeMap::from([(category, Money::new(PRICE, Currency::EUR))]),
            hold: HoldTime::DEFAULT,
            refund_policy: RefundPolicy::standard(),
            single_seats: SingleSeatRule::Allow,
        }],
    }
}
