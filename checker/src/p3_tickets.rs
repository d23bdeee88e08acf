//! P3: the money behind every valid ticket.

use crate::case::{Case, may_own};
use crate::findings::Findings;
use crate::promise::Promise;
use crate::rows::{Attempt, Booking};

/// Checks that every booking with a valid ticket is confirmed, and either costs nothing or was paid in full, by the
/// database's word and by the ledger's.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    for (booking_id, tickets) in &case.tickets {
        let valid = tickets.iter().filter(|ticket| ticket.state == "issued").count();
        found.looked(Promise::P3, valid);
        if valid == 0 {
            continue;
        }
        let Some(booking) = case.bookings.get(booking_id) else {
            found.broken(Promise::P3, booking_id, format!("{valid} valid tickets of a booking that does not exist"));
            continue;
        };
        if !may_own(booking) {
            let what = format!("it has {valid} valid tickets and is {}", booking.state);
            found.broken(Promise::P3, booking_id, what);
        }
        if booking.amount_minor != 0
            && let Err(what) = is_paid(case, booking)
        {
            found.broken(Promise::P3, booking_id, format!("it has {valid} valid tickets and {what}"));
        }
    }
}

/// The attempt that bought the tickets has captured the whole price, and we did not give it back.
fn is_paid(case: &Case<'_>, booking: &Booking) -> Result<(), String> {
    let Some(number) = booking.paid_by_attempt else {
        return Err("no attempt has paid for it".to_owned());
    };
    let Some(attempt) = case.attempts_of(&booking.id).iter().find(|attempt| attempt.number == number) else {
        return Err(format!("attempt {number}, which has paid for it, does not exist"));
    };
    if attempt.captured_minor < booking.amount_minor || attempt.currency != booking.currency {
        return Err(format!("attempt {number} captured less than its price"));
    }
    let ours = case.refunds_of(attempt).iter().find(|refund| refund.reason != "at_provider");
    if let Some(refund) = ours.filter(|_| booking.state == "confirmed") {
        return Err(format!("its money goes back with refund {}", refund.id));
    }
    in_ledger(case, booking, attempt)
}

fn in_ledger(case: &Case<'_>, booking: &Booking, attempt: &Attempt) -> Result<(), String> {
    let Some(ledger) = &case.ledger else { return Ok(()) };
    let intent = attempt.intent_id.as_deref().and_then(|id| ledger.intents.get(id));
    match intent {
        None => Err("the provider knows nothing of its payment".to_owned()),
        Some(intent) if intent.captured_minor < booking.amount_minor || intent.currency != booking.currency => {
            Err(format!("intent {} captured less than its price at the provider", intent.id))
        }
        Some(_) => Ok(()),
    }
}
