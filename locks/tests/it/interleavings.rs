//! Random histories against a model that is too simple to be wrong.

use std::collections::BTreeMap;

use domain::hold::SeatsLocked;
use domain::limits::LOCK_TOMBSTONE_SECONDS;
use locks::{LockOwner, MemoryLocks, SeatLocks};
use proptest::prelude::*;

use crate::{at, hold, seat, show, stores};

#[derive(Debug, Clone)]
enum Step {
    Lock {
        booking: u128,
        seats: Vec<u128>,
        ttl: i64,
    },
    Release {
        booking: u128,
        seats: Vec<u128>,
    },
    Drop {
        booking: u128,
        seats: Vec<u128>,
        ttl: i64,
    },
    Sell {
        booking: u128,
        seats: Vec<u128>,
    },
    Wait {
        seconds: i64,
    },
    /// Rebuilds from seats that the database has: the booking and its deadline, none for sold.
    Rebuild {
        claims: Vec<(u128, u128, Option<i64>)>,
    },
}

/// The steps of which the model knows what they do, and rebuilds.
fn steps_and_rebuilds() -> impl Strategy<Value = Vec<Step>> {
    let claim = (0..5_u128, 0..4_u128, proptest::option::of(-5..40_i64));
    let claims = proptest::collection::vec(claim, 0..5).prop_map(|mut claims| {
        // A seat is of one booking in the database.
        claims.sort_unstable_by_key(|(seat, ..)| *seat);
        claims.dedup_by_key(|(seat, ..)| *seat);
        claims
    });
    let rebuild = claims.prop_map(|claims| Step::Rebuild { claims });
    (steps(), proptest::collection::vec((any::<proptest::sample::Index>(), rebuild), 1..6)).prop_map(
        |(mut steps, rebuilds)| {
            for (at, rebuild) in rebuilds {
                steps.insert(at.index(steps.len() + 1), rebuild);
            }
            steps
        },
    )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let seats = || proptest::sample::subsequence((0..5_u128).collect::<Vec<_>>(), 1..=4);
    let booking = 0..4_u128;
    let step = prop_oneof![
        5 => (booking.clone(), seats(), 1..40_i64).prop_map(|(booking, seats, ttl)| Step::Lock { booking, seats, ttl }),
        2 => (booking.clone(), seats()).prop_map(|(booking, seats)| Step::Release { booking, seats }),
        2 => (booking.clone(), seats(), 1..40_i64).prop_map(|(booking, seats, ttl)| Step::Drop { booking, seats, ttl }),
        1 => (booking, seats()).prop_map(|(booking, seats)| Step::Sell { booking, seats }),
        3 => prop_oneof![1..20_i64, Just(LOCK_TOMBSTONE_SECONDS)].prop_map(|seconds| Step::Wait { seconds }),
    ];
    proptest::collection::vec(step, 1..60)
}

/// Who has a seat: the booking and its deadline, none for sold.
type Model = BTreeMap<u128, (u128, Option<i64>)>;

fn model_of(locks: &[locks::LockedSeat]) -> Model {
    let number = |until: jiff::Timestamp| until.as_second() - at(0).as_second();
    locks
        .iter()
        .map(|locked| (locked.seat_id.uuid().as_u128(), (locked.booking_id.uuid().as_u128(), locked.until.map(number))))
        .collect()
}

/// What one step must do to the model at `now`; answers what a lock must answer.
fn expect(model: &mut Model, tombstones: &mut BTreeMap<u128, i64>, step: &Step, now: i64) -> Option<SeatsLocked> {
    model.retain(|_, (_, until)| until.is_none_or(|until| now < until));
    match step {
        Step::Lock { booking, seats, ttl } => {
            if tombstones.get(booking).is_some_and(|until| now < *until) {
                return Some(SeatsLocked::Released);
            }
            let others: Vec<_> =
                seats.iter().filter(|seat| model.get(seat).is_some_and(|(owner, _)| owner != booking)).collect();
            if !others.is_empty() {
                return Some(SeatsLocked::Taken { seat_ids: others.into_iter().map(|number| seat(*number)).collect() });
            }
            for seat in seats {
                let entry = model.entry(*seat).or_insert((*booking, Some(now + ttl)));
                entry.1 = entry.1.map(|until| until.max(now + ttl));
            }
            Some(SeatsLocked::Locked)
        }
        Step::Release { booking, seats } => {
            model.retain(|seat, (owner, _)| owner != booking || !seats.contains(seat));
            tombstones.insert(*booking, now + LOCK_TOMBSTONE_SECONDS);
            None
        }
        Step::Drop { booking, seats, ttl } => {
            model.retain(|seat, claim| *claim != (*booking, Some(now + ttl)) || !seats.contains(seat));
            None
        }
        Step::Sell { booking, seats } => {
            model.extend(seats.iter().map(|seat| (*seat, (*booking, None))));
            None
        }
        // What a rebuild does is compared between the stores.
        Step::Wait { .. } | Step::Rebuild { .. } => None,
    }
}

async fn perform(locks: &dyn SeatLocks, step: &Step, now: i64) -> Option<SeatsLocked> {
    match step {
        Step::Lock { booking, seats, ttl } => {
            Some(locks.lock(&hold(*booking, seats, now + ttl), at(now)).await.unwrap())
        }
        Step::Release { booking, seats } => {
            locks.release(&LockOwner::from(&hold(*booking, seats, 0)), at(now)).await.unwrap();
            None
        }
        Step::Drop { booking, seats, ttl } => {
            locks.drop_claim(&hold(*booking, seats, now + ttl), at(now)).await.unwrap();
            None
        }
        Step::Sell { booking, seats } => {
            locks.mark_sold(&LockOwner::from(&hold(*booking, seats, 0))).await.unwrap();
            None
        }
        Step::Rebuild { claims } => {
            let held = claims.iter().filter_map(|(seat, booking, ttl)| Some(hold(*booking, &[*seat], now + (*ttl)?)));
            let sold = claims.iter().filter(|(.., ttl)| ttl.is_none());
            let sold = sold.map(|(seat, booking, _)| LockOwner::from(&hold(*booking, &[*seat], 0)));
            locks.rebuild(show(1), held.collect(), sold.collect(), at(now)).await.unwrap();
            None
        }
        Step::Wait { .. } => None,
    }
}

async fn check(locks: &dyn SeatLocks, steps: &[Step]) -> Result<(), TestCaseError> {
    let (mut model, mut tombstones, mut now) = (Model::new(), BTreeMap::new(), 0);
    for step in steps {
        if let Step::Wait { seconds } = step {
            now += seconds;
        }
        let expected = expect(&mut model, &mut tombstones, step, now);
        let answer = perform(locks, step, now).await;
        prop_assert_eq!(answer, expected, "{:?} at {}", step, now);
        let held = locks.held(show(1), at(now)).await.unwrap();
        prop_assert_eq!(&model_of(&held), &model, "after {:?} at {}", step, now);
        prop_assert_eq!(&locks.all(at(now)).await.unwrap(), &held);
        // A seat is listed once, so it cannot have two owners.
        prop_assert_eq!(held.len(), model.len());
    }
    Ok(())
}

proptest! {
    /// One owner per seat, all or none, released only by the owner: each is a way in which the two would differ.
    #[test]
    fn every_history_goes_as_the_model_says(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(check(&MemoryLocks::new(), &steps))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The same in Redis.
    #[test]
    fn every_history_in_redis_goes_as_the_model_says(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let Some(redis) = stores::redis() else { return Ok(()) };
            // Operators list shows that were filled or locked; a sale of a show that nobody has touched is listed by
            // its rebuild.
            redis.rebuild(show(1), vec![], vec![], at(0)).await.unwrap();
            check(&redis, &steps).await
        })?;
    }
}

/// Does the same in both stores, and compares every answer and all that is held.
async fn compare(one: &dyn SeatLocks, other: &dyn SeatLocks, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut now = 0;
    for step in steps {
        if let Step::Wait { seconds } = step {
            now += seconds;
        }
        prop_assert_eq!(perform(one, step, now).await, perform(other, step, now).await, "{:?} at {}", step, now);
        let held = one.held(show(1), at(now)).await.unwrap();
        prop_assert_eq!(&held, &other.held(show(1), at(now)).await.unwrap(), "after {:?} at {}", step, now);
        prop_assert_eq!(one.shows(at(now)).await.unwrap(), other.shows(at(now)).await.unwrap());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Rebuilds in between, each store judged by the other.
    #[test]
    fn both_stores_go_the_same_way(steps in steps_and_rebuilds()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let Some(redis) = stores::redis() else { return Ok(()) };
            redis.rebuild(show(1), vec![], vec![], at(0)).await.unwrap();
            compare(&MemoryLocks::new(), &redis, &steps).await
        })?;
    }
}
