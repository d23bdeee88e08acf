//! What has to be set for a role to serve. Says everything that is wrong, each with the setting and its variable.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{ReachedBy, Settings};

/// The shortest secret that signs tokens, in characters: the 256 bits of HMAC-SHA256 (RFC 7518, section 3.2).
const TOKEN_SECRET_CHARACTERS: usize = 32;
/// The schemes of databases and of seat locks.
const DATABASES: [&str; 3] = ["sqlite:", "postgres:", "postgresql:"];
const LOCKS: [&str; 4] = ["redis://", "rediss://", "redis+cluster://", "redis+sentinel://"];

/// What a process does for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProcessRole {
    /// It serves the API.
    Api,
    /// It runs sagas, drains the inbox and sweeps.
    Worker,
    /// It is the payment provider.
    Payments,
    /// It publishes messages.
    Relay,
    /// It acts on messages.
    Consume,
}

impl ProcessRole {
    /// The subcommand of the role.
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Worker => "worker",
            Self::Payments => "payments",
            Self::Relay => "relay",
            Self::Consume => "consume",
        }
    }
}

/// Everything that is wrong for `roles`, one sentence each.
pub(super) fn complaints(settings: &Settings, roles: &[ProcessRole]) -> Vec<String> {
    let mut complaints = Complaints(Vec::new());
    let by_message = settings.payments.reached_by == ReachedBy::Messages;
    let books = roles.iter().any(|role| matches!(role, ProcessRole::Api | ProcessRole::Worker | ProcessRole::Consume));
    if books {
        complaints.database(settings);
        complaints.locks(settings);
        complaints.engine(settings);
        complaints.saga(settings);
        complaints.url("payments.provider_url", &settings.payments.provider_url, !by_message);
    }
    if roles.contains(&ProcessRole::Api) {
        let identity = &settings.identity;
        complaints.secret("identity.token_secret", &identity.token_secret, TOKEN_SECRET_CHARACTERS);
        // Whatever it has signed is believed, as if it were the other one.
        if !identity.previous_token_secret.expose_secret().is_empty() {
            let previous = &identity.previous_token_secret;
            complaints.secret("identity.previous_token_secret", previous, TOKEN_SECRET_CHARACTERS);
        }
        complaints.at_least_one("api.answer_within_ms", settings.api.answer_within_ms);
    }
    if roles.contains(&ProcessRole::Payments) {
        let payments = &settings.payments;
        complaints.url("payments.public_url", &payments.public_url, false);
        complaints.url("payments.webhook_url", &payments.webhook_url, !by_message);
        if payments.collect().is_none() {
            complaints.wrong("payments.collect", "is neither `page` nor a test card nor what one does");
        }
        if payments.ledger.as_os_str().is_empty() {
            complaints.not_set("payments.ledger");
        }
    }
    if roles.contains(&ProcessRole::Relay) {
        complaints.database(settings);
    }
    let is_messenger = |role: &ProcessRole| match role {
        ProcessRole::Relay | ProcessRole::Consume => true,
        ProcessRole::Payments => by_message,
        ProcessRole::Api | ProcessRole::Worker => false,
    };
    if roles.iter().any(is_messenger) {
        complaints.kafka(settings);
    }
    // A provider that is reached by message has an API of its own all the same, which only its operators use.
    let calls = |role: &ProcessRole| match role {
        ProcessRole::Payments => true,
        ProcessRole::Api | ProcessRole::Worker | ProcessRole::Consume => !by_message,
        ProcessRole::Relay => false,
    };
    if roles.is_empty() || roles.iter().any(calls) {
        complaints.secret("payments.api_key", &settings.payments.api_key, 1);
    }
    // The others read payments back and hear of no webhook.
    if !by_message && roles.iter().any(|role| matches!(role, ProcessRole::Api | ProcessRole::Payments)) {
        complaints.secret("payments.webhook_secret", &settings.payments.webhook_secret, 1);
    }
    complaints.0
}

/// The variable of a setting.
fn variable(key: &str) -> String {
    format!("BOXOFFICE_{}", key.replace('.', "__").to_uppercase())
}

struct Complaints(Vec<String>);

impl Complaints {
    fn not_set(&mut self, key: &str) {
        self.0.push(format!("{key} is not set ({})", variable(key)));
    }

    fn wrong(&mut self, key: &str, why: &str) {
        self.0.push(format!("{key} {why} ({})", variable(key)));
    }

    fn at_least_one(&mut self, key: &str, value: impl Into<i128>) {
        if value.into() < 1 {
            self.wrong(key, "must be at least 1");
        }
    }

    fn secret(&mut self, key: &str, secret: &SecretString, shortest: usize) {
        match secret.expose_secret().len() {
            0 => self.not_set(key),
            length if length < shortest => self.wrong(key, &format!("must have at least {shortest} characters")),
            _ => {}
        }
    }

    fn url(&mut self, key: &str, text: &str, needed: bool) {
        if text.is_empty() {
            if needed {
                self.not_set(key);
            }
        } else if !Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            self.wrong(key, "is not an http:// or https:// URL");
        }
    }

    fn database(&mut self, settings: &Settings) {
        let database = &settings.database;
        if database.url.is_empty() {
            self.not_set("database.url");
        } else if !DATABASES.iter().any(|scheme| database.url.starts_with(scheme)) {
            self.wrong("database.url", "must begin with sqlite: or postgres:");
        }
        self.at_least_one("database.max_connections", database.max_connections);
        if database.min_connections > database.max_connections {
            self.wrong("database.min_connections", "must not be more than database.max_connections");
        }
        self.at_least_one("database.lock_timeout_ms", database.lock_timeout_ms);
        if database.acquire_timeout_ms <= database.lock_timeout_ms {
            self.wrong("database.acquire_timeout_ms", "must be more than database.lock_timeout_ms");
        }
        if database.statement_timeout_ms <= database.lock_timeout_ms {
            self.wrong("database.statement_timeout_ms", "must be more than database.lock_timeout_ms");
        }
    }

    fn locks(&mut self, settings: &Settings) {
        let url = settings.locks.url.expose_secret();
        if !url.is_empty() && !LOCKS.iter().any(|scheme| url.starts_with(scheme)) {
            self.wrong("locks.url", &format!("must begin with one of {}", LOCKS.join(", ")));
        }
        if settings.locks.prefix.is_empty() {
            self.not_set("locks.prefix");
        }
    }

    fn kafka(&mut self, settings: &Settings) {
        let kafka = &settings.kafka;
        for (key, text) in [
            ("kafka.brokers", &kafka.brokers),
            ("kafka.booking_events", &kafka.booking_events),
            ("kafka.payment_events", &kafka.payment_events),
            ("kafka.payment_results", &kafka.payment_results),
            ("kafka.booking_commands", &kafka.booking_commands),
            ("kafka.dead_letters", &kafka.dead_letters),
            ("kafka.prefix", &kafka.prefix),
        ] {
            if text.is_empty() {
                self.not_set(key);
            }
        }
        self.at_least_one("kafka.partitions", kafka.partitions);
        self.at_least_one("kafka.replication", kafka.replication);
        if kafka.options.iter().any(|option| !option.contains('=')) {
            self.wrong("kafka.options", "must each be `name=value`");
        }
    }

    fn engine(&mut self, settings: &Settings) {
        if let Err(error) = settings.engine_url() {
            self.0.push(error.to_string());
        }
        if settings.engine.namespace.is_empty() {
            self.not_set("engine.namespace");
        }
        if settings.engine.task_queue.is_empty() {
            self.not_set("engine.task_queue");
        }
        self.at_least_one("engine.sagas_in_memory", settings.engine.sagas_in_memory);
    }

    fn saga(&mut self, settings: &Settings) {
        let saga = &settings.saga;
        self.at_least_one("saga.step_seconds", saga.step_seconds);
        self.at_least_one("saga.undo_seconds", saga.undo_seconds);
        self.at_least_one("saga.slow_retry_seconds", saga.slow_retry_seconds);
        self.at_least_one("saga.hard_cap_seconds", saga.hard_cap_seconds);
        self.at_least_one("saga.processing_extension_seconds", saga.processing_extension_seconds);
        self.at_least_one("saga.cancel_show_bookings", saga.cancel_show_bookings);
        self.at_least_one("saga.cancel_show_pause_ms", saga.cancel_show_pause_ms);
        if settings.payments.calls_per_second.is_nan() || settings.payments.calls_per_second < 0.0 {
            self.wrong("payments.calls_per_second", "must not be negative");
        }
    }
}
