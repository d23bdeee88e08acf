//! The payment page, as a browser and as a program without one.

use domain::payment::{IntentReading, IntentState};
use payments::PaymentProvider;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Harness, secret};

fn page_of(harness: &Harness, intent: &IntentReading) -> String {
    format!("{}/pay/{}", harness.base, intent.intent_id)
}

async fn text(answer: Response) -> String {
    String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn a_browser_sees_the_amount_and_the_cards_and_pays_by_form() {
    let harness = Harness::start().await;
    let intent = harness.intent().await;
    let browser = Client::new();
    let shown = browser.get(intent.payment_page.as_deref().unwrap()).send().await.unwrap();
    assert_eq!(shown.status(), StatusCode::OK);
    let header = |name: &str| shown.headers()[name].to_str().unwrap().to_owned();
    assert!(header("content-security-policy").starts_with("default-src 'none';"));
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("cache-control"), "no-store");
    let html = text(shown).await;
    for expected in ["25.00 EUR", "4000 0000 0000 3220", "needs a second step", "<label for=\"card\">"] {
        assert!(html.contains(expected), "{expected} is not on the page");
    }
    let form = [("secret", secret(&intent)), ("card", "4242".to_owned()), ("choice", "4242424242424242".to_owned())];
    let paid = browser.post(page_of(&harness, &intent)).form(&form).send().await.unwrap();
    // The client has followed the redirect back to the page.
    assert_eq!(paid.status(), StatusCode::OK);
    assert_eq!(paid.url().as_str(), intent.payment_page.as_deref().unwrap());
    assert!(text(paid).await.contains("The payment was received"));
    assert_eq!(harness.provider.read_intent(&intent.intent_id).await.unwrap().state, IntentState::Succeeded);
    // Posting the form again, as a reload would, shows the same page.
    let again = browser.post(page_of(&harness, &intent)).form(&form).send().await.unwrap();
    assert!(text(again).await.contains("The payment was received"));
}

#[tokio::test]
async fn a_browser_goes_through_the_second_step() {
    let harness = Harness::start().await;
    let intent = harness.intent().await;
    let browser = Client::new();
    let form = [("secret", secret(&intent)), ("card", "4000 0000 0000 3220".to_owned())];
    let asked = text(browser.post(page_of(&harness, &intent)).form(&form).send().await.unwrap()).await;
    assert!(asked.contains("One more step") && asked.contains("/second-step"));
    let step = format!("{}/second-step", page_of(&harness, &intent));
    let form = [("secret", secret(&intent)), ("approve", "false".to_owned())];
    let refused = text(browser.post(step).form(&form).send().await.unwrap()).await;
    assert!(refused.contains("authentication_failed") && refused.contains("name=\"card\""), "{refused}");
}

#[tokio::test]
async fn a_wrong_card_brings_the_form_back() {
    let harness = Harness::start().await;
    let intent = harness.intent().await;
    let form = [("secret", secret(&intent)), ("card", "<b>1234</b>".to_owned())];
    let answer = Client::new().post(page_of(&harness, &intent)).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::PAYMENT_REQUIRED);
    let html = text(answer).await;
    assert!(html.contains("none of the simulator&#39;s test cards") && html.contains("name=\"card\""), "{html}");
}

#[tokio::test]
async fn a_program_pays_by_json() {
    let harness = Harness::start().await;
    let intent = harness.intent().await;
    let client = Client::new();
    let body = json!({"secret": secret(&intent), "card": "4000000000003220"});
    let paid = client.post(page_of(&harness, &intent)).json(&body).send().await.unwrap();
    let state: Value = serde_json::from_str(&text(paid).await).unwrap();
    assert_eq!(state["state"], "requires_action");
    let step = format!("{}/second-step", page_of(&harness, &intent));
    let body = json!({"secret": secret(&intent), "approve": true});
    let approved = client.post(&step).json(&body).send().await.unwrap();
    let state: Value = serde_json::from_str(&text(approved).await).unwrap();
    assert_eq!(state["state"], "succeeded");
    let again = client.post(&step).json(&body).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::CONFLICT);
    let refusal: Value = serde_json::from_str(&text(again).await).unwrap();
    assert_eq!(refusal["error"]["code"], "intent_unexpected_state");
    assert_eq!(refusal["error"]["intent"]["state"], "succeeded");
}

#[tokio::test]
async fn the_delay_may_stand_in_the_address() {
    let harness = Harness::start().await;
    let intent = harness.intent().await;
    let body = json!({"secret": secret(&intent), "card": "4000000000000507"});
    let address = format!("{}?delay=0.2", page_of(&harness, &intent));
    let paid = Client::new().post(address).json(&body).send().await.unwrap();
    assert_eq!(paid.status(), StatusCode::OK);
    harness.until_state(&intent, IntentState::Succeeded).await;
    harness.until_kinds(&intent, &["intent.processing", "intent.succeeded"]).await;
}

#[tokio::test]
async fn without_the_secret_nothing_is_shown_or_paid() {
    let harness = Harness::start().await;
    let (intent, other) = (harness.intent().await, harness.intent().await);
    let client = Client::new();
    for wrong in [String::new(), "x".to_owned(), secret(&other)] {
        let shown = client.get(page_of(&harness, &intent)).query(&[("secret", &wrong)]).send().await.unwrap();
        assert_eq!(shown.status(), StatusCode::UNAUTHORIZED);
        assert!(!text(shown).await.contains("25.00"));
        let form = [("secret", wrong.as_str()), ("card", "4242424242424242")];
        let paid = client.post(page_of(&harness, &intent)).form(&form).send().await.unwrap();
        assert_eq!(paid.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(harness.provider.read_intent(&intent.intent_id).await.unwrap(), intent);
    let unknown = client.get(format!("{}/pay/pi_sim_x?secret=x", harness.base)).send().await.unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}
