//! What a sweep finds.

use domain::booking_state::EndState;

use crate::fixture::{self, after, close, open, open_and_request, request};
use crate::harness::TestDatabase;

on_both_databases! {
    overdue_bookings_are_found_until_they_are_closed,
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
