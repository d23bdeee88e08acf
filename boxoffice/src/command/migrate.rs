//! `boxoffice migrate`: the database's schema, the topics in Kafka, and what the sagas need in the engine. May be repeated, by several at
//! once.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use app::engine::{Engine, PrepareError, Prepared};
use jiff::Timestamp;
use store::Store;

use crate::dev::{self, DATA_FOLDER};
use crate::settings::Settings;

/// How long database and engine are waited for: all may have been started together.
const WAIT: Duration = Duration::from_secs(60);
/// The pause between two tries.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the wait is told of.
const TELL_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
pub(super) struct MigrateArguments {
    /// The data folder whose database is meant where the configuration names none.
    #[arg(long, default_value = DATA_FOLDER)]
    data: PathBuf,
    /// Leave the engine as it is: no namespace and no search attributes are made in it.
    #[arg(long)]
    skip_engine: bool,
    /// Load the sample catalogue as well: venues and shows to try things with.
    #[arg(long)]
    sample: bool,
}

/// Migrates, and prints what there was to do.
pub(super) async fn run(mut settings: Settings, arguments: MigrateArguments) -> anyhow::Result<()> {
    if settings.database.url.is_empty() {
        std::fs::create_dir_all(&arguments.data)?;
        settings = dev::settings_of(settings, &arguments.data)?;
    }
    let store = patiently("the database", || async { Ok(Store::connect(&settings.database.config()).await?) }).await?;
    let pending = migrations::pending(store.connection()).await?;
    migrations::apply(store.connection()).await.context("the database cannot be migrated")?;
    match pending.len() {
        0 => println!("the database is up to date"),
        count => println!("{count} migrations applied: {}", pending.join(", ")),
    }
    if arguments.sample {
        let now = Timestamp::now();
        store.load_catalogue(&crate::sample::catalogue(now), now).await.context("the sample cannot be loaded")?;
        println!("the sample catalogue is loaded");
    }
    store.close().await?;
    if let Some(kafka) = settings.kafka.config() {
        let made = patiently("Kafka", || async { Ok(kafka.make_topics().await?) }).await?;
        match made.len() {
            0 => println!("Kafka has every topic"),
            _ => println!("topics made in Kafka: {}", made.join(", ")),
        }
    }
    if arguments.skip_engine || settings.engine.address.is_empty() {
        println!("the engine is left as it is");
        return Ok(());
    }
    prepare_engine(&settings).await
}

async fn prepare_engine(settings: &Settings) -> anyhow::Result<()> {
    let engine = Engine::new(settings.engine_config()?, "boxoffice-migrate");
    let prepared = patiently("the engine", || async {
        match engine.prepare().await {
            Err(PrepareError::Away(away)) => Err(away.into()),
            other => Ok(other),
        }
    });
    let Prepared { namespace, search_attributes } = prepared.await??;
    let name = &settings.engine.namespace;
    if namespace {
        println!("the engine's namespace `{name}` is made");
    }
    match search_attributes.len() {
        0 => println!("the engine's namespace `{name}` has every search attribute"),
        _ => println!("search attributes added to `{name}`: {}", search_attributes.join(", ")),
    }
    Ok(())
}

/// Tries until it works, for a while.
async fn patiently<T, F>(what: &str, mut try_it: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let deadline = Instant::now() + WAIT;
    let mut tell_at = Instant::now();
    loop {
        match try_it().await {
            Ok(done) => return Ok(done),
            Err(error) if Instant::now() > deadline => {
                return Err(error.context(format!("{what} cannot be used for {} s now", WAIT.as_secs())));
            }
            Err(error) => {
                if Instant::now() >= tell_at {
                    tracing::warn!(error = format!("{error:#}"), "waiting for {what}");
                    tell_at = Instant::now() + TELL_EVERY;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
