//! Closing: the seats go back, once, even for a booking that was never opened.

use domain::booking::{BookingOpened, CloseBooking};
use domain::booking_state::{BookingState, CancelledBy, EndState, FailureReason};
use domain::show_seat::ShowSeatState;
use store::StoreError;

use crate::fixture::{
    self, after, buy, close, count, messages, now, open, open_and_request, request, seat, seat_state, steps,
};
use crate::harness::TestDatabase;

on_both_databases! {
    gives_the_seats_back_once,
    leaves_a_tombstone_for_what_was_never_opened,
    a_tombstone_needs_no_show,
    a_booking_whose_payment_was_never_asked_for_has_failed,
    leaves_a_confirmed_booking_alone,
    an_undo_that_is_stuck_does_not_keep_the_seats,
    does_not_end_in_a_sale,
}

async fn gives_the_seats_back_once(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let booking = request(1, "key", &[0, 1]);
    open_and_request(&store, &booking).await;
    assert_eq!(close(&store, &booking, EndState::Expired).await, BookingState::Expired);
    // The seats may be somebody else's by the time the step is repeated.
    open(&store, &request(2, "next", &[0])).await;
    assert_eq!(close(&store, &booking, EndState::Expired).await, BookingState::Expired);
    let cancelled = EndState::Cancelled { by: CancelledBy::Customer };
    assert_eq!(close(&store, &booking, cancelled).await, BookingState::Expired);
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Held);
    assert_eq!(seat_state(&store, 1).await, ShowSeatState::Available);
    assert_eq!(store.obstacles(&booking).await.unwrap().open_holds, 0);
    assert_eq!(messages(&store, &booking).await, ["BookingCreated", "PaymentRequested", "BookingExpired"]);
    assert_eq!(steps(&store, &booking).await, ["seats_held", "payment_requested", "expired"]);
    assert_eq!(store.find_booking(booking.booking_id).await.unwrap().unwrap().expires_at, None);
}

async fn leaves_a_tombstone_for_what_was_never_opened(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    let reason = FailureReason::SeatsTaken { seat_ids: vec![seat(0)] };
    let end = EndState::Failed { reason: reason.clone() };
    for _ in 0..2 {
        assert_eq!(close(&store, &request, end.clone()).await, BookingState::Failed { reason: reason.clone() });
    }
    let opened = store.open_booking(&request, now()).await.unwrap();
    assert_eq!(opened, BookingOpened::Ended { end });
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Available);
    assert_eq!(messages(&store, &request).await, ["BookingFailed"]);
    let booking = store.find_booking_for(request.customer_id, request.booking_id).await.unwrap().unwrap();
    assert_eq!((booking.quote, booking.amount), (None, fixture::euros(0)));
    let record = store.recall_booking(request.booking_id).await.unwrap().unwrap();
    assert_eq!((record.request, record.attempts.len()), (request, 0));
}

async fn a_tombstone_needs_no_show(db: TestDatabase) {
    let store = db.store;
    let request = request(1, "key", &[0]);
    close(&store, &request, EndState::Failed { reason: FailureReason::Abandoned }).await;
    let booking = store.find_booking(request.booking_id).await.unwrap().unwrap();
    assert_eq!(booking.amount.currency.as_str(), "XXX");
}

async fn a_booking_whose_payment_was_never_asked_for_has_failed(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open(&store, &request).await;
    let reason = FailureReason::PaymentUnavailable;
    assert_eq!(close(&store, &request, EndState::Expired).await, BookingState::Failed { reason });
}

async fn leaves_a_confirmed_booking_alone(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    buy(&store, &request).await;
    assert_eq!(close(&store, &request, EndState::Expired).await, BookingState::Confirmed);
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Sold);
}

async fn an_undo_that_is_stuck_does_not_keep_the_seats(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    let stuck = Some(fixture::stuck_step());
    let order = CloseBooking { request: request.clone(), end: EndState::Expired, stuck };
    for _ in 0..2 {
        let state = store.close_booking(&order, after(300)).await.unwrap().state;
        let step = "payment.cancel".to_owned();
        assert_eq!(state, BookingState::NeedsAttention { step, toward: EndState::Expired });
    }
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Available);
    assert_eq!(count(&store, "hold_slots").await, 0);
    assert_eq!(messages(&store, &request).await[2..], ["BookingNeedsAttention"]);
    assert_eq!(steps(&store, &request).await[2..], ["stuck"]);
}

async fn does_not_end_in_a_sale(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open(&store, &request).await;
    let order = CloseBooking { request, end: EndState::Confirmed, stuck: None };
    let error = store.close_booking(&order, after(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongEnd { .. }), "{error}");
}
