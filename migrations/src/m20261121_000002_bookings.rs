//! Bookings, the holds they claim, their tickets, their timelines and what operators did to them.

use sea_orm_migration::prelude::*;

/// Bookings and what belongs to them alone.
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

// A booking does not reference its show: a tombstone may stand for a request that named a show which never was.
const UP: &str = "
create table bookings (
    id text not null primary key,
    show_id text not null,
    customer_id text not null,
    partner_id text not null,
    fingerprint text not null,
    seat_ids text not null,
    state text not null,
    state_detail text not null,
    quote text,
    amount_minor bigint not null,
    currency text not null,
    refund_policy text not null,
    expires_at bigint,
    hard_cap_at bigint not null,
    paid_by_attempt integer,
    late boolean not null default false,
    next_seq bigint not null,
    next_position bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    closed_at bigint
);
create index bookings_customer on bookings (customer_id, created_at desc, id desc);
create index bookings_deadline on bookings (state, expires_at);
create index bookings_show on bookings (show_id, state);

create table booking_seats (
    booking_id text not null references bookings (id),
    seat_id text not null,
    show_id text not null,
    position integer not null,
    label text not null,
    category text not null,
    price_minor bigint not null,
    seat_version bigint not null,
    primary key (booking_id, seat_id)
);

create table hold_slots (
    show_id text not null,
    customer_id text not null,
    slot integer not null,
    booking_id text not null unique,
    primary key (show_id, customer_id, slot)
);

create table tickets (
    id text not null primary key,
    booking_id text not null references bookings (id),
    show_id text not null,
    seat_id text not null,
    state text not null,
    issued_at bigint not null,
    voided_at bigint
);
create unique index tickets_issued on tickets (show_id, seat_id) where state = 'issued';
create index tickets_booking on tickets (booking_id);

create table timeline_entries (
    booking_id text not null references bookings (id),
    position bigint not null,
    happened_at bigint not null,
    code text not null,
    step text not null,
    primary key (booking_id, position)
);

create table operator_actions (
    id text not null primary key,
    booking_id text not null references bookings (id),
    operator text not null,
    action text not null,
    note text not null,
    acted_at bigint not null
);
create index operator_actions_booking on operator_actions (booking_id, acted_at);
";

const DOWN: &str = "
drop table operator_actions;
drop table timeline_entries;
drop table tickets;
drop table hold_slots;
drop table booking_seats;
drop table bookings;
";
