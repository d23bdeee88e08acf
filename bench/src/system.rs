//! A boxoffice to be measured: the release build as processes of its own, with everything that production does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use app::engine::Engine;
use app::identity::Role;
use boxoffice::dev::{Addresses, DATA_FOLDER, ledger_in, settings_of};
use boxoffice::promises::{self, development_token};
use boxoffice::settings::Settings;
use checker::Quiet;
use domain::ids::CustomerId;
use domain::seat::SeatCategory;
use domain::show::Show;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use store::{Catalogue, Store};
use tempfile::TempDir;
use testkit::Fleet;
use uuid::Uuid;

use crate::catalogue::{self, Place};
use crate::processor::Processor;

/// How the measured boxoffice runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// One process, SQLite, locks in memory.
    Embedded,
    /// A process per role, PostgreSQL, Redis and Kafka.
    Distributed,
}

impl Mode {
    /// Its name in figures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Distributed => "distributed",
        }
    }
}

/// Where the measured boxoffice finds Kafka.
const KAFKA: &str = "BOXOFFICE_TEST_KAFKA";

/// A running boxoffice.
pub(crate) struct System {
    /// How it runs.
    pub(crate) mode: Mode,
    /// Its processes.
    pub(crate) fleet: Fleet,
    /// Where everything is.
    pub(crate) addresses: Addresses,
    /// Its settings, with the secrets that callers are made with.
    pub(crate) settings: Settings,
    /// Its database.
    pub(crate) store: Store,
    /// What it wrote: data and logs.
    folder: TempDir,
    category: SeatCategory,
}

impl System {
    /// Starts `program` in a mode and loads the halls. Servers of the distributed mode are those of `scripts/services`.
    pub(crate) async fn start(mode: Mode, program: &Path) -> anyhow::Result<Self> {
        let system = Self::start_bare(mode, program).await?;
        system.store.load_catalogue(&catalogue::places(&system.category), Timestamp::now()).await?;
        Ok(system)
    }

    /// Starts it with what it brings itself.
    pub(crate) async fn start_bare(mode: Mode, program: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("boxoffice-bench.").tempdir()?;
        let (fleet, settings, addresses) = match mode {
            Mode::Embedded => embedded(program, folder.path()).await?,
            Mode::Distributed => distributed(program, folder.path()).await?,
        };
        let store = Store::connect(&settings.database.config()).await?;
        let category = SeatCategory::parse("standard").context("the category is named as categories are named")?;
        Ok(Self { mode, fleet, addresses, settings, store, folder, category })
    }

    /// Puts another show on sale.
    pub(crate) async fn put_on_sale(&self, place: Place, hold_seconds: i64) -> anyhow::Result<Show> {
        let now = Timestamp::now();
        let show = catalogue::show(place, hold_seconds, &self.category, now)?;
        let only = Catalogue { shows: vec![show.clone()], ..Catalogue::default() };
        self.store.load_catalogue(&only, now).await?;
        Ok(show)
    }

    /// The engine, as its own tools see it.
    pub(crate) async fn engine(&self) -> anyhow::Result<Engine> {
        Ok(Engine::connect(self.settings.engine_config()?, "bench").await?)
    }

    /// A token of somebody new.
    pub(crate) fn token(&self) -> anyhow::Result<String> {
        development_token(&self.settings, CustomerId::new(Uuid::new_v4()), &[Role::Customer])
    }

    /// What API and workers have used of the processor; in the embedded mode it is one process with everything else.
    pub(crate) fn used(&self) -> anyhow::Result<Duration> {
        let roles: &[&str] = match self.mode {
            Mode::Embedded => &["dev-1"],
            Mode::Distributed => &["api-1", "worker-1"],
        };
        let mut used = Duration::ZERO;
        for name in roles {
            used += Processor::used_by(self.fleet.process_id(name))?;
        }
        Ok(used)
    }

    /// What the process that runs the sagas keeps in memory, in MiB.
    pub(crate) fn worker_memory(&self) -> anyhow::Result<f64> {
        let name = match self.mode {
            Mode::Embedded => "dev-1",
            Mode::Distributed => "worker-1",
        };
        Processor::memory_of(self.fleet.process_id(name))
    }

    /// The processes by name, with what each has used of the processor; the servers too, where they are known.
    pub(crate) fn used_by_all(&self) -> anyhow::Result<BTreeMap<String, Duration>> {
        let mut all = BTreeMap::new();
        for name in self.fleet.names() {
            all.insert(name.clone(), Processor::used_by(self.fleet.process_id(&name))?);
        }
        if let Some(engine) = self.engine_process() {
            all.insert("engine".to_owned(), Processor::used_by(engine)?);
        }
        if self.mode == Mode::Distributed {
            let kafka = std::env::var(KAFKA).unwrap_or_default();
            let addresses = [
                ("postgres", host_and_port(&self.settings.database.url)),
                ("redis", host_and_port(self.settings.locks.url.expose_secret())),
                ("kafka", Some(kafka)),
            ];
            for (name, address) in addresses {
                if let Some(server) = address.and_then(|address| Processor::listening_on(&address)) {
                    all.insert(name.to_owned(), Processor::used_by_family(server)?);
                }
            }
        }
        Ok(all)
    }

    /// The process of the engine's server, on this machine.
    fn engine_process(&self) -> Option<u32> {
        let file = match self.mode {
            Mode::Embedded => self.folder.path().join(DATA_FOLDER).join("temporal.json"),
            Mode::Distributed => return Processor::listening_on(&self.addresses.temporal),
        };
        let written: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
        u32::try_from(written["pid"].as_u64()?).ok()
    }

    /// Fails if a promise is broken: a figure of a system that loses sales is worth nothing.
    pub(crate) async fn keeps_its_promises(&self) -> anyhow::Result<()> {
        let folder = self.data();
        let check = promises::check(&self.settings, &folder, Some(&self.addresses), Vec::new(), Quiet::Running);
        let report = check.await?;
        if !report.is_clean() {
            bail!("a promise is broken: {report}");
        }
        Ok(())
    }

    /// A folder for what is measured with, deleted with the rest.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn data(&self) -> PathBuf {
        match self.mode {
            Mode::Embedded => self.folder.path().join(DATA_FOLDER),
            Mode::Distributed => self.folder.path().to_owned(),
        }
    }

    /// Stops every process, which has to end well.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.store.close().await?;
        self.fleet.stop_all().await;
        Ok(())
    }
}

fn host_and_port(url: &str) -> Option<String> {
    let url: reqwest::Url = url.parse().ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port()?))
}

type Started = (Fleet, Settings, Addresses);

async fn embedded(program: &Path, folder: &Path) -> anyhow::Result<Started> {
    let mut fleet = Fleet::new(program, folder, BTreeMap::new());
    fleet.add("dev", 1);
    fleet.try_to_start_all().await.map_err(anyhow::Error::msg)?;
    let data = folder.join(DATA_FOLDER);
    let addresses = data.join("addresses.json");
    let text = std::fs::read_to_string(&addresses).with_context(|| format!("{} is not there", addresses.display()))?;
    let addresses: Addresses = serde_json::from_str(&text)?;
    let mut settings = settings_of(Settings::load(None)?, &data)?;
    settings.engine.address.clone_from(&addresses.temporal);
    Ok((fleet, settings, addresses))
}

async fn distributed(program: &Path, folder: &Path) -> anyhow::Result<Started> {
    let mut settings = settings_of(Settings::load(None)?, folder)?;
    settings.database.url = testkit::mode::fresh_postgres().await;
    settings.locks.url = testkit::mode::shared_redis().into();
    settings.engine.address = testkit::test_app::shared_engine().trim_start_matches("http://").to_owned();
    settings.engine.task_queue = format!("bench-{}", Uuid::new_v4().simple());
    let name = settings.engine.task_queue.clone();
    let kafka = std::env::var(KAFKA).with_context(|| format!("{KAFKA} is not set: run `make bench`"))?;

    let mut fleet = Fleet::new(program, folder, BTreeMap::new());
    let provider = format!("http://{}/simulator", fleet.add("payments", 1)[0]);
    let api = format!("http://{}", fleet.add("api", 1)[0]);
    for role in ["worker", "relay", "consume"] {
        fleet.add(role, 1);
    }
    let topic = |topic: &str| format!("{name}-{topic}");
    let environment = [
        ("DATABASE__URL", settings.database.url.clone()),
        ("LOCKS__URL", settings.locks.url.expose_secret().to_owned()),
        ("LOCKS__PREFIX", name.clone()),
        ("ENGINE__ADDRESS", settings.engine.address.clone()),
        ("ENGINE__TASK_QUEUE", name.clone()),
        ("PAYMENTS__PROVIDER_URL", provider.clone()),
        ("PAYMENTS__WEBHOOK_URL", format!("{api}/webhooks/simulator")),
        ("PAYMENTS__LEDGER", ledger_in(folder).display().to_string()),
        ("PAYMENTS__API_KEY", settings.payments.api_key.expose_secret().to_owned()),
        ("PAYMENTS__WEBHOOK_SECRET", settings.payments.webhook_secret.expose_secret().to_owned()),
        ("IDENTITY__TOKEN_SECRET", settings.identity.token_secret.expose_secret().to_owned()),
        ("KAFKA__BROKERS", kafka),
        ("KAFKA__PREFIX", name.clone()),
        ("KAFKA__BOOKING_EVENTS", topic("booking-events")),
        ("KAFKA__PAYMENT_EVENTS", topic("payment-events")),
        ("KAFKA__PAYMENT_RESULTS", topic("payment-results")),
        ("KAFKA__BOOKING_COMMANDS", topic("booking-commands")),
        ("KAFKA__DEAD_LETTERS", topic("dead-letters")),
        // Nobody here has said where to write to.
        ("MAIL__SMTP_URL", "smtp://127.0.0.1:1".to_owned()),
    ];
    for (name, value) in &environment {
        fleet.set(&format!("BOXOFFICE_{name}"), value.clone());
    }
    migrate(program, folder, &environment)?;
    fleet.try_to_start_all().await.map_err(anyhow::Error::msg)?;
    let addresses = Addresses {
        swagger_ui: format!("{api}/docs"),
        api,
        simulator: provider,
        temporal: settings.engine.address.clone(),
        temporal_ui: String::new(),
        namespace: settings.engine.namespace.clone(),
    };
    Ok((fleet, settings, addresses))
}

/// Makes the topics, and whatever else a new installation needs.
fn migrate(program: &Path, folder: &Path, environment: &[(&str, String)]) -> anyhow::Result<()> {
    let variables = environment.iter().map(|(name, value)| (format!("BOXOFFICE_{name}"), value));
    let output = std::process::Command::new(program).arg("migrate").current_dir(folder).envs(variables).output()?;
    if !output.status.success() {
        bail!("boxoffice migrate fails: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
