//! A pool of connections that may have died while nobody looked: a server that restarts takes all of them with it.
//!
//! Testing each connection before each use would cost a round trip every time. A pool instead tests those that were
//! idle for long, and, once one of them was found dead, all those that have not been used since.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::sqlx::Connection;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, sqlx};

/// How long a connection may be unused before it is tested on its next use.
const TEST_AFTER_IDLE_SECONDS: u64 = 30;

/// How long a connection has to answer a test. One whose server has vanished from the network would never answer.
const TEST_SECONDS: u64 = 2;

/// Connections, and since when they are in doubt.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    pub(crate) connection: DatabaseConnection,
    pub(crate) doubt: Doubt,
}

/// When a dead connection was last found: others that have been idle since before may be dead as well.
#[derive(Debug, Clone)]
pub(crate) struct Doubt {
    since: Arc<AtomicU64>,
    epoch: Instant,
}

impl Doubt {
    /// No doubt yet.
    pub(crate) fn none() -> Self {
        Self { since: Arc::new(AtomicU64::new(0)), epoch: Instant::now() }
    }

    /// A connection was found dead just now.
    pub(crate) fn raise(&self) {
        self.since.fetch_max(self.microseconds(Instant::now()), Ordering::Relaxed);
    }

    /// Whether a connection that nobody has used for a time is to be tested.
    pub(crate) fn covers(&self, idle_for: Duration) -> bool {
        let last_used = Instant::now().checked_sub(idle_for).map_or(0, |at| self.microseconds(at));
        let since = self.since.load(Ordering::Relaxed);
        idle_for >= Duration::from_secs(TEST_AFTER_IDLE_SECONDS) || (since > 0 && last_used <= since)
    }

    fn microseconds(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_micros()).unwrap_or(u64::MAX)
    }
}

/// Asks the other end of a connection whether it is there.
pub(crate) async fn test<C: Connection>(connection: &mut C) -> Result<bool, sqlx::Error> {
    let answer = tokio::time::timeout(Duration::from_secs(TEST_SECONDS), connection.ping()).await;
    answer.map_err(|_| sqlx::Error::PoolTimedOut)?.map(|()| true)
}

/// What statements are run on.
pub(crate) trait Session: Sync {
    /// What runs them.
    type Connection: ConnectionTrait;

    /// What runs them.
    fn connection(&self) -> &Self::Connection;

    /// Whom to tell that a connection is dead, where the statement may be repeated on another one. A transaction has
    /// died with its connection; outside of one each statement is either a read or a change that can be repeated.
    fn doubt(&self) -> Option<&Doubt>;
}

impl Session for Pool {
    type Connection = DatabaseConnection;

    fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    fn doubt(&self) -> Option<&Doubt> {
        Some(&self.doubt)
    }
}

impl Session for DatabaseTransaction {
    type Connection = Self;

    fn connection(&self) -> &Self {
        self
    }

    fn doubt(&self) -> Option<&Doubt> {
        None
    }
}
