//! Settings: defaults compiled in, a file, the environment; checked at start, each complaint naming the setting.

mod checks;
mod shown;
mod source;

pub use checks::ProcessRole;
pub use source::{DEFAULTS, Effective};

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use app::engine::EngineConfig;
use app::tokens::{SigningError, Tokens};
use domain::hold::HoldRules;
use ipnet::IpNet;
use messaging::kafka::KafkaConfig;
use messaging::topics::Topics;
use payments::simulator::Collect;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use store::DatabaseConfig;
use url::Url;
use workflows::Patience;
use workflows::cancel_show::Pace;
use workflows::queues::ProviderCalls;

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The API.
    pub api: ApiSettings,
    /// What is answered to those who watch the process.
    pub operations: OperationsSettings,
    /// The database.
    pub database: DatabaseSettings,
    /// The seat locks.
    pub locks: LockSettings,
    /// The engine.
    pub engine: EngineSettings,
    /// The sagas.
    pub saga: SagaSettings,
    /// How the process stops.
    pub drain: DrainSettings,
    /// Where messages go and come from.
    pub kafka: KafkaSettings,
    /// Where mail goes.
    pub mail: MailSettings,
    /// The payment provider.
    pub payments: PaymentSettings,
    /// Who callers are.
    pub identity: IdentitySettings,
    /// How others find the process.
    pub discovery: DiscoverySettings,
    /// What is logged.
    pub log: LogSettings,
}

/// Where the API listens and how long it lets callers wait.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiSettings {
    /// The address.
    pub listen: SocketAddr,
    /// The origins whose pages may call it from a browser.
    pub cors_origins: Vec<String>,
    /// How long a caller waits for an outcome, in milliseconds.
    pub answer_within_ms: u64,
    /// How many requests of one client are answered a second; 0 for all.
    pub client_requests_per_second: u32,
    /// How many requests of one account are answered a second; 0 for all.
    pub account_requests_per_second: u32,
    /// The networks of the proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl ApiSettings {
    /// How many requests are answered.
    pub fn limits(&self) -> api::Limits {
        api::Limits {
            per_client: NonZeroU32::new(self.client_requests_per_second),
            per_account: NonZeroU32::new(self.account_requests_per_second),
            trusted_proxies: self.trusted_proxies.clone(),
        }
    }
}

/// Where health and metrics are answered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationsSettings {
    /// The address; none for no such listener.
    #[serde(deserialize_with = "empty_is_none")]
    pub listen: Option<SocketAddr>,
}

/// Where the database is and how patient its callers are.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Its URL; may carry a password.
    pub url: String,
    /// The most connections of this process.
    pub max_connections: u32,
    /// The connections that are kept open while nothing happens.
    pub min_connections: u32,
    /// How long a request waits for a free connection, in milliseconds.
    pub acquire_timeout_ms: u64,
    /// How long one statement may take, in milliseconds.
    pub statement_timeout_ms: u64,
    /// How long a statement waits for a locked row, in milliseconds.
    pub lock_timeout_ms: u64,
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseSettings").field("max_connections", &self.max_connections).finish_non_exhaustive()
    }
}

/// Where the seat locks are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockSettings {
    /// The URL of Redis; empty for the memory of the process. May carry a password.
    pub url: SecretString,
    /// What every key begins with.
    pub prefix: String,
}

/// Where the engine is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineSettings {
    /// Its address, `host:port` or a URL.
    pub address: String,
    /// The namespace.
    pub namespace: String,
    /// The sagas' task queue.
    pub task_queue: String,
    /// The web UI, empty if there is none.
    pub ui: String,
    /// How many sagas that wait each worker keeps in memory.
    pub sagas_in_memory: u32,
}

/// How long sagas try.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SagaSettings {
    /// Seconds that a step is tried.
    pub step_seconds: u64,
    /// Seconds that an undo is tried.
    pub undo_seconds: u64,
    /// Seconds before the first slow retry.
    pub slow_retry_seconds: u64,
    /// Seconds that seats stay held at most.
    pub hard_cap_seconds: i64,
    /// Seconds that each `processing` answer holds seats longer.
    pub processing_extension_seconds: i64,
    /// How many bookings of a show that was called off are taken back at once.
    pub cancel_show_bookings: u32,
    /// Milliseconds of pause after them.
    pub cancel_show_pause_ms: u64,
}

/// How a process stops.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrainSettings {
    /// How long readiness says no before the process stops accepting, in milliseconds.
    pub notice_ms: u64,
    /// How long what is under way may go on after that, in seconds.
    pub seconds: u64,
}

/// Where messages go and come from.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSettings {
    /// The brokers that a client asks first.
    pub brokers: String,
    /// The topic of facts about bookings.
    pub booking_events: String,
    /// The topic of facts about payments.
    pub payment_events: String,
    /// The topic of providers' answers.
    pub payment_results: String,
    /// The topic of other systems' wishes.
    pub booking_commands: String,
    /// The topic of what could not be understood.
    pub dead_letters: String,
    /// What groups and transactions are named after.
    pub prefix: String,
    /// How many partitions a new topic gets.
    pub partitions: i32,
    /// On how many brokers a new topic is kept.
    pub replication: i32,
    /// Further options, `name=value`; may carry a password.
    pub options: Vec<String>,
}

impl fmt::Debug for KafkaSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSettings").field("brokers", &self.brokers).finish_non_exhaustive()
    }
}

/// Where mail goes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// The server that takes it; may carry a password.
    pub smtp_url: SecretString,
    /// Whom it is from.
    pub from: String,
    /// Where buyers look at a booking.
    pub booking_url: String,
}

/// How the payment provider is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReachedBy {
    /// It is called over HTTP.
    Http,
    /// It reads and writes messages.
    Messages,
}

/// The payment provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentSettings {
    /// How it is reached.
    pub reached_by: ReachedBy,
    /// Where it is called.
    pub provider_url: String,
    /// Where customers' browsers find it; empty where that is `provider_url`.
    pub public_url: String,
    /// Where the payment role sends webhooks.
    pub webhook_url: String,
    /// Who pays what the payment role is asked for by message.
    pub collect: String,
    /// Where the payment role listens.
    pub listen: SocketAddr,
    /// The ledger of the payment role; an empty path for none.
    pub ledger: PathBuf,
    /// The rate limit of each endpoint; 0 for none.
    pub calls_per_second: f64,
    /// What the API is called with.
    pub api_key: SecretString,
    /// What webhooks are signed with.
    pub webhook_secret: SecretString,
}

/// Who callers are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitySettings {
    /// What the key follows from that access tokens are signed with.
    pub token_secret: SecretString,
    /// Another secret whose tokens are read, the next one or the one before; empty for none.
    pub previous_token_secret: SecretString,
}

impl IdentitySettings {
    /// Makes and reads access tokens.
    pub fn tokens(&self) -> Result<Tokens, SigningError> {
        let previous = Some(&self.previous_token_secret).filter(|secret| !secret.expose_secret().is_empty());
        Tokens::new([&self.token_secret].into_iter().chain(previous))
    }
}

/// How others find the process.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscoverySettings {
    /// The host that is told to others; empty for the addresses listened on.
    pub advertise: String,
}

/// What is logged.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Which lines.
    pub filter: String,
    /// In which form.
    pub format: LogFormat,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Settings {
    /// Reads the defaults, the file and the environment. Only the form of each setting and its name are checked yet.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        Effective::read(file)?.settings()
    }

    /// Checks what has to be there to serve in all of `roles`; says everything that is wrong.
    pub fn validate(&self, roles: &[ProcessRole]) -> anyhow::Result<()> {
        let complaints = checks::complaints(self, roles);
        ensure!(complaints.is_empty(), "the configuration is not right:\n  {}", complaints.join("\n  "));
        Ok(())
    }

    /// The engine's address as a URL.
    pub fn engine_url(&self) -> anyhow::Result<Url> {
        let address = &self.engine.address;
        ensure!(!address.is_empty(), "engine.address is not set (BOXOFFICE_ENGINE__ADDRESS or TEMPORAL_ADDRESS)");
        let text = if address.contains("://") { address.clone() } else { format!("http://{address}") };
        Url::parse(&text).with_context(|| format!("engine.address `{address}` is not host:port or a URL"))
    }

    /// The engine and how it is used.
    pub fn engine_config(&self) -> anyhow::Result<EngineConfig> {
        Ok(EngineConfig {
            address: self.engine_url()?,
            namespace: self.engine.namespace.clone(),
            task_queue: self.engine.task_queue.clone(),
            patience: self.patience(),
            provider_calls: self.payments.provider_calls(),
            pace: Pace { bookings: self.saga.cancel_show_bookings, pause_ms: self.saga.cancel_show_pause_ms },
        })
    }

    /// How far holds can go.
    pub fn hold_rules(&self) -> HoldRules {
        HoldRules {
            hard_cap_seconds: self.saga.hard_cap_seconds,
            extension_seconds: self.saga.processing_extension_seconds,
        }
    }

    /// How long sagas try.
    pub fn patience(&self) -> Patience {
        Patience {
            step_seconds: self.saga.step_seconds,
            undo_seconds: self.saga.undo_seconds,
            slow_retry_seconds: self.saga.slow_retry_seconds,
        }
    }
}

impl DatabaseSettings {
    /// As the store takes it.
    pub fn config(&self) -> DatabaseConfig {
        DatabaseConfig {
            max_connections: self.max_connections,
            min_connections: self.min_connections,
            acquire_timeout: Duration::from_millis(self.acquire_timeout_ms),
            statement_timeout: Duration::from_millis(self.statement_timeout_ms),
            lock_timeout: Duration::from_millis(self.lock_timeout_ms),
            ..DatabaseConfig::new(self.url.clone())
        }
    }
}

impl DrainSettings {
    /// How long readiness says no before the process stops accepting.
    pub fn notice(&self) -> Duration {
        Duration::from_millis(self.notice_ms)
    }

    /// How long what is under way may go on.
    pub fn limit(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

impl KafkaSettings {
    /// As its clients take it; none where no brokers are named.
    pub fn config(&self) -> Option<KafkaConfig> {
        if self.brokers.is_empty() {
            return None;
        }
        let options = self.options.iter().filter_map(|option| option.split_once('='));
        Some(KafkaConfig {
            brokers: self.brokers.clone(),
            prefix: self.prefix.clone(),
            topics: Topics {
                booking_events: self.booking_events.clone(),
                payment_events: self.payment_events.clone(),
                payment_results: self.payment_results.clone(),
                booking_commands: self.booking_commands.clone(),
                dead_letters: self.dead_letters.clone(),
            },
            partitions: self.partitions,
            replication: self.replication,
            options: options.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect(),
        })
    }
}

impl PaymentSettings {
    /// Where customers' browsers find the provider.
    pub fn page_url(&self) -> &str {
        if self.public_url.is_empty() { &self.provider_url } else { &self.public_url }
    }

    /// How sagas call the provider: through the engine's queues only where there is a rate limit to keep to.
    pub fn provider_calls(&self) -> ProviderCalls {
        if self.calls_per_second > 0.0 { ProviderCalls::Queued } else { ProviderCalls::Direct }
    }

    /// Who pays what the payment role is asked for by message; none if nobody is named whom it knows.
    pub fn collect(&self) -> Option<Collect> {
        Collect::parse(&self.collect)
    }
}

fn empty_is_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
}
