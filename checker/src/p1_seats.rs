//! P1, in the database: who has which seat.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::{Case, is_open, may_hold, may_own};
use crate::findings::Findings;
use crate::promise::Promise;
use crate::rows::{Booking, Seat};

/// Checks that every seat of a show belongs to one booking at most, by tickets, by bookings and by the inventory.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    found.looked(Promise::P1, case.rows.seats.len());
    one_ticket_per_seat(case, found);
    one_confirmed_booking_per_seat(case, found);
    for seat in &case.rows.seats {
        match seat.state.as_str() {
            "sold" => sold_seat(case, seat, found),
            "held" => held_seat(case, seat, found),
            state => {
                let owner = seat.booking_id.as_deref().unwrap_or_default();
                found.broken(Promise::P1, owner, format!("seat {} is {state} and has an owner", seat.seat_id));
            }
        }
    }
    for ticket in case.rows.tickets.iter().filter(|ticket| ticket.state == "issued") {
        let seat = case.seats.get(&(ticket.show_id.as_str(), ticket.seat_id.as_str()));
        if !seat.is_some_and(|seat| seat.state == "sold" && seat.booking_id.as_ref() == Some(&ticket.booking_id)) {
            let what = format!("ticket {} is valid for a seat that is not sold to its booking", ticket.id);
            found.broken(Promise::P1, &ticket.booking_id, what);
        }
    }
    for booking in &case.rows.bookings {
        if booking.state == "confirmed" {
            has_all_its_seats(case, booking, "sold", found);
        } else if is_open(booking) {
            has_all_its_seats(case, booking, "held", found);
        }
    }
}

/// No seat of a show has two valid tickets.
fn one_ticket_per_seat(case: &Case<'_>, found: &mut Findings) {
    let mut owners: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for ticket in case.rows.tickets.iter().filter(|ticket| ticket.state == "issued") {
        let place = (ticket.show_id.as_str(), ticket.seat_id.as_str());
        if let Some(first) = owners.insert(place, &ticket.booking_id) {
            let what = format!("seat {} has a valid ticket of {first} as well", ticket.seat_id);
            found.broken(Promise::P1, &ticket.booking_id, what);
        }
    }
}

/// No seat of a show is among the seats of two confirmed bookings.
fn one_confirmed_booking_per_seat(case: &Case<'_>, found: &mut Findings) {
    let mut owners: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for seat in &case.rows.booked_seats {
        let booking = case.bookings.get(seat.booking_id.as_str());
        if booking.is_none_or(|booking| booking.state != "confirmed") {
            continue;
        }
        if let Some(first) = owners.insert((&seat.show_id, &seat.seat_id), &seat.booking_id) {
            let what = format!("seat {} is confirmed for {first} as well", seat.seat_id);
            found.broken(Promise::P1, &seat.booking_id, what);
        }
    }
}

/// A sold seat belongs to a confirmed booking that took it, which has the valid ticket for it.
fn sold_seat(case: &Case<'_>, seat: &Seat, found: &mut Findings) {
    let owner = seat.booking_id.as_deref().unwrap_or_default();
    let id = &seat.seat_id;
    match case.bookings.get(owner) {
        None => found.broken(Promise::P1, owner, format!("seat {id} is sold to a booking that does not exist")),
        Some(booking) if !may_own(booking) => {
            let state = &booking.state;
            found.broken(Promise::P1, owner, format!("seat {id} is sold to it and it is {state}"));
        }
        Some(_) => {}
    }
    if !took(case, owner, seat) {
        found.broken(Promise::P1, owner, format!("seat {id} is sold to it and is not one of its seats"));
    }
    let ticket = (case.tickets_of(owner).iter())
        .find(|ticket| ticket.state == "issued" && ticket.show_id == seat.show_id && ticket.seat_id == *id);
    if ticket.is_none() {
        found.broken(Promise::P1, owner, format!("seat {id} is sold to it without a valid ticket"));
    }
}

/// A held seat belongs to a booking that is open, or waits for an operator, and took it.
fn held_seat(case: &Case<'_>, seat: &Seat, found: &mut Findings) {
    let owner = seat.booking_id.as_deref().unwrap_or_default();
    let id = &seat.seat_id;
    match case.bookings.get(owner) {
        None => found.broken(Promise::P1, owner, format!("seat {id} is held for a booking that does not exist")),
        Some(booking) if !may_hold(booking) => {
            let state = &booking.state;
            found.broken(Promise::P1, owner, format!("seat {id} is held for it and it is {state}"));
        }
        Some(_) => {}
    }
    if !took(case, owner, seat) {
        found.broken(Promise::P1, owner, format!("seat {id} is held for it and is not one of its seats"));
    }
}

/// Whether a booking took a seat.
fn took(case: &Case<'_>, booking_id: &str, seat: &Seat) -> bool {
    case.booked_by(booking_id).iter().any(|booked| booked.show_id == seat.show_id && booked.seat_id == seat.seat_id)
}

/// A booking has every seat that was asked for, in `state` and in the version in which it took it: nobody had the
/// seat in between. A confirmed one has a valid ticket for each.
fn has_all_its_seats(case: &Case<'_>, booking: &Booking, state: &str, found: &mut Findings) {
    let booked = case.booked_by(&booking.id);
    let asked: Option<BTreeSet<String>> = serde_json::from_str(&booking.seat_ids).ok();
    if asked != Some(booked.iter().map(|seat| seat.seat_id.clone()).collect()) {
        found.broken(Promise::P1, &booking.id, "the seats that it took are not the seats that it asked for");
    }
    for taken in booked {
        let id = &taken.seat_id;
        if taken.show_id != booking.show_id {
            found.broken(Promise::P1, &booking.id, format!("seat {id} is of another show"));
        }
        let seat = case.seats.get(&(taken.show_id.as_str(), id.as_str()));
        match seat.filter(|seat| seat.state == state && seat.booking_id.as_ref() == Some(&booking.id)) {
            None => found.broken(Promise::P1, &booking.id, format!("seat {id} is not {state} to it")),
            Some(seat) if seat.version != taken.seat_version => {
                let (now, then) = (seat.version, taken.seat_version);
                let what = format!("seat {id} was taken in version {then} and has version {now}");
                found.broken(Promise::P1, &booking.id, what);
            }
            Some(_) => {}
        }
    }
    let tickets = case.tickets_of(&booking.id).iter().filter(|ticket| ticket.state == "issued").count();
    if state == "sold" && tickets != booked.len() {
        let what = format!("it is confirmed with {} seats and {tickets} valid tickets", booked.len());
        found.broken(Promise::P1, &booking.id, what);
    }
}
