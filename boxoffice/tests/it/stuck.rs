//! Steps that cannot be done: visible everywhere, tried by themselves, ended by an operator's audited word.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use testkit::catalogue::{LONG_HOLD, seat};
use testkit::{Buyer, Fault, TestApp, TestSettings};

const SOON: Duration = Duration::from_secs(40);

/// A slow try comes so late that only an operator's word can be meant.
fn patient() -> TestSettings {
    TestSettings { step_seconds: 3, undo_seconds: 3, slow_retry_seconds: 600, ..TestSettings::default() }
}

async fn stuck_in_cancelling(app: &TestApp, number: u32) -> (Buyer, domain::ids::BookingId) {
    let buyer = app.buyer();
    let booking = buyer.book_with("stuck", LONG_HOLD, &[seat(number)]).await;
    let booking_id = booking.booking_id();
    app.faults.plan(booking_id, "payment.cancel", Fault::FailUntilLifted);
    let _answer = buyer.cancel(booking_id).await;
    let stuck = buyer.wait_for(booking_id, "needs_attention", SOON).await;
    assert_eq!(stuck.body["needsAttention"]["step"], "payment.cancel");
    (buyer, booking_id)
}

async fn repair(app: &TestApp, booking_id: domain::ids::BookingId, body: serde_json::Value) -> testkit::Answer {
    let admin = app.admin();
    admin.send(admin.post(&format!("/admin/bookings/{booking_id}/repair")).json(&body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_provider_keeps_no_seats_and_an_operator_can_retry() {
    let app = TestApp::start_with(patient()).await;
    let (buyer, booking_id) = stuck_in_cancelling(&app, 0).await;
    let other = app.buyer().book(LONG_HOLD, &[seat(0)]).await;
    assert_eq!(other.status, StatusCode::CREATED, "the seats are free although the payment is stuck: {other:?}");
    assert!(app.engine.open_sagas().await.unwrap().contains(&booking_id.to_string()), "the saga stays open");

    app.faults.lift(booking_id, "payment.cancel");
    let told = repair(&app, booking_id, json!({ "action": "retry", "note": "the provider is back" })).await;
    assert!(told.status.is_success(), "{told:?}");
    buyer.wait_for(booking_id, "cancelled", SOON).await;
    let timeline = buyer.timeline(booking_id).await;
    for step in ["stuck", "operator_acted", "unstuck", "cancelled"] {
        assert!(timeline.contains(&step.to_owned()), "{step} is on the timeline: {timeline:?}");
    }
    let owner = app.store.recall_booking(other.booking_id()).await.unwrap().unwrap();
    assert!(owner.state.is_open());
    app.stop().await.check(None, checker::Quiet::Running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_declare_a_step_done() {
    let app = TestApp::start_with(patient()).await;
    let (buyer, booking_id) = stuck_in_cancelling(&app, 0).await;
    let unsaid = repair(&app, booking_id, json!({ "action": "resolve", "note": " " })).await;
    assert_eq!(unsaid.code(), "note_missing");
    let stranger = buyer.send(
        buyer
            .post(&format!("/admin/bookings/{booking_id}/repair"))
            .json(&json!({ "action": "resolve", "note": "let me" })),
    );
    assert_eq!(stranger.await.status, StatusCode::FORBIDDEN);

    // Done by hand at the provider, as the operator says.
    let intent = app.newest_intent(booking_id).await;
    app.tell_simulator(&format!("intents/{intent}/cancel"), &json!({})).await;
    let told = repair(&app, booking_id, json!({ "action": "resolve", "note": "cancelled by hand" })).await;
    assert!(told.status.is_success(), "{told:?}");
    buyer.wait_for(booking_id, "cancelled", SOON).await;
    let again = repair(&app, booking_id, json!({ "action": "resolve", "note": "once more" })).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "wrong_state"));
    app.all_sagas_closed(SOON).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stuck_is_tried_again_by_itself() {
    let app = TestApp::start_with(TestSettings { slow_retry_seconds: 1, ..patient() }).await;
    let (buyer, booking_id) = stuck_in_cancelling(&app, 0).await;
    app.faults.lift(booking_id, "payment.cancel");
    buyer.wait_for(booking_id, "cancelled", SOON).await;
    app.finish().await;
}
