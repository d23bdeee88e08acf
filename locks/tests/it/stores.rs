//! The stores that tests are run on: the Redis that all tests share, under a prefix of each test's own, and servers that
//! belong to one test.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use locks::changes::RedisChanges;
use locks::{RedisConfig, RedisConnection, RedisLocks};
use tempfile::TempDir;
use uuid::Uuid;

/// Where the tests find Redis, and the program to start more of them.
const REDIS: &str = "BOXOFFICE_TEST_REDIS";
const PROGRAM: &str = "BOXOFFICE_REDIS_SERVER";
/// What skips the tests in Redis.
const SKIP: &str = "BOXOFFICE_SKIP_REDIS";

const PASSWORD: &str = "open-sesame";
const READY_WITHIN: Duration = Duration::from_secs(10);

/// A connection to the shared Redis with nothing in it; none if Redis is left out.
pub(crate) fn connection() -> Option<RedisConnection> {
    let url = of_services(REDIS)?;
    Some(RedisConnection::open(&RedisConfig { url, prefix: fresh_prefix() }).unwrap())
}

/// Locks in the shared Redis.
pub(crate) fn redis() -> Option<RedisLocks> {
    connection().map(RedisLocks::new)
}

fn fresh_prefix() -> String {
    format!("test-{}", Uuid::new_v4().simple())
}

/// Leaving Redis out has to be asked for, and is never right where a build is judged.
fn of_services(name: &str) -> Option<String> {
    if let Ok(value) = std::env::var(name) {
        return Some(value);
    }
    let skipped = std::env::var_os(SKIP).is_some();
    let judged = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(
        skipped && !judged,
        "{name} is not set: run the tests with `make test`, which starts Redis ({SKIP}=1 leaves these tests out, but not \
         with CI=true)"
    );
    eprintln!("SKIPPED in Redis: {SKIP} is set and {name} is not");
    None
}

/// A server of a test's own, which can be stopped and started.
pub(crate) struct OwnRedis {
    program: String,
    port: u16,
    prefix: String,
    cluster: bool,
    folder: TempDir,
    child: Option<Child>,
}

impl OwnRedis {
    /// A single server.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_as(false).await
    }

    /// A cluster of one node, which has all slots: what spans two slots is refused as in any other.
    pub(crate) async fn start_cluster() -> Option<Self> {
        let server = Self::start_as(true).await?;
        let _: () = server.command(::redis::cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(0).arg(16383)).await.unwrap();
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let state: String = server.command(::redis::cmd("CLUSTER").arg("INFO")).await.unwrap();
            if state.contains("cluster_state:ok") {
                return Some(server);
            }
            assert!(Instant::now() < deadline, "the cluster does not come up: {state}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn start_as(cluster: bool) -> Option<Self> {
        let program = of_services(PROGRAM)?;
        // A port that is free now; the cluster's own traffic takes the one 10,000 above.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let port = 21_000 + port % 9_000;
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self { program, port, prefix: fresh_prefix(), cluster, folder, child: None };
        server.run().await;
        Some(server)
    }

    /// Starts the server, empty.
    pub(crate) async fn run(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(["--requirepass", PASSWORD, "--masterauth", PASSWORD]).arg("--dir").arg(self.folder.path());
        if self.cluster {
            command.args(["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"]);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.child = Some(child);
        let deadline = Instant::now() + READY_WITHIN;
        while self.command::<String>(&::redis::cmd("PING")).await.is_err() {
            assert!(Instant::now() < deadline, "Redis does not come up on port {}", self.port);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Kills the server.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Has the server forget everything.
    pub(crate) async fn flush(&self) {
        let _: String = self.command(&::redis::cmd("FLUSHALL")).await.unwrap();
    }

    /// The settings of those who use it.
    pub(crate) fn config(&self) -> RedisConfig {
        let scheme = if self.cluster { "redis+cluster" } else { "redis" };
        let url = format!("{scheme}://:{PASSWORD}@127.0.0.1:{}", self.port);
        RedisConfig { url, prefix: self.prefix.clone() }
    }

    /// Locks in it; each call connects anew, as another process does.
    pub(crate) fn locks(&self) -> RedisLocks {
        RedisLocks::new(RedisConnection::open(&self.config()).unwrap())
    }

    /// Streams in it.
    pub(crate) fn changes(&self) -> RedisChanges {
        RedisChanges::new(RedisConnection::open(&self.config()).unwrap())
    }

    async fn command<T: ::redis::FromRedisValue>(&self, command: &::redis::Cmd) -> ::redis::RedisResult<T> {
        let client = ::redis::Client::open(format!("redis://:{PASSWORD}@127.0.0.1:{}", self.port))?;
        command.query_async(&mut client.get_multiplexed_async_connection().await?).await
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.stop();
    }
}
