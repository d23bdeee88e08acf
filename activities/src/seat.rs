//! The steps on seat locks.

#![allow(missing_docs, reason = "the steps are documented where they are declared, in the contracts")]

use std::sync::Arc;

use domain::hold::{Hold, SeatsLocked};
use jiff::Timestamp;
use locks::{LockOwner, SeatLocks};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use workflows::contracts::seat_contract;

use crate::fault::into_activity_error;

/// The steps on seat locks.
pub struct SeatSteps {
    /// The locks.
    pub locks: Arc<dyn SeatLocks>,
}

#[activities]
impl SeatSteps {
    #[activity(definition = seat_contract::Lock)]
    pub async fn lock(self: Arc<Self>, _ctx: ActivityContext, hold: Hold) -> Result<SeatsLocked, ActivityError> {
        self.locks.lock(&hold, Timestamp::now()).await.map_err(into_activity_error)
    }

    #[activity(definition = seat_contract::Release)]
    pub async fn release(self: Arc<Self>, _ctx: ActivityContext, hold: Hold) -> Result<(), ActivityError> {
        self.locks.release(&LockOwner::from(&hold), Timestamp::now()).await.map_err(into_activity_error)
    }

    #[activity(definition = seat_contract::MarkSold)]
    pub async fn mark_sold(self: Arc<Self>, _ctx: ActivityContext, hold: Hold) -> Result<(), ActivityError> {
        self.locks.mark_sold(&LockOwner::from(&hold)).await.map_err(into_activity_error)
    }
}
