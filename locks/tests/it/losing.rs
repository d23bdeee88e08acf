//! Redis away, emptied, and back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::hold::SeatsLocked;
use locks::{Forgotten, LockError, LockOwner, RedisConnection, RedisLocks, SeatLocks};
use tokio::task::JoinSet;

use crate::stores::{self, Freeze, OwnRedis};
use crate::{at, hold, seat, show};

const SOON: Duration = Duration::from_secs(10);
/// What is not to happen is waited for this long.
const NEVER: Duration = Duration::from_millis(300);

async fn forgotten(locks: &RedisLocks) -> Forgotten {
    tokio::time::timeout(SOON, locks.forgotten()).await.expect("what was forgotten is told")
}

async fn nothing_is_forgotten(locks: &RedisLocks) {
    let told = tokio::time::timeout(NEVER, locks.forgotten()).await;
    assert!(told.is_err(), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_show_that_was_never_filled_is_told_once() {
    let Some(locks) = stores::redis() else { return };
    locks.lock(&hold(1, &[1], 300), at(0)).await.unwrap();
    locks.lock(&hold(2, &[2], 300), at(0)).await.unwrap();
    assert_eq!(forgotten(&locks).await, Forgotten::Show(show(1)));
    nothing_is_forgotten(&locks).await;
    locks.rebuild(show(1), vec![hold(1, &[1], 300), hold(2, &[2], 300)], vec![], at(1)).await.unwrap();
    locks.lock(&hold(3, &[3], 300), at(2)).await.unwrap();
    nothing_is_forgotten(&locks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_emptied_has_its_shows_filled_when_they_are_wanted() {
    let Some(server) = OwnRedis::start().await else { return };
    let locks = server.locks();
    let sold = vec![LockOwner::from(&hold(1, &[1], 0))];
    locks.rebuild(show(1), vec![], sold.clone(), at(0)).await.unwrap();
    server.flush().await;
    // The lock does not know any more: the database refuses this one.
    assert_eq!(locks.lock(&hold(2, &[1], 300), at(1)).await.unwrap(), SeatsLocked::Locked);
    assert_eq!(forgotten(&locks).await, Forgotten::Show(show(1)));
    locks.rebuild(show(1), vec![], sold, at(2)).await.unwrap();
    assert!(matches!(locks.lock(&hold(3, &[1], 300), at(3)).await.unwrap(), SeatsLocked::Taken { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_costs_little_and_is_noticed_when_it_is_back() {
    let Some(mut server) = OwnRedis::start().await else { return };
    let locks = server.locks();
    locks.ping().await.unwrap();
    server.stop();
    let started = Instant::now();
    let LockError::Unavailable(_) = locks.lock(&hold(1, &[1], 300), at(0)).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(1), "the first call took {:?}", started.elapsed());
    let started = Instant::now();
    for _ in 0..100 {
        locks.lock(&hold(1, &[1], 300), at(0)).await.unwrap_err();
    }
    assert!(started.elapsed() < Duration::from_millis(200), "100 calls took {:?}", started.elapsed());
    server.run().await;
    assert_eq!(forgotten(&locks).await, Forgotten::Everything);
    assert_eq!(locks.lock(&hold(1, &[1], 300), at(0)).await.unwrap(), SeatsLocked::Locked);
}

/// One thread for everything, as a machine that has too much to do.
#[tokio::test]
async fn a_process_that_is_late_does_not_take_its_server_for_absent() {
    const BUYERS: u128 = 400;
    const WORK: Duration = Duration::from_millis(2);
    for server in [OwnRedis::start().await, OwnRedis::start_cluster().await] {
        let Some(server) = server else { return };
        let locks = Arc::new(server.locks());
        locks.ping().await.unwrap();
        let blocked = tokio::spawn(async { std::thread::sleep(Duration::from_secs(1)) });
        assert_eq!(locks.lock(&hold(1, &[1], 300), at(0)).await.unwrap(), SeatsLocked::Locked);
        blocked.await.unwrap();

        let mut buyers = JoinSet::new();
        for buyer in 2..2 + BUYERS {
            let locks = Arc::clone(&locks);
            buyers.spawn(async move {
                std::thread::sleep(WORK);
                let answer = locks.lock(&hold(buyer, &[buyer], 300), at(0)).await;
                std::thread::sleep(WORK);
                answer
            });
        }
        while let Some(answer) = buyers.join_next().await {
            assert_eq!(answer.unwrap().unwrap(), SeatsLocked::Locked);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_replaced_between_two_calls_is_noticed() {
    let Some(mut server) = OwnRedis::start().await else { return };
    let locks = server.locks();
    locks.ping().await.unwrap();
    server.stop();
    server.run().await;
    assert_eq!(forgotten(&locks).await, Forgotten::Everything);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_server_that_was_never_there() {
    let Some(mut server) = OwnRedis::start().await else { return };
    server.stop();
    let locks = server.locks();
    let started = Instant::now();
    locks.ping().await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(1), "the first call took {:?}", started.elapsed());
    server.run().await;
    assert_eq!(forgotten(&locks).await, Forgotten::Everything);
    locks.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_costs_one_call_its_patience() {
    for server in [OwnRedis::start().await, OwnRedis::start_cluster().await] {
        let Some(server) = server else { return };
        let locks = server.locks();
        locks.ping().await.unwrap();
        server.freeze(Freeze::Stop);
        let started = Instant::now();
        locks.lock(&hold(1, &[1], 300), at(0)).await.unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(1), "the first call took {:?}", started.elapsed());
        // For several looks, each of which finds a server that accepts connections and says nothing.
        let until = Instant::now() + Duration::from_secs(3);
        while Instant::now() < until {
            let started = Instant::now();
            locks.lock(&hold(1, &[1], 300), at(0)).await.unwrap_err();
            assert!(started.elapsed() < Duration::from_millis(100), "a call took {:?}", started.elapsed());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server.freeze(Freeze::GoOn);
        assert_eq!(forgotten(&locks).await, Forgotten::Everything);
        // The answer to the first one was lost, or it is made now: either way it is this booking's.
        assert_eq!(locks.lock(&hold(1, &[1], 300), at(0)).await.unwrap(), SeatsLocked::Locked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_without_memory_has_refused_is_made_up_for() {
    let Some(server) = OwnRedis::start().await else { return };
    let locks = server.locks();
    locks.rebuild(show(1), vec![], vec![], at(0)).await.unwrap();
    let memory = async |bytes: u64| {
        let mut command = ::redis::cmd("CONFIG");
        let _: String = server.command(command.arg("SET").arg("maxmemory").arg(bytes)).await.unwrap();
    };
    memory(1).await;
    locks.mark_sold(&LockOwner::from(&hold(1, &[1], 0))).await.unwrap_err();
    memory(0).await;
    assert_eq!(forgotten(&locks).await, Forgotten::Everything);
    nothing_is_forgotten(&locks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_ends_with_its_last_handle() {
    let Some(server) = OwnRedis::start().await else { return };
    let connected = async || {
        let clients: String = server.command(::redis::cmd("CLIENT").arg("LIST")).await.unwrap();
        clients.lines().count()
    };
    let alone = connected().await;
    let locks = server.locks();
    locks.ping().await.unwrap();
    assert_eq!(connected().await, alone + 1);
    drop(locks);
    let deadline = Instant::now() + SOON;
    while connected().await > alone {
        assert!(Instant::now() < deadline, "it is still connected");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What is encrypted with a plain server fails as any other absence does: at once from the second call on.
#[tokio::test(flavor = "multi_thread")]
async fn tls_is_tried() {
    let Some(server) = OwnRedis::start().await else { return };
    let config = server.named(&format!("rediss://127.0.0.1:{}", server.port()));
    let locks = RedisLocks::new(RedisConnection::open(&config).unwrap());
    locks.ping().await.unwrap_err();
    let started = Instant::now();
    for _ in 0..10 {
        locks.ping().await.unwrap_err();
    }
    assert!(started.elapsed() < Duration::from_millis(100), "ten calls took {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_has_written_counts_as_free() {
    let Some(server) = OwnRedis::start().await else { return };
    let locks = server.locks();
    locks.rebuild(show(1), vec![], vec![], at(0)).await.unwrap();
    let key = server.key(&format!("{{{}}}:seats", show(1)));
    for nonsense in ["", "nonsense", "nonsense:nonsense", "1e9:x", ":"] {
        for number in 1..=3 {
            let mut command = ::redis::cmd("HSET");
            let command = command.arg(&key).arg(seat(number).to_string()).arg(nonsense);
            let _: u64 = server.command(command).await.unwrap();
        }
        assert_eq!(locks.held(show(1), at(0)).await.unwrap(), [], "{nonsense}");
        assert_eq!(locks.shows(at(0)).await.unwrap(), [], "{nonsense}");
        assert_eq!(locks.lock(&hold(1, &[1], 300), at(0)).await.unwrap(), SeatsLocked::Locked, "{nonsense}");
        locks.rebuild(show(1), vec![hold(2, &[2], 300)], vec![], at(0)).await.unwrap();
        assert_eq!(locks.held(show(1), at(0)).await.unwrap().len(), 2, "{nonsense}");
        locks.rebuild(show(1), vec![], vec![], at(301)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_show_of_which_nothing_is_kept_leaves_the_list() {
    let Some(server) = OwnRedis::start().await else { return };
    let locks = server.locks();
    locks.lock(&hold(1, &[1], 300), at(0)).await.unwrap();
    assert_eq!(locks.shows(at(0)).await.unwrap(), [show(1)]);
    // Past its deadline it is listed all the same; it may be locked again.
    assert_eq!(locks.shows(at(300)).await.unwrap(), []);
    let listed = async || server.command::<u64>(::redis::cmd("SCARD").arg(server.key("shows"))).await.unwrap();
    assert_eq!(listed().await, 1);
    let key = server.key(&format!("{{{}}}:seats", show(1)));
    let _: u64 = server.command(::redis::cmd("DEL").arg(key)).await.unwrap();
    assert_eq!(locks.shows(at(0)).await.unwrap(), []);
    assert_eq!(listed().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hall_of_20_000_seats_is_rebuilt_at_once() {
    let Some(locks) = stores::redis() else { return };
    let seats: Vec<u128> = (0..20_000).collect();
    let (held, sold) = seats.split_at(5_000);
    let holds: Vec<_> = held.chunks(10).enumerate().map(|(n, seats)| hold(n as u128, seats, 300)).collect();
    let sold: Vec<_> =
        sold.chunks(10).enumerate().map(|(n, seats)| LockOwner::from(&hold(9_000 + n as u128, seats, 0))).collect();
    locks.ping().await.unwrap();
    let started = Instant::now();
    locks.rebuild(show(1), holds, sold, at(0)).await.unwrap();
    let took = started.elapsed();
    println!("20,000 seats rebuilt in {} ms", took.as_millis());
    assert_eq!(locks.held(show(1), at(1)).await.unwrap().len(), 20_000);
}
