//! P4, in the database: how long seats are held.

use std::collections::{BTreeMap, BTreeSet};

use domain::limits::HOLD_OVERRUN_SECONDS;

use crate::case::{Case, grouped, is_open, may_hold};
use crate::findings::Findings;
use crate::promise::Promise;
use crate::rows::{Seat, Slot};

/// Checks the deadlines of all held seats, and the slots of the customers' open holds.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    let held = grouped(&case.rows.seats, |seat| {
        (seat.state == "held").then(|| seat.booking_id.as_deref().unwrap_or_default())
    });
    found.looked(Promise::P4, held.len() + case.rows.slots.len());
    for (booking_id, seats) in &held {
        deadlines(case, booking_id, seats, found);
    }
    let holding = held.keys().copied().collect();
    let mut slots: BTreeMap<&str, usize> = BTreeMap::new();
    for slot in &case.rows.slots {
        *slots.entry(&slot.booking_id).or_default() += 1;
        check_slot(case, slot, &holding, found);
    }
    for booking in case.rows.bookings.iter().filter(|booking| is_open(booking)) {
        let count = slots.get(booking.id.as_str()).copied().unwrap_or_default();
        if count != 1 {
            found.broken(Promise::P4, &booking.id, format!("it is open and has {count} of its customer's slots"));
        }
    }
}

/// No seat is held for more than [`HOLD_OVERRUN_SECONDS`] after its deadline, nor after the hard cap of its booking;
/// and no deadline is after the hard cap. That database and engine were up is for the caller to know.
fn deadlines(case: &Case<'_>, booking_id: &str, seats: &[&Seat], found: &mut Findings) {
    let overrun = HOLD_OVERRUN_SECONDS * 1_000;
    let latest = seats.iter().filter_map(|seat| seat.held_until_at).max().unwrap_or(i64::MAX);
    let earliest = seats.iter().filter_map(|seat| seat.held_until_at).min().unwrap_or(i64::MIN);
    if case.now > earliest.saturating_add(overrun) {
        let late = case.now.saturating_sub(earliest) / 1_000;
        let what = format!("{} seats are held for it {late} s after their deadline", seats.len());
        found.broken(Promise::P4, booking_id, what);
    }
    let Some(booking) = case.bookings.get(booking_id) else { return };
    if case.now > booking.hard_cap_at.saturating_add(overrun) {
        let late = (case.now - booking.hard_cap_at) / 1_000;
        let what = format!("{} seats are held for it {late} s after its hard cap", seats.len());
        found.broken(Promise::P4, booking_id, what);
    }
    if latest > booking.hard_cap_at {
        found.broken(Promise::P4, booking_id, "its seats are to be held until after its hard cap");
    }
    if seats.iter().any(|seat| seat.held_until_at != booking.expires_at) {
        found.broken(Promise::P4, booking_id, "the deadline of a held seat is not the booking's");
    }
}

/// A slot is taken by a booking that holds seats, of this customer and show.
fn check_slot(case: &Case<'_>, slot: &Slot, holding: &BTreeSet<&str>, found: &mut Findings) {
    let owner = slot.booking_id.as_str();
    let number = slot.slot;
    let Some(booking) = case.bookings.get(owner) else {
        return found.broken(Promise::P4, owner, format!("slot {number} is taken by a booking that does not exist"));
    };
    if !may_hold(booking) || !holding.contains(owner) {
        let what = format!("it is {} and keeps slot {number} without holding a seat", booking.state);
        found.broken(Promise::P4, owner, what);
    }
    if slot.show_id != booking.show_id || slot.customer_id != booking.customer_id {
        found.broken(Promise::P4, owner, format!("its slot {number} is another customer's or another show's"));
    }
}
