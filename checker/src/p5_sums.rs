//! P5, in sum: never more goes back than came in, and every sum is that of its parts.

use domain::payment::PaymentState;

use crate::case::{Case, grouped};
use crate::findings::Findings;
use crate::promise::Promise;
use crate::rows::{Attempt, Intent, Payment};

/// Checks the sums of attempts, of payments and of the ledger's intents.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    for attempt in &case.rows.attempts {
        sums_of_attempt(case, attempt, found);
    }
    let by_payment = grouped(&case.rows.attempts, |attempt| Some(attempt.payment_id.as_str()));
    for payment in &case.rows.payments {
        let attempts = by_payment.get(payment.id.as_str()).map_or(&[][..], Vec::as_slice);
        sums_of_payment(payment, attempts, found);
    }
    if let Some(ledger) = &case.ledger {
        for intent in &ledger.rows.intents {
            sums_of_intent(case, intent, found);
        }
    }
}

/// What an attempt has given back, or reserved to, is what its refunds add up to and not more than it captured. A
/// failed refund stays reserved, as it is to be sent again; what the provider gave back instead is reserved once.
fn sums_of_attempt(case: &Case<'_>, attempt: &Attempt, found: &mut Findings) {
    let owner = attempt.booking_id.as_deref().unwrap_or_default();
    let (number, captured, refunded) = (attempt.number, attempt.captured_minor, attempt.refunded_minor);
    if refunded > captured {
        let what = format!("attempt {number} gave {refunded} back of {captured} (minor units)");
        found.broken(Promise::P5, owner, what);
    }
    let refunds = case.refunds_of(attempt);
    let all: i64 = refunds.iter().map(|refund| refund.amount_minor).sum();
    let failed: i64 = refunds.iter().filter(|refund| refund.state == "failed").map(|it| it.amount_minor).sum();
    if refunded < (all - failed).min(captured) || refunded > all.min(captured) {
        let what = format!(
            "attempt {number} captured {captured} and gave {refunded} back; its refunds are over {all}, of which \
             {failed} failed (minor units)"
        );
        found.broken(Promise::P5, owner, what);
    }
    if let Some(refund) = refunds.iter().find(|refund| refund.currency != attempt.currency) {
        let what = format!("refund {} is in {}, not {}", refund.id, refund.currency, attempt.currency);
        found.broken(Promise::P5, owner, what);
    }
}

/// What a payment has captured and given back is what its attempts have; its state follows from the two.
fn sums_of_payment(payment: &Payment, attempts: &[&Attempt], found: &mut Findings) {
    let owner = payment.payable_id.as_str();
    let (captured, refunded) = (payment.captured_minor, payment.refunded_minor);
    let sums: (i64, i64) = attempts
        .iter()
        .fold((0, 0), |(captured, refunded), it| (captured + it.captured_minor, refunded + it.refunded_minor));
    if (captured, refunded) != sums {
        let what = format!(
            "its payment captured {captured} and gave {refunded} back, its attempts {} and {} (minor units)",
            sums.0, sums.1
        );
        found.broken(Promise::P5, owner, what);
    }
    if payment.state != PaymentState::of(captured, refunded).as_str() {
        let what = format!("its payment is {}, having captured {captured} and given {refunded} back", payment.state);
        found.broken(Promise::P5, owner, what);
    }
}

/// What the ledger says of an intent is what its own refunds add up to: else the ledger is no evidence.
fn sums_of_intent(case: &Case<'_>, intent: &Intent, found: &mut Findings) {
    let Some(ledger) = &case.ledger else { return };
    let owner = case.attempt_of(intent).and_then(|attempt| attempt.booking_id.as_deref()).unwrap_or_default();
    let refunds = ledger.refunds_of(&intent.id).iter().filter(|refund| refund.state != "failed");
    let sum: i64 = refunds.map(|refund| refund.amount_minor).sum();
    let (captured, refunded) = (intent.captured_minor, intent.refunded_minor);
    if refunded > captured || refunded != sum {
        let what = format!(
            "intent {} captured {captured} and gave {refunded} back at the provider, by refunds over {sum} \
             (minor units)",
            intent.id
        );
        found.broken(Promise::P5, owner, what);
    }
}
