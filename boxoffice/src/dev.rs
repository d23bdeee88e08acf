//! The embedded mode: one process, its data in one folder, a Temporal development server as its child.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::application::{Application, ConsumerGroup, Roles};
use crate::engine_server::EngineServer;
use crate::operations::Operations;
use crate::settings::Settings;

/// Where the data is kept if nothing else is said; git ignores it.
pub const DATA_FOLDER: &str = ".data/dev";
/// Where the engine and its web UI are, if nobody else is there.
const ENGINE_PORT: u16 = 7881;
const ENGINE_UI_PORT: u16 = 7882;
/// How long the engine may take to come up.
const ENGINE_WITHIN: Duration = Duration::from_secs(30);

/// An embedded boxoffice that is built and not yet running.
pub struct Dev {
    application: Application,
    server: Option<EngineServer>,
    addresses: Addresses,
    operations: Option<String>,
    folder: PathBuf,
    _in_use: File,
}

/// Where everything is, as written to `addresses.json` in the data folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// The API.
    pub api: String,
    /// Its documentation to try out.
    pub swagger_ui: String,
    /// The payment simulator.
    pub simulator: String,
    /// The engine, `host:port`.
    pub temporal: String,
    /// The engine's web UI; empty if there is none.
    pub temporal_ui: String,
    /// The engine's namespace.
    pub namespace: String,
}

/// The secrets of one data folder, made when it is first used.
#[derive(Serialize, Deserialize)]
struct Secrets {
    api_key: String,
    webhook_secret: String,
    token_secret: String,
}

impl Dev {
    /// Starts the engine unless one is given, migrates, loads the sample catalogue, and builds the application.
    pub async fn build(mut settings: Settings, folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let folder = folder.canonicalize()?;
        let in_use = claim(&folder)?;
        complete(&mut settings, &folder)?;

        let server = if settings.engine.address.is_empty() {
            let server = EngineServer::start_preferring(&folder, ENGINE_PORT, ENGINE_UI_PORT).await?;
            settings.engine.address.clone_from(&server.address);
            settings.engine.ui.clone_from(&server.ui);
            Some(server)
        } else {
            None
        };
        // The database is made ready while the engine comes up.
        let prepared = prepare_database(&settings).await;
        let listener = listen(settings.api.listen).await;
        let built = match (prepared, listener) {
            (Ok(()), Ok(listener)) => build_when_up(&settings, &folder, listener, server).await,
            (Err(error), _) | (_, Err(error)) => Err((error, server)),
        };
        let Built { application, server, operations } = match built {
            Ok(built) => built,
            Err((error, server)) => {
                if let Some(server) = server {
                    server.stop().await?;
                }
                return Err(error);
            }
        };
        let addresses = Addresses {
            api: application.api_url(),
            swagger_ui: format!("{}/docs", application.api_url()),
            simulator: format!("{}/simulator", application.api_url()),
            temporal: settings.engine.address.clone(),
            temporal_ui: settings.engine.ui.clone(),
            namespace: settings.engine.namespace.clone(),
        };
        Ok(Self { application, server, addresses, operations, folder, _in_use: in_use })
    }

    /// Where health and metrics are, if they are anywhere.
    pub fn operations(&self) -> Option<&str> {
        self.operations.as_deref()
    }

    /// Where everything is.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Runs until `stop` is cancelled, then stops the application and, last, its engine.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self { application, mut server, addresses, operations: _, folder, _in_use } = self;
        let file = folder.join("addresses.json");
        std::fs::write(&file, serde_json::to_string_pretty(&addresses)?)?;
        let stopping = stop.clone();
        let running = tokio::spawn(application.run(stop));
        let engine_gone = async {
            while let Some(server) = server.as_mut() {
                if let Err(error) = server.check_running() {
                    return error;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            std::future::pending().await
        };
        let outcome = tokio::select! {
            outcome = running => outcome?,
            error = engine_gone => {
                stopping.cancel();
                Err(error)
            }
        };
        if let Some(server) = server {
            server.stop().await?;
        }
        let _gone = std::fs::remove_file(&file);
        outcome
    }
}

/// The settings of `folder`, as another process of the same user needs them: the same database and the same secrets.
pub fn settings_of(mut settings: Settings, folder: &Path) -> anyhow::Result<Settings> {
    complete(&mut settings, &folder.canonicalize()?)?;
    Ok(settings)
}

/// The addresses of the embedded boxoffice that runs on `folder`, if one does.
pub fn running_in(folder: &Path) -> Option<Addresses> {
    let text = std::fs::read_to_string(folder.join("addresses.json")).ok()?;
    let lock = File::open(folder.join("in-use")).ok()?;
    // Whoever can take the lock proves that nobody runs there.
    if flock(&lock, FlockOperation::NonBlockingLockShared).is_ok() {
        return None;
    }
    serde_json::from_str(&text).ok()
}

/// The simulator's ledger in a data folder.
pub fn ledger_in(folder: &Path) -> PathBuf {
    folder.join("simulator.db")
}

/// The mail that was written in a data folder.
pub fn mail_in(folder: &Path) -> PathBuf {
    folder.join("mail")
}

fn claim(folder: &Path) -> anyhow::Result<File> {
    let file = File::options().create(true).append(true).open(folder.join("in-use"))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        bail!(
            "another boxoffice runs on {}: stop it (`make stop`) or choose another folder with --data",
            folder.display()
        );
    }
    Ok(file)
}

/// Fills in what the embedded mode gives itself and the settings leave open.
fn complete(settings: &mut Settings, folder: &Path) -> anyhow::Result<()> {
    if settings.database.url.is_empty() {
        settings.database.url = format!("sqlite://{}?mode=rwc", folder.join("boxoffice.db").display());
    }
    let secrets = secrets_of(folder)?;
    let empty = |secret: &SecretString| secrecy::ExposeSecret::expose_secret(secret).is_empty();
    if empty(&settings.payments.api_key) {
        settings.payments.api_key = secrets.api_key.into();
    }
    if empty(&settings.payments.webhook_secret) {
        settings.payments.webhook_secret = secrets.webhook_secret.into();
    }
    if empty(&settings.identity.token_secret) {
        settings.identity.token_secret = secrets.token_secret.into();
    }
    Ok(())
}

fn secrets_of(folder: &Path) -> anyhow::Result<Secrets> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let file = folder.join("secrets.json");
    if let Ok(text) = std::fs::read_to_string(&file) {
        return serde_json::from_str(&text).with_context(|| format!("{} cannot be read", file.display()));
    }
    let secret = || format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let secrets = Secrets { api_key: secret(), webhook_secret: secret(), token_secret: secret() };
    let mut made = File::options().write(true).create_new(true).mode(0o600).open(&file)?;
    made.write_all(serde_json::to_string_pretty(&secrets)?.as_bytes())?;
    Ok(secrets)
}

async fn prepare_database(settings: &Settings) -> anyhow::Result<()> {
    let store = Store::connect(&settings.database.config()).await?;
    migrations::apply(store.connection()).await.context("the database cannot be migrated")?;
    let now = Timestamp::now();
    store.load_catalogue(&crate::sample::catalogue(now), now).await.context("the sample catalogue cannot be loaded")?;
    store.close().await?;
    Ok(())
}

/// The preferred port, or any that is free: a second clone beside this one is no trouble.
async fn listen(preferred: SocketAddr) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(preferred).await {
        Ok(listener) => Ok(listener),
        Err(_taken) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port is free for the API"),
    }
}

struct Built {
    application: Application,
    server: Option<EngineServer>,
    operations: Option<String>,
}

async fn build_when_up(
    settings: &Settings,
    folder: &Path,
    listener: TcpListener,
    mut server: Option<EngineServer>,
) -> Result<Built, (anyhow::Error, Option<EngineServer>)> {
    let deadline = Instant::now() + ENGINE_WITHIN;
    let address = match listener.local_addr() {
        Ok(address) => address,
        Err(error) => return Err((error.into(), server)),
    };
    loop {
        if let Some(Err(error)) = server.as_mut().map(EngineServer::check_running) {
            return Err((error, server));
        }
        match engine_answers(settings).await {
            Ok(()) => break,
            Err(error) if Instant::now() > deadline => {
                return Err((error.context("the engine does not come up"), server));
            }
            Err(_not_yet) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    let roles = Roles {
        api: true,
        worker: true,
        relay: true,
        consume: ConsumerGroup::ALL.to_vec(),
        mail: Some(mail_in(folder)),
        simulator: Some(ledger_in(folder)),
    };
    let mut settings = settings.clone();
    settings.api.listen = address;
    let built = async {
        let operations = match settings.operations.listen {
            Some(listen) => Some(Operations::bind_preferring(listen).await?),
            None => None,
        };
        let address = operations.as_ref().map(|operations| format!("http://{}", operations.address()));
        let application = Application::build_on(Some(listener), settings, roles).await?;
        let application = match operations {
            Some(operations) => application.operated_on(operations),
            None => application,
        };
        anyhow::Ok((application, address))
    };
    match built.await {
        Ok((application, operations)) => Ok(Built { application, server, operations }),
        Err(error) => Err((error, server)),
    }
}

/// Whether the engine serves our namespace; it opens its port before it does.
async fn engine_answers(settings: &Settings) -> anyhow::Result<()> {
    let config = settings.engine_config()?;
    let address = config.address.socket_addrs(|| Some(7233))?;
    // Asking a closed port through the engine's library takes seconds of its own retries.
    tokio::net::TcpStream::connect(address.as_slice()).await?;
    let engine = app::engine::Engine::connect(config, "boxoffice-start").await?;
    engine.ping().await?;
    Ok(())
}

impl Addresses {
    /// The addresses to print, by what they are called.
    pub fn lines(&self) -> BTreeMap<&'static str, &str> {
        let all = [
            ("API", self.api.as_str()),
            ("Swagger UI", self.swagger_ui.as_str()),
            ("Payment simulator", self.simulator.as_str()),
            ("Temporal", self.temporal.as_str()),
            ("Temporal web UI", self.temporal_ui.as_str()),
        ];
        all.into_iter().filter(|(_, address)| !address.is_empty()).collect()
    }
}
