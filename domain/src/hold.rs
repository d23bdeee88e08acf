//! Holds: seats kept for a booking until a deadline.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::booking_state::EndState;
use crate::ids::{BookingId, SeatId, ShowId};
use crate::limits::{HARD_CAP_SECONDS, LOCK_GRACE_SECONDS, PROCESSING_EXTENSION_SECONDS};
use crate::show::HoldTime;

/// Seats that a booking claims until a moment: what a lock and a hold have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The show.
    pub show_id: ShowId,
    /// The seats.
    pub seat_ids: Vec<SeatId>,
    /// Whose they are.
    pub booking_id: BookingId,
    /// Until when.
    pub until: Timestamp,
}

/// What `seats.lock` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum SeatsLocked {
    /// All of them are locked for this booking.
    Locked,
    /// None is, because others have some.
    Taken {
        /// Which.
        seat_ids: Vec<SeatId>,
    },
    /// The booking has released its seats before; a late lock is refused.
    Released,
    /// The locks are away: nothing is locked, and the database alone decides.
    Away,
}

/// What `hold.extend` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum HoldExtended {
    /// The seats are held until then.
    Extended {
        /// The new deadline.
        until: Timestamp,
    },
    /// They are held to the hard cap already.
    AtCap,
    /// The booking has ended.
    Ended {
        /// Where.
        end: EndState,
    },
    /// The booking waits for an operator and holds no seats.
    NeedsAttention,
}

/// When a hold that begins at `now` ends.
pub fn deadline(now: Timestamp, hold: HoldTime) -> Timestamp {
    later(now, hold.seconds())
}

/// How far a hold can go beyond its show's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldRules {
    /// The longest that seats stay held, counted from opening, in seconds.
    pub hard_cap_seconds: i64,
    /// How much longer each `processing` answer of the provider holds them, in seconds.
    pub extension_seconds: i64,
}

impl Default for HoldRules {
    fn default() -> Self {
        Self { hard_cap_seconds: HARD_CAP_SECONDS, extension_seconds: PROCESSING_EXTENSION_SECONDS }
    }
}

impl HoldRules {
    /// When a hold that began at `opened_at` ends at the latest.
    pub fn hard_cap(&self, opened_at: Timestamp) -> Timestamp {
        later(opened_at, self.hard_cap_seconds)
    }

    /// The deadline after the provider said `processing` at `now`; never earlier than before, never past the cap.
    pub fn extended(&self, current: Timestamp, hard_cap: Timestamp, now: Timestamp) -> Timestamp {
        later(now, self.extension_seconds).max(current).min(hard_cap)
    }
}

/// When the lock of a hold ends: after the hold itself, so that only the saga frees a held seat.
pub fn lock_deadline(hold_deadline: Timestamp) -> Timestamp {
    later(hold_deadline, LOCK_GRACE_SECONDS)
}

/// `seconds` after `start`, or the end of time where that does not exist.
pub fn later(start: Timestamp, seconds: i64) -> Timestamp {
    start.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}
