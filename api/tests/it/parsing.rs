//! Bodies, keys and ids that cannot be right are refused by code and field.

use api::admin::RepairIn;
use api::body::{self, ReadBody};
use api::booking::BookingIn;
use api::id::Id;
use api::idempotency;
use api::problem::Problem;
use domain::ids::{BookingId, ShowId};
use serde_json::Value;

const SHOW: &str = "sho_018f3c520c7e4d0a9a551d2cb0f177e1";

#[tokio::test]
async fn a_booking_is_read_field_by_field() {
    assert!(body::read::<BookingIn>(format!(r#"{{"showId":"{SHOW}","seatIds":[]}}"#).as_bytes()).is_ok());
    refuses::<BookingIn>("", "malformed_json", None).await;
    refuses::<BookingIn>("{", "malformed_json", None).await;
    refuses::<BookingIn>("\u{0}", "malformed_json", None).await;
    refuses::<BookingIn>(&"[".repeat(10_000), "malformed_json", None).await;
    refuses::<BookingIn>("[]", "invalid_body", None).await;
    refuses::<BookingIn>("null", "invalid_body", None).await;
    refuses::<BookingIn>("{}", "invalid_body", Some("showId")).await;
    refuses::<BookingIn>(r#"{"showId":7,"seatIds":[]}"#, "invalid_body", Some("showId")).await;
    refuses::<BookingIn>(r#"{"showId":"x","best":{"count":0}}"#, "invalid_body", Some("best")).await;
    refuses::<BookingIn>(r#"{"showId":"x","best":{"count":2,"row":"A"}}"#, "invalid_body", Some("best")).await;
    refuses::<BookingIn>(r#"{"showId":"x","seatIds":"y"}"#, "invalid_body", Some("seatIds")).await;
    refuses::<BookingIn>(r#"{"showId":"x","seatIds":[1]}"#, "invalid_body", Some("seatIds")).await;
    refuses::<BookingIn>(r#"{"showId":"x","seatIds":[],"price":1}"#, "invalid_body", Some("price")).await;
}

#[tokio::test]
async fn a_repair_is_read_field_by_field() {
    assert!(body::read::<RepairIn>(br#"{"action":"retry","note":"again"}"#).is_ok());
    assert!(body::read::<RepairIn>(br#"{"action":"resolve","end":"cancelled","note":"by hand"}"#).is_ok());
    refuses::<RepairIn>(r#"{"action":"sell","note":"x"}"#, "invalid_body", Some("action")).await;
    refuses::<RepairIn>(r#"{"action":"resolve","end":"confirmed","note":"x"}"#, "invalid_body", Some("end")).await;
    refuses::<RepairIn>(r#"{"action":"retry","end":"expired","note":"x"}"#, "invalid_body", Some("end")).await;
    refuses::<RepairIn>(r#"{"action":"retry"}"#, "invalid_body", Some("note")).await;
    refuses::<RepairIn>(r#"{"action":"retry","note":"\u0000"}"#, "invalid_body", Some("note")).await;
    let long = format!(r#"{{"action":"retry","note":"{}"}}"#, "x".repeat(1001));
    refuses::<RepairIn>(&long, "invalid_body", Some("note")).await;
}

#[tokio::test]
async fn a_key_is_one_header_of_visible_characters() {
    assert_eq!(idempotency::read([b"order-17".as_slice()]).unwrap().0.as_str(), "order-17");
    assert!(idempotency::read([[b'x'; 255].as_slice()]).is_ok());
    let header = Some("Idempotency-Key");
    problem_of(idempotency::read([]).unwrap_err(), "idempotency_key_missing", header).await;
    for bad in [b"".as_slice(), b"two words", b"\xc3\xa4", b"\xff", [b'x'; 256].as_slice()] {
        problem_of(idempotency::read([bad]).unwrap_err(), "idempotency_key_invalid", header).await;
    }
    let twice = [b"a".as_slice(), b"a"];
    problem_of(idempotency::read(twice).unwrap_err(), "idempotency_key_invalid", header).await;
}

#[tokio::test]
async fn an_id_of_another_kind_is_refused() {
    assert!(Id::<ShowId>::new(SHOW).parse("showId").is_ok());
    for bad in [SHOW, "", "bkg_", "bkg_018F3C520C7E4D0A9A551D2CB0F177E1", "42"] {
        problem_of(Id::<BookingId>::new(bad).parse("id").unwrap_err(), "invalid_id", Some("id")).await;
    }
}

async fn refuses<T: ReadBody>(text: &str, code: &str, field: Option<&str>) {
    match body::read::<T>(text.as_bytes()) {
        Ok(_) => panic!("{text} was read"),
        Err(problem) => problem_of(problem, code, field).await,
    }
}

async fn problem_of(problem: Problem, code: &str, field: Option<&str>) {
    let response = problem.answer("/", "r");
    assert_eq!(response.status().as_u16(), 400);
    let body: Value = response.into_body().into_json().await.unwrap();
    assert_eq!(body["code"], code, "{body}");
    assert_eq!(body["field"].as_str(), field, "{body}");
}
