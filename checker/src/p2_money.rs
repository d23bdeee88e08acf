//! P2: where captured money has gone.

use domain::booking_state::{BookingState, CancelledBy};
use domain::money::{Currency, Money, Percent};
use domain::show::RefundPolicy;
use jiff::Timestamp;

use crate::case::{Case, booking_of_metadata, state_of};
use crate::findings::Findings;
use crate::promise::Promise;
use crate::rows::{Attempt, Booking, Intent};

/// Money that was captured, by the ledger's word or, where there is no ledger, by the database's.
struct Capture<'a> {
    intent: String,
    attempt: Option<&'a Attempt>,
    booking: Option<&'a Booking>,
    captured: i64,
    refunded: i64,
    /// What our refunds and the recorded ones of the provider add up to.
    written_down: i64,
    currency: &'a str,
}

/// Checks that captured money is known, and has become tickets or gone back.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    match &case.ledger {
        Some(ledger) => {
            for intent in &ledger.rows.intents {
                known(case, intent, found);
                if intent.captured_minor > 0 && !case.is_fresh(intent.updated_at) {
                    settled(case, &capture_in_ledger(case, intent), found);
                }
            }
            captures_in_database(case, found);
        }
        None => {
            for attempt in case.rows.attempts.iter().filter(|attempt| attempt.captured_minor > 0) {
                settled(case, &capture_in_database(case, attempt), found);
            }
        }
    }
}

/// What the ledger says was captured and given back, the database says too. The database may follow while there is
/// time; it may never be ahead.
fn known(case: &Case<'_>, intent: &Intent, found: &mut Findings) {
    let Some(attempt) = case.attempt_of(intent) else { return };
    let owner = attempt.booking_id.as_deref().unwrap_or_default();
    let behind = attempt.captured_minor < intent.captured_minor;
    let in_time = case.is_fresh(intent.updated_at)
        || case.bookings.get(owner).is_some_and(|booking| case.may_still_move(booking));
    if attempt.captured_minor != intent.captured_minor && !(behind && in_time) {
        let (here, there) = (attempt.captured_minor, intent.captured_minor);
        let what = format!("intent {} captured {there} and the database has {here} (minor units)", intent.id);
        found.broken(Promise::P2, owner, what);
    }
    if intent.captured_minor > 0 && attempt.currency != intent.currency {
        let what = format!("intent {} captured {}, not {}", intent.id, intent.currency, attempt.currency);
        found.broken(Promise::P2, owner, what);
    }
}

/// What the database says was captured, the ledger knows at all.
fn captures_in_database(case: &Case<'_>, found: &mut Findings) {
    for attempt in case.rows.attempts.iter().filter(|attempt| attempt.captured_minor > 0) {
        let intents = case.ledger.as_ref().map(|ledger| &ledger.intents);
        let intent = attempt.intent_id.as_deref().and_then(|id| intents?.get(id));
        if intent.is_none() {
            let owner = attempt.booking_id.as_deref().unwrap_or_default();
            let what = format!("attempt {} captured money that the provider knows nothing of", attempt.number);
            found.broken(Promise::P2, owner, what);
        }
    }
}

fn capture_in_ledger<'a>(case: &Case<'a>, intent: &'a Intent) -> Capture<'a> {
    let attempt = case.attempt_of(intent);
    let named = booking_of_metadata(intent);
    let booking_id = attempt.and_then(|attempt| attempt.booking_id.as_deref()).or(named.as_deref());
    Capture {
        intent: intent.id.clone(),
        attempt,
        booking: booking_id.and_then(|id| case.bookings.get(id).copied()),
        captured: intent.captured_minor,
        refunded: intent.refunded_minor,
        written_down: attempt.map_or(0, |attempt| written_down(case, attempt)),
        currency: &intent.currency,
    }
}

fn capture_in_database<'a>(case: &Case<'a>, attempt: &'a Attempt) -> Capture<'a> {
    let written_down = written_down(case, attempt);
    Capture {
        intent: attempt.intent_id.clone().unwrap_or_else(|| attempt.idempotency_key.clone()),
        attempt: Some(attempt),
        booking: attempt.booking_id.as_deref().and_then(|id| case.bookings.get(id).copied()),
        captured: attempt.captured_minor,
        refunded: written_down,
        written_down,
        currency: &attempt.currency,
    }
}

/// What the refunds of an attempt add up to that the provider has accepted.
fn written_down(case: &Case<'_>, attempt: &Attempt) -> i64 {
    let refunds = case.refunds_of(attempt).iter();
    refunds.filter(|refund| matches!(refund.state.as_str(), "pending" | "succeeded")).map(|it| it.amount_minor).sum()
}

/// Captured money paid for the confirmed booking that names its attempt, or went back: whole, or as much as the policy
/// of a booking says that was confirmed for it and then cancelled.
fn settled(case: &Case<'_>, capture: &Capture<'_>, found: &mut Findings) {
    found.looked(Promise::P2, 1);
    let Capture { intent, captured, refunded, .. } = capture;
    if refunded >= captured {
        return;
    }
    let amount = money(captured - refunded, capture.currency);
    let Some(booking) = capture.booking else {
        let what = format!("intent {intent} captured {amount} that went nowhere, for a booking that does not exist");
        return found.broken(Promise::P2, "", what);
    };
    let paid = capture.attempt.filter(|attempt| booking.paid_by_attempt == Some(attempt.number));
    let why = match (booking.state.as_str(), paid) {
        ("confirmed", Some(_)) => return,
        ("confirmed", None) => "the booking is confirmed for other money".to_owned(),
        ("cancelled", Some(_)) => match kept_by_policy(case, booking, capture) {
            Ok(()) => return,
            Err(why) => why,
        },
        (state, _) => format!("the booking is {state}"),
    };
    if case.may_still_move(booking) {
        if booking.state == "needs_attention" {
            found.attend(&booking.id, format!("{amount} of intent {intent} are neither tickets nor given back yet"));
        }
        return;
    }
    if let Some(operator) = case.resolved_by(&booking.id) {
        let what = format!("{amount} of intent {intent} are settled by the word of operator {operator} alone");
        return found.attend(&booking.id, what);
    }
    let what = format!("intent {intent} captured {amount} that are neither tickets nor given back: {why}");
    found.broken(Promise::P2, &booking.id, what);
}

/// Whether what was kept of a cancelled booking's price is what its frozen policy lets the partner keep.
fn kept_by_policy(case: &Case<'_>, booking: &Booking, capture: &Capture<'_>) -> Result<(), String> {
    if capture.refunded != capture.written_down {
        return Err(format!("the provider gave {} back, the refunds say {}", capture.refunded, capture.written_down));
    }
    let Some(share) = share_due(case, booking) else {
        return Err("what its refund policy gives cannot be told".to_owned());
    };
    let currency = Currency::parse(capture.currency).map_err(|error| error.to_string())?;
    let due = Money::new(capture.captured, currency).percent(share).minor;
    if capture.refunded < due {
        return Err(format!("{} were given back and its policy gives {due} (minor units)", capture.refunded));
    }
    Ok(())
}

/// The share of the price that a cancelled booking gets back: all of it, if its show had been called off by then.
fn share_due(case: &Case<'_>, booking: &Booking) -> Option<Percent> {
    let BookingState::Cancelled { by } = state_of(booking)? else { return None };
    match by {
        CancelledBy::Operator => Some(Percent::FULL),
        CancelledBy::Customer => {
            let policy: RefundPolicy = serde_json::from_str(&booking.refund_policy).ok()?;
            let show = case.rows.shows.iter().find(|show| show.id == booking.show_id)?;
            let closed_at = booking.closed_at?;
            if show.called_off_at.is_some_and(|called_off_at| called_off_at <= closed_at) {
                return Some(Percent::FULL);
            }
            let starts_at = Timestamp::from_millisecond(show.starts_at).ok()?;
            Some(policy.share_at(Timestamp::from_millisecond(closed_at).ok()?, starts_at))
        }
    }
}

/// An amount for a reader.
pub(crate) fn money(minor: i64, currency: &str) -> String {
    match Currency::parse(currency) {
        Ok(currency) => Money::new(minor, currency).to_string(),
        Err(_) => format!("{minor} {currency}"),
    }
}
