//! What nobody needs any more is deleted, and nothing that somebody does.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::SeatId;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::faults::Gate;
use testkit::person::{Person, send};
use testkit::{Fault, TestApp, TestSettings, eventually};

use crate::planning::{HALL, Sale, is, of_row, prices, put_on};

const SOON: Duration = Duration::from_secs(60);

async fn sale(owner: &mut Person<'_>) -> Sale {
    put_on(owner, HALL, json!({ "prices": prices() })).await
}

/// The seats of the first row of a show.
async fn first_row(owner: &Person<'_>, show: &str) -> Vec<SeatId> {
    let seats = owner.send(Method::GET, &format!("{show}/seats"), None).await;
    of_row(&seats, "A").iter().map(|seat| seat.parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hall_is_renamed_by_its_partner() {
    let app = TestApp::start().await;
    let (mut ada, mut eve) = (Person::register(&app).await, Person::register(&app).await);
    let sale = sale(&mut ada).await;
    eve.found("Another Stage").await;
    let halls = ada.send(Method::GET, &format!("/venues/{}/halls", sale.venue), None).await;
    let hall = format!("/halls/{}", halls.body["items"][0]["id"].as_str().unwrap());

    let seen = ada.send(Method::GET, &hall, None).await;
    assert_eq!((seen.status, &seen.body), (StatusCode::OK, &halls.body["items"][0]), "{seen:?}");
    let tag = seen.headers["etag"].to_str().unwrap();
    let map = ada.send(Method::GET, &format!("{hall}/seat-map"), None).await;
    assert_eq!(map.headers["etag"], tag, "a hall and its seats are one thing");
    let name = |name: &str| json!({ "name": name });
    let renamed = ada.send_if_match(Method::PUT, &hall, tag, &name("Great")).await;
    assert_eq!((renamed.status, &renamed.body["name"]), (StatusCode::OK, &json!("Great")), "{renamed:?}");
    assert_eq!((&renamed.body["seats"], &renamed.body["id"]), (&json!(52), &seen.body["id"]));
    assert_ne!(renamed.headers["etag"], tag);
    let lost = ada.send_if_match(Method::PUT, &hall, tag, &name("Small")).await;
    is(&lost, StatusCode::PRECONDITION_FAILED, "changed");
    assert_eq!(ada.send(Method::PUT, &hall, Some(name("Grand"))).await.status, StatusCode::OK, "whoever does not ask");
    let blank = ada.send(Method::PUT, &hall, Some(name(" "))).await;
    is(&blank, StatusCode::UNPROCESSABLE_ENTITY, "invalid_value");
    assert_eq!(blank.body["field"], "name");
    let shown = ada.send(Method::GET, &format!("/shows/{}", sale.show_id), None).await;
    assert_eq!(shown.body["hall"]["name"], "Grand", "{shown:?}");

    for (method, body) in [(Method::GET, None), (Method::PUT, Some(name("Theirs"))), (Method::DELETE, None)] {
        is(&eve.send(method, &hall, body).await, StatusCode::NOT_FOUND, "not_found");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_needs_goes_and_what_it_has_goes_with_it() {
    let app = TestApp::start().await;
    let (mut ada, mut eve) = (Person::register(&app).await, Person::register(&app).await);
    let sale = sale(&mut ada).await;
    eve.found("Another Stage").await;
    let show = format!("/shows/{}", sale.show_id);
    let shown = ada.send(Method::GET, &show, None).await;
    let [event, hall] = ["event", "hall"].map(|what| format!("/{what}s/{}", shown.body[what]["id"].as_str().unwrap()));
    let venue = format!("/venues/{}", sale.venue);
    let block = json!({ "action": "block", "seatIds": first_row(&ada, &show).await });
    assert_eq!(
        ada.send(Method::POST, &format!("{show}/allocations"), Some(block)).await.status,
        StatusCode::NO_CONTENT
    );
    let followed = send(&app, Method::GET, &format!("{show}/availability"), None, None).await;
    assert_eq!(followed.status, StatusCode::OK, "{followed:?}");

    is(&eve.send(Method::DELETE, &show, None).await, StatusCode::NOT_FOUND, "not_found");
    for seen in [&show, &event, &hall, &venue] {
        let stale = ada.send_if_match(Method::DELETE, seen, "\"99\"", &json!({})).await;
        is(&stale, StatusCode::PRECONDITION_FAILED, "changed");
    }
    for needed in [&event, &hall, &venue] {
        is(&ada.send(Method::DELETE, needed, None).await, StatusCode::CONFLICT, "in_use");
    }
    assert_eq!(ada.send(Method::DELETE, &show, None).await.status, StatusCode::NO_CONTENT);
    for gone in [show.clone(), format!("{show}/seats"), format!("{show}/bookings")] {
        is(&ada.send(Method::GET, &gone, None).await, StatusCode::NOT_FOUND, "not_found");
    }
    is(&ada.send(Method::DELETE, &show, None).await, StatusCode::NOT_FOUND, "not_found");
    let wish = json!({ "showId": sale.show_id, "seatIds": ["sea_ffffffffffffffffffffffffffffffff"] });
    let quoted = send(&app, Method::POST, "/quotes", None, Some(wish)).await;
    is(&quoted, StatusCode::NOT_FOUND, "not_found");
    // Whoever follows it from memory hears of it when the rows are read again.
    eventually("its seats are forgotten", SOON, || async {
        let answer = send(&app, Method::GET, &format!("{show}/availability"), None, None).await;
        (answer.status == StatusCode::NOT_FOUND).then_some(())
    })
    .await;

    is(&ada.send(Method::DELETE, &venue, None).await, StatusCode::CONFLICT, "in_use");
    for unneeded in [&hall, &event, &venue] {
        assert_eq!(ada.send(Method::DELETE, unneeded, None).await.status, StatusCode::NO_CONTENT, "{unneeded}");
        is(&ada.send(Method::GET, unneeded, None).await, StatusCode::NOT_FOUND, "not_found");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_show_that_was_ever_booked_is_called_off_and_not_deleted() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let sale = sale(&mut ada).await;
    let show = format!("/shows/{}", sale.show_id);
    let row = first_row(&ada, &show).await;
    let buyer = app.buyer();
    let booked = buyer.book(sale.show_id, &row[..2]).await;
    assert_eq!(booked.status, StatusCode::CREATED, "{booked:?}");
    is(&ada.send(Method::DELETE, &show, None).await, StatusCode::CONFLICT, "in_use");
    assert_eq!(buyer.cancel(booked.booking_id()).await.state(), "cancelled");
    let refused = ada.send(Method::DELETE, &show, None).await;
    is(&refused, StatusCode::CONFLICT, "in_use");
    assert!(refused.body["detail"].as_str().unwrap().contains("call it off"), "{refused:?}");
    assert_eq!(app.store.show_seats(sale.show_id).await.unwrap().len(), 52, "it is as it was");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saga_that_comes_when_its_show_is_gone_is_refused_and_ends() {
    let app = TestApp::start_with(TestSettings { answer_within_ms: 25_000, ..TestSettings::default() }).await;
    let mut ada = Person::register(&app).await;
    let sale = sale(&mut ada).await;
    let show = format!("/shows/{}", sale.show_id);
    let row = first_row(&ada, &show).await;
    let buyer = app.buyer();
    let gate = Arc::new(Gate::default());
    app.faults.plan(buyer.booking_for("late"), "booking.open", Fault::Hold(Arc::clone(&gate)));
    let asking = tokio::spawn({
        let (buyer, show_id, seats) = (buyer.clone(), sale.show_id, row[..2].to_vec());
        async move { buyer.book_with("late", show_id, &seats).await }
    });
    gate.reached().await;
    assert_eq!(ada.send(Method::DELETE, &show, None).await.status, StatusCode::NO_CONTENT, "nothing is booked yet");
    gate.open();
    let refused = asking.await.unwrap();
    is(&refused, StatusCode::UNPROCESSABLE_ENTITY, "seats_unknown");

    let failed = buyer.wait_for_end(buyer.booking_for("late"), SOON).await;
    assert_eq!((failed.state(), &failed.body["failure"]["code"]), ("failed", &json!("seats_unknown")), "{failed:?}");
    assert_eq!(failed.body["amount"]["minor"], 0, "{failed:?}");
    let again = buyer.book_with("late", sale.show_id, &row[..2]).await;
    is(&again, StatusCode::UNPROCESSABLE_ENTITY, "seats_unknown");
    // The show is remembered for a second.
    eventually("nobody remembers the show", SOON, || async {
        let next = app.buyer().book(sale.show_id, &row[2..3]).await;
        assert_eq!(next.status, StatusCode::UNPROCESSABLE_ENTITY, "{next:?}");
        (next.code() == "show_unknown").then_some(())
    })
    .await;
    let shows = send(&app, Method::GET, "/shows?limit=200", None, None).await;
    let is_it = |listed: &Value| listed["id"] == sale.show_id.to_string();
    assert!(!shows.body["items"].as_array().unwrap().iter().any(is_it), "{shows:?}");
    app.finish().await;
}
