//! What keeps queries as fast as they were when there were few bookings: indexes of what waits for something.

use sea_orm_migration::prelude::*;

/// Indexes in the order of lists, and of what has to be found among all that is over.
#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(UP).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await?;
        Ok(())
    }
}

// Money that bought tickets is where it belongs; `bought` tells it from money that waits to be given back, which is
// otherwise found only by reading every sale. A program that does not know of the column leaves it at false: the index
// is then longer, and what is found by it the same.
const UP: &str = "
alter table payment_attempts add column bought boolean not null default false;
update payment_attempts set bought = true where exists (select 1 from bookings b
    where b.id = payment_attempts.booking_id and b.paid_by_attempt = payment_attempts.number);
create index payment_attempts_unspent on payment_attempts (booking_id) where captured_minor > refunded_minor
    and bought = false;

create index bookings_customer_state on bookings (customer_id, state, created_at desc, id desc);
create index bookings_attention on bookings (updated_at, id) where state = 'needs_attention';
create index bookings_cancelled on bookings (updated_at, id) where state = 'cancelled';
create index bookings_unsold on bookings (updated_at, id) where state in ('expired', 'failed')
    and paid_by_attempt is not null;

create index show_seats_claims on show_seats (show_id, booking_id, seat_id) where booking_id is not null;

create index payment_events_undelivered on payment_events (next_delivery_at, event_id)
    where state in ('stored', 'parked');
create index payment_events_parked on payment_events (received_at, provider, event_id) where state = 'parked';
";

const DOWN: &str = "
drop index payment_events_parked;
drop index payment_events_undelivered;
drop index show_seats_claims;
drop index bookings_unsold;
drop index bookings_cancelled;
drop index bookings_attention;
drop index bookings_customer_state;
drop index payment_attempts_unspent;
alter table payment_attempts drop column bought;
";
