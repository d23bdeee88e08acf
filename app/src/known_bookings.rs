//! Whether a key has been used before, asked for many at once: what comes while a question is on its way to the database
//! goes with the next one. A single request waits no longer for it, and of a rush each pays a fraction of a question.

use std::sync::{Arc, Mutex, PoisonError};

use domain::ids::BookingId;
use store::{KnownBooking, Store, StoreError};
use tokio::sync::oneshot;

/// How many are asked for with one statement.
const AT_ONCE: usize = 100;

/// See the module.
#[derive(Default)]
pub(crate) struct KnownBookings(Arc<Mutex<Questions>>);

#[derive(Default)]
struct Questions {
    waiting: Vec<Question>,
    /// Whether somebody asks.
    asking: bool,
}

struct Question {
    booking_id: BookingId,
    tell: oneshot::Sender<Option<KnownBooking>>,
}

impl KnownBookings {
    /// What is known of a booking; none if there is no row.
    pub(crate) async fn find(&self, store: &Store, booking_id: BookingId) -> Result<Option<KnownBooking>, StoreError> {
        let (tell, told) = oneshot::channel();
        let nobody_asks = {
            let mut questions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            questions.waiting.push(Question { booking_id, tell });
            !std::mem::replace(&mut questions.asking, true)
        };
        if nobody_asks {
            tokio::spawn(ask(Arc::clone(&self.0), store.clone()));
        }
        match told.await {
            Ok(known) => Ok(known),
            // The question of all has failed: each finds out by itself what is wrong.
            Err(_untold) => Ok(store.find_known(&[booking_id]).await?.remove(&booking_id)),
        }
    }
}

/// Asks until nobody waits.
async fn ask(questions: Arc<Mutex<Questions>>, store: Store) {
    loop {
        let some: Vec<Question> = {
            let mut questions = questions.lock().unwrap_or_else(PoisonError::into_inner);
            if questions.waiting.is_empty() {
                questions.asking = false;
                return;
            }
            let count = questions.waiting.len().min(AT_ONCE);
            questions.waiting.drain(..count).collect()
        };
        let ids: Vec<BookingId> = some.iter().map(|question| question.booking_id).collect();
        match store.find_known(&ids).await {
            Ok(known) => {
                for Question { booking_id, tell } in some {
                    // Whoever has hung up is not told.
                    let _gone = tell.send(known.get(&booking_id).cloned());
                }
            }
            Err(error) => tracing::debug!(%error, "the bookings behind some keys cannot be read together"),
        }
    }
}
