//! Calling a show off, finding the bookings to take back, and counting how far that has come.

use domain::booking::{BookingConfirmed, BookingOpened, CancelBooking, Cleared, ConfirmRefusal};
use domain::booking::{FlagBooking, UnflagBooking};
use domain::booking_state::{BookingState, CancelledBy, EndState, FailureReason};
use domain::ids::BookingId;
use domain::payment::IntentState;
use domain::refund::{RecordRefund, RefundOpened, RefundReading, RefundState};
use domain::show::{NotOnSale, ShowState};
use domain::show_cancel::{BookingCounts, CallOff, ShowCancellation};
use jiff::SignedDuration;
use store::Store;

use crate::fixture::{self, after, buy, customer, euros, free_show_id, now, open, open_and_request, request, show_id};
use crate::harness::TestDatabase;

on_both_databases! {
    is_done_once_and_the_first_word_stays,
    nothing_is_opened_or_confirmed_afterwards,
    its_open_bookings_are_found_in_pages,
    whoever_takes_a_booking_back_afterwards_gets_everything_back,
    what_was_agreed_before_stays,
    what_was_taken_back_before_was_so_by_any_clock,
    the_money_is_counted_until_it_is_back,
    what_was_refused_for_one_booking_is_not_what_another_waits_for,
    what_ends_afterwards_is_counted_by_any_clock,
}

fn order(reason: Option<&str>) -> CallOff {
    CallOff { show_id: show_id(), by: customer(9), reason: reason.map(str::to_owned) }
}

async fn call_off(store: &Store, seconds: i64) {
    assert!(store.call_off_show(&order(None), after(seconds)).await.unwrap());
}

async fn cancellation(store: &Store) -> ShowCancellation {
    store.cancellation_of(show_id()).await.unwrap().expect("a cancellation")
}

fn sums(cancellation: &ShowCancellation) -> [i64; 3] {
    let refunds = &cancellation.refunds;
    [refunds.pending.minor, refunds.done.minor, refunds.refused.minor]
}

async fn is_done_once_and_the_first_word_stays(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    assert_eq!(store.cancellation_of(show_id()).await.unwrap(), None);
    let before = store.find_show_to_edit(show_id()).await.unwrap().unwrap().version;
    assert!(store.call_off_show(&order(Some("first")), after(1)).await.unwrap());
    assert!(!store.call_off_show(&order(Some("second")), after(2)).await.unwrap());
    let first = cancellation(&store).await;
    assert_eq!((first.called_off_at, first.reason.as_deref()), (after(1), Some("first")));
    assert!(first.is_done(), "there is no booking: {first:?}");
    let show = store.find_show_to_edit(show_id()).await.unwrap().unwrap();
    assert_eq!((show.content.state, show.version), (ShowState::Cancelled, before + 1));
    // The catalogue of a partner says nothing about it.
    store.load_catalogue(&fixture::catalogue(fixture::SEATS), now()).await.unwrap();
    assert_eq!(cancellation(&store).await, first);
    assert_eq!(store.cancellation_of(free_show_id()).await.unwrap(), None, "another show");
}

async fn nothing_is_opened_or_confirmed_afterwards(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let paid = request(1, "paid", &[0]);
    open_and_request(&store, &paid).await;
    fixture::pay(&store, &paid, 1).await;
    call_off(&store, 60).await;
    let confirmed = store.confirm_booking(paid.booking_id, Some(1), after(61)).await.unwrap();
    let why = NotOnSale::Cancelled;
    assert_eq!(confirmed, BookingConfirmed::Refused { why: ConfirmRefusal::NotOnSale { why } });
    let opened = store.open_booking(&request(2, "late", &[1]), after(61)).await.unwrap();
    assert_eq!(opened, BookingOpened::Refused { reason: FailureReason::NotOnSale { why } });
}

async fn its_open_bookings_are_found_in_pages(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let mut wanted: Vec<BookingId> = Vec::new();
    for number in 0..6 {
        let it = request(number, "open", &[usize::try_from(number).unwrap()]);
        match number % 3 {
            0 => {
                open(&store, &it).await;
            }
            1 => open_and_request(&store, &it).await,
            _ => buy(&store, &it).await,
        }
        wanted.push(it.booking_id);
    }
    wanted.sort();
    let (expired, stuck) = (request(6, "expired", &[6]), request(7, "stuck", &[7]));
    open(&store, &expired).await;
    fixture::close(&store, &expired, EndState::Expired).await;
    open(&store, &stuck).await;
    let flag = FlagBooking { booking_id: stuck.booking_id, stuck: fixture::stuck_step(), toward: EndState::Expired };
    store.flag_booking(&flag, after(1)).await.unwrap();

    let none = store.bookings_to_cancel(show_id(), None, 100).await.unwrap();
    assert!(none.is_empty(), "the show is not called off: {none:?}");
    call_off(&store, 2).await;
    let mut found = Vec::new();
    loop {
        let page = store.bookings_to_cancel(show_id(), found.last().copied(), 4).await.unwrap();
        let is_last = page.len() < 4;
        found.extend(page);
        if is_last {
            break;
        }
    }
    assert_eq!(found, wanted);
    let counts = BookingCounts { all: 8, open: 6, cancelled: 0, needs_attention: 1 };
    assert_eq!(cancellation(&store).await.bookings, counts);
}

async fn whoever_takes_a_booking_back_afterwards_gets_everything_back(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let last_minute = now() + SignedDuration::from_hours(24 * 7) - SignedDuration::from_mins(5);
    let bookings = [request(1, "one", &[0]), request(2, "two", &[1]), request(3, "three", &[2])];
    for it in &bookings {
        buy(&store, it).await;
    }
    assert!(store.call_off_show(&order(None), last_minute).await.unwrap());
    // The clock of another machine may say that the show is not called off yet.
    let behind = last_minute - SignedDuration::from_secs(5);
    let asked =
        [(CancelledBy::Operator, last_minute), (CancelledBy::Customer, last_minute), (CancelledBy::Customer, behind)];
    for (it, (by, at)) in bookings.iter().zip(asked) {
        let order = CancelBooking { booking_id: it.booking_id, by };
        let first = store.cancel_booking(&order, at).await.unwrap();
        let amounts: Vec<i64> = first.refunds.iter().map(|refund| refund.amount.unwrap().minor).collect();
        assert_eq!((&first.state, amounts), (&BookingState::Cancelled { by }, vec![1_500]));
        assert_eq!(store.cancel_booking(&order, at).await.unwrap(), first, "the same again");
    }
}

async fn what_was_agreed_before_stays(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let early = request(1, "early", &[0]);
    buy(&store, &early).await;
    let too_late = now() + SignedDuration::from_hours(24 * 7) - SignedDuration::from_mins(5);
    let order_of_customer = CancelBooking { booking_id: early.booking_id, by: CancelledBy::Customer };
    assert!(store.cancel_booking(&order_of_customer, too_late).await.unwrap().refunds.is_empty());
    let later = too_late + SignedDuration::from_secs(1);
    assert!(store.call_off_show(&order(None), later).await.unwrap());
    assert!(store.cancel_booking(&order_of_customer, later).await.unwrap().refunds.is_empty());
    assert_eq!(sums(&cancellation(&store).await), [0, 0, 0], "its money has nothing to do with it");
}

async fn what_was_taken_back_before_was_so_by_any_clock(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let early = request(1, "early", &[0]);
    buy(&store, &early).await;
    // So late the policy gives half of it back.
    let in_time = now() + SignedDuration::from_hours(24 * 7 - 3);
    let order_of_customer = CancelBooking { booking_id: early.booking_id, by: CancelledBy::Customer };
    let first = store.cancel_booking(&order_of_customer, in_time).await.unwrap();
    assert_eq!(first.refunds[0].amount.unwrap().minor, 750);
    // The clock of who calls the show off is behind that of who took the booking back.
    let behind = in_time - SignedDuration::from_secs(5);
    assert!(store.call_off_show(&order(None), behind).await.unwrap());
    let now = cancellation(&store).await;
    assert!(now.called_off_at > in_time, "{now:?}");
    assert_eq!(store.cancel_booking(&order_of_customer, in_time).await.unwrap(), first, "the same again");
    assert_eq!(sums(&now), [0, 0, 0], "its money has nothing to do with it");
}

async fn the_money_is_counted_until_it_is_back(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let (one, two) = (request(1, "one", &[0]), request(2, "two", &[1, 2]));
    buy(&store, &one).await;
    buy(&store, &two).await;
    call_off(&store, 100).await;
    assert_eq!(sums(&cancellation(&store).await), [0, 0, 0], "they are still open");
    let mut sent = Vec::new();
    for it in [&one, &two] {
        let order = CancelBooking { booking_id: it.booking_id, by: CancelledBy::Operator };
        let refund = store.cancel_booking(&order, after(101)).await.unwrap().refunds.remove(0);
        sent.push(refund);
    }
    let counted = cancellation(&store).await;
    assert_eq!((counted.bookings.cancelled, sums(&counted)), (2, [4_500, 0, 0]), "nothing is written down yet");
    assert!(!counted.is_done());
    for (refund, state) in sent.iter().zip([RefundState::Succeeded, RefundState::Failed]) {
        let RefundOpened::Open(to_send) = store.open_refund(refund, after(102)).await.unwrap() else {
            panic!("there is nothing to give back");
        };
        let reading = RefundReading { provider_refund_id: format!("re_{state:?}"), state };
        store.record_refund(&RecordRefund { refund_id: to_send.refund_id, reading }, after(103)).await.unwrap();
    }
    let counted = cancellation(&store).await;
    assert_eq!(sums(&counted), [0, 1_500, 3_000]);
    assert!(counted.is_done());
}

async fn what_was_refused_for_one_booking_is_not_what_another_waits_for(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let bookings = [request(1, "refused", &[0]), request(2, "one", &[1]), request(3, "two", &[2])];
    for it in &bookings {
        buy(&store, it).await;
    }
    call_off(&store, 100).await;
    let mut refunds = Vec::new();
    for it in &bookings {
        let order = CancelBooking { booking_id: it.booking_id, by: CancelledBy::Operator };
        refunds.extend(store.cancel_booking(&order, after(101)).await.unwrap().refunds);
    }
    let RefundOpened::Open(to_send) = store.open_refund(&refunds[0], after(102)).await.unwrap() else {
        panic!("there is nothing to give back");
    };
    let reading = RefundReading { provider_refund_id: "re_1".to_owned(), state: RefundState::Failed };
    store.record_refund(&RecordRefund { refund_id: to_send.refund_id, reading }, after(103)).await.unwrap();
    assert_eq!(sums(&cancellation(&store).await), [3_000, 0, 1_500]);
    // An operator gives it back at the provider.
    let mut by_hand = fixture::reading(&bookings[0], 1, IntentState::Succeeded);
    by_hand.reading.refunded = euros(1_500);
    store.record_capture(&by_hand, after(104)).await.unwrap();
    let counted = cancellation(&store).await;
    assert_eq!(sums(&counted), [3_000, 1_500, 0]);
    assert!(!counted.is_done(), "two are still waiting");
}

async fn what_ends_afterwards_is_counted_by_any_clock(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let (before, unpaid, stuck) = (request(1, "before", &[0]), request(2, "unpaid", &[1]), request(3, "stuck", &[2]));
    for it in [&before, &unpaid, &stuck] {
        open_and_request(&store, it).await;
    }
    fixture::close(&store, &before, EndState::Expired).await;
    let (step, toward) = (fixture::stuck_step(), EndState::Expired);
    let flag = FlagBooking { booking_id: stuck.booking_id, stuck: step.clone(), toward: toward.clone() };
    store.flag_booking(&flag, after(300)).await.unwrap();
    call_off(&store, 400).await;
    // The clock of who closes them is behind that of who called the show off.
    fixture::close(&store, &unpaid, EndState::Expired).await;
    let cleared = Cleared::Resolved { operator: "ops".to_owned() };
    let unflag = UnflagBooking { booking_id: stuck.booking_id, step: step.step, cleared, end: toward };
    assert_eq!(store.unflag_booking(&unflag, after(300)).await.unwrap(), BookingState::Expired);
    for it in [&before, &unpaid, &stuck] {
        fixture::pay(&store, it, 1).await;
    }
    let counted = cancellation(&store).await;
    assert_eq!(sums(&counted), [3_000, 0, 0], "but for that of the booking that had ended before");
}
