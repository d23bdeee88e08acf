//! The steps on seat locks.

#![allow(missing_docs, reason = "the steps are documented where they are declared, in the contracts")]

use std::sync::Arc;
use std::time::Instant;

use domain::hold::{Hold, SeatsLocked};
use jiff::Timestamp;
use locks::{LockError, LockOwner, SeatLocks};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use workflows::contracts::{LOCKS_BUDGET, seat_contract};

/// The steps on seat locks.
pub struct SeatSteps {
    /// The locks.
    pub locks: Arc<dyn SeatLocks>,
}

// Locks only make refusals cheap. Where they are away, the booking goes on with the database alone, and they are rebuilt
// from it when they are back: so that is an answer here, not a fault.
#[activities]
impl SeatSteps {
    #[activity(definition = seat_contract::Lock)]
    pub async fn lock(self: Arc<Self>, _ctx: ActivityContext, hold: Hold) -> Result<SeatsLocked, ActivityError> {
        let began = Instant::now();
        match self.locks.lock(&hold, Timestamp::now()).await {
            // Its saga has gone on without it, and may have let go of the seats by now: nobody would take this lock back.
            Ok(SeatsLocked::Locked) if began.elapsed() > LOCKS_BUDGET => {
                if let Err(error) = self.locks.drop_claim(&hold, Timestamp::now()).await {
                    tracing::debug!(booking.id = %hold.booking_id, %error, "a late lock stays until it is compared");
                }
                Ok(SeatsLocked::Away)
            }
            Ok(locked) => Ok(locked),
            Err(LockError::Unavailable(_)) => Ok(SeatsLocked::Away),
        }
    }

    #[activity(definition = seat_contract::Release)]
    pub async fn release(self: Arc<Self>, _ctx: ActivityContext, hold: Hold) -> Result<(), ActivityError> {
        match self.locks.release(&LockOwner::from(&hold), Timestamp::now()).await {
            Ok(()) | Err(LockError::Unavailable(_)) => Ok(()),
        }
    }

    #[activity(definition = seat_contract::MarkSold)]
    pub async fn mark_sold(self: Arc<Self>, _ctx: ActivityContext, hold: Hold) -> Result<(), ActivityError> {
        match self.locks.mark_sold(&LockOwner::from(&hold)).await {
            Ok(()) | Err(LockError::Unavailable(_)) => Ok(()),
        }
    }
}
