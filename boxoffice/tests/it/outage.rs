//! Parts that are away: what can be answered is answered, the rest says so and is not lost.

use std::time::Duration;

use boxoffice::engine_server::{EngineServer, free_port};
use reqwest::StatusCode;
use testkit::buyer::GOOD_CARD;
use testkit::catalogue::{LONG_HOLD, seat};
use testkit::test_app::World;
use testkit::{Faults, Proxy, TestApp, TestSettings, eventually};

const SOON: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread")]
async fn without_an_engine_reading_goes_on_and_booking_says_come_back() {
    let state = tempfile::tempdir().unwrap();
    let engine = EngineServer::start(state.path()).await.unwrap();
    let address = engine.address.clone();
    eventually("the engine is up", SOON, || async { tokio::net::TcpStream::connect(&address).await.ok() }).await;
    let wanted = TestSettings { engine: Some(address.clone()), answer_within_ms: 2000, ..TestSettings::default() };
    let world = World::new(&wanted).await;
    let app = start_when_up(world).await;
    let buyer = app.buyer();
    let booking = buyer.book(LONG_HOLD, &[seat(0)]).await;
    assert_eq!(booking.status, StatusCode::CREATED, "{booking:?}");

    let port = address.rsplit_once(':').unwrap().1.parse().unwrap();
    engine.stop().await.unwrap();
    let refused = buyer.book_with("later", LONG_HOLD, &[seat(1)]).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{refused:?}");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(buyer.booking(booking.booking_id()).await.status, StatusCode::OK);
    for path in ["/shows".to_owned(), format!("/shows/{LONG_HOLD}/seats"), "/bookings".to_owned()] {
        assert_eq!(buyer.send(buyer.get(&path)).await.status, StatusCode::OK, "{path}");
    }
    let ready = buyer.send(app.world.http().get(format!("{}/health/ready", app.addresses.api))).await;
    // Still 200: a load balancer that turned away from here would take reading and availability away as well.
    assert_eq!(ready.status, StatusCode::OK);
    assert_eq!((&ready.body["status"], &ready.body["engine"]), (&"degraded".into(), &"away".into()), "{ready:?}");
    // The money comes while the engine is away: its webhook is stored, acknowledged, and waits.
    let paid = buyer.pay(&booking, GOOD_CARD).await;
    assert!(paid.status.is_success());
    let admin = app.admin();
    eventually("the webhook is parked", SOON, || async {
        let parked = admin.send(admin.get("/admin/payment-events?state=parked")).await;
        (!parked.body["items"].as_array()?.is_empty()).then_some(())
    })
    .await;

    let engine = EngineServer::start_on(state.path(), port, free_port().unwrap()).await.unwrap();
    let confirmed = buyer.wait_for(booking.booking_id(), "confirmed", Duration::from_secs(90)).await;
    assert_eq!(confirmed.body["tickets"].as_array().unwrap().len(), 1);
    let again = eventually("the same key is answered", SOON, || async {
        let again = buyer.book_with("later", LONG_HOLD, &[seat(1)]).await;
        again.status.is_success().then_some(again)
    })
    .await;
    buyer.wait_for(again.booking_id(), "awaiting_payment", SOON).await;
    buyer.cancel(again.booking_id()).await;
    app.finish().await;
    engine.stop().await.unwrap();
}

async fn start_when_up(world: World) -> TestApp {
    let settings = world.settings.clone();
    eventually("the engine serves its namespace", SOON, || async {
        let config = settings.engine_config().unwrap();
        let engine = app::engine::Engine::connect(config, "test").await.ok()?;
        engine.ping().await.ok()
    })
    .await;
    TestApp::start_in(world, true, Faults::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_worker_a_booking_is_accepted_and_ends_well_when_one_comes() {
    let wanted = TestSettings { worker: false, answer_within_ms: 1000, ..TestSettings::default() };
    let app = TestApp::start_with(wanted).await;
    let buyer = app.buyer();
    let accepted = buyer.book_with("patient", LONG_HOLD, &[seat(0)]).await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED, "{accepted:?}");
    assert!(accepted.headers.contains_key("location"));
    let booking_id = buyer.booking_for("patient");
    assert_eq!(app.engine.is_running(&booking_id.to_string()).await.unwrap(), Some(true), "202 is for what exists");
    let world = app.stop().await;

    let app = TestApp::start_in(world, true, Faults::default()).await;
    let token = buyer.clone();
    let buyer = app.world.caller(&app.addresses.api, token.customer_id, &[app::identity::Role::Customer]);
    let booking = buyer.wait_for(booking_id, "awaiting_payment", SOON).await;
    buyer.pay(&booking, GOOD_CARD).await;
    buyer.wait_for(booking_id, "confirmed", SOON).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_wait_for_a_caller_who_was_not_told_whether_the_saga_was_started() {
    let here = testkit::test_app::shared_engine();
    let line = Proxy::start(vec![here.trim_start_matches("http://").to_owned()]).await;
    let wanted = TestSettings { engine: Some(line.address()), answer_within_ms: 1000, ..TestSettings::default() };
    let app = TestApp::start_with(wanted).await;
    let buyer = app.buyer();
    // Nobody can have been told to start anything before there was a connection.
    let earlier = buyer.book(LONG_HOLD, &[seat(1)]).await;
    assert!(earlier.status.is_success(), "{earlier:?}");
    buyer.cancel(earlier.booking_id()).await;

    line.keep_answers();
    let unknown = buyer.book_with("first", LONG_HOLD, &[seat(0)]).await;
    assert_eq!(unknown.status, StatusCode::SERVICE_UNAVAILABLE, "{unknown:?}");
    line.restore();
    let other = app.buyer().book(LONG_HOLD, &[seat(0)]).await;
    assert_eq!((other.status, other.code()), (StatusCode::CONFLICT, "seats_taken"), "{other:?}");

    eventually("the same key finds the saga", SOON, || async {
        buyer.book_with("first", LONG_HOLD, &[seat(0)]).await.status.is_success().then_some(())
    })
    .await;
    let booking = buyer.wait_for(buyer.booking_for("first"), "awaiting_payment", SOON).await;
    buyer.cancel(booking.booking_id()).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_that_are_lost_do_not_sell_a_seat_twice() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let sold = buyer.book(LONG_HOLD, &[seat(0)]).await;
    buyer.pay(&sold, GOOD_CARD).await;
    buyer.wait_for(sold.booking_id(), "confirmed", SOON).await;
    let held = buyer.book(LONG_HOLD, &[seat(1)]).await;
    assert_eq!(held.status, StatusCode::CREATED);

    // The locks are memory: they end with the process, and begin again with what the database holds.
    let world = app.stop().await;
    let app = TestApp::start_in(world, true, Faults::default()).await;
    for number in [0, 1] {
        let refused = app.buyer().book(LONG_HOLD, &[seat(number)]).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "seats_taken"), "{refused:?}");
    }
    let owner = app.world.caller(&app.addresses.api, buyer.customer_id, &[app::identity::Role::Customer]);
    owner.cancel(held.booking_id()).await;
    app.finish().await;
}
