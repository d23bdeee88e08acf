//! Many buyers at once.

use std::collections::HashMap;
use std::sync::Arc;

use domain::hold::SeatsLocked;
use locks::{LockOwner, SeatLocks};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::stores::OwnRedis;
use crate::{at, hold, show};

on_all_stores! {
    of_200_buyers_for_20_seats_each_seat_has_one,
    a_seat_that_goes_from_hand_to_hand_is_never_in_two,
}

/// As the above, with buyers that come in through different processes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_buyers_on_several_connections_each_seat_has_one() {
    for server in [OwnRedis::start().await, OwnRedis::start_cluster().await] {
        let Some(server) = server else { return };
        let processes: Vec<_> = std::iter::repeat_with(|| Arc::new(server.locks())).take(8).collect();
        for locks in &processes {
            locks.ping().await.unwrap();
        }
        let barrier = Arc::new(Barrier::new(200));
        let mut buyers = JoinSet::new();
        for buyer in 0..200_u128 {
            let (locks, barrier) = (processes[buyer as usize % processes.len()].clone(), barrier.clone());
            buyers.spawn(async move {
                let seats = [buyer % 20, (buyer + 1) % 20];
                barrier.wait().await;
                (buyer, seats, locks.lock(&hold(buyer, &seats, 300), at(0)).await.unwrap())
            });
        }
        let mut owners: HashMap<u128, u128> = HashMap::new();
        while let Some(done) = buyers.join_next().await {
            let (buyer, seats, answer) = done.unwrap();
            if answer == SeatsLocked::Locked {
                for seat in seats {
                    assert_eq!(owners.insert(seat, buyer), None, "seat {seat} has two owners");
                }
            }
        }
        for locks in processes {
            let held = locks.held(show(1), at(1)).await.unwrap();
            let held: HashMap<u128, u128> = held
                .iter()
                .map(|locked| (locked.seat_id.uuid().as_u128(), locked.booking_id.uuid().as_u128()))
                .collect();
            assert_eq!(held, owners);
        }
    }
}

async fn of_200_buyers_for_20_seats_each_seat_has_one(locks: Arc<dyn SeatLocks>) {
    let barrier = Arc::new(Barrier::new(200));
    let mut buyers = JoinSet::new();
    for buyer in 0..200_u128 {
        let (locks, barrier) = (locks.clone(), barrier.clone());
        buyers.spawn(async move {
            // Neighbours overlap by one seat, in either order, so that a lock that is not atomic takes half a pair.
            let (first, second) = (buyer % 20, (buyer + 1) % 20);
            let seats = if buyer % 2 == 0 { [first, second] } else { [second, first] };
            barrier.wait().await;
            (buyer, seats, locks.lock(&hold(buyer, &seats, 300), at(0)).await.unwrap())
        });
    }
    let mut owners: HashMap<u128, u128> = HashMap::new();
    let mut winners = 0;
    while let Some(done) = buyers.join_next().await {
        let (buyer, seats, answer) = done.unwrap();
        match answer {
            SeatsLocked::Locked => {
                winners += 1;
                for seat in seats {
                    assert_eq!(owners.insert(seat, buyer), None, "seat {seat} has two owners");
                }
            }
            SeatsLocked::Taken { seat_ids } => assert!(!seat_ids.is_empty()),
            SeatsLocked::Released | SeatsLocked::Away => panic!("nobody has released anything"),
        }
    }
    assert!(winners > 0);
    let held = locks.held(show(1), at(1)).await.unwrap();
    assert_eq!(held.len(), owners.len(), "a refused buyer has left a seat locked");
    for locked in held {
        assert_eq!(owners.get(&locked.seat_id.uuid().as_u128()), Some(&locked.booking_id.uuid().as_u128()));
    }
}

async fn a_seat_that_goes_from_hand_to_hand_is_never_in_two(locks: Arc<dyn SeatLocks>) {
    let in_hands = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let mut buyers = JoinSet::new();
    for buyer in 0..32_u128 {
        let (locks, in_hands) = (locks.clone(), in_hands.clone());
        buyers.spawn(async move {
            for round in 0..50_u128 {
                // Each try is a booking of its own, as a released one is refused from then on.
                let claim = hold(buyer * 1000 + round, &[7], 300);
                if locks.lock(&claim, at(0)).await.unwrap() == SeatsLocked::Locked {
                    assert_eq!(in_hands.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                    tokio::task::yield_now().await;
                    in_hands.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    locks.release(&LockOwner::from(&claim), at(0)).await.unwrap();
                }
                tokio::task::yield_now().await;
            }
        });
    }
    while let Some(done) = buyers.join_next().await {
        done.unwrap();
    }
    assert_eq!(locks.all(at(0)).await.unwrap(), []);
}
