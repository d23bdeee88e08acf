//! Locking, extending, releasing, dropping and selling, one rule per test.

use std::sync::Arc;

use domain::hold::SeatsLocked;
use domain::limits::LOCK_TOMBSTONE_SECONDS;
use locks::{LockOwner, SeatLocks};

use crate::{at, booking, hold, seat, show};

on_all_stores! {
    all_or_none_and_the_taken_ones_are_named,
    the_same_booking_extends_and_never_shortens,
    a_lock_is_free_at_its_deadline_and_not_before,
    only_the_owner_releases,
    a_late_lock_after_the_release_is_refused_until_the_tombstone_ends,
    a_dropped_claim_frees_the_seats_and_may_be_tried_again,
    a_dropped_claim_leaves_what_the_saga_has_extended_or_sold,
    sold_refuses_everybody_for_good_and_the_owner_may_give_it_back,
    late_money_is_sold_without_a_lock_and_despite_the_tombstone,
    shows_do_not_share_seats,
}

fn taken(seats: &[u128]) -> SeatsLocked {
    SeatsLocked::Taken { seat_ids: seats.iter().map(|number| seat(*number)).collect() }
}

/// Whose the seats of the first show are, as numbers: (seat, until in seconds after the beginning or none for sold).
async fn held(locks: &Arc<dyn SeatLocks>, now: i64) -> Vec<(u128, u128, Option<i64>)> {
    let seats = locks.held(show(1), at(now)).await.unwrap();
    seats
        .iter()
        .map(|locked| {
            let until = locked.until.map(|until| until.as_second() - at(0).as_second());
            (locked.seat_id.uuid().as_u128(), locked.booking_id.uuid().as_u128(), until)
        })
        .collect()
}

async fn all_or_none_and_the_taken_ones_are_named(locks: Arc<dyn SeatLocks>) {
    assert_eq!(locks.lock(&hold(1, &[1, 2], 300), at(0)).await.unwrap(), SeatsLocked::Locked);
    assert_eq!(locks.lock(&hold(2, &[2, 3, 1], 300), at(1)).await.unwrap(), taken(&[2, 1]));
    assert_eq!(held(&locks, 1).await, [(1, 1, Some(300)), (2, 1, Some(300))]);
}

async fn the_same_booking_extends_and_never_shortens(locks: Arc<dyn SeatLocks>) {
    locks.lock(&hold(1, &[1, 2], 10), at(0)).await.unwrap();
    assert_eq!(locks.lock(&hold(1, &[1, 2], 330), at(1)).await.unwrap(), SeatsLocked::Locked);
    assert_eq!(locks.lock(&hold(1, &[1, 2], 11), at(2)).await.unwrap(), SeatsLocked::Locked);
    assert_eq!(held(&locks, 2).await, [(1, 1, Some(330)), (2, 1, Some(330))]);
}

async fn a_lock_is_free_at_its_deadline_and_not_before(locks: Arc<dyn SeatLocks>) {
    locks.lock(&hold(1, &[1], 10), at(0)).await.unwrap();
    assert_eq!(locks.lock(&hold(2, &[1], 300), at(9)).await.unwrap(), taken(&[1]));
    assert_eq!(locks.lock(&hold(2, &[1], 300), at(10)).await.unwrap(), SeatsLocked::Locked);
    assert_eq!(held(&locks, 10).await, [(1, 2, Some(300))]);
}

async fn only_the_owner_releases(locks: Arc<dyn SeatLocks>) {
    locks.lock(&hold(1, &[1, 2], 300), at(0)).await.unwrap();
    locks.release(&LockOwner::from(&hold(2, &[1, 2], 0)), at(1)).await.unwrap();
    assert_eq!(held(&locks, 1).await.len(), 2);
    locks.release(&LockOwner::from(&hold(1, &[1, 2], 0)), at(1)).await.unwrap();
    assert_eq!(held(&locks, 1).await, []);
}

async fn a_late_lock_after_the_release_is_refused_until_the_tombstone_ends(locks: Arc<dyn SeatLocks>) {
    // The release came first: the lock step had timed out and its undo ran before it did.
    locks.release(&LockOwner::from(&hold(1, &[1], 0)), at(0)).await.unwrap();
    assert_eq!(locks.lock(&hold(1, &[1], 300), at(1)).await.unwrap(), SeatsLocked::Released);
    assert_eq!(locks.lock(&hold(2, &[1], 300), at(1)).await.unwrap(), SeatsLocked::Locked);
    let end = LOCK_TOMBSTONE_SECONDS;
    assert_eq!(locks.lock(&hold(1, &[9], end + 300), at(end)).await.unwrap(), SeatsLocked::Locked);
}

async fn a_dropped_claim_frees_the_seats_and_may_be_tried_again(locks: Arc<dyn SeatLocks>) {
    let claim = hold(1, &[1, 2], 10);
    locks.lock(&claim, at(0)).await.unwrap();
    locks.drop_claim(&claim, at(1)).await.unwrap();
    assert_eq!(held(&locks, 1).await, []);
    assert_eq!(locks.lock(&hold(1, &[1, 2], 12), at(2)).await.unwrap(), SeatsLocked::Locked);
}

async fn a_dropped_claim_leaves_what_the_saga_has_extended_or_sold(locks: Arc<dyn SeatLocks>) {
    let claim = hold(1, &[1, 2], 10);
    locks.lock(&claim, at(0)).await.unwrap();
    locks.lock(&hold(1, &[1], 330), at(1)).await.unwrap();
    locks.mark_sold(&LockOwner { show_id: show(1), seat_ids: vec![seat(2)], booking_id: booking(1) }).await.unwrap();
    locks.drop_claim(&claim, at(2)).await.unwrap();
    assert_eq!(held(&locks, 2).await, [(1, 1, Some(330)), (2, 1, None)]);
    // A claim that was lost to another booking is not theirs to drop either, even with the same deadline.
    locks.drop_claim(&hold(2, &[1], 330), at(2)).await.unwrap();
    assert_eq!(held(&locks, 2).await.len(), 2);
}

async fn sold_refuses_everybody_for_good_and_the_owner_may_give_it_back(locks: Arc<dyn SeatLocks>) {
    locks.lock(&hold(1, &[1], 300), at(0)).await.unwrap();
    let owner = LockOwner::from(&hold(1, &[1], 0));
    locks.mark_sold(&owner).await.unwrap();
    assert_eq!(locks.lock(&hold(2, &[1], 1_000_300), at(1_000_000)).await.unwrap(), taken(&[1]));
    assert_eq!(locks.lock(&hold(1, &[1], 1_000_300), at(1_000_000)).await.unwrap(), SeatsLocked::Locked);
    assert_eq!(held(&locks, 1_000_000).await, [(1, 1, None)]);
    locks.release(&owner, at(1_000_001)).await.unwrap();
    assert_eq!(locks.lock(&hold(2, &[1], 1_000_300), at(1_000_002)).await.unwrap(), SeatsLocked::Locked);
}

async fn late_money_is_sold_without_a_lock_and_despite_the_tombstone(locks: Arc<dyn SeatLocks>) {
    let owner = LockOwner::from(&hold(1, &[1], 0));
    locks.lock(&hold(1, &[1], 300), at(0)).await.unwrap();
    locks.release(&owner, at(1)).await.unwrap();
    // Somebody has just claimed the seat at the edge; the database has decided otherwise.
    locks.lock(&hold(2, &[1], 12), at(2)).await.unwrap();
    locks.mark_sold(&owner).await.unwrap();
    assert_eq!(held(&locks, 3).await, [(1, 1, None)]);
    assert_eq!(locks.lock(&hold(2, &[1], 330), at(3)).await.unwrap(), taken(&[1]));
}

async fn shows_do_not_share_seats(locks: Arc<dyn SeatLocks>) {
    locks.lock(&hold(1, &[1], 300), at(0)).await.unwrap();
    let mut elsewhere = hold(2, &[1], 300);
    elsewhere.show_id = show(2);
    assert_eq!(locks.lock(&elsewhere, at(0)).await.unwrap(), SeatsLocked::Locked);
    let all = locks.all(at(1)).await.unwrap();
    assert_eq!(all.iter().map(|locked| locked.show_id).collect::<Vec<_>>(), [show(1), show(2)]);
}
