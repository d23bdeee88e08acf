//! P2, before money moves: nobody can pay for a booking that is over.

use crate::case::{Case, booking_of_metadata, is_open};
use crate::findings::Findings;
use crate::promise::Promise;

/// Checks that the provider was asked never to collect what belongs to a booking that has ended. Where it could not say
/// so in time, the attempt is written down as abandoned, and is looked after.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    let Some(ledger) = &case.ledger else { return };
    let open = ["requires_payment", "requires_action", "processing"];
    for intent in ledger.rows.intents.iter().filter(|intent| open.contains(&intent.state.as_str())) {
        let attempt = case.attempt_of(intent);
        let owner = attempt.and_then(|attempt| attempt.booking_id.clone()).or_else(|| booking_of_metadata(intent));
        let Some(booking) = owner.and_then(|id| case.bookings.get(id.as_str()).copied()) else { continue };
        let is_looked_after = attempt.is_some_and(|attempt| attempt.state == "abandoned");
        if is_open(booking)
            || is_looked_after
            || case.may_still_move(booking)
            || case.resolved_by(&booking.id).is_some()
        {
            continue;
        }
        let state = attempt.map_or("not known", |attempt| &attempt.state);
        let what = format!(
            "it is {}, its intent {} is {} at the provider and the attempt is {state}",
            booking.state, intent.id, intent.state
        );
        found.broken(Promise::P2, &booking.id, what);
    }
}
