//! One release replaced by another while customers buy: process by process in the order of `docs/operations.md`, as an
//! orchestrator rolls out a new version. Sagas that the old release has started end on the new one.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, anyhow};
use app::engine::Engine;
use jiff::Timestamp;
use testkit::catalogue::Playbill;

use crate::crowd::Crowd;
use crate::deed::WORKERS;
use crate::outcome::{Broken, Outcome};
use crate::plan::Plan;
use crate::storm::{Options, finish, set, take_down};

/// What became of the customers and bookings, and how many sagas of the old release were open when it was gone.
#[derive(Debug)]
pub struct Upgraded {
    /// As of a storm in which nothing but this was done.
    pub outcome: Outcome,
    /// How many sagas the old release left to the new one.
    pub handed_over: usize,
}

/// Replaces every process of a fleet of the binary `from`, one after the other in the middle third of the time, by the
/// program of `options`, while customers buy; then checks every promise. The database has the newest schema from the
/// beginning, as after `boxoffice migrate`.
pub async fn upgrade(from: PathBuf, options: Options) -> anyhow::Result<Upgraded> {
    let old = Options { program: from, ..options.clone() };
    old.has_program()?;
    options.has_program()?;
    let plan = Plan::draw(options.seed, options.length);
    let mut outcome = Outcome { seed: options.seed, ..Outcome::default() };
    let mut stage = set(&old, None).await.context("the old release")?;
    stage.store.load_catalogue(&Playbill::catalogue(plan.bills, Timestamp::now()), Timestamp::now()).await?;

    let begun = Instant::now();
    let until = begun + options.length;
    let crowd = Crowd::new(&stage, until + options.rest_within);
    let customers = tokio::spawn(crowd.clone().stream(plan.wishes, options.at_once, until));
    let third = options.length / 3;
    tokio::time::sleep(third).await;

    stage.fleet.run_from_now_on(&options.program);
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
