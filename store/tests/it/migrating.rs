//! Bringing a database to the current schema.

use futures::future::join_all;
use migrations::MigratorTrait;
use store::{DatabaseConfig, Store};

use crate::fixture;
use crate::harness::TestDatabase;

on_both_databases! {
    many_processes_may_start_at_once,
    every_step_can_be_taken_back,
    a_database_that_is_further_on_can_be_used,
}

async fn many_processes_may_start_at_once(db: TestDatabase) {
    migrations::Migrator::reset(db.store.connection()).await.unwrap();
    assert_eq!(migrations::pending(db.store.connection()).await.unwrap().len(), 4);
    let processes = (0..6).map(|_| {
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
    assert_eq!(fixture::count(&db.store, "seaql_migrations").await, 4);
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
    let processes = (0..6).map(|_| {
        let config = DatabaseConfig::new(url.clone());
        tokio::spawn(async move {
            let store = Store::connect(&config).await.expect("connecting");
            migrations::apply(store.connection()).await
        })
    });
    for process in join_all(processes).await {
        process.unwrap().expect("migrating");
    }
}

async fn every_step_can_be_taken_back(db: TestDatabase) {
    let connection = db.store.connection();
    for left in [1, 2, 3, 4] {
        migrations::Migrator::down(connection, Some(1)).await.unwrap();
        assert_eq!(migrations::pending(connection).await.unwrap().len(), left);
    }
    migrations::apply(connection).await.unwrap();
    fixture::load(&db.store).await;
}
