//! What must be true of a database whatever has happened to it.

use sea_orm::{ConnectionTrait, Statement};
use store::Store;

/// Each statement finds what must not be there.
const NEVER: &[(&str, &str)] = &[
    (
        "a gap in the messages of a booking",
        "select b.id from bookings b where b.next_seq <> (select count(*) from outbox o where o.aggregate_id = b.id) \
         or b.next_seq <> (select coalesce(max(o.seq), 0) from outbox o where o.aggregate_id = b.id)",
    ),
    (
        "a gap in the timeline of a booking",
        "select b.id from bookings b \
         where b.next_position <> (select count(*) from timeline_entries t where t.booking_id = b.id) \
         or b.next_position <> (select coalesce(max(t.position), 0) from timeline_entries t where t.booking_id = b.id)",
    ),
    (
        "a valid ticket for a seat that is not sold to its booking",
        "select t.id from tickets t left join show_seats s on s.show_id = t.show_id and s.seat_id = t.seat_id \
         where t.state = 'issued' and (s.state is null or s.state <> 'sold' or s.booking_id <> t.booking_id)",
    ),
    (
        "a sold seat without a valid ticket",
        "select s.seat_id from show_seats s where s.state = 'sold' and not exists (select 1 from tickets t \
         where t.show_id = s.show_id and t.seat_id = s.seat_id and t.booking_id = s.booking_id and t.state = 'issued')",
    ),
    (
        "a confirmed booking without a ticket for each seat",
        "select b.id from bookings b where b.state = 'confirmed' and (select count(*) from booking_seats s \
         where s.booking_id = b.id) <> (select count(*) from tickets t where t.booking_id = b.id \
         and t.state = 'issued')",
    ),
    (
        "a held seat of a booking that is neither open nor waiting for an operator",
        "select s.seat_id from show_seats s left join bookings b on b.id = s.booking_id where s.state = 'held' \
         and (b.state is null or b.state not in ('pending', 'awaiting_payment', 'needs_attention'))",
    ),
    (
        "an open booking that does not hold its seats in the version it took",
        "select b.id from bookings b join booking_seats k on k.booking_id = b.id \
         left join show_seats s on s.show_id = k.show_id and s.seat_id = k.seat_id \
         where b.state in ('pending', 'awaiting_payment') \
         and (s.state <> 'held' or s.booking_id <> b.id or s.version <> k.seat_version)",
    ),
    (
        "a seat that is sold elsewhere and not blocked",
        "select e.seat_id from show_seats_sold_elsewhere e join show_seats s on s.show_id = e.show_id \
         and s.seat_id = e.seat_id where s.state <> 'blocked'",
    ),
    (
        "a slot of a booking that holds nothing",
        "select h.booking_id from hold_slots h where not exists (select 1 from show_seats s \
         where s.booking_id = h.booking_id and s.state = 'held')",
    ),
    (
        "more given back than collected",
        "select id from payments where refunded_minor > captured_minor or captured_minor < 0",
    ),
    (
        "a payment whose sums are not those of its attempts",
        "select p.id from payments p where p.captured_minor <> (select coalesce(sum(a.captured_minor), 0) \
         from payment_attempts a where a.payment_id = p.id) or p.refunded_minor <> \
         (select coalesce(sum(a.refunded_minor), 0) from payment_attempts a where a.payment_id = p.id)",
    ),
    (
        "refunds that nothing is reserved for",
        "select p.id from payments p where p.refunded_minor < (select coalesce(sum(r.amount_minor), 0) \
         from refunds r where r.payment_id = p.id and r.state <> 'failed')",
    ),
];

/// Panics if anything is there that must not be.
pub(crate) async fn check(store: &Store) {
    let db = store.connection();
    for (what, statement) in NEVER {
        let statement = Statement::from_string(db.get_database_backend(), (*statement).to_owned());
        let found = db.query_all_raw(statement).await.expect("looking for what must not be there");
        assert!(found.is_empty(), "there is {what}, {} times", found.len());
    }
}
