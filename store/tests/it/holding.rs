//! Extending holds, and reading them all.

use domain::booking_state::EndState;
use domain::hold::HoldExtended;
use domain::limits::{HARD_CAP_SECONDS, HOLD_SECONDS, PROCESSING_EXTENSION_SECONDS};
use jiff::SignedDuration;
use store::Claims;

use crate::fixture::{self, after, buy, now, open_and_request, request, seat, show_id, steps};
use crate::harness::TestDatabase;

on_both_databases! {
    a_hold_is_extended_up_to_the_hard_cap,
    holds_and_sales_can_be_read_to_rebuild_locks,
}

async fn a_hold_is_extended_up_to_the_hard_cap(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let request = request(1, "key", &[0, 1]);
    open_and_request(&store, &request).await;
    let id = request.booking_id;
    // It runs longer than the extension would let it.
    let extended = store.extend_hold(id, after(1)).await.unwrap();
    assert_eq!(extended, HoldExtended::Extended { until: after(HOLD_SECONDS) });
    for _ in 0..2 {
        let extended = store.extend_hold(id, after(HOLD_SECONDS)).await.unwrap();
        let until = after(HOLD_SECONDS + PROCESSING_EXTENSION_SECONDS);
        assert_eq!(extended, HoldExtended::Extended { until });
        assert_eq!(store.claims_of_show(show_id(), now()).await.unwrap().holds[0].until, until);
    }
    let until = after(HARD_CAP_SECONDS);
    assert_eq!(store.extend_hold(id, after(890)).await.unwrap(), HoldExtended::Extended { until });
    assert_eq!(store.extend_hold(id, after(895)).await.unwrap(), HoldExtended::AtCap);
    let told = steps(&store, &request).await;
    assert_eq!(told, ["seats_held", "payment_requested", "hold_extended", "hold_extended"]);

    fixture::close(&store, &request, EndState::Expired).await;
    let extended = store.extend_hold(id, after(896)).await.unwrap();
    assert_eq!(extended, HoldExtended::Ended { end: EndState::Expired });
}

async fn holds_and_sales_can_be_read_to_rebuild_locks(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let held = request(1, "held", &[0, 1]);
    open_and_request(&store, &held).await;
    let sold = request(2, "sold", &[2, 3]);
    buy(&store, &sold).await;

    assert_eq!(store.shows_with_claims(now(), None, 10).await.unwrap(), [show_id()]);
    assert!(store.shows_with_claims(now(), Some(show_id()), 10).await.unwrap().is_empty());
    let Claims { holds, sold: sales } = store.claims_of_show(show_id(), now()).await.unwrap();
    assert_eq!(holds.len(), 1);
    assert_eq!((holds[0].booking_id, holds[0].until), (held.booking_id, after(HOLD_SECONDS)));
    let mut seats = holds[0].seat_ids.clone();
    seats.sort_unstable();
    assert_eq!(seats, held.seat_ids.sorted());

    assert_eq!(sales.len(), 1);
    assert_eq!((sales[0].booking_id, sales[0].seat_ids.len()), (sold.booking_id, 2));
    assert!(sales[0].seat_ids.contains(&seat(3)));

    // A show that is over needs no locks.
    let later = now() + SignedDuration::from_hours(24 * 8);
    assert!(store.shows_with_claims(later, None, 10).await.unwrap().is_empty());
    assert_eq!(store.claims_of_show(show_id(), later).await.unwrap(), Claims::default());
}
