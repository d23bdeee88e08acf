//! `faults`: rages for a while, and tells what has come of it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use faults::upgrade::{Upgraded, upgrade};
use faults::{Options, rage, report};

/// How long everything may take to come to rest.
const REST_WITHIN: Duration = Duration::from_secs(180);
/// How many customers there are at a time.
const AT_ONCE: usize = 24;

/// Rages against a fleet of boxoffice and the servers of `scripts/services`, then checks every promise.
#[derive(Debug, Parser)]
struct Arguments {
    /// What everything random is drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long customers come; fractions are allowed.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// The binary that the fleet is made of.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/debug/boxoffice"))]
    program: PathBuf,
    /// The binary of an older release: instead of raging, it is replaced by the other one while customers buy.
    #[arg(long)]
    upgrade_from: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let Arguments { seed, minutes, program, upgrade_from } = Arguments::parse();
    let length = Duration::try_from_secs_f64(minutes * 60.0)?;
    let options =
        Options { seed, length, program, environment: Vec::new(), rest_within: REST_WITHIN, at_once: AT_ONCE };
    let outcome = match upgrade_from {
        None => rage(options).await?,
        Some(from) => {
            let Upgraded { outcome, handed_over } = upgrade(from, options).await?;
            println!("{handed_over} sagas of the old release were open when its last worker had stopped");
            outcome
        }
    };
    print!("{}", report::table(&outcome));
    println!("{}", report::line(&outcome));
    Ok(if outcome.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
