//! The same key again: at once, later, with another body, after the engine has forgotten.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::StatusCode;
use testkit::TestApp;
use testkit::catalogue::{LONG_HOLD, SHORT_HOLD, seat};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_copies_of_a_request_make_one_booking() {
    let app = TestApp::start().await;
    // What a few calls take, one after the other, for the comparison below.
    let alone = Instant::now();
    for number in 10..15 {
        assert_eq!(app.buyer().book(LONG_HOLD, &[seat(number)]).await.status, StatusCode::CREATED);
    }
    let five_calls = alone.elapsed();

    let buyer = app.buyer();
    let together = Instant::now();
    let seats = [seat(0), seat(1)];
    let answers = join_all((0..50).map(|_| buyer.book_with("the-same", LONG_HOLD, &seats))).await;
    let fifty_copies = together.elapsed();
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        assert_eq!(answer.booking_id(), buyer.booking_for("the-same"));
    }
    assert!(fifty_copies < five_calls * 4, "50 copies took {fifty_copies:?}, 5 single calls {five_calls:?}");
    println!("50 copies of one request: {fifty_copies:?}; 5 single calls: {five_calls:?}");

    let record = app.store.recall_booking(buyer.booking_for("the-same")).await.unwrap().unwrap();
    assert_eq!(record.attempts.len(), 1, "one payment");
    let other = buyer.book_with("the-same", LONG_HOLD, &[seat(2)]).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.code(), "idempotency_key_reused");
    app.stop().await.check(None, checker::Quiet::Running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_body_is_refused_while_the_first_request_is_under_way() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let gate = std::sync::Arc::new(testkit::faults::Gate::default());
    let booking_id = buyer.booking_for("one-key");
    app.faults.plan(booking_id, "booking.open", testkit::Fault::Hold(std::sync::Arc::clone(&gate)));
    let first = {
        let buyer = buyer.clone();
        tokio::spawn(async move { buyer.book_with("one-key", LONG_HOLD, &[seat(0)]).await })
    };
    gate.reached().await;
    let other = {
        let buyer = buyer.clone();
        tokio::spawn(async move { buyer.book_with("one-key", LONG_HOLD, &[seat(1)]).await })
    };
    gate.open();
    assert_eq!(first.await.unwrap().status, StatusCode::CREATED);
    let other = other.await.unwrap();
    assert_eq!((other.status, other.code()), (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused"), "{other:?}");
    buyer.cancel(booking_id).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_keeps_its_first_answer_after_the_end_and_after_the_engine_has_forgotten() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let first = buyer.book_with("kept", SHORT_HOLD, &[seat(0)]).await;
    assert_eq!(first.status, StatusCode::CREATED);
    buyer.wait_for(first.booking_id(), "expired", Duration::from_secs(20)).await;
    app.all_sagas_closed(Duration::from_secs(20)).await;

    let again = buyer.book_with("kept", SHORT_HOLD, &[seat(0)]).await;
    assert_eq!((again.status, again.state()), (StatusCode::CREATED, "expired"), "the first status with today's body");
    assert_eq!(again.booking_id(), first.booking_id());
    let other = buyer.book_with("kept", SHORT_HOLD, &[seat(1)]).await;
    assert_eq!(other.code(), "idempotency_key_reused");

    super::by_hand::forget(&app, first.booking_id()).await;
    let forgotten = buyer.book_with("kept", SHORT_HOLD, &[seat(0)]).await;
    assert_eq!((forgotten.status, forgotten.state()), (StatusCode::CREATED, "expired"));
    let running = app.engine.is_running(&first.booking_id().to_string()).await.unwrap();
    assert_eq!(running, None, "no second saga was started");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_decided_in_the_saga_is_kept_with_its_seats() {
    let app = TestApp::start().await;
    let (winner, loser) = (app.buyer(), app.buyer());
    // The loser passes the edge, then stands still before its seats are locked in earnest.
    let gate = std::sync::Arc::new(testkit::faults::Gate::default());
    let lost = loser.booking_for("lost");
    app.faults.plan(lost, "booking.open", testkit::Fault::Hold(std::sync::Arc::clone(&gate)));
    let losing = {
        let loser = loser.clone();
        tokio::spawn(async move { loser.book_with("lost", LONG_HOLD, &[seat(0)]).await })
    };
    gate.reached().await;
    // The seat goes to somebody else behind the back of the locks, as it can when they are lost.
    let request = domain::booking::BookingRequest {
        booking_id: winner.booking_for("won"),
        customer_id: winner.customer_id,
        show_id: LONG_HOLD,
        seat_ids: domain::booking::SeatSelection::parse(vec![seat(0)]).unwrap(),
        code: None,
        fingerprint: domain::booking::Fingerprint::new("of-the-winner"),
    };
    app.store.open_booking(&request, jiff::Timestamp::now()).await.unwrap();
    gate.open();
    let refused = losing.await.unwrap();
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "seats_taken"), "{refused:?}");
    assert_eq!(refused.body["seatIds"], serde_json::json!([seat(0)]));
    let again = loser.book_with("lost", LONG_HOLD, &[seat(0)]).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "seats_taken"), "the same key, the same answer");
    let row = loser.booking(lost).await;
    assert_eq!(row.state(), "failed");

    let close = domain::booking::CloseBooking {
        request,
        end: domain::booking_state::EndState::Cancelled { by: domain::booking_state::CancelledBy::Customer },
        stuck: None,
    };
    app.store.close_booking(&close, jiff::Timestamp::now()).await.unwrap();
    app.stop().await;
}
