//! Transactions that lose against others are run again until they succeed, unseen by their callers.

use std::time::{Duration, Instant};

use domain::booking_state::EndState;
use domain::hold::HoldExtended;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TransactionTrait};

use crate::fixture::{self, after, count, now, open, open_and_request, request, tamper};
use crate::harness::TestDatabase;

on_postgres! {
    a_change_is_run_again_after_lost_races,
    a_change_gives_up_after_some_lost_races,
    a_change_that_cannot_be_serialized_is_run_again,
    a_change_that_is_the_victim_of_a_deadlock_is_run_again,
}

/// Lets the first `times` changes fail with a code of the server; a sequence counts on where a transaction is undone.
fn fail_first(times: u32, code: &str) -> String {
    format!(
        "create sequence changes; create function fail() returns trigger language plpgsql as $$ begin \
         if nextval('changes') <= {times} then raise exception 'injected' using errcode = '{code}'; end if; \
         return new; end $$; create trigger fail before insert on outbox for each row execute function fail()"
    )
}

async fn a_change_is_run_again_after_lost_races(db: TestDatabase) {
    fixture::load(&db.store).await;
    for (number, code) in [(1, "40001"), (2, "40P01")] {
        tamper(&db.store, &fail_first(3, code)).await;
        open(&db.store, &request(number, "key", &[number as usize])).await;
        assert_eq!(count(&db.store, "changes where last_value = 4").await, 1, "{code}: three failures, one success");
        tamper(&db.store, "drop trigger fail on outbox; drop function fail; drop sequence changes").await;
    }
}

async fn a_change_gives_up_after_some_lost_races(db: TestDatabase) {
    fixture::load(&db.store).await;
    tamper(&db.store, &fail_first(1_000, "40P01")).await;
    let error = db.store.open_booking(&request(1, "key", &[0]), now()).await.expect_err("races without end");
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(count(&db.store, "changes where last_value = 6").await, 1);
    assert_eq!(count(&db.store, "bookings").await, 0);
    tamper(&db.store, "drop trigger fail on outbox; drop function fail; drop sequence changes").await;
}

/// Waits until a connection of the store waits for a row that somebody else has.
async fn until_the_store_waits(outsider: &DatabaseConnection) {
    let text = "select count(*) as number from pg_stat_activity where datname = current_database() \
                and application_name = 'boxoffice' and wait_event_type = 'Lock'";
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let row = outsider.query_one_raw(Statement::from_string(outsider.get_database_backend(), text)).await;
        let waiting: i64 = row.unwrap().unwrap().try_get("", "number").unwrap();
        if waiting > 0 {
            return;
        }
        assert!(Instant::now() < deadline, "the store does not wait for the row");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Sets something for every connection that is made to the test's database from now on.
async fn set_for_new_connections(db: &TestDatabase, setting: &str) {
    let name = db.config.url.rsplit_once('/').expect("a name").1;
    tamper(&db.store, &format!("alter database {name} set {setting}")).await;
}

async fn a_change_that_cannot_be_serialized_is_run_again(db: TestDatabase) {
    fixture::load(&db.store).await;
    let booking = request(1, "key", &[0]);
    open_and_request(&db.store, &booking).await;
    // With a snapshot per transaction, waiting for a row that then turns out to be changed always ends in 40001.
    set_for_new_connections(&db, "default_transaction_isolation = 'repeatable read'").await;
    let strict = db.process_with(|config| config.lock_timeout = Duration::from_secs(9)).await;
    let outsider = db.outsider().await;
    let other = outsider.begin().await.unwrap();
    other.execute_unprepared("update bookings set updated_at = updated_at + 1").await.unwrap();
    let booking_id = booking.booking_id;
    let change = tokio::spawn(async move { strict.extend_hold(booking_id, after(100)).await });
    until_the_store_waits(&outsider).await;
    other.commit().await.unwrap();
    let extended = change.await.unwrap().expect("a change that was run again");
    assert!(matches!(extended, HoldExtended::Extended { .. }));
}

async fn a_change_that_is_the_victim_of_a_deadlock_is_run_again(db: TestDatabase) {
    fixture::load(&db.store).await;
    let booking = request(1, "key", &[0]);
    open_and_request(&db.store, &booking).await;
    // The store looks for deadlocks after three seconds and finds one; the other side would look much later.
    set_for_new_connections(&db, "deadlock_timeout = '3s'").await;
    let patient = db.process_with(|config| config.lock_timeout = Duration::from_secs(9)).await;
    let outsider = db.outsider().await;
    let other = outsider.begin().await.unwrap();
    other.execute_unprepared("set local deadlock_timeout = '60s'").await.unwrap();
    other.execute_unprepared("select * from show_seats order by seat_id for update").await.unwrap();
    let closing = booking.clone();
    let change = tokio::spawn(async move { fixture::close(&patient, &closing, EndState::Expired).await });
    until_the_store_waits(&outsider).await;
    // The store has the booking and wants its seats; this has the seats and wants the booking.
    other.execute_unprepared("select * from bookings for update").await.expect("the store gives way");
    other.commit().await.unwrap();
    change.await.expect("a change that was run again");
    assert_eq!(count(&db.store, "bookings where state = 'expired'").await, 1);
    assert_eq!(count(&db.store, "show_seats where state <> 'available'").await, 0);
}
