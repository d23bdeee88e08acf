//! The provider's API as HTTP: keys, lists, and refusals in one form.

use domain::payment::IntentId;
use jiff::Timestamp;
use payments::simulator::SimulatorProvider;
use payments::{PaymentProvider, ProviderFault};
use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::harness::{API_KEY, Harness, request};

async fn call(harness: &Harness, method: Method, path: &str, key: &str, body: Option<&str>) -> (StatusCode, Value) {
    let url = format!("{}/{path}", harness.base);
    let mut request = reqwest::Client::new().request(method, url).bearer_auth(key);
    if let Some(body) = body {
        request =
            request.header("Content-Type", "application/json").header("Idempotency-Key", "a key").body(body.to_owned());
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null))
}

#[tokio::test]
async fn without_the_key_nothing_is_told() {
    let harness = Harness::start().await;
    let intent = harness.intent().await;
    let path = format!("v1/intents/{}", intent.intent_id);
    for (method, path) in [
        (Method::GET, path.as_str()),
        (Method::GET, "v1/intents"),
        (Method::GET, "v1/refunds"),
        (Method::POST, "v1/intents"),
        (Method::POST, "v1/refunds"),
        (Method::POST, "v1/controls"),
    ] {
        for key in ["", "sk_sim_tes", "sk_sim_test2"] {
            let (status, body) = call(&harness, method.clone(), path, key, Some("{}")).await;
            assert_eq!((status, &body["error"]["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthorized")), "{path}");
        }
    }
    let stranger =
        SimulatorProvider::new(harness.base.clone(), SecretString::from("x"), SecretString::from("y")).unwrap();
    let fault = stranger.read_intent(&intent.intent_id).await.unwrap_err();
    assert!(matches!(&fault, ProviderFault::Rejected { code, .. } if code == "unauthorized"), "{fault:?}");
    assert!(!fault.retryable());
}

#[tokio::test]
async fn every_refusal_has_a_code_and_a_message() {
    let harness = Harness::start().await;
    let huge = format!("{{\"x\":\"{}\"}}", "x".repeat(70_000));
    let rows = [
        (Method::POST, "v1/intents", Some("not json"), 400),
        (Method::POST, "v1/intents", Some("{}"), 400),
        (Method::POST, "v1/intents", Some(r#"{"amount_minor":0,"currency":"EUR"}"#), 400),
        (Method::POST, "v1/intents", Some(r#"{"amount_minor":1,"currency":"euro"}"#), 400),
        (Method::POST, "v1/intents", Some(huge.as_str()), 413),
        (Method::POST, "v1/intents/pi_sim_x/cancel", Some("{}"), 404),
        (Method::POST, "v1/intents/pi_sim_x/behaviour", Some(r#"{"webhooks":"sometimes"}"#), 400),
        (Method::GET, "v1/intents/pi_sim_x", None, 404),
        (Method::GET, "v1/intents?limit=0", None, 400),
        (Method::GET, "v1/intents?cursor=x", None, 400),
        (Method::GET, "v1/nothing", None, 404),
        (Method::DELETE, "v1/intents", None, 405),
    ];
    for (method, path, body, expected) in rows {
        let (status, answer) = call(&harness, method.clone(), path, API_KEY, body).await;
        let error = &answer["error"];
        assert_eq!(status.as_u16(), expected, "{method} {path}: {answer}");
        assert!(error["code"].is_string() && error["message"].is_string(), "{method} {path}: {answer}");
    }
    let no_key = reqwest::Client::new()
        .post(format!("{}/v1/intents", harness.base))
        .bearer_auth(API_KEY)
        .json(&json!({"amount_minor": 1, "currency": "EUR"}))
        .send()
        .await
        .unwrap();
    assert_eq!(no_key.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_unknown_intent_is_a_fault_of_its_own() {
    let harness = Harness::start().await;
    for text in ["pi_sim_unknown", "../controls", "a/b?c#d"] {
        let intent_id = IntentId::new(text);
        let expected = ProviderFault::UnknownIntent { intent_id: intent_id.clone() };
        assert_eq!(harness.provider.read_intent(&intent_id).await, Err(expected.clone()), "{text}");
        assert_eq!(harness.provider.cancel_intent(&intent_id).await, Err(expected), "{text}");
    }
    // At a wrong address nothing is known of any intent.
    let wrong = SimulatorProvider::new(
        harness.base.join("/elsewhere").unwrap(),
        SecretString::from(API_KEY),
        SecretString::from("y"),
    );
    let fault = wrong.unwrap().read_intent(&IntentId::new("pi_sim_unknown")).await.unwrap_err();
    assert!(matches!(fault, ProviderFault::Rejected { .. }), "{fault:?}");
}

#[tokio::test]
async fn intents_are_listed_page_by_page_from_a_moment_on() {
    let harness = Harness::start().await;
    let mut requested = Vec::new();
    for number in 0..7 {
        let request = request(&format!("listed/{number}"));
        harness.provider.request_intent(&request).await.unwrap();
        requested.push(Some(request.idempotency_key));
    }
    let (mut listed, mut cursor) = (Vec::new(), None);
    loop {
        let page = harness.provider.list_intents(Timestamp::UNIX_EPOCH, cursor, 3).await.unwrap();
        listed.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(listed.iter().map(|item| item.idempotency_key.clone()).collect::<Vec<_>>(), requested);
    assert!(listed.iter().all(|item| item.booking_id == Some(request("x").booking_id)));
    let since = listed[3].created_at;
    let rest = harness.provider.list_intents(since, None, 100).await.unwrap().items;
    let expected = listed.iter().filter(|item| item.created_at >= since).count();
    assert_eq!((rest.len(), rest.contains(&listed[3])), (expected, true));
}
