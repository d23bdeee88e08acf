//! Many at once: one winner, and nothing half done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use domain::booking::{BookingCancelled, BookingConfirmed, BookingOpened, BookingRequest, CancelBooking};
use domain::booking_state::{CancelledBy, EndState, FailureReason};
use domain::event::Event;
use domain::ids::{EventId, HallId, SeatId, ShowId, VenueId};
use domain::refund::{RefundOpened, RefundReason, RefundToOpen};
use domain::seat::Seat;
use domain::show::Show;
use domain::show_cancel::CallOff;
use domain::venue::Venue;
use futures::future::join_all;
use store::{Allocated, Allocation, Edited, PutOn, Replanned, SeatsDrawn};
use uuid::Uuid;

use crate::fixture::{self, after, buy, customer, now, open_and_request, request, show_id};
use crate::harness::TestDatabase;

on_both_databases! {
    one_booking_gets_the_seats,
    overlapping_bookings_never_wait_for_each_other,
    a_customer_gets_only_so_many_holds,
    the_same_booking_is_opened_once,
    opening_and_closing_the_same_booking_agree,
    a_booking_is_confirmed_once,
    late_money_and_a_new_booking_share_nothing,
    a_refund_is_opened_once,
    who_cancels_while_a_show_is_called_off_is_answered_the_same_again,
    a_show_is_booked_or_deleted_and_never_both,
    a_show_is_put_on_with_the_hall_as_it_is_or_not_at_all,
    what_is_sold_again_has_a_price,
}

on_postgres! {
    a_show_is_called_off_while_somebody_always_has_it,
}

/// Runs a future for each number on a task of its own, over connections of three processes.
async fn at_once<T, F>(db: &TestDatabase, tasks: usize, work: impl Fn(usize, store::Store) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let stores = [db.store.clone(), db.another_process().await, db.another_process().await];
    let running = (0..tasks).map(|task| tokio::spawn(work(task, stores[task % stores.len()].clone())));
    join_all(running).await.into_iter().map(|result| result.expect("a task")).collect()
}

async fn one_booking_gets_the_seats(db: TestDatabase) {
    fixture::load(&db.store).await;
    let answers = at_once(&db, 40, |task, store| async move {
        let request = request(task as u128 + 1, "key", &[2, 0, 1]);
        store.open_booking(&request, now()).await.expect("an answer")
    })
    .await;
    let opened = answers.iter().filter(|answer| matches!(answer, BookingOpened::Opened(_))).count();
    let taken = |answer: &&BookingOpened| {
        matches!(answer, BookingOpened::Refused { reason: FailureReason::SeatsTaken { seat_ids } }
            if seat_ids.len() == 3)
    };
    assert_eq!((opened, answers.iter().filter(taken).count()), (1, 39));
    assert_eq!(fixture::count(&db.store, "bookings").await, 1);
}

async fn overlapping_bookings_never_wait_for_each_other(db: TestDatabase) {
    fixture::load(&db.store).await;
    // Each asks for three seats in an order of its own, so that without one order for all they would deadlock.
    let answers = at_once(&db, 36, |task, store| async move {
        let first = task % fixture::SEATS;
        let seats = [first, (first + 5) % fixture::SEATS, (first + 1) % fixture::SEATS];
        let request = request(task as u128 + 1, "key", &seats);
        store.open_booking(&request, now()).await.expect("an answer")
    })
    .await;
    let opened = answers.iter().filter(|answer| matches!(answer, BookingOpened::Opened(_))).count();
    assert!((1..=fixture::SEATS / 3).contains(&opened), "{opened} bookings of three seats in a hall of twelve");
    assert_eq!(fixture::count(&db.store, "show_seats where state = 'held'").await, opened as i64 * 3);
}

async fn a_customer_gets_only_so_many_holds(db: TestDatabase) {
    fixture::load(&db.store).await;
    let answers = at_once(&db, 12, |task, store| async move {
        store.open_booking(&request(1, &format!("key {task}"), &[task]), now()).await.expect("an answer")
    })
    .await;
    let opened = answers.iter().filter(|answer| matches!(answer, BookingOpened::Opened(_))).count();
    assert_eq!(opened, 2);
    assert_eq!(fixture::count(&db.store, "show_seats where state = 'held'").await, 2);
}

async fn the_same_booking_is_opened_once(db: TestDatabase) {
    fixture::load(&db.store).await;
    let answers = at_once(&db, 12, |_, store| async move {
        store.open_booking(&request(1, "key", &[0, 1]), now()).await.expect("an answer")
    })
    .await;
    assert!(matches!(answers[0], BookingOpened::Opened(_)));
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(fixture::count(&db.store, "outbox").await, 1);
}

async fn opening_and_closing_the_same_booking_agree(db: TestDatabase) {
    fixture::load(&db.store).await;
    at_once(&db, 24, |task, store| async move {
        let request = request(task as u128 / 2 + 1, "key", &[task / 2]);
        if task % 2 == 0 {
            store.open_booking(&request, now()).await.expect("an answer");
        } else {
            fixture::close(&store, &request, EndState::Failed { reason: FailureReason::Abandoned }).await;
        }
    })
    .await;
    // Whichever came first, the booking is closed and its seat is free.
    assert_eq!(fixture::count(&db.store, "bookings where state = 'failed'").await, 12);
    assert_eq!(fixture::count(&db.store, "show_seats where state <> 'available'").await, 0);
}

async fn a_booking_is_confirmed_once(db: TestDatabase) {
    fixture::load(&db.store).await;
    let booking = request(1, "key", &[0, 1]);
    open_and_request(&db.store, &booking).await;
    fixture::pay(&db.store, &booking, 1).await;
    let booking_id = booking.booking_id;
    let answers = at_once(&db, 10, |_, store| async move {
        store.confirm_booking(booking_id, Some(1), after(61)).await.expect("an answer")
    })
    .await;
    assert!(answers.iter().all(|answer| *answer == BookingConfirmed::Confirmed { late: false }));
    assert_eq!(fixture::count(&db.store, "tickets").await, 2);
}

async fn late_money_and_a_new_booking_share_nothing(db: TestDatabase) {
    fixture::load(&db.store).await;
    for seat in 0..6 {
        let late = request(seat as u128 + 1, "late", &[seat]);
        open_and_request(&db.store, &late).await;
        fixture::pay(&db.store, &late, 1).await;
        fixture::close(&db.store, &late, EndState::Expired).await;
    }
    at_once(&db, 12, |task, store| async move {
        let seat = task / 2;
        if task % 2 == 0 {
            let late = request(seat as u128 + 1, "late", &[seat]).booking_id;
            store.confirm_booking(late, Some(1), after(400)).await.expect("an answer");
        } else {
            store.open_booking(&request(seat as u128 + 100, "new", &[seat]), after(400)).await.expect("an answer");
        }
    })
    .await;
    // Each seat went to one of the two.
    let sold = fixture::count(&db.store, "show_seats where state = 'sold'").await;
    let held = fixture::count(&db.store, "show_seats where state = 'held'").await;
    assert_eq!(sold + held, 6);
    assert_eq!(fixture::count(&db.store, "tickets where state = 'issued'").await, sold);
}

async fn a_refund_is_opened_once(db: TestDatabase) {
    fixture::load(&db.store).await;
    let booking = request(1, "key", &[0]);
    buy(&db.store, &booking).await;
    let reasons = [RefundReason::Cancelled, RefundReason::NotConfirmed, RefundReason::Mismatch];
    let answers = at_once(&db, 12, |task, store| {
        let reason = reasons[task % reasons.len()];
        let order = RefundToOpen { booking_id: booking.booking_id, attempt: 1, reason, amount: None };
        async move { store.open_refund(&order, after(100)).await.expect("an answer") }
    })
    .await;
    // Whichever reason came first took everything that there was to give back.
    let nothing = answers.iter().filter(|answer| **answer == RefundOpened::Nothing).count();
    assert_eq!(nothing, 8);
    assert_eq!(fixture::count(&db.store, "refunds").await, 1);
}

async fn who_cancels_while_a_show_is_called_off_is_answered_the_same_again(db: TestDatabase) {
    fixture::load(&db.store).await;
    let bookings: Vec<_> = (0..fixture::SEATS).map(|seat| request(seat as u128 + 1, "key", &[seat])).collect();
    for it in &bookings {
        buy(&db.store, it).await;
    }
    // In the same moment, when the policy gives nothing back any more.
    let at = after(7 * 24 * 60 * 60 - 60);
    let order = |seat: usize| CancelBooking { booking_id: bookings[seat].booking_id, by: CancelledBy::Customer };
    let answers: Vec<Option<BookingCancelled>> = at_once(&db, fixture::SEATS + 1, |task, store| {
        // The show in the midst of them.
        let seat = if task <= fixture::SEATS / 2 { task } else { task - 1 };
        let order = (task != fixture::SEATS / 2).then(|| order(seat));
        async move {
            let Some(order) = order else {
                let order = CallOff { show_id: show_id(), by: customer(99), reason: None };
                assert!(store.call_off_show(&order, at).await.expect("an answer"));
                return None;
            };
            Some(store.cancel_booking(&order, at).await.expect("an answer"))
        }
    })
    .await;
    let mut promised = 0;
    for (seat, answer) in answers.into_iter().flatten().enumerate() {
        promised += answer.refunds.iter().filter_map(|refund| refund.amount).map(|amount| amount.minor).sum::<i64>();
        assert_eq!(db.store.cancel_booking(&order(seat), at).await.expect("an answer"), answer);
    }
    let cancellation = db.store.cancellation_of(show_id()).await.expect("reading").expect("a cancellation");
    assert_eq!(cancellation.bookings.cancelled, fixture::SEATS as i64);
    assert_eq!(cancellation.refunds.pending.minor, promised);
}

async fn a_show_is_booked_or_deleted_and_never_both(db: TestDatabase) {
    const ROUNDS: u128 = 12;
    const ASKERS: usize = 8;
    fixture::load(&db.store).await;
    let model = fixture::catalogue(fixture::SEATS).shows[0].clone();
    for round in 0..ROUNDS {
        let show_id = ShowId::new(Uuid::from_u128(0x5100 + round));
        assert_eq!(db.store.create_show(&Show { id: show_id, ..model.clone() }).await.unwrap(), PutOn::Done(()));
        // Whoever deletes it comes first in one round and last in another.
        let deleter = usize::try_from(round).unwrap() % (ASKERS + 1);
        let answers: Vec<Result<BookingOpened, Edited>> = at_once(&db, ASKERS + 1, |task, store| async move {
            if task == deleter {
                return Err(store.delete_show(show_id, 1).await.expect("an answer"));
            }
            let seats = [task, task + 1];
            let request = request(task as u128 + 1, &format!("round {round}"), &seats);
            Ok(store.open_booking(&BookingRequest { show_id, ..request }, now()).await.expect("an answer"))
        })
        .await;
        let opened = answers.iter().filter(|answer| matches!(answer, Ok(BookingOpened::Opened(_)))).count();
        let edited = answers.iter().find_map(|answer| answer.as_ref().err()).unwrap();
        let of_show = |table: &str| format!("{table} where show_id = '{show_id}'");
        let seats = fixture::count(&db.store, &of_show("show_seats")).await;
        assert_eq!(fixture::count(&db.store, &of_show("bookings")).await, opened as i64, "round {round}");
        if matches!(edited, Edited::Done { .. }) {
            assert_eq!((opened, seats), (0, 0), "round {round}: {answers:?}");
            assert_eq!(db.store.find_show(show_id).await.unwrap(), None);
            let unknown = |answer: &&Result<BookingOpened, Edited>| {
                matches!(answer, Ok(BookingOpened::Refused { reason: FailureReason::SeatsUnknown { .. } }))
            };
            assert_eq!(answers.iter().filter(unknown).count(), ASKERS, "round {round}: {answers:?}");
        } else {
            assert_eq!(*edited, Edited::InUse, "round {round}");
            assert!(opened > 0, "round {round}: {answers:?}");
            assert_eq!(seats, fixture::SEATS as i64, "round {round}");
        }
    }
}

/// While a hall is being emptied or deleted, its event or building as well, a show is put on in it: each of them has its
/// answer, and none is the fault of a foreign key.
async fn a_show_is_put_on_with_the_hall_as_it_is_or_not_at_all(db: TestDatabase) {
    const ROUNDS: usize = 15;
    fixture::load(&db.store).await;
    let catalogue = fixture::catalogue(fixture::SEATS);
    let (model, hall) = (catalogue.shows[0].clone(), &catalogue.halls[0]);
    for round in 0..ROUNDS {
        let id = |kind: u128| Uuid::from_u128((kind << 16) + round as u128);
        let (venue_id, hall_id, event_id) = (VenueId::new(id(1)), HallId::new(id(2)), EventId::new(id(3)));
        let venue = Venue { id: venue_id, ..catalogue.venues[0].clone() };
        let event = Event { id: event_id, ..catalogue.events[0].clone() };
        assert!(db.store.create_venue(&venue).await.unwrap() && db.store.create_event(&event).await.unwrap());
        db.store.create_hall(hall_id, venue_id, "Main").await.unwrap();
        let here = |seat: &Seat| {
            let id = SeatId::for_place(hall_id, &seat.section, &seat.row, &seat.number);
            Seat { id, hall_id, ..seat.clone() }
        };
        let seats: Vec<Seat> = hall.seats.iter().map(here).collect();
        assert_eq!(db.store.draw_seats(hall_id, &seats, 1).await.unwrap(), SeatsDrawn::Done { version: 2 });
        let show = Show { id: ShowId::new(id(4)), hall_id, event_id, ..model.clone() };
        let answers = at_once(&db, 5, |task, store| {
            let (show, few) = (show.clone(), seats[..2].to_vec());
            async move {
                // Whoever comes first does so in every fifth round.
                match (task + round) % 5 {
                    0 => format!("{:?}", store.create_show(&show).await.expect("an answer")),
                    1 => format!("{:?}", store.draw_seats(hall_id, &few, 2).await.expect("an answer")),
                    2 => format!("{:?}", store.delete_hall(hall_id, 2).await.expect("an answer")),
                    3 => format!("{:?}", store.delete_event(event_id, 1).await.expect("an answer")),
                    _ => format!("{:?}", store.delete_venue(venue_id, 1).await.expect("an answer")),
                }
            }
        })
        .await;
        let seats = db.store.show_seats(show.id).await.unwrap().len();
        let is_on = db.store.find_show(show.id).await.unwrap().is_some();
        assert!(if is_on { [2, fixture::SEATS].contains(&seats) } else { seats == 0 }, "round {round}: {answers:?}");
        assert_eq!(db.store.find_event(event_id).await.unwrap().is_some(), is_on, "round {round}: {answers:?}");
        // Whoever has drawn it has made another version of it, which nobody here has seen and deletes.
        let is_there = db.store.find_hall(hall_id).await.unwrap().is_some();
        assert!(is_there || !is_on, "round {round}: {answers:?}");
    }
}

/// While seats that were kept back are sold again, the price of their category is taken away: one of both is refused.
async fn what_is_sold_again_has_a_price(db: TestDatabase) {
    const ROUNDS: usize = 15;
    fixture::load(&db.store).await;
    let model = fixture::catalogue(fixture::SEATS).shows[0].clone();
    let seats: Vec<SeatId> = (0..fixture::SEATS).map(fixture::seat).collect();
    for round in 0..ROUNDS {
        let show = Show { id: ShowId::new(Uuid::from_u128(0x5300 + round as u128)), ..model.clone() };
        assert_eq!(db.store.create_show(&show).await.unwrap(), PutOn::Done(()));
        assert_eq!(db.store.allocate(show.id, &seats, &Allocation::Block).await.unwrap(), Allocated::Done);
        let unpriced = Show { prices: BTreeMap::new(), ..show };
        let answers = at_once(&db, 2, |task, store| {
            let (unpriced, seats) = (unpriced.clone(), seats.clone());
            async move {
                if task == round % 2 {
                    let released = store.allocate(unpriced.id, &seats, &Allocation::Release).await.expect("an answer");
                    return released == Allocated::Done;
                }
                let replanned = store.update_show(&unpriced, 1).await.expect("an answer");
                replanned == Replanned::Edited(Edited::Done { version: 2 })
            }
        })
        .await;
        assert_eq!(answers.iter().filter(|done| **done).count(), 1, "round {round}: {answers:?}");
    }
}

/// Sales and cancellations share the show, and the next one comes before the last one has ended: who calls it off must not
/// have to wait for a moment in which there is none.
async fn a_show_is_called_off_while_somebody_always_has_it(db: TestDatabase) {
    const ROUNDS: usize = 5;
    fixture::load(&db.store).await;
    let bookings: Vec<_> = (0..fixture::SEATS).map(|seat| request(seat as u128 + 1, "key", &[seat])).collect();
    for it in &bookings {
        buy(&db.store, it).await;
    }
    let (is_over, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    at_once(&db, fixture::SEATS + 1, |task, store| {
        let booking_id = bookings.get(task).map(|it| it.booking_id);
        let (is_over, rounds) = (Arc::clone(&is_over), Arc::clone(&rounds));
        async move {
            let Some(booking_id) = booking_id else {
                let all_at_it = async {
                    while rounds.load(Ordering::Relaxed) < ROUNDS * fixture::SEATS {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                };
                let all_at_it = tokio::time::timeout(Duration::from_secs(30), all_at_it).await;
                let order = CallOff { show_id: show_id(), by: customer(99), reason: None };
                let done = store.call_off_show(&order, after(90)).await;
                // The others end in any case.
                is_over.store(true, Ordering::Relaxed);
                all_at_it.expect("the others are at it");
                assert!(done.expect("it is called off in time"));
                return;
            };
            // What was taken back once is not again, but the show is looked at as often as it is asked for.
            let order = CancelBooking { booking_id, by: CancelledBy::Customer };
            while !is_over.load(Ordering::Relaxed) {
                let cancelled = store.cancel_booking(&order, after(80)).await.expect("an answer");
                assert_eq!(cancelled.refunds.len(), 1);
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        }
    })
    .await;
    let cancellation = db.store.cancellation_of(show_id()).await.expect("reading").expect("a cancellation");
    assert_eq!(cancellation.bookings.cancelled, fixture::SEATS as i64);
}
