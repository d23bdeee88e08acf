//! An application of a test's own: its own database, ledger, task queue and port; only the engine is shared.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use app::App;
use app::engine::Engine;
use app::identity::Role;
use boxoffice::application::{Application, ConsumerGroup, Roles};
use boxoffice::dev::{Addresses, ledger_in, mail_in};
use boxoffice::promises;
use boxoffice::settings::Settings;
use checker::{Quiet, Source};
use domain::ids::{BookingId, CustomerId};
use store::Store;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::buyer::Buyer;
use crate::faults::Faults;
use crate::messages;
use crate::mode::{self, Mode};
use crate::wait::eventually;

/// How long the last sagas may take to end, started by webhooks that came when all others had ended.
const REST_WITHIN: Duration = Duration::from_secs(20);

/// How a test wants its application.
#[derive(Debug, Clone)]
pub struct TestSettings {
    /// How long a step is tried, in seconds.
    pub step_seconds: u64,
    /// How long an undo is tried, in seconds.
    pub undo_seconds: u64,
    /// The first pause between slow tries, in seconds.
    pub slow_retry_seconds: u64,
    /// The longest that seats stay held, in seconds.
    pub hard_cap_seconds: i64,
    /// How many bookings of a show that was called off are taken back at once.
    pub cancel_show_bookings: u32,
    /// The pause after them, in milliseconds.
    pub cancel_show_pause_ms: u64,
    /// How long callers wait, in milliseconds.
    pub answer_within_ms: u64,
    /// Whether the application runs sagas.
    pub worker: bool,
    /// Another engine than the shared one.
    pub engine: Option<String>,
    /// What stands behind the application.
    pub mode: Mode,
    /// Where PostgreSQL keeps the database, if not where it keeps all of them.
    pub tablespace: Option<String>,
}

impl Default for TestSettings {
    fn default() -> Self {
        Self {
            step_seconds: 5,
            undo_seconds: 5,
            slow_retry_seconds: 1,
            hard_cap_seconds: 900,
            cancel_show_bookings: 2,
            cancel_show_pause_ms: 100,
            answer_within_ms: 5000,
            worker: true,
            engine: None,
            mode: Mode::of_this_program(),
            tablespace: None,
        }
    }
}

/// What stays of an application when its process ends: the folder, the settings, what buyers were answered.
pub struct World {
    /// The data.
    pub folder: TempDir,
    /// The settings.
    pub settings: Settings,
    answers: Arc<Mutex<Vec<checker::Answer>>>,
    http: reqwest::Client,
}

/// A running application.
pub struct TestApp {
    /// What stays of it.
    pub world: World,
    /// Where it is.
    pub addresses: Addresses,
    /// Its use cases.
    pub app: App,
    /// Its database.
    pub store: Store,
    /// Its engine.
    pub engine: Engine,
    /// What goes wrong in its steps.
    pub faults: Faults,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

/// The address of the engine that all tests share.
pub fn shared_engine() -> String {
    std::env::var("BOXOFFICE_TEST_TEMPORAL").expect(
        "BOXOFFICE_TEST_TEMPORAL is not set: run the tests with `make test`, or `eval \"$(scripts/services env)\"`",
    )
}

/// Where callers of a service come from.
#[derive(Clone)]
pub struct Entrance {
    settings: Settings,
    http: reqwest::Client,
    answers: Arc<Mutex<Vec<checker::Answer>>>,
    api: String,
}

impl Entrance {
    /// Somebody new who buys.
    pub fn buyer(&self) -> Buyer {
        self.caller(CustomerId::new(Uuid::new_v4()), &[Role::Customer])
    }

    /// A caller with roles.
    pub fn caller(&self, customer_id: CustomerId, roles: &[Role]) -> Buyer {
        let token = promises::development_token(&self.settings, customer_id, roles).unwrap();
        Buyer::new(customer_id, token, &self.api, self.http.clone(), Arc::clone(&self.answers))
    }
}

impl World {
    /// A fresh folder with a migrated database and the test catalogue.
    pub async fn new(wanted: &TestSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::load(None).unwrap();
        settings.api.listen = "127.0.0.1:0".parse().unwrap();
        settings.api.answer_within_ms = wanted.answer_within_ms;
        settings.engine.address = wanted.engine.clone().unwrap_or_else(shared_engine);
        settings.engine.task_queue = format!("test-{}", Uuid::new_v4().simple());
        settings.saga.step_seconds = wanted.step_seconds;
        settings.saga.undo_seconds = wanted.undo_seconds;
        settings.saga.slow_retry_seconds = wanted.slow_retry_seconds;
        settings.saga.hard_cap_seconds = wanted.hard_cap_seconds;
        settings.saga.cancel_show_bookings = wanted.cancel_show_bookings;
        settings.saga.cancel_show_pause_ms = wanted.cancel_show_pause_ms;
        settings.drain.seconds = 2;
        if wanted.mode == Mode::Distributed {
            settings.database.url = mode::fresh_postgres_in(wanted.tablespace.as_deref()).await;
            settings.locks.url = mode::shared_redis().into();
            settings.locks.prefix = settings.engine.task_queue.clone();
        }
        let settings = boxoffice::dev::settings_of(settings, folder.path()).unwrap();
        if wanted.mode == Mode::Embedded {
            mode::fill(&settings.database.url).await;
        }
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        Self { folder, settings, answers: Arc::default(), http }
    }

    /// Somebody new who buys from the service at `api`.
    pub fn buyer(&self, api: &str) -> Buyer {
        self.caller(api, CustomerId::new(Uuid::new_v4()), &[Role::Customer])
    }

    /// A caller with roles.
    pub fn caller(&self, api: &str, customer_id: CustomerId, roles: &[Role]) -> Buyer {
        self.entrance(api).caller(customer_id, roles)
    }

    /// Where callers of the service at `api` come from, for those who have no world at hand.
    pub fn entrance(&self, api: &str) -> Entrance {
        let (settings, http, answers) = (self.settings.clone(), self.http.clone(), Arc::clone(&self.answers));
        Entrance { settings, http, answers, api: api.to_owned() }
    }

    /// What all buyers were answered so far.
    pub fn answers(&self) -> Vec<checker::Answer> {
        self.answers.lock().unwrap().clone()
    }

    /// A client for requests of other kinds.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The folder of the data.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Checks every promise, and every message against its contract; panics with the report if one is broken. At rest
    /// nothing may be left to look at, or be so for longer than the last webhook takes to be looked into, and no promise
    /// may go unchecked for lack of evidence.
    pub async fn check(&self, addresses: Option<&Addresses>, quiet: Quiet) {
        self.check_promises(addresses, quiet).await;
        messages::check(&self.settings.database.config()).await;
    }

    async fn check_promises(&self, addresses: Option<&Addresses>, quiet: Quiet) {
        let deadline = Instant::now() + REST_WITHIN;
        loop {
            let answers = self.answers();
            let report = match promises::check(&self.settings, self.path(), addresses, answers, quiet).await {
                Ok(report) => report,
                // What is asked for the evidence may be busy; that breaks no promise.
                Err(error) => {
                    assert!(Instant::now() < deadline, "{error:#}");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    continue;
                }
            };
            assert!(report.is_clean(), "{report}");
            if quiet == Quiet::Running || addresses.is_none() {
                return;
            }
            let without = report.checked.iter().flat_map(|checked| &checked.without);
            // Nobody has been answered where every request was refused.
            let missing = without.filter(|(source, _)| *source != Source::Answers).count();
            assert_eq!(missing, 0, "{report}");
            if report.attention.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "{report}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl TestApp {
    /// Starts an application as tests usually want it.
    pub async fn start() -> Self {
        Self::start_with(TestSettings::default()).await
    }

    /// Starts an application.
    pub async fn start_with(wanted: TestSettings) -> Self {
        let world = World::new(&wanted).await;
        Self::start_in(world, wanted.worker, Faults::default()).await
    }

    /// Starts an application on what another one has left.
    pub async fn start_in(world: World, worker: bool, faults: Faults) -> Self {
        let consume = if worker { ConsumerGroup::ALL.to_vec() } else { Vec::new() };
        let simulator = Some(ledger_in(world.path()));
        let mail = Some(mail_in(world.path()));
        let roles = Roles { api: true, worker, relay: worker, consume, mail, simulator };
        let application = Application::build(world.settings.clone(), roles).await.unwrap();
        let application = application.watched_by(Arc::new(faults.clone()));
        let addresses = Addresses {
            api: application.api_url(),
            swagger_ui: format!("{}/docs", application.api_url()),
            simulator: format!("{}/simulator", application.api_url()),
            temporal: world.settings.engine.address.clone(),
            temporal_ui: String::new(),
            namespace: world.settings.engine.namespace.clone(),
        };
        let (app, store, engine) =
            (application.app().clone(), application.store().clone(), application.engine().clone());
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let running = tokio::spawn(async move { application.run(stopping).await.unwrap() });
        Self { world, addresses, app, store, engine, faults, stop, running }
    }

    /// Somebody new who buys here.
    pub fn buyer(&self) -> Buyer {
        self.world.buyer(&self.addresses.api)
    }

    /// Somebody who operates this.
    pub fn admin(&self) -> Buyer {
        let id = CustomerId::new(Uuid::new_v4());
        self.world.caller(&self.addresses.api, id, &[Role::Admin, Role::Customer])
    }

    /// Tells the simulator something, as its own operator would: `path` below `/simulator/v1`.
    pub async fn tell_simulator(&self, path: &str, body: &serde_json::Value) {
        use secrecy::ExposeSecret;
        let url = format!("{}/v1/{path}", self.addresses.simulator);
        let key = self.world.settings.payments.api_key.expose_secret();
        let told = self.world.http.post(url).bearer_auth(key).json(body).send().await.unwrap();
        let status = told.status();
        assert!(status.is_success(), "the simulator answers {status}: {}", told.text().await.unwrap());
    }

    /// The intent of a booking's newest attempt.
    pub async fn newest_intent(&self, booking_id: BookingId) -> String {
        let record = self.store.recall_booking(booking_id).await.unwrap().unwrap();
        record.attempts.last().unwrap().intent_id.clone().unwrap().as_str().to_owned()
    }

    /// Waits until no saga is open.
    pub async fn all_sagas_closed(&self, within: Duration) {
        eventually("no saga is open", within, || async {
            let open = self.engine.open_sagas().await.ok()?;
            open.is_empty().then_some(())
        })
        .await;
    }

    /// Stops the application; what it has done stays.
    pub async fn stop(self) -> World {
        self.stop.cancel();
        self.running.await.unwrap();
        self.world
    }

    /// Waits until everything has come to rest, checks every promise, and stops.
    pub async fn finish(self) -> World {
        self.all_sagas_closed(Duration::from_secs(60)).await;
        self.world.check(Some(&self.addresses), Quiet::Settled).await;
        self.stop().await
    }
}
