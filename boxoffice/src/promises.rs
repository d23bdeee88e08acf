//! Checking the promises: gathers the evidence of a running or resting boxoffice for the checker.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use app::engine::Engine;
use app::identity::{Caller, Role};
use checker::{Evidence, Ledger, Quiet, Report, SeatLock};
use domain::ids::{BookingId, CustomerId, SeatId, ShowId};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use store::Store;
use uuid::Uuid;

use crate::dev::{Addresses, ledger_in};
use crate::settings::Settings;

/// How long the last sagas of a client may take to end.
const REST_WITHIN: Duration = Duration::from_secs(5);

/// Where evidence is to be had, besides the database.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The ledger of the simulated payment provider, if it can be read on this machine.
    pub ledger: Option<PathBuf>,
    /// An API that tells its admins of the locks, if one runs.
    pub api: Option<String>,
    /// Whether the engine of the settings is to be asked for its sagas.
    pub engine: bool,
}

impl Sources {
    /// What is known of from the settings, a data folder and an API.
    pub fn of(settings: &Settings, folder: Option<&Path>, api: Option<&str>) -> Self {
        let configured = Some(settings.payments.ledger.clone()).filter(|path| !path.as_os_str().is_empty());
        let ledger = configured.or_else(|| folder.map(ledger_in)).filter(|path| path.is_file());
        // The embedded engine lives and dies with its API.
        let engine = !settings.engine.address.is_empty() && (folder.is_none() || api.is_some());
        Self { ledger, api: api.map(str::to_owned), engine }
    }
}

/// Checks the boxoffice whose data is in `folder`. While it runs, `addresses` tells where; its locks and its engine are
/// asked too then.
pub async fn check(
    settings: &Settings,
    folder: &Path,
    addresses: Option<&Addresses>,
    answers: Vec<checker::Answer>,
    quiet: Quiet,
) -> anyhow::Result<Report> {
    let settings = match addresses {
        Some(addresses) => &of_running(settings, addresses),
        None => settings,
    };
    let sources = Sources::of(settings, Some(folder), addresses.map(|addresses| addresses.api.as_str()));
    check_sources(settings, &sources, answers, quiet).await
}

/// Checks the boxoffice of these settings with the evidence that is to be had.
pub async fn check_sources(
    settings: &Settings,
    sources: &Sources,
    answers: Vec<checker::Answer>,
    quiet: Quiet,
) -> anyhow::Result<Report> {
    let store = Store::connect(&settings.database.config()).await.context("the database cannot be read")?;
    let ledger = match &sources.ledger {
        Some(path) => Some(Ledger::open_simulator(path).await?),
        None => None,
    };
    let locks = match &sources.api {
        Some(api) => Some(locks_of(settings, api).await?),
        None => None,
    };
    let (open_workflows, started_again) = match sources.engine {
        true => {
            let engine = Engine::new(settings.engine_config()?, "boxoffice-check");
            (Some(engine.open_sagas().await?), Some(engine.started_again().await?))
        }
        false => (None, None),
    };
    let now = Timestamp::now();
    let database = store.connection().clone();
    let evidence = Evidence { database, ledger, locks, open_workflows, started_again, answers, now };
    let report = checker::check(&evidence, quiet).await?;
    store.close().await?;
    Ok(report)
}

/// Whether every saga ends within a few seconds, so that the promises can be checked at rest.
pub async fn comes_to_rest(settings: &Settings, addresses: &Addresses) -> anyhow::Result<bool> {
    let engine = Engine::new(of_running(settings, addresses).engine_config()?, "boxoffice-check");
    let deadline = Instant::now() + REST_WITHIN;
    while Instant::now() < deadline {
        if engine.open_sagas().await?.is_empty() {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(false)
}

/// A token for a caller of the development mode.
pub fn development_token(settings: &Settings, customer_id: CustomerId, roles: &[Role]) -> anyhow::Result<String> {
    let caller = Caller::with_roles(customer_id, roles);
    Ok(settings.identity.tokens()?.mint(&caller, Timestamp::now(), SignedDuration::from_hours(12))?)
}

#[derive(Deserialize)]
struct LockList {
    items: Vec<LockIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LockIn {
    show_id: ShowId,
    seat_id: SeatId,
    booking_id: BookingId,
    until: Option<Timestamp>,
}

/// The locks as the API sees them, which tells its admins: they may be in its memory.
async fn locks_of(settings: &Settings, api: &str) -> anyhow::Result<Vec<SeatLock>> {
    let token = development_token(settings, CustomerId::new(Uuid::nil()), &[Role::Admin])?;
    let url = format!("{api}/api/v1/admin/locks");
    let response = reqwest::Client::new().get(url).bearer_auth(token).send().await?.error_for_status()?;
    let list: LockList = response.json().await.context("the list of locks is not understood")?;
    let lock = |lock: LockIn| {
        let LockIn { show_id, seat_id, booking_id, until } = lock;
        SeatLock { show_id, seat_id, booking_id, until }
    };
    Ok(list.items.into_iter().map(lock).collect())
}

/// The settings with the engine that runs.
fn of_running(settings: &Settings, addresses: &Addresses) -> Settings {
    let mut settings = settings.clone();
    settings.engine.address.clone_from(&addresses.temporal);
    settings.engine.namespace.clone_from(&addresses.namespace);
    settings
}
