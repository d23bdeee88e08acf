//! What partners need to edit the catalogue: versions, and what is searched.

use sea_orm_migration::prelude::*;

/// Versions of what several people may edit, and the columns that browsing looks into.
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

// What is searched is in small letters, made by the program: SQLite knows those of English only. Rows that are there are
// given what the database can make of them, and the rest when they are written next.
const UP: &str = "
alter table venues add column version bigint not null default 1;
alter table venues add column city_key text not null default '';
alter table halls add column version bigint not null default 1;
alter table events add column version bigint not null default 1;
alter table events add column search text not null default '';
alter table shows add column version bigint not null default 1;

update venues set city_key = lower(city);
update events set search = lower(titles) || lower(genres);

create index venues_city on venues (city_key, id);
create index shows_partner on shows (partner_id, starts_at, id);
create index show_seats_seat on show_seats (seat_id);
";

const DOWN: &str = "
drop index show_seats_seat;
drop index shows_partner;
drop index venues_city;
alter table shows drop column version;
alter table events drop column search;
alter table events drop column version;
alter table halls drop column version;
alter table venues drop column city_key;
alter table venues drop column version;
";
