//! Callers that wait until a booking is opened. The engine is not asked: the rows of all bookings that are waited for in
//! this process are looked at together, every few milliseconds, for as long as anybody waits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ids::BookingId;
use store::Store;
use tokio::sync::watch;

/// How often the rows are looked at: what a caller waits longer than it has to, on average half of this.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// The same while many wait, who wait longer anyway: looking must not become what they wait for.
const LOOK_FOR_MANY_EVERY: Duration = Duration::from_millis(15);
/// From how many on it is many.
const MANY: usize = 8;
/// The pause after the database could not be read.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// How many rows are looked at with one statement.
const AT_ONCE: usize = 100;

/// The bookings that are waited for, each with a bell that rings by being dropped.
#[derive(Default)]
pub(crate) struct Openings(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    bookings: BTreeMap<BookingId, watch::Sender<()>>,
    /// Whether somebody looks.
    looking: bool,
}

impl Openings {
    /// Waits until a booking is past `pending`.
    pub(crate) async fn wait(&self, store: &Store, booking_id: BookingId) {
        let mut opened = {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if !waiting.looking {
                waiting.looking = true;
                tokio::spawn(look(Arc::clone(&self.0), store.clone()));
            }
            waiting.bookings.entry(booking_id).or_insert_with(|| watch::channel(()).0).subscribe()
        };
        // The bell's end is all that is waited for; nothing is ever sent.
        while opened.changed().await.is_ok() {}
    }
}

/// Looks until nobody waits.
async fn look(openings: Arc<Mutex<Waiting>>, store: Store) {
    loop {
        let wanted: Vec<BookingId> = {
            let mut waiting = openings.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever has given up is not looked for any more.
            waiting.bookings.retain(|_, bell| bell.receiver_count() > 0);
            if waiting.bookings.is_empty() {
                waiting.looking = false;
                return;
            }
            waiting.bookings.keys().copied().collect()
        };
        let mut pause = if wanted.len() < MANY { LOOK_EVERY } else { LOOK_FOR_MANY_EVERY };
        for some in wanted.chunks(AT_ONCE) {
            match store.find_known(some).await {
                Ok(known) => {
                    let mut waiting = openings.lock().unwrap_or_else(PoisonError::into_inner);
                    for (booking_id, _) in known.into_iter().filter(|(_, booking)| !booking.is_pending) {
                        waiting.bookings.remove(&booking_id);
                    }
                }
                Err(error) => {
                    tracing::debug!(error = %error, "the bookings that are waited for cannot be read for now");
                    pause = LOOK_AGAIN;
                }
            }
        }
        tokio::time::sleep(pause).await;
    }
}
