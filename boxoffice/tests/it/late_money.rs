//! Money that comes after the seats were let go of.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use testkit::buyer::{GOOD_CARD, PROCESSING_CARD};
use testkit::catalogue::{LONG_HOLD, SHORT_HOLD, seat};
use testkit::{TestApp, TestSettings, eventually};

const SOON: Duration = Duration::from_secs(30);

/// Holds end for good after four seconds, whatever the provider says.
fn short_cap() -> TestSettings {
    TestSettings { hard_cap_seconds: 4, ..TestSettings::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn late_money_takes_the_same_seats_again_if_they_are_free() {
    let app = TestApp::start_with(short_cap()).await;
    let buyer = app.buyer();
    let booking = buyer.book(SHORT_HOLD, &[seat(0)]).await;
    buyer.pay(&booking, PROCESSING_CARD).await;
    buyer.wait_for(booking.booking_id(), "expired", SOON).await;
    let timeline = buyer.timeline(booking.booking_id()).await;
    assert!(timeline.contains(&"hold_extended".to_owned()), "the hold was extended first: {timeline:?}");
    assert!(timeline.contains(&"payment_left_open".to_owned()), "{timeline:?}");

    let intent = app.newest_intent(booking.booking_id()).await;
    app.tell_simulator(&format!("intents/{intent}/settle"), &json!({ "outcome": "succeed" })).await;
    let confirmed = buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
    assert_eq!(confirmed.body["tickets"].as_array().unwrap().len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_money_goes_back_if_the_seats_are_gone() {
    let app = TestApp::start_with(short_cap()).await;
    let (slow, quick) = (app.buyer(), app.buyer());
    let late = slow.book(SHORT_HOLD, &[seat(0)]).await;
    slow.pay(&late, PROCESSING_CARD).await;
    slow.wait_for(late.booking_id(), "expired", SOON).await;
    let next = quick.book(SHORT_HOLD, &[seat(0)]).await;
    assert_eq!(next.status, StatusCode::CREATED, "{next:?}");
    quick.pay(&next, GOOD_CARD).await;
    quick.wait_for(next.booking_id(), "confirmed", SOON).await;

    let intent = app.newest_intent(late.booking_id()).await;
    app.tell_simulator(&format!("intents/{intent}/settle"), &json!({ "outcome": "succeed" })).await;
    eventually("the late money is back", SOON, || async {
        let now = slow.booking(late.booking_id()).await;
        (now.body["refunded"]["minor"] == 1500).then_some(())
    })
    .await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_comes_after_a_cancellation_goes_back() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let booking = buyer.book(LONG_HOLD, &[seat(0)]).await;
    buyer.pay(&booking, PROCESSING_CARD).await;
    assert_eq!(buyer.cancel(booking.booking_id()).await.state(), "cancelled");
    app.all_sagas_closed(SOON).await;

    let intent = app.newest_intent(booking.booking_id()).await;
    app.tell_simulator(&format!("intents/{intent}/settle"), &json!({ "outcome": "succeed" })).await;
    eventually("the money is back", SOON, || async {
        let now = buyer.booking(booking.booking_id()).await;
        (now.body["refunded"]["minor"] == 1500).then_some(())
    })
    .await;
    assert_eq!(buyer.booking(booking.booking_id()).await.state(), "cancelled");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_money_without_a_webhook_is_found_by_the_sweep() {
    let app = TestApp::start_with(short_cap()).await;
    let buyer = app.buyer();
    let booking = buyer.book(SHORT_HOLD, &[seat(0)]).await;
    buyer.pay(&booking, PROCESSING_CARD).await;
    let intent = app.newest_intent(booking.booking_id()).await;
    app.tell_simulator(&format!("intents/{intent}/behaviour"), &json!({ "webhooks": "never" })).await;
    buyer.wait_for(booking.booking_id(), "expired", SOON).await;
    app.tell_simulator(&format!("intents/{intent}/settle"), &json!({ "outcome": "succeed" })).await;
    app.app.sweep_once(true).await.unwrap();
    buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
    app.finish().await;
}
