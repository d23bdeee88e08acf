//! What is known of payments and refunds whose provider is reached by message alone.

use sea_orm_migration::prelude::*;

/// Intents and refunds as messages have told of them.
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

// `told` counts what the provider has said of an intent, and `asked_at_told` is that count when it was last asked to
// cancel: as long as the two are the same the question is open, and is not put again.
//
// A refund has the id that boxoffice gave it, or the provider's own where it was made there unasked.
const UP: &str = "
create table message_intents (
    id text not null primary key,
    idempotency_key text not null unique,
    booking_id text not null,
    payment_id text not null,
    attempt integer not null,
    amount_minor bigint not null,
    currency text not null,
    state text not null,
    captured_minor bigint not null default 0,
    captured_currency text not null,
    decline_code text,
    payment_page text,
    told bigint not null default 0,
    told_at bigint,
    asked_at_told bigint,
    created_at bigint not null,
    updated_at bigint not null
);
create index message_intents_creation on message_intents (created_at, id);

create table message_refunds (
    id text not null primary key,
    intent_id text not null references message_intents (id),
    amount_minor bigint not null,
    currency text not null,
    state text not null,
    provider_refund_id text,
    asked boolean not null,
    told_at bigint,
    created_at bigint not null,
    updated_at bigint not null
);
create index message_refunds_intent on message_refunds (intent_id);
create index message_refunds_sent_as on message_refunds (provider_refund_id) where provider_refund_id is not null;
create index message_refunds_creation on message_refunds (created_at, id);
";

const DOWN: &str = "
drop table message_refunds;
drop table message_intents;
";
