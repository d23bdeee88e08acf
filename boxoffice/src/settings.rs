//! Settings: defaults compiled in, a file, the environment; checked at start, each complaint naming the setting.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, ensure};
use domain::hold::HoldRules;
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;
use workflows::Patience;

/// Every setting with its default, commented.
pub const DEFAULTS: &str = include_str!("default.toml");

/// The file that is read from the working directory where none is named.
const FILE: &str = "boxoffice.toml";
/// The shortest secret that signs tokens, in characters: the 256 bits of HMAC-SHA256 (RFC 7518, section 3.2).
const TOKEN_SECRET_CHARACTERS: usize = 32;

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The API.
    pub api: ApiSettings,
    /// The database.
    pub database: DatabaseSettings,
    /// The engine.
    pub engine: EngineSettings,
    /// The sagas.
    pub saga: SagaSettings,
    /// The payment provider.
    pub payments: PaymentSettings,
    /// Who callers are.
    pub identity: IdentitySettings,
    /// What is logged.
    pub log: LogSettings,
}

/// Where the API listens and how long it lets callers wait.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiSettings {
    /// The address.
    pub listen: SocketAddr,
    /// How long a caller waits for an outcome, in milliseconds.
    pub answer_within_ms: u64,
}

/// Where the database is.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Its URL; may carry a password.
    pub url: String,
    /// The size of the pool.
    pub max_connections: u32,
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseSettings").field("max_connections", &self.max_connections).finish_non_exhaustive()
    }
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
    /// Seconds that a task may go on once the process is told to stop.
    pub drain_seconds: u64,
}

/// The payment provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentSettings {
    /// The simulator's routes.
    pub simulator_url: String,
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
    /// What bearer tokens are signed with.
    pub token_secret: SecretString,
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
    /// Reads the defaults, the file and the environment. Nothing is checked yet beyond the form of each setting.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        if let Some(file) = file {
            ensure!(file.is_file(), "there is no configuration file {}", file.display());
        }
        let file = file.unwrap_or(Path::new(FILE));
        if file.is_file() {
            figment = figment.merge(Toml::file_exact(file));
        }
        figment = figment
            .merge(Env::prefixed("BOXOFFICE_").filter(|name| name.as_str().contains("__")).split("__"))
            .merge(Env::raw().only(&["TEMPORAL_ADDRESS"]).map(|_| "engine.address".into()))
            .merge(Env::raw().only(&["TEMPORAL_NAMESPACE"]).map(|_| "engine.namespace".into()));
        figment.extract().context("the configuration is not right")
    }

    /// Checks what has to be there to serve.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(!self.database.url.is_empty(), "database.url is not set (BOXOFFICE_DATABASE__URL)");
        let known = ["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| self.database.url.starts_with(scheme));
        ensure!(known, "database.url must begin with sqlite: or postgres:");
        ensure!(self.database.max_connections > 0, "database.max_connections must be at least 1");
        self.engine_url()?;
        ensure!(!self.engine.task_queue.is_empty(), "engine.task_queue must not be empty");
        ensure!(self.api.answer_within_ms > 0, "api.answer_within_ms must be at least 1");
        let saga = &self.saga;
        ensure!(saga.step_seconds > 0, "saga.step_seconds must be at least 1");
        ensure!(saga.undo_seconds > 0, "saga.undo_seconds must be at least 1");
        ensure!(saga.slow_retry_seconds > 0, "saga.slow_retry_seconds must be at least 1");
        ensure!(saga.hard_cap_seconds > 0, "saga.hard_cap_seconds must be at least 1");
        ensure!(saga.processing_extension_seconds > 0, "saga.processing_extension_seconds must be at least 1");
        ensure!(self.payments.calls_per_second >= 0.0, "payments.calls_per_second must not be negative");
        Url::parse(&self.payments.simulator_url).context("payments.simulator_url is not a URL")?;
        let secrets = [
            ("payments.api_key", &self.payments.api_key, 1),
            ("payments.webhook_secret", &self.payments.webhook_secret, 1),
            ("identity.token_secret", &self.identity.token_secret, TOKEN_SECRET_CHARACTERS),
        ];
        for (name, secret, shortest) in secrets {
            ensure!(secret.expose_secret().len() >= shortest, "{name} must have at least {shortest} characters");
        }
        Ok(())
    }

    /// The engine's address as a URL.
    pub fn engine_url(&self) -> anyhow::Result<Url> {
        let address = &self.engine.address;
        ensure!(!address.is_empty(), "engine.address is not set (BOXOFFICE_ENGINE__ADDRESS or TEMPORAL_ADDRESS)");
        let text = if address.contains("://") { address.clone() } else { format!("http://{address}") };
        Url::parse(&text).with_context(|| format!("engine.address `{address}` is not host:port or a URL"))
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
