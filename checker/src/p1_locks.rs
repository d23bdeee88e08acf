//! P1, in the locks: whether they agree with who has bought what.

use domain::limits::EDGE_CLAIM_SECONDS;

use crate::case::{Case, FOLLOW_SECONDS};
use crate::evidence::{Quiet, SeatLock};
use crate::findings::Findings;
use crate::promise::Promise;

/// Checks the marks of sold seats, and the locks on seats that are sold.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    for lock in case.locks.into_iter().flatten() {
        let (show_id, seat_id) = (lock.show_id.to_string(), lock.seat_id.to_string());
        let seat = case.seats.get(&(show_id.as_str(), seat_id.as_str()));
        let buyer = seat.filter(|seat| seat.state == "sold").and_then(|seat| seat.booking_id.as_deref());
        match lock.until {
            None => mark(case, lock, buyer, found),
            Some(until) => lock_on_sold(case, lock, until.as_millisecond(), buyer, found),
        }
    }
}

/// A seat that is marked as sold is sold, to the booking of the mark. A sale that was just taken back may leave its
/// mark until the saga's next step.
fn mark(case: &Case<'_>, lock: &SeatLock, buyer: Option<&str>, found: &mut Findings) {
    let marked = lock.booking_id.to_string();
    if buyer == Some(marked.as_str()) {
        return;
    }
    if buyer.is_none() && case.bookings.get(marked.as_str()).is_some_and(|booking| case.may_still_move(booking)) {
        return;
    }
    let buyer = buyer.map_or_else(|| "nobody".to_owned(), str::to_owned);
    let what = format!("seat {} is marked as sold to it and is sold to {buyer}", lock.seat_id);
    found.broken(Promise::P1, &marked, what);
}

/// A seat that is sold is not locked for another booking, but for the moment that the edge needs to look at the
/// database; and never after the lock's deadline.
fn lock_on_sold(case: &Case<'_>, lock: &SeatLock, until: i64, buyer: Option<&str>, found: &mut Findings) {
    let owner = lock.booking_id.to_string();
    let Some(buyer) = buyer.filter(|buyer| *buyer != owner) else { return };
    let overdue = until + FOLLOW_SECONDS * 1_000 < case.now;
    let at_rest = case.quiet == Quiet::Settled && until > case.now + EDGE_CLAIM_SECONDS * 1_000;
    if overdue || at_rest {
        let what = format!("it has a lock on seat {}, which is sold to {buyer}", lock.seat_id);
        found.broken(Promise::P1, &owner, what);
    }
}
