//! Asking the provider now, where a webhook may have got lost.

use domain::booking::Booking;
use domain::ids::BookingId;
use domain::payment::{AttemptState, IntentReading, IntentState};
use payments::ProviderFault;
use workflows::signals::PaymentNoticed;

use crate::engine::Word;
use crate::identity::Caller;
use crate::{App, AppError, BookingView};

impl App {
    /// Asks the provider how the newest payment stands and moves the booking along if it does not know yet.
    pub async fn verify_payment(&self, caller: &Caller, booking_id: BookingId) -> Result<BookingView, AppError> {
        let booking = self.booking_for(caller, booking_id).await?;
        let newest =
            booking.attempts.iter().rev().find_map(|attempt| {
                attempt.intent_id.clone().map(|intent_id| (attempt.number, attempt.state, intent_id))
            });
        let Some((number, known, intent_id)) = newest else {
            return self.view(booking).await;
        };
        let reading = self.provider().read_intent(&intent_id).await.map_err(provider_away)?;
        if !tells_news(known, &reading) {
            return self.view(booking).await;
        }
        self.tell(booking_id, Word::Payment(PaymentNoticed { intent_id: Some(intent_id) })).await?;
        let moved = |now: &Booking| {
            let attempt = now.attempts.iter().find(|attempt| attempt.number == number);
            let heard = attempt.is_some_and(|attempt| !tells_news(attempt.state, &reading));
            heard && (reading.state != IntentState::Succeeded || now.state.end().is_some())
        };
        let after = self.wait_for_change(booking, moved).await?;
        self.view(after).await
    }
}

/// Whether a reading says something of an attempt that is not written down yet.
fn tells_news(known: AttemptState, reading: &IntentReading) -> bool {
    match reading.state {
        IntentState::Succeeded => known != AttemptState::Succeeded,
        IntentState::Processing => !matches!(known, AttemptState::Processing | AttemptState::Abandoned),
        IntentState::Cancelled => known != AttemptState::Cancelled,
        IntentState::RequiresPayment | IntentState::RequiresAction => {
            reading.decline_code.is_some() && !matches!(known, AttemptState::Declined | AttemptState::Cancelled)
        }
    }
}

fn provider_away(fault: ProviderFault) -> AppError {
    AppError::Unavailable { part: "payment provider", source: Box::new(fault) }
}
