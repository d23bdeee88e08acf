//! Which seats of a show are free, live: told by those who change seats, followed by those who show them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use domain::ids::{SeatId, ShowId};
use locks::changes::SeatChanges;
use store::Store;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Tells which seats of which shows have changed. Cloning it gives another handle on the same announcer.
///
/// Telling costs a booking nothing: the rows are read and published a moment later, many changes of a show at once. What
/// a dying process has not told, followers find when they look into the database.
#[derive(Clone)]
pub struct Announcer {
    shared: Arc<Announcements>,
}

struct Announcements {
    store: Store,
    changes: Arc<dyn SeatChanges>,
    waiting: Mutex<BTreeMap<ShowId, BTreeSet<SeatId>>>,
    told: Notify,
}

impl Announcer {
    /// An announcer that reads from `store` and publishes to `changes`.
    pub fn new(store: Store, changes: Arc<dyn SeatChanges>) -> Self {
        let shared = Announcements { store, changes, waiting: Mutex::default(), told: Notify::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Notes that seats of a show may have changed; returns at once.
    pub fn seats_changed(&self, show_id: ShowId, seat_ids: &[SeatId]) {
        let mut waiting = self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.entry(show_id).or_default().extend(seat_ids);
        self.shared.told.notify_one();
    }

    /// Publishes what is noted until `stop` is cancelled and nothing is left.
    pub async fn run(&self, stop: CancellationToken) {
        loop {
            let waiting = std::mem::take(&mut *self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            for (show_id, seats) in waiting {
                let seats: Vec<SeatId> = seats.into_iter().collect();
                self.publish(show_id, &seats).await;
            }
            tokio::select! {
                biased;
                () = self.shared.told.notified() => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn publish(&self, show_id: ShowId, seat_ids: &[SeatId]) {
        let seats = match self.shared.store.statuses_of(show_id, seat_ids).await {
            Ok(seats) => seats,
            Err(error) => {
                tracing::warn!(show.id = %show_id, error = %error, "changed seats could not be read to be announced");
                return;
            }
        };
        if let Err(error) = self.shared.changes.publish(show_id, &seats).await {
            metrics::counter!("boxoffice_seat_changes_lost_total").increment(1);
            tracing::debug!(show.id = %show_id, error = %error, "changed seats could not be announced");
        }
    }
}
