//! One release replaced by another while customers buy: process by process in the order of `docs/operations.md`, as an
//! orchestrator rolls out a new version. Sagas that the old release has started end on the new one.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use app::engine::Engine;
use jiff::Timestamp;
use testkit::catalogue::Playbill;
use testkit::{Cast, Stage};

use crate::crowd::Crowd;
use crate::deed::{APIS, CONSUMERS, RELAYS, WORKERS};
use crate::outcome::{Broken, Outcome};
use crate::plan::Plan;
use crate::storm::{finish, take_down};

/// Which release is replaced by which.
#[derive(Debug, Clone)]
pub struct Upgrade {
    /// What the customers' wishes are drawn from.
    pub seed: u64,
    /// How long customers come; the processes are replaced in the middle third.
    pub length: Duration,
    /// The binary of the old release.
    pub from: PathBuf,
    /// The binary of the new one.
    pub to: PathBuf,
    /// How long everything may take to come to rest when the last customers have come.
    pub rest_within: Duration,
    /// How many customers there are at a time.
    pub at_once: usize,
}

/// What became of the customers and bookings, and how many sagas of the old release were open when it was gone.
#[derive(Debug)]
pub struct Upgraded {
    /// As of a storm in which nothing but this was done.
    pub outcome: Outcome,
    /// How many sagas the old release left to the new one.
    pub handed_over: usize,
}

/// Replaces every process of a fleet, one after the other, while customers buy; then checks every promise. The database
/// has the newest schema from the beginning, as after `boxoffice migrate`.
pub async fn upgrade(options: Upgrade) -> anyhow::Result<Upgraded> {
    for program in [&options.from, &options.to] {
        if !program.is_file() {
            bail!("{} is not there: build it first", program.display());
        }
    }
    let plan = Plan::draw(options.seed, options.length);
    let mut outcome = Outcome { seed: options.seed, ..Outcome::default() };
    let cast = Cast::new(&options.from, APIS, WORKERS).listening(RELAYS, CONSUMERS);
    let mut stage = Stage::try_to_set(cast).await.map_err(|who| anyhow!("the old release does not start: {who}"))?;
    stage.store.load_catalogue(&Playbill::catalogue(plan.bills, Timestamp::now()), Timestamp::now()).await?;

    let begun = Instant::now();
    let until = begun + options.length;
    let crowd = Crowd::new(&stage, until + options.rest_within);
    let customers = tokio::spawn(crowd.clone().stream(plan.wishes, options.at_once, until));
    let third = options.length / 3;
    tokio::time::sleep(third).await;

    stage.fleet.run_from_now_on(&options.to);
    // An API must not be newer than the workers: what a saga does is settled by the API that starts it.
    let (mut names, others): (Vec<_>, Vec<_>) =
        stage.fleet.names().into_iter().partition(|name| name.starts_with("worker-"));
    names.extend(others);
    let pause = third / u32::try_from(names.len()).unwrap_or(1);
    let mut handed_over = 0;
    for name in names {
        if let Err(why) = stage.fleet.try_to_stop(&name).await {
            outcome.broken.push(Broken::new("process ended", None, why));
        }
        if name == format!("worker-{WORKERS}") {
            let engine = Engine::connect(stage.world.settings.engine_config()?, "boxoffice-upgrade").await?;
            handed_over = engine.open_sagas().await?.len();
        }
        stage.fleet.start(&name);
        stage.fleet.becomes_ready(&name).await.map_err(|why| anyhow!("the new release does not start: {why}"))?;
        *outcome.deeds.entry(("replace", "process")).or_default() += 1;
        tokio::time::sleep(pause).await;
    }
    outcome.customers = customers.await.map_err(|error| anyhow!("the customers ended early: {error}"))?;
    outcome.lasted = begun.elapsed();
    let (told, lost) = crowd.told();
    take_down(told, lost, &mut outcome);
    finish(stage, options.rest_within, &mut outcome).await;
    Ok(Upgraded { outcome, handed_over })
}
