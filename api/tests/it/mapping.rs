//! Every error of a use case has one status and one code.

use std::fs;
use std::path::{Path, PathBuf};

use api::problem::Problem;
use api::problem_kind::ProblemKind;
use app::AppError;
use domain::booking_state::FailureReason;
use domain::ids::SeatId;
use domain::show::NotOnSale;
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn every_error_of_a_use_case_has_its_status_and_code() {
    let seat = SeatId::new(Uuid::from_u128(7));
    check(invalid("empty_seats"), 422, "empty_seats", json!({"field": "seatIds"})).await;
    check(invalid("too_many_seats"), 422, "too_many_seats", json!({"field": "seatIds"})).await;
    check(invalid("duplicate_seat"), 422, "duplicate_seat", json!({"field": "seatIds"})).await;
    check(invalid("seats_unknown"), 422, "seats_unknown", json!({"field": "seatIds"})).await;
    check(invalid("show_unknown"), 422, "show_unknown", json!({"field": "seatIds"})).await;
    check(invalid("note_missing"), 422, "note_missing", json!({"field": "seatIds"})).await;
    check(invalid("invalid_parameter"), 400, "invalid_parameter", json!({"field": "seatIds"})).await;
    check(AppError::NotFound { what: "booking" }, 404, "not_found", json!({})).await;
    let taken = AppError::SeatsTaken { seat_ids: vec![seat] };
    check(taken, 409, "seats_taken", json!({"field": "seatIds", "seatIds": [seat.to_string()]})).await;
    let sold = AppError::SeatsOfSomebody { seat_ids: vec![seat] };
    check(sold, 409, "seats_taken", json!({"field": "seatIds", "seatIds": [seat.to_string()]})).await;
    let stranded = AppError::SeatsStranded { seat_ids: vec![seat] };
    check(stranded, 409, "seats_stranded", json!({"field": "seatIds", "seatIds": [seat.to_string()]})).await;
    check(AppError::NotTogether { largest: 3 }, 409, "not_together", json!({"field": "best", "limit": 3})).await;
    check(AppError::NotOnSale { why: NotOnSale::NotYet }, 409, "not_on_sale", json!({"reason": "not_yet"})).await;
    check(AppError::TooManyHolds { limit: 2 }, 409, "too_many_holds", json!({"limit": 2})).await;
    check(AppError::KeyReused, 422, "idempotency_key_reused", json!({"field": "Idempotency-Key"})).await;
    let expired = AppError::WrongState { what: "booking", state: "expired", wish: "cancelled" };
    check(expired, 409, "wrong_state", json!({})).await;
    let failed = AppError::BookingFailed { reason: FailureReason::PaymentUnavailable };
    check(failed, 409, "booking_failed", json!({"reason": "payment_unavailable"})).await;
    check(AppError::Unauthenticated { problem: "expired" }, 401, "unauthenticated", json!({})).await;
    check(AppError::Forbidden { role: "admin" }, 403, "forbidden", json!({})).await;
    check(AppError::WebhookRefused { problem: "stale".to_owned() }, 400, "webhook_refused", json!({})).await;
    check(AppError::Unavailable { part: "engine", source: "secret".into() }, 503, "unavailable", json!({})).await;
    check(AppError::Internal { source: "secret".into() }, 500, "internal", json!({})).await;
}

#[test]
fn every_code_that_a_use_case_makes_up_has_a_kind() {
    let mut codes = Vec::new();
    for file in files_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/src")) {
        let text = fs::read_to_string(file).unwrap();
        for call in text.split("AppError::invalid(").skip(1) {
            // The field is the first argument and the code the second, where it is not put together elsewhere.
            let code = call.split(',').nth(1).unwrap_or_default().trim();
            codes.extend(code.strip_prefix('"').and_then(|code| code.strip_suffix('"')).map(str::to_owned));
        }
    }
    assert!(codes.len() >= 4, "the sources of the use cases were not understood: {codes:?}");
    for code in codes {
        assert!(ProblemKind::find(&code).is_some(), "`{code}` has no kind of problem and no page");
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn waiting_and_credentials_are_told_by_headers() {
    let away = Problem::from(AppError::Unavailable { part: "engine", source: "x".into() }).answer("/", "r");
    assert_eq!(away.header("Retry-After"), Some("1"));
    let unknown = Problem::from(AppError::Unauthenticated { problem: "invalid" }).answer("/", "r");
    assert_eq!(unknown.header("WWW-Authenticate"), Some("Bearer"));
    let missing = Problem::from(AppError::NotFound { what: "show" }).answer("/", "r");
    assert_eq!(missing.header("Retry-After"), None);
}

fn invalid(code: &'static str) -> AppError {
    AppError::Invalid { field: "seatIds", code, problem: "it is wrong".to_owned() }
}

async fn check(error: AppError, status: u16, code: &str, members: Value) {
    let response = Problem::from(error).answer("/api/v1/bookings", "req-1");
    assert_eq!(response.status().as_u16(), status, "{code}");
    assert_eq!(response.content_type(), Some("application/problem+json"));
    let text = response.into_body().into_string().await.unwrap();
    assert!(!text.contains("secret"), "the cause is not for the caller: {text}");
    let mut body: Value = serde_json::from_str(&text).unwrap();
    let body = body.as_object_mut().unwrap();
    assert_eq!(body.remove("code"), Some(json!(code)));
    assert_eq!(body.remove("status"), Some(json!(status)));
    assert_eq!(body.remove("type"), Some(json!(format!("/problems/{code}"))));
    assert_eq!(body.remove("instance"), Some(json!("/api/v1/bookings")));
    assert_eq!(body.remove("requestId"), Some(json!("req-1")));
    assert!(body.remove("title").is_some_and(|title| title.is_string()));
    assert!(body.remove("detail").is_some_and(|detail| detail.is_string()));
    assert_eq!(&Value::Object(body.clone()), &members, "{code}");
}
