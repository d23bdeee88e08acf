//! P7: whether what clients were told is still so.

use std::collections::BTreeSet;

use crate::answer::Answer;
use crate::case::{Case, is_open};
use crate::findings::Findings;
use crate::promise::Promise;
use crate::rows::Booking;

/// Checks that every booking that was answered with success exists, for the same customer and seats, in a state that
/// can follow from the one that was told.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    found.looked(Promise::P7, case.answers.len());
    for answer in case.answers.iter().filter(|answer| answer.is_success()) {
        let id = answer.booking_id.to_string();
        let Some(booking) = case.bookings.get(id.as_str()) else {
            found.broken(Promise::P7, &id, format!("{} was answered and the booking does not exist", answer.status));
            continue;
        };
        if booking.customer_id != answer.customer_id.to_string() {
            found.broken(Promise::P7, &id, format!("it was answered to {} and is not theirs", answer.customer_id));
        }
        let asked: BTreeSet<String> = answer.seats.iter().map(ToString::to_string).collect();
        let kept: Option<BTreeSet<String>> = serde_json::from_str(&booking.seat_ids).ok();
        if !asked.is_empty() && kept != Some(asked) {
            found.broken(Promise::P7, &id, "it was answered for other seats than it is for");
        }
        if !can_follow(answer, booking) {
            let told = answer.state.as_deref().unwrap_or_default();
            found.broken(Promise::P7, &id, format!("{told} was answered and it is {}", booking.state));
        }
    }
}

/// Whether a booking that was told to be in one state can be in the one that it is in now: what was sold is sold or
/// taken back, and what has ended, or waited for an operator, never opens again.
fn can_follow(answer: &Answer, booking: &Booking) -> bool {
    match answer.state.as_deref() {
        Some("confirmed") => matches!(booking.state.as_str(), "confirmed" | "cancelled" | "needs_attention"),
        Some("expired" | "failed" | "cancelled" | "needs_attention") => !is_open(booking),
        Some("awaiting_payment") => booking.state != "pending",
        Some(_) | None => true,
    }
}
