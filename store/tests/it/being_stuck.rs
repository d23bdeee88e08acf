//! Bookings that wait for an operator.

use domain::booking::{Cleared, FlagBooking, UnflagBooking};
use domain::booking_state::{BookingState, CancelledBy, EndState};
use domain::hold::HoldExtended;
use domain::show_seat::ShowSeatState;
use store::{OperatorAction, StoreError};
use uuid::Uuid;

use crate::fixture::{
    self, after, buy, count, messages, open_and_request, request, seat_state, state, steps, stuck_step,
};
use crate::harness::TestDatabase;

on_both_databases! {
    is_told_once_per_step,
    ends_where_it_was_going,
    nobodys_word_makes_tickets,
    a_sale_that_is_declared_cancelled_is_taken_back,
    an_operators_action_is_on_the_timeline_once,
}

fn flag(request: &domain::booking::BookingRequest, toward: EndState) -> FlagBooking {
    FlagBooking { booking_id: request.booking_id, stuck: stuck_step(), toward }
}

fn unflag(request: &domain::booking::BookingRequest, end: EndState) -> UnflagBooking {
    UnflagBooking {
        booking_id: request.booking_id,
        step: stuck_step().step,
        cleared: Cleared::Resolved { operator: "ops".to_owned() },
        end,
    }
}

async fn is_told_once_per_step(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    let mut order = flag(&request, EndState::Expired);
    for _ in 0..2 {
        store.flag_booking(&order, after(10)).await.unwrap();
    }
    // It keeps its seats until it is closed.
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Held);
    assert_eq!(steps(&store, &request).await[2..], ["stuck"]);
    assert_eq!(store.extend_hold(request.booking_id, after(11)).await.unwrap(), HoldExtended::NeedsAttention);
    order.stuck.step = "seats.release".to_owned();
    store.flag_booking(&order, after(12)).await.unwrap();
    assert_eq!(steps(&store, &request).await[2..], ["stuck", "stuck"]);
    fixture::close(&store, &request, EndState::Expired).await;
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Available);
    assert!(matches!(state(&store, &request).await, BookingState::NeedsAttention { .. }));
}

async fn ends_where_it_was_going(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    store.flag_booking(&flag(&request, EndState::Expired), after(10)).await.unwrap();
    let order = unflag(&request, EndState::Expired);
    for _ in 0..2 {
        assert_eq!(store.unflag_booking(&order, after(20)).await.unwrap(), BookingState::Expired);
    }
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Available);
    assert_eq!(count(&store, "hold_slots").await, 0);
    assert_eq!(steps(&store, &request).await[2..], ["stuck", "unstuck", "expired"]);
    assert_eq!(messages(&store, &request).await[2..], ["BookingNeedsAttention", "BookingExpired"]);
}

async fn nobodys_word_makes_tickets(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    store.flag_booking(&flag(&request, EndState::Confirmed), after(10)).await.unwrap();
    let error = store.unflag_booking(&unflag(&request, EndState::Confirmed), after(20)).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongEnd { .. }) && !error.is_transient(), "{error}");
}

async fn a_sale_that_is_declared_cancelled_is_taken_back(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let (kept, lost) = (request(1, "kept", &[0]), request(2, "lost", &[1]));
    for request in [&kept, &lost] {
        buy(&store, request).await;
        store.flag_booking(&flag(request, EndState::Confirmed), after(100)).await.unwrap();
    }
    let state = store.unflag_booking(&unflag(&kept, EndState::Confirmed), after(110)).await.unwrap();
    assert_eq!(state, BookingState::Confirmed);
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Sold);
    let end = EndState::Cancelled { by: CancelledBy::Operator };
    store.unflag_booking(&unflag(&lost, end), after(110)).await.unwrap();
    assert_eq!(seat_state(&store, 1).await, ShowSeatState::Available);
    assert_eq!(count(&store, "tickets where state = 'voided'").await, 1);
}

async fn an_operators_action_is_on_the_timeline_once(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open_and_request(&store, &request).await;
    let action = OperatorAction {
        id: Uuid::from_u128(7),
        booking_id: request.booking_id,
        operator: "ops".to_owned(),
        action: "retry".to_owned(),
        note: "the provider is back".to_owned(),
    };
    for _ in 0..2 {
        store.record_operator_action(&action, after(10)).await.unwrap();
    }
    assert_eq!(steps(&store, &request).await[2..], ["operator_acted"]);
    assert_eq!(count(&store, "operator_actions").await, 1);
}
