//! P8, at the provider: one attempt is one intent, and a booking is paid once.

use std::collections::BTreeMap;

use crate::case::{Case, LedgerCase, booking_of_metadata, grouped};
use crate::findings::Findings;
use crate::promise::Promise;
use crate::rows::{Attempt, Booking, Intent};

/// Checks the intents of the ledger against the attempts, both ways.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    let Some(ledger) = &case.ledger else { return };
    found.looked(Promise::P8, ledger.rows.intents.len());
    for (key, intents) in grouped(&ledger.rows.intents, |intent| Some(intent.idempotency_key.as_str())) {
        if intents.len() > 1 {
            let owner = intents.first().and_then(|intent| booking_of_metadata(intent)).unwrap_or_default();
            found.broken(Promise::P8, &owner, format!("the provider has {} intents for key `{key}`", intents.len()));
        }
    }
    for attempt in &case.rows.attempts {
        intent_of_attempt(case, ledger, attempt, found);
    }
    let mut by_booking: BTreeMap<String, Vec<&Intent>> = BTreeMap::new();
    for intent in &ledger.rows.intents {
        let known = case.attempt_of(intent).and_then(|attempt| attempt.booking_id.clone());
        by_booking.entry(known.or_else(|| booking_of_metadata(intent)).unwrap_or_default()).or_default().push(intent);
    }
    for (booking_id, intents) in &by_booking {
        let Some(booking) = case.bookings.get(booking_id.as_str()) else { continue };
        no_stranger(case, booking, intents, found);
        paid_once(case, booking, intents, found);
    }
}

/// An intent that an attempt knows exists, was asked for with the attempt's key, and is over its amount.
///
/// One that was asked for by message may not have been heard of yet. Nothing can be known of it then, either.
fn intent_of_attempt(case: &Case<'_>, ledger: &LedgerCase<'_>, attempt: &Attempt, found: &mut Findings) {
    let Some(intent_id) = attempt.intent_id.as_deref() else { return };
    let owner = attempt.booking_id.as_deref().unwrap_or_default();
    let number = attempt.number;
    let may_be_unheard = matches!(attempt.state.as_str(), "requested" | "live" | "abandoned");
    let Some(intent) = ledger.intents.get(intent_id) else {
        if may_be_unheard && case.unheard.contains(intent_id) {
            return;
        }
        let what = format!("attempt {number} has intent {intent_id}, which the provider does not know");
        return found.broken(Promise::P8, owner, what);
    };
    if intent.idempotency_key != attempt.idempotency_key {
        let what = format!("intent {intent_id} of attempt {number} was asked for as `{}`", intent.idempotency_key);
        found.broken(Promise::P8, owner, what);
    }
    if (intent.amount_minor, &intent.currency) != (attempt.amount_minor, &attempt.currency) {
        let (is, was) = (intent.amount_minor, attempt.amount_minor);
        let what = format!("intent {intent_id} is over {is} and attempt {number} over {was} (minor units)");
        found.broken(Promise::P8, owner, what);
    }
}

/// Every intent of a booking is known to an attempt by its id. A saga may be about to learn it.
fn no_stranger(case: &Case<'_>, booking: &Booking, intents: &[&Intent], found: &mut Findings) {
    let attempts = case.attempts_of(&booking.id);
    for intent in intents {
        let is_known = attempts.iter().any(|attempt| attempt.intent_id.as_ref() == Some(&intent.id));
        let is_expected = attempts
            .iter()
            .any(|attempt| attempt.intent_id.is_none() && attempt.idempotency_key == intent.idempotency_key);
        let is_learned_soon = is_expected && case.may_still_move(booking);
        if !is_known && !is_learned_soon {
            let what = format!("intent {} was asked for it and no attempt knows it", intent.id);
            found.broken(Promise::P8, &booking.id, what);
        }
    }
}

/// A confirmed booking was paid once: whatever else was captured for it went back, or is on its way.
fn paid_once(case: &Case<'_>, booking: &Booking, intents: &[&Intent], found: &mut Findings) {
    let kept: Vec<_> = intents.iter().filter(|intent| intent.refunded_minor < intent.captured_minor).collect();
    let fresh = kept.iter().any(|intent| case.is_fresh(intent.updated_at));
    if booking.state == "confirmed" && kept.len() > 1 && !fresh && !case.may_still_move(booking) {
        found.broken(Promise::P8, &booking.id, format!("{} intents have collected money for it", kept.len()));
    }
}
