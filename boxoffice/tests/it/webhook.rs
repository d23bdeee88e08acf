//! Webhooks: only genuine ones, each once, none lost.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use payments::simulator::SIGNATURE_HEADER;
use payments::webhook::sign;
use reqwest::StatusCode;
use serde_json::json;
use temporalio_client::{WorkflowFetchHistoryOptions, WorkflowHandle};
use testkit::buyer::{OUT_OF_ORDER_CARD, SILENT_CARD, TWICE_CARD};
use testkit::catalogue::{LONG_HOLD, SHORT_HOLD, seat};
use testkit::{Answer, TestApp, eventually};
use workflows::book_ticket::BookTicket;

const SOON: Duration = Duration::from_secs(20);

async fn send(app: &TestApp, body: &str, signature: Option<String>) -> Answer {
    let buyer = app.buyer();
    let url = format!("{}/webhooks/simulator", app.addresses.api);
    let mut request = app.world.http().post(url).header("Content-Type", "application/json").body(body.to_owned());
    if let Some(signature) = signature {
        request = request.header(SIGNATURE_HEADER, signature);
    }
    buyer.send(request).await
}

fn event(id: &str, intent: &str) -> String {
    json!({ "id": id, "kind": "intent.succeeded", "created_at": Timestamp::now(), "intent": { "id": intent } })
        .to_string()
}

async fn parked(app: &TestApp) -> Vec<serde_json::Value> {
    let admin = app.admin();
    let listed = admin.send(admin.get("/admin/payment-events?state=parked")).await;
    listed.body["items"].as_array().unwrap_or_else(|| panic!("{listed:?}")).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_not_genuine_is_refused_and_not_stored() {
    let app = TestApp::start().await;
    let body = event("evt_forged", "pi_unknown");
    let secret = &app.world.settings.payments.webhook_secret;
    let stale = Timestamp::now().checked_sub(SignedDuration::from_mins(6)).unwrap();
    let forgeries = [
        None,
        Some("t=1,v1=00".to_owned()),
        Some("nonsense".to_owned()),
        Some(sign(&"another secret".to_owned().into(), body.as_bytes(), Timestamp::now())),
        Some(sign(secret, b"another body", Timestamp::now())),
        Some(sign(secret, body.as_bytes(), stale)),
    ];
    for forgery in forgeries {
        let refused = send(&app, &body, forgery.clone()).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, "webhook_refused"), "{forgery:?}");
    }
    let due = app.store.claim_due_payment_events(Timestamp::MAX, 1, 10).await.unwrap();
    assert!(due.is_empty(), "nothing was stored: {due:?}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_an_unknown_payment_is_parked_where_operators_see_it() {
    let app = TestApp::start().await;
    let body = event("evt_unknown", "pi_unknown");
    let genuine = sign(&app.world.settings.payments.webhook_secret, body.as_bytes(), Timestamp::now());
    for _ in 0..2 {
        let taken = send(&app, &body, Some(genuine.clone())).await;
        assert!(taken.status.is_success(), "stored, and so acknowledged: {taken:?}");
    }
    let waiting = eventually("the webhook is parked", SOON, || async {
        let events = parked(&app).await;
        (!events.is_empty()).then_some(events)
    })
    .await;
    assert_eq!(waiting.len(), 1, "two deliveries of one event are one event");
    assert!(waiting[0]["lastError"].as_str().unwrap().contains("pi_unknown"), "{waiting:?}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_twice_out_of_order_or_never_make_one_sale() {
    let app = TestApp::start().await;
    for (number, card) in (0..).zip([TWICE_CARD, OUT_OF_ORDER_CARD]) {
        let buyer = app.buyer();
        let booking = buyer.book(LONG_HOLD, &[seat(number)]).await;
        buyer.pay(&booking, card).await;
        buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
    }
    let buyer = app.buyer();
    let silent = buyer.book(LONG_HOLD, &[seat(9)]).await;
    buyer.pay(&silent, SILENT_CARD).await;
    let asked = buyer.verify_payment(silent.booking_id()).await;
    assert_eq!(asked.state(), "confirmed", "the provider was asked and the booking moved along: {asked:?}");
    app.finish().await;
}

/// A saga that gives a payment up is told by webhook that it was cancelled: while it ends, which would wake it once more.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_saga_has_asked_for_does_not_wake_it() {
    const UNTIL_THE_ECHO: Duration = Duration::from_secs(5);
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let booking = buyer.book(SHORT_HOLD, &[seat(0)]).await;
    buyer.wait_for(booking.booking_id(), "expired", SOON).await;
    tokio::time::sleep(UNTIL_THE_ECHO).await;
    let workflow = booking.booking_id().to_string();
    let handle: WorkflowHandle<_, BookTicket> = app.engine.client().await.unwrap().get_workflow_handle(&workflow);
    let history = handle.fetch_history(WorkflowFetchHistoryOptions::default()).to_json().await.unwrap();
    let history = String::from_utf8_lossy(history.as_ref());
    assert!(history.contains("payment.cancel"), "it was not recorded: {history}");
    assert!(!history.contains("payment.noticed"), "it was woken: {history}");
    app.finish().await;
}
