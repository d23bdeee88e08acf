//! Connecting: the settings that make SQLite and PostgreSQL keep what they have acknowledged.

use domain::hold::HoldRules;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend, FromQueryResult};

use crate::DatabaseConfig;
use crate::error::StoreError;
use crate::pool::{self, Doubt, Pool};
use crate::statement::{bind, failed, sql};

/// How long a connection is used before a new one takes its place: memory that the server keeps for it is freed, and
/// a server that was added behind the same name gets its share.
const MAX_LIFETIME_SECONDS: u64 = 30 * 60;

/// How long a connection beyond the fewest is kept while nobody uses it.
const IDLE_TIMEOUT_SECONDS: u64 = 10 * 60;

/// How long a transaction may wait for its process between two statements: one that hangs must not keep its rows locked.
const IDLE_IN_TRANSACTION_SECONDS: u64 = 30;

/// How often connecting is tried where the database is busy.
const CONNECT_TRIES: u32 = 20;

/// How long the pause between two tries to connect is.
const CONNECT_PAUSE_MILLISECONDS: u64 = 50;

/// The database. Cheap to clone: clones share their connections.
#[derive(Debug, Clone)]
pub struct Store {
    write: Pool,
    read: Pool,
    rules: HoldRules,
}

impl Store {
    /// Connects; changes nothing in the database.
    pub async fn connect(config: &DatabaseConfig) -> Result<Self, StoreError> {
        let scheme = config.scheme();
        match scheme {
            "postgres" | "postgresql" => {
                let doubt = Doubt::none();
                let pool = connect(config, postgres_options(config, &doubt), doubt).await?;
                Ok(Self { write: pool.clone(), read: pool, rules: HoldRules::default() })
            }
            // The two pools would each see a database of their own in memory.
            "sqlite" if !config.url.contains(":memory:") => {
                let write = connect(config, sqlite_options(config, SqliteUse::Write), Doubt::none()).await?;
                let read = connect(config, sqlite_options(config, SqliteUse::Read), Doubt::none()).await?;
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
        &self.write.connection
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        #[derive(FromQueryResult)]
        struct Answer {
            #[allow(dead_code, reason = "the answer is that there is one")]
            answer: i32,
        }
        sql("select 1 as answer", bind![]).one::<Answer>(&self.read).await?;
        Ok(())
    }

    /// Closes every connection, once their statements are done.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.read.connection.close_by_ref().await.map_err(|source| failed("close", source))?;
        self.write.connection.close_by_ref().await.map_err(|source| failed("close", source))
    }

    /// The connections for reading outside a transaction.
    pub(crate) fn reader(&self) -> &Pool {
        &self.read
    }

    /// The connections for changes of one statement, which may be repeated, and for beginning transactions.
    pub(crate) fn writer(&self) -> &Pool {
        &self.write
    }

    /// Which database it is.
    pub(crate) fn backend(&self) -> DbBackend {
        self.write.connection.get_database_backend()
    }
}

enum SqliteUse {
    Read,
    Write,
}

/// Connects; once more if a file that is new to several processes is busy becoming a database.
async fn connect(config: &DatabaseConfig, options: ConnectOptions, doubt: Doubt) -> Result<Pool, StoreError> {
    let unreachable = |source| StoreError::Unreachable { place: config.place(), source };
    let mut tries = 1;
    loop {
        match Database::connect(options.clone()).await.map_err(unreachable) {
            Err(error) if error.lost_a_race() && tries < CONNECT_TRIES => {
                tokio::time::sleep(Duration::from_millis(CONNECT_PAUSE_MILLISECONDS)).await;
                tries += 1;
            }
            done => return done.map(|connection| Pool { connection, doubt }),
        }
    }
}

fn common_options(config: &DatabaseConfig) -> ConnectOptions {
    let mut options = ConnectOptions::new(&config.url);
    options
        .acquire_timeout(config.acquire_timeout)
        .max_lifetime(Duration::from_secs(MAX_LIFETIME_SECONDS))
        .idle_timeout(Duration::from_secs(IDLE_TIMEOUT_SECONDS))
        .test_before_acquire(false)
        .sqlx_logging(false);
    options
}

fn postgres_options(config: &DatabaseConfig, doubt: &Doubt) -> ConnectOptions {
    let name = config.application_name.clone();
    let settings = [
        ("statement_timeout", config.statement_timeout.as_millis().to_string()),
        ("lock_timeout", config.lock_timeout.as_millis().to_string()),
        ("idle_in_transaction_session_timeout", (IDLE_IN_TRANSACTION_SECONDS * 1_000).to_string()),
    ];
    let doubt = doubt.clone();
    let mut options = common_options(config);
    options
        .max_connections(config.max_connections)
        .min_connections(config.min_connections.min(config.max_connections))
        .map_sqlx_postgres_opts(move |postgres| postgres.application_name(&name).options(settings.clone()))
        .map_sqlx_postgres_before_acquire(move |connection, about| {
            let doubted = doubt.covers(about.idle_for);
            Box::pin(async move { if doubted { pool::test(connection).await } else { Ok(true) } })
        });
    options
}

fn sqlite_options(config: &DatabaseConfig, using: SqliteUse) -> ConnectOptions {
    let mut options = common_options(config);
    let connections = match using {
        SqliteUse::Write => 1,
        SqliteUse::Read => config.max_connections,
    };
    let lock_timeout = config.lock_timeout;
    options.max_connections(connections).map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite.busy_timeout(lock_timeout).foreign_keys(true);
        match using {
            // In WAL mode only FULL keeps a commit that was acknowledged just before the power fails
            // (<https://www.sqlite.org/pragma.html#pragma_synchronous>).
            SqliteUse::Write => sqlite.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full),
            SqliteUse::Read => sqlite.pragma("query_only", "on"),
        }
    });
    options
}
