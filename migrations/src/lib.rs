//! The database schema, step by step. Knows no type of ours: a migration must mean the same for ever.
//!
//! A migration only ever adds (expand); what nobody reads any more is removed by a later one (contract), so that two
//! versions of the program can use the database while one replaces the other. The statements are the same for SQLite
//! and PostgreSQL: texts, 64-bit integers, booleans and partial indexes mean the same in both.

use std::collections::HashSet;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{
    DatabaseConnection, DbBackend, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

pub use sea_orm_migration::MigratorTrait;

mod m20261121_000001_catalogue;
mod m20261121_000002_bookings;
mod m20261121_000003_payments;
mod m20261121_000004_messages;
mod m20261121_000005_indexes_of_volume;
mod m20261121_000006_publishing;
mod m20261121_000007_notices;
mod m20261121_000008_payments_by_message;
mod m20261121_000009_identity;
mod m20261121_000010_catalogue_editing;
mod m20261121_000011_offers;
mod m20261122_000012_plans_for_new_shows;
mod m20261122_000013_single_seats;
mod m20261122_000014_called_off_at;
mod m20261122_000015_sold_elsewhere;

/// Any number that nothing else locks: the text `boxoffic` as an integer.
const ADVISORY_LOCK: i64 = 0x626f_786f_6666_6963;

/// Where the database keeps which migrations it has seen.
const TABLE: &str = "seaql_migrations";

/// Every migration, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_catalogue::Migration),
            Box::new(m20261121_000002_bookings::Migration),
            Box::new(m20261121_000003_payments::Migration),
            Box::new(m20261121_000004_messages::Migration),
            Box::new(m20261121_000005_indexes_of_volume::Migration),
            Box::new(m20261121_000006_publishing::Migration),
            Box::new(m20261121_000007_notices::Migration),
            Box::new(m20261121_000008_payments_by_message::Migration),
            Box::new(m20261121_000009_identity::Migration),
            Box::new(m20261121_000010_catalogue_editing::Migration),
            Box::new(m20261121_000011_offers::Migration),
            Box::new(m20261122_000012_plans_for_new_shows::Migration),
            Box::new(m20261122_000013_single_seats::Migration),
            Box::new(m20261122_000014_called_off_at::Migration),
            Box::new(m20261122_000015_sold_elsewhere::Migration),
        ]
    }
}

/// Brings the database to the current schema: all of it or nothing, and once, however many processes start together.
///
/// The migrations run in one transaction. PostgreSQL takes an advisory lock for it, SQLite the write lock of the file.
/// A database that is further on than this program is left alone: migrations only expand, so the program can use it.
pub async fn apply(db: &DatabaseConnection) -> Result<(), DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = db.begin_with_options(options).await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        // The limits of ordinary statements are too short for a migration and for waiting for another process's.
        transaction.execute_unprepared("set local statement_timeout = 0; set local lock_timeout = 0").await?;
        transaction.execute_unprepared(&format!("select pg_advisory_xact_lock({ADVISORY_LOCK})")).await?;
    }
    if !pending(&transaction).await?.is_empty() {
        Migrator::up(&transaction, None).await?;
    }
    transaction.commit().await
}

/// The names of the migrations that the database has not seen yet, oldest first; changes nothing.
pub async fn pending<'c>(db: impl IntoSchemaManagerConnection<'c>) -> Result<Vec<String>, DbErr> {
    let manager = SchemaManager::new(db);
    let mut applied = HashSet::new();
    if manager.has_table(TABLE).await? {
        let names = Query::select().column(Alias::new("version")).from(Alias::new(TABLE)).take();
        for row in manager.get_connection().query_all(&names).await? {
            applied.insert(row.try_get::<String>("", "version")?);
        }
    }
    let known = Migrator::migrations().into_iter().map(|migration| migration.name().to_owned());
    Ok(known.filter(|name| !applied.contains(name)).collect())
}
