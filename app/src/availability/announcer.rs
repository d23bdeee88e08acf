//! Telling that seats have changed, for the processes that change them. Knows nobody who listens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ids::{BookingId, SeatId, ShowId};
use domain::show_seat::SeatStatus;
use locks::changes::SeatChanges;
use store::{Store, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long changes are gathered before they are told together. It bounds what a busy show costs database and stream,
/// and so how fast it uses up what the stream keeps ([`locks::changes::KEPT`]).
const GATHER: Duration = Duration::from_millis(40);

/// The most seats and the most bookings that wait to be told of; more are left to those who look into the database.
const WAITING_MAX: usize = 20_000;

/// How many bookings or seats one statement asks for.
const BATCH: usize = 500;

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
    waiting: Mutex<Waiting>,
    told: Notify,
}

/// What is to be read and published.
#[derive(Default)]
struct Waiting {
    seats: BTreeSet<(ShowId, SeatId)>,
    bookings: BTreeSet<BookingId>,
}

impl Announcer {
    /// An announcer that reads from `store` and publishes to `changes`.
    pub fn new(store: Store, changes: Arc<dyn SeatChanges>) -> Self {
        let shared = Announcements { store, changes, waiting: Mutex::default(), told: Notify::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Notes that seats of a show may have changed; returns at once.
    pub fn seats_changed(&self, show_id: ShowId, seat_ids: &[SeatId]) {
        self.note(|waiting| waiting.seats.extend(seat_ids.iter().map(|seat_id| (show_id, *seat_id))));
    }

    /// Notes that the seats of a booking may have changed; returns at once.
    pub fn booking_changed(&self, booking_id: BookingId) {
        self.note(|waiting| waiting.bookings.extend([booking_id]));
    }

    /// Publishes what is noted until `stop` is cancelled and nothing is left.
    pub async fn run(&self, stop: CancellationToken) {
        loop {
            let waiting = std::mem::take(&mut *self.waiting());
            self.publish(waiting).await;
            tokio::select! {
                biased;
                () = self.shared.told.notified() => {}
                () = stop.cancelled() => return,
            }
            // Nobody is to wait for the last of it.
            tokio::select! {
                () = tokio::time::sleep(GATHER) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    fn note(&self, note: impl FnOnce(&mut Waiting)) {
        let mut waiting = self.waiting();
        if waiting.seats.len() < WAITING_MAX && waiting.bookings.len() < WAITING_MAX {
            note(&mut waiting);
        } else {
            lost(1);
        }
        drop(waiting);
        self.shared.told.notify_one();
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn publish(&self, waiting: Waiting) {
        let mut shows: BTreeMap<ShowId, Vec<SeatStatus>> = BTreeMap::new();
        let bookings: Vec<BookingId> = waiting.bookings.into_iter().collect();
        for batch in bookings.chunks(BATCH) {
            for (show_id, seat) in found(self.shared.store.statuses_of_bookings(batch).await) {
                shows.entry(show_id).or_default().push(seat);
            }
        }
        let seats: Vec<(ShowId, SeatId)> = waiting.seats.into_iter().collect();
        for of_show in seats.chunk_by(|(one, _), (other, _)| one == other) {
            let show_id = of_show[0].0;
            for batch in of_show.chunks(BATCH) {
                let seat_ids: Vec<SeatId> = batch.iter().map(|(_, seat_id)| *seat_id).collect();
                let read = found(self.shared.store.statuses_of(show_id, &seat_ids).await);
                shows.entry(show_id).or_default().extend(read);
            }
        }
        for (show_id, mut seats) in shows {
            // A seat that was read for a booking and for itself: the newer reading is enough.
            seats.sort_unstable_by_key(|seat| (seat.seat_id, std::cmp::Reverse(seat.version)));
            seats.dedup_by_key(|seat| seat.seat_id);
            for batch in seats.chunks(BATCH) {
                if let Err(error) = self.shared.changes.publish(show_id, batch).await {
                    lost(batch.len());
                    tracing::debug!(show.id = %show_id, error = %error, "changed seats could not be announced");
                }
            }
        }
    }
}

/// What was read; nothing where it could not be, which followers find out by themselves.
fn found<T>(read: Result<Vec<T>, StoreError>) -> Vec<T> {
    read.unwrap_or_else(|error| {
        lost(1);
        tracing::warn!(error = %error, "changed seats could not be read to be announced");
        Vec::new()
    })
}

fn lost(changes: usize) {
    metrics::counter!("boxoffice_seat_changes_lost_total").increment(changes as u64);
}
