//! A process at work, and how it stops: told so, it first says no to those who watch, then takes nothing new, finishes
//! what it has begun, and hands back what it cannot finish.

use std::sync::Arc;
use std::time::Duration;

use activities::worker::WorkerParts;
use anyhow::{Context, anyhow};
use app::App;
use app::engine::Engine;
use poem::listener::TcpAcceptor;
use poem::{Endpoint, EndpointExt};
use temporalio_client::Client;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::messages::{consume, relay};
use super::{Application, Roles};
use crate::requests::Requests;
use crate::settings::DrainSettings;
use crate::workers::{Heart, WorkerThread};

/// How much longer than it may take what is under way is waited for, before the process ends regardless.
const GRACE: Duration = Duration::from_secs(2);
/// How often a worker looks whether its engine has come.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How many of these looks there are between two lines in the log that say it has not.
const TELL_EVERY_LOOKS: u32 = 60;

impl Application {
    /// Runs until `stop` is cancelled, then lets what is under way finish.
    pub async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        // Locks in memory begin with what the database holds, before the first request is served.
        if !self.locks_are_shared {
            self.app.rebuild_locks().await.context("the seat locks cannot be filled")?;
        }
        let (app, store, watch) = (self.app.clone(), self.store.clone(), self.watch.clone());
        let drain = self.settings.drain.clone();
        let discovery = self.discovery.take();
        let mut running = Running::start(self)?;
        let registered = CancellationToken::new();
        let registration = discovery.map(|discovery| tokio::spawn(discovery.run(registered.clone())));

        tokio::select! {
            () = stop.cancelled() => {}
            () = running.worker_ended() => stop.cancel(),
        }
        watch.drain();
        registered.cancel();
        tracing::info!(notice_ms = drain.notice_ms, seconds = drain.seconds, "told to stop: draining");
        tokio::time::sleep(drain.notice()).await;
        let outcome = running.drain(&app, &drain).await;
        if let Some(registration) = registration {
            let _ended = tokio::time::timeout(GRACE, registration).await;
        }
        // A database that has fallen silent does not say goodbye either.
        if !matches!(tokio::time::timeout(GRACE, store.close()).await, Ok(Ok(()))) {
            tracing::warn!("the connections to the database are given up");
        }
        outcome
    }
}

/// What runs in a process.
struct Running {
    requests: Requests,
    /// Whether the sagas' own payment provider is served here, and so has to outlive them.
    serves_provider: bool,
    server: Option<JoinHandle<std::io::Result<()>>>,
    workers: Option<JoinHandle<anyhow::Result<()>>>,
    worker_outcome: Option<anyhow::Result<()>>,
    /// What looks for work by itself: inbox, sweep, locks.
    seekers: JoinSet<()>,
    /// What takes messages out and in.
    listeners: JoinSet<()>,
    /// What the others need to the end: announcer, simulator, operations.
    helpers: JoinSet<()>,
    stops: Stops,
}

#[derive(Default)]
struct Stops {
    seeking: CancellationToken,
    listening: CancellationToken,
    serving: CancellationToken,
    working: CancellationToken,
    helping: CancellationToken,
}

impl Running {
    fn start(application: Application) -> anyhow::Result<Self> {
        let Application { settings, roles, app, engine, simulator, listener, watch, operations, .. } = application;
        let mut running = Self {
            requests: Requests::default(),
            serves_provider: simulator.is_some(),
            server: None,
            workers: None,
            worker_outcome: None,
            seekers: JoinSet::new(),
            listeners: JoinSet::new(),
            helpers: JoinSet::new(),
            stops: Stops::default(),
        };
        let (announcer, stop) = (application.announcer.clone(), running.stops.helping.clone());
        running.helpers.spawn(async move { announcer.run(stop).await });
        if let Some(simulator) = simulator.clone() {
            let stop = running.stops.helping.clone();
            running.helpers.spawn(async move {
                if let Err(error) = simulator.run(stop).await {
                    tracing::error!(error = %error, "the payment simulator has stopped");
                }
            });
        }
        running.seek(&app, &roles);
        let listening = &running.stops.listening;
        if !roles.consume.is_empty() {
            consume(&settings, &roles, &app, &application.store, listening, &mut running.listeners)?;
        }
        if roles.relay {
            let relay = relay(&settings, application.store.clone())?;
            running.listeners.spawn(relay.run(listening.clone()));
        }
        let heart = Heart::default();
        let drain = settings.drain.limit();
        let (cors_origins, limits) = (settings.api.cors_origins.clone(), settings.api.limits());
        if roles.worker {
            let limit = settings.payments.calls_per_second;
            let use_cases = app.clone();
            let parts = move |client| WorkerParts {
                client,
                task_queue: settings.engine.task_queue.clone(),
                app: use_cases.clone(),
                store: application.store.clone(),
                locks: Arc::clone(&application.locks),
                announcer: application.announcer.clone(),
                provider: Arc::clone(&application.provider),
                provider_calls_per_second: (limit > 0.0).then_some(limit),
                sagas_in_memory: settings.engine.sagas_in_memory,
                drain,
                interceptor: application.interceptor.clone(),
            };
            running.workers = Some(tokio::spawn(work(engine, parts, heart.clone(), running.stops.working.clone())));
        }
        if let Some(operations) = operations {
            let stop = running.stops.helping.clone();
            running.helpers.spawn(operations.serve(watch.clone(), heart, stop)?);
        }
        if let Some(listener) = listener {
            let routes = api::routes(app, api::Options { simulator, cors_origins, limits }).data(watch);
            let routes = running.requests.around(routes);
            running.server = Some(serve("api", listener, routes, running.stops.serving.clone(), drain)?);
        }
        Ok(running)
    }

    /// Looks for work: in the inbox and among what was left over, where sagas are run; for locks that are not right,
    /// everywhere, because each process notices for itself what its own locks have forgotten.
    fn seek(&mut self, app: &App, roles: &Roles) {
        let stop = || self.stops.seeking.clone();
        let (keeper, stopping) = (app.clone(), stop());
        let mut seekers = JoinSet::new();
        seekers.spawn(async move { keeper.keep_locks_right(stopping).await });
        if roles.worker {
            let (inbox, stopping) = (app.clone(), stop());
            seekers.spawn(async move { inbox.drain_inbox(stopping).await });
            let (sweeper, stopping) = (app.clone(), stop());
            seekers.spawn(async move { sweeper.sweep(stopping).await });
        }
        self.seekers = seekers;
    }

    /// Resolves when the workers have ended by themselves, which they should not.
    async fn worker_ended(&mut self) {
        match self.workers.as_mut() {
            Some(workers) => {
                let outcome = workers.await;
                self.workers = None;
                self.worker_outcome = Some(outcome.unwrap_or_else(|died| Err(died.into())));
            }
            None => std::future::pending().await,
        }
    }

    /// Finishes what is under way, each kind of it within the limit: first what callers wait for, which may need the
    /// workers; then the workers, whose last steps may need the provider's routes; then everything else.
    async fn drain(mut self, app: &App, drain: &DrainSettings) -> anyhow::Result<()> {
        let limit = drain.limit();
        self.stops.seeking.cancel();
        if self.serves_provider {
            let _late = tokio::time::timeout(limit, self.requests.finished()).await;
        } else {
            self.stop_serving(app).await?;
        }
        self.stops.working.cancel();
        if let Some(workers) = self.workers.take() {
            self.worker_outcome = Some(match tokio::time::timeout(limit + GRACE, workers).await {
                Ok(outcome) => outcome.unwrap_or_else(|died| Err(died.into())),
                Err(_late) => {
                    tracing::warn!("steps are still under way; another worker tries them again once they time out");
                    Ok(())
                }
            });
        }
        self.stop_serving(app).await?;
        let sought = async { while self.seekers.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, sought).await.is_err() {
            tracing::warn!("webhooks are still being delivered; another worker does so once their lease ends");
            self.seekers.shutdown().await;
        }
        self.stops.listening.cancel();
        let listened = async { while self.listeners.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, listened).await.is_err() {
            tracing::warn!("messages are still being acted on; they come once more, to another process");
            self.listeners.shutdown().await;
        }
        self.stops.helping.cancel();
        let helped = async { while self.helpers.join_next().await.is_some() {} };
        let _late = tokio::time::timeout(GRACE, helped).await;
        self.worker_outcome.unwrap_or(Ok(()))
    }

    /// Takes no connections any more and lets the requests on those that are open finish.
    async fn stop_serving(&mut self, app: &App) -> anyhow::Result<()> {
        self.stops.serving.cancel();
        // Their readers go on elsewhere from where they were.
        app.end_streams();
        if let Some(server) = self.server.take() {
            server.await?.context("the API has stopped")?;
        }
        Ok(())
    }
}

/// Serves until `stop` is cancelled, then lets requests under way finish, for `limit` at most.
pub(crate) fn serve(
    name: &'static str,
    listener: TcpListener,
    routes: impl Endpoint + 'static,
    stop: CancellationToken,
    limit: Duration,
) -> anyhow::Result<JoinHandle<std::io::Result<()>>> {
    let acceptor = TcpAcceptor::from_tokio(listener)?;
    Ok(tokio::spawn(async move {
        let stopped = async move { stop.cancelled().await };
        poem::Server::new_with_acceptor(acceptor)
            .name(name)
            .run_with_graceful_shutdown(routes, stopped, Some(limit))
            .await
    }))
}

/// Runs the workers once the engine is there, until `stop` is cancelled. An error means that they cannot go on.
async fn work(
    engine: Engine,
    parts: impl Fn(Client) -> WorkerParts,
    heart: Heart,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let client = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            client = connected(&engine) => client,
        };
        let workers = WorkerThread::start(parts(client), heart.clone())?;
        tokio::select! {
            () = stop.cancelled() => return workers.stop().await,
            () = workers.ended() => {}
        }
        match workers.stop().await {
            // It went away again before they had begun.
            Err(error) if engine.ping().await.is_err() => {
                tracing::warn!(error = format!("{error:#}"), "the workers begin anew when the engine is back");
            }
            Err(error) => return Err(error),
            Ok(()) => return Err(anyhow!("the workers have ended without being told to")),
        }
    }
}

/// Waits until the engine serves our namespace.
async fn connected(engine: &Engine) -> Client {
    let mut looks: u32 = 0;
    loop {
        let problem = match engine.ping().await {
            Ok(()) => match engine.client().await {
                Ok(client) => return client.clone(),
                Err(away) => away,
            },
            Err(away) => away,
        };
        if looks.is_multiple_of(TELL_EVERY_LOOKS) {
            tracing::warn!(error = %problem, "waiting for the engine");
        }
        looks = looks.wrapping_add(1);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
