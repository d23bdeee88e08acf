//! Refunds: each exactly once, never more than came in.

use domain::booking::BookingRequest;
use domain::booking_state::EndState;
use domain::payment::IntentState;
use domain::refund::{
    RecordRefund, RefundOpened, RefundReading, RefundReason, RefundState, RefundToOpen, RefundToSend,
};
use store::{Store, StoreError};

use crate::fixture::{self, after, count, euros, messages, open_and_request, pay, reading, request, steps};
use crate::harness::TestDatabase;

on_both_databases! {
    is_opened_sent_and_recorded_once,
    never_gives_back_more_than_came_in,
    a_failed_refund_keeps_its_money_and_is_sent_again,
    money_given_back_at_the_provider_after_a_failure_is_not_reserved_twice,
    nothing_collected_is_nothing_to_give_back,
    unsettled_refunds_are_found,
}

async fn late_money(store: &Store) -> BookingRequest {
    fixture::load(store).await;
    let request = request(1, "key", &[0]);
    open_and_request(store, &request).await;
    fixture::close(store, &request, EndState::Expired).await;
    pay(store, &request, 1).await;
    request
}

fn order(request: &BookingRequest, reason: RefundReason, amount: Option<i64>) -> RefundToOpen {
    RefundToOpen { booking_id: request.booking_id, attempt: 1, reason, amount: amount.map(euros) }
}

async fn open(store: &Store, order: &RefundToOpen) -> RefundToSend {
    match store.open_refund(order, after(400)).await.unwrap() {
        RefundOpened::Open(send) => send,
        other => panic!("no refund to send: {other:?}"),
    }
}

async fn record(store: &Store, send: &RefundToSend, sending: &str, state: RefundState) -> RefundState {
    let reading = RefundReading { provider_refund_id: sending.to_owned(), state };
    store.record_refund(&RecordRefund { refund_id: send.refund_id, reading }, after(410)).await.unwrap()
}

async fn is_opened_sent_and_recorded_once(db: TestDatabase) {
    let store = db.store;
    let request = late_money(&store).await;
    let order = order(&request, RefundReason::NotConfirmed, None);
    let send = open(&store, &order).await;
    assert_eq!(send.amount, euros(fixture::PRICE));
    assert_eq!(open(&store, &order).await, send);
    assert_eq!(record(&store, &send, "re_1", RefundState::Pending).await, RefundState::Pending);
    assert_eq!(open(&store, &order).await, send);
    for _ in 0..2 {
        assert_eq!(record(&store, &send, "re_1", RefundState::Succeeded).await, RefundState::Succeeded);
    }
    // An answer that was overtaken changes nothing.
    assert_eq!(record(&store, &send, "re_1", RefundState::Pending).await, RefundState::Succeeded);
    assert_eq!(store.open_refund(&order, after(500)).await.unwrap(), RefundOpened::Done);
    let booking = store.find_booking(request.booking_id).await.unwrap().unwrap();
    assert_eq!((booking.captured, booking.refunded), (euros(1_500), euros(1_500)));
    assert_eq!(steps(&store, &request).await[4..], ["refund_requested", "refunded"]);
    assert_eq!(messages(&store, &request).await[4..], ["PaymentRefunded"]);
    assert_eq!(count(&store, "payments where state = 'refunded'").await, 1);
    // The provider's own count of what went back is ours.
    let mut after_refund = reading(&request, 1, IntentState::Succeeded);
    after_refund.reading.refunded = euros(1_500);
    store.record_attempt(&after_refund, after(420)).await.unwrap();
    assert_eq!(count(&store, "refunds").await, 1);
}

async fn never_gives_back_more_than_came_in(db: TestDatabase) {
    let store = db.store;
    let request = late_money(&store).await;
    open(&store, &order(&request, RefundReason::Cancelled, Some(1_000))).await;
    let too_much = order(&request, RefundReason::SecondCapture, Some(501));
    let error = store.open_refund(&too_much, after(400)).await.unwrap_err();
    assert!(matches!(error, StoreError::RefundTooLarge { .. }) && !error.is_transient(), "{error}");
    open(&store, &order(&request, RefundReason::SecondCapture, Some(500))).await;
    let nothing = store.open_refund(&order(&request, RefundReason::Mismatch, None), after(400)).await.unwrap();
    assert_eq!(nothing, RefundOpened::Nothing);
}

async fn a_failed_refund_keeps_its_money_and_is_sent_again(db: TestDatabase) {
    let store = db.store;
    let request = late_money(&store).await;
    let order = order(&request, RefundReason::NotConfirmed, None);
    let send = open(&store, &order).await;
    for _ in 0..2 {
        assert_eq!(record(&store, &send, "re_1", RefundState::Failed).await, RefundState::Failed);
    }
    assert_eq!(steps(&store, &request).await[4..], ["refund_requested", "refund_failed"]);
    let booking = store.find_booking(request.booking_id).await.unwrap().unwrap();
    assert_eq!(booking.refunded, euros(1_500));
    assert_eq!(open(&store, &order).await, send);
    assert_eq!(record(&store, &send, "re_2", RefundState::Succeeded).await, RefundState::Succeeded);
    // The first sending is history.
    assert_eq!(record(&store, &send, "re_1", RefundState::Failed).await, RefundState::Succeeded);
    assert_eq!(count(&store, "refunds").await, 1);
    // A bank can return money that was sent.
    assert_eq!(record(&store, &send, "re_2", RefundState::Failed).await, RefundState::Failed);
}

async fn money_given_back_at_the_provider_after_a_failure_is_not_reserved_twice(db: TestDatabase) {
    let store = db.store;
    let request = late_money(&store).await;
    let send = open(&store, &order(&request, RefundReason::NotConfirmed, None)).await;
    record(&store, &send, "re_1", RefundState::Failed).await;
    let mut by_hand = reading(&request, 1, IntentState::Succeeded);
    by_hand.reading.refunded = euros(1_500);
    for _ in 0..2 {
        store.record_attempt(&by_hand, after(420)).await.unwrap();
    }
    let booking = store.find_booking(request.booking_id).await.unwrap().unwrap();
    assert_eq!((booking.captured, booking.refunded), (euros(1_500), euros(1_500)));
    assert_eq!(count(&store, "refunds").await, 2);
}

async fn nothing_collected_is_nothing_to_give_back(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    let opened = store.open_refund(&order(&request, RefundReason::NotConfirmed, None), after(1)).await.unwrap();
    assert_eq!(opened, RefundOpened::Nothing);
    assert_eq!(count(&store, "refunds").await, 0);
}

async fn unsettled_refunds_are_found(db: TestDatabase) {
    let store = db.store;
    let request = late_money(&store).await;
    let send = open(&store, &order(&request, RefundReason::NotConfirmed, Some(700))).await;
    assert!(store.open_refunds(after(400), 10).await.unwrap().is_empty());
    assert_eq!(store.open_refunds(after(401), 10).await.unwrap(), [request.booking_id]);
    record(&store, &send, "re_1", RefundState::Succeeded).await;
    assert!(store.open_refunds(after(1_000), 10).await.unwrap().is_empty());
}
