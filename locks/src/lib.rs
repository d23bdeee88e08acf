//! What is kept for speed and may be lost: seat locks, the fast claim that turns a stampede into one winner, and the
//! stream of seat changes ([`changes`]). Knows no database.
//!
//! A lock only spares the database the losers; what is sold is decided there. So losing every lock costs speed and
//! never a seat, and wherever the two disagree ([`SeatLocks::mark_sold`], [`SeatLocks::rebuild`]) the database is
//! believed.

pub mod changes;

mod memory;
mod redis_address;
mod redis_connection;
mod redis_locks;
mod redis_servers;

use async_trait::async_trait;
use domain::hold::{Hold, SeatsLocked};
use domain::ids::{BookingId, SeatId, ShowId};
use jiff::Timestamp;

pub use memory::MemoryLocks;
pub use redis_address::{RedisConfig, RedisConfigError};
pub use redis_connection::RedisConnection;
pub use redis_locks::RedisLocks;

/// Whose claim on which seats is meant, whatever its deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockOwner {
    /// The show.
    pub show_id: ShowId,
    /// The seats.
    pub seat_ids: Vec<SeatId>,
    /// Whose they are.
    pub booking_id: BookingId,
}

impl From<&Hold> for LockOwner {
    fn from(hold: &Hold) -> Self {
        Self { show_id: hold.show_id, seat_ids: hold.seat_ids.clone(), booking_id: hold.booking_id }
    }
}

/// A seat that is not free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedSeat {
    /// The show.
    pub show_id: ShowId,
    /// The seat.
    pub seat_id: SeatId,
    /// Whose it is.
    pub booking_id: BookingId,
    /// Until when; none for a seat that is sold.
    pub until: Option<Timestamp>,
}

/// A fault of the lock store: nothing is known of the seats, and the call may be repeated.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The store could not be asked.
    #[error("the seat locks cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Claims on seats, all seats of a claim or none.
///
/// Every method is idempotent, so each may be repeated when its answer got lost.
#[async_trait]
pub trait SeatLocks: Send + Sync {
    /// Whether the store answers.
    async fn ping(&self) -> Result<(), LockError>;

    /// Locks the seats until `hold.until`, all or none.
    ///
    /// A booking that has some of them keeps them: its deadlines move to `hold.until` where that is later and are
    /// never shortened. A lock whose deadline has passed is free.
    async fn lock(&self, hold: &Hold, now: Timestamp) -> Result<SeatsLocked, LockError>;

    /// Frees what `owner` has of its seats, locked or sold, and refuses its late locks for
    /// [`domain::limits::LOCK_TOMBSTONE_SECONDS`]. What others have is left alone.
    async fn release(&self, owner: &LockOwner, now: Timestamp) -> Result<(), LockError>;

    /// Takes a claim back that was made at the edge and came to nothing, so that the same booking may try again.
    ///
    /// Only seats whose deadline is still the claim's own are freed: where the saga has extended the lock meanwhile,
    /// the claim is the saga's.
    async fn drop_claim(&self, claim: &Hold, now: Timestamp) -> Result<(), LockError>;

    /// Marks the seats as sold to `owner`, which refuses everybody else until the owner releases them.
    ///
    /// It follows the database's decision, so it needs no lock, replaces whatever is there and is not stopped by a
    /// tombstone: money that came late is sold after a release.
    async fn mark_sold(&self, owner: &LockOwner) -> Result<(), LockError>;

    /// The seats of a show that are not free, in the order of their ids.
    async fn held(&self, show_id: ShowId, now: Timestamp) -> Result<Vec<LockedSeat>, LockError>;

    /// The shows that have a seat which is not free, in the order of their ids.
    async fn shows(&self, now: Timestamp) -> Result<Vec<ShowId>, LockError>;

    /// The seats of all shows that are not free, in the order of their shows and ids.
    async fn all(&self, now: Timestamp) -> Result<Vec<LockedSeat>, LockError> {
        let mut seats = Vec::new();
        for show_id in self.shows(now).await? {
            seats.extend(self.held(show_id, now).await?);
        }
        Ok(seats)
    }

    /// Makes the locks of a show say what the database says: `holds` are locked, `sold` is sold and nothing else is.
    ///
    /// Live locks that are on neither list may be claims on their way to the database: they end after
    /// [`domain::limits::LOCK_GRACE_SECONDS`] at the latest. A hold whose booking has released its seats is passed over:
    /// that happened after the database was read.
    async fn rebuild(
        &self,
        show_id: ShowId,
        holds: Vec<Hold>,
        sold: Vec<LockOwner>,
        now: Timestamp,
    ) -> Result<(), LockError>;

    /// Resolves when locks were found that are not to be relied on until they are rebuilt. Cancelling the wait loses
    /// nothing. Never resolves where locks cannot be lost.
    async fn forgotten(&self) -> Forgotten;
}

/// Which locks have to be rebuilt from the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgotten {
    /// Those of a show: nothing is stored of it, because it is new or because the store has lost it.
    Show(ShowId),
    /// All: the store was away, and what was changed meanwhile did not reach it.
    Everything,
}
