//! Whom to tell, and what has been told.

use sea_orm_migration::prelude::*;

/// Contacts and notices.
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

// A notice has no address: it is looked up when the notice is sent, so that erasing a contact erases all of a person.
const UP: &str = "
create table contacts (
    customer_id text not null primary key,
    name text not null,
    email text not null,
    locale text not null,
    updated_at bigint not null
);

create table notices (
    id text not null primary key,
    booking_id text not null,
    customer_id text not null,
    step text not null,
    message text not null,
    state text not null,
    tries integer not null default 0,
    due_at bigint not null,
    last_error text,
    created_at bigint not null,
    closed_at bigint,
    unique (booking_id, step)
);
create index notices_waiting on notices (due_at, id) where state = 'waiting';
create index notices_undelivered on notices (customer_id, created_at) where state in ('waiting', 'no_address');
create index notices_state on notices (state, created_at desc, id desc);
create index notices_age on notices (created_at desc, id desc);
";

const DOWN: &str = "
drop table notices;
drop table contacts;
";
