//! Seats of a show that another system sells.

use domain::booking::BookingOpened;
use domain::ids::{SeatId, ShowId};
use domain::show::Show;
use domain::show_seat::{SeatStatus, ShowSeatState};
use store::{Allocation, NotPutOn, PutOn, Replanned, SoldElsewhere, SoldTwice, Store};
use uuid::Uuid;

use crate::fixture::{self, SEATS, now, request, seat, show_id};
use crate::harness::TestDatabase;

on_both_databases! {
    what_is_sold_elsewhere_is_blocked_and_given_back,
    while_a_seat_is_unknown_none_is_given_back,
    what_was_done_by_hand_stays,
    a_seat_is_had_here_or_blocked,
    a_show_is_put_on_without_what_is_sold_elsewhere,
    a_large_hall_is_told_at_once,
}

async fn start(db: &TestDatabase) -> &Store {
    db.store.load_catalogue(&fixture::catalogue(SEATS), now()).await.unwrap();
    &db.store
}

async fn sell(store: &Store, seats: &[usize]) -> SoldElsewhere {
    let seats: Vec<SeatId> = seats.iter().map(|number| seat(*number)).collect();
    store.sell_elsewhere(show_id(), &seats).await.unwrap()
}

async fn status(store: &Store, number: usize) -> SeatStatus {
    store.statuses_of(show_id(), &[seat(number)]).await.unwrap()[0]
}

fn changed(blocked: usize, released: usize) -> SoldElsewhere {
    SoldElsewhere { blocked, released, ..SoldElsewhere::default() }
}

async fn what_is_sold_elsewhere_is_blocked_and_given_back(db: TestDatabase) {
    let store = start(&db).await;
    let held = request(1, "held", &[0, 3]);
    store.open_booking(&held, now()).await.unwrap();
    let before = (status(store, 0).await, status(store, 1).await);
    let twice = SoldTwice { seat_id: seat(0), state: ShowSeatState::Held, booking_id: held.booking_id };
    let told = sell(store, &[2, 0, 1, 2]).await;
    assert_eq!(told, SoldElsewhere { conflicts: vec![twice.clone()], ..changed(2, 0) });
    assert_eq!(status(store, 0).await, before.0, "what is somebody's is left to them");
    let blocked = status(store, 1).await;
    assert_eq!((blocked.state, blocked.version), (ShowSeatState::Blocked, before.1.version + 1));

    let again = sell(store, &[0, 1, 2]).await;
    assert_eq!(again, SoldElsewhere { conflicts: vec![twice], ..changed(0, 0) });
    assert_eq!(status(store, 1).await, blocked, "nothing is written");

    assert_eq!(sell(store, &[1]).await, changed(0, 1));
    assert_eq!(status(store, 2).await.state, ShowSeatState::Available);
    assert_eq!(sell(store, &[]).await, changed(0, 1));
    assert_eq!(sell(store, &[]).await, changed(0, 0));
    let unknown = store.sell_elsewhere(ShowId::new(Uuid::nil()), &[seat(1)]).await.unwrap();
    assert_eq!(unknown.unknown, [seat(1)], "a show that is not there has no seats");
}

async fn while_a_seat_is_unknown_none_is_given_back(db: TestDatabase) {
    let store = start(&db).await;
    assert_eq!(sell(store, &[1, 2]).await, changed(2, 0));
    let misnamed = SeatId::new(Uuid::nil());
    let told = store.sell_elsewhere(show_id(), &[seat(1), misnamed, seat(4)]).await.unwrap();
    assert_eq!(told, SoldElsewhere { unknown: vec![misnamed], ..changed(1, 0) });
    assert_eq!(status(store, 2).await.state, ShowSeatState::Blocked, "it may be the one that was misnamed");
    assert_eq!(sell(store, &[1, 4]).await, changed(0, 1));
}

async fn what_was_done_by_hand_stays(db: TestDatabase) {
    let store = start(&db).await;
    let by_hand = |number: usize, what: Allocation| async move {
        store.allocate(show_id(), &[seat(number)], &what).await.unwrap();
    };
    by_hand(5, Allocation::Block).await;
    assert_eq!(sell(store, &[5, 6, 7]).await, changed(2, 0));
    by_hand(6, Allocation::Block).await;
    assert_eq!(sell(store, &[]).await, changed(0, 1), "only what nobody has blocked by hand, before or after");
    for (number, state) in [(5, ShowSeatState::Blocked), (6, ShowSeatState::Blocked), (7, ShowSeatState::Available)] {
        assert_eq!(status(store, number).await.state, state, "seat {number}");
    }
    // Released by hand and blocked by hand later: it belongs to the hand.
    assert_eq!(sell(store, &[8]).await, changed(1, 0));
    by_hand(8, Allocation::Release).await;
    by_hand(8, Allocation::Block).await;
    assert_eq!(sell(store, &[]).await, changed(0, 0));
    // Released by hand while it is still sold elsewhere: the next list blocks it again.
    by_hand(8, Allocation::Release).await;
    assert_eq!(sell(store, &[8]).await, changed(1, 0));
    assert_eq!(sell(store, &[]).await, changed(0, 1));
}

async fn a_seat_is_had_here_or_blocked(db: TestDatabase) {
    let store = start(&db).await;
    for number in 0..8 {
        // A customer each, who may not hold more.
        let wanted = request(100 + number as u128, "race", &[number]);
        let seats = [seat(number)];
        let (opened, told) = tokio::join!(store.open_booking(&wanted, now()), store.sell_elsewhere(show_id(), &seats));
        let (is_opened, told) = (matches!(opened.unwrap(), BookingOpened::Opened(_)), told.unwrap());
        assert_eq!(is_opened, told.blocked == 0, "{told:?}");
        assert_eq!(is_opened, told.conflicts.len() == 1, "{told:?}");
    }
}

async fn a_show_is_put_on_without_what_is_sold_elsewhere(db: TestDatabase) {
    let store = start(&db).await;
    let show = Show { id: ShowId::new(Uuid::from_u128(0x5050)), ..fixture::catalogue(SEATS).shows[0].clone() };
    let misnamed = SeatId::new(Uuid::nil());
    let told = store.create_show_sold_elsewhere(&show, &[seat(3), seat(4), misnamed]).await.unwrap();
    assert_eq!(told, PutOn::Done(SoldElsewhere { unknown: vec![misnamed], ..changed(2, 0) }));
    assert_eq!(store.create_show_sold_elsewhere(&show, &[]).await.unwrap(), PutOn::Refused(NotPutOn::Known));
    let mut unpriced = store.find_show_to_edit(show.id).await.unwrap().unwrap();
    unpriced.content.prices.clear();
    let refused = store.update_show(&unpriced.content, unpriced.version).await.unwrap();
    assert!(matches!(refused, Replanned::Unpriced { .. }), "{refused:?}");
    let seats = store.show_seats(show.id).await.unwrap();
    let blocked: Vec<SeatId> = seats.iter().filter(|it| !it.is_free()).map(|it| it.seat_id).collect();
    assert_eq!((seats.len(), blocked), (SEATS, vec![seat(3), seat(4)]));
    assert_eq!(store.sell_elsewhere(show.id, &[seat(4)]).await.unwrap(), changed(0, 1));
    let nothing = Show { id: ShowId::new(Uuid::from_u128(0x5051)), ..show };
    assert_eq!(store.create_show_sold_elsewhere(&nothing, &[]).await.unwrap(), PutOn::Done(changed(0, 0)));
    assert!(store.show_seats(nothing.id).await.unwrap().iter().all(|it| it.is_free()));
}

async fn a_large_hall_is_told_at_once(db: TestDatabase) {
    // More than one statement names.
    const LARGE: usize = 2_500;
    let store = &db.store;
    store.load_catalogue(&fixture::catalogue(LARGE), now()).await.unwrap();
    let all: Vec<usize> = (0..LARGE).collect();
    assert_eq!(sell(store, &all).await, changed(LARGE, 0));
    assert_eq!(sell(store, &all).await, changed(0, 0));
    assert_eq!(sell(store, &all[..10]).await, changed(0, LARGE - 10));
}
