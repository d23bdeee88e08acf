//! A database per test, dropped with it.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use store::{DatabaseConfig, Store};
use tokio::task::JoinError;

use crate::invariants;

/// Where the tests find PostgreSQL: a URL of a database in which others can be created.
const POSTGRES: &str = "BOXOFFICE_TEST_POSTGRES";

/// What skips the tests on PostgreSQL.
const SKIP_POSTGRES: &str = "BOXOFFICE_SKIP_POSTGRES";

/// A migrated database of one test.
#[derive(Clone)]
pub(crate) struct TestDatabase {
    pub(crate) store: Store,
    pub(crate) config: DatabaseConfig,
}

impl TestDatabase {
    /// Another process's view of the same database: connections of its own.
    pub(crate) async fn another_process(&self) -> Store {
        Store::connect(&self.config).await.expect("connecting once more")
    }

    /// Another process's view of the same database, with settings of its own.
    pub(crate) async fn process_with(&self, change: impl FnOnce(&mut DatabaseConfig)) -> Store {
        let mut config = self.config.clone();
        change(&mut config);
        Store::connect(&config).await.expect("connecting with other settings")
    }

    /// Connections that are not the store's: an operator's, or another program's.
    pub(crate) async fn outsider(&self) -> DatabaseConnection {
        let name = if self.config.url.starts_with("sqlite") { "" } else { "?application_name=outsider" };
        Database::connect(format!("{}{name}", self.config.url)).await.expect("connecting as an outsider")
    }
}

/// Runs a test on a fresh file.
pub(crate) async fn run_on_sqlite<F>(test: impl FnOnce(TestDatabase) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let directory = tempfile::tempdir().expect("a directory for the file");
    let url = format!("sqlite://{}?mode=rwc", directory.path().join("boxoffice.db").display());
    report(run(config(url), test).await);
}

/// Runs a test on a fresh database of the server that the environment names.
pub(crate) async fn run_on_postgres<F>(test: impl FnOnce(TestDatabase) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(base) = std::env::var(POSTGRES) else {
        return without_postgres();
    };
    let name = format!("boxoffice_store_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let admin = Database::connect(&base).await.expect("connecting to PostgreSQL");
    admin.execute_unprepared(&format!("create database {name}")).await.expect("creating a database");
    let (server, _) = base.rsplit_once('/').expect("a URL with a database");
    let result = run(config(format!("{server}/{name}")), test).await;
    admin.execute_unprepared(&format!("drop database {name} with (force)")).await.expect("dropping the database");
    report(result);
}

/// Leaving PostgreSQL out has to be asked for, and is never right where a build is judged.
fn without_postgres() {
    let skipped = std::env::var_os(SKIP_POSTGRES).is_some();
    let judged = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(
        skipped && !judged,
        "{POSTGRES} is not set: run the tests with `make test`, which starts PostgreSQL \
         ({SKIP_POSTGRES}=1 leaves these tests out, but not with CI=true)"
    );
    eprintln!("SKIPPED on PostgreSQL: {SKIP_POSTGRES} is set and {POSTGRES} is not");
}

fn config(url: String) -> DatabaseConfig {
    DatabaseConfig { max_connections: 8, acquire_timeout: Duration::from_secs(30), ..DatabaseConfig::new(url) }
}

/// Runs a test and what must be true after it; a panic is an answer, so that the database is dropped all the same.
async fn run<F>(config: DatabaseConfig, test: impl FnOnce(TestDatabase) -> F) -> Result<(), JoinError>
where
    F: Future<Output = ()> + Send + 'static,
{
    let store = Store::connect(&config).await.expect("connecting");
    migrations::apply(store.connection()).await.expect("migrating");
    let test = test(TestDatabase { store: store.clone(), config });
    let after = store.clone();
    let result = tokio::spawn(async move {
        test.await;
        invariants::check(&after).await;
    })
    .await;
    store.close().await.expect("closing");
    result
}

fn report(result: Result<(), JoinError>) {
    if let Err(failed) = result {
        std::panic::resume_unwind(failed.into_panic());
    }
}
