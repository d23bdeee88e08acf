//! The application: its parts put together by the settings, and run until told to stop.

mod messages;
mod parts;
mod running;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use app::availability::Announcer;
use app::engine::Engine;
use app::passwords::Passwords;
use app::readiness::Watch;
use app::{App, Parts};
use locks::SeatLocks;
use payments::PaymentProvider;
use payments::simulator::{Outlet, Simulator};
use store::Store;
use temporalio_sdk::interceptors::ActivityInboundInterceptor;
use tokio::net::TcpListener;
use url::Url;

use crate::discovery::Discovery;
use crate::operations::Operations;
use crate::settings::{ProcessRole, Settings};
use parts::SeatStore;

pub use messages::ConsumerGroup;
pub(crate) use messages::{kafka_of, relay};
pub(crate) use parts::{connect, simulator};
pub(crate) use running::serve;

/// What a process does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    /// Whether it serves the API.
    pub api: bool,
    /// Whether it runs sagas, drains the inbox and sweeps.
    pub worker: bool,
    /// Whether it publishes the outbox, as the embedded mode does beside everything else.
    pub relay: bool,
    /// Those who act on messages in it.
    pub consume: Vec<ConsumerGroup>,
    /// The folder that mail is written to where no server takes it.
    pub mail: Option<PathBuf>,
    /// The simulator's ledger, where it is also the payment provider.
    pub simulator: Option<PathBuf>,
}

/// Everything of one process, built and not yet running.
pub struct Application {
    settings: Settings,
    roles: Roles,
    app: App,
    engine: Engine,
    store: Store,
    locks: Arc<dyn SeatLocks>,
    locks_are_shared: bool,
    announcer: Announcer,
    provider: Arc<dyn PaymentProvider>,
    simulator: Option<Simulator>,
    listener: Option<TcpListener>,
    watch: Watch,
    operations: Option<Operations>,
    discovery: Option<Discovery>,
    interceptor: Option<Arc<dyn ActivityInboundInterceptor>>,
}

impl Roles {
    /// What settings have to be there for.
    pub fn of_process(&self) -> Vec<ProcessRole> {
        let consumes = !self.consume.is_empty() && !self.relay;
        let roles =
            [(self.api, ProcessRole::Api), (self.worker, ProcessRole::Worker), (consumes, ProcessRole::Consume)];
        roles.into_iter().filter_map(|(has, role)| has.then_some(role)).collect()
    }

    /// Whether anything is served over HTTP but health and metrics.
    fn serve(&self) -> bool {
        self.api || self.simulator.is_some()
    }
}

impl Application {
    /// Builds everything. The port that the settings leave open is known afterwards.
    pub async fn build(settings: Settings, roles: Roles) -> anyhow::Result<Self> {
        let listener = if roles.serve() {
            let listen = settings.api.listen;
            let bound = TcpListener::bind(listen).await;
            Some(bound.with_context(|| format!("api.listen {listen} cannot be used (BOXOFFICE_API__LISTEN)"))?)
        } else {
            None
        };
        Self::build_on(listener, settings, roles).await
    }

    /// Builds everything on a listener that the caller has bound, filling in what follows from its address.
    pub async fn build_on(listener: Option<TcpListener>, mut settings: Settings, roles: Roles) -> anyhow::Result<Self> {
        if let Some(listener) = &listener {
            settings.api.listen = listener.local_addr()?;
        }
        if settings.payments.provider_url.is_empty() && roles.simulator.is_some() {
            settings.payments.provider_url = format!("http://{}/simulator", settings.api.listen);
        }
        settings.validate(&roles.of_process())?;

        let store = parts::connect(&settings, &roles.of_process()).await?.with_hold_rules(settings.hold_rules());
        let engine = parts::engine(&settings)?;
        let simulator = match &roles.simulator {
            Some(ledger) => {
                let webhooks = Url::parse(&format!("http://{}/webhooks/simulator", settings.api.listen))?;
                Some(parts::simulator(&settings, ledger, Outlet::Webhook(webhooks)).await?)
            }
            None => None,
        };
        let provider = parts::provider(&settings, &roles, &store)?;
        let SeatStore { locks, changes, shared } = parts::seat_store(&settings, &roles)?;
        let announcer = Announcer::new(store.clone(), Arc::clone(&changes));
        let app = App::new(Parts {
            store: store.clone(),
            locks: Arc::clone(&locks),
            changes,
            provider: Arc::clone(&provider),
            engine: engine.clone(),
            tokens: settings.identity.tokens()?,
            passwords: Passwords::default(),
            answer_within: Duration::from_millis(settings.api.answer_within_ms),
        });
        let watch = parts::watch(&settings, &roles, &store, &engine, &locks)?;
        Ok(Self {
            settings,
            roles,
            app,
            engine,
            store,
            locks,
            locks_are_shared: shared,
            announcer,
            provider,
            simulator,
            listener,
            watch,
            operations: None,
            discovery: None,
            interceptor: None,
        })
    }

    /// Has every step of the sagas go through `interceptor`.
    #[must_use]
    pub fn watched_by(mut self, interceptor: Arc<dyn ActivityInboundInterceptor>) -> Self {
        self.interceptor = Some(interceptor);
        self
    }

    /// Answers those who watch the process on `operations`.
    #[must_use]
    pub fn operated_on(mut self, operations: Operations) -> Self {
        self.operations = Some(operations);
        self
    }

    /// Tells others where the process is, for as long as it runs.
    #[must_use]
    pub fn found_by(mut self, discovery: Discovery) -> Self {
        self.discovery = Some(discovery);
        self
    }

    /// Where the API is.
    pub fn api_url(&self) -> String {
        format!("http://{}", self.settings.api.listen)
    }

    /// The settings, with what followed from what was bound.
    pub fn settings(&self) -> &Settings {
        &self.settings
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
}
