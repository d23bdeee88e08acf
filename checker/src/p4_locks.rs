//! P4, in the locks: how long they keep seats from others.

use domain::limits::{EDGE_CLAIM_SECONDS, LOCK_GRACE_SECONDS};

use crate::case::{Case, FOLLOW_SECONDS, is_open};
use crate::evidence::{Quiet, SeatLock};
use crate::findings::Findings;
use crate::promise::Promise;
use crate::rows::Booking;

/// Checks every lock that is not the mark of a sale.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    for lock in case.locks.into_iter().flatten() {
        let Some(until) = lock.until else { continue };
        found.looked(Promise::P4, 1);
        let owner = lock.booking_id.to_string();
        if until.as_millisecond() + FOLLOW_SECONDS * 1_000 < case.now {
            let what = format!("its lock on seat {} is there after its deadline", lock.seat_id);
            found.broken(Promise::P4, &owner, what);
        }
        match case.bookings.get(owner.as_str()) {
            Some(booking) => lock_of_booking(case, lock, until.as_millisecond(), booking, found),
            None => lock_of_nobody(case, lock, until.as_millisecond(), found),
        }
    }
}

/// The lock of an open booking ends soon after the hard cap. That of a booking which has ended is released, within the
/// grace of a lock and a minute while the system runs; a sold seat may stay locked for its buyer, for what is missing
/// then is only the mark.
fn lock_of_booking(case: &Case<'_>, lock: &SeatLock, until: i64, booking: &Booking, found: &mut Findings) {
    let patience = (LOCK_GRACE_SECONDS + FOLLOW_SECONDS) * 1_000;
    if is_open(booking) {
        if until > booking.hard_cap_at + patience {
            let what = format!("its lock on seat {} outlives its hard cap", lock.seat_id);
            found.broken(Promise::P4, &booking.id, what);
        }
        return;
    }
    let buys =
        booking.state == "confirmed" && case.booked_by(&booking.id).iter().any(|seat| is_on(lock, &seat.seat_id));
    if buys || case.may_still_move(booking) {
        return;
    }
    let is_left = match case.quiet {
        Quiet::Running => case.now > booking.closed_at.unwrap_or(booking.updated_at) + patience,
        Quiet::Settled => until > case.now + EDGE_CLAIM_SECONDS * 1_000,
    };
    if is_left {
        let what = format!("it is {} and keeps a lock on seat {}", booking.state, lock.seat_id);
        found.broken(Promise::P4, &booking.id, what);
    }
}

/// A lock without a booking is a claim at the edge, which is short, or of a saga that has not opened its booking yet.
fn lock_of_nobody(case: &Case<'_>, lock: &SeatLock, until: i64, found: &mut Findings) {
    let owner = lock.booking_id.to_string();
    let is_long = until > case.now + EDGE_CLAIM_SECONDS * 1_000;
    // While the system runs its saga may have begun after the sagas were listed.
    if case.quiet == Quiet::Settled && is_long && case.has_saga(&owner) == Some(false) {
        let what = format!("a lock on seat {} stands for a booking that does not exist", lock.seat_id);
        found.broken(Promise::P4, &owner, what);
    }
}

fn is_on(lock: &SeatLock, seat_id: &str) -> bool {
    lock.seat_id.to_string() == seat_id
}
