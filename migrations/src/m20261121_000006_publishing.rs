//! What publishing the outbox needs, and what those keep who listen.

use sea_orm_migration::prelude::*;

/// Slots and relays, the published log, what consumers have seen, and the order service's view of bookings.
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

// `published_seq` numbers the messages of a slot in the order in which they were published. A slot has one publisher at
// a time, so a reader who has seen number n will never find a new one below it, which no column filled by the sagas'
// own transactions could promise: those commit in another order than they number.
const UP: &str = "
alter table outbox add column published_seq bigint;
create unique index outbox_published on outbox (slot, published_seq) where published_seq is not null;

create table outbox_slots (
    slot integer not null primary key,
    owner text,
    epoch bigint not null default 0,
    leased_until bigint not null default 0,
    last_published bigint not null default 0
);
insert into outbox_slots (slot) values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15);

create table outbox_relays (
    id text not null primary key,
    seen_until bigint not null
);

create table consumed_messages (
    consumer text not null,
    message_id text not null,
    consumed_at bigint not null,
    primary key (consumer, message_id)
);
create index consumed_messages_age on consumed_messages (consumed_at);

create table consumer_positions (
    consumer text not null,
    slot integer not null,
    position bigint not null,
    primary key (consumer, slot)
);

create table dead_letters (
    consumer text not null,
    message_id text not null,
    reason text not null,
    body text not null,
    died_at bigint not null,
    primary key (consumer, message_id)
);
create index dead_letters_age on dead_letters (died_at desc, consumer, message_id);

create table order_bookings (
    booking_id text not null primary key,
    customer_id text not null,
    partner_id text not null,
    show_id text,
    state text not null,
    state_seq bigint not null,
    amount_minor bigint,
    currency text,
    paid_minor bigint not null default 0,
    refunded_minor bigint not null default 0,
    valid_tickets bigint not null default 0,
    messages bigint not null default 0,
    updated_at bigint not null
);
create index order_bookings_customer on order_bookings (customer_id, booking_id);
";

const DOWN: &str = "
drop table order_bookings;
drop index dead_letters_age;
drop table dead_letters;
drop table consumer_positions;
drop table consumed_messages;
drop table outbox_relays;
drop table outbox_slots;
drop index outbox_published;
alter table outbox drop column published_seq;
";
