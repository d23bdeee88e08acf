//! Seat locks in Redis, shared by all processes. Each method is one script, so all of it happens or nothing.
//!
//! A show is one hash, `<prefix>:{<show>}:seats`: a field per seat that is not free, holding `<deadline>:<booking>`
//! (milliseconds) or `sold:<booking>`, and the field `#filled` once it was filled from the database. Beside it is a
//! key `<prefix>:{<show>}:gone:<booking>` per booking that has released its seats. The braces keep all keys of a show on
//! one node of a cluster. Deadlines are compared with the caller's clock, which is also what the database's holds are
//! made with.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::redis::{RedisError, Script, ScriptInvocation, Value};
use async_trait::async_trait;
use domain::hold::{Hold, SeatsLocked, later};
use domain::ids::{BookingId, SeatId, ShowId};
use domain::limits::{LOCK_GRACE_SECONDS, LOCK_TOMBSTONE_SECONDS};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use crate::redis_connection::{RedisConnection, RedisFault};
use crate::{Forgotten, LockError, LockOwner, LockedSeat, SeatLocks};

/// How long a show without any lock is remembered. Tickets are sold months ahead, and a show that is forgotten is
/// filled again from the database when somebody wants a seat of it, so this only bounds what shows of the past cost.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long a show that was found not to be filled is not reported again, while it is being filled.
const REPORT_AGAIN: Duration = Duration::from_secs(5);
/// How many shows can wait to be filled; those that do not fit are reported at their next lock.
const REPORTS: usize = 1_000;

/// How many seats one call rebuilds. A script keeps everybody else waiting, so a hall is done in parts; a seat is of one
/// part, and what happens between two parts is seen by the later one.
const REBUILT_AT_ONCE: usize = 500;

/// About how many seats one call reads, for the same reason.
const READ_AT_ONCE: usize = 1_000;

/// What marks a show as filled; no seat begins with this character.
const MARKER: char = '#';

static LOCK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis_locks/lock.lua")));
static RELEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis_locks/release.lua")));
static DROP_CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis_locks/drop_claim.lua")));
static MARK_SOLD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis_locks/mark_sold.lua")));
static TAKEN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis_locks/taken.lua")));
static REBUILD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("redis_locks/rebuild.lua")));

/// Seat locks in Redis.
pub struct RedisLocks {
    connection: RedisConnection,
    unfilled: mpsc::Sender<ShowId>,
    forgotten: tokio::sync::Mutex<Reports>,
    reported: Mutex<HashMap<ShowId, Instant>>,
}

/// Where [`SeatLocks::forgotten`] hears of what has to be rebuilt.
struct Reports {
    returns: watch::Receiver<u64>,
    unfilled: mpsc::Receiver<ShowId>,
}

impl RedisLocks {
    /// Locks on a connection.
    pub fn new(connection: RedisConnection) -> Self {
        let (unfilled, receiver) = mpsc::channel(REPORTS);
        let reports = Reports { returns: connection.returns(), unfilled: receiver };
        Self { connection, unfilled, forgotten: tokio::sync::Mutex::new(reports), reported: Mutex::default() }
    }

    fn seats_key(&self, show_id: ShowId) -> String {
        self.connection.show_key(show_id, "seats")
    }

    fn gone_key(&self, show_id: ShowId, booking_id: BookingId) -> String {
        format!("{}{booking_id}", self.gone_keys(show_id))
    }

    /// What the tombstones of a show begin with.
    fn gone_keys(&self, show_id: ShowId) -> String {
        self.connection.show_key(show_id, "gone:")
    }

    async fn run<T: ::redis::FromRedisValue>(
        &self,
        operation: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, LockError> {
        let called = self.connection.call(|mut link| async move { script.invoke_async(&mut link).await }).await;
        called.map_err(|fault| away(operation, fault))
    }

    async fn command<T: ::redis::FromRedisValue>(
        &self,
        operation: &'static str,
        command: &::redis::Cmd,
    ) -> Result<T, LockError> {
        let called = self.connection.call(|mut link| async move { command.query_async(&mut link).await }).await;
        called.map_err(|fault| away(operation, fault))
    }

    /// What is stored of a show's seats, whether or not it has expired.
    async fn fields(&self, operation: &'static str, show_id: ShowId) -> Result<HashMap<String, String>, LockError> {
        let key = self.seats_key(show_id);
        let (mut fields, mut cursor) = (HashMap::new(), 0_u64);
        loop {
            let mut command = ::redis::cmd("HSCAN");
            command.arg(&key).arg(cursor).arg("COUNT").arg(READ_AT_ONCE);
            let (next, page): (u64, HashMap<String, String>) = self.command(operation, &command).await?;
            fields.extend(page);
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        fields.retain(|seat, _| !seat.starts_with(MARKER));
        Ok(fields)
    }

    /// Has a show filled from the database, unless that was asked for a moment ago.
    async fn report(&self, show_id: ShowId) {
        let is_new = {
            let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
            reported.retain(|_, at| at.elapsed() < REPORT_AGAIN);
            reported.insert(show_id, Instant::now()).is_none()
        };
        if is_new {
            let _full = self.unfilled.try_send(show_id);
            // Operators and rebuilds find it by this; where it gets lost the database knows the show as well.
            let _unlisted = self.list(show_id).await;
        }
    }

    /// Has a show compared with the database as soon as Redis answers again: what it was told last may not have reached
    /// it, and a claim that nobody takes back refuses everybody until its deadline.
    fn rebuild_later(&self, show_id: ShowId) {
        let _full = self.unfilled.try_send(show_id);
    }

    /// The key of the list of shows, which no other call touches: it may be on another node of a cluster.
    fn list_key(&self) -> String {
        self.connection.key("shows")
    }

    async fn list(&self, show_id: ShowId) -> Result<(), LockError> {
        self.command("list", ::redis::cmd("SADD").arg(self.list_key()).arg(show_id.to_string())).await
    }

    async fn listed(&self) -> Result<BTreeSet<ShowId>, LockError> {
        let (mut shows, mut cursor) = (BTreeSet::new(), 0_u64);
        loop {
            let mut command = ::redis::cmd("SSCAN");
            command.arg(self.list_key()).arg(cursor).arg("COUNT").arg(READ_AT_ONCE);
            let (next, page): (u64, Vec<String>) = self.command("shows", &command).await?;
            shows.extend(page.iter().filter_map(|show| ShowId::parse(show).ok()));
            cursor = next;
            if cursor == 0 {
                return Ok(shows);
            }
        }
    }

    /// Takes a show off the list of which nothing is kept any more, so that the list does not grow for ever.
    async fn strike(&self, show_id: ShowId) -> Result<(), LockError> {
        let _: u64 = self.command("strike", ::redis::cmd("SREM").arg(self.list_key()).arg(show_id.to_string())).await?;
        // A lock that came in between may have listed it before that.
        let came_back: bool = self.command("strike", ::redis::cmd("EXISTS").arg(self.seats_key(show_id))).await?;
        if came_back { self.list(show_id).await } else { Ok(()) }
    }
}

#[async_trait]
impl SeatLocks for RedisLocks {
    async fn ping(&self) -> Result<(), LockError> {
        self.command::<Value>("ping", &::redis::cmd("PING")).await.map(drop)
    }

    async fn lock(&self, hold: &Hold, now: Timestamp) -> Result<SeatsLocked, LockError> {
        let mut call = LOCK.key(self.seats_key(hold.show_id));
        call.key(self.gone_key(hold.show_id, hold.booking_id))
            .arg(now.as_millisecond())
            .arg(hold.until.as_millisecond())
            .arg(hold.booking_id.to_string());
        add_seats(&mut call, &hold.seat_ids);
        let answer: Vec<Value> = self.run("lock", &call).await?;
        let (outcome, filled, seats) = read_lock(answer).map_err(|error| away("lock", RedisFault::Failed(error)))?;
        if !filled {
            self.report(hold.show_id).await;
        }
        Ok(match outcome.as_str() {
            "locked" => SeatsLocked::Locked,
            "released" => SeatsLocked::Released,
            _ => {
                let taken = seats.iter().filter_map(|seat| SeatId::parse(seat).ok()).collect();
                SeatsLocked::Taken { seat_ids: taken }
            }
        })
    }

    async fn release(&self, owner: &LockOwner, now: Timestamp) -> Result<(), LockError> {
        let mut call = RELEASE.key(self.seats_key(owner.show_id));
        call.key(self.gone_key(owner.show_id, owner.booking_id))
            .arg(owner.booking_id.to_string())
            .arg(later(now, LOCK_TOMBSTONE_SECONDS).as_millisecond())
            .arg(LOCK_TOMBSTONE_SECONDS * 1000);
        add_seats(&mut call, &owner.seat_ids);
        self.run("release", &call).await.inspect_err(|_away| self.rebuild_later(owner.show_id))
    }

    async fn drop_claim(&self, claim: &Hold, _now: Timestamp) -> Result<(), LockError> {
        let mut call = DROP_CLAIM.key(self.seats_key(claim.show_id));
        call.arg(format!("{}:{}", claim.until.as_millisecond(), claim.booking_id));
        add_seats(&mut call, &claim.seat_ids);
        self.run("drop_claim", &call).await.inspect_err(|_away| self.rebuild_later(claim.show_id))
    }

    async fn mark_sold(&self, owner: &LockOwner) -> Result<(), LockError> {
        let mut call = MARK_SOLD.key(self.seats_key(owner.show_id));
        call.arg(format!("sold:{}", owner.booking_id)).arg(milliseconds(KEPT));
        add_seats(&mut call, &owner.seat_ids);
        self.run("mark_sold", &call).await
    }

    async fn held(&self, show_id: ShowId, now: Timestamp) -> Result<Vec<LockedSeat>, LockError> {
        let fields = self.fields("held", show_id).await?;
        let mut held: Vec<LockedSeat> =
            fields.iter().filter_map(|(seat, claim)| read_claim(show_id, seat, claim)).collect();
        held.retain(|seat| seat.until.is_none_or(|until| now < until));
        held.sort_unstable();
        Ok(held)
    }

    /// Looks at every show that is remembered: for rebuilds and operators, not for requests.
    async fn shows(&self, now: Timestamp) -> Result<Vec<ShowId>, LockError> {
        let mut shows = Vec::new();
        for show_id in self.listed().await? {
            let mut call = TAKEN.key(self.seats_key(show_id));
            let found: String = self.run("shows", call.arg(now.as_millisecond())).await?;
            match found.as_str() {
                "taken" => shows.push(show_id),
                "unknown" => self.strike(show_id).await?,
                _ => {}
            }
        }
        Ok(shows)
    }

    async fn rebuild(
        &self,
        show_id: ShowId,
        holds: Vec<Hold>,
        sold: Vec<LockOwner>,
        now: Timestamp,
    ) -> Result<(), LockError> {
        let mut seats: BTreeMap<String, (String, String)> = BTreeMap::new();
        for seat in self.fields("rebuild", show_id).await?.into_keys() {
            seats.insert(seat, Default::default());
        }
        for hold in &holds {
            let (until, booking) = (hold.until.as_millisecond().to_string(), hold.booking_id.to_string());
            seats.extend(hold.seat_ids.iter().map(|seat| (seat.to_string(), (until.clone(), booking.clone()))));
        }
        // A seat that the database both held and sold, read at two moments, is the later of the two: sold.
        for owner in &sold {
            let says = ("sold".to_owned(), owner.booking_id.to_string());
            seats.extend(owner.seat_ids.iter().map(|seat| (seat.to_string(), says.clone())));
        }
        let seats: Vec<_> = seats.into_iter().collect();
        let parts = seats.len().div_ceil(REBUILT_AT_ONCE).max(1);
        for part in 0..parts {
            let of_part = seats.iter().skip(part * REBUILT_AT_ONCE).take(REBUILT_AT_ONCE);
            let mut call = REBUILD.key(self.seats_key(show_id));
            call.key(self.gone_keys(show_id))
                .arg(now.as_millisecond())
                .arg(later(now, LOCK_GRACE_SECONDS).as_millisecond())
                .arg(milliseconds(KEPT))
                .arg(u8::from(part + 1 == parts));
            for (seat, (says, booking)) in of_part {
                call.arg(seat).arg(says).arg(booking);
            }
            self.run::<Value>("rebuild", &call).await?;
        }
        self.list(show_id).await
    }

    async fn forgotten(&self) -> Forgotten {
        let mut reports = self.forgotten.lock().await;
        let Reports { returns, unfilled } = &mut *reports;
        tokio::select! {
            biased;
            Ok(()) = returns.changed() => Forgotten::Everything,
            Some(show_id) = unfilled.recv() => Forgotten::Show(show_id),
            else => std::future::pending().await,
        }
    }
}

fn add_seats(call: &mut ScriptInvocation<'_>, seat_ids: &[SeatId]) {
    for seat in seat_ids {
        call.arg(seat.to_string());
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What came of it, whether the show was filled, and the seats that others have.
fn read_lock(answer: Vec<Value>) -> Result<(String, bool, Vec<String>), RedisError> {
    let mut answer = answer.into_iter();
    let outcome: String = ::redis::from_redis_value(answer.next().unwrap_or(Value::Nil))?;
    let filled: bool = ::redis::from_redis_value(answer.next().unwrap_or(Value::Nil))?;
    let seats = answer.map(::redis::from_redis_value).collect::<Result<_, _>>()?;
    Ok((outcome, filled, seats))
}

/// A field of a show. One that nobody of ours has written counts as free.
fn read_claim(show_id: ShowId, seat: &str, claim: &str) -> Option<LockedSeat> {
    let (deadline, booking) = claim.split_once(':')?;
    let until = match deadline {
        "sold" => None,
        milliseconds => Some(Timestamp::from_millisecond(milliseconds.parse().ok()?).ok()?),
    };
    let (seat_id, booking_id) = (SeatId::parse(seat).ok()?, BookingId::parse(booking).ok()?);
    Some(LockedSeat { show_id, seat_id, booking_id, until })
}

/// Counts what went on without locks, in `boxoffice_seat_locks_bypassed_total` by operation.
fn away(operation: &'static str, fault: RedisFault) -> LockError {
    metrics::counter!("boxoffice_seat_locks_bypassed_total", "operation" => operation).increment(1);
    LockError::Unavailable(Box::new(fault))
}
