//! The mode that a test program tries: the same tests are built once for each.

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, Database};
use store::{DatabaseConfig, Store};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// What stands behind the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// SQLite, locks in memory.
    Embedded,
    /// PostgreSQL, locks in Redis.
    Distributed,
}

impl Mode {
    /// The mode of this test program, by its name: `distributed`, `topology` and `consul` try the distributed one.
    pub fn of_this_program() -> Self {
        let program = std::env::current_exe().unwrap();
        let name = program.file_stem().unwrap().to_string_lossy();
        if ["distributed-", "topology-", "consul-"].iter().any(|prefix| name.starts_with(prefix)) {
            Self::Distributed
        } else {
            Self::Embedded
        }
    }
}

/// The PostgreSQL server that all tests share.
pub fn shared_postgres() -> String {
    of_services("BOXOFFICE_TEST_POSTGRES")
}

/// The Redis server that all tests share.
pub fn shared_redis() -> String {
    of_services("BOXOFFICE_TEST_REDIS")
}

/// Has the shared Redis forget everything.
pub async fn flush_redis() {
    let client = redis::Client::open(shared_redis()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let _ok: () = redis::cmd("FLUSHALL").query_async(&mut connection).await.unwrap();
}

fn of_services(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_unset| {
        panic!("{name} is not set: run the tests with `make test`, or `eval \"$(scripts/services env)\"`")
    })
}

/// A database of a test's own on the shared server, migrated and with the test catalogue.
pub async fn fresh_postgres() -> String {
    fresh_postgres_in(None).await
}

/// The same, in `tablespace` if one is named.
pub async fn fresh_postgres_in(tablespace: Option<&str>) -> String {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = shared_postgres();
    let base = server.rsplit_once('/').expect("a URL with a database").0.to_owned();
    // Made once for this program: copying a database is far quicker than filling one.
    let template = TEMPLATE
        .get_or_init(|| async {
            let name = format!("boxoffice_template_{}", Uuid::new_v4().simple());
            run_on(&server, &format!("create database {name}")).await;
            fill(&format!("{base}/{name}")).await;
            name
        })
        .await;
    let name = format!("boxoffice_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    run_on(&server, &format!("drop database if exists {name}")).await;
    let place = tablespace.map_or_else(String::new, |tablespace| format!(" tablespace {tablespace}"));
    run_on(&server, &format!("create database {name} template {template}{place}")).await;
    format!("{base}/{name}")
}

/// Migrates a database and loads the test catalogue into it.
pub async fn fill(url: &str) {
    let store = Store::connect(&DatabaseConfig::new(url)).await.unwrap();
    migrations::apply(store.connection()).await.unwrap();
    let now = Timestamp::now();
    store.load_catalogue(&crate::catalogue::catalogue(now), now).await.unwrap();
    store.close().await.unwrap();
}

async fn run_on(server: &str, statement: &str) {
    let connection = Database::connect(server).await.unwrap();
    connection.execute_unprepared(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    connection.close().await.unwrap();
}
