//! The stream of a show's seat changes, from the processes that sell to those that show what is free. Knows no database.
//!
//! What is published may come late, twice, out of order, or not at all where the store is lost: a reader compares
//! versions, and looks into the database from time to time.

mod memory;
mod redis_stream;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::ShowId;
use domain::show_seat::SeatStatus;

pub use memory::MemoryChanges;
pub use redis_stream::RedisChanges;

/// How many publications of a show are kept for those who come back; older positions get a fresh snapshot.
pub const KEPT: usize = 1_000;

/// A place in the stream of a show: everything up to it has been seen. Opaque; only its store can compare two.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Position(String);

impl Position {
    /// The longest position that is looked at, in characters.
    const CHARACTERS: usize = 64;

    /// Reads what [`fmt::Display`] wrote: `milliseconds-counter`. None for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, counter) = text.split_once('-')?;
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = text.len() <= Self::CHARACTERS && digits(at) && digits(counter);
        (fits && at.parse::<u64>().is_ok() && counter.parse::<u64>().is_ok()).then(|| Self(text.to_owned()))
    }

    /// The text that [`Self::parse`] reads.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What has happened after a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// These publications, oldest first; none if nothing came within the time that was waited.
    Since(Vec<Publication>),
    /// The position is not known, or what followed it is no longer kept: begin with a fresh snapshot.
    Unknown,
}

/// Changes that were published together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The position after them.
    pub position: Position,
    /// How the seats stand.
    pub seats: Vec<SeatStatus>,
}

/// A fault of the stream's store; the call may be repeated.
#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    /// The store could not be asked.
    #[error("the stream of seat changes cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The streams of all shows.
#[async_trait]
pub trait SeatChanges: Send + Sync {
    /// Publishes how some seats of a show stand.
    async fn publish(&self, show_id: ShowId, seats: &[SeatStatus]) -> Result<(), ChangesError>;

    /// The newest position of a show. A snapshot that is read from the database afterwards has all that came before.
    async fn position(&self, show_id: ShowId) -> Result<Position, ChangesError>;

    /// What was published after `position`, waiting up to `wait` for something to come.
    async fn after(&self, show_id: ShowId, position: &Position, wait: Duration) -> Result<Published, ChangesError>;
}
