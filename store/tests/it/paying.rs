//! Attempts to pay, and what the provider says of them.

use domain::booking_state::{BookingState, CancelledBy, EndState};
use domain::limits::PAYMENT_ATTEMPTS;
use domain::payment::{AttemptOpened, AttemptRecorded, AttemptState, IntentId, IntentState};
use store::StoreError;

use crate::fixture::{
    self, after, count, euros, messages, open, open_and_request, pay, reading, request, state, steps,
};
use crate::harness::TestDatabase;

on_both_databases! {
    a_known_intent_makes_the_booking_wait,
    a_decline_is_told_once,
    readings_that_were_overtaken_change_nothing,
    a_capture_counts_once,
    contradictions_about_money_are_errors,
    the_next_attempt_waits_for_the_last_to_be_cancelled,
    attempts_run_out,
    money_is_recorded_after_the_end,
    an_abandoned_attempt_is_found_again,
    refunds_made_at_the_provider_are_recorded_once,
}

async fn a_known_intent_makes_the_booking_wait(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open(&store, &request).await;
    let live = reading(&request, 1, IntentState::RequiresPayment);
    for _ in 0..2 {
        assert_eq!(store.record_attempt(&live, after(1)).await.unwrap(), AttemptRecorded::Open);
    }
    let booking = store.find_booking(request.booking_id).await.unwrap().unwrap();
    assert_eq!(booking.state, BookingState::AwaitingPayment);
    assert_eq!(booking.attempts[0].state, AttemptState::Live);
    assert_eq!(booking.attempts[0].payment_page.as_deref(), Some("https://pay.example/1"));
    assert_eq!(steps(&store, &request).await, ["seats_held", "payment_requested"]);
    assert_eq!(messages(&store, &request).await, ["BookingCreated", "PaymentRequested"]);
    let found = store.recall_booking_by_intent(&live.reading.intent_id).await.unwrap();
    assert_eq!(found.unwrap().request, request);
    assert_eq!(store.recall_booking_by_intent(&IntentId::new("pi_unknown")).await.unwrap(), None);
}

async fn a_decline_is_told_once(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    let mut declined = reading(&request, 1, IntentState::RequiresPayment);
    declined.reading.decline_code = Some("insufficient_funds".to_owned());
    for _ in 0..2 {
        store.record_attempt(&declined, after(2)).await.unwrap();
    }
    assert_eq!(messages(&store, &request).await, ["BookingCreated", "PaymentRequested", "PaymentFailed"]);
    // The customer tries another card, which is declined for another reason.
    declined.reading.decline_code = Some("expired_card".to_owned());
    store.record_attempt(&declined, after(3)).await.unwrap();
    let told = steps(&store, &request).await;
    assert_eq!(told, ["seats_held", "payment_requested", "payment_declined", "payment_declined"]);
}

async fn readings_that_were_overtaken_change_nothing(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    store.record_attempt(&reading(&request, 1, IntentState::Processing), after(2)).await.unwrap();
    pay(&store, &request, 1).await;
    for overtaken in [IntentState::Processing, IntentState::RequiresPayment, IntentState::Cancelled] {
        store.record_attempt(&reading(&request, 1, overtaken), after(3)).await.unwrap();
    }
    let booking = store.find_booking(request.booking_id).await.unwrap().unwrap();
    assert_eq!(booking.attempts[0].state, AttemptState::Succeeded);
    assert_eq!(booking.captured, euros(fixture::PRICE));
    let told = steps(&store, &request).await;
    assert_eq!(told, ["seats_held", "payment_requested", "payment_processing", "payment_received"]);
}

async fn a_capture_counts_once(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0, 1]);
    open(&store, &request).await;
    // The webhook of the capture may be the first that is heard of the intent.
    pay(&store, &request, 1).await;
    pay(&store, &request, 1).await;
    let paid = reading(&request, 1, IntentState::Succeeded);
    store.record_attempt(&paid, after(70)).await.unwrap();
    let booking = store.find_booking(request.booking_id).await.unwrap().unwrap();
    assert_eq!((booking.captured, booking.refunded), (euros(3_000), euros(0)));
    assert_eq!(booking.state, BookingState::AwaitingPayment);
    assert_eq!(messages(&store, &request).await, ["BookingCreated", "PaymentRequested", "PaymentConfirmed"]);
    assert_eq!(count(&store, "payments where state = 'captured'").await, 1);
}

async fn contradictions_about_money_are_errors(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    let mut another = reading(&request, 1, IntentState::RequiresPayment);
    another.reading.intent_id = IntentId::new("pi_another");
    let error = store.record_attempt(&another, after(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::IntentMismatch { .. }) && !error.is_transient(), "{error}");

    let mut dollars = reading(&request, 1, IntentState::Succeeded);
    dollars.reading.captured.currency = domain::money::Currency::USD;
    let error = store.record_attempt(&dollars, after(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::MoneyContradiction { .. }), "{error}");

    store.record_attempt(&reading(&request, 1, IntentState::Cancelled), after(3)).await.unwrap();
    let paid = reading(&request, 1, IntentState::Succeeded);
    let error = store.record_capture(&paid, after(4)).await.unwrap_err();
    assert!(matches!(error, StoreError::MoneyContradiction { .. }) && !error.is_transient(), "{error}");
}

async fn the_next_attempt_waits_for_the_last_to_be_cancelled(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    let first = open(&store, &request).await.attempt.unwrap();
    let again = store.open_attempt(request.booking_id, after(1)).await.unwrap();
    assert_eq!(again, AttemptOpened::Opened(first));

    store.record_attempt(&reading(&request, 1, IntentState::RequiresPayment), after(2)).await.unwrap();
    let error = store.open_attempt(request.booking_id, after(3)).await.unwrap_err();
    assert!(matches!(error, StoreError::AttemptStillOpen { number: 1, .. }) && !error.is_transient(), "{error}");

    store.record_attempt(&reading(&request, 1, IntentState::Cancelled), after(4)).await.unwrap();
    for _ in 0..2 {
        let AttemptOpened::Opened(second) = store.open_attempt(request.booking_id, after(5)).await.unwrap() else {
            panic!("no second attempt");
        };
        assert_eq!(second.number, 2);
    }
    assert_eq!(count(&store, "payment_attempts").await, 2);
}

async fn attempts_run_out(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open(&store, &request).await;
    for number in 1..=PAYMENT_ATTEMPTS {
        store.record_attempt(&reading(&request, number, IntentState::Cancelled), after(4)).await.unwrap();
        let opened = store.open_attempt(request.booking_id, after(5)).await.unwrap();
        assert_eq!(opened == AttemptOpened::Exhausted, number == PAYMENT_ATTEMPTS, "after attempt {number}");
    }
    let end = EndState::Cancelled { by: CancelledBy::Customer };
    fixture::close(&store, &request, end.clone()).await;
    let opened = store.open_attempt(request.booking_id, after(6)).await.unwrap();
    assert_eq!(opened, AttemptOpened::NotOpen { end: Some(end) });
}

async fn money_is_recorded_after_the_end(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    fixture::close(&store, &request, EndState::Expired).await;
    let paid = reading(&request, 1, IntentState::Succeeded);
    let recorded = store.record_capture(&paid, after(400)).await.unwrap();
    assert_eq!(recorded, AttemptRecorded::NotOpen { end: Some(EndState::Expired) });
    assert_eq!(state(&store, &request).await, BookingState::Expired);
    assert_eq!(store.find_booking(request.booking_id).await.unwrap().unwrap().captured, euros(fixture::PRICE));
}

async fn an_abandoned_attempt_is_found_again(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    let mut left_open = reading(&request, 1, IntentState::Processing);
    left_open.abandoned = true;
    for _ in 0..2 {
        store.record_attempt(&left_open, after(900)).await.unwrap();
    }
    fixture::close(&store, &request, EndState::Expired).await;
    let told = steps(&store, &request).await;
    assert_eq!(told, ["seats_held", "payment_requested", "payment_left_open", "expired"]);
    let intent_id = left_open.reading.intent_id.clone();
    let found = store.abandoned_attempts(10, None).await.unwrap();
    assert_eq!(found, [(request.booking_id, intent_id)]);
    assert!(store.abandoned_attempts(10, Some(request.booking_id)).await.unwrap().is_empty());
    pay(&store, &request, 1).await;
    assert!(store.abandoned_attempts(10, None).await.unwrap().is_empty());
}

async fn refunds_made_at_the_provider_are_recorded_once(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    fixture::buy(&store, &request).await;
    let mut refunded = reading(&request, 1, IntentState::Succeeded);
    for total in [500, 500, 700] {
        refunded.reading.refunded = euros(total);
        store.record_attempt(&refunded, after(500)).await.unwrap();
    }
    let booking = store.find_booking(request.booking_id).await.unwrap().unwrap();
    assert_eq!(booking.refunded, euros(700));
    assert_eq!(count(&store, "refunds where reason = 'at_provider'").await, 2);
    let told = messages(&store, &request).await;
    assert_eq!(told.iter().filter(|kind| **kind == "PaymentRefunded").count(), 2);
}
