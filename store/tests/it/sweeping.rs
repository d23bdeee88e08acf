//! What a sweep finds.

use domain::booking::{BookingRequest, CancelBooking, Cleared, FlagBooking, UnflagBooking};
use domain::booking_state::{CancelledBy, EndState};
use domain::ids::ShowId;
use domain::refund::{RefundReason, RefundToOpen};
use domain::show_cancel::{CallOff, ShowToCancel};
use store::Store;

use crate::fixture::{
    self, after, buy, close, customer, free_show_id, open, open_and_request, pay, request, show_id, stuck_step,
};
use crate::harness::TestDatabase;

on_both_databases! {
    overdue_bookings_are_found_until_they_are_closed,
    bookings_whose_money_is_not_settled_are_found,
    money_that_never_bought_anything_is_found_until_it_goes_back,
    shows_called_off_are_found_until_their_bookings_are_taken_back,
}

async fn overdue_bookings_are_found_until_they_are_closed(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let (pending, waiting) = (request(1, "pending", &[0]), request(2, "waiting", &[1]));
    open(&store, &pending).await;
    open_and_request(&store, &waiting).await;
    assert!(store.overdue_bookings(after(300), 10).await.unwrap().is_empty());
    assert_eq!(store.overdue_bookings(after(301), 10).await.unwrap().len(), 2);
    assert_eq!(store.overdue_bookings(after(301), 1).await.unwrap().len(), 1);
    close(&store, &pending, EndState::Expired).await;
    assert_eq!(store.overdue_bookings(after(301), 10).await.unwrap(), [waiting.booking_id]);
}

async fn bookings_whose_money_is_not_settled_are_found(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    // What bought tickets, and what never paid, is as it should be.
    buy(&store, &request(1, "sold", &[0])).await;
    let unpaid = request(2, "unpaid", &[1]);
    open_and_request(&store, &unpaid).await;
    close(&store, &unpaid, EndState::Expired).await;
    assert!(store.unsettled_bookings(after(1_000_000), 10).await.unwrap().is_empty());

    let late = request(3, "late", &[2]);
    open_and_request(&store, &late).await;
    close(&store, &late, EndState::Expired).await;
    pay(&store, &late, 1).await;
    let stuck = request(4, "stuck", &[3]);
    open_and_request(&store, &stuck).await;
    let flag = |id| FlagBooking { booking_id: id, stuck: stuck_step(), toward: EndState::Expired };
    store.flag_booking(&flag(stuck.booking_id), after(2)).await.unwrap();
    // A sale that an operator declared over: its money bought tickets once and has to go back all the same.
    let taken_back = request(5, "taken back", &[4]);
    buy(&store, &taken_back).await;
    store.flag_booking(&flag(taken_back.booking_id), after(400)).await.unwrap();
    let (step, cleared) = (stuck_step().step, Cleared::Resolved { operator: "ops".to_owned() });
    let unflag = UnflagBooking { booking_id: taken_back.booking_id, step, cleared, end: EndState::Expired };
    store.unflag_booking(&unflag, after(401)).await.unwrap();
    let cancelled = request(6, "cancelled", &[5]);
    buy(&store, &cancelled).await;
    let order = CancelBooking { booking_id: cancelled.booking_id, by: CancelledBy::Customer };
    store.cancel_booking(&order, after(500)).await.unwrap();

    let all = [stuck.booking_id, late.booking_id, taken_back.booking_id, cancelled.booking_id];
    assert_eq!(store.unsettled_bookings(after(600), 10).await.unwrap(), all);
    assert_eq!(store.unsettled_bookings(after(600), 2).await.unwrap(), all[..2]);
    assert_eq!(store.unsettled_bookings(after(30), 10).await.unwrap(), all[..1], "nothing that changed since");
    // What a policy keeps looks the same as what was forgotten, so it is not looked for for ever.
    assert_eq!(store.unsettled_bookings(after(2_000), 10).await.unwrap(), all[..3]);
    let refund =
        RefundToOpen { booking_id: late.booking_id, attempt: 1, reason: RefundReason::NotConfirmed, amount: None };
    store.open_refund(&refund, after(600)).await.unwrap();
    assert_eq!(store.unsettled_bookings(after(2_000), 10).await.unwrap(), [all[0], all[2]]);
}

async fn money_that_never_bought_anything_is_found_until_it_goes_back(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let by = CancelledBy::Operator;
    let unspent = async |it: &BookingRequest| store.recall_booking(it.booking_id).await.unwrap().unwrap().unspent;
    // Taken back while its money was on the way, by a saga that was lost before it gave the money back.
    let never_sold = request(1, "never sold", &[0]);
    open_and_request(&store, &never_sold).await;
    close(&store, &never_sold, EndState::Cancelled { by }).await;
    assert!(unspent(&never_sold).await.is_empty());
    pay(&store, &never_sold, 1).await;
    // What a policy is about is decided by it.
    let sold = request(2, "sold", &[1]);
    buy(&store, &sold).await;
    store.cancel_booking(&CancelBooking { booking_id: sold.booking_id, by }, after(100)).await.unwrap();

    assert_eq!(store.unsettled_bookings(after(1_000_000), 10).await.unwrap(), [never_sold.booking_id]);
    assert_eq!((unspent(&never_sold).await, unspent(&sold).await), (vec![1], vec![]));
    let (booking_id, reason) = (never_sold.booking_id, RefundReason::Cancelled);
    let refund = RefundToOpen { booking_id, attempt: 1, reason, amount: None };
    store.open_refund(&refund, after(400)).await.unwrap();
    assert!(store.unsettled_bookings(after(1_000_000), 10).await.unwrap().is_empty());
    assert!(unspent(&never_sold).await.is_empty());
}

async fn call_off(store: &Store, show_id: ShowId, seconds: i64) {
    let order = CallOff { show_id, by: customer(9), reason: None };
    assert!(store.call_off_show(&order, after(seconds)).await.unwrap());
}

/// The shows that were called off from some seconds after the beginning until some others.
async fn to_cancel(store: &Store, from: i64, to: i64, last: Option<&ShowToCancel>, limit: u32) -> Vec<ShowToCancel> {
    store.shows_to_cancel(&(after(from)..after(to)), last, limit).await.unwrap()
}

async fn shows_called_off_are_found_until_their_bookings_are_taken_back(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let (sold, waiting) = (request(1, "sold", &[0]), request(2, "waiting", &[1]));
    let free = BookingRequest { show_id: free_show_id(), ..request(3, "free", &[0]) };
    buy(&store, &sold).await;
    open_and_request(&store, &waiting).await;
    open(&store, &free).await;
    assert!(to_cancel(&store, 0, 1_000, None, 10).await.is_empty(), "nothing is called off");
    call_off(&store, show_id(), 100).await;
    call_off(&store, free_show_id(), 200).await;

    let all = to_cancel(&store, 0, 1_000, None, 10).await;
    let partner_id = fixture::catalogue(1).partners[0].id;
    let of = |show_id, seconds| ShowToCancel { show_id, partner_id, called_off_at: after(seconds) };
    assert_eq!(all, [of(show_id(), 100), of(free_show_id(), 200)]);
    assert_eq!(to_cancel(&store, 100, 200, None, 10).await, all[..1], "from the first moment until before the last");
    assert_eq!(to_cancel(&store, 101, 201, None, 10).await, all[1..]);
    assert_eq!(to_cancel(&store, 0, 1_000, None, 1).await, all[..1]);
    assert_eq!(to_cancel(&store, 0, 1_000, all.first(), 1).await, all[1..], "the next one");
    assert!(to_cancel(&store, 0, 1_000, all.last(), 1).await.is_empty());

    let by = CancelledBy::Operator;
    store.cancel_booking(&CancelBooking { booking_id: sold.booking_id, by }, after(300)).await.unwrap();
    assert_eq!(to_cancel(&store, 0, 1_000, None, 10).await, all, "another booking is open");
    let flag = FlagBooking { booking_id: waiting.booking_id, stuck: stuck_step(), toward: EndState::Cancelled { by } };
    store.flag_booking(&flag, after(300)).await.unwrap();
    assert_eq!(to_cancel(&store, 0, 1_000, None, 10).await, all[1..], "an operator sees to the other booking");
    close(&store, &free, EndState::Cancelled { by }).await;
    assert!(to_cancel(&store, 0, 1_000, None, 10).await.is_empty());
}
