//! Opening a booking: everything or nothing, once.

use domain::booking::BookingOpened;
use domain::booking_state::{BookingState, EndState, FailureReason};
use domain::hold::HoldExtended;
use domain::limits::{HARD_CAP_SECONDS, HOLD_SECONDS};
use domain::show::NotOnSale;
use domain::show_seat::ShowSeatState;
use jiff::SignedDuration;

use crate::fixture::{self, after, count, now, open, request, seat, seat_state, steps};
use crate::harness::TestDatabase;

on_both_databases! {
    holds_the_seats_and_opens_the_first_attempt,
    answers_the_same_when_asked_again,
    refuses_without_a_trace,
    refuses_what_the_show_does_not_have,
    refuses_outside_the_sales_window,
    a_booking_that_costs_nothing_has_no_attempt,
    names_the_newest_attempt_that_can_be_paid,
}

async fn holds_the_seats_and_opens_the_first_attempt(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[3, 1]);
    let opened = open(&store, &request).await;
    assert_eq!(opened.amount, fixture::euros(3_000));
    assert_eq!(opened.expires_at, after(HOLD_SECONDS));
    assert_eq!(opened.hard_cap_at, after(HARD_CAP_SECONDS));
    let attempt = opened.attempt.expect("an attempt");
    assert_eq!((attempt.number, attempt.booking_id), (1, request.booking_id));

    let booking = store.find_booking(request.booking_id).await.unwrap().unwrap();
    assert_eq!(booking.state, BookingState::Pending);
    assert_eq!(booking.seat_ids, [seat(3), seat(1)]);
    let labels: Vec<_> = booking.quote.unwrap().lines.into_iter().map(|line| line.label).collect();
    assert_eq!(labels, ["stalls A3", "stalls A1"]);
    assert_eq!(seat_state(&store, 1).await, ShowSeatState::Held);
    assert_eq!(seat_state(&store, 2).await, ShowSeatState::Available);
    assert_eq!(steps(&store, &request).await, ["seats_held"]);
    assert_eq!(fixture::messages(&store, &request).await, ["BookingCreated"]);
}

async fn answers_the_same_when_asked_again(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    let first = store.open_booking(&request, now()).await.unwrap();
    let again = store.open_booking(&request, after(30)).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(steps(&store, &request).await, ["seats_held"]);

    fixture::close(&store, &request, EndState::Expired).await;
    let end = EndState::Failed { reason: FailureReason::PaymentUnavailable };
    assert_eq!(store.open_booking(&request, after(400)).await.unwrap(), BookingOpened::Ended { end });
}

async fn refuses_without_a_trace(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    open(&store, &request(1, "first", &[4, 5])).await;
    let refused = store.open_booking(&request(2, "second", &[6, 5, 4]), now()).await.unwrap();
    let reason = FailureReason::SeatsTaken { seat_ids: vec![seat(5), seat(4)] };
    assert_eq!(refused, BookingOpened::Refused { reason });
    assert_eq!(seat_state(&store, 6).await, ShowSeatState::Available);

    open(&store, &request(1, "another", &[7])).await;
    let refused = store.open_booking(&request(1, "one too many", &[8]), now()).await.unwrap();
    assert_eq!(refused, BookingOpened::Refused { reason: FailureReason::TooManyHolds { limit: 2 } });
    assert_eq!(seat_state(&store, 8).await, ShowSeatState::Available);
    assert_eq!(store.obstacles(&request(1, "one too many", &[8])).await.unwrap().open_holds, 2);

    for table in ["bookings", "payments", "payables", "payment_attempts", "outbox", "timeline_entries"] {
        assert_eq!(count(&store, table).await, 2, "{table}");
    }
}

async fn refuses_what_the_show_does_not_have(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let refused = store.open_booking(&request(1, "key", &[0, 77]), now()).await.unwrap();
    let reason = FailureReason::SeatsUnknown { seat_ids: vec![seat(77)] };
    assert_eq!(refused, BookingOpened::Refused { reason });

    let mut elsewhere = request(1, "elsewhere", &[0]);
    elsewhere.show_id = domain::ids::ShowId::new(uuid::Uuid::from_u128(99));
    let refused = store.open_booking(&elsewhere, now()).await.unwrap();
    let reason = FailureReason::SeatsUnknown { seat_ids: vec![seat(0)] };
    assert_eq!(refused, BookingOpened::Refused { reason });

    fixture::tamper(&store, "delete from show_prices").await;
    let refused = store.open_booking(&request(1, "no price", &[0]), now()).await.unwrap();
    assert_eq!(refused, BookingOpened::Refused { reason: FailureReason::NoPrice });
    assert_eq!(count(&store, "bookings").await, 0);
}

async fn refuses_outside_the_sales_window(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let days = |days: i64| now() + SignedDuration::from_hours(24 * days);
    for (at, why) in [(days(-8), NotOnSale::NotYet), (days(7), NotOnSale::Closed), (days(8), NotOnSale::Over)] {
        let refused = store.open_booking(&request(1, "key", &[0]), at).await.unwrap();
        assert_eq!(refused, BookingOpened::Refused { reason: FailureReason::NotOnSale { why } });
    }
    fixture::tamper(&store, "update shows set state = 'cancelled'").await;
    let refused = store.open_booking(&request(1, "key", &[0]), now()).await.unwrap();
    let reason = FailureReason::NotOnSale { why: NotOnSale::Cancelled };
    assert_eq!(refused, BookingOpened::Refused { reason });
}

async fn a_booking_that_costs_nothing_has_no_attempt(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let mut request = request(1, "key", &[0]);
    request.show_id = fixture::free_show_id();
    assert_eq!(open(&store, &request).await.attempt, None);
    assert_eq!(count(&store, "payments").await, 1);
    assert_eq!(count(&store, "payment_attempts").await, 0);
}

async fn names_the_newest_attempt_that_can_be_paid(db: TestDatabase) {
    use domain::payment::IntentState;
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    fixture::open_and_request(&store, &request).await;
    let cancelled = fixture::reading(&request, 1, IntentState::Cancelled);
    store.record_attempt(&cancelled, after(1)).await.unwrap();
    assert_eq!(open(&store, &request).await.attempt, None);
    store.open_attempt(request.booking_id, after(2)).await.unwrap();
    assert_eq!(open(&store, &request).await.attempt.map(|attempt| attempt.number), Some(2));
    let extended = store.extend_hold(request.booking_id, after(3)).await.unwrap();
    assert_eq!(extended, HoldExtended::Extended { until: after(HOLD_SECONDS) });
}
