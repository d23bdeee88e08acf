//! Bringing a database to the current schema.

use std::time::{Duration, Instant};

use futures::future::join_all;
use migrations::MigratorTrait;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TransactionTrait};
use store::{DatabaseConfig, Store};

use crate::fixture::{self, open_and_request, request};
use crate::harness::TestDatabase;

on_postgres! {
    a_migration_that_dies_leaves_the_database_to_the_next_one,
}

on_both_databases! {
    what_was_sold_before_is_known_as_bought,
    many_processes_may_start_at_once,
    every_step_can_be_taken_back,
    a_database_that_is_further_on_can_be_used,
}

/// How many processes start together.
const PROCESSES: usize = 8;

/// How many migrations there are.
fn steps() -> usize {
    migrations::Migrator::migrations().len()
}

async fn many_processes_may_start_at_once(db: TestDatabase) {
    migrations::Migrator::reset(db.store.connection()).await.unwrap();
    assert_eq!(migrations::pending(db.store.connection()).await.unwrap().len(), steps());
    let processes = (0..PROCESSES).map(|_| {
        let config: DatabaseConfig = db.config.clone();
        tokio::spawn(async move {
            let store = Store::connect(&config).await.expect("connecting");
            migrations::apply(store.connection()).await
        })
    });
    for process in join_all(processes).await {
        process.unwrap().expect("migrating");
    }
    assert!(migrations::pending(db.store.connection()).await.unwrap().is_empty());
    assert_eq!(fixture::count(&db.store, "seaql_migrations").await, steps() as i64);
}

async fn a_database_that_is_further_on_can_be_used(db: TestDatabase) {
    let newer = "insert into seaql_migrations (version, applied_at) values ('m20991231_000001_of_tomorrow', 0)";
    fixture::tamper(&db.store, newer).await;
    assert!(migrations::pending(db.store.connection()).await.unwrap().is_empty());
    migrations::apply(db.store.connection()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_processes_may_create_the_same_file() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", directory.path().join("new.db").display());
    let processes = (0..PROCESSES).map(|_| {
        let config = DatabaseConfig::new(url.clone());
        tokio::spawn(async move {
            let store = Store::connect(&config).await.expect("connecting");
            migrations::apply(store.connection()).await
        })
    });
    for process in join_all(processes).await {
        process.unwrap().expect("migrating");
    }
    let store = Store::connect(&DatabaseConfig::new(url)).await.unwrap();
    assert_eq!(fixture::count(&store, "seaql_migrations").await, steps() as i64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_is_cut_short_leaves_the_file_to_the_next_one() {
    for milliseconds in (0..40).step_by(4) {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", directory.path().join("new.db").display());
        let first = Store::connect(&DatabaseConfig::new(url.clone())).await.unwrap();
        let migrating = tokio::spawn(async move { migrations::apply(first.connection()).await });
        // Cut at any point of it: there is no moment that would be wrong.
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        migrating.abort();
        let second = Store::connect(&DatabaseConfig::new(url)).await.unwrap();
        let left = migrations::pending(second.connection()).await.unwrap().len();
        assert!(left == 0 || left == steps(), "{left} of {} steps are left: it is all or nothing", steps());
        migrations::apply(second.connection()).await.unwrap();
        fixture::load(&second).await;
    }
}

/// The first column of the first row of a statement.
async fn number(db: &DatabaseConnection, text: &str) -> i64 {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), text.to_owned())).await;
    row.unwrap().unwrap().try_get("", "number").unwrap()
}

async fn until_there_are(db: &DatabaseConnection, what: &str, wanted: i64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while number(db, &format!("select count(*) as number from pg_stat_activity where {what}")).await < wanted {
        assert!(Instant::now() < deadline, "there are not {wanted} connections with {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn a_migration_that_dies_leaves_the_database_to_the_next_one(db: TestDatabase) {
    const OF_THE_STORE: &str = "datname = current_database() and application_name = 'boxoffice'";
    migrations::Migrator::reset(db.store.connection()).await.unwrap();
    let outsider = db.outsider().await;
    // A table of the same name that is not committed yet stops the migration in the middle, after other tables.
    let in_the_way = outsider.begin().await.unwrap();
    in_the_way.execute_unprepared("create table outbox (id text)").await.unwrap();
    let start = || {
        let db = db.clone();
        tokio::spawn(async move { migrations::apply(db.another_process().await.connection()).await })
    };
    let first = start();
    until_there_are(&outsider, &format!("{OF_THE_STORE} and wait_event = 'transactionid'"), 1).await;
    let others = [start(), start(), start()];
    until_there_are(&outsider, &format!("{OF_THE_STORE} and wait_event = 'advisory'"), 3).await;
    let text = "select count(pg_terminate_backend(pid)) as number from pg_stat_activity where wait_event";
    assert_eq!(number(&outsider, &format!("{text} = 'transactionid' and {OF_THE_STORE}")).await, 1);
    first.await.unwrap().expect_err("a migration whose connection was ended");
    in_the_way.rollback().await.unwrap();
    for other in others {
        other.await.unwrap().expect("migrating after the first one died");
    }
    assert_eq!(fixture::count(&db.store, "seaql_migrations").await, steps() as i64);
    fixture::load(&db.store).await;
}

async fn what_was_sold_before_is_known_as_bought(db: TestDatabase) {
    fixture::load(&db.store).await;
    fixture::buy(&db.store, &request(1, "sold", &[0])).await;
    open_and_request(&db.store, &request(2, "unsold", &[1])).await;
    migrations::Migrator::down(db.store.connection(), Some((steps() - 4) as u32)).await.unwrap();
    migrations::apply(db.store.connection()).await.unwrap();
    assert_eq!(fixture::count(&db.store, "payment_attempts").await, 2);
    assert_eq!(fixture::count(&db.store, "payment_attempts where bought and captured_minor > 0").await, 1);
    assert_eq!(fixture::count(&db.store, "payment_attempts where bought").await, 1);
}

async fn every_step_can_be_taken_back(db: TestDatabase) {
    let connection = db.store.connection();
    for left in 1..=steps() {
        migrations::Migrator::down(connection, Some(1)).await.unwrap();
        assert_eq!(migrations::pending(connection).await.unwrap().len(), left);
    }
    migrations::apply(connection).await.unwrap();
    fixture::load(&db.store).await;
}
