//! Loading the catalogue.

use domain::booking::BookingOpened;
use domain::show_seat::ShowSeatState;
use domain::single_seat::SingleSeatRule;
use jiff::SignedDuration;
use store::ShowFilter;

use crate::fixture::{self, catalogue, count, now, open, request, seat_state, show_id};
use crate::harness::TestDatabase;

on_both_databases! {
    can_be_loaded_again_without_touching_the_inventory,
    a_large_hall_is_loaded_in_bulk,
    shows_are_listed_by_filter_and_cursor,
}

async fn can_be_loaded_again_without_touching_the_inventory(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    open(&store, &request(1, "key", &[0])).await;
    fixture::tamper(&store, "update shows set state = 'cancelled'").await;
    let mut renamed = catalogue(fixture::SEATS);
    renamed.venues[0].name = "Kleines Haus".to_owned();
    renamed.shows[0].single_seats = SingleSeatRule::Warn;
    store.load_catalogue(&renamed, now()).await.unwrap();
    assert_eq!(seat_state(&store, 0).await, ShowSeatState::Held);
    assert_eq!(count(&store, "show_seats").await, 2 * fixture::SEATS as i64);
    assert_eq!(count(&store, "shows where state = 'cancelled'").await, 2);
    let listing = store.find_show_listing(show_id()).await.unwrap().unwrap();
    assert_eq!((&*listing.venue.name, listing.show.single_seats), ("Kleines Haus", SingleSeatRule::Warn));
}

async fn a_large_hall_is_loaded_in_bulk(db: TestDatabase) {
    let store = db.store;
    store.load_catalogue(&catalogue(1_201), now()).await.unwrap();
    let seats = store.show_seats(show_id()).await.unwrap();
    assert_eq!(seats.len(), 1_201);
    // From left to right, whatever the numbers are called.
    assert!(seats.windows(2).all(|pair| pair[0].x < pair[1].x));
    let opened = store.open_booking(&request(1, "key", &[1_200]), now()).await.unwrap();
    assert!(matches!(opened, BookingOpened::Opened(_)));
}

async fn shows_are_listed_by_filter_and_cursor(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let expected = catalogue(0);
    let everything = store.list_shows(&ShowFilter::default(), None, 10).await.unwrap();
    assert_eq!(everything.iter().map(|it| it.show.clone()).collect::<Vec<_>>(), expected.shows);
    assert_eq!((&everything[0].event, &everything[0].venue), (&expected.events[0], &expected.venues[0]));
    assert_eq!(everything[0].hall, "Saal");
    assert_eq!(store.find_show(show_id()).await.unwrap().as_ref(), Some(&expected.shows[0]));

    let first = store.list_shows(&ShowFilter::default(), None, 1).await.unwrap();
    let after = (first[0].show.starts_at, first[0].show.id);
    let second = store.list_shows(&ShowFilter::default(), Some(after), 10).await.unwrap();
    assert_eq!(second.len(), 1);
    assert_ne!(second[0].show.id, first[0].show.id);

    let starts_at = now() + SignedDuration::from_hours(24 * 7);
    let event_id = Some(expected.events[0].id);
    let wien = ShowFilter { city: Some("wien".to_owned()), event_id, from: Some(starts_at), to: None };
    assert_eq!(store.list_shows(&wien, None, 10).await.unwrap().len(), 2);
    let earlier = ShowFilter { to: Some(starts_at), ..wien.clone() };
    assert!(store.list_shows(&earlier, None, 10).await.unwrap().is_empty());
    let graz = ShowFilter { city: Some("graz".to_owned()), ..ShowFilter::default() };
    assert!(store.list_shows(&graz, None, 10).await.unwrap().is_empty());
}
