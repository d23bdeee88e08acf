//! P6, as a story: the messages about a booking tell what the database says has become of it.

use std::collections::{BTreeMap, BTreeSet};

use domain::message::Message as Body;

use crate::case::Case;
use crate::findings::Findings;
use crate::p6_messages::body_of;
use crate::promise::Promise;
use crate::rows::Booking;

/// Checks what the messages of each booking tell, taken together. Bodies that cannot be read are told elsewhere.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    for booking in &case.rows.bookings {
        let bodies: Vec<Body> =
            case.messages_of(&booking.id).iter().filter_map(|message| body_of(message).ok()).collect();
        state(booking, &bodies, found);
        tickets(case, booking, &bodies, found);
        money_in(case, booking, &bodies, found);
        money_back(case, booking, &bodies, found);
        wishes(case, booking, &bodies, found);
    }
}

/// Whether a message tells a state of the booking itself.
fn tells_state(body: &Body) -> bool {
    match body {
        Body::BookingCreated { .. }
        | Body::BookingConfirmed { .. }
        | Body::BookingCancelled { .. }
        | Body::BookingExpired { .. }
        | Body::BookingFailed { .. }
        | Body::BookingNeedsAttention { .. } => true,
        Body::PaymentRequested { .. }
        | Body::PaymentConfirmed { .. }
        | Body::PaymentFailed { .. }
        | Body::PaymentCancellationRequested { .. }
        | Body::RefundRequested { .. }
        | Body::PaymentRefunded { .. }
        | Body::RefundFailed { .. }
        | Body::TicketIssued { .. }
        | Body::TicketVoided { .. } => false,
    }
}

/// The last state told is the booking's. A booking that held seats was told first as created, and once. No state is
/// told twice in a row, so a confirmed booking is told as confirmed exactly once after whatever came before; only a
/// booking that waits for an operator may be told so again, for another step.
fn state(booking: &Booking, bodies: &[Body], found: &mut Findings) {
    let told: Vec<&str> = bodies.iter().filter(|body| tells_state(body)).map(Body::kind).collect();
    let expected = match booking.state.as_str() {
        "pending" | "awaiting_payment" => "BookingCreated",
        "confirmed" => "BookingConfirmed",
        "cancelled" => "BookingCancelled",
        "expired" => "BookingExpired",
        "failed" => "BookingFailed",
        _ => "BookingNeedsAttention",
    };
    let last = told.last().copied().unwrap_or("nothing");
    if last != expected {
        found.broken(Promise::P6, &booking.id, format!("it is {} and was told last as {last}", booking.state));
    }
    let created = told.iter().filter(|kind| **kind == "BookingCreated").count();
    let held_seats = booking.quote.is_some();
    if created != usize::from(held_seats) || (held_seats && told.first() != Some(&"BookingCreated")) {
        let what = format!("it was told as created {created} times, and first as {:?}", told.first());
        found.broken(Promise::P6, &booking.id, what);
    }
    let twice = told.windows(2).find(|pair| pair[0] == pair[1] && pair[0] != "BookingNeedsAttention");
    if let Some(pair) = twice {
        found.broken(Promise::P6, &booking.id, format!("{} was told twice in a row", pair[0]));
    }
}

/// Every ticket was told as issued once, every voided one as voided once, and no other.
fn tickets(case: &Case<'_>, booking: &Booking, bodies: &[Body], found: &mut Findings) {
    let mut told: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for body in bodies {
        if let Body::TicketIssued { ticket_id, .. } = body {
            told.entry(ticket_id.to_string()).or_default().0 += 1;
        } else if let Body::TicketVoided { ticket_id, .. } = body {
            told.entry(ticket_id.to_string()).or_default().1 += 1;
        }
    }
    for ticket in case.tickets_of(&booking.id) {
        let (issued, voided) = told.remove(&ticket.id).unwrap_or_default();
        if (issued, voided) != (1, usize::from(ticket.state == "voided")) {
            let what = format!(
                "ticket {} is {} and was told issued {issued} and voided {voided} times",
                ticket.id, ticket.state
            );
            found.broken(Promise::P6, &booking.id, what);
        }
    }
    for ticket_id in told.keys() {
        found.broken(Promise::P6, &booking.id, format!("ticket {ticket_id} was told and does not exist"));
    }
}

/// Every attempt that the provider knows was told as requested once, and what was told as collected is what it
/// captured.
fn money_in(case: &Case<'_>, booking: &Booking, bodies: &[Body], found: &mut Findings) {
    let mut told: BTreeMap<i64, (usize, i64)> = BTreeMap::new();
    for body in bodies {
        if let Body::PaymentRequested { attempt, .. } = body {
            told.entry(i64::from(*attempt)).or_default().0 += 1;
        } else if let Body::PaymentConfirmed { attempt, amount, .. } = body {
            told.entry(i64::from(*attempt)).or_default().1 += amount.minor;
        }
    }
    for attempt in case.attempts_of(&booking.id) {
        let (requested, captured) = told.remove(&i64::from(attempt.number)).unwrap_or_default();
        let number = attempt.number;
        if requested != usize::from(attempt.intent_id.is_some()) {
            let what = format!("attempt {number} was told as requested {requested} times");
            found.broken(Promise::P6, &booking.id, what);
        }
        if captured != attempt.captured_minor {
            let (is, told) = (attempt.captured_minor, captured);
            let what = format!("attempt {number} captured {is} and was told to have captured {told} (minor units)");
            found.broken(Promise::P6, &booking.id, what);
        }
    }
    for number in told.keys() {
        found.broken(Promise::P6, &booking.id, format!("attempt {number} was told and does not exist"));
    }
}

/// Every refund that succeeded was told as such, and not once more unless it had failed in between; one that failed
/// was told last as failed; one that is under way was not told as done.
fn money_back(case: &Case<'_>, booking: &Booking, bodies: &[Body], found: &mut Findings) {
    let mut told: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for body in bodies {
        if let Body::PaymentRefunded { refund_id, .. } | Body::RefundFailed { refund_id, .. } = body {
            told.entry(refund_id.to_string()).or_default().push(body.kind());
        }
    }
    let attempts = case.attempts_of(&booking.id).iter();
    for refund in attempts.flat_map(|attempt| case.refunds_of(attempt)) {
        let kinds = told.remove(&refund.id).unwrap_or_default();
        let fits = match (refund.state.as_str(), kinds.last()) {
            ("succeeded", last) => last == Some(&"PaymentRefunded"),
            ("failed", last) => last == Some(&"RefundFailed"),
            (_, last) => last != Some(&"PaymentRefunded"),
        };
        let doubled = kinds.windows(2).any(|pair| pair[0] == pair[1] && pair[0] == "PaymentRefunded");
        if !fits || doubled {
            let what = format!("refund {} is {} and was told as {kinds:?}", refund.id, refund.state);
            found.broken(Promise::P6, &booking.id, what);
        }
    }
    for refund_id in told.keys() {
        found.broken(Promise::P6, &booking.id, format!("refund {refund_id} was told and does not exist"));
    }
}

/// What a provider is asked for by message is about an attempt and a refund of the booking, as they are written down;
/// no refund is asked for twice.
fn wishes(case: &Case<'_>, booking: &Booking, bodies: &[Body], found: &mut Findings) {
    let attempts = case.attempts_of(&booking.id);
    let mut asked = BTreeSet::new();
    for body in bodies {
        let wrong = match body {
            Body::PaymentCancellationRequested { attempt: number, intent_id, .. } => {
                let attempt = attempts.iter().find(|attempt| i64::from(attempt.number) == i64::from(*number));
                let known = attempt.map(|attempt| attempt.intent_id.as_deref().unwrap_or(intent_id.as_str()));
                (known != Some(intent_id.as_str())).then(|| format!("attempt {number} as {intent_id}"))
            }
            Body::RefundRequested { refund_id, intent_id, amount, .. } => {
                let id = refund_id.to_string();
                let is_so =
                    attempts.iter().filter(|it| it.intent_id.as_deref() == Some(intent_id.as_str())).any(|it| {
                        case.refunds_of(it).iter().any(|refund| refund.id == id && refund.amount_minor == amount.minor)
                    });
                let is_first = asked.insert(id);
                (!is_so || !is_first).then(|| format!("refund {refund_id} of {amount} on {intent_id}"))
            }
            _ => None,
        };
        if let Some(what) = wrong {
            let what = format!("a {} was said of {what}, which is not so or was said before", body.kind());
            found.broken(Promise::P6, &booking.id, what);
        }
    }
}
