//! What callers read, and what they may not see.

use domain::booking::{Booking, BookingOpened, BookingRequest};
use domain::booking_state::{BookingState, EndState};
use domain::ids::BookingId;
use store::{BookingFilter, DatabaseConfig, ShowBooking, Store, StoreError};
use uuid::Uuid;

use crate::fixture::{self, after, buy, customer, now, open, open_and_request, request, seat, show_id, tamper};
use crate::harness::TestDatabase;

on_both_databases! {
    a_booking_is_seen_by_its_customer_alone,
    bookings_are_listed_newest_first_with_a_cursor,
    bookings_of_a_show_are_listed_by_state_and_id,
    a_booking_is_recalled_with_its_request_and_attempts,
    keys_that_were_used_are_known_together,
    seats_are_checked_for_the_one_who_asks,
    messages_are_read_in_order_and_without_gaps,
    a_row_that_cannot_be_read_is_an_error,
    the_database_answers,
}

async fn a_booking_is_seen_by_its_customer_alone(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open(&store, &request).await;
    let seen = store.find_booking_for(customer(1), request.booking_id).await.unwrap();
    assert_eq!(seen.unwrap().id, request.booking_id);
    assert_eq!(store.find_booking_for(customer(2), request.booking_id).await.unwrap(), None);
    let nobodys = BookingId::new(Uuid::from_u128(1));
    assert_eq!(store.find_booking(nobodys).await.unwrap(), None);
    assert!(store.timeline(nobodys).await.unwrap().is_empty());
    assert!(store.tickets_of(nobodys).await.unwrap().is_empty());
    assert_eq!(store.recall_booking(nobodys).await.unwrap(), None);
}

async fn bookings_are_listed_newest_first_with_a_cursor(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    // Two of them in the same millisecond, which the id tells apart.
    for (number, at) in [(0, 0), (1, 5), (2, 5), (3, 9)] {
        let request = request(1, &format!("key {number}"), &[number]);
        assert!(matches!(store.open_booking(&request, after(at)).await.unwrap(), BookingOpened::Opened(_)));
        fixture::close(&store, &request, EndState::Expired).await;
    }
    let all = store.list_bookings_for(customer(1), &BookingFilter::default(), None, 10).await.unwrap();
    assert_eq!(all.len(), 4);
    assert!(all.windows(2).all(|pair| (pair[0].created_at, pair[0].id) > (pair[1].created_at, pair[1].id)));
    assert!(all.iter().all(|booking| booking.attempts.len() == 1));

    let mut paged = Vec::new();
    let mut cursor = None;
    loop {
        let page = store.list_bookings_for(customer(1), &BookingFilter::default(), cursor, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        cursor = Some((last.created_at, last.id));
        paged.extend(page);
    }
    assert_eq!(paged, all);

    let failed = BookingFilter { state: Some("failed".to_owned()), show_id: Some(show_id()) };
    assert_eq!(store.list_bookings_for(customer(1), &failed, None, 10).await.unwrap().len(), 4);
    let confirmed = BookingFilter { state: Some("confirmed".to_owned()), show_id: None };
    assert!(store.list_bookings_for(customer(1), &confirmed, None, 10).await.unwrap().is_empty());
    assert!(store.list_bookings_for(customer(2), &BookingFilter::default(), None, 10).await.unwrap().is_empty());
}

async fn bookings_of_a_show_are_listed_by_state_and_id(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    for number in 0..9 {
        let it = request(number as u128 + 1, "of a show", &[number]);
        match number % 3 {
            0 => {
                open(&store, &it).await;
            }
            1 => open_and_request(&store, &it).await,
            _ => buy(&store, &it).await,
        }
    }
    let elsewhere = BookingRequest { show_id: fixture::free_show_id(), ..request(20, "elsewhere", &[10]) };
    open(&store, &elsewhere).await;
    let all = store.bookings_of_show(show_id(), None, None, 20).await.unwrap();
    let order = |booking: &ShowBooking| (booking.state.name(), booking.id);
    assert_eq!(all.len(), 9);
    assert!(all.windows(2).all(|pair| order(&pair[0]) < order(&pair[1])), "{all:#?}");
    for listed in &all {
        let booking = store.find_booking(listed.id).await.unwrap().unwrap();
        let Booking { id, state, seat_ids, amount, created_at, .. } = booking;
        assert_eq!(*listed, ShowBooking { id, state, seat_ids, amount, created_at });
    }

    let confirmed: Vec<_> = all.iter().filter(|booking| booking.state == BookingState::Confirmed).cloned().collect();
    assert_eq!(confirmed.len(), 3);
    for (state, expected) in [(None, all), (Some("confirmed"), confirmed), (Some("expired"), Vec::new())] {
        let mut paged: Vec<ShowBooking> = Vec::new();
        loop {
            let last = paged.last().map(|booking| (booking.state.name(), booking.id));
            let page = store.bookings_of_show(show_id(), state, last, 2).await.unwrap();
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, expected, "{state:?}");
    }
}

async fn a_booking_is_recalled_with_its_request_and_attempts(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[2, 0]);
    open_and_request(&store, &request).await;
    let record = store.recall_booking(request.booking_id).await.unwrap().unwrap();
    assert_eq!(record.request, request);
    assert_eq!((record.amount, record.attempts.len()), (fixture::euros(3_000), 1));
    assert_eq!(record.expires_at, after(300));
}

async fn keys_that_were_used_are_known_together(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let (pending, open_now, unused) = (request(1, "a", &[0]), request(1, "b", &[1]), request(1, "c", &[2]));
    open(&store, &pending).await;
    open_and_request(&store, &open_now).await;
    let ids = [pending.booking_id, open_now.booking_id, unused.booking_id];
    let known = store.find_known(&ids).await.unwrap();
    assert!(known[&pending.booking_id].is_pending && !known[&open_now.booking_id].is_pending);
    assert_eq!(known[&open_now.booking_id].fingerprint, open_now.fingerprint);
    assert_eq!(known.get(&unused.booking_id), None);
    assert!(store.find_known(&[]).await.unwrap().is_empty());
}

async fn seats_are_checked_for_the_one_who_asks(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let sold = request(1, "key", &[0]);
    open(&store, &sold).await;
    let again = BookingRequest { seat_ids: request(1, "key", &[0, 1, 50]).seat_ids, ..sold };
    let own = store.obstacles(&again).await.unwrap();
    assert_eq!((own.seats.unknown.as_slice(), own.seats.taken.as_slice()), ([seat(50)].as_slice(), [].as_slice()));
    assert_eq!(own.open_holds, 1);
    let others = store.obstacles(&request(2, "other", &[0, 1])).await.unwrap();
    assert_eq!((others.seats.taken.as_slice(), others.open_holds), ([seat(0)].as_slice(), 0));
    assert!(store.obstacles(&request(2, "other", &[3])).await.unwrap().seats.is_clear());
}

async fn messages_are_read_in_order_and_without_gaps(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    for number in 0..3 {
        buy(&store, &request(number as u128 + 1, "key", &[number])).await;
    }
    let messages = store.unpublished_messages(100).await.unwrap();
    assert_eq!(messages.len(), 15);
    for booking in messages.chunk_by(|one, next| one.booking_id == next.booking_id) {
        let seqs: Vec<i64> = booking.iter().map(|message| message.seq).collect();
        assert_eq!(seqs, [1, 2, 3, 4, 5]);
        assert!(booking.iter().all(|message| message.slot == booking[0].slot && (0..16).contains(&message.slot)));
        assert_eq!(booking[0].subject.booking_id, booking[0].booking_id);
    }
}

async fn a_row_that_cannot_be_read_is_an_error(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0]);
    open(&store, &request).await;
    tamper(&store, "update bookings set state_detail = '{\"state\":\"sideways\"}'").await;
    let error = store.find_booking(request.booking_id).await.unwrap_err();
    assert!(matches!(error, StoreError::CorruptRow { table: "bookings", .. }), "{error}");
    assert!(!error.is_transient());
    tamper(&store, "update bookings set state_detail = '{\"state\":\"pending\"}'").await;
}

async fn the_database_answers(db: TestDatabase) {
    db.store.ping().await.unwrap();
    let nowhere = DatabaseConfig::new("mysql://root@localhost/boxoffice");
    let error = Store::connect(&nowhere).await.unwrap_err();
    assert!(matches!(error, StoreError::UnsupportedUrl { .. }), "{error}");
    let in_memory = DatabaseConfig::new("sqlite::memory:");
    assert!(matches!(Store::connect(&in_memory).await, Err(StoreError::UnsupportedUrl { .. })));
    let closed = db.another_process().await;
    closed.close().await.unwrap();
    let error = closed.find_show(show_id()).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(now(), after(0));
}
