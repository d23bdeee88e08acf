//! Recorded histories replayed: a change of the sagas that would strand what is running fails here, not in production.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use temporalio_client::{WorkflowFetchHistoryOptions, WorkflowHandle, WorkflowHistory};
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};
use testkit::catalogue::{put_on_another, seat};
use testkit::{Fault, TestApp, eventually};
use workflows::book_ticket::BookTicket;
use workflows::cancel_show::{CancelShow, workflow_id};
use workflows::settle_booking::SettleBooking;

const SOON: Duration = Duration::from_secs(60);

/// What has to be among the newest recordings; `cargo run -p boxoffice --example record_histories` makes them anew.
const RECORDED: [&str; 9] = [
    "confirmed",
    "declined_then_paid",
    "expired",
    "cancelled",
    "late_money",
    "late_money_settled",
    "undo_failed",
    "cancelled_after_confirmation",
    "show_called_off",
];

/// The folders of recordings, each of sagas that do something otherwise, oldest first.
fn folders() -> Vec<PathBuf> {
    let all = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../workflows/histories");
    let mut folders: Vec<_> = std::fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_history_replays() {
    assert!(folders().len() > 1, "there are no recordings of earlier sagas");
    let newest = folders().pop().unwrap();
    let missing: Vec<_> = RECORDED.iter().filter(|name| !newest.join(format!("{name}.json")).exists()).collect();
    assert!(missing.is_empty(), "not in {}: {missing:?}", newest.display());
    for folder in folders() {
        for recording in std::fs::read_dir(folder).unwrap() {
            let path = recording.unwrap().path();
            let text = std::fs::read(&path).unwrap();
            let failure = replay(WorkflowHistory::from_json(&text).unwrap()).await;
            assert!(failure.is_none(), "{} does not replay: {failure:?}", path.display());
        }
    }
}

/// A replay that could not fail would prove nothing: the history of another saga has to be refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_does_not_fit_is_refused() {
    // Of the first ones, in which the engine itself knows of the step: that of a local one is within a marker.
    let oldest = folders().remove(0);
    let text = std::fs::read_to_string(oldest.join("confirmed.json")).unwrap();
    let changed = text.replace("payment.request", "payment.asked");
    assert_ne!(text, changed);
    let failure = replay(WorkflowHistory::from_json(changed.as_bytes()).unwrap()).await;
    assert!(failure.is_some(), "a history with another step replays");
}

/// What is written today can be read today: several rounds of it, with a step that failed.
#[tokio::test(flavor = "multi_thread")]
async fn a_show_that_was_called_off_replays() {
    let app = TestApp::start().await;
    let show_id = put_on_another(&app.admin(), 0).await;
    for number in 0..3 {
        let buyer = app.buyer();
        let booking = buyer.book(show_id, &[seat(number)]).await;
        buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
    }
    app.faults.plan_for_any("show.cancel_bookings", Fault::Fail(1));
    let admin = app.admin();
    let begun = admin.send(admin.post(&format!("/shows/{show_id}/cancel")).json(&json!({}))).await;
    assert!(begun.status.is_success(), "{begun:?}");
    let workflow = workflow_id(show_id);
    eventually("the workflow has ended", SOON, || async {
        (app.engine.is_running(&workflow).await.ok()? == Some(false)).then_some(())
    })
    .await;
    let handle: WorkflowHandle<_, CancelShow> = app.engine.client().await.unwrap().get_workflow_handle(&workflow);
    let recorded = handle.fetch_history(WorkflowFetchHistoryOptions::default()).to_json().await.unwrap();
    let failure = replay(WorkflowHistory::from_json(recorded.as_ref()).unwrap()).await;
    assert!(failure.is_none(), "it does not replay: {failure:?}");
    app.finish().await;
}

async fn replay(history: WorkflowHistory) -> Option<String> {
    // Replaying runs saga code, which lives on one thread.
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Handle::current();
        let local = tokio::task::LocalSet::new();
        runtime.block_on(local.run_until(async move {
            let options = WorkflowReplayerOptions::new()
                .register_workflow::<BookTicket>()
                .unwrap()
                .register_workflow::<SettleBooking>()
                .unwrap()
                .register_workflow::<CancelShow>()
                .unwrap()
                .build();
            let replayer = WorkflowReplayer::new(options).unwrap();
            replayer.replay_workflow(history).await.err().map(|error| error.to_string())
        }))
    })
    .await
    .unwrap()
}
