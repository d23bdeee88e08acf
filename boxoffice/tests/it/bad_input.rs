//! Requests that cannot be right: each a problem with a code and a field, never a 5xx, nothing left behind.

use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::catalogue::{CALLED_OFF, CLOSED, LONG_HOLD, NOT_YET, OVER, seat};
use testkit::{Answer, TestApp};

async fn post(app: &TestApp, key: Option<&str>, body: String) -> Answer {
    let buyer = app.buyer();
    let mut request = buyer.post("/bookings").header("Content-Type", "application/json").body(body);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    buyer.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_right_is_refused_by_name_and_leaves_nothing() {
    let app = TestApp::start().await;
    let unknown_seat = "sea_ffffffffffffffffffffffffffffffff";
    let unknown_show = "sho_ffffffffffffffffffffffffffffffff";
    let eleven: Vec<_> = (0..11).map(seat).collect();
    let wish = |show: Value, seats: Value| json!({ "showId": show, "seatIds": seats }).to_string();
    let table: Vec<(&str, String, u16, &str, Option<&str>)> = vec![
        ("no seats", wish(json!(LONG_HOLD), json!([])), 422, "empty_seats", Some("seatIds")),
        ("a seat twice", wish(json!(LONG_HOLD), json!([seat(0), seat(0)])), 422, "duplicate_seat", Some("seatIds")),
        ("eleven seats", wish(json!(LONG_HOLD), json!(eleven)), 422, "too_many_seats", Some("seatIds")),
        ("an unknown seat", wish(json!(LONG_HOLD), json!([unknown_seat])), 422, "seats_unknown", Some("seatIds")),
        ("an unknown show", wish(json!(unknown_show), json!([seat(0)])), 422, "show_unknown", Some("showId")),
        ("a show that is over", wish(json!(OVER), json!([seat(0)])), 409, "not_on_sale", None),
        ("a cancelled show", wish(json!(CALLED_OFF), json!([seat(0)])), 409, "not_on_sale", None),
        ("a show not on sale yet", wish(json!(NOT_YET), json!([seat(0)])), 409, "not_on_sale", None),
        ("a show no longer on sale", wish(json!(CLOSED), json!([seat(0)])), 409, "not_on_sale", None),
        ("no show", json!({ "seatIds": [seat(0)] }).to_string(), 400, "invalid_body", Some("showId")),
        ("a show that is no id", wish(json!("tonight"), json!([seat(0)])), 400, "invalid_id", Some("showId")),
        ("seats that are no list", wish(json!(LONG_HOLD), json!("A1")), 400, "invalid_body", Some("seatIds")),
        ("not JSON", "{\"showId\":".to_owned(), 400, "malformed_json", None),
        ("an empty body", String::new(), 400, "malformed_json", None),
        ("a huge body", "x".repeat(1024 * 1024), 413, "body_too_large", None),
        // More than the sockets of both sides keep: whoever sends it is still sending when it is refused.
        ("an endless body", "x".repeat(24 * 1024 * 1024), 413, "body_too_large", None),
        ("deep JSON", "[".repeat(10_000), 400, "malformed_json", None),
    ];
    for (name, body, status, code, field) in table {
        let refused = post(&app, Some("a-key"), body).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (status, code), "{name}: {refused:?}");
        assert_eq!(refused.headers["content-type"], "application/problem+json", "{name}");
        if let Some(field) = field {
            let named = refused.body["field"].as_str().unwrap_or_default();
            assert!(named.starts_with(field), "{name} names {field}: {refused:?}");
        }
    }
    assert!(app.engine.open_sagas().await.unwrap().is_empty(), "no saga was started");
    let locks = app.app.locked_seats(&admin()).await.unwrap();
    assert!(locks.is_empty(), "no lock is left: {locks:?}");
    // The key was used for refusals only, and is as good as new.
    let buyer = app.buyer();
    let booked = buyer.book_with("a-key", LONG_HOLD, &[seat(0)]).await;
    assert_eq!(booked.status, StatusCode::CREATED);
    buyer.cancel(booked.booking_id()).await;
    app.finish().await;
}

fn admin() -> app::identity::Caller {
    let customer_id = domain::ids::CustomerId::new(uuid::Uuid::new_v4());
    app::identity::Caller::with_roles(customer_id, &[app::identity::Role::Admin])
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_tokens_are_asked_for() {
    let app = TestApp::start().await;
    let wish = json!({ "showId": LONG_HOLD, "seatIds": [seat(0)] }).to_string();
    assert_eq!(post(&app, None, wish.clone()).await.code(), "idempotency_key_missing");
    assert_eq!(post(&app, Some(&"k".repeat(256)), wish.clone()).await.code(), "idempotency_key_invalid");

    let buyer = app.buyer();
    let anonymous = app.world.http().post(format!("{}/api/v1/bookings", app.addresses.api)).body(wish);
    let refused = buyer.send(anonymous).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::UNAUTHORIZED, "unauthenticated"));
    let forged = app.world.http().get(format!("{}/api/v1/bookings", app.addresses.api)).bearer_auth("not.a.token");
    assert_eq!(buyer.send(forged).await.code(), "unauthenticated");

    for (path, code) in [
        ("/bookings?limit=0", "invalid_parameter"),
        ("/bookings?limit=1000", "invalid_parameter"),
        ("/bookings?cursor=nonsense", "invalid_parameter"),
        ("/bookings?state=lost", "invalid_parameter"),
        ("/bookings/not-an-id", "invalid_id"),
        ("/bookings/bkg_ffffffffffffffffffffffffffffffff", "not_found"),
        ("/nothing/here", "unknown_route"),
    ] {
        let refused = buyer.send(buyer.get(path)).await;
        assert!(refused.status.is_client_error(), "{path}: {refused:?}");
        assert_eq!(refused.code(), code, "{path}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_open_booking_of_one_show_is_refused() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    for number in 0..2 {
        assert_eq!(buyer.book(LONG_HOLD, &[seat(number)]).await.status, StatusCode::CREATED);
    }
    let third = buyer.book(LONG_HOLD, &[seat(2)]).await;
    assert_eq!((third.status, third.code()), (StatusCode::CONFLICT, "too_many_holds"));
    assert_eq!(app.buyer().book(LONG_HOLD, &[seat(2)]).await.status, StatusCode::CREATED, "nothing was held");
    app.stop().await.check(None, checker::Quiet::Running).await;
}
