//! Accounts, their sessions, and who belongs to which partner.

use sea_orm_migration::prelude::*;

/// The people who log in.
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
create table accounts (
    customer_id text not null primary key,
    email text not null,
    email_key text not null unique,
    password_hash text not null,
    is_admin boolean not null default false,
    created_at bigint not null,
    password_set_at bigint not null
);

create table sessions (
    id text not null primary key,
    customer_id text not null references accounts (customer_id),
    secret_hash text not null,
    device text not null,
    created_at bigint not null,
    renewed_at bigint not null,
    expires_at bigint not null,
    ended_at bigint
);
create index sessions_customer on sessions (customer_id, created_at);

create table partner_members (
    partner_id text not null references partners (id),
    customer_id text not null references accounts (customer_id),
    role text not null,
    added_at bigint not null,
    primary key (partner_id, customer_id)
);
create index partner_members_customer on partner_members (customer_id);
";

const DOWN: &str = "
drop table partner_members;
drop table sessions;
drop table accounts;
";
