//! The case: all evidence side by side, and what every check asks of it. Judges nothing but whether there is still
//! time.

use std::collections::{BTreeMap, BTreeSet};

use domain::booking_state::BookingState;

use crate::answer::Answer;
use crate::evidence::{Evidence, Quiet, SeatLock};
use crate::rows::{
    Attempt, BookedSeat, Booking, Intent, LedgerRefund, LedgerRows, Message, Refund, Rows, Seat, Ticket,
};

/// How long what has just changed may take to be followed elsewhere, while the system runs.
pub(crate) const FOLLOW_SECONDS: i64 = 60;

/// All evidence, with what is looked up in it.
pub(crate) struct Case<'a> {
    /// The moment to judge by, in milliseconds since the epoch.
    pub(crate) now: i64,
    pub(crate) quiet: Quiet,
    pub(crate) rows: &'a Rows,
    pub(crate) ledger: Option<LedgerCase<'a>>,
    pub(crate) locks: Option<&'a [SeatLock]>,
    pub(crate) sagas: Option<&'a BTreeSet<String>>,
    pub(crate) started_again: Option<&'a BTreeMap<String, usize>>,
    pub(crate) answers: &'a [Answer],
    pub(crate) bookings: BTreeMap<&'a str, &'a Booking>,
    /// Held and sold seats by show and seat.
    pub(crate) seats: BTreeMap<(&'a str, &'a str), &'a Seat>,
    pub(crate) booked: BTreeMap<&'a str, Vec<&'a BookedSeat>>,
    pub(crate) tickets: BTreeMap<&'a str, Vec<&'a Ticket>>,
    pub(crate) attempts: BTreeMap<&'a str, Vec<&'a Attempt>>,
    attempts_by_intent: BTreeMap<&'a str, &'a Attempt>,
    attempts_by_key: BTreeMap<&'a str, &'a Attempt>,
    /// Intents of which a provider that is reached by message has not said a word yet.
    pub(crate) unheard: BTreeSet<&'a str>,
    /// Refunds by payment and attempt.
    pub(crate) refunds: BTreeMap<(&'a str, i32), Vec<&'a Refund>>,
    pub(crate) messages: BTreeMap<&'a str, Vec<&'a Message>>,
}

/// The provider's ledger, with what is looked up in it.
pub(crate) struct LedgerCase<'a> {
    pub(crate) rows: &'a LedgerRows,
    pub(crate) intents: BTreeMap<&'a str, &'a Intent>,
    /// Refunds by idempotency key.
    pub(crate) refunds: BTreeMap<&'a str, Vec<&'a LedgerRefund>>,
    by_intent: BTreeMap<&'a str, Vec<&'a LedgerRefund>>,
}

impl<'a> LedgerCase<'a> {
    fn new(rows: &'a LedgerRows) -> Self {
        Self {
            rows,
            intents: rows.intents.iter().map(|intent| (intent.id.as_str(), intent)).collect(),
            refunds: grouped(&rows.refunds, |refund| Some(refund.idempotency_key.as_str())),
            by_intent: grouped(&rows.refunds, |refund| Some(refund.intent_id.as_str())),
        }
    }

    /// The refunds of what an intent collected.
    pub(crate) fn refunds_of(&self, intent_id: &str) -> &[&'a LedgerRefund] {
        self.by_intent.get(intent_id).map_or(&[], Vec::as_slice)
    }
}

impl<'a> Case<'a> {
    pub(crate) fn new(evidence: &'a Evidence, quiet: Quiet, rows: &'a Rows, ledger: Option<&'a LedgerRows>) -> Self {
        Self {
            now: evidence.now.as_millisecond(),
            quiet,
            rows,
            ledger: ledger.map(LedgerCase::new),
            locks: evidence.locks.as_deref(),
            sagas: evidence.open_workflows.as_ref(),
            started_again: evidence.started_again.as_ref(),
            answers: &evidence.answers,
            bookings: rows.bookings.iter().map(|booking| (booking.id.as_str(), booking)).collect(),
            seats: rows.seats.iter().map(|seat| ((seat.show_id.as_str(), seat.seat_id.as_str()), seat)).collect(),
            booked: grouped(&rows.booked_seats, |seat| Some(seat.booking_id.as_str())),
            tickets: grouped(&rows.tickets, |ticket| Some(ticket.booking_id.as_str())),
            attempts: grouped(&rows.attempts, |attempt| attempt.booking_id.as_deref()),
            attempts_by_intent: (rows.attempts.iter())
                .filter_map(|attempt| Some((attempt.intent_id.as_deref()?, attempt)))
                .collect(),
            attempts_by_key: rows.attempts.iter().map(|it| (it.idempotency_key.as_str(), it)).collect(),
            unheard: rows.message_intents.iter().filter(|it| it.told == 0).map(|it| it.id.as_str()).collect(),
            refunds: grouped(&rows.refunds, |refund| Some((refund.payment_id.as_str(), refund.attempt_number))),
            messages: grouped(&rows.messages, |message| Some(message.aggregate_id.as_str())),
        }
    }

    /// The seats that a booking took.
    pub(crate) fn booked_by(&self, booking_id: &str) -> &[&'a BookedSeat] {
        self.booked.get(booking_id).map_or(&[], Vec::as_slice)
    }

    /// The tickets of a booking.
    pub(crate) fn tickets_of(&self, booking_id: &str) -> &[&'a Ticket] {
        self.tickets.get(booking_id).map_or(&[], Vec::as_slice)
    }

    /// The attempts of a booking, first to last.
    pub(crate) fn attempts_of(&self, booking_id: &str) -> &[&'a Attempt] {
        self.attempts.get(booking_id).map_or(&[], Vec::as_slice)
    }

    /// The refunds of what an attempt collected.
    pub(crate) fn refunds_of<'b>(&'b self, attempt: &'b Attempt) -> &'b [&'a Refund] {
        self.refunds.get(&(attempt.payment_id.as_str(), attempt.number)).map_or(&[], Vec::as_slice)
    }

    /// The messages about a booking by their number.
    pub(crate) fn messages_of(&self, booking_id: &str) -> &[&'a Message] {
        self.messages.get(booking_id).map_or(&[], Vec::as_slice)
    }

    /// The attempt that an intent belongs to, by its id, else by the key that it was asked for with.
    pub(crate) fn attempt_of(&self, intent: &Intent) -> Option<&'a Attempt> {
        let by_id = self.attempts_by_intent.get(intent.id.as_str());
        by_id.or_else(|| self.attempts_by_key.get(intent.idempotency_key.as_str())).copied()
    }

    /// Whether a saga of a booking is open; none where that is not known.
    pub(crate) fn has_saga(&self, booking_id: &str) -> Option<bool> {
        self.sagas.map(|open| open.contains(booking_id) || open.contains(&format!("settle/{booking_id}")))
    }

    /// Whether something happened too recently for the rest of the system to have followed.
    pub(crate) fn is_fresh(&self, at: i64) -> bool {
        self.quiet == Quiet::Running && self.now - at < FOLLOW_SECONDS * 1_000
    }

    /// Whether somebody is still to see to a booking, so that nothing of it has to be finished yet.
    ///
    /// At rest that is only an operator, of whom the report tells. While the system runs it is also a saga, the time
    /// until the hard cap, and the time it takes to follow; where the open sagas are not known, any may be open.
    pub(crate) fn may_still_move(&self, booking: &Booking) -> bool {
        if booking.state == "needs_attention" {
            return true;
        }
        self.quiet == Quiet::Running
            && (self.is_fresh(booking.updated_at)
                || (is_open(booking) && self.now <= booking.hard_cap_at + FOLLOW_SECONDS * 1_000)
                || self.has_saga(&booking.id).unwrap_or(true))
    }

    /// Whether an operator declared by hand that a stuck step of a booking is done.
    pub(crate) fn resolved_by(&self, booking_id: &str) -> Option<&'a str> {
        let actions = &self.rows.operator_actions;
        let resolved = actions.iter().find(|act| act.booking_id == booking_id && act.action == "resolve");
        resolved.map(|act| act.operator.as_str())
    }
}

/// The booking that an intent says it is for.
pub(crate) fn booking_of_metadata(intent: &Intent) -> Option<String> {
    let metadata: BTreeMap<String, String> = serde_json::from_str(&intent.metadata).ok()?;
    metadata.get("booking_id").cloned()
}

/// Whether a booking has a claim on held seats.
pub(crate) fn is_open(booking: &Booking) -> bool {
    matches!(booking.state.as_str(), "pending" | "awaiting_payment")
}

/// Whether a booking may have sold seats: it is confirmed, or was and waits for an operator.
pub(crate) fn may_own(booking: &Booking) -> bool {
    matches!(booking.state.as_str(), "confirmed" | "needs_attention")
}

/// Whether a booking may have held seats.
pub(crate) fn may_hold(booking: &Booking) -> bool {
    is_open(booking) || booking.state == "needs_attention"
}

/// The whole state of a booking, if it can be read.
pub(crate) fn state_of(booking: &Booking) -> Option<BookingState> {
    serde_json::from_str(&booking.state_detail).ok()
}

/// Rows by a key; those without one are left out.
pub(crate) fn grouped<'a, R, K: Ord>(rows: &'a [R], key: impl Fn(&'a R) -> Option<K>) -> BTreeMap<K, Vec<&'a R>> {
    let mut groups: BTreeMap<K, Vec<&'a R>> = BTreeMap::new();
    for row in rows {
        if let Some(key) = key(row) {
            groups.entry(key).or_default().push(row);
        }
    }
    groups
}
