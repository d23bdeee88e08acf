//! Each part away in turn: reading goes on, and only booking has to wait.

use std::time::Duration;

use domain::ids::BookingId;
use reqwest::StatusCode;
use testkit::buyer::GOOD_CARD;
use testkit::catalogue::{LONG_HOLD, seat};
use testkit::{Buyer, eventually};

use crate::stage;
use testkit::stage::{Stage, all_parts_are_up};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn reading_goes_on_whichever_part_is_away() {
    let mut stage = stage::set(2, 2).await;
    let reader = stage.buyer().await;
    let open = reader.book(LONG_HOLD, &[seat(0)]).await;
    assert_eq!(open.status, StatusCode::CREATED, "{open:?}");

    stage.temporal.cut();
    reading_works(&reader, open.booking_id()).await;
    let refused = stage.buyer().await.book(LONG_HOLD, &[seat(1)]).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{refused:?}");
    assert!(refused.headers.contains_key("retry-after"));
    says(&stage, "api-1", 200, "degraded").await;
    says(&stage, "worker-1", 503, "away").await;
    stage.temporal.restore();
    all_parts_are_up(&stage).await;

    stage.redis.cut();
    says(&stage, "api-1", 200, "degraded").await;
    reading_works(&reader, open.booking_id()).await;
    let without_locks = stage.buyer().await;
    let booked = without_locks.book(LONG_HOLD, &[seat(2)]).await;
    assert_eq!(booked.status, StatusCode::CREATED, "{booked:?}");
    let taken = stage.buyer().await.book(LONG_HOLD, &[seat(2)]).await;
    assert_eq!((taken.status, taken.code()), (StatusCode::CONFLICT, "seats_taken"), "{taken:?}");
    stage.redis.restore();
    all_parts_are_up(&stage).await;

    stage.fleet.kill("payments-1");
    reading_works(&reader, open.booking_id()).await;
    let patient = stage.buyer().await;
    let accepted = patient.book_with("patient", LONG_HOLD, &[seat(3)]).await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED, "{accepted:?}");
    stage.fleet.start("payments-1");
    stage.fleet.is_ready("payments-1").await;

    // Everything is back, and everybody gets what they were promised.
    let paid = reader.pay(&open, GOOD_CARD).await;
    assert!(paid.status.is_success(), "{paid:?}");
    reader.wait_for(open.booking_id(), "confirmed", SOON).await;
    without_locks.pay(&booked, GOOD_CARD).await;
    without_locks.wait_for(booked.booking_id(), "confirmed", SOON).await;
    let patient_id = patient.booking_for("patient");
    let late = patient.wait_for(patient_id, "awaiting_payment", SOON).await;
    patient.pay(&late, GOOD_CARD).await;
    patient.wait_for(patient_id, "confirmed", SOON).await;
    stage.rests_with_every_promise_kept(Duration::from_secs(60)).await;
}

/// Browsing, availability and the bookings of a customer are answered.
async fn reading_works(reader: &Buyer, booking_id: BookingId) {
    for path in [
        "/shows".to_owned(),
        format!("/shows/{LONG_HOLD}"),
        format!("/shows/{LONG_HOLD}/seats"),
        format!("/shows/{LONG_HOLD}/availability"),
        "/bookings".to_owned(),
        format!("/bookings/{booking_id}"),
        format!("/bookings/{booking_id}/timeline"),
    ] {
        // Twice, so that each of the two APIs is asked.
        for _ in 0..2 {
            let answer = reader.send(reader.get(&path)).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
        }
    }
}

/// Waits until a process tells of itself what it should.
async fn says(stage: &Stage, name: &str, status: u16, word: &str) {
    eventually(&format!("{name} answers {status} and says {word}"), SOON, || async {
        let (answered, body) = stage.fleet.operations(name, "/health/ready").await?;
        (answered == status && body.contains(&format!("\"status\":\"{word}\""))).then_some(())
    })
    .await;
}
