//! Taking a confirmed booking back.

use domain::booking::{BookingConfirmed, CancelBooking};
use domain::booking_state::{BookingState, CancelledBy, EndState};
use domain::refund::{RefundOpened, RefundReason};
use domain::show_seat::ShowSeatState;
use domain::ticket::TicketState;
use jiff::{SignedDuration, Timestamp};
use store::Store;

use crate::fixture::{self, after, buy, euros, messages, now, open, request, seat_state, state, steps};
use crate::harness::TestDatabase;

on_both_databases! {
    gives_seats_and_money_back_once,
    the_share_is_that_of_the_first_time,
    an_operator_gives_everything_back,
    what_is_not_confirmed_is_left_as_it_is,
    the_money_of_a_cancelled_booking_is_not_late_money,
    a_cancelled_seat_can_be_sold_again,
}

async fn cancel(
    store: &Store,
    request: &domain::booking::BookingRequest,
    by: CancelledBy,
    at: Timestamp,
) -> (BookingState, Vec<i64>) {
    let order = CancelBooking { booking_id: request.booking_id, by };
    let cancelled = store.cancel_booking(&order, at).await.unwrap();
    let amounts = cancelled.refunds.iter().map(|refund| refund.amount.expect("an amount").minor);
    (cancelled.state, amounts.collect())
}

async fn gives_seats_and_money_back_once(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0, 1]);
    buy(&store, &request).await;
    let by = CancelledBy::Customer;
    let first = cancel(&store, &request, by, after(100)).await;
    assert_eq!(first, (BookingState::Cancelled { by }, vec![3_000]));
    assert_eq!(cancel(&store, &request, by, after(200)).await, first);
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Available);
    let tickets = store.tickets_of(request.booking_id).await.unwrap();
    assert!(tickets.iter().all(|ticket| ticket.state == TicketState::Voided));
    let told = messages(&store, &request).await;
    assert_eq!(told[6..], ["BookingCancelled", "TicketVoided", "TicketVoided"]);
    assert_eq!(steps(&store, &request).await[4..], ["cancelled"]);
}

async fn the_share_is_that_of_the_first_time(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    buy(&store, &request).await;
    let starts_at = now() + SignedDuration::from_hours(24 * 7);
    let by = CancelledBy::Customer;
    // Half until two hours before the show, and nothing after that.
    let in_time = starts_at - SignedDuration::from_hours(3);
    assert_eq!(cancel(&store, &request, by, in_time).await.1, [750]);
    let too_late = starts_at - SignedDuration::from_hours(1);
    assert_eq!(cancel(&store, &request, by, too_late).await.1, [750]);
    // It stays the same once the refund is written down.
    let order = CancelBooking { booking_id: request.booking_id, by };
    let refund = store.cancel_booking(&order, too_late).await.unwrap().refunds.remove(0);
    assert_eq!(refund.reason, RefundReason::Cancelled);
    let opened = store.open_refund(&refund, too_late).await.unwrap();
    assert!(matches!(opened, RefundOpened::Open(send) if send.amount == euros(750)));
    assert_eq!(cancel(&store, &request, by, too_late).await.1, [750]);
}

async fn an_operator_gives_everything_back(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let (one, two) = (request(1, "one", &[0]), request(2, "two", &[1]));
    buy(&store, &one).await;
    buy(&store, &two).await;
    let last_minute = now() + SignedDuration::from_hours(24 * 7) - SignedDuration::from_mins(5);
    assert_eq!(cancel(&store, &one, CancelledBy::Operator, last_minute).await.1, [1_500]);
    assert!(cancel(&store, &two, CancelledBy::Customer, last_minute).await.1.is_empty());
    // Who asked first has decided.
    assert!(cancel(&store, &two, CancelledBy::Operator, last_minute).await.1.is_empty());
}

async fn what_is_not_confirmed_is_left_as_it_is(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open(&store, &request).await;
    let by = CancelledBy::Customer;
    assert_eq!(cancel(&store, &request, by, after(1)).await, (BookingState::Pending, vec![]));
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Held);
    // Late money of a booking that was taken back before it was paid goes back whole, by another step.
    fixture::close(&store, &request, EndState::Cancelled { by }).await;
    fixture::pay(&store, &request, 1).await;
    assert_eq!(cancel(&store, &request, by, after(400)).await, (BookingState::Cancelled { by }, vec![]));
}

async fn the_money_of_a_cancelled_booking_is_not_late_money(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    buy(&store, &request).await;
    cancel(&store, &request, CancelledBy::Customer, after(100)).await;
    // A webhook that comes again must not turn a refund by the policy into a full one.
    let again = store.confirm_booking(request.booking_id, Some(1), after(200)).await.unwrap();
    assert_eq!(again, BookingConfirmed::Confirmed { late: false });
    assert_eq!(state(&store, &request).await, BookingState::Cancelled { by: CancelledBy::Customer });
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Available);
}

async fn a_cancelled_seat_can_be_sold_again(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let first = request(1, "first", &[0]);
    buy(&store, &first).await;
    cancel(&store, &first, CancelledBy::Customer, after(100)).await;
    buy(&store, &request(2, "second", &[0])).await;
    assert_eq!(fixture::count(&store, "tickets").await, 2);
}
