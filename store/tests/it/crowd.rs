//! A database with the volume of a busy platform: tens of thousands of seats, bookings, messages and events, so that
//! what a query reads shows in its plan.

use domain::event::Event;
use domain::ids::{EventId, HallId, SeatId, ShowId};
use jiff::SignedDuration;
use store::Store;
use uuid::Uuid;

use crate::fixture;

const HALLS: u128 = 200;
const SEATS_PER_HALL: usize = 100;
const SHOWS_PER_HALL: u128 = 2;
const EVENTS: u128 = 40;

/// Makes a booking of every seat of the crowd's shows: most are confirmed, some ended otherwise, a few are open.
///
/// What becomes of a booking is read off the first digits of its seat's id, which are as good as random.
const BOOKINGS: &[&str] = &[
    "create table crowd as select 'bkg_' || substr(show_id, 29, 8) || substr(seat_id, 5, 24) as booking_id, \
     'pay_' || substr(show_id, 29, 8) || substr(seat_id, 5, 24) as payment_id, show_id, seat_id, \
     'cus_' || substr(seat_id, 8, 1) as customer_id, case when substr(seat_id, 5, 1) <= '9' then 'confirmed' \
     when substr(seat_id, 5, 1) = 'd' then 'failed' when substr(seat_id, 5, 1) = 'e' then 'cancelled' \
     when substr(seat_id, 5, 2) = 'fe' then 'needs_attention' when substr(seat_id, 5, 1) = 'f' then \
     'awaiting_payment' else 'expired' end as state, 1700000000000 + rank() over (order by show_id, seat_id) * 1000 \
     as at from show_seats where show_id > 'sho_00000000000000000000000000000100'",
    "insert into bookings (id, show_id, customer_id, partner_id, fingerprint, seat_ids, state, state_detail, \
     amount_minor, currency, refund_policy, expires_at, hard_cap_at, paid_by_attempt, next_seq, next_position, \
     created_at, updated_at, closed_at) select booking_id, show_id, customer_id, 'par_1', 'f', '[]', state, '{}', \
     1500, 'EUR', '{}', at + 300000, at + 900000, case when state in ('confirmed', 'cancelled') then 1 end, 2, 3, at, \
     at + 60000, case when state <> 'awaiting_payment' then at + 60000 end from crowd",
    "insert into booking_seats select booking_id, seat_id, show_id, 1, 'stalls A1', 'standard', 1500, 2 from crowd",
    "update show_seats set state = 'sold', version = 2, booking_id = 'bkg_' || substr(show_id, 29, 8) || \
     substr(seat_id, 5, 24) where substr(seat_id, 5, 1) <= '9' and show_id \
     in (select show_id from crowd)",
    "update show_seats set state = 'held', version = 2, held_until_at = 1900000000000, booking_id = 'bkg_' || \
     substr(show_id, 29, 8) || substr(seat_id, 5, 24) where substr(seat_id, 5, 1) = 'f' and substr(seat_id, 5, 2) <> 'fe' and show_id in (select show_id from crowd)",
    "update show_seats set state = 'blocked', version = 2 where substr(seat_id, 5, 1) = 'd' and show_id \
     in (select show_id from crowd)",
    "insert into show_seats_sold_elsewhere select show_id, seat_id from crowd where state = 'failed'",
    "insert into hold_slots select show_id, customer_id, 1, booking_id from crowd where state = 'awaiting_payment' \
     on conflict do nothing",
    "insert into tickets select 'tkt_' || substr(booking_id, 5), booking_id, show_id, seat_id, \
     case when state = 'confirmed' then 'issued' else 'voided' end, at, null from crowd \
     where state in ('confirmed', 'cancelled')",
    "insert into timeline_entries select booking_id, n.column1, at, 'step', '{}' from crowd, \
     (select 1 as column1 union all select 2 union all select 3) n",
    "insert into outbox select 'msg_' || n.column1 || substr(booking_id, 6), 'booking', booking_id, n.column1, 'kind', \
     '{}', '{}', abs(at / 1000 % 16), at, case when state <> 'awaiting_payment' then at + 1000 end, \
     case when state <> 'awaiting_payment' then row_number() over (order by at, n.column1) end from crowd, \
     (select 1 as column1 union all select 2) n",
    "insert into consumed_messages select 'orders', id, occurred_at from outbox",
    "insert into order_bookings (booking_id, customer_id, partner_id, state, state_seq, updated_at) \
     select booking_id, customer_id, 'par_1', 'confirmed', 1, at from crowd",
    "insert into notices select 'ntc_' || substr(booking_id, 5), booking_id, customer_id, 'confirmed', '{}', \
     case when substr(seat_id, 5, 2) = 'ad' then 'waiting' else 'sent' end, 1, at, null, at, at from crowd",
    "insert into dead_letters select 'orders', id, 'reason', '{}', occurred_at from outbox where seq = 1",
    "insert into operator_actions select booking_id || '-1', booking_id, 'ops', 'retry', '', at from crowd \
     where state in ('failed', 'needs_attention')",
    "insert into payables (id, kind, booking_id, amount_minor, currency, created_at) \
     select booking_id, 'booking', booking_id, 1500, 'EUR', at from crowd",
    "insert into payments select payment_id, booking_id, 'state', 1500, \
     case when state in ('confirmed', 'cancelled') then 1500 else 0 end, case when state = 'cancelled' then 1500 \
     else 0 end, 'EUR', at, at from crowd",
    "insert into payment_attempts (payment_id, number, booking_id, idempotency_key, intent_id, state, amount_minor, \
     captured_minor, refunded_minor, currency, created_at, updated_at, bought) select payment_id, 1, booking_id, \
     booking_id || ':1', 'pi_' || booking_id, case when state in ('confirmed', 'cancelled') then 'succeeded' when \
     substr(seat_id, 5, 2) = 'aa' then 'abandoned' else 'cancelled' end, 1500, case when state in ('confirmed', \
     'cancelled') then 1500 else 0 end, case when state = 'cancelled' then 1500 else 0 end, 'EUR', at, at, \
     state = 'confirmed' from crowd",
    "insert into refunds select 'rfd_' || substr(booking_id, 5), payment_id, 1, 'cancelled', \
     case when substr(seat_id, 5, 2) = 'ee' then 'pending' else 'succeeded' end, 1500, 'EUR', null, at, at from crowd \
     where state = 'cancelled'",
    "insert into payment_events select 'simulator', 'crowd_' || booking_id, 'payment_intent.succeeded', \
     'pi_' || booking_id, '{}', case when substr(seat_id, 5, 2) = 'ad' then 'parked' else 'delivered' end, booking_id, \
     1, at, null, at, at from crowd",
    "insert into message_intents (id, idempotency_key, booking_id, payment_id, attempt, amount_minor, currency, state, \
     captured_minor, captured_currency, told, created_at, updated_at) select 'pi_' || booking_id, booking_id || '/1', \
     booking_id, payment_id, 1, 1500, 'EUR', 'succeeded', 1500, 'EUR', 1, at, at from crowd",
    "insert into message_refunds (id, intent_id, amount_minor, currency, state, provider_refund_id, asked, created_at, \
     updated_at) select 'rfd_' || substr(booking_id, 5), 'pi_' || booking_id, 1500, 'EUR', 'succeeded', \
     're_' || booking_id, true, at, at from crowd where state = 'cancelled'",
    "insert into show_prices select show_id, 'category_' || n.number, 1500 from show_prices, (select 1 as number \
     union all select 2 union all select 3 union all select 4 union all select 5 union all select 6) n",
    "insert into partners (id, name, created_at) select distinct 'par_crowd' || substr(seat_id, 8, 1), 'One of many', 0 \
     from crowd",
    "insert into offers (id, partner_id, code, active, terms, created_at) select 'off_' || substr(show_id, 5), \
     'par_crowd0', 'CODE', true, '{}', 0 from crowd group by show_id",
    "insert into offer_uses select 'off_' || substr(show_id, 5), row_number() over (partition by show_id order by \
     seat_id), case when state = 'confirmed' then booking_id end from crowd",
    "insert into earnings select booking_id, 'fee', 'par_crowd' || substr(seat_id, 8, 1), 100, 'EUR', at, null \
     from crowd where state = 'confirmed'",
    "update shows set called_off_at = starts_at - 86400000 where substr(id, 36, 1) = '0' \
     and id in (select show_id from crowd)",
    "drop table crowd",
];

fn event_id(number: u128) -> EventId {
    EventId::new(Uuid::from_u128(0xeee0 + number))
}

/// Fills a database that has nothing but its schema.
pub(crate) async fn fill(store: &Store) {
    let mut catalogue = fixture::catalogue(fixture::SEATS);
    let (hall, show) = (catalogue.halls[0].clone(), catalogue.shows[0].clone());
    let event = catalogue.events[0].clone();
    catalogue.events.extend((0..EVENTS).map(|number| Event { id: event_id(number), ..event.clone() }));
    for number in 0..HALLS {
        let mut hall = hall.clone();
        hall.id = HallId::new(Uuid::from_u128(0x100 + number));
        let template = hall.seats[0].clone();
        hall.seats.clear();
        for seat in 0..SEATS_PER_HALL {
            let mut it = template.clone();
            it.hall_id = hall.id;
            it.number = seat.to_string();
            it.id = SeatId::for_place(hall.id, &it.section, &it.row, &it.number);
            hall.seats.push(it);
        }
        for round in 0..SHOWS_PER_HALL {
            let mut show = show.clone();
            show.id = ShowId::new(Uuid::from_u128(0x1000 + number * SHOWS_PER_HALL + round));
            show.hall_id = hall.id;
            show.event_id = event_id(number % EVENTS);
            let later = SignedDuration::from_hours(i64::try_from(number).expect("a small number"));
            (show.starts_at, show.ends_at) = (show.starts_at + later, show.ends_at + later);
            catalogue.shows.push(show);
        }
        catalogue.halls.push(hall);
    }
    store.load_catalogue(&catalogue, fixture::now()).await.expect("loading a large catalogue");
    for statement in BOOKINGS {
        fixture::tamper(store, statement).await;
    }
    fixture::tamper(store, "analyze").await;
}
