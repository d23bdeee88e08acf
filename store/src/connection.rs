//! Connecting: the settings that make SQLite and PostgreSQL keep what they have acknowledged.

use domain::hold::HoldRules;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend};

use crate::error::StoreError;
use crate::statement::failed;

/// How long a transaction waits for a row, or SQLite for the file, before it gives up.
const LOCK_TIMEOUT_MILLISECONDS: u64 = 3_000;

/// How long a connection may be unused before it is tested on its next use.
const TEST_AFTER_IDLE_SECONDS: u64 = 30;

/// How often connecting is tried where the database is busy.
const CONNECT_TRIES: u32 = 20;

/// How long the pause between two tries to connect is.
const CONNECT_PAUSE_MILLISECONDS: u64 = 50;

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// `sqlite:///path?mode=rwc` or `postgres://user:password@host:port/name`. May hold a password.
    pub url: String,
    /// The most connections at a time. SQLite uses one for writing and this many for reading.
    pub max_connections: u32,
    /// How long to wait for a free connection.
    pub acquire_timeout: Duration,
    /// How long one statement may take (PostgreSQL).
    pub statement_timeout: Duration,
}

impl DatabaseConfig {
    /// Settings that fit one process, for a database at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 10,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(10),
        }
    }
}

/// The database. Cheap to clone: clones share their connections.
#[derive(Debug, Clone)]
pub struct Store {
    write: DatabaseConnection,
    read: DatabaseConnection,
    rules: HoldRules,
}

impl Store {
    /// Connects; changes nothing in the database.
    pub async fn connect(config: &DatabaseConfig) -> Result<Self, StoreError> {
        let scheme = config.url.split(':').next().unwrap_or_default();
        match scheme {
            "postgres" | "postgresql" => {
                let pool = connect(postgres_options(config)).await?;
                Ok(Self { write: pool.clone(), read: pool, rules: HoldRules::default() })
            }
            // The two pools would each see a database of their own in memory.
            "sqlite" if !config.url.contains(":memory:") => {
                let write = connect(sqlite_options(config, SqliteUse::Write)).await?;
                let read = connect(sqlite_options(config, SqliteUse::Read)).await?;
                Ok(Self { write, read, rules: HoldRules::default() })
            }
            _ => Err(StoreError::UnsupportedUrl { scheme: scheme.to_owned() }),
        }
    }

    /// The same database, with other rules for how long holds may go on.
    #[must_use]
    pub fn with_hold_rules(self, rules: HoldRules) -> Self {
        Self { rules, ..self }
    }

    pub(crate) fn rules(&self) -> HoldRules {
        self.rules
    }

    /// The connections that may write, for migrations.
    pub fn connection(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read.ping().await.map_err(|source| failed("ping", source))
    }

    /// Closes every connection, once their statements are done.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.read.close_by_ref().await.map_err(|source| failed("close", source))?;
        self.write.close_by_ref().await.map_err(|source| failed("close", source))
    }

    /// The connections for reading outside a transaction.
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Which database it is.
    pub(crate) fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }
}

enum SqliteUse {
    Read,
    Write,
}

/// Connects; once more if a file that is new to several processes is busy becoming a database.
async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, StoreError> {
    let mut tries = 1;
    loop {
        match Database::connect(options.clone()).await.map_err(|source| failed("connect", source)) {
            Err(error) if error.lost_a_race() && tries < CONNECT_TRIES => {
                tokio::time::sleep(Duration::from_millis(CONNECT_PAUSE_MILLISECONDS)).await;
                tries += 1;
            }
            done => return done,
        }
    }
}

fn common_options(config: &DatabaseConfig) -> ConnectOptions {
    let mut options = ConnectOptions::new(&config.url);
    options
        .acquire_timeout(config.acquire_timeout)
        .test_before_acquire(false)
        .test_before_acquire_if_idle_for(Duration::from_secs(TEST_AFTER_IDLE_SECONDS))
        .sqlx_logging(false);
    options
}

fn postgres_options(config: &DatabaseConfig) -> ConnectOptions {
    let statement_timeout = config.statement_timeout.as_millis();
    let mut options = common_options(config);
    options.max_connections(config.max_connections).map_sqlx_postgres_opts(move |postgres| {
        postgres.application_name("boxoffice").options([
            ("statement_timeout", statement_timeout.to_string()),
            ("lock_timeout", LOCK_TIMEOUT_MILLISECONDS.to_string()),
            // A process that dies between two statements must not keep its rows locked.
            ("idle_in_transaction_session_timeout", "30000".to_owned()),
        ])
    });
    options
}

fn sqlite_options(config: &DatabaseConfig, using: SqliteUse) -> ConnectOptions {
    let mut options = common_options(config);
    let connections = match using {
        SqliteUse::Write => 1,
        SqliteUse::Read => config.max_connections,
    };
    options.max_connections(connections).map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite.busy_timeout(Duration::from_millis(LOCK_TIMEOUT_MILLISECONDS)).foreign_keys(true);
        match using {
            // In WAL mode only FULL keeps a commit that was acknowledged just before the power fails
            // (<https://www.sqlite.org/pragma.html#pragma_synchronous>).
            SqliteUse::Write => sqlite.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full),
            SqliteUse::Read => sqlite.pragma("query_only", "on"),
        }
    });
    options
}
