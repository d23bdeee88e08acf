//! The use cases: what a caller may do, whatever the transport. Knows no HTTP and no SQL.

pub mod account;
pub mod availability;
mod best_available;
pub mod booking;
pub mod browse;
pub mod cancel;
pub mod contact;
mod editing;
pub mod event;
pub mod fee;
pub mod identity;
pub mod import;
mod known_bookings;
pub mod listing;
pub mod message;
pub mod notice;
pub mod offer;
pub mod partner;
pub mod payment;
pub mod payment_message;
pub mod repair;
pub mod seat_map;
pub mod session;
pub mod show;
pub mod show_booking;
pub mod show_cancel;
pub mod show_delete;
pub mod show_plan;
mod shows_on_sale;
mod single_seat;
pub mod venue;
pub mod webhook;

pub mod engine;
pub mod error;
pub mod inbox;
mod kept;
mod log_ins;
mod opening;
pub mod passwords;
pub mod readiness;
pub mod seat_locks;
pub mod sweep;
pub mod tokens;

use std::sync::Arc;
use std::time::Duration;

// What the use cases speak of and other crates define: transports know this crate only.
pub use locks::LockedSeat;
pub use store::{
    Allocation, BookingFilter, City, DeadLetter, Earnings, EventListing, HallHead, Notice, NoticeState, PaymentEvent,
    PaymentEventState, ShowBooking, ShowFilter, ShowListing, Versioned,
};
pub use workflows::signals::ResolvedAs;

use jiff::Timestamp;
use locks::SeatLocks;
use locks::changes::SeatChanges;
use payments::PaymentProvider;
use store::Store;

pub use crate::booking::{BookSeats, Booked, BookingView, WishedSeats};
use crate::engine::Engine;
pub use crate::error::AppError;
pub use crate::listing::Listed;
use crate::passwords::Passwords;
pub use crate::repair::{Repair, RepairAction};
use crate::tokens::Tokens;
pub use crate::webhook::WebhookReceived;

/// Everything a use case needs. Cloning it gives another handle on the same parts.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
}

/// The parts that an [`App`] is made of.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The seat locks.
    pub locks: Arc<dyn SeatLocks>,
    /// The streams of seat changes.
    pub changes: Arc<dyn SeatChanges>,
    /// The payment provider.
    pub provider: Arc<dyn PaymentProvider>,
    /// The engine that runs the sagas.
    pub engine: Engine,
    /// Who callers are.
    pub tokens: Tokens,
    /// What they log in with.
    pub passwords: Passwords,
    /// How long a caller waits for an outcome before it is told to come back.
    pub answer_within: Duration,
}

struct Shared {
    parts: Parts,
    flights: booking::Flights,
    openings: opening::Openings,
    known_bookings: known_bookings::KnownBookings,
    shows_on_sale: shows_on_sale::ShowsOnSale,
    pickers: best_available::Pickers,
    log_ins: log_ins::LogIns,
    browsed: browse::Browsed,
    boards: Arc<availability::Boards>,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let boards = availability::Boards::new(parts.store.clone(), Arc::clone(&parts.changes));
        let shared = Shared {
            parts,
            flights: booking::Flights::default(),
            openings: opening::Openings::default(),
            known_bookings: known_bookings::KnownBookings::default(),
            shows_on_sale: shows_on_sale::ShowsOnSale::default(),
            pickers: best_available::Pickers::default(),
            log_ins: log_ins::LogIns::default(),
            browsed: browse::Browsed::default(),
            boards,
        };
        Self { shared: Arc::new(shared) }
    }

    fn store(&self) -> &Store {
        &self.shared.parts.store
    }

    fn locks(&self) -> &dyn SeatLocks {
        self.shared.parts.locks.as_ref()
    }

    fn provider(&self) -> &dyn PaymentProvider {
        self.shared.parts.provider.as_ref()
    }

    fn engine(&self) -> &Engine {
        &self.shared.parts.engine
    }

    /// The public halves of the keys that access tokens are signed with.
    pub fn public_keys(&self) -> impl serde::Serialize + use<> {
        self.shared.parts.tokens.public_keys()
    }

    /// The one place where the use cases read the clock.
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
