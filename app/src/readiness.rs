//! Whether each part that requests need is there.

use crate::App;

/// What each part says when asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// The database; without it nothing is served.
    pub database: Result<(), String>,
    /// The engine; without it bookings can be read and not made.
    pub engine: Result<(), String>,
}

impl Readiness {
    /// Whether every request can be served.
    pub fn is_ready(&self) -> bool {
        self.database.is_ok() && self.engine.is_ok()
    }
}

impl App {
    /// Asks every part.
    pub async fn ready(&self) -> Readiness {
        let (database, engine) = tokio::join!(self.store().ping(), self.engine().ping());
        Readiness {
            database: database.map_err(|error| error.to_string()),
            engine: engine.map_err(|error| error.to_string()),
        }
    }
}
