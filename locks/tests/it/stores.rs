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

/// One that has to be encoded in a URL, and how.
pub(crate) const PASSWORD: &str = "open:sesame/@1";
pub(crate) const PASSWORD_IN_URL: &str = "open%3Asesame%2F%401";

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

/// The server's program, which is the sentinels' as well.
pub(crate) fn program() -> Option<String> {
    of_services(PROGRAM)
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

/// A port that nobody has now. The traffic between the nodes of a cluster takes the one 10,000 above.
pub(crate) fn free_port() -> u16 {
    let is_free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    loop {
        let given = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let port = 21_000 + given % 9_000;
        if is_free(port) && is_free(port + 10_000) {
            return port;
        }
    }
}

/// What becomes of a server's process.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Freeze {
    Stop,
    GoOn,
}

/// A server of a test's own, which can be stopped and started.
pub(crate) struct OwnRedis {
    program: String,
    port: u16,
    prefix: String,
    arguments: Vec<String>,
    folder: TempDir,
    child: Option<Child>,
}

impl OwnRedis {
    /// A single server.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(&[]).await
    }

    /// A cluster of one node, which has all slots: what spans two slots is refused as in any other.
    pub(crate) async fn start_cluster() -> Option<Self> {
        let server = Self::start_with(&["--cluster-enabled", "yes"]).await?;
        let _: () = server.command(::redis::cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(0).arg(16383)).await.unwrap();
        server.comes_up().await;
        Some(server)
    }

    /// Waits until the cluster serves all slots.
    pub(crate) async fn comes_up(&self) {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let state: String = self.command(::redis::cmd("CLUSTER").arg("INFO")).await.unwrap();
            if state.contains("cluster_state:ok") {
                return;
            }
            assert!(Instant::now() < deadline, "the cluster does not come up: {state}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A server with more settings, as arguments.
    pub(crate) async fn start_with(arguments: &[&str]) -> Option<Self> {
        let program = of_services(PROGRAM)?;
        let folder = tempfile::tempdir().unwrap();
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut server = Self { program, port: free_port(), prefix: fresh_prefix(), arguments, folder, child: None };
        server.run().await;
        Some(server)
    }

    /// Starts the server, empty.
    pub(crate) async fn run(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(["--requirepass", PASSWORD, "--masterauth", PASSWORD]).arg("--dir").arg(self.folder.path());
        command.args(&self.arguments);
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

    /// Has the server stand still, as one does that swaps or whose network is cut, or go on.
    pub(crate) fn freeze(&self, freeze: Freeze) {
        let signal = match freeze {
            Freeze::Stop => "-STOP",
            Freeze::GoOn => "-CONT",
        };
        let process = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Has the server forget everything.
    pub(crate) async fn flush(&self) {
        let _: String = self.command(&::redis::cmd("FLUSHALL")).await.unwrap();
    }

    /// The settings of those who use it.
    pub(crate) fn config(&self) -> RedisConfig {
        let is_cluster = self.arguments.iter().any(|argument| argument == "--cluster-enabled");
        let scheme = if is_cluster { "redis+cluster" } else { "redis" };
        self.named(&format!("{scheme}://:{PASSWORD_IN_URL}@127.0.0.1:{}", self.port))
    }

    /// The settings of those who reach it by another URL.
    pub(crate) fn named(&self, url: &str) -> RedisConfig {
        RedisConfig { url: url.to_owned(), prefix: self.prefix.clone() }
    }

    /// Locks in it; each call connects anew, as another process does.
    pub(crate) fn locks(&self) -> RedisLocks {
        RedisLocks::new(RedisConnection::open(&self.config()).unwrap())
    }

    /// Streams in it.
    pub(crate) fn changes(&self) -> RedisChanges {
        RedisChanges::new(RedisConnection::open(&self.config()).unwrap())
    }

    /// The name of a key of the tests' own installation.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// Asks the server itself.
    pub(crate) async fn command<T: ::redis::FromRedisValue>(&self, command: &::redis::Cmd) -> ::redis::RedisResult<T> {
        let client = ::redis::Client::open(format!("redis://:{PASSWORD_IN_URL}@127.0.0.1:{}", self.port))?;
        command.query_async(&mut client.get_multiplexed_async_connection().await?).await
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.stop();
    }
}
