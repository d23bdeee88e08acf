//! Several servers: one of them dies, and another takes its place.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use domain::hold::SeatsLocked;
use locks::{Forgotten, RedisConnection, RedisLocks, SeatLocks};

use crate::stores::{self, OwnRedis, PASSWORD, PASSWORD_IN_URL};
use crate::{at, hold, seat, show};

/// How long it may take until another server is in the place of one that died.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(30);
/// The shows of these tests: enough for each node of a cluster to have some.
const SHOWS: u128 = 20;

async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + TAKEN_OVER_WITHIN;
    while !condition().await {
        assert!(Instant::now() < deadline, "it does not come to this: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Locks a seat in each show.
async fn lock_all(locks: &RedisLocks, booking: u128) -> bool {
    let mut all = true;
    for number in 0..SHOWS {
        let mut claim = hold(booking, &[], 300);
        (claim.show_id, claim.seat_ids) = (show(number), vec![seat(booking)]);
        all &= matches!(locks.lock(&claim, at(0)).await, Ok(SeatsLocked::Locked));
    }
    all
}

/// Calls until everything works again. Answers how long it took, and how much of it was spent in calls that failed.
async fn until_all_work(locks: &RedisLocks) -> (Duration, Duration) {
    let (died, mut lost, mut booking) = (Instant::now(), Duration::ZERO, 1_000);
    loop {
        let started = Instant::now();
        if lock_all(locks, booking).await {
            return (died.elapsed(), lost);
        }
        lost += started.elapsed();
        booking += 1;
        assert!(died.elapsed() < TAKEN_OVER_WITHIN, "nobody takes over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Shows are told as well, which the new server does not know.
async fn everything_is_told_once(locks: &RedisLocks) {
    let mut everything = 0;
    while let Ok(told) = tokio::time::timeout(Duration::from_secs(4), locks.forgotten()).await {
        everything += usize::from(told == Forgotten::Everything);
    }
    assert_eq!(everything, 1);
}

/// Three nodes with slots, and a replica of the first.
async fn cluster() -> Option<Vec<OwnRedis>> {
    let mut nodes = Vec::new();
    for _ in 0..4 {
        nodes.push(OwnRedis::start_with(&["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]).await?);
    }
    for (node, slots) in nodes.iter().zip([(0, 5_460), (5_461, 10_922), (10_923, 16_383)]) {
        let mut command = ::redis::cmd("CLUSTER");
        let _: () = node.command(command.arg("ADDSLOTSRANGE").arg(slots.0).arg(slots.1)).await.unwrap();
    }
    for node in &nodes[1..] {
        let mut command = ::redis::cmd("CLUSTER");
        let _: () = node.command(command.arg("MEET").arg("127.0.0.1").arg(nodes[0].port())).await.unwrap();
    }
    let first: String = nodes[0].command(::redis::cmd("CLUSTER").arg("MYID")).await.unwrap();
    let replica = &nodes[3];
    eventually("the replica knows the first node", async || {
        let mut command = ::redis::cmd("CLUSTER");
        replica.command::<()>(command.arg("REPLICATE").arg(&first)).await.is_ok()
    })
    .await;
    eventually("the first node has its replica in step", async || {
        let roles: String = nodes[0].command(::redis::cmd("INFO").arg("replication")).await.unwrap();
        roles.contains("state=online")
    })
    .await;
    for node in &nodes {
        node.comes_up().await;
        eventually("every node knows who replicates", async || {
            let known: String = node.command(::redis::cmd("CLUSTER").arg("NODES")).await.unwrap();
            known.lines().count() == 4 && known.lines().any(|line| line.contains("slave") && line.contains(&first))
        })
        .await;
    }
    Some(nodes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_lacks_a_node_is_away_until_its_replica_takes_over() {
    let Some(mut nodes) = cluster().await else { return };
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", nodes[1].port(), nodes[2].port());
    let config = nodes[0].named(&format!("redis+cluster://:{PASSWORD_IN_URL}@{hosts}"));
    let locks = RedisLocks::new(RedisConnection::open(&config).unwrap());
    eventually("all shows can be locked", async || lock_all(&locks, 1).await).await;
    for number in 0..SHOWS {
        locks.rebuild(show(number), vec![], vec![], at(0)).await.unwrap();
    }
    while let Ok(_told) = tokio::time::timeout(Duration::from_secs(1), locks.forgotten()).await {}

    nodes[0].stop();
    let (away, lost) = until_all_work(&locks).await;
    println!("a node of a cluster was away for {away:?}, {lost:?} of it spent in calls");
    // Waiting for a node that is not there again and again would take all of the time.
    assert!(lost < away / 2, "{lost:?} of {away:?} was spent in calls");
    everything_is_told_once(&locks).await;
}

/// Two servers, and a sentinel that watches them.
struct Watched {
    master: OwnRedis,
    _replica: OwnRedis,
    sentinel: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Watched {
    async fn start() -> Option<Self> {
        let master = OwnRedis::start().await?;
        let replica = OwnRedis::start_with(&["--replicaof", &format!("127.0.0.1 {}", master.port())]).await?;
        let (port, folder) = (stores::free_port(), tempfile::tempdir().unwrap());
        let settings = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor main 127.0.0.1 {} 1\nsentinel auth-pass main \
             {PASSWORD}\nsentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 5000\n",
            folder.path().display(),
            master.port()
        );
        let file = folder.path().join("sentinel.conf");
        std::fs::write(&file, settings).unwrap();
        let mut command = Command::new(stores::program()?);
        let sentinel = command.arg(file).arg("--sentinel").stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let watched = Self { master, _replica: replica, sentinel, port, _folder: folder };
        eventually("the sentinel knows the replica", async || {
            let client = ::redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
            let Ok(mut connection) = client.get_multiplexed_async_connection().await else { return false };
            let mut command = ::redis::cmd("INFO");
            let told: ::redis::RedisResult<String> = command.arg("sentinel").query_async(&mut connection).await;
            told.is_ok_and(|told| told.contains("status=ok") && told.contains("slaves=1"))
        })
        .await;
        Some(watched)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _gone = self.sentinel.kill();
        let _ended = self.sentinel.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_name_the_server_that_took_over() {
    let Some(mut watched) = Watched::start().await else { return };
    let url = format!("redis+sentinel://:{PASSWORD_IN_URL}@127.0.0.1:{}/main", watched.port);
    let locks = RedisLocks::new(RedisConnection::open(&watched.master.named(&url)).unwrap());
    eventually("all shows can be locked", async || lock_all(&locks, 1).await).await;
    while let Ok(_told) = tokio::time::timeout(Duration::from_secs(1), locks.forgotten()).await {}

    watched.master.stop();
    let (away, lost) = until_all_work(&locks).await;
    println!("the master was away for {away:?}, {lost:?} of it spent in calls");
    assert!(lost < away / 2, "{lost:?} of {away:?} was spent in calls");
    everything_is_told_once(&locks).await;
}
