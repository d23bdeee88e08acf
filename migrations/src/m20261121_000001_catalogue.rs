//! Partners, venues, halls, seats, events and shows with their seats.

use sea_orm_migration::prelude::*;

/// The catalogue and the inventory of the shows.
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

const UP: &str = "
create table partners (
    id text not null primary key,
    name text not null,
    created_at bigint not null
);

create table venues (
    id text not null primary key,
    partner_id text not null references partners (id),
    name text not null,
    address text not null,
    city text not null,
    country text not null,
    time_zone text not null
);
create index venues_partner on venues (partner_id);

create table halls (
    id text not null primary key,
    venue_id text not null references venues (id),
    name text not null
);
create index halls_venue on halls (venue_id);

create table seats (
    id text not null primary key,
    hall_id text not null references halls (id),
    section text not null,
    row_label text not null,
    number text not null,
    category text not null,
    accessible boolean not null,
    x double precision not null,
    y double precision not null,
    unique (hall_id, section, row_label, number)
);

create table events (
    id text not null primary key,
    partner_id text not null references partners (id),
    kind text not null,
    titles text not null,
    languages text not null,
    genres text not null,
    duration_minutes integer not null,
    age_rating text
);
create index events_partner on events (partner_id);

create table shows (
    id text not null primary key,
    event_id text not null references events (id),
    hall_id text not null references halls (id),
    partner_id text not null references partners (id),
    starts_at bigint not null,
    ends_at bigint not null,
    sales_open_at bigint not null,
    sales_close_at bigint not null,
    state text not null,
    currency text not null,
    hold_seconds bigint not null,
    refund_policy text not null
);
create index shows_start on shows (starts_at, id);
create index shows_event on shows (event_id, starts_at);
create index shows_hall on shows (hall_id, starts_at);

create table show_prices (
    show_id text not null references shows (id),
    category text not null,
    price_minor bigint not null,
    primary key (show_id, category)
);

create table show_seats (
    show_id text not null references shows (id),
    seat_id text not null references seats (id),
    category text not null,
    state text not null,
    booking_id text,
    held_until_at bigint,
    version bigint not null default 1,
    primary key (show_id, seat_id),
    constraint show_seats_owner check ((state in ('held', 'sold')) = (booking_id is not null)),
    constraint show_seats_deadline check ((state = 'held') = (held_until_at is not null))
);
create index show_seats_booking on show_seats (booking_id) where booking_id is not null;
";

const DOWN: &str = "
drop table show_seats;
drop table show_prices;
drop table shows;
drop table events;
drop table seats;
drop table halls;
drop table venues;
drop table partners;
";
