//! What can go wrong with the database, and which of it is worth another try. A business "no" is never an error.

use domain::booking_state::IllegalTransition;
use domain::ids::BookingId;
use domain::money::{Money, MoneyError};
use domain::payment::{AttemptState, IntentId};
use sea_orm::sqlx;
use sea_orm::sqlx::postgres::{PgDatabaseError, PgSeverity};
use sea_orm::{DbErr, RuntimeErr};

/// A fault of the database, of what is in it, or of the caller.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names a database that boxoffice cannot use.
    #[error("`{scheme}` is not a database that can be used: sqlite:///path?mode=rwc or postgres://user@host/name")]
    UnsupportedUrl {
        /// What the URL starts with; the rest may hold a password.
        scheme: String,
    },
    /// The database cannot be connected to.
    #[error("there is no connecting to the database {place}")]
    Unreachable {
        /// Host and name, or the file.
        place: String,
        /// Why not.
        #[source]
        source: DbErr,
    },
    /// The database could not do what it was asked.
    #[error("the database failed at `{statement}`")]
    Database {
        /// The beginning of the statement.
        statement: String,
        /// What it said.
        #[source]
        source: DbErr,
    },
    /// A row holds what the code could not have written.
    #[error("row {id} of table {table} cannot be read")]
    CorruptRow {
        /// The table.
        table: &'static str,
        /// The row's key.
        id: String,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A value cannot be written as text.
    #[error("a value cannot be written as JSON")]
    Unwritable(#[source] serde_json::Error),
    /// What a step works on does not exist.
    #[error("there is no {what} {id}")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
        /// Its key.
        id: String,
    },
    /// Another transaction changed what this one had just read.
    #[error("{what} changed at the same moment")]
    ConcurrentChange {
        /// What changed.
        what: &'static str,
    },
    /// The rules do not allow the change.
    #[error("booking {booking_id} does not allow the change")]
    IllegalTransition {
        /// The booking.
        booking_id: BookingId,
        /// Which change.
        #[source]
        source: IllegalTransition,
    },
    /// An unpaid booking can only end unsold, and only a sale can end as sold.
    #[error("booking {booking_id} cannot be brought to the end `{end}` by this step")]
    WrongEnd {
        /// The booking.
        booking_id: BookingId,
        /// The end that was asked for.
        end: &'static str,
    },
    /// A booking that costs something can only be confirmed by an attempt that paid for it.
    #[error("booking {booking_id} costs {amount} and was to be confirmed without a payment")]
    NotFree {
        /// The booking.
        booking_id: BookingId,
        /// What it costs.
        amount: Money,
    },
    /// The next attempt may only be opened once the last one can never be paid.
    #[error("attempt {number} of booking {booking_id} is {} and may still be paid", .state.as_str())]
    AttemptStillOpen {
        /// The booking.
        booking_id: BookingId,
        /// The attempt.
        number: u32,
        /// Where it stands.
        state: AttemptState,
    },
    /// The provider gave two intents to one attempt.
    #[error("attempt {number} of booking {booking_id} has intent {known}, not {given}")]
    IntentMismatch {
        /// The booking.
        booking_id: BookingId,
        /// The attempt.
        number: u32,
        /// The intent in the database.
        known: IntentId,
        /// The intent that was given.
        given: IntentId,
    },
    /// What the provider says about money contradicts what it said before.
    #[error("attempt {number} of booking {booking_id}: {what}")]
    MoneyContradiction {
        /// The booking.
        booking_id: BookingId,
        /// The attempt.
        number: u32,
        /// The contradiction.
        what: &'static str,
    },
    /// More was to be given back than is left.
    #[error("{asked} are to go back for attempt {number} of booking {booking_id}, and {left} are left")]
    RefundTooLarge {
        /// The booking.
        booking_id: BookingId,
        /// The attempt.
        number: u32,
        /// What was to go back.
        asked: Money,
        /// What is left of what the attempt collected.
        left: Money,
    },
    /// A sum of money has no answer.
    #[error("a sum of booking {booking_id} has no answer")]
    Money {
        /// The booking.
        booking_id: BookingId,
        /// Why not.
        #[source]
        source: MoneyError,
    },
}

impl StoreError {
    /// Whether the same call may succeed later, without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            // Whatever keeps it from being connected to, the same settings have worked before, and it says nothing of what
            // was asked.
            Self::Database { source: DbErr::Conn(_), .. } => true,
            Self::Unreachable { source, .. } | Self::Database { source, .. } => Fault::of(source).is_transient(),
            Self::ConcurrentChange { .. } => true,
            Self::UnsupportedUrl { .. }
            | Self::CorruptRow { .. }
            | Self::Unwritable(_)
            | Self::NotFound { .. }
            | Self::IllegalTransition { .. }
            | Self::WrongEnd { .. }
            | Self::NotFree { .. }
            | Self::AttemptStillOpen { .. }
            | Self::IntentMismatch { .. }
            | Self::MoneyContradiction { .. }
            | Self::RefundTooLarge { .. }
            | Self::Money { .. } => false,
        }
    }

    /// Whether the transaction lost against another one and should be run again at once.
    pub(crate) fn lost_a_race(&self) -> bool {
        match self {
            Self::Unreachable { source, .. } | Self::Database { source, .. } => Fault::of(source) == Fault::LostRace,
            Self::ConcurrentChange { .. } => true,
            _ => false,
        }
    }

    /// Whether the connection was dead, or died: another one may work.
    pub(crate) fn lost_its_connection(&self) -> bool {
        match self {
            Self::Database { source, .. } => Fault::of(source) == Fault::LostConnection,
            _ => false,
        }
    }
}

/// What kind of failure a database reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// A deadlock, a serialization failure or a busy file: nothing was done, and the next try may be lucky.
    LostRace,
    /// The connection is gone, and it is unknown how far what it was asked has come.
    LostConnection,
    /// It cannot be reached, is too busy or was too slow.
    Unavailable,
    /// It refused what it was asked.
    Refused,
}

impl Fault {
    fn is_transient(self) -> bool {
        match self {
            Self::LostRace | Self::LostConnection | Self::Unavailable => true,
            Self::Refused => false,
        }
    }

    fn of(error: &DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(_) => Self::Unavailable,
            DbErr::Conn(RuntimeErr::SqlxError(source))
            | DbErr::Exec(RuntimeErr::SqlxError(source))
            | DbErr::Query(RuntimeErr::SqlxError(source)) => Self::of_driver(source),
            _ => Self::Refused,
        }
    }

    fn of_driver(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => {
                if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
                    Self::of_postgres(error)
                } else {
                    Self::of_sqlite(&error.code().unwrap_or_default())
                }
            }
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::BeginFailed => Self::LostConnection,
            sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Unavailable
            }
            _ => Self::Refused,
        }
    }

    /// By the primary result code, the low byte of the extended one (<https://www.sqlite.org/rescode.html>).
    fn of_sqlite(code: &str) -> Self {
        const BUSY: u32 = 5;
        const LOCKED: u32 = 6;
        const IO_ERROR: u32 = 10;
        const FULL: u32 = 13;
        const CANNOT_OPEN: u32 = 14;
        match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(BUSY | LOCKED) => Self::LostRace,
            Ok(IO_ERROR | FULL | CANNOT_OPEN) => Self::Unavailable,
            Ok(_) | Err(_) => Self::Refused,
        }
    }

    /// By SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>), and by severity.
    fn of_postgres(error: &PgDatabaseError) -> Self {
        let code = error.code();
        let is_of = |classes: &[&str]| classes.iter().any(|class| code.starts_with(class));
        match code {
            // Serialization failure, deadlock.
            "40001" | "40P01" => Self::LostRace,
            // Terminated by an operator or a restart, by a crash; a server that starts up; connection failures.
            "57P01" | "57P02" | "57P03" => Self::LostConnection,
            _ if is_of(&["08"]) => Self::LostConnection,
            // Lock timeout; a transaction that was idle for too long; a server that has become a standby.
            "55P03" | "25P03" | "25006" => Self::Unavailable,
            // Lack of resources, statement timeout and other interventions, system errors, and errors within the server,
            // which are never those of a statement: a new session that cannot write its cache to a full disk is one.
            _ if is_of(&["53", "57", "58", "XX"]) => Self::Unavailable,
            // Who may not enter, and a database that does not exist.
            _ if is_of(&["28", "3D"]) => Self::Refused,
            // Whatever else has ended the session.
            _ if matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic) => Self::LostConnection,
            _ => Self::Refused,
        }
    }
}
