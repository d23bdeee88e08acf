//! The OpenAPI document is complete and is the committed one.

use poem::test::TestClient;
use serde_json::Value;

/// What needs no account: browsing, asking for a price, coming in, and what has another proof of who calls.
const OPEN: [&str; 16] = [
    "getEvent",
    "getLiveness",
    "getReadiness",
    "getShow",
    "getShowAvailability",
    "getShowSeats",
    "followShowAvailability",
    "listCities",
    "listEvents",
    "listShows",
    "listTimes",
    "logIn",
    "quoteSeats",
    "receiveWebhook",
    "register",
    "renewSession",
];

#[test]
fn the_committed_document_is_what_the_code_says() {
    let committed = include_str!("../../../docs/openapi.json");
    assert!(committed == api::document(), "docs/openapi.json is not what the code says: run `make openapi`");
}

#[test]
fn every_operation_is_described_and_lists_its_problems() {
    let document: Value = serde_json::from_str(&api::document()).unwrap();
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            let name = format!("{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 5), "{name} has no summary");
            assert!(operation["operationId"].is_string(), "{name} has no id");
            assert!(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{name} has no tag");
            let public = OPEN.contains(&operation["operationId"].as_str().unwrap_or_default());
            assert_eq!(operation["security"].is_null(), public, "{name}: who may call it");
            if path.starts_with("/health/") {
                continue;
            }
            let problem = &operation["responses"]["500"]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem", "{name} does not tell of its problems");
        }
    }
    assert!(operations >= 15, "there are {operations} operations");
}

#[test]
fn whatever_makes_or_cancels_a_booking_needs_a_key() {
    let document: Value = serde_json::from_str(&api::document()).unwrap();
    for path in ["/api/v1/bookings", "/api/v1/bookings/{id}/cancel"] {
        let parameters = document["paths"][path]["post"]["parameters"].as_array().unwrap();
        let key = parameters.iter().find(|parameter| parameter["name"] == "Idempotency-Key").unwrap();
        assert_eq!(key["required"], true, "{path}");
        assert_eq!(key["in"], "header", "{path}");
    }
}

#[test]
fn as_many_seats_are_allocated_at_once_as_the_document_says() {
    let document: Value = serde_json::from_str(&api::document()).unwrap();
    let seats = &document["components"]["schemas"]["Allocation"]["properties"]["seatIds"];
    assert_eq!(seats["maxItems"].as_u64(), u64::try_from(app::show_plan::SEATS_AT_ONCE).ok());
}

#[test]
fn how_long_a_session_lasts_is_told_as_it_is() {
    let document: Value = serde_json::from_str(&api::document()).unwrap();
    let renewal = document["paths"]["/api/v1/sessions/renew"]["post"]["description"].as_str().unwrap();
    let page = include_str!("../../../docs/problems/unauthenticated.md");
    for (place, text) in [("renewSession", renewal), ("the page of unauthenticated", page)] {
        for seconds in [domain::limits::SESSION_SECONDS, domain::limits::SESSION_CAP_SECONDS] {
            let days = format!(" {}", seconds / (24 * 60 * 60));
            assert!(text.contains(&days), "{place} does not speak of{days} days: {text}");
        }
    }
}

#[tokio::test]
async fn the_document_and_its_user_interface_are_served() {
    let client = TestClient::new(api::endpoint(api::Options::default()));
    let document = client.get("/openapi.json").send().await;
    document.assert_status_is_ok();
    assert_eq!(document.json().await.value().object().get("info").object().get("title").string(), "boxoffice");
    let page = client.get("/docs").send().await;
    page.assert_status_is_ok();
    assert!(page.0.into_body().into_string().await.unwrap().contains("swagger"));
}
