//! Accounts, sessions and members over HTTP.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::TestApp;
use testkit::catalogue::{LONG_HOLD, seat};
use testkit::person::{PASSWORD, Person, send};

use crate::planning::is;

#[tokio::test(flavor = "multi_thread")]
async fn somebody_registers_books_logs_out_and_in_again() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let me = ada.send(Method::GET, "/me", None).await;
    assert_eq!((&me.body["email"], &me.body["isAdmin"]), (&json!(ada.email), &json!(false)));
    let contact = ada.send(Method::GET, "/me/contact", None).await;
    assert_eq!(contact.body["email"], json!(ada.email), "mail goes where they registered from");

    let wish = json!({ "showId": LONG_HOLD, "seatIds": [seat(0)] });
    let request = ada.request(Method::POST, "/bookings").header("Idempotency-Key", "first");
    let booked = app.buyer().send(request.json(&wish)).await;
    assert_eq!(booked.status, StatusCode::CREATED, "{booked:?}");
    assert_eq!(booked.body["customerId"], json!(ada.customer_id));
    let seen = ada.send(Method::GET, &format!("/bookings/{}", booked.booking_id()), None).await;
    assert_eq!((seen.status, &seen.body["id"]), (StatusCode::OK, &booked.body["id"]));
    let cancelling = ada.request(Method::POST, &format!("/bookings/{}/cancel", booked.booking_id()));
    let cancelled = app.buyer().send(cancelling.header("Idempotency-Key", "second")).await;
    assert!(cancelled.status.is_success(), "{cancelled:?}");

    assert_eq!(ada.renew().await.status, StatusCode::OK);
    let sessions = ada.send(Method::GET, "/me/sessions", None).await;
    assert_eq!(sessions.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(sessions.body["items"][0]["isCurrent"], json!(true));
    assert_eq!(ada.send(Method::POST, "/me/log-out", None).await.status, StatusCode::NO_CONTENT);
    is(&ada.renew().await, StatusCode::UNAUTHORIZED, "unauthenticated");
    // What the token says is believed by reads for the minutes that it lasts, and by nothing else.
    assert_eq!(ada.send(Method::GET, "/bookings", None).await.status, StatusCode::OK);
    let refused = ada.send(Method::PUT, "/me/contact", Some(json!({ "name": "A", "email": "a@example.org" }))).await;
    is(&refused, StatusCode::UNAUTHORIZED, "unauthenticated");

    let again = json!({ "email": ada.email.to_uppercase(), "password": PASSWORD });
    let entered = send(&app, Method::POST, "/sessions", None, Some(again)).await;
    assert_eq!((entered.status, &entered.body["customerId"]), (StatusCode::CREATED, &json!(ada.customer_id)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_words_are_refused_and_nothing_is_told() {
    let app = TestApp::start().await;
    let ada = Person::register(&app).await;
    let enter = |email: String, password: &str| {
        let body = json!({ "email": email, "password": password });
        let app = &app;
        async move { send(app, Method::POST, "/sessions", None, Some(body)).await }
    };
    let wrong = enter(ada.email.clone(), "a stage in the new town").await;
    is(&wrong, StatusCode::UNAUTHORIZED, "wrong_credentials");
    let unknown = enter("nobody@example.org".to_owned(), PASSWORD).await;
    is(&unknown, StatusCode::UNAUTHORIZED, "wrong_credentials");
    assert_eq!(wrong.body["detail"], unknown.body["detail"]);

    let register = |email: &str, password: &str| {
        let body = json!({ "name": "Eve", "email": email, "password": password });
        let app = &app;
        async move { send(app, Method::POST, "/accounts", None, Some(body)).await }
    };
    is(&register(&ada.email.to_uppercase(), PASSWORD).await, StatusCode::CONFLICT, "email_taken");
    for weak in ["short", "aaaaaaaaaaaaaaaa", "password1234567890"] {
        let refused = register("eve@example.org", weak).await;
        is(&refused, StatusCode::UNPROCESSABLE_ENTITY, "weak_password");
        assert_eq!(refused.body["field"], "password");
        assert!(!refused.body.to_string().contains(weak), "a password is shown: {refused:?}");
    }
    is(&register("not an address", PASSWORD).await, StatusCode::BAD_REQUEST, "invalid_body");

    // Whoever guesses is slowed down, however they spell the address.
    let mut last = wrong;
    for guess in 0..12 {
        let email = if guess % 2 == 0 { ada.email.to_uppercase() } else { ada.email.clone() };
        last = enter(email, "another wrong password").await;
    }
    is(&last, StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
    let wait: u64 = last.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=31).contains(&wait), "{last:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_wrong_passwords_lock_an_address_out_and_open_sessions_go_on() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let email = ada.email.clone();
    let enter = async |password: &str| {
        let body = json!({ "email": email, "password": password });
        send(&app, Method::POST, "/sessions", None, Some(body)).await
    };
    for _ in 0..12 {
        assert_eq!(enter(PASSWORD).await.status, StatusCode::CREATED, "who knows the password may come in often");
    }
    for _ in 0..10 {
        is(&enter("a stage in the new town").await, StatusCode::UNAUTHORIZED, "wrong_credentials");
    }
    let locked_out = enter(PASSWORD).await;
    is(&locked_out, StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
    assert_eq!(ada.renew().await.status, StatusCode::OK);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_password_ends_every_session() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let elsewhere = json!({ "email": ada.email, "password": PASSWORD });
    let phone = send(&app, Method::POST, "/sessions", None, Some(elsewhere)).await;
    assert_eq!(phone.status, StatusCode::CREATED);
    let wrong = json!({ "currentPassword": "it was another one", "newPassword": "a balcony by the river" });
    is(&ada.send(Method::PUT, "/me/password", Some(wrong)).await, StatusCode::UNAUTHORIZED, "wrong_credentials");

    let change = json!({ "currentPassword": PASSWORD, "newPassword": "a balcony by the river" });
    let changed = ada.send(Method::PUT, "/me/password", Some(change)).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    is(&ada.renew().await, StatusCode::UNAUTHORIZED, "unauthenticated");
    let token = json!({ "sessionToken": phone.body["sessionToken"] });
    let stolen = send(&app, Method::POST, "/sessions/renew", None, Some(token)).await;
    is(&stolen, StatusCode::UNAUTHORIZED, "unauthenticated");
    ada.session_token = changed.body["sessionToken"].as_str().unwrap().to_owned();
    assert_eq!(ada.renew().await.status, StatusCode::OK);

    let other = changed.body["session"]["id"].as_str().unwrap();
    let eve = Person::register(&app).await;
    let refused = eve.send(Method::DELETE, &format!("/me/sessions/{other}"), None).await;
    is(&refused, StatusCode::NOT_FOUND, "not_found");
    let ended = ada.send(Method::DELETE, &format!("/me/sessions/{other}"), None).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    is(&ada.renew().await, StatusCode::UNAUTHORIZED, "unauthenticated");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_has_members_and_always_an_owner() {
    let app = TestApp::start().await;
    let (mut ada, mut bob) = (Person::register(&app).await, Person::register(&app).await);
    let partner = ada.found("The Old Stage").await;
    let members = format!("/partners/{partner}/members");
    is(&bob.send(Method::GET, &members, None).await, StatusCode::NOT_FOUND, "not_found");

    let unknown = json!({ "email": "nobody@example.org", "role": "staff" });
    let refused = ada.send(Method::PUT, &members, Some(unknown)).await;
    is(&refused, StatusCode::UNPROCESSABLE_ENTITY, "account_unknown");
    let staff = json!({ "email": bob.email, "role": "staff" });
    assert_eq!(ada.send(Method::PUT, &members, Some(staff.clone())).await.status, StatusCode::NO_CONTENT);
    let seen = bob.send(Method::GET, &members, None).await;
    assert_eq!(seen.body["items"].as_array().unwrap().len(), 2, "{seen:?}");
    is(&bob.send(Method::PUT, &members, Some(staff)).await, StatusCode::FORBIDDEN, "forbidden");
    let theirs = bob.send(Method::GET, "/partners", None).await;
    assert_eq!(theirs.body["items"][0]["role"], "staff");
    let renewed = bob.renew().await;
    assert!(renewed.body["roles"].as_array().unwrap().contains(&json!("partner")), "{renewed:?}");

    let demote = json!({ "email": ada.email, "role": "staff" });
    is(&ada.send(Method::PUT, &members, Some(demote)).await, StatusCode::CONFLICT, "last_owner");
    let myself = format!("{members}/{}", ada.customer_id);
    is(&ada.send(Method::DELETE, &myself, None).await, StatusCode::CONFLICT, "last_owner");
    let leave = format!("{members}/{}", bob.customer_id);
    assert_eq!(bob.send(Method::DELETE, &leave, None).await.status, StatusCode::NO_CONTENT);
    is(&bob.send(Method::GET, &members, None).await, StatusCode::NOT_FOUND, "not_found");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_made_at_the_servers_and_unmade_at_once() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    is(&ada.send(Method::GET, "/admin/locks", None).await, StatusCode::FORBIDDEN, "forbidden");
    let email = domain::contact::EmailAddress::parse(&ada.email).unwrap();
    assert!(app.store.set_admin(&email, true).await.unwrap());
    ada.renew().await;
    assert_eq!(ada.send(Method::GET, "/admin/locks", None).await.status, StatusCode::OK);

    let repair = format!("/admin/bookings/{}/repair", app.buyer().booking_for("none"));
    let note = json!({ "action": "retry", "note": "try once more" });
    let allowed = ada.send(Method::POST, &repair, Some(note.clone())).await;
    is(&allowed, StatusCode::NOT_FOUND, "not_found");
    assert!(app.store.set_admin(&email, false).await.unwrap());
    is(&ada.send(Method::POST, &repair, Some(note)).await, StatusCode::FORBIDDEN, "forbidden");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn others_can_check_whom_a_token_stands_for() {
    let app = TestApp::start().await;
    let ada = Person::register(&app).await;
    let url = format!("{}/.well-known/jwks.json", app.addresses.api);
    let keys: jsonwebtoken::jwk::JwkSet = app.world.http().get(url).send().await.unwrap().json().await.unwrap();
    let header = jsonwebtoken::decode_header(&ada.access_token).unwrap();
    let key = keys.find(&header.kid.unwrap()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
    let validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    let read = jsonwebtoken::decode::<Value>(&ada.access_token, &key, &validation).unwrap();
    assert_eq!(read.claims["sub"], json!(ada.customer_id));
    let lasts = read.claims["exp"].as_i64().unwrap() - read.claims["iat"].as_i64().unwrap();
    assert_eq!(lasts, 15 * 60);
    app.finish().await;
}
