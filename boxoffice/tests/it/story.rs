//! The stories of the product document, each to its end.

use std::time::Duration;

use reqwest::StatusCode;
use testkit::buyer::{DECLINED_CARD, GOOD_CARD};
use testkit::catalogue::{FREE, LONG_HOLD, SHORT_HOLD, seat};
use testkit::{TestApp, eventually};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_booking_is_confirmed_with_a_ticket_per_seat() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let booking = buyer.book(LONG_HOLD, &[seat(0), seat(1)]).await;
    assert_eq!(booking.status, StatusCode::CREATED, "{booking:?}");
    assert_eq!(booking.state(), "awaiting_payment");
    assert_eq!(booking.body["amount"]["minor"], 3000);
    let location = booking.headers["location"].to_str().unwrap();
    assert!(location.ends_with(&format!("/bookings/{}", booking.booking_id())), "{location}");

    buyer.pay(&booking, GOOD_CARD).await;
    let confirmed = buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
    assert_eq!(confirmed.body["tickets"].as_array().unwrap().len(), 2);
    assert_eq!(confirmed.body["captured"]["minor"], 3000);
    let timeline = buyer.timeline(booking.booking_id()).await;
    assert_eq!(timeline, ["seats_held", "payment_requested", "payment_received", "confirmed"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_payment_is_followed_by_another_attempt() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let booking = buyer.book(LONG_HOLD, &[seat(0)]).await;
    buyer.pay(&booking, DECLINED_CARD).await;
    let second = eventually("a second attempt", SOON, || async {
        let now = buyer.booking(booking.booking_id()).await;
        (now.body["payment"]["attempt"] == 2 && now.body["payment"]["paymentPage"].is_string()).then_some(now)
    })
    .await;
    buyer.pay(&second, GOOD_CARD).await;
    buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
    let timeline = buyer.timeline(booking.booking_id()).await;
    assert!(timeline.contains(&"payment_declined".to_owned()), "{timeline:?}");
    assert!(timeline.contains(&"payment_cancelled".to_owned()), "the declined attempt can never be paid: {timeline:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_that_is_not_paid_expires_and_gives_its_seats_back() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let booking = buyer.book(SHORT_HOLD, &[seat(0)]).await;
    buyer.wait_for(booking.booking_id(), "expired", SOON).await;
    let again = app.buyer().book(SHORT_HOLD, &[seat(0)]).await;
    assert_eq!(again.status, StatusCode::CREATED, "the seat is free again: {again:?}");
    buyer.wait_for(booking.booking_id(), "expired", SOON).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_booking_gives_its_seats_back_before_payment_and_its_money_after() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let unpaid = buyer.book(LONG_HOLD, &[seat(0)]).await;
    assert_eq!(buyer.cancel(unpaid.booking_id()).await.state(), "cancelled");

    let paid = buyer.book(LONG_HOLD, &[seat(0)]).await;
    buyer.pay(&paid, GOOD_CARD).await;
    buyer.wait_for(paid.booking_id(), "confirmed", SOON).await;
    assert_eq!(buyer.cancel(paid.booking_id()).await.state(), "cancelled");
    eventually("the refund is done", SOON, || async {
        let timeline = buyer.timeline(paid.booking_id()).await;
        timeline.contains(&"refunded".to_owned()).then_some(())
    })
    .await;
    let after = buyer.booking(paid.booking_id()).await;
    assert_eq!(after.body["refunded"]["minor"], 1500, "48 h before the show all of it goes back");
    assert!(after.body["tickets"].as_array().unwrap().iter().all(|ticket| ticket["state"] == "voided"));
    // Cancelling again changes nothing.
    assert_eq!(buyer.cancel(paid.booking_id()).await.state(), "cancelled");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_costs_nothing_is_confirmed_at_once() {
    let app = TestApp::start().await;
    let booking = app.buyer().book(FREE, &[seat(0)]).await;
    assert_eq!(booking.status, StatusCode::CREATED, "{booking:?}");
    assert_eq!(booking.state(), "confirmed");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_its_buyers_alone() {
    let app = TestApp::start().await;
    let (owner, stranger) = (app.buyer(), app.buyer());
    let booking = owner.book(LONG_HOLD, &[seat(0)]).await;
    assert_eq!(stranger.booking(booking.booking_id()).await.status, StatusCode::NOT_FOUND);
    assert_eq!(stranger.cancel(booking.booking_id()).await.status, StatusCode::NOT_FOUND);
    assert_eq!(app.admin().booking(booking.booking_id()).await.status, StatusCode::OK);
    let mine = owner.send(owner.get("/bookings?state=awaiting_payment")).await;
    assert_eq!(mine.body["items"].as_array().unwrap().len(), 1);
    let theirs = stranger.send(stranger.get("/bookings")).await;
    assert!(theirs.body["items"].as_array().unwrap().is_empty());

    let etag = owner.booking(booking.booking_id()).await.headers["etag"].clone();
    let path = format!("/bookings/{}", booking.booking_id());
    let unchanged = owner.send(owner.get(&path).header("If-None-Match", etag)).await;
    assert_eq!(unchanged.status, StatusCode::NOT_MODIFIED);
    owner.cancel(booking.booking_id()).await;
    app.finish().await;
}
