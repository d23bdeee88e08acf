//! What seat locks and streams of changes promise, wherever they are kept.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

/// Makes a test per store of each function `async fn name(locks: Arc<dyn SeatLocks>)`.
macro_rules! on_all_stores {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use std::sync::Arc;

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn in_memory() {
                super::$name(Arc::new(locks::MemoryLocks::new())).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn in_redis() {
                let Some(locks) = crate::stores::redis() else { return };
                super::$name(Arc::new(locks)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn in_a_redis_cluster() {
                let Some(server) = crate::stores::OwnRedis::start_cluster().await else { return };
                super::$name(Arc::new(server.locks())).await;
            }
        }
    )*};
}

mod stores;

mod changes;
mod claiming;
mod configuring;
mod groups;
mod interleavings;
mod losing;
mod rebuilding;
mod stampede;

use domain::hold::{Hold, later};
use domain::ids::{BookingId, SeatId, ShowId};
use jiff::Timestamp;
use uuid::Uuid;

/// The show all examples are about, unless they need a second one.
pub(crate) fn show(number: u128) -> ShowId {
    ShowId::new(Uuid::from_u128(number))
}

pub(crate) fn seat(number: u128) -> SeatId {
    SeatId::new(Uuid::from_u128(number))
}

pub(crate) fn booking(number: u128) -> BookingId {
    BookingId::new(Uuid::from_u128(number))
}

/// A moment, so many seconds after the examples begin.
pub(crate) fn at(seconds: i64) -> Timestamp {
    later(Timestamp::from_second(1_800_000_000).expect("a moment"), seconds)
}

/// A claim of a booking on seats of the first show until a moment.
pub(crate) fn hold(booking_number: u128, seats: &[u128], until: i64) -> Hold {
    Hold {
        show_id: show(1),
        seat_ids: seats.iter().map(|number| seat(*number)).collect(),
        booking_id: booking(booking_number),
        until: at(until),
    }
}
