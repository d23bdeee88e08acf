//! Sagas that somebody has terminated, reset or deleted by hand.

use std::process::Command;
use std::time::Duration;

use domain::booking::CloseBooking;
use domain::booking_state::{CancelledBy, EndState};
use domain::ids::BookingId;
use domain::payment::{IntentReading, IntentState, RecordAttempt};
use jiff::Timestamp;
use serde_json::json;
use testkit::buyer::GOOD_CARD;
use testkit::catalogue::{LONG_HOLD, SHORT_HOLD, seat};
use testkit::{TestApp, eventually};

/// Does something to a saga with the engine's own command line, as an operator would.
pub(crate) fn temporal(app: &TestApp, arguments: &[&str]) {
    let program = std::env::var("BOXOFFICE_TEMPORAL_CLI").expect("BOXOFFICE_TEMPORAL_CLI is set by `make test`");
    let address = app.addresses.temporal.trim_start_matches("http://");
    let done = Command::new(program).args(arguments).args(["--address", address]).output().unwrap();
    assert!(done.status.success(), "temporal {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Has the engine forget the saga of a booking, as it does by itself when its retention ends.
pub(crate) async fn forget(app: &TestApp, booking_id: BookingId) {
    let saga = booking_id.to_string();
    let query = format!("WorkflowId = '{saga}'");
    temporal(app, &["workflow", "delete", "--query", &query, "--yes", "--reason", "test"]);
    eventually("the engine has forgotten the saga", Duration::from_secs(60), || async {
        app.engine.is_running(&saga).await.unwrap().is_none().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_saga_is_brought_to_its_end_within_the_promise() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let unpaid = buyer.book(SHORT_HOLD, &[seat(0)]).await;
    temporal(&app, &["workflow", "terminate", "--workflow-id", &unpaid.booking_id().to_string()]);
    // The deadline is 2 s, the sweep looks for what is 20 s overdue every 5 s; the promise is 60 s.
    buyer.wait_for(unpaid.booking_id(), "expired", Duration::from_secs(60)).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_for_a_terminated_saga_becomes_tickets() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let booking = buyer.book(LONG_HOLD, &[seat(0)]).await;
    temporal(&app, &["workflow", "terminate", "--workflow-id", &booking.booking_id().to_string()]);
    buyer.pay(&booking, GOOD_CARD).await;
    buyer.wait_for(booking.booking_id(), "confirmed", Duration::from_secs(30)).await;
    app.finish().await;
}

/// The money came while the booking was being cancelled, and its saga was terminated before it gave the money back.
#[tokio::test(flavor = "multi_thread")]
async fn money_that_a_terminated_saga_owes_for_a_cancelled_booking_goes_back() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let booking = buyer.book(LONG_HOLD, &[seat(0)]).await;
    let booking_id = booking.booking_id();
    let intent = app.newest_intent(booking_id).await;
    app.tell_simulator(&format!("intents/{intent}/behaviour"), &json!({ "webhooks": "never" })).await;
    temporal(&app, &["workflow", "terminate", "--workflow-id", &booking_id.to_string()]);
    buyer.pay(&booking, GOOD_CARD).await;

    // What the saga had done by then.
    let (record, now) = (app.store.recall_booking(booking_id).await.unwrap().unwrap(), Timestamp::now());
    let attempt = &record.attempts[0];
    let reading = IntentReading {
        intent_id: attempt.intent_id.clone().unwrap(),
        state: IntentState::Succeeded,
        amount: attempt.amount,
        captured: attempt.amount,
        refunded: attempt.refunded,
        decline_code: None,
        payment_page: None,
    };
    let paid = RecordAttempt { booking_id, number: attempt.number, reading, abandoned: false };
    app.store.record_attempt(&paid, now).await.unwrap();
    let end = EndState::Cancelled { by: CancelledBy::Operator };
    app.store.close_booking(&CloseBooking { request: record.request, end, stuck: None }, now).await.unwrap();

    let admin = app.admin();
    let retry = json!({ "action": "retry", "note": "its saga is gone" });
    let told = admin.send(admin.post(&format!("/admin/bookings/{booking_id}/repair")).json(&retry)).await;
    assert!(told.status.is_success(), "{told:?}");
    eventually("the money is back", Duration::from_secs(30), || async {
        let now = buyer.booking(booking_id).await;
        (now.body["refunded"]["minor"] == 1500).then_some(())
    })
    .await;
    assert_eq!(buyer.booking(booking_id).await.state(), "cancelled");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_saga_runs_its_steps_again_and_changes_nothing() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let waiting = buyer.book(LONG_HOLD, &[seat(0)]).await;
    let saga = waiting.booking_id().to_string();
    let reset = ["workflow", "reset", "--type", "FirstWorkflowTask", "--reason", "test", "--workflow-id", &saga];
    temporal(&app, &reset);
    buyer.pay(&waiting, GOOD_CARD).await;
    let confirmed = buyer.wait_for(waiting.booking_id(), "confirmed", Duration::from_secs(30)).await;
    assert_eq!(confirmed.body["tickets"].as_array().unwrap().len(), 1);
    app.all_sagas_closed(Duration::from_secs(30)).await;

    // Once more, from the beginning, when it is over.
    temporal(&app, &reset);
    app.all_sagas_closed(Duration::from_secs(30)).await;
    let after = buyer.booking(waiting.booking_id()).await;
    assert_eq!((after.state(), &after.body["tickets"]), ("confirmed", &confirmed.body["tickets"]));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saga_cancelled_in_the_web_ui_takes_the_booking_back() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let booking = buyer.book(LONG_HOLD, &[seat(0)]).await;
    temporal(&app, &["workflow", "cancel", "--workflow-id", &booking.booking_id().to_string()]);
    let cancelled = buyer.wait_for(booking.booking_id(), "cancelled", Duration::from_secs(30)).await;
    assert_eq!(cancelled.body["cancelledBy"], "operator");
    app.finish().await;
}
