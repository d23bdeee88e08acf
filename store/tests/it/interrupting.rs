//! Changes that are cut short: by a limit, by a row that is not let go of, by the death of their connection. Nothing is
//! left half done, the rows are free, and the same step again ends right.

use std::time::{Duration, Instant};

use domain::booking::{BookingConfirmed, BookingOpened};
use domain::hold::HoldExtended;
use sea_orm::{ConnectionTrait, Database, TransactionTrait};

use crate::fixture::{self, after, count, now, open, open_and_request, request, tamper};
use crate::harness::TestDatabase;
use crate::invariants;

on_postgres! {
    a_statement_that_takes_too_long_is_cancelled,
    waiting_for_a_row_ends,
    a_connection_that_dies_leaves_nothing_half_opened,
    a_connection_that_dies_leaves_nothing_half_confirmed,
    a_connection_that_dies_at_the_commit_leaves_nothing,
    an_error_within_the_server_is_not_one_of_the_statement,
    a_database_that_lets_nobody_in_is_away,
}

/// What every change does before its last statement is interrupted by `what`.
fn interrupt(what: &str, when: &str) -> String {
    format!(
        "create function interrupt() returns trigger language plpgsql as $$ begin perform {what}; return new; end $$; \
         create {when} execute function interrupt()"
    )
}

const IN_THE_MIDDLE: &str = "trigger interrupt before insert on outbox for each row";

const AT_THE_COMMIT: &str =
    "constraint trigger interrupt after insert on outbox deferrable initially deferred for each row";

const DIE: &str = "pg_terminate_backend(pg_backend_pid())";

async fn stop_interrupting(db: &TestDatabase) {
    tamper(&db.store, "drop trigger interrupt on outbox; drop function interrupt").await;
}

/// Panics if any row of a table is still locked by somebody.
async fn assert_free(db: &TestDatabase, table: &str) {
    let outsider = db.outsider().await.begin().await.expect("a transaction");
    let text = format!("select * from {table} for update nowait");
    outsider.execute_unprepared(&text).await.expect("every row is free");
    outsider.rollback().await.expect("letting go");
}

async fn a_statement_that_takes_too_long_is_cancelled(db: TestDatabase) {
    fixture::load(&db.store).await;
    tamper(&db.store, &interrupt("pg_sleep(60)", IN_THE_MIDDLE)).await;
    let hasty = db.process_with(|config| config.statement_timeout = Duration::from_millis(300)).await;
    let booking = request(1, "key", &[0, 1]);
    let begun = Instant::now();
    let error = hasty.open_booking(&booking, now()).await.expect_err("a statement that is cancelled");
    assert!(begun.elapsed() < Duration::from_secs(5), "it took {:?}", begun.elapsed());
    assert!(error.is_transient(), "{error:?}");
    assert_free(&db, "show_seats").await;
    assert_eq!(count(&db.store, "bookings").await, 0);
    stop_interrupting(&db).await;
    open(&hasty, &booking).await;
}

async fn waiting_for_a_row_ends(db: TestDatabase) {
    fixture::load(&db.store).await;
    let booking = request(1, "key", &[0]);
    open_and_request(&db.store, &booking).await;
    let other = db.outsider().await.begin().await.unwrap();
    other.execute_unprepared("select * from bookings for update").await.unwrap();
    let hasty = db.process_with(|config| config.lock_timeout = Duration::from_millis(300)).await;
    let begun = Instant::now();
    let error = hasty.extend_hold(booking.booking_id, after(100)).await.expect_err("a row that is not let go of");
    assert!(begun.elapsed() < Duration::from_secs(5), "it took {:?}", begun.elapsed());
    assert!(error.is_transient(), "{error:?}");
    other.rollback().await.unwrap();
    let extended = hasty.extend_hold(booking.booking_id, after(100)).await.unwrap();
    assert!(matches!(extended, HoldExtended::Extended { .. }));
}

async fn a_connection_that_dies_leaves_nothing_half_opened(db: TestDatabase) {
    fixture::load(&db.store).await;
    tamper(&db.store, &interrupt(DIE, IN_THE_MIDDLE)).await;
    let booking = request(1, "key", &[0, 1]);
    let error = db.store.open_booking(&booking, now()).await.expect_err("a connection that dies");
    assert!(error.is_transient(), "{error:?}");
    for table in ["bookings", "booking_seats", "payments", "hold_slots", "show_seats where state <> 'available'"] {
        assert_eq!(count(&db.store, table).await, 0, "{table}");
    }
    assert_free(&db, "show_seats").await;
    stop_interrupting(&db).await;
    open(&db.store, &booking).await;
    let rival = db.store.open_booking(&request(2, "key", &[1]), now()).await.unwrap();
    assert!(matches!(rival, BookingOpened::Refused { .. }));
}

async fn a_connection_that_dies_leaves_nothing_half_confirmed(db: TestDatabase) {
    fixture::load(&db.store).await;
    let booking = request(1, "key", &[0, 1]);
    open_and_request(&db.store, &booking).await;
    fixture::pay(&db.store, &booking, 1).await;
    tamper(&db.store, &interrupt(DIE, IN_THE_MIDDLE)).await;
    let error = db.store.confirm_booking(booking.booking_id, Some(1), after(61)).await.expect_err("a death");
    assert!(error.is_transient(), "{error:?}");
    invariants::check(&db.store).await;
    assert_eq!(count(&db.store, "tickets").await, 0);
    assert_eq!(count(&db.store, "show_seats where state = 'held'").await, 2);
    for table in ["bookings", "show_seats", "payments"] {
        assert_free(&db, table).await;
    }
    stop_interrupting(&db).await;
    let confirmed = db.store.confirm_booking(booking.booking_id, Some(1), after(62)).await.unwrap();
    assert_eq!(confirmed, BookingConfirmed::Confirmed { late: false });
}

async fn a_connection_that_dies_at_the_commit_leaves_nothing(db: TestDatabase) {
    fixture::load(&db.store).await;
    tamper(&db.store, &interrupt(DIE, AT_THE_COMMIT)).await;
    let booking = request(1, "key", &[0, 1]);
    let error = db.store.open_booking(&booking, now()).await.expect_err("a commit that is not answered");
    assert!(error.is_transient(), "{error:?}");
    assert_free(&db, "show_seats").await;
    assert_eq!(count(&db.store, "bookings").await, 0);
    stop_interrupting(&db).await;
    open(&db.store, &booking).await;
}

async fn an_error_within_the_server_is_not_one_of_the_statement(db: TestDatabase) {
    fixture::load(&db.store).await;
    let booking = request(1, "key", &[0, 1]);
    let text = "create function interrupt() returns trigger language plpgsql as $$ begin \
                raise exception 'could not write init file' using errcode = 'XX000'; end $$";
    tamper(&db.store, &format!("{text}; create {IN_THE_MIDDLE} execute function interrupt()")).await;
    let error = db.store.open_booking(&booking, now()).await.expect_err("an error within the server");
    assert!(error.is_transient(), "{error:?}");
    assert_free(&db, "show_seats").await;
    stop_interrupting(&db).await;
    open(&db.store, &booking).await;
}

async fn a_database_that_lets_nobody_in_is_away(db: TestDatabase) {
    fixture::load(&db.store).await;
    let (server, name) = db.config.url.rsplit_once('/').expect("a name");
    let neighbour = Database::connect(format!("{server}/postgres")).await.expect("connecting to another database");
    let sever = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
    for text in [&format!("alter database {name} with allow_connections false"), &sever] {
        neighbour.execute_unprepared(text).await.expect("turning everybody away");
    }
    let booking = request(1, "key", &[0]);
    let errors = [
        db.store.find_booking(booking.booking_id).await.expect_err("a read without a connection"),
        db.store.open_booking(&booking, now()).await.expect_err("a change without a connection"),
    ];
    neighbour.execute_unprepared(&format!("alter database {name} with allow_connections true")).await.unwrap();
    for error in errors {
        assert!(error.is_transient(), "{error:?}");
    }
    open(&db.store, &booking).await;
}
