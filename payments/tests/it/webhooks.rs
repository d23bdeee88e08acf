//! Sending webhooks: at once, again and again, and after a restart.

use std::time::{Duration, Instant};

use domain::payment::IntentState;
use payments::PaymentProvider;
use payments::simulator::{Behaviour, WebhookMode};
use tokio_util::sync::CancellationToken;

use crate::harness::{Harness, until};

#[tokio::test]
async fn a_refused_webhook_is_sent_again_until_it_is_taken() {
    let harness = Harness::start().await;
    harness.receiver.answer(503);
    let intent = harness.paid_intent().await;
    until("two refusals", async || (harness.receiver.refused().len() >= 2).then_some(())).await;
    harness.receiver.answer(200);
    harness.until_kinds(&intent, &["intent.succeeded"]).await;
    let refused = harness.receiver.refused();
    let taken = harness.receiver.accepted();
    assert!(refused.iter().all(|received| received.body == taken[0].body), "every try has the same bytes");
}

#[tokio::test]
async fn the_wait_between_tries_grows() {
    let harness = Harness::start().await;
    harness.receiver.answer(500);
    harness.paid_intent().await;
    let mut came = Vec::new();
    until("four tries", async || {
        if harness.receiver.refused().len() > came.len() {
            came.push(Instant::now());
        }
        (came.len() == 4).then_some(())
    })
    .await;
    let waits: Vec<Duration> = came.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // 0.2, 0.4 and 0.8 s, with room for the machine.
    assert!(waits[2] > waits[0] && waits[2] > Duration::from_millis(600), "{waits:?}");
}

#[tokio::test]
async fn a_redirect_is_no_receipt() {
    let harness = Harness::start().await;
    harness.receiver.answer(302);
    let intent = harness.paid_intent().await;
    until("two tries", async || (harness.receiver.refused().len() >= 2).then_some(())).await;
    harness.receiver.answer(204);
    harness.until_kinds(&intent, &["intent.succeeded"]).await;
}

#[tokio::test]
async fn what_was_not_sent_before_a_restart_is_sent_after_it() {
    let harness = Harness::without_sender().await;
    let intents = [harness.paid_intent().await, harness.paid_intent().await];
    assert_eq!(harness.receiver.accepted().len(), 0);
    let harness = harness.restarted().await;
    for intent in &intents {
        harness.until_kinds(intent, &["intent.succeeded"]).await;
    }
}

#[tokio::test]
async fn what_settles_by_itself_does_so_after_a_restart() {
    let harness = Harness::without_sender().await;
    let intent = harness.intent().await;
    harness.pay_with_delay(&intent, "4000000000000077", Some(0.05)).await.unwrap();
    let harness = harness.restarted().await;
    harness.until_state(&intent, IntentState::Succeeded).await;
    harness.until_kinds(&intent, &["intent.processing", "intent.succeeded"]).await;
}

#[tokio::test]
async fn what_was_delivered_is_not_sent_again_after_a_restart() {
    let harness = Harness::start().await;
    let first = harness.paid_intent().await;
    harness.until_kinds(&first, &["intent.succeeded"]).await;
    // A webhook is taken a moment before that is written down; in between it would be sent again.
    until("an empty queue", async || (harness.simulator.queued_webhooks().await.unwrap() == 0).then_some(())).await;
    let harness = harness.restarted().await;
    let third = harness.paid_intent().await;
    harness.until_kinds(&third, &["intent.succeeded"]).await;
    assert_eq!(harness.kinds(&first), ["intent.succeeded"]);
}

#[tokio::test]
async fn what_an_intent_was_told_comes_before_its_card() {
    let harness = Harness::start().await;
    let silent = harness.intent().await;
    let behaviour = Behaviour { webhooks: Some(WebhookMode::Never), ..Behaviour::default() };
    harness.simulator.set_behaviour(silent.intent_id.as_str(), behaviour).await.unwrap();
    harness.pay(&silent, "4000000000000259").await.unwrap();
    let loud = harness.paid_intent().await;
    harness.until_kinds(&loud, &["intent.succeeded"]).await;
    assert_eq!(harness.kinds(&silent), Vec::<String>::new());
    assert_eq!(harness.provider.read_intent(&silent.intent_id).await.unwrap().state, IntentState::Succeeded);
}

#[tokio::test]
async fn a_hundred_payments_at_once_are_all_told() {
    let harness = Harness::start().await;
    let mut intents = Vec::new();
    for _ in 0..100 {
        intents.push(harness.paid_intent().await);
    }
    for intent in &intents {
        harness.until_kinds(intent, &["intent.succeeded"]).await;
    }
}

#[tokio::test]
async fn sending_stops_when_told_and_loses_nothing() {
    let harness = Harness::without_sender().await;
    harness.receiver.answer(500);
    let intent = harness.paid_intent().await;
    let stop = CancellationToken::new();
    let sender = tokio::spawn({
        let (simulator, stop) = (harness.simulator.clone(), stop.clone());
        async move { simulator.run(stop).await }
    });
    until("a try", async || (!harness.receiver.refused().is_empty()).then_some(())).await;
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(2), sender).await.expect("an end").unwrap().unwrap();
    assert_eq!(harness.simulator.queued_webhooks().await.unwrap(), 1);
    harness.receiver.answer(200);
    harness.start_sender();
    harness.until_kinds(&intent, &["intent.succeeded"]).await;
}
