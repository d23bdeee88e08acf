//! What the promises rest on: somebody sees to every booking that has not ended. Also lists what an operator has to
//! look at.

use domain::booking_state::BookingState;

use crate::case::{Case, is_open, state_of};
use crate::evidence::Quiet;
use crate::findings::Findings;
use crate::promise::Promise;

/// How long a booking may exist before its saga is listed among the open ones.
const LISTED_AFTER_SECONDS: i64 = 10;

/// Checks that every booking that has not ended has an open saga.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    for booking in &case.rows.bookings {
        let waits = booking.state == "needs_attention";
        if waits {
            let step = match state_of(booking) {
                Some(BookingState::NeedsAttention { step, toward }) => {
                    format!("step `{step}` on its way to {} is stuck", toward.name())
                }
                Some(_) | None => "a step is stuck".to_owned(),
            };
            found.attend(&booking.id, step);
        }
        let young = case.quiet == Quiet::Running && case.now - booking.created_at < LISTED_AFTER_SECONDS * 1_000;
        if (waits || is_open(booking)) && !young && case.has_saga(&booking.id) == Some(false) {
            let what = format!("it is {} and no saga sees to it", booking.state);
            found.broken(Promise::Consistency, &booking.id, what);
        }
        if !waits && !is_open(booking) && case.quiet == Quiet::Settled && case.has_saga(&booking.id) == Some(true) {
            found.attend(&booking.id, format!("it is {} and a saga of it is open, at rest", booking.state));
        }
    }
    if case.quiet == Quiet::Settled {
        for saga in case.sagas.into_iter().flatten() {
            let booking_id = saga.strip_prefix("settle/").unwrap_or(saga);
            if booking_id.starts_with("bkg_") && !case.bookings.contains_key(booking_id) {
                found.attend(booking_id, "a saga of it is open, at rest, and the booking does not exist");
            }
        }
    }
}
