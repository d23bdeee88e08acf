//! The streams in the memory of one process, for the embedded mode.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::ShowId;
use domain::show_seat::SeatStatus;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{ChangesError, KEPT, Position, Publication, Published, SeatChanges};

/// The streams of all shows in memory; they begin anew with the process.
#[derive(Debug)]
pub struct MemoryChanges {
    /// What the positions of this process begin with, so that those of another are not known.
    epoch: u64,
    shows: Mutex<HashMap<ShowId, Stream>>,
    published: Notify,
}

#[derive(Debug, Default)]
struct Stream {
    newest: u64,
    kept: VecDeque<(u64, Vec<SeatStatus>)>,
}

impl MemoryChanges {
    /// Streams in which nothing has happened. `epoch` has to differ from that of every process before, as the
    /// milliseconds of its start do.
    pub fn new(epoch: u64) -> Self {
        Self { epoch, shows: Mutex::default(), published: Notify::new() }
    }

    fn position_of(&self, counter: u64) -> Position {
        Position(format!("{}-{counter}", self.epoch))
    }

    /// What is kept after `position`, none if that cannot be said.
    fn kept_after(&self, show_id: ShowId, position: &Position) -> Option<Vec<Publication>> {
        let (epoch, counter) = position.0.split_once('-')?;
        let (epoch, counter): (u64, u64) = (epoch.parse().ok()?, counter.parse().ok()?);
        let shows = self.shows.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = shows.get(&show_id).map_or(0, |stream| stream.newest);
        if epoch != self.epoch || counter > newest {
            return None;
        }
        let Some(stream) = shows.get(&show_id) else { return Some(Vec::new()) };
        let oldest = newest - stream.kept.len() as u64;
        if counter < oldest {
            return None;
        }
        let after = stream.kept.iter().filter(|(at, _)| *at > counter);
        Some(after.map(|(at, seats)| Publication { position: self.position_of(*at), seats: seats.clone() }).collect())
    }
}

#[async_trait]
impl SeatChanges for MemoryChanges {
    async fn publish(&self, show_id: ShowId, seats: &[SeatStatus]) -> Result<(), ChangesError> {
        {
            let mut shows = self.shows.lock().unwrap_or_else(PoisonError::into_inner);
            let stream = shows.entry(show_id).or_default();
            stream.newest += 1;
            stream.kept.push_back((stream.newest, seats.to_vec()));
            if stream.kept.len() > KEPT {
                stream.kept.pop_front();
            }
        }
        self.published.notify_waiters();
        Ok(())
    }

    async fn position(&self, show_id: ShowId) -> Result<Position, ChangesError> {
        let shows = self.shows.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.position_of(shows.get(&show_id).map_or(0, |stream| stream.newest)))
    }

    async fn after(&self, show_id: ShowId, position: &Position, wait: Duration) -> Result<Published, ChangesError> {
        let deadline = Instant::now() + wait;
        loop {
            let mut published = std::pin::pin!(self.published.notified());
            // Before the look, so that nothing can be published unnoticed between the two.
            published.as_mut().enable();
            match self.kept_after(show_id, position) {
                None => return Ok(Published::Unknown),
                Some(found) if !found.is_empty() => return Ok(Published::Since(found)),
                Some(_) => {}
            }
            if tokio::time::timeout_at(deadline, published).await.is_err() {
                return Ok(Published::Since(Vec::new()));
            }
        }
    }
}
