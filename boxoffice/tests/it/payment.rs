//! A provider that misbehaves.

use std::time::Duration;

use serde_json::json;
use testkit::buyer::{DECLINED_CARD, GOOD_CARD, SILENT_CARD};
use testkit::catalogue::{LONG_HOLD, SHORT_HOLD, seat};
use testkit::{TestApp, eventually};

const SOON: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread")]
async fn money_that_is_found_at_the_deadline_confirms() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let booking = buyer.book(SHORT_HOLD, &[seat(0)]).await;
    buyer.pay(&booking, SILENT_CARD).await;
    // Nobody tells the saga; the two-step release asks before it lets go.
    buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_whose_answers_get_lost_is_asked_again_and_collects_once() {
    let app = TestApp::start().await;
    for endpoint in ["create", "read", "cancel", "refund"] {
        app.tell_simulator("controls", &json!({ "endpoint": endpoint, "lose_answer_next": 1 })).await;
    }
    let buyer = app.buyer();
    let booking = buyer.book(LONG_HOLD, &[seat(0)]).await;
    buyer.pay(&booking, GOOD_CARD).await;
    buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
    buyer.cancel(booking.booking_id()).await;
    let unpaid = buyer.book(LONG_HOLD, &[seat(1)]).await;
    buyer.cancel(unpaid.booking_id()).await;
    buyer.wait_for(unpaid.booking_id(), "cancelled", SOON).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_at_the_opening_leaves_no_hold() {
    let app = TestApp::start_with(testkit::TestSettings { step_seconds: 2, ..Default::default() }).await;
    app.tell_simulator("controls", &json!({ "endpoint": "create", "unavailable_for_seconds": 4 })).await;
    let buyer = app.buyer();
    let refused = buyer.book_with("away", LONG_HOLD, &[seat(0)]).await;
    assert!(!refused.status.is_server_error(), "{refused:?}");
    let ended = buyer.wait_for(buyer.booking_for("away"), "failed", SOON).await;
    assert_eq!(ended.body["failure"]["code"], "payment_unavailable");
    let again = app.buyer().book(LONG_HOLD, &[seat(0)]).await;
    assert!(again.status.is_success(), "the seat is free: {again:?}");
    app.stop().await.check(None, checker::Quiet::Running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_is_not_what_was_asked_for_goes_back() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let booking = buyer.book(LONG_HOLD, &[seat(0)]).await;
    let intent = app.newest_intent(booking.booking_id()).await;
    app.tell_simulator(&format!("intents/{intent}/behaviour"), &json!({ "capture_minor": 1000 })).await;
    buyer.pay(&booking, GOOD_CARD).await;
    eventually("what was collected is back", SOON, || async {
        let now = buyer.booking(booking.booking_id()).await;
        (now.body["refunded"]["minor"] == 1000).then_some(())
    })
    .await;
    assert_eq!(buyer.wait_for_end(booking.booking_id(), SOON).await.state(), "failed");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enough_declines_end_the_booking() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let mut booking = buyer.book(LONG_HOLD, &[seat(0)]).await;
    for attempt in 1..=domain::limits::PAYMENT_ATTEMPTS {
        buyer.pay(&booking, DECLINED_CARD).await;
        booking = eventually("the next attempt or the end", SOON, || async {
            let now = buyer.booking(booking.booking_id()).await;
            let next = now.body["payment"]["attempt"] == attempt + 1 && now.body["payment"]["paymentPage"].is_string();
            (next || now.state() == "failed").then_some(now)
        })
        .await;
    }
    assert_eq!(booking.state(), "failed", "{booking:?}");
    assert_eq!(booking.body["failure"]["code"], "payment_declined");
    app.finish().await;
}
