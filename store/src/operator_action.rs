//! What operators told the sagas of stuck bookings to do: the audit trail of the operator's door.

use domain::ids::BookingId;
use domain::timeline::TimelineStep;
use jiff::Timestamp;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::Store;
use crate::booking::LockedBooking;
use crate::column::rounded;
use crate::error::StoreError;
use crate::statement::{bind, sql};

/// Something an operator did to a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorAction {
    /// Made by the caller; the same one again is the same action.
    pub id: Uuid,
    /// The booking.
    pub booking_id: BookingId,
    /// Who.
    pub operator: String,
    /// What: `retry`, `resolve`, `cancel`.
    pub action: String,
    /// Why, in their words.
    pub note: String,
}

impl Store {
    /// Writes down what an operator did, once.
    pub async fn record_operator_action(&self, action: &OperatorAction, now: Timestamp) -> Result<(), StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = record(&tx, action, now).await;
            (tx, done)
        })
        .await
    }
}

async fn record(tx: &DatabaseTransaction, action: &OperatorAction, now: Timestamp) -> Result<(), StoreError> {
    let OperatorAction { id, booking_id, operator, action, note } = action.clone();
    let mut booking = LockedBooking::get(tx, booking_id).await?;
    let text = "insert into operator_actions (id, booking_id, operator, action, note, acted_at) \
                values ($1, $2, $3, $4, $5, $6) on conflict do nothing";
    let values = bind![id.to_string(), booking_id, operator, action, note, now];
    if sql(text, values).run(tx).await? == 1 {
        booking.note(TimelineStep::OperatorActed { operator, action, note });
    }
    booking.save(tx, now).await?;
    Ok(())
}
