//! Whatever goes wrong before a use case is reached is a problem too, and every answer has its headers.

use api::{Options, REQUEST_ID, endpoint};
use poem::http::Method;
use poem::test::{TestClient, TestResponse};
use poem::{Endpoint, Response};
use serde_json::Value;

fn client() -> TestClient<impl Endpoint<Output = Response>> {
    TestClient::new(endpoint(Options::default()))
}

#[tokio::test]
async fn an_unknown_address_is_a_problem() {
    let body = is_problem(client().get("/api/v1/boookings?x=1").send().await, 404, "unknown_route").await;
    assert_eq!(body["instance"], "/api/v1/boookings");
    for path in ["/", "/api/v1/boookings", "/api/v2/bookings", "/webhooks", "/problems", "/api/v1/bookings/x/y"] {
        is_problem(client().get(path).send().await, 404, "unknown_route").await;
    }
}

#[tokio::test]
async fn an_unknown_method_is_told_the_known_ones() {
    for (path, allow) in [
        ("/api/v1/bookings", "POST, GET"),
        ("/api/v1/bookings/bkg_1", "GET"),
        ("/api/v1/bookings/bkg_1/cancel", "POST"),
        ("/webhooks/simulator", "POST"),
        ("/openapi.json", "GET"),
    ] {
        let response = client().request(Method::DELETE, path).send().await;
        response.assert_header("Allow", allow);
        is_problem(response, 405, "method_not_allowed").await;
    }
}

#[tokio::test]
async fn a_caller_without_a_token_is_refused_before_anything_is_read() {
    for path in ["/api/v1/bookings", "/api/v1/bookings/x", "/api/v1/bookings/x/timeline", "/api/v1/admin/locks"] {
        let response = client().get(path).send().await;
        response.assert_header("WWW-Authenticate", "Bearer");
        is_problem(response, 401, "unauthenticated").await;
    }
    let response = client().post("/api/v1/bookings").content_type("application/json").body("{").send().await;
    is_problem(response, 401, "unauthenticated").await;
    let basic = client().get("/api/v1/bookings").header("Authorization", "Basic YTpi").send().await;
    is_problem(basic, 401, "unauthenticated").await;
}

#[tokio::test]
async fn a_huge_body_is_refused_whether_it_says_so_or_not() {
    let bytes = vec![b'x'; 64 * 1024 + 1];
    let silent = client().post("/api/v1/bookings").body(bytes.clone()).send().await;
    let body = is_problem(silent, 413, "body_too_large").await;
    assert_eq!(body["limit"], 65_536);
    let boasting = client().post("/api/v1/bookings").header("Content-Length", "99999999999").body("x").send().await;
    is_problem(boasting, 413, "body_too_large").await;
    let import = client().post("/api/v1/partners/x/imports").body(vec![b'x'; 8 * 1024 * 1024 + 1]).send().await;
    assert_eq!(is_problem(import, 413, "body_too_large").await["limit"], 8_388_608);
    let allocations = "/api/v1/shows/x/allocations";
    let allocation = client().post(allocations).body(vec![b'x'; 8 * 1024 * 1024 + 1]).send().await;
    assert_eq!(is_problem(allocation, 413, "body_too_large").await["limit"], 8_388_608);
    let large_hall = client().post(allocations).body(bytes).send().await;
    is_problem(large_hall, 401, "unauthenticated").await;
    let webhook = client().post("/webhooks/simulator").body(vec![b'x'; 256 * 1024 + 1]).send().await;
    assert_eq!(is_problem(webhook, 413, "body_too_large").await["limit"], 262_144);
}

#[tokio::test]
async fn a_defect_is_told_without_its_cause() {
    // An endpoint without use cases is a defect wherever one is needed.
    let response = client().get("/api/v1/shows/x").send().await;
    let body = is_problem(response, 500, "internal").await;
    assert!(!body.to_string().contains("App"), "{body}");
}

#[tokio::test]
async fn a_request_id_is_taken_over_or_made() {
    let given = client().get("/nowhere").header(REQUEST_ID, "order-17/try.2").send().await;
    given.assert_header(REQUEST_ID, "order-17/try.2");
    assert_eq!(is_problem(given, 404, "unknown_route").await["requestId"], "order-17/try.2");
    for bad in ["", "two words", "<script>", &"x".repeat(129)] {
        let made = client().get("/health/live").header(REQUEST_ID, bad).send().await;
        let id = made.0.header(REQUEST_ID).unwrap();
        assert!(id != bad && id.len() == 36, "{id}");
    }
}

#[tokio::test]
async fn browsers_are_told_to_be_careful() {
    let response = client().get("/api/v1/bookings").send().await;
    response.assert_header("X-Content-Type-Options", "nosniff");
    response.assert_header("X-Frame-Options", "DENY");
    response.assert_header("Cache-Control", "no-store");
    response.assert_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    let page = client().get("/docs").send().await;
    page.assert_header_is_not_exist("Content-Security-Policy");
}

#[tokio::test]
async fn other_pages_may_call_only_where_they_are_listed() {
    let off = client().get("/health/live").header("Origin", "https://tickets.example").send().await;
    off.assert_status_is_ok();
    off.assert_header_is_not_exist("Access-Control-Allow-Origin");

    let options = || Options { cors_origins: vec!["https://tickets.example".to_owned()], ..Options::default() };
    let on = TestClient::new(endpoint(options()));
    let allowed = on.get("/health/live").header("Origin", "https://tickets.example").send().await;
    allowed.assert_header("Access-Control-Allow-Origin", "https://tickets.example");
    let refused = on.get("/health/live").header("Origin", "https://evil.example").send().await;
    is_problem(refused, 403, "origin_not_allowed").await;
    let explained = on.get("/nowhere").header("Origin", "https://tickets.example").send().await;
    explained.assert_header("Access-Control-Allow-Origin", "https://tickets.example");
    is_problem(explained, 404, "unknown_route").await;
}

#[tokio::test]
async fn the_process_says_that_it_lives() {
    let response = client().get("/health/live").send().await;
    response.assert_status_is_ok();
    response.assert_json(serde_json::json!({"process": "up"})).await;
}

async fn is_problem(response: TestResponse, status: u16, code: &str) -> Value {
    assert_eq!(response.0.status().as_u16(), status, "{code}");
    response.assert_content_type("application/problem+json");
    let id = response.0.header(REQUEST_ID).unwrap().to_owned();
    let body: Value = response.0.into_body().into_json().await.unwrap();
    assert_eq!(body["code"], code, "{body}");
    assert_eq!(body["status"], status, "{body}");
    assert_eq!(body["requestId"], id, "{body}");
    assert!(body["instance"].as_str().is_some_and(|path| path.starts_with('/')), "{body}");
    body
}
