//! Checking the promises: gathers the evidence of a running or resting boxoffice for the checker.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use app::engine::{Engine, EngineConfig};
use app::identity::{Caller, Role, Tokens};
use checker::{Evidence, Ledger, Quiet, Report, SeatLock};
use domain::ids::{BookingId, CustomerId, SeatId, ShowId};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use store::{DatabaseConfig, Store};
use uuid::Uuid;

use crate::dev::{Addresses, ledger_in};
use crate::settings::Settings;

/// How long the last sagas of a client may take to end.
const REST_WITHIN: Duration = Duration::from_secs(5);

/// Checks the boxoffice whose data is in `folder`. While it runs, `addresses` tells where; its locks and its engine are
/// asked too then.
pub async fn check(
    settings: &Settings,
    folder: &Path,
    addresses: Option<&Addresses>,
    answers: Vec<checker::Answer>,
    quiet: Quiet,
) -> anyhow::Result<Report> {
    let store = Store::connect(&DatabaseConfig::new(settings.database.url.clone())).await?;
    let ledger = ledger_in(folder);
    let ledger = if ledger.is_file() { Some(Ledger::open_simulator(&ledger).await?) } else { None };
    let (locks, open_workflows) = match addresses {
        Some(addresses) => {
            let locks = locks_of(settings, addresses).await?;
            let engine = engine_of(settings, addresses).await?;
            (Some(locks), Some(engine.open_sagas().await?))
        }
        None => (None, None),
    };
    let now = Timestamp::now();
    let evidence = Evidence { database: store.connection().clone(), ledger, locks, open_workflows, answers, now };
    let report = checker::check(&evidence, quiet).await?;
    Ok(report)
}

/// Whether every saga ends within a few seconds, so that the promises can be checked at rest.
pub async fn comes_to_rest(settings: &Settings, addresses: &Addresses) -> anyhow::Result<bool> {
    let engine = engine_of(settings, addresses).await?;
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
    let caller = Caller { customer_id, roles: roles.iter().copied().collect() };
    let tokens = Tokens::new(&settings.identity.token_secret);
    Ok(tokens.mint(&caller, Timestamp::now(), SignedDuration::from_hours(12))?)
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

/// The locks live in the memory of the running process, which tells its admins.
async fn locks_of(settings: &Settings, addresses: &Addresses) -> anyhow::Result<Vec<SeatLock>> {
    let token = development_token(settings, CustomerId::new(Uuid::nil()), &[Role::Admin])?;
    let url = format!("{}/api/v1/admin/locks", addresses.api);
    let response = reqwest::Client::new().get(url).bearer_auth(token).send().await?.error_for_status()?;
    let list: LockList = response.json().await.context("the list of locks is not understood")?;
    let lock = |lock: LockIn| {
        let LockIn { show_id, seat_id, booking_id, until } = lock;
        SeatLock { show_id, seat_id, booking_id, until }
    };
    Ok(list.items.into_iter().map(lock).collect())
}

async fn engine_of(settings: &Settings, addresses: &Addresses) -> anyhow::Result<Engine> {
    let mut settings = settings.clone();
    settings.engine.address.clone_from(&addresses.temporal);
    let config = EngineConfig {
        address: settings.engine_url()?,
        namespace: addresses.namespace.clone(),
        task_queue: settings.engine.task_queue.clone(),
        patience: settings.patience(),
    };
    Ok(Engine::connect(config, "boxoffice-check").await?)
}
