//! How the database is reached and how patient the store is with it. Knows no connection.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;

/// How to reach the database.
///
/// Every process has connections of its own. A PostgreSQL server takes `max_connections` of them in all (100 unless it
/// is told otherwise, three of which are kept for superusers), so the sum of [`Self::max_connections`] over all
/// processes has to stay below that, with room for a process that starts while the one it replaces still runs.
#[derive(Clone)]
pub struct DatabaseConfig {
    /// `sqlite:///path?mode=rwc` or `postgres://user:password@host:port/name`. May hold a password.
    pub url: String,
    /// The most connections at a time. SQLite uses one for writing and this many for reading.
    ///
    /// A transaction of a booking takes a few milliseconds, so that ten connections carry more than a thousand
    /// bookings a second; more than two or three per core of the server make it slower, not faster.
    pub max_connections: u32,
    /// How many connections are kept open while nobody uses them, so that the first callers after a quiet time do not
    /// wait for new ones (PostgreSQL).
    pub min_connections: u32,
    /// How long to wait for a free connection, and for the database to answer when connecting. Longer than
    /// [`Self::lock_timeout`], or a few transactions that wait for a row keep everybody else from getting one.
    pub acquire_timeout: Duration,
    /// How long one statement may take before the server cancels it (PostgreSQL). Shorter than the patience of whoever
    /// waits for it, so that nothing is still being done for a caller who has left.
    pub statement_timeout: Duration,
    /// How long a statement waits for a row that another transaction has, or SQLite for the file. Shorter than
    /// [`Self::statement_timeout`], or it never comes to pass.
    pub lock_timeout: Duration,
    /// By what name the server lists the connections, in `pg_stat_activity` and its log (PostgreSQL).
    pub application_name: String,
}

impl DatabaseConfig {
    /// Settings that fit one process, for a database at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 10,
            min_connections: 1,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(3),
            application_name: "boxoffice".to_owned(),
        }
    }

    /// Which kind of database it is, as the URL says.
    pub(crate) fn scheme(&self) -> &str {
        self.url.split(':').next().unwrap_or_default()
    }

    /// Where the database is, for people: never with the user's name or password.
    pub(crate) fn place(&self) -> String {
        match self.scheme() {
            "postgres" | "postgresql" => match self.url.parse::<PgConnectOptions>() {
                Ok(options) => {
                    let name = options.get_database().unwrap_or(options.get_username());
                    format!("`{name}` at {}:{}", options.get_host(), options.get_port())
                }
                Err(_) => "at a postgres URL that cannot be read".to_owned(),
            },
            "sqlite" => match self.url.parse::<SqliteConnectOptions>() {
                Ok(options) => format!("`{}`", Path::display(options.get_filename())),
                Err(_) => "at a sqlite URL that cannot be read".to_owned(),
            },
            _ => "of an unknown kind".to_owned(),
        }
    }
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            url: _,
            max_connections,
            min_connections,
            acquire_timeout,
            statement_timeout,
            lock_timeout,
            application_name,
        } = self;
        formatter
            .debug_struct("DatabaseConfig")
            .field("place", &self.place())
            .field("max_connections", max_connections)
            .field("min_connections", min_connections)
            .field("acquire_timeout", acquire_timeout)
            .field("statement_timeout", statement_timeout)
            .field("lock_timeout", lock_timeout)
            .field("application_name", application_name)
            .finish()
    }
}
