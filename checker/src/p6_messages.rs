//! P6, one by one: the messages about each booking are numbered without a gap, and say what their columns say.

use domain::ids::MessageId;
use domain::message::{Message as Body, MessageSubject};

use crate::case::Case;
use crate::findings::Findings;
use crate::promise::Promise;
use crate::rows::{Booking, Message};

/// Checks the numbers of the messages of each booking and each message by itself; none is about nothing.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    found.looked(Promise::P6, case.rows.messages.len());
    for (aggregate_id, messages) in &case.messages {
        let Some(booking) = case.bookings.get(aggregate_id) else {
            let what = format!("{} messages are about a booking that does not exist", messages.len());
            found.broken(Promise::P6, aggregate_id, what);
            continue;
        };
        for message in messages {
            if let Err(what) = says_what_it_is(booking, message) {
                found.broken(Promise::P6, aggregate_id, format!("message {}: {what}", message.seq));
            }
        }
        published_in_order(booking, messages, found);
    }
    for booking in &case.rows.bookings {
        numbered(booking, case.messages_of(&booking.id), found);
    }
}

/// The messages are numbered 1, 2, 3 and so on, and the last number is the one that the booking remembers.
fn numbered(booking: &Booking, messages: &[&Message], found: &mut Findings) {
    for (expected, message) in (1..).zip(messages) {
        if message.seq != expected {
            let what = format!("its messages go from {} to {}", expected - 1, message.seq);
            return found.broken(Promise::P6, &booking.id, what);
        }
    }
    if usize::try_from(booking.next_seq) != Ok(messages.len()) {
        let what = format!("it has {} messages and remembers {}", messages.len(), booking.next_seq);
        found.broken(Promise::P6, &booking.id, what);
    }
}

/// No message is published before an earlier one; all are in one slot, for only a slot keeps them in order.
fn published_in_order(booking: &Booking, messages: &[&Message], found: &mut Findings) {
    if let Some(pair) = messages.windows(2).find(|it| it[0].published_at.is_none() && it[1].published_at.is_some()) {
        let what = format!("message {} is published and message {} is not", pair[1].seq, pair[0].seq);
        found.broken(Promise::P6, &booking.id, what);
    }
    if messages.windows(2).any(|pair| pair[0].slot != pair[1].slot) {
        found.broken(Promise::P6, &booking.id, "its messages are in several slots");
    }
}

/// Id, kind and subject follow from number, body and booking.
fn says_what_it_is(booking: &Booking, message: &Message) -> Result<(), String> {
    if message.aggregate_kind != "booking" {
        return Err(format!("it is about a {}", message.aggregate_kind));
    }
    if message.id != MessageId::for_sequence(&booking.id, message.seq).to_string() {
        return Err(format!("its id {} does not follow from its number", message.id));
    }
    let body = body_of(message)?;
    if body.kind() != message.kind {
        return Err(format!("its kind is {} and its body a {}", message.kind, body.kind()));
    }
    let subject: MessageSubject = serde_json::from_str(&message.subject).map_err(|error| error.to_string())?;
    let said = [subject.booking_id.to_string(), subject.customer_id.to_string(), subject.partner_id.to_string()];
    if said != [booking.id.as_str(), booking.customer_id.as_str(), booking.partner_id.as_str()] {
        return Err(format!("its subject is {}", said.join(", ")));
    }
    Ok(())
}

/// The body of a message.
pub(crate) fn body_of(message: &Message) -> Result<Body, String> {
    serde_json::from_str(&message.body).map_err(|error| format!("its body cannot be read: {error}"))
}
