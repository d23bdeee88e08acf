//! P1, P3 and P4 broken, one way at a time.

use checker::{Evidence, Promise, SeatLock};
use domain::ids::BookingId;

use crate::seeded::{Seed, Wrong, check_all};
use crate::world::{booking, moment, seat, show_id};

fn lock(evidence: &mut Evidence, booking_id: BookingId, number: usize, until: Option<i64>) {
    let lock = SeatLock { show_id: show_id(), seat_id: seat(number), booking_id, until: until.map(moment) };
    evidence.locks.as_mut().expect("locks").push(lock);
}

#[tokio::test]
async fn seats_sold_twice_are_found() {
    let seed = |says, text| Seed { promise: Promise::P1, says, wrong: Wrong::Database(text) };
    let known = |says, change| Seed { promise: Promise::P1, says, wrong: Wrong::Known(change) };
    check_all(&[
        seed(
            "has a valid ticket of",
            "drop index tickets_issued; insert into tickets select 'tkt_x', '{late}', show_id, seat_id, state, \
             issued_at, null from tickets where booking_id = '{paid}' and seat_id = '{seat 0}'",
        ),
        seed(
            "is confirmed for",
            "insert into booking_seats select '{late}', seat_id, show_id, 9, label, category, price_minor, \
             seat_version from booking_seats where booking_id = '{paid}' and seat_id = '{seat 0}'",
        ),
        seed(
            "is sold to it and is not one of its seats",
            "update show_seats set booking_id = '{late}' where booking_id = '{paid}' and seat_id = '{seat 0}'",
        ),
        seed(
            "valid for a seat that is not sold to its booking",
            "update show_seats set state = 'available', booking_id = null where booking_id = '{paid}'",
        ),
        seed(
            "is not sold to it",
            "update show_seats set state = 'available', booking_id = null where booking_id = '{paid}'",
        ),
        seed(
            "in version 3, and bkg_",
            "insert into booking_seats select '{expired}', seat_id, show_id, 9, label, category, price_minor, \
             seat_version - 1 from booking_seats where booking_id = '{paid}' and seat_id = '{seat 0}'",
        ),
        seed("and has version 4", "update show_seats set version = 4 where booking_id = '{paid}'"),
        seed(
            "is sold to it and it is expired",
            "update show_seats set state = 'sold', booking_id = '{expired}' where seat_id = '{seat 3}' \
             and show_id = '{show}'",
        ),
        seed(
            "is sold to a booking that does not exist",
            "update show_seats set booking_id = '{nobody}' where booking_id = '{paid}'",
        ),
        seed(
            "is held for it and it is expired",
            "update show_seats set state = 'held', booking_id = '{expired}', held_until_at = {in 60} \
             where seat_id = '{seat 3}' and show_id = '{show}'",
        ),
        seed(
            "is held for it and is not one of its seats",
            "update show_seats set state = 'held', booking_id = '{waiting}', held_until_at = {in 180} \
             where seat_id = '{seat 3}' and show_id = '{show}'",
        ),
        seed(
            "is not held to it",
            "update show_seats set state = 'available', booking_id = null, held_until_at = null \
             where booking_id = '{waiting}'",
        ),
        seed("without a valid ticket", "update tickets set state = 'voided' where booking_id = '{paid}'"),
        seed(
            "confirmed with 2 seats and 1 valid tickets",
            "delete from tickets where booking_id = '{paid}' and seat_id = '{seat 0}'",
        ),
        seed(
            "are not the seats that it asked for",
            "delete from booking_seats where booking_id = '{paid}' and seat_id = '{seat 0}'",
        ),
        seed("is of another show", "update booking_seats set show_id = '{free show}' where booking_id = '{paid}'"),
        seed(
            "is held for a booking that does not exist",
            "update show_seats set booking_id = '{nobody}' where booking_id = '{waiting}'",
        ),
        seed(
            "is available and has an owner",
            "pragma ignore_check_constraints = on; \
             update show_seats set state = 'available', held_until_at = null where booking_id = '{waiting}'",
        ),
        known("is marked as sold to it and is sold to bkg_", |evidence| {
            let locks = evidence.locks.as_mut().expect("locks");
            locks.iter_mut().filter(|it| it.seat_id == seat(0)).for_each(|it| it.booking_id = booking("late"));
        }),
        known("is marked as sold to it and is sold to nobody", |evidence| lock(evidence, booking("expired"), 3, None)),
        known("which is sold to", |evidence| lock(evidence, booking("waiting"), 0, Some(120))),
    ])
    .await;
}

#[tokio::test]
async fn tickets_without_money_are_found() {
    let seed = |says, wrong| Seed { promise: Promise::P3, says, wrong };
    check_all(&[
        seed(
            "1 valid tickets and is expired",
            Wrong::Database(
                "insert into tickets values ('tkt_x', '{expired}', '{show}', '{seat 3}', 'issued', 0, null)",
            ),
        ),
        seed(
            "2 valid tickets of a booking that does not exist",
            Wrong::Database(
                "pragma foreign_keys = off; update tickets set booking_id = '{nobody}' where booking_id = '{paid}'",
            ),
        ),
        seed("no attempt has paid", Wrong::Database("update bookings set paid_by_attempt = null where id = '{paid}'")),
        seed("does not exist", Wrong::Database("update bookings set paid_by_attempt = 7 where id = '{paid}'")),
        seed(
            "attempt 1 captured less than its price",
            Wrong::Database("update payment_attempts set captured_minor = 2999 where booking_id = '{paid}'"),
        ),
        seed(
            "its money goes back with refund",
            Wrong::Database(
                "insert into refunds select 'rfd_x', payment_id, number, 'cancelled', 'open', 100, currency, null, \
                 0, 0 from payment_attempts where booking_id = '{paid}'",
            ),
        ),
        seed(
            "captured less than its price at the provider",
            Wrong::Ledger("update intents set captured_minor = 2999 where id = 'pi_paid_1'"),
        ),
        seed("the provider knows nothing", Wrong::Ledger("delete from intents where id = 'pi_paid_1'")),
    ])
    .await;
}

#[tokio::test]
async fn holds_that_outlive_their_deadline_are_found() {
    let seed = |says, text| Seed { promise: Promise::P4, says, wrong: Wrong::Database(text) };
    let known = |says, change| Seed { promise: Promise::P4, says, wrong: Wrong::Known(change) };
    check_all(&[
        seed(
            "61 s after their deadline",
            "update show_seats set held_until_at = {in -61} where booking_id = '{waiting}'; \
             update bookings set expires_at = {in -61} where id = '{waiting}'",
        ),
        seed("61 s after its hard cap", "update bookings set hard_cap_at = {in -61} where id = '{waiting}'"),
        seed("until after its hard cap", "update bookings set hard_cap_at = {in 100} where id = '{waiting}'"),
        seed("is not the booking's", "update show_seats set held_until_at = {in 170} where booking_id = '{waiting}'"),
        seed("open and has 0 of", "delete from hold_slots where booking_id = '{waiting}'"),
        seed("expired and keeps slot 2", "insert into hold_slots values ('{show}', 'cus_x', 2, '{expired}')"),
        seed("by a booking that does not exist", "insert into hold_slots values ('{show}', 'cus_x', 2, '{nobody}')"),
        seed("another customer's", "update hold_slots set show_id = '{free show}' where booking_id = '{waiting}'"),
        known("is expired and keeps a lock", |evidence| lock(evidence, booking("expired"), 3, Some(60))),
        known("there after its deadline", |evidence| lock(evidence, booking("waiting"), 20, Some(-61))),
        known("outlives its hard cap", |evidence| lock(evidence, booking("waiting"), 20, Some(3_600))),
        known("stands for a booking that does not exist", |evidence| lock(evidence, booking("nobody"), 20, Some(60))),
    ])
    .await;
}
