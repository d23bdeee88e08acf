//! Seat locks in the memory of one process, for the embedded mode. Needs no background task.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::hold::{Hold, SeatsLocked, later};
use domain::ids::{BookingId, SeatId, ShowId};
use domain::limits::{LOCK_GRACE_SECONDS, LOCK_TOMBSTONE_SECONDS};
use jiff::Timestamp;

use crate::{Forgotten, LockError, LockOwner, LockedSeat, SeatLocks};

/// How many shows may be worked on at once: enough that two busy shows rarely share a mutex.
const SHARDS: usize = 64;

/// How often a shard is swept of what has expired. Expired entries count as absent at once; this bounds their memory.
const SWEEP_SECONDS: i64 = 5;

/// Seat locks in memory. They are gone with the process and are rebuilt from the database at its start.
#[derive(Debug)]
pub struct MemoryLocks {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Shard {
    shows: HashMap<ShowId, ShowLocks>,
    sweep_at: Timestamp,
}

#[derive(Debug, Default)]
struct ShowLocks {
    seats: HashMap<SeatId, SeatClaim>,
    /// Until when a booking that has released its seats is refused.
    tombstones: HashMap<BookingId, Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct SeatClaim {
    booking_id: BookingId,
    /// None for sold.
    until: Option<Timestamp>,
}

impl SeatClaim {
    fn is_live(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl ShowLocks {
    fn lock(&mut self, hold: &Hold, now: Timestamp) -> SeatsLocked {
        if self.tombstones.get(&hold.booking_id).is_some_and(|until| now < *until) {
            return SeatsLocked::Released;
        }
        let taken: Vec<SeatId> = hold
            .seat_ids
            .iter()
            .filter(|seat| {
                self.seats.get(seat).is_some_and(|claim| claim.is_live(now) && claim.booking_id != hold.booking_id)
            })
            .copied()
            .collect();
        if !taken.is_empty() {
            return SeatsLocked::Taken { seat_ids: taken };
        }
        self.claim(hold, now);
        SeatsLocked::Locked
    }

    /// Gives all seats to the hold's booking; what it has sold stays sold and no deadline gets earlier.
    fn claim(&mut self, hold: &Hold, now: Timestamp) {
        for seat in &hold.seat_ids {
            let own = self.seats.get(seat).filter(|claim| claim.booking_id == hold.booking_id && claim.is_live(now));
            let until = match own {
                Some(claim) => claim.until.map(|until| until.max(hold.until)),
                None => Some(hold.until),
            };
            self.seats.insert(*seat, SeatClaim { booking_id: hold.booking_id, until });
        }
    }

    fn mark_sold(&mut self, owner: &LockOwner) {
        for seat in &owner.seat_ids {
            self.seats.insert(*seat, SeatClaim { booking_id: owner.booking_id, until: None });
        }
    }

    fn rebuild(&mut self, holds: &[Hold], sold: &[LockOwner], now: Timestamp) {
        let still_sold: HashSet<(SeatId, BookingId)> =
            sold.iter().flat_map(|owner| owner.seat_ids.iter().map(|seat| (*seat, owner.booking_id))).collect();
        let held: HashSet<(SeatId, BookingId)> =
            holds.iter().flat_map(|hold| hold.seat_ids.iter().map(|seat| (*seat, hold.booking_id))).collect();
        let orphans_end = later(now, LOCK_GRACE_SECONDS);
        self.seats.retain(|seat, claim| claim.until.is_some() || still_sold.contains(&(*seat, claim.booking_id)));
        for (seat, claim) in &mut self.seats {
            if !held.contains(&(*seat, claim.booking_id)) {
                claim.until = claim.until.map(|until| until.min(orphans_end));
            }
        }
        // A seat that the database both held and sold, read at two moments, is the later of the two: sold. One that was
        // released after the database was read would refuse everybody until its deadline.
        for hold in holds.iter().filter(|hold| now < hold.until) {
            if self.tombstones.get(&hold.booking_id).is_none_or(|until| *until <= now) {
                self.claim(hold, now);
            }
        }
        for owner in sold {
            self.mark_sold(owner);
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        self.seats.retain(|_, claim| claim.is_live(now));
        self.tombstones.retain(|_, until| now < *until);
    }

    fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.tombstones.is_empty()
    }

    fn live(&self, show_id: ShowId, now: Timestamp) -> impl Iterator<Item = LockedSeat> {
        self.seats.iter().filter(move |(_, claim)| claim.is_live(now)).map(move |(seat_id, claim)| LockedSeat {
            show_id,
            seat_id: *seat_id,
            booking_id: claim.booking_id,
            until: claim.until,
        })
    }
}

impl Shard {
    fn sweep_if_due(&mut self, now: Timestamp) {
        if now < self.sweep_at {
            return;
        }
        self.sweep_at = later(now, SWEEP_SECONDS);
        self.shows.retain(|_, show| {
            show.sweep(now);
            !show.is_empty()
        });
    }
}

impl Default for MemoryLocks {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryLocks {
    /// Locks with every seat free.
    pub fn new() -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS).collect();
        Self { shards, hasher: RandomState::new() }
    }

    fn shard(&self, show_id: ShowId) -> MutexGuard<'_, Shard> {
        let index = self.hasher.hash_one(show_id) as usize % SHARDS;
        // Nothing in here panics half-way through a change, so a poisoned shard is still a consistent one.
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the locks of one show, which no other call sees in between.
    fn change<T>(&self, show_id: ShowId, now: Option<Timestamp>, change: impl FnOnce(&mut ShowLocks) -> T) -> T {
        let mut shard = self.shard(show_id);
        if let Some(now) = now {
            shard.sweep_if_due(now);
        }
        change(shard.shows.entry(show_id).or_default())
    }
}

#[async_trait]
impl SeatLocks for MemoryLocks {
    async fn ping(&self) -> Result<(), LockError> {
        Ok(())
    }

    async fn lock(&self, hold: &Hold, now: Timestamp) -> Result<SeatsLocked, LockError> {
        Ok(self.change(hold.show_id, Some(now), |show| show.lock(hold, now)))
    }

    async fn release(&self, owner: &LockOwner, now: Timestamp) -> Result<(), LockError> {
        self.change(owner.show_id, Some(now), |show| {
            for seat in &owner.seat_ids {
                if show.seats.get(seat).is_some_and(|claim| claim.booking_id == owner.booking_id) {
                    show.seats.remove(seat);
                }
            }
            show.tombstones.insert(owner.booking_id, later(now, LOCK_TOMBSTONE_SECONDS));
        });
        Ok(())
    }

    async fn drop_claim(&self, claim: &Hold, now: Timestamp) -> Result<(), LockError> {
        self.change(claim.show_id, Some(now), |show| {
            for seat in &claim.seat_ids {
                let is_the_claim = show
                    .seats
                    .get(seat)
                    .is_some_and(|stored| stored.booking_id == claim.booking_id && stored.until == Some(claim.until));
                if is_the_claim {
                    show.seats.remove(seat);
                }
            }
        });
        Ok(())
    }

    async fn mark_sold(&self, owner: &LockOwner) -> Result<(), LockError> {
        self.change(owner.show_id, None, |show| show.mark_sold(owner));
        Ok(())
    }

    async fn held(&self, show_id: ShowId, now: Timestamp) -> Result<Vec<LockedSeat>, LockError> {
        let mut shard = self.shard(show_id);
        shard.sweep_if_due(now);
        let mut seats: Vec<LockedSeat> =
            shard.shows.get(&show_id).map(|show| show.live(show_id, now).collect()).unwrap_or_default();
        seats.sort_unstable();
        Ok(seats)
    }

    async fn shows(&self, now: Timestamp) -> Result<Vec<ShowId>, LockError> {
        let mut shows = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.sweep_if_due(now);
            let taken = shard.shows.iter().filter(|(id, show)| show.live(**id, now).next().is_some());
            shows.extend(taken.map(|(show_id, _)| *show_id));
        }
        shows.sort_unstable();
        Ok(shows)
    }

    async fn rebuild(
        &self,
        show_id: ShowId,
        holds: Vec<Hold>,
        sold: Vec<LockOwner>,
        now: Timestamp,
    ) -> Result<(), LockError> {
        self.change(show_id, Some(now), |show| show.rebuild(&holds, &sold, now));
        Ok(())
    }

    /// Memory is lost with its process, which fills it at its start.
    async fn forgotten(&self) -> Forgotten {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_has_expired_takes_no_memory() {
        let locks = MemoryLocks::new();
        let show_id = ShowId::new(uuid::Uuid::from_u128(1));
        for number in 0..1000_u32 {
            let now = later(Timestamp::UNIX_EPOCH, 10 * i64::from(number));
            let id = uuid::Uuid::from_u128(u128::from(number));
            let hold =
                Hold { show_id, seat_ids: vec![SeatId::new(id)], booking_id: BookingId::new(id), until: later(now, 5) };
            locks.lock(&hold, now).await.expect("a lock");
            locks.release(&LockOwner::from(&hold), now).await.expect("a release");
        }
        let shard = locks.shard(show_id);
        let tombstones = shard.shows[&show_id].tombstones.len();
        assert!(tombstones <= 1 + LOCK_TOMBSTONE_SECONDS as usize / 10, "{tombstones} tombstones");
        assert!(shard.shows[&show_id].seats.is_empty());
    }
}
