//! Recorded histories replayed: a change of the sagas that would strand what is running fails here, not in production.

use std::path::PathBuf;

use temporalio_client::WorkflowHistory;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};
use workflows::book_ticket::BookTicket;
use workflows::settle_booking::SettleBooking;

/// What has to be among the recordings; `cargo run -p boxoffice --example record_histories` makes them anew.
const RECORDED: [&str; 8] = [
    "confirmed",
    "declined_then_paid",
    "expired",
    "cancelled",
    "late_money",
    "late_money_settled",
    "undo_failed",
    "cancelled_after_confirmation",
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../workflows/histories")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_history_replays() {
    let mut replayed = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let history = WorkflowHistory::from_json(&std::fs::read(&path).unwrap()).unwrap();
        let failure = replay(history).await;
        assert!(failure.is_none(), "{name} does not replay: {failure:?}");
        replayed.push(name);
    }
    for name in RECORDED {
        assert!(replayed.iter().any(|it| it == name), "{name} is not among the recordings");
    }
}

/// A replay that could not fail would prove nothing: the history of another saga has to be refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_does_not_fit_is_refused() {
    let text = std::fs::read_to_string(folder().join("confirmed.json")).unwrap();
    let changed = text.replace("payment.request", "payment.asked");
    assert_ne!(text, changed);
    let failure = replay(WorkflowHistory::from_json(changed.as_bytes()).unwrap()).await;
    assert!(failure.is_some(), "a history with another step replays");
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
                .build();
            let replayer = WorkflowReplayer::new(options).unwrap();
            replayer.replay_workflow(history).await.err().map(|error| error.to_string())
        }))
    })
    .await
    .unwrap()
}
