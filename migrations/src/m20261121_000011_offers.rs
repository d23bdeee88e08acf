//! Offers of partners, the uses of their limited codes, and what the platform earns.

use sea_orm_migration::prelude::*;

/// Offers, uses and fee terms.
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

// A limited code has a row for each use, so that many who use it at once do not wait for one counter. Whoever holds seats
// with it has its row until the booking ends without tickets.
const UP: &str = "
create table offers (
    id text not null primary key,
    partner_id text not null references partners (id),
    code text,
    active boolean not null,
    terms text not null,
    version bigint not null default 1,
    created_at bigint not null
);
create index offers_partner on offers (partner_id, id);
create index offers_automatic on offers (partner_id) where active = true and code is null;
create index offers_code on offers (partner_id, code) where code is not null;

create table offer_uses (
    offer_id text not null references offers (id),
    number bigint not null,
    booking_id text,
    primary key (offer_id, number)
);
create index offer_uses_free on offer_uses (offer_id, number) where booking_id is null;
create index offer_uses_booking on offer_uses (booking_id) where booking_id is not null;

create table fee_terms (
    partner_id text not null primary key references partners (id),
    terms text not null,
    set_at bigint not null
);

create table earnings (
    booking_id text not null,
    kind text not null,
    partner_id text not null references partners (id),
    amount_minor bigint not null,
    currency text not null,
    earned_at bigint not null,
    given_back_at bigint,
    primary key (booking_id, kind)
);
create index earnings_partner on earnings (partner_id, earned_at);
";

const DOWN: &str = "
drop table earnings;
drop table fee_terms;
drop table offer_uses;
drop table offers;
";
