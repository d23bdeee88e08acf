//! A world of rows: a migrated database, a ledger, locks, sagas and answers, written without the code under test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use checker::{Answer, Evidence, Ledger, SeatLock};
use domain::ids::{BookingId, CustomerId, HallId, MessageId, RefundId, SeatId, ShowId};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement, Value};
use uuid::Uuid;

/// What one seat costs.
pub(crate) const PRICE: i64 = 1_500;

/// How many seats the hall has.
const SEATS: usize = 24;

/// The moment at which the world is looked at.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("an instant")
}

/// Some seconds from now, in milliseconds.
pub(crate) fn at(seconds: i64) -> i64 {
    now().as_millisecond() + seconds * 1_000
}

/// Some seconds from now.
pub(crate) fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_millisecond(at(seconds)).expect("an instant")
}

/// The show that costs something; it starts in 12 hours.
pub(crate) fn show_id() -> ShowId {
    ShowId::new(Uuid::from_u128(1))
}

/// The show that costs nothing.
pub(crate) fn free_show_id() -> ShowId {
    ShowId::new(Uuid::from_u128(2))
}

pub(crate) fn partner_id() -> domain::ids::PartnerId {
    domain::ids::PartnerId::new(Uuid::from_u128(1))
}

pub(crate) fn seat(number: usize) -> SeatId {
    SeatId::for_place(HallId::new(Uuid::from_u128(1)), "stalls", "A", &number.to_string())
}

/// The customer who sends a key; each key has one of their own.
pub(crate) fn customer(key: &str) -> CustomerId {
    CustomerId::new(Uuid::new_v5(&Uuid::nil(), key.as_bytes()))
}

/// The booking that a key stands for.
pub(crate) fn booking(key: &str) -> BookingId {
    BookingId::for_key(customer(key), key)
}

/// What is known beside the two databases.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) locks: Vec<SeatLock>,
    pub(crate) open_workflows: BTreeSet<String>,
    pub(crate) answers: Vec<Answer>,
    /// The first refund of each booking, by the key of the booking.
    pub(crate) refunds: BTreeMap<String, RefundId>,
}

impl World {
    pub(crate) async fn evidence(&self, database: DatabaseConnection, ledger: &Path) -> Evidence {
        Evidence {
            database,
            ledger: Some(Ledger::open_simulator(ledger).await.expect("opening the ledger")),
            locks: Some(self.locks.clone()),
            open_workflows: Some(self.open_workflows.clone()),
            started_again: Some(BTreeMap::new()),
            answers: self.answers.clone(),
            now: now(),
        }
    }

    /// Puts ids into a statement: `{key}` is a booking, `{refund key}` its first refund, `{seat 3}` a seat,
    /// `{message key 2}` the id of its second message, `{in 60}` some seconds from now, `{show}` and `{free show}`.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut parts = text.split('{');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').expect("a closing brace");
            let words: Vec<&str> = name.split(' ').collect();
            filled += &match words[..] {
                ["show"] => show_id().to_string(),
                ["free", "show"] => free_show_id().to_string(),
                ["seat", number] => seat(number.parse().expect("a number")).to_string(),
                ["in", seconds] => at(seconds.parse().expect("a number")).to_string(),
                ["refund", key] => self.refunds[key].to_string(),
                ["message", key, seq] => {
                    MessageId::for_sequence(&booking(key).to_string(), seq.parse().expect("a number")).to_string()
                }
                [key] => booking(key).to_string(),
                _ => panic!("`{name}` stands for nothing"),
            };
            filled += rest;
        }
        filled
    }
}

/// The two files of a world, which can be copied and then spoilt.
pub(crate) struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.directory.path().join("ledger ?#.db")
    }

    fn database(&self) -> PathBuf {
        self.directory.path().join("boxoffice.db")
    }

    pub(crate) async fn open_database(&self) -> DatabaseConnection {
        let url = format!("sqlite://{}?mode=rwc", self.database().display());
        // One connection, so that a pragma holds for whatever follows.
        let mut options = sea_orm::ConnectOptions::new(url);
        options.max_connections(1);
        Database::connect(options).await.expect("opening the database")
    }

    /// Opens the ledger for writing; the checker only reads it.
    pub(crate) async fn write_ledger(&self) -> DatabaseConnection {
        let mut options = sea_orm::ConnectOptions::new("sqlite::memory:");
        let file = self.ledger();
        options.max_connections(1).map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite.filename(&file).in_memory(false).shared_cache(false).create_if_missing(true);
            sqlite.pragma("journal_mode", "WAL")
        });
        Database::connect(options).await.expect("opening the ledger")
    }

    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        std::fs::copy(self.database(), copy.database()).expect("copying the database");
        std::fs::copy(self.ledger(), copy.ledger()).expect("copying the ledger");
        copy
    }
}

/// A row to be written.
pub(crate) async fn insert(db: &DatabaseConnection, table: &str, columns: Vec<(&str, Value)>) {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let numbers: Vec<String> = (1..=columns.len()).map(|number| format!("${number}")).collect();
    let text = format!("insert into {table} ({}) values ({})", names.join(", "), numbers.join(", "));
    let values = columns.into_iter().map(|(_, value)| value);
    let statement = Statement::from_sql_and_values(db.get_database_backend(), text, values);
    db.execute_raw(statement).await.unwrap_or_else(|error| panic!("writing into {table}: {error}"));
}

/// The theatre, with all seats free.
pub(crate) async fn build_catalogue(db: &DatabaseConnection) {
    let mut text = format!(
        "insert into partners values ('{partner}', 'Theatre', 0);
         insert into venues (id, partner_id, name, address, city, country, time_zone)
         values ('ven_1', '{partner}', 'House', 'Ring 1', 'Wien', 'AT', 'Europe/Vienna');
         insert into halls (id, venue_id, name) values ('hal_1', 'ven_1', 'Hall');
         insert into events (id, partner_id, kind, titles, languages, genres, duration_minutes, age_rating)
         values ('evt_1', '{partner}', 'play', '{{}}', '[]', '[]', 120, null);",
        partner = partner_id()
    );
    let policy = "[{\"until_minutes_before\":1440,\"share\":100},{\"until_minutes_before\":120,\"share\":50}]";
    for show in [show_id(), free_show_id()] {
        text += &format!(
            "insert into shows (id, event_id, hall_id, partner_id, starts_at, ends_at, sales_open_at, sales_close_at, \
             state, currency, hold_seconds, refund_policy) values ('{show}', 'evt_1', 'hal_1', '{}', {}, {}, 0, {}, 'scheduled', 'EUR', 300, \
             '{policy}');",
            partner_id(),
            at(12 * 3_600),
            at(14 * 3_600),
            at(12 * 3_600),
        );
    }
    for number in 0..SEATS {
        let id = seat(number);
        text += &format!(
            "insert into seats values ('{id}', 'hal_1', 'stalls', 'A', '{number}', 'standard', false, {number}, 0);"
        );
        for show in [show_id(), free_show_id()] {
            text += &format!(
                "insert into show_seats (show_id, seat_id, category, state) \
                 values ('{show}', '{id}', 'standard', 'available');"
            );
        }
    }
    db.execute_unprepared(&text).await.expect("writing the catalogue");
}

/// The provider's tables, as far as they are evidence; without its constraints, so that it can be made wrong.
pub(crate) async fn build_ledger(ledger: &DatabaseConnection) {
    let text = "
        create table intents (id text, idempotency_key text, amount_minor bigint, currency text, state text,
            captured_minor bigint, refunded_minor bigint, metadata text, created_at bigint, updated_at bigint);
        create table refunds (id text, idempotency_key text, intent_id text, amount_minor bigint, currency text,
            state text, created_at bigint);
        create table webhook_deliveries (event_id text, copy bigint, delivered_at bigint, last_status bigint);";
    ledger.execute_unprepared(text).await.expect("making the ledger");
}
