//! Lets PostgreSQL look seats up one by one in a show that was put on sale since it last took statistics.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// No statistics about which shows have how many seats.
#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, DOWN).await
    }
}

/// SQLite plans without such statistics.
async fn run(manager: &SchemaManager<'_>, text: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared(text).await?;
    }
    Ok(())
}

// With statistics, a show that is not among those it has counted is taken to have next to no seats, and then all of them
// are read to find two: 20,000 rows, 30 ms, five times for a booking. Statistics are taken when a tenth of the table has
// changed, which a new show does not do to a platform with a past. Without them a show is taken to have a two hundredth
// of the table, and the index is used for what it is. Setting the type, to what it is, is what removes those taken before.
const UP: &str = "
alter table show_seats alter column show_id type text;
alter table show_seats alter column show_id set statistics 0;
";

const DOWN: &str = "
alter table show_seats alter column show_id set statistics -1;
";
