//! Which seats are kept back because another system sells them.

use sea_orm_migration::prelude::*;

/// The seats that an import has blocked.
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

// A table of its own: the seats of shows are what every booking writes, and most of them are never sold elsewhere. A seat
// that somebody has blocked by hand is not in it, so that no import gives it back.
const UP: &str = "
create table show_seats_sold_elsewhere (
    show_id text not null,
    seat_id text not null,
    primary key (show_id, seat_id),
    foreign key (show_id, seat_id) references show_seats (show_id, seat_id) on delete cascade
);
";

const DOWN: &str = "
drop table show_seats_sold_elsewhere;
";
