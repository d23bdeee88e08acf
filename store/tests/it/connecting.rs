//! Connecting, and going on when connections die: a server that restarts takes all of them with it.

use std::error::Error;
use std::time::{Duration, Instant};

use futures::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TransactionTrait};
use store::{DatabaseConfig, Store, StoreError};

use crate::fixture::{self, now, open, request, show_id};
use crate::harness::TestDatabase;

on_postgres! {
    reads_go_on_after_every_connection_died,
    changes_go_on_after_every_connection_died,
    an_error_of_connecting_names_the_place_and_no_password,
    the_server_knows_the_connections_by_name_and_limits,
}

/// As many connections as the pool may have, all of them idle.
async fn open_every_connection(store: &Store, connections: u32) {
    let mut busy = Vec::new();
    for _ in 0..connections {
        busy.push(store.connection().begin().await.expect("a connection"));
    }
    for transaction in busy {
        transaction.rollback().await.expect("giving it back");
    }
}

/// The number in the first row of a statement.
async fn number(db: &DatabaseConnection, text: &str) -> i64 {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), text.to_owned())).await;
    row.expect("an answer").expect("a row").try_get("", "number").expect("a number")
}

/// Ends every connection of the store, as a server that is restarted does, and says how many there were.
async fn end_every_connection(db: &TestDatabase) -> i64 {
    let outsider = db.outsider().await;
    let of_the_store = "from pg_stat_activity where datname = current_database() and application_name = 'boxoffice'";
    let ended = number(&outsider, &format!("select count(pg_terminate_backend(pid)) as number {of_the_store}")).await;
    let deadline = Instant::now() + Duration::from_secs(10);
    while number(&outsider, &format!("select count(*) as number {of_the_store}")).await > 0 {
        assert!(Instant::now() < deadline, "connections outlive their end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    ended
}

async fn reads_go_on_after_every_connection_died(db: TestDatabase) {
    fixture::load(&db.store).await;
    for _ in 0..3 {
        open_every_connection(&db.store, db.config.max_connections).await;
        assert_eq!(end_every_connection(&db).await, i64::from(db.config.max_connections));
        db.store.ping().await.unwrap();
        open_every_connection(&db.store, db.config.max_connections).await;
        assert_eq!(end_every_connection(&db).await, i64::from(db.config.max_connections));
        let reads = join_all((0..20).map(|_| db.store.show_seats(show_id()))).await;
        assert!(reads.into_iter().all(|seats| seats.unwrap().len() == fixture::SEATS));
    }
}

async fn changes_go_on_after_every_connection_died(db: TestDatabase) {
    fixture::load(&db.store).await;
    for round in 0..3 {
        open_every_connection(&db.store, db.config.max_connections).await;
        assert_eq!(end_every_connection(&db).await, i64::from(db.config.max_connections));
        let requests: Vec<_> = (0..4).map(|seat| request(round * 4 + seat + 1, "key", &[seat as usize])).collect();
        let requests = if round == 0 { &requests[..] } else { &requests[..1] };
        for booking in join_all(requests.iter().map(|request| db.store.open_booking(request, now()))).await {
            booking.unwrap();
        }
    }
    assert_eq!(fixture::count(&db.store, "bookings").await, 4);
    open(&db.store, &request(100, "key", &[8])).await;
}

/// Everything that an error says.
fn words(error: &StoreError) -> String {
    let mut said = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        said += &format!(" {error}");
        source = error.source();
    }
    said
}

async fn an_error_of_connecting_names_the_place_and_no_password(db: TestDatabase) {
    const SECRET: &str = "open-sesame";
    let (server, name) = db.config.url.rsplit_once('/').expect("a name");
    let address = server.rsplit_once('@').expect("an address").1;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let places = [
        (address.to_owned(), name, "a wrong password"),
        (nobody.to_string(), "elsewhere", "a port at which nobody listens"),
        (silent.local_addr().unwrap().to_string(), "silence", "a server that says nothing"),
    ];
    for (address, name, what) in places {
        let mut config = DatabaseConfig::new(format!("postgres://postgres:{SECRET}@{address}/{name}"));
        config.acquire_timeout = Duration::from_secs(1);
        assert!(!format!("{config:?}").contains(SECRET));
        let begun = Instant::now();
        let error = Store::connect(&config).await.expect_err(what);
        assert!(begun.elapsed() < Duration::from_secs(3), "{what} took {:?}", begun.elapsed());
        assert!(error.to_string().contains(&address) && error.to_string().contains(name), "{what}: {error}");
        assert!(!words(&error).contains(SECRET), "{what}: {}", words(&error));
        assert_eq!(error.is_transient(), what != "a wrong password", "{what}: {error:?}");
    }
}

async fn the_server_knows_the_connections_by_name_and_limits(db: TestDatabase) {
    let store = db
        .process_with(|config| {
            config.application_name = "box office 7".to_owned();
            config.min_connections = 3;
            config.statement_timeout = Duration::from_millis(4_321);
            config.lock_timeout = Duration::from_millis(1_234);
        })
        .await;
    let outsider = db.outsider().await;
    let connections = "select count(*) as number from pg_stat_activity where application_name = 'box office 7' \
                       and datname = current_database()";
    let deadline = Instant::now() + Duration::from_secs(10);
    while number(&outsider, connections).await < 3 {
        assert!(Instant::now() < deadline, "the fewest connections are not kept open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let setting = |name: &str| format!("select setting::bigint as number from pg_settings where name = '{name}'");
    assert_eq!(number(store.connection(), &setting("statement_timeout")).await, 4_321);
    assert_eq!(number(store.connection(), &setting("lock_timeout")).await, 1_234);
}
