//! Records the histories that `tests/it/replay.rs` replays, into a folder of `workflows/histories`.
//!
//! Run it after a change of the sagas that is meant to start new sagas only, with the test services up and a new name
//! for the folder; keep the old recordings as long as sagas of theirs may run.

#![allow(clippy::unwrap_used, reason = "a recording that cannot be made fails loudly")]

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use temporalio_client::{WorkflowFetchHistoryOptions, WorkflowHandle};
use testkit::buyer::{DECLINED_CARD, GOOD_CARD, PROCESSING_CARD};
use testkit::catalogue::{LONG_HOLD, SHORT_HOLD, put_on_another, seat};
use testkit::{Fault, TestApp, TestSettings, eventually};
use workflows::book_ticket::BookTicket;
use workflows::cancel_show;

/// What the sagas do otherwise than those before them, after a number that puts the folders in order.
const FOLDER: &str = "3-shows-called-off";

const SOON: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() {
    let wanted = TestSettings { hard_cap_seconds: 4, undo_seconds: 3, ..TestSettings::default() };
    let app = TestApp::start_with(wanted).await;

    let buyer = app.buyer();
    let confirmed = buyer.book(LONG_HOLD, &[seat(0), seat(1)]).await;
    buyer.pay(&confirmed, GOOD_CARD).await;
    buyer.wait_for(confirmed.booking_id(), "confirmed", SOON).await;
    record(&app, &confirmed.booking_id().to_string(), "confirmed").await;
    buyer.cancel(confirmed.booking_id()).await;
    record(&app, &format!("settle/{}", confirmed.booking_id()), "cancelled_after_confirmation").await;

    let buyer = app.buyer();
    let declined = buyer.book(LONG_HOLD, &[seat(2)]).await;
    buyer.pay(&declined, DECLINED_CARD).await;
    let second = eventually("a second attempt", SOON, || async {
        let now = buyer.booking(declined.booking_id()).await;
        (now.body["payment"]["attempt"] == 2 && now.body["payment"]["paymentPage"].is_string()).then_some(now)
    })
    .await;
    buyer.pay(&second, GOOD_CARD).await;
    buyer.wait_for(declined.booking_id(), "confirmed", SOON).await;
    record(&app, &declined.booking_id().to_string(), "declined_then_paid").await;

    let buyer = app.buyer();
    let expired = buyer.book(SHORT_HOLD, &[seat(0)]).await;
    buyer.wait_for(expired.booking_id(), "expired", SOON).await;
    record(&app, &expired.booking_id().to_string(), "expired").await;

    let buyer = app.buyer();
    let cancelled = buyer.book(LONG_HOLD, &[seat(3)]).await;
    buyer.cancel(cancelled.booking_id()).await;
    record(&app, &cancelled.booking_id().to_string(), "cancelled").await;

    let buyer = app.buyer();
    let late = buyer.book(SHORT_HOLD, &[seat(1)]).await;
    buyer.pay(&late, PROCESSING_CARD).await;
    buyer.wait_for(late.booking_id(), "expired", SOON).await;
    record(&app, &late.booking_id().to_string(), "late_money").await;
    let intent = app.newest_intent(late.booking_id()).await;
    app.tell_simulator(&format!("intents/{intent}/settle"), &json!({ "outcome": "succeed" })).await;
    buyer.wait_for(late.booking_id(), "confirmed", SOON).await;
    record(&app, &format!("settle/{}", late.booking_id()), "late_money_settled").await;

    let buyer = app.buyer();
    let stuck = buyer.book_with("stuck", LONG_HOLD, &[seat(4)]).await;
    app.faults.plan(stuck.booking_id(), "payment.cancel", Fault::FailUntilLifted);
    buyer.cancel(stuck.booking_id()).await;
    buyer.wait_for(stuck.booking_id(), "needs_attention", SOON).await;
    app.faults.lift(stuck.booking_id(), "payment.cancel");
    buyer.wait_for(stuck.booking_id(), "cancelled", SOON).await;
    record(&app, &stuck.booking_id().to_string(), "undo_failed").await;

    let operator = app.admin();
    let show_id = put_on_another(&operator, 1500).await;
    for number in 0..3 {
        let buyer = app.buyer();
        let sold = buyer.book(show_id, &[seat(number)]).await;
        buyer.pay(&sold, GOOD_CARD).await;
        buyer.wait_for(sold.booking_id(), "confirmed", SOON).await;
    }
    app.faults.plan_for_any("show.cancel_bookings", Fault::Fail(1));
    operator.send(operator.post(&format!("/shows/{show_id}/cancel")).json(&json!({}))).await;
    record(&app, &cancel_show::workflow_id(show_id), "show_called_off").await;
    app.finish().await;
}

async fn record(app: &TestApp, saga: &str, name: &str) {
    eventually("the saga has ended", SOON, || async {
        (app.engine.is_running(saga).await.ok()? == Some(false)).then_some(())
    })
    .await;
    let handle: WorkflowHandle<_, BookTicket> = app.engine.client().await.unwrap().get_workflow_handle(saga);
    let history = handle.fetch_history(WorkflowFetchHistoryOptions::default());
    let text = history.to_json().await.unwrap();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../workflows/histories").join(FOLDER);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.json"));
    std::fs::write(&path, text).unwrap();
    println!("{} recorded", path.display());
}
