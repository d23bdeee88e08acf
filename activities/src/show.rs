//! The steps on a show as a whole.

#![allow(missing_docs, reason = "the steps are documented where they are declared, in the contracts")]

use std::sync::Arc;

use app::App;
use domain::show_cancel::{BookingsToCancel, BookingsTold};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use workflows::contracts::show_contract;

use crate::fault::into_activity_error;

/// The steps on a show as a whole.
pub struct ShowSteps {
    /// The use cases: a booking is taken back as if an operator had asked for each.
    pub app: App,
}

#[activities]
impl ShowSteps {
    #[activity(definition = show_contract::CancelBookings)]
    pub async fn cancel_bookings(
        self: Arc<Self>,
        _ctx: ActivityContext,
        order: BookingsToCancel,
    ) -> Result<BookingsTold, ActivityError> {
        self.app.cancel_bookings(order).await.map_err(into_activity_error)
    }
}
