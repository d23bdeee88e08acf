//! The parts of a process, as the settings choose them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use app::engine::Engine;
use app::readiness::{Need, Part, Question, Watch};
use jiff::Timestamp;
use locks::changes::{MemoryChanges, RedisChanges, SeatChanges};
use locks::{MemoryLocks, RedisConfig, RedisConnection, RedisLocks, SeatLocks};
use messaging::payments::MessageProvider;
use payments::PaymentProvider;
use payments::simulator::{Outlet, PROVIDER_NAME, Simulator, SimulatorConfig, SimulatorProvider};
use secrecy::ExposeSecret;
use store::{DatabaseConfig, Store};
use url::Url;

use super::Roles;
use super::messages::kafka_of;
use crate::relaying::kafka_question;
use crate::settings::{ProcessRole, ReachedBy, Settings};

/// How long a process waits for its database at its start, in case the two are started together.
const DATABASE_WITHIN: Duration = Duration::from_secs(30);
/// How long one try to connect may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// The pause between two tries.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the wait is told of.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Where seat locks and seat changes are kept.
pub(super) struct SeatStore {
    pub(super) locks: Arc<dyn SeatLocks>,
    pub(super) changes: Arc<dyn SeatChanges>,
    /// Whether other processes use the same, so that they outlive this one.
    pub(super) shared: bool,
}

/// Connects to the database and sees that its schema is ours; waits for both for a while.
pub(crate) async fn connect(settings: &Settings, roles: &[ProcessRole]) -> anyhow::Result<Store> {
    let mut config = settings.database.config();
    // What the server's own lists of connections call this process.
    if let [role] = roles {
        config.application_name = format!("boxoffice-{}", role.name());
    }
    let deadline = Instant::now() + DATABASE_WITHIN;
    let mut tell_at = Instant::now();
    loop {
        let problem = match try_to_connect(&config).await {
            Ok(store) => return Ok(store),
            Err(problem) => problem,
        };
        if Instant::now() > deadline {
            return Err(problem.context(format!("the database cannot be used for {} s now", DATABASE_WITHIN.as_secs())));
        }
        if Instant::now() >= tell_at {
            tracing::warn!(error = format!("{problem:#}"), "waiting for the database");
            tell_at = Instant::now() + TELL_EVERY;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn try_to_connect(config: &DatabaseConfig) -> anyhow::Result<Store> {
    let trying = async {
        let store = Store::connect(config).await?;
        let pending = migrations::pending(store.connection()).await?;
        anyhow::Ok((store, pending))
    };
    let (store, pending) =
        tokio::time::timeout(CONNECT_WITHIN, trying).await.map_err(|_late| anyhow!("it does not answer"))??;
    if !pending.is_empty() {
        store.close().await?;
        bail!("its schema is too old, `boxoffice migrate` brings it up to date; it lacks {}", pending.join(", "));
    }
    Ok(store)
}

/// The engine; connected to when it is needed.
pub(super) fn engine(settings: &Settings) -> anyhow::Result<Engine> {
    let host = rustix::system::uname();
    let identity = format!("boxoffice-{}@{}", std::process::id(), host.nodename().to_string_lossy());
    Ok(Engine::new(settings.engine_config()?, &identity))
}

/// The client of the payment provider.
pub(super) fn provider(settings: &Settings, roles: &Roles, store: &Store) -> anyhow::Result<Arc<dyn PaymentProvider>> {
    let payments = &settings.payments;
    match payments.reached_by {
        ReachedBy::Http => {
            let (key, secret) = (payments.api_key.clone(), payments.webhook_secret.clone());
            let provider = SimulatorProvider::new(Url::parse(&payments.provider_url)?, key, secret);
            Ok(Arc::new(provider.context("the payment provider's client cannot be made")?))
        }
        ReachedBy::Messages if roles.simulator.is_some() => {
            bail!("payments.reached_by: the embedded mode has a provider of its own, which is reached over `http`")
        }
        ReachedBy::Messages => Ok(Arc::new(MessageProvider::new(store.clone(), PROVIDER_NAME))),
    }
}

/// The payment simulator itself, whose events go to `outlet`.
pub(crate) async fn simulator(settings: &Settings, ledger: &Path, outlet: Outlet) -> anyhow::Result<Simulator> {
    let config = SimulatorConfig {
        ledger: ledger.to_owned(),
        public_url: Url::parse(settings.payments.page_url())?,
        outlet,
        webhook_secret: settings.payments.webhook_secret.clone(),
        api_key: settings.payments.api_key.clone(),
        clock: Timestamp::now,
    };
    Simulator::open(config).await.context("the payment simulator's ledger cannot be opened (payments.ledger)")
}

/// The seat locks: in Redis where one is named, else in memory.
pub(super) fn seat_store(settings: &Settings, roles: &Roles) -> anyhow::Result<SeatStore> {
    if !settings.locks.url.expose_secret().is_empty() {
        let (url, prefix) = (settings.locks.url.expose_secret().to_owned(), settings.locks.prefix.clone());
        let redis =
            RedisConnection::open(&RedisConfig { url, prefix }).context("locks.url or locks.prefix is not right")?;
        let locks = Arc::new(RedisLocks::new(redis.clone()));
        return Ok(SeatStore { locks, changes: Arc::new(RedisChanges::new(redis)), shared: true });
    }
    // The embedded mode is one process; a role by itself is meant to have company.
    if roles.of_process().len() == 1 {
        tracing::warn!("the seat locks are in the memory of this process alone (locks.url is empty)");
    }
    let epoch = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
    Ok(SeatStore { locks: Arc::new(MemoryLocks::new()), changes: Arc::new(MemoryChanges::new(epoch)), shared: false })
}

/// What readiness looks at. An API can read without the engine, and a load balancer must not take that away; a worker
/// without it does nothing at all.
pub(super) fn watch(
    settings: &Settings,
    roles: &Roles,
    store: &Store,
    engine: &Engine,
    locks: &Arc<dyn SeatLocks>,
) -> anyhow::Result<Watch> {
    let engine_need = if roles.api { Need::Useful } else { Need::Essential };
    let (store, engine) = (store.clone(), engine.clone());
    let database: Question = Box::new(move || {
        let store = store.clone();
        Box::pin(async move { store.ping().await.map_err(|error| error.to_string()) })
    });
    let engine: Question = Box::new(move || {
        let engine = engine.clone();
        Box::pin(async move { engine.ping().await.map_err(|error| error.to_string()) })
    });
    let locks = Arc::clone(locks);
    let locks: Question = Box::new(move || {
        let locks = Arc::clone(&locks);
        Box::pin(async move { locks.ping().await.map_err(|error| error.to_string()) })
    });
    let mut parts = vec![
        (Part::Database, Need::Essential, database),
        (Part::Engine, engine_need, engine),
        (Part::Locks, Need::Useful, locks),
    ];
    // One that is reached by message cannot be asked whether it is there.
    if settings.payments.reached_by == ReachedBy::Http {
        parts.push((Part::Provider, Need::Useful, provider_question(&settings.payments.provider_url)));
    }
    if let Some(config) = kafka_of(settings)?.filter(|_| !roles.consume.is_empty()) {
        let need = if roles.api || roles.worker { Need::Useful } else { Need::Essential };
        parts.push((Part::Kafka, need, kafka_question(config.probe()?)));
    }
    Ok(Watch::new(parts))
}

/// Any answer will do: without our key it is a refusal, which costs the provider nothing.
fn provider_question(url: &str) -> Question {
    let (http, url) = (reqwest::Client::new(), url.to_owned());
    Box::new(move || {
        let request = http.get(&url);
        Box::pin(async move {
            let answer = request.send().await.map_err(|error| error.without_url().to_string())?;
            let status = answer.status();
            if status.is_server_error() { Err(format!("it answers {status}")) } else { Ok(()) }
        })
    })
}
