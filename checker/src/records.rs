//! What the promises rest on: the rows of a booking agree with each other.

use std::collections::BTreeMap;

use domain::quote::Quote;

use crate::case::{Case, is_open, state_of};
use crate::findings::Findings;
use crate::promise::Promise;
use crate::rows::Booking;

/// Checks each booking's own columns, its price and its timeline.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    found.looked(Promise::Consistency, case.rows.bookings.len());
    let mut positions: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for step in &case.rows.steps {
        positions.entry(&step.booking_id).or_default().push(step.position);
    }
    for booking in &case.rows.bookings {
        columns(booking, found);
        price(case, booking, found);
        let steps = positions.get(booking.id.as_str()).map_or(&[][..], Vec::as_slice);
        if !steps.iter().copied().eq(1..=booking.next_position) {
            let what = format!("its timeline has a gap: {} steps of {}", steps.len(), booking.next_position);
            found.broken(Promise::Consistency, &booking.id, what);
        }
    }
}

/// The state is one, written the same in both columns; an open booking is not closed and has a deadline, one that has
/// ended is closed.
fn columns(booking: &Booking, found: &mut Findings) {
    let id = booking.id.as_str();
    let state = &booking.state;
    match state_of(booking) {
        Some(detail) if detail.name() == state => {}
        Some(detail) => {
            let what = format!("it is {state} and in detail {}", detail.name());
            found.broken(Promise::Consistency, id, what);
        }
        None => found.broken(Promise::Consistency, id, "its state in detail cannot be read"),
    }
    let wrong = match state.as_str() {
        "pending" | "awaiting_payment" => booking.closed_at.is_some() || booking.expires_at.is_none(),
        "needs_attention" => false,
        _ => booking.closed_at.is_none(),
    };
    if wrong {
        found.broken(Promise::Consistency, id, format!("it is {state}, which its closing time or deadline denies"));
    }
    if booking.paid_by_attempt.is_some() && is_open(booking) {
        found.broken(Promise::Consistency, id, format!("it is {state} and paid"));
    }
}

/// The price is the sum of its seats' prices, with the discounts and the fees of its quote.
fn price(case: &Case<'_>, booking: &Booking, found: &mut Findings) {
    let Some(quote) = booking.quote.as_deref().map(serde_json::from_str::<Quote>).transpose().ok() else {
        return found.broken(Promise::Consistency, &booking.id, "its quote cannot be read");
    };
    let seats: i64 = case.booked_by(&booking.id).iter().map(|seat| seat.price_minor).sum();
    let on_top = quote.iter().map(|quote| {
        let discounts = quote.lines.iter().flat_map(|line| &line.discounts).map(|discount| discount.amount.minor);
        discounts.chain(quote.fees.iter().map(|fee| fee.amount.minor)).sum::<i64>()
    });
    let sum = seats + on_top.sum::<i64>();
    let quoted = quote.map_or(booking.amount_minor, |quote| quote.total.minor);
    if sum != booking.amount_minor || quoted != booking.amount_minor {
        let what = format!(
            "it costs {}, was quoted {quoted}, and its seats with discounts and fees cost {sum} (minor units)",
            booking.amount_minor
        );
        found.broken(Promise::Consistency, &booking.id, what);
    }
}
