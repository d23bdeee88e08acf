//! When, by whom and why a show was called off, and the bookings of a show in the order of their ids.

use sea_orm_migration::prelude::*;

/// What is known of a show that was called off, and the indexes to find it and to take its bookings back by.
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

// The index of bookings replaces the one of show and state, with which it begins: the next few bookings after a given
// one are found without looking at those before. That of shows has only the few that were called off.
const UP: &str = "
alter table shows add column called_off_at bigint;
alter table shows add column called_off_by text;
alter table shows add column called_off_reason text;

create index shows_called_off on shows (called_off_at, id) where called_off_at is not null;

create index bookings_of_show on bookings (show_id, state, id);
drop index bookings_show;
";

const DOWN: &str = "
create index bookings_show on bookings (show_id, state);
drop index bookings_of_show;
drop index shows_called_off;
alter table shows drop column called_off_reason;
alter table shows drop column called_off_by;
alter table shows drop column called_off_at;
";
