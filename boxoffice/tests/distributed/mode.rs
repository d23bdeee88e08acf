//! That the tests beside this one try what they claim to.

use boxoffice::settings::LockSettings;
use locks::{RedisConfig, RedisConnection, RedisLocks, SeatLocks};
use secrecy::ExposeSecret;
use testkit::catalogue::{LONG_HOLD, seat};
use testkit::{Mode, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn this_program_tries_postgres_and_redis() {
    assert_eq!(Mode::of_this_program(), Mode::Distributed);
    let app = TestApp::start().await;
    assert!(app.world.settings.database.url.starts_with("postgres"));
    let booking = app.buyer().book(LONG_HOLD, &[seat(0)]).await;
    assert_eq!(booking.status, reqwest::StatusCode::CREATED, "{booking:?}");
    // Another process sees the lock: it is not in the memory of this one.
    let LockSettings { url, prefix } = app.world.settings.locks.clone();
    let config = RedisConfig { url: url.expose_secret().to_owned(), prefix };
    let other = RedisLocks::new(RedisConnection::open(&config).unwrap());
    let held = other.held(LONG_HOLD, jiff::Timestamp::now()).await.unwrap();
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!((held[0].seat_id, held[0].booking_id), (seat(0), booking.booking_id()));
    assert!(!app.world.path().join("boxoffice.db").exists(), "no SQLite file is used");
}
