//! P8, in the database and in the answers: one key is one booking with one payment.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{BookingId, CustomerId, PaymentId, SeatId};

use crate::case::{Case, grouped};
use crate::findings::Findings;
use crate::promise::Promise;
use crate::rows::{Attempt, Booking, Payable, Payment};

/// Checks that a key names one booking, and that each booking has one payment with its attempts in order.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    found.looked(Promise::P8, case.rows.bookings.len() + case.answers.len());
    keys(case, found);
    let payables = grouped(&case.rows.payables, |payable| payable.booking_id.as_deref());
    let payments = grouped(&case.rows.payments, |payment| Some(payment.payable_id.as_str()));
    for booking in &case.rows.bookings {
        let payables = payables.get(booking.id.as_str()).map_or(&[][..], Vec::as_slice);
        let payments = payables.iter().flat_map(|payable| payments.get(payable.id.as_str())).flatten().copied();
        one_payment(case, booking, payables, &payments.collect::<Vec<_>>(), found);
    }
    for (payment_id, attempts) in grouped(&case.rows.attempts, |attempt| Some(attempt.payment_id.as_str())) {
        attempts_in_order(payment_id, &attempts, found);
    }
}

/// Answers to the same customer and key name one booking, which follows from the two; those that succeeded were for
/// the same seats.
fn keys(case: &Case<'_>, found: &mut Findings) {
    let mut first: BTreeMap<(CustomerId, &str), BookingId> = BTreeMap::new();
    let mut seats: BTreeMap<(CustomerId, &str), BTreeSet<SeatId>> = BTreeMap::new();
    for answer in case.answers {
        let Some(key) = answer.idempotency_key.as_deref() else { continue };
        let (id, place) = (answer.booking_id, (answer.customer_id, key));
        let first = *first.entry(place).or_insert(id);
        if first != id {
            found.broken(Promise::P8, &id.to_string(), format!("key `{key}` was answered with {first} as well"));
        }
        if id != BookingId::for_key(answer.customer_id, key) {
            found.broken(Promise::P8, &id.to_string(), format!("it does not follow from key `{key}`"));
        }
        if answer.is_success() && !answer.seats.is_empty() {
            let asked: BTreeSet<SeatId> = answer.seats.iter().copied().collect();
            if *seats.entry(place).or_insert_with(|| asked.clone()) != asked {
                let what = format!("key `{key}` was answered with success for two sets of seats");
                found.broken(Promise::P8, &id.to_string(), what);
            }
        }
    }
}

/// A booking that held seats has one thing to be paid, with one payment over its price; one that never did has none.
fn one_payment(case: &Case<'_>, booking: &Booking, payables: &[&Payable], payments: &[&Payment], found: &mut Findings) {
    let id = booking.id.as_str();
    let expected = usize::from(booking.quote.is_some());
    if payables.len() != expected {
        found.broken(Promise::P8, id, format!("it has {} payables instead of {expected}", payables.len()));
    }
    if payments.len() != expected {
        found.broken(Promise::P8, id, format!("it has {} payments instead of {expected}", payments.len()));
    }
    let price = (booking.amount_minor, booking.currency.as_str());
    let payable_prices = payables.iter().map(|it| (it.amount_minor, it.currency.as_str()));
    if payable_prices.chain(payments.iter().map(|it| (it.amount_minor, it.currency.as_str()))).any(|it| it != price) {
        found.broken(Promise::P8, id, "what is to be paid is not its price");
    }
    let derived = BookingId::parse(id).map(|id| PaymentId::for_booking(id).to_string());
    let foreign = case.attempts_of(id).iter().find(|attempt| derived.as_ref() != Ok(&attempt.payment_id));
    if let Some(attempt) = foreign {
        let what = format!("its attempt {} belongs to payment {}", attempt.number, attempt.payment_id);
        found.broken(Promise::P8, id, what);
    }
}

/// The attempts of a payment are numbered 1, 2, 3 and so on, each with the key that follows from booking and
/// number, so that no two share one; at most one of them can be paid.
fn attempts_in_order(payment_id: &str, attempts: &[&Attempt], found: &mut Findings) {
    let owner = attempts.first().and_then(|attempt| attempt.booking_id.as_deref()).unwrap_or_default();
    if !attempts.iter().map(|attempt| attempt.number).eq((1..).take(attempts.len())) {
        found.broken(Promise::P8, owner, format!("the attempts of payment {payment_id} have a gap or a double"));
    }
    for attempt in attempts {
        let of = attempt.booking_id.as_deref().unwrap_or_default();
        if attempt.idempotency_key != format!("{of}/{}", attempt.number) {
            let what = format!("attempt {} has the key `{}`", attempt.number, attempt.idempotency_key);
            found.broken(Promise::P8, owner, what);
        }
    }
    let live = |attempt: &&&Attempt| matches!(attempt.state.as_str(), "requested" | "live" | "processing");
    let count = attempts.iter().filter(live).count();
    if count > 1 {
        found.broken(Promise::P8, owner, format!("{count} of its attempts are live at the same time"));
    }
}
