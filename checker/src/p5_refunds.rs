//! P5, one by one: every refund that was written down happens once, and none happens that was not.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::{Case, LedgerCase};
use crate::evidence::Quiet;
use crate::findings::Findings;
use crate::promise::Promise;
use crate::rows::{Attempt, Intent, Refund};

/// The reason of what the provider gave back by itself.
const AT_PROVIDER: &str = "at_provider";

/// Checks each refund of the database against the ledger, and each of the ledger against the database.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    found.looked(Promise::P5, case.rows.refunds.len());
    let attempts: BTreeMap<(&str, i32), &Attempt> =
        (case.rows.attempts.iter()).map(|attempt| ((attempt.payment_id.as_str(), attempt.number), attempt)).collect();
    let mut reasons: BTreeMap<(&str, i32, &str), &str> = BTreeMap::new();
    for refund in &case.rows.refunds {
        let place = (refund.payment_id.as_str(), refund.attempt_number);
        let Some(attempt) = attempts.get(&place) else {
            found.broken(Promise::P5, "", format!("refund {} is of an attempt that does not exist", refund.id));
            continue;
        };
        if refund.reason == AT_PROVIDER {
            continue;
        }
        if let Some(first) = reasons.insert((place.0, place.1, &refund.reason), &refund.id) {
            let what = format!("refunds {first} and {} are for the same attempt and reason", refund.id);
            found.broken(Promise::P5, owner_of(attempt), what);
        }
        if let Some(ledger) = &case.ledger {
            in_ledger(case, ledger, refund, attempt, found);
        }
    }
    if let Some(ledger) = &case.ledger {
        let ids = case.rows.refunds.iter().map(|refund| refund.id.as_str()).collect();
        for intent in &ledger.rows.intents {
            of_others(case, ledger, intent, &ids, found);
        }
    }
}

fn owner_of(attempt: &Attempt) -> &str {
    attempt.booking_id.as_deref().unwrap_or_default()
}

/// A refund that was sent is once in the ledger, with its amount, on the intent of its attempt; and says what the
/// ledger says of it, unless somebody is still about to write that down.
fn in_ledger(case: &Case<'_>, ledger: &LedgerCase<'_>, refund: &Refund, attempt: &Attempt, found: &mut Findings) {
    let owner = owner_of(attempt);
    let may_move = case.bookings.get(owner).is_some_and(|booking| case.may_still_move(booking));
    let made = ledger.refunds.get(refund.id.as_str()).map_or(&[][..], Vec::as_slice);
    let Refund { id, state, .. } = refund;
    let [once] = made else {
        let may_be_sent_yet = made.is_empty() && state == "open" && may_move;
        if !may_be_sent_yet {
            let what = format!("refund {id} is {state} and the provider made it {} times", made.len());
            found.broken(Promise::P5, owner, what);
        }
        return;
    };
    if once.amount_minor != refund.amount_minor || once.currency != refund.currency {
        let (said, was) = (refund.amount_minor, once.amount_minor);
        let what = format!("refund {id} is over {said} and the provider gave {was} back (minor units)");
        found.broken(Promise::P5, owner, what);
    }
    if Some(&once.intent_id) != attempt.intent_id.as_ref() {
        let what = format!("refund {id} was made on intent {}, which is not its attempt's", once.intent_id);
        found.broken(Promise::P5, owner, what);
    }
    if refund.provider_refund_id.as_ref().is_some_and(|known| *known != once.id) {
        let what = format!("refund {id} is {} at the provider, which is not what was written down", once.id);
        found.broken(Promise::P5, owner, what);
    }
    // To say that money is back before it is cannot be put right by waiting.
    if *state != once.state && (!may_move || state == "succeeded") {
        let what = format!("refund {id} is {state} and is {} at the provider", once.state);
        found.broken(Promise::P5, owner, what);
    }
}

/// What was given back on an intent without being asked for is written down as such, by its sum. The database may
/// follow while the system runs; what it has written down must be in the ledger at any time.
fn of_others(case: &Case<'_>, ledger: &LedgerCase<'_>, intent: &Intent, ids: &BTreeSet<&str>, found: &mut Findings) {
    let of_intent = ledger.refunds_of(&intent.id).iter().filter(|refund| refund.state != "failed");
    let others: i64 = of_intent.filter(|it| !ids.contains(it.idempotency_key.as_str())).map(|it| it.amount_minor).sum();
    let Some(attempt) = case.attempt_of(intent) else {
        if others > 0 && case.quiet == Quiet::Settled {
            let what = format!("the provider gave {others} back on intent {}, of which nobody knows", intent.id);
            found.broken(Promise::P5, "", what);
        }
        return;
    };
    let recorded: i64 = (case.refunds_of(attempt).iter())
        .filter(|refund| refund.reason == AT_PROVIDER && refund.state != "failed")
        .map(|refund| refund.amount_minor)
        .sum();
    let owner = owner_of(attempt);
    let may_move = case.bookings.get(owner).is_some_and(|booking| case.may_still_move(booking));
    if recorded > others || (recorded < others && case.quiet == Quiet::Settled && !may_move) {
        let what = format!(
            "the provider gave {others} back on intent {} without being asked and {recorded} is written down \
             (minor units)",
            intent.id
        );
        found.broken(Promise::P5, owner, what);
    }
}
