//! Confirming: tickets for money that is there, and refusals that stay.

use domain::booking::{BookingConfirmed, ConfirmRefusal};
use domain::booking_state::{BookingState, CancelledBy, EndState, FailureReason};
use domain::payment::IntentState;
use domain::show::NotOnSale;
use domain::show_seat::ShowSeatState;
use domain::ticket::TicketState;
use jiff::SignedDuration;
use store::StoreError;

use crate::fixture::{
    self, after, buy, close, count, euros, messages, now, open, open_and_request, pay, reading, request, seat,
    seat_state, state, steps, tamper,
};
use crate::harness::TestDatabase;

on_both_databases! {
    sells_the_seats_and_issues_the_tickets_once,
    a_reading_and_the_sale_it_allows_are_one_change,
    a_reading_that_does_not_pay_is_written_down_all_the_same,
    a_booking_that_costs_nothing_needs_no_attempt,
    a_booking_that_was_never_opened_is_not_given_away,
    other_money_than_was_asked_for_buys_nothing,
    a_stale_version_of_a_seat_is_refused,
    a_hold_past_its_deadline_is_still_its_own,
    a_cancelled_show_is_not_sold,
    late_money_takes_the_same_seats_again,
    late_money_for_seats_that_are_gone_is_refused_for_ever,
    late_money_after_the_end_of_sales_is_refused,
    money_for_what_was_taken_back_is_refused,
    a_second_capture_buys_nothing,
    a_flagged_booking_that_holds_its_seats_can_be_paid,
}

async fn refusal(db: &store::Store, request: &domain::booking::BookingRequest, at: i64) -> ConfirmRefusal {
    match db.confirm_booking(request.booking_id, Some(1), after(at)).await.unwrap() {
        BookingConfirmed::Refused { why } => why,
        confirmed @ BookingConfirmed::Confirmed { .. } => panic!("not refused: {confirmed:?}"),
    }
}

async fn sells_the_seats_and_issues_the_tickets_once(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[3, 1]);
    buy(&store, &request).await;
    let again = store.confirm_booking(request.booking_id, Some(1), after(90)).await.unwrap();
    assert_eq!(again, BookingConfirmed::Confirmed { late: false });

    assert_eq!(state(&store, &request).await, BookingState::Confirmed);
    assert_eq!(seat_state(&store, 3).await, ShowSeatState::Sold);
    let tickets = store.tickets_of(request.booking_id).await.unwrap();
    let seats: Vec<_> = tickets.iter().map(|ticket| (ticket.seat_id, ticket.state)).collect();
    assert_eq!(seats, [(seat(3), TicketState::Issued), (seat(1), TicketState::Issued)]);
    assert_eq!(count(&store, "hold_slots").await, 0);
    let told = messages(&store, &request).await;
    assert_eq!(told[3..], ["BookingConfirmed", "TicketIssued", "TicketIssued"]);
    assert_eq!(steps(&store, &request).await[3..], ["confirmed"]);
}

async fn a_reading_and_the_sale_it_allows_are_one_change(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let (in_two, at_once) = (request(1, "in two", &[0, 1]), request(2, "at once", &[2, 3]));
    buy(&store, &in_two).await;
    open_and_request(&store, &at_once).await;
    let paid = reading(&at_once, 1, IntentState::Succeeded);
    for _ in 0..2 {
        let sold = store.sell_booking(&paid, after(60)).await.unwrap();
        assert_eq!(sold, BookingConfirmed::Confirmed { late: false });
    }
    assert_eq!(messages(&store, &at_once).await, messages(&store, &in_two).await);
    assert_eq!(steps(&store, &at_once).await, steps(&store, &in_two).await);
    let booking = store.find_booking(at_once.booking_id).await.unwrap().unwrap();
    assert_eq!((booking.state, booking.captured), (BookingState::Confirmed, booking.amount));
    assert_eq!(store.tickets_of(at_once.booking_id).await.unwrap().len(), 2);
    assert_eq!(seat_state(&store, 2).await, ShowSeatState::Sold);
}

async fn a_reading_that_does_not_pay_is_written_down_all_the_same(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    close(&store, &request, EndState::Cancelled { by: CancelledBy::Customer }).await;
    let paid = reading(&request, 1, IntentState::Succeeded);
    for _ in 0..2 {
        let refused = store.sell_booking(&paid, after(301)).await.unwrap();
        assert_eq!(refused, BookingConfirmed::Refused { why: ConfirmRefusal::TakenBack });
    }
    let booking = store.find_booking(request.booking_id).await.unwrap().unwrap();
    assert_eq!(booking.captured, booking.amount);
    assert_eq!(steps(&store, &request).await[3..], ["payment_received", "not_confirmed"]);
}

async fn a_booking_that_costs_nothing_needs_no_attempt(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let mut free = request(1, "free", &[0]);
    free.show_id = fixture::free_show_id();
    open(&store, &free).await;
    for _ in 0..2 {
        let confirmed = store.confirm_booking(free.booking_id, None, after(1)).await.unwrap();
        assert_eq!(confirmed, BookingConfirmed::Confirmed { late: false });
    }
    let paid = request(1, "paid", &[1]);
    open(&store, &paid).await;
    let error = store.confirm_booking(paid.booking_id, None, after(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFree { .. }), "{error}");
}

async fn a_booking_that_was_never_opened_is_not_given_away(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    close(&store, &request, EndState::Expired).await;
    for _ in 0..2 {
        let refused = store.confirm_booking(request.booking_id, None, after(301)).await.unwrap();
        assert_eq!(refused, BookingConfirmed::Refused { why: ConfirmRefusal::TakenBack });
    }
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Available);
    assert_eq!(steps(&store, &request).await, ["expired", "not_confirmed"]);
}

async fn other_money_than_was_asked_for_buys_nothing(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    let mut short = reading(&request, 1, IntentState::Succeeded);
    short.reading.captured = euros(fixture::PRICE - 1);
    store.record_capture(&short, after(2)).await.unwrap();
    assert_eq!(refusal(&store, &request, 3).await, ConfirmRefusal::Mismatch);
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Held);
}

async fn a_stale_version_of_a_seat_is_refused(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0, 1]);
    open_and_request(&store, &request).await;
    pay(&store, &request, 1).await;
    // Somebody freed a seat and took it again in the booking's name: the fencing token tells.
    let stale = format!("update show_seats set version = version + 2 where seat_id = '{}'", seat(1));
    tamper(&store, &stale).await;
    for _ in 0..2 {
        assert_eq!(refusal(&store, &request, 61).await, ConfirmRefusal::SeatsGone);
    }
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Held);
    assert_eq!(count(&store, "tickets").await, 0);
    assert_eq!(steps(&store, &request).await[3..], ["not_confirmed"]);
    close(&store, &request, EndState::Expired).await;
    assert_eq!(seat_state(&store, 1).await, ShowSeatState::Available);
}

async fn a_hold_past_its_deadline_is_still_its_own(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    pay(&store, &request, 1).await;
    let confirmed = store.confirm_booking(request.booking_id, Some(1), after(3_600)).await.unwrap();
    assert_eq!(confirmed, BookingConfirmed::Confirmed { late: false });
}

async fn a_cancelled_show_is_not_sold(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    pay(&store, &request, 1).await;
    tamper(&store, "update shows set state = 'cancelled'").await;
    let why = NotOnSale::Cancelled;
    assert_eq!(refusal(&store, &request, 61).await, ConfirmRefusal::NotOnSale { why });
}

async fn late_money_takes_the_same_seats_again(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0, 1]);
    open_and_request(&store, &request).await;
    close(&store, &request, EndState::Expired).await;
    pay(&store, &request, 1).await;
    for _ in 0..2 {
        let confirmed = store.confirm_booking(request.booking_id, Some(1), after(400)).await.unwrap();
        assert_eq!(confirmed, BookingConfirmed::Confirmed { late: true });
    }
    assert_eq!(state(&store, &request).await, BookingState::Confirmed);
    assert_eq!(count(&store, "tickets where state = 'issued'").await, 2);
}

async fn late_money_for_seats_that_are_gone_is_refused_for_ever(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let late = request(1, "late", &[0, 1]);
    open_and_request(&store, &late).await;
    close(&store, &late, EndState::Expired).await;
    let another = request(2, "another", &[1]);
    open_and_request(&store, &another).await;
    pay(&store, &late, 1).await;
    assert_eq!(refusal(&store, &late, 400).await, ConfirmRefusal::SeatsGone);
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Available);
    // Its money may be on its way back, so the seats becoming free again changes nothing.
    close(&store, &another, EndState::Expired).await;
    assert_eq!(refusal(&store, &late, 500).await, ConfirmRefusal::SeatsGone);
    let told = steps(&store, &late).await;
    assert_eq!(told[2..], ["expired", "payment_received", "not_confirmed"]);
}

async fn late_money_after_the_end_of_sales_is_refused(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    close(&store, &request, EndState::Expired).await;
    pay(&store, &request, 1).await;
    let closed = now() + SignedDuration::from_hours(24 * 7);
    let refused = store.confirm_booking(request.booking_id, Some(1), closed).await.unwrap();
    let why = ConfirmRefusal::NotOnSale { why: NotOnSale::Closed };
    assert_eq!(refused, BookingConfirmed::Refused { why });
}

async fn money_for_what_was_taken_back_is_refused(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let ends = [
        (EndState::Cancelled { by: CancelledBy::Customer }, true),
        (EndState::Cancelled { by: CancelledBy::Operator }, true),
        (EndState::Failed { reason: FailureReason::Abandoned }, true),
        (EndState::Failed { reason: FailureReason::PaymentUnavailable }, false),
        (EndState::Failed { reason: FailureReason::PaymentDeclined }, false),
    ];
    for (number, (end, taken_back)) in ends.into_iter().enumerate() {
        let request = request(number as u128 + 1, "key", &[number]);
        open_and_request(&store, &request).await;
        close(&store, &request, end.clone()).await;
        pay(&store, &request, 1).await;
        let answer = store.confirm_booking(request.booking_id, Some(1), after(400)).await.unwrap();
        let refused = BookingConfirmed::Refused { why: ConfirmRefusal::TakenBack };
        let expected = if taken_back { refused } else { BookingConfirmed::Confirmed { late: true } };
        assert_eq!(answer, expected, "{end:?}");
    }
}

async fn a_second_capture_buys_nothing(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    store.record_attempt(&reading(&request, 1, IntentState::Cancelled), after(1)).await.unwrap();
    store.open_attempt(request.booking_id, after(2)).await.unwrap();
    pay(&store, &request, 2).await;
    store.confirm_booking(request.booking_id, Some(2), after(61)).await.unwrap();
    // An attempt that had been given up collects as well, by a fault of the provider.
    let succeeded = "update payment_attempts set state = 'succeeded', captured_minor = 1500 where number = 1";
    tamper(&store, succeeded).await;
    tamper(&store, "update payments set captured_minor = 3000").await;
    for _ in 0..2 {
        assert_eq!(refusal(&store, &request, 62).await, ConfirmRefusal::AlreadyPaid);
    }
    assert_eq!(state(&store, &request).await, BookingState::Confirmed);
    assert_eq!(steps(&store, &request).await.iter().filter(|code| **code == "not_confirmed").count(), 1);
}

async fn a_flagged_booking_that_holds_its_seats_can_be_paid(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    let flag = domain::booking::FlagBooking {
        booking_id: request.booking_id,
        stuck: fixture::stuck_step(),
        toward: EndState::Expired,
    };
    store.flag_booking(&flag, after(1)).await.unwrap();
    pay(&store, &request, 1).await;
    let confirmed = store.confirm_booking(request.booking_id, Some(1), after(61)).await.unwrap();
    assert_eq!(confirmed, BookingConfirmed::Confirmed { late: false });
}
