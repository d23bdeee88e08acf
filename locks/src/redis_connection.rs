//! The connection to Redis: made in the background, given up quickly, and made again for as long as somebody wants it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::cluster_async::ClusterConnection;
use ::redis::{AsyncConnectionConfig, Cmd, RedisError, RedisFuture, Value};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::redis_address::{PATIENCE, RedisAddress, RedisConfig, RedisConfigError};

/// How often an absent server is tried.
const TRY_EVERY: Duration = Duration::from_millis(500);
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
    server: Mutex<Option<String>>,
}

#[derive(Clone)]
enum State {
    /// The first try is under way.
    Connecting,
    Up(Link),
    Away,
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
            server: Mutex::default(),
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
        let Some(link) = self.link().await else {
            metrics::counter!("boxoffice_redis_failures_total").increment(1);
            return Err(RedisFault::Away);
        };
        call(link).await.map_err(|error| {
            metrics::counter!("boxoffice_redis_failures_total").increment(1);
            if means_away(&error) {
                self.shared.went_away(&error);
            }
            RedisFault::Failed(error)
        })
    }

    /// How often the server came back, or turned out to be another one than before: what was kept may be old then.
    pub(crate) fn returns(&self) -> watch::Receiver<u64> {
        self.shared.returns.subscribe()
    }

    async fn link(&self) -> Option<Link> {
        let mut state = self.shared.state.subscribe();
        let known = timeout(PATIENCE, state.wait_for(|state| !matches!(state, State::Connecting))).await;
        match known {
            Ok(Ok(state)) => match &*state {
                State::Up(link) => Some(link.clone()),
                State::Connecting | State::Away => None,
            },
            Ok(Err(_)) | Err(_) => None,
        }
    }
}

impl Shared {
    async fn connect(&self) -> Result<Link, RedisError> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE));
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
        let link = match &current {
            State::Up(link) => Ok(link.clone()),
            State::Connecting | State::Away => {
                timeout(4 * PATIENCE, self.connect()).await.unwrap_or_else(|_late| Err(late()))
            }
        };
        let looked = match link {
            Ok(mut link) => run_ids(&mut link).await.map(|server| (link, server)),
            Err(error) => Err(error),
        };
        match looked {
            Ok((link, server)) => self.is_there(link, server),
            Err(error) => self.went_away(&error),
        }
    }

    fn is_there(&self, link: Link, server: String) {
        let was = self.state.borrow().clone();
        let known = self.server.lock().unwrap_or_else(PoisonError::into_inner).replace(server.clone());
        if !matches!(was, State::Up(_)) {
            self.state.send_replace(State::Up(link));
        }
        metrics::gauge!("boxoffice_redis_up").set(1.0);
        let came_back = matches!(was, State::Away);
        if came_back {
            tracing::info!("Redis is there again");
        }
        // A server that was replaced between two looks has forgotten, or has an older copy.
        if came_back || known.is_some_and(|known| known != server) {
            self.returns.send_modify(|returns| *returns += 1);
        }
    }

    fn went_away(&self, error: &RedisError) {
        let was = self.state.send_replace(State::Away);
        metrics::gauge!("boxoffice_redis_up").set(0.0);
        if !matches!(was, State::Away) {
            tracing::warn!(error = %error, "Redis is away: the database alone decides who gets a seat");
        }
    }
}

/// Whether the error says something of the server rather than of the command.
fn means_away(error: &RedisError) -> bool {
    use ::redis::{ErrorKind, ServerErrorKind};
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

/// The ids that the servers gave themselves when they started.
async fn run_ids(link: &mut Link) -> Result<String, RedisError> {
    let answer: Value = ::redis::cmd("INFO").arg("server").query_async(link).await?;
    let mut ids = Vec::new();
    collect_run_ids(&answer, &mut ids);
    ids.sort_unstable();
    Ok(ids.join(" "))
}

/// One server answers with a text, a cluster with one per node.
fn collect_run_ids(answer: &Value, ids: &mut Vec<String>) {
    let mut of_text = |text: &str| {
        ids.extend(text.lines().filter_map(|line| line.strip_prefix("run_id:")).map(|id| id.trim().to_owned()));
    };
    match answer {
        Value::BulkString(bytes) => of_text(&String::from_utf8_lossy(bytes)),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => of_text(text),
        Value::Array(items) => items.iter().for_each(|item| collect_run_ids(item, ids)),
        Value::Map(items) => items.iter().for_each(|(_, item)| collect_run_ids(item, ids)),
        _ => {}
    }
}

/// Looks after the connection until nobody has it any more.
async fn keep_connected(connection: Weak<Shared>) {
    loop {
        let pause = {
            let Some(shared) = connection.upgrade() else { return };
            shared.look().await;
            let mut state = shared.state.subscribe();
            if matches!(&*state.borrow_and_update(), State::Up(_)) { LOOK_EVERY } else { TRY_EVERY }
        };
        // A call that fails meanwhile is noticed at the next short look.
        let deadline = tokio::time::Instant::now() + pause;
        while tokio::time::Instant::now() < deadline {
            sleep(TRY_EVERY).await;
            let Some(shared) = connection.upgrade() else { return };
            if !matches!(&*shared.state.borrow(), State::Up(_)) {
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
