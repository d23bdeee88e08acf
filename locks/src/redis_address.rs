//! Which Redis is meant: one server, a cluster, or a group watched by sentinels.

use std::fmt;
use std::time::Duration;

use ::redis::cluster::ClusterClient;
use ::redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use ::redis::{Client, IntoConnectionInfo, RedisConnectionInfo, RedisError};
use rustls::crypto::CryptoProvider;

/// How long connecting may take, and how long a server may be silent. A booking goes on without locks rather than wait.
pub(crate) const PATIENCE: Duration = Duration::from_millis(400);
/// How long one command may take while the server answers others: it is this process that is slow then, and without
/// locks it would have more to do.
pub(crate) const LONGEST: Duration = Duration::from_secs(5);

/// Where sentinels listen if nothing else is said.
const SENTINEL_PORT: u16 = 26379;

/// Where Redis is, and what its keys begin with.
#[derive(Clone)]
pub struct RedisConfig {
    /// `redis://[user:password@]host:port`, or `rediss://` for TLS; `redis+cluster://[user:password@]host:port,host:port`
    /// for a cluster; `redis+sentinel://[user:password@]host:port,host:port/name` for a group watched by sentinels. User and
    /// password are percent-encoded.
    pub url: String,
    /// What every key begins with, so that several installations can share a Redis.
    pub prefix: String,
}

/// The URL may hold a password.
impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// What is wrong with a [`RedisConfig`]. Never holds the URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum RedisConfigError {
    /// The URL names no kind of Redis.
    #[error("it must begin with redis://, rediss://, redis+cluster:// or redis+sentinel://")]
    UnknownScheme,
    /// The URL of sentinels does not say which group they watch.
    #[error("redis+sentinel:// must end with the name of the group: redis+sentinel://host:port,host:port/name")]
    NoGroupName,
    /// The URL cannot be read.
    #[error("it cannot be read: {}", .0.category())]
    Unreadable(RedisError),
    /// The prefix would change where keys are kept.
    #[error("the prefix must not be empty and must have none of the characters {{ and }}")]
    BadPrefix,
}

/// What connections are made with.
pub(crate) enum RedisAddress {
    Single(Client),
    Cluster(Box<ClusterClient>),
    Sentinels { nodes: Vec<String>, group: String, node: RedisConnectionInfo },
}

impl RedisAddress {
    /// Reads a configuration; connects to nothing.
    pub(crate) fn parse(config: &RedisConfig) -> Result<Self, RedisConfigError> {
        if config.prefix.is_empty() || config.prefix.contains(['{', '}']) {
            return Err(RedisConfigError::BadPrefix);
        }
        let (scheme, rest) = config.url.split_once("://").unwrap_or((&config.url, ""));
        let (login, hosts) = rest.rsplit_once('@').map_or(("", rest), |(login, hosts)| (login, hosts));
        match scheme {
            "redis" | "rediss" => {
                choose_cryptography();
                Client::open(config.url.as_str()).map(Self::Single).map_err(RedisConfigError::Unreadable)
            }
            "redis+cluster" => {
                let login = if login.is_empty() { String::new() } else { format!("{login}@") };
                let nodes = hosts.trim_end_matches('/').split(',').map(|host| format!("redis://{login}{host}"));
                let client = ClusterClient::builder(nodes.collect::<Vec<_>>())
                    .connection_timeout(PATIENCE)
                    .response_timeout(LONGEST)
                    .overall_response_timeout(Some(LONGEST))
                    .retries(2)
                    .build();
                client.map(|client| Self::Cluster(Box::new(client))).map_err(RedisConfigError::Unreadable)
            }
            "redis+sentinel" => {
                let (hosts, group) = hosts.split_once('/').ok_or(RedisConfigError::NoGroupName)?;
                if group.is_empty() {
                    return Err(RedisConfigError::NoGroupName);
                }
                let with_port = |host: &str| {
                    if host.contains(':') {
                        format!("redis://{host}")
                    } else {
                        format!("redis://{host}:{SENTINEL_PORT}")
                    }
                };
                let nodes: Vec<String> = hosts.split(',').map(with_port).collect();
                for node in &nodes {
                    Client::open(node.as_str()).map_err(RedisConfigError::Unreadable)?;
                }
                let node = connection_info(login).map_err(RedisConfigError::Unreadable)?;
                Ok(Self::Sentinels { nodes, group: group.to_owned(), node })
            }
            _ => Err(RedisConfigError::UnknownScheme),
        }
    }

    /// The client that asks the sentinels. It keeps what they last said, so each connection is made with a new one.
    pub(crate) fn sentinel_client(
        nodes: &[String],
        group: &str,
        node: &RedisConnectionInfo,
    ) -> Result<SentinelClient, RedisError> {
        let of_node = SentinelNodeConnectionInfo::default().set_redis_connection_info(node.clone());
        SentinelClient::build(nodes.to_vec(), group, Some(of_node), SentinelServerType::Master)
    }
}

/// What to log in with: `user:password`, `:password`, or nothing, read as in the URL of a single server.
fn connection_info(login: &str) -> Result<RedisConnectionInfo, RedisError> {
    if login.is_empty() {
        return Ok(RedisConnectionInfo::default());
    }
    Ok(format!("redis://{login}@localhost").into_connection_info()?.redis_settings().clone())
}

/// TLS needs to be told who does its cryptography, once per process, and panics at the first connection otherwise. A
/// choice that was made before stands.
fn choose_cryptography() {
    if CryptoProvider::get_default().is_none() {
        // Somebody else may choose at the same time, which is as good.
        let _chosen = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}
