//! What is to be paid, the attempts to collect it, and what was given back.

use sea_orm_migration::prelude::*;

/// Payables, payments, attempts and refunds.
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
create table payables (
    id text not null primary key,
    kind text not null,
    booking_id text references bookings (id),
    order_id text,
    amount_minor bigint not null,
    currency text not null,
    created_at bigint not null,
    constraint payables_one_thing check ((booking_id is null) <> (order_id is null))
);

create table payments (
    id text not null primary key,
    payable_id text not null unique references payables (id),
    state text not null,
    amount_minor bigint not null,
    captured_minor bigint not null default 0,
    refunded_minor bigint not null default 0,
    currency text not null,
    created_at bigint not null,
    updated_at bigint not null,
    constraint payments_never_over_refunded check (refunded_minor >= 0 and refunded_minor <= captured_minor)
);

create table payment_attempts (
    payment_id text not null references payments (id),
    number integer not null,
    booking_id text references bookings (id),
    idempotency_key text not null unique,
    intent_id text unique,
    state text not null,
    amount_minor bigint not null,
    captured_minor bigint not null default 0,
    refunded_minor bigint not null default 0,
    currency text not null,
    decline_code text,
    payment_page text,
    refusal text,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (payment_id, number),
    constraint attempts_never_over_refunded check (refunded_minor >= 0 and refunded_minor <= captured_minor)
);
create index payment_attempts_booking on payment_attempts (booking_id, number);
create index payment_attempts_abandoned on payment_attempts (booking_id) where state = 'abandoned';

create table refunds (
    id text not null primary key,
    payment_id text not null references payments (id),
    attempt_number integer not null,
    reason text not null,
    state text not null,
    amount_minor bigint not null,
    currency text not null,
    provider_refund_id text,
    created_at bigint not null,
    updated_at bigint not null,
    constraint refunds_positive check (amount_minor > 0)
);
create index refunds_payment on refunds (payment_id, attempt_number);
create index refunds_unsettled on refunds (updated_at) where state in ('open', 'pending');
";

const DOWN: &str = "
drop table refunds;
drop table payment_attempts;
drop table payments;
drop table payables;
";
