//! What a show does about customers who pick seats by hand and leave single ones.

use sea_orm_migration::prelude::*;

/// A rule for each show; those that are there go on as they were.
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
alter table shows add column single_seats text not null default 'allow';
";

const DOWN: &str = "
alter table shows drop column single_seats;
";
