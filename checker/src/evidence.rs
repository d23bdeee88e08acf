//! Evidence: what the checker is given to hold the promises against.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use domain::ids::{BookingId, SeatId, ShowId};
use jiff::Timestamp;
use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use crate::answer::Answer;
use crate::error::CheckError;

/// Everything that is known from outside. What is missing is said in the report, never passed over.
#[derive(Debug)]
pub struct Evidence {
    /// The database of the system, SQLite or PostgreSQL. It is only read.
    pub database: DatabaseConnection,
    /// The payment provider's own ledger.
    pub ledger: Option<Ledger>,
    /// Every seat that the locks refuse, collected before the check.
    pub locks: Option<Vec<SeatLock>>,
    /// The ids of all open workflows, collected before the check: `bkg_...` for `BookTicket`, `settle/bkg_...` for
    /// `SettleBooking`.
    pub open_workflows: Option<BTreeSet<String>>,
    /// The ids of the workflows that were started more than once, each with how often, running or closed; one that was
    /// reset was not started anew.
    pub started_again: Option<BTreeMap<String, usize>>,
    /// What clients were answered.
    pub answers: Vec<Answer>,
    /// The moment to judge deadlines by, taken before anything was collected.
    pub now: Timestamp,
}

/// Whether sagas are expected to be in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// The system is at rest: every captured amount must have found its end.
    Settled,
    /// Sagas are in flight: only what must hold at any moment is asked for.
    Running,
}

/// A seat that the locks refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeatLock {
    /// The show.
    pub show_id: ShowId,
    /// The seat.
    pub seat_id: SeatId,
    /// Whose it is.
    pub booking_id: BookingId,
    /// Until when; none for the mark of a sold seat.
    pub until: Option<Timestamp>,
}

/// The payment provider's own ledger, open for reading.
#[derive(Debug, Clone)]
pub struct Ledger {
    connection: DatabaseConnection,
}

impl Ledger {
    /// Opens the file of the simulator, which may be in use. The file is not made where there is none.
    pub async fn open_simulator(path: &Path) -> Result<Self, CheckError> {
        let file = path.to_owned();
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1).sqlx_logging(false);
        // The path is set here and not in the URL, as it may have characters that a URL gives a meaning.
        options.map_sqlx_sqlite_opts(move |sqlite| {
            sqlite.filename(&file).in_memory(false).shared_cache(false).create_if_missing(false).read_only(true)
        });
        let connection = Database::connect(options).await;
        let connection =
            connection.map_err(|source| CheckError::NoLedger { path: path.display().to_string(), source })?;
        Ok(Self { connection })
    }

    pub(crate) fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }
}
