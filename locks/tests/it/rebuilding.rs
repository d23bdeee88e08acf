//! Rebuilding from what the database says.

use std::sync::Arc;

use domain::hold::SeatsLocked;
use domain::limits::LOCK_GRACE_SECONDS;
use locks::{LockOwner, SeatLocks};

use crate::{at, hold, seat, show};

on_all_stores! {
    an_empty_store_gets_the_holds_and_the_sold_seats,
    what_the_database_does_not_know_goes_unless_it_is_a_live_claim,
    it_may_be_repeated_and_never_shortens_an_extension,
    a_lock_that_the_database_does_not_know_ends_soon,
    a_hold_that_was_released_meanwhile_stays_released,
}

async fn an_empty_store_gets_the_holds_and_the_sold_seats(locks: Arc<dyn SeatLocks>) {
    let holds = vec![hold(1, &[1, 2], 300), hold(2, &[3], -1)];
    locks.rebuild(show(1), holds, vec![LockOwner::from(&hold(3, &[4], 0))], at(0)).await.unwrap();
    let held = locks.held(show(1), at(0)).await.unwrap();
    // The hold that is past its deadline is left to its saga: the database refuses whoever claims its seat.
    assert_eq!(held.iter().map(|locked| locked.seat_id).collect::<Vec<_>>(), [seat(1), seat(2), seat(4)]);
    assert_eq!(held[0].until, Some(at(300)));
    assert_eq!(held[2].until, None);
}

async fn what_the_database_does_not_know_goes_unless_it_is_a_live_claim(locks: Arc<dyn SeatLocks>) {
    locks.mark_sold(&LockOwner::from(&hold(1, &[1, 2], 0))).await.unwrap();
    locks.lock(&hold(2, &[3], 10), at(0)).await.unwrap();
    locks.lock(&hold(3, &[4], 10), at(0)).await.unwrap();
    let sold = vec![LockOwner::from(&hold(1, &[2], 0))];
    locks.rebuild(show(1), vec![hold(4, &[4], 300)], sold, at(1)).await.unwrap();
    let held = locks.held(show(1), at(1)).await.unwrap();
    let owners: Vec<(u128, u128)> =
        held.iter().map(|locked| (locked.seat_id.uuid().as_u128(), locked.booking_id.uuid().as_u128())).collect();
    assert_eq!(owners, [(2, 1), (3, 2), (4, 4)]);
}

async fn it_may_be_repeated_and_never_shortens_an_extension(locks: Arc<dyn SeatLocks>) {
    let holds = vec![hold(1, &[1], 300)];
    locks.rebuild(show(1), holds.clone(), vec![], at(0)).await.unwrap();
    assert_eq!(locks.lock(&hold(1, &[1], 450), at(1)).await.unwrap(), SeatsLocked::Locked);
    locks.rebuild(show(1), holds, vec![], at(2)).await.unwrap();
    assert_eq!(locks.held(show(1), at(2)).await.unwrap()[0].until, Some(at(450)));
}

async fn a_lock_that_the_database_does_not_know_ends_soon(locks: Arc<dyn SeatLocks>) {
    locks.lock(&hold(1, &[1], 300), at(0)).await.unwrap();
    locks.rebuild(show(1), vec![], vec![], at(1)).await.unwrap();
    assert_eq!(locks.held(show(1), at(1)).await.unwrap()[0].until, Some(at(1 + LOCK_GRACE_SECONDS)));
}

async fn a_hold_that_was_released_meanwhile_stays_released(locks: Arc<dyn SeatLocks>) {
    let read = vec![hold(1, &[1], 300), hold(2, &[2], 300)];
    locks.lock(&read[0], at(0)).await.unwrap();
    // The database was read before this, and its answer is used after it.
    locks.release(&LockOwner::from(&read[0]), at(1)).await.unwrap();
    locks.rebuild(show(1), read, vec![], at(2)).await.unwrap();
    let held = locks.held(show(1), at(2)).await.unwrap();
    assert_eq!(held.iter().map(|locked| locked.seat_id).collect::<Vec<_>>(), [seat(2)]);
}
