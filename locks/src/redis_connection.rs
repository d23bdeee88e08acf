//! The connection to Redis: made in the background, given up quickly, and made again for as long as somebody wants it.

use std::collections::BTreeSet;
use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::cluster_async::ClusterConnection;
use ::redis::{AsyncConnectionConfig, Cmd, ErrorKind, RedisError, RedisFuture, ServerErrorKind, Value};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::redis_address::{LONGEST, PATIENCE, RedisAddress, RedisConfig, RedisConfigError};
use crate::redis_servers::run_ids;

/// How often an absent server is tried.
const TRY_EVERY: Duration = Duration::from_millis(500);
/// In how many parts a call waits. A process that has too much to do comes late to its own timers, but comes to read
/// answers between two of them: its server is silent where that happened so often and brought none.
const PARTS: u32 = 8;
/// How often a server that is there is asked who it is.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// A connection to Redis. Cloning it gives another handle on the same one.
///
/// While the server is away every call fails at once, and a task tries to reach it twice a second. The task ends with
/// the last handle. What it notices is told by two metrics: the gauge `boxoffice_redis_up`, and the counter
/// `boxoffice_redis_failures_total` of calls that failed because the server was, or turned out to be, away.
#[derive(Clone)]
pub struct RedisConnection {
    shared: Arc<Shared>,
}

struct Shared {
    address: RedisAddress,
    prefix: String,
    state: watch::Sender<State>,
    /// How often the server came back, or turned out to be another one than before.
    returns: watch::Sender<u64>,
    /// The ids of the servers at the last look.
    servers: Mutex<BTreeSet<String>>,
    /// How many connections were made.
    connections: AtomicU64,
    /// How many calls were answered, whatever the answer.
    answers: AtomicU64,
    refusals: Refusals,
}

#[derive(Clone)]
enum State {
    /// The first try is under way.
    Connecting,
    Up {
        link: Link,
        /// Which of the connections that were made: what an earlier one says does not count any more.
        number: u64,
    },
    Away,
}

/// Calls that a server refused which is there, as one without memory refuses to write.
#[derive(Default)]
struct Refusals {
    counted: AtomicU64,
    /// How many there were at the last look.
    looked_at: AtomicU64,
    /// How many there were when it was last told that something is missing.
    told: AtomicU64,
}

/// A connection of either kind; commands of many callers share it.
#[derive(Clone)]
pub(crate) enum Link {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// Why Redis could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedisFault {
    /// It was not there when it was last looked for.
    #[error("Redis is away")]
    Away,
    /// It did not do what it was asked.
    #[error("Redis has failed")]
    Failed(#[source] RedisError),
}

impl RedisConnection {
    /// Begins to connect. The server need not be there: whoever calls too early is told so.
    ///
    /// Has to be called within a Tokio runtime, in which it connects.
    pub fn open(config: &RedisConfig) -> Result<Self, RedisConfigError> {
        let shared = Shared {
            address: RedisAddress::parse(config)?,
            prefix: config.prefix.clone(),
            state: watch::Sender::new(State::Connecting),
            returns: watch::Sender::new(0),
            servers: Mutex::default(),
            connections: AtomicU64::default(),
            answers: AtomicU64::default(),
            refusals: Refusals::default(),
        };
        let shared = Arc::new(shared);
        tokio::spawn(keep_connected(Arc::downgrade(&shared)));
        Ok(Self { shared })
    }

    /// The name of a key that belongs to no show.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.shared.prefix)
    }

    /// The name of a key of a show. A cluster keeps all keys with the same text in braces on one node.
    pub(crate) fn show_key(&self, show_id: impl fmt::Display, name: &str) -> String {
        format!("{}:{{{show_id}}}:{name}", self.shared.prefix)
    }

    /// Calls Redis, unless it is known to be away.
    pub(crate) async fn call<T, F>(&self, call: impl FnOnce(Link) -> F) -> Result<T, RedisFault>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let Some((link, number)) = self.link().await else {
            metrics::counter!("boxoffice_redis_failures_total").increment(1);
            return Err(RedisFault::Away);
        };
        self.shared.unless_silent(call(link)).await.map_err(|error| {
            metrics::counter!("boxoffice_redis_failures_total").increment(1);
            if means_away(&error) {
                self.shared.went_away(Some(number), &error);
            } else {
                self.shared.refusals.counted.fetch_add(1, Ordering::Relaxed);
            }
            RedisFault::Failed(error)
        })
    }

    /// How often the server came back, or turned out to be another one than before: what was kept may be old then.
    pub(crate) fn returns(&self) -> watch::Receiver<u64> {
        self.shared.returns.subscribe()
    }

    async fn link(&self) -> Option<(Link, u64)> {
        let mut state = self.shared.state.subscribe();
        let known = timeout(PATIENCE, state.wait_for(|state| !matches!(state, State::Connecting))).await;
        match known {
            Ok(Ok(state)) => match &*state {
                State::Up { link, number } => Some((link.clone(), *number)),
                State::Connecting | State::Away => None,
            },
            Ok(Err(_)) | Err(_) => None,
        }
    }
}

impl Shared {
    /// Waits for an answer for as long as the server may be believed to be there. Many calls at once can take long
    /// together; a silent server answers none of them. A cluster's connection asks again by itself, for longer than
    /// anybody wants to wait for a silent one.
    async fn unless_silent<T>(&self, call: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
        let mut call = pin!(call);
        let began = Instant::now();
        let (mut answers, mut silent) = (self.answers.load(Ordering::Relaxed), 0);
        while silent < PARTS && began.elapsed() < LONGEST {
            if let Ok(answer) = timeout(PATIENCE / PARTS, &mut call).await {
                if !answer.as_ref().is_err_and(means_away) {
                    self.answers.fetch_add(1, Ordering::Relaxed);
                }
                return answer;
            }
            let now = self.answers.load(Ordering::Relaxed);
            silent = if now == answers { silent + 1 } else { 0 };
            answers = now;
        }
        Err(late())
    }

    async fn connect(&self) -> Result<Link, RedisError> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(LONGEST));
        match &self.address {
            RedisAddress::Single(client) => {
                client.get_multiplexed_async_connection_with_config(&config).await.map(Link::One)
            }
            RedisAddress::Cluster(client) => client.get_async_connection().await.map(Link::Cluster),
            RedisAddress::Sentinels { nodes, group, node } => {
                let mut client = RedisAddress::sentinel_client(nodes, group, node)?;
                client.get_async_connection_with_config(&config).await.map(Link::One)
            }
        }
    }

    /// One look after the connection: makes it, or asks the server who it is.
    async fn look(&self) {
        let current = self.state.borrow().clone();
        match current {
            State::Up { mut link, number } => match self.unless_silent(run_ids(&mut link)).await {
                Ok(servers) => self.is_there(number, servers),
                Err(error) => self.went_away(Some(number), &error),
            },
            State::Connecting | State::Away => {
                let made = async {
                    let mut link = self.connect().await?;
                    let servers = run_ids(&mut link).await?;
                    Ok((link, servers))
                };
                match timeout(4 * PATIENCE, made).await.unwrap_or_else(|_late| Err(late())) {
                    Ok((link, servers)) => self.is_back(link, servers),
                    Err(error) => self.went_away(None, &error),
                }
            }
        }
        self.tell_whether_up();
    }

    fn tell_whether_up(&self) {
        let up = matches!(&*self.state.borrow(), State::Up { .. });
        metrics::gauge!("boxoffice_redis_up").set(f64::from(u8::from(up)));
    }

    /// A new connection was made.
    fn is_back(&self, link: Link, servers: BTreeSet<String>) {
        *self.servers.lock().unwrap_or_else(PoisonError::into_inner) = servers;
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let was = self.state.send_replace(State::Up { link, number });
        if matches!(was, State::Away) {
            tracing::info!("Redis is there again");
            self.may_have_forgotten();
        }
    }

    /// The connection with this number is answered.
    fn is_there(&self, number: u64, servers: BTreeSet<String>) {
        if !matches!(&*self.state.borrow(), State::Up { number: current, .. } if *current == number) {
            return;
        }
        let other_servers = {
            let mut known = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
            let other = *known != servers;
            *known = servers;
            other
        };
        // A server that was replaced between two looks has forgotten, or has an older copy. What was refused is missing.
        if other_servers || self.refusals.have_ended() {
            self.may_have_forgotten();
        }
    }

    fn may_have_forgotten(&self) {
        self.returns.send_modify(|returns| *returns += 1);
    }

    /// Notes that nobody answers, on the connection with this number or on a new one.
    fn went_away(&self, number: Option<u64>, error: &RedisError) {
        let went = self.state.send_if_modified(|state| {
            let goes = match state {
                State::Up { number: current, .. } => number == Some(*current),
                State::Connecting => true,
                State::Away => false,
            };
            if goes {
                *state = State::Away;
            }
            goes
        });
        if went {
            self.tell_whether_up();
            tracing::warn!(error = %error, "Redis is away: the database alone decides who gets a seat");
        }
    }
}

impl Refusals {
    /// Whether calls were refused, and none any more since the last look.
    fn have_ended(&self) -> bool {
        let counted = self.counted.load(Ordering::Relaxed);
        let quiet = self.looked_at.swap(counted, Ordering::Relaxed) == counted;
        quiet && self.told.swap(counted, Ordering::Relaxed) != counted
    }
}

/// Whether the error says something of the server rather than of the command.
fn means_away(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_connection_refusal()
        || error.is_unrecoverable_error()
        || matches!(
            error.kind(),
            ErrorKind::ClusterConnectionNotFound
                | ErrorKind::Server(
                    ServerErrorKind::BusyLoading
                        | ServerErrorKind::ClusterDown
                        | ServerErrorKind::MasterDown
                        | ServerErrorKind::ReadOnly
                )
        )
}

fn late() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

/// Looks after the connection until nobody has it any more.
async fn keep_connected(connection: Weak<Shared>) {
    loop {
        let pause = {
            let Some(shared) = connection.upgrade() else { return };
            shared.look().await;
            let mut state = shared.state.subscribe();
            if matches!(&*state.borrow_and_update(), State::Up { .. }) { LOOK_EVERY } else { TRY_EVERY }
        };
        // A call that fails meanwhile is noticed at the next short look.
        let deadline = Instant::now() + pause;
        while Instant::now() < deadline {
            sleep(TRY_EVERY).await;
            let Some(shared) = connection.upgrade() else { return };
            if !matches!(&*shared.state.borrow(), State::Up { .. }) {
                break;
            }
        }
    }
}

impl ::redis::aio::ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(cmd),
            Self::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a ::redis::Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
