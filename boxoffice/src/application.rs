//! The application: its parts put together by the settings, and run until told to stop.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use activities::worker::WorkerParts;
use anyhow::Context;
use app::availability::Announcer;
use app::engine::{Engine, EngineConfig};
use app::identity::Tokens;
use app::{App, Parts};
use jiff::Timestamp;
use locks::changes::{MemoryChanges, SeatChanges};
use locks::{MemoryLocks, SeatLocks};
use payments::PaymentProvider;
use payments::simulator::{Simulator, SimulatorConfig, SimulatorProvider};
use poem::listener::TcpAcceptor;
use store::Store;
use temporalio_sdk::interceptors::ActivityInboundInterceptor;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::settings::{ProcessRole, Settings};
use crate::workers::WorkerThread;

/// What a process does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    /// Whether it serves the API.
    pub api: bool,
    /// Whether it runs sagas, drains the inbox and sweeps.
    pub worker: bool,
    /// The simulator's ledger, where it is also the payment provider.
    pub simulator: Option<PathBuf>,
}

impl Roles {
    /// What settings have to be there for.
    fn of_process(&self) -> Vec<ProcessRole> {
        let roles = [(self.api, ProcessRole::Api), (self.worker, ProcessRole::Worker)];
        roles.into_iter().filter_map(|(has, role)| has.then_some(role)).collect()
    }
}

/// Everything of one process, built and not yet running.
pub struct Application {
    settings: Settings,
    roles: Roles,
    app: App,
    engine: Engine,
    store: Store,
    locks: Arc<dyn SeatLocks>,
    announcer: Announcer,
    provider: Arc<dyn PaymentProvider>,
    simulator: Option<Simulator>,
    listener: TcpListener,
    interceptor: Option<Arc<dyn ActivityInboundInterceptor>>,
}

impl Application {
    /// Builds everything. The port that the settings leave open is known afterwards.
    pub async fn build(settings: Settings, roles: Roles) -> anyhow::Result<Self> {
        let listen = settings.api.listen;
        let listener =
            TcpListener::bind(listen).await.with_context(|| format!("api.listen {listen} cannot be used"))?;
        Self::build_on(listener, settings, roles).await
    }

    /// Builds everything on a listener that the caller has bound, filling in what follows from its address.
    pub async fn build_on(listener: TcpListener, mut settings: Settings, roles: Roles) -> anyhow::Result<Self> {
        settings.api.listen = listener.local_addr()?;
        if settings.payments.provider_url.is_empty() && roles.simulator.is_some() {
            settings.payments.provider_url = format!("http://{}/simulator", settings.api.listen);
        }
        settings.validate(&roles.of_process())?;

        let store = Store::connect(&settings.database.config())
            .await
            .context("the database cannot be opened")?
            .with_hold_rules(settings.hold_rules());
        let engine_config = EngineConfig {
            address: settings.engine_url()?,
            namespace: settings.engine.namespace.clone(),
            task_queue: settings.engine.task_queue.clone(),
            patience: settings.patience(),
        };
        let identity = format!("boxoffice-{}", std::process::id());
        let engine = Engine::connect(engine_config, &identity).await.context("the engine cannot be reached")?;
        let simulator = open_simulator(&settings, roles.simulator.as_ref()).await?;
        let provider = SimulatorProvider::new(
            Url::parse(&settings.payments.provider_url)?,
            settings.payments.api_key.clone(),
            settings.payments.webhook_secret.clone(),
        )
        .context("the payment provider's client cannot be made")?;
        let provider: Arc<dyn PaymentProvider> = Arc::new(provider);
        let locks: Arc<dyn SeatLocks> = Arc::new(MemoryLocks::new());
        let epoch = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
        let changes: Arc<dyn SeatChanges> = Arc::new(MemoryChanges::new(epoch));
        let announcer = Announcer::new(store.clone(), Arc::clone(&changes));
        let app = App::new(Parts {
            store: store.clone(),
            locks: Arc::clone(&locks),
            changes,
            provider: Arc::clone(&provider),
            engine: engine.clone(),
            tokens: Tokens::new(&settings.identity.token_secret),
            answer_within: Duration::from_millis(settings.api.answer_within_ms),
        });
        Ok(Self {
            settings,
            roles,
            app,
            engine,
            store,
            locks,
            announcer,
            provider,
            simulator,
            listener,
            interceptor: None,
        })
    }

    /// Has every step of the sagas go through `interceptor`.
    #[must_use]
    pub fn watched_by(mut self, interceptor: Arc<dyn ActivityInboundInterceptor>) -> Self {
        self.interceptor = Some(interceptor);
        self
    }

    /// Where the API is.
    pub fn api_url(&self) -> String {
        format!("http://{}", self.settings.api.listen)
    }

    /// The use cases.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Runs until `stop` is cancelled, then lets what is under way finish.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        // Locks are memory: they begin with what the database holds, before the first request is served.
        self.app.rebuild_locks().await.context("the seat locks cannot be filled")?;

        let drain = self.settings.drain.limit();
        let mut tasks = tokio::task::JoinSet::new();
        let mut workers = None;
        if self.roles.worker {
            let limit = self.settings.payments.calls_per_second;
            let parts = WorkerParts {
                client: self.engine.client().clone(),
                task_queue: self.settings.engine.task_queue.clone(),
                store: self.store.clone(),
                locks: Arc::clone(&self.locks),
                announcer: self.announcer.clone(),
                provider: Arc::clone(&self.provider),
                provider_calls_per_second: (limit > 0.0).then_some(limit),
                drain,
                interceptor: self.interceptor.clone(),
            };
            workers = Some(WorkerThread::start(parts)?);
            let (app, stopping) = (self.app.clone(), stop.clone());
            tasks.spawn(async move { app.drain_inbox(stopping).await });
            let (app, stopping) = (self.app.clone(), stop.clone());
            tasks.spawn(async move { app.sweep(stopping).await });
            let (app, stopping) = (self.app.clone(), stop.clone());
            tasks.spawn(async move { app.keep_locks_right(stopping).await });
        }
        // Announces what the workers do until they have done the last of it.
        let announcing = CancellationToken::new();
        let (announcer, stopping) = (self.announcer.clone(), announcing.clone());
        tasks.spawn(async move { announcer.run(stopping).await });
        // The simulator's routes and its webhooks outlive the workers, whose last steps may call them.
        let serving = CancellationToken::new();
        if let Some(simulator) = self.simulator.clone() {
            let stopping = serving.clone();
            tasks.spawn(async move {
                if let Err(error) = simulator.run(stopping).await {
                    tracing::error!(error = %error, "the payment simulator has stopped");
                }
            });
        }
        let routes =
            api::routes(self.app.clone(), api::Options { simulator: self.simulator.clone(), cors_origins: self.settings.api.cors_origins.clone() });
        let stopping = serving.clone();
        let acceptor = TcpAcceptor::from_tokio(self.listener)?;
        let server = tokio::spawn(async move {
            let stopped = async move { stopping.cancelled().await };
            poem::Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(routes, stopped, Some(drain)).await
        });

        let worker_died = async {
            match &workers {
                Some(workers) => workers.ended().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = worker_died => stop.cancel(),
        }
        let outcome = match workers {
            Some(workers) => workers.stop().await,
            None => Ok(()),
        };
        announcing.cancel();
        serving.cancel();
        server.await??;
        while tasks.join_next().await.is_some() {}
        self.store.close().await?;
        outcome
    }
}

async fn open_simulator(settings: &Settings, ledger: Option<&PathBuf>) -> anyhow::Result<Option<Simulator>> {
    let Some(ledger) = ledger else { return Ok(None) };
    let config = SimulatorConfig {
        ledger: ledger.clone(),
        public_url: Url::parse(settings.payments.page_url())?,
        webhook_url: Url::parse(&format!("http://{}/webhooks/simulator", settings.api.listen))?,
        webhook_secret: settings.payments.webhook_secret.clone(),
        api_key: settings.payments.api_key.clone(),
        clock: Timestamp::now,
    };
    let simulator = Simulator::open(config).await.context("the payment simulator's ledger cannot be opened")?;
    Ok(Some(simulator))
}
