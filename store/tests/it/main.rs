//! What the store promises, on both databases: each test runs on a fresh SQLite file and on a fresh PostgreSQL
//! database, and ends with a look at what must be true of any database whatever has happened to it.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking: that is how it reports")]

/// Makes two tests of each function `async fn name(db: TestDatabase)`: one per database.
macro_rules! on_both_databases {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                crate::harness::run_on_sqlite(super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                crate::harness::run_on_postgres(super::$name).await;
            }
        }
    )*};
}

/// Makes a test on PostgreSQL alone of each function `async fn name(db: TestDatabase)`.
macro_rules! on_postgres {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                crate::harness::run_on_postgres(super::$name).await;
            }
        }
    )*};
}

mod crowd;
mod fixture;
mod harness;
mod invariants;
mod statement_log;
mod tour;

mod accounts;
mod being_stuck;
mod browsing;
mod calling_off;
mod cancelling;
mod catalogue;
mod closing;
mod confirming;
mod connecting;
mod explaining;
mod holding;
mod inbox;
mod interrupting;
mod migrating;
mod noticing;
mod offers;
mod opening;
mod paying;
mod paying_by_message;
mod planning;
mod publishing;
mod racing;
mod reading;
mod refunding;
mod retrying;
mod selling_elsewhere;
mod sweeping;
