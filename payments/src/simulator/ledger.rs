//! The simulator's own database file: opening it, its tables, its transactions. Shares nothing with boxoffice's store.
//!
//! One connection does everything, so transactions follow each other and a check holds until its change is written.
//! The journal is written ahead and synced at checkpoints: what was committed survives the death of the process, and
//! the checker may read the file meanwhile.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};

use super::error::SimulatorError;

const TABLES: &str = "
create table if not exists intents (
    id text primary key not null,
    idempotency_key text not null unique,
    request_hash text not null,
    secret text not null,
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null,
    state text not null,
    captured_minor bigint not null default 0,
    refunded_minor bigint not null default 0 check (refunded_minor between 0 and captured_minor),
    decline_code text,
    card_last_digits text,
    behaviour text not null,
    metadata text not null,
    settlement text,
    due_at bigint,
    created_at bigint not null,
    updated_at bigint not null
);
create index if not exists intents_by_creation on intents (created_at, id);
create index if not exists intents_due on intents (due_at) where due_at is not null;

create table if not exists refunds (
    id text primary key not null,
    idempotency_key text not null unique,
    request_hash text not null,
    intent_id text not null references intents (id),
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null,
    state text not null,
    due_at bigint,
    created_at bigint not null
);
create index if not exists refunds_by_creation on refunds (created_at, id);
create index if not exists refunds_due on refunds (due_at) where due_at is not null;

create table if not exists events (
    id text primary key not null,
    kind text not null,
    intent_id text not null references intents (id),
    body text not null,
    created_at bigint not null
);
create index if not exists events_of_intent on events (intent_id, created_at);

create table if not exists webhook_deliveries (
    event_id text not null references events (id),
    copy bigint not null,
    due_at bigint,
    tries bigint not null default 0,
    delivered_at bigint,
    last_status bigint,
    primary key (event_id, copy)
);
create index if not exists webhook_deliveries_due on webhook_deliveries (due_at) where due_at is not null;
";

/// The ledger, open.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    connection: DatabaseConnection,
}

impl Ledger {
    /// Opens the file, and makes it and its tables where they do not exist.
    pub(crate) async fn open(path: &Path) -> Result<Self, DbErr> {
        let file = path.to_owned();
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1).min_connections(1).sqlx_logging(false).acquire_timeout(Duration::from_secs(30));
        options.idle_timeout(None).max_lifetime(None);
        // The path is set here and not in the URL, as it may have characters that a URL gives a meaning.
        options.map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .filename(&file)
                .in_memory(false)
                .shared_cache(false)
                .create_if_missing(true)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10))
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "NORMAL")
        });
        let connection = Database::connect(options).await?;
        connection.execute_unprepared(TABLES).await?;
        Ok(Self { connection })
    }

    /// For a single reading statement.
    pub(crate) fn reader(&self) -> &impl ConnectionTrait {
        &self.connection
    }

    /// A transaction that nobody else writes beside. While it lasts nothing else may be asked of the ledger.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
        self.connection.begin_with_options(TransactionOptions { sqlite_transaction_mode, ..Default::default() }).await
    }
}

/// A statement for the ledger, with its values.
pub(crate) fn sql<const N: usize>(text: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, text, values)
}

/// An instant as the ledger writes it: milliseconds since 1970.
pub(crate) fn millis(instant: Timestamp) -> i64 {
    instant.as_millisecond()
}

/// An instant as the ledger has it.
pub(crate) fn instant(millis: i64) -> Result<Timestamp, SimulatorError> {
    Timestamp::from_millisecond(millis).map_err(|error| bad_row(format!("{millis} is no instant: {error}")))
}

pub(crate) fn bad_row(reason: impl Into<String>) -> SimulatorError {
    SimulatorError::BadRow { reason: reason.into() }
}

/// A random id of the simulator. Version 7 keeps the index of the table in the order of writing.
pub(crate) fn new_id(prefix: &str) -> String {
    format!("{prefix}_sim_{}", uuid::Uuid::now_v7().simple())
}
