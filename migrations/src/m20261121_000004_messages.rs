//! The inbox of what payment providers tell, and the outbox of what is published.

use sea_orm_migration::prelude::*;

/// Inbox and outbox.
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
create table payment_events (
    provider text not null,
    event_id text not null,
    kind text not null,
    intent_id text,
    body text not null,
    state text not null,
    booking_id text,
    deliveries integer not null default 0,
    next_delivery_at bigint not null,
    last_error text,
    received_at bigint not null,
    delivered_at bigint,
    primary key (provider, event_id)
);
create index payment_events_due on payment_events (state, next_delivery_at);

create table outbox (
    id text not null primary key,
    aggregate_kind text not null,
    aggregate_id text not null,
    seq bigint not null,
    kind text not null,
    subject text not null,
    body text not null,
    slot integer not null,
    occurred_at bigint not null,
    published_at bigint,
    unique (aggregate_id, seq)
);
create index outbox_unpublished on outbox (slot, aggregate_id, seq) where published_at is null;
";

const DOWN: &str = "
drop table outbox;
drop table payment_events;
";
